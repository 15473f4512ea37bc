//! What a phone sealed and the server rightly does not have is no difference to `doorstep verify`.

use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use sync_core::ids::{DeviceId, VisitId};
use sync_core::protocol::{Outcome, SyncRequest};

use crate::sync::helpers::{batch, day_note, run};
use crate::sync::hostile::craft::nested;

/// Fills the quarantine of a phone to the last item.
async fn fill_quarantine(app: &TestApp, device: DeviceId) {
    let org = YUNZE.org;
    let sql = format!(
        "INSERT INTO quarantine (org_id, id, kind, device_id, code, bytes, received_at_ms) \
         WITH RECURSIVE numbers(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 10000) \
         SELECT '{org}', 'filler ' || number, 'doc', '{device}', 'change_rejected', 'refused', 1 FROM numbers"
    );
    run(app, sql).await;
}

/// Makes rows as they were before the server kept what it held, and hashes of what it refused.
async fn grow_old(app: &TestApp) {
    let forget = "UPDATE batch_seals SET held = NULL; UPDATE quarantine SET sha256 = NULL";
    let statements = [
        format!("DROP TRIGGER batch_seals_no_update; DROP TRIGGER quarantine_no_update; {forget}"),
        format!("ALTER TABLE batch_seals DISABLE TRIGGER USER; ALTER TABLE quarantine DISABLE TRIGGER USER; {forget}"),
    ];
    app.write(move |conn| {
        batch(conn, &statements);
        Ok(())
    })
    .await;
}

/// Sends a request, and says what became of its last item.
async fn last_outcome(phone: &Phone<'_>, request: &SyncRequest) -> (Outcome, Option<String>) {
    let ack = phone.exchange(request).await.acks.pop().expect("an ack");
    (ack.outcome, ack.code)
}

#[actix_web::test]
async fn verify_is_silent_on_what_was_sealed_and_is_rightly_not_stored() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let (visit, foreign) = (office.plan(&[YUNZE.rep()]).await.visit, office.plan(&[YUNZE.stranger()]).await.visit);
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.tick(visit, "first", true);
    phone.sync().await;

    for absent in [foreign, VisitId(app.id())] {
        let mut lost = phone.clone();
        lost.tick(absent, "first", true);
        let request = lost.pushing(absent, lost.unsent_chunks(absent));
        assert_eq!(last_outcome(&lost, &request).await.0, Outcome::NotFound);
    }
    let mut ahead = phone.clone();
    ahead.tick(visit, "second", true);
    ahead.tick(visit, "third", true);
    let later = ahead.pushing(visit, ahead.unsent_chunks(visit)[1..].to_vec());
    assert_eq!(last_outcome(&ahead, &later).await.0, Outcome::NeedFull, "the second never comes");
    ahead.offer_whole(visit);
    assert_eq!(last_outcome(&ahead, &ahead.request()).await.0, Outcome::NeedFull, "changes are wanted, not all of it");

    // Refused: a change; the same with more behind it; an intent; and another of a known id.
    let actor = phone.actor(visit);
    let offender = nested(phone.doc(visit), actor, 3);
    for chunks in [vec![offender.clone()], vec![offender, b"no change".to_vec()]] {
        let outcome = last_outcome(&phone, &phone.pushing(visit, chunks)).await;
        assert_eq!(outcome.1.as_deref(), Some("operation_not_allowed"));
    }
    let note = phone.intent(day_note("ladder")).to_bytes().expect("plain JSON");
    let forked = String::from_utf8(note.clone()).expect("text").replace("ladder", "lamp").into_bytes();
    for (bytes, outcome) in
        [(note, Outcome::Stored), (forked, Outcome::Quarantined), (b"no intent".to_vec(), Outcome::Quarantined)]
    {
        assert_eq!(last_outcome(&phone, &phone.pushing_intent(bytes)).await.0, outcome);
    }
    // More than is written at once.
    for _ in 0..40 {
        phone.intend(day_note(&"雨".repeat(5_000)));
    }
    phone.sync().await;
    // No room for any more.
    fill_quarantine(&app, phone.device.id).await;
    for request in [phone.pushing(visit, vec![b"one too many".to_vec()]), phone.pushing_intent("one too many")] {
        assert_eq!(last_outcome(&phone, &request).await.1.as_deref(), Some("quarantine_full"));
    }
    assert_eq!(app.verified().await.differences, []);
    grow_old(&app).await;
    assert_eq!(app.verified().await.differences, []);
}
