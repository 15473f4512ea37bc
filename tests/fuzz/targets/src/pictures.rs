//! Files of pictures with parts of them changed, from a seed that is told.
//!
//! Owns what is done to the bytes; it must not know a decoder. The parts of a file (segments, chunks, boxes) are looked for
//! by the format, so that mutants get past the first checks of those who read them.

use std::ops::Range;

use crate::mutants::Random;

/// Numbers at which readers are wrong.
const EDGES: [u32; 12] = [0, 1, 2, 7, 8, 0x7F, 0xFF, 0x3FFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, u32::MAX];

/// Most changes of one mutant.
const MOST_CHANGES: usize = 3;

/// Most bytes of a mutant: duplicates of duplicates have an end.
const MOST_BYTES: usize = 1 << 20;

/// A file that was made of one of some files, or of two.
///
/// # Panics
/// If there are no files, or an empty one.
#[must_use]
pub fn mutant(files: &[Vec<u8>], which: usize, random: &mut Random) -> Vec<u8> {
    let mut bytes = files[which].clone();
    for _ in 0..=random.below(MOST_CHANGES) {
        change(&mut bytes, files, random);
        bytes.truncate(MOST_BYTES);
    }
    // A checksum that is wrong is all that is seen of a PNG; some are left so.
    if random.below(4) > 0 {
        repair_png(&mut bytes);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, files: &[Vec<u8>], random: &mut Random) {
    if bytes.is_empty() {
        return;
    }
    match random.below(9) {
        0 | 1 => (0..=random.below(8)).for_each(|_| flip(bytes, random)),
        2 => bytes.truncate(random.below(bytes.len())),
        3 => exchange(bytes, random),
        4 => repeat(bytes, random),
        5 => overwrite_length(bytes, random),
        6 => overwrite_size(bytes, random),
        7 => splice(bytes, &files[random.below(files.len())], random),
        _ => remove(bytes, random),
    }
}

fn flip(bytes: &mut [u8], random: &mut Random) {
    let at = random.below(bytes.len());
    bytes[at] ^= 1 << random.below(8);
}

/// Puts two parts into each other's place.
fn exchange(bytes: &mut Vec<u8>, random: &mut Random) {
    let parts = parts(bytes);
    let [one, other] = [random.below(parts.len()), random.below(parts.len())];
    let (first, second) = (parts[one.min(other)].clone(), parts[one.max(other)].clone());
    if first.end > second.start {
        return;
    }
    let around = [0..first.start, second.clone(), first.end..second.start, first, second.end..bytes.len()];
    *bytes = around.into_iter().flat_map(|range| bytes[range].to_vec()).collect();
}

/// Puts a part in once more, or often.
fn repeat(bytes: &mut Vec<u8>, random: &mut Random) {
    let parts = parts(bytes);
    let part = bytes[parts[random.below(parts.len())].clone()].to_vec();
    let times = if random.below(4) == 0 { 1 + random.below(100) } else { 1 };
    let at = parts[random.below(parts.len())].start;
    bytes.splice(at..at, part.repeat(times).into_iter().take(MOST_BYTES));
}

fn remove(bytes: &mut Vec<u8>, random: &mut Random) {
    let parts = parts(bytes);
    bytes.drain(parts[random.below(parts.len())].clone());
}

/// The beginning of one file and the end of another.
fn splice(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    bytes.truncate(random.below(bytes.len()));
    bytes.extend_from_slice(&other[random.below(other.len())..]);
}

fn edge(random: &mut Random) -> u32 {
    let near = EDGES[random.below(EDGES.len())];
    if random.below(2) == 0 { near } else { u32::try_from(random.below(20_000)).unwrap_or(0) }
}

/// Writes a number of up to four bytes, as the format orders them.
fn write(bytes: &mut [u8], at: usize, width: usize, number: u32) {
    let is_little = bytes.starts_with(b"RIFF");
    let ordered = if is_little { number.to_le_bytes() } else { number.to_be_bytes() };
    let part = if is_little { &ordered[..width] } else { &ordered[4 - width..] };
    if let Some(target) = bytes.get_mut(at..at + width) {
        target.copy_from_slice(part);
    }
}

/// Makes the length of a part wrong.
fn overwrite_length(bytes: &mut [u8], random: &mut Random) {
    let parts = parts(bytes);
    let at = parts[random.below(parts.len())].start;
    let number = edge(random);
    match bytes {
        [0xFF, 0xD8, ..] => write(bytes, at + 2, 2, number),
        [b'R', b'I', b'F', b'F', ..] => write(bytes, at + 4, 4, number),
        _ => write(bytes, at, 4, number),
    }
}

/// Makes one side of the picture, or another number beside it, wrong.
fn overwrite_size(bytes: &mut [u8], random: &mut Random) {
    // What stands before each number, how far, and how wide it is.
    const NUMBERS: [(&[u8], usize, usize); 17] = [
        (&[0xFF, 0xC0], 5, 2),
        (&[0xFF, 0xC0], 7, 2),
        (&[0xFF, 0xC2], 5, 2),
        (&[0xFF, 0xC2], 7, 2),
        (&[0xFF, 0xDD], 4, 2),
        (b"IHDR", 4, 4),
        (b"IHDR", 8, 4),
        (b"IHDR", 12, 2),
        (b"VP8X", 12, 3),
        (b"VP8X", 15, 3),
        (b"ANMF", 14, 3),
        (b"ANMF", 17, 3),
        (&[0x9D, 0x01, 0x2A], 3, 2),
        (&[0x9D, 0x01, 0x2A], 5, 2),
        (b"VP8L", 9, 4),
        (b"ispe", 8, 4),
        (b"ispe", 12, 4),
    ];
    let found: Vec<(usize, usize)> = NUMBERS
        .into_iter()
        .flat_map(|(name, behind, width)| {
            let places = bytes.windows(name.len()).enumerate().filter(move |(_, window)| *window == name);
            places.map(move |(at, _)| (at + behind, width)).collect::<Vec<_>>()
        })
        .collect();
    if let Some((at, width)) = found.get(random.below(found.len())) {
        write(bytes, *at, *width, edge(random));
    }
}

/// The parts of a file: JPEG segments, PNG or WebP chunks, boxes of a HEIC and what they hold; of anything else, the whole.
fn parts(bytes: &[u8]) -> Vec<Range<usize>> {
    let found = match bytes {
        [0xFF, 0xD8, ..] => segments(bytes),
        [0x89, b'P', ..] => chunks(bytes, 8..bytes.len(), 12, 0),
        [b'R', b'I', b'F', b'F', ..] => little_chunks(bytes),
        _ => boxes(bytes, 0..bytes.len()),
    };
    if found.is_empty() { std::iter::once(0..bytes.len()).collect() } else { found }
}

fn segments(bytes: &[u8]) -> Vec<Range<usize>> {
    let starts = bytes.windows(2).enumerate().skip(2);
    let mut starts =
        starts.filter(|(_, pair)| pair[0] == 0xFF && !matches!(pair[1], 0 | 0xFF)).map(|(at, _)| at).peekable();
    let mut found = Vec::new();
    while let Some(start) = starts.next() {
        found.push(start..starts.peek().copied().unwrap_or(bytes.len()));
    }
    found
}

/// Parts that begin with their length, of which so many bytes beside the content are not counted.
fn chunks(bytes: &[u8], within: Range<usize>, uncounted: usize, length_at: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = within.start;
    while let Some(length) = bytes.get(at + length_at..at + length_at + 4) {
        let length = u32::from_be_bytes(length.try_into().expect("four bytes"));
        let end = usize::try_from(length).ok().and_then(|length| at.checked_add(length)?.checked_add(uncounted));
        let Some(end) = end.filter(|end| *end > at && *end <= within.end) else { break };
        found.push(at..end);
        at = end;
    }
    found
}

fn little_chunks(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 12;
    while let Some(length) = bytes.get(at + 4..at + 8) {
        let length = usize::try_from(u32::from_le_bytes(length.try_into().expect("four bytes"))).unwrap_or(usize::MAX);
        let end = at.saturating_add(8).saturating_add(length).saturating_add(length % 2);
        if end > bytes.len() {
            break;
        }
        found.push(at..end);
        at = end;
    }
    found
}

fn boxes(bytes: &[u8], within: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for part in chunks(bytes, within, 0, 0) {
        let begin = match bytes.get(part.start + 4..part.start + 8) {
            Some(b"meta") => Some(part.start + 12),
            Some(b"iprp" | b"ipco") => Some(part.start + 8),
            _ => None,
        };
        found.extend(
            begin.filter(|begin| *begin < part.end).map(|begin| boxes(bytes, begin..part.end)).unwrap_or_default(),
        );
        found.push(part);
    }
    found
}

/// Makes the checksums of a PNG right.
fn repair_png(bytes: &mut [u8]) {
    if !bytes.starts_with(b"\x89PNG") {
        return;
    }
    for part in chunks(bytes, 8..bytes.len(), 12, 0) {
        let checksum = !bytes[part.start + 4..part.end - 4].iter().fold(u32::MAX, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 })
        });
        bytes[part.end - 4..part.end].copy_from_slice(&checksum.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_mutants_again_and_most_of_them_differ() {
        let files = [
            b"\x89PNG\r\n\x1a\n\0\0\0\x04IHDRabcd....\0\0\0\0IEND....".to_vec(),
            vec![0xFF, 0xD8, 0xFF, 0xC0, 0, 4, 1, 2],
        ];
        let all = |seed| {
            let mut random = Random::new(seed);
            (0..100).map(|number| mutant(&files, number % 2, &mut random)).collect::<Vec<_>>()
        };
        assert_eq!(all(7), all(7));
        let mut different = all(7);
        different.sort();
        different.dedup();
        // So small files have few mutants.
        assert!(different.len() > 70, "{}", different.len());
    }

    #[test]
    fn parts_are_found_in_every_format() {
        assert_eq!(parts(b"\x89PNG\r\n\x1a\n\0\0\0\x04IHDRabcd....\0\0\0\0IEND...."), [8..24, 24..36]);
        assert_eq!(parts(b"\xFF\xD8\xFF\xE0\0\x02\xFF\xDA\0\x02ab\xFF\xD9"), [2..6, 6..12, 12..14]);
        assert_eq!(parts(b"RIFF....WEBPVP8 \x03\0\0\0abc\0ALPH\0\0\0\0"), [12..24, 24..32]);
        let heic = b"\0\0\0\x08ftyp\0\0\0\x14meta\0\0\0\0\0\0\0\x08free\0\0\0\x09mdata";
        assert_eq!(parts(heic), [0..8, 20..28, 8..28, 28..37]);
        assert_eq!(parts(b"anything"), vec![Range { start: 0, end: 8 }]);
    }
}
