//! Records of days from before they were kept: the migration reads them from the intents.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use doorstep_store::day_records::list_between;
use doorstep_store::per_backend;
use doorstep_store::schema::day_records;
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use sync_core::intent::IntentBody;
use sync_core::intent::body::{DayCheckIn, DayNote};
use sync_core::time::Stamp;

/// What the migration does with what is here already.
fn filling(engine: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(engine);
    let up = folder.join("2026-12-01-140000_create_day_records/up.sql");
    let text = std::fs::read_to_string(up).expect("the migration");
    let at = text.find("INSERT INTO day_records").expect("the statement");
    text[at..].to_owned()
}

#[actix_web::test]
async fn what_is_here_already_gets_the_rows_that_it_would_get_now() {
    let app = TestApp::new().await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let date = || "2025-03-04".to_owned();
    // A right clock, one that is wrong by an hour, one that never met the server's.
    let place = Some("depot".to_owned());
    phone.intend(IntentBody::DayCheckIn(DayCheckIn { date: date(), place, geo: None, photo: None }));
    let stamp = phone.stamp();
    phone.wrong_clock = Some(Stamp { off_ms: Some(-3_600_000), ..stamp.clone() });
    phone.intend(IntentBody::DayNote(DayNote { date: date(), visit_id: None, text: "雨".to_owned() }));
    phone.wrong_clock = Some(Stamp { off_ms: None, err_ms: None, ..stamp });
    phone
        .intend(IntentBody::DayNote(DayNote { date: "2025-03-05".to_owned(), visit_id: None, text: "晴".to_owned() }));
    phone.sync().await;
    let rows = async || app.read(|conn| list_between(conn, YUNZE.org, "", "~")).await;
    let kept = rows().await;
    assert_eq!(kept.len(), 3, "{kept:?}");

    let sql = filling(if app.state.store.has_nodes() { "postgres" } else { "sqlite" });
    app.write(move |conn| {
        per_backend!(conn, c => diesel::delete(day_records::table).execute(c))?;
        Ok(per_backend!(conn, c => c.batch_execute(&sql))?)
    })
    .await;
    assert_eq!(rows().await, kept);
}
