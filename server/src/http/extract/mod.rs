//! Extractors that refuse bad input with our problems.

pub mod ctx;
pub mod json;
pub mod page;
pub mod path;

pub use json::Json;
pub use page::{Page, PageQuery};
pub use path::Path;
