//! The items of the store by name: documents, rows, intents, statements, blobs, receipts.

use serde::de::DeserializeOwned;
use sync_core::bytes::Hash;
use sync_core::doc::VisitDoc;
use sync_core::ids::{IntentId, VisitId};

use super::model::{
    ClockLink, CompleteWork, DocState, Enrolment, FeedState, LastReceipt, LateWork, Safety, SetAside, StoredBlob,
    StoredIntent, StoredRow, StoredStatement, UnsentChange,
};
use super::tx::{
    ACTORS, BLOBS, CLOCK_LINKS, COMPLETE, DOC_STATES, DOCS, EDITS, INTENTS, LATE_WORK, META, RECEIPTS, ROWS, SET_ASIDE,
    STATEMENTS, Tx, UNSENT,
};
use crate::error::{PhoneError, PhoneResult};

/// Where it stands how many requests were answered.
const TRIES: &str = "tries";

impl Tx {
    /// The device this store belongs to.
    pub(crate) fn enrolment(&self) -> PhoneResult<Enrolment> {
        self.meta("enrolment")?.ok_or(PhoneError::NotEnrolled)
    }

    /// Position in the feed.
    pub(crate) fn feed(&self) -> PhoneResult<FeedState> {
        Ok(self.meta("feed")?.unwrap_or_default())
    }

    pub(crate) fn set_feed(&self, feed: &FeedState) -> PhoneResult<()> {
        self.set_meta("feed", feed)
    }

    pub(crate) fn add_clock_link(&self, link: &ClockLink) -> PhoneResult<()> {
        let number = self.keys(CLOCK_LINKS, "")?.len();
        self.set(CLOCK_LINKS, &format!("{number:08}"), link)
    }

    /// All links between boots, oldest first.
    pub(crate) fn clock_links(&self) -> PhoneResult<Vec<ClockLink>> {
        Ok(self.list::<ClockLink>(CLOCK_LINKS, "")?.into_iter().map(|(_, link)| link).collect())
    }

    /// The document of a visit.
    pub(crate) fn doc(&self, visit: VisitId) -> PhoneResult<Option<VisitDoc>> {
        let bytes = self.bytes(DOCS, &visit.to_string())?;
        Ok(bytes.map(|bytes| VisitDoc::load(visit, &bytes)).transpose()?)
    }

    pub(crate) fn set_doc(&self, doc: &VisitDoc) -> PhoneResult<()> {
        self.set_bytes(DOCS, &doc.visit().to_string(), &doc.save())
    }

    /// The visits with a document.
    pub(crate) fn doc_ids(&self) -> PhoneResult<Vec<VisitId>> {
        Ok(self.keys(DOCS, "")?.iter().filter_map(|key| key.parse().ok()).collect())
    }

    /// What is known of a document; where nothing is, the actors this install wrote it with before it left.
    pub(crate) fn doc_state(&self, visit: VisitId) -> PhoneResult<DocState> {
        if let Some(state) = self.get(DOC_STATES, &visit.to_string())? {
            return Ok(state);
        }
        let past_actors = self.get(ACTORS, &visit.to_string())?.unwrap_or_default();
        Ok(DocState { past_actors, ..DocState::default() })
    }

    pub(crate) fn set_doc_state(&self, visit: VisitId, state: &DocState) -> PhoneResult<()> {
        self.set(DOC_STATES, &visit.to_string(), state)
    }

    /// All documents' states.
    pub(crate) fn doc_states(&self) -> PhoneResult<Vec<(VisitId, DocState)>> {
        let states = self.list::<DocState>(DOC_STATES, "")?;
        Ok(states.into_iter().filter_map(|(key, state)| Some((key.parse().ok()?, state))).collect())
    }

    /// Forgets a document of which nothing is unsent, but not who wrote it here: it may come back, and the server lose
    /// what is this phone's to offer.
    pub(crate) fn drop_doc(&self, visit: VisitId) -> PhoneResult<()> {
        let DocState { mut past_actors, actor, .. } = self.doc_state(visit)?;
        past_actors.extend(actor);
        if !past_actors.is_empty() {
            self.set(ACTORS, &visit.to_string(), &past_actors)?;
        }
        for key in self.keys(EDITS, &format!("{visit}/"))? {
            self.remove(EDITS, &key)?;
        }
        self.remove(DOCS, &visit.to_string())?;
        self.remove(DOC_STATES, &visit.to_string())
    }

    /// Counts a change as safe. Its edits are kept as long as the document: should the server lose the change, they
    /// may have to be written anew.
    pub(crate) fn settle_change(&self, visit: VisitId, key: &str, change: &UnsentChange) -> PhoneResult<()> {
        self.remove(UNSENT, key)?;
        if change.edits.is_empty() { Ok(()) } else { self.set(EDITS, &format!("{visit}/{}", change.hash), change) }
    }

    /// A change that was safe or was set aside, with its edits.
    pub(crate) fn known_change(&self, visit: VisitId, hash: &Hash) -> PhoneResult<Option<UnsentChange>> {
        if let Some(settled) = self.get(EDITS, &format!("{visit}/{hash}"))? {
            return Ok(Some(settled));
        }
        Ok(self.get::<SetAside>(SET_ASIDE, &hash.to_string())?.map(|item| item.change))
    }

    /// The changes of a document that no receipt names, oldest first, with their keys.
    pub(crate) fn unsent_changes(&self, visit: VisitId) -> PhoneResult<Vec<(String, UnsentChange)>> {
        self.list(UNSENT, &format!("{visit}/"))
    }

    /// Notes a change as unsent.
    pub(crate) fn add_unsent(&self, visit: VisitId, state: &mut DocState, change: &UnsentChange) -> PhoneResult<()> {
        self.set(UNSENT, &format!("{visit}/{:010}", state.next_change), change)?;
        state.next_change = state.next_change.saturating_add(1);
        Ok(())
    }

    /// The visits with unsent changes.
    pub(crate) fn visits_with_unsent(&self) -> PhoneResult<Vec<VisitId>> {
        let keys = self.keys(UNSENT, "")?;
        let mut visits: Vec<VisitId> =
            keys.iter().filter_map(|key| key.split_once('/')).filter_map(|(visit, _)| visit.parse().ok()).collect();
        visits.dedup();
        Ok(visits)
    }

    /// Takes a fresh actor for every document: this store is a copy.
    pub(crate) fn retire_actors(&self) -> PhoneResult<()> {
        for (visit, mut state) in self.doc_states()? {
            state.past_actors.extend(state.actor.take());
            self.set_doc_state(visit, &state)?;
        }
        Ok(())
    }

    /// A row of the office as a type.
    pub(crate) fn row<T: DeserializeOwned>(&self, kind: &str, id: &str) -> PhoneResult<Option<T>> {
        let row: Option<StoredRow> = self.get(ROWS, &format!("{kind}/{id}"))?;
        Ok(row.map(|row| serde_json::from_value(row.body)).transpose()?)
    }

    /// A row with what is kept beside it.
    pub(crate) fn stored_row(&self, kind: &str, id: &str) -> PhoneResult<Option<StoredRow>> {
        self.get(ROWS, &format!("{kind}/{id}"))
    }

    /// All rows of a kind.
    pub(crate) fn rows(&self, kind: &str) -> PhoneResult<Vec<(String, StoredRow)>> {
        let prefix = format!("{kind}/");
        let rows = self.list::<StoredRow>(ROWS, &prefix)?;
        Ok(rows.into_iter().map(|(key, row)| (key.strip_prefix(&prefix).unwrap_or_default().to_owned(), row)).collect())
    }

    /// All rows, by kind and id as `kind/id`.
    pub(crate) fn all_rows(&self) -> PhoneResult<Vec<(String, StoredRow)>> {
        self.list(ROWS, "")
    }

    /// Writes a row by its kind and id as `kind/id`.
    pub(crate) fn set_row_at(&self, key: &str, row: &StoredRow) -> PhoneResult<()> {
        self.set(ROWS, key, row)
    }

    /// Forgets a row by its kind and id as `kind/id`.
    pub(crate) fn drop_row_at(&self, key: &str) -> PhoneResult<()> {
        self.remove(ROWS, key)
    }

    /// All rows of a kind that read as a type; a newer server's odd rows are passed over.
    pub(crate) fn rows_as<T: DeserializeOwned>(&self, kind: &str) -> PhoneResult<Vec<T>> {
        Ok(self.rows(kind)?.into_iter().filter_map(|(_, row)| serde_json::from_value(row.body).ok()).collect())
    }

    pub(crate) fn set_row(&self, kind: &str, id: &str, row: &StoredRow) -> PhoneResult<()> {
        self.set(ROWS, &format!("{kind}/{id}"), row)
    }

    pub(crate) fn drop_row(&self, kind: &str, id: &str) -> PhoneResult<()> {
        self.remove(ROWS, &format!("{kind}/{id}"))
    }

    /// The intents in the order they were made.
    pub(crate) fn intents(&self) -> PhoneResult<Vec<(String, StoredIntent)>> {
        let mut intents: Vec<(String, StoredIntent)> = self.list(INTENTS, "")?;
        intents.sort_by_key(|(_, intent)| intent.number);
        Ok(intents)
    }

    /// How many intents were ever made; none is ever removed.
    pub(crate) fn intent_count(&self) -> PhoneResult<usize> {
        Ok(self.keys(INTENTS, "")?.len())
    }

    pub(crate) fn set_intent(&self, id: &IntentId, intent: &StoredIntent) -> PhoneResult<()> {
        self.set(INTENTS, &id.to_string(), intent)
    }

    /// The statements in the order they were sealed.
    pub(crate) fn statements(&self) -> PhoneResult<Vec<(String, StoredStatement)>> {
        let mut statements: Vec<(String, StoredStatement)> = self.list(STATEMENTS, "")?;
        statements.sort_by_key(|(_, statement)| statement.number);
        Ok(statements)
    }

    /// The place of the next statement; none is ever removed.
    pub(crate) fn next_statement(&self) -> PhoneResult<u64> {
        let last = self.statements()?.last().map(|(_, statement)| statement.number);
        Ok(last.map_or(0, |last| last.saturating_add(1)))
    }

    pub(crate) fn statement(&self, digest: &Hash) -> PhoneResult<Option<StoredStatement>> {
        self.get(STATEMENTS, &digest.to_string())
    }

    pub(crate) fn set_statement(&self, digest: &Hash, statement: &StoredStatement) -> PhoneResult<()> {
        self.set(STATEMENTS, &digest.to_string(), statement)
    }

    pub(crate) fn blobs(&self) -> PhoneResult<Vec<(String, StoredBlob)>> {
        self.list(BLOBS, "")
    }

    pub(crate) fn blob(&self, blob: &Hash) -> PhoneResult<Option<StoredBlob>> {
        self.get(BLOBS, &blob.to_string())
    }

    pub(crate) fn set_blob(&self, blob: &Hash, stored: &StoredBlob) -> PhoneResult<()> {
        self.set(BLOBS, &blob.to_string(), stored)
    }

    /// The unsent blobs of which the record says that their bytes are gone here.
    pub(crate) fn lost_blobs(&self) -> PhoneResult<Vec<(Hash, StoredBlob)>> {
        let lost = self.blobs()?.into_iter().filter(|(_, stored)| stored.is_lost());
        Ok(lost.filter_map(|(name, stored)| Some((name.parse().ok()?, stored))).collect())
    }

    /// Declares a blob whose bytes are durable; one that is known keeps its state.
    pub(crate) fn declare_blob(&self, blob: &Hash, bytes: usize, media_type: &str, at_ms: i64) -> PhoneResult<()> {
        if let Some(known) = self.blob(blob)? {
            // Its bytes are here again, also if they had been freed or were missing.
            return self.set_blob(blob, &StoredBlob { is_freed: false, is_missing: false, ..known });
        }
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let media_type = media_type.to_owned();
        self.set_blob(
            blob,
            &StoredBlob {
                bytes,
                media_type,
                at_ms,
                safety: Safety::Unsent,
                problem: None,
                is_asked_after: false,
                is_freed: false,
                is_missing: false,
                is_begun: false,
                tries: 0,
            },
        )
    }

    /// Keeps a verified receipt.
    pub(crate) fn add_receipt(&self, receipt: &LastReceipt, jws: &str) -> PhoneResult<()> {
        self.set_bytes(RECEIPTS, &format!("{:014}/{}", receipt.at_ms, receipt.sha256), jws.as_bytes())?;
        let last: Option<LastReceipt> = self.meta("last_receipt")?;
        if last.is_none_or(|last| last.at_ms <= receipt.at_ms) {
            self.set_meta("last_receipt", receipt)?;
        }
        Ok(())
    }

    /// The held receipts, oldest first, as JWS.
    pub(crate) fn receipts(&self) -> PhoneResult<Vec<String>> {
        let mut found = Vec::new();
        for key in self.keys(RECEIPTS, "")? {
            found.extend(self.bytes(RECEIPTS, &key)?.and_then(|jws| String::from_utf8(jws).ok()));
        }
        Ok(found)
    }

    /// The server's last word that a visit is complete.
    pub(crate) fn complete(&self, visit: VisitId) -> PhoneResult<Option<CompleteWork>> {
        self.get(COMPLETE, &visit.to_string())
    }

    /// How many visits the server called complete.
    pub(crate) fn complete_count(&self) -> PhoneResult<usize> {
        Ok(self.keys(COMPLETE, "")?.len())
    }

    pub(crate) fn set_complete(&self, visit: VisitId, work: &CompleteWork) -> PhoneResult<()> {
        self.set(COMPLETE, &visit.to_string(), work)
    }

    /// Forgets every such word: it was of other data.
    pub(crate) fn clear_complete(&self) -> PhoneResult<()> {
        for key in self.keys(COMPLETE, "")? {
            self.remove(COMPLETE, &key)?;
        }
        Ok(())
    }

    /// Number of receipts held.
    pub(crate) fn receipt_count(&self) -> PhoneResult<usize> {
        Ok(self.keys(RECEIPTS, "")?.len())
    }

    pub(crate) fn set_aside(&self) -> PhoneResult<Vec<(String, SetAside)>> {
        self.list(SET_ASIDE, "")
    }

    /// Notes that what was set aside does not have to go any more, if it had to.
    pub(crate) fn settle_set_aside(&self, change: &Hash) -> PhoneResult<()> {
        match self.get::<SetAside>(SET_ASIDE, &change.to_string())? {
            Some(item) if item.is_unsent => self.add_set_aside(&SetAside { is_unsent: false, ..item }),
            _ => Ok(()),
        }
    }

    pub(crate) fn add_set_aside(&self, item: &SetAside) -> PhoneResult<()> {
        self.set(SET_ASIDE, &item.change.hash.to_string(), item)
    }

    /// Why work of a visit arrived late, if any did.
    pub(crate) fn late_work_of(&self, visit: VisitId) -> PhoneResult<Option<LateWork>> {
        self.get(LATE_WORK, &visit.to_string())
    }

    /// All visits of which work arrived late.
    pub(crate) fn late_work(&self) -> PhoneResult<Vec<(VisitId, LateWork)>> {
        let all = self.list::<LateWork>(LATE_WORK, "")?;
        Ok(all.into_iter().filter_map(|(key, work)| Some((key.parse().ok()?, work))).collect())
    }

    pub(crate) fn forget_late_work(&self, visit: VisitId) -> PhoneResult<()> {
        self.remove(LATE_WORK, &visit.to_string())
    }

    pub(crate) fn set_late_work(&self, visit: VisitId, work: &LateWork) -> PhoneResult<()> {
        self.set(LATE_WORK, &visit.to_string(), work)
    }

    /// The number of the last request that was answered.
    pub(crate) fn last_try(&self) -> PhoneResult<u32> {
        Ok(self.meta(TRIES)?.unwrap_or_default())
    }

    /// Counts a request that was answered.
    pub(crate) fn count_try(&self) -> PhoneResult<()> {
        self.set_meta(TRIES, &self.last_try()?.saturating_add(1))
    }

    pub(crate) fn clear_in_flight(&self) -> PhoneResult<()> {
        self.remove(META, "in_flight")
    }
}
