//! The built-in checks this version judges; every other check of the catalogue is `not_evaluated`.

mod answers;
mod clock;
mod collected;
mod readings;
mod sequence;
pub(super) mod wait;

use super::context::Ctx;
use super::params::{Args, ParamError};
use super::trace::Judgement;

/// A check: reads the visit through the context, its parameters through the arguments.
pub(super) type CheckFn = for<'a> fn(&Ctx<'a>, Args<'a>) -> Result<Judgement, ParamError>;

/// The function of a check, if this version judges it.
pub(super) fn find(name: &str) -> Option<CheckFn> {
    Some(match name {
        "absence_wait" => wait::check,
        "all_options_chosen" => answers::all_options_chosen,
        "all_signatures_present" => collected::all_signatures_present,
        "all_true" => readings::all_true,
        "answered_count" => answers::answered_count,
        "arrival_window" => clock::arrival_window,
        "date_window" => clock::date_window,
        "equals" => answers::equals,
        "height_checklist_when_flagged" => answers::height_checklist_when_flagged,
        "measurement_pass" => readings::measurement_pass,
        "night_work_may_be_deferred" => clock::night_work_may_be_deferred,
        "no_coercion_notice" => collected::no_coercion_notice,
        "no_open_major_defects_on_pass" => answers::no_open_major_defects_on_pass,
        "peer_level" => answers::peer_level,
        "quote_before_paid_repair" => sequence::quote_before_paid_repair,
        "required_photos_present" => collected::required_photos_present,
        "reschedule_notice" => clock::reschedule_notice,
        "scene_matches_cable" => answers::scene_matches_cable,
        "steps_in_order" => sequence::steps_in_order,
        "stop_when_unsafe" => answers::stop_when_unsafe,
        _ => return None,
    })
}
