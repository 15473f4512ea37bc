//! Tests of the sync round: a phone and an office around one server.

mod basics;
mod causal;
mod crew;
mod helpers;
mod intents;
mod paging;
mod scope;
mod seals;
