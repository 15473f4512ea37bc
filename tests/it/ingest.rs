//! Ingest of pictures when machine, storage or database do not do as they should: no picture is given up for what was
//! not its fault, and none keeps the others waiting.

mod heic;
#[cfg(target_os = "linux")]
mod killed;
mod troubled;
mod turns;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use doorstep::app::AppState;
use doorstep::app::blobs::{IngestQueue, stop_ingest};
use doorstep::jobs;
use doorstep::jobs::ingest::run_due;
use doorstep::ports::Clock as _;
use doorstep_media::draw::{DemoPhoto, draw};
use doorstep_store::Txt;
use doorstep_store::blob_facts::find_facts;
use doorstep_store::blobs::{
    BlobRow, Outcome, begin_ingest, end_ingest, find_blob, ingest_again, list_outdated, list_pending,
};
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::patience::come;
use sync_core::bytes::Hash;

use self::troubled::Troubled;
use crate::custody::upload;

/// Which measures are taken.
const VERSION: i64 = 1;

/// How long an original that cannot be read is left alone.
const UNREAD_FOR_SECS: i64 = 300;

/// A server whose storage has troubles, ingesting two pictures at once.
struct Site {
    app: TestApp,
    storage: Arc<Troubled>,
    state: AppState,
}

impl Site {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let storage = Arc::new(Troubled::new(app.state.blobs.clone()));
        let ingest = Arc::new(IngestQueue::new(2));
        let state = AppState { blobs: storage.clone(), ingest, ..app.state.clone() };
        Self { app, storage, state }
    }

    /// Uploads pictures, one a second.
    async fn upload<const N: usize>(&self, pictures: [&[u8]; N]) -> [Hash; N] {
        let phone = self.app.phone_of(YUNZE.rep()).await;
        for picture in pictures {
            upload(&phone, picture).await;
            self.app.clock.advance_secs(1);
        }
        pictures.map(Hash::of)
    }

    /// The file of an original.
    fn original(&self, name: Hash) -> PathBuf {
        let directory = self.app.state.config.data_dir.join("blobs/o").join(YUNZE.org.to_string()).join("sha256");
        let hex = name.to_string();
        directory.join(&hex[..2]).join(&hex[2..4]).join(&hex)
    }

    async fn row(&self, name: Hash) -> BlobRow {
        self.app.read(move |conn| find_blob(conn, YUNZE.org, name)).await.expect("it is stored")
    }

    async fn state_of(&self, name: Hash) -> (String, Option<String>) {
        let row = self.row(name).await;
        (row.preview_state, row.preview_reason)
    }

    /// How often a pending picture was begun and never ended.
    async fn attempts(&self, name: Hash) -> i64 {
        let pending = self.app.read(|conn| list_pending(conn, YUNZE.org, None, 100)).await;
        let row = pending.into_iter().find(|row| row.sha256 == Txt(name)).expect("it is pending");
        row.ingest_attempts.unwrap_or_default()
    }

    /// Begins a picture as a process that ends does.
    async fn crash(&self, name: Hash) {
        let now_ms = self.app.now().0;
        let begun = self.app.write(move |conn| begin_ingest(conn, YUNZE.org, name, VERSION, now_ms)).await;
        assert!(begun.is_some(), "it is due");
    }

    /// Leaves a picture as a server of before does, also one that still runs beside this one.
    async fn end_as_before(&self, name: Hash) {
        let outcome = Outcome { version: VERSION - 1, state: "ready", reason: None, again: None };
        assert!(self.app.write(move |conn| end_ingest(conn, YUNZE.org, name, 0, outcome)).await);
    }
}

fn ready() -> (String, Option<String>) {
    ("ready".to_owned(), None)
}

fn pending() -> (String, Option<String>) {
    ("pending".to_owned(), None)
}

fn given_up(reason: &str) -> (String, Option<String>) {
    ("no_preview".to_owned(), Some(reason.to_owned()))
}

fn photo(seed: u64) -> Vec<u8> {
    draw(&DemoPhoto { seed, width: 160, height: 120, title: "probe", lines: &[] }).expect("a photo")
}

/// A picture that nothing can decode, which settles it as well.
fn broken(number: usize) -> Vec<u8> {
    [&[0xff, 0xd8, 0xff], number.to_string().as_bytes()].concat()
}

#[actix_web::test]
async fn a_full_disk_is_not_the_fault_of_a_picture() {
    let site = Site::new().await;
    let [name] = site.upload([&photo(1)]).await;
    site.storage.is_full.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        run_due(&site.state).await.expect_err("there is no room");
    }
    assert_eq!(site.attempts(name).await, 0);
    site.storage.is_full.store(false, Ordering::SeqCst);
    assert_eq!(run_due(&site.state).await.expect("there is room"), 1);
    assert_eq!(site.state_of(name).await, ready());
}

#[actix_web::test]
async fn originals_that_cannot_be_read_keep_no_other_picture_waiting() {
    let site = Site::new().await;
    // One more than are looked at together.
    let pictures: [Vec<u8>; 33] = std::array::from_fn(broken);
    let lost = site.upload(pictures.each_ref().map(Vec::as_slice)).await;
    site.storage.lose(lost);
    let [name] = site.upload([&photo(1)]).await;
    run_due(&site.state).await.expect_err("it is told");
    assert_eq!(site.state_of(name).await, ready());
    assert_eq!(site.state_of(lost[0]).await, pending(), "nothing is said of a picture nobody has seen");
    let reads = site.storage.reads.load(Ordering::SeqCst);
    assert_eq!(run_due(&site.state).await.expect("they are left alone"), 0);
    assert_eq!(site.storage.reads.load(Ordering::SeqCst), reads);
    site.storage.find_again();
    site.app.clock.advance_secs(UNREAD_FOR_SECS);
    assert_eq!(run_due(&site.state).await.expect("all can be read"), lost.len());
}

#[actix_web::test]
async fn bytes_that_come_again_give_a_picture_another_try() {
    let site = Site::new().await;
    let (crashed, damaged) = (photo(1), photo(2));
    let [crashed_name, damaged_name] = site.upload([&crashed, &damaged]).await;
    site.crash(crashed_name).await;
    site.crash(crashed_name).await;
    std::fs::write(site.original(damaged_name), b"damage").expect("damaged");
    assert_eq!(run_due(&site.state).await.expect("both are settled"), 2);
    assert_eq!(site.state_of(crashed_name).await, given_up("crashed"));
    assert_eq!(site.state_of(damaged_name).await, given_up("original_unreadable"));

    let hopeless = broken(1);
    let [hopeless_name] = site.upload([&hopeless]).await;
    run_due(&site.state).await.expect("settled");
    site.upload([&crashed, &damaged, &hopeless]).await;
    assert_eq!(site.state_of(hopeless_name).await, given_up("no_size"), "the same bytes give the same");
    assert_eq!((site.attempts(crashed_name).await, site.attempts(damaged_name).await), (0, 0));
    assert_eq!(run_due(&site.state).await.expect("settled"), 2);
    assert_eq!((site.state_of(crashed_name).await, site.state_of(damaged_name).await), (ready(), ready()));
}

#[actix_web::test]
async fn a_picture_without_facts_of_today_keeps_its_copies_and_is_measured_when_nothing_is_pending() {
    let site = Site::new().await;
    let [first, second] = site.upload([&photo(1), &photo(2)]).await;
    assert_eq!(run_due(&site.state).await.expect("settled"), 2);
    for name in [first, second] {
        site.end_as_before(name).await;
    }
    let measured_at = async |name| {
        let facts = site.app.read(move |conn| find_facts(conn, YUNZE.org, name)).await;
        facts.map(|facts| facts.made_at_ms)
    };
    let before = measured_at(first).await;
    assert_eq!(measured_at(second).await, before);
    site.crash(second).await;
    site.crash(second).await;
    assert_eq!((site.state_of(first).await, site.state_of(second).await), (ready(), ready()));
    let [fresh] = site.upload([&photo(3)]).await;
    let due = site.app.read(|conn| list_outdated(conn, VERSION, None, 10)).await;
    assert_eq!(due.iter().map(|row| row.sha256.0).collect::<Vec<_>>(), [second, first], "newest first");

    // The first copies that come to be stored are those of the new one.
    site.storage.copies.forget_permits(usize::MAX);
    site.storage.came.forget_permits(usize::MAX);
    let pass = actix_web::rt::spawn({
        let state = site.state.clone();
        async move { run_due(&state).await }
    });
    come("a copy", site.storage.came.acquire()).await.expect("open").forget();
    assert_eq!((site.state_of(fresh).await, site.storage.reads.load(Ordering::SeqCst)), (pending(), 3));
    site.storage.copies.add_permits(100);
    assert_eq!(pass.await.expect("no panic").expect("settled"), 3);

    let now = Some(site.app.clock.now().0);
    assert_eq!((measured_at(first).await, measured_at(fresh).await), (now, now));
    assert_eq!(measured_at(second).await, before, "it ended the process twice");
    let crashed = ("ready".to_owned(), Some("crashed".to_owned()));
    assert_eq!(
        (site.state_of(first).await, site.state_of(second).await),
        (ready(), crashed.clone()),
        "all copies stay"
    );
    assert_eq!(run_due(&site.state).await.expect("nothing is due"), 0);

    // Sent again it is measured again, and keeps its copies meanwhile and where that fails.
    site.upload([&photo(2)]).await;
    assert_eq!(site.state_of(second).await, ready());
    site.crash(second).await;
    site.crash(second).await;
    assert_eq!(run_due(&site.state).await.expect("settled"), 1);
    assert_eq!(site.state_of(second).await, crashed);
}

#[actix_web::test]
async fn a_long_history_is_measured_in_passes_between_which_everything_is_looked_at_again() {
    let site = Site::new().await;
    let names = site.upload([0, 1, 2].map(broken).each_ref().map(Vec::as_slice)).await;
    let more: [Vec<u8>; 33] = std::array::from_fn(|number| broken(number + 3));
    let history = site.upload(more.each_ref().map(Vec::as_slice)).await;
    for name in history {
        site.end_as_before(name).await;
    }
    site.storage.lose(history[30..].iter().copied());
    run_due(&site.state).await.expect_err("three cannot be read");
    for name in names {
        assert_eq!(site.state_of(name).await, given_up("no_size"));
    }
    let due = async || site.app.read(|conn| list_outdated(conn, VERSION, None, 100)).await.len();
    assert_eq!(due().await, 33 - 29, "with the three that were pending a pass has settled 32");
    // It woke the job.
    site.state.ingest.woken().await;
    site.app.clock.advance_secs(UNREAD_FOR_SECS);
    run_due(&site.state).await.expect_err("three cannot be read");
    assert_eq!(due().await, 3);
    tokio::select! {
        biased;
        () = site.state.ingest.woken() => panic!("nothing else is due"),
        () = std::future::ready(()) => {}
    }
}

#[actix_web::test]
async fn jobs_that_are_stopped_keep_what_they_have_begun_and_begin_nothing() {
    let site = Site::new().await;
    let pictures: [Vec<u8>; 6] = [0, 1, 2, 3, 4, 5].map(photo);
    let names = site.upload(pictures.each_ref().map(Vec::as_slice)).await;
    site.storage.copies.forget_permits(usize::MAX);
    let jobs = jobs::spawn_all(&site.state);
    // Two are decoded, and their copies come to be stored.
    come("two copies", site.storage.came.acquire_many(2)).await.expect("open").forget();
    let mut stopping = std::pin::pin!(jobs.stop(&site.state));
    tokio::select! {
        biased;
        () = &mut stopping => panic!("two have begun"),
        () = std::future::ready(()) => {}
    }
    site.storage.copies.add_permits(100);
    stopping.await;
    assert_eq!(site.storage.reads.load(Ordering::SeqCst), 2, "the others were not begun");
    let mut states = Vec::new();
    for name in names {
        states.push(site.state_of(name).await);
    }
    states.sort();
    let expected = [vec![pending(); 4], vec![ready(); 2]].concat();
    assert_eq!(states, expected);
    for row in site.app.read(|conn| list_pending(conn, YUNZE.org, None, 100)).await {
        assert_eq!(row.ingest_attempts, None, "nobody is to blame");
    }
}

#[actix_web::test]
async fn a_picture_that_was_given_up_for_the_machine_is_tried_again_by_itself_each_day_for_a_week() {
    const DAY: i64 = 24 * 3600;
    let site = Site::new().await;
    let [crashed, hopeless] = site.upload([&photo(1), &broken(1)]).await;
    site.crash(crashed).await;
    site.crash(crashed).await;
    assert_eq!(run_due(&site.state).await.expect("settled"), 2);
    for day in 1..=7 {
        assert_eq!(site.state_of(crashed).await, given_up("crashed"), "day {day}");
        site.app.clock.advance_secs(DAY - 1);
        assert_eq!(run_due(&site.state).await.expect("nothing is due"), 0, "day {day}");
        site.app.clock.advance_secs(1);
        // Once a day: it is not begun again after it has ended the process.
        site.crash(crashed).await;
        assert_eq!(run_due(&site.state).await.expect("settled"), 1, "day {day}");
    }
    site.app.clock.advance_secs(DAY);
    assert_eq!(run_due(&site.state).await.expect("nothing is due"), 0);
    assert_eq!(
        (site.state_of(crashed).await, site.state_of(hopeless).await),
        (given_up("crashed"), given_up("no_size"))
    );

    // A machine that can.
    let [other] = site.upload([&photo(2)]).await;
    site.crash(other).await;
    site.crash(other).await;
    assert_eq!(run_due(&site.state).await.expect("settled"), 1);
    site.app.clock.advance_secs(DAY);
    assert_eq!(run_due(&site.state).await.expect("settled"), 1);
    assert_eq!(site.state_of(other).await, ready());
    site.app.clock.advance_secs(DAY);
    assert_eq!(run_due(&site.state).await.expect("nothing is due"), 0);
}

#[actix_web::test]
async fn what_an_ordered_stop_cuts_off_counts_as_never_begun() {
    let site = Site::new().await;
    let [name] = site.upload([&photo(1)]).await;
    site.storage.copies.forget_permits(usize::MAX);
    for _ in 0..3 {
        // Each time another process, in which a copy takes longer than anybody waits.
        let state = AppState { ingest: Arc::new(IngestQueue::new(2)), ..site.state.clone() };
        let passes = actix_web::rt::spawn({
            let state = state.clone();
            // The picture is free once the session of the process before has ended, which nobody waits for.
            async move { while run_due(&state).await.is_ok() {} }
        });
        come("a copy", site.storage.came.acquire()).await.expect("open").forget();
        assert_eq!(site.attempts(name).await, 1);
        stop_ingest(&state, Duration::ZERO).await;
        passes.abort();
        assert!(passes.await.is_err_and(|error| error.is_cancelled()));
        assert_eq!(site.attempts(name).await, 0);
    }
    site.storage.copies.add_permits(100);
    let settled = async { while run_due(&site.state).await.expect("no trouble") == 0 {} };
    come("its turn", settled).await;
    assert_eq!(site.state_of(name).await, ready());
}

#[actix_web::test]
async fn damage_that_is_mended_while_it_is_looked_at_is_no_damage() {
    let site = Site::new().await;
    let picture = photo(1);
    let [name] = site.upload([&picture]).await;
    let file = site.original(name);
    // Before it is begun, and when it is, and what was read then is looked at.
    for reads in 1..=2 {
        std::fs::write(&file, b"damage").expect("damaged");
        site.app.write(move |conn| ingest_again(conn, YUNZE.org, name)).await;
        site.storage.may_return.forget_permits(usize::MAX);
        site.storage.was_read.forget_permits(usize::MAX);
        let pass = actix_web::rt::spawn({
            let state = site.state.clone();
            async move { run_due(&state).await }
        });
        come("its original", site.storage.was_read.acquire()).await.expect("open").forget();
        for _ in 1..reads {
            site.storage.may_return.add_permits(1);
            come("its original", site.storage.was_read.acquire()).await.expect("open").forget();
        }
        site.upload([&picture]).await;
        site.storage.may_return.add_permits(100);
        pass.await.expect("no panic").expect("settled");
        let after = if reads == 1 { ready() } else { pending() };
        assert_eq!(site.state_of(name).await, after, "after {reads} reads");
        run_due(&site.state).await.expect("settled");
        assert_eq!(site.state_of(name).await, ready(), "after {reads} reads");
    }
}
