//! Statements that stay prepared although diesel takes their kind for one with ever new texts.
//!
//! Diesel prepares an update, an upsert or what holds written SQL anew at each use. Where the text is one of a few, that is
//! work for nothing: in SQLite to parse it and to choose its indexes, with PostgreSQL a round trip as well. It serves for
//! what is asked and for what tells something of what it wrote (`returning`): of the rest diesel asks no wrapper.

use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::RunQueryDsl;
use diesel::result::QueryResult;

/// A statement whose text is one of a few, see [`StaysPrepared`].
#[derive(Debug, Clone, Copy)]
pub struct Prepared<Q>(Q);

/// Lets a statement stay prepared.
pub trait StaysPrepared: Sized {
    /// The same statement, kept by its text: for those alone of which there are few texts, whatever the values are.
    fn stays_prepared(self) -> Prepared<Self> {
        Prepared(self)
    }
}

impl<Q> StaysPrepared for Q {}

impl<DB: Backend, Q: QueryFragment<DB>> QueryFragment<DB> for Prepared<Q> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _backend: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

/// Known by its text, for its type does not tell it.
impl<Q> QueryId for Prepared<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Prepared<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, Conn> RunQueryDsl<Conn> for Prepared<Q> {}
