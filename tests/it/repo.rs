//! The automerge-repo door: frames over a real socket, and the clients of others.

mod frames;
mod javascript;
mod samod;
mod scene;
