//! `sign`: shows the form, then seals it with the ink of every signer.
//!
//! What is sealed is exactly the body whose text was shown: a form that was shown is kept until it is sealed, and a
//! visit that changed in between must be shown again.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};
use sync_core::bytes::{Blob, Hash};
use sync_core::doc::Map;
use sync_core::protocol::PushStatement;
use sync_core::rules::{Blocker, Moment, NeedKind, evaluate_for, requirements_for};
use sync_core::statement::body::Beacon;
use sync_core::statement::copies::{COPIES, CopyOf};
use sync_core::statement::seal::{Canvas, Signer, sign_ink};
use sync_core::statement::{
    ComposeInput, InkEntry, Language, SealPayload, SealedStatement, Stroke, compose, newest_first,
};
use sync_core::template::model::SignatureSlot;
use sync_core::time::{Geo, UnixMillis};
use sync_core::visit::VisitState;

use super::{Action, Phone, Scene, effect, line, merge_members, summary};
use crate::cli::SignArgs;
use crate::error::{PhoneError, PhoneResult, usage};
use crate::keys::{self, DeviceKey};
use crate::output::Output;
use crate::store::model::{Edit, LastReceipt, Safety, ShownForm, StoredStatement};
use crate::store::tx::FORMS;
use crate::visit::context::organisation;
use crate::visit::{VisitContext, edit};

/// Exit code of a form that was not sealed although somebody signed.
const NOT_SEALED: u8 = 2;

/// A file of strokes; a bare list of strokes is drawn on the default canvas.
#[derive(Deserialize)]
#[serde(untagged)]
enum InkFile {
    Canvas { width: i64, height: i64, strokes: Vec<Stroke> },
    Strokes(Vec<Stroke>),
}

impl InkFile {
    fn read(path: &Path) -> PhoneResult<Canvas> {
        let text = std::fs::read(path).map_err(PhoneError::file(path))?;
        let ink = serde_json::from_slice(&text)
            .map_err(|error| PhoneError::Usage(format!("{}: no strokes: {error}", path.display())))?;
        Ok(match ink {
            Self::Canvas { width, height, strokes } => Canvas { width, height, strokes },
            Self::Strokes(strokes) => Canvas { width: 1000, height: 400, strokes },
        })
    }
}

/// What became of one signature slot at the door.
enum Given {
    Ink(Canvas),
    Refusal(String),
}

/// `sign`: prints the text; with ink or a refusal for every slot, seals.
pub(crate) fn sign(phone: &Phone, args: &SignArgs) -> PhoneResult<Output> {
    let given = given(args)?;
    phone.store.write(|tx| {
        let scene = Scene::open(phone, tx, &args.visit)?;
        let kind = document(&scene.context, args.document.as_deref())?;
        let slots: Vec<SignatureSlot> =
            scene.context.template.signatures.iter().filter(|slot| slot.document == kind).cloned().collect();
        if let Some(unknown) = given.keys().find(|code| slots.iter().all(|slot| slot.code != **code)) {
            let known: Vec<&str> = slots.iter().map(|slot| slot.code.as_str()).collect();
            return usage(format!("document {kind} has no signature slot {unknown}; it has {}", known.join(", ")));
        }
        let missing: Vec<&str> = required(&scene.context, &slots).filter(|code| !given.contains_key(*code)).collect();
        let form = shown_form(&scene, args, &kind, !given.is_empty())?;
        let blockers = if args.anyway { Vec::new() } else { against(&scene, &form)? };
        if !missing.is_empty() || given.is_empty() {
            let code = if given.is_empty() { 0 } else { NOT_SEALED };
            return shown(&scene, &form, &missing, &blockers, code);
        }
        if !blockers.is_empty() {
            let json = json!({"sealed": false, "document": form.kind, "missing": missing});
            return effect::refused(&scene, "not sealed 未签署", json, &blockers);
        }
        seal(phone, &scene, args, &slots, &form, given)
    })
}

fn given(args: &SignArgs) -> PhoneResult<BTreeMap<String, Given>> {
    let mut given = BTreeMap::new();
    for ink in &args.ink {
        let Some((slot, file)) = ink.split_once('=') else { return usage("--ink needs SLOT=FILE") };
        given.insert(slot.to_owned(), Given::Ink(InkFile::read(Path::new(file))?));
    }
    for refusal in &args.refuse {
        let Some((slot, reason)) = refusal.split_once('=') else { return usage("--refuse needs SLOT=REASON") };
        if given.insert(slot.to_owned(), Given::Refusal(reason.to_owned())).is_some() {
            return usage(format!("slot {slot} is given twice"));
        }
    }
    Ok(given)
}

/// The document to sign: the one asked for, else the first of the template.
fn document(context: &VisitContext, wanted: Option<&str>) -> PhoneResult<String> {
    let mut documents = context.template.signatures.iter().map(|slot| slot.document.as_str());
    let found = match wanted {
        Some(wanted) => documents.find(|document| *document == wanted),
        None => documents.next(),
    };
    match found {
        Some(document) => Ok(document.to_owned()),
        None => usage(format!("template {} has no such document to sign", context.template.code)),
    }
}

/// The slots that must be signed or refused.
fn required<'a>(context: &VisitContext, slots: &'a [SignatureSlot]) -> impl Iterator<Item = &'a str> {
    let steps = requirements_for(&context.facts(), "completed");
    let needs: Vec<String> = steps
        .into_iter()
        .flat_map(|step| step.needs)
        .filter(|need| need.kind == NeedKind::Signature && need.required)
        .map(|need| need.code)
        .collect();
    slots.iter().filter(move |slot| slot.required || needs.contains(&slot.code)).map(|slot| slot.code.as_str())
}

/// The form that was shown, or a new one where none was shown or nobody has signed yet.
fn shown_form(scene: &Scene<'_>, args: &SignArgs, kind: &str, is_signed: bool) -> PhoneResult<ShownForm> {
    let key = scene.visit.to_string();
    let kept: Option<ShownForm> = scene.tx.get(FORMS, &key)?;
    let language = args.language.clone();
    if let Some(kept) = kept.filter(|kept| kept.kind == kind && language.as_ref().is_none_or(|l| *l == kept.language)) {
        if kept.heads == scene.context.view.heads {
            return Ok(kept);
        }
        if is_signed {
            return usage("the visit changed after the form was shown: run `sign` again without ink and show it anew");
        }
    }
    let language = language.unwrap_or_else(|| Language::ZhCn.tag().to_owned());
    let form = compose_form(scene, args, kind, &language)?;
    scene.tx.set(FORMS, &key, &form)?;
    Ok(form)
}

fn compose_form(scene: &Scene<'_>, args: &SignArgs, kind: &str, language: &str) -> PhoneResult<ShownForm> {
    let Some(known) = Language::from_tag(language) else { return usage("the language is zh-CN or en") };
    let (tx, context) = (scene.tx, &scene.context);
    let enrolment = tx.enrolment()?;
    let org_name = organisation(tx, "name")?.or(enrolment.org_name).unwrap_or_default();
    let rep_name = enrolment.user_name.unwrap_or_else(|| enrolment.user.to_string());
    let receipt: Option<LastReceipt> = tx.meta("last_receipt")?;
    let verdicts = evaluate_for(&context.facts(), Moment::Finish, Some("completed"));
    let verdicts: Vec<(String, String)> =
        verdicts.into_iter().map(|trace| Ok((trace.rule, code_of(&trace.verdict)?))).collect::<PhoneResult<_>>()?;
    let position = match args.geo.to_json()? {
        Value::Null => None,
        geo => Some(serde_json::from_value::<Geo>(geo)?),
    };
    let input = ComposeInput {
        kind,
        org: enrolment.org,
        org_name: &org_name,
        time_zone: &context.time_zone,
        template: &context.template,
        template_sha256: context.template_sha256,
        policy_version: context.policy.version,
        view: &context.view,
        number: context.plan.visit.number.as_deref(),
        work_order: context.plan.work_order.as_ref(),
        customer: context.customer.as_ref(),
        site: context.plan.site.as_ref(),
        language: known,
        device: enrolment.device,
        rep: enrolment.user,
        rep_name: &rep_name,
        at: scene.at.clone(),
        position: position.as_ref(),
        beacon: receipt.map(|last| Beacon { receipt_sha256: last.sha256, server_ms: last.at_ms }),
        previous: tx.meta("previous_statement")?,
        amends: None,
        verdicts,
    };
    let mut salts = Salts::default();
    let draft = compose(&input, &mut || salts.draw())?;
    salts.check()?;
    Ok(ShownForm {
        kind: kind.to_owned(),
        language: language.to_owned(),
        heads: context.view.heads.clone(),
        body: Blob(draft.body_bytes),
        text: draft.shown_text,
        openings: draft.openings.iter().map(|opening| Blob(opening.bytes().to_vec())).collect(),
    })
}

/// The stable code of a verdict.
fn code_of(verdict: &impl serde::Serialize) -> PhoneResult<String> {
    Ok(serde_json::to_value(verdict)?.as_str().unwrap_or_default().to_owned())
}

/// Random salts for a closure that cannot fail: a failure is remembered and asked for afterwards.
#[derive(Default)]
struct Salts {
    failure: Option<PhoneError>,
}

impl Salts {
    fn draw(&mut self) -> [u8; 32] {
        keys::random().unwrap_or_else(|error| {
            self.failure = Some(error);
            [0; 32]
        })
    }

    fn check(self) -> PhoneResult<()> {
        self.failure.map_or(Ok(()), Err)
    }
}

/// Why a seal would not sign the visit off. A visit that is signed may be signed again: another document, or anew.
fn against(scene: &Scene<'_>, form: &ShownForm) -> PhoneResult<Vec<Blocker>> {
    if scene.context.derived().state == VisitState::Signed {
        return Ok(Vec::new());
    }
    effect::without_effect(scene, &statement_edits(scene, form, &Hash::of(&form.body.0))?)
}

/// The record of a statement and the event `sign`.
fn statement_edits(scene: &Scene<'_>, form: &ShownForm, digest: &Hash) -> PhoneResult<Vec<Edit>> {
    let mut record = json!({"kind": form.kind});
    edit::stamp_fields(&mut record, "at", &scene.at, scene.user)?;
    let event = edit::record(Map::Timeline, &scene.at, scene.user, json!({"event": "sign"}))?;
    Ok(vec![Edit::put(Map::Statements, digest.to_string(), record), event])
}

fn shown(scene: &Scene<'_>, form: &ShownForm, missing: &[&str], blockers: &[Blocker], code: u8) -> PhoneResult<Output> {
    let mut answer = summary(scene.tx, &scene.context, scene.context.derived().state.code())?;
    let body_sha256 = Hash::of(&form.body.0);
    merge_members(
        &mut answer,
        json!({"sealed": false, "document": form.kind, "language": form.language, "text": form.text,
            "body_sha256": body_sha256, "missing": missing, "blockers": blockers}),
    );
    let mut text = format!("{}\nnot sealed, signatures are missing: {}", form.text, missing.join(", "));
    if !blockers.is_empty() {
        text.push_str(&format!("\nit cannot be sealed yet 尚不能签署:\n{}", effect::lines(blockers)));
    }
    Ok(Output::done(answer, text).with_code(code))
}

fn seal(
    phone: &Phone,
    scene: &Scene<'_>,
    args: &SignArgs,
    slots: &[SignatureSlot],
    form: &ShownForm,
    mut given: BTreeMap<String, Given>,
) -> PhoneResult<Output> {
    let tx = scene.tx;
    let names = names(scene, args)?;
    let mut salts = Salts::default();
    let mut inks = Vec::new();
    for slot in slots {
        match given.remove(&slot.code) {
            None => {}
            Some(Given::Refusal(reason)) => inks.push(InkEntry::Refused { slot: slot.code.clone(), reason }),
            Some(Given::Ink(canvas)) => {
                let name = names.get(&slot.code).or_else(|| names.get(&slot.role)).map_or("", String::as_str);
                let signer = Signer { slot: &slot.code, role: &slot.role, name, at: scene.at.clone() };
                let signature = sign_ink(&form.body.0, signer, canvas, &mut || salts.draw())?;
                keep(phone, scene, &signature.ink_bytes, "application/json")?;
                keep(phone, scene, signature.name.bytes(), "application/octet-stream")?;
                inks.push(signature.entry);
            }
        }
    }
    salts.check()?;
    for opening in &form.openings {
        keep(phone, scene, &opening.0, "application/octet-stream")?;
    }
    let key = DeviceKey::from_secret(&tx.enrolment()?.key.0)?;
    let unsigned = SealPayload::new(Hash::of(&form.body.0), inks).prepare(&key.kid())?;
    let sealed = unsigned.finish(&key.sign(unsigned.input()));
    store_statement(scene, form, &sealed)?;
    sealed_answer(scene, form, &sealed)
}

/// Names of signers: those given, the customer's and the rep's.
fn names(scene: &Scene<'_>, args: &SignArgs) -> PhoneResult<BTreeMap<String, String>> {
    let mut names = BTreeMap::new();
    if let Some(customer) = &scene.context.customer {
        names.insert("customer".to_owned(), customer.name.clone());
    }
    if let Some(rep) = scene.tx.enrolment()?.user_name {
        names.insert("field_rep".to_owned(), rep);
    }
    for name in &args.name {
        let Some((slot, name)) = name.split_once('=') else { return usage("--name needs SLOT=NAME") };
        names.insert(slot.to_owned(), name.to_owned());
    }
    Ok(names)
}

fn keep(phone: &Phone, scene: &Scene<'_>, bytes: &[u8], media_type: &str) -> PhoneResult<()> {
    let blob = phone.store.keep_blob(bytes)?;
    scene.tx.declare_blob(&blob, bytes.len(), media_type, scene.at.wall_ms)
}

/// Statement, its record and the event `sign`, all in the transaction of the command.
fn store_statement(scene: &Scene<'_>, form: &ShownForm, sealed: &SealedStatement) -> PhoneResult<()> {
    let tx = scene.tx;
    let push = PushStatement { body: form.body.clone(), seal: sealed.jws.clone() };
    let stored = StoredStatement {
        visit: scene.visit.to_string(),
        number: tx.next_statement()?,
        body: push.body,
        seal: push.seal,
        at_ms: scene.at.wall_ms,
        safety: Safety::Unsent,
        code: None,
        last_try: 0,
    };
    tx.set_statement(&sealed.digest, &stored)?;
    tx.set_meta("previous_statement", &sealed.digest)?;
    tx.remove(FORMS, &scene.visit.to_string())?;
    let edits = statement_edits(scene, form, &sealed.digest)?;
    edit::write(tx, scene.visit, &scene.at, edits).map(drop)
}

fn sealed_answer(scene: &Scene<'_>, form: &ShownForm, sealed: &SealedStatement) -> PhoneResult<Output> {
    let context = VisitContext::load(scene.tx, scene.visit, &scene.at)?;
    let before = scene.context.derived();
    let after = context.derived();
    let new: Vec<_> = after.findings.iter().filter(|finding| !before.findings.contains(finding)).collect();
    let mut answer = summary(scene.tx, &context, after.state.code())?;
    merge_members(
        &mut answer,
        json!({"sealed": true, "document": form.kind, "digest": sealed.digest, "text": form.text, "missing": [],
            "body_sha256": Hash::of(&form.body.0), "findings": new}),
    );
    let mut text = format!("{}\nsealed: {}\n{}", form.text, sealed.digest, line(&context, after.state.code()));
    for finding in new {
        text.push_str(&format!("\n  note: {}", super::finding_text(finding)));
    }
    Ok(Output::done(answer, text))
}

/// `copy`: records how the customer got the copy of the signed form.
// Rule: INS-12
pub(crate) fn copy(phone: &Phone, visit: &str, how: &str, statement: Option<&str>) -> PhoneResult<Output> {
    phone.record(visit, |scene| {
        let newest = newest_first(&scene.context.view).next().map(|(digest, _)| digest);
        let digest = match statement {
            Some(digest) => {
                Some(digest.parse().map_err(|_no_hash| PhoneError::Usage(format!("{digest} is no digest")))?)
            }
            None => newest,
        };
        let Some(digest): Option<Hash> = digest else { return usage("no form of this visit is sealed") };
        let copy = CopyOf::Customer;
        let mut record = json!({"statement": digest, "copy": copy, "how": how});
        edit::stamp_fields(&mut record, "at", &scene.at, scene.user)?;
        let key = format!("{COPIES}{}", keys::new_id(UnixMillis(scene.at.wall_ms))?);
        Ok(Action {
            edits: vec![Edit::put(Map::More, key, record)],
            json: json!({"copy": copy, "how": how, "statement": digest}),
            text: format!("{} / {} copy: {how}, {digest}", copy.label_zh(), copy.label_en()),
        })
    })
}
