//! The part of Doorstep that phones and the server share.
//!
//! **Data model.** A visit is one Automerge document of flat maps whose values are JSON records
//! ([`doc`]); what the office plans and decides are rows ([`plan`]); what a customer signs are bytes
//! outside the document ([`statement`]).
//! **Merging.** [`merge`] turns a document into one [`View`](merge::View); equal heads give equal views.
//! **Trust.** Bytes from outside pass [`guard`] before Automerge sees them.
//! **Rules.** [`visit::state`](fn@visit::state), [`rules`] and [`formulas`] are pure functions of view, plan, template
//! and policy, the same on the phone and on the server; every number they read has a key in [`policy`], and days are
//! counted by [`calendar`].
//! **Control loop.** [`protocol`] holds the messages of one sync round; what a server acknowledged is
//! named by a receipt ([`receipt`]); what was refused is kept, with words for what can be done ([`quarantine`]).
//! What cannot be synced at all travels as a file ([`bundle`]).
//! Foreign clients sync single documents through [`repo`].
//!
//! *Architecture invariant:* nothing here does I/O, reads a clock or draws random numbers; they are
//! arguments. *Architecture invariant:* this is the only crate that imports `automerge`.

pub mod archive;
pub mod bundle;
pub mod bytes;
pub mod calendar;
pub mod clock;
pub mod contacts;
pub mod day;
pub mod deadlines;
pub mod decimal;
pub mod dispatch;
pub mod doc;
pub mod formulas;
pub mod fraction;
pub mod guard;
pub mod ids;
pub mod intent;
pub mod jws;
pub mod merge;
#[cfg(feature = "openapi")]
mod openapi;
pub mod order;
pub mod photo;
pub mod plain_json;
pub mod plan;
pub mod policy;
pub mod protocol;
pub mod quarantine;
pub mod receipt;
pub mod repo;
pub mod rules;
pub mod statement;
pub mod template;
pub mod texts;
pub mod time;
pub mod visit;
