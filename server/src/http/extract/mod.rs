//! Extractors that refuse bad input with our problems.

pub mod ctx;
pub mod if_match;
pub mod json;
pub mod page;
pub mod path;
pub mod query;
pub mod shape;
pub mod unique;

pub use if_match::IfMatch;
pub use json::Json;
pub use page::{Page, PageQuery};
pub use path::{Path, VersionNumber};
pub use query::{Query, coded, coded_field};
