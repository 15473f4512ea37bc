//! Review: the queue, claims, verdicts on photos and visits, rework tickets, history.

mod case;
mod claim;
#[cfg(test)]
pub(crate) mod fixture;
mod history;
mod photo;
mod queue;
mod refuse;
mod resubmission;
mod show;
#[cfg(test)]
mod tests;
mod verdict;
mod visit;

pub use case::{Case, PhotoCounts};
pub use claim::claim_review;
pub(in crate::app) use claim::open;
pub use history::{ReviewHistory, list_verdicts};
pub use photo::{PhotoVerdict, judge_photo};
pub use queue::{QueueEntry, QueueKey, list_queue};
pub use resubmission::on_resubmission;
pub use show::{ReviewStatement, VisitReview, show_review};
pub(in crate::app) use verdict::check_comment;
pub use visit::{JudgedVisit, VisitVerdict, judge_visit};
