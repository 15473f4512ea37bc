//! What each kind of intent does to the office's data.

use std::collections::BTreeMap;

use doorstep_store::Conn;
use doorstep_store::customers::find_customer;
use doorstep_store::feed::{FeedBatch, FeedKind};
use doorstep_store::intent_blobs::add_intent_claim;
use doorstep_store::sites::find_site;
use sync_core::intent::body::{CreateCustomer, CreateSite, DayCheckIn};
use sync_core::intent::{Intent, IntentBody};

use super::{Decision, appointments};
use crate::app::customers::{self, NewCustomer};
use crate::app::scope::audience_of_user;
use crate::app::sites::{self, NewSite};
use crate::app::sync::Round;
use crate::app::sync::pull::granted;
use crate::app::{AppError, AppResult, AppState, ErrorCode, Refusal};

pub(super) fn accepted(assigned: impl IntoIterator<Item = (&'static str, String)>) -> Decision {
    let assigned: BTreeMap<_, _> = assigned.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Decision { word: "accepted", assigned, ..Decision::default() }
}

pub(super) fn declined(reason: &str) -> Decision {
    Decision { word: "declined", reason: Some(reason.to_owned()), ..Decision::default() }
}

pub(super) fn needs_office(reason: &str) -> Decision {
    Decision { word: "needs_office", reason: Some(reason.to_owned()), ..Decision::default() }
}

/// Runs an intent. Refusals of the domain are decisions, never errors.
pub(super) fn run(
    conn: &mut Conn,
    state: &AppState,
    round: &Round,
    intent: &Intent,
    batch: &mut FeedBatch,
) -> AppResult<Decision> {
    match &intent.body {
        IntentBody::CreateVisit(_) => Err(AppError::Internal("visits are made together".to_owned())),
        IntentBody::CreateCustomer(body) => create_customer(conn, round, body, batch),
        IntentBody::CreateSite(body) => create_site(conn, round, body, batch),
        IntentBody::ProposeAppointment(body) => appointments::propose(conn, state, round, (intent, body), batch),
        IntentBody::ChangeAppointment(body) => appointments::change(conn, state, round, (intent, body), batch),
        IntentBody::DayCheckIn(body) => check_in(conn, round, intent, body),
        IntentBody::DayKit(_) | IntentBody::DayNote(_) => Ok(accepted([])),
        IntentBody::Generic(..) => Ok(needs_office("dispatcher_decides")),
    }
}

/// The begin of a working day, with the photo it names.
fn check_in(conn: &mut Conn, round: &Round, intent: &Intent, body: &DayCheckIn) -> AppResult<Decision> {
    if let Some(photo) = &body.photo {
        let actor = &round.ctx.actor;
        add_intent_claim(conn, actor.org, intent.id, actor.user, photo.sha256)?;
    }
    Ok(accepted([]))
}

fn create_customer(
    conn: &mut Conn,
    round: &Round,
    body: &CreateCustomer,
    batch: &mut FeedBatch,
) -> AppResult<Decision> {
    let org = round.ctx.actor.org;
    if find_customer(conn, org, body.customer_id)?.is_some() {
        return Ok(declined("customer_exists"));
    }
    let new = NewCustomer {
        kind: body.kind.clone(),
        name: body.name.clone(),
        phones: body.phones.clone(),
        address: body.address.clone(),
    };
    if customers::check("", &new, Refusal::new(ErrorCode::Invalid)).into_result().is_err() {
        return Ok(needs_office("customer_incomplete"));
    }
    customers::insert(conn, org, body.customer_id, &new, round.ctx.now)?;
    batch.put(audience_of_user(round.ctx.actor.user), FeedKind::Customer, body.customer_id);
    Ok(accepted([("customer_id", body.customer_id.to_string())]))
}

fn create_site(conn: &mut Conn, round: &Round, body: &CreateSite, batch: &mut FeedBatch) -> AppResult<Decision> {
    let org = round.ctx.actor.org;
    if find_site(conn, org, body.site_id)?.is_some() {
        return Ok(declined("site_exists"));
    }
    if !carries(conn, round, batch, FeedKind::Customer, body.customer_id)? {
        return Ok(declined("customer_unknown"));
    }
    let new = NewSite {
        grid: None,
        address: body.address.clone(),
        geo: body.geo.clone(),
        scene: body.scene.clone(),
        access_note: body.access_note.clone(),
    };
    if sites::check("", &new, Refusal::new(ErrorCode::Invalid)).into_result().is_err() {
        return Ok(needs_office("site_incomplete"));
    }
    sites::insert(conn, org, body.site_id, body.customer_id, &new, round.ctx.now)?;
    batch.put(audience_of_user(round.ctx.actor.user), FeedKind::Site, body.site_id);
    Ok(accepted([("site_id", body.site_id.to_string())]))
}

/// Whether the office's data are on the rep's phone now. To him anything else does not exist: knowing an id opens
/// nothing.
pub(super) fn carries(
    conn: &mut Conn,
    round: &Round,
    batch: &FeedBatch,
    kind: FeedKind,
    id: impl std::fmt::Display,
) -> AppResult<bool> {
    let holders = batch.holders(conn, round.ctx.actor.org, kind, &id.to_string())?;
    Ok(granted(round).iter().any(|audience| holders.contains(&audience.to_string())))
}
