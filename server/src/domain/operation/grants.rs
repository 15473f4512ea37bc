//! Grants that several operations share, each with the row of rulebook 20 that it comes from.

use super::Access;
use crate::domain::actor::{Role, Scope};

use Role::{
    Admin, Auditor, BranchManager, CsAgent, CsSupervisor, DeptManager, Dispatcher, FieldRep, Integrator, Reviewer,
    TeamLead,
};
use Scope::{Organisation, Own, Team};

/// Who reads messages to customers (rulebook 20, *Notice*).
pub(super) const NOTICE_READERS: Access = Access::Roles(&[
    (TeamLead, Team),
    (Dispatcher, Organisation),
    (CsAgent, Organisation),
    (CsSupervisor, Organisation),
    (DeptManager, Organisation),
    (BranchManager, Organisation),
    (Auditor, Organisation),
]);

/// Who sees how a customer was told and reached, with his name and address as they are (rulebook 20, *Visit*, *Customer
/// contact data*): none of those who get them masked.
pub(super) const CONTACT_READERS: Access = Access::Roles(&[
    (FieldRep, Own),
    (TeamLead, Team),
    (Dispatcher, Organisation),
    (CsAgent, Organisation),
    (CsSupervisor, Organisation),
    (DeptManager, Organisation),
    (BranchManager, Organisation),
]);

/// Who reads what was captured, byte for byte (rulebook 20, rows *Photo review* and *Statement*).
pub(super) const ORIGINAL_READERS: Access = Access::Roles(&[
    (FieldRep, Own),
    (TeamLead, Team),
    (Reviewer, Organisation),
    (Auditor, Organisation),
    (DeptManager, Organisation),
    (BranchManager, Organisation),
]);

/// Who sees photos and what became of them (rulebook section 20, rows "Visit" and "Photo review").
pub(super) const PHOTO_READERS: Access = Access::Roles(&[
    (FieldRep, Own),
    (TeamLead, Team),
    (Dispatcher, Organisation),
    (Reviewer, Organisation),
    (CsAgent, Organisation),
    (CsSupervisor, Organisation),
    (DeptManager, Organisation),
    (BranchManager, Organisation),
    (Auditor, Organisation),
]);

/// Who sees what was found about photos: who judges and who answers for the work, never whose photos they are. A photo
/// of anybody in the organisation may stand beside another, so nobody sees them who sees one team only.
pub(super) const FINDING_READERS: Access = Access::Roles(&[
    (Dispatcher, Organisation),
    (Reviewer, Organisation),
    (DeptManager, Organisation),
    (BranchManager, Organisation),
    (Auditor, Organisation),
]);

/// Who reads how working days went (rulebook 20, *Meeting, report*).
pub(super) const DAY_READERS: Access = Access::Roles(&[
    (FieldRep, Own),
    (TeamLead, Team),
    (Dispatcher, Organisation),
    (DeptManager, Organisation),
    (BranchManager, Organisation),
    (Auditor, Organisation),
]);

/// Who reads deadlines and tasks (rulebook 20, *Task, deadline*).
pub(super) const TASK_READERS: Access = Access::Roles(&[
    (FieldRep, Own),
    (TeamLead, Team),
    (Dispatcher, Organisation),
    (Reviewer, Organisation),
    (CsAgent, Own),
    (CsSupervisor, Organisation),
    (DeptManager, Organisation),
    (BranchManager, Organisation),
    (Auditor, Organisation),
]);

/// Who reads figures (rulebook 20, scores).
pub(super) const FIGURE_READERS: Access = Access::Roles(&[
    (FieldRep, Own),
    (TeamLead, Team),
    (CsAgent, Own),
    (CsSupervisor, Team),
    (DeptManager, Organisation),
    (BranchManager, Organisation),
    (Auditor, Organisation),
]);

/// Who sees to tasks (rulebook 20, *Task, deadline*), and every role that one can be asked of.
pub(super) const TASK_WRITERS: Access = Access::Roles(&[
    (FieldRep, Own),
    (TeamLead, Team),
    (Dispatcher, Organisation),
    (Reviewer, Organisation),
    (CsAgent, Own),
    (CsSupervisor, Organisation),
    (DeptManager, Organisation),
    (BranchManager, Organisation),
]);

/// Who sees concurrent values (rulebook section 20, row "Conflict") and work that came late.
pub(super) const CONFLICT_READERS: Access = Access::Roles(&[
    (FieldRep, Own),
    (TeamLead, Team),
    (Dispatcher, Organisation),
    (Reviewer, Organisation),
    (Auditor, Organisation),
]);

/// Who sees what was refused, and why: like devices (rulebook section 20).
pub(super) const READ_QUARANTINE: &[(Role, Scope)] = &[
    (FieldRep, Own),
    (TeamLead, Team),
    (Dispatcher, Organisation),
    (DeptManager, Organisation),
    (BranchManager, Organisation),
    (Auditor, Organisation),
    (Admin, Organisation),
];

/// Who reads refused bytes and decides what becomes of them: who answers for the work, never who only administers.
pub(super) const SETTLE_QUARANTINE: &[(Role, Scope)] =
    &[(Dispatcher, Organisation), (DeptManager, Organisation), (BranchManager, Organisation)];

/// Who takes in what a phone's holder brings as a file: who answers for the work, and who looks after the phones.
pub(super) const IMPORT_BUNDLES: &[(Role, Scope)] =
    &[(Dispatcher, Organisation), (DeptManager, Organisation), (BranchManager, Organisation), (Admin, Organisation)];

/// Who reads customers and sites; who only judges gets them masked.
pub(super) const READ_CUSTOMERS: &[(Role, Scope)] = &[
    (FieldRep, Own),
    (TeamLead, Team),
    (Dispatcher, Organisation),
    (Reviewer, Organisation),
    (CsAgent, Organisation),
    (CsSupervisor, Organisation),
    (DeptManager, Organisation),
    (BranchManager, Organisation),
    (Auditor, Organisation),
    (Integrator, Organisation),
];

/// Who has masked contact data revealed (rulebook section 20, row "Customer contact data").
pub(super) const REVEAL_CONTACTS: Access = Access::Roles(&[(Auditor, Organisation)]);

/// Who adds customers, sites and work orders.
pub(super) const WRITE_CUSTOMERS: &[(Role, Scope)] =
    &[(Dispatcher, Organisation), (CsAgent, Organisation), (CsSupervisor, Organisation), (Integrator, Organisation)];

/// Who brings many work orders at once (rulebook section 20, row "Export, import").
pub(super) const IMPORT_ORDERS: Access =
    Access::Roles(&[(Dispatcher, Organisation), (CsSupervisor, Organisation), (Integrator, Organisation)]);

/// Who reads work orders and visits; who only reviews sees visits once they are handed in.
pub(super) const READ_ORDERS: &[(Role, Scope)] = READ_CUSTOMERS;

/// Who gives out visits: for the whole organisation, or within the team (rulebook 20, *Assignment*).
pub(super) const GIVE_OUT: Access = Access::Roles(&[(TeamLead, Team), (Dispatcher, Organisation)]);

/// Who sees what people are certified for (rulebook 20, *Device, user*, and whoever sends them).
pub(super) const READ_CERTIFICATES: Access = Access::Roles(&[
    (FieldRep, Own),
    (TeamLead, Team),
    (Dispatcher, Organisation),
    (DeptManager, Organisation),
    (BranchManager, Organisation),
    (Auditor, Organisation),
    (Admin, Organisation),
]);

/// Who sees when people do not work.
pub(super) const READ_ABSENCES: Access = Access::Roles(&[
    (FieldRep, Own),
    (TeamLead, Team),
    (Dispatcher, Organisation),
    (DeptManager, Organisation),
    (BranchManager, Organisation),
    (Auditor, Organisation),
]);

/// Who says when people do not work: whoever gives out their visits, and who answers for them.
pub(super) const WRITE_ABSENCES: Access = Access::Roles(&[
    (TeamLead, Team),
    (Dispatcher, Organisation),
    (DeptManager, Organisation),
    (BranchManager, Organisation),
]);

/// Who decides whether work on orders goes on: whoever registers them in the office.
pub(super) const STOP_ORDERS: Access =
    Access::Roles(&[(Dispatcher, Organisation), (CsAgent, Organisation), (CsSupervisor, Organisation)]);

/// Who sees grids and outages: everybody who sees orders, and who looks after grids.
pub(super) const READ_GRIDS: Access = Access::Roles(&[
    (TeamLead, Organisation),
    (Dispatcher, Organisation),
    (CsAgent, Organisation),
    (CsSupervisor, Organisation),
    (DeptManager, Organisation),
    (BranchManager, Organisation),
    (Auditor, Organisation),
    (Integrator, Organisation),
    (Admin, Organisation),
]);

/// Who reads what is archived: whoever answers for it, and whoever judges (rulebook 14 and 19.1; the roles are our choice).
pub(super) const ARCHIVE_READERS: Access = Access::Roles(&[
    (Reviewer, Organisation),
    (CsSupervisor, Organisation),
    (DeptManager, Organisation),
    (BranchManager, Organisation),
    (Auditor, Organisation),
]);

/// Who says what must be kept longer: managers; an admin has no right over evidence (rulebook 20).
pub(super) const ARCHIVE_KEEPERS: Access = Access::Roles(&[(DeptManager, Organisation), (BranchManager, Organisation)]);
