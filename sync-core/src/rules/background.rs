//! What the office knows of a visit beyond its plan rows and its document.
//!
//! Rules about a complaint, a case, earlier repairs or the calendar of return visits read it. Whoever judges fills in
//! what he has; a phone mostly has nothing. What is absent is not known, and no rule passes on it. The catalogue says
//! which check reads what ([`super::catalogue::Check::reads`]), so that nothing is loaded that no rule asks for.

use std::collections::BTreeSet;

use crate::calendar::{Zone, parse_day};
use crate::contacts::BridgedCall;
use crate::formulas::{AssetTier, RetentionRole, ReturnBounds, ReturnLevel, ReturnVisitKind, TurnoverTier};
use crate::ids::{UserId, VisitId};
use crate::plan::PlanSnapshot;
use crate::template::Template;
use crate::time::UnixMillis;
use crate::visit::VisitState;

use super::catalogue;

/// The facts of the office, each absent where it is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Background {
    /// Roles of the crew in the organisation (rulebook 1.1), as codes.
    pub crew_roles: Option<BTreeSet<String>>,
    /// The complaint that the visit serves.
    pub complaint: Option<Complaint>,
    /// Whether the major-complaint procedure approved a compensation (CMP-11).
    pub major_approved: Option<bool>,
    /// The handover to the next owner that the visit asked for (CMP-21).
    pub handover: Option<Handover>,
    /// The retention case that the visit serves.
    pub retention: Option<RetentionCase>,
    /// Repairs of the site that were done before this visit.
    pub site_repairs: Option<Vec<SiteRepair>>,
    /// The return visit that this visit is.
    pub return_visit: Option<ReturnVisit>,
    /// Kinds of the return visits made to the customer in the calendar quarter, this one not among them.
    pub quarter_visits: Option<Vec<ReturnVisitKind>>,
    /// Return visits planned because of this visit.
    pub planned_return_visits: Option<Vec<PlannedReturnVisit>>,
    /// When the customer was told of the planned visit (VIS-03).
    pub notified_at: Option<UnixMillis>,
    /// Turnover tier of the customer (CUS-13).
    pub turnover_tier: Option<TurnoverTier>,
    /// The next call on the customer.
    pub next_call: Option<NextCall>,
    /// Whether the office approved the visit.
    pub is_approved: Option<bool>,
    /// Whether a warranty registration task exists for the visit (WAR-01).
    pub has_warranty_task: Option<bool>,
    /// What the quality check said of the response (SUR-17).
    pub quality: Option<Quality>,
    /// Calls of the visit that the bridge told of (INS-35).
    pub calls: Option<Vec<BridgedCall>>,
}

impl Background {
    /// What the plan rows say, which a phone has too: the appointment, and fields of the order, each absent where it cannot
    /// be read.
    ///
    /// Order fields: of a complaint `received_at`, an instant; of a call `noticed_on`, the day on which the customer was
    /// told, and `tier`; of a return visit `trigger`, `trigger_at` and `level`.
    // Rule: APT-12
    #[must_use]
    pub fn of_plan(plan: &PlanSnapshot, zone: &Zone) -> Self {
        let order = |kind: &str, field: &str| {
            let order = plan.work_order.as_ref().filter(|order| order.kind == kind)?;
            order.fields.get(field).map(String::as_str)
        };
        let instant = |kind, field| order(kind, field).and_then(|text| UnixMillis::from_rfc3339(text).ok());
        let received_at = instant("complaint", "received_at");
        let noticed_on = order("call", "noticed_on").and_then(|day| parse_day(day).ok());
        let noticed_at = noticed_on.and_then(|day| zone.start_of(day).ok());
        let appointment = plan.appointment.as_ref();
        let changed = appointment.and_then(|row| row.changes.last()).map(|change| change.notified_at_ms);
        let return_visit = || {
            let kind = ReturnVisitKind::of_order(order("return_visit", "trigger")?)?;
            let level = ReturnLevel::from_code(order("return_visit", "level")?)?;
            Some(ReturnVisit { kind, level, trigger_at: instant("return_visit", "trigger_at")? })
        };
        Self {
            complaint: received_at.map(|received_at| Complaint { received_at, answered_at: None }),
            notified_at: changed.or(noticed_at).or_else(|| appointment?.agreed_at_ms),
            turnover_tier: order("call", "tier").and_then(TurnoverTier::from_code),
            return_visit: return_visit(),
            ..Self::default()
        }
    }

    /// Adds what the state of the visit says of its review: the reviewer of a response is its quality check (SUR-17).
    #[must_use]
    pub fn reviewed(mut self, state: VisitState) -> Self {
        let is_approved = matches!(state, VisitState::Approved | VisitState::Closed);
        self.is_approved = Some(is_approved);
        self.quality = Some(match state {
            VisitState::Returned => Quality::Redo,
            _ if is_approved => Quality::Accepted,
            _ => Quality::Waiting,
        });
        self
    }
}

/// Intake and first answer of a complaint (CMP-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Complaint {
    /// When it was received.
    pub received_at: UnixMillis,
    /// When the office first answered it; absent while only the crew may have.
    pub answered_at: Option<UnixMillis>,
}

/// A handover to another owner (CMP-21).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handover {
    /// Whether somebody else than the first asked owns the matter now.
    pub has_moved: bool,
    /// Whether the next owner accepted.
    pub is_accepted: bool,
}

/// A retention case at its current level (RET-04 to RET-08).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionCase {
    /// Whether the customer has a broker relation.
    pub has_relation: bool,
    /// Whether an investment adviser with a service relation exists.
    pub has_service_adviser: bool,
    /// Asset tier of the customer.
    pub tier: AssetTier,
    /// Current level of the chain, from 1.
    pub level: usize,
    /// Who is responsible at this level.
    pub owner: UserId,
    /// Levels whose talk is recorded and signed (RET-06).
    pub signed: BTreeSet<RetentionRole>,
}

/// An earlier repair of a site (CMP-13).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteRepair {
    /// The visit that repaired.
    pub visit: VisitId,
    /// When.
    pub at: UnixMillis,
    /// The fault, as the questions about the rule were answered.
    pub fault: String,
}

/// Which return visit a visit is (rulebook 7.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnVisit {
    /// Its kind.
    pub kind: ReturnVisitKind,
    /// Who makes it.
    pub level: ReturnLevel,
    /// When what made it due happened.
    pub trigger_at: UnixMillis,
}

/// A return visit in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedReturnVisit {
    /// Who makes it.
    pub level: ReturnLevel,
    /// Its window.
    pub window: ReturnBounds,
}

/// The next call on a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextCall {
    /// None is planned.
    NotPlanned,
    /// It is planned for this instant.
    At(UnixMillis),
}

/// What the quality check says of a response (SUR-17).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quality {
    /// Nobody checked it yet.
    Waiting,
    /// It goes on to integration.
    Accepted,
    /// It is to be done again.
    Redo,
}

/// A field of [`Background`] that a check asks for, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// Name of the field.
    pub code: &'static str,
    pub(super) en: &'static str,
    pub(super) zh_cn: &'static str,
}

impl Input {
    /// Whether a rule of the template reads it.
    #[must_use]
    pub fn is_read_by(&self, template: &Template) -> bool {
        let mut checks = template.rules.iter().filter_map(|rule| catalogue::check(&rule.check));
        checks.any(|check| check.reads.contains(self))
    }
}

/// Codes of the questions that tell the fault of a repair, in the order of the template: those that carry a rule about
/// repeated repairs (CMP-13).
#[must_use]
pub fn fault_questions(template: &Template) -> Vec<&str> {
    let rules = template.rules.iter().filter(|rule| rule.check == "repeat_repair").map(|rule| &rule.id);
    let ids: BTreeSet<&String> = rules.collect();
    let asks = template.questions.iter().filter(|question| question.rules.iter().any(|id| ids.contains(id)));
    asks.map(|question| question.code.as_str()).collect()
}

const fn input(code: &'static str, en: &'static str, zh_cn: &'static str) -> Input {
    Input { code, en, zh_cn }
}

/// [`Background::crew_roles`].
pub const CREW_ROLES: Input = input("crew_roles", "the crew's role in the organisation", "上门人员的岗位");
/// [`Background::complaint`].
pub const COMPLAINT: Input = input("complaint", "the intake of the complaint", "投诉受理时间");
/// [`Background::major_approved`].
pub const MAJOR_APPROVED: Input =
    input("major_approved", "the approval of the major-complaint procedure", "重大投诉流程的审批结果");
/// [`Background::handover`].
pub const HANDOVER: Input = input("handover", "whether the next owner accepted", "下一责任人是否已接受");
/// [`Background::retention`].
pub const RETENTION: Input = input("retention", "the current level of the case", "挽留个案的当前层级");
/// [`Background::site_repairs`].
pub const SITE_REPAIRS: Input = input("site_repairs", "earlier repairs of the site", "该站点的历史维修记录");
/// [`Background::return_visit`].
pub const RETURN_VISIT: Input =
    input("return_visit", "kind, level and trigger of the return visit", "回访的类型、层级和触发时间");
/// [`Background::quarter_visits`].
pub const QUARTER_VISITS: Input =
    input("quarter_visits", "the customer's return visits of the quarter", "该客户本季度的回访记录");
/// [`Background::planned_return_visits`].
pub const PLANNED_RETURN_VISITS: Input = input("planned_return_visits", "the planned return visits", "已安排的回访");
/// [`Background::notified_at`].
pub const NOTIFIED_AT: Input = input("notified_at", "when the customer was told", "通知客户的时间");
/// [`Background::turnover_tier`].
pub const TURNOVER_TIER: Input = input("turnover_tier", "the turnover tier of the customer", "客户的业绩级别");
/// [`Background::next_call`].
pub const NEXT_CALL: Input = input("next_call", "the next planned call", "下次拜访计划");
/// [`Background::is_approved`].
pub const IS_APPROVED: Input = input("is_approved", "whether the visit is approved", "上门记录是否审核通过");
/// [`Background::has_warranty_task`].
pub const HAS_WARRANTY_TASK: Input =
    input("has_warranty_task", "whether a warranty registration task exists", "是否已有保修登记任务");
/// [`Background::quality`].
pub const QUALITY: Input = input("quality", "the result of the quality check", "质量审核结果");
