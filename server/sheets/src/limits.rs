//! How large a table may be; it must not know what it holds.

/// The largest table that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows that are not blank, the header counted.
    pub rows: usize,
    /// Columns from the left, blank ones counted.
    pub columns: usize,
    /// One cell, in bytes of UTF-8.
    pub cell_bytes: usize,
    /// The text of all cells together, in characters: one text of a workbook may stand in any number of cells.
    pub text_chars: usize,
    /// All parts of a packed file together, unpacked, in bytes.
    pub unpacked_bytes: u64,
}

impl Default for Limits {
    /// What ten thousand orders with every column filled need, and little more.
    ///
    /// A workbook repeats for each cell its name and form, hence six times the bytes of what is typed.
    fn default() -> Self {
        Self { rows: 10_001, columns: 64, cell_bytes: 4_096, text_chars: 16 << 20, unpacked_bytes: 32 << 20 }
    }
}

impl Limits {
    /// Most cells, blank ones counted.
    #[must_use]
    pub const fn cells(&self) -> usize {
        self.rows.saturating_mul(self.columns)
    }
}
