//! The format round and round: whole, changed, cut, mixed up, lying.

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};

use super::cipher::CHUNK_BYTES;
use super::*;
use crate::ids::{BundleId, DeviceId, EpochId, OrgId};
use crate::jws::{self, P256PublicKey};
use crate::time::UnixMillis;

const LIMITS: BundleLimits = BundleLimits { items: 100, bytes: 4 << 20, request_bytes: 1 << 20 };

fn key() -> BundleSecretKey {
    BundleSecretKey::from_seed(&[7; 32])
}

fn device() -> (SigningKey, P256PublicKey) {
    let signing = SigningKey::from_slice(&[3; 32]).expect("a scalar");
    let public = P256PublicKey::from_sec1(&signing.verifying_key().to_sec1_bytes()).expect("a point");
    (signing, public)
}

fn manifest() -> Manifest {
    let epoch = Some(EpochId::from_bytes([4; 16]));
    let (id, org) = (BundleId::from_bytes([1; 16]), OrgId::from_bytes([2; 16]));
    Manifest::new(id, org, DeviceId::from_bytes([3; 16]), epoch, UnixMillis(1_741_000_000_000))
}

/// The contents of an honest bundle.
fn contents(requests: &[&[u8]], blobs: &[&[u8]]) -> Vec<u8> {
    let size = |content: &&[u8]| u64::try_from(content.len()).expect("small");
    let mut manifest = requests.iter().fold(manifest(), |manifest, one| manifest.with_request(size(one)));
    manifest = blobs.iter().fold(manifest, |manifest, one| manifest.with_blob(size(one)));
    packed(&manifest, requests, blobs)
}

fn packed(manifest: &Manifest, requests: &[&[u8]], blobs: &[&[u8]]) -> Vec<u8> {
    let (mut packer, mut bytes) = Packer::new(manifest).expect("a manifest");
    bytes.extend(requests.iter().flat_map(|request| packer.item(ItemKind::Request, request)));
    bytes.extend(blobs.iter().flat_map(|blob| packer.item(ItemKind::Blob, blob)));
    let (signing, public) = device();
    let input = BundleSeal::new(manifest, packer.sha256()).prepare(&public.thumbprint()).expect("plain");
    let signature: Signature = signing.sign(input.as_bytes());
    bytes.extend(packer.finish(&jws::finish(&input, &signature.to_bytes().into())));
    bytes
}

fn unpack(bytes: &[u8]) -> Result<Contents, BundleError> {
    let mut unpacker = Unpacker::new(LIMITS);
    unpacker.read(bytes)?;
    unpacker.finish()
}

fn seal(plain: &[u8]) -> Vec<u8> {
    let (mut sealer, mut file) = Sealer::new(key().public(), [9; 32]).expect("a key");
    for piece in plain.chunks(10_007) {
        sealer.write(piece, &mut file).expect("written");
    }
    sealer.finish(&mut file).expect("written");
    file
}

fn open_with(key: &BundleSecretKey, file: &[u8], piece: usize) -> Result<Vec<u8>, BundleError> {
    let (header, sealed) = file.split_first_chunk().ok_or(BundleError::Damaged)?;
    let mut opener = Opener::new(header, key)?;
    let mut plain = Vec::new();
    for piece in sealed.chunks(piece) {
        opener.read(piece, &mut plain)?;
    }
    opener.finish(&mut plain)?;
    Ok(plain)
}

fn open(file: &[u8]) -> Result<Vec<u8>, BundleError> {
    open_with(&key(), file, 70_001)
}

fn noise(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| u8::try_from(at * 31 % 251).expect("a byte")).collect()
}

#[test]
fn what_was_sealed_is_opened_whatever_its_size_and_the_pieces_it_comes_in() {
    for size in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 5] {
        let (plain, file) = (noise(size), seal(&noise(size)));
        for piece in [1_usize, 77, CHUNK_BYTES + 16, 1 << 20].into_iter().filter(|piece| size < 10 || *piece > 1) {
            assert_eq!(open_with(&key(), &file, piece), Ok(plain.clone()), "{size} bytes in pieces of {piece}");
        }
    }
}

#[test]
fn nothing_of_the_contents_can_be_read_in_the_file() {
    let plain = contents(&[b"the name of a customer"], &[]);
    let file = seal(&plain);
    assert!(!file.windows(16).any(|window| window == b"the name of a cu"));
    assert_ne!(
        seal(&plain)[HEADER_BYTES..],
        Sealer::new(key().public(), [8; 32])
            .map(|(mut sealer, mut file)| {
                sealer.write(&plain, &mut file).expect("written");
                sealer.finish(&mut file).expect("written");
                file.split_off(HEADER_BYTES)
            })
            .expect("a key")[..],
        "other randomness gives another file"
    );
}

#[test]
fn another_key_opens_nothing() {
    let file = seal(b"work");
    let other = BundleSecretKey::from_seed(&[8; 32]);
    assert_eq!(open_with(&other, &file, 64), Err(BundleError::Damaged));
    let header = file.first_chunk().expect("a header");
    assert_eq!(key_id_of(header), Ok(key().public().id()));
}

#[test]
fn every_changed_byte_of_a_small_file_is_found() {
    let file = seal(&contents(&[b"a request"], &[b"a blob"]));
    for at in 0..file.len() {
        let mut changed = file.clone();
        changed[at] ^= 0x40;
        assert!(open(&changed).is_err(), "byte {at} was changed");
    }
}

#[test]
fn every_changed_chunk_of_a_large_file_is_found() {
    let file = seal(&noise(4 * CHUNK_BYTES));
    for at in (HEADER_BYTES..file.len()).step_by(4_099) {
        let mut changed = file.clone();
        changed[at] ^= 1;
        assert_eq!(open(&changed), Err(BundleError::Damaged), "byte {at} was changed");
    }
}

#[test]
fn every_cut_of_a_file_is_found_also_between_chunks() {
    let file = seal(&contents(&[b"a request"], &[b"a blob"]));
    for length in 0..file.len() {
        assert!(open(&file[..length]).is_err(), "{length} bytes of {}", file.len());
    }
    let file = seal(&noise(3 * CHUNK_BYTES));
    for chunks in 0..3 {
        let length = HEADER_BYTES + chunks * (CHUNK_BYTES + 16);
        assert_eq!(open(&file[..length]), Err(BundleError::Damaged), "{chunks} chunks");
        assert_eq!(open(&file[..length + 1]), Err(BundleError::Damaged), "{chunks} chunks and a byte");
    }
    let longer = [file.as_slice(), &[0]].concat();
    assert_eq!(open(&longer), Err(BundleError::Damaged), "a byte more");
}

#[test]
fn chunks_that_changed_places_or_come_twice_are_found() {
    let file = seal(&noise(4 * CHUNK_BYTES));
    let (header, sealed) = file.split_at(HEADER_BYTES);
    let chunks: Vec<&[u8]> = sealed.chunks(CHUNK_BYTES + 16).collect();
    for order in [&[1, 0, 2, 3][..], &[0, 2, 1, 3], &[3, 1, 2, 0], &[0, 0, 1, 2, 3], &[0, 1, 3], &[0, 1, 2, 3, 3]] {
        let moved: Vec<&[u8]> = order.iter().map(|at| chunks[*at]).collect();
        assert_eq!(open(&[header, &moved.concat()].concat()), Err(BundleError::Damaged), "{order:?}");
    }
}

#[test]
fn chunks_of_two_files_for_the_same_key_do_not_mix() {
    let file = seal(&noise(2 * CHUNK_BYTES));
    let (mut sealer, mut other) = Sealer::new(key().public(), [5; 32]).expect("a key");
    sealer.write(&noise(2 * CHUNK_BYTES), &mut other).expect("written");
    sealer.finish(&mut other).expect("written");
    let middle = HEADER_BYTES + CHUNK_BYTES + 16;
    assert_eq!(open(&[&file[..middle], &other[middle..]].concat()), Err(BundleError::Damaged));
}

#[test]
fn the_contents_come_back_with_their_places() {
    let (first, second, blob) = (noise(9_000), noise(5), noise(70_000));
    let bytes = contents(&[&first, &second], &[&blob]);
    for piece in [1, 40, 41, 42, 8_192] {
        let mut unpacker = Unpacker::new(LIMITS);
        for piece in bytes.chunks(piece) {
            unpacker.read(piece).expect("read");
        }
        let found = unpacker.finish().expect("whole");
        found.verify(&device().1).expect("signed");
        let at = |item: &Item| {
            let from = usize::try_from(item.offset).expect("small");
            bytes[from..from + usize::try_from(item.bytes).expect("small")].to_vec()
        };
        let contents: Vec<_> = found.items.iter().map(|item| (item.kind, at(item))).collect();
        let expected = [(ItemKind::Request, &first), (ItemKind::Request, &second), (ItemKind::Blob, &blob)];
        assert_eq!(contents, expected.map(|(kind, bytes)| (kind, bytes.clone())), "pieces of {piece}");
    }
}

#[test]
fn a_manifest_that_lies_is_found() {
    let honest = manifest().with_request(9).with_blob(6);
    assert!(unpack(&packed(&honest, &[b"a request"], &[b"a blob"])).is_ok());
    for lie in [
        manifest(),
        manifest().with_request(9),
        honest.clone().with_blob(0),
        manifest().with_request(9).with_blob(7),
        manifest().with_blob(9).with_blob(6),
    ] {
        let error = unpack(&packed(&lie, &[b"a request"], &[b"a blob"])).expect_err("it lies");
        assert_eq!(error.code(), "bundle_malformed", "{lie:?}");
    }
}

#[test]
fn what_the_device_did_not_sign_is_found() {
    let (signed, public) = (contents(&[b"a request"], &[]), device().1);
    let other =
        P256PublicKey::from_sec1(&SigningKey::from_slice(&[5; 32]).expect("a scalar").verifying_key().to_sec1_bytes())
            .expect("a point");
    let whole = unpack(&signed).expect("whole");
    assert_eq!(whole.verify(&public), Ok(()));
    assert_eq!(whole.verify(&other).map_err(|error| error.code()), Err("bundle_seal_invalid"));
    // The signature of one bundle around the contents of another.
    let foreign = contents(&[b"a rumour!"], &[]);
    let seal_at = |bytes: &[u8]| bytes.len() - whole.seal.len() - 41;
    let mixed = [&foreign[..seal_at(&foreign)], &signed[seal_at(&signed)..]].concat();
    let mixed = unpack(&mixed).expect("it agrees with itself");
    assert_eq!(mixed.verify(&public).map_err(|error| error.code()), Err("bundle_seal_invalid"));
}

#[test]
fn frames_out_of_order_or_behind_the_end_are_found() {
    let manifest = manifest().with_request(1).with_blob(1);
    let (mut packer, begin) = Packer::new(&manifest).expect("a manifest");
    let (blob, request) = (packer.item(ItemKind::Blob, b"b"), packer.item(ItemKind::Request, b"r"));
    let end = packer.clone().finish("seal");
    for wrong in [
        [&begin[..], &blob, &request, &end].concat(),
        [&begin[..], &begin, &request, &blob, &end].concat(),
        [&request[..], &begin, &blob, &end].concat(),
        [&begin[..], &request, &blob, &end, &end].concat(),
        [&begin[..], &request, &blob, &end, &[0]].concat(),
        [&begin[..], &request, &blob].concat(),
    ] {
        assert_eq!(unpack(&wrong).map_err(|error| error.code()), Err("bundle_malformed"));
    }
    assert!(unpack(&[&begin[..], &request, &blob, &end].concat()).is_ok());
}

#[test]
fn what_is_too_large_is_refused_before_it_is_read() {
    let code = |bytes: &[u8]| unpack(bytes).map_err(|error| error.code());
    assert_eq!(code(&packed(&manifest().with_blob(5 << 20), &[], &[])), Err("bundle_too_large"));
    let many: Vec<&[u8]> = vec![b"x"; 101];
    assert_eq!(code(&packed(&manifest(), &[], &many)), Err("bundle_too_large"));
    // A frame that claims more than it brings.
    let (_, mut bytes) = Packer::new(&manifest().with_request(1)).expect("a manifest");
    bytes.extend([&[2_u8][..], &u64::MAX.to_be_bytes(), &[0; 32]].concat());
    assert_eq!(code(&bytes), Err("bundle_too_large"));
}

#[test]
fn the_key_travels_as_a_json_web_key() {
    let public = key().public().clone();
    let jwk = serde_json::to_value(&public).expect("JSON");
    assert_eq!(jwk.get("crv").and_then(serde_json::Value::as_str), Some("X25519"));
    assert_eq!(serde_json::from_value::<BundlePublicKey>(jwk).expect("a key"), public);
    let weak = BundlePublicKey::from_bytes([0; 32]);
    assert_eq!(Sealer::new(&weak, [1; 32]).map(|_| ()), Err(BundleError::Key), "it would keep nothing secret");
}
