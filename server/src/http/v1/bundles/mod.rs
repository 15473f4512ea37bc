//! `/v1/bundles`

pub mod import;
