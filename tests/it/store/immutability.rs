//! What was captured, signed, published or decided: the database itself refuses to change it.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_query;
use doorstep::app::AppError;
use doorstep::domain::Role;
use doorstep_store::norms::{
    CalendarVersionRow, PolicyVersionRow, TemplateRow, find_policy, find_template, insert_calendar, insert_policy,
    insert_template,
};
use doorstep_store::schema::statements;
use doorstep_store::{Conn, Txt, per_backend};
use integration_tests::app::{COMPANIES, TestApp};
use integration_tests::company::YUNZE;
use integration_tests::db::{TestDb, with_conn};
use sync_core::bytes::Hash;
use sync_core::intent::IntentBody;
use sync_core::intent::body::DayNote;

use super::catalogue;

const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn template() -> TemplateRow {
    let body = "{}".to_owned();
    let sha256 = Txt(Hash::of(body.as_bytes()));
    TemplateRow {
        org_id: Txt(YUNZE.org),
        code: "t".to_owned(),
        version: 1,
        body,
        sha256,
        published_at_ms: 1,
        effective_from_ms: 0,
    }
}

fn policy() -> PolicyVersionRow {
    PolicyVersionRow { org_id: Txt(YUNZE.org), version: 1, body: "{}".to_owned(), effective_from_ms: 1 }
}

fn calendar() -> CalendarVersionRow {
    CalendarVersionRow { org_id: Txt(YUNZE.org), version: 1, body: "{}".to_owned(), published_at_ms: 1 }
}

fn insert_statement(conn: &mut Conn) {
    let inserted = per_backend!(conn, c => diesel::insert_into(statements::table)
        .values((
            statements::org_id.eq(YUNZE.org.to_string()),
            statements::digest.eq(DIGEST),
            statements::visit_id.eq("01955f2c-3000-7000-8000-000000000001"),
            statements::kind.eq("acceptance"),
            statements::body.eq(b"body".to_vec()),
            statements::seal.eq("seal"),
            statements::device_id.eq("01955f2c-3000-7000-8000-000000000002"),
            statements::received_at_ms.eq(1i64),
        ))
        .execute(c));
    assert_eq!(inserted.expect("a statement is stored"), 1);
}

#[test]
fn statements_and_norms_are_neither_changed_nor_removed() {
    let db = TestDb::copy_of(&COMPANIES);
    with_conn(db.url(), |conn| {
        insert_statement(conn);
        insert_template(conn, &template()).expect("a template");
        insert_policy(conn, &policy()).expect("a policy");
        insert_calendar(conn, &calendar()).expect("a calendar");
        for (table, change) in [
            ("statements", "UPDATE statements SET seal = 'other'"),
            ("statements", "UPDATE statements SET received_at_ms = 2"),
            ("statements", "UPDATE statements SET seal = seal"),
            ("statements", "DELETE FROM statements"),
            ("templates", "UPDATE templates SET body = '{\"a\": 1}'"),
            ("templates", "DELETE FROM templates"),
            ("policies", "UPDATE policies SET effective_from_ms = 0"),
            ("policies", "DELETE FROM policies"),
            ("calendars", "UPDATE calendars SET published_at_ms = 0"),
            ("calendars", "DELETE FROM calendars"),
        ] {
            let refused = per_backend!(conn, c => sql_query(change).execute(c)).expect_err(change).to_string();
            assert!(refused.contains(&format!("immutable: {table}")), "{change}: {refused}");
        }
        let seals: Vec<String> =
            per_backend!(conn, c => statements::table.select(statements::seal).load(c)).expect("rows");
        assert_eq!(seals, ["seal"]);
        assert_eq!(find_template(conn, YUNZE.org, "t", 1).expect("read"), Some(template()));
        assert_eq!(find_policy(conn, YUNZE.org, 1).expect("read"), Some(policy()));
    });
}

/// Tables whose rows are proof, each with a change that makes another of it; `V` stands for a visit, `P` for a person.
const PROOF: [(&str, &str, &str); 21] = [
    ("intents", "result = 'declined'", ""),
    ("batch_seals", "received_at_ms = 2", ""),
    (
        "batch_seal_parts",
        "held = '{}'",
        "(org_id, device_id, digest, part, held, received_at_ms) VALUES ('O', 'P', 'H', 1, '{\"docs\":[]}', 1)",
    ),
    ("doc_changes", "received_at_ms = 2", ""),
    (
        "verdicts",
        "decision = 'reject'",
        "(org_id, id, visit_id, body, decision, decided_by, at_ms) \
        VALUES ('O', 'P', 'V', '{}', 'approve', 'P', 1)",
    ),
    (
        "finding_decisions",
        "decision = 'dismissed'",
        "(org_id, id, visit_id, photo_id, sha256, code, level, evidence, decision, decided_by, at_ms) \
        VALUES ('O', 'P', 'V', 'p', 'H', 'blurred', 1, '{}', 'confirmed', 'P', 1)",
    ),
    (
        "calls",
        "result = 'refused'",
        "(org_id, call_id, visit_id, rep_id, started_at_ms, duration_secs, result, told_by, told_at_ms) \
        VALUES ('O', 'c', 'V', 'P', 1, 1, 'reached', 'P', 1)",
    ),
    (
        "customer_consents",
        "consent_sms = FALSE",
        "(org_id, customer_id, seq, at_ms, consent_sms, recorded_by) \
        SELECT org_id, id, 1, 1, TRUE, 'P' FROM customers",
    ),
    ("conflict_choices", "body = '[]'", "(org_id, id, visit_id, body, at_ms) VALUES ('O', 'P', 'V', '{}', 1)"),
    (
        "norm_withdrawals",
        "reason = 'other'",
        "(org_id, kind, code, version, withdrawn_at_ms, withdrawn_by, reason) \
        VALUES ('O', 'policy', '', 9, 1, 'P', 'why')",
    ),
    (
        "meeting_places",
        "places = '[{}]'",
        "(org_id, team_id, version, places, set_by, set_at_ms) VALUES ('O', 'T', 1, '[]', 'P', 1)",
    ),
    (
        "day_sign_offs",
        "covered = '{}'",
        "(org_id, team_id, day, number, signed_by, signed_at_ms, covered, covered_sha256, open) \
        VALUES ('O', 'T', '2025-03-04', 1, 'P', 1, '[]', 'H', '[]')",
    ),
    (
        "archive_items",
        "keep_until_ms = 2",
        "(org_id, id, kind, subject, version, visit_id, sha256, ended_at_ms, stored_at_ms, keep_until_ms, policy_version) \
        VALUES ('O', 'P', 'visit', 'V', 1, 'V', 'H', 1, 1, 1, 1)",
    ),
    (
        "legal_holds",
        "reason = 'other'",
        "(org_id, id, visit_id, reason, placed_by, placed_at_ms) VALUES ('O', 'P', 'V', 'why', 'P', 1)",
    ),
    (
        "legal_hold_ends",
        "reason = 'other'",
        "(org_id, hold_id, reason, lifted_by, lifted_at_ms) VALUES ('O', 'P', 'over', 'P', 1)",
    ),
    ("late_work", "body = '[]'", "(org_id, visit_id, seq, body) VALUES ('O', 'V', 1, '{}')"),
    ("late_decisions", "body = '[]'", "(org_id, id, visit_id, body, at_ms) VALUES ('O', 'P', 'V', '{}', 1)"),
    (
        "audit_events",
        "detail = '[]'",
        "(org_id, id, at_ms, kind, subject, detail) VALUES ('O', 'P', 1, 'k', 's', '{}')",
    ),
    (
        "complete_receipts",
        "jws = 'other'",
        "(org_id, visit_id, number, content_sha256, jws, issued_at_ms) \
        VALUES ('O', 'V', 1, 'H', 'a.b.c', 1)",
    ),
    (
        "doc_packs",
        "bytes = 'other'",
        "(org_id, visit_id, through_seq, content_bytes, bytes) VALUES ('O', 'V', 1, 4, 'pack')",
    ),
    (
        "quarantine",
        "bytes = 'other'",
        "(org_id, id, kind, device_id, code, bytes, received_at_ms) \
        VALUES ('O', 'H', 'doc', 'P', 'c', 'refused', 1)",
    ),
];

/// Tables whose rows are proof, too, of a test of their own.
const SIGNED_OR_PUBLISHED: [&str; 4] = ["statements", "templates", "policies", "calendars"];

/// Changes that look like what packing does and lose bytes, and one beside what became of an item.
const FALSE_CHANGES: [(&str, &str); 4] = [
    ("quarantine", "UPDATE quarantine SET sha256 = 'other'"),
    ("doc_changes", "UPDATE doc_changes SET bytes = '', packed_bytes = 1"),
    ("doc_changes", "UPDATE doc_changes SET packed_bytes = length(bytes)"),
    ("doc_packs", "UPDATE doc_packs SET through_seq = 2, content_bytes = 3"),
];

/// What takes rows away without the word for it.
fn disguised_removal(app: &TestApp, table: &str) -> String {
    if app.state.store.has_nodes() {
        format!("TRUNCATE {table} CASCADE")
    } else {
        format!("INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    }
}

/// What the database says to a change.
async fn refusal(app: &TestApp, change: &str) -> String {
    let sql = change.to_owned();
    let tried = app.state.store.write(move |conn| {
        per_backend!(conn, c => c.batch_execute(&sql)).map_err(|error| AppError::Internal(error.to_string()))
    });
    format!("{:?}", tried.await.expect_err(change))
}

#[actix_web::test]
async fn what_was_captured_or_decided_is_neither_changed_nor_removed() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.tick(visit, "kit/a", true);
    phone
        .intend(IntentBody::DayNote(DayNote { date: "2025-03-04".to_owned(), visit_id: None, text: "雨".to_owned() }));
    phone.sync().await;
    let [org, visit, person] = [YUNZE.org.to_string(), visit.to_string(), YUNZE.member(Role::Reviewer).id.to_string()];
    let filled = move |text: &str| {
        let text = text.replace("'O'", &format!("'{org}'")).replace("'V'", &format!("'{visit}'"));
        let text = text.replace("'T'", &format!("'{}'", YUNZE.team(1)));
        text.replace("'P'", &format!("'{person}'")).replace("'H'", &format!("'{DIGEST}'"))
    };
    for (table, _, row) in PROOF.iter().filter(|(.., row)| !row.is_empty()) {
        let insertion = filled(&format!("INSERT INTO {table} {row}"));
        app.write(move |conn| Ok(per_backend!(conn, c => c.batch_execute(&insertion))?)).await;
    }
    app.write(|conn| {
        insert_statement(conn);
        Ok(())
    })
    .await;
    let before = app.read(|conn| Ok(catalogue::count_rows(conn))).await;
    for (table, change, _) in PROOF {
        assert!(before[table] > 0, "{table} has a row to change");
        let changes = [format!("UPDATE {table} SET {change}"), format!("DELETE FROM {table}")];
        for change in changes.into_iter().chain([disguised_removal(&app, table)]) {
            let refused = refusal(&app, &change).await;
            assert!(refused.contains(&format!("immutable: {table}")), "{change}: {refused}");
        }
    }
    for table in SIGNED_OR_PUBLISHED {
        assert!(before[table] > 0, "{table} has a row to change");
        let change = disguised_removal(&app, table);
        let refused = refusal(&app, &change).await;
        assert!(refused.contains(&format!("immutable: {table}")), "{change}: {refused}");
    }
    for (table, change) in FALSE_CHANGES {
        let refused = refusal(&app, change).await;
        assert!(refused.contains(&format!("immutable: {table}")), "{change}: {refused}");
    }
    // What became of an item is no part of it.
    app.write(|conn| Ok(per_backend!(conn, c => c.batch_execute("UPDATE quarantine SET state = 'dismissed'"))?)).await;
    assert_eq!(app.read(|conn| Ok(catalogue::count_rows(conn))).await, before);
}

#[test]
fn exactly_the_tables_of_proof_refuse_changes() {
    let db = TestDb::copy_of(&COMPANIES);
    let catalogue = with_conn(db.url(), catalogue::read);
    let both = BTreeSet::from(["DELETE".to_owned(), "UPDATE".to_owned()]);
    let refusing = catalogue.iter().filter(|(_, table)| table.refused == both).map(|(name, _)| name.as_str());
    let expected = PROOF.iter().map(|(table, ..)| *table).chain(SIGNED_OR_PUBLISHED);
    assert_eq!(refusing.collect::<BTreeSet<_>>(), expected.collect());
    let partly = catalogue.iter().filter(|(_, table)| !table.refused.is_empty() && table.refused != both);
    assert_eq!(partly.map(|(name, _)| name).collect::<Vec<_>>(), Vec::<&String>::new());
}
