//! GET `/c/{token}/appointment.ics`

use actix_web::{HttpRequest, HttpResponse, web};
use sync_core::statement::Language;
use sync_core::statement::text::order_kind;

use super::words::words;
use super::{PageQuery, PageRefusals, language};
use crate::app::AppState;
use crate::app::contacts::{CustomerAnswer, Page, show_page};
use crate::domain::event_file::Event;
use crate::http::error::ApiError;
use crate::http::extract::Path;

/// Gives the appointment as a file for calendars
///
/// iCalendar (RFC 5545) with the same name for ever and a number that grows with each change.
///
/// # Errors
/// As the page itself.
#[utoipa::path(get, path = "/c/{token}/appointment.ics", operation_id = "show_customer_calendar", tag = "contacts",
    params(("token" = String, Path, description = "The token of the link"), PageQuery),
    responses((status = 200, description = "The file", body = String, content_type = "text/calendar"), PageRefusals))]
pub async fn show_customer_calendar(
    state: web::Data<AppState>,
    request: HttpRequest,
    Path(token): Path<String>,
) -> Result<HttpResponse, ApiError> {
    let language = language(request.query_string(), request.headers());
    let page = show_page(&state, &token).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/calendar; charset=utf-8")
        .insert_header(("content-disposition", "attachment; filename=\"appointment.ics\""))
        .insert_header(("cache-control", "no-store"))
        .body(event(page, language).to_ics()))
}

fn event(page: Page, language: Language) -> Event {
    let words = words(language);
    let kind = order_kind(language, &page.order_kind).unwrap_or(words.title);
    let reps = (!page.reps.is_empty()).then(|| format!("{}: {}", words.who, page.reps.join("、")));
    let hotline = page.hotline.as_ref().map(|number| format!("{}: {number}", words.hotline));
    Event {
        uid: page.uid,
        sequence: page.sequence,
        made_at: page.now,
        start: page.start,
        end: page.end,
        summary: format!("{} {kind}", page.organisation),
        description: reps.into_iter().chain(hotline).collect::<Vec<_>>().join("\n"),
        is_confirmed: page.answer == Some(CustomerAnswer::Confirmed),
    }
}
