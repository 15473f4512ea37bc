//! Uploads that go on where they stopped: every line of tus 1.0 that is served, and what is ours beside it.

mod checksum;
mod clients;
mod conformance;
mod creation;
mod durability;
mod expiration;
mod given_up;
mod handover;
mod ours;
mod phone;
pub mod preempt;
mod protocol;
mod room;
mod stopping;
mod termination;
mod trials;
mod unclaimed;
mod whole;

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorstep::domain::TokenKind;
use doorstep::ports::{StagedUpload, StagingKey};
use integration_tests::actors::Device;
use integration_tests::app::TestApp;
use integration_tests::call::{Answer, Call};
use integration_tests::company::YUNZE;
use sync_core::bytes::Hash;

/// Media type of the bytes of an upload.
const BYTES: &str = "application/offset+octet-stream";

/// Where uploads begin.
const UPLOADS: &str = "/v1/uploads";

/// A request that speaks the protocol.
pub fn tus(method: &str, path: &str) -> Call {
    Call::new(method, path).header("tus-resumable", "1.0.0")
}

/// A request to begin an upload of so many bytes.
pub fn creation(bytes: usize) -> Call {
    tus("POST", UPLOADS).header("upload-length", bytes.to_string())
}

/// A creation of an upload whose length follows.
pub fn deferred() -> Call {
    tus("POST", UPLOADS).header("upload-defer-length", "1")
}

/// A request to append at an offset.
pub fn append(path: &str, offset: usize, bytes: &[u8]) -> Call {
    tus("PATCH", path).header("upload-offset", offset.to_string()).bytes(BYTES, bytes)
}

/// Metadata with the hash of the whole.
pub fn declares(photo: &[u8]) -> String {
    format!("sha256 {},filename {}", base64(Hash::of(photo).to_string()), base64("door.jpg"))
}

pub fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// The `Upload-Checksum` of some bytes.
pub fn checksum(bytes: &[u8]) -> String {
    format!("sha256 {}", base64(Hash::of(bytes).as_bytes()))
}

/// So many bytes that differ from place to place.
pub fn photo(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|n| u8::try_from(n * n % 251).expect("a byte")).collect()
}

/// Files of unfinished uploads below a data directory.
pub fn staged(data: &Path) -> Vec<PathBuf> {
    let below = |folder: &PathBuf| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| entry.expect("an entry").path()).collect()
    };
    let devices = below(&data.join("blobs/uploads").join(YUNZE.org.to_string()));
    devices.iter().flat_map(below).collect()
}

/// Where a created upload goes on.
pub fn location(created: &Answer) -> String {
    assert_eq!(created.status, 201, "{}", created.text());
    created.header("location").expect("a location").to_owned()
}

/// The number in a header.
pub fn number(answer: &Answer, header: &str) -> Option<usize> {
    answer.header(header).map(|value| value.parse().expect("a number"))
}

/// A phone of a rep that uploads.
struct Sender<'a>(Device<'a>);

impl<'a> Sender<'a> {
    async fn of(app: &'a TestApp) -> Self {
        Self(app.device_of(YUNZE.rep()).await)
    }

    /// Takes a new token, when time has passed.
    async fn renew(&mut self) {
        self.0.access = self.0.app.session(self.0.member, Some(self.0.id), TokenKind::Full).await;
    }

    async fn send(&self, call: Call) -> Answer {
        self.0.client().send(call).await
    }

    /// Begins an upload and tells where.
    async fn begin(&self, bytes: usize) -> String {
        location(&self.send(creation(bytes)).await)
    }

    /// How far an upload has come.
    async fn offset(&self, path: &str) -> Option<usize> {
        number(&self.send(tus("HEAD", path)).await, "upload-offset")
    }

    /// An upload of which nobody has heard a byte, as it is staged.
    fn upload(&self, path: &str) -> StagedUpload {
        let upload = path.rsplit('/').next().expect("an id").parse().expect("an id");
        let key = StagingKey { org: YUNZE.org, device: self.0.id, upload };
        StagedUpload { key, has_arrived: false }
    }

    /// Status and code of an answer.
    async fn outcome(&self, call: Call) -> (u16, String) {
        self.send(call).await.outcome()
    }

    /// What the server says of a blob to the device that brought it, asked as of any other.
    async fn receipt(&self, photo: &[u8]) -> Answer {
        let path = format!("/v1/blobs/{}", Hash::of(photo));
        self.send(Call::new("PUT", path).header("content-range", format!("bytes */{}", photo.len()))).await
    }

    /// Asserts that an upload became the blob, with the receipt that a blob in one piece has.
    async fn assert_stored(&self, finished: &Answer, photo: &[u8]) {
        let receipt = self.receipt(photo).await.expect(200);
        assert_eq!(receipt["bytes"], photo.len());
        assert_eq!(finished.header("doorstep-receipt"), receipt["receipt"].as_str());
        let stored = self.0.app.state.blobs.read(YUNZE.org, Hash::of(photo)).await.expect("the blob");
        assert_eq!(stored, photo);
    }
}

/// Status and code of a refusal.
fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}
