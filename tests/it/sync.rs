//! Tests of the sync round: phones and an office around one server.

mod basics;
mod causal;
mod check_in;
mod conflicts;
mod crash;
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
