//! What a lossless WebP makes its decoder hold beside pixels: tables of prefix codes, of which a few bytes may declare
//! sixty-five thousand groups.
//!
//! Owns the walk over the stream up to its pixels; it must not know the container. Nothing of a picture is kept: of the
//! small pictures in front of it only the length in bits counts, and of one of them the largest number.
//!
//! # Source
//! RFC 9649, section 3 (WebP lossless bitstream); the sizes are those of `image-webp` 0.2.

/// Sizes of the alphabets of a group: green with lengths, red, blue, alpha, distances.
const ALPHABETS: [usize; 5] = [256 + 24, 256, 256, 256, 40];

/// Order in which the lengths of the code of lengths are stored.
const LENGTH_ORDER: [usize; 19] = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Longest prefix code in bits.
const LONGEST: usize = 15;

/// Bits by which the decoder looks a code up at once; what is longer becomes a tree.
const LOOKED_UP: usize = 10;

/// What the decoder keeps of a code beside its entries, with what its lists of codes grow by.
///
/// # Units
/// Bytes.
const BESIDE_A_CODE: u64 = 256;

/// A picture of a stream that is not shown itself: what it takes, in bytes a pixel, with its numbers.
const BYTES_A_BLOCK: u64 = 6;

/// Estimates what a decoder holds beside the pixels of a stream, from behind the header of its picture on; stops once that
/// is more than `limit`.
///
/// What cannot be read counts as far as it could: there the decoder ends, too.
///
/// # Units
/// Bytes.
pub(crate) fn memory_beside(stream: &[u8], (width, height): (u32, u32), limit: u64) -> u64 {
    let mut walk = Walk { bits: Bits { bytes: stream, at: 0 }, memory: 0, limit };
    let _ = walk.stream(width, height);
    walk.memory
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// The next bits as a number, the first one lowest; nothing at the end.
    fn take(&mut self, count: usize) -> Option<usize> {
        (self.at + count <= self.bytes.len().saturating_mul(8)).then_some(())?;
        let rest = self.bytes.get(self.at / 8..).unwrap_or_default();
        let window = rest.iter().take(8).rev().fold(0_u64, |window, byte| (window << 8) | u64::from(*byte));
        let number = (window >> (self.at % 8)) & ((1 << count) - 1);
        self.at += count;
        usize::try_from(number).ok()
    }
}

/// A prefix code.
enum Code {
    /// Of one symbol, which takes no bits.
    Single(usize),
    /// How many symbols there are of each length, and all of them in order.
    Many { counts: [usize; LONGEST + 1], symbols: Vec<usize> },
}

impl Code {
    /// The code of lengths, zero for symbols that are not used; nothing if it leaves a gap or overlaps.
    fn of(lengths: &[usize]) -> Option<Self> {
        let mut used: Vec<(usize, usize)> = lengths
            .iter()
            .copied()
            .enumerate()
            .filter(|(_, length)| *length > 0)
            .map(|(at, length)| (length, at))
            .collect();
        if let [(_, only)] = used.as_slice() {
            return Some(Self::Single(*only));
        }
        used.sort_unstable();
        let mut counts = [0; LONGEST + 1];
        for (length, _) in &used {
            *counts.get_mut(*length)? += 1;
        }
        let filled: usize = used.iter().map(|(length, _)| 1 << (LONGEST - length)).sum();
        (filled == 1 << LONGEST).then_some(())?;
        Some(Self::Many { counts, symbols: used.into_iter().map(|(_, symbol)| symbol).collect() })
    }

    fn read(&self, bits: &mut Bits<'_>) -> Option<usize> {
        let (counts, symbols) = match self {
            Self::Single(symbol) => return Some(*symbol),
            Self::Many { counts, symbols } => (counts, symbols),
        };
        let (mut code, mut first, mut before) = (0, 0, 0);
        for count in counts.iter().skip(1) {
            code |= bits.take(1)?;
            if code < first + count {
                return symbols.get(before + code - first).copied();
            }
            before += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }

    /// What its decoder keeps: entries of four bytes, and nodes of sixteen, of which it takes two for each symbol that is
    /// not found at once.
    fn memory(&self) -> u64 {
        let Self::Many { counts, .. } = self else { return BESIDE_A_CODE };
        let longest = counts.iter().rposition(|count| *count > 0).unwrap_or(0);
        let nodes: usize = counts.iter().skip(LOOKED_UP + 1).map(|count| 2 * count).sum();
        let entries = 1_usize << longest.min(LOOKED_UP);
        BESIDE_A_CODE.saturating_add(u64::try_from(4 * entries + 16 * nodes).unwrap_or(u64::MAX))
    }
}

struct Walk<'a> {
    bits: Bits<'a>,
    memory: u64,
    limit: u64,
}

impl Walk<'_> {
    fn hold(&mut self, bytes: u64) -> Option<()> {
        self.memory = self.memory.saturating_add(bytes);
        (self.memory <= self.limit).then_some(())
    }

    /// Transforms, each with a small picture, and then the codes of the picture itself.
    fn stream(&mut self, width: u32, height: u32) -> Option<()> {
        let mut width = width;
        while self.bits.take(1)? == 1 {
            match self.bits.take(2)? {
                0 | 1 => {
                    self.blocks(width, height)?;
                }
                3 => {
                    let colours = self.bits.take(8)? + 1;
                    self.picture(colours)?;
                    let shared = match colours {
                        ..=2 => 3,
                        3..=4 => 2,
                        5..=16 => 1,
                        _ => 0,
                    };
                    width = width.div_ceil(1 << shared);
                }
                _ => {}
            }
        }
        let cached = self.cached_colours()?;
        let groups = if self.bits.take(1)? == 1 { self.blocks(width, height)? + 1 } else { 1 };
        for _ in 0..groups {
            for number in 0..ALPHABETS.len() {
                let code = self.code(number, cached)?;
                self.hold(code.memory())?;
            }
        }
        Some(())
    }

    /// A picture with a pixel for each block of the shown one; returns the largest of its numbers.
    fn blocks(&mut self, width: u32, height: u32) -> Option<usize> {
        let side = 1_u32 << (self.bits.take(3)? + 2);
        let blocks = u64::from(width.div_ceil(side)) * u64::from(height.div_ceil(side));
        self.hold(blocks.saturating_mul(BYTES_A_BLOCK))?;
        self.picture(usize::try_from(blocks).ok()?)
    }

    fn cached_colours(&mut self) -> Option<usize> {
        if self.bits.take(1)? == 0 {
            return Some(0);
        }
        let bits = self.bits.take(4)?;
        (1..=11).contains(&bits).then_some(1 << bits)
    }

    /// Reads over a small picture; returns the largest number in red and green. What is copied or remembered has been
    /// written out before.
    fn picture(&mut self, pixels: usize) -> Option<usize> {
        let cached = self.cached_colours()?;
        let mut codes = Vec::new();
        for number in 0..ALPHABETS.len() {
            codes.push(self.code(number, cached)?);
        }
        let [green, red, blue, alpha, distance] = codes.as_slice() else { return None };
        if let [Code::Single(low @ ..256), Code::Single(high), Code::Single(_), Code::Single(_), _] = codes.as_slice() {
            return Some(high << 8 | low);
        }
        let (mut done, mut largest) = (0, 0);
        while done < pixels {
            let symbol = green.read(&mut self.bits)?;
            if symbol < 256 {
                let number = (red.read(&mut self.bits)? << 8) | symbol;
                blue.read(&mut self.bits)?;
                alpha.read(&mut self.bits)?;
                largest = largest.max(number);
                done += 1;
            } else if symbol < 256 + 24 {
                done += self.distance(symbol - 256)?;
                let prefix = distance.read(&mut self.bits)?;
                self.distance(prefix)?;
            } else {
                done += 1;
            }
        }
        Some(largest)
    }

    /// A length or a distance by its prefix.
    fn distance(&mut self, prefix: usize) -> Option<usize> {
        if prefix < 4 {
            return Some(prefix + 1);
        }
        let extra = (prefix - 2) >> 1;
        Some(((2 + (prefix & 1)) << extra) + self.bits.take(extra)? + 1)
    }

    fn code(&mut self, number: usize, cached: usize) -> Option<Code> {
        let alphabet = ALPHABETS.get(number)? + if number == 0 { cached } else { 0 };
        if self.bits.take(1)? == 0 {
            return self.stored_code(alphabet);
        }
        let is_two = self.bits.take(1)? == 1;
        let width = if self.bits.take(1)? == 1 { 8 } else { 1 };
        let first = self.bits.take(width)?;
        if !is_two {
            return Some(Code::Single(first));
        }
        let mut counts = [0; LONGEST + 1];
        *counts.get_mut(1)? = 2;
        Some(Code::Many { counts, symbols: vec![first, self.bits.take(8)?] })
    }

    /// A code whose lengths are stored, by a code of their own.
    fn stored_code(&mut self, alphabet: usize) -> Option<Code> {
        let mut of_lengths = [0; LENGTH_ORDER.len()];
        let stored = 4 + self.bits.take(4)?;
        for place in LENGTH_ORDER.iter().take(stored) {
            *of_lengths.get_mut(*place)? = self.bits.take(3)?;
        }
        let of_lengths = Code::of(&of_lengths)?;
        let mut symbols = alphabet;
        if self.bits.take(1)? == 1 {
            let width = 2 + 2 * self.bits.take(3)?;
            symbols = 2 + self.bits.take(width)?;
        }
        let (mut lengths, mut last) = (Vec::with_capacity(alphabet), 8);
        while symbols > 0 && lengths.len() < alphabet {
            symbols -= 1;
            let (length, times) = match of_lengths.read(&mut self.bits)? {
                16 => (last, 3 + self.bits.take(2)?),
                17 => (0, 3 + self.bits.take(3)?),
                18 => (0, 11 + self.bits.take(7)?),
                length => (length, 1),
            };
            last = if length > 0 { length } else { last };
            lengths.extend(std::iter::repeat_n(length, times));
        }
        (lengths.len() <= alphabet).then_some(())?;
        Code::of(&lengths)
    }
}
