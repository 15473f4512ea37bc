//! What `doorstep verify` makes of each table: a new one is sorted in here, or this fails by its name.

use std::collections::{BTreeMap, BTreeSet};

use integration_tests::app::COMPANIES;
use integration_tests::db::{TestDb, with_conn};

use super::verify::CHANGES;
use crate::store::catalogue;

/// Where the rows of a table come from, and so what verification can say of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// Bytes as they came, and what was signed: held against hash, signature, seal or guard.
    Captured,
    /// Follows from what is kept: built anew and compared, under the check of this name or one of its columns.
    Rebuilt(&'static str),
    /// Came of something captured and is not derived anew, as `docs/RUNBOOK.md` says.
    Underived,
    /// The office's or the server's own: there is nothing that it must agree with.
    Owned,
}

use Origin::{Captured, Owned, Rebuilt, Underived};

const TABLES: [(&str, Origin); 92] = [
    ("absence_ends", Owned),
    ("absences", Owned),
    ("appointments", Underived),
    ("archive_due", Owned),
    ("archive_items", Underived),
    ("assignments", Underived),
    ("audience_heads", Rebuilt("feed")),
    ("audit_events", Owned),
    ("batch_seal_parts", Captured),
    ("batch_seals", Captured),
    ("blob_bringers", Underived),
    ("blob_claims", Rebuilt("blob_claims")),
    ("blob_facts", Underived),
    ("blobs", Captured),
    ("calendars", Owned),
    ("calls", Owned),
    ("certificates", Owned),
    ("complete_receipts", Captured),
    ("conflict_choices", Owned),
    ("customer_consents", Owned),
    ("customer_links", Owned),
    ("customer_phones", Underived),
    ("customers", Underived),
    ("day_records", Rebuilt("day_records")),
    ("day_sign_offs", Captured),
    ("deadline_history", Underived),
    ("deadlines", Underived),
    ("device_marks", Underived),
    ("device_orders", Owned),
    ("devices", Owned),
    ("doc_actors", Rebuilt("doc_actors")),
    ("doc_changes", Captured),
    ("doc_packs", Captured),
    ("documents", Rebuilt("documents")),
    ("enrolment_codes", Owned),
    ("feed", Rebuilt("feed")),
    ("finding_decisions", Owned),
    ("findings", Rebuilt("findings")),
    ("grid_teams", Owned),
    ("grids", Owned),
    ("idempotency_keys", Owned),
    ("installed_items", Rebuilt("installed_items")),
    ("intent_blobs", Rebuilt("intent_blobs")),
    ("intents", Captured),
    ("kept_receipts", Underived),
    ("late_decisions", Owned),
    ("late_work", Underived),
    ("legal_hold_ends", Owned),
    ("legal_holds", Owned),
    ("login_delays", Owned),
    ("meeting_places", Owned),
    ("nonces", Owned),
    ("norm_withdrawals", Owned),
    ("notices", Owned),
    ("number_series", Owned),
    ("order_holds", Owned),
    ("order_refusals", Owned),
    ("org_storage", Rebuilt("stored_bytes")),
    ("organisations", Owned),
    ("outages", Owned),
    ("photo_checks", Owned),
    ("photo_looks", Underived),
    ("photo_near_misses", Rebuilt("findings")),
    ("photo_sightings", Underived),
    ("policies", Owned),
    ("quarantine", Captured),
    ("refresh_families", Owned),
    ("restore_gaps", Underived),
    ("review_claims", Owned),
    ("reworks", Owned),
    ("search_terms", Underived),
    ("signing_keys", Owned),
    ("sites", Underived),
    ("statements", Captured),
    ("store_epoch", Owned),
    ("tasks", Owned),
    ("teams", Owned),
    ("templates", Owned),
    ("uploads", Owned),
    ("user_roles", Owned),
    ("users", Owned),
    ("verdicts", Owned),
    ("visit_answers", Rebuilt("visit_answers")),
    ("visit_conflicts", Rebuilt("visit_conflicts")),
    ("visit_events", Rebuilt("visit_events")),
    ("visit_late_work", Rebuilt("visit_late_work")),
    ("visit_news", Owned),
    ("visit_photos", Rebuilt("visit_photos")),
    ("visit_readings", Rebuilt("visit_readings")),
    ("visit_statements", Rebuilt("visit_statements")),
    ("visits", Rebuilt("visits")),
    ("work_orders", Owned),
];

/// Checks whose rows are changed by tests of their own: `findings::verified`, `findings::refitted` and `uploads::room`.
const CHANGED_ELSEWHERE: [&str; 2] = ["findings", "stored_bytes"];

#[test]
fn every_table_is_known_to_verification() {
    let db = TestDb::copy_of(&COMPANIES);
    let stored = with_conn(db.url(), |conn| catalogue::read(conn).into_keys().collect::<BTreeSet<_>>());
    let sorted: BTreeMap<_, _> = TABLES.into_iter().collect();
    assert_eq!(sorted.len(), TABLES.len(), "each once");
    let unknown: Vec<_> = stored.iter().filter(|table| !sorted.contains_key(table.as_str())).collect();
    assert_eq!(unknown, [""; 0], "say what verification makes of them");
    let gone: Vec<_> = sorted.keys().filter(|table| !stored.contains(**table)).collect();
    assert_eq!(gone, [&""; 0], "tables that are not there");
}

#[test]
fn every_table_that_is_rebuilt_has_a_change_that_verification_names() {
    let changed: BTreeSet<&str> = CHANGES.iter().filter_map(|(check, _)| check.split('.').next()).collect();
    for (table, origin) in TABLES {
        let Rebuilt(check) = origin else { continue };
        let is_shown = changed.contains(check) || CHANGED_ELSEWHERE.contains(&check);
        assert!(is_shown, "no test changes a row of {table} and expects {check}");
    }
    for (table, origin) in TABLES {
        let is_compared = matches!(origin, Captured | Rebuilt(_));
        assert!(is_compared || !changed.contains(table), "{table} is compared");
    }
}
