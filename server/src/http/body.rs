//! Reading bodies within size and time: senders who stop or trickle are cut (limits-and-threats section 5).
//!
//! Owns the clocks of bodies; it must not know what they hold.

use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::rt::time::{Sleep, sleep, timeout};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, web};
use futures_core::Stream;

use crate::app::{AppError, AppResult, AppState, ErrorCode, Refusal};
use crate::config::LimitsConfig;
use crate::http::error::ApiError;
use crate::http::place::outside;

/// The state that the application was put together with.
///
/// # Errors
/// If it was put together wrongly.
pub fn state_of(request: &HttpRequest) -> AppResult<&AppState> {
    let state = request.app_data::<web::Data<AppState>>().map(web::Data::get_ref);
    state.ok_or_else(|| AppError::Internal("application state is missing".to_owned()))
}

/// Reads a whole body of at most `limit` bytes, outside the request's place.
///
/// # Errors
/// `code` with limit and actual size, `request_timeout` if the sender stops or is too slow, `body_invalid` if the
/// connection broke, `overloaded` if no place is free for what was sent.
pub async fn read_body(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
    code: ErrorCode,
) -> Result<Vec<u8>, ApiError> {
    let limits = &state_of(request)?.config.limits;
    let whole = Duration::from_millis(limits.body_total_ms);
    let idle = Duration::from_millis(limits.body_idle_ms);
    let reading = async {
        let gathered = timeout(whole, gather(payload, limit, code, idle)).await;
        gathered.unwrap_or_else(|_elapsed| Err(ErrorCode::RequestTimeout.into()))
    };
    Ok(outside(request, reading).await?)
}

async fn gather(mut payload: Payload, limit: usize, code: ErrorCode, idle: Duration) -> AppResult<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let next = timeout(idle, poll_fn(|cx| poll_part(&mut payload, cx))).await;
        let Some(part) = next.map_err(|_elapsed| ErrorCode::RequestTimeout)? else { return Ok(body) };
        let part = part.map_err(|_broken| ErrorCode::BodyInvalid)?;
        let size = body.len().saturating_add(part.len());
        if size > limit {
            let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
            return Err(Refusal::new(code).limit(number(limit), number(size)).into());
        }
        body.extend_from_slice(&part);
    }
}

fn poll_part(payload: &mut Payload, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, PayloadError>>> {
    Pin::new(payload).poll_next(cx)
}

/// A large body as it arrives: without a limit on the whole time, but with one on its pace.
pub struct Upload {
    payload: Payload,
    idle: Pace,
    window: Pace,
    /// Least number of bytes in a window.
    floor: u64,
    /// Bytes of this window.
    arrived: u64,
}

/// A timer that starts again and again.
#[derive(Debug)]
struct Pace {
    every: Duration,
    timer: Pin<Box<Sleep>>,
}

impl Pace {
    fn every_ms(ms: u64) -> Self {
        let every = Duration::from_millis(ms);
        Self { every, timer: Box::pin(sleep(every)) }
    }

    fn start_again(&mut self) {
        self.timer.set(sleep(self.every));
    }

    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        self.timer.as_mut().poll(cx).is_ready()
    }
}

impl Upload {
    /// Starts the clocks of a body.
    #[must_use]
    pub fn new(payload: Payload, limits: &LimitsConfig) -> Self {
        let window_ms = limits.upload_window_ms;
        Self {
            payload,
            idle: Pace::every_ms(limits.body_idle_ms),
            window: Pace::every_ms(window_ms),
            floor: limits.upload_bytes_per_sec.saturating_mul(window_ms) / 1000,
            arrived: 0,
        }
    }

    /// Whether the sender, who has nothing for us at this moment, is too slow.
    fn is_too_slow(&mut self, cx: &mut Context<'_>) -> bool {
        // A new timer must be polled once, or nothing wakes the task.
        while self.window.is_over(cx) {
            if self.arrived < self.floor {
                return true;
            }
            self.arrived = 0;
            self.window.start_again();
        }
        self.idle.is_over(cx)
    }
}

impl Stream for Upload {
    type Item = AppResult<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let upload = self.get_mut();
        match poll_part(&mut upload.payload, cx) {
            Poll::Ready(Some(Ok(part))) => {
                upload.arrived = upload.arrived.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
                upload.idle.start_again();
                Poll::Ready(Some(Ok(part)))
            }
            Poll::Ready(Some(Err(_broken))) => Poll::Ready(Some(Err(ErrorCode::BodyInvalid.into()))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending if upload.is_too_slow(cx) => Poll::Ready(Some(Err(ErrorCode::RequestTimeout.into()))),
            Poll::Pending => Poll::Pending,
        }
    }
}
