//! Every operation × role × kind of token × relation, generated from the permission table.
//!
//! What is expected is read from the rows here, not asked of the server's own function, so that a mistake there shows.
//! Roles and tokens are played here, things of oneself and of others in `relations`, lists in `lists`.

mod lists;
mod pairs;
mod relations;
mod targets;

use doorstep::auth::token::Subject;
use doorstep::domain::operation::{Access, Row};
use doorstep::domain::{Operation, Role, Scope, TokenKind};
use doorstep_store::{devices, sessions};
use integration_tests::actors::Device;
use integration_tests::app::TestApp;
use integration_tests::call::{Answer, Call};
use integration_tests::company::{Member, YUNZE};
use integration_tests::contract::Contract;

/// A request of the documented form for an operation at a concrete path.
fn call(row: Row, path: String) -> Call {
    let call = Call::new(&format!("{:?}", row.method).to_uppercase(), path).header("if-match", "\"1\"");
    match Contract::current().sample_body(row.id) {
        Some(body) => call.json(&body),
        None => call,
    }
}

/// The path with an id that exists nowhere in every place.
fn absent_path(row: Row) -> String {
    let part = |part: &str| if part.starts_with('{') { targets::absent(part) } else { part.to_owned() };
    row.path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// How far a role may go by the table; `None` for not at all.
fn granted(row: Row, role: Option<Role>, kind: TokenKind) -> Option<Scope> {
    match (row.access, kind) {
        (Access::Public, _) => Some(Scope::Organisation),
        (Access::Device, _) | (Access::Anyone, TokenKind::Full) => Some(Scope::Own),
        (Access::Roles(grants), TokenKind::Full) => {
            grants.iter().find(|(granted, _)| Some(*granted) == role).map(|(_, scope)| *scope)
        }
        (Access::Roles(_) | Access::Anyone, TokenKind::Upload) => None,
    }
}

fn is_refused_by_the_guard(answer: &Answer) -> bool {
    matches!(answer.code().as_deref(), Some("token_invalid" | "forbidden"))
}

/// Everybody, and somebody without a role.
fn cast() -> Vec<Member> {
    Role::ALL.into_iter().map(|role| YUNZE.member(role)).chain([YUNZE.nobody()]).collect()
}

// Rule: DOC-01
#[actix_web::test]
async fn roles_and_tokens_open_exactly_what_the_table_grants() {
    let app = TestApp::new().await;
    for operation in Operation::ALL {
        let row = operation.row();
        for member in cast() {
            // A device for each cell: some operations end the session that calls them.
            let device = app.device_of(member).await;
            let upload = app.session(member, Some(device.id), TokenKind::Upload).await;
            for (kind, token) in [(TokenKind::Full, &device.access), (TokenKind::Upload, &upload)] {
                let answer = app.send(call(row, absent_path(row)).bearer(token)).await;
                let cell = format!("{} as {} with {kind:?}: {}", row.id, member.login, answer.text());
                if granted(row, member.role, kind).is_some() {
                    assert!(!is_refused_by_the_guard(&answer), "{cell}");
                } else {
                    assert_eq!(answer.outcome(), (403, "forbidden".to_owned()), "{cell}");
                }
            }
        }
    }
}

#[actix_web::test]
async fn device_operations_need_a_device() {
    let app = TestApp::new().await;
    for operation in Operation::ALL.iter().filter(|operation| operation.row().access == Access::Device) {
        let row = operation.row();
        for member in cast() {
            let token = app.session(member, None, TokenKind::Full).await;
            let answer = app.send(call(row, absent_path(row)).bearer(&token)).await;
            assert_eq!(answer.outcome(), (403, "forbidden".to_owned()), "{} as {}", row.id, member.login);
        }
    }
}

/// Tokens that stand for nobody any more, with the reason.
async fn dead_tokens(app: &TestApp, device: &Device<'_>) -> Vec<(&'static str, Option<String>)> {
    let (admin, org) = (YUNZE.member(Role::Admin), YUNZE.org);
    let expired = app.session(admin, None, TokenKind::Full).await;
    app.clock.advance_secs(900);
    let ended_family = app.id();
    let subject = Subject { org, user: admin.id, session: Some(ended_family), device: None, kind: TokenKind::Full };
    let without_session = app.mint(&subject);
    let of_revoked = app.session(admin, Some(device.id), TokenKind::Full).await;
    let at_sign_out = app.device_of(admin).await;
    let signed_out = app.session(admin, Some(at_sign_out.id), TokenKind::Full).await;
    let (revoked_id, signed_out_id) = (device.id, at_sign_out.id);
    app.write(move |conn| {
        devices::revoke_device(conn, org, revoked_id, 1)?;
        devices::sign_out_device(conn, org, signed_out_id)
    })
    .await;
    let ended_with_device = app.device_of(admin).await;
    let ended = ended_with_device.access.clone();
    app.write(move |conn| sessions::revoke_families_of_device(conn, org, ended_with_device.id, 1)).await;
    let disabled_device = app.device_of(YUNZE.disabled()).await;
    let disabled_upload = app.session(YUNZE.disabled(), Some(disabled_device.id), TokenKind::Upload).await;
    vec![
        ("no token", None),
        ("garbage", Some("x".to_owned())),
        ("expired", Some(expired)),
        ("a session that never was", Some(without_session)),
        ("an ended session", Some(ended)),
        ("a revoked device", Some(of_revoked)),
        ("a signed-out device", Some(signed_out)),
        ("a disabled person", Some(app.session(YUNZE.disabled(), None, TokenKind::Full).await)),
        ("a disabled person's upload", Some(disabled_upload)),
        ("somebody else's device", Some(app.session(admin, Some(disabled_device.id), TokenKind::Full).await)),
    ]
}

#[actix_web::test]
async fn dead_tokens_open_nothing_but_what_is_public() {
    let app = TestApp::new().await;
    let device = app.device_of(YUNZE.member(Role::Admin)).await;
    let tokens = dead_tokens(&app, &device).await;
    for operation in Operation::ALL {
        let row = operation.row();
        for (reason, token) in &tokens {
            let call = call(row, absent_path(row));
            let answer = app.send(if let Some(token) = token { call.bearer(token) } else { call }).await;
            if row.access == Access::Public {
                assert!(!is_refused_by_the_guard(&answer), "{} with {reason}: {}", row.id, answer.text());
            } else {
                assert_eq!(answer.outcome(), (401, "token_invalid".to_owned()), "{} with {reason}", row.id);
            }
        }
    }
}

#[actix_web::test]
async fn a_revoked_device_may_still_upload_and_nothing_else() {
    let app = TestApp::new().await;
    let device = app.device_of(YUNZE.rep()).await;
    let upload = app.session(YUNZE.rep(), Some(device.id), TokenKind::Upload).await;
    app.write(move |conn| devices::revoke_device(conn, YUNZE.org, device.id, 1)).await;
    for operation in Operation::ALL {
        let row = operation.row();
        let answer = app.send(call(row, absent_path(row)).bearer(&upload)).await;
        let is_open = matches!(row.access, Access::Public | Access::Device);
        assert_eq!(!is_refused_by_the_guard(&answer), is_open, "{}: {}", row.id, answer.text());
    }
}

#[test]
fn every_path_parameter_is_known_to_the_matrix() {
    let unknown: Vec<String> = Operation::ALL
        .iter()
        .map(|operation| operation.row())
        .flat_map(|row| row.path.split('/').filter(|part| part.starts_with('{')).map(move |part| (row.id, part)))
        .filter(|(_, part)| !targets::is_known(part))
        .map(|(id, part)| format!("{id}: {part}"))
        .collect();
    assert!(unknown.is_empty(), "teach tests/it/permissions_matrix/targets.rs: {unknown:#?}");
}
