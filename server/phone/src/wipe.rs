//! What stays of a phone that the office ordered to be wiped: the signed receipt, until the office has it.
//!
//! The receipt is durable before anything is removed, so a kill at any instant leaves either the whole phone with its
//! order, or the receipt; whichever command comes next finishes the work. The key of the store is
//! overwritten and goes first: what is unlinked after it, and not overwritten, cannot be read any more.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;
use sync_core::ids::{DeviceId, OrgId};
use sync_core::jws;
use sync_core::order::{WipeOrder, WipeReceipt};
use sync_core::time::UnixMillis;

use crate::cli::PhoneCommand;
use crate::client::Transport;
use crate::error::{PhoneError, PhoneResult};
use crate::keys::DeviceKey;
use crate::output::Output;
use crate::store::Store;
use crate::store::blobs::sync_dir;
use crate::store::model::Enrolment;

/// File of the receipt.
const FILE: &str = "wiped.json";

/// A wiped phone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Tombstone {
    server: String,
    org: OrgId,
    device: DeviceId,
    receipt: String,
    wiped_at_ms: i64,
    unsent: u64,
    is_delivered: bool,
}

impl Tombstone {
    /// The receipt for an order, signed by the key that is about to go.
    pub(crate) fn sign(enrolment: &Enrolment, order: &WipeOrder, unsent: u64, now: UnixMillis) -> PhoneResult<Self> {
        let key = DeviceKey::from_secret(&enrolment.key.0)?;
        let input = WipeReceipt::new(order, unsent, now).prepare(&key.kid())?;
        Ok(Self {
            server: enrolment.server.clone(),
            org: enrolment.org,
            device: enrolment.device,
            receipt: jws::finish(&input, &key.sign(&input)),
            wiped_at_ms: now.0,
            unsent,
            is_delivered: false,
        })
    }

    /// What stays in this directory, if its phone was wiped.
    pub(crate) fn read(dir: &Path) -> PhoneResult<Option<Self>> {
        let path = dir.join(FILE);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(PhoneError::file(&path)(error)),
        }
    }

    /// Makes the receipt durable.
    pub(crate) fn keep(&self, dir: &Path) -> PhoneResult<()> {
        let (path, partial) = (dir.join(FILE), dir.join("wiped.partial"));
        let bytes = serde_json::to_vec(self)?;
        let write = || {
            let mut file = File::create(&partial)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            std::fs::rename(&partial, &path)
        };
        write().map_err(PhoneError::file(&path))?;
        sync_dir(dir)
    }

    /// Where the receipt goes.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// What a command comes to on a wiped phone; nothing if it may go on as on an empty directory.
    ///
    /// # Errors
    /// [`PhoneError::Wiped`] for commands that need a phone.
    pub(crate) fn take_up(
        &self,
        dir: &Path,
        command: &PhoneCommand,
        transport: &mut dyn Transport,
    ) -> PhoneResult<Option<Output>> {
        Store::create(dir)?.erase()?;
        match command {
            PhoneCommand::Sync { .. } => self.deliver(dir, transport).map(Some),
            PhoneCommand::Status { visit: None } => Ok(Some(self.output())),
            PhoneCommand::Enrol(_) => {
                if !self.is_delivered {
                    self.deliver(dir, transport)?;
                }
                let path = dir.join(FILE);
                std::fs::remove_file(&path).map_err(PhoneError::file(&path))?;
                sync_dir(dir).map(|()| None)
            }
            _ => Err(PhoneError::Wiped),
        }
    }

    /// Brings the receipt to the office; it stays here until the office has it.
    pub(crate) fn deliver(&self, dir: &Path, transport: &mut dyn Transport) -> PhoneResult<Output> {
        if !self.is_delivered {
            let body = json!({ "org_id": self.org, "receipt": self.receipt });
            transport.post("/v1/devices/wipe-receipts", None, &body)?;
            Self { is_delivered: true, ..self.clone() }.keep(dir)?;
        }
        Ok(self.output())
    }

    fn output(&self) -> Output {
        let json = json!({
            "wiped": true, "device": self.device, "org": self.org, "unsent": self.unsent,
            "wiped_at": UnixMillis(self.wiped_at_ms).to_rfc3339(), "receipt": self.receipt,
            "outstanding": { "total": 0 }, "problems": [],
        });
        let text = "wiped by order of the office; enrol to use this phone again / 已按办公室指令清除，重新注册后可再用";
        Output::done(json, text.to_owned())
    }
}
