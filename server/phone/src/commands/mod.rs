//! What each command does: one transaction, one answer.

pub(crate) mod capture;
pub(crate) mod day;
#[cfg(test)]
mod day_tests;
pub(crate) mod door_note;
mod effect;
pub(crate) mod enrol;
#[cfg(test)]
mod enrol_tests;
pub(crate) mod finish;
pub(crate) mod free;
pub(crate) mod intent;
pub(crate) mod list;
pub(crate) mod photo;
mod remedy;
pub(crate) mod sign;
pub(crate) mod status;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_rules;

use serde_json::{Value, json};
use sync_core::ids::{UserId, VisitId};
use sync_core::merge::view::Finding;
use sync_core::time::Stamp;
use sync_core::visit::words;

use crate::clock::PhoneClock;
use crate::error::PhoneResult;
use crate::output::Output;
use crate::store::model::Edit;
use crate::store::{Store, Tx};
use crate::visit::{VisitContext, edit, resolve};

/// The phone a command works on.
#[derive(Debug)]
pub struct Phone {
    /// Its store.
    pub store: Store,
    /// Its clock.
    pub clock: PhoneClock,
}

/// One visit inside a transaction, at the moment of a user action.
pub(crate) struct Scene<'a> {
    pub tx: &'a Tx,
    pub visit: VisitId,
    pub at: Stamp,
    pub user: UserId,
    pub context: VisitContext,
}

/// What a user action writes, and what the command says about it.
pub(crate) struct Action {
    pub edits: Vec<Edit>,
    /// Members added to the answer.
    pub json: Value,
    /// First line of the answer.
    pub text: String,
}

impl<'a> Scene<'a> {
    pub(crate) fn open(phone: &Phone, tx: &'a Tx, name: &str) -> PhoneResult<Self> {
        let user = tx.enrolment()?.user;
        let visit = resolve::visit(tx, name)?;
        let at = phone.clock.stamp(tx)?;
        let context = VisitContext::load(tx, visit, &at)?;
        Ok(Self { tx, visit, at, user, context })
    }

    /// Writes one user action and says what became of the visit.
    pub(crate) fn perform(&self, action: Action) -> PhoneResult<Output> {
        let before = self.context.derived();
        let written: Vec<(String, String)> = effect::written(&action.edits).collect();
        let doc = edit::write(self.tx, self.visit, &self.at, action.edits)?;
        let context = VisitContext::of(self.tx, &doc, &self.at)?;
        let after = context.derived();
        let new: Vec<&Finding> = after.findings.iter().filter(|one| !before.findings.contains(one)).collect();
        let late = effect::late(&written, &after);
        let mut answer = summary(self.tx, &context, after.state.code())?;
        merge_members(&mut answer, action.json);
        merge_members(&mut answer, json!({"findings": new, "late": late}));
        let mut text = format!("{}\n{}", action.text, line(&context, after.state.code()));
        if !late.is_empty() {
            text.push_str(&format!("\n{}", effect::late_text(&after)));
        }
        for finding in new {
            text.push_str(&format!("\n  note: {}", finding_text(finding)));
        }
        Ok(Output::done(answer, text))
    }
}

impl Phone {
    /// Records one user action on a visit and says what became of the visit.
    pub(crate) fn record(
        &self,
        visit: &str,
        act: impl FnOnce(&Scene<'_>) -> PhoneResult<Action>,
    ) -> PhoneResult<Output> {
        self.store.write(|tx| {
            let scene = Scene::open(self, tx, visit)?;
            let action = act(&scene)?;
            scene.perform(action)
        })
    }
}

/// The members every answer about a visit has.
pub(crate) fn summary(tx: &Tx, context: &VisitContext, state: &str) -> PhoneResult<Value> {
    let visit = context.view.visit;
    Ok(json!({
        "visit": visit,
        "number": context.plan.visit.number,
        "short_code": visit.short_code(),
        "state": state,
        "unsent_changes": tx.unsent_changes(visit)?.len(),
    }))
}

/// One line about a visit.
pub(crate) fn line(context: &VisitContext, state: &str) -> String {
    let visit = context.view.visit;
    let number = context.plan.visit.number.clone().unwrap_or_else(|| visit.short_code());
    let customer = context.customer.as_ref().map_or("-", |customer| customer.name.as_str());
    format!("{number}  {customer}  {state}")
}

/// A finding as one line: its words in Chinese and English, then its codes.
pub(crate) fn finding_text(finding: &Finding) -> String {
    let label = words::label(&finding.code);
    let detail = finding.detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
    format!("{} / {}: {} {}{detail}", label.zh_cn, label.en, finding.code, finding.subject)
}

/// Adds the members of one object to another.
pub(crate) fn merge_members(into: &mut Value, from: Value) {
    if let (Some(into), Value::Object(from)) = (into.as_object_mut(), from) {
        into.extend(from);
    }
}
