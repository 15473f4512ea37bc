//! Every operation of the API with its route and who may call it: the permission table.
//!
//! One row per operation; a route without a row does not compile, and a test compares the rows with
//! the API document both ways and plays the full matrix operation × role × relation.

mod grants;

use super::actor::{Role, Scope, TokenKind};
use grants::{
    ARCHIVE_KEEPERS, ARCHIVE_READERS, CONFLICT_READERS, CONTACT_READERS, DAY_READERS, FIGURE_READERS, FINDING_READERS,
    GIVE_OUT, IMPORT_BUNDLES, IMPORT_ORDERS, NOTICE_READERS, ORIGINAL_READERS, PHOTO_READERS, READ_ABSENCES,
    READ_CERTIFICATES, READ_CUSTOMERS, READ_GRIDS, READ_ORDERS, READ_QUARANTINE, REVEAL_CONTACTS, SETTLE_QUARANTINE,
    STOP_ORDERS, TASK_READERS, TASK_WRITERS, WRITE_ABSENCES, WRITE_CUSTOMERS,
};

use Role::{
    Admin, Auditor, BranchManager, CsAgent, CsSupervisor, DeptManager, Dispatcher, FieldRep, Integrator, Reviewer,
    TeamLead,
};
use Scope::{Organisation, Own, Team};

/// HTTP method of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
    /// HEAD, where it is more than GET without the body.
    Head,
    /// OPTIONS.
    Options,
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody; the operation authenticates by its body, or shows nothing private.
    Public,
    /// Holders of an access token whose roles are granted, as far as the grant reaches.
    Roles(&'static [(Role, Scope)]),
    /// Enrolled devices; an upload-only token suffices.
    Device,
    /// Any signed-in person, for himself.
    Anyone,
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Operation id in the API document: `<verb>_<resource>`.
    pub id: &'static str,
    /// Method.
    pub method: Method,
    /// Path with `{parameters}`.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident = $id:literal $method:ident $path:literal $access:expr;)+) => {
        /// An operation of the API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Operation {
            $($(#[$doc])* $name,)+
        }

        impl Operation {
            /// Every operation, in the order of the API document.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The row of the operation.
            #[must_use]
            pub const fn row(self) -> Row {
                match self {
                    $(Self::$name => Row { id: $id, method: Method::$method, path: $path, access: $access },)+
                }
            }
        }
    };
}

operations! {
    /// Whether the process lives.
    Healthz = "show_health" Get "/healthz" Access::Public;
    /// Whether requests can be served.
    Readyz = "show_readiness" Get "/readyz" Access::Public;
    /// Keys of access tokens.
    Jwks = "show_jwks" Get "/.well-known/jwks.json" Access::Public;
    /// Keys of receipts.
    EvidenceKeys = "show_evidence_keys" Get "/.well-known/evidence-keys.json" Access::Public;

    /// Signs in with a password.
    Login = "login" Post "/v1/auth/login" Access::Public;
    /// Exchanges a refresh token.
    Refresh = "refresh_session" Post "/v1/auth/refresh" Access::Public;
    /// Gives a nonce for a device to sign.
    CreateNonce = "create_nonce" Post "/v1/auth/nonces" Access::Public;
    /// Gives an upload-only token against a device assertion.
    CreateUploadToken = "create_upload_token" Post "/v1/auth/upload-tokens" Access::Public;
    /// Ends the session.
    SignOut = "sign_out" Post "/v1/auth/sign-out" Access::Anyone;
    /// Shows who is signed in.
    ShowMe = "show_me" Get "/v1/me" Access::Anyone;

    /// Enrols a device by one-time code.
    EnrolDevice = "enrol_device" Post "/v1/devices/enrol" Access::Public;
    /// Lists devices.
    ListDevices = "list_devices" Get "/v1/devices"
        Access::Roles(&[(FieldRep, Own), (TeamLead, Team), (Admin, Organisation), (DeptManager, Organisation),
            (BranchManager, Organisation), (Auditor, Organisation), (Dispatcher, Organisation)]);
    /// Shows a device with what only it still has.
    ShowDevice = "show_device" Get "/v1/devices/{device_id}"
        Access::Roles(&[(FieldRep, Own), (TeamLead, Team), (Admin, Organisation), (DeptManager, Organisation),
            (BranchManager, Organisation), (Auditor, Organisation), (Dispatcher, Organisation)]);
    /// Suspends a device.
    SuspendDevice = "suspend_device" Post "/v1/devices/{device_id}/suspend" Access::Roles(&[(Admin, Organisation)]);
    /// Ends a suspension.
    ReinstateDevice = "reinstate_device" Post "/v1/devices/{device_id}/reinstate"
        Access::Roles(&[(Admin, Organisation)]);
    /// Revokes a device.
    RevokeDevice = "revoke_device" Post "/v1/devices/{device_id}/revoke" Access::Roles(&[(Admin, Organisation)]);
    /// Orders a device to wipe itself.
    WipeDevice = "wipe_device" Post "/v1/devices/{device_id}/wipe" Access::Roles(&[(Admin, Organisation)]);
    /// Keeps a device's word that it wiped itself; its key proves it.
    KeepWipeReceipt = "keep_wipe_receipt" Post "/v1/devices/wipe-receipts" Access::Public;

    /// Lists users.
    ListUsers = "list_users" Get "/v1/users"
        Access::Roles(&[(TeamLead, Team), (Dispatcher, Organisation), (DeptManager, Organisation),
            (BranchManager, Organisation), (Auditor, Organisation), (Admin, Organisation)]);
    /// Adds a user.
    CreateUser = "create_user" Post "/v1/users" Access::Roles(&[(Admin, Organisation)]);
    /// Gives an enrolment code for a user's new device.
    CreateEnrolmentCode = "create_enrolment_code" Post "/v1/users/{user_id}/enrolment-codes"
        Access::Roles(&[(FieldRep, Own), (TeamLead, Team), (Admin, Organisation)]);

    /// Sets the number under which customers reach a person.
    SetUserPhone = "set_user_phone" Put "/v1/users/{user_id}/phone"
        Access::Roles(&[(FieldRep, Own), (TeamLead, Team), (Admin, Organisation)]);
    /// Lists certificates of people.
    ListCertificates = "list_certificates" Get "/v1/certificates" READ_CERTIFICATES;
    /// Notes a certificate of somebody.
    CreateCertificate = "create_certificate" Post "/v1/users/{user_id}/certificates"
        Access::Roles(&[(Admin, Organisation)]);
    /// Withdraws a certificate.
    WithdrawCertificate = "withdraw_certificate" Post "/v1/certificates/{certificate_id}/withdraw"
        Access::Roles(&[(Admin, Organisation)]);

    /// Runs one sync round.
    Sync = "sync" Post "/v1/sync" Access::Device;
    /// Tells which audiences move.
    Live = "watch_audiences" Get "/v1/live" Access::Anyone;

    /// Lists what is in quarantine.
    ListQuarantine = "list_quarantine" Get "/v1/quarantine" Access::Roles(READ_QUARANTINE);
    /// Shows a quarantined item.
    ShowQuarantined = "show_quarantined" Get "/v1/quarantine/{device_id}/{item_id}" Access::Roles(READ_QUARANTINE);
    /// Gives the bytes of a quarantined item.
    ShowQuarantinedBytes = "show_quarantined_bytes" Get "/v1/quarantine/{device_id}/{item_id}/bytes"
        Access::Roles(SETTLE_QUARANTINE);
    /// Judges a quarantined item again.
    RedriveQuarantined = "redrive_quarantined" Post "/v1/quarantine/{device_id}/{item_id}/redrive"
        Access::Roles(SETTLE_QUARANTINE);
    /// Shows what can be taken over of a quarantined item.
    ShowSalvage = "show_salvage" Get "/v1/quarantine/{device_id}/{item_id}/salvage" Access::Roles(SETTLE_QUARANTINE);
    /// Takes over records of a quarantined item.
    SalvageQuarantined = "salvage_quarantined" Post "/v1/quarantine/{device_id}/{item_id}/salvage"
        Access::Roles(SETTLE_QUARANTINE);
    /// Dismisses a quarantined item.
    DismissQuarantined = "dismiss_quarantined" Post "/v1/quarantine/{device_id}/{item_id}/dismiss"
        Access::Roles(SETTLE_QUARANTINE);

    /// Opens a socket that speaks the automerge-repo protocol.
    OpenRepo = "open_repo" Get "/v1/repo" PHOTO_READERS;
    /// Gives a ticket for one such socket.
    CreateRepoTicket = "create_repo_ticket" Post "/v1/repo/tickets" PHOTO_READERS;

    /// Takes in the unsent work of a phone that cannot sync.
    ImportBundle = "import_bundle" Post "/v1/bundles" Access::Roles(IMPORT_BUNDLES);

    /// Stores a blob.
    PutBlob = "put_blob" Put "/v1/blobs/{sha256}" Access::Device;
    /// Begins an upload that may go on where it stops.
    CreateUpload = "create_upload" Post "/v1/uploads" Access::Device;
    /// Tells what can be asked of uploads.
    ShowUploadOptions = "show_upload_options" Options "/v1/uploads" Access::Public;
    /// The same, of one upload.
    ShowOneUploadOptions = "show_one_upload_options" Options "/v1/uploads/{upload_id}" Access::Public;
    /// Tells how far an upload has come.
    ShowUploadOffset = "show_upload_offset" Head "/v1/uploads/{upload_id}" Access::Device;
    /// Goes on with an upload.
    AppendUpload = "append_upload" Patch "/v1/uploads/{upload_id}" Access::Device;
    /// Ends an upload.
    TerminateUpload = "terminate_upload" Delete "/v1/uploads/{upload_id}" Access::Device;
    /// Gives an original.
    ShowBlob = "show_blob" Get "/v1/blobs/{sha256}" ORIGINAL_READERS;
    /// Shows a photo for judging.
    ShowBlobPreview = "show_blob_preview" Get "/v1/blobs/{sha256}/preview" PHOTO_READERS;
    /// Shows a photo for lists.
    ShowBlobThumbnail = "show_blob_thumbnail" Get "/v1/blobs/{sha256}/thumbnail" PHOTO_READERS;
    /// Shows a signature as a picture.
    ShowBlobDrawing = "show_blob_drawing" Get "/v1/blobs/{sha256}/drawing" ORIGINAL_READERS;
    /// Gives links to copies of photos.
    CreatePhotoLinks = "create_photo_links" Post "/v1/photos/links" PHOTO_READERS;
    /// Shows the copy that a link names; the link proves itself.
    ShowLinkedPhoto = "show_linked_photo" Get "/v1/photos/links/{link}" Access::Public;
    /// Lists what a visit has: photos, documents, sound, moving pictures.
    ListVisitBlobs = "list_visit_blobs" Get "/v1/visits/{visit_id}/blobs" PHOTO_READERS;
    /// Lists the declared blobs of a visit that have not arrived.
    ListMissingBlobs = "list_missing_blobs" Get "/v1/visits/{visit_id}/missing-blobs" PHOTO_READERS;

    /// Lists the visits that await a verdict.
    ListReviewQueue = "list_review_queue" Get "/v1/reviews/queue"
        Access::Roles(&[(Reviewer, Organisation), (DeptManager, Organisation), (BranchManager, Organisation),
            (Auditor, Organisation)]);
    /// Shows a visit with everything needed to judge it.
    ShowReview = "show_review" Get "/v1/visits/{visit_id}/review" PHOTO_READERS;
    /// Claims a visit for review.
    ClaimReview = "claim_review" Post "/v1/visits/{visit_id}/review/claim" Access::Roles(&[(Reviewer, Organisation)]);
    /// Judges one photo.
    JudgePhoto = "judge_photo" Post "/v1/visits/{visit_id}/photos/{photo_id}/verdicts"
        Access::Roles(&[(Reviewer, Organisation)]);
    /// Approves or returns a visit.
    JudgeVisit = "judge_visit" Post "/v1/visits/{visit_id}/verdicts" Access::Roles(&[(Reviewer, Organisation)]);
    /// Lists what was found about the photos of a visit.
    ListPhotoFindings = "list_photo_findings" Get "/v1/visits/{visit_id}/findings" FINDING_READERS;
    /// Says whether what was found about a photo is so.
    DecidePhotoFinding = "decide_photo_finding" Post "/v1/visits/{visit_id}/photos/{photo_id}/findings/decisions"
        Access::Roles(&[(Reviewer, Organisation)]);
    /// Lists every decision about a visit.
    ListVerdicts = "list_verdicts" Get "/v1/visits/{visit_id}/verdicts" PHOTO_READERS;
    /// Shows the receipt that a visit is complete.
    ShowCompleteReceipt = "show_complete_receipt" Get "/v1/visits/{visit_id}/receipt" PHOTO_READERS;
    /// Shows who has which copy of the signed forms of a visit.
    ShowCopies = "show_copies" Get "/v1/visits/{visit_id}/copies" PHOTO_READERS;
    /// Lists visits with concurrent values.
    ListConflicts = "list_conflicts" Get "/v1/conflicts" CONFLICT_READERS;
    /// Lists the concurrent values of a visit.
    ListVisitConflicts = "list_visit_conflicts" Get "/v1/visits/{visit_id}/conflicts" CONFLICT_READERS;
    /// Chooses which of several concurrent values counts.
    ChooseValue = "choose_value" Post "/v1/visits/{visit_id}/conflicts"
        Access::Roles(&[(TeamLead, Team), (Dispatcher, Organisation)]);
    /// Lists visits with work that came late.
    ListLateWork = "list_late_work" Get "/v1/late-work" CONFLICT_READERS;
    /// Lists what came late to a visit.
    ListVisitLateWork = "list_visit_late_work" Get "/v1/visits/{visit_id}/late-work" CONFLICT_READERS;
    /// Decides whether work that came late counts.
    DecideLateWork = "decide_late_work" Post "/v1/visits/{visit_id}/late-work"
        Access::Roles(&[(TeamLead, Team), (Dispatcher, Organisation)]);
    /// Lists every change of a visit, and shows the visit as it was.
    ListHistory = "list_history" Get "/v1/visits/{visit_id}/history" PHOTO_READERS;
    // Office planning (rulebook 20: customer and site records, work orders, appointments, assignments).
    /// Lists customers.
    ListCustomers = "list_customers" Get "/v1/customers" Access::Roles(READ_CUSTOMERS);
    /// Adds a customer.
    CreateCustomer = "create_customer" Post "/v1/customers" Access::Roles(WRITE_CUSTOMERS);
    /// Shows a customer.
    ShowCustomer = "show_customer" Get "/v1/customers/{customer_id}" Access::Roles(READ_CUSTOMERS);
    /// Lists the likely duplicates of a customer.
    ListDuplicates = "list_duplicates" Get "/v1/customers/{customer_id}/duplicates" Access::Roles(READ_CUSTOMERS);
    /// Reveals contact data of a customer.
    RevealCustomer = "reveal_customer" Post "/v1/customers/{customer_id}/reveal" REVEAL_CONTACTS;
    /// Adds a site.
    CreateSite = "create_site" Post "/v1/sites" Access::Roles(WRITE_CUSTOMERS);
    /// Shows a site.
    ShowSite = "show_site" Get "/v1/sites/{site_id}" Access::Roles(READ_CUSTOMERS);
    /// Reveals contact data of a site.
    RevealSite = "reveal_site" Post "/v1/sites/{site_id}/reveal" REVEAL_CONTACTS;
    /// Corrects where a site is.
    MoveSite = "move_site" Post "/v1/sites/{site_id}/move" Access::Roles(WRITE_CUSTOMERS);
    /// Lists work orders.
    ListWorkOrders = "list_work_orders" Get "/v1/work-orders" Access::Roles(READ_ORDERS);
    /// Adds a work order.
    CreateWorkOrder = "create_work_order" Post "/v1/work-orders" Access::Roles(WRITE_CUSTOMERS);
    /// Imports work orders.
    ImportWorkOrders = "import_work_orders" Post "/v1/work-orders/import" IMPORT_ORDERS;
    /// Gives an empty sheet of work orders.
    ImportTemplate = "import_template" Get "/v1/work-orders/import-template" IMPORT_ORDERS;
    /// Shows a work order.
    ShowWorkOrder = "show_work_order" Get "/v1/work-orders/{work_order_id}" Access::Roles(READ_ORDERS);
    /// Refuses a work order.
    RefuseWorkOrder = "refuse_work_order" Post "/v1/work-orders/{work_order_id}/refuse"
        Access::Roles(&[(Dispatcher, Organisation), (CsAgent, Organisation), (CsSupervisor, Organisation)]);
    /// Puts a work order on hold.
    HoldWorkOrder = "hold_work_order" Post "/v1/work-orders/{work_order_id}/hold" STOP_ORDERS;
    /// Resumes a work order.
    ResumeWorkOrder = "resume_work_order" Post "/v1/work-orders/{work_order_id}/resume" STOP_ORDERS;
    /// Opens an outage.
    OpenOutage = "open_outage" Post "/v1/outages" STOP_ORDERS;
    /// Lists outages.
    ListOutages = "list_outages" Get "/v1/outages" READ_GRIDS;
    /// Shows an outage.
    ShowOutage = "show_outage" Get "/v1/outages/{outage_id}" READ_GRIDS;
    /// Says which orders wait for an outage.
    ChangeOutage = "change_outage" Post "/v1/outages/{outage_id}/work-orders" STOP_ORDERS;
    /// Ends an outage.
    EndOutage = "end_outage" Post "/v1/outages/{outage_id}/end" STOP_ORDERS;
    /// Lists grids.
    ListGrids = "list_grids" Get "/v1/grids" READ_GRIDS;
    /// Says which team serves a grid.
    SetGridTeam = "set_grid_team" Post "/v1/grids/{grid_id}/team" Access::Roles(&[(Admin, Organisation)]);
    /// Adds a grid.
    CreateGrid = "create_grid" Post "/v1/grids" Access::Roles(&[(Admin, Organisation)]);
    /// Gives a grid another name.
    ChangeGrid = "change_grid" Patch "/v1/grids/{grid_id}" Access::Roles(&[(Admin, Organisation)]);
    /// Lists teams.
    ListTeams = "list_teams" Get "/v1/teams" READ_GRIDS;
    /// Adds a team.
    CreateTeam = "create_team" Post "/v1/teams" Access::Roles(&[(Admin, Organisation)]);
    /// Gives a team another name or lead.
    ChangeTeam = "change_team" Patch "/v1/teams/{team_id}" Access::Roles(&[(Admin, Organisation)]);
    /// Proposes who could be sent to visits.
    ProposeDispatch = "propose_dispatch" Post "/v1/dispatch/proposals" GIVE_OUT;
    /// Confirms who is sent.
    ConfirmDispatch = "confirm_dispatch" Post "/v1/dispatch/confirmations" GIVE_OUT;
    /// Notes that somebody does not work.
    CreateAbsence = "create_absence" Post "/v1/users/{user_id}/absences" WRITE_ABSENCES;
    /// Lists absences.
    ListAbsences = "list_absences" Get "/v1/absences" READ_ABSENCES;
    /// Ends an absence early.
    EndAbsence = "end_absence" Post "/v1/absences/{absence_id}/end" WRITE_ABSENCES;
    /// Lists visits.
    ListVisits = "list_visits" Get "/v1/visits" Access::Roles(READ_ORDERS);
    /// Plans a visit.
    CreateVisit = "create_visit" Post "/v1/visits" Access::Roles(&[(Dispatcher, Organisation)]);
    /// Shows a visit.
    ShowVisit = "show_visit" Get "/v1/visits/{visit_id}" Access::Roles(READ_ORDERS);
    /// Gives a visit to a crew.
    AssignVisit = "assign_visit" Post "/v1/visits/{visit_id}/assign"
        Access::Roles(&[(TeamLead, Team), (Dispatcher, Organisation)]);
    /// Moves a visit.
    RescheduleVisit = "reschedule_visit" Post "/v1/visits/{visit_id}/reschedule"
        Access::Roles(&[(TeamLead, Team), (Dispatcher, Organisation), (CsAgent, Organisation),
            (CsSupervisor, Organisation)]);
    /// Cancels a visit.
    CancelVisit = "cancel_visit" Post "/v1/visits/{visit_id}/cancel"
        Access::Roles(&[(Dispatcher, Organisation), (DeptManager, Organisation), (BranchManager, Organisation)]);
    /// Plans the next attempt.
    CreateNextAttempt = "create_next_attempt" Post "/v1/visits/{visit_id}/next-attempt"
        Access::Roles(&[(TeamLead, Team), (Dispatcher, Organisation)]);
    /// Closes an approved visit.
    CloseVisit = "close_visit" Post "/v1/visits/{visit_id}/close"
        Access::Roles(&[(Dispatcher, Organisation), (CsSupervisor, Organisation)]);
    /// Shows the note for the door of an absent customer.
    ShowDoorNote = "show_door_note" Get "/v1/visits/{visit_id}/door-note" CONTACT_READERS;
    /// Tells of a call that went out through the bridge.
    CreateCall = "create_call" Post "/v1/calls" Access::Roles(&[(Dispatcher, Organisation), (Integrator, Organisation)]);
    /// Lists how the customer of a visit was reached.
    ListContacts = "list_contacts" Get "/v1/visits/{visit_id}/contacts" PHOTO_READERS;
    /// Lists the calls about a visit that the bridge told of.
    ListVisitCalls = "list_visit_calls" Get "/v1/visits/{visit_id}/calls" PHOTO_READERS;
    /// Gives a link to the customer's page.
    CreateCustomerLink = "create_customer_link" Post "/v1/visits/{visit_id}/customer-links"
        Access::Roles(&[(TeamLead, Team), (Dispatcher, Organisation), (CsAgent, Organisation),
            (CsSupervisor, Organisation)]);
    /// Lists the links to the customer's page.
    ListCustomerLinks = "list_customer_links" Get "/v1/visits/{visit_id}/customer-links" CONTACT_READERS;
    /// Shows the customer's page; the link proves itself.
    ShowCustomerPage = "show_customer_page" Get "/c/{token}" Access::Public;
    /// Takes the customer's answer.
    AnswerCustomerPage = "answer_customer_page" Post "/c/{token}" Access::Public;
    /// Gives the appointment as a file for calendars.
    ShowCustomerCalendar = "show_customer_calendar" Get "/c/{token}/appointment.ics" Access::Public;
    /// Lists messages to customers.
    ListNotices = "list_notices" Get "/v1/notices" NOTICE_READERS;
    /// Lists the messages that may be sent now.
    ListDueNotices = "list_due_notices" Get "/v1/notices/due" Access::Roles(&[(Integrator, Organisation)]);
    /// Tells that a message was sent.
    MarkNoticeSent = "mark_notice_sent" Post "/v1/notices/{notice_id}/sent"
        Access::Roles(&[(Integrator, Organisation)]);
    /// Tells that a message could not be sent.
    MarkNoticeFailed = "mark_notice_failed" Post "/v1/notices/{notice_id}/failed"
        Access::Roles(&[(Integrator, Organisation)]);
    /// Shows whether a customer agreed to messages.
    ShowCustomerConsent = "show_customer_consent" Get "/v1/customers/{customer_id}/consent"
        Access::Roles(WRITE_CUSTOMERS);
    /// Records whether a customer agrees to messages.
    SetCustomerConsent = "set_customer_consent" Put "/v1/customers/{customer_id}/consent"
        Access::Roles(WRITE_CUSTOMERS);
    /// Lists what is archived.
    ListArchive = "list_archive" Get "/v1/archive" ARCHIVE_READERS;
    /// Lists the legal holds of a visit.
    ListLegalHolds = "list_legal_holds" Get "/v1/visits/{visit_id}/legal-holds" ARCHIVE_READERS;
    /// Has everything of a visit kept.
    PlaceLegalHold = "place_legal_hold" Post "/v1/visits/{visit_id}/legal-holds" ARCHIVE_KEEPERS;
    /// Lifts a legal hold.
    LiftLegalHold = "lift_legal_hold" Post "/v1/legal-holds/{hold_id}/lift" ARCHIVE_KEEPERS;
    /// Lists who did and who read what.
    ListAuditEvents = "list_audit_events" Get "/v1/audit-events" Access::Roles(&[(Auditor, Organisation)]);
    /// Searches.
    Search = "search" Post "/v1/search"
        Access::Roles(&[(FieldRep, Own), (TeamLead, Team), (Dispatcher, Organisation), (Reviewer, Organisation),
            (CsAgent, Organisation), (CsSupervisor, Organisation), (DeptManager, Organisation),
            (BranchManager, Organisation), (Auditor, Organisation)]);
    /// Shows the day board.
    ShowDayBoard = "show_day_board" Get "/v1/day-board"
        Access::Roles(&[(FieldRep, Own), (TeamLead, Team), (Dispatcher, Organisation), (CsAgent, Organisation),
            (CsSupervisor, Organisation), (DeptManager, Organisation), (BranchManager, Organisation),
            (Auditor, Organisation)]);
    /// Shows where a team begins its day.
    ShowMeetingPlaces = "show_meeting_places" Get "/v1/teams/{team_id}/meeting-places"
        Access::Roles(&[(FieldRep, Team), (TeamLead, Team), (Dispatcher, Organisation), (DeptManager, Organisation),
            (BranchManager, Organisation), (Auditor, Organisation), (Admin, Organisation)]);
    /// Sets where a team begins its day.
    SetMeetingPlaces = "set_meeting_places" Put "/v1/teams/{team_id}/meeting-places"
        Access::Roles(&[(TeamLead, Team), (Admin, Organisation)]);
    /// Shows who checked in on a day.
    ListCheckIns = "list_check_ins" Get "/v1/check-ins" DAY_READERS;
    /// Shows how the day of a team stands.
    ShowDayClosing = "show_day_closing" Get "/v1/days/{day}/closing" DAY_READERS;
    /// Lists the sign-offs of a team's day.
    ListSignOffs = "list_sign_offs" Get "/v1/days/{day}/sign-offs" DAY_READERS;
    /// Signs the day of a team off.
    SignDayOff = "sign_day_off" Post "/v1/days/{day}/sign-offs" Access::Roles(&[(TeamLead, Team)]);
    /// Shows where a serial number was installed and removed.
    ListInstalledItems = "list_installed_items" Get "/v1/installed-items" Access::Roles(READ_ORDERS);
    /// Lists deadlines.
    ListDeadlines = "list_deadlines" Get "/v1/deadlines" TASK_READERS;
    /// Lists tasks.
    ListTasks = "list_tasks" Get "/v1/tasks" TASK_READERS;
    /// Gives a task to somebody.
    AssignTask = "assign_task" Post "/v1/tasks/{task_id}/assign" TASK_WRITERS;
    /// Closes a task with what was done.
    CloseTask = "close_task" Post "/v1/tasks/{task_id}/close" TASK_WRITERS;
    /// Shows a figure of the working day.
    ShowFigure = "show_figure" Get "/v1/kpi/{figure}" FIGURE_READERS;
    /// Lists what a figure is made of.
    ExplainFigure = "explain_figure" Get "/v1/kpi/{figure}/explain" FIGURE_READERS;
    /// Disputes how a visit was judged.
    DisputeFigure = "dispute_figure" Post "/v1/kpi/{figure}/disputes"
        Access::Roles(&[(FieldRep, Own), (TeamLead, Team)]);
    /// Lists templates.
    ListTemplates = "list_templates" Get "/v1/templates" Access::Anyone;
    /// Publishes a template version.
    CreateTemplate = "create_template" Post "/v1/templates" Access::Roles(&[(Admin, Organisation)]);
    /// Tells whether a template version could be published.
    CheckTemplate = "check_template" Post "/v1/templates/check" Access::Roles(&[(Admin, Organisation)]);
    /// Shows a template version.
    ShowTemplate = "show_template" Get "/v1/templates/{code}/{version}" Access::Anyone;
    /// Lists the keys of the policy.
    ListPolicyKeys = "list_policy_keys" Get "/v1/policy-keys" Access::Anyone;
    /// Lists policy versions.
    ListPolicies = "list_policies" Get "/v1/policies" Access::Anyone;
    /// Publishes a policy version.
    CreatePolicy = "create_policy" Post "/v1/policies" Access::Roles(&[(Admin, Organisation)]);
    /// Tells whether a policy version could be published.
    CheckPolicy = "check_policy" Post "/v1/policies/check" Access::Roles(&[(Admin, Organisation)]);
    /// Shows a policy version.
    ShowPolicy = "show_policy" Get "/v1/policies/{version}" Access::Anyone;
    /// Withdraws a policy version that has not taken effect.
    WithdrawPolicy = "withdraw_policy" Post "/v1/policies/{version}/withdraw" Access::Roles(&[(Admin, Organisation)]);
    /// Withdraws a template version that has not taken effect.
    WithdrawTemplate = "withdraw_template" Post "/v1/templates/{code}/{version}/withdraw"
        Access::Roles(&[(Admin, Organisation)]);
    /// Lists calendar versions.
    ListCalendars = "list_calendars" Get "/v1/calendars" Access::Anyone;
    /// Publishes a calendar version.
    CreateCalendar = "create_calendar" Post "/v1/calendars" Access::Roles(&[(Admin, Organisation)]);
    /// Tells whether a calendar version could be published.
    CheckCalendar = "check_calendar" Post "/v1/calendars/check" Access::Roles(&[(Admin, Organisation)]);
    /// Shows a calendar version.
    ShowCalendar = "show_calendar" Get "/v1/calendars/{version}" Access::Anyone;
}

impl Operation {
    /// How far the operation reaches for somebody with these roles and this kind of token; `None` if not at all.
    // Rule: DOC-01
    #[must_use]
    pub fn scope(self, roles: &[Role], token: TokenKind, has_device: bool) -> Option<Scope> {
        match (self.row().access, token) {
            (Access::Public, _) => Some(Organisation),
            (Access::Device, _) => has_device.then_some(Own),
            (Access::Anyone, TokenKind::Full) => Some(Own),
            (Access::Roles(grants), TokenKind::Full) => {
                grants.iter().filter(|(role, _)| roles.contains(role)).map(|(_, scope)| *scope).max()
            }
            (Access::Roles(_) | Access::Anyone, TokenKind::Upload) => None,
        }
    }
}

impl Operation {
    /// Whether the operation takes an `Idempotency-Key`: those of the office that add or decide.
    ///
    /// Not sync and blobs, which are idempotent by content; not what answers with secrets, which are never stored;
    /// not what only reads, or only renews, as a claim.
    #[must_use]
    pub const fn takes_idempotency_key(self) -> bool {
        matches!(
            self,
            Self::CreateUser
                | Self::SalvageQuarantined
                | Self::DismissQuarantined
                | Self::JudgePhoto
                | Self::DecidePhotoFinding
                | Self::JudgeVisit
                | Self::ChooseValue
                | Self::DecideLateWork
                | Self::CreateCustomer
                | Self::CreateSite
                | Self::MoveSite
                | Self::CreateWorkOrder
                | Self::ImportWorkOrders
                | Self::RefuseWorkOrder
                | Self::HoldWorkOrder
                | Self::ResumeWorkOrder
                | Self::OpenOutage
                | Self::ChangeOutage
                | Self::EndOutage
                | Self::SetGridTeam
                | Self::CreateGrid
                | Self::CreateTeam
                | Self::ConfirmDispatch
                | Self::CreateAbsence
                | Self::EndAbsence
                | Self::CreateCertificate
                | Self::WithdrawCertificate
                | Self::CreateVisit
                | Self::AssignVisit
                | Self::RescheduleVisit
                | Self::CancelVisit
                | Self::CreateNextAttempt
                | Self::CloseVisit
                | Self::AssignTask
                | Self::CloseTask
                | Self::PlaceLegalHold
                | Self::LiftLegalHold
                | Self::SignDayOff
                | Self::DisputeFigure
                | Self::CreateTemplate
                | Self::CreatePolicy
                | Self::WithdrawPolicy
                | Self::WithdrawTemplate
                | Self::CreateCalendar
        )
    }

    /// Whether its answer shows records of people, so that each look is recorded: everything that asks for a role and
    /// reads, but for what has events of its own and what names nobody.
    // Rule: DOC-08
    #[must_use]
    pub const fn shows_records(self) -> bool {
        let is_read = matches!(self.row().method, Method::Get) && matches!(self.row().access, Access::Roles(_));
        is_read
            && !matches!(
                self,
                Self::ShowBlob
                    | Self::ShowBlobDrawing
                    | Self::OpenRepo
                    | Self::ImportTemplate
                    | Self::ListGrids
                    | Self::ListTeams
                    | Self::ShowMeetingPlaces
            )
    }

    /// Which of these roles grant the operation, and how far each of them reaches; none where no role is asked for.
    #[must_use]
    pub fn grants(self, roles: &[Role]) -> Vec<(Role, Scope)> {
        match self.row().access {
            Access::Roles(grants) => grants.iter().filter(|(role, _)| roles.contains(role)).copied().collect(),
            Access::Public | Access::Device | Access::Anyone => Vec::new(),
        }
    }
}

#[cfg(test)]
#[path = "operation_tests.rs"]
mod tests;
