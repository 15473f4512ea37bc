//! The built-in checks, one function each; a file holds one subject.

mod answers;
mod calls;
mod clock;
mod collected;
mod complaint;
pub(super) mod moments;
mod readings;
mod repairs;
mod reports;
mod retention;
mod return_visits;
mod sequence;
mod survey;
pub(super) mod wait;

use super::context::Ctx;
use super::params::Args;
use super::trace::Judgement;
use super::unjudged::Unjudged;

/// What a check says, or why it cannot say anything.
type Judged = Result<Judgement, Unjudged>;

/// A check: reads the visit through the context, its parameters through the arguments.
pub(super) type CheckFn = for<'a> fn(&Ctx<'a>, Args<'a>) -> Judged;

/// The function of a check of the catalogue.
pub(super) fn find(name: &str) -> Option<CheckFn> {
    Some(match name {
        "absence_wait" => wait::check,
        "all_options_chosen" => answers::all_options_chosen,
        "all_signatures_present" => collected::all_signatures_present,
        "all_true" => readings::all_true,
        "answer_within" => complaint::answer_within,
        "answered_count" => answers::answered_count,
        "arrival_window" => clock::arrival_window,
        "chain_complete_before_lost" => retention::chain_complete_before_lost,
        "compensation_needs_major" => complaint::compensation_needs_major,
        "create_warranty_task" => repairs::create_warranty_task,
        "date_window" => clock::date_window,
        "due_window" => return_visits::due_window,
        "entered_same_day" => reports::entered_same_day,
        "equals" => answers::equals,
        "frequency_by_tier" => calls::frequency_by_tier,
        "handover_accepted_by_next_owner" => complaint::handover_accepted_by_next_owner,
        "height_checklist_when_flagged" => answers::height_checklist_when_flagged,
        "interviews_per_day" => survey::interviews_per_day,
        "level_owner_matches_chain" => retention::level_owner_matches_chain,
        "measurement_pass" => readings::measurement_pass,
        "merge_weights" => survey::merge_weights,
        "night_work_may_be_deferred" => clock::night_work_may_be_deferred,
        "no_admission_when_not_ours" => complaint::no_admission_when_not_ours,
        "no_coercion_notice" => collected::no_coercion_notice,
        "no_open_major_defects_on_pass" => answers::no_open_major_defects_on_pass,
        "notice_days" => calls::notice_days,
        "offer_floor" => retention::offer_floor,
        "peer_level" => answers::peer_level,
        "quality_review" => survey::quality_review,
        "quarter_cap" => return_visits::quarter_cap,
        "quote_before_paid_repair" => sequence::quote_before_paid_repair,
        "repeat_repair" => repairs::repeat_repair,
        "report_next_day" => reports::report_next_day,
        "report_same_day" => reports::report_same_day,
        "required_photos_present" => collected::required_photos_present,
        "reschedule_notice" => clock::reschedule_notice,
        "scene_matches_cable" => answers::scene_matches_cable,
        "schedule_return_visits" => return_visits::schedule_return_visits,
        "signature_of_level_present" => retention::signature_of_level_present,
        "steps_in_order" => sequence::steps_in_order,
        "stop_when_unsafe" => answers::stop_when_unsafe,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::CATALOGUE;
    use super::find;

    #[test]
    fn every_check_of_the_catalogue_is_judged() {
        let missing: Vec<_> = CATALOGUE.iter().map(|check| check.name).filter(|name| find(name).is_none()).collect();
        assert_eq!(missing, Vec::<&str>::new());
    }
}
