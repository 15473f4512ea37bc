//! Prints of a photo: what is left of it when it is compressed, resized, cropped, stamped, mirrored or turned.
//!
//! Owns the print and its distance; it must not know which photos are compared or what a distance means.
//!
//! A print holds the signs of the 256 lowest frequencies of a picture (discrete cosine transform, without its mean).
//! Turning or mirroring a picture swaps frequencies or turns signs, so one print stands for all eight orientations.
//! Everything is integer arithmetic: equal pixels give equal prints on every machine.

use image::GrayImage;
use sync_core::photo::thresholds;

/// Side of the small picture behind a print, in dots.
const SIDE: usize = 64;

/// How many frequencies count in each direction.
const FREQUENCIES: usize = 16;

/// The windows of a photo that have a print, by what is cut off on each side.
///
/// # Units
/// Thousandths of the side.
/// # Source
/// Measured on drawn photos: with these steps every crop of up to 10 % a side stays within 45 bits of a window; with
/// steps of 5, 10 and 18 % a crop of 2 or 3 % was 54 away.
const WINDOWS_PERMILLE: [u32; 4] = [0, 30, 65, 100];

/// The print of one window: 256 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Print([u16; FREQUENCIES]);

impl Print {
    /// Size of a print as bytes.
    pub const BYTES: usize = 32;

    /// Returns how many bits of two prints differ, 0 to 256.
    #[must_use]
    pub fn distance(&self, other: &Self) -> u32 {
        self.0.iter().zip(&other.0).map(|(one, two)| (one ^ two).count_ones()).sum()
    }

    /// Returns the prints of the picture in its eight orientations, itself first.
    #[must_use]
    pub fn orientations(&self) -> [Self; 8] {
        let turned = self.transposed();
        [
            *self,
            self.mirrored(),
            self.flipped(),
            self.mirrored().flipped(),
            turned,
            turned.mirrored(),
            turned.flipped(),
            turned.mirrored().flipped(),
        ]
    }

    /// Returns the print as bytes, for storage.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        for (target, row) in bytes.as_chunks_mut::<2>().0.iter_mut().zip(self.0) {
            *target = row.to_be_bytes();
        }
        bytes
    }

    /// Reads what [`Print::to_bytes`] wrote.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let mut rows = [0; FREQUENCIES];
        for (row, bytes) in rows.iter_mut().zip(bytes.as_chunks::<2>().0) {
            *row = u16::from_be_bytes(*bytes);
        }
        Self(rows)
    }

    /// Left and right changed over: the odd horizontal frequencies change their sign.
    fn mirrored(self) -> Self {
        Self(self.0.map(|row| row ^ ODD_BITS))
    }

    /// Top and bottom changed over: the odd vertical frequencies change their sign.
    fn flipped(self) -> Self {
        let mut rows = self.0;
        for row in rows.iter_mut().step_by(2) {
            *row = !*row;
        }
        Self(rows)
    }

    /// The rows of frequencies, the lowest first; the lowest bit of each is its lowest frequency.
    pub(crate) const fn rows(self) -> [u16; FREQUENCIES] {
        self.0
    }

    /// Rows and columns changed over.
    pub(crate) fn transposed(self) -> Self {
        let mut rows = [0; FREQUENCIES];
        for (y, row) in self.0.into_iter().enumerate() {
            for (x, target) in rows.iter_mut().enumerate() {
                *target |= (row >> x & 1) << y;
            }
        }
        Self(rows)
    }
}

/// The bits of a row that stand for odd frequencies: the first bit is frequency 1.
const ODD_BITS: u16 = 0x5555;

/// The prints of one photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prints {
    /// The prints of the full frame and of three smaller windows around its middle; absent where a window shows too
    /// little to tell it from another plain wall.
    pub windows: [Option<Print>; 4],
    /// How much the full frame shows.
    ///
    /// # Units
    /// Hundredths; see [`thresholds::MIN_DETAIL`].
    pub detail_c: u32,
}

impl Prints {
    /// Returns the least distance between two photos in any orientation, also where one is cut out of the other or
    /// stands in a border; nothing where one of them shows too little.
    #[must_use]
    pub fn distance(&self, other: &Self) -> Option<u32> {
        let ([whole, crops @ ..], [other_whole, ..]) = (&self.windows, &other.windows);
        let in_others = whole.iter().flat_map(|whole| least(whole, &other.windows));
        let in_other = other_whole.iter().flat_map(|whole| least(whole, crops));
        in_others.chain(in_other).min()
    }

    /// Takes the prints of an upright picture.
    pub(crate) fn of(luma: &GrayImage) -> Self {
        let windows = WINDOWS_PERMILLE.map(|permille| Small::of(luma, Cuts::even(permille)));
        let detail_c = windows.first().map_or(0, Small::detail_c);
        Self { windows: windows.map(|small| small.print()), detail_c }
    }
}

/// What is cut off at the sides of a picture.
///
/// # Units
/// Thousandths of the side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Cuts {
    pub(crate) left: u32,
    pub(crate) right: u32,
    pub(crate) top: u32,
    pub(crate) bottom: u32,
}

impl Cuts {
    /// The same share at each side.
    pub(crate) const fn even(permille: u32) -> Self {
        Self { left: permille, right: permille, top: permille, bottom: permille }
    }

    /// The print of what is left of a picture, unless that shows too little.
    pub(crate) fn print(self, luma: &GrayImage) -> Option<Print> {
        Small::of(luma, self).print()
    }
}

/// The least distance of a print, in any orientation, to one of some windows.
pub(crate) fn least(print: &Print, windows: &[Option<Print>]) -> Option<u32> {
    let orientations = print.orientations();
    let pairs = windows.iter().flatten().flat_map(|window| orientations.iter().map(|turned| turned.distance(window)));
    pairs.min()
}

/// A window of a photo, shrunk to 64 × 64 dots.
struct Small([[i32; SIDE]; SIDE]);

impl Small {
    /// Averages what is left after the cuts.
    fn of(luma: &GrayImage, cuts: Cuts) -> Self {
        let (width, height) = luma.dimensions();
        let columns = cells(width, cuts.left, cuts.right);
        let rows = cells(height, cuts.top, cuts.bottom);
        let stride = usize::try_from(width).unwrap_or(0).max(1);
        let mut dots = [[0; SIDE]; SIDE];
        for (line, (top, bottom)) in dots.iter_mut().zip(rows) {
            let band = luma.as_raw().chunks_exact(stride).take(bottom).skip(top);
            let mut sums = [0_u32; SIDE];
            for row in band {
                for (sum, (left, right)) in sums.iter_mut().zip(columns) {
                    *sum += row.get(left..right).unwrap_or_default().iter().map(|dot| u32::from(*dot)).sum::<u32>();
                }
            }
            for ((dot, sum), (left, right)) in line.iter_mut().zip(sums).zip(columns) {
                let count = u32::try_from((right - left) * (bottom - top)).unwrap_or(1).max(1);
                *dot = i32::try_from(sum / count).unwrap_or(0);
            }
        }
        Self(dots)
    }

    /// The mean step to the right and down, in hundredths.
    fn detail_c(&self) -> u32 {
        let [rows @ .., _] = &self.0;
        let steps = rows.iter().zip(self.0.iter().skip(1)).map(|(row, below)| {
            let down = row.iter().zip(below).map(|(dot, next)| dot.abs_diff(*next));
            let right = row.iter().zip(row.iter().skip(1)).map(|(dot, next)| dot.abs_diff(*next));
            down.chain(right).sum::<u32>()
        });
        let sum: u32 = steps.sum();
        sum * 100 / (63 * 64)
    }

    fn print(&self) -> Option<Print> {
        if self.detail_c() < thresholds::MIN_DETAIL.start {
            return None;
        }
        // First along the rows, then along the columns.
        let across: Vec<[i64; FREQUENCIES]> =
            self.0.iter().map(|row| transform(row.iter().map(|dot| (*dot).into()))).collect();
        let mut rows = [0_u16; FREQUENCIES];
        for x in 0..FREQUENCIES {
            let column = across.iter().map(|line| line.get(x).copied().unwrap_or(0));
            for (row, value) in rows.iter_mut().zip(transform(column)) {
                *row |= u16::from(value > 0) << x;
            }
        }
        Some(Print(rows))
    }
}

/// The bounds of the cells along one side, of which thousandths are cut off before and after; every cell holds at least one
/// dot.
fn cells(length: u32, before: u32, after: u32) -> [(usize, usize); SIDE] {
    let length = usize::try_from(length).unwrap_or(0).max(1);
    let share = |permille: u32| length * usize::try_from(permille).unwrap_or(0) / 1000;
    let cut = share(before);
    let inner = length.saturating_sub(cut + share(after));
    std::array::from_fn(|cell| {
        let from = cut + cell * inner / SIDE;
        (from, (cut + (cell + 1) * inner / SIDE).max(from + 1))
    })
}

/// The 16 lowest frequencies of 64 values, without the mean.
///
/// # Units
/// Each step multiplies by 2^14: two of them stay below 2^48.
fn transform(values: impl Iterator<Item = i64>) -> [i64; FREQUENCIES] {
    let mut sums = [0; FREQUENCIES];
    for (place, value) in values.enumerate() {
        for (frequency, sum) in (1..).zip(&mut sums) {
            *sum += value * cosine((2 * place + 1) * frequency);
        }
    }
    sums
}

/// cos(π · `angle` / 128) · 2^14.
fn cosine(angle: usize) -> i64 {
    let angle = angle % 256;
    let half = angle.min(256 - angle);
    let quarter = |angle: usize| i64::from(QUARTER.get(angle).copied().unwrap_or(0));
    if half <= 64 { quarter(half) } else { -quarter(128 - half) }
}

/// The falling quarter of the cosine.
///
/// # Source
/// round(cos(π · i / 128) · 2^14) for i from 0 to 64, written out because `cos` differs from machine to machine.
#[rustfmt::skip]
const QUARTER: [i16; 65] = [
    16_384, 16_379, 16_364, 16_340, 16_305, 16_261, 16_207, 16_143, 16_069, 15_986, 15_893, 15_791, 15_679,
    15_557, 15_426, 15_286, 15_137, 14_978, 14_811, 14_635, 14_449, 14_256, 14_053, 13_842, 13_623, 13_395,
    13_160, 12_916, 12_665, 12_406, 12_140, 11_866, 11_585, 11_297, 11_003, 10_702, 10_394, 10_080, 9760,
    9434, 9102, 8765, 8423, 8076, 7723, 7366, 7005, 6639, 6270, 5897, 5520, 5139,
    4756, 4370, 3981, 3590, 3196, 2801, 2404, 2006, 1606, 1205, 804, 402, 0,
];
