//! The door note of a visit, as the office sees it.

use doorstep_store::{customers, organisations, users};
use sync_core::ids::VisitId;
use sync_core::statement::Language;
use sync_core::texts::{self, DoorNote, DoorNoteError, Parties, Unfilled};

use super::{judge, require};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, reach};

/// The note for the door of a customer who is or was absent.
///
/// # Errors
/// `not_found` if absent or out of reach, `state_invalid` unless somebody waits or left, `text_incomplete` naming what is
/// not known.
// Rules: APT-08, NOT-07
pub async fn show_door_note(state: &AppState, ctx: Ctx, id: VisitId, language: Language) -> AppResult<DoorNote> {
    let read = move |conn: &mut doorstep_store::Conn| {
        let org = ctx.actor.org;
        reach::load_visit(conn, &ctx, id)?;
        let judged = judge(conn, org, id, ctx.now)?;
        let facts = judged.loaded.of(&judged.view);
        let came = facts.view.timeline.iter().rfind(|entry| entry.value.event == "arrive");
        let rep = came.map(|arrive| users::find_user(conn, org, arrive.value.by)).transpose()?.flatten();
        let customer =
            facts.plan.work_order.as_ref().map(|order| customers::find_customer(conn, org, order.customer_id));
        let customer = customer.transpose()?.flatten();
        let org_name = organisations::load_organisation(conn, org)?.name;
        let parties = Parties {
            org_name: Some(&org_name),
            customer_name: customer.as_ref().map(|customer| customer.name.as_str()),
            rep_name: rep.as_ref().map(|rep| rep.name.as_str()),
            rep_phone: rep.as_ref().and_then(|rep| rep.phone.as_deref()),
        };
        texts::door_note(&facts, &judged.derived, &parties, language).map_err(refused)
    };
    state.store.read(read).await
}

fn refused(error: DoorNoteError) -> AppError {
    match error {
        DoorNoteError::NotAbsent(state) => match require(false, state) {
            Err(refusal) => refusal,
            Ok(()) => AppError::Internal("a state that is refused is not".to_owned()),
        },
        DoorNoteError::Unfilled(unfilled) => incomplete(&unfilled).into(),
        DoorNoteError::Day(error) => AppError::Internal(error.to_string()),
    }
}

/// Refuses a text by the names of what is not known.
pub(crate) fn incomplete(unfilled: &Unfilled) -> Refusal {
    let refusal = Refusal::new(ErrorCode::TextIncomplete);
    let refusal = unfilled.missing.iter().fold(refusal, |refusal, variable| {
        refusal.both(variable.code(), "a value", format!("{}的值", variable.label_zh()))
    });
    unfilled.unknown.iter().fold(refusal, |refusal, name| refusal.both(name, "a known variable", "已知变量"))
}
