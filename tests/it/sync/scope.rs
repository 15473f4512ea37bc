//! Who holds what: reassigning, cancelling, the window of days, teams.

use doorstep::domain::{Role, TokenKind};
use doorstep::jobs::roll_scope;
use integration_tests::app::TestApp;
use integration_tests::builders::{DAY_MS, HOUR_MS, Office, Planned};
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use sync_core::ids::{AppointmentId, CustomerId, SiteId, VisitId};
use sync_core::intent::IntentBody;
use sync_core::intent::body::{CreateCustomer, CreateSite, ProposeAppointment};
use sync_core::protocol::{DocForm, Outcome, Row, SyncResponse};

use super::helpers::run;

/// How often answers tell a phone to drop an item of a kind.
fn times_gone(answers: &[SyncResponse], kind: &str, id: impl ToString) -> usize {
    let id = id.to_string();
    let rows = answers.iter().filter_map(|answer| answer.rows.get(kind)).flatten();
    rows.filter(|row| matches!(row, Row::Gone { .. }) && row.id() == id).count()
}

fn docs_gone(answers: &[SyncResponse], visit: VisitId) -> usize {
    let docs = answers.iter().flat_map(|answer| &answer.docs);
    docs.filter(|doc| doc.id == visit && doc.form == DocForm::Gone).count()
}

/// A visit whose document is on the server and on the phone.
async fn begun(office: Office<'_>, phone: &mut Phone<'_>) -> Planned {
    let planned = office.plan(&[YUNZE.rep()]).await;
    phone.sync().await;
    phone.tick(planned.visit, "safety", true);
    phone.sync().await;
    planned
}

#[actix_web::test]
async fn a_reassigned_visit_leaves_one_phone_and_comes_whole_to_another() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let mut old = app.phone_of(YUNZE.rep()).await;
    let planned = begun(office, &mut old).await;
    let mut new = app.phone_of(YUNZE.stranger()).await;
    new.sync().await;
    office.assign(planned.visit, &[YUNZE.stranger()]).await;

    let mut heads = old.heads(planned.visit);
    let mut answers = old.sync().await;
    answers.extend(old.sync().await);
    for (kind, id) in [
        ("visit", planned.visit.to_string()),
        ("customer", planned.customer.to_string()),
        ("site", planned.site.to_string()),
        ("work_order", planned.order.to_string()),
    ] {
        assert_eq!(times_gone(&answers, kind, &id), 1, "{kind}");
        assert!(!old.has(kind, &id), "{kind}");
    }
    assert_eq!(docs_gone(&answers, planned.visit), 1);
    assert!(!old.carries(planned.visit) && old.rows["assignment"].is_empty() && old.rows["appointment"].is_empty());

    new.sync().await;
    assert_eq!(new.heads(planned.visit), heads);
    assert!(new.has("visit", planned.visit) && new.has("customer", planned.customer));

    // And back: the first phone dropped its own work, so it gets all of it again.
    new.tick(planned.visit, "wiring", true);
    new.sync().await;
    heads = new.heads(planned.visit);
    office.assign(planned.visit, &[YUNZE.rep()]).await;
    old.sync().await;
    assert_eq!(old.heads(planned.visit), heads);
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn a_visit_that_leaves_and_returns_untouched_comes_back_with_the_reps_own_work() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let planned = begun(office, &mut phone).await;
    let heads = phone.heads(planned.visit);
    office.assign(planned.visit, &[YUNZE.stranger()]).await;
    phone.sync().await;
    assert!(!phone.carries(planned.visit));
    office.assign(planned.visit, &[YUNZE.rep()]).await;
    phone.sync().await;
    assert_eq!(phone.heads(planned.visit), heads);
}

#[actix_web::test]
async fn late_work_of_a_rep_who_lost_the_visit_is_accepted_with_the_reason() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let mut old = app.phone_of(YUNZE.rep()).await;
    let planned = begun(office, &mut old).await;
    // In the cellar, without a network.
    old.measure(planned.visit, "optical_power", "-18.30", "dBm");
    let heads = old.heads(planned.visit);
    office.assign(planned.visit, &[YUNZE.stranger()]).await;

    let answer = old.round().await;
    assert_eq!((answer.acks[0].outcome, answer.acks[0].reason.as_deref()), (Outcome::Late, Some("reassigned")));
    assert_eq!(old.receipts.last().expect("a receipt").heads_of(&planned.visit), Some(heads.as_slice()));
    assert!(!old.carries(planned.visit));
    let mut new = app.phone_of(YUNZE.stranger()).await;
    new.sync().await;
    assert_eq!(new.heads(planned.visit), heads);
    // Its own crew sees it apart, until the office accepts it.
    let view = new.view(planned.visit);
    assert_eq!((view.measures.len(), view.held.len()), (0, 1));
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn a_receipt_names_what_a_phone_brought_where_others_have_built_on_it_since() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let mut old = app.phone_of(YUNZE.rep()).await;
    let planned = begun(office, &mut old).await;
    old.measure(planned.visit, "optical_power", "-18.30", "dBm");
    let (brought, request) = (old.heads(planned.visit), old.request());
    // The answer is lost; the visit changes hands, and the next rep goes on from there.
    old.exchange(&request).await;
    office.assign(planned.visit, &[YUNZE.stranger()]).await;
    let mut new = app.phone_of(YUNZE.stranger()).await;
    new.sync().await;
    new.tick(planned.visit, "wiring", true);
    new.sync().await;

    let answer = old.exchange(&request).await;
    assert_eq!(answer.acks[0].outcome, Outcome::Duplicate);
    old.take_in(&answer);
    let named = old.receipts.last().expect("a receipt").heads_of(&planned.visit).expect("the visit").to_vec();
    assert!(named.contains(&brought[0]) && named.contains(&new.heads(planned.visit)[0]), "{named:?}");
    assert!(old.is_all_sent(), "nothing of it goes again");
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn work_on_a_cancelled_visit_is_late_evidence() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let planned = begun(office, &mut phone).await;
    phone.tick(planned.visit, "wiring", true);
    let heads = phone.heads(planned.visit);
    office.cancel(planned.visit).await;
    let answer = phone.round().await;
    assert_eq!((answer.acks[0].outcome, answer.acks[0].reason.as_deref()), (Outcome::Late, Some("cancelled")));
    assert_eq!(answer.acks[0].heads, heads);
}

#[actix_web::test]
async fn visits_outside_the_window_stay_in_the_office_until_they_move_into_it() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let soon = office.plan_at(&[YUNZE.rep()], 13 * DAY_MS).await;
    let later = office.plan_at(&[YUNZE.rep()], 20 * DAY_MS).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    assert!(phone.has("visit", soon.visit) && !phone.has("visit", later.visit));
    assert!(!phone.has("customer", later.customer));

    office.reschedule(later.visit, app.now().plus_ms(2 * DAY_MS)).await;
    office.reschedule(soon.visit, app.now().plus_ms(30 * DAY_MS)).await;
    let answers = phone.sync().await;
    assert!(phone.has("visit", later.visit) && phone.has("customer", later.customer));
    assert_eq!(times_gone(&answers, "visit", soon.visit), 1);
    assert!(!phone.has("customer", soon.customer));
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn as_days_pass_visits_enter_the_window_and_finished_ones_leave_it() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let finished = begun(office, &mut phone).await;
    let open = office.plan(&[YUNZE.rep()]).await;
    let later = office.plan_at(&[YUNZE.rep()], 20 * DAY_MS).await;
    office.cancel(finished.visit).await;
    phone.sync().await;
    roll_scope::run_due(&app.state, app.now()).await.expect("rolled");
    assert!(phone.round().await.rows.is_empty(), "nothing crossed an edge yet");
    assert!(phone.has("visit", finished.visit) && !phone.has("visit", later.visit));

    app.clock.advance_secs(10 * DAY_MS / 1000);
    phone.device.access = app.session(YUNZE.rep(), Some(phone.device.id), TokenKind::Full).await;
    roll_scope::run_due(&app.state, app.now()).await.expect("rolled");
    let answers = phone.sync().await;
    assert!(phone.has("visit", later.visit) && phone.has("site", later.site));
    assert_eq!((times_gone(&answers, "visit", finished.visit), docs_gone(&answers, finished.visit)), (1, 1));
    assert!(phone.has("visit", open.visit), "unfinished work stays, however old");
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn a_team_lead_holds_the_visits_of_the_team_and_keeps_his_own_when_they_change_hands() {
    let app = TestApp::new().await;
    let lead = YUNZE.member(Role::TeamLead);
    let office = app.office(YUNZE).await;
    let (team, other) = (office.plan(&[YUNZE.rep()]).await, office.plan(&[YUNZE.stranger()]).await);
    let mut phone = app.phone_of(lead).await;
    phone.sync().await;
    assert!(phone.has("visit", team.visit) && !phone.has("visit", other.visit));

    // The lead goes himself: he holds it twice, and loses it only with the second hold.
    office.assign(team.visit, &[lead]).await;
    let answers = phone.sync().await;
    assert_eq!(times_gone(&answers, "visit", team.visit), 0);
    assert!(phone.has("visit", team.visit));
    office.assign(team.visit, &[YUNZE.stranger()]).await;
    let answers = phone.sync().await;
    assert_eq!(times_gone(&answers, "visit", team.visit), 1);
    assert!(!phone.has("visit", team.visit));
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn a_lead_who_changed_teams_keeps_nothing_of_the_old_one_also_where_it_left_and_came_back() {
    let app = TestApp::new().await;
    let member = YUNZE.member(Role::TeamLead);
    let office = app.office(YUNZE).await;
    let mut rep = app.phone_of(YUNZE.rep()).await;
    let (gone, stays) = (begun(office, &mut rep).await.visit, begun(office, &mut rep).await.visit);
    let (left, back) = (begun(office, &mut rep).await.visit, begun(office, &mut rep).await.visit);
    let theirs = office.plan(&[YUNZE.stranger()]).await.visit;
    let mut phone = app.phone_of(member).await;
    phone.sync().await;
    office.assign(gone, &[]).await;
    phone.sync().await;
    assert!(!phone.has("visit", gone) && [stays, left, back].iter().all(|visit| phone.carries(*visit)));

    office.assign(left, &[]).await;
    office.assign(back, &[]).await;
    office.assign(back, &[YUNZE.rep()]).await;
    run(&app, format!("UPDATE users SET team_id = '{}' WHERE id = '{}'", YUNZE.team(2), member.id)).await;
    let answers = phone.sync().await;
    for visit in [stays, left, back] {
        assert_eq!((times_gone(&answers, "visit", visit), docs_gone(&answers, visit)), (1, 1));
        assert!(!phone.has("visit", visit) && !phone.carries(visit));
    }
    assert_eq!(times_gone(&answers, "visit", gone), 0, "no more than is needed");
    assert_eq!(phone.rows["visit"].len(), 1, "what the new team has");
    assert!(phone.has("visit", theirs));
}

#[actix_web::test]
async fn documents_of_the_team_reach_the_lead_as_they_grow() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let mut rep = app.phone_of(YUNZE.rep()).await;
    let planned = begun(office, &mut rep).await;
    let mut lead = app.phone_of(YUNZE.member(Role::TeamLead)).await;
    lead.sync().await;
    assert_eq!(lead.heads(planned.visit), rep.heads(planned.visit));
    app.clock.advance_secs(HOUR_MS / 1000);
    rep.device.access = app.session(YUNZE.rep(), Some(rep.device.id), TokenKind::Full).await;
    lead.device.access = app.session(YUNZE.member(Role::TeamLead), Some(lead.device.id), TokenKind::Full).await;
    rep.tick(planned.visit, "wiring", true);
    rep.sync().await;
    let answer = lead.round().await;
    assert_eq!(answer.docs[0].form, DocForm::Delta);
    assert_eq!(lead.heads(planned.visit), rep.heads(planned.visit));
}

#[actix_web::test]
async fn what_a_rep_made_at_the_door_leaves_with_the_window_unless_a_visit_needs_it() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let (kept, dropped) = (make_customer(&mut phone), make_customer(&mut phone));
    let order = office.plan_at(&[YUNZE.rep()], HOUR_MS).await.order;
    let appointment_id = AppointmentId(app.id());
    phone.intend(IntentBody::ProposeAppointment(ProposeAppointment {
        appointment_id,
        work_order_id: order,
        visit_id: None,
        start_ms: app.now().plus_ms(5 * HOUR_MS),
        end_ms: None,
        agreed: true,
        note: None,
    }));
    phone.sync().await;
    let carried = |phone: &Phone<'_>| {
        let of = |(customer, site)| phone.has("customer", customer) && phone.has("site", site);
        (of(kept), of(dropped), phone.has("appointment", appointment_id))
    };
    assert_eq!(carried(&phone), (true, true, true));
    let kept_order = office.order_for(kept.0, kept.1).await;

    days_pass(&app, &mut phone, 6).await;
    assert_eq!(carried(&phone), (true, true, true), "the window reaches back to the day they were made");
    let visit = office.plan_order(kept_order, &[YUNZE.rep()], DAY_MS).await;

    let answers = days_pass(&app, &mut phone, 4).await;
    assert_eq!(carried(&phone), (true, false, false));
    assert_eq!(times_gone(&answers, "customer", dropped.0), 1);
    assert_eq!(times_gone(&answers, "site", dropped.1), 1);
    assert_eq!(times_gone(&answers, "appointment", appointment_id), 1);
    assert!(days_pass(&app, &mut phone, 1).await[0].rows.is_empty(), "once is enough");

    // The visit that held the other two leaves, and they with it.
    office.assign(visit, &[YUNZE.stranger()]).await;
    phone.sync().await;
    assert_eq!(carried(&phone), (false, false, false));
    assert_eq!(app.verified().await.differences, []);
}

/// A customer with a site, asked for at the door.
fn make_customer(phone: &mut Phone<'_>) -> (CustomerId, SiteId) {
    let (customer_id, site_id) = (CustomerId(phone.device.app.id()), SiteId(phone.device.app.id()));
    phone.intend(IntentBody::CreateCustomer(CreateCustomer {
        customer_id,
        kind: "individual".to_owned(),
        name: "王芳".to_owned(),
        phones: Vec::new(),
        address: "成都市二环路2号".to_owned(),
    }));
    phone.intend(IntentBody::CreateSite(CreateSite {
        site_id,
        customer_id,
        address: "成都市二环路2号".to_owned(),
        scene: "rural".to_owned(),
        geo: None,
        access_note: None,
    }));
    (customer_id, site_id)
}

/// Days later: the job has run, and the phone has synced.
async fn days_pass(app: &TestApp, phone: &mut Phone<'_>, days: i64) -> Vec<SyncResponse> {
    app.clock.advance_secs(days * DAY_MS / 1000);
    phone.device.access = app.session(YUNZE.rep(), Some(phone.device.id), TokenKind::Full).await;
    roll_scope::run_due(&app.state, app.now()).await.expect("rolled");
    phone.sync().await
}
