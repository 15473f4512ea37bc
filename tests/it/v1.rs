//! Tests of the API, mirroring its paths.

mod auth;
mod errors;
mod planning;
mod wild_times;
