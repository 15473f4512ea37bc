//! Work that no request waits for: each job can run at any time and any number of times.

pub mod roll_scope;
