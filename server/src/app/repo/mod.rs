//! The automerge-repo door: existing visit documents for foreign clients, over the same log and guard as the phones'.

mod document;
mod hub;
mod pace;
mod socket;
mod ticket;

pub use hub::Hub;
pub use socket::{Next, Socket};
pub use ticket::{IssuedTicket, create_ticket, redeem_ticket};
