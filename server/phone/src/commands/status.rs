//! `status`: what is not at the server yet, and how a visit stands.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::ids::VisitId;
use sync_core::merge::view::{Conflict, Finding};
use sync_core::plan::IntentResultRow;
use sync_core::protocol::row::kind;
use sync_core::quarantine::QuarantineNote;
use sync_core::rules::{Need, blocking, findings, handed_in_at, requirements};
use sync_core::statement::copies;
use sync_core::time::UnixMillis;
use sync_core::visit::{Derived, Reopened, VisitState, reopened, words};

use super::{Phone, Scene, finding_text, line, merge_members, summary};
use crate::conflict;
use crate::error::PhoneResult;
use crate::output::Output;
use crate::store::Tx;
use crate::store::model::Safety;
use crate::sync::elsewhere;
use crate::visit::VisitContext;
use crate::{late, refused};

/// What no held receipt names.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Outstanding {
    pub changes: usize,
    pub intents: usize,
    pub statements: usize,
    pub blobs: usize,
    /// Those of the blobs whose bytes are gone here.
    pub lost: usize,
    pub oldest_ms: Option<i64>,
    /// The visits with unsent changes or statements; the server knows which photos it lacks.
    pub visits: BTreeSet<VisitId>,
}

impl Outstanding {
    /// Counts the items of the store.
    pub(crate) fn of(tx: &Tx) -> PhoneResult<Self> {
        let mut found = Self::default();
        for visit in tx.visits_with_unsent()? {
            found.visits.insert(visit);
            for (_, change) in tx.unsent_changes(visit)? {
                found.changes += 1;
                found.note(change.at_ms);
            }
        }
        for (_, item) in tx.set_aside()?.into_iter().filter(|(_, item)| item.is_unsent) {
            found.visits.extend(item.visit.parse::<VisitId>());
            found.changes += 1;
            found.note(item.change.at_ms);
        }
        for (_, intent) in tx.intents()?.into_iter().filter(|(_, intent)| intent.safety == Safety::Unsent) {
            found.intents += 1;
            found.note(intent.at_ms);
        }
        for (_, statement) in tx.statements()?.into_iter().filter(|(_, one)| one.safety == Safety::Unsent) {
            found.statements += 1;
            found.visits.extend(statement.visit.parse::<VisitId>());
            found.note(statement.at_ms);
        }
        for (_, blob) in tx.blobs()?.into_iter().filter(|(_, blob)| blob.safety == Safety::Unsent) {
            found.blobs += 1;
            found.lost += usize::from(blob.is_lost());
            found.note(blob.at_ms);
        }
        Ok(found)
    }

    fn note(&mut self, at_ms: i64) {
        self.oldest_ms = Some(self.oldest_ms.map_or(at_ms, |oldest| oldest.min(at_ms)));
    }

    /// All items.
    pub(crate) const fn total(&self) -> usize {
        self.changes + self.intents + self.statements + self.blobs
    }

    /// All items that can go from here.
    pub(crate) const fn to_go(&self) -> usize {
        self.total().saturating_sub(self.lost)
    }

    /// The counts for machines.
    pub(crate) fn json(&self) -> Value {
        json!({
            "total": self.total(), "changes": self.changes, "intents": self.intents, "statements": self.statements,
            "blobs": self.blobs, "oldest_at": self.oldest_ms.map(|ms| UnixMillis(ms).to_rfc3339()),
        })
    }

    /// The counts for people.
    pub(crate) fn text(&self) -> String {
        let Self { changes, intents, statements, blobs, .. } = self;
        format!(
            "{} outstanding ({changes} changes, {intents} intents, {statements} statements, {blobs} blobs)",
            self.total()
        )
    }
}

/// `status`: the whole phone.
pub(crate) fn phone(phone: &Phone) -> PhoneResult<Output> {
    phone.store.read(|tx| {
        let enrolment = tx.enrolment()?;
        let outstanding = Outstanding::of(tx)?;
        let feed = tx.feed()?;
        let (intents, intent_lines) = intents(tx)?;
        let (troubles, trouble_lines) = troubles(tx)?;
        let elsewhere = elsewhere::known(tx)?;
        let elsewhere_lines: Vec<String> = elsewhere.iter().map(elsewhere::line).collect();
        let json = json!({
            "server": enrolment.server, "device": enrolment.device, "user": enrolment.user, "org": enrolment.org,
            "user_name": enrolment.user_name, "organisation": enrolment.org_name,
            "epoch": feed.epoch, "last_sync_at": feed.last_sync_at.map(UnixMillis::to_rfc3339),
            "outstanding": outstanding.json(), "receipts": tx.receipt_count()?, "intents": intents,
            "wants": feed.wants, "troubles": troubles, "complete_visits": tx.complete_count()?,
            "elsewhere": elsewhere,
        });
        let last = feed.last_sync_at.map_or_else(|| "never".to_owned(), UnixMillis::to_rfc3339);
        let name = enrolment.user_name.unwrap_or_else(|| enrolment.user.to_string());
        let mut text = vec![format!("{name} at {}, last sync {last}", enrolment.server), outstanding.text()];
        text.extend(intent_lines);
        text.extend(trouble_lines);
        text.extend(elsewhere_lines);
        Ok(Output::done(json, text.join("\n")))
    })
}

fn intents(tx: &Tx) -> PhoneResult<(Vec<Value>, Vec<String>)> {
    let (mut values, mut lines) = (Vec::new(), Vec::new());
    for (id, intent) in tx.intents()? {
        let result: Option<IntentResultRow> = tx.row(kind::INTENT_RESULT, &id)?;
        let word = result.as_ref().map_or("no result yet", |result| result.result.as_str());
        lines.push(format!("  intent {} {id}: {word}", intent.kind));
        values.push(json!({
            "id": id, "kind": intent.kind, "safety": intent.safety, "code": intent.code,
            "result": result.as_ref().map(|result| &result.result), "reason": result.as_ref().map(|r| &r.reason),
            "assigned": result.as_ref().map(|result| &result.assigned),
        }));
    }
    Ok((values, lines))
}

/// Everything a person should look at: quarantine, late work, edits set aside, uploads that fail.
fn troubles(tx: &Tx) -> PhoneResult<(Vec<Value>, Vec<String>)> {
    let mut found: Vec<(&str, String, String)> = Vec::new();
    for (visit, state) in tx.doc_states()? {
        found.extend(state.problem.map(|problem| ("document", visit.to_string(), problem)));
    }
    for (_, item) in tx.set_aside()? {
        found.push(("set_aside", item.visit, item.code));
    }
    for (id, intent) in tx.intents()? {
        found.extend(intent.code.map(|code| ("intent", id, code)));
    }
    for (digest, statement) in tx.statements()? {
        found.extend(statement.code.map(|code| ("statement", digest, code)));
    }
    for (blob, stored) in tx.blobs()? {
        found.extend(stored.problem.map(|problem| ("blob", blob, problem)));
    }
    let mut values: Vec<Value> =
        found.iter().map(|(kind, id, code)| json!({"kind": kind, "id": id, "code": code})).collect();
    let mut lines: Vec<String> = found.iter().map(|(kind, id, code)| format!("  {kind} {id}: {code}")).collect();
    for note in tx.rows_as::<QuarantineNote>(kind::QUARANTINE)? {
        let (value, line) = refused::shown(&note);
        values.push(value);
        lines.push(line);
    }
    for (visit, work) in tx.late_work()? {
        let (told, text) = late::told(tx, visit, &work)?;
        values
            .push(json!({"kind": "late", "id": visit, "code": work.reason, "number": work.number, "late_work": told}));
        lines.push(format!("  late {}: {text}", late::name_of(visit, &work)));
    }
    Ok((values, lines))
}

/// `status VISIT`: state, what is missing, conflicts, reopened slots, what is unsent.
pub(crate) fn visit(phone: &Phone, name: &str) -> PhoneResult<Output> {
    phone.store.write(|tx| {
        let scene = match Scene::open(phone, tx, name) {
            Ok(scene) => scene,
            Err(error) => return left(tx, name)?.ok_or(error),
        };
        let context = &scene.context;
        let counting = context.in_force();
        let facts = counting.facts();
        let derived = context.derived();
        let missing: Vec<Need> =
            requirements(&facts).into_iter().flat_map(|step| step.needs).filter(Need::is_missing).collect();
        let blockers = blocking(&facts, facts.outcome().unwrap_or("completed"));
        let mut noticed = derived.findings.clone();
        noticed.extend(context.view.findings.iter().cloned());
        noticed.extend(findings(&facts));
        noticed.extend(counting.changed_after_signing(tx)?);
        let is_handed_in = handed_in_at(&counting.view).is_some();
        noticed.extend(copies::findings(&counting.view, &counting.template, is_handed_in));
        let unsent_blobs = unsent_blobs(tx, &scene)?;
        let (state, late_work) = (tx.doc_state(scene.visit)?, tx.late_work_of(scene.visit)?);
        let late_work = late_work.map(|work| late::told(tx, scene.visit, &work)).transpose()?;
        let complete = complete(tx, scene.visit, &context.view.heads)?;
        let refused = refused::of_visit(tx, scene.visit)?;
        let mut answer = summary(tx, context, derived.state.code())?;
        merge_members(
            &mut answer,
            json!({
                "template": {"code": context.template.code, "version": context.template.version},
                "heads": context.view.heads, "server_heads": state.server_heads,
                "missing": missing, "blockers": blockers, "conflicts": counting.view.conflicts,
                "findings": noticed, "reopened_slots": derived.reopened_slots, "rework": rework(context, &derived), "late": derived.late,
                "accepted_late": derived.accepted,
                "waiting_since": derived.waiting_since_ms.map(UnixMillis::to_rfc3339),
                "may_leave_at": derived.may_leave_at_ms.map(UnixMillis::to_rfc3339),
                "unsent_blobs": unsent_blobs, "outcome": context.view.outcome(),
                "photos": context.view.current_photos().collect::<Vec<_>>(),
                "measures": context.view.measures, "answers": context.view.answers, "ticks": context.view.ticks,
                "timeline": context.view.timeline, "statements": context.view.statements, "notes": context.view.notes,
                "review": context.review, "is_gone": state.is_gone, "problem": state.problem,
                "late_work": late_work.as_ref().map(|(told, _)| told), "complete": complete,
                "quarantine": refused.iter().map(|(value, _)| value).collect::<Vec<_>>(),
            }),
        );
        let mut text = visit_text(&scene, &counting.view.conflicts, &missing, &noticed);
        refused.iter().for_each(|(_, line)| text.push_str(&format!("\n{line}")));
        if let Some(at) = complete.as_ref().and_then(|word| word.get("at")).and_then(Value::as_str) {
            text.push_str(&format!("\n  complete at the server / 全部资料已在服务器: {at}"));
        }
        late::lines(&derived).iter().for_each(|line| text.push_str(&format!("\n{line}")));
        if let Some((_, told)) = late_work {
            text.push_str(&format!("\n  late: {told}"));
        }
        Ok(Output::done(answer, text))
    })
}

/// A visit that has left the phone, with the reason why work on it came late.
fn left(tx: &Tx, name: &str) -> PhoneResult<Option<Output>> {
    let Some((visit, work)) = late::find(tx, name)? else { return Ok(None) };
    let (told, text) = late::told(tx, visit, &work)?;
    let json = json!({"visit": visit, "number": work.number, "short_code": visit.short_code(), "is_gone": true,
        "unsent_changes": 0, "late_work": told});
    let text = format!("{}  已离开本机 / no longer on this phone\n  late: {text}", late::name_of(visit, &work));
    Ok(Some(Output::done(json, text)))
}

fn visit_text(scene: &Scene<'_>, conflicts: &[Conflict], missing: &[Need], noticed: &[Finding]) -> String {
    let context = &scene.context;
    let derived = context.derived();
    let mut text = vec![line(context, derived.state.code())];
    text.extend(
        missing.iter().map(|need| format!("  missing {}: {} / {}", need.code, need.title.zh_cn, need.title.en)),
    );
    text.extend(conflicts.iter().map(conflict::line));
    text.extend(rework_lines(context, &derived));
    text.extend(derived.may_leave_at_ms.map(|at| format!("  may leave at {}", at.to_rfc3339())));
    text.extend(noticed.iter().map(|finding| format!("  note: {}", finding_text(finding))));
    text.join("\n")
}

/// The slots a returned visit must take anew.
fn rework(context: &VisitContext, derived: &Derived) -> Vec<Reopened> {
    if derived.state == VisitState::Returned { reopened(&context.facts(), &context.review) } else { Vec::new() }
}

/// What a return asks for, by slot; where it reopens none, why the visit was returned.
fn rework_lines(context: &VisitContext, derived: &Derived) -> Vec<String> {
    let line = |slot: &Reopened| {
        let (why, done) = (slot.why(), if slot.answered { "  (已重拍 / taken anew)" } else { "" });
        format!("  reopened {}: {}{} / {}{}{done}", slot.slot, slot.title.zh_cn, why.zh_cn, slot.title.en, why.en)
    };
    let lines: Vec<String> = rework(context, derived).iter().map(line).collect();
    let mut returns = context.review.verdicts.iter().filter(|verdict| verdict.decision == "return");
    let Some(verdict) = returns.next_back().filter(|_| derived.state == VisitState::Returned && lines.is_empty())
    else {
        return lines;
    };
    let reason = words::label(verdict.reason.as_deref().unwrap_or("other"));
    let comment = verdict.comment.as_ref().map(|comment| format!(": {comment}")).unwrap_or_default();
    vec![format!("  returned: {} / {}{comment}", reason.zh_cn, reason.en)]
}

/// The server's word that the visit is complete as it is here; an older one says nothing about what came since.
fn complete(tx: &Tx, visit: VisitId, heads: &[Hash]) -> PhoneResult<Option<Value>> {
    let Some(work) = tx.complete(visit)?.filter(|work| work.heads == heads) else { return Ok(None) };
    Ok(Some(json!({"at": UnixMillis(work.at_ms).to_rfc3339(), "blobs": work.blobs.len(), "receipt": work.jws})))
}

/// The blobs the visit declares that no receipt names.
fn unsent_blobs(tx: &Tx, scene: &Scene<'_>) -> PhoneResult<Vec<Hash>> {
    let mut found = Vec::new();
    for photo in &scene.context.view.photos {
        let blob = photo.value.sha256;
        if tx.blob(&blob)?.is_some_and(|stored| stored.safety == Safety::Unsent) {
            found.push(blob);
        }
    }
    Ok(found)
}

/// Whether anything of a visit is unsent; then it does not leave the phone.
pub(crate) fn has_unsent(tx: &Tx, visit: VisitId) -> PhoneResult<bool> {
    let name = visit.to_string();
    let statements = tx.statements()?;
    let waits = statements.iter().any(|(_, one)| one.visit == name && one.safety == Safety::Unsent);
    Ok(waits || !tx.unsent_changes(visit)?.is_empty())
}
