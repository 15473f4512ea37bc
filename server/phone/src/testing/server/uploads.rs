//! Uploads in parts at the server in memory.

use sync_core::bytes::Hash;
use sync_core::receipt::HeldReceipt;
use sync_core::time::UnixMillis;

use super::Server;
use crate::client::{Stands, Step};
use crate::error::{PhoneError, PhoneResult};
use crate::testing::ORG;

/// An upload that was begun.
#[derive(Debug, Clone)]
pub(crate) struct Begun {
    blob: Hash,
    bytes: usize,
    arrived: Vec<u8>,
}

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// None.
    Nothing,
    /// The connection breaks after so many bytes of the body, which are kept.
    Cut(usize),
    /// It is done, but the answer is lost.
    LostAnswer,
    /// Somebody else goes on with it.
    Taken,
    /// The server has lost it.
    Gone,
    /// It is refused.
    Refused(u16, &'static str),
    /// It belongs elsewhere.
    Elsewhere,
}

/// What something on the way says of a large body.
pub(super) fn too_large() -> PhoneError {
    PhoneError::Refused { status: 413, code: String::new(), title: "too large".to_owned(), retry_later: false }
}

fn refused(status: u16, code: &str) -> PhoneError {
    let retry_later = status >= 500;
    PhoneError::Refused { status, code: code.to_owned(), title: code.to_owned(), retry_later }
}

impl Server {
    /// Stores a blob; its receipt.
    pub(super) fn store_blob(&mut self, blob: &Hash, bytes: &[u8]) -> String {
        assert_eq!(Hash::of(bytes), *blob);
        self.blobs.insert(*blob, bytes.to_vec());
        let mut held = HeldReceipt::new(ORG, self.device, self.epoch, None, UnixMillis(1_741_050_000_001));
        held.blobs.push(*blob);
        self.receipt(&held)
    }

    pub(super) fn step(&mut self, step: Step<'_>) -> PhoneResult<Stands> {
        let broke = || PhoneError::Network("the connection broke".to_owned());
        let fault = self.upload_faults.pop_front().unwrap_or(Fault::Nothing);
        let path = match step {
            Step::Begin { blob, .. } if self.breaks_at == Some(*blob) => return Err(broke()),
            Step::Begin { blob, bytes } => {
                let path = format!("/v1/uploads/{blob}");
                self.uploads.entry(path.clone()).or_insert(Begun { blob: *blob, bytes, arrived: Vec::new() });
                path
            }
            Step::Ask { path } | Step::Append { path, .. } => path.to_owned(),
        };
        match fault {
            Fault::Taken => return Ok(Stands::default()),
            Fault::Gone => drop(self.uploads.remove(&path)),
            Fault::Refused(status, code) => return Err(refused(status, code)),
            _ => {}
        }
        let Some(mut begun) = self.uploads.get(&path).cloned() else {
            // The answer to a question has no words.
            let code = if matches!(step, Step::Ask { .. }) { "" } else { "not_found" };
            return Err(refused(404, code));
        };
        let is_begin = matches!(step, Step::Begin { .. });
        if let Step::Append { from, part, .. } = step {
            self.parts.push((from, part.len()));
            if part.len() > self.passes_bytes {
                return Err(too_large());
            }
            if from != begun.arrived.len() || fault == Fault::Elsewhere {
                return Ok(Stands { offset: Some(begun.arrived.len()), ..Stands::default() });
            }
            let through = if let Fault::Cut(bytes) = fault { bytes.min(part.len()) } else { part.len() };
            begun.arrived.extend(&part[..through]);
            self.uploads.insert(path.clone(), begun.clone());
        }
        let is_whole = begun.arrived.len() == begun.bytes;
        let receipt = is_whole.then(|| self.store_blob(&begun.blob, &begun.arrived));
        match fault {
            Fault::LostAnswer | Fault::Cut(_) => Err(broke()),
            _ => Ok(Stands { path: is_begin.then_some(path), offset: Some(begun.arrived.len()), receipt }),
        }
    }
}
