//! POST /v1/auth/refresh: rotation that survives lost answers and notices theft

use doorstep::auth::secret::RefreshToken;
use doorstep_store::audit::list_audit_events;
use integration_tests::actors::Device;
use integration_tests::app::TestApp;
use integration_tests::call::Answer;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::together::all;
use serde_json::{Value, json};

fn refused(code: &str) -> (u16, String) {
    (401, code.to_owned())
}

async fn session_of(device: &Device<'_>, refresh: &str) -> Value {
    device.present(refresh).await.expect(200)
}

fn refresh_of(session: &Value) -> String {
    session["refresh_token"].as_str().expect("a refresh token").to_owned()
}

#[actix_web::test]
async fn the_newest_token_gives_the_next_session() {
    let app = TestApp::new().await;
    let mut device = app.enrol(YUNZE, YUNZE.rep()).await;
    for _ in 0..3 {
        let session = session_of(&device, &device.refresh).await;
        assert_ne!(refresh_of(&session), device.refresh);
        device.keep(&session);
        device.client().get("/v1/me").await.expect(200);
    }
}

#[actix_web::test]
async fn the_token_before_works_again_while_its_successor_was_never_used() {
    let app = TestApp::new().await;
    let device = app.enrol(YUNZE, YUNZE.rep()).await;
    let first = device.refresh.clone();
    let lost = refresh_of(&session_of(&device, &first).await);
    let lost_again = refresh_of(&session_of(&device, &first).await);
    let second = refresh_of(&session_of(&device, &first).await);
    let third = refresh_of(&session_of(&device, &second).await);
    session_of(&device, &third).await;
    // The successors that were never used are dead: whoever has one has stolen it.
    assert_ne!(lost, lost_again);
    assert_eq!(device.present(&lost).await.outcome(), refused("refresh_reused"));
}

#[actix_web::test]
async fn a_cancelled_successor_ends_the_family() {
    let app = TestApp::new().await;
    let device = app.enrol(YUNZE, YUNZE.rep()).await;
    let cancelled = refresh_of(&session_of(&device, &device.refresh).await);
    let current = refresh_of(&session_of(&device, &device.refresh).await);
    assert_eq!(device.present(&cancelled).await.outcome(), refused("refresh_reused"));
    assert_eq!(device.present(&current).await.outcome(), refused("refresh_invalid"));
}

#[actix_web::test]
async fn reuse_ends_the_family_and_its_access_tokens_but_no_other() {
    let app = TestApp::new().await;
    let mut device = app.enrol(YUNZE, YUNZE.rep()).await;
    let other = app.enrol(YUNZE, YUNZE.rep()).await;
    let first = device.refresh.clone();
    for _ in 0..2 {
        let session = session_of(&device, &device.refresh).await;
        device.keep(&session);
    }
    assert_eq!(device.present(&first).await.outcome(), refused("refresh_reused"));
    assert_eq!(device.client().get("/v1/me").await.outcome(), refused("token_invalid"));
    assert_eq!(device.present(&device.refresh).await.outcome(), refused("refresh_invalid"));
    session_of(&other, &other.refresh).await;
    device.upload_token().await.expect(201);
}

#[actix_web::test]
async fn reuse_is_audited_once_and_honest_use_is_not() {
    let app = TestApp::new().await;
    let mut device = app.enrol(YUNZE, YUNZE.rep()).await;
    let first = device.refresh.clone();
    let family = RefreshToken::from_text(&first).expect("a refresh token").family.to_string();
    let events = async || {
        let subject = family.clone();
        app.read(move |conn| list_audit_events(conn, YUNZE.org, &subject, 10)).await
    };
    for _ in 0..2 {
        let session = session_of(&device, &device.refresh).await;
        device.keep(&session);
    }
    assert!(events().await.is_empty());
    assert_eq!(device.present(&first).await.outcome(), refused("refresh_reused"));
    assert_eq!(device.present(&first).await.outcome(), refused("refresh_invalid"), "the family has ended");
    let [event] = events().await.try_into().expect("one event");
    assert_eq!((event.kind.as_str(), event.at_ms), ("refresh_token.reused", app.now().0));
    assert_eq!(event.actor_id, None, "who presented it is not known");
    assert_eq!(event.device_id.map(|device| device.0), Some(device.id));
    let detail: Value = serde_json::from_str(&event.detail).expect("JSON");
    assert_eq!(detail, json!({"user_id": YUNZE.rep().id, "device_proven": true}));
}

#[actix_web::test]
async fn a_device_token_needs_the_device_key() {
    let app = TestApp::new().await;
    let device = app.enrol(YUNZE, YUNZE.rep()).await;
    let colleague = app.enrol(YUNZE, YUNZE.colleague()).await;
    let bare = app.anonymous().post("/v1/auth/refresh", json!({"refresh_token": device.refresh})).await;
    assert_eq!(bare.outcome(), refused("assertion_invalid"));
    assert_eq!(colleague.present(&device.refresh).await.outcome(), refused("assertion_invalid"));
    let upload = json!({"refresh_token": device.refresh, "assertion": device.assertion("upload").await});
    let mistaken = app.anonymous().post("/v1/auth/refresh", upload).await;
    assert_eq!(mistaken.outcome(), refused("assertion_invalid"));
    // None of this cost the device its session.
    session_of(&device, &device.refresh).await;
}

#[actix_web::test]
async fn a_password_session_rotates_without_a_device_and_forgives_no_reuse() {
    let app = TestApp::new().await;
    let session = app.anonymous().login("yunze", "dispatcher", PASSWORD).await.expect(200);
    let first = refresh_of(&session);
    let refresh = async |token: &str| app.anonymous().post("/v1/auth/refresh", json!({"refresh_token": token})).await;
    let second = refresh_of(&refresh(&first).await.expect(200));
    assert_eq!(refresh(&first).await.outcome(), refused("refresh_reused"));
    assert_eq!(refresh(&second).await.outcome(), refused("refresh_invalid"));
}

/// A phone whose request seems lost sends it again while the first one is still under way.
#[actix_web::test]
async fn the_same_token_several_times_at_once_logs_nobody_out() {
    let app = TestApp::new().await;
    let mut device = app.enrol(YUNZE, YUNZE.rep()).await;
    for _ in 0..5 {
        let answers = all((0..4).map(|_| device.present(&device.refresh))).await;
        let outcomes: Vec<(u16, String)> = answers.iter().map(Answer::outcome).collect();
        assert_eq!(outcomes, vec![(200, String::new()); 4]);
        // The phone keeps one of them, the others are lost; it does not know which one came last.
        let sessions = answers.into_iter().map(|answer| refresh_of(&answer.json()));
        let before = device.refresh.clone();
        assert!(sessions.into_iter().all(|refresh| refresh != before));
        let session = session_of(&device, &before).await;
        device.keep(&session);
    }
}

#[actix_web::test]
async fn idleness_ends_a_session_after_45_days() {
    let app = TestApp::new().await;
    let mut device = app.enrol(YUNZE, YUNZE.rep()).await;
    let days = 24 * 3600;
    app.clock.advance_secs(45 * days);
    let session = session_of(&device, &device.refresh).await;
    device.keep(&session);
    app.clock.advance_secs(45 * days + 1);
    assert_eq!(device.present(&device.refresh).await.outcome(), refused("refresh_invalid"));
    device.upload_token().await.expect(201);
}

#[actix_web::test]
async fn texts_that_are_no_refresh_tokens_are_refused_alike() {
    let app = TestApp::new().await;
    let device = app.enrol(YUNZE, YUNZE.rep()).await;
    let foreign = device.refresh.replacen(|c: char| c.is_ascii_alphanumeric(), "_", 1);
    for text in ["", "x", "AAAA", "é", &foreign, &"A".repeat(86), &"A".repeat(100_000)] {
        let answer = app.anonymous().post("/v1/auth/refresh", json!({"refresh_token": text})).await;
        assert_eq!(answer.outcome(), refused("refresh_invalid"), "{} characters", text.len());
    }
    session_of(&device, &device.refresh).await;
}

/// A small generator with a fixed seed (xorshift64), so that a failing sequence can be played again.
struct Dice(u64);

impl Dice {
    fn percent(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % 100
    }
}

/// Plays refreshes of which a share of answers is lost; the phone then presents what it still has.
async fn lose_answers(percent: u64, refreshes: usize, seed: u64) {
    let app = TestApp::new().await;
    let mut device = app.enrol(YUNZE, YUNZE.rep()).await;
    let mut dice = Dice(seed);
    let (mut lost, mut unwanted) = (0, 0);
    for _ in 0..refreshes {
        app.clock.advance_secs(i64::try_from(dice.percent()).expect("below 100") * 600);
        let answer = device.present(&device.refresh).await;
        if answer.status != 200 {
            unwanted += 1;
            continue;
        }
        if dice.percent() < percent {
            lost += 1;
        } else {
            device.keep(&answer.json());
        }
    }
    let share = lost * 100 / refreshes;
    assert_eq!(unwanted, 0, "log-outs in {refreshes} refreshes with {percent} % of answers lost, seed {seed}");
    assert!(share.abs_diff(usize::try_from(percent).expect("below 100")) < 8, "{share} % were lost");
}

#[actix_web::test]
async fn nobody_is_logged_out_by_5_percent_of_lost_answers() {
    lose_answers(5, 1000, 0x5eed).await;
}

#[actix_web::test]
async fn nobody_is_logged_out_by_50_percent_of_lost_answers() {
    lose_answers(50, 1000, 0xd1ce).await;
}
