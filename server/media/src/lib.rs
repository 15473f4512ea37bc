//! Pictures: what a photo is, whether it may be decoded, all that is worked out from it, and drawn demo photos.
//!
//! [`ingest()`] does the work on one photo: its upright previews, what its metadata says, how sharp and how well lit it
//! is, and the prints by which it is found again.
//! Owns every use of the `image` crate, of `heifer` and of the JPEG codecs.
//! It must not know of files, HTTP, the database or visits: bytes come in, bytes or a reason go out.
//! All functions are synchronous and heavy; the caller runs them on a bounded pool.
//!
//! *Architecture Invariant:* no pixel buffer is allocated before the size has been read from the header and
//! [`limits::Limits`] has allowed it.
//! *Architecture Invariant:* a picture that cannot be shown is never an error of the upload: the original stays as
//! it is, and [`NoPreview`] says why nobody can see it small.

mod align;
mod deadline;
mod decode;
pub mod draw;
mod encode;
mod facts;
mod heif;
mod heif_turn;
mod index;
mod ingest;
pub mod limits;
mod no_preview;
mod other;
mod preview;
mod print;
mod shrink;
mod sniff;
mod tiff;
mod turned;
mod vp8l;
mod webp;
mod workspace;

pub use align::Sample;
pub use deadline::Deadline;
pub use facts::{Facts, Position};
pub use index::{Likeness, PrintIndex};
pub use ingest::{Ingested, ingest, memory};
pub use limits::Limits;
pub use no_preview::NoPreview;
pub use other::other_media_type;
pub use preview::{PREVIEW_SIDE_PX, Previews, THUMBNAIL_SIDE_PX};
pub use print::{Print, Prints};
pub use sniff::{Format, Sniffed, sniff};
pub use workspace::Workspace;
