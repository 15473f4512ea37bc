//! The invented company as tables: people, customers, jobs. Pure data; must not know how it is stored.
//!
//! Persons, addresses, numbers, organisations and coordinates are all invented.
//!
//! # Source
//! Rulebook section 25.

pub mod customers;
pub mod jobs;
pub mod people;
