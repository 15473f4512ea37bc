//! One implementation of a port per file.

pub mod file_clock;
pub mod fs_blobs;
pub mod system;
