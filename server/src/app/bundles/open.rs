//! Opening a bundle: its bytes are decrypted into a file without a name and found to agree with themselves.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

use doorstep_store::Conn;
use doorstep_store::organisations::list_signing_keys;
use sync_core::bundle::{
    BundleError, BundleLimits, BundleSecretKey, Contents, HEADER_BYTES, Item, ItemKind, Opener, Unpacker, key_id_of,
};
use sync_core::jws::P256PublicKey;
use sync_core::protocol::codec::{Encoding, decode_request};
use sync_core::protocol::seal::verify_batch_seal;
use sync_core::protocol::{ProtocolLimits, SyncRequest};

use super::spool::read_at;
use crate::app::installation::seed_of;
use crate::app::{AppError, AppResult, ErrorCode, Refusal};
use crate::auth::keys::Purpose;
use crate::config::LimitsConfig;
use crate::ports::BlobError;

/// Bytes read at once.
const PIECE: usize = 64 * 1024;

/// Every key that a bundle may be sealed for, from the database: another process may have made a new one.
pub(super) fn load_keys(conn: &mut Conn) -> AppResult<Vec<BundleSecretKey>> {
    let rows = list_signing_keys(conn, Purpose::Bundle.as_str())?;
    rows.iter().map(|row| Ok(BundleSecretKey::from_seed(&seed_of(row)?))).collect()
}

/// What a bundle may hold.
pub(super) fn limits(config: &LimitsConfig) -> BundleLimits {
    let request_bytes = u64::try_from(ProtocolLimits::DEFAULT.decoded_bytes).unwrap_or(u64::MAX);
    BundleLimits { items: config.bundle_items, bytes: config.bundle_bytes, request_bytes }
}

/// Decrypts a bundle into `plain` and reads what is in it; a piece at a time is in memory.
pub(super) fn open(
    mut file: File,
    mut plain: File,
    keys: &[BundleSecretKey],
    limits: BundleLimits,
) -> AppResult<(Contents, File)> {
    file.seek(SeekFrom::Start(0)).map_err(BlobError::of_io)?;
    let mut header = [0; HEADER_BYTES];
    file.read_exact(&mut header).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => refuse(BundleError::Malformed { what: "it is shorter than its header" }),
        _ => BlobError::of_io(error).into(),
    })?;
    let id = key_id_of(&header).map_err(refuse)?;
    let key = keys.iter().find(|key| key.public().id() == id).ok_or(ErrorCode::BundleKeyUnknown)?;
    let (mut opener, mut unpacker) = (Opener::new(&header, key).map_err(refuse)?, Unpacker::new(limits));
    let (mut piece, mut opened) = (vec![0; PIECE], Vec::new());
    loop {
        let length = file.read(&mut piece).map_err(BlobError::of_io)?;
        if length == 0 {
            break;
        }
        opener.read(piece.get(..length).unwrap_or_default(), &mut opened).map_err(refuse)?;
        unpacker.read(&opened).map_err(refuse)?;
        plain.write_all(&opened).map_err(BlobError::of_io)?;
        opened.clear();
    }
    opener.finish(&mut opened).map_err(refuse)?;
    unpacker.read(&opened).map_err(refuse)?;
    plain.write_all(&opened).map_err(BlobError::of_io)?;
    Ok((unpacker.finish().map_err(refuse)?, plain))
}

/// Checks that every request can be read and is sealed by the device.
pub(super) fn check_requests(contents: &Contents, plain: &File, key: &P256PublicKey) -> AppResult<()> {
    for item in contents.of_kind(ItemKind::Request) {
        let request = read_request(plain, item)?;
        if request.device_id != contents.manifest.device {
            return Err(ErrorCode::BundleSealInvalid.into());
        }
        verify_batch_seal(contents.manifest.org, &request, key).map_err(|_seal| ErrorCode::BundleSealInvalid)?;
    }
    Ok(())
}

/// Reads a request of a bundle.
pub(super) fn read_request(plain: &File, item: &Item) -> AppResult<SyncRequest> {
    let mut bytes = vec![0; usize::try_from(item.bytes).unwrap_or(0)];
    read_at(plain, &mut bytes, item.offset).map_err(BlobError::of_io)?;
    decode_request(&bytes, Encoding::Cbor, &ProtocolLimits::DEFAULT)
        .map_err(|_unreadable| refuse(BundleError::Malformed { what: "a request in it cannot be read" }))
}

/// What the sender is told of a bundle that is not accepted.
pub(super) fn refuse(error: BundleError) -> AppError {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    match error {
        BundleError::TooLarge { limit, actual, .. } => {
            Refusal::new(ErrorCode::BundleTooLarge).limit(number(limit), number(actual)).into()
        }
        BundleError::Malformed { what } => Refusal::new(ErrorCode::BundleMalformed).field("bundle", what).into(),
        BundleError::Seal(_) => ErrorCode::BundleSealInvalid.into(),
        BundleError::Key => ErrorCode::BundleKeyUnknown.into(),
        _ => ErrorCode::BundleDamaged.into(),
    }
}
