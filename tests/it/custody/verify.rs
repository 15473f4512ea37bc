//! `doorstep verify` finds nothing in sound data, and names whatever was changed behind the server's back.

use std::collections::{BTreeMap, BTreeSet};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use doorstep::domain::Role;
use doorstep::jobs::pack_documents;
use doorstep::verify::Difference;
use doorstep_store::audit::{AuditEventRow, insert_audit_event};
use doorstep_store::day_sign_offs::{self, DaySignOffRow};
use doorstep_store::documents::list_doc_changes;
use doorstep_store::schema::{doc_changes, doc_packs, documents, intents, quarantine};
use doorstep_store::{Conn, EngineConn, StoreError, StoreResult, Txt, per_backend};
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::ids::VisitId;
use sync_core::intent::IntentBody;
use sync_core::intent::body::{BlobRef, DayCheckIn, DayKit, DayNote};

use super::{hand_in, receipt_path, upload};

/// Inverts the byte in the middle.
fn flipped(mut bytes: Vec<u8>) -> Vec<u8> {
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xFF;
    bytes
}

/// Takes away what keeps rows of a table from being changed, as only the owner of the database can.
fn unguard(conn: &mut Conn, table: &str) -> StoreResult<()> {
    match &mut conn.engine {
        EngineConn::Sqlite(conn) => {
            conn.batch_execute(&format!("DROP TRIGGER {table}_no_update; DROP TRIGGER {table}_no_delete"))?;
        }
        EngineConn::Postgres(conn) => conn.batch_execute(&format!("ALTER TABLE {table} DISABLE TRIGGER USER"))?,
    }
    Ok(())
}

/// Damages the three kinds of bytes of documents: chunks of one visit, snapshot and index of another; and the bytes of a
/// note and of refused changes. A check-in becomes another one, hash and all.
fn flip(conn: &mut Conn, chunks_of: &str, derived_of: &str) -> StoreResult<()> {
    per_backend!(conn, c => {
        let bytes: Vec<u8> = doc_changes::table.filter(doc_changes::visit_id.eq(chunks_of))
            .select(doc_changes::bytes).first(c)?;
        diesel::update(doc_changes::table.filter(doc_changes::visit_id.eq(chunks_of)))
            .set(doc_changes::bytes.eq(flipped(bytes))).execute(c)?;
        let (snapshot, index): (Vec<u8>, Vec<u8>) = documents::table.filter(documents::visit_id.eq(derived_of))
            .select((documents::snapshot, documents::change_index)).first(c)?;
        diesel::update(documents::table.filter(documents::visit_id.eq(derived_of)))
            .set((documents::snapshot.eq(flipped(snapshot)), documents::change_index.eq(flipped(index))))
            .execute(c)?;
        let bytes: Vec<u8> = intents::table.filter(intents::kind.eq("day_note")).select(intents::bytes).first(c)?;
        diesel::update(intents::table.filter(intents::kind.eq("day_note")))
            .set(intents::bytes.eq(flipped(bytes))).execute(c)?;
        let mut bytes: Vec<u8> =
            intents::table.filter(intents::kind.eq("day_check_in")).select(intents::bytes).first(c)?;
        bytes.push(b' ');
        diesel::update(intents::table.filter(intents::kind.eq("day_check_in")))
            .set((intents::sha256.eq(Hash::of(&bytes).to_string()), intents::bytes.eq(bytes))).execute(c)?;
        let bytes: Vec<u8> = quarantine::table.filter(quarantine::kind.eq("doc")).select(quarantine::bytes).first(c)?;
        diesel::update(quarantine::table.filter(quarantine::kind.eq("doc")))
            .set(quarantine::bytes.eq(flipped(bytes))).execute(c)?;
    });
    Ok(())
}

/// One changed row or byte of each kind, with the check that must name it; `V` stands for a visit, `W` for another one, `C`
/// for the colleague's phone.
pub(super) const CHANGES: [(&str, &str); 32] = [
    ("documents.version", "UPDATE documents SET version = 9 WHERE visit_id = 'V'"),
    ("documents.heads", "UPDATE documents SET heads = '' WHERE visit_id = 'V'"),
    ("doc_actors", "UPDATE doc_actors SET device_id = '01955f2c-3000-7000-8000-0000000000ff' WHERE visit_id = 'V'"),
    ("visit_photos", "UPDATE visit_photos SET slot = 'ont_stb' WHERE visit_id = 'V' AND slot = 'ont_front'"),
    ("visit_readings", "UPDATE visit_readings SET value = '-9.00' WHERE visit_id = 'V'"),
    ("visit_answers", "UPDATE visit_answers SET value = '1' WHERE visit_id = 'V'"),
    ("installed_items", "UPDATE installed_items SET serial_key = 'ONT2' WHERE visit_id = 'V'"),
    ("visit_events", "DELETE FROM visit_events WHERE visit_id = 'V' AND event = 'depart'"),
    ("blob_claims", "UPDATE blob_claims SET is_required = FALSE WHERE visit_id = 'V' AND source = 'photo'"),
    ("statements", "DELETE FROM blob_claims WHERE visit_id = 'V' AND source = 'statement'"),
    ("visit_statements", "DELETE FROM visit_statements WHERE visit_id = 'V'"),
    ("visit_late_work", "UPDATE visit_late_work SET total_count = 9 WHERE visit_id = 'V'"),
    ("visit_conflicts", "DELETE FROM visit_conflicts WHERE visit_id = 'V'"),
    ("visits.state", "UPDATE visits SET state = 'approved' WHERE id = 'V'"),
    ("visits.pins", "UPDATE visits SET pinned_policy_version = 7 WHERE id = 'V'"),
    ("visits.outcome", "UPDATE visits SET outcome = 'completed' WHERE id = 'V'"),
    ("visits.submitted_at_ms", "UPDATE visits SET submitted_at_ms = 1 WHERE id = 'V'"),
    ("visits.missing_blobs", "UPDATE visits SET missing_blobs = 3 WHERE id = 'V'"),
    ("visits.evidence_complete_at_ms", "UPDATE visits SET evidence_complete_at_ms = NULL WHERE id = 'V'"),
    ("batch_seals", "UPDATE batch_seals SET list = '[]' WHERE device_id = 'C'"),
    ("batch_seals.held", "UPDATE batch_seals SET held = '{}' WHERE device_id = 'C'"),
    (
        "batch_seals.docs",
        "UPDATE documents SET change_index = (SELECT other.change_index FROM documents AS other \
         WHERE other.visit_id = 'W') WHERE visit_id = 'V'",
    ),
    ("batch_seals.intents", "DELETE FROM intents WHERE kind = 'day_kit'"),
    ("batch_seals.statements", "DELETE FROM statements WHERE visit_id = 'W'"),
    (
        "blobs.is_quarantined",
        "UPDATE blobs SET is_quarantined = TRUE WHERE sha256 = (SELECT min(sha256) FROM blob_claims WHERE visit_id = 'W')",
    ),
    (
        "quarantine.blobs",
        "INSERT INTO quarantine (org_id, id, kind, device_id, code, bytes, received_at_ms) \
         SELECT org_id, sha256, 'blob', device_id, 'device_revoked', '', 1 FROM intents WHERE kind = 'day_note'",
    ),
    ("batch_seals.quarantined", "DELETE FROM quarantine WHERE kind = 'intent'"),
    ("intent_blobs", "DELETE FROM intent_blobs"),
    (
        "day_sign_offs",
        "INSERT INTO day_sign_offs \
         (org_id, team_id, day, number, signed_by, signed_at_ms, covered, covered_sha256, open) \
         SELECT users.org_id, users.team_id, '2025-03-04', 1, users.id, 1, '[]', blobs.sha256, '[]' \
         FROM users JOIN visits ON visits.org_id = users.org_id AND visits.id = 'V' \
         JOIN (SELECT org_id, min(sha256) AS sha256 FROM blobs GROUP BY org_id) AS blobs ON blobs.org_id = users.org_id \
         WHERE users.login = 'team_lead'",
    ),
    ("day_records", "UPDATE day_records SET day = '2025-03-05'"),
    (
        "feed.visit",
        "DELETE FROM feed WHERE kind = 'visit' AND item = 'V' AND audience = \
         (SELECT min(audience) FROM feed WHERE kind = 'visit' AND item = 'V')",
    ),
    (
        "complete_receipts",
        "INSERT INTO complete_receipts SELECT org_id, visit_id, 7, content_sha256, 'e30.e30.e30', 1 \
         FROM complete_receipts WHERE visit_id = 'V'",
    ),
];

/// Pushes from which a document is packed.
const PUSHES_TO_PACK: usize = 16;

/// Three intents, and bytes that are refused: a change and an intent.
async fn capture_the_day(phone: &mut Phone<'_>, visit: VisitId) {
    let date = || "2025-03-04".to_owned();
    let photo = Some(BlobRef { sha256: Hash::of(b"depot"), bytes: 5, media_type: "image/jpeg".to_owned() });
    phone.intend(IntentBody::DayCheckIn(DayCheckIn { date: date(), place: None, geo: None, photo }));
    phone.intend(IntentBody::DayKit(DayKit { date: date(), items: BTreeMap::new(), note: None }));
    phone.intend(IntentBody::DayNote(DayNote { date: date(), visit_id: None, text: "雨".to_owned() }));
    phone.sync().await;
    phone.exchange(&phone.pushing(visit, vec![b"no change at all".to_vec()])).await;
    phone.exchange(&phone.pushing_intent("no intent")).await;
}

#[actix_web::test]
async fn sound_data_verify_and_every_changed_byte_or_row_is_named() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let mut colleague = app.phone_of(YUNZE.colleague()).await;
    let mut visits = Vec::new();
    for _ in 0..2 {
        let of = hand_in(&app, &mut phone).await;
        // A colleague answers the same question meanwhile.
        colleague.sync().await;
        colleague.answer(of.visit, "rating", &json!(3));
        phone.sync().await;
        colleague.sync().await;
        for bytes in of.parts.iter().chain(of.photos.iter().map(|(_, bytes)| bytes)) {
            upload(&phone, bytes).await;
        }
        // A second push, of change chunks.
        phone.tick(of.visit, "cleanup/residue_removed", false);
        phone.sync().await;
        phone.device.client().get(receipt_path(of.visit)).await.expect(200);
        visits.push(of);
    }
    capture_the_day(&mut phone, visits[0].visit).await;
    let sound = app.verified().await;
    assert_eq!(sound.differences, []);
    let counted = |what: &str| sound.counts.get(what).copied().unwrap_or(0);
    assert_eq!((counted("documents"), counted("statements"), counted("receipts")), (2, 2, 2));
    assert!(counted("pushes") >= 4 && counted("blobs") >= 8 && counted("seals") >= 4, "{:?}", sound.counts);
    assert_eq!((counted("intents"), counted("quarantined")), (3, 2));

    let (chunks_of, visit) = (visits[0].visit.to_string(), visits[1].visit.to_string());
    let colleagues = colleague.device.id;
    let photo = Hash::of(&visits[1].photos[0].1);
    let hex = photo.to_string();
    let file =
        app.state.config.data_dir.join(format!("blobs/o/{}/sha256/{}/{}/{hex}", YUNZE.org, &hex[..2], &hex[2..4]));
    std::fs::write(&file, b"another picture").expect("the blob is changed");
    let changed = visit.clone();
    app.write(move |conn| {
        ["doc_changes", "batch_seals", "intents", "statements", "quarantine"]
            .into_iter()
            .try_for_each(|table| unguard(conn, table))?;
        flip(conn, &chunks_of, &changed)?;
        for (_, sql) in CHANGES {
            let sql = sql.replace("'V'", &format!("'{changed}'")).replace("'W'", &format!("'{chunks_of}'"));
            per_backend!(conn, c => c.batch_execute(&sql.replace("'C'", &format!("'{colleagues}'"))))?;
        }
        per_backend!(conn, c => c.batch_execute("UPDATE audience_heads SET pos = 0"))?;
        Ok(())
    })
    .await;
    let report = app.verified().await;
    let named: BTreeSet<(&str, &str)> =
        report.differences.iter().map(|found| (found.check, found.id.as_str())).collect();
    let checks: BTreeSet<&str> = named.iter().map(|(check, _)| *check).collect();
    for (check, _) in CHANGES {
        assert!(checks.contains(check), "{check} is not among {named:#?}");
    }
    for check in ["intents", "quarantine"] {
        assert!(checks.contains(check), "{check} is not among {named:#?}");
    }
    let swapped = |found: &&Difference| found.what.ends_with("is not the one that was sealed");
    assert_eq!(report.differences.iter().filter(swapped).count(), 1, "the check-in");
    let first = visits[0].visit.to_string();
    for (check, id) in [
        ("doc_changes", first.as_str()),
        ("documents.snapshot", visit.as_str()),
        ("documents.change_index", visit.as_str()),
        ("blobs", hex.as_str()),
        ("feed", visit.as_str()),
    ] {
        assert!(named.contains(&(check, id)), "{check} {id} is not among {named:#?}");
    }
}

/// A visit whose pushes are packed, as it is in each of these tests before something happens to the pack.
async fn packed(app: &TestApp) -> VisitId {
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    for number in 0..PUSHES_TO_PACK {
        phone.measure(visit, "optical_power", &format!("-{number}.50"), "dBm");
        phone.sync().await;
    }
    assert_eq!(pack_documents::run_due(&app.state).await.expect("the job"), 1);
    assert_eq!(app.verified().await.differences, []);
    app.write(|conn| ["doc_packs", "doc_changes"].into_iter().try_for_each(|table| unguard(conn, table))).await;
    visit
}

/// What is found of the only visit.
async fn found_of(app: &TestApp, visit: VisitId) -> Vec<(&'static str, String)> {
    let differences = app.verified().await.differences;
    let of_visit = differences.into_iter().filter(|one| one.id == visit.to_string());
    of_visit.map(|one| (one.check, one.what)).collect()
}

#[actix_web::test]
async fn a_flipped_byte_of_a_pack_is_named_wherever_it_is() {
    let app = TestApp::new().await;
    let visit = packed(&app).await;
    let pack = app.read(move |conn| {
        Ok::<_, StoreError>(per_backend!(conn, c => doc_packs::table
        .filter(doc_packs::visit_id.eq(visit.to_string())).select(doc_packs::bytes).first::<Vec<u8>>(c))?)
    });
    let whole = pack.await;
    let before = app.read(move |conn| list_doc_changes(conn, YUNZE.org, visit)).await;
    let mut named = 0;
    // The head, what it holds, and its end; all bytes would take as long as the rest of this file.
    for at in (0..whole.len()).step_by(whole.len() / 16 + 1).chain([whole.len() - 1]) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xFF;
        write_pack(&app, visit, bytes).await;
        let found = found_of(&app, visit).await;
        let read = app.state.store.read(move |conn| list_doc_changes(conn, YUNZE.org, visit)).await;
        if read.is_ok_and(|pushes| pushes == before) {
            // A byte of the frame that says nothing about what is in it.
            assert_eq!(found, [], "byte {at} of {}", whole.len());
            continue;
        }
        named += 1;
        assert!(found.iter().any(|(check, _)| *check == "doc_changes"), "byte {at} of {}: {found:?}", whole.len());
    }
    assert!(named > 12, "only {named}");
    write_pack(&app, visit, whole).await;
    assert_eq!(app.verified().await.differences, []);
}

async fn write_pack(app: &TestApp, visit: VisitId, bytes: Vec<u8>) {
    app.write(move |conn| {
        per_backend!(conn, c => diesel::update(doc_packs::table.filter(doc_packs::visit_id.eq(visit.to_string())))
            .set(doc_packs::bytes.eq(&bytes)).execute(c))?;
        Ok(())
    })
    .await;
}

#[actix_web::test]
async fn a_push_that_is_said_to_take_more_or_less_of_its_pack_is_named() {
    let app = TestApp::new().await;
    let visit = packed(&app).await;
    let resize = |by: i64, seqs: [i64; 2]| {
        app.write(move |conn| {
            for (seq, by) in seqs.into_iter().zip([by, -by]) {
                let sql = format!(
                    "UPDATE doc_changes SET packed_bytes = packed_bytes + ({by}) WHERE visit_id = '{visit}' AND seq = {seq}"
                );
                per_backend!(conn, c => c.batch_execute(&sql))?;
            }
            Ok(())
        })
    };
    // One is longer, as if the pack held more; one takes a byte of its neighbour's.
    for seqs in [[3, 0], [3, 4], [1, 2]] {
        for by in [1, -1] {
            resize(by, seqs).await;
            let found = found_of(&app, visit).await;
            assert!(found.iter().any(|(check, _)| *check == "doc_changes"), "{seqs:?} {by}: {found:?}");
            resize(-by, seqs).await;
        }
    }
    assert_eq!(app.verified().await.differences, []);
}

const SIGN_OFFS: &str = "/v1/days/2025-03-04/sign-offs";

/// What is found of sign-offs.
async fn found_of_sign_offs(app: &TestApp) -> Vec<String> {
    let differences = app.verified().await.differences;
    assert!(differences.iter().all(|one| one.check == "day_sign_offs"), "{differences:?}");
    differences.into_iter().map(|one| one.what).collect()
}

#[actix_web::test]
async fn a_sign_off_is_named_whose_signer_reason_or_time_no_audit_event_tells() {
    let app = TestApp::new().await;
    app.office(YUNZE).await.plan(&[YUNZE.rep()]).await;
    app.clock.advance_secs(22 * 3600);
    let lead = app.role(YUNZE, Role::TeamLead).await;
    let seen = lead.get("/v1/days/2025-03-04/closing").await.expect(200);
    let body = json!({"covered_sha256": seen["covered_sha256"], "despite": "客户改约明日"});
    lead.post(SIGN_OFFS, body).await.expect(201);
    assert_eq!(found_of_sign_offs(&app).await, [""; 0]);
    let team = YUNZE.team(1);
    let signed = app.read(move |conn| day_sign_offs::find_last(conn, YUNZE.org, team, "2025-03-04")).await;
    let signed = signed.expect("the sign-off");
    let put = |row: DaySignOffRow| {
        app.write(move |conn| {
            per_backend!(conn, c => c.batch_execute("DELETE FROM day_sign_offs"))?;
            day_sign_offs::insert_sign_off(conn, &row)
        })
    };
    app.write(|conn| unguard(conn, "day_sign_offs")).await;
    let of_another_day = signed.covered.replace("2025-03-04", "2025-03-03");
    for (changed, what) in [
        (DaySignOffRow { signed_by: Txt(YUNZE.member(Role::Dispatcher).id), ..signed.clone() }, "audit event"),
        (DaySignOffRow { despite: Some("客户改约".to_owned()), ..signed.clone() }, "audit event"),
        (DaySignOffRow { despite: None, ..signed.clone() }, "audit event"),
        (DaySignOffRow { signed_at_ms: signed.signed_at_ms + 1, ..signed.clone() }, "audit event"),
        (DaySignOffRow { open: signed.open.replace('1', "2"), ..signed.clone() }, "audit event"),
        (DaySignOffRow { number: 2, ..signed.clone() }, "audit event"),
        (DaySignOffRow { covered: of_another_day.clone(), ..signed.clone() }, "not that of its hash"),
        (
            DaySignOffRow {
                covered_sha256: Txt(Hash::of(of_another_day.as_bytes())),
                covered: of_another_day,
                ..signed.clone()
            },
            "of another day",
        ),
    ] {
        put(changed).await;
        let found = found_of_sign_offs(&app).await;
        assert!(found.len() == 1 && found[0].contains(what), "{what}: {found:?}");
    }
    put(signed).await;
    assert_eq!(found_of_sign_offs(&app).await, [""; 0]);
}

#[actix_web::test]
async fn a_sign_off_of_the_first_form_still_verifies_and_shows_what_came_after_it() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let check_in = || DayCheckIn { date: "2025-03-04".to_owned(), place: None, geo: None, photo: None };
    phone.intend(IntentBody::DayCheckIn(check_in()));
    phone.sync().await;
    let (team, lead) = (YUNZE.team(1), YUNZE.member(Role::TeamLead).id);
    let covered = json!(["doorstep-day-1", YUNZE.org, team, "2025-03-04", []]).to_string();
    let sha256 = Hash::of(covered.as_bytes());
    let detail = json!({"number": 1, "covered_sha256": sha256, "open": 0, "despite": false});
    let (id, at_ms) = (app.id(), app.now().0);
    app.write(move |conn| {
        let row = DaySignOffRow {
            org_id: Txt(YUNZE.org),
            team_id: Txt(team),
            day: "2025-03-04".to_owned(),
            number: 1,
            signed_by: Txt(lead),
            signed_at_ms: at_ms,
            covered: covered.clone(),
            covered_sha256: Txt(sha256),
            open: "{}".to_owned(),
            despite: None,
        };
        day_sign_offs::insert_sign_off(conn, &row)?;
        let event = AuditEventRow {
            org_id: Txt(YUNZE.org),
            id: Txt(id),
            at_ms,
            actor_id: Some(Txt(lead)),
            device_id: None,
            kind: "day.signed_off".to_owned(),
            subject: format!("{team}/2025-03-04"),
            detail: detail.to_string(),
        };
        insert_audit_event(conn, &event)
    })
    .await;
    assert_eq!(found_of_sign_offs(&app).await, [""; 0]);
    app.clock.advance_secs(1);
    let late = phone.intend(IntentBody::DayCheckIn(check_in()));
    phone.sync().await;
    let lead = app.role(YUNZE, Role::TeamLead).await;
    let seen = lead.get("/v1/days/2025-03-04/closing").await.expect(200);
    assert_eq!(seen["after_sign_off"], json!([{"what": "record", "intent_id": late}]));
}

#[actix_web::test]
async fn items_of_a_visit_that_waits_to_be_looked_at_are_not_missed() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    phone.answer(visit, "ont_serial", &json!("ONT-7F21-0001"));
    phone.sync().await;
    let run = |sql: String| app.write(move |conn| Ok(per_backend!(conn, c => c.batch_execute(&sql))?));
    run("DELETE FROM photo_checks; DELETE FROM installed_items".to_owned()).await;
    assert_eq!(
        found_of(&app, visit).await.into_iter().map(|(check, _)| check).collect::<Vec<_>>(),
        ["installed_items"]
    );
    // As the table was created beside visits that there were.
    let (org, due_at_ms) = (YUNZE.org, 4_102_444_800_000_i64);
    run(format!(
        "INSERT INTO photo_checks (org_id, visit_id, revision, due_at_ms) VALUES ('{org}', '{visit}', 1, {due_at_ms})"
    ))
    .await;
    assert_eq!(app.verified().await.differences, []);
}
