//! One implementation of a port per file.

pub mod file_clock;
pub mod fs_blobs;
mod fs_parts;
pub mod fs_staging;
pub mod system;
