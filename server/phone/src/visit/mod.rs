//! Visits as the phone works with them: naming, judging and writing them, all without a network.

pub(crate) mod context;
pub(crate) mod edit;
pub(crate) mod resolve;

pub(crate) use context::VisitContext;
