//! First syncs in small pieces, and cursors that mean nothing here.

use std::collections::BTreeMap;

use doorstep::domain::Role;
use doorstep_store::feed::{FeedBatch, FeedKind};
use integration_tests::app::TestApp;
use integration_tests::builders::{DAY_MS, HOUR_MS, Planned};
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use sync_core::ids::EpochId;
use sync_core::protocol::{Audience, Cursor, DocForm, Outcome, Row, SyncResponse};

use super::helpers::run;

/// The least the server accepts as size of an answer.
const SMALL: u64 = 16 << 10;

/// Twelve visits over the coming days, the one of today planned last; each has a document of some size.
async fn many_visits(app: &TestApp) -> Vec<Planned> {
    let office = app.office(YUNZE).await;
    let mut planned = Vec::new();
    for day in (1..12).rev() {
        planned.push(office.plan_at(&[YUNZE.rep()], day * DAY_MS).await);
    }
    planned.push(office.plan_at(&[YUNZE.rep()], HOUR_MS).await);
    let mut writer = app.phone_of(YUNZE.rep()).await;
    for one in &planned {
        let notes = "到店后与张经理沟通，光缆完好。".repeat(60);
        writer.write(one.visit, |edit| edit.set_notes(&notes));
        writer.tick(one.visit, "safety", true);
    }
    writer.sync().await;
    planned
}

/// How often each row came.
fn row_counts(answers: &[SyncResponse]) -> BTreeMap<(String, String), usize> {
    let mut counts = BTreeMap::new();
    for (kind, rows) in answers.iter().flat_map(|answer| &answer.rows) {
        for row in rows {
            *counts.entry((kind.clone(), row.id().to_owned())).or_default() += 1;
        }
    }
    counts
}

/// How much a phone is told to drop.
fn gone(answer: &SyncResponse) -> usize {
    let rows = answer.rows.values().flatten().filter(|row| matches!(row, Row::Gone { .. })).count();
    rows + answer.docs.iter().filter(|doc| doc.form == DocForm::Gone).count()
}

fn same(one: &Phone<'_>, other: &Phone<'_>, planned: &[Planned]) {
    assert_eq!(one.rows, other.rows);
    assert!(planned.iter().all(|planned| one.heads(planned.visit) == other.heads(planned.visit)));
}

#[actix_web::test]
async fn a_first_sync_in_small_answers_misses_nothing_and_begins_with_today() {
    let app = TestApp::new().await;
    let planned = many_visits(&app).await;
    let mut whole = app.phone_of(YUNZE.rep()).await;
    assert_eq!(whole.sync().await.len(), 1);

    let mut small = app.phone_of(YUNZE.rep()).await;
    small.max_bytes = SMALL;
    let first = small.round().await;
    let today = planned.last().expect("today's visit");
    assert!(first.more);
    assert!(small.has("visit", today.visit) && small.has("work_order", today.order) && small.carries(today.visit));
    let mut answers = vec![first];
    answers.extend(small.sync().await);
    assert!(answers.len() > 3, "{} answers", answers.len());
    same(&small, &whole, &planned);
    // Only what was sent ahead comes twice.
    let twice = row_counts(&answers).into_iter().filter(|(_, count)| *count > 1);
    let twice: Vec<String> = twice.map(|((kind, id), count)| format!("{kind} {id} {count}")).collect();
    assert_eq!(twice, [format!("visit {} 2", today.visit), format!("work_order {} 2", today.order)]);
}

#[actix_web::test]
async fn an_answer_lost_in_the_middle_is_simply_asked_for_again() {
    let app = TestApp::new().await;
    let planned = many_visits(&app).await;
    let mut whole = app.phone_of(YUNZE.rep()).await;
    whole.sync().await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.max_bytes = SMALL;
    loop {
        let request = phone.request();
        let lost = phone.exchange(&request).await;
        let again = phone.exchange(&request).await;
        assert_eq!((&lost.cursor, &lost.rows, &lost.docs), (&again.cursor, &again.rows, &again.docs));
        phone.take_in(&again);
        if !again.more {
            break;
        }
    }
    same(&phone, &whole, &planned);
}

#[actix_web::test]
async fn news_between_two_answers_are_neither_skipped_nor_confused() {
    let app = TestApp::new().await;
    let planned = many_visits(&app).await;
    let office = app.office_again(YUNZE);
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.max_bytes = SMALL;
    let mut changes = planned.iter().rev();
    while phone.round().await.more {
        if let Some(changed) = changes.next() {
            office.reschedule(changed.visit, app.now().plus_ms(3 * DAY_MS)).await;
        }
    }
    let mut whole = app.phone_of(YUNZE.rep()).await;
    whole.sync().await;
    same(&phone, &whole, &planned);
}

#[actix_web::test]
async fn a_document_larger_than_an_answer_does_not_stop_the_cursor() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut writer = app.phone_of(YUNZE.rep()).await;
    // One change holds at most 5,000 operations, one per character.
    for part in 1..=4 {
        writer.write(visit, |edit| edit.set_notes(&"字".repeat(part * 4_500)));
    }
    assert_eq!(writer.sync().await[0].acks[0].outcome, Outcome::Stored);
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.max_bytes = 1;
    phone.sync().await;
    assert_eq!(phone.heads(visit), writer.heads(visit));
    assert!(phone.has("visit", visit));
}

#[actix_web::test]
async fn a_cursor_that_means_nothing_here_starts_anew() {
    let app = TestApp::new().await;
    let planned = many_visits(&app).await;
    let mut whole = app.phone_of(YUNZE.rep()).await;
    whole.sync().await;
    let known = Cursor::decode(whole.cursor.as_deref().expect("a cursor")).expect("a cursor");
    let foreign = Cursor { epoch: EpochId(app.id()), ..known.clone() }.encode().expect("a cursor");
    // Positions beyond the feed's end, as after a restore that kept the epoch.
    for cursor in ["garbage".to_owned(), "AAAA".to_owned(), String::new(), foreign] {
        let mut phone = app.phone_of(YUNZE.rep()).await;
        phone.cursor = Some(cursor);
        phone.sync().await;
        same(&phone, &whole, &planned);
    }
}

#[actix_web::test]
async fn audiences_come_from_the_token_and_never_from_the_cursor() {
    let app = TestApp::new().await;
    let theirs = app.office(YUNZE).await.plan(&[YUNZE.stranger()]).await;
    let mut stranger = app.phone_of(YUNZE.stranger()).await;
    stranger.sync().await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.cursor.clone_from(&stranger.cursor);
    let answers = phone.sync().await;
    assert!(!phone.has("visit", theirs.visit));
    // Not even by what it would have to drop.
    let told = row_counts(&answers).into_keys().any(|(_, id)| id == theirs.visit.to_string());
    assert!(!told && answers.iter().all(|answer| gone(answer) == 0), "{answers:?}");
    // The other audience is no longer in the cursor either.
    let cursor = Cursor::decode(phone.cursor.as_deref().expect("a cursor")).expect("a cursor");
    let audiences: Vec<Audience> = cursor.positions.into_keys().collect();
    assert_eq!(audiences, [Audience::Org, Audience::User(YUNZE.rep().id)]);
}

#[actix_web::test]
async fn the_items_of_a_team_that_was_left_are_gone_in_answers_of_the_usual_size() {
    let app = TestApp::new().await;
    let first = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let team = format!("t:{}", YUNZE.team(1));
    let items: Vec<_> = (0..600).map(|_| app.id()).collect();
    let (last, all) = (*items.iter().max().expect("an item"), items);
    let to = team.clone();
    app.write(move |conn| {
        let mut batch = FeedBatch::new();
        all.iter().for_each(|item| batch.put(&*to, FeedKind::Visit, item));
        batch.publish(conn, YUNZE.org).map(drop)
    })
    .await;
    let member = YUNZE.member(Role::TeamLead);
    let mut lead = app.phone_of(member).await;
    lead.sync().await;
    let leads = async |number| {
        run(&app, format!("UPDATE users SET team_id = '{}' WHERE id = '{}'", YUNZE.team(number), member.id)).await;
    };
    leads(2).await;
    for (max_bytes, expected) in [(SMALL, vec![256, 256, 94]), (1 << 20, vec![606])] {
        let mut left = lead.clone();
        left.max_bytes = max_bytes;
        let told: Vec<usize> = left.sync().await.iter().map(gone).collect();
        assert_eq!(told, expected);
        assert!(!left.has("visit", first));
        let cursor = Cursor::decode(left.cursor.as_deref().expect("a cursor")).expect("a cursor");
        assert!(!cursor.positions.contains_key(&Audience::Team(YUNZE.team(1))), "{cursor:?}");
    }

    // What leaves between two answers is gone all the same; who has the team again meanwhile starts anew in it.
    lead.max_bytes = SMALL;
    lead.round().await;
    app.write(move |conn| {
        let mut batch = FeedBatch::new();
        batch.gone(&*team, FeedKind::Visit, last);
        batch.publish(conn, YUNZE.org).map(drop)
    })
    .await;
    let rest = row_counts(&lead.clone().sync().await);
    assert_eq!((rest.len(), rest.get(&("visit".to_owned(), last.to_string()))), (606 - 256, Some(&1)));
    assert!(!lead.has("visit", first));
    leads(1).await;
    lead.sync().await;
    assert!(lead.has("visit", first));
}
