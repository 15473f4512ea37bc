//! The catalogue of built-in checks (rulebook 1.5) as data: name, moment, typed parameters, meaning.
//!
//! Knows nothing of visits; `checks` judges, [`super::params`] reads parameters.

use super::background::{
    COMPLAINT, CREW_ROLES, HANDOVER, HAS_WARRANTY_TASK, IS_APPROVED, MAJOR_APPROVED, NEXT_CALL, NOTIFIED_AT,
    PLANNED_RETURN_VISITS, QUALITY, QUARTER_VISITS, RETENTION, RETURN_VISIT, SITE_REPAIRS, TURNOVER_TIER,
};
use super::kinds::Answered::{Anyhow, ByChoice, ByDecimal, ByOne, ByOneOf, ByOneWithin, BySeveral, ByWhole, InWords};
use super::kinds::ParamKind::{
    Boolean, ChoiceOf, ChoicesOf, DaySpan, Frequency, Measurement, Measurements, MonthDay, Number, OrderTrigger,
    Outcome, PolicyKey, Question, Questions, ReturnKinds, Share, Signature, Step, Terms, TimeOfDay, Value, WaitFrom,
};
pub use super::kinds::{Answered, Check, Moment, Param, ParamKind};
use super::kinds::{may, needs};
use crate::policy::Unit;
use Moment::{Finish, Server, Start};

/// Every built-in check, by name.
///
/// # Source
/// Rulebook 1.5.
pub const CATALOGUE: [Check; 41] = [
    Check {
        name: "absence_wait",
        moment: Finish,
        params: &[needs("min_minutes", Number(Unit::Minutes)), needs("wait_from", WaitFrom), needs("outcome", Outcome)],
        reads: &[],
        meaning: "F-03 over the arrive and give_up events; guards the named outcome",
    },
    Check {
        name: "all_options_chosen",
        moment: Finish,
        params: &[needs("question", Question(BySeveral))],
        reads: &[],
        meaning: "when the question is required, every one of its options is chosen",
    },
    Check {
        name: "all_signatures_present",
        moment: Finish,
        params: &[],
        reads: &[],
        meaning: "every signature slot that is required is sealed",
    },
    Check {
        name: "all_true",
        moment: Finish,
        params: &[needs("all", Terms)],
        reads: &[],
        meaning: "each name is a boolean question answered true, or CODE.pass of a measurement within its threshold",
    },
    Check {
        name: "answer_within",
        moment: Server,
        params: &[needs("hours", Number(Unit::Hours))],
        reads: &[COMPLAINT],
        meaning: "F-32 between intake and first answer of the complaint",
    },
    Check {
        name: "answered_count",
        moment: Finish,
        params: &[needs("count", Number(Unit::Count)), needs("questions", Questions)],
        reads: &[],
        meaning: "exactly `count` of the named questions are answered",
    },
    Check {
        name: "arrival_window",
        moment: Finish,
        params: &[needs("min_minutes", Number(Unit::Minutes)), needs("max_minutes", Number(Unit::Minutes))],
        reads: &[],
        meaning: "F-01 of appointment and arrive event, shown; only `late` counts against the rep",
    },
    Check {
        name: "chain_complete_before_lost",
        moment: Finish,
        params: &[
            needs("next_level", Question(ByOne)),
            needs("lost_value", ChoiceOf("next_level")),
            needs("give_up_reason", Question(InWords)),
        ],
        reads: &[RETENTION],
        meaning: "lost only when every level of F-12 has a signed talk or a reason to give up is given",
    },
    Check {
        name: "compensation_needs_major",
        moment: Finish,
        params: &[
            needs("solution", Question(ByOne)),
            needs("values", ChoicesOf("solution")),
            needs("severity", Question(ByOne)),
            needs("severity_value", ChoiceOf("severity")),
        ],
        reads: &[MAJOR_APPROVED],
        meaning: "these solutions need that severity and an approval of the major-complaint procedure",
    },
    Check {
        name: "create_warranty_task",
        moment: Server,
        params: &[needs("result", Question(ByOne)), needs("values", ChoicesOf("result"))],
        reads: &[IS_APPROVED, HAS_WARRANTY_TASK],
        meaning: "on approval with one of these results a warranty registration task is created",
    },
    Check {
        name: "date_window",
        moment: Start,
        params: &[needs("from", MonthDay), needs("to", MonthDay)],
        reads: &[],
        meaning: "the local date lies between month-day `from` and `to`, both included, across the year end",
    },
    Check {
        name: "due_window",
        moment: Server,
        params: &[
            needs("trigger", OrderTrigger),
            may("hours", Number(Unit::Hours)),
            may("working_days", Number(Unit::WorkingDays)),
            may("dealer_days", DaySpan),
            may("region_days", DaySpan),
            may("headquarters_days", DaySpan),
        ],
        reads: &[RETURN_VISIT],
        meaning: "when the order has this trigger: contact lies in the window F-15 of its level",
    },
    Check {
        name: "entered_same_day",
        moment: Server,
        params: &[],
        reads: &[],
        meaning: "answers and finish lie on the same local day",
    },
    Check {
        name: "equals",
        moment: Finish,
        params: &[needs("question", Question(Anyhow)), needs("value", Value)],
        reads: &[],
        meaning: "the answer equals the value",
    },
    Check {
        name: "frequency_by_tier",
        moment: Server,
        params: &[needs("L1", Frequency), needs("L2", Frequency), needs("L3", Frequency)],
        reads: &[TURNOVER_TIER, NEXT_CALL],
        meaning: "next planned call is not later than the tier's frequency after this one",
    },
    Check {
        name: "handover_accepted_by_next_owner",
        moment: Server,
        params: &[needs("question", Question(InWords))],
        reads: &[HANDOVER],
        meaning: "when a next owner is named, ownership moves only with that person's acceptance",
    },
    Check {
        name: "height_checklist_when_flagged",
        moment: Finish,
        params: &[
            needs("flag", Question(ByChoice)),
            needs("flag_value", ChoiceOf("flag")),
            needs("checklist", Question(BySeveral)),
        ],
        reads: &[],
        meaning: "when the flag is chosen, every option of the checklist is chosen",
    },
    Check {
        name: "interviews_per_day",
        moment: Finish,
        params: &[
            needs("min", Number(Unit::Count)),
            needs("per_band_min", Number(Unit::Count)),
            needs("bands", Measurements),
        ],
        reads: &[],
        meaning: "F-29 over the named counts",
    },
    Check {
        name: "level_owner_matches_chain",
        moment: Start,
        params: &[
            needs("relation", Boolean),
            needs("service_adviser", Boolean),
            needs("tier", Question(ByOneWithin(&["ordinary", "silver", "gold"]))),
        ],
        reads: &[CREW_ROLES, RETENTION],
        meaning: "the rep holds the role that F-12 gives for the case's current level",
    },
    Check {
        name: "measurement_pass",
        moment: Finish,
        params: &[needs("measurement", Measurement)],
        reads: &[],
        meaning: "the newest reading meets its threshold",
    },
    Check {
        name: "merge_weights",
        moment: Server,
        params: &[needs("needs", Share), needs("market", Share), needs("internal", Share)],
        reads: &[],
        meaning: "weights of F-26, sum exactly 1",
    },
    Check {
        name: "night_work_may_be_deferred",
        moment: Start,
        params: &[needs("from", TimeOfDay), needs("to", TimeOfDay), needs("outcome", Outcome)],
        reads: &[],
        meaning: "between these local times the outcome is offered",
    },
    Check {
        name: "no_admission_when_not_ours",
        moment: Finish,
        params: &[needs("responsibility", Question(ByOneOf(&["ours", "not_ours"]))), needs("apology", Boolean)],
        reads: &[],
        meaning: "ours: apology given; not ours: reminder shown before the talk",
    },
    Check { name: "no_coercion_notice", moment: Start, params: &[], reads: &[], meaning: "the text is shown" },
    Check {
        name: "no_open_major_defects_on_pass",
        moment: Finish,
        params: &[
            needs("count", Question(ByWhole)),
            needs("result", Question(ByOne)),
            needs("values", ChoicesOf("result")),
        ],
        reads: &[],
        meaning: "these results need a count of 0",
    },
    Check {
        name: "notice_days",
        moment: Start,
        params: &[needs("min_days", Number(Unit::Days))],
        reads: &[NOTIFIED_AT],
        meaning: "F-35 of planned day and notification of the plan item",
    },
    Check {
        name: "offer_floor",
        moment: Finish,
        params: &[
            needs("rate", Question(ByDecimal)),
            needs("cost", Question(ByDecimal)),
            needs("floor_param", PolicyKey),
            needs("budget_param", PolicyKey),
        ],
        reads: &[],
        meaning: "F-41; a missing rate or cost is not judged",
    },
    Check {
        name: "peer_level",
        moment: Finish,
        params: &[needs("host", Question(ByOne)), needs("visitor", Question(ByOne))],
        reads: &[],
        meaning: "both answered: the same level",
    },
    Check {
        name: "quality_review",
        moment: Server,
        params: &[],
        reads: &[QUALITY],
        meaning: "the response waits for accepted or redo",
    },
    Check {
        name: "quarter_cap",
        moment: Start,
        params: &[needs("max", Number(Unit::Count)), needs("exempt", ReturnKinds), needs("mandatory", ReturnKinds)],
        reads: &[RETURN_VISIT, QUARTER_VISITS],
        meaning: "F-17; mandatory kinds run and are flagged",
    },
    Check {
        name: "quote_before_paid_repair",
        moment: Finish,
        params: &[
            needs("warranty", Boolean),
            needs("accepted", Boolean),
            needs("quote_step", Step),
            needs("repair_step", Step),
        ],
        reads: &[],
        meaning: "out of warranty: accepted, and the quote step was done before the repair step",
    },
    Check {
        name: "repeat_repair",
        moment: Server,
        params: &[needs("days", Number(Unit::Days))],
        reads: &[SITE_REPAIRS],
        meaning: "F-42 against earlier repairs of the site",
    },
    Check {
        name: "report_next_day",
        moment: Server,
        params: &[],
        reads: &[],
        meaning: "report handed in by the end of the next local day",
    },
    Check {
        name: "report_same_day",
        moment: Server,
        params: &[],
        reads: &[],
        meaning: "report handed in on the local day of the visit",
    },
    Check {
        name: "required_photos_present",
        moment: Finish,
        params: &[],
        reads: &[],
        meaning: "every required slot holds at least `min` photos",
    },
    Check {
        name: "reschedule_notice",
        moment: Finish,
        params: &[needs("min_minutes", Number(Unit::Minutes))],
        reads: &[],
        meaning: "F-02 for each change proposed by us",
    },
    Check {
        name: "scene_matches_cable",
        moment: Finish,
        params: &[
            needs("question", Question(ByOne)),
            may("rural", ChoiceOf("question")),
            may("urban_residential", ChoiceOf("question")),
            may("business", ChoiceOf("question")),
        ],
        reads: &[],
        meaning: "the answer equals the option of the site's scene; a scene without option passes",
    },
    Check {
        name: "schedule_return_visits",
        moment: Server,
        params: &[
            needs("trigger", OrderTrigger),
            may("dealer_days", DaySpan),
            may("region_days", DaySpan),
            may("headquarters_days", DaySpan),
        ],
        reads: &[COMPLAINT, PLANNED_RETURN_VISITS],
        meaning: "return visits are created by F-15",
    },
    Check {
        name: "signature_of_level_present",
        moment: Finish,
        params: &[needs("signature", Signature)],
        reads: &[RETENTION],
        meaning: "the slot is sealed by the owner of the current level",
    },
    Check {
        name: "steps_in_order",
        moment: Finish,
        params: &[],
        reads: &[],
        meaning: "corrected completion times of the required steps follow the order of the file",
    },
    Check {
        name: "stop_when_unsafe",
        moment: Finish,
        params: &[needs("question", Boolean), needs("outcome", Outcome)],
        reads: &[],
        meaning: "answered false: only this outcome is possible",
    },
];

/// The check of this name.
#[must_use]
pub fn check(name: &str) -> Option<&'static Check> {
    CATALOGUE.iter().find(|check| check.name == name)
}
