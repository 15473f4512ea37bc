//! What a rule decided, on what, and why.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::bytes::Hash;
use crate::clock::Deadline;
use crate::ids::{AppointmentId, VisitId};
use crate::template::model::{Severity, Text};

/// The decision of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not hold.
    Fail,
    /// It does not concern this visit.
    NotApplicable,
    /// The facts do not decide it; never blocks, becomes a finding.
    Undetermined,
    /// It depends on which of several concurrent values a person chooses.
    NeedsChoice,
    /// This version does not know the check.
    NotEvaluated,
}

/// `met` passes, `missed` fails.
impl From<Deadline> for Verdict {
    fn from(deadline: Deadline) -> Self {
        match deadline {
            Deadline::Met => Self::Pass,
            Deadline::Missed => Self::Fail,
            Deadline::Undetermined => Self::Undetermined,
        }
    }
}

/// What a verdict was judged on (design section 7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Heads of the document.
    pub heads: Vec<Hash>,
    /// The visit.
    pub visit: VisitId,
    /// Assignment epoch of the plan.
    pub assignment_epoch: i64,
    /// The appointment in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appointment: Option<AppointmentId>,
    /// Hash of the plan snapshot.
    pub plan_sha256: Hash,
    /// Template code.
    pub template: String,
    /// Template version.
    pub template_version: i64,
    /// Policy version.
    pub policy_version: i64,
    /// Calendar version.
    pub calendar_version: i64,
}

/// The verdict of one rule with everything that led to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Rulebook id.
    pub rule: String,
    /// Name of the check.
    pub check: String,
    /// What a failure does: as the rule says, less where the check finds that this visit must go on.
    pub severity: Severity,
    /// The verdict.
    pub verdict: Verdict,
    /// Outcomes the rule guards when its severity is `block`.
    pub guards: Vec<String>,
    /// What it read: name → value as text.
    pub inputs: BTreeMap<String, String>,
    /// Why, for people.
    pub text: Text,
    /// What it was judged on.
    pub versions: Versions,
}

impl Trace {
    /// Whether the rule refuses this outcome now.
    #[must_use]
    pub fn blocks(&self, outcome: &str) -> bool {
        self.severity == Severity::Block
            && matches!(self.verdict, Verdict::Fail | Verdict::NeedsChoice)
            && self.guards.iter().any(|guarded| guarded == outcome)
    }
}

/// A verdict with its reason, as a check returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judgement {
    pub verdict: Verdict,
    pub text: Text,
    /// Whether a failure only warns, whatever severity the rule has.
    pub only_warns: bool,
}

pub(super) fn text(en: impl Into<String>, zh_cn: impl Into<String>) -> Text {
    Text { en: en.into(), zh_cn: zh_cn.into() }
}

impl Judgement {
    pub(super) fn new(verdict: Verdict, en: impl Into<String>, zh_cn: impl Into<String>) -> Self {
        Self { verdict, text: text(en, zh_cn), only_warns: false }
    }

    pub(super) fn pass(en: impl Into<String>, zh_cn: impl Into<String>) -> Self {
        Self::new(Verdict::Pass, en, zh_cn)
    }

    pub(super) fn fail(en: impl Into<String>, zh_cn: impl Into<String>) -> Self {
        Self::new(Verdict::Fail, en, zh_cn)
    }

    /// A failure that never stops the visit.
    pub(super) fn flag(en: impl Into<String>, zh_cn: impl Into<String>) -> Self {
        Self { only_warns: true, ..Self::fail(en, zh_cn) }
    }

    pub(super) fn not_applicable(en: impl Into<String>, zh_cn: impl Into<String>) -> Self {
        Self::new(Verdict::NotApplicable, en, zh_cn)
    }

    pub(super) fn undetermined(en: impl Into<String>, zh_cn: impl Into<String>) -> Self {
        Self::new(Verdict::Undetermined, en, zh_cn)
    }
}
