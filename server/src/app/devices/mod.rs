//! The office's hold on phones: orders they obey, and what only they still have.

mod order;
mod show;

pub(crate) use order::pending_order;
pub use order::{keep_wipe_receipt, order_wipe};
pub use show::{DeviceFile, MissingItem, show_device};
