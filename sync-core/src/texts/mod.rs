//! Texts for customers, made from templates with variables (rulebook 16): the door note, messages.
//!
//! The templates are data, `data/texts.json`: a version that was released never changes. Phone and server write with the
//! same code; nothing is printed with a gap in it.

mod door_note;
mod moment;
mod notice;
mod template;

pub use door_note::{DoorNote, DoorNoteError, Parties, door_note};
pub use moment::{day, moment};
pub use notice::{Circumstances, NoticeKind, QuietHours, Withheld, when_to_send};
pub use template::{TextTemplate, Unfilled, Values, Variable, template};
