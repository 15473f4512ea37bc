//! The end of working days: who is open and why, what was used, and the team lead's sign-off.

mod closing;
mod load;
mod sign_off;

pub use closing::{AfterSignOff, Closing, RepClosing, SerialUsed, SignOff, show_closing};
pub use sign_off::{SigningOff, sign_day_off};
