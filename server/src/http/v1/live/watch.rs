//! GET /v1/live

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::http::{Method, header};
use actix_web::{Error, HttpRequest, HttpResponse, web};
use futures_core::Stream;
use serde_json::json;
use tokio::sync::mpsc;

use crate::app::live::{self, LiveEvent, LiveStream};
use crate::app::{AppState, Ctx, ErrorCode};
use crate::http::error::ApiError;
use crate::http::middleware::guard::bearer_of;
use crate::http::openapi::Problems;

/// How long a reader may leave an event unread; then his stream is closed rather than kept for him.
const READ_PATIENCE: Duration = Duration::from_secs(30);

/// Tells which audiences move, as it happens
///
/// Server-sent events, read with `fetch` and the bearer header. `ready` comes first and lists the audiences: sync once
/// then, for what moved before. `moved` names audiences that moved: sync. `end` is the last event, with a reason:
/// `token_expired`, `access_ended`, `replaced` (by newer streams of the same device) or `stopping`; connect again, after
/// `access_ended` with a new token. A comment comes every 25 seconds when there is nothing to say.
/// A hint carries no data, may come once too often, and may get lost with a server: sync every five minutes all the same.
///
/// # Errors
/// `token_invalid`; `overloaded` with too many streams.
#[utoipa::path(get, path = "/v1/live", operation_id = "watch_audiences", tag = "sync",
    responses((status = 200, description = "Events until the token expires", content_type = "text/event-stream",
        body = String, example = "event: moved\ndata: {\"audience\":\"u:01955f2c-3000-7000-8000-000000000001\"}\n\n"),
        Problems), security(("bearer" = [])))]
pub async fn watch_audiences(
    request: HttpRequest,
    state: web::Data<AppState>,
    ctx: Ctx,
) -> Result<HttpResponse, ApiError> {
    let token = bearer_of(request.headers()).ok_or(ErrorCode::TokenInvalid)?;
    let stream = live::open(&state, &ctx, token)?;
    let mut response = HttpResponse::Ok();
    // A proxy that gathers what it hands on would hold hints back.
    response.content_type("text/event-stream").insert_header((header::CACHE_CONTROL, "no-store"));
    response.insert_header(("x-accel-buffering", "no"));
    // Nothing follows on this connection: kept alive, it would hold up a process that stops.
    response.force_close();
    if *request.method() == Method::HEAD {
        return Ok(response.finish());
    }
    let (sender, events) = mpsc::channel(1);
    actix_web::rt::spawn(pump(stream, sender));
    Ok(response.streaming(Events(events)))
}

/// Writes what the stream says until it ends, or its reader is gone or too slow.
async fn pump(mut stream: LiveStream, reader: mpsc::Sender<web::Bytes>) {
    loop {
        let event = tokio::select! {
            event = stream.next() => event,
            () = reader.closed() => return,
        };
        let Some(event) = event else { return };
        if reader.send_timeout(text(&event).into(), READ_PATIENCE).await.is_err() {
            return;
        }
    }
}

/// An event as it is sent.
fn text(event: &LiveEvent) -> String {
    let named = |name: &str, data: serde_json::Value| format!("event: {name}\ndata: {data}\n\n");
    match event {
        LiveEvent::Ready(audiences) => {
            let audiences: Vec<String> = audiences.iter().map(ToString::to_string).collect();
            named("ready", json!({ "audiences": audiences }))
        }
        LiveEvent::Moved(audiences) => {
            audiences.iter().map(|one| named("moved", json!({ "audience": one.to_string() }))).collect()
        }
        LiveEvent::Ping => ": ping\n\n".to_owned(),
        LiveEvent::End(reason) => named("end", json!({ "reason": reason.code() })),
    }
}

/// The body of the answer.
struct Events(mpsc::Receiver<web::Bytes>);

impl Stream for Events {
    type Item = Result<web::Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|event| event.map(Ok))
    }
}
