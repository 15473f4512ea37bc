//! Things of oneself, of team mates, of other teams and of other organisations: reached, or as good as absent.

use std::collections::BTreeSet;

use doorstep::domain::operation::Method;
use doorstep::domain::{Operation, Role, TokenKind};
use doorstep_store::Txt;
use doorstep_store::norms::{
    CalendarVersionRow, PolicyVersionRow, TemplateRow, insert_calendar, insert_policy, insert_template,
};
use integration_tests::app::TestApp;
use integration_tests::builders::{Planned, TEMPLATE};
use integration_tests::call::{Answer, Call};
use integration_tests::company::{HAOYU, YUNZE};
use serde_json::{Value, json};
use sync_core::bytes::Hash;

use super::targets::{self, FOREIGN_TEMPLATE, FOREIGN_VERSION, Relation, Stage, World};
use super::{absent_path, call, cast, granted};

/// What a stranger could compare: everything but the id and the instant of the request.
fn comparable(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let is_of_request = |name: &str| matches!(name, "x-request-id" | "date");
    let mut headers: Vec<_> = answer.headers.iter().filter(|(name, _)| !is_of_request(name)).cloned().collect();
    headers.sort();
    let mut body = answer.json();
    body["request_id"] = Value::Null;
    (answer.status, headers, body)
}

/// Whether the server admits that the thing exists.
fn admits(answer: &Answer) -> bool {
    let code = answer.code().unwrap_or_default();
    !matches!((answer.status, code.as_str()), (401, _) | (403, "forbidden") | (404, "not_found" | ""))
}

// Rule: DOC-01
#[actix_web::test]
async fn grants_reach_as_far_as_their_scope_and_the_rest_looks_absent() {
    let app = TestApp::new().await;
    let world = World::seed(&app, &cast()).await;
    let all = || Operation::ALL.iter().map(|one| one.row()).filter(|row| targets::is_about_somebody(*row));
    let (mut reached, mut hidden) = (BTreeSet::new(), BTreeSet::new());
    for actor in cast() {
        let token = app.session(actor, None, TokenKind::Full).await;
        for row in all() {
            let Some(scope) = granted(row, actor.role, TokenKind::Full) else { continue };
            let absent = app.send(call(row, absent_path(row)).bearer(&token)).await;
            assert_eq!(absent.outcome(), (404, "not_found".to_owned()), "{} absent: {}", row.id, absent.text());
            for (relation, stage) in Relation::ALL.into_iter().flat_map(|one| Stage::ALL.map(|stage| (one, stage))) {
                let path = world.related(actor, relation).path(row, stage);
                let answer = app.send(call(row, path).bearer(&token)).await;
                let cell = format!("{} as {}, {relation:?}, {stage:?}: {}", row.id, actor.login, answer.text());
                if targets::is_reached(actor, scope, relation, targets::is_about_visits(row), stage) {
                    assert!(admits(&answer), "{cell}");
                    reached.insert(row.id);
                } else {
                    assert_eq!(comparable(&answer), comparable(&absent), "{cell}");
                    hidden.insert(row.id);
                }
            }
        }
    }
    let played: BTreeSet<&str> = all().map(|row| row.id).collect();
    assert_eq!((&reached, &hidden), (&played, &played), "every operation is played both ways");
}

#[actix_web::test]
async fn a_photo_of_another_visit_looks_absent() {
    let app = TestApp::new().await;
    let world = World::seed(&app, &[]).await;
    let reviewer = app.role(YUNZE, Role::Reviewer).await;
    let row = Operation::JudgePhoto.row();
    let things = |relation| world.related(YUNZE.rep(), relation).job(Stage::HandedIn);
    let visit = things(Relation::Team).planned.visit;
    let path = |photo: &str| format!("/v1/visits/{visit}/photos/{photo}/verdicts");
    let absent = reviewer.send(call(row, path(&targets::absent("{photo_id}")))).await;
    for relation in [Relation::OtherTeam, Relation::Foreign] {
        let answer = reviewer.send(call(row, path(&things(relation).photo))).await;
        assert_eq!(comparable(&answer), comparable(&absent), "{relation:?}");
    }
}

/// The name of a blob is its content: bringing one says nothing of who else has it.
#[actix_web::test]
async fn bringing_a_blob_tells_nothing_about_others() {
    let app = TestApp::new().await;
    let world = World::seed(&app, &[YUNZE.rep()]).await;
    let device = app.device_of(YUNZE.rep()).await.client();
    let row = Operation::PutBlob.row();
    let absent = device.send(call(row, absent_path(row))).await;
    assert_eq!(absent.outcome(), (422, "checksum_mismatch".to_owned()));
    for relation in Relation::ALL {
        let path = world.related(YUNZE.rep(), relation).path(row, Stage::HandedIn);
        assert_eq!(comparable(&device.send(call(row, path)).await), comparable(&absent), "{relation:?}");
    }
}

/// Publishes norms in the other organisation that this one does not have.
async fn publish_foreign_norms(app: &TestApp) {
    let (org_id, now) = (Txt(HAOYU.org), app.now());
    app.write(move |conn| {
        let body = json!({"code": FOREIGN_TEMPLATE}).to_string();
        let sha256 = Txt(Hash::of(body.as_bytes()));
        let (code, version) = (FOREIGN_TEMPLATE.to_owned(), FOREIGN_VERSION);
        insert_template(
            conn,
            &TemplateRow { org_id, code, version, body, sha256, published_at_ms: now.0, effective_from_ms: 0 },
        )?;
        let body = json!({"version": version, "effective_from_ms": 0, "parameters": {}}).to_string();
        insert_policy(conn, &PolicyVersionRow { org_id, version, body, effective_from_ms: 0 })?;
        let body = json!({"version": version, "days": {}}).to_string();
        insert_calendar(conn, &CalendarVersionRow { org_id, version, body, published_at_ms: now.0 })
    })
    .await;
}

#[actix_web::test]
async fn norms_are_everybodys_within_the_organisation() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    publish_foreign_norms(&app).await;
    for actor in cast() {
        let client = app.signed_in(actor).await;
        let reads = Operation::ALL.iter().map(|one| one.row()).filter(|row| row.method == Method::Get);
        for row in reads.filter(|row| targets::is_about_norms(*row)) {
            let (ours, theirs) = targets::norm_paths(row);
            assert_eq!(client.get(ours).await.status, 200, "{} as {}", row.id, actor.login);
            let absent = client.get(absent_path(row)).await;
            assert_eq!(absent.outcome(), (404, "not_found".to_owned()), "{} as {}", row.id, actor.login);
            assert_eq!(comparable(&client.get(theirs).await), comparable(&absent), "{} as {}", row.id, actor.login);
        }
        let listed = client.get("/v1/templates").await.expect(200);
        let codes: Vec<_> = listed["items"].as_array().expect("items").iter().map(|item| &item["code"]).collect();
        assert!(codes.contains(&&json!(TEMPLATE)) && !codes.contains(&&json!(FOREIGN_TEMPLATE)), "{codes:?}");
    }
    // Who may change them changes none of others.
    let admin = app.role(YUNZE, Role::Admin).await;
    let changes = Operation::ALL.iter().map(|one| one.row()).filter(|row| row.method != Method::Get);
    for row in changes.filter(|row| targets::is_about_norms(*row)) {
        let (_, theirs) = targets::norm_paths(row);
        let why = json!({"reason": "why"});
        let absent = admin.post(absent_path(row), why.clone()).await;
        assert_eq!(absent.outcome(), (404, "not_found".to_owned()), "{}", row.id);
        assert_eq!(comparable(&admin.post(theirs, why).await), comparable(&absent), "{}", row.id);
    }
}

/// Ids of a customer, an order and a person.
type Named = [String; 3];

/// What is named in a body, who names it, and the request; its own visit and site are ours.
fn naming(ours: Planned, version: i64, [customer, order, user]: Named) -> [(&'static str, Role, Call); 5] {
    let site = json!({"customer_id": customer, "address": "成都市一环路1号", "scene": "rural"});
    let new_order = json!({"customer_id": customer, "site_id": ours.site, "type": "install", "channel": "hotline"});
    let visit = json!({"work_order_id": order, "template": TEMPLATE});
    let crew = json!({"crew": [user]});
    let assign = Call::post(format!("/v1/visits/{}/assign", ours.visit)).header("if-match", format!("\"{version}\""));
    [
        ("the customer of a site", Role::CsAgent, Call::post("/v1/sites").json(&site)),
        ("the customer of an order", Role::CsAgent, Call::post("/v1/work-orders").json(&new_order)),
        ("the order of a visit", Role::Dispatcher, Call::post("/v1/visits").json(&visit)),
        ("the crew, by the office", Role::Dispatcher, assign.clone().json(&crew)),
        ("the crew, by the lead", Role::TeamLead, assign.json(&crew)),
    ]
}

#[actix_web::test]
async fn foreign_things_named_in_a_body_look_absent() {
    let app = TestApp::new().await;
    let world = World::seed(&app, &[]).await;
    let ours = world.related(YUNZE.rep(), Relation::Team).job(Stage::Planned).planned;
    let version = app.office_again(YUNZE).row(ours.visit).await.version;
    let named = |relation| {
        let things = world.related(YUNZE.rep(), relation);
        let theirs = things.job(Stage::Planned).planned;
        [theirs.customer.to_string(), theirs.order.to_string(), things.owner.id.to_string()]
    };
    let absent = naming(ours, version, std::array::from_fn(|_| targets::absent("an id")));
    let foreign = naming(ours, version, named(Relation::Foreign));
    for ((what, role, foreign), (_, _, absent)) in foreign.into_iter().zip(absent) {
        let client = app.role(YUNZE, role).await;
        let (foreign, absent) = (client.send(foreign).await, client.send(absent).await);
        assert_eq!(absent.outcome(), (422, "invalid".to_owned()), "{what}: {}", absent.text());
        assert_eq!(comparable(&foreign), comparable(&absent), "{what}");
    }
    let [.., (what, role, beyond)] = naming(ours, version, named(Relation::OtherTeam));
    let answer = app.role(YUNZE, role).await.send(beyond).await;
    assert_eq!(answer.outcome(), (422, "invalid".to_owned()), "{what} of another team: {}", answer.text());
}
