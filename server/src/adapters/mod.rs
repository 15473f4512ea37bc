//! One implementation of a port per file.

mod bucket_staging;
pub mod file_clock;
pub mod fs_blobs;
pub(crate) mod fs_objects;
mod fs_parts;
pub mod fs_staging;
mod fs_staging_names;
pub mod objects;
mod pieces;
#[cfg(feature = "s3")]
mod s3_http;
#[cfg(feature = "s3")]
mod s3_objects;
#[cfg(feature = "s3")]
mod s3_parts;
pub(crate) mod scratch;
pub mod system;
