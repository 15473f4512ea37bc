//! Pictures: what a photo is, whether it may be decoded, its upright previews, and drawn demo photos.
//!
//! Owns every use of the `image` crate.
//! It must not know of files, HTTP, the database or visits: bytes come in, bytes or a reason go out.
//! All functions are synchronous and heavy; the caller runs them on a bounded pool.
//!
//! *Architecture Invariant:* no pixel buffer is allocated before [`sniff()`] has read the size from the header and
//! [`limits::Limits`] has allowed it.
//! *Architecture Invariant:* a picture that cannot be shown is never an error of the upload: the original stays as
//! it is, and [`NoPreview`] says why nobody can see it small.

mod decode;
pub mod draw;
pub mod limits;
mod no_preview;
mod orientation;
mod preview;
mod sniff;

pub use limits::Limits;
pub use no_preview::NoPreview;
pub use preview::{PREVIEW_SIDE_PX, Previews, THUMBNAIL_SIDE_PX, preview, preview_within};
pub use sniff::{Format, Sniffed, sniff};
