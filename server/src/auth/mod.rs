//! Cryptography of identity: keys, access tokens, passwords, opaque secrets.

pub mod keys;
pub mod link;
pub mod password;
pub mod secret;
pub mod ticket;
pub mod token;
