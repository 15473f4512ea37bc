//! The budget of a document chunk: how many rows its columns claim, before Automerge expands them.
//!
//! A document is one chunk of tables; a few bytes can claim millions of rows. This walk counts them by
//! their runs and bounds every number, so that what remains is as large as it looks. Meaning is judged
//! afterwards, on the changes that Automerge rebuilds and whose hashes it verifies.

use super::budget::Limits;
use super::columns::{Booleans, Column, ColumnType, differences, numbers, read_columns, texts};
use super::header::counted;
use super::reader::{Malformed, Reader};
use super::refusal::RefusalCode;
use crate::bytes::Hash;

/// The column with the device's time of each change: a claim that may be any number.
const TIME_COLUMN: u64 = 0x23;

/// Bytes that all keys of a document may fill once their runs are expanded, per operation.
const EXPANDED_BYTES_PER_ROW: u64 = 64;

/// Checks a document chunk's claims and returns its heads.
pub(super) fn check_document(body: &[u8], limits: &Limits) -> Result<Vec<Hash>, RefusalCode> {
    let mut reader = Reader::new(body);
    counted(&mut reader, limits.document_actors, RefusalCode::DocumentLimit, Reader::actor)?;
    let heads = counted(&mut reader, limits.document_changes, RefusalCode::DocumentLimit, Reader::hash)?;
    let [changes, operations] = read_columns(&mut reader)?;
    for _ in &heads {
        // Positions of the heads; Automerge ignores them.
        reader.uleb()?;
    }
    if !reader.is_empty() {
        return Err(RefusalCode::ChangeRejected);
    }
    let budget = Budget {
        // A merge has several dependencies, so there are more of them than changes.
        rows: limits.document_changes.saturating_mul(4),
        largest: limits.document_ops,
        free_column: Some(TIME_COLUMN),
    };
    budget.check(&changes)?;
    let budget = Budget { rows: limits.document_ops, largest: limits.document_ops, free_column: None };
    budget.check(&operations).map(|()| heads)
}

struct Budget {
    rows: u64,
    largest: u64,
    free_column: Option<u64>,
}

impl Budget {
    fn check(&self, columns: &[Column<'_>]) -> Result<(), RefusalCode> {
        let mut value_bytes = 0;
        for column in columns {
            match column.column_type() {
                ColumnType::Group => self.numbers(column, true)?,
                ColumnType::Actor | ColumnType::Integer => self.numbers(column, false)?,
                ColumnType::Delta => self.deltas(column)?,
                ColumnType::Boolean => self.spend(&mut 0, Booleans::new(column.data).count()?)?,
                ColumnType::Text => self.texts(column)?,
                ColumnType::ValueMeta => value_bytes = self.value_bytes(column)?,
                ColumnType::Value => {
                    let claimed = std::mem::take(&mut value_bytes);
                    if u64::try_from(column.data.len()) != Ok(claimed) {
                        return Err(RefusalCode::ChangeRejected);
                    }
                }
            }
        }
        if value_bytes == 0 { Ok(()) } else { Err(RefusalCode::ChangeRejected) }
    }

    fn spend(&self, spent: &mut u64, rows: u64) -> Result<(), RefusalCode> {
        *spent = spent.saturating_add(rows);
        if *spent > self.rows { Err(RefusalCode::DocumentLimit) } else { Ok(()) }
    }

    /// Numbers within range; for a group column also their sum, as each claims that many rows.
    fn numbers(&self, column: &Column<'_>, is_group: bool) -> Result<(), RefusalCode> {
        let (mut rows, mut members) = (0, 0);
        numbers(column.data).for_each_run(|value, len| {
            self.spend(&mut rows, len)?;
            let value = value.unwrap_or(0);
            if value > self.largest {
                return Err(RefusalCode::DocumentLimit);
            }
            if is_group { self.spend(&mut members, value.saturating_mul(len)) } else { Ok(()) }
        })
    }

    fn deltas(&self, column: &Column<'_>) -> Result<(), RefusalCode> {
        let (mut rows, mut sum) = (0, 0i64);
        let is_free = self.free_column == Some(column.specification);
        let largest = i64::try_from(self.largest).unwrap_or(i64::MAX);
        differences(column.data).for_each_run(|difference, len| {
            self.spend(&mut rows, len)?;
            if is_free {
                return Ok(());
            }
            // Within one run the sum moves one way, so its end bounds all of it.
            let moved = i64::try_from(len).ok().and_then(|len| difference.unwrap_or(0).checked_mul(len));
            sum = moved.and_then(|moved| sum.checked_add(moved)).ok_or(Malformed)?;
            if (0..=largest).contains(&sum) { Ok(()) } else { Err(RefusalCode::DocumentLimit) }
        })
    }

    fn texts(&self, column: &Column<'_>) -> Result<(), RefusalCode> {
        let (mut rows, mut bytes) = (0, 0u64);
        let most = self.rows.saturating_mul(EXPANDED_BYTES_PER_ROW);
        texts(column.data).for_each_run(|text, len| {
            self.spend(&mut rows, len)?;
            let text_bytes = text.and_then(|text| u64::try_from(text.len()).ok()).unwrap_or(0);
            bytes = bytes.saturating_add(text_bytes.saturating_mul(len));
            if bytes > most { Err(RefusalCode::DocumentLimit) } else { Ok(()) }
        })
    }

    /// The bytes that a column of value lengths claims; its low four bits are types.
    fn value_bytes(&self, column: &Column<'_>) -> Result<u64, RefusalCode> {
        let (mut rows, mut bytes) = (0, 0u64);
        numbers(column.data).for_each_run(|meta, len| {
            self.spend(&mut rows, len)?;
            bytes = bytes.saturating_add((meta.unwrap_or(0) >> 4).saturating_mul(len));
            Ok::<_, RefusalCode>(())
        })?;
        Ok(bytes)
    }
}
