//! Tests of the sync round: phones and an office around one server.

mod basics;
mod causal;
mod check_in;
mod conflicts;
mod crash;
#[cfg(target_os = "linux")]
mod crash_points;
mod crew;
mod damaged;
mod device_state;
mod ended_access;
pub(crate) mod helpers;
pub(crate) mod hostile;
mod intents;
mod late_replay;
mod late_work;
mod limits;
mod no_op;
mod nul;
mod orders;
#[cfg(target_os = "linux")]
mod pack_kills;
mod packs;
mod paging;
mod poison;
mod remedies;
mod salvage;
mod scope;
mod seals;
mod settled_meanwhile;
#[cfg(target_os = "linux")]
pub mod shared_fsyncs;
pub(crate) mod statements;
pub(crate) mod writer;
mod writers;
