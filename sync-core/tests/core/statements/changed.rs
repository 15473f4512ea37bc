//! What changed since the customer signed is named.

use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::doc::record::StatementRef;
use sync_core::merge::View;
use sync_core::merge::view::Entry;
use sync_core::plain_json;
use sync_core::statement::{Body, changed_after_signing, newest_first};

use super::fixture::*;

/// Subject and detail of what differs from the form of the fixture, sealed by operation 50.
fn changes(view: &View) -> Vec<(String, String)> {
    let body: Body = plain_json::parse_as(&draft().body_bytes).unwrap();
    let named = sealed(b"form", 50);
    let found = changed_after_signing(view, &template(), &body, &named);
    assert!(found.iter().all(|finding| finding.code == "changed_after_signing"));
    found.into_iter().map(|finding| (finding.subject, finding.detail.unwrap())).collect()
}

fn sealed(form: &[u8], counter: u64) -> Entry<StatementRef> {
    let kind = "construction_confirmation".to_owned();
    entry(&Hash::of(form).to_string(), counter, StatementRef { kind, at: stamp(), by: None })
}

fn pair(subject: &str, detail: &str) -> (String, String) {
    (subject.to_owned(), detail.to_owned())
}

#[test]
fn what_was_signed_is_unchanged() {
    assert_eq!(changes(&view()), []);
}

#[test]
fn changed_readings_answers_and_photos_are_named() {
    let mut view = view();
    view.measures.push(measure("optical_power", 60, "-12", "dBm"));
    view.answers.extend(answers(&[("rating", json!(3))]));
    let text = view.answers.get_mut("location_agreed").unwrap();
    text.op.counter = 61;
    view.photos.push(photo("p12", "splitter_label", Some("p2")));
    let found = changes(&view);
    assert_eq!(found[0], pair("measures/optical_power", "-18.30 dBm when signed, -12 dBm now"));
    assert!(found.contains(&pair("answers/location_agreed", "written again after signing")), "{found:?}");
    assert!(
        found.iter().any(|(subject, detail)| subject == "answers/rating" && detail.ends_with("when signed, 3 now"))
    );
    assert!(found.contains(&pair("photos/p12", "added to splitter_label after signing")), "{found:?}");
    assert!(found.iter().any(|(subject, detail)| subject == "photos/p2" && detail.contains("replaced")), "{found:?}");
    assert_eq!(found.len(), 5, "{found:?}");
}

#[test]
fn the_newest_statement_that_stands_comes_first() {
    let mut view = view();
    view.statements = vec![sealed(b"first", 40), sealed(b"second", 50), sealed(b"third", 60)];
    let withdrawn = view.withdrawn.values().next().unwrap().value.clone();
    let third = Hash::of(b"third").to_string();
    view.withdrawn.insert(third.clone(), entry(&third, 70, withdrawn));
    let order: Vec<_> = newest_first(&view).map(|(digest, _)| digest).collect();
    assert_eq!(order, [Hash::of(b"second"), Hash::of(b"first")]);
}
