//! Documents, sound and moving pictures: stored, listed and served as photos are, without copies and findings.

use doorstep::jobs::{findings, ingest};
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::doc::Map;
use sync_core::protocol::Outcome;

use crate::custody::upload;
use crate::findings::Field;

/// Kind, first bytes, what they are, how the name of such a file ends.
const KINDS: [(&str, &[u8], &str, &str); 3] = [
    ("document", b"%PDF-1.7\nthe signed paper", "application/pdf", "pdf"),
    ("audio", b"#!AMR\nthe call", "audio/amr", "amr"),
    ("video", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isomthe noise", "video/mp4", "mp4"),
];

#[actix_web::test]
async fn documents_sound_and_moving_pictures_are_stored_listed_and_served_for_what_they_are() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    let (at, by) = (phone.stamp(), phone.device.member.id);
    for (kind, bytes, _, _) in KINDS {
        // What the record says of the type plays no part.
        let record = json!({"kind": kind, "slot": "ont_front", "sha256": Hash::of(bytes), "bytes": bytes.len(),
            "media_type": "text/html", "taken_at": at, "source": "gallery", "by": by});
        phone.add(visit, Map::Photos, &record);
    }
    let answer = phone.round().await;
    assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", answer.acks);
    let path = format!("/v1/visits/{visit}/blobs");
    let list = async || app.signed_in(YUNZE.rep()).await.get(&path).await.expect(200)["items"].clone();
    let told = |items: &Value| -> Vec<(Value, Value, Value, Value)> {
        let item = |item: &Value| {
            (item["kind"].clone(), item["media_type"].clone(), item["has_copies"].clone(), item["is_current"].clone())
        };
        items.as_array().expect("items").iter().map(item).collect()
    };
    let before = list().await;
    let awaited: Vec<_> = KINDS.map(|(kind, ..)| (json!(kind), json!("text/html"), json!(false), json!(true))).into();
    assert_eq!(told(&before), awaited);
    assert!(before[0].get("received_at").is_none(), "{before}");

    for (_, bytes, _, _) in KINDS {
        upload(&phone, bytes).await;
    }
    ingest::run_due(&app.state).await.expect("nothing to be made");
    findings::run_due(&app.state).await.expect("nothing to be found");
    let after = list().await;
    let stored: Vec<_> = KINDS.map(|(kind, _, is, _)| (json!(kind), json!(is), json!(false), json!(true))).into();
    assert_eq!(told(&after), stored);
    assert!(after[0]["received_at"].is_string(), "{after}");
    let client = phone.device.client();
    for (_, bytes, media_type, ending) in KINDS {
        let name = Hash::of(bytes);
        let original = client.get(format!("/v1/blobs/{name}")).await;
        assert_eq!(
            (original.status, &original.body[..], original.header("content-type")),
            (200, bytes, Some(media_type))
        );
        let file = format!("attachment; filename=\"{name}.{ending}\"");
        assert_eq!(original.header("content-disposition"), Some(&*file));
        let preview = client.get(format!("/v1/blobs/{name}/preview")).await;
        assert_eq!(preview.outcome(), (404, "no_preview".to_owned()));
    }
    assert!(app.verified().await.differences.is_empty());
}

/// In a slot for photos they are no photo of it, which is found like anything else that is none: see `findings::kinds`.
#[actix_web::test]
async fn nothing_is_found_about_documents_sound_and_moving_pictures() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let visits = [field.visit().await, field.visit().await];
    // The same bytes on two visits, out of a gallery: of photos both would be told.
    for visit in visits {
        for (kind, bytes, ..) in KINDS {
            field.take(visit, bytes, |record| {
                (record["kind"], record["slot"], record["source"]) = (kind.into(), "beside".into(), "gallery".into());
            });
        }
    }
    let sent = KINDS.map(|(_, bytes, ..)| bytes);
    field.sent(&sent).await;
    for visit in visits {
        assert_eq!(field.rows(visit).await, []);
    }
}
