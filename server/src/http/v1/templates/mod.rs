//! Published norms: templates, policies, calendars.

pub mod list;
pub mod policy;
pub mod show;
