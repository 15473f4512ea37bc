//! One transaction: typed access to text keys and JSON values.

use redb::{ReadableTable as _, TableDefinition, TableHandle as _, WriteTransaction};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::at_rest::StoreKey;
use crate::error::{PhoneError, PhoneResult};

/// A table of the store.
pub(crate) type Table = TableDefinition<'static, &'static str, &'static [u8]>;

/// Single values: enrolment, session, feed, boot, request in flight…
pub(crate) const META: Table = TableDefinition::new("meta");
/// Visit → document bytes.
pub(crate) const DOCS: Table = TableDefinition::new("docs");
/// Visit → [`super::model::DocState`].
pub(crate) const DOC_STATES: Table = TableDefinition::new("doc_states");
/// Visit → actors this install wrote a document with that has left the phone.
pub(crate) const ACTORS: Table = TableDefinition::new("actors");
/// `visit/number` → [`super::model::UnsentChange`].
pub(crate) const UNSENT: Table = TableDefinition::new("unsent");
/// `kind/id` → [`super::model::StoredRow`].
pub(crate) const ROWS: Table = TableDefinition::new("rows");
/// Intent → [`super::model::StoredIntent`].
pub(crate) const INTENTS: Table = TableDefinition::new("intents");
/// Digest → [`super::model::StoredStatement`].
pub(crate) const STATEMENTS: Table = TableDefinition::new("statements");
/// SHA-256 → [`super::model::StoredBlob`].
pub(crate) const BLOBS: Table = TableDefinition::new("blobs");
/// `time/SHA-256` → receipt as JWS.
pub(crate) const RECEIPTS: Table = TableDefinition::new("receipts");
/// Visit → [`super::model::CompleteWork`].
pub(crate) const COMPLETE: Table = TableDefinition::new("complete");
/// `visit/change` → [`super::model::UnsentChange`] that is safe, for its edits.
pub(crate) const EDITS: Table = TableDefinition::new("edits");
/// Change → [`super::model::SetAside`].
pub(crate) const SET_ASIDE: Table = TableDefinition::new("set_aside");
/// Visit → [`super::model::LateWork`].
pub(crate) const LATE_WORK: Table = TableDefinition::new("late_work");
/// Visit → [`super::model::ShownForm`].
pub(crate) const FORMS: Table = TableDefinition::new("forms");
/// Number → [`super::model::ClockLink`].
pub(crate) const CLOCK_LINKS: Table = TableDefinition::new("clock_links");

/// All of them.
pub(super) const ALL: [Table; 16] = [
    META,
    DOCS,
    DOC_STATES,
    ACTORS,
    UNSENT,
    ROWS,
    INTENTS,
    STATEMENTS,
    BLOBS,
    RECEIPTS,
    COMPLETE,
    EDITS,
    SET_ASIDE,
    LATE_WORK,
    FORMS,
    CLOCK_LINKS,
];

/// `key` → a value by which a store knows its key again; a store without it was written before there were keys.
pub(super) const AT_REST: Table = TableDefinition::new("at_rest");

/// Whether a store is sealed, so that a key is needed and none may be drawn.
pub(super) fn is_sealed(inner: &WriteTransaction) -> PhoneResult<bool> {
    Ok(inner.open_table(AT_REST)?.get("key")?.is_some())
}

/// One transaction of the store: keys are read as they are, values only with the store's key.
pub(crate) struct Tx {
    inner: WriteTransaction,
    key: StoreKey,
}

impl Tx {
    /// A transaction with the key of the store; a store that is not sealed yet is.
    ///
    /// # Errors
    /// [`PhoneError::WrongKey`] if the store was sealed with another.
    pub(super) fn new(inner: WriteTransaction, key: StoreKey) -> PhoneResult<Self> {
        let is_sealed = is_sealed(&inner)?;
        let tx = Self { inner, key };
        if !is_sealed {
            tx.seal_all()?;
            tx.set_bytes(AT_REST, "key", &[])?;
        } else if matches!(tx.bytes(AT_REST, "key"), Err(PhoneError::Store(_))) {
            return Err(PhoneError::WrongKey);
        }
        Ok(tx)
    }

    /// Seals the values of a store of before there were keys.
    fn seal_all(&self) -> PhoneResult<()> {
        for table in ALL {
            let mut plain = Vec::new();
            for entry in self.inner.open_table(table)?.iter()? {
                let (key, value) = entry?;
                plain.push((key.value().to_owned(), value.value().to_vec()));
            }
            for (key, value) in plain {
                self.set_bytes(table, &key, &value)?;
            }
        }
        Ok(())
    }

    fn open(&self, table: Table, key: &str, sealed: &[u8]) -> PhoneResult<Vec<u8>> {
        let place = place(table, key);
        self.key.open(&place, sealed).ok_or_else(|| PhoneError::Store(format!("{place} is damaged")))
    }

    pub(super) fn commit(self) -> PhoneResult<()> {
        Ok(self.inner.commit()?)
    }

    /// The bytes of a key.
    pub(crate) fn bytes(&self, table: Table, key: &str) -> PhoneResult<Option<Vec<u8>>> {
        let values = self.inner.open_table(table)?;
        values.get(key)?.map(|value| self.open(table, key, value.value())).transpose()
    }

    /// Writes the bytes of a key.
    pub(crate) fn set_bytes(&self, table: Table, key: &str, value: &[u8]) -> PhoneResult<()> {
        let sealed = self.key.seal(&place(table, key), value)?;
        self.inner.open_table(table)?.insert(key, sealed.as_slice())?;
        Ok(())
    }

    /// The value of a key.
    pub(crate) fn get<T: DeserializeOwned>(&self, table: Table, key: &str) -> PhoneResult<Option<T>> {
        Ok(self.bytes(table, key)?.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }

    /// Writes the value of a key.
    pub(crate) fn set(&self, table: Table, key: &str, value: &impl Serialize) -> PhoneResult<()> {
        self.set_bytes(table, key, &serde_json::to_vec(value)?)
    }

    /// Forgets a key.
    pub(crate) fn remove(&self, table: Table, key: &str) -> PhoneResult<()> {
        self.inner.open_table(table)?.remove(key)?;
        Ok(())
    }

    /// All keys that begin with a text, in order.
    pub(crate) fn keys(&self, table: Table, prefix: &str) -> PhoneResult<Vec<String>> {
        let table = self.inner.open_table(table)?;
        let mut found = Vec::new();
        for entry in table.range(prefix..)? {
            let (key, _) = entry?;
            if !key.value().starts_with(prefix) {
                break;
            }
            found.push(key.value().to_owned());
        }
        Ok(found)
    }

    /// All keys that begin with a text, with their values, in order.
    pub(crate) fn list<T: DeserializeOwned>(&self, table: Table, prefix: &str) -> PhoneResult<Vec<(String, T)>> {
        let values = self.inner.open_table(table)?;
        let mut found = Vec::new();
        for entry in values.range(prefix..)? {
            let (key, value) = entry?;
            if !key.value().starts_with(prefix) {
                break;
            }
            let plain = self.open(table, key.value(), value.value())?;
            found.push((key.value().to_owned(), serde_json::from_slice(&plain)?));
        }
        Ok(found)
    }

    /// A single value.
    pub(crate) fn meta<T: DeserializeOwned>(&self, key: &str) -> PhoneResult<Option<T>> {
        self.get(META, key)
    }

    /// Writes a single value.
    pub(crate) fn set_meta(&self, key: &str, value: &impl Serialize) -> PhoneResult<()> {
        self.set(META, key, value)
    }
}

/// What a sealed value is bound to.
fn place(table: Table, key: &str) -> String {
    format!("{}/{key}", table.name())
}
