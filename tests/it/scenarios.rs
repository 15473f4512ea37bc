//! The scenarios of the rulebook, section 25, played by phone processes against a running demo server.

mod absent;
mod after_hand_in;
mod crew;
mod enrolment;
mod installs;
mod kills;
mod long_notes;
mod returned;
mod scripts;
mod unplanned;
