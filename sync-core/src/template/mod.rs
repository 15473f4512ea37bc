//! Visit templates: steps, photos, readings, questions, signatures and rules as data.

pub mod model;

pub use model::Template;
