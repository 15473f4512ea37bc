//! Lists hold exactly what the table's scope reaches, for everybody who may ask.

use std::collections::BTreeSet;

use doorstep::domain::{Operation, Scope, TokenKind};
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::company::{Member, YUNZE};
use serde_json::{Value, json};

use super::targets::{Job, Relation, Stage, Things, World, is_reached};
use super::{cast, granted};

/// One kind of thing in the answer of an operation that lists.
struct Listing {
    operation: Operation,
    /// Where the ids are: names of members, of which lists are walked through.
    ids: &'static [&'static str],
    of: Of,
}

/// What is listed.
#[derive(Clone, Copy)]
enum Of {
    /// One of each person.
    Person(fn(&Things) -> String),
    /// Two of each person, seen like the customer or order of a visit.
    Order(fn(&Job) -> String),
    /// One of each person, of the order of which the visit is still planned.
    Waiting(fn(&Job) -> String),
    /// Two of each person, seen like the visit itself.
    Visit(fn(&Job) -> String),
    /// Only visits under review.
    UnderReview,
    /// Only visits with concurrent values; here everybody works on one phone.
    Conflicted,
    /// Only visits with late work; here everything comes in time.
    Belated,
}

const VISIT: Of = Of::Visit(|job| job.planned.visit.to_string());
const ORDER: Of = Of::Order(|job| job.planned.order.to_string());
const CUSTOMER: Of = Of::Order(|job| job.planned.customer.to_string());

/// Every list, with the kinds of things in it.
const LISTINGS: [Listing; 21] = [
    listing(Operation::ListAbsences, &["items", "id"], Of::Person(|things| things.absence.to_string())),
    listing(Operation::ListDevices, &["items", "id"], Of::Person(|things| things.device.to_string())),
    listing(Operation::ListQuarantine, &["items", "id"], Of::Person(|things| things.item.clone())),
    listing(Operation::ListCustomers, &["items", "id"], CUSTOMER),
    listing(Operation::ListWorkOrders, &["items", "id"], ORDER),
    listing(Operation::ListWorkOrders, &["items", "visit_ids"], VISIT),
    listing(Operation::ListVisits, &["items", "id"], VISIT),
    listing(Operation::ListReviewQueue, &["items", "visit_id"], Of::UnderReview),
    listing(Operation::ListConflicts, &["items", "visit_id"], Of::Conflicted),
    listing(Operation::ListLateWork, &["items", "visit_id"], Of::Belated),
    listing(Operation::ShowDayBoard, &["lines", "visits", "visit", "id"], VISIT),
    listing(Operation::ShowDayBoard, &["lines", "rep_id"], Of::Person(|things| things.owner.id.to_string())),
    listing(Operation::ListCheckIns, &["reps", "visit_ids"], VISIT),
    listing(Operation::ListCheckIns, &["reps", "rep_id"], Of::Person(|things| things.owner.id.to_string())),
    listing(Operation::ListDeadlines, &["items", "work_order_id"], Of::Waiting(|job| job.planned.order.to_string())),
    listing(Operation::ListTasks, &["items", "id"], Of::Order(|job| job.task.to_string())),
    listing(Operation::ListNotices, &["items", "id"], Of::Order(|job| job.notice.to_string())),
    listing(Operation::ExplainFigure, &["items", "visit_id"], Of::Order(|job| job.planned.visit.to_string())),
    listing(Operation::Search, &["customers", "id"], CUSTOMER),
    listing(Operation::Search, &["work_orders", "id"], ORDER),
    listing(Operation::Search, &["visits", "id"], VISIT),
];

const fn listing(operation: Operation, ids: &'static [&'static str], of: Of) -> Listing {
    Listing { operation, ids, of }
}

/// The texts at the end of a way through an answer.
fn texts(value: &Value, way: &[&str]) -> Vec<String> {
    match (value, way) {
        (Value::Array(items), _) => items.iter().flat_map(|item| texts(item, way)).collect(),
        (Value::String(text), []) => vec![text.clone()],
        (_, [name, rest @ ..]) => texts(&value[name], rest),
        (other, []) => panic!("{other} is no id"),
    }
}

/// The ids that an actor should find.
fn expected(world: &World, actor: Member, scope: Scope, of: Of) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for things in world.all() {
        let relation = Relation::of(actor, things.owner);
        let reached = |is_of_visit, stage| is_reached(actor, scope, relation, is_of_visit, stage);
        for stage in Stage::ALL {
            let job = things.job(stage);
            let id = match of {
                Of::Person(id) => reached(false, stage).then(|| id(things)),
                Of::Order(id) => reached(false, stage).then(|| id(job)),
                Of::Waiting(id) => (reached(false, stage) && stage == Stage::Planned).then(|| id(job)),
                Of::Visit(id) => reached(true, stage).then(|| id(job)),
                Of::Conflicted | Of::Belated => None,
                Of::UnderReview => {
                    (reached(true, stage) && stage == Stage::HandedIn).then(|| job.planned.visit.to_string())
                }
            };
            ids.extend(id);
        }
    }
    ids
}

#[actix_web::test]
async fn lists_hold_what_the_scope_reaches() {
    let app = TestApp::new().await;
    let world = World::seed(&app, &cast()).await;
    let mut lists = 0;
    for actor in cast() {
        let client = app.signed_in(actor).await;
        for Listing { operation, ids, of } in LISTINGS {
            let row = operation.row();
            let Some(scope) = granted(row, actor.role, TokenKind::Full) else { continue };
            let call = match operation {
                // Everybody's customers have this number.
                Operation::Search => Call::post(row.path).json(&json!({"phone": "138 0000 0001"})),
                Operation::ShowDayBoard | Operation::ListCheckIns => Call::get(row.path),
                // Those of orders whose customer nobody has called yet; one of each visit.
                Operation::ListDeadlines => Call::get(format!("{}?code=first_contact&page_size=200", row.path)),
                Operation::ExplainFigure => {
                    Call::get("/v1/kpi/arrival/explain?from=2025-03-04&to=2025-03-04&page_size=200")
                }
                Operation::ListTasks => Call::get(format!("{}?kind=open_point&page_size=200", row.path)),
                _ => Call::get(format!("{}?page_size=200", row.path)),
            };
            let found = texts(&client.send(call).await.expect(200), ids);
            let unique: BTreeSet<String> = found.iter().cloned().collect();
            let cell = format!("{} as {}: {ids:?}", row.id, actor.login);
            assert_eq!(found.len(), unique.len(), "{cell} has doubles");
            assert_eq!(unique, expected(&world, actor, scope, of), "{cell}");
            lists += 1;
        }
    }
    assert!(lists > 60, "{lists} lists were read");
}

#[actix_web::test]
async fn people_are_listed_as_far_as_the_scope_reaches() {
    let app = TestApp::new().await;
    let row = Operation::ListUsers.row();
    for actor in cast() {
        let Some(scope) = granted(row, actor.role, TokenKind::Full) else { continue };
        let is_listed = |member: &Member| is_reached(actor, scope, Relation::of(actor, *member), false, Stage::Planned);
        let people = YUNZE.members().into_iter().filter(is_listed).map(|member| member.id.to_string());
        let answer = app.signed_in(actor).await.get(format!("{}?page_size=200", row.path)).await.expect(200);
        let found: BTreeSet<String> = texts(&answer, &["items", "id"]).into_iter().collect();
        assert_eq!(found, people.collect(), "as {}", actor.login);
    }
}

#[actix_web::test]
async fn everybody_is_shown_himself() {
    let app = TestApp::new().await;
    for actor in cast() {
        let me = app.signed_in(actor).await.get("/v1/me").await.expect(200);
        assert_eq!(me["user"]["id"], json!(actor.id), "as {}", actor.login);
    }
}
