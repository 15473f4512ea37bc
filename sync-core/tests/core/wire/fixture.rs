//! A request, a cursor and a clock that the tests share.

use sync_core::ids::{BatchId, DeviceId, EpochId, UserId};
use sync_core::protocol::message::SyncRequest;
use sync_core::protocol::{Audience, Cursor, Encoding};
use sync_core::time::Stamp;

pub const MAX: usize = 16 * 1024 * 1024;
pub const BOTH: [Encoding; 2] = [Encoding::Cbor, Encoding::Json];

pub fn stamp() -> Stamp {
    Stamp {
        wall_ms: 1_741_053_120_000,
        mono_ms: 86_400_000,
        boot_id: "0123ABCD".into(),
        off_ms: Some(-250),
        err_ms: Some(40),
    }
}

pub fn request() -> SyncRequest {
    SyncRequest {
        protocol: 1,
        device_id: DeviceId::from_bytes([2; 16]),
        batch_id: BatchId::from_bytes([3; 16]),
        cursor: None,
        max_bytes: 4_194_304,
        docs: Vec::new(),
        intents: Vec::new(),
        statements: Vec::new(),
        blobs: Vec::new(),
        arrived: Vec::new(),
        receipts: Vec::new(),
        device_state: None,
        seal: None,
    }
}

pub fn cursor() -> Cursor {
    let positions = [(Audience::User(UserId::from_bytes([1; 16])), 12_345), (Audience::Org, 99)].into();
    Cursor { positions, ..Cursor::start(EpochId::from_bytes([9; 16])) }
}
