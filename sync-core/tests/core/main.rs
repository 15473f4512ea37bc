//! What this crate promises, tested from outside. One binary: each more would compile Automerge's generics once more.

mod calendar;
mod checks;
mod clocks;
mod contacts;
mod contested;
mod days;
mod formulas;
mod genesis;
mod guard;
mod late;
mod late_decisions;
mod merge_properties;
mod norms;
mod outbox;
mod policies;
mod policy;
mod policy_params;
mod receipts;
mod repo;
mod rework;
mod rules;
mod state;
mod statements;
mod support;
mod templates;
mod wire;
