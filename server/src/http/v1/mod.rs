//! Resources of version 1: one folder each, one file per verb.

pub mod auth;
pub mod blobs;
pub mod bundles;
pub mod calendars;
pub mod conflicts;
pub mod customers;
pub mod day_board;
pub mod deadlines;
pub mod devices;
pub mod findings;
pub mod health;
pub mod late_work;
pub mod live;
pub mod policies;
pub mod quarantine;
pub mod repo;
pub mod reviews;
pub mod search;
pub mod sites;
pub mod sync;
pub mod tasks;
pub mod templates;
pub mod uploads;
pub mod users;
pub mod visits;
pub mod work_orders;
