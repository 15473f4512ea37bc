//! A request's place among those served at once.
//!
//! A place is for work: whoever waits for a slow sender leaves it and takes one again when there is something to do,
//! so that senders who send nothing keep nobody out.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::{HttpMessage as _, HttpRequest, web};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::blobs::{Reader, Reading};
use crate::app::{AppResult, AppState, ErrorCode, Refusal};

/// Longest wait that an overloaded process asks for, in seconds; each client draws its own, so that they do not come
/// back together.
const OVERLOAD_SECS: i64 = 8;

/// The place of one request; its clones are the same place.
#[derive(Debug, Clone)]
pub struct Place {
    state: web::Data<AppState>,
    held: Rc<RefCell<Option<OwnedSemaphorePermit>>>,
}

impl Place {
    /// A place that is not taken yet.
    #[must_use]
    pub fn new(state: web::Data<AppState>) -> Self {
        Self { state, held: Rc::default() }
    }

    /// Takes the place.
    ///
    /// # Errors
    /// `overloaded` if none is free.
    pub fn take(&self) -> AppResult<()> {
        let permit = self.state.slots.clone().try_acquire_owned().map_err(|_none_free| overloaded(&self.state))?;
        self.held.replace(Some(permit));
        Ok(())
    }

    /// Gives the place back, if it is taken.
    pub fn leave(&self) {
        self.held.replace(None);
    }
}

/// Waits for the sender of a request outside its place, and takes the place again for what he sent.
///
/// # Errors
/// `overloaded` if by then none is free; what the waiting came to is lost, and the sender tries again.
pub async fn outside<T>(request: &HttpRequest, waiting: impl Future<Output = AppResult<T>>) -> AppResult<T> {
    // What is answered however busy the process is has no place to leave.
    let place = request.extensions().get::<Place>().cloned();
    let Some(place) = place else { return waiting.await };
    place.leave();
    let sent = waiting.await?;
    place.take()?;
    Ok(sent)
}

/// Leaves the place of a request for one among the uploads, which take long and work little.
///
/// # Errors
/// `overloaded` if none is free.
pub fn move_to_uploads(request: &HttpRequest, state: &AppState) -> AppResult<OwnedSemaphorePermit> {
    move_to(request, state, &state.uploads)
}

/// A place among the originals that are sent, one of those of its reader.
#[derive(Debug)]
pub struct OriginalPlace {
    _of_all: OwnedSemaphorePermit,
    _own: Reading,
}

/// Leaves the place of a request for one among the originals that are sent, which take as long as their readers do.
///
/// # Errors
/// `too_many_downloads` if this person has so many, `overloaded` if none is free.
pub fn move_to_originals(request: &HttpRequest, state: &AppState, reader: Reader) -> AppResult<OriginalPlace> {
    let own = state.readers.enter(reader)?;
    Ok(OriginalPlace { _of_all: move_to(request, state, &state.originals)?, _own: own })
}

fn move_to(request: &HttpRequest, state: &AppState, places: &Arc<Semaphore>) -> AppResult<OwnedSemaphorePermit> {
    let permit = Arc::clone(places).try_acquire_owned().map_err(|_none_free| overloaded(state))?;
    if let Some(place) = request.extensions().get::<Place>() {
        place.leave();
    }
    Ok(permit)
}

fn overloaded(state: &AppState) -> Refusal {
    let [jitter, ..] = state.random.bytes32();
    Refusal::new(ErrorCode::Overloaded).retry_after(1 + i64::from(jitter) % OVERLOAD_SECS)
}
