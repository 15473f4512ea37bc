//! The scenarios of the rulebook, section 25, played by phone processes against a running demo server.

mod absent;
mod after_hand_in;
mod arrivals;
mod clocks;
mod closed;
mod crew;
mod deadlines;
mod drift;
mod enrolment;
mod field_day;
mod inspection;
mod installations;
mod installs;
mod kills;
mod late;
mod late_decisions;
mod long_notes;
mod norms;
mod refusals;
mod repairs;
mod returned;
pub mod scene;
pub mod scripts;
mod simulated;
mod six_orders;
mod stalled;
mod unplanned;
