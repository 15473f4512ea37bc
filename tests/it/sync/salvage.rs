//! What is taken over of several refused changes supersedes what the writer of each of them had seen, and no more.

use doorstep::domain::Role;
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use serde_json::{Value, json};

use super::hostile::craft::{altered, change_of, hash_of, mixed};
use super::remedies::{known_visit, refused};

/// A rep sends a reading and, when he has seen that a colleague took a tick back, the tick anew; both are refused. Gives
/// how many conflicts there are once the office took over what is in these maps.
async fn conflicts_of(maps: &[&str]) -> usize {
    let app = TestApp::new().await;
    let (mut phone, visit) = known_visit(&app).await;
    let (actor, by, stamp) = (phone.actor(visit), phone.device.member.id, phone.stamp());
    let reading = json!({"code": "optical_power", "value": "-18.30", "unit": "dBm", "source": "typed", "at": stamp,
        "by": by});
    let before = mixed(phone.doc(visit), actor, &app.id().to_string(), &reading.to_string(), "");

    app.clock.advance_secs(60);
    let mut colleague = app.phone_of(YUNZE.rep()).await;
    colleague.sync().await;
    colleague.tick(visit, "kit/a", false);
    colleague.sync().await;
    phone.sync().await;
    let seen = phone.heads(visit);
    phone.tick(visit, "kit/a", true);
    let [anew] = <[_; 1]>::try_from(phone.doc(visit).changes_since(&seen).expect("one change")).expect("one");
    let anew = altered(&change_of(anew), |change| {
        change.seq += 1;
        change.start_op = (change.start_op.get() + 20).try_into().expect("a counter");
        change.deps.push(change_of(before.clone()).hash());
    });
    assert_ne!(hash_of(&anew), hash_of(&before));
    let path = refused(&mut phone, visit, vec![before, anew]).await;

    let salvage = format!("{path}/salvage");
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let shown = dispatcher.get(&salvage).await.expect(200);
    let records = shown["records"].as_array().expect("records");
    let chosen: Vec<usize> = (0..records.len()).filter(|at| is_of(&records[*at], maps)).collect();
    assert_eq!(chosen.len(), maps.len(), "{shown}");
    let done = dispatcher.post(&salvage, json!({"records": chosen})).await.expect(200);
    assert_eq!(done["item"]["state"], "salvaged");
    colleague.sync().await;
    let view = colleague.view(visit);
    assert_eq!(view.measures.len(), usize::from(maps.contains(&"measures")));
    assert_eq!(app.verified().await.differences, []);
    view.conflicts.len()
}

fn is_of(record: &Value, maps: &[&str]) -> bool {
    record["map"].as_str().is_some_and(|map| maps.contains(&map))
}

#[actix_web::test]
async fn one_of_two_changes_supersedes_what_its_writer_had_seen() {
    assert_eq!(conflicts_of(&["ticks"]).await, 0, "he had seen what his colleague did");
    assert_eq!(conflicts_of(&["measures"]).await, 0, "nobody wrote another reading");
}

#[actix_web::test]
async fn two_changes_supersede_only_what_was_seen_by_both() {
    assert_eq!(conflicts_of(&["measures", "ticks"]).await, 1, "the reading was taken before");
}
