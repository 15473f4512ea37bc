//! What a rep does in the usual case, as scripts of `doorstep phone`, and what the office reads of it.

use serde_json::Value;

/// Kit and confirming call, from the start to the way.
pub const CONFIRMED_AT_0910: &str = "
    09:05 start
          step kit_check
    09:10 contact --channel app_call --result reached --recording rec-1 --duration 48
          answer contact_result confirmed
          event confirm_call
          step confirm_call";

/// The same for the visit at 14:00 of scenario S-04.
pub const CONFIRMED_AT_1305: &str = "
    13:05 start
          step kit_check
          contact --channel app_call --result reached --recording rec-1 --duration 25
          answer contact_result confirmed
          event confirm_call
          step confirm_call";

/// After [`CONFIRMED_AT_1305`]: at a door that nobody opens since 13:53, and a call at 13:55 that nobody takes.
pub const AT_A_CLOSED_DOOR: &str = "
    13:30 event depart
    13:53 event arrive --lat 30.498260 --lon 113.872540
          step arrive
          event customer_absent
    13:55 contact --channel phone --result no_answer";

/// Called once more, the door note left; the wait is not over yet.
pub const DOOR_NOTE_LEFT: &str = "
    14:02 contact --channel phone --result no_answer
    14:06 photo door_note
          answer absence_result unreachable
          outcome no_show --reason 敲门无人应答，电话两次未接";

/// From the door to the agreed place, after an `arrive`.
pub const LET_IN: &str = "
    step arrive
    answer safe_to_work true
    step safety
    step enter
    event enter
    step talk
    answer location_agreed 客厅电视柜
    answer route_note 沿踢脚线
    step location";

/// Cable of a kind, splice, labels, activation.
pub fn work(cable: &str) -> String {
    format!(
        "answer cable_kind {cable}
         answer cable_entry duct
         answer indoor_method existing_duct
         photo outdoor_route
         step cabling
         step splice
         answer splitter_box FG-0217
         answer splitter_port 1/2/7
         answer label_customer_end true
         answer label_splitter_end true
         photo splitter_label
         step label
         answer ont_serial ONT-7F21-0001
         step activate"
    )
}

/// The four elements of the line test.
pub fn line_test(power: &str, down_rate: &str) -> String {
    format!(
        "answer resource_ok true
         answer aaa_sync_ok true
         measure optical_power {power} --instrument PM-100-0042
         measure down_rate {down_rate}
         step line_test"
    )
}

/// Instruction and clean site.
pub const INSTRUCTED: &str = "
    photo ont_stb
    step demo
    step cleanup
    event finish_steps";

/// Satisfied, rated with a 9, signed, the customer's copy handed over, the signed form photographed.
pub const ACCEPTED: &str = "
    answer satisfied true
    answer rating 9
    step acceptance
    sign
    copy --how paper
    photo acceptance_form";

/// The trace of a rule in a review.
pub fn trace<'r>(review: &'r Value, rule: &str) -> &'r Value {
    let traces = review["traces"].as_array().expect("traces");
    traces.iter().find(|trace| trace["rule"] == rule).unwrap_or_else(|| panic!("no trace of {rule}"))
}
