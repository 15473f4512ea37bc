//! From what a document says to what counts: the template's policies and the office's choices.
//!
//! [`view`](super::view()) follows from the heads alone. The pinned template may name other policies for
//! its questions and readings, and the office may choose; both are laid over the view here and nowhere
//! else, on phone and server alike. Nothing is dropped: every candidate stays in its conflict.

use serde::de::DeserializeOwned;

use super::view::{Conflict, Entry, OpId, RawRecord, View};
use crate::decimal::Decimal;
use crate::doc::Map;
use crate::doc::schema::MergePolicy;
use crate::plan::ChoiceRow;
use crate::template::Template;
use crate::template::model::QuestionType;

/// What is laid over a document: policies that differ from their map's, and the office's choices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overlay {
    policies: Vec<(Map, String, MergePolicy)>,
    /// Oldest first.
    choices: Vec<ChoiceRow>,
}

impl Overlay {
    fn of(template: &Template, choices: &[ChoiceRow]) -> Self {
        let rating = |kind| (kind == QuestionType::Rating).then_some(MergePolicy::Ask);
        let questions = template.questions.iter();
        let answers =
            questions.filter_map(|one| Some((Map::Answers, one.code.clone(), one.merge.or(rating(one.kind))?)));
        let readings = template.measurements.iter();
        let measures = readings.filter_map(|one| Some((Map::Measures, one.code.clone(), one.merge?)));
        let mut choices = choices.to_vec();
        choices.sort_by_key(|choice| (choice.at_ms, choice.id));
        Self { policies: answers.chain(measures).collect(), choices }
    }

    /// The policy of a key: the template's, else its map's.
    fn policy(&self, map: Map, key: &str) -> MergePolicy {
        let named = self.policies.iter().find(|(of, code, _)| *of == map && code == key);
        named.map_or(map.merging().policy, |(_, _, policy)| *policy)
    }

    /// The newest choice that knew every candidate.
    fn choice(&self, conflict: &Conflict) -> Option<&ChoiceRow> {
        let knew_all = |choice: &&ChoiceRow| {
            let stands = |op: &OpId| conflict.candidates.iter().any(|entry| entry.op == *op);
            let known = conflict.candidates.iter().all(|entry| choice.candidates.contains(&entry.op));
            choice.map == conflict.map && choice.key == conflict.key && known && stands(&choice.chosen)
        };
        self.choices.iter().rev().find(knew_all)
    }
}

/// Lays the pinned template's policies and the office's choices over a view: what everybody reads.
///
/// Equal heads with the same template and choices give equal results; settling twice changes nothing.
#[must_use]
pub fn settle(mut view: View, template: &Template, choices: &[ChoiceRow]) -> View {
    if !view.is_uncontested() {
        view.overlay = Overlay::of(template, choices);
        settle_again(&mut view);
    }
    view
}

/// Settles a part of a settled view by the same policies and choices.
pub(crate) fn settle_again(view: &mut View) {
    let overlay = std::mem::take(&mut view.overlay);
    add_signed(view, &overlay);
    for mut conflict in std::mem::take(&mut view.conflicts) {
        decide(&mut conflict, view, &overlay);
        let chosen = conflict.candidates.iter().find(|entry| entry.op == conflict.chosen);
        if let Some(entry) = chosen {
            put(view, &conflict.map, entry);
        }
        view.conflicts.push(conflict);
    }
    view.conflicts.sort_by(|a, b| (&a.map, &a.key, a.chosen).cmp(&(&b.map, &b.key, b.chosen)));
    view.overlay = overlay;
}

/// What was signed first competes with what stands today, where the policy says so.
fn add_signed(view: &mut View, overlay: &Overlay) {
    for signed in view.signed.clone() {
        let Some(map) = Map::from_key(&signed.map) else { continue };
        if overlay.policy(map, &signed.key) != MergePolicy::FirstSigned {
            continue;
        }
        let standing = standing(view, map, &signed.key);
        let known = view.conflicts.iter_mut().find(|conflict| conflict.is_about(map, &signed.key));
        match (known, standing) {
            (Some(conflict), _) if conflict.candidates.iter().any(|entry| entry.op == signed.value.op) => {}
            (Some(conflict), _) => {
                conflict.candidates.push(signed.value);
                conflict.candidates.sort_by_key(|entry| entry.op);
            }
            (None, Some(standing)) if standing.op != signed.value.op => view.conflicts.push(Conflict {
                map: signed.map,
                key: signed.key,
                chosen: standing.op,
                candidates: vec![signed.value, standing],
                policy: MergePolicy::FirstSigned,
                choice: None,
            }),
            (None, _) => {}
        }
    }
}

/// The answer or reading that stands under a key.
fn standing(view: &View, map: Map, key: &str) -> Option<Entry<RawRecord>> {
    // What the view could read is JSON again.
    match map {
        Map::Answers => view.answers.get(key).map(|entry| (entry, serde_json::to_value(&entry.value))).map(raw),
        _ => view.measure(key).map(|entry| (entry, serde_json::to_value(&entry.value))).map(raw),
    }
}

fn raw<T>((entry, value): (&Entry<T>, serde_json::Result<RawRecord>)) -> Entry<RawRecord> {
    Entry { key: entry.key.clone(), value: value.unwrap_or_default(), op: entry.op }
}

/// Decides which candidate counts, and by what.
fn decide(conflict: &mut Conflict, view: &View, overlay: &Overlay) {
    let Some(map) = Map::from_key(&conflict.map) else { return };
    conflict.policy = overlay.policy(map, &conflict.key);
    let choice = overlay.choice(conflict);
    conflict.choice = choice.map(|choice| choice.id);
    let chosen = choice.map(|choice| choice.chosen).or_else(|| by_policy(conflict, map, view)).or_else(|| {
        // The newest of those this version can read; of none, the newest.
        let mut newest_first = conflict.candidates.iter().rev();
        newest_first.find(|entry| is_readable(map, &entry.value)).or(conflict.candidates.last()).map(|entry| entry.op)
    });
    conflict.chosen = chosen.unwrap_or(conflict.chosen);
}

/// The candidate a policy names by content; `None` where the newest counts.
fn by_policy(conflict: &Conflict, map: Map, view: &View) -> Option<OpId> {
    match conflict.policy {
        MergePolicy::Max => by_size(conflict, |value, best| value >= best),
        MergePolicy::Min => by_size(conflict, |value, best| value <= best),
        MergePolicy::FirstSigned => {
            let signed = view.signed.iter().find(|one| one.map == map.key() && one.key == conflict.key)?;
            conflict.candidates.iter().find(|entry| entry.op == signed.value.op).map(|entry| entry.op)
        }
        MergePolicy::Union | MergePolicy::Newest | MergePolicy::Ask => None,
    }
}

/// The first or last number; of equal ones the highest operation id. Numbers of different units do not compare.
fn by_size(conflict: &Conflict, beats: impl Fn(&Decimal, &Decimal) -> bool) -> Option<OpId> {
    let units = |pair: &[Entry<RawRecord>]| matches!(pair, [a, b] if a.value.get("unit") != b.value.get("unit"));
    if conflict.candidates.windows(2).any(units) {
        return None;
    }
    let mut best: Option<(Decimal, OpId)> = None;
    for entry in &conflict.candidates {
        let Some(value) = number(&entry.value) else { continue };
        if best.as_ref().is_none_or(|(than, _)| beats(&value, than)) {
            best = Some((value, entry.op));
        }
    }
    best.map(|(_, op)| op)
}

/// The number of an answer or reading: an integer or a decimal string.
fn number(record: &RawRecord) -> Option<Decimal> {
    match record.get("value")? {
        RawRecord::String(text) => text.parse().ok(),
        RawRecord::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

fn is_readable(map: Map, value: &RawRecord) -> bool {
    fn reads<T: DeserializeOwned>(value: &RawRecord) -> bool {
        T::deserialize(value).is_ok()
    }
    match map {
        Map::Answers => reads::<crate::doc::record::Answer>(value),
        Map::Ticks => reads::<crate::doc::record::Tick>(value),
        Map::Captions | Map::Withdrawn => reads::<crate::doc::record::Remark>(value),
        _ => true,
    }
}

/// Puts a value under its key, if the map holds one value for each key and this version can read it.
pub(crate) fn put(view: &mut View, map: &str, entry: &Entry<RawRecord>) -> bool {
    fn insert<T: DeserializeOwned>(
        entries: &mut std::collections::BTreeMap<String, Entry<T>>,
        entry: &Entry<RawRecord>,
    ) -> bool {
        let Ok(value) = T::deserialize(&entry.value) else { return false };
        entries.insert(entry.key.clone(), Entry { key: entry.key.clone(), value, op: entry.op });
        true
    }
    match Map::from_key(map) {
        Some(Map::Answers) => insert(&mut view.answers, entry),
        Some(Map::Ticks) => insert(&mut view.ticks, entry),
        Some(Map::Captions) => insert(&mut view.captions, entry),
        Some(Map::Withdrawn) => insert(&mut view.withdrawn, entry),
        Some(Map::More) => insert(&mut view.more, entry),
        _ => false,
    }
}
