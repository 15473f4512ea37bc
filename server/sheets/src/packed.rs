//! How much a packed file holds, found by unpacking it into nothing; it must not know what is in it.

use std::io::{Cursor, Read as _, copy, sink};

use zip::ZipArchive;

use crate::SheetError;

/// Most parts of a workbook: pictures and sheets nobody asks for count, too.
const MAX_PARTS: usize = 1_000;

/// Unpacks every part and counts: what the file says of its own sizes proves nothing.
///
/// # Errors
/// [`SheetError::Unpacked`] beyond `limit` bytes, [`SheetError::NoWorkbook`] for what cannot be unpacked.
pub fn check_unpacked(bytes: &[u8], limit: u64) -> Result<(), SheetError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_damaged| SheetError::NoWorkbook)?;
    if archive.len() > MAX_PARTS {
        return Err(SheetError::NoWorkbook);
    }
    let mut left = limit;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|_damaged| SheetError::NoWorkbook)?;
        let unpacked = copy(&mut part.take(left.saturating_add(1)), &mut sink());
        let unpacked = unpacked.map_err(|_damaged| SheetError::NoWorkbook)?;
        left = left.checked_sub(unpacked).ok_or(SheetError::Unpacked { limit })?;
    }
    Ok(())
}
