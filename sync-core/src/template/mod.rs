//! Visit templates: steps, photos, readings, questions, signatures and rules as data.

pub mod lookup;
pub mod model;
pub mod validate;
pub mod vocabulary;

pub use lookup::Element;
pub use model::Template;
pub use validate::{TemplateFault, is_rule_id};
