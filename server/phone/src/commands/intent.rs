//! `intent`: what the rep asks the office for; made offline, never changed.

use serde_json::{Map as Members, Value, json};
use sync_core::ids::{IntentId, VisitId};
use sync_core::intent::{Intent, IntentBody, IntentKind};
use sync_core::plan::{CustomerRow, PolicyRow, SiteRow};
use sync_core::protocol::row::kind as row_kind;
use sync_core::time::{Stamp, UnixMillis};

use super::{Phone, merge_members, photo};
use crate::cli::IntentArgs;
use crate::error::{PhoneError, PhoneResult, usage};
use crate::keys;
use crate::output::Output;
use crate::store::Tx;
use crate::store::model::{Safety, StoredIntent, StoredRow};
use crate::visit::context::{local_plan, local_time, time_zone};
use crate::visit::{edit, resolve};

/// `intent`: checks, stores and applies locally what can be shown before the office answers.
pub(crate) fn intent(phone: &Phone, args: &IntentArgs) -> PhoneResult<Output> {
    let Some(kind) = IntentKind::from_code(&args.kind) else {
        let known: Vec<&str> = IntentKind::ALL.iter().map(|kind| kind.code()).collect();
        return usage(format!("{} is no intent; those are {}", args.kind, known.join(", ")));
    };
    let mut body = body(args)?;
    let kept = args.photo.as_deref().map(|file| photo::keep_file(phone, file)).transpose()?;
    phone.store.write(|tx| {
        let enrolment = tx.enrolment()?;
        let at = phone.clock.stamp(tx)?;
        if let Some(kept) = &kept {
            tx.declare_blob(&kept.sha256, kept.bytes, kept.media_type, at.wall_ms)?;
            let photo = json!({"sha256": kept.sha256, "bytes": kept.bytes, "media_type": kept.media_type});
            body.insert("photo".to_owned(), photo);
        }
        let now = UnixMillis(at.wall_ms);
        let base_version = fill(tx, kind, &mut body, &at)?.or(args.base_version);
        let id = IntentId(keys::new_id(now)?);
        let mut whole = json!({"id": id, "kind": kind.code(), "at": at, "by": enrolment.user, "body": body});
        if let (Some(version), Some(members)) = (base_version, whole.as_object_mut()) {
            members.insert("base_version".to_owned(), version.into());
        }
        let intent = Intent::parse(&sync_core::plain_json::to_vec(&whole)?)?;
        let stored = StoredIntent {
            number: tx.intent_count()?,
            kind: kind.code().to_owned(),
            bytes: intent.to_bytes()?.into(),
            at_ms: at.wall_ms,
            safety: Safety::Unsent,
            code: None,
        };
        tx.set_intent(&id, &stored)?;
        show_locally(tx, &intent, &at)?;
        let mut answer = json!({"intent": id, "kind": kind.code(), "body": body});
        let made = ["visit_id", "customer_id", "site_id", "appointment_id"];
        for name in made.into_iter().filter(|name| body.contains_key(*name)) {
            merge_members(&mut answer, json!({name: body.get(name)}));
        }
        if let IntentBody::CreateVisit(create) = &intent.body {
            let (visit, code) = (create.visit_id, create.visit_id.short_code());
            merge_members(&mut answer, json!({"visit": visit, "short_code": code}));
        }
        let text = format!("{} / {}: {id}\n{}", kind.label_zh(), kind.label_en(), Value::Object(body));
        Ok(Output::done(answer, text))
    })
}

/// The body from the JSON and the fields of the command line; a field's value is JSON, else text.
fn body(args: &IntentArgs) -> PhoneResult<Members<String, Value>> {
    let mut body = match &args.body {
        None => Members::new(),
        Some(text) => serde_json::from_str(text)
            .map_err(|error| PhoneError::Usage(format!("the body is no JSON object: {error}")))?,
    };
    for field in &args.field {
        let Some((name, value)) = field.split_once('=') else { return usage("--field needs NAME=VALUE") };
        let value = serde_json::from_str(value).unwrap_or_else(|_text| value.into());
        body.insert(name.to_owned(), value);
    }
    Ok(body)
}

/// Adds what a phone knows better than the person: new ids, today, versions; instants and visits by name.
fn fill(tx: &Tx, kind: IntentKind, body: &mut Members<String, Value>, at: &Stamp) -> PhoneResult<Option<i64>> {
    let now = UnixMillis(at.wall_ms);
    for (name, target) in [("start", "start_ms"), ("end", "end_ms"), ("notified_at", "notified_at_ms")] {
        if let Some(Value::String(text)) = body.remove(name) {
            let instant = UnixMillis::from_rfc3339(&text).map_err(|error| PhoneError::Usage(error.to_string()))?;
            body.insert(target.to_owned(), instant.0.into());
        }
    }
    if let Some(Value::String(visit)) = body.remove("visit") {
        body.insert("visit_id".to_owned(), json!(resolve::visit(tx, &visit)?));
    }
    let id = || -> PhoneResult<Value> { Ok(keys::new_id(now)?.to_string().into()) };
    match kind {
        IntentKind::CreateVisit => {
            default(body, "visit_id", id()?);
            let code = body.get("template").and_then(Value::as_str).unwrap_or_default().to_owned();
            default(body, "template_version", newest_template(tx, &code, at.corrected())?.into());
            let policy = policy_at(tx, at.corrected())?;
            default(body, "policy_version", policy.map_or(1, |policy| policy.version).into());
        }
        IntentKind::CreateCustomer => {
            default(body, "customer_id", id()?);
            default(body, "phones", json!([]));
        }
        IntentKind::CreateSite => default(body, "site_id", id()?),
        IntentKind::ProposeAppointment => {
            default(body, "appointment_id", id()?);
            default(body, "agreed", false.into());
        }
        IntentKind::ChangeAppointment => {
            default(body, "notified_at_ms", at.corrected().0.into());
            let appointment = body.get("appointment_id").and_then(Value::as_str).unwrap_or_default();
            let rows = tx.rows(row_kind::APPOINTMENT)?;
            return Ok(rows.into_iter().find(|(id, _)| id == appointment).map(|(_, row)| row.version));
        }
        IntentKind::DayCheckIn | IntentKind::DayKit | IntentKind::DayNote => {
            let today = local_time(&time_zone(tx)?, at.corrected(), "%Y-%m-%d");
            default(body, "date", today.into());
        }
        IntentKind::OpenComplaint | IntentKind::DraftLiaison | IntentKind::ScopeRequest => {}
    }
    Ok(None)
}

fn default(body: &mut Members<String, Value>, name: &str, value: Value) {
    body.entry(name).or_insert(value);
}

/// The newest version of the policy in force at an instant.
pub(super) fn policy_at(tx: &Tx, at: UnixMillis) -> PhoneResult<Option<PolicyRow>> {
    let policies = tx.rows(row_kind::POLICY)?.into_iter().filter(|(_, row)| !row.is_old);
    let policies = policies.filter_map(|(_, row)| serde_json::from_value::<PolicyRow>(row.body).ok());
    Ok(policies.filter(|policy| policy.effective_from_ms <= at).max_by_key(|policy| policy.version))
}

/// The newest version of a template in force at an instant.
fn newest_template(tx: &Tx, code: &str, at: UnixMillis) -> PhoneResult<i64> {
    let rows = tx.rows(row_kind::TEMPLATE)?;
    let from = |row: &Value| UnixMillis::from_rfc3339(row.get("effective_from")?.as_str()?).ok();
    let is_in_force = |row: &Value| from(row).is_none_or(|from| from <= at);
    let is_it = |row: &Value| row.get("code") == Some(&code.into()) && is_in_force(row);
    let versions = rows.iter().filter(|(_, row)| !row.is_old && is_it(&row.body));
    match versions.filter_map(|(_, row)| row.body.get("version")?.as_i64()).max() {
        Some(version) => Ok(version),
        None => {
            let mut known: Vec<&str> = rows.iter().filter_map(|(_, row)| row.body.get("code")?.as_str()).collect();
            known.dedup();
            usage(format!("no template {code} is on this phone; it has {}", known.join(", ")))
        }
    }
}

/// Shows what was asked for as if it were granted: rows of version 0, which any row of the server replaces.
fn show_locally(tx: &Tx, intent: &Intent, at: &Stamp) -> PhoneResult<()> {
    match &intent.body {
        IntentBody::CreateVisit(create) => {
            let visit: VisitId = create.visit_id;
            let mut plan =
                local_plan(visit, &create.template, create.template_version, create.policy_version, intent.by);
            plan.work_order_id = create.work_order_id;
            // As the server plans it: a visit nobody planned begins when it is made.
            plan.planned_start_ms = Some(at.corrected());
            tx.set_row(row_kind::VISIT, &visit.to_string(), &local_row(&plan)?)?;
            let mut state = tx.doc_state(visit)?;
            (state.customer, state.site) = (create.customer_id, create.site_id);
            tx.set_doc_state(visit, &state)?;
            edit::write(tx, visit, at, Vec::new()).map(drop)
        }
        IntentBody::CreateCustomer(create) => {
            let row = CustomerRow {
                id: create.customer_id,
                kind: create.kind.clone(),
                name: create.name.clone(),
                phones: create.phones.clone(),
                address: create.address.clone(),
            };
            tx.set_row(row_kind::CUSTOMER, &create.customer_id.to_string(), &local_row(&row)?)
        }
        IntentBody::CreateSite(create) => {
            let row = SiteRow {
                id: create.site_id,
                customer_id: create.customer_id,
                address: create.address.clone(),
                geo: create.geo.clone(),
                scene: create.scene.clone(),
                access_note: create.access_note.clone(),
            };
            tx.set_row(row_kind::SITE, &create.site_id.to_string(), &local_row(&row)?)
        }
        _ => Ok(()),
    }
}

fn local_row(row: &impl serde::Serialize) -> PhoneResult<StoredRow> {
    Ok(StoredRow::new(0, serde_json::to_value(row)?))
}
