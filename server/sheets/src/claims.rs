//! What a workbook says of itself that `calamine` believes; it must not know what the cells mean.
//!
//! `calamine` reserves room for as many texts as the file says it has, and keeps a copy of font and form for each form of a
//! cell and one of a path for each sheet that is named: a process that asks for more memory than there is ends at once.
//!
//! *Architecture Invariant:* what is read here finds at least every tag that `calamine` finds.
//!
//! # Source
//! `calamine` 0.38: `read_shared_strings`, `read_styles`, `read_relationships` and `read_workbook` of `xlsx/mod.rs`. What a sheet says of its dimension takes no room
//! where cells are read one by one.

use crate::{Limits, SheetError};

/// What the forms of cells may take in memory, in bytes: thousands of them with the longest names there are.
const MAX_STYLES_BYTES: u64 = 64 << 20;

/// What one form takes besides its names, in bytes, measured generously.
const STYLE_BYTES: u64 = 512;

/// Most sheets that are named; each is a part.
const MAX_SHEETS: usize = 1_000;

/// The longest link between parts, in bytes: an address of the web with all its letters escaped.
const MAX_LINK_BYTES: usize = 16 << 10;

/// A part whose numbers are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Texts that cells refer to.
    Strings,
    /// Forms of cells.
    Styles,
    /// Links from a part to others.
    Links,
    /// A part that has links: one of them is the book, whatever it is named.
    Linked,
}

impl Part {
    /// The part of this name, in whatever folder: the file says itself which one it is.
    pub fn of(name: &[u8]) -> Option<Self> {
        let is_end = |end: &str| {
            let start = name.len().saturating_sub(end.len());
            name.get(start..).is_some_and(|last| last.eq_ignore_ascii_case(end.as_bytes()))
        };
        let ends = [("sharedStrings.xml", Self::Strings), ("styles.xml", Self::Styles), (".rels", Self::Links)];
        ends.into_iter().find(|(end, _)| is_end(end)).map(|(_, part)| part)
    }

    /// Refuses what would take more room than it may.
    ///
    /// # Errors
    /// [`SheetError::Strings`], [`SheetError::Styles`], [`SheetError::NoWorkbook`] for what is no XML in UTF-8.
    pub fn check(self, bytes: &[u8], limits: &Limits) -> Result<(), SheetError> {
        let text = std::str::from_utf8(bytes).map_err(|_other| SheetError::NoWorkbook)?;
        // XML has neither of them, but other encodings hide tags behind them.
        if text.contains(['\0', '\u{1b}']) {
            return Err(SheetError::NoWorkbook);
        }
        match self {
            Self::Strings => check_strings(text, u64::try_from(limits.cells()).unwrap_or(u64::MAX)),
            Self::Styles => check_styles(text),
            Self::Links => {
                let is_short = |tag: &str| end_of(tag).is_some_and(|end| end <= MAX_LINK_BYTES);
                let mut tags = text.split('<').skip(1).filter(|tag| !tag.starts_with('!'));
                if tags.all(is_short) { Ok(()) } else { Err(SheetError::NoWorkbook) }
            }
            Self::Linked => {
                let sheets = text.split('<').filter(|tag| local_name(tag) == "sheet").count();
                if sheets <= MAX_SHEETS { Ok(()) } else { Err(SheetError::NoWorkbook) }
            }
        }
    }
}

fn check_strings(text: &str, limit: u64) -> Result<(), SheetError> {
    let mut found = 0_u64;
    for tag in text.split('<') {
        let actual = match local_name(tag) {
            // A value that holds `<`, which XML forbids, would hide what follows it.
            "sst" if end_of(tag).is_none() => return Err(SheetError::NoWorkbook),
            "sst" => ["count", "uniqueCount"].into_iter().filter_map(|key| number(tag, key)).max().unwrap_or_default(),
            "si" => {
                found += 1;
                found
            }
            _ => continue,
        };
        if actual > limit {
            return Err(SheetError::Strings { limit, actual });
        }
    }
    Ok(())
}

fn check_styles(text: &str) -> Result<(), SheetError> {
    let (mut forms, mut longest) = (0_u64, 0_u64);
    for tag in text.split('<').skip(1).filter(|tag| !tag.starts_with('!')) {
        // As above: a value that holds `<` leaves its quotation mark open here.
        let end = end_of(tag).ok_or(SheetError::NoWorkbook)?;
        longest = longest.max(u64::try_from(end).unwrap_or(u64::MAX));
        forms += u64::from(local_name(tag) == "xf");
    }
    // Of each form the font and the format of numbers are kept, each with a name from one tag.
    let actual = longest.saturating_mul(2).saturating_add(STYLE_BYTES).saturating_mul(forms);
    if actual > MAX_STYLES_BYTES { Err(SheetError::Styles { limit: MAX_STYLES_BYTES, actual }) } else { Ok(()) }
}

/// The name of a tag without its prefix; the tag begins after its `<`.
fn local_name(tag: &str) -> &str {
    let name = tag.split(|letter: char| letter.is_ascii_whitespace() || letter == '/' || letter == '>').next();
    name.and_then(|name| name.rsplit(':').next()).unwrap_or_default()
}

/// Where a tag ends: at the first `>` outside quotation marks.
fn end_of(tag: &str) -> Option<usize> {
    let mut open = None;
    for (at, letter) in tag.char_indices() {
        match (open, letter) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => open = Some(letter),
            (Some(mark), letter) if mark == letter => open = None,
            _ => {}
        }
    }
    None
}

/// The largest number that is said after this name, whatever else the tag says; too large a one counts as the largest.
fn number(tag: &str, key: &str) -> Option<u64> {
    let said = tag.match_indices(key).filter_map(|(at, _)| {
        let value = tag.get(at + key.len()..)?.trim_start().strip_prefix('=')?.trim_start();
        let digits: &str = value.strip_prefix(['"', '\''])?;
        let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
        let digits = digits.get(..end).filter(|digits| !digits.is_empty())?;
        Some(digits.parse().unwrap_or(u64::MAX))
    });
    said.max()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { rows: 5, columns: 2, cell_bytes: 1, text_chars: 1, unpacked_bytes: 1 };

    fn strings(text: &str) -> Result<(), SheetError> {
        Part::Strings.check(text.as_bytes(), &LIMITS)
    }

    #[test]
    fn parts_are_known_by_the_end_of_their_names() {
        assert_eq!(Part::of(b"xl/sharedStrings.xml"), Some(Part::Strings));
        assert_eq!(Part::of(b"XL\\SHAREDSTRINGS.XML"), Some(Part::Strings));
        assert_eq!(Part::of(b"styles.xml"), Some(Part::Styles));
        assert_eq!([Part::of(b"xl/workbook.xml"), Part::of(b"")], [None, None]);
    }

    #[test]
    fn more_texts_than_cells_are_refused_however_they_are_said() {
        let refused = |actual: u64| Err(SheetError::Strings { limit: 10, actual });
        assert_eq!(strings(r#"<sst count="10" uniqueCount="010"><si><t>uniqueCount="11"</t></si></sst>"#), Ok(()));
        for (said, actual) in [
            (r#"<sst count="4294967295" uniqueCount="4294967295">"#, 4_294_967_295),
            (r#"<x:sst uniqueCount = '11'>"#, 11),
            ("<sst\tcount=\"2\"\nuniqueCount\n=\n\"0000000000000000000000011\">", 11),
            (r#"<sst uniqueCount="99999999999999999999999">"#, u64::MAX),
            (r#"<!-- <sst count="1"> --><sst a=">" uniqueCount="11"/>"#, 11),
            (r#"<?a "?><sst uniqueCount="11"/>"#, 11),
        ] {
            assert_eq!(strings(said), refused(actual), "{said}");
        }
        assert_eq!(strings(r#"<sst a="<" uniqueCount="11">"#), Err(SheetError::NoWorkbook));
        assert_eq!(strings(&"<si><t/></si>".repeat(10)), Ok(()));
        assert_eq!(strings(&"<si><t/></si>".repeat(11)), refused(11));
    }

    #[test]
    fn other_encodings_hide_nothing() {
        let wide: Vec<u8> = r#"<sst uniqueCount="11">"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [wide.as_slice(), b"<s\x1b(Bst uniqueCount='11'>", b"<sst a='\xff'>"] {
            assert_eq!(Part::Strings.check(bytes, &LIMITS), Err(SheetError::NoWorkbook), "{bytes:02x?}");
        }
    }

    #[test]
    fn a_long_path_is_not_copied_for_many_sheets() {
        let check = |part: Part, text: &str| part.check(text.as_bytes(), &LIMITS);
        let link = |length: usize| format!(r#"<?xml version="1.0"?><a><b Target="{}"/></a>"#, ">".repeat(length));
        assert_eq!(check(Part::Links, &link(2_083)), Ok(()));
        assert_eq!(check(Part::Links, &link(20_000)), Err(SheetError::NoWorkbook));
        assert_eq!(check(Part::Links, r#"<b Target="<>"/>"#), Err(SheetError::NoWorkbook));
        assert_eq!(check(Part::Linked, &r#"<sheet r:id="a"/>"#.repeat(1_000)), Ok(()));
        assert_eq!(check(Part::Linked, &r#"<x:sheet r:id="a"/>"#.repeat(1_001)), Err(SheetError::NoWorkbook));
    }

    #[test]
    fn a_long_name_is_not_copied_into_many_forms() {
        let styles = |name: &str, forms: usize| {
            let forms = r#"<xf fontId="0"/>"#.repeat(forms);
            let text =
                format!(r#"<styleSheet><font><name val="{name}"/></font><cellXfs>{forms}</cellXfs></styleSheet>"#);
            Part::Styles.check(text.as_bytes(), &LIMITS)
        };
        assert_eq!(styles("宋体", 60_000), Ok(()), "what programs allow");
        assert_eq!(styles(&"x".repeat(1 << 20), 1), Ok(()));
        assert!(matches!(styles(&"x".repeat(1 << 20), 100), Err(SheetError::Styles { .. })));
        assert!(matches!(styles(&">".repeat(1 << 20), 100), Err(SheetError::Styles { .. })));
        assert!(matches!(styles("", 1 << 20), Err(SheetError::Styles { .. })));
        assert_eq!(styles(&"<>".repeat(1 << 19), 100), Err(SheetError::NoWorkbook));
    }
}
