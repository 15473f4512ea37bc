//! Whether a process says truly that it can serve.

use doorstep::app::AppError;
use doorstep_store::organisations::take_number;
use doorstep_store::{StoreError, migrate};
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::company::YUNZE;
use integration_tests::db::{TestDb, with_conn};
use integration_tests::dir::TestDir;
use integration_tests::patience::come;
use integration_tests::together;

#[actix_web::test]
async fn many_may_ask_at_once_whether_blobs_can_be_written() {
    let app = TestApp::new().await;
    for written in together::all((0..64).map(|_| app.state.blobs.check_writable())).await {
        written.expect("each asker has a file of its own");
    }
    app.send(Call::get("/readyz")).await.expect(200);
}

/// A SQLite file whatever the engine of the run: PostgreSQL has no one writer.
#[cfg(unix)]
#[actix_web::test]
async fn a_writer_that_cannot_reopen_the_database_is_not_ready_and_goes_on_once_it_can() {
    let dir = TestDir::new();
    let db = TestDb::sqlite(dir.path());
    with_conn(db.url(), |conn| {
        migrate::run_pending(conn)?;
        YUNZE.insert(conn)
    })
    .expect("a database");
    let app = TestApp::configured(|config| {
        config.database_url = db.url().to_owned();
        config.database.wait_ms = 2_000;
    })
    .await;
    let number = || app.state.store.write(|conn| Ok::<_, AppError>(take_number(conn, YUNZE.org, "test")?));
    assert_eq!(number().await.expect("a number"), 1);

    let path = db.url().strip_prefix("sqlite://").expect("a file");
    let (away, odd) = (format!("{path}-away"), format!("{path}-odd"));
    std::fs::hard_link(path, &away).expect("a second name");
    // At no instant is the name free: whoever opened it then would make a database of its own.
    std::os::unix::fs::symlink(path, &odd).expect("a link that will name itself");
    std::fs::rename(&odd, path).expect("something that is no database");
    let spoilt = app.state.store.write(|_| -> Result<(), StoreError> { panic!("a defect in a closure") }).await;
    assert!(matches!(spoilt, Err(StoreError::Panicked)), "{spoilt:?}");
    // Told as the first try to open it fails.
    assert_eq!(number().await.expect_err("no writer").code().as_str(), "busy");
    let refused = app.send(Call::get("/readyz")).await;
    assert_eq!(refused.outcome(), (503, "not_ready".to_owned()));
    assert!(refused.text().contains("the database cannot be written"), "{}", refused.text());

    std::fs::rename(&away, path).expect("moved back");
    let next = async {
        loop {
            match number().await {
                Ok(next) => break next,
                Err(error) => assert_eq!(error.code().as_str(), "busy"),
            }
        }
    };
    assert_eq!(come("a number", next).await, 2);
    app.send(Call::get("/readyz")).await.expect(200);
}
