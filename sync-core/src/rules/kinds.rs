//! The types of the check catalogue.

use super::background::Input;
use crate::policy::Unit;

/// When a check is judged (rulebook 1.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// At the first record of a step whose phase is not `before`.
    Start,
    /// At `submit`, `give_up` and `end_without_work`.
    Finish,
    /// On the server; never blocks a phone.
    Server,
}

/// What a parameter of a check must be; numbers, times, days, shares and frequencies may name a key of the policy instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamKind {
    /// A question of the template that is answered in this way.
    Question(Answered),
    /// Questions of the template.
    Questions,
    /// A boolean question.
    Boolean,
    /// A measurement of the template.
    Measurement,
    /// Measurements of the template.
    Measurements,
    /// A signature slot.
    Signature,
    /// A step.
    Step,
    /// An option of the question that the named parameter holds.
    ChoiceOf(&'static str),
    /// Options of the question that the named parameter holds.
    ChoicesOf(&'static str),
    /// A whole number of this unit, not negative.
    Number(Unit),
    /// An outcome of a visit.
    Outcome,
    /// A day of the year, `MM-DD`.
    MonthDay,
    /// A local time, `HH:MM`.
    TimeOfDay,
    /// Days from and to, both included: two whole numbers.
    DaySpan,
    /// A trigger of a work order.
    OrderTrigger,
    /// Boolean questions, or `CODE.pass` of measurements with a threshold.
    Terms,
    /// An answer of the question in parameter `question`.
    Value,
    /// `arrival` or `appointment`.
    WaitFrom,
    /// A key of the policy whose value is a number.
    PolicyKey,
    /// How often a customer is called on.
    Frequency,
    /// A share of a whole as an exact decimal, from 0 to 1.
    Share,
    /// Kinds of return visits.
    ReturnKinds,
}

/// How a question that a check reads must be answered: another answer would switch the rule off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// In any way.
    Anyhow,
    /// By one of its options.
    ByOne,
    /// By one of its options, among which are these.
    ByOneOf(&'static [&'static str]),
    /// By one of its options, which are all among these.
    ByOneWithin(&'static [&'static str]),
    /// By several of its options.
    BySeveral,
    /// By one or several of its options.
    ByChoice,
    /// By one of its options or by text.
    InWords,
    /// By a whole number.
    ByWhole,
    /// By an exact decimal.
    ByDecimal,
}

/// A parameter of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param {
    /// Its key.
    pub key: &'static str,
    /// What it must be.
    pub kind: ParamKind,
    /// Whether a rule must give it.
    pub required: bool,
}

/// A built-in check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// When it is judged.
    pub moment: Moment,
    /// Its parameters.
    pub params: &'static [Param],
    /// What it may read of what the office knows; anything else stays unknown to it.
    pub reads: &'static [Input],
    /// What it means, in the words of the rulebook.
    pub meaning: &'static str,
}

pub(super) const fn needs(key: &'static str, kind: ParamKind) -> Param {
    Param { key, kind, required: true }
}

pub(super) const fn may(key: &'static str, kind: ParamKind) -> Param {
    Param { key, kind, required: false }
}
