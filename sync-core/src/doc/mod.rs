//! The visit document: containers, records, genesis, reading and writing (design section 2.1).

mod ancestry;
mod edit;
mod error;
pub mod genesis;
mod office;
pub mod record;
pub mod schema;
pub mod visit_doc;

pub use ancestry::with_all_below;
pub use edit::{Edit, NOTES_STEP, NewChange};
pub use error::DocError;
pub use genesis::{Genesis, genesis};
pub use office::{OFFICE_NONCE, is_office_actor, office_actor};
pub use schema::Map;
pub use visit_doc::{ChangeMeta, VisitDoc};
