//! Whether what a visit installed is what its order names, and free to be installed there.

use std::collections::{BTreeMap, BTreeSet};

use super::materials::{ORDERED_MATERIALS, SERIAL_QUESTIONS, Used, ordered, serial_answers, serial_key, sums};
use crate::decimal::Decimal;
use crate::ids::SiteId;
use crate::merge::View;
use crate::merge::view::Finding;
use crate::plan::WorkOrderRow;
use crate::rules::handed_in_at;
use crate::time::UnixMillis;

/// Kind of orders that take equipment away.
const REMOVE: &str = "remove";

/// Kind of orders that take equipment along to another site.
const MOVE: &str = "move";

/// Where another visit noted a serial number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The serial as serials are compared.
    pub serial_key: String,
    /// When it was noted.
    pub at: UnixMillis,
    /// Where, as far as its order tells.
    pub site: Option<SiteId>,
    /// Kind of its order.
    pub order_kind: Option<String>,
}

/// The serial numbers that a visit notes, as serials are compared.
#[must_use]
pub fn serials(view: &View) -> BTreeSet<String> {
    material_keys(view)
        .into_iter()
        .chain(serial_answers(view).filter_map(|(_, answer)| key_of(&answer.value)))
        .collect()
}

/// What a person should look at about what a visit installed; `seen` is what visits of other orders or attempts noted of
/// its serial numbers.
///
/// Codes: `serial_differs`, `serial_elsewhere`, `serial_twice`, `material_quantity`, `order_materials_odd`.
// Rule: INS-09
#[must_use]
pub fn findings(view: &View, order: Option<&WorkOrderRow>, seen: &[Sighting]) -> Vec<Finding> {
    let mut found = twice(view);
    if let Some(order) = order {
        found.extend(differing(view, order));
        found.extend(elsewhere(view, order, seen));
        found.extend(quantities(view, order));
    }
    found
}

fn finding(code: &str, subject: String, detail: Option<String>) -> Finding {
    Finding { code: code.to_owned(), subject, detail }
}

fn key_of(answer: &serde_json::Value) -> Option<String> {
    answer.as_str().and_then(serial_key)
}

fn material_keys(view: &View) -> Vec<String> {
    let used = view.materials.iter().filter(|entry| !view.withdrawn.contains_key(&entry.key));
    used.filter_map(|entry| entry.value.serial.as_deref().and_then(serial_key)).collect()
}

/// One serial number of two things; a material and the answer about it are one.
fn twice(view: &View) -> Vec<Finding> {
    let answered = serial_answers(view).filter_map(|(_, answer)| key_of(&answer.value)).collect();
    let mut found = BTreeSet::new();
    for keys in [material_keys(view), answered] {
        let mut before = BTreeSet::new();
        found.extend(keys.into_iter().filter(|key| !before.insert(key.clone())));
    }
    found.into_iter().map(|key| finding("serial_twice", format!("serial/{key}"), None)).collect()
}

/// Serial numbers that the order names and the visit notes otherwise; one that it does not note is no difference.
fn differing(view: &View, order: &WorkOrderRow) -> Vec<Finding> {
    let materials = material_keys(view);
    let differs = |question: &&str| {
        let Some(named) = order.fields.get(*question).and_then(|serial| serial_key(serial)) else { return false };
        match view.answers.get(*question).and_then(|answer| key_of(&answer.value.value)) {
            Some(answered) => answered != named,
            None => !materials.is_empty() && !materials.contains(&named),
        }
    };
    let found = SERIAL_QUESTIONS.into_iter().filter(differs);
    found.map(|code| finding("serial_differs", format!("answers/{code}"), order.fields.get(code).cloned())).collect()
}

/// Serial numbers that were at another site when this visit noted them, and that nobody had taken away there.
fn elsewhere(view: &View, order: &WorkOrderRow, seen: &[Sighting]) -> Vec<Finding> {
    if order.kind == REMOVE || order.kind == MOVE {
        return Vec::new();
    }
    let mut found = Vec::new();
    for key in serials(view) {
        let mut earlier: Vec<&Sighting> = seen
            .iter()
            .filter(|one| one.serial_key == key && noted_at(view, &key).is_none_or(|at| one.at <= at))
            .collect();
        earlier.sort_by_key(|one| one.at);
        let last = earlier.last().filter(|one| one.order_kind.as_deref() != Some(REMOVE)).and_then(|one| one.site);
        if last.is_some_and(|site| site != order.site_id) {
            found.push(finding("serial_elsewhere", format!("serial/{key}"), None));
        }
    }
    found
}

/// When a visit noted a serial number first, as well as its devices knew.
fn noted_at(view: &View, key: &str) -> Option<UnixMillis> {
    let materials = view.materials.iter().map(|entry| (entry.value.serial.as_deref(), &entry.value.at));
    let answers = serial_answers(view).map(|(_, answer)| (answer.value.as_str(), &answer.at));
    let noted = materials.chain(answers).filter(|(serial, _)| serial.and_then(serial_key).as_deref() == Some(key));
    noted.map(|(_, at)| at.corrected()).min()
}

/// Materials of the order that a completed visit used in another quantity.
fn quantities(view: &View, order: &WorkOrderRow) -> Vec<Finding> {
    let Some(field) = order.fields.get(ORDERED_MATERIALS) else { return Vec::new() };
    let is_completed = view.outcome().is_none_or(|outcome| outcome.code == "completed");
    if handed_in_at(view).is_none() || !is_completed {
        return Vec::new();
    }
    let listed = match ordered(field) {
        Ok(listed) => listed,
        Err(odd) => {
            return vec![finding("order_materials_odd", format!("order/{ORDERED_MATERIALS}"), Some(odd))];
        }
    };
    let used = used_by_sku(view);
    let differs =
        |(sku, quantity): &(String, Decimal)| used.get(sku).copied().unwrap_or(Some(Decimal::ZERO)) != Some(*quantity);
    let found = listed.into_iter().filter(differs);
    found
        .map(|(sku, quantity)| {
            let used = used.get(&sku).copied().unwrap_or(Some(Decimal::ZERO));
            let used = used.map_or_else(|| "?".to_owned(), |used| used.to_string());
            finding("material_quantity", format!("materials/{sku}"), Some(format!("{used} of {quantity}")))
        })
        .collect()
}

/// The materials of a view that count.
#[must_use]
pub fn used(view: &View) -> Vec<Used<'_>> {
    let counts = view.materials.iter().filter(|entry| !view.withdrawn.contains_key(&entry.key));
    counts
        .map(|entry| Used { sku: &entry.value.sku, quantity: &entry.value.quantity, unit: &entry.value.unit })
        .collect()
}

/// Sums per stock code; `None` where units differ or a quantity is no number.
fn used_by_sku(view: &View) -> BTreeMap<String, Option<Decimal>> {
    let mut by_sku = BTreeMap::new();
    for ((sku, _), sum) in sums(used(view)) {
        by_sku.entry(sku).and_modify(|sum| *sum = None).or_insert(sum);
    }
    by_sku
}
