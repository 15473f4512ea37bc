//! Every route, one line each, in the order of the API document.

use std::collections::BTreeSet;

use actix_web::dev::ResourceDef;
use actix_web::middleware::from_fn;
use actix_web::{Handler, Responder, Route, http, web};

use crate::domain::Operation;
use crate::domain::operation::{Method, Row};
use crate::http::middleware::guard::guard;
use crate::http::v1::{
    absences, archive, audit_events, auth, blobs, bundles, calendars, calls, certificates, check_ins, conflicts,
    customer_links, customers, day_board, days, deadlines, devices, dispatch, findings, grids, health, installed_items,
    kpi, late_work, live, meeting_places, notices, outages, policies, quarantine, repo, reviews, search, sites, sync,
    tasks, teams, templates, uploads, users, visits, work_orders,
};
use crate::http::{customer_page, docs, openapi};

/// Mounts the whole API.
pub fn configure(config: &mut web::ServiceConfig) {
    use Operation as Op;
    let mut at = Mount(config);
    at.route(Op::Healthz, health::show_health);
    at.route(Op::Readyz, health::show_readiness);
    at.route(Op::Jwks, health::show_jwks);
    at.route(Op::EvidenceKeys, health::show_evidence_keys);

    at.route(Op::Login, auth::login::login);
    at.route(Op::Refresh, auth::refresh::refresh_session);
    at.route(Op::CreateNonce, auth::assertion::create_nonce);
    at.route(Op::CreateUploadToken, auth::assertion::create_upload_token);
    at.route(Op::SignOut, auth::sign_out::sign_out);
    at.route(Op::ShowMe, auth::me::show_me);

    at.route(Op::EnrolDevice, devices::enrol::enrol_device);
    at.route(Op::ListDevices, devices::list::list_devices);
    at.route(Op::KeepWipeReceipt, devices::wipe::keep_wipe_receipt);
    at.route(Op::ShowDevice, devices::show::show_device);
    at.route(Op::SuspendDevice, devices::suspend::suspend_device);
    at.route(Op::ReinstateDevice, devices::suspend::reinstate_device);
    at.route(Op::RevokeDevice, devices::revoke::revoke_device);
    at.route(Op::WipeDevice, devices::wipe::wipe_device);

    at.route(Op::ListUsers, users::list::list_users);
    at.route(Op::CreateUser, users::create::create_user);
    at.route(Op::CreateEnrolmentCode, users::enrolment_code::create_enrolment_code);
    at.route(Op::SetUserPhone, users::set_phone::set_user_phone);

    mount_dispatch(&mut at);

    at.route(Op::Sync, sync::round::sync);
    at.route(Op::Live, live::watch::watch_audiences);

    at.route(Op::ListQuarantine, quarantine::list::list_quarantine);
    at.route(Op::ShowQuarantined, quarantine::show::show_quarantined);
    at.route(Op::ShowQuarantinedBytes, quarantine::bytes::show_quarantined_bytes);
    at.route(Op::RedriveQuarantined, quarantine::redrive::redrive_quarantined);
    at.route(Op::ShowSalvage, quarantine::salvage::show_salvage);
    at.route(Op::SalvageQuarantined, quarantine::salvage::salvage_quarantined);
    at.route(Op::DismissQuarantined, quarantine::dismiss::dismiss_quarantined);
    at.route(Op::OpenRepo, repo::open::open_repo);
    at.route(Op::CreateRepoTicket, repo::ticket::create_repo_ticket);

    at.route(Op::ImportBundle, bundles::import::import_bundle);

    mount_blobs(&mut at);

    at.route(Op::ListReviewQueue, reviews::queue::list_review_queue);
    at.route(Op::ShowReview, reviews::show::show_review);
    at.route(Op::ClaimReview, reviews::claim::claim_review);
    at.route(Op::JudgePhoto, reviews::judge_photo::judge_photo);
    at.route(Op::JudgeVisit, reviews::judge_visit::judge_visit);
    at.route(Op::ListPhotoFindings, findings::list::list_photo_findings);
    at.route(Op::DecidePhotoFinding, findings::decide::decide_photo_finding);
    at.route(Op::ListVerdicts, reviews::history::list_verdicts);
    at.route(Op::ShowCompleteReceipt, visits::receipt::show_complete_receipt);
    at.route(Op::ShowCopies, visits::copies::show_copies);
    at.route(Op::ListConflicts, conflicts::inbox::list_conflicts);
    at.route(Op::ListVisitConflicts, conflicts::list::list_visit_conflicts);
    at.route(Op::ChooseValue, conflicts::choose::choose_value);
    mount_late_work(&mut at);
    at.route(Op::ListHistory, visits::history::list_history);
    mount_orders(&mut at);
    at.route(Op::ListVisits, visits::list::list_visits);
    at.route(Op::CreateVisit, visits::create::create_visit);
    at.route(Op::ShowVisit, visits::show::show_visit);
    at.route(Op::AssignVisit, visits::assign::assign_visit);
    at.route(Op::RescheduleVisit, visits::reschedule::reschedule_visit);
    at.route(Op::CancelVisit, visits::cancel::cancel_visit);
    at.route(Op::CreateNextAttempt, visits::next_attempt::create_next_attempt);
    at.route(Op::CloseVisit, visits::close::close_visit);
    mount_contacts(&mut at);
    at.route(Op::ListArchive, archive::list::list_archive);
    at.route(Op::ListLegalHolds, archive::holds::list_legal_holds);
    at.route(Op::PlaceLegalHold, archive::hold::place_legal_hold);
    at.route(Op::LiftLegalHold, archive::lift::lift_legal_hold);
    at.route(Op::ListAuditEvents, audit_events::list::list_audit_events);
    at.route(Op::Search, search::search);
    at.route(Op::ShowDayBoard, day_board::show_day_board);
    mount_days(&mut at);
    mount_deadlines(&mut at);
    mount_norms(&mut at);

    config.service(openapi::show);
    config.service(docs::redirect);
    config.service(docs::show);
}

/// Mounts the working day from check-in to sign-off.
fn mount_days(at: &mut Mount<'_>) {
    use Operation as Op;

    at.route(Op::ShowMeetingPlaces, meeting_places::show::show_meeting_places);
    at.route(Op::SetMeetingPlaces, meeting_places::set::set_meeting_places);
    at.route(Op::ListCheckIns, check_ins::list::list_check_ins);
    at.route(Op::ShowDayClosing, days::closing::show_day_closing);
    at.route(Op::ListSignOffs, days::list_sign_offs::list_sign_offs);
    at.route(Op::SignDayOff, days::sign_off::sign_day_off);
    at.route(Op::ListInstalledItems, installed_items::list::list_installed_items);
}

/// Mounts what customers are told, how they were reached, and what they answer.
fn mount_contacts(at: &mut Mount<'_>) {
    use Operation as Op;

    at.route(Op::ShowDoorNote, visits::door_note::show_door_note);
    at.route(Op::CreateCall, calls::create::create_call);
    at.route(Op::ListContacts, visits::contacts::list_contacts);
    at.route(Op::ListVisitCalls, visits::calls::list_visit_calls);
    at.route(Op::CreateCustomerLink, customer_links::create::create_customer_link);
    at.route(Op::ListCustomerLinks, customer_links::list::list_customer_links);
    at.route(Op::ListDueNotices, notices::due::list_due_notices);
    at.route(Op::ListNotices, notices::list::list_notices);
    at.route(Op::MarkNoticeSent, notices::settle::mark_notice_sent);
    at.route(Op::MarkNoticeFailed, notices::settle::mark_notice_failed);
    at.route(Op::ShowCustomerConsent, customers::consent::show_customer_consent);
    at.route(Op::SetCustomerConsent, customers::consent::set_customer_consent);
    at.route(Op::ShowCustomerPage, customer_page::show::show_customer_page);
    at.route(Op::AnswerCustomerPage, customer_page::answer::answer_customer_page);
    at.route(Op::ShowCustomerCalendar, customer_page::calendar::show_customer_calendar);
}

/// Mounts who may be sent where.
fn mount_dispatch(at: &mut Mount<'_>) {
    use Operation as Op;

    at.route(Op::ListCertificates, certificates::list::list_certificates);
    at.route(Op::CreateCertificate, certificates::create::create_certificate);
    at.route(Op::WithdrawCertificate, certificates::withdraw::withdraw_certificate);
    at.route(Op::ListGrids, grids::list::list_grids);
    at.route(Op::CreateGrid, grids::create::create_grid);
    at.route(Op::ChangeGrid, grids::change::change_grid);
    at.route(Op::SetGridTeam, grids::team::set_grid_team);
    at.route(Op::ListTeams, teams::list::list_teams);
    at.route(Op::CreateTeam, teams::create::create_team);
    at.route(Op::ChangeTeam, teams::change::change_team);
    at.route(Op::ProposeDispatch, dispatch::propose::propose_dispatch);
    at.route(Op::ConfirmDispatch, dispatch::confirm::confirm_dispatch);
    at.route(Op::CreateAbsence, absences::create::create_absence);
    at.route(Op::ListAbsences, absences::list::list_absences);
    at.route(Op::EndAbsence, absences::end::end_absence);
    at.route(Op::OpenOutage, outages::open::open_outage);
    at.route(Op::ListOutages, outages::list::list_outages);
    at.route(Op::ShowOutage, outages::show::show_outage);
    at.route(Op::ChangeOutage, outages::change::change_outage);
    at.route(Op::EndOutage, outages::end::end_outage);
}

/// Mounts what is due, what follows from it, and how well it was kept.
fn mount_deadlines(at: &mut Mount<'_>) {
    use Operation as Op;

    at.route(Op::ListDeadlines, deadlines::list::list_deadlines);
    at.route(Op::ListTasks, tasks::list::list_tasks);
    at.route(Op::AssignTask, tasks::assign::assign_task);
    at.route(Op::CloseTask, tasks::close::close_task);
    at.route(Op::ShowFigure, kpi::show::show_figure);
    at.route(Op::ExplainFigure, kpi::explain::explain_figure);
    at.route(Op::DisputeFigure, kpi::dispute::dispute_figure);
}

/// Mounts customers, sites and work orders.
fn mount_orders(at: &mut Mount<'_>) {
    use Operation as Op;

    at.route(Op::ListCustomers, customers::list::list_customers);
    at.route(Op::CreateCustomer, customers::create::create_customer);
    at.route(Op::ShowCustomer, customers::show::show_customer);
    at.route(Op::ListDuplicates, customers::duplicates::list_duplicates);
    at.route(Op::RevealCustomer, customers::reveal::reveal_customer);
    at.route(Op::CreateSite, sites::create::create_site);
    at.route(Op::ShowSite, sites::show::show_site);
    at.route(Op::RevealSite, sites::reveal::reveal_site);
    at.route(Op::MoveSite, sites::relocate::move_site);
    at.route(Op::ListWorkOrders, work_orders::list::list_work_orders);
    at.route(Op::CreateWorkOrder, work_orders::create::create_work_order);
    at.route(Op::ImportWorkOrders, work_orders::import::import_work_orders);
    at.route(Op::ImportTemplate, work_orders::import_template::import_template);
    at.route(Op::ShowWorkOrder, work_orders::show::show_work_order);
    at.route(Op::RefuseWorkOrder, work_orders::refuse::refuse_work_order);
    at.route(Op::HoldWorkOrder, work_orders::hold::hold_work_order);
    at.route(Op::ResumeWorkOrder, work_orders::hold::resume_work_order);
}

/// Mounts templates, policies and calendars.
fn mount_norms(at: &mut Mount<'_>) {
    use Operation as Op;

    at.route(Op::ListTemplates, templates::list::list_templates);
    at.route(Op::CreateTemplate, templates::create::create_template);
    at.route(Op::CheckTemplate, templates::check::check_template);
    at.route(Op::ShowTemplate, templates::show::show_template);
    at.route(Op::ListPolicyKeys, policies::keys::list_policy_keys);
    at.route(Op::ListPolicies, policies::list::list_policies);
    at.route(Op::CreatePolicy, policies::create::create_policy);
    at.route(Op::WithdrawPolicy, policies::withdraw::withdraw_policy);
    at.route(Op::WithdrawTemplate, templates::withdraw::withdraw_template);
    at.route(Op::CheckPolicy, policies::check::check_policy);
    at.route(Op::ShowPolicy, policies::show::show_policy);
    at.route(Op::ListCalendars, calendars::list::list_calendars);
    at.route(Op::CreateCalendar, calendars::create::create_calendar);
    at.route(Op::CheckCalendar, calendars::check::check_calendar);
    at.route(Op::ShowCalendar, calendars::show::show_calendar);
}

/// Mounts photos and other bytes.
fn mount_blobs(at: &mut Mount<'_>) {
    use Operation as Op;

    at.route(Op::PutBlob, blobs::put::put_blob);
    mount_uploads(at);
    at.route(Op::ShowBlob, blobs::show::show_blob);
    at.route(Op::ShowBlobPreview, blobs::preview::show_blob_preview);
    at.route(Op::ShowBlobThumbnail, blobs::thumbnail::show_blob_thumbnail);
    at.route(Op::ShowBlobDrawing, blobs::drawing::show_blob_drawing);
    at.route(Op::CreatePhotoLinks, blobs::create_links::create_photo_links);
    at.route(Op::ShowLinkedPhoto, blobs::show_linked::show_linked_photo);
    at.route(Op::ListVisitBlobs, blobs::list::list_visit_blobs);
    at.route(Op::ListMissingBlobs, blobs::missing::list_missing_blobs);
}

/// Mounts uploads that go on where they stopped.
fn mount_uploads(at: &mut Mount<'_>) {
    use Operation as Op;

    at.route(Op::CreateUpload, uploads::create::create_upload);
    at.route(Op::ShowUploadOptions, uploads::options::show_upload_options);
    at.route(Op::ShowOneUploadOptions, uploads::options::show_one_upload_options);
    at.route(Op::ShowUploadOffset, uploads::offset::show_upload_offset);
    at.route(Op::AppendUpload, uploads::append::append_upload);
    at.route(Op::TerminateUpload, uploads::terminate::terminate_upload);
}

/// Mounts what the office sees and says of late work.
fn mount_late_work(at: &mut Mount<'_>) {
    use Operation as Op;

    at.route(Op::ListLateWork, late_work::inbox::list_late_work);
    at.route(Op::ListVisitLateWork, late_work::list::list_visit_late_work);
    at.route(Op::DecideLateWork, late_work::decide::decide_late_work);
}

struct Mount<'a>(&'a mut web::ServiceConfig);

impl Mount<'_> {
    /// Mounts a handler where the operation's row says, behind the permission guard.
    fn route<F, Args>(&mut self, operation: Operation, handler: F)
    where
        F: Handler<Args>,
        Args: actix_web::FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let row = operation.row();
        let method = match row.method {
            Method::Get => web::get(),
            Method::Post => web::post(),
            Method::Put => web::put(),
            Method::Patch => web::patch(),
            Method::Delete => web::delete(),
            Method::Head => web::head(),
            Method::Options => web::method(http::Method::OPTIONS),
        };
        let guarded = |method: Route, handler: F| {
            method.to(handler).wrap(from_fn(move |request, next| guard(operation, request, next)))
        };
        if row.method == Method::Get {
            // The connection leaves the body away and keeps its length (RFC 9110 section 9.3.2).
            self.0.route(row.path, guarded(web::head(), handler.clone()));
        }
        self.0.route(row.path, guarded(method, handler));
    }
}

/// The methods that a path knows, as the `Allow` header names them; empty for an unknown path.
#[must_use]
pub fn allowed(path: &str) -> String {
    let matches = |row: &Row| ResourceDef::new(row.path).is_match(path);
    let methods: BTreeSet<&str> = Operation::ALL
        .iter()
        .map(|operation| operation.row())
        .filter(matches)
        .flat_map(|row| match row.method {
            Method::Get => ["GET", "HEAD"].as_slice(),
            Method::Post => &["POST"],
            Method::Put => &["PUT"],
            Method::Patch => &["PATCH"],
            Method::Delete => &["DELETE"],
            Method::Head => &["HEAD"],
            Method::Options => &["OPTIONS"],
        })
        .copied()
        .collect();
    methods.into_iter().collect::<Vec<_>>().join(", ")
}
