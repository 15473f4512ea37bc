//! Absences: what is left to others, who may be sent meanwhile, and the work that has begun.

use doorstep::domain::Role;
use integration_tests::call::Call;
use integration_tests::company::{HAOYU, YUNZE};
use serde_json::{Value, json};
use sync_core::ids::VisitId;

use super::{DAY_MS, HOUR_MS, TOMORROW, at, audited, change, crew, id, office, order, plan, shown, visit};

fn listed(handover: &Value) -> Vec<(Value, bool)> {
    let visits = handover["visits"].as_array().expect("visits").iter();
    visits.map(|one| (one["visit_id"].clone(), one["is_begun"] == true)).collect()
}

// Rule: APT-11
#[actix_web::test]
async fn who_falls_ill_leaves_open_visits_to_others_and_what_has_begun_is_told_apart() {
    let (app, _) = office().await;
    let (dispatcher, lead) = (app.role(YUNZE, Role::Dispatcher).await, app.role(YUNZE, Role::TeamLead).await);
    let (rep, colleague) = (YUNZE.rep(), YUNZE.colleague());
    let overdue = visit(&dispatcher, &[rep], -HOUR_MS).await;
    let begun = visit(&dispatcher, &[rep], HOUR_MS).await;
    let tomorrow = visit(&dispatcher, &[rep], DAY_MS).await;
    let after = visit(&dispatcher, &[rep], 3 * DAY_MS).await;
    visit(&dispatcher, &[colleague], DAY_MS + 5 * HOUR_MS).await;
    let mut phone = app.phone_of(rep).await;
    phone.sync().await;
    let at_door: VisitId = id(&begun).parse().expect("an id");
    phone.come_to_the_door(at_door);
    phone.sync().await;

    let path = format!("/v1/users/{}/absences", rep.id);
    let handover = lead.post(&*path, json!({"reason": "ill", "until": at(2 * DAY_MS)})).await.expect(201);
    assert_eq!((&handover["absence"]["reason_zh"], &handover["is_complete"]), (&json!("病假"), &json!(true)));
    let expected = [(overdue["id"].clone(), false), (begun["id"].clone(), true), (tomorrow["id"].clone(), false)];
    assert_eq!(listed(&handover), expected);

    // Nobody gives him anything of that time.
    let repair = order(&dispatcher, "repair", None).await;
    let refused = plan(&dispatcher, &repair, &[rep], 2 * DAY_MS - 1).await;
    assert_eq!(refused.outcome(), (422, "rep_absent".to_owned()));
    assert!(!refused.text().contains("病"), "why is nobody's business: {}", refused.text());
    plan(&dispatcher, &repair, &[rep], 2 * DAY_MS).await.expect(201);
    let reschedule = format!("/v1/visits/{}/reschedule", id(&after));
    let to = json!({"start": at(DAY_MS + HOUR_MS), "notified_at": at(0), "proposed_by": "customer", "reason": "提前"});
    let refused = change(&dispatcher, reschedule, &after["version"], to).await;
    assert_eq!(refused.outcome(), (422, "rep_absent".to_owned()));

    // What he has goes to others through proposals; what he did stays.
    let asked = json!({"day": TOMORROW, "from_rep": rep.id});
    let proposals = lead.post("/v1/dispatch/proposals", asked).await.expect(200);
    let proposal = &proposals["visits"][0];
    assert_eq!((&proposal["visit_id"], proposals["visits"].as_array().map(Vec::len)), (&tomorrow["id"], Some(1)));
    let excluded = proposal["excluded"].as_array().expect("excluded");
    let own = excluded.iter().find(|fit| fit["rep_id"] == json!(rep.id)).expect("judged");
    assert_eq!(own["obstacles"][1]["code"], "rep_absent");
    let items = [&tomorrow, &begun].map(|one| {
        let version =
            if one["id"] == begun["id"] { handover["visits"][1]["version"].clone() } else { one["version"].clone() };
        json!({"visit_id": one["id"], "version": version, "rep_id": colleague.id, "from_rep": rep.id})
    });
    let results = lead.post("/v1/dispatch/confirmations", json!({"items": items})).await.expect(200);
    assert_eq!(
        (&results["results"][0]["outcome"], &results["results"][1]["outcome"]),
        (&json!("assigned"), &json!("assigned"))
    );
    assert_eq!(crew(&shown(&dispatcher, &begun).await), [json!(colleague.id)]);
    assert_eq!(shown(&dispatcher, &begun).await["state"], handover["visits"][1]["state"]);
    phone.measure(at_door, "optical_power", "-18.30", "dBm");
    let late = phone.round().await;
    assert_eq!(late.acks[0].reason.as_deref(), Some("reassigned"), "kept, as late work");
    let mut new = app.phone_of(colleague).await;
    new.sync().await;
    assert!(new.has("visit", id(&begun)) && new.has("visit", id(&tomorrow)));
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn an_absence_to_come_takes_only_its_own_time_and_may_end_early() {
    let (app, _) = office().await;
    let (dispatcher, lead) = (app.role(YUNZE, Role::Dispatcher).await, app.role(YUNZE, Role::TeamLead).await);
    let rep = YUNZE.rep();
    visit(&dispatcher, &[rep], -HOUR_MS).await;
    let inside = visit(&dispatcher, &[rep], DAY_MS).await;
    visit(&dispatcher, &[rep], 2 * DAY_MS).await;
    let path = format!("/v1/users/{}/absences", rep.id);
    let body = json!({"reason": "leave", "from": at(DAY_MS), "until": at(2 * DAY_MS)});
    let keyed = || Call::post(&*path).header("idempotency-key", "a-1").json(&body);
    let handover = lead.send(keyed()).await.expect(201);
    assert_eq!(listed(&handover), [(inside["id"].clone(), false)]);
    assert_eq!(lead.send(keyed()).await.expect(201), handover, "the same again");
    let end = format!("/v1/absences/{}/end", id(&handover["absence"]));
    let late = lead.post(&*end, json!({"at": at(2 * DAY_MS)})).await;
    assert_eq!((late.outcome(), &late.json()["fields"][0]["path"]), ((422, "invalid".to_owned()), &json!("at")));
    let foreign = app.role(HAOYU, Role::TeamLead).await;
    assert_eq!(foreign.post(&*end, json!({})).await.outcome(), (404, "not_found".to_owned()));
    let ended = lead.post(&*end, json!({"at": at(DAY_MS + HOUR_MS)})).await.expect(200)["absence"].clone();
    assert_eq!(ended["until"], json!(at(DAY_MS + HOUR_MS)));
    assert_eq!(lead.post(&*end, json!({"at": at(DAY_MS + HOUR_MS)})).await.outcome(), (422, "invalid".to_owned()));
    let repair = order(&dispatcher, "repair", None).await;
    let refused = plan(&dispatcher, &repair, &[rep], DAY_MS + HOUR_MS - 1).await;
    assert_eq!(refused.outcome(), (422, "rep_absent".to_owned()));
    plan(&dispatcher, &repair, &[rep], DAY_MS + HOUR_MS).await.expect(201);
    // Both what was said first and that it ended earlier stay to be read.
    let own = app.signed_in(rep).await.get("/v1/absences").await.expect(200);
    assert_eq!((&own["items"][0], own["items"].as_array().map(Vec::len)), (&ended, Some(1)));
    assert_eq!(app.signed_in(YUNZE.colleague()).await.get("/v1/absences").await.expect(200)["items"], json!([]));
}

/// A mistyped end, or an earlier return afterwards, locks nobody out.
#[actix_web::test]
async fn the_end_of_an_absence_may_be_said_again_until_it_is_over() {
    let (app, _) = office().await;
    let (dispatcher, lead) = (app.role(YUNZE, Role::Dispatcher).await, app.role(YUNZE, Role::TeamLead).await);
    let rep = YUNZE.rep();
    let path = format!("/v1/users/{}/absences", rep.id);
    let ill = lead.post(path, json!({"reason": "ill"})).await.expect(201);
    let end = format!("/v1/absences/{}/end", id(&ill["absence"]));
    let say = async |offset_ms| lead.post(&*end, json!({"at": at(offset_ms)})).await;
    say(3650 * DAY_MS).await.expect(200);
    let repair = order(&dispatcher, "repair", None).await;
    assert_eq!(plan(&dispatcher, &repair, &[rep], 5 * DAY_MS).await.outcome(), (422, "rep_absent".to_owned()));
    assert_eq!(say(3 * DAY_MS).await.expect(200)["absence"]["until"], json!(at(3 * DAY_MS)));
    // Of several at once each is said, and the last one counts.
    let (one, other) = tokio::join!(say(4 * DAY_MS), say(2 * DAY_MS));
    let (one, other) = (one.expect(200)["absence"]["until"].clone(), other.expect(200)["absence"]["until"].clone());
    let listed = lead.get("/v1/absences").await.expect(200)["items"][0]["until"].clone();
    assert!(listed == one || listed == other, "{listed}");
    say(2 * DAY_MS + HOUR_MS).await.expect(200);
    plan(&dispatcher, &repair, &[rep], 2 * DAY_MS + HOUR_MS).await.expect(201);
    // What was given out meanwhile is left to others once he is away for longer.
    let longer = say(3 * DAY_MS).await.expect(200);
    assert_eq!((longer["visits"].as_array().map(Vec::len), &longer["is_complete"]), (Some(1), &json!(true)));
    assert_eq!(say(2 * DAY_MS + HOUR_MS).await.expect(200)["visits"], json!([]));
    let said: Vec<_> = audited(&app, &id(&ill["absence"])).await;
    assert_eq!(said.iter().filter(|(kind, _)| kind == "absence.ended").count(), 7, "all of it stays: {said:?}");
    let ended = lead.post(&*end, json!({})).await.expect(200);
    assert_eq!(ended["absence"]["until"], json!(at(0)));
    assert_eq!(say(DAY_MS).await.outcome(), (409, "state_invalid".to_owned()), "it is over");
}

/// A visit is taken to last an hour: whoever leaves half way through it is not there.
// Rule: APT-11
#[actix_web::test]
async fn an_absence_that_begins_during_a_visit_is_seen() {
    let (app, _) = office().await;
    let (dispatcher, lead) = (app.role(YUNZE, Role::Dispatcher).await, app.role(YUNZE, Role::TeamLead).await);
    let rep = YUNZE.rep();
    let during = visit(&dispatcher, &[rep], DAY_MS).await;
    visit(&dispatcher, &[rep], DAY_MS - HOUR_MS / 2).await;
    let path = format!("/v1/users/{}/absences", rep.id);
    let body = json!({"reason": "leave", "from": at(DAY_MS + HOUR_MS / 2), "until": at(2 * DAY_MS)});
    let handover = lead.post(&*path, body).await.expect(201);
    assert_eq!(listed(&handover), [(during["id"].clone(), false)]);
    let repair = order(&dispatcher, "repair", None).await;
    let refused = plan(&dispatcher, &repair, &[rep], DAY_MS - HOUR_MS / 2 + 1).await;
    assert_eq!(refused.outcome(), (422, "rep_absent".to_owned()));
    let asked = json!({"day": TOMORROW, "visit_ids": [during["id"]]});
    let proposals = dispatcher.post("/v1/dispatch/proposals", asked).await.expect(200);
    let excluded = proposals["visits"][0]["excluded"].as_array().expect("excluded");
    let own = excluded.iter().find(|fit| fit["rep_id"] == json!(rep.id)).expect("judged");
    let obstacles: Vec<_> = own["obstacles"].as_array().expect("obstacles").iter().map(|one| &one["code"]).collect();
    assert!(obstacles.contains(&&json!("rep_absent")), "{own}");
    plan(&dispatcher, &repair, &[rep], DAY_MS - HOUR_MS / 2).await.expect(201);
}

#[actix_web::test]
async fn who_left_leaves_everything_and_faults_are_named() {
    let (app, _) = office().await;
    let (dispatcher, lead) = (app.role(YUNZE, Role::Dispatcher).await, app.role(YUNZE, Role::TeamLead).await);
    let rep = YUNZE.rep();
    let repair = order(&dispatcher, "repair", None).await;
    let body = json!({"work_order_id": repair["id"], "template": "broadband_repair", "crew": [rep.id]});
    let open = dispatcher.post("/v1/visits", body).await.expect(201);
    let path = format!("/v1/users/{}/absences", rep.id);
    for (body, field) in [
        (json!({"reason": "bored"}), "reason"),
        (json!({"reason": "leave"}), "until"),
        (json!({"reason": "left", "until": at(DAY_MS)}), "until"),
        (json!({"reason": "ill", "until": at(0)}), "until"),
        (json!({"reason": "ill", "from": "1999-01-01T00:00:00Z"}), "from"),
    ] {
        let refused = lead.post(&*path, body).await;
        assert_eq!(
            (refused.outcome(), &refused.json()["fields"][0]["path"]),
            ((422, "invalid".to_owned()), &json!(field))
        );
    }
    for beyond in [YUNZE.stranger(), HAOYU.rep()] {
        let refused = lead.post(format!("/v1/users/{}/absences", beyond.id), json!({"reason": "ill"})).await;
        assert_eq!(refused.outcome(), (404, "not_found".to_owned()));
    }
    let handover = lead.post(path, json!({"reason": "left"})).await.expect(201);
    assert_eq!(listed(&handover), [(open["id"].clone(), false)], "also what has no time yet");
    let far = order(&dispatcher, "repair", None).await;
    assert_eq!(plan(&dispatcher, &far, &[rep], 300 * DAY_MS).await.outcome(), (422, "rep_absent".to_owned()));
}
