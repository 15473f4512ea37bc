//! What the field record says otherwise than the form the customer signed.
//!
//! A finding, never a refusal: whether a new signature or an amendment is due is for people to decide.

use std::collections::BTreeMap;

use serde_json::Value;

use super::body::{Body, PhotoItem};
use super::compose::work_photos;
use crate::bytes::Hash;
use crate::doc::record::StatementRef;
use crate::merge::View;
use crate::merge::view::{Entry, Finding};
use crate::template::Template;
use crate::template::model::QuestionType;

/// The code of these findings.
pub const CHANGED_AFTER_SIGNING: &str = "changed_after_signing";

/// The statements a document names, newest first, without withdrawn ones.
pub fn newest_first(view: &View) -> impl Iterator<Item = (Hash, &Entry<StatementRef>)> {
    let standing = view.statements.iter().rev().filter(|entry| !view.withdrawn.contains_key(&entry.key));
    standing.filter_map(|entry| Some((entry.key.parse().ok()?, entry)))
}

/// Lists the agreed values and the photos of stage `work` that differ from a sealed statement.
///
/// Of a committed text only the order of writing is known: it differs if it was written again after
/// the statement was named in the document.
#[must_use]
pub fn changed_after_signing(
    view: &View,
    template: &Template,
    body: &Body,
    named: &Entry<StatementRef>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for item in template.measurements.iter().filter(|item| item.agreed) {
        let now = view.measure(&item.code).map(|entry| format!("{} {}", entry.value.value, entry.value.unit));
        let signed = body.value(&item.code).map(|item| shown(item.value.as_ref(), item.unit.as_deref()));
        found.extend(differs(format!("measures/{}", item.code), signed, now));
    }
    for question in template.questions.iter().filter(|question| question.agreed) {
        let subject = format!("answers/{}", question.code);
        let (signed, now) = (body.value(&question.code), view.answers.get(&question.code));
        if question.kind == QuestionType::Text || signed.is_some_and(|item| item.commit.is_some()) {
            let is_later = now.is_some_and(|entry| entry.op > named.op);
            found.extend(is_later.then(|| finding(subject, "written again after signing".to_owned())));
            continue;
        }
        let now = now.map(|entry| &entry.value.value).filter(|value| !value.is_null());
        let text = |value: Option<&Value>| value.map(|value| shown(Some(value), None));
        found.extend(differs(subject, text(signed.and_then(|item| item.value.as_ref())), text(now)));
    }
    found.extend(photos(&body.photos, &work_photos(view, template)));
    found
}

fn shown(value: Option<&Value>, unit: Option<&str>) -> String {
    let value = value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).unwrap_or_default();
    unit.map_or_else(|| value.clone(), |unit| format!("{value} {unit}"))
}

fn differs(subject: String, signed: Option<String>, now: Option<String>) -> Option<Finding> {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "absent".to_owned());
    (signed != now).then(|| finding(subject, format!("{} when signed, {} now", text(&signed), text(&now))))
}

fn photos(signed: &[PhotoItem], now: &[PhotoItem]) -> Vec<Finding> {
    let by_id = |items: &[PhotoItem]| -> BTreeMap<String, PhotoItem> {
        items.iter().map(|item| (item.id.clone(), item.clone())).collect()
    };
    let (before, after) = (by_id(signed), by_id(now));
    let gone = before.iter().filter(|(id, item)| after.get(*id) != Some(item)).map(|(id, item)| {
        finding(format!("photos/{id}"), format!("signed in {}, withdrawn or replaced since", item.slot))
    });
    let added = after.iter().filter(|(id, _)| !before.contains_key(*id));
    let added =
        added.map(|(id, item)| finding(format!("photos/{id}"), format!("added to {} after signing", item.slot)));
    gone.chain(added).collect()
}

fn finding(subject: String, detail: String) -> Finding {
    Finding { code: CHANGED_AFTER_SIGNING.to_owned(), subject, detail: Some(detail) }
}
