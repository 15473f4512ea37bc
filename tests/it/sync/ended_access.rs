//! Each remedy works once the phone was revoked, and once the visit was handed over (design 2.3).

use doorstep::domain::{Role, TokenKind};
use doorstep_store::devices::revoke_device;
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use serde_json::json;
use sync_core::ids::VisitId;
use sync_core::protocol::Outcome;

use super::helpers::quarantined;
use super::hostile::craft::{hash_of, mixed, nested};
use super::remedies::{OTHER, known_visit, refuse_readings, refused, refused_reading};

/// How the rep's access ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Revoked,
    HandedOver,
}

const BOTH: [Ended; 2] = [Ended::Revoked, Ended::HandedOver];

pub(super) async fn revoke(app: &TestApp, phone: &mut Phone<'_>) {
    let (id, now) = (phone.device.id, app.now().0);
    app.write(move |conn| revoke_device(conn, YUNZE.org, id, now)).await;
    phone.device.access = app.session(YUNZE.rep(), Some(id), TokenKind::Upload).await;
}

async fn end(app: &TestApp, phone: &mut Phone<'_>, visit: VisitId, how: Ended) {
    match how {
        Ended::Revoked => revoke(app, phone).await,
        Ended::HandedOver => app.office_again(YUNZE).assign(visit, &[YUNZE.colleague()]).await,
    }
}

/// A reading that lies in quarantine because of what stands beside it.
pub(super) async fn forbidden_reading(app: &TestApp) -> (Phone<'_>, VisitId, String) {
    let (mut phone, visit) = known_visit(app).await;
    let actor = phone.actor(visit);
    let reading = json!({"code": "optical_power", "value": "-18.30", "unit": "dBm", "source": "typed",
        "at": phone.stamp(), "by": phone.device.member.id});
    let bad = mixed(phone.doc(visit), actor, &app.id().to_string(), &reading.to_string(), "");
    let path = refused(&mut phone, visit, vec![bad]).await;
    (phone, visit, path)
}

/// How many readings of a visit count for whoever is on its crew now.
async fn readings(app: &TestApp, visit: VisitId, how: Ended) -> usize {
    let member = if how == Ended::Revoked { YUNZE.rep() } else { YUNZE.colleague() };
    let mut crew = app.phone_of(member).await;
    crew.sync().await;
    crew.settled(visit).measures.len()
}

#[actix_web::test]
async fn an_item_is_driven_again_once_the_access_of_its_rep_has_ended() {
    for how in BOTH {
        let app = TestApp::new().await;
        let (mut phone, visit, path) = refused_reading(&app).await;
        refuse_readings(&app, visit, false);
        end(&app, &mut phone, visit, how).await;
        let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
        let done = dispatcher.post_empty(format!("{path}/redrive")).await.expect(200);
        let (outcome, count) = if how == Ended::Revoked { ("stored", 1) } else { ("late", 0) };
        assert_eq!([&done["outcome"], &done["item"]["state"]], [outcome, "redriven"], "{how:?}");
        assert_eq!(readings(&app, visit, how).await, count, "{how:?}: what is late waits for a decision");
        assert_eq!(app.verified().await.differences, []);
    }
}

#[actix_web::test]
async fn an_item_is_salvaged_once_the_access_of_its_rep_has_ended() {
    for how in BOTH {
        let app = TestApp::new().await;
        let (mut phone, visit, path) = forbidden_reading(&app).await;
        end(&app, &mut phone, visit, how).await;
        let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
        let done = dispatcher.post(format!("{path}/salvage"), json!({"records": [0]})).await.expect(200);
        assert_eq!((&done["item"]["state"], &done["records"][0]["is_held"]), (&json!("salvaged"), &json!(true)));
        let count = usize::from(how == Ended::Revoked);
        assert_eq!(readings(&app, visit, how).await, count, "{how:?}: what is late waits for a decision");
        assert_eq!(app.verified().await.differences, []);
    }
}

#[actix_web::test]
async fn an_item_is_replayed_once_the_access_of_its_rep_has_ended() {
    for how in BOTH {
        let app = TestApp::new().await;
        let (mut phone, visit) = known_visit(&app).await;
        let actor = phone.actor(visit);
        let bad = nested(phone.doc(visit), actor, 1);
        let path = refused(&mut phone, visit, vec![bad.clone()]).await;
        phone.use_actor(visit, OTHER);
        phone.measure(visit, "optical_power", "-18.30", "dBm");
        let mut anew = phone.request();
        anew.docs[0].replays = vec![hash_of(&bad)];
        end(&app, &mut phone, visit, how).await;
        let ack = phone.exchange(&anew).await.acks.remove(0);
        let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
        if how == Ended::Revoked {
            assert_eq!((ack.outcome, ack.code.as_deref()), (Outcome::Quarantined, Some("device_revoked")));
            let second = format!("/v1/quarantine/{}/{}", phone.device.id, ack.hash.expect("a name"));
            let done = dispatcher.post_empty(format!("{second}/redrive")).await.expect(200);
            assert_eq!(done["item"]["state"], "redriven");
        } else {
            assert_eq!((ack.outcome, ack.reason.as_deref()), (Outcome::Late, Some("reassigned")));
        }
        assert_eq!(dispatcher.get(&path).await.expect(200)["state"], "replayed", "{how:?}");
        assert_eq!(readings(&app, visit, how).await, usize::from(how == Ended::Revoked), "{how:?}");
        assert_eq!(app.verified().await.differences, []);
    }
}

#[actix_web::test]
async fn what_a_revoked_phone_brought_whole_counts_though_a_colleague_began_the_document() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep(), YUNZE.colleague()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.measure(visit, "optical_power", "-18.30", "dBm");
    phone.tick(visit, "kit/a", true);
    revoke(&app, &mut phone).await;
    let request = phone.request();
    assert_eq!(request.docs[0].chunks.len(), 1, "the whole document");
    let ack = phone.exchange(&request).await.acks.remove(0);
    assert_eq!((ack.outcome, ack.code.as_deref()), (Outcome::Quarantined, Some("device_revoked")));

    let mut colleague = app.phone_of(YUNZE.colleague()).await;
    colleague.sync().await;
    colleague.tick(visit, "kit/b", true);
    colleague.sync().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let path = format!("/v1/quarantine/{}/{}", phone.device.id, ack.hash.expect("a name"));
    let done = dispatcher.post_empty(format!("{path}/redrive")).await.expect(200);
    assert_eq!([&done["outcome"], &done["item"]["state"]], ["stored", "redriven"], "{done}");
    colleague.sync().await;
    let view = colleague.view(visit);
    assert_eq!((view.measures.len(), view.ticks.len()), (1, 2));
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn a_whole_document_of_which_nothing_can_be_taken_stays_one_item_however_often_it_comes() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep(), YUNZE.colleague()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.measure(visit, "optical_power", "-18.30", "dBm");
    revoke(&app, &mut phone).await;
    let request = phone.request();
    let ack = phone.exchange(&request).await.acks.remove(0);
    let mut colleague = app.phone_of(YUNZE.colleague()).await;
    colleague.sync().await;
    colleague.tick(visit, "kit/b", true);
    colleague.sync().await;

    // It goes as its changes now, and the server has a defect.
    refuse_readings(&app, visit, true);
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let path = format!("/v1/quarantine/{}/{}", phone.device.id, ack.hash.expect("a name"));
    for _ in 0..2 {
        let again = dispatcher.post_empty(format!("{path}/redrive")).await.expect(200);
        assert_eq!((&again["code"], &again["item"]["state"]), (&json!("not_writable"), &json!("open")));
        assert_eq!(phone.exchange(&request).await.acks[0].hash, ack.hash);
        assert_eq!(quarantined(&app, YUNZE).await.len(), 1);
    }
    refuse_readings(&app, visit, false);
    let done = dispatcher.post_empty(format!("{path}/redrive")).await.expect(200);
    assert_eq!([&done["outcome"], &done["item"]["state"]], ["stored", "redriven"], "{done}");
    assert_eq!(phone.exchange(&request).await.acks[0].hash, ack.hash);
    assert_eq!(quarantined(&app, YUNZE).await.len(), 1);
    assert_eq!(readings(&app, visit, Ended::Revoked).await, 1);
    assert_eq!(app.verified().await.differences, []);
}
