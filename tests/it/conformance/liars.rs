//! Servers that are faulty in one way each: which checks notice it and, in the long form, that no other does.

use integration_tests::effort;
use integration_tests::faults::{FaultProxy, Liar};
use sync_core::bytes::Hash;
use sync_core::protocol::row::kind;
use sync_core::protocol::{Ack, Outcome, SyncResponse};
use sync_core::time::UnixMillis;

use super::*;

/// One fault: what it is, what it makes of an answer, and the checks that break.
type Fault = (&'static str, Box<dyn FnMut(&mut SyncResponse) + Send>, &'static [&'static str]);

/// A fault of each ack.
fn of_acks(mut fault: impl FnMut(&mut Ack) + Send + 'static) -> Box<dyn FnMut(&mut SyncResponse) + Send> {
    Box::new(move |answer| answer.acks.iter_mut().for_each(&mut fault))
}

/// One outcome is told as another.
fn told_as(is: Outcome, told: Outcome) -> Box<dyn FnMut(&mut SyncResponse) + Send> {
    of_acks(move |ack| {
        if ack.outcome == is {
            ack.outcome = told;
        }
    })
}

/// Runs the checks that must notice it, or all of them, against one server after another; it is ours but for the fault.
fn are_found_out(faults: Vec<Fault>) {
    let server = server(&json!({}));
    let (mut found, mut all_expected) = (Vec::new(), Vec::new());
    for (fault, lie, expected) in faults {
        let liar = FaultProxy::before(server.url());
        liar.set(Liar::new(lie));
        let named = expected.iter().filter(|_| !effort::is_long()).flat_map(|check| ["--only", check]);
        let more: Vec<&str> = ADMIN.into_iter().chain(named).collect();
        let (output, report) = conformance_at(&server, liar.url(), "server", &more);
        assert_eq!(output.status.code(), Some(1), "{fault}: {report:#} {}", String::from_utf8_lossy(&output.stderr));
        found.push((fault, broken(&report).into_iter().map(str::to_owned).collect::<Vec<_>>()));
        all_expected.push((fault, expected.iter().map(|check| (*check).to_owned()).collect()));
    }
    assert_eq!(found, all_expected);
}

#[test]
fn a_server_that_says_something_else_of_an_item_is_found_out() {
    are_found_out(vec![
        (
            "what was there before is new",
            told_as(Outcome::Duplicate, Outcome::Stored),
            &["same_body_again", "in_parallel", "intent_once", "dropped_answer"],
        ),
        (
            "what was kept out is stored",
            told_as(Outcome::Quarantined, Outcome::Stored),
            &["device_revoked_is_quarantined"],
        ),
        (
            "what must be written anew is stored",
            told_as(Outcome::NeedReplay, Outcome::Stored),
            &["truncated", "other_author", "other_genesis"],
        ),
        (
            "what is unknown lies in quarantine",
            told_as(Outcome::NotFound, Outcome::Quarantined),
            &["no_seal", "other_seal", "absent_document"],
        ),
        ("nothing is named as missing", of_acks(|ack| ack.missing.clear()), &["causal"]),
        (
            "no reason is given",
            of_acks(|ack| ack.code = None),
            &["truncated", "other_author", "device_revoked_is_quarantined"],
        ),
        (
            "heads that nobody has",
            of_acks(|ack| ack.heads.iter_mut().for_each(|head| *head = Hash::of(&head.0))),
            &[
                "push_is_held",
                "delta",
                "same_body_again",
                "in_parallel",
                "whole_again",
                "truncated",
                "flipped_bit",
                "other_author",
                "unknown_words",
                "clock_jumps",
            ],
        ),
        (
            "one item gets no answer",
            Box::new(|answer| answer.acks.truncate(answer.acks.len().max(2) - 1)),
            &["acks_in_order", "device_revoked_is_quarantined"],
        ),
        ("acks are in another order", Box::new(|answer| answer.acks.reverse()), &["acks_in_order"]),
    ]);
}

#[test]
fn a_server_that_gives_other_receipts_is_found_out() {
    let mut before = Vec::new();
    are_found_out(vec![
        (
            "no receipts",
            Box::new(|answer| answer.receipts.clear()),
            &[
                "push_is_held",
                "same_body_again",
                "truncated",
                "dropped_answer",
                "device_suspended_is_marked",
                "device_revoked_is_quarantined",
            ],
        ),
        (
            "receipts that somebody else signed",
            Box::new(|answer| answer.receipts.iter_mut().for_each(forge)),
            &[
                "push_is_held",
                "same_body_again",
                "causal",
                "truncated",
                "dropped_answer",
                "device_suspended_is_marked",
                "device_revoked_is_quarantined",
            ],
        ),
        (
            "the receipts of the answer before",
            Box::new(move |answer| std::mem::swap(&mut answer.receipts, &mut before)),
            &["push_is_held", "truncated", "device_suspended_is_marked", "device_revoked_is_quarantined"],
        ),
    ]);
}

/// Changes the signature of a receipt.
fn forge(receipt: &mut String) {
    let at = receipt.rfind('.').expect("a JWS") + 1;
    let other = if receipt[at..].starts_with('A') { "B" } else { "A" };
    receipt.replace_range(at..=at, other);
}

#[test]
fn a_server_that_keeps_news_back_is_found_out() {
    are_found_out(vec![
        (
            "no rows of visits",
            Box::new(|answer| drop(answer.rows.remove(kind::VISIT))),
            &["news_of_others", "stale_cursor"],
        ),
        (
            "no documents",
            Box::new(|answer| answer.docs.clear()),
            &["snapshot_on_demand", "news_of_others", "news_in_pieces"],
        ),
        (
            "documents without their changes",
            Box::new(|answer| answer.docs.iter_mut().for_each(|doc| doc.bytes.0.clear())),
            &["snapshot_on_demand", "news_of_others"],
        ),
        ("there is never more", Box::new(|answer| answer.more = false), &["news_in_pieces"]),
        ("nothing is wanted", Box::new(|answer| answer.wants.clear()), &["wants"]),
        (
            "a clock that goes back",
            {
                let mut shown = 4_000_000_000_000;
                Box::new(move |answer| {
                    shown -= 1;
                    answer.server_time = UnixMillis(shown);
                })
            },
            &["server_time"],
        ),
    ]);
}
