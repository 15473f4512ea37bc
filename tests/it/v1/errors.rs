//! Faulty requests: each is answered with a problem that helps, in both languages, and repeats nothing.

use doorstep::domain::Role;
use integration_tests::app::TestApp;
use integration_tests::call::{Answer, Call};
use integration_tests::company::YUNZE;
use serde_json::{Value, json};

/// A text that no answer may contain.
const CANARY: &str = "13800138000";

fn login(body: impl Into<Vec<u8>>) -> Call {
    Call::post("/v1/auth/login").bytes("application/json", body)
}

fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.outcome(), (status, code.to_owned()), "{}", answer.text());
    let body = answer.json();
    assert_eq!((&body["type"], &body["status"]), (&json!(format!("/problems/{code}")), &json!(status)));
    assert_eq!(body["request_id"].as_str(), answer.header("x-request-id"));
    assert_eq!(body["title"], body["texts"]["en"]["title"]);
    assert!(!answer.text().contains(CANARY), "{}", answer.text());
}

#[actix_web::test]
async fn wrong_types_and_missing_or_unknown_fields_are_named() {
    let app = TestApp::new().await;
    for (body, path) in [
        (json!({"organisation": 1, "login": CANARY, "password": CANARY}), "organisation"),
        (json!({"organisation": CANARY, "login": [CANARY], "password": CANARY}), "login"),
        (json!({"organisation": CANARY, "login": CANARY, "password": null}), "password"),
        (json!({"organisation": CANARY, "login": CANARY, "password": {"a": CANARY}}), "password"),
        (json!({"organisation": CANARY, "login": CANARY}), "."),
        (json!([]), ""),
        (json!(null), ""),
    ] {
        let answer = app.send(login(body.to_string())).await;
        assert_problem(&answer, 400, "body_invalid");
        assert_eq!(answer.json()["fields"][0]["path"], json!(path), "{body}");
    }
    let unknown = json!({"organisation": "a", "login": "b", "password": "c", "role": "admin"});
    let answer = app.send(login(unknown.to_string())).await;
    assert_problem(&answer, 400, "body_invalid");
    assert_eq!(answer.json()["fields"][0]["path"], json!("role"));
}

#[actix_web::test]
async fn a_value_of_a_wrong_type_is_not_repeated() {
    let app = TestApp::new().await;
    let admin = app.role(YUNZE, Role::Admin).await;
    let number: Value = serde_json::from_str(CANARY).expect("a number");
    for body in [
        json!({"login": "a", "name": "b", "roles": [CANARY]}),
        json!({"login": number, "name": "b", "roles": []}),
        json!({"login": "a", "name": "b", "roles": [], "team_id": CANARY}),
        json!({"login": "a", "name": "b", "roles": CANARY}),
        json!({"login": "a", "name": "b", "roles": [], CANARY: 1}),
    ] {
        assert_problem(&admin.post("/v1/users", body).await, 400, "body_invalid");
    }
}

#[actix_web::test]
async fn text_that_is_no_json_is_refused() {
    let app = TestApp::new().await;
    let broken_utf8 = b"{\"organisation\":\"\xff\xfe\",\"login\":\"a\",\"password\":\"b\"}".to_vec();
    let truncated = br#"{"organisation": "a", "#.to_vec();
    let good = json!({"organisation": "a", "login": "b", "password": "c"}).to_string();
    let trailing = format!("{good}{good}").into_bytes();
    let bomb = [b"\xef\xbb\xbf".as_slice(), good.as_bytes()].concat();
    let lone_surrogate = br#"{"organisation": "\ud800", "login": "b", "password": "c"}"#.to_vec();
    for body in [broken_utf8, truncated, trailing, bomb, lone_surrogate, b"NaN".to_vec(), b" ".to_vec()] {
        assert_problem(&app.send(login(body)).await, 400, "body_invalid");
    }
    let doubled = r#"{"organisation": "a", "login": "b", "login": "c", "password": "d"}"#;
    assert_problem(&app.send(login(doubled)).await, 400, "json_duplicate_key");
    assert_problem(
        &app.send(Call::post("/v1/auth/login").header("content-type", "application/json")).await,
        400,
        "body_invalid",
    );
}

#[actix_web::test]
async fn a_body_above_the_limit_is_refused_with_both_numbers() {
    let app = TestApp::configured(|config| config.limits.json_body_bytes = 1000).await;
    let body = |size: usize| {
        let frame = json!({"organisation": "a", "login": "b", "password": ""}).to_string();
        json!({"organisation": "a", "login": "b", "password": "p".repeat(size - frame.len())}).to_string()
    };
    assert_eq!(app.send(login(body(1000))).await.outcome(), (401, "login_failed".to_owned()));
    for size in [1001, 100_000] {
        let answer = app.send(login(body(size))).await;
        assert_problem(&answer, 413, "body_too_large");
        assert_eq!((&answer.json()["limit"], &answer.json()["actual"]), (&json!(1000), &json!(size)));
    }
}

#[actix_web::test]
async fn deep_json_is_refused_before_it_is_parsed() {
    let app = TestApp::new().await;
    let nested = |depth: usize| {
        let open = "[".repeat(depth - 1);
        let close = "]".repeat(depth - 1);
        format!(r#"{{"organisation": {open}{close}, "login": "a", "password": "b"}}"#)
    };
    assert_problem(&app.send(login(nested(16))).await, 400, "body_invalid");
    for depth in [17, 1600, 100_000] {
        let answer = app.send(login(nested(depth))).await;
        assert_problem(&answer, 422, "json_too_complex");
        assert_eq!((&answer.json()["limit"], &answer.json()["actual"]), (&json!(16), &json!(depth)));
    }
}

#[actix_web::test]
async fn other_content_types_are_refused() {
    let app = TestApp::new().await;
    let body = json!({"organisation": "a", "login": "b", "password": "c"}).to_string();
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json", ""]
    {
        let call = Call::post("/v1/auth/login").bytes(content_type, body.clone());
        assert_problem(&app.send(call).await, 415, "media_type_unsupported");
    }
    for content_type in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
        let call = Call::post("/v1/auth/login").bytes(content_type, body.clone());
        assert_eq!(app.send(call).await.outcome(), (401, "login_failed".to_owned()), "{content_type}");
    }
}

#[actix_web::test]
async fn unknown_paths_and_unknown_methods_differ() {
    let app = TestApp::new().await;
    for path in ["/", "/v1", "/v1/", "/v1/unknown", "/v1/me/", "/V1/me", "/v2/me", "/v1/devices/a/b/revoke", "//v1/me"]
    {
        assert_problem(&app.send(Call::get(path)).await, 404, "not_found");
    }
    for (method, path) in [
        ("POST", "/v1/me"),
        ("DELETE", "/v1/users"),
        ("PUT", "/healthz"),
        ("GET", "/v1/auth/login"),
        ("TRACE", "/v1/me"),
        ("GET", "/v1/devices/01955f2c-3000-7000-8000-00000000ffff/revoke"),
    ] {
        assert_problem(&app.send(Call::new(method, path)).await, 405, "method_not_allowed");
    }
}

#[actix_web::test]
async fn a_faulty_id_in_a_path_is_answered_like_an_absent_one() {
    let app = TestApp::new().await;
    let admin = app.role(YUNZE, Role::Admin).await;
    for id in ["x", "01955f2c-3000-7000-8000-00000000ffff", "01955F2C-3000-7000-8000-000000000001", "%00", "..%2f", "'"]
    {
        let answer = admin.post_empty(format!("/v1/devices/{id}/revoke")).await;
        assert_problem(&answer, 404, "not_found");
    }
}

#[actix_web::test]
async fn page_parameters_are_checked() {
    let app = TestApp::new().await;
    let admin = app.role(YUNZE, Role::Admin).await;
    for size in ["0", "-1", "201", "x", "1.5", "99999999999999999999"] {
        assert_problem(&admin.get(format!("/v1/users?page_size={size}")).await, 422, "page_size");
    }
    for token in ["*", "é", "_w"] {
        let token = token.replace('é', "%C3%A9");
        assert_problem(&admin.get(format!("/v1/users?page_token={token}")).await, 422, "page_token_invalid");
    }
}

#[actix_web::test]
async fn pages_follow_each_other_without_gap_or_double() {
    let app = TestApp::new().await;
    let admin = app.role(YUNZE, Role::Admin).await;
    let everybody = admin.get("/v1/users?page_size=200").await.expect(200);
    let logins = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().expect("items").iter();
        items.map(|item| item["login"].as_str().expect("a login").to_owned()).collect()
    };
    let mut collected = Vec::new();
    let mut path = "/v1/users?page_size=3".to_owned();
    loop {
        let page = admin.get(&path).await.expect(200);
        collected.extend(logins(&page));
        let Some(token) = page["next_page_token"].as_str() else { break };
        path = format!("/v1/users?page_size=3&page_token={token}");
    }
    assert_eq!((collected.len(), &collected), (YUNZE.members().len(), &logins(&everybody)));
}

#[actix_web::test]
async fn problems_speak_the_language_asked_for_and_hold_both() {
    let app = TestApp::new().await;
    let english = "The access token is missing, expired or not valid";
    let chinese = "访问令牌缺失、过期或无效";
    for (wanted, title) in [
        (None, english),
        (Some("en"), english),
        (Some("de, zh;q=0.5"), english),
        (Some("zh-CN"), chinese),
        (Some("zh-Hans-CN, en;q=0.8"), chinese),
        (Some("zh"), chinese),
        (Some("\u{fffd}"), english),
    ] {
        let call = Call::get("/v1/me");
        let answer = app.send(match wanted {
            Some(wanted) => call.header("accept-language", wanted),
            None => call,
        });
        let problem = answer.await.expect(401);
        assert_eq!(problem["title"], json!(title), "{wanted:?}");
        assert_eq!(
            (&problem["texts"]["en"]["title"], &problem["texts"]["zh-CN"]["title"], &problem["retry"]),
            (&json!(english), &json!(chinese), &json!("never"))
        );
    }
}

#[actix_web::test]
async fn every_answer_carries_the_protecting_headers() {
    let app = TestApp::new().await;
    let admin = app.role(YUNZE, Role::Admin).await;
    let answers = [
        admin.get("/v1/me").await,
        app.anonymous().get("/v1/me").await,
        app.anonymous().get("/nowhere").await,
        app.send(login("{")).await,
    ];
    for answer in answers {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name} of {}", answer.status);
        }
        assert!(answer.header("x-request-id").is_some_and(|id| id.len() == 36), "request id of {}", answer.status);
    }
}

#[actix_web::test]
async fn rules_of_the_domain_name_every_faulty_field_at_once() {
    let app = TestApp::new().await;
    let admin = app.role(YUNZE, Role::Admin).await;
    let faulty = json!({"login": "Li Ming", "name": " ", "roles": [], "password": "short"});
    let answer = admin.post("/v1/users", faulty).await;
    assert_problem(&answer, 422, "invalid");
    let paths: Vec<Value> =
        answer.json()["fields"].as_array().expect("fields").iter().map(|f| f["path"].clone()).collect();
    assert_eq!(paths, [json!("login"), json!("name"), json!("password")]);
    let taken = json!({"login": "dispatcher", "name": "x", "roles": []});
    assert_problem(&admin.post("/v1/users", taken).await, 409, "conflict");
    let homeless = json!({"login": "new", "name": "x", "roles": [], "team_id": "01955f2c-3000-7000-8000-00000000ffff"});
    assert_problem(&admin.post("/v1/users", homeless).await, 409, "conflict");
    let fresh = json!({"login": "new", "name": "新人", "roles": ["field_rep"], "team_id": YUNZE.team(1)});
    let added = admin.post("/v1/users", fresh).await.expect(201);
    assert_eq!((&added["name"], &added["roles"]), (&json!("新人"), &json!(["field_rep"])));
}

/// No text of the database holds U+0000: what names nothing is answered so on both, and before either is asked.
#[actix_web::test]
async fn a_nul_in_a_page_token_or_path_reaches_no_database() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let token = sync_core::bytes::to_base64url(b"a\0b");
    for list in ["users", "visits", "work-orders", "customers", "tasks", "deadlines", "grids", "absences"] {
        let answer = dispatcher.get(format!("/v1/{list}?page_token={token}")).await;
        assert_problem(&answer, 422, "page_token_invalid");
    }
    for path in ["/v1/templates/a%00b/1", "/v1/calendars/a%00b", "/v1/users?page_token=%00"] {
        let answer = dispatcher.get(path).await;
        assert!(matches!(answer.status, 404 | 405 | 422), "{path}: {}", answer.text());
    }
    let figure = app.role(YUNZE, Role::TeamLead).await.get("/v1/kpi/a%00b").await;
    assert!(matches!(figure.status, 404 | 422), "{}", figure.text());
}

/// A version has one spelling, so that one thing has one address.
#[actix_web::test]
async fn a_version_in_a_path_has_one_spelling() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let admin = app.role(YUNZE, Role::Admin).await;
    admin.get("/v1/templates/broadband_repair/1").await.expect(200);
    for other in ["01", "+1", "1.0", "%201", "-1", "00", "1%00"] {
        assert_problem(&admin.get(format!("/v1/templates/broadband_repair/{other}")).await, 404, "not_found");
        for path in ["/v1/templates/broadband_repair/{}/withdraw", "/v1/policies/{}/withdraw"] {
            let path = path.replace("{}", other);
            assert_problem(&admin.post(path, json!({"reason": "登记有误"})).await, 404, "not_found");
        }
    }
}
