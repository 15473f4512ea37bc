//! Rules: the catalogue of built-in checks, typed parameters, evaluation with trace, requirements
//! and what blocks an outcome.
//!
//! Pure functions of [`Facts`]; they know neither documents nor the network.

pub mod background;
mod blocking;
pub mod catalogue;
mod checks;
mod condition;
mod context;
mod eval;
mod facts;
mod faults;
mod findings;
mod from_policy;
mod kinds;
pub mod params;
mod requirements;
mod threshold;
mod trace;
mod unjudged;

pub use background::Background;
pub use blocking::{Blocker, blocking};
pub use catalogue::Moment;
pub use checks::moments::{arrived_at, first_handed_in_at, handed_in_at, started_at};
pub use checks::wait::{AbsenceWait, absence_wait};
pub use eval::{evaluate, evaluate_for};
pub use facts::Facts;
pub use faults::faults;
pub use findings::findings;
pub use requirements::{Need, NeedKind, StepStatus, requirements, requirements_for};
pub use threshold::{Reading, reading};
pub use trace::{Trace, Verdict, Versions};
