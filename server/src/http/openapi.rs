//! The API document, generated from the handlers.

mod shared;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use actix_web::{HttpResponse, get};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoResponses, Modify, OpenApi};

use crate::domain::Operation;
use crate::http::customer_page;
use crate::http::error::Problem;
use crate::http::openapi::shared::{EdgeProblems, IdempotencyKey};
use crate::http::v1::{
    absences, archive, audit_events, auth, blobs, bundles, calendars, calls, certificates, check_ins, conflicts,
    customer_links, customers, day_board, days, deadlines, devices, dispatch, findings, grids, health, installed_items,
    kpi, late_work, live, meeting_places, notices, outages, policies, quarantine, repo, reviews, search, sites, sync,
    tasks, teams, templates, uploads, users, visits, work_orders,
};

/// Problems any operation behind the guard may answer with.
#[derive(IntoResponses)]
pub enum Problems {
    /// The request is malformed
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(Problem),
    /// The access token is missing, expired or not valid
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem),
    /// The roles do not allow it
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// Absent, or not the asker's to see
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
    /// The state or a key does not allow it
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(Problem),
    /// It was changed meanwhile
    #[response(status = 412, content_type = "application/problem+json")]
    PreconditionFailed(Problem),
    /// Too large; names limit and size
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// The content type is not supported
    #[response(status = 415, content_type = "application/problem+json")]
    MediaType(Problem),
    /// A rule is broken; names the fields
    #[response(status = 422, content_type = "application/problem+json")]
    Unprocessable(Problem),
    /// An If-Match header is needed
    #[response(status = 428, content_type = "application/problem+json")]
    PreconditionRequired(Problem),
    /// Too many requests
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(Problem),
    /// A defect of ours, logged
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Problem),
    /// Busy; try again
    #[response(status = 503, content_type = "application/problem+json")]
    Busy(Problem),
    /// No space left; nothing is lost on the sender's side
    #[response(status = 507, content_type = "application/problem+json")]
    Full(Problem),
}

/// Problems of operations without a token.
#[derive(IntoResponses)]
pub enum PublicProblems {
    /// The request is malformed
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(Problem),
    /// The proof is not valid
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem),
    /// The key is known already
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(Problem),
    /// It has expired
    #[response(status = 410, content_type = "application/problem+json")]
    Gone(Problem),
    /// Too large; names limit and size
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// The content type is not supported
    #[response(status = 415, content_type = "application/problem+json")]
    MediaType(Problem),
    /// A rule is broken; names the fields
    #[response(status = 422, content_type = "application/problem+json")]
    Unprocessable(Problem),
    /// Too many attempts
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(Problem),
    /// A defect of ours, logged
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Problem),
    /// Busy; try again
    #[response(status = 503, content_type = "application/problem+json")]
    Busy(Problem),
}

/// Further problems of operations that answer with bytes.
#[derive(IntoResponses)]
pub enum BytesProblems {
    /// The range lies behind the end
    #[response(status = 416, content_type = "application/problem+json")]
    Range(Problem),
}

/// Further problems of uploads that go on where they stopped.
#[derive(IntoResponses)]
pub enum UploadProblems {
    /// The upload has expired or was ended
    #[response(status = 410, content_type = "application/problem+json")]
    Gone(Problem),
    /// Another request goes on with the upload at this moment
    #[response(status = 423, content_type = "application/problem+json")]
    Locked(Problem),
    /// The bytes do not match their checksum
    #[response(status = 460, content_type = "application/problem+json")]
    Mismatch(Problem),
}

struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("Access token of `login`, `refresh_session` or `enrol_device`"))
            .build();
        openapi
            .components
            .get_or_insert_with(Default::default)
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// The whole document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Doorstep",
        description = "Field visits: work orders, visits, proof photos, acceptance statements, review.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT")
    ),
    tags(
        (name = "health", description = "Whether the server lives and can serve"),
        (name = "keys", description = "Public keys of tokens and receipts"),
        (name = "auth", description = "Signing in and staying signed in"),
        (name = "devices", description = "Enrolled phones"),
        (name = "sync", description = "One round trip for phones: captured work in, news out"),
        (name = "quarantine", description = "What was refused: kept byte for byte, with three remedies"),
        (name = "users", description = "People and their roles"),
        (name = "blobs", description = "Photos and other bytes"),
        (name = "uploads", description = "Photos and other bytes over bad lines: tus 1.0"),
        (name = "reviews", description = "Judging photos and visits"),
        (name = "conflicts", description = "Concurrent values: what stands side by side, and which counts"),
        (name = "late work", description = "Work that came too late: what it is, and whether it counts"),
        (name = "customers", description = "Customers and the sites where they are served"),
        (name = "work orders", description = "What was ordered"),
        (name = "visits", description = "Planning, assigning and following visits"),
        (name = "days", description = "The working day of a rep: check-in, closing, sign-off"),
        (name = "contacts", description = "Calls, notes and messages to customers, and what customers answer"),
        (name = "dispatch", description = "Who could be sent where, who is, and who does not work"),
        (name = "deadlines", description = "What is due when, whether it was kept, and who sees to what was not"),
        (name = "figures", description = "How well the day was kept, and what stands behind each number"),
        (name = "archive", description = "What is kept of visits, how long, and what must be kept longer"),
        (name = "audit", description = "Who did and who read what"),
        (name = "search", description = "Finding people and orders"),
        (name = "templates", description = "Published templates, policies and calendars"),
    ),
    paths(
        health::show_health, health::show_readiness, health::show_jwks, health::show_evidence_keys,
        auth::login::login, auth::refresh::refresh_session, auth::assertion::create_nonce,
        auth::assertion::create_upload_token, auth::sign_out::sign_out, auth::me::show_me,
        devices::enrol::enrol_device, devices::list::list_devices, devices::show::show_device,
        devices::suspend::suspend_device, devices::suspend::reinstate_device, devices::revoke::revoke_device,
        devices::wipe::wipe_device, devices::wipe::keep_wipe_receipt,
        sync::round::sync, live::watch::watch_audiences,
        quarantine::list::list_quarantine, quarantine::show::show_quarantined,
        quarantine::bytes::show_quarantined_bytes, quarantine::redrive::redrive_quarantined,
        quarantine::salvage::show_salvage, quarantine::salvage::salvage_quarantined,
        quarantine::dismiss::dismiss_quarantined,
        repo::open::open_repo, repo::ticket::create_repo_ticket,
        users::list::list_users, users::create::create_user, users::enrolment_code::create_enrolment_code,
        users::set_phone::set_user_phone,
        certificates::list::list_certificates, certificates::create::create_certificate,
        certificates::withdraw::withdraw_certificate,
        bundles::import::import_bundle, blobs::put::put_blob,
        uploads::create::create_upload, uploads::options::show_upload_options,
        uploads::options::show_one_upload_options, uploads::offset::show_upload_offset,
        uploads::append::append_upload, uploads::terminate::terminate_upload,
        blobs::show::show_blob, blobs::preview::show_blob_preview,
        blobs::thumbnail::show_blob_thumbnail, blobs::drawing::show_blob_drawing, blobs::create_links::create_photo_links,
        blobs::show_linked::show_linked_photo, blobs::list::list_visit_blobs,
        blobs::missing::list_missing_blobs,
        reviews::queue::list_review_queue, reviews::show::show_review, reviews::claim::claim_review,
        reviews::judge_photo::judge_photo, reviews::judge_visit::judge_visit, reviews::history::list_verdicts,
        findings::list::list_photo_findings, findings::decide::decide_photo_finding,
        conflicts::inbox::list_conflicts, conflicts::list::list_visit_conflicts, conflicts::choose::choose_value,
        late_work::inbox::list_late_work, late_work::list::list_visit_late_work, late_work::decide::decide_late_work,
        visits::history::list_history,
        customers::list::list_customers, customers::create::create_customer, customers::show::show_customer,
        customers::duplicates::list_duplicates, customers::reveal::reveal_customer,
        sites::create::create_site, sites::show::show_site, sites::reveal::reveal_site, sites::relocate::move_site,
        work_orders::list::list_work_orders, work_orders::create::create_work_order,
        work_orders::import::import_work_orders, work_orders::import_template::import_template,
        work_orders::show::show_work_order, work_orders::refuse::refuse_work_order,
        work_orders::hold::hold_work_order, work_orders::hold::resume_work_order,
        outages::open::open_outage, outages::list::list_outages, outages::show::show_outage,
        outages::change::change_outage, outages::end::end_outage,
        grids::list::list_grids, grids::create::create_grid, grids::change::change_grid, grids::team::set_grid_team,
        teams::list::list_teams, teams::create::create_team, teams::change::change_team,
        dispatch::propose::propose_dispatch, dispatch::confirm::confirm_dispatch,
        absences::create::create_absence, absences::list::list_absences, absences::end::end_absence,
        visits::list::list_visits, visits::create::create_visit, visits::show::show_visit,
        visits::assign::assign_visit, visits::receipt::show_complete_receipt, visits::copies::show_copies, visits::reschedule::reschedule_visit, visits::cancel::cancel_visit,
        visits::next_attempt::create_next_attempt, visits::close::close_visit,
        visits::door_note::show_door_note, calls::create::create_call, visits::contacts::list_contacts,
        visits::calls::list_visit_calls,
        customer_links::create::create_customer_link, customer_links::list::list_customer_links,
        notices::list::list_notices, notices::due::list_due_notices, notices::settle::mark_notice_sent,
        notices::settle::mark_notice_failed, customers::consent::show_customer_consent,
        customers::consent::set_customer_consent,
        customer_page::show::show_customer_page, customer_page::answer::answer_customer_page,
        customer_page::calendar::show_customer_calendar,
        archive::list::list_archive, archive::holds::list_legal_holds, archive::hold::place_legal_hold,
        archive::lift::lift_legal_hold, audit_events::list::list_audit_events, search::search, day_board::show_day_board,
        meeting_places::show::show_meeting_places, meeting_places::set::set_meeting_places,
        check_ins::list::list_check_ins, days::closing::show_day_closing,
        days::list_sign_offs::list_sign_offs, days::sign_off::sign_day_off,
        installed_items::list::list_installed_items,
        deadlines::list::list_deadlines, tasks::list::list_tasks, tasks::assign::assign_task, tasks::close::close_task,
        kpi::show::show_figure, kpi::explain::explain_figure, kpi::dispute::dispute_figure,
        templates::list::list_templates, templates::create::create_template, templates::check::check_template,
        templates::show::show_template,
        policies::keys::list_policy_keys, policies::list::list_policies, policies::create::create_policy,
        policies::withdraw::withdraw_policy, templates::withdraw::withdraw_template,
        policies::check::check_policy, policies::show::show_policy,
        calendars::list::list_calendars, calendars::create::create_calendar, calendars::check::check_calendar,
        calendars::show::show_calendar,
    ),
    components(schemas(Problem)),
    modifiers(&BearerToken, &IdempotencyKey, &EdgeProblems),
)]
pub struct ApiDoc;

/// The document as YAML, as it is committed in `openapi.yaml`.
///
/// # Errors
/// A message if the document cannot be written.
pub fn yaml() -> Result<String, String> {
    ApiDoc::openapi().to_yaml().map_err(|error| error.to_string())
}

/// The query parameters that an operation documents.
#[must_use]
pub fn query_names(operation: Operation) -> &'static [String] {
    static NAMES: LazyLock<BTreeMap<String, Vec<String>>> = LazyLock::new(|| shared::query_names(&ApiDoc::openapi()));
    NAMES.get(operation.row().id).map_or(&[], Vec::as_slice)
}

/// Serves the document as JSON.
#[get("/openapi.json")]
pub async fn show() -> HttpResponse {
    HttpResponse::Ok().json(ApiDoc::openapi())
}
