//! The held receipt of an answer: exactly what is durable now (design section 3, point 8).

use doorstep_store::device_orders::DeviceMarkRow;
use serde::{Deserialize, Serialize};
use sync_core::bytes::Hash;
use sync_core::ids::{IntentId, VisitId};
use sync_core::receipt::HeldReceipt;

use super::Round;
use crate::app::blobs::sign_held;
use crate::app::{AppError, AppResult, AppState};

/// What the receipt names; kept beside the batch seal, so that `doorstep verify` can hold the server to it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) docs: Vec<(VisitId, Vec<Hash>)>,
    pub(crate) statements: Vec<Hash>,
    pub(crate) intents: Vec<IntentId>,
    /// Durable in quarantine only: id or digest, and code.
    pub(crate) quarantined: Vec<(String, String)>,
    /// Items and bytes that the device has in quarantine, open and not settled by a person, once the transaction has
    /// asked: counting them takes as long as there are many.
    #[serde(skip)]
    pub(super) kept: Option<[(i64, i64); 2]>,
}

impl Held {
    /// Names what the next part of a push made durable, too.
    pub(super) fn add(&mut self, next: Self) {
        self.docs.extend(next.docs);
        self.statements.extend(next.statements);
        self.intents.extend(next.intents);
        self.quarantined.extend(next.quarantined);
    }

    /// What of it the other does not name.
    pub(super) fn without(mut self, known: &Self) -> Self {
        self.docs.retain(|doc| !known.docs.contains(doc));
        self.statements.retain(|digest| !known.statements.contains(digest));
        self.intents.retain(|id| !known.intents.contains(id));
        self.quarantined.retain(|item| !known.quarantined.contains(item));
        self
    }

    /// As it stands beside the batch seal.
    pub(super) fn to_json(&self) -> AppResult<String> {
        serde_json::to_string(self).map_err(|error| AppError::Internal(error.to_string()))
    }

    /// As it stands beside the batch seal; one that cannot be read names nothing, and `doorstep verify` tells of it.
    pub(super) fn from_json(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }

    /// Whether nothing is durable, not even in quarantine.
    pub(super) const fn is_empty(&self) -> bool {
        self.docs.is_empty() && self.statements.is_empty() && self.intents.is_empty() && self.quarantined.is_empty()
    }

    /// A mark for everything that is durable outside quarantine.
    pub(super) fn marks(&self, mark: &dyn Fn(&'static str, String) -> DeviceMarkRow) -> Vec<DeviceMarkRow> {
        let docs = self.docs.iter().map(|(visit, _)| mark("doc", visit.to_string()));
        let intents = self.intents.iter().map(|id| mark("intent", id.to_string()));
        let statements = self.statements.iter().map(|digest| mark("statement", digest.to_string()));
        docs.chain(intents).chain(statements).collect()
    }
}

/// Signs the receipt of a push and of the blobs asked after; none if nothing of it is durable.
pub(super) fn held(
    state: &AppState,
    round: &Round,
    pushed: Option<&Held>,
    blobs: Vec<Hash>,
) -> AppResult<Option<String>> {
    let batch = Some(round.request.batch_id);
    let mut receipt = HeldReceipt::new(round.ctx.actor.org, round.device.id.0, state.epoch, batch, round.ctx.now);
    receipt.blobs = blobs;
    if let Some(pushed) = pushed {
        receipt.docs.clone_from(&pushed.docs);
        receipt.statements.clone_from(&pushed.statements);
        receipt.intents.clone_from(&pushed.intents);
        receipt.quarantined.clone_from(&pushed.quarantined);
    }
    if receipt.is_empty() {
        return Ok(None);
    }
    sign_held(state, &receipt).map(Some)
}
