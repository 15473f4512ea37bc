//! Pictures that are ingested at once share their memory.

use doorstep_media::{Deadline, Limits, ingest};
use doorstep_store::blobs::list_pending;

use super::*;

/// How often the pending pictures were begun.
async fn begun(office: &Office) -> Vec<Option<i64>> {
    let pending = office.write(|conn| Ok(list_pending(conn, ORG, None, 10)?)).await;
    pending.into_iter().map(|row| row.ingest_attempts).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_picture_is_decoded_before_there_is_memory_for_it() {
    let office = office().await;
    office.upload(office.rep(), &jpeg()).await.expect("stored");
    let all = office.state.ingest.memory().decoded(u64::MAX).await.expect("open");
    let state = office.state.clone();
    let pass = tokio::spawn(async move { run_due(&state).await });
    while begun(&office).await != [Some(1)] {}
    // Several times as long as it would take.
    for _ in 0..5 {
        ingest(&jpeg(), &Limits::default(), &Deadline::default()).expect("it can be decoded");
        assert_eq!(begun(&office).await, [Some(1)], "it waits");
    }
    drop(all);
    assert_eq!(pass.await.expect("no panic").expect("settled"), 1);
    assert_eq!(row(&office, &jpeg()).await.expect("stored").preview_state, "ready");
}

#[tokio::test]
async fn no_original_is_read_before_there_is_memory_for_it() {
    let office = office().await;
    office.upload(office.rep(), &jpeg()).await.expect("stored");
    let all = office.state.ingest.memory().original(u64::MAX).await.expect("open");
    let state = office.state.clone();
    let pass = tokio::spawn(async move { run_due(&state).await });
    for _ in 0..200 {
        assert_eq!(begun(&office).await, [None], "it is read before it is begun");
    }
    drop(all);
    assert_eq!(pass.await.expect("no panic").expect("settled"), 1);
}
