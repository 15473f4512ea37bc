//! Who has two roles sees what each of them sees, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use doorstep::domain::{Operation, Role};
use doorstep_store::Txt;
use doorstep_store::assignments::{AssignmentRecord, insert_assignment};
use doorstep_store::users::{UserRow, insert_user};
use integration_tests::actors::Client;
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::company::{Member, YUNZE};
use serde_json::{Value, json};
use sync_core::ids::{AssignmentId, UserId, VisitId};

use super::targets::{Stage, Things, World};

/// What somebody sees, one text per thing, and one more where it is shown unmasked.
type Facts = BTreeSet<String>;

/// Adds a person of team one with these roles to the crew of visits.
async fn add_person(app: &TestApp, roles: &[Role], visits: &[VisitId]) -> Member {
    let id = UserId(app.id());
    let member = Member { id, role: None, ..YUNZE.rep() };
    let now_ms = app.now().0;
    let person = UserRow {
        org_id: Txt(member.org),
        id: Txt(id),
        login: format!("person.{id}"),
        name: format!("Person {id}"),
        staff_number: None,
        team_id: member.team.map(Txt),
        password_hash: None,
        is_disabled: false,
        version: 1,
        created_at_ms: now_ms,
        phone: None,
    };
    let codes: Vec<&'static str> = roles.iter().map(|role| role.code()).collect();
    let crew = |visit: &VisitId| AssignmentRecord {
        org_id: Txt(member.org),
        id: Txt(AssignmentId(app.id())),
        visit_id: Txt(*visit),
        rep_id: Txt(id),
        epoch: 1,
        from_ms: now_ms,
        until_ms: None,
    };
    let crew: Vec<AssignmentRecord> = visits.iter().map(crew).collect();
    app.write(move |conn| {
        insert_user(conn, &person, &codes)?;
        crew.iter().try_for_each(|row| insert_assignment(conn, row))
    })
    .await;
    member
}

/// The list of an answer; empty where the asker has no grant.
async fn list(client: &Client<'_>, call: Call, name: &str) -> Vec<Value> {
    let answer = client.send(call).await;
    if answer.status == 403 { Vec::new() } else { answer.expect(200)[name].as_array().cloned().expect("a list") }
}

fn is_masked(text: &Value) -> bool {
    text.as_str().is_none_or(|text| text.contains("**"))
}

async fn facts_of_lists(client: &Client<'_>, actor: Member, facts: &mut Facts) {
    let search = || Call::post(Operation::Search.row().path).json(&json!({"phone": "138 0000 0001"}));
    let all = |operation: Operation| Call::get(format!("{}?page_size=200", operation.row().path));
    let lists = [
        ("found customer", search(), "customers", "id", "name"),
        ("found order", search(), "work_orders", "id", ""),
        ("found visit", search(), "visits", "id", ""),
        ("customer", all(Operation::ListCustomers), "items", "id", "name"),
        ("order", all(Operation::ListWorkOrders), "items", "id", ""),
        ("visit", all(Operation::ListVisits), "items", "id", ""),
        ("queue", all(Operation::ListReviewQueue), "items", "visit_id", ""),
    ];
    for (what, call, name, id, private) in lists {
        for item in list(client, call, name).await {
            facts.insert(format!("{what} {}", item[id]));
            if !private.is_empty() && !is_masked(&item[private]) {
                facts.insert(format!("{what} {} as it is", item[id]));
            }
            for visit in item["visit_ids"].as_array().into_iter().flatten() {
                facts.insert(format!("{what} {} with visit {visit}", item[id]));
            }
        }
    }
    for line in list(client, Call::get(Operation::ShowDayBoard.row().path), "lines").await {
        // Those who are compared differ in who is meant by himself and by the others played here.
        let seeded = [YUNZE.rep(), YUNZE.colleague(), YUNZE.stranger()].map(|member| json!(member.id));
        let of = match &line["rep_id"] {
            rep if *rep == json!(actor.id) => "himself".to_owned(),
            rep if seeded.contains(rep) || rep.is_null() => rep.to_string(),
            _ => "another".to_owned(),
        };
        for visit in line["visits"].as_array().expect("visits") {
            let id = &visit["visit"]["id"];
            facts.insert(format!("board {of} {id}"));
            if visit["address"].is_string() {
                facts.insert(format!("board {id} as it is"));
            }
        }
    }
}

async fn facts_of_things(client: &Client<'_>, things: &Things, facts: &mut Facts) {
    let shown = [
        (Operation::ShowCustomer, "/name"),
        (Operation::ShowSite, "/address"),
        (Operation::ShowWorkOrder, ""),
        (Operation::ShowVisit, ""),
        (Operation::ShowReview, "/plan/address"),
        (Operation::ListMissingBlobs, ""),
        (Operation::ShowBlob, ""),
    ];
    for stage in Stage::ALL {
        for (operation, private) in shown {
            let path = things.path(operation.row(), stage);
            let answer = client.get(path.clone()).await;
            if matches!(answer.status, 403 | 404) {
                continue;
            }
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            facts.insert(path.clone());
            if !private.is_empty() && answer.json().pointer(private).is_some_and(|text| !is_masked(text)) {
                facts.insert(format!("{path} as it is"));
            }
        }
    }
}

async fn facts(app: &TestApp, world: &World, actor: Member) -> Facts {
    let client = app.signed_in(actor).await;
    let mut facts = Facts::new();
    facts_of_lists(&client, actor, &mut facts).await;
    for things in world.all() {
        facts_of_things(&client, things, &mut facts).await;
    }
    facts
}

#[actix_web::test]
async fn two_roles_see_the_union_of_what_each_sees() {
    let app = TestApp::new().await;
    let world = World::seed(&app, &[YUNZE.rep()]).await;
    let rep = world.all().iter().find(|things| things.owner.id == YUNZE.rep().id).expect("the rep was seeded");
    // Who goes out works with the rep, so that a pair and its single roles have the same things of their own.
    let own = Stage::ALL.map(|stage| rep.job(stage).planned.visit);
    let crew_of = |role| if matches!(role, Role::FieldRep | Role::TeamLead) { own.as_slice() } else { &[] };
    let mut members = BTreeMap::new();
    for (at, role) in Role::ALL.into_iter().enumerate() {
        members.insert((role, role), add_person(&app, &[role], crew_of(role)).await);
        for other in Role::ALL.into_iter().skip(at + 1) {
            members.insert((role, other), add_person(&app, &[role, other], crew_of(role)).await);
        }
    }
    let mut singles = BTreeMap::new();
    for role in Role::ALL {
        singles.insert(role, facts(&app, &world, members[&(role, role)]).await);
    }
    assert!(singles.values().collect::<BTreeSet<_>>().len() > 6, "roles see different things");
    for ((one, other), member) in members.into_iter().filter(|((one, other), _)| one != other) {
        let union: Facts = singles[&one].union(&singles[&other]).cloned().collect();
        let seen = facts(&app, &world, member).await;
        let (missing, beyond): (Vec<_>, Vec<_>) =
            (union.difference(&seen).collect(), seen.difference(&union).collect());
        assert!(missing.is_empty() && beyond.is_empty(), "{one} and {other}: missing {missing:#?}, beyond {beyond:#?}");
    }
}

// Rule: DOC-02
#[actix_web::test]
async fn a_second_role_unmasks_only_what_it_shows_itself() {
    let app = TestApp::new().await;
    let world = World::seed(&app, &[YUNZE.rep()]).await;
    let of = |member: Member| world.all().iter().find(|things| things.owner.id == member.id).expect("seeded");
    let (own, colleagues) = (of(YUNZE.rep()), of(YUNZE.colleague()));
    let visits = Stage::ALL.map(|stage| own.job(stage).planned.visit);
    for (roles, own_is_masked, sees_unfinished) in [
        ([Role::Reviewer, Role::FieldRep], false, false),
        ([Role::Auditor, Role::FieldRep], false, true),
        ([Role::Reviewer, Role::Auditor], true, true),
        ([Role::Reviewer, Role::Admin], true, false),
        ([Role::Reviewer, Role::SurveyOwner], true, false),
    ] {
        let client = app.signed_in(add_person(&app, &roles, &visits).await).await;
        for (things, should_be_masked) in [(own, own_is_masked), (colleagues, true)] {
            let customer = client.get(things.path(Operation::ShowCustomer.row(), Stage::HandedIn)).await.expect(200);
            assert_eq!(is_masked(&customer["name"]), should_be_masked, "{roles:?}: {customer}");
            let review = client.get(things.path(Operation::ShowReview.row(), Stage::HandedIn)).await.expect(200);
            assert_eq!(is_masked(&review["plan"]["address"]), should_be_masked, "{roles:?}: {review}");
        }
        let unfinished = client.get(colleagues.path(Operation::ShowVisit.row(), Stage::Planned)).await;
        assert_eq!(unfinished.status == 200, sees_unfinished, "{roles:?}: {}", unfinished.text());
        let own_unfinished = client.get(own.path(Operation::ShowVisit.row(), Stage::Planned)).await;
        let is_own_seen = sees_unfinished || roles.contains(&Role::FieldRep);
        assert_eq!(own_unfinished.status == 200, is_own_seen, "{roles:?}: {}", own_unfinished.text());
    }
}
