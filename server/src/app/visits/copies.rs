//! Who has which copy of the forms of a visit (INS-12).

use std::collections::BTreeMap;

use doorstep_store::Conn;
use doorstep_store::evidence::list_statements;
use sync_core::bytes::Hash;
use sync_core::clock::Clocks;
use sync_core::ids::{UserId, VisitId};
use sync_core::merge::View;
use sync_core::statement::copies::{CopyOf, CopyRecord, handed_over, has_copy};
use sync_core::statement::newest_first;
use sync_core::time::UnixMillis;

use super::project::{load_facts, load_view};
use crate::app::{AppError, AppResult, AppState, Ctx, reach};

/// One copy of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Whose.
    pub of: CopyOf,
    /// When whoever it is for had it; absent where nothing says so.
    pub delivered_at: Option<UnixMillis>,
    /// How it was handed over, of the customer's.
    pub how: Option<String>,
    /// Who handed it over or sealed it.
    pub by: Option<UserId>,
}

/// A form with its copies, all of one digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Digest of the statement.
    pub digest: Hash,
    /// Document kind.
    pub kind: String,
    /// The copies that the template asks for.
    pub copies: Vec<Copy>,
}

/// The forms of a visit with their copies, the newest first.
///
/// # Errors
/// `not_found` for absent visits and such out of reach.
pub async fn show_copies(state: &AppState, ctx: Ctx, visit: VisitId) -> AppResult<Vec<Form>> {
    let read = move |conn: &mut Conn| {
        let org = ctx.actor.org;
        reach::load_visit(conn, &ctx, visit)?;
        let view = load_view(conn, org, visit)?;
        let template = load_facts(conn, org, &view, ctx.now)?.template;
        let arrived: BTreeMap<Hash, UnixMillis> = list_statements(conn, org, visit)?
            .into_iter()
            .map(|row| (row.digest.0, UnixMillis(row.received_at_ms)))
            .collect();
        let forms = newest_first(&view).map(|(digest, entry)| {
            let kind = entry.value.kind.clone();
            let wanted = CopyOf::ALL.iter().filter(|copy| has_copy(&template, &kind, **copy));
            let copies = wanted.map(|copy| copy_of(&view, *copy, digest, arrived.get(&digest).copied())).collect();
            Form { digest, kind, copies }
        });
        Ok::<_, AppError>(forms.collect())
    };
    state.store.read(read).await
}

/// The customer's copy is that of which a record says so, the rep's exists with the seal, the archive's once it is here.
// Rule: INS-12
fn copy_of(view: &View, of: CopyOf, digest: Hash, arrived: Option<UnixMillis>) -> Copy {
    let clocks = Clocks::of(view);
    let nobody = Copy { of, delivered_at: None, how: None, by: None };
    match of {
        CopyOf::Customer => {
            let is_it = |copy: &CopyRecord| copy.statement == digest && copy.copy == of.code();
            match handed_over(view).map(|(_, copy)| copy).find(is_it) {
                Some(copy) => Copy {
                    delivered_at: Some(clocks.corrected(copy.by, &copy.at).0),
                    how: Some(copy.how),
                    by: Some(copy.by),
                    ..nobody
                },
                None => nobody,
            }
        }
        CopyOf::Installer => {
            let sealed = newest_first(view).find(|(one, _)| *one == digest).map(|(_, entry)| &entry.value);
            let by = sealed.and_then(|statement| statement.by);
            let at = sealed.map(|statement| match by {
                Some(by) => clocks.corrected(by, &statement.at).0,
                None => statement.at.corrected(),
            });
            Copy { delivered_at: at, by, ..nobody }
        }
        CopyOf::Department => Copy { delivered_at: arrived, ..nobody },
    }
}
