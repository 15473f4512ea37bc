//! Who asks: roles of rulebook 1.1, and how far a grant reaches.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sync_core::ids::{DeviceId, OrgId, TeamId, UserId};
use utoipa::ToSchema;
use uuid::Uuid;

/// A role of rulebook 1.1. `customer` acts only through one-time links and has no account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Executes visits on the phone.
    FieldRep,
    /// Runs a team.
    TeamLead,
    /// Registers requests, dispatches, reschedules.
    Dispatcher,
    /// Reviews photos and forms.
    Reviewer,
    /// Calls, return visits, complaints.
    CsAgent,
    /// Approves plans, closes complaints.
    CsSupervisor,
    /// Approves offers, liaison sheets, assessment.
    DeptManager,
    /// The department manager's rights over all departments.
    BranchManager,
    /// Reads everything, mediates, audits.
    Auditor,
    /// Plans the service-needs survey.
    SurveyOwner,
    /// A service account on the API.
    Integrator,
    /// Users, devices, policies, templates; never evidence.
    Admin,
}

impl Role {
    /// All roles, in the order of the rulebook.
    pub const ALL: [Self; 12] = [
        Self::FieldRep,
        Self::TeamLead,
        Self::Dispatcher,
        Self::Reviewer,
        Self::CsAgent,
        Self::CsSupervisor,
        Self::DeptManager,
        Self::BranchManager,
        Self::Auditor,
        Self::SurveyOwner,
        Self::Integrator,
        Self::Admin,
    ];

    /// The stable identifier.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::FieldRep => "field_rep",
            Self::TeamLead => "team_lead",
            Self::Dispatcher => "dispatcher",
            Self::Reviewer => "reviewer",
            Self::CsAgent => "cs_agent",
            Self::CsSupervisor => "cs_supervisor",
            Self::DeptManager => "dept_manager",
            Self::BranchManager => "branch_manager",
            Self::Auditor => "auditor",
            Self::SurveyOwner => "survey_owner",
            Self::Integrator => "integrator",
            Self::Admin => "admin",
        }
    }

    /// The Chinese label of rulebook 1.1.
    #[must_use]
    pub const fn label_zh(self) -> &'static str {
        match self {
            Self::FieldRep => "现场服务人员",
            Self::TeamLead => "装维队长",
            Self::Dispatcher => "派工员",
            Self::Reviewer => "审核员",
            Self::CsAgent => "客服专员",
            Self::CsSupervisor => "客服主管",
            Self::DeptManager => "部门经理",
            Self::BranchManager => "营业部总经理",
            Self::Auditor => "审计监察部",
            Self::SurveyOwner => "需求预测部长",
            Self::Integrator => "外部系统",
            Self::Admin => "系统管理员",
        }
    }
}

impl Role {
    /// Whether the role may know where recordings of calls are.
    ///
    /// # Source
    /// Rulebook 20, *Call recording*.
    #[must_use]
    pub const fn hears_recordings(self) -> bool {
        matches!(self, Self::Reviewer | Self::CsSupervisor | Self::DeptManager | Self::BranchManager | Self::Auditor)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Reports text that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown role")]
pub struct RoleError;

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        Self::ALL.into_iter().find(|role| role.code() == text).ok_or(RoleError)
    }
}

/// How far a grant reaches; a later variant includes the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Only what is the actor's own: assigned to, written by or about him.
    Own,
    /// What belongs to the actor's team.
    Team,
    /// Everything in the organisation.
    Organisation,
}

/// What an access token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// Everything the roles grant.
    Full,
    /// Only bringing captured work in: for devices whose sign-in is dead (design section 9).
    Upload,
}

/// The authenticated asker of one request, with rights as they are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Tenant.
    pub org: OrgId,
    /// Person or service account.
    pub user: UserId,
    /// Team, if any.
    pub team: Option<TeamId>,
    /// Current roles.
    pub roles: Vec<Role>,
    /// Enrolled device, if the token belongs to one.
    pub device: Option<DeviceId>,
    /// The sign-in that the token belongs to; an upload-only token has none.
    pub session: Option<Uuid>,
    /// What the token may do.
    pub token: TokenKind,
}

impl Actor {
    /// Whether the actor holds the role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}
