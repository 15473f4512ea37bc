//! Customers: how they were reached and what vouches for it, what they are sent, what they answer (APT, NOT).

mod calls;
mod consent;
mod links;
mod list;
mod news;
mod notices;
mod page;
mod tell;

pub use calls::{NewCall, keep_call};
pub use consent::{set_consent, show_consent};
pub use links::{NewLink, create_link, end_links, list_visit_links};
pub(crate) use list::record_shown;
pub use list::{ListedCall, ListedContact, list_contacts, list_visit_calls};
pub use news::{note_news, tell_news};
pub use notices::{DueNotice, NoticesWanted, Told, list_due_notices, list_notices, notice_state, settle};
pub use page::{Asked, CustomerAnswer, Page, answer_page, show_page};
pub use tell::tell;
