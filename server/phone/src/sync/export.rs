//! `export`: everything unsent as one sealed file, for an office that the phone cannot reach.
//!
//! The outbox stays as it is: only a held receipt makes an item safe, and it comes with the next sync.

use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::json;
use sync_core::bundle::{BundlePublicKey, BundleSeal, ItemKind, Manifest, Packer, Sealer};
use sync_core::bytes::Hash;
use sync_core::ids::{BatchId, BundleId};
use sync_core::jws;
use sync_core::protocol::codec::{self, Encoding};
use sync_core::protocol::{PROTOCOL, SyncRequest};

use super::request::{Held, batch_of, collect, seal, too_large};
use super::set_aside::Waiting;
use super::size::BATCH_BYTES;
use crate::commands::Phone;
use crate::commands::status::Outstanding;
use crate::error::{PhoneError, PhoneResult, usage};
use crate::keys::{self, DeviceKey};
use crate::output::Output;
use crate::store::model::{Enrolment, Safety, StoredBlob};
use crate::store::tx::META;
use crate::store::{Tx, blobs};

/// Set from an export until the first answer after it.
const EXPORTED: &str = "exported";

/// After how many blobs the progress is told.
const TOLD_EVERY: usize = 25;

/// Whether work was exported and the server was not asked since then what it has of it.
pub(super) fn is_noted(tx: &Tx) -> PhoneResult<bool> {
    Ok(tx.meta::<bool>(EXPORTED)?.unwrap_or(false))
}

/// The server has answered: its receipts said what it has.
pub(super) fn forget(tx: &Tx) -> PhoneResult<()> {
    tx.remove(META, EXPORTED)
}

/// Everything unsent.
struct Load {
    enrolment: Enrolment,
    key: BundlePublicKey,
    requests: Vec<Vec<u8>>,
    blobs: Vec<Hash>,
    outstanding: Outstanding,
    problems: Vec<String>,
}

/// What goes into one bundle.
struct Part {
    manifest: Manifest,
    /// Positions in the load.
    requests: Range<usize>,
    blobs: Range<usize>,
}

/// A bundle that was written.
struct Written {
    path: PathBuf,
    bundle: BundleId,
    bytes: u64,
}

/// Writes everything unsent as one bundle, or as numbered ones of at most `max_bytes`: all of them or none.
pub(crate) fn export(phone: &Phone, out: &Path, max_bytes: Option<u64>) -> PhoneResult<Output> {
    let mut load = phone.store.read(|tx| Load::of(phone, tx))?;
    if load.requests.is_empty() && load.blobs.is_empty() {
        return usage("nothing is unsent, so there is nothing to export / 没有未上传的内容，无需导出");
    }
    let parts = load.divide(phone, max_bytes)?;
    let paths: Vec<PathBuf> = match max_bytes {
        None => vec![out.to_owned()],
        Some(_) => (1..=parts.len()).map(|number| numbered(out, number)).collect(),
    };
    if let Some(taken) = paths.iter().find(|path| path.exists()) {
        return usage(format!("{} exists already; a bundle never takes the place of a file", taken.display()));
    }
    let mut written = Vec::with_capacity(parts.len());
    for (part, path) in parts.iter().zip(paths) {
        match load.write_named(phone, part, path) {
            Ok(one) => written.push(one),
            Err(error) => {
                written.iter().for_each(|one| drop(std::fs::remove_file(&one.path)));
                return Err(error);
            }
        }
    }
    if let Some(directory) = out.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        blobs::sync_dir(directory)?;
    }
    phone.store.write(|tx| note(tx, &load.blobs))?;
    Ok(load.output(&written))
}

/// The name of one of several bundles: `work-2.bundle` for `work.bundle`.
fn numbered(out: &Path, number: usize) -> PathBuf {
    let mut name = out.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{number}"));
    if let Some(extension) = out.extension() {
        name.push(".");
        name.push(extension);
    }
    out.with_file_name(name)
}

/// From now on the office may have all of it: the server is asked before anything goes again.
fn note(tx: &Tx, exported: &[Hash]) -> PhoneResult<()> {
    for blob in exported {
        if let Some(stored) = tx.blob(blob)? {
            tx.set_blob(blob, &StoredBlob { is_begun: true, ..stored })?;
        }
    }
    tx.set_meta(EXPORTED, &true)
}

impl Load {
    fn of(phone: &Phone, tx: &Tx) -> PhoneResult<Self> {
        let enrolment = tx.enrolment()?;
        let Some(key) = enrolment.bundle_key.clone() else {
            return usage("this phone does not know the office's key yet; it learns it with its first sync");
        };
        let mut problems = Vec::new();
        let requests = requests(phone, tx, &enrolment, &mut problems)?;
        let blobs = unsent_blobs(tx)?;
        let outstanding = Outstanding::of(tx)?;
        Ok(Self { enrolment, key, requests, blobs, outstanding, problems })
    }

    /// Says what goes into which bundle, requests first, as each may rest on the one before. Leaves out blobs that are not
    /// what their names say: the server would refuse the whole bundle.
    fn divide(&mut self, phone: &Phone, max_bytes: Option<u64>) -> PhoneResult<Vec<Part>> {
        let epoch = phone.store.read(|tx| tx.feed())?.epoch;
        let Enrolment { org, device, .. } = self.enrolment;
        let begin = |requests: usize, blobs: usize| -> PhoneResult<Part> {
            let now = phone.clock.now()?;
            let manifest = Manifest::new(BundleId(keys::new_id(now)?), org, device, epoch, now);
            Ok(Part { manifest, requests: requests..requests, blobs: blobs..blobs })
        };
        let (mut parts, mut part) = (Vec::new(), begin(0, 0)?);
        let mut make_room = |part: &mut Part, bytes: u64| -> PhoneResult<()> {
            if max_bytes.is_some_and(|most| {
                !part.is_empty() && part.manifest.clone().with_blob(bytes).most_sealed_bytes() > most
            }) {
                let next = begin(part.requests.end, part.blobs.end)?;
                parts.push(std::mem::replace(part, next));
            }
            Ok(())
        };
        for request in &self.requests {
            make_room(&mut part, size(request))?;
            part.manifest = part.manifest.with_request(size(request));
            part.requests.end += 1;
        }
        let mut whole = Vec::with_capacity(self.blobs.len());
        for blob in &self.blobs {
            let Ok(bytes) = phone.store.read_blob(blob) else {
                self.problems.push(format!("blob {blob} is damaged here and is left out"));
                continue;
            };
            make_room(&mut part, size(&bytes))?;
            part.manifest = part.manifest.with_blob(size(&bytes));
            part.blobs.end += 1;
            whole.push(*blob);
        }
        self.blobs = whole;
        parts.push(part);
        Ok(parts)
    }

    /// Writes a bundle beside its name, makes it durable, and only then gives it the name.
    fn write_named(&self, phone: &Phone, part: &Part, path: PathBuf) -> PhoneResult<Written> {
        // A name of its own, so that it takes the place of no file either.
        let partial = path.with_extension(format!("{}.partial", part.manifest.id));
        let mut file = File::create_new(&partial).map_err(PhoneError::file(&partial))?;
        let written = self.write(phone, part, &mut file, &partial);
        let named = written.and_then(|bytes| {
            std::fs::rename(&partial, &path).map_err(PhoneError::file(&path))?;
            Ok(bytes)
        });
        let bytes = named.inspect_err(|_| drop(std::fs::remove_file(&partial)))?;
        Ok(Written { path, bundle: part.manifest.id, bytes })
    }

    /// Seals a part into a file; a blob at a time is in memory.
    fn write(&self, phone: &Phone, part: &Part, file: &mut File, path: &Path) -> PhoneResult<u64> {
        let (sealer, header) = Sealer::new(&self.key, keys::random()?)?;
        file.write_all(&header).map_err(PhoneError::file(path))?;
        let mut sealed = Sealed { sealer, file, path, out: Vec::new() };
        let (mut packer, begin) = Packer::new(&part.manifest)?;
        sealed.write(&begin)?;
        for request in self.requests.get(part.requests.clone()).unwrap_or_default() {
            sealed.write(&packer.item(ItemKind::Request, request))?;
        }
        let all = self.blobs.iter().enumerate().skip(part.blobs.start).take(part.blobs.len());
        for (number, blob) in all {
            sealed.write(&packer.item(ItemKind::Blob, &phone.store.read_blob(blob)?))?;
            tell(number + 1, self.blobs.len());
        }
        let device = DeviceKey::from_secret(&self.enrolment.key.0)?;
        let input = BundleSeal::new(&part.manifest, packer.sha256()).prepare(&device.kid())?;
        sealed.write(&packer.finish(&jws::finish(&input, &device.sign(&input))))?;
        sealed.finish()?;
        file.sync_all().map_err(PhoneError::file(path))?;
        Ok(file.metadata().map_err(PhoneError::file(path))?.len())
    }

    fn output(&self, written: &[Written]) -> Output {
        let Outstanding { changes, intents, statements, .. } = &self.outstanding;
        let (blobs, visits) = (self.blobs.len(), self.outstanding.visits.len());
        let file = |one: &Written| json!({"file": one.path, "bundle": one.bundle, "bytes": one.bytes});
        let json = json!({
            "files": written.iter().map(file).collect::<Vec<_>>(), "device": self.enrolment.device,
            "requests": self.requests.len(), "changes": changes, "intents": intents, "statements": statements,
            "blobs": blobs, "visits": self.outstanding.visits, "outstanding": self.outstanding.json(),
            "problems": self.problems,
        });
        let told = |one: &Written| format!("wrote {} ({} bytes, sealed for the office)", one.path.display(), one.bytes);
        let mut text: Vec<String> = written.iter().map(told).collect();
        text.push(format!(
            "{visits} visits: {changes} changes, {intents} intents, {statements} statements, {blobs} blobs"
        ));
        text.push(if written.len() > 1 {
            "give all files to the office, in this order; they stay unsent here until the server confirms them / 请将全部文件按此顺序交给办公室；收到服务器回执前，本机仍视为未上传".to_owned()
        } else {
            "give the file to the office; it stays unsent here until the server confirms it / 请将文件交给办公室；收到服务器回执前，本机仍视为未上传".to_owned()
        });
        text.extend(self.problems.clone());
        Output::done(json, text.join("\n"))
    }
}

impl Part {
    fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.blobs.is_empty()
    }
}

fn size(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Tells how far it is; who does not listen is not told.
fn tell(done: usize, all: usize) {
    if done.is_multiple_of(TOLD_EVERY) {
        let _ = writeln!(std::io::stderr(), "{done} of {all} files / 已写入 {done}/{all}");
    }
}

/// The sealed requests that everything unsent takes, each as if the one before had been taken.
fn requests(phone: &Phone, tx: &Tx, enrolment: &Enrolment, problems: &mut Vec<String>) -> PhoneResult<Vec<Vec<u8>>> {
    let (mut outbox, cursor) = (collect(tx, Held::Goes)?, tx.feed()?.cursor);
    let mut aside = Waiting::of(tx)?;
    let mut requests = Vec::new();
    loop {
        let batch_id = BatchId(keys::new_id(phone.clock.now()?)?);
        let mut batch = batch_of(tx, &mut outbox)?;
        outbox.pass(&batch);
        let mut unfit = std::mem::take(&mut batch.too_large);
        if batch.is_empty() {
            batch = aside.next_batch(BATCH_BYTES);
            unfit.append(&mut batch.too_large);
        }
        if batch.is_empty() {
            problems.extend(unfit.iter().map(too_large));
            return Ok(requests);
        }
        let mut request = SyncRequest {
            protocol: PROTOCOL,
            device_id: enrolment.device,
            batch_id,
            cursor: cursor.clone(),
            max_bytes: 0,
            docs: batch.docs,
            intents: batch.intents,
            statements: batch.statements,
            blobs: Vec::new(),
            arrived: Vec::new(),
            receipts: Vec::new(),
            device_state: None,
            seal: None,
        };
        seal(enrolment, &mut request)?;
        requests.push(codec::encode(&request, Encoding::Cbor)?);
    }
}

/// Blobs that no receipt names, or that the server asked for; oldest first. What was freed here cannot go.
fn unsent_blobs(tx: &Tx) -> PhoneResult<Vec<Hash>> {
    let wants = tx.feed()?.wants;
    let stored = tx.blobs()?.into_iter().filter_map(|(name, stored)| Some((name.parse::<Hash>().ok()?, stored)));
    let mut found: Vec<(Hash, StoredBlob)> = stored
        .filter(|(blob, stored)| stored.safety == Safety::Unsent || wants.contains(blob))
        .filter(|(_, stored)| !stored.is_freed)
        .collect();
    found.sort_by_key(|(blob, stored)| (stored.at_ms, *blob));
    Ok(found.into_iter().map(|(blob, _)| blob).collect())
}

/// A file that is sealed as it is written.
struct Sealed<'a> {
    sealer: Sealer,
    file: &'a mut File,
    path: &'a Path,
    out: Vec<u8>,
}

impl Sealed<'_> {
    fn write(&mut self, bytes: &[u8]) -> PhoneResult<()> {
        self.sealer.write(bytes, &mut self.out)?;
        self.flush()
    }

    fn finish(self) -> PhoneResult<()> {
        let Self { sealer, file, path, mut out } = self;
        sealer.finish(&mut out)?;
        file.write_all(&out).map_err(PhoneError::file(path))
    }

    fn flush(&mut self) -> PhoneResult<()> {
        self.file.write_all(&self.out).map_err(PhoneError::file(self.path))?;
        self.out.clear();
        Ok(())
    }
}
