//! Rules: the catalogue of built-in checks, typed parameters, evaluation with trace.
pub mod catalogue;
mod kinds;
pub mod params;
