//! How many entries a TIFF block has, counted as its reader goes through them.
//!
//! Nothing is allocated here. Directories may overlap and point at each other: a reader that goes on after an error could
//! be led through millions of entries by a block of 64 KiB.

/// Most entries of EXIF that is believed.
///
/// # Source
/// Limits of photos: "≤ 512 entries".
const MAX_ENTRIES: usize = 512;

/// Most directories that follow each other; a reader stops there.
const MAX_DIRECTORIES: usize = 8;

/// How deep directories are in each other: the main one, EXIF, and what that calls interoperability.
const MAX_DEPTH: usize = 3;

/// What one entry takes.
///
/// # Units
/// Bytes.
const ENTRY_BYTES: usize = 12;

/// Tags whose value is the place of another directory: EXIF, GPS, interoperability.
const POINTERS: [u32; 3] = [0x8769, 0x8825, 0xA005];

/// Returns whether all directories of a block have no more entries together than are believed.
///
/// It goes wherever a reader may go, and perhaps farther.
pub(crate) fn has_few_entries(block: &[u8]) -> bool {
    let mut walk = Walk { block, is_little_endian: block.starts_with(b"II"), left: MAX_ENTRIES };
    let mut seen = [0; MAX_DIRECTORIES];
    let mut next = walk.number(4, 4).unwrap_or(0);
    for number in 0..MAX_DIRECTORIES {
        // Nowhere, or in a ring.
        if next == 0 || seen.contains(&next) {
            break;
        }
        seen.iter_mut().skip(number).take(1).for_each(|seen| *seen = next);
        let Some(behind) = walk.directory(next, MAX_DEPTH) else { return false };
        next = behind;
    }
    true
}

/// A walk through directories that may point anywhere.
struct Walk<'a> {
    block: &'a [u8],
    is_little_endian: bool,
    left: usize,
}

impl Walk<'_> {
    /// Goes through a directory and those in it, each as often as something points at it; gives where the next one is, 0
    /// for nowhere, and nothing once there are too many entries.
    fn directory(&mut self, at: u32, depth: usize) -> Option<u32> {
        let start = usize::try_from(at).ok()?;
        let count = self.number(start, 2).unwrap_or(0);
        let mut entry = start.saturating_add(2);
        for _ in 0..count {
            if self.number(entry.saturating_add(ENTRY_BYTES - 4), 4).is_none() {
                return Some(0);
            }
            self.left = self.left.checked_sub(1)?;
            if let Some(child) = self.child(entry).filter(|_| depth > 1) {
                self.directory(child, depth - 1)?;
            }
            entry = entry.saturating_add(ENTRY_BYTES);
        }
        Some(self.number(entry, 4).unwrap_or(0))
    }

    /// The place of the directory at which an entry points, if it does: a number of one, two or four bytes, the first of
    /// several where they do not fit the entry.
    fn child(&self, entry: usize) -> Option<u32> {
        self.number(entry, 2).filter(|tag| POINTERS.contains(tag))?;
        let length = match self.number(entry + 2, 2)? {
            1 => 1,
            3 => 2,
            4 => 4,
            _ => return None,
        };
        let count = usize::try_from(self.number(entry + 4, 4)?).ok()?;
        let inside = entry + 8;
        let is_inside = length * count.min(5) <= 4;
        let at = if is_inside { inside } else { usize::try_from(self.number(inside, 4)?).ok()? };
        self.number(at, length)
    }

    fn number(&self, at: usize, length: usize) -> Option<u32> {
        let bytes = self.block.get(at..at.checked_add(length)?)?;
        let add = |number: u32, byte: &u8| (number << 8) | u32::from(*byte);
        Some(if self.is_little_endian { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(tag: u16, kind: u16, count: u32, value: u32) -> Vec<u8> {
        [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value.to_be_bytes()].concat()
    }

    fn directory(entries: &[Vec<u8>], next: u32) -> Vec<u8> {
        [u16::try_from(entries.len()).unwrap().to_be_bytes().as_slice(), &entries.concat(), &next.to_be_bytes()]
            .concat()
    }

    fn block(directories: &[Vec<u8>]) -> Vec<u8> {
        [b"MM\0\x2a\0\0\0\x08".as_slice(), &directories.concat()].concat()
    }

    #[test]
    fn entries_of_all_directories_count_together() {
        let plain = |count: usize| vec![entry(0x0110, 2, 1, 0); count];
        assert!(has_few_entries(&block(&[directory(&plain(512), 0)])));
        assert!(!has_few_entries(&block(&[directory(&plain(513), 0)])));
        // The next one, one inside, and one whose place stands behind its entry.
        let first = 8 + 2 + 12 * 258 + 4;
        for (pointer, expected) in [
            (entry(0x8769, 4, 1, first), false),
            (entry(0x8825, 3, 1, first << 16), false),
            (entry(0x8825, 4, 2, first + 2 + 12 * 256), false),
            (entry(0x0110, 4, 1, first), true),
        ] {
            let head = [plain(257), vec![pointer]].concat();
            let behind = [directory(&plain(256), 0), first.to_be_bytes().to_vec()].concat();
            assert_eq!(has_few_entries(&block(&[directory(&head, 0), behind])), expected);
        }
        assert!(!has_few_entries(&block(&[directory(&plain(258), first), directory(&plain(256), 0)])));
        assert!(has_few_entries(&block(&[directory(&plain(300), 8)])), "a ring");
    }

    #[test]
    fn directories_that_overlap_are_left_at_once() {
        // Each entry points at the next one, which reads as a directory of thousands of entries.
        let place = |number: u32| 8 + 2 + 12 * number;
        let entries: Vec<_> = (0..4_000).map(|number| entry(0x8769, 4, 1, place(number % 3_000))).collect();
        assert!(!has_few_entries(&block(&[directory(&entries, 0)])));
        for end in 0..60 {
            let cut = block(&[directory(&entries[..4], 0)]);
            assert!(has_few_entries(&cut[..end.min(cut.len())]), "cut at {end}");
        }
    }
}
