//! Blobs: bringing them in, knowing which are missing, showing them, their previews.

mod claims;
mod drawing;
mod ingest;
mod links;
mod list;
mod missing;
mod read;
mod readers;
mod receipt;
mod receive;
mod sample;
#[cfg(test)]
mod tests;
mod upload;

pub(in crate::app) use claims::is_named_for;
pub(crate) use claims::set_evidence;
pub use claims::update_evidence;
pub use drawing::draw_ink;
pub use ingest::{IngestQueue, ingest_pending, prints_of, stop_ingest, windows_of};
pub use links::{IssuedLink, MOST_LINKS, create_links, read_linked};
pub use list::{VisitBlob, list_visit_blobs};
pub use missing::{MissingBlob, list_missing_blobs};
#[cfg(test)]
use read::read_original;
pub use read::{BlobContent, DerivedSize, Original, find_original, read_derived};
pub(in crate::app) use read::{list_openable, read_quarantined};
pub use readers::{Reader, Readers, Reading};
pub use receipt::sign_held;
pub use receive::receive_blob;
pub(in crate::app) use sample::{read_sample, sample_of};
pub(in crate::app) use upload::{DEVICE_REVOKED, accept};
pub use upload::{Portion, StoredBlob, store_blob};
pub(crate) use upload::{check_size, record_durable, row_of_durable, stored};
