//! Heavy work on a thread of its own, with an end to its time.

use std::time::Duration;

use doorstep_media::Deadline;
use tokio::sync::oneshot;

use crate::app::{AppError, AppResult};

/// How heavy work ended.
#[derive(Debug)]
pub(super) enum Ran<T> {
    /// With this.
    ToItsEnd(T),
    /// It took too long.
    TooLong,
    /// It panicked, which ends its thread alone.
    Panicked,
}

/// Runs heavy work on a thread of its own, which has its end; the wait for a thread is not counted.
///
/// Nothing stops it from outside: its deadline tells it, also when nobody waits for the work any more.
pub(super) async fn within<T: Send + 'static>(
    longest: Duration,
    work: impl FnOnce(&Deadline) -> T + Send + 'static,
) -> AppResult<Ran<T>> {
    let waited_for = WaitedFor(Deadline::default());
    let deadline = waited_for.0.clone();
    let (begins, begun) = oneshot::channel();
    let running = tokio::task::spawn_blocking(move || {
        // Nobody waits any more: the deadline tells the work.
        let _ = begins.send(());
        work(&deadline)
    });
    // It never begins where the process ends, and then nor does it run.
    let _ = begun.await;
    match tokio::time::timeout(longest, running).await {
        Ok(Ok(done)) => Ok(Ran::ToItsEnd(done)),
        Ok(Err(error)) if error.is_panic() => Ok(Ran::Panicked),
        Ok(Err(error)) => Err(AppError::Internal(error.to_string())),
        Err(_) => Ok(Ran::TooLong),
    }
}

/// Ends the time of work that nobody waits for: a process that stops waits for its threads.
struct WaitedFor(Deadline);

impl Drop for WaitedFor {
    fn drop(&mut self) {
        self.0.expire();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::mpsc::channel;

    use super::*;

    /// Longer than anything here takes that works at all.
    const PATIENCE: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_told_to_end() {
        let (begins, mut begun) = tokio::sync::mpsc::unbounded_channel();
        let (give_up, gave_up) = channel::<()>();
        let work = within(PATIENCE, move |deadline| {
            begins.send(deadline.clone()).expect("somebody waits");
            // Until the test is over, whatever becomes of it.
            let _ = gave_up.recv();
        });
        let deadline = tokio::select! {
            _ = work => None,
            deadline = begun.recv() => deadline,
        };
        assert!(deadline.expect("it has begun").is_over());
        drop(give_up);
    }

    #[test]
    fn the_wait_for_a_thread_is_no_time_of_the_work() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().max_blocking_threads(1).build();
        runtime.expect("a runtime").block_on(async {
            let (give_up, gave_up) = channel::<()>();
            let busy = tokio::task::spawn_blocking(move || gave_up.recv());
            let mut work = pin!(within(Duration::ZERO, |_| ()));
            for _ in 0..100 {
                tokio::select! {
                    biased;
                    _ = work.as_mut() => panic!("it has not begun"),
                    () = tokio::task::yield_now() => (),
                }
            }
            drop(give_up);
            work.await.expect("a thread");
            assert!(busy.await.expect("a thread").is_err());
        });
    }

    #[tokio::test]
    async fn work_that_panics_ends_its_thread_alone() {
        let panics = within(PATIENCE, |_| panic!("met what nobody thought of"));
        assert!(matches!(panics.await.expect("an end"), Ran::<()>::Panicked));
        assert!(matches!(within(PATIENCE, |_| 7).await.expect("an end"), Ran::ToItsEnd(7)));
    }

    #[tokio::test]
    async fn work_that_takes_too_long_is_told_to_end() {
        let (give_up, gave_up) = channel::<()>();
        let (tell, told) = channel();
        let done = within(Duration::ZERO, move |deadline| {
            let _ = tell.send(deadline.clone());
            let _ = gave_up.recv();
        });
        assert!(matches!(done.await.expect("a thread"), Ran::TooLong));
        assert!(told.recv().expect("it has begun").is_over());
        drop(give_up);
    }
}
