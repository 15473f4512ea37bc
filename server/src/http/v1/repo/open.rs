//! GET /v1/repo

use std::time::Duration;

use actix_web::rt::{spawn, time};
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, web};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, ProtocolError, Session};
use sync_core::repo::MAX_FRAME;

use super::heads;
use crate::app::repo::{Next, Socket};
use crate::app::{AppState, Ctx, ErrorCode};
use crate::http::error::{ApiError, Problem};
use crate::http::openapi::Problems;

/// How often a socket is pinged, and its sign-in looked at. Who does not answer until the next is gone.
const PING: Duration = Duration::from_secs(25);

/// How long a reader may take for one frame before it is closed; it will come back and sync.
const SLOWEST_READ: Duration = Duration::from_secs(20);

/// Opens a socket that speaks the automerge-repo protocol
///
/// Version "1" of the protocol, for visit documents that exist: the id of a document is base58check of the visit's id.
/// Changes pass the same guard as those of phones and need the token of an enrolled device; without one the socket only
/// reads. What is absent and what is denied are both `doc-unavailable`. Bearer token in the header, or a ticket.
///
/// # Errors
/// `upgrade_required` without a WebSocket handshake, `overloaded`.
#[utoipa::path(get, path = "/v1/repo", operation_id = "open_repo", tag = "sync",
    params(("ticket" = Option<String>, Query, description = "A one-time ticket instead of the bearer token")),
    responses((status = 101, description = "The socket is open"),
        (status = 426, description = "It was no WebSocket handshake", body = Problem,
            content_type = "application/problem+json"), Problems), security(("bearer" = [])))]
pub async fn open_repo(
    state: web::Data<AppState>,
    ctx: Ctx,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let body = bounded(&request, body).await?;
    let (response, session, stream) =
        actix_ws::handle(&request, body).map_err(|_no_handshake| ErrorCode::UpgradeRequired)?;
    let socket = Socket::open(&state, ctx)?;
    let stream = stream.max_frame_size(MAX_FRAME).aggregate_continuations().max_continuation_size(MAX_FRAME);
    spawn(run(socket, session, stream));
    Ok(response)
}

/// The body, up to the first frame that is too large.
async fn bounded(request: &HttpRequest, body: web::Payload) -> Result<web::Payload, ApiError> {
    let limit = u64::try_from(MAX_FRAME).unwrap_or(u64::MAX);
    let mut body = heads::bounded(body.into_inner(), limit);
    web::Payload::from_request(request, &mut body).await.map_err(|_never| ErrorCode::BodyInvalid.into())
}

/// What woke the socket's task.
enum Woken {
    Frame(Option<Result<AggregatedMessage, ProtocolError>>),
    News,
    Tick,
}

async fn run(mut socket: Socket, mut session: Session, mut stream: AggregatedMessageStream) {
    let mut ticks = time::interval(PING);
    let mut has_answered = true;
    let mut code = CloseCode::Normal;
    let reason = loop {
        let woken = tokio::select! {
            // What the peer said first: its answer to a ping may wait behind it.
            biased;
            frame = stream.recv() => Woken::Frame(frame),
            () = socket.rung() => Woken::News,
            _ = ticks.tick() => Woken::Tick,
        };
        let next = match woken {
            Woken::Frame(Some(Ok(AggregatedMessage::Binary(frame)))) => {
                has_answered = true;
                socket.receive(&frame).await
            }
            Woken::Frame(Some(Ok(AggregatedMessage::Ping(payload)))) => {
                if session.pong(&payload).await.is_err() {
                    break "gone";
                }
                continue;
            }
            Woken::Frame(Some(Ok(AggregatedMessage::Pong(_)))) => {
                has_answered = true;
                continue;
            }
            Woken::Frame(Some(Ok(AggregatedMessage::Text(_)))) => socket.close("a text frame"),
            Woken::Frame(Some(Ok(AggregatedMessage::Close(_))) | None) => break "closed",
            // Frames, and messages of several, beyond the limit.
            Woken::Frame(Some(Err(ProtocolError::Overflow | ProtocolError::Io(_)))) => {
                code = CloseCode::Size;
                socket.close("a frame beyond the limit")
            }
            Woken::Frame(Some(Err(_protocol))) => {
                code = CloseCode::Protocol;
                socket.close("no frame")
            }
            Woken::News => socket.news().await,
            Woken::Tick if !has_answered => break "no answer to a ping",
            Woken::Tick if !socket.is_welcome().await => socket.close("the sign-in ended"),
            Woken::Tick => {
                has_answered = false;
                if session.ping(b"").await.is_err() {
                    break "gone";
                }
                continue;
            }
        };
        if let Err(reason) = send(&mut session, next).await {
            break reason;
        }
    };
    tracing::debug!(reason, "a socket closes");
    // The peer may be gone already.
    let _closed = session.close(Some(CloseReason { code, description: None })).await;
}

/// Sends what there is; the reason to close, if there is one.
async fn send(session: &mut Session, next: Next) -> Result<(), &'static str> {
    let (frames, end) = match next {
        Next::Send(frames) => (frames, None),
        Next::Close { last, reason } => (last.into_iter().collect(), Some(reason)),
    };
    for frame in frames {
        match time::timeout(SLOWEST_READ, session.binary(frame)).await {
            Ok(Ok(())) => {}
            Ok(Err(_closed)) => return Err("gone"),
            Err(_elapsed) => return Err("a slow reader"),
        }
    }
    end.map_or(Ok(()), Err)
}
