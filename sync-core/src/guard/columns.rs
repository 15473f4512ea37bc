//! The columns of Automerge's format: their table, and decoders that never expand a run.
//!
//! Owns the run-length codings. Knows nothing of what a column means.

use super::reader::{Malformed, Reader};
use super::refusal::RefusalCode;

/// More columns than any version of the format has.
const MAX_COLUMNS: u64 = 32;
/// The bit of a specification that says the column is deflated.
const DEFLATED: u64 = 0b1000;

/// One column: its specification (id and type) and its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column<'a> {
    pub(super) specification: u64,
    pub(super) data: &'a [u8],
}

/// The type in the low bits of a specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnType {
    Group,
    Actor,
    Integer,
    Delta,
    Boolean,
    Text,
    ValueMeta,
    Value,
}

impl Column<'_> {
    pub(super) const fn column_type(&self) -> ColumnType {
        match self.specification & 7 {
            0 => ColumnType::Group,
            1 => ColumnType::Actor,
            2 => ColumnType::Integer,
            3 => ColumnType::Delta,
            4 => ColumnType::Boolean,
            5 => ColumnType::Text,
            6 => ColumnType::ValueMeta,
            _ => ColumnType::Value,
        }
    }
}

/// Reads `N` column tables and then the data of each, as changes (1) and documents (2) have them.
///
/// Columns are in strictly rising order and never deflated: a deflated column is a bomb inside a
/// chunk that looks small.
pub(super) fn read_columns<'a, const N: usize>(reader: &mut Reader<'a>) -> Result<[Vec<Column<'a>>; N], RefusalCode> {
    let mut tables: [Vec<(u64, u64)>; N] = std::array::from_fn(|_| Vec::new());
    for table in &mut tables {
        let count = reader.uleb()?;
        if count > MAX_COLUMNS {
            return Err(RefusalCode::ChangeRejected);
        }
        let mut last = None;
        for _ in 0..count {
            let specification = reader.uleb()?;
            if specification & DEFLATED != 0 {
                return Err(RefusalCode::ChangeEncodingNotAllowed);
            }
            if last >= Some(specification) {
                return Err(RefusalCode::ChangeRejected);
            }
            last = Some(specification);
            table.push((specification, reader.uleb()?));
        }
    }
    let mut columns: [Vec<Column<'a>>; N] = std::array::from_fn(|_| Vec::new());
    for (columns, table) in columns.iter_mut().zip(tables) {
        for (specification, len) in table {
            columns.push(Column { specification, data: reader.take(len)? });
        }
    }
    Ok(columns)
}

/// The bytes of a column; a column that is left out holds nulls only.
pub(super) fn column<'a>(columns: &[Column<'a>], specification: u64) -> &'a [u8] {
    columns.iter().find(|column| column.specification == specification).map_or(&[], |column| column.data)
}

/// A run of equal values, of nulls, or of values that follow one by one.
#[derive(Debug, Clone, Copy)]
enum Run<V> {
    Of(Option<V>),
    Literal,
}

/// A run-length coded column, read value by value.
///
/// After its end it yields nulls, as writers leave out columns that hold nothing else.
#[derive(Debug, Clone)]
pub(super) struct Rle<'a, V> {
    reader: Reader<'a>,
    read: fn(&mut Reader<'a>) -> Result<V, Malformed>,
    run: Run<V>,
    left: u64,
}

impl<'a, V: Copy> Rle<'a, V> {
    fn new(data: &'a [u8], read: fn(&mut Reader<'a>) -> Result<V, Malformed>) -> Self {
        Self { reader: Reader::new(data), read, run: Run::Of(None), left: 0 }
    }

    pub(super) const fn is_done(&self) -> bool {
        self.left == 0 && self.reader.is_empty()
    }

    fn start_run(&mut self) -> Result<(), Malformed> {
        let count = self.reader.sleb()?;
        (self.left, self.run) = match count {
            0 => (self.reader.uleb()?, Run::Of(None)),
            1.. => (count.unsigned_abs(), Run::Of(Some((self.read)(&mut self.reader)?))),
            _ => (count.unsigned_abs(), Run::Literal),
        };
        if self.left == 0 { Err(Malformed) } else { Ok(()) }
    }

    pub(super) fn next(&mut self) -> Result<Option<V>, Malformed> {
        if self.is_done() {
            return Ok(None);
        }
        if self.left == 0 {
            self.start_run()?;
        }
        self.left -= 1;
        match self.run {
            Run::Of(value) => Ok(value),
            Run::Literal => (self.read)(&mut self.reader).map(Some),
        }
    }

    /// Visits every run as (value, length) without expanding it; literal values are runs of one.
    pub(super) fn for_each_run<E: From<Malformed>>(
        mut self,
        mut visit: impl FnMut(Option<V>, u64) -> Result<(), E>,
    ) -> Result<(), E> {
        while !self.is_done() {
            if self.left == 0 {
                self.start_run()?;
            }
            match self.run {
                Run::Of(value) => {
                    visit(value, self.left)?;
                    self.left = 0;
                }
                Run::Literal => {
                    let value = (self.read)(&mut self.reader)?;
                    visit(Some(value), 1)?;
                    self.left -= 1;
                }
            }
        }
        Ok(())
    }
}

/// A column of unsigned numbers.
pub(super) fn numbers<'a>(data: &'a [u8]) -> Rle<'a, u64> {
    Rle::new(data, Reader::uleb)
}

/// A column of differences.
pub(super) fn differences<'a>(data: &'a [u8]) -> Rle<'a, i64> {
    Rle::new(data, Reader::sleb)
}

/// A column of texts.
pub(super) fn texts<'a>(data: &'a [u8]) -> Rle<'a, &'a str> {
    Rle::new(data, Reader::text)
}

/// A column of numbers stored as differences to the one before.
#[derive(Debug, Clone)]
pub(super) struct Delta<'a> {
    differences: Rle<'a, i64>,
    last: i64,
}

impl<'a> Delta<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { differences: differences(data), last: 0 }
    }

    pub(super) const fn is_done(&self) -> bool {
        self.differences.is_done()
    }

    /// The next number; none of the numbers we read this way is ever negative.
    pub(super) fn next(&mut self) -> Result<Option<u64>, Malformed> {
        let Some(difference) = self.differences.next()? else { return Ok(None) };
        self.last = self.last.checked_add(difference).ok_or(Malformed)?;
        u64::try_from(self.last).map(Some).map_err(|_negative| Malformed)
    }
}

/// A column of booleans: lengths of alternating runs, the first one of `false`.
#[derive(Debug, Clone)]
pub(super) struct Booleans<'a> {
    reader: Reader<'a>,
    left: u64,
    value: bool,
    is_first: bool,
}

impl<'a> Booleans<'a> {
    pub(super) const fn new(data: &'a [u8]) -> Self {
        Self { reader: Reader::new(data), left: 0, value: true, is_first: true }
    }

    pub(super) const fn is_done(&self) -> bool {
        self.left == 0 && self.reader.is_empty()
    }

    /// The length of the next run; only the first one may be empty.
    fn next_run(&mut self) -> Result<u64, Malformed> {
        let len = self.reader.uleb()?;
        if len == 0 && !self.is_first {
            return Err(Malformed);
        }
        self.is_first = false;
        self.value = !self.value;
        Ok(len)
    }

    pub(super) fn next(&mut self) -> Result<Option<bool>, Malformed> {
        while self.left == 0 {
            if self.reader.is_empty() {
                return Ok(None);
            }
            self.left = self.next_run()?;
        }
        self.left -= 1;
        Ok(Some(self.value))
    }

    /// The number of values, without expanding the runs.
    pub(super) fn count(mut self) -> Result<u64, Malformed> {
        let mut rows = 0u64;
        while !self.reader.is_empty() {
            rows = rows.checked_add(self.next_run()?).ok_or(Malformed)?;
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_literals_and_nulls_are_read_in_turn() {
        // Three sevens, then 1 and 2, then two nulls.
        let data = [3, 7, 0x7e, 1, 2, 0, 2];
        let mut column = numbers(&data);
        let mut values = Vec::new();
        while !column.is_done() {
            values.push(column.next().unwrap());
        }
        assert_eq!(values, [Some(7), Some(7), Some(7), Some(1), Some(2), None, None]);
        assert_eq!(column.next(), Ok(None));

        let mut runs = Vec::new();
        let collect = |value, len| {
            runs.push((value, len));
            Ok::<(), Malformed>(())
        };
        numbers(&data).for_each_run(collect).unwrap();
        assert_eq!(runs, [(Some(7), 3), (Some(1), 1), (Some(2), 1), (None, 2)]);
    }

    #[test]
    fn empty_runs_and_cut_columns_are_malformed() {
        for data in [&[0, 0][..], &[5], &[0x7e, 1], &[0]] {
            let mut column = numbers(data);
            let result = (0..3).try_for_each(|_| column.next().map(|_| ()));
            assert_eq!(result, Err(Malformed), "{data:?}");
        }
    }

    #[test]
    fn deltas_and_booleans_count_up() {
        let mut delta = Delta::new(&[0x7f, 5, 2, 1, 0x7f, 0x7f]);
        assert_eq!(
            [delta.next(), delta.next(), delta.next(), delta.next()],
            [Ok(Some(5)), Ok(Some(6)), Ok(Some(7)), Ok(Some(6))]
        );
        assert_eq!(Delta::new(&[0x7f, 0x7f]).next(), Err(Malformed), "negative");
        let mut booleans = Booleans::new(&[0, 1, 2]);
        assert_eq!(
            [booleans.next(), booleans.next(), booleans.next(), booleans.next()],
            [Ok(Some(true)), Ok(Some(false)), Ok(Some(false)), Ok(None)]
        );
        assert_eq!(Booleans::new(&[0, 1, 2]).count(), Ok(3));
        assert_eq!(Booleans::new(&[1, 0, 2]).count(), Err(Malformed));
    }
}
