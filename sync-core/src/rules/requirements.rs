//! What each step asks for, what is there and what is missing (rulebook 1.3 and 1.4).

use serde::{Deserialize, Serialize};

use super::condition;
use super::context::{Ctx, Trial};
use super::facts::Facts;
use crate::doc::Map;
use crate::merge::view::Conflict;
use crate::template::lookup::Element;
use crate::template::model::{Phase, RequiredWhen, Step, Text};
use crate::template::vocabulary::WITHOUT_WORK;
use crate::time::UnixMillis;

/// Kind of a [`Need`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NeedKind {
    /// A tick; its code is `step/item`.
    Tick,
    /// An answer.
    Question,
    /// A reading.
    Measurement,
    /// Photos of a slot.
    Photo,
    /// A signature.
    Signature,
}

/// One thing a step collects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// What it is.
    pub kind: NeedKind,
    /// Its code, `step/item` for a tick.
    pub code: String,
    /// Its name.
    pub title: Text,
    /// Whether the outcome needs it.
    pub required: bool,
    /// How many are needed when required.
    pub need: usize,
    /// How many are there.
    pub have: usize,
}

impl Need {
    /// Whether it is required and not there.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.required && self.have < self.need
    }
}

/// A step with everything it collects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepStatus {
    /// Code of the step.
    pub step: String,
    /// Its name.
    pub title: Text,
    /// Its phase.
    pub phase: Phase,
    /// Whether the outcome needs the step.
    pub required: bool,
    /// Whether nothing required is missing.
    pub complete: bool,
    /// Everything it collects, ticks first.
    pub needs: Vec<Need>,
}

/// What the visit needs for the outcome it names, `completed` until it names one.
#[must_use]
pub fn requirements(facts: &Facts<'_>) -> Vec<StepStatus> {
    requirements_for(facts, facts.outcome().unwrap_or("completed"))
}

/// What the visit needs to end with `outcome`.
///
/// `completed` needs everything; any other outcome the phases before and arrival and its own
/// elements. A visit that ends without work before the rep arrived has no arrival phase.
#[must_use]
pub fn requirements_for(facts: &Facts<'_>, outcome: &str) -> Vec<StepStatus> {
    facts.template.steps.iter().map(|step| status(facts, outcome, step)).collect()
}

fn status(facts: &Facts<'_>, outcome: &str, step: &Step) -> StepStatus {
    let in_scope = is_in_scope(facts, outcome, step.phase);
    let required = step.required && in_scope;
    let ticks = step.tick_keys().map(|(key, needed)| Need {
        kind: NeedKind::Tick,
        title: tick_title(step, &key),
        required: required && needed,
        need: 1,
        have: usize::from(tick_at(facts, step, &key).is_some()),
        code: key,
    });
    let elements = step.elements().filter_map(|element| element_need(facts, outcome, in_scope, element));
    let needs: Vec<Need> = ticks.chain(elements).collect();
    StepStatus {
        step: step.code.clone(),
        title: step.title.clone(),
        phase: step.phase,
        required,
        complete: !needs.iter().any(Need::is_missing),
        needs,
    }
}

fn is_in_scope(facts: &Facts<'_>, outcome: &str, phase: Phase) -> bool {
    match phase {
        _ if outcome == "completed" => true,
        Phase::Before => true,
        Phase::Arrival => !WITHOUT_WORK.contains(&outcome) || arrived(facts).is_some(),
        Phase::Onsite | Phase::After => false,
    }
}

fn arrived(facts: &Facts<'_>) -> Option<UnixMillis> {
    facts.view.timeline.iter().find(|entry| entry.value.event == "arrive").map(|entry| entry.value.at.corrected())
}

fn tick_title(step: &Step, key: &str) -> Text {
    let item = step.items.iter().find(|item| key.rsplit_once('/').is_some_and(|(_, code)| code == item.code));
    item.map_or_else(|| step.title.clone(), |item| item.title.clone())
}

/// When an item was ticked. The arrival is its own record: the event stands for the implicit item
/// of the arrival step.
fn tick_at(facts: &Facts<'_>, step: &Step, key: &str) -> Option<UnixMillis> {
    let tick = facts.view.ticks.get(key).filter(|entry| entry.value.done);
    let by_event = (step.phase == Phase::Arrival && step.items.is_empty()).then(|| arrived(facts)).flatten();
    tick.map(|entry| entry.value.at.corrected()).or(by_event)
}

/// The fields of an element that requirements read.
struct Asked<'a> {
    kind: NeedKind,
    title: &'a Text,
    always: bool,
    when: Option<&'a RequiredWhen>,
    need: usize,
}

fn asked<'a>(facts: &Facts<'a>, element: Element<'_>) -> Option<Asked<'a>> {
    let template = facts.template;
    let (kind, title, always, when, need) = match element {
        Element::Photo(code) => {
            let slot = template.slot(code)?;
            (NeedKind::Photo, &slot.title, slot.required, slot.required_when.as_ref(), slot.min)
        }
        Element::Measurement(code) => {
            let item = template.measurement(code)?;
            (NeedKind::Measurement, &item.title, item.required, item.required_when.as_ref(), 1)
        }
        Element::Question(code) => {
            let item = template.question(code)?;
            (NeedKind::Question, &item.title, item.required, item.required_when.as_ref(), 1)
        }
        Element::Signature(code) => {
            let slot = template.signature(code)?;
            (NeedKind::Signature, &slot.title, slot.required, slot.required_when.as_ref(), 1)
        }
    };
    Some(Asked { kind, title, always, when, need })
}

fn element_need(facts: &Facts<'_>, outcome: &str, in_scope: bool, element: Element<'_>) -> Option<Need> {
    let asked = asked(facts, element)?;
    let own = asked.when.is_some_and(|when| when.visit.is_some());
    let required = (in_scope || own) && required(facts, outcome, &asked);
    let code = element.code();
    let have = collected(facts, element).len();
    Some(Need { kind: asked.kind, code: code.to_owned(), title: asked.title.clone(), required, need: asked.need, have })
}

/// Whether an element is required for any of the values its condition may turn out to have.
fn required(facts: &Facts<'_>, outcome: &str, asked: &Asked<'_>) -> bool {
    let mut trials = vec![Trial::new()];
    let operand = asked.when.and_then(|when| when.question.as_deref());
    let mut conflicts = facts.view.conflicts.iter().enumerate().filter(|(_, conflict)| conflict.is_contested());
    let is_it = |conflict: &Conflict| operand.is_some_and(|operand| conflict.is_about(Map::Answers, operand));
    if let Some((index, conflict)) = conflicts.find(|(_, conflict)| is_it(conflict)) {
        trials.extend((0..conflict.candidates.len()).map(|candidate| Trial::from([(index, candidate)])));
    }
    let holds = |trial| condition::required(&Ctx::new(facts, Some(outcome), trial), asked.always, asked.when);
    trials.into_iter().any(holds)
}

/// When the pieces of an element were collected, earliest first.
fn collected(facts: &Facts<'_>, element: Element<'_>) -> Vec<UnixMillis> {
    let view = facts.view;
    let mut times: Vec<UnixMillis> = match element {
        Element::Photo(code) => view.photos_of(code).map(|entry| entry.value.taken_at.corrected()).collect(),
        Element::Measurement(code) => view
            .measures
            .iter()
            .filter(|entry| entry.value.code == code)
            .map(|entry| entry.value.at.corrected())
            .collect(),
        Element::Question(code) => {
            let answer = view.answers.get(code).filter(|entry| is_answered(&entry.value.value));
            answer.map(|entry| entry.value.at.corrected()).into_iter().collect()
        }
        // A device seals a statement only when all required signers are done (design section 5).
        Element::Signature(_) => view.statements.iter().map(|entry| entry.value.at.corrected()).collect(),
    };
    times.sort_unstable();
    times
}

/// Empty text and an empty choice are no answer to a required question.
fn is_answered(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Null => false,
        serde_json::Value::String(text) => !text.trim().is_empty(),
        serde_json::Value::Array(codes) => !codes.is_empty(),
        _ => true,
    }
}

/// When a step became complete: the corrected time of its last required piece; `None` while it is not.
pub(super) fn completed_at(ctx: &Ctx<'_>, step: &Step) -> Option<UnixMillis> {
    let facts = ctx.facts;
    let mut latest = None;
    for (key, needed) in step.tick_keys() {
        if needed {
            latest = latest.max(Some(tick_at(facts, step, &key)?));
        }
    }
    for element in step.elements() {
        let Some(asked) = asked(facts, element) else { continue };
        if condition::required(ctx, asked.always, asked.when) {
            let position = asked.need.saturating_sub(1);
            latest = latest.max(Some(*collected(facts, element).get(position)?));
        }
    }
    latest
}
