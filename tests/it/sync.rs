//! Tests of the sync round: a phone and an office around one server.

mod basics;
mod helpers;
