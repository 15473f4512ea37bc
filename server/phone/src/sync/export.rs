//! `export`: everything unsent as one sealed file, for an office that the phone cannot reach.
//!
//! The outbox stays as it is: only a held receipt makes an item safe, and it comes with the next sync.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use serde_json::json;
use sync_core::bundle::{BundlePublicKey, BundleSeal, ItemKind, Manifest, Packer, Sealer};
use sync_core::bytes::Hash;
use sync_core::ids::{BatchId, BundleId};
use sync_core::jws;
use sync_core::protocol::codec::{self, Encoding};
use sync_core::protocol::{PROTOCOL, SyncRequest};

use super::request::{Held, batch_of, collect, seal, too_large};
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

/// What goes into a bundle.
struct Load {
    enrolment: Enrolment,
    key: BundlePublicKey,
    manifest: Manifest,
    requests: Vec<Vec<u8>>,
    blobs: Vec<Hash>,
    outstanding: Outstanding,
    problems: Vec<String>,
}

/// Writes the bundle beside its name, makes it durable, and only then gives it the name.
pub(crate) fn export(phone: &Phone, out: &Path) -> PhoneResult<Output> {
    if out.exists() {
        return usage(format!("{} exists already; a bundle never takes the place of a file", out.display()));
    }
    let mut load = phone.store.read(|tx| Load::of(phone, tx))?;
    if load.requests.is_empty() && load.blobs.is_empty() {
        return usage("nothing is unsent, so there is nothing to export / 没有未上传的内容，无需导出");
    }
    load.keep_whole_blobs(phone);
    // A name of its own, so that it takes the place of no file either.
    let partial = out.with_extension(format!("{}.partial", load.manifest.id));
    let mut file = File::create_new(&partial).map_err(PhoneError::file(&partial))?;
    let written = load.write(phone, &mut file, &partial);
    let named = written.and_then(|bytes| {
        std::fs::rename(&partial, out).map_err(PhoneError::file(out))?;
        Ok(bytes)
    });
    let bytes = named.inspect_err(|_| drop(std::fs::remove_file(&partial)))?;
    if let Some(directory) = out.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        blobs::sync_dir(directory)?;
    }
    phone.store.write(|tx| note(tx, &load.blobs))?;
    Ok(load.output(out, bytes))
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
        let (now, feed) = (phone.clock.now()?, tx.feed()?);
        let id = BundleId(keys::new_id(now)?);
        let manifest = Manifest::new(id, enrolment.org, enrolment.device, feed.epoch, now);
        let blobs = unsent_blobs(tx)?;
        let outstanding = Outstanding::of(tx)?;
        Ok(Self { enrolment, key, manifest, requests, blobs, outstanding, problems })
    }

    /// Leaves out what is not what its name says: the server would refuse the whole bundle. Counts the rest.
    fn keep_whole_blobs(&mut self, phone: &Phone) {
        let mut manifest = self.manifest.clone();
        for request in &self.requests {
            manifest = manifest.with_request(size(request));
        }
        let problems = &mut self.problems;
        self.blobs.retain(|blob| {
            let whole = phone.store.read_blob(blob).ok().filter(|bytes| Hash::of(bytes) == *blob);
            match &whole {
                Some(bytes) => manifest = manifest.clone().with_blob(size(bytes)),
                None => problems.push(format!("blob {blob} is damaged here and is left out")),
            }
            whole.is_some()
        });
        self.manifest = manifest;
    }

    /// Seals everything into a file; a blob at a time is in memory.
    fn write(&self, phone: &Phone, file: &mut File, path: &Path) -> PhoneResult<u64> {
        let (sealer, header) = Sealer::new(&self.key, keys::random()?)?;
        file.write_all(&header).map_err(PhoneError::file(path))?;
        let mut sealed = Sealed { sealer, file, path, out: Vec::new() };
        let (mut packer, begin) = Packer::new(&self.manifest)?;
        sealed.write(&begin)?;
        for request in &self.requests {
            sealed.write(&packer.item(ItemKind::Request, request))?;
        }
        for (number, blob) in self.blobs.iter().enumerate() {
            sealed.write(&packer.item(ItemKind::Blob, &phone.store.read_blob(blob)?))?;
            tell(number + 1, self.blobs.len());
        }
        let device = DeviceKey::from_secret(&self.enrolment.key.0)?;
        let input = BundleSeal::new(&self.manifest, packer.sha256()).prepare(&device.kid())?;
        sealed.write(&packer.finish(&jws::finish(&input, &device.sign(&input))))?;
        sealed.finish()?;
        file.sync_all().map_err(PhoneError::file(path))?;
        Ok(file.metadata().map_err(PhoneError::file(path))?.len())
    }

    fn output(&self, out: &Path, bytes: u64) -> Output {
        let Outstanding { changes, intents, statements, .. } = &self.outstanding;
        let (blobs, visits) = (self.blobs.len(), self.outstanding.visits.len());
        let json = json!({
            "file": out, "bundle": self.manifest.id, "device": self.manifest.device, "bytes": bytes, "requests": self.requests.len(),
            "changes": changes, "intents": intents, "statements": statements, "blobs": blobs,
            "visits": self.outstanding.visits, "outstanding": self.outstanding.json(), "problems": self.problems,
        });
        let mut text = vec![
            format!("wrote {} ({bytes} bytes, sealed for the office)", out.display()),
            format!("{visits} visits: {changes} changes, {intents} intents, {statements} statements, {blobs} blobs"),
            "give the file to the office; it stays unsent here until the server confirms it / 请将文件交给办公室；收到服务器回执前，本机仍视为未上传".to_owned(),
        ];
        text.extend(self.problems.clone());
        Output::done(json, text.join("\n"))
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
    let mut requests = Vec::new();
    loop {
        let batch_id = BatchId(keys::new_id(phone.clock.now()?)?);
        let batch = batch_of(tx, &mut outbox, batch_id)?;
        if batch.is_empty() {
            problems.extend(batch.too_large.iter().map(too_large));
            return Ok(requests);
        }
        outbox.pass(&batch);
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
