//! What lies inside a bundle: frames of kind, length, SHA-256 and content.
//!
//! The manifest comes first, then the sync requests, then the blobs, last the signature. The manifest says how many
//! there are; the signature covers every byte before it.

use sha2::{Digest as _, Sha256};

use super::BundleError;
use super::manifest::{BundleSeal, Manifest};
use crate::bytes::Hash;
use crate::jws::P256PublicKey;

/// Bytes before the content of a frame: kind, length (big-endian), SHA-256 of the content.
const HEAD_BYTES: usize = 1 + 8 + 32;

/// Largest manifest or signature: each is read into memory.
const SMALL_BYTES: u64 = 16 * 1024;

/// What an item of a bundle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemKind {
    /// An encoded and sealed sync request (CBOR).
    Request,
    /// A photo or another blob.
    Blob,
}

/// The kinds of frames, in the order in which they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Manifest,
    Item(ItemKind),
    Seal,
}

impl Kind {
    const fn byte(self) -> u8 {
        match self {
            Self::Manifest => 1,
            Self::Item(ItemKind::Request) => 2,
            Self::Item(ItemKind::Blob) => 3,
            Self::Seal => 4,
        }
    }

    fn of(byte: u8) -> Option<Self> {
        let kinds = [Self::Manifest, Self::Item(ItemKind::Request), Self::Item(ItemKind::Blob), Self::Seal];
        kinds.into_iter().find(|kind| kind.byte() == byte)
    }
}

/// What a server takes in one bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BundleLimits {
    /// Requests and blobs.
    pub items: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Bytes of one request, which is decoded in memory.
    pub request_bytes: u64,
}

/// An item and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// Its first byte, counted from the beginning of the contents.
    pub offset: u64,
    /// Its length.
    pub bytes: u64,
    /// Its hash, which was compared with the content.
    pub sha256: Hash,
}

/// The contents of a whole bundle: it agrees with itself; nobody has looked at the signature yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Requests, then blobs.
    pub items: Vec<Item>,
    sha256: Hash,
    pub(super) seal: String,
}

impl Contents {
    /// Verifies that the device of this key made the bundle as it is.
    ///
    /// # Errors
    /// [`BundleError::Seal`].
    pub fn verify(&self, key: &P256PublicKey) -> Result<(), BundleError> {
        BundleSeal::new(&self.manifest, self.sha256).verify(&self.seal, key)
    }

    /// The items of a kind.
    pub fn of_kind(&self, kind: ItemKind) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| item.kind == kind)
    }
}

/// Writes frames, and hashes what it writes.
#[derive(Debug, Clone)]
pub struct Packer {
    hasher: Sha256,
}

impl Packer {
    /// Begins the contents of a bundle; returns their first bytes too.
    ///
    /// # Errors
    /// [`BundleError::Malformed`] for a manifest that cannot be written.
    pub fn new(manifest: &Manifest) -> Result<(Self, Vec<u8>), BundleError> {
        let content = manifest.to_bytes().map_err(|_range| BundleError::Malformed { what: "its manifest" })?;
        let mut packer = Self { hasher: Sha256::new() };
        let bytes = packer.frame(Kind::Manifest, &content);
        Ok((packer, bytes))
    }

    /// The bytes of an item.
    pub fn item(&mut self, kind: ItemKind, content: &[u8]) -> Vec<u8> {
        self.frame(Kind::Item(kind), content)
    }

    /// The hash of everything written so far, for [`BundleSeal`].
    #[must_use]
    pub fn sha256(&self) -> Hash {
        Hash(self.hasher.clone().finalize().into())
    }

    /// The last bytes: the device's signature.
    #[must_use]
    pub fn finish(mut self, seal: &str) -> Vec<u8> {
        self.frame(Kind::Seal, seal.as_bytes())
    }

    fn frame(&mut self, kind: Kind, content: &[u8]) -> Vec<u8> {
        let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
        let frame = [&[kind.byte()], length.to_be_bytes().as_slice(), Hash::of(content).as_bytes(), content].concat();
        self.hasher.update(&frame);
        frame
    }
}

/// A frame whose content is on its way.
#[derive(Debug, Clone)]
struct Open {
    kind: Kind,
    bytes: u64,
    left: u64,
    sha256: Hash,
    hasher: Sha256,
    /// The content, where it is small and read here.
    kept: Vec<u8>,
}

/// Reads the contents of a bundle as they come, and finds out whether they agree with themselves.
#[derive(Debug, Clone)]
pub struct Unpacker {
    limits: BundleLimits,
    /// Bytes read.
    at: u64,
    /// Bytes of the items begun.
    held: u64,
    /// Of everything before the frame that is read now.
    hasher: Sha256,
    head: Vec<u8>,
    open: Option<Open>,
    last: Option<Kind>,
    manifest: Option<Manifest>,
    items: Vec<Item>,
    seal: Option<String>,
}

const fn malformed(what: &'static str) -> BundleError {
    BundleError::Malformed { what }
}

fn within(what: &'static str, limit: u64, actual: u64) -> Result<(), BundleError> {
    if actual > limit { Err(BundleError::TooLarge { what, limit, actual }) } else { Ok(()) }
}

impl Unpacker {
    /// Begins with the first byte.
    #[must_use]
    pub fn new(limits: BundleLimits) -> Self {
        Self {
            limits,
            at: 0,
            held: 0,
            hasher: Sha256::new(),
            head: Vec::new(),
            open: None,
            last: None,
            manifest: None,
            items: Vec::new(),
            seal: None,
        }
    }

    /// Reads the next bytes.
    ///
    /// # Errors
    /// [`BundleError::Malformed`] or [`BundleError::TooLarge`].
    pub fn read(&mut self, mut bytes: &[u8]) -> Result<(), BundleError> {
        while !bytes.is_empty() {
            bytes = match self.open.take() {
                Some(open) => self.read_content(open, bytes)?,
                None => self.read_head(bytes)?,
            };
        }
        Ok(())
    }

    /// The contents, if they are whole.
    ///
    /// # Errors
    /// [`BundleError::Malformed`].
    pub fn finish(self) -> Result<Contents, BundleError> {
        let Self { manifest: Some(manifest), seal: Some(seal), hasher, items, held, .. } = self else {
            return Err(malformed("it ends early"));
        };
        let count = |kind| items.iter().map(|item: &Item| u64::from(item.kind == kind)).sum::<u64>();
        let found = (count(ItemKind::Request), count(ItemKind::Blob), held);
        if found != (manifest.requests, manifest.blobs, manifest.bytes) {
            return Err(malformed("its manifest names other contents"));
        }
        Ok(Contents { manifest, items, sha256: Hash(hasher.finalize().into()), seal })
    }

    fn read_head<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], BundleError> {
        if self.seal.is_some() {
            return Err(malformed("something follows the signature"));
        }
        let (now, later) = bytes.split_at(bytes.len().min(HEAD_BYTES - self.head.len()));
        self.head.extend_from_slice(now);
        self.advance(now);
        if self.head.len() == HEAD_BYTES {
            let head = std::mem::take(&mut self.head);
            let open = self.begin(&head)?;
            if open.kind != Kind::Seal {
                self.hasher.update(&head);
            }
            self.go_on(open)?;
        }
        Ok(later)
    }

    fn begin(&mut self, head: &[u8]) -> Result<Open, BundleError> {
        let parts = head.split_first().and_then(|(kind, rest)| Some((*kind, rest.split_first_chunk::<8>()?)));
        let (kind, (bytes, sha256)) = parts.ok_or(malformed("a frame"))?;
        let kind = Kind::of(kind).ok_or(malformed("a frame of an unknown kind"))?;
        let sha256 = Hash(sha256.try_into().map_err(|_length| malformed("a frame"))?);
        let bytes = u64::from_be_bytes(*bytes);
        // Manifest and signature stand once, at the ends; between them requests come before blobs.
        let is_next = match (self.last, kind) {
            (None, Kind::Manifest) => true,
            (None, _) | (Some(_), Kind::Manifest) => false,
            (Some(last), kind) => last <= kind,
        };
        if !is_next {
            return Err(malformed("its frames are out of order"));
        }
        self.last = Some(kind);
        self.check(kind, bytes)?;
        Ok(Open { kind, bytes, left: bytes, sha256, hasher: Sha256::new(), kept: Vec::new() })
    }

    fn check(&mut self, kind: Kind, bytes: u64) -> Result<(), BundleError> {
        match kind {
            Kind::Manifest | Kind::Seal => within("bytes of manifest or signature", SMALL_BYTES, bytes),
            Kind::Item(kind) => {
                if kind == ItemKind::Request {
                    within("bytes of a request", self.limits.request_bytes, bytes)?;
                }
                let items = u64::try_from(self.items.len()).unwrap_or(u64::MAX).saturating_add(1);
                within("items", self.limits.items, items)?;
                self.held = self.held.saturating_add(bytes);
                within("bytes", self.limits.bytes, self.held)
            }
        }
    }

    fn read_content<'a>(&mut self, mut open: Open, bytes: &'a [u8]) -> Result<&'a [u8], BundleError> {
        let left = usize::try_from(open.left).unwrap_or(usize::MAX);
        let (now, later) = bytes.split_at(bytes.len().min(left));
        open.left -= u64::try_from(now.len()).unwrap_or(0);
        open.hasher.update(now);
        if matches!(open.kind, Kind::Manifest | Kind::Seal) {
            open.kept.extend_from_slice(now);
        }
        if open.kind != Kind::Seal {
            self.hasher.update(now);
        }
        self.advance(now);
        self.go_on(open)?;
        Ok(later)
    }

    fn advance(&mut self, bytes: &[u8]) {
        self.at = self.at.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }

    /// Waits for more of a frame, or ends it.
    fn go_on(&mut self, open: Open) -> Result<(), BundleError> {
        if open.left > 0 {
            self.open = Some(open);
            return Ok(());
        }
        if Hash(open.hasher.finalize().into()) != open.sha256 {
            return Err(malformed("the hash of an item does not match"));
        }
        match open.kind {
            Kind::Manifest => self.manifest = Some(self.agreed(Manifest::parse(&open.kept)?)?),
            Kind::Seal => {
                let seal = String::from_utf8(open.kept).map_err(|_binary| malformed("its signature is no text"))?;
                self.seal = Some(seal);
            }
            Kind::Item(kind) => {
                let offset = self.at.saturating_sub(open.bytes);
                self.items.push(Item { kind, offset, bytes: open.bytes, sha256: open.sha256 });
            }
        }
        Ok(())
    }

    /// Refuses at once what would be too large in the end.
    fn agreed(&self, manifest: Manifest) -> Result<Manifest, BundleError> {
        within("items", self.limits.items, manifest.requests.saturating_add(manifest.blobs))?;
        within("bytes", self.limits.bytes, manifest.bytes)?;
        Ok(manifest)
    }
}
