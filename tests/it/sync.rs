//! Tests of the sync round: phones and an office around one server.

mod basics;
mod causal;
mod check_in;
mod crash;
#[cfg(target_os = "linux")]
mod crash_points;
mod crew;
mod helpers;
mod hostile;
mod intents;
mod limits;
mod no_op;
mod nul;
mod paging;
mod poison;
mod scope;
mod seals;
mod statements;
mod writer;
