//! POST /v1/devices/enrol and the codes for it

use doorstep::domain::Role;
use integration_tests::actors::DeviceKey;
use integration_tests::app::TestApp;
use integration_tests::call::Answer;
use integration_tests::company::{HAOYU, YUNZE};
use integration_tests::together::all;
use serde_json::{Value, json};

fn attempt(organisation: &str, code: &str, key: &DeviceKey) -> Value {
    json!({"organisation": organisation, "login": "field_rep", "code": code, "name": "Phone", "public_key": key.jwk()})
}

async fn enrol(app: &TestApp, body: Value) -> Answer {
    app.anonymous().post("/v1/devices/enrol", body).await
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[actix_web::test]
async fn a_code_enrols_one_device_once() {
    let app = TestApp::new().await;
    let code = app.enrolment_code(YUNZE, YUNZE.rep()).await;
    let key = DeviceKey::draw(&app);
    let enrolled = enrol(&app, attempt("yunze", &code, &key)).await.expect(201);
    assert_eq!(
        (&enrolled["session"]["user_id"], &enrolled["epoch"]),
        (&json!(YUNZE.rep().id), &json!(app.state.epoch))
    );
    assert_eq!(enrolled["evidence_keys"][0]["kid"], json!(app.state.keys().evidence_signer().kid));
    let again = enrol(&app, attempt("yunze", &code, &DeviceKey::draw(&app))).await;
    assert_eq!(again.outcome(), refused(401, "enrolment_invalid"));
    let devices = app.role(YUNZE, Role::Admin).await.get("/v1/devices").await.expect(200);
    let listed: Vec<&Value> = devices["items"].as_array().expect("devices").iter().collect();
    assert_eq!(
        (listed.len(), &listed[0]["id"], &listed[0]["state"]),
        (1, &enrolled["session"]["device_id"], &json!("active"))
    );
}

#[actix_web::test]
async fn a_typed_code_is_read_kindly() {
    let app = TestApp::new().await;
    let code = app.enrolment_code(YUNZE, YUNZE.rep()).await;
    let typed = format!("{}-{}", &code[..5], &code[5..]).to_lowercase().replace('0', "o").replace('1', "l");
    enrol(&app, attempt("yunze", &typed, &DeviceKey::draw(&app))).await.expect(201);
}

#[actix_web::test]
async fn five_wrong_tries_end_a_code() {
    let app = TestApp::new().await;
    let code = app.enrolment_code(YUNZE, YUNZE.rep()).await;
    let key = DeviceKey::draw(&app);
    for _ in 0..5 {
        let wrong = enrol(&app, attempt("yunze", "0000000000", &key)).await;
        assert_eq!(wrong.outcome(), refused(401, "enrolment_invalid"));
    }
    assert_eq!(enrol(&app, attempt("yunze", &code, &key)).await.outcome(), refused(429, "enrolment_locked"));
    let fresh = app.enrolment_code(YUNZE, YUNZE.rep()).await;
    enrol(&app, attempt("yunze", &fresh, &key)).await.expect(201);
}

#[actix_web::test]
async fn four_wrong_tries_leave_the_fifth() {
    let app = TestApp::new().await;
    let code = app.enrolment_code(YUNZE, YUNZE.rep()).await;
    let key = DeviceKey::draw(&app);
    for _ in 0..4 {
        assert_eq!(enrol(&app, attempt("yunze", "0000000000", &key)).await.status, 401);
    }
    enrol(&app, attempt("yunze", &code, &key)).await.expect(201);
}

#[actix_web::test]
async fn a_code_ends_to_the_millisecond() {
    let app = TestApp::new().await;
    let code = app.enrolment_code(YUNZE, YUNZE.rep()).await;
    app.clock.advance_secs(900);
    let key = DeviceKey::draw(&app);
    assert_eq!(enrol(&app, attempt("yunze", &code, &key)).await.outcome(), refused(410, "enrolment_expired"));
    app.clock.set(integration_tests::clock::START.plus_ms(899_999));
    enrol(&app, attempt("yunze", &code, &key)).await.expect(201);
}

#[actix_web::test]
async fn a_new_code_ends_the_one_before() {
    let app = TestApp::new().await;
    let old = app.enrolment_code(YUNZE, YUNZE.rep()).await;
    let new = app.enrolment_code(YUNZE, YUNZE.rep()).await;
    let key = DeviceKey::draw(&app);
    assert_eq!(enrol(&app, attempt("yunze", &old, &key)).await.outcome(), refused(401, "enrolment_invalid"));
    enrol(&app, attempt("yunze", &new, &key)).await.expect(201);
}

#[actix_web::test]
async fn a_code_opens_no_other_organisation_or_person() {
    let app = TestApp::new().await;
    let code = app.enrolment_code(YUNZE, YUNZE.rep()).await;
    let key = DeviceKey::draw(&app);
    let elsewhere = enrol(&app, attempt(HAOYU.code, &code, &key)).await;
    assert_eq!(elsewhere.outcome(), refused(401, "enrolment_invalid"));
    for login in ["colleague", "disabled", "who.is.this"] {
        let mut body = attempt("yunze", &code, &key);
        body["login"] = json!(login);
        assert_eq!(enrol(&app, body).await.outcome(), refused(401, "enrolment_invalid"), "{login}");
    }
    enrol(&app, attempt("yunze", &code, &key)).await.expect(201);
}

#[actix_web::test]
async fn a_key_is_enrolled_once_and_the_code_survives_the_refusal() {
    let app = TestApp::new().await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    app.clock.advance_secs(1);
    phone.round().await;
    let code = app.enrolment_code(YUNZE, YUNZE.rep()).await;
    let again = enrol(&app, attempt("yunze", &code, &phone.device.key)).await;
    assert_eq!(again.outcome(), refused(409, "conflict"));
    enrol(&app, attempt("yunze", &code, &DeviceKey::draw(&app))).await.expect(201);
}

#[actix_web::test]
async fn a_faulty_key_is_refused_by_name() {
    let app = TestApp::new().await;
    let code = app.enrolment_code(YUNZE, YUNZE.rep()).await;
    let mut off_curve = DeviceKey::draw(&app).jwk();
    off_curve["y"] = off_curve["x"].clone();
    let symmetric = json!({"kty": "oct", "k": "AAAA"});
    let other_curve = json!({"kty": "EC", "crv": "P-384", "x": off_curve["x"], "y": off_curve["y"]});
    for key in [off_curve, symmetric, other_curve, json!(null), json!("key"), json!({})] {
        let mut body = attempt("yunze", &code, &DeviceKey::draw(&app));
        body["public_key"] = key.clone();
        let answer = enrol(&app, body).await;
        assert_eq!(
            (answer.outcome(), &answer.json()["fields"][0]["path"]),
            (refused(400, "body_invalid"), &json!("public_key")),
            "{key}"
        );
    }
    enrol(&app, attempt("yunze", &code, &DeviceKey::draw(&app))).await.expect(201);
}

#[actix_web::test]
async fn a_code_used_at_once_by_several_enrols_one() {
    let app = TestApp::new().await;
    for _ in 0..5 {
        let code = app.enrolment_code(YUNZE, YUNZE.rep()).await;
        let attempts = (0..4).map(|_| enrol(&app, attempt("yunze", &code, &DeviceKey::draw(&app))));
        let mut outcomes: Vec<(u16, String)> = all(attempts).await.iter().map(Answer::outcome).collect();
        outcomes.sort();
        let lost = refused(401, "enrolment_invalid");
        assert_eq!(outcomes, [refused(201, ""), lost.clone(), lost.clone(), lost]);
    }
}

#[actix_web::test]
async fn wrong_codes_at_once_are_counted_one_by_one() {
    let app = TestApp::new().await;
    let code = app.enrolment_code(YUNZE, YUNZE.rep()).await;
    let key = DeviceKey::draw(&app);
    let attempts = (0..8).map(|_| enrol(&app, attempt("yunze", "0000000000", &key)));
    let mut outcomes: Vec<(u16, String)> = all(attempts).await.iter().map(Answer::outcome).collect();
    outcomes.sort();
    let expected = [vec![refused(401, "enrolment_invalid"); 5], vec![refused(429, "enrolment_locked"); 3]].concat();
    assert_eq!(outcomes, expected);
    assert_eq!(enrol(&app, attempt("yunze", &code, &key)).await.outcome(), refused(429, "enrolment_locked"));
}

/// Ids of the rep's devices, as the office sees them.
async fn devices(app: &TestApp) -> Vec<Value> {
    let listed = app.role(YUNZE, Role::Admin).await.get("/v1/devices").await.expect(200);
    listed["items"].as_array().expect("devices").iter().map(|device| device["id"].clone()).collect()
}

#[actix_web::test]
async fn a_lost_answer_is_given_again_as_a_new_session_of_the_same_device() {
    let app = TestApp::new().await;
    let code = app.enrolment_code(YUNZE, YUNZE.rep()).await;
    let key = DeviceKey::draw(&app);
    let lost = enrol(&app, attempt("yunze", &code, &key)).await.expect(201);
    app.clock.set(integration_tests::clock::START.plus_ms(899_999));
    let heard = enrol(&app, attempt("yunze", &code, &key)).await.expect(201);
    assert_eq!(heard["session"]["device_id"], lost["session"]["device_id"]);
    assert_eq!(devices(&app).await, [lost["session"]["device_id"].clone()]);
    let me = |enrolled: &Value| enrolled["session"]["access_token"].as_str().expect("a token").to_owned();
    app.with_token(&me(&heard)).get("/v1/me").await.expect(200);
    assert_eq!(app.with_token(&me(&lost)).get("/v1/me").await.status, 401, "the session nobody heard of has ended");
    let stranger = enrol(&app, attempt("yunze", &code, &DeviceKey::draw(&app))).await;
    assert_eq!(stranger.outcome(), refused(401, "enrolment_invalid"));
    app.clock.advance_secs(1);
    assert_eq!(enrol(&app, attempt("yunze", &code, &key)).await.outcome(), refused(410, "enrolment_expired"));
    app.with_token(&me(&heard)).get("/v1/me").await.expect(200);
}

#[actix_web::test]
async fn asking_again_spends_no_try_of_the_next_code() {
    let app = TestApp::new().await;
    let code = app.enrolment_code(YUNZE, YUNZE.rep()).await;
    let key = DeviceKey::draw(&app);
    enrol(&app, attempt("yunze", &code, &key)).await.expect(201);
    let next = app.enrolment_code(YUNZE, YUNZE.rep()).await;
    for _ in 0..6 {
        enrol(&app, attempt("yunze", &code, &key)).await.expect(201);
    }
    enrol(&app, attempt("yunze", &next, &DeviceKey::draw(&app))).await.expect(201);
    assert_eq!(devices(&app).await.len(), 2);
}

#[actix_web::test]
async fn a_code_signs_no_revoked_or_signed_out_device_in_again() {
    for ending in ["revoke", "sign-out"] {
        let app = TestApp::new().await;
        let code = app.enrolment_code(YUNZE, YUNZE.rep()).await;
        let key = DeviceKey::draw(&app);
        let session = enrol(&app, attempt("yunze", &code, &key)).await.expect(201)["session"].clone();
        if ending == "revoke" {
            let path = format!("/v1/devices/{}/revoke", session["device_id"].as_str().expect("an id"));
            app.role(YUNZE, Role::Admin).await.post_empty(path).await.expect(204);
        } else {
            let token = session["access_token"].as_str().expect("a token");
            app.with_token(token).post_empty("/v1/auth/sign-out").await.expect(204);
        }
        let again = enrol(&app, attempt("yunze", &code, &key)).await;
        assert_eq!(again.outcome(), refused(401, "enrolment_invalid"), "after {ending}");
    }
}

#[actix_web::test]
async fn the_same_attempt_at_once_makes_one_device() {
    let app = TestApp::new().await;
    for _ in 0..5 {
        let before = devices(&app).await.len();
        let code = app.enrolment_code(YUNZE, YUNZE.rep()).await;
        let key = DeviceKey::draw(&app);
        let attempts = all((0..4).map(|_| enrol(&app, attempt("yunze", &code, &key)))).await;
        assert!(attempts.iter().all(|answer| answer.status == 201), "{attempts:?}");
        assert_eq!(devices(&app).await.len(), before + 1);
    }
}

#[actix_web::test]
async fn the_answer_to_a_second_code_is_given_again_too() {
    let app = TestApp::new().await;
    let key = DeviceKey::draw(&app);
    let first = app.enrolment_code(YUNZE, YUNZE.rep()).await;
    let lost = enrol(&app, attempt("yunze", &first, &key)).await.expect(201);
    app.clock.advance_secs(901);
    let second = app.enrolment_code(YUNZE, YUNZE.rep()).await;
    enrol(&app, attempt("yunze", &second, &key)).await.expect(201);
    app.clock.advance_secs(1);
    let heard = enrol(&app, attempt("yunze", &second, &key)).await.expect(201);
    assert_eq!(heard["session"]["device_id"], lost["session"]["device_id"]);
    assert_eq!(devices(&app).await, [lost["session"]["device_id"].clone()]);
    let stranger = enrol(&app, attempt("yunze", &second, &DeviceKey::draw(&app))).await;
    assert_eq!(stranger.outcome(), refused(401, "enrolment_invalid"));
    app.clock.advance_secs(899);
    assert_eq!(enrol(&app, attempt("yunze", &second, &key)).await.outcome(), refused(410, "enrolment_expired"));
}

#[actix_web::test]
async fn a_spent_code_answers_no_device_that_came_after_it() {
    let app = TestApp::new().await;
    let first = app.enrolment_code(YUNZE, YUNZE.rep()).await;
    enrol(&app, attempt("yunze", &first, &DeviceKey::draw(&app))).await.expect(201);
    app.clock.advance_secs(1);
    let (second, key) = (app.enrolment_code(YUNZE, YUNZE.rep()).await, DeviceKey::draw(&app));
    enrol(&app, attempt("yunze", &second, &key)).await.expect(201);
    assert_eq!(enrol(&app, attempt("yunze", &first, &key)).await.outcome(), refused(401, "enrolment_invalid"));
}

#[actix_web::test]
async fn a_code_of_another_person_than_the_phone_s_is_not_spent() {
    let app = TestApp::new().await;
    let code = app.enrolment_code(YUNZE, YUNZE.rep()).await;
    let key = DeviceKey::draw(&app);
    let by = |former: Value, code: &str| {
        let mut body = attempt("yunze", code, &key);
        body["former_user_id"] = former;
        body
    };
    let others = json!(YUNZE.colleague().id);
    let foreign = enrol(&app, by(others.clone(), &code)).await;
    assert_eq!(foreign.outcome(), refused(403, "enrolment_foreign"));
    let wrong = enrol(&app, by(others.clone(), "0000000000")).await;
    assert_eq!(wrong.outcome(), refused(401, "enrolment_invalid"), "who has no code learns nothing");
    assert_eq!(devices(&app).await.len(), 0);
    enrol(&app, attempt("yunze", &code, &DeviceKey::draw(&app))).await.expect(201);
    // The right one works afterwards, and a lost answer to it is given again.
    let right = app.enrolment_code(YUNZE, YUNZE.rep()).await;
    let me = json!(YUNZE.rep().id);
    let enrolled = enrol(&app, by(me.clone(), &right)).await.expect(201);
    let again = enrol(&app, by(me, &right)).await.expect(201);
    assert_eq!(enrolled["session"]["device_id"], again["session"]["device_id"]);
}
