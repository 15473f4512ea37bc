//! The sync protocol: messages of one round, their encodings, the cursor, the batch seal, the outbox.
//!
//! Owns what travels in `POST /v1/sync`. Knows nothing of HTTP, compression, databases or Automerge:
//! change chunks are opaque bytes here.

pub mod cbor;
pub mod codec;
pub mod cursor;
pub mod limits;
pub mod message;
pub mod outbox;
pub mod row;
pub mod seal;

pub use codec::{DecodeError, Encoding, decode_request, decode_response, encode};
pub use cursor::{Audience, Cursor, CursorError, MAX_OWED};
pub use limits::ProtocolLimits;
pub use message::{
    Ack, AckItem, DeviceState, DocForm, DocUpdate, Outcome, PushDoc, PushStatement, SyncRequest, SyncResponse,
};
pub use outbox::Outbox;
pub use row::Row;

/// The version of the protocol this code speaks.
pub const PROTOCOL: u32 = 1;
