//! Wakes the job that looks at photos, and keeps for it what it has read of their prints.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sync_core::ids::OrgId;
use tokio::sync::Notify;

use super::prints::OrgPrints;

/// Wakes the job that looks at photos, and keeps their prints in memory for it.
#[derive(Debug, Default)]
pub struct FindingsQueue {
    awake: Notify,
    prints: Mutex<HashMap<OrgId, OrgPrints>>,
}

impl FindingsQueue {
    /// Says that photos of a visit may wait to be looked at.
    pub fn wake(&self) {
        self.awake.notify_one();
    }

    /// Waits until somebody says so.
    pub async fn woken(&self) {
        self.awake.notified().await;
    }

    /// Takes the prints of an organisation, as far as they were read; nothing of them is left here.
    pub(super) fn take_prints(&self, org: OrgId) -> OrgPrints {
        self.prints.lock().unwrap_or_else(PoisonError::into_inner).remove(&org).unwrap_or_default()
    }

    /// Keeps the prints of an organisation for the next look.
    pub(super) fn keep_prints(&self, org: OrgId, prints: OrgPrints) {
        self.prints.lock().unwrap_or_else(PoisonError::into_inner).insert(org, prints);
    }
}
