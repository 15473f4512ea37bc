//! How much a packed file holds, found by unpacking it; it must not know what its cells mean.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _, copy, sink};

use zip::ZipArchive;

use crate::claims::Part;
use crate::{Limits, SheetError};

/// Most parts of a workbook: pictures and sheets nobody asks for count, too.
const MAX_PARTS: usize = 1_000;

/// Unpacks every part and counts: what the file says of its own sizes proves nothing. Then looks at what else it says of
/// itself that would be believed.
///
/// # Errors
/// [`SheetError::Unpacked`] beyond the limit, [`SheetError::NoWorkbook`] for what cannot be unpacked, and what
/// [`Part::check`] refuses.
pub fn check_packed(bytes: &[u8], limits: &Limits) -> Result<(), SheetError> {
    let limit = limits.unpacked_bytes;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_damaged| SheetError::NoWorkbook)?;
    if archive.len() > MAX_PARTS {
        return Err(SheetError::NoWorkbook);
    }
    let mut left = limit;
    let mut names = Vec::new();
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|_damaged| SheetError::NoWorkbook)?;
        // A file may give a part two names.
        let name = normal(part.name().map_err(|_damaged| SheetError::NoWorkbook)?.as_bytes());
        names.extend([(index, normal(part.name_raw())), (index, name)]);
        let unpacked = copy(&mut part.take(left.saturating_add(1)), &mut sink());
        let unpacked = unpacked.map_err(|_damaged| SheetError::NoWorkbook)?;
        left = left.checked_sub(unpacked).ok_or(SheetError::Unpacked { limit })?;
    }
    for (index, kind) in believed(&names)? {
        let part = archive.by_index(index).map_err(|_damaged| SheetError::NoWorkbook)?;
        let mut text = Vec::new();
        part.take(limit).read_to_end(&mut text).map_err(|_damaged| SheetError::NoWorkbook)?;
        kind.check(&text, limits)?;
    }
    Ok(())
}

/// A name as `calamine` compares it.
fn normal(name: &[u8]) -> String {
    String::from_utf8_lossy(name).replace('\\', "/").to_ascii_lowercase()
}

/// The parts whose numbers are believed, each once as each kind.
fn believed(names: &[(usize, String)]) -> Result<BTreeSet<(usize, Part)>, SheetError> {
    let mut linked = BTreeSet::new();
    for (_, name) in names {
        let of = name.strip_suffix(".rels").and_then(|name| Some(name.rsplit_once("_rels/")?.1));
        match of {
            // Those of the file itself.
            Some("") if name == "_rels/.rels" => {}
            Some("") => return Err(SheetError::NoWorkbook),
            Some(of) => _ = linked.insert(of),
            None => {}
        }
    }
    let kinds = names.iter().flat_map(|(index, name)| {
        let is_linked = linked.iter().any(|of| name.ends_with(of));
        [Part::of(name.as_bytes()), is_linked.then_some(Part::Linked)].into_iter().flatten().map(|kind| (*index, kind))
    });
    Ok(kinds.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_is_found_whatever_it_is_named() {
        let names = |names: &[&str]| names.iter().map(|name| normal(name.as_bytes())).enumerate().collect::<Vec<_>>();
        let odd = names(&["_rels/.rels", "A\\Odd.bin", "a/_rels/odd.bin.rels", "a/picture.png", "a/styles.xml"]);
        let expected = [(0, Part::Links), (1, Part::Linked), (2, Part::Links), (4, Part::Styles)];
        assert_eq!(believed(&odd), Ok(BTreeSet::from(expected)));
        assert_eq!(believed(&names(&["xl/_rels/x_rels\\.rels"])), Err(SheetError::NoWorkbook));
    }
}
