//! The automerge-repo door: frames over a real socket, and the clients of others.

mod cut;
mod frames;
mod hostile;
mod javascript;
pub(crate) mod samod;
pub(crate) mod scene;
