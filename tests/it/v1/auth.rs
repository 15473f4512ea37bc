//! Signing in, enrolling, staying signed in, and tokens that must not work.

mod device;
mod enrol;
mod login;
mod refresh;
mod token;
