//! What nobody honest sends through the door: hostile changes in sync messages, more messages than a socket may
//! send, and more documents than it may hold.

use ciborium::{Value, cbor};
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use sync_core::ids::VisitId;
use sync_core::protocol::Outcome;
use sync_core::repo::document_id;

use super::scene::{Socket, ask, frame, kind, member, message, visit_of};
use crate::sync::helpers::quarantined;
use crate::sync::hostile::craft::list_of_nulls;
use crate::sync::hostile::hostile;

#[actix_web::test]
async fn hostile_changes_are_kept_aside_or_close_their_socket_and_hurt_nobody() {
    let app = TestApp::new().await;
    let (mut phone, visit) = visit_of(&app, YUNZE.rep()).await;
    let others = app.office_again(YUNZE).plan(&[YUNZE.colleague()]).await.visit;
    let mut other = app.phone_of(YUNZE.colleague()).await;
    other.sync().await;
    other.tick(others, "kit/otdr", true);
    other.sync().await;
    let (mine, theirs) = (document_id(visit), document_id(others));
    let access = phone.device.access.clone();
    let (actor, heads) = (phone.actor(visit), phone.heads(visit));
    let door = app.listen();
    let mut bystander = Socket::join(&door, &other.device.access, "bystander").await;
    let mut all = hostile(phone.doc(visit), actor);
    all.push(("A3 list of nulls", list_of_nulls(phone.doc(visit), actor, 1_000_000), "change_too_large"));
    let mut closed = Vec::new();
    for (what, bytes, code) in all {
        let mut bad = Socket::join(&door, &access, "bad").await;
        bad.send(&frame("sync", "bad", &mine, message(&[&bytes]))).await;
        match bad.next().await {
            Some(answer) if kind(&answer) == "sync" => {
                let kept = quarantined(&app, YUNZE).await;
                let kept = kept.iter().find(|row| row.bytes == bytes).map(|row| row.code.as_str());
                assert_eq!(kept, Some(code), "{what}");
            }
            _ => closed.push(what),
        }
        bystander.send(&ask("bystander", &theirs)).await;
        assert_eq!(kind(&bystander.next().await.expect("an answer")), "sync", "{what}");
    }
    assert_eq!(closed, [""; 0], "no sync messages at all");
    assert_eq!(phone.heads(visit), heads);
    phone.tick(visit, "kit/after", true);
    assert_eq!(phone.round().await.acks[0].outcome, Outcome::Stored);
}

#[actix_web::test]
async fn who_sends_more_messages_than_a_socket_may_is_closed_and_nobody_else() {
    let app = TestApp::new().await;
    let (phone, visit) = visit_of(&app, YUNZE.rep()).await;
    let (access, id) = (phone.device.access.clone(), document_id(visit));
    let door = app.listen();
    let mut good = Socket::join(&door, &access, "good").await;
    let mut fast = Socket::join(&door, &access, "fast").await;
    // To join is the first of ten thousand at once. What is said of a document that a socket does not hold goes nowhere.
    let said = cbor!({"type" => "ephemeral", "senderId" => "fast", "documentId" => id.as_str(), "sessionId" => "s",
        "count" => 1, "data" => Value::Bytes(vec![1])});
    let said = said.expect("CBOR");
    for _ in 0..9_998 {
        fast.send(&said).await;
    }
    fast.send(&ask("fast", &id)).await;
    assert_eq!(kind(&fast.next().await.expect("an answer")), "sync", "the last one that it may send");
    app.clock.advance_secs(1);
    for _ in 0..199 {
        fast.send(&said).await;
    }
    fast.send(&ask("fast", &id)).await;
    assert_eq!(kind(&fast.next().await.expect("an answer")), "sync", "two hundred a second");
    fast.send(&said).await;
    assert!(fast.is_closed().await);
    good.send(&ask("good", &id)).await;
    assert_eq!(kind(&good.next().await.expect("an answer")), "sync");
}

#[actix_web::test]
async fn who_asks_for_more_documents_than_a_socket_may_hold_is_closed_and_nobody_else() {
    assert_eq!(TestApp::new().await.state.config.limits.socket_documents, 4_096);
    let app = TestApp::configured(|config| config.limits.socket_documents = 3).await;
    let (mut phone, first) = visit_of(&app, YUNZE.rep()).await;
    let mut held = vec![document_id(first)];
    for _ in 0..4 {
        let visit = app.office_again(YUNZE).plan(&[YUNZE.rep()]).await.visit;
        phone.sync().await;
        phone.tick(visit, "kit/otdr", true);
        held.push(document_id(visit));
    }
    phone.sync().await;
    let access = phone.device.access.clone();
    let door = app.listen();
    let mut good = Socket::join(&door, &access, "good").await;
    let mut greedy = Socket::join(&door, &access, "greedy").await;
    let absent: Vec<_> = (0..5).map(|number| document_id(VisitId::from_bytes([number; 16]))).collect();
    // What is not there takes no place, nor does what it holds already.
    for (ids, answer) in [(&absent[..], "doc-unavailable"), (&held[..3], "sync"), (&held[..3], "sync")] {
        for id in ids {
            greedy.send(&ask("greedy", id)).await;
            assert_eq!(kind(&greedy.next().await.expect("an answer")), answer);
        }
    }
    // What it lets go makes room for another.
    let gone = cbor!({"type" => "doc-unavailable", "senderId" => "greedy", "documentId" => held[0].as_str()});
    greedy.send(&gone.expect("CBOR")).await;
    greedy.send(&ask("greedy", &held[3])).await;
    assert_eq!(kind(&greedy.next().await.expect("an answer")), "sync");

    greedy.send(&ask("greedy", &held[4])).await;
    let last = greedy.next().await.expect("why it is closed");
    assert_eq!((kind(&last), member(&last, "message").as_text()), ("error", Some("too many documents")));
    assert!(greedy.is_closed().await);
    good.send(&ask("good", &held[4])).await;
    assert_eq!(kind(&good.next().await.expect("an answer")), "sync", "the others are served");
}
