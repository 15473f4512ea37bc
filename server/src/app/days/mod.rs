//! The end of working days: who is open and why, what was used, and the team lead's sign-off.

mod closing;
mod covered;
mod load;
mod sign_off;

pub use closing::{AfterSignOff, Closing, RepClosing, SerialUsed, SignOff, list_sign_offs, show_closing};
pub(crate) use sign_off::{AUDIT_KIND, audit_detail, audit_subject};
pub use sign_off::{SigningOff, sign_day_off};
