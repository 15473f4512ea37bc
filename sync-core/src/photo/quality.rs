//! How sharp and how well lit a photo is.
//!
//! Owns the measure, not the verdict. Everything is integer arithmetic, so that phone, browser and server agree on
//! equal pixels.

/// The longer side at which a photo is measured; a smaller photo is measured as it is.
///
/// # Units
/// Pixels.
/// # Source
/// Photo measurements: the start values of the limits hold for this size.
pub const SIDE_PX: u32 = 1024;

/// How many tiles a photo is cut into, in each direction.
const TILES: usize = 8;

/// The tile whose sharpness counts, once all are sorted: nine in ten are less sharp.
const PERCENTILE_90: usize = TILES * TILES * 9 / 10;

/// Sharpness and exposure of one photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quality {
    /// Sharpness of the sharper tiles: a sharp device before a soft wall is sharp.
    ///
    /// # Units
    /// Hundredths of the variance of the Laplacian in the tile at the 90th percentile of 8 × 8.
    pub sharpness_p90_c: u64,
    /// Sharpness of the whole photo.
    ///
    /// # Units
    /// Hundredths of the variance of the Laplacian.
    pub sharpness_all_c: u64,
    /// Mean brightness.
    ///
    /// # Units
    /// Hundredths of luma, 0 to 25,500.
    pub mean_luma_c: u64,
    /// Share of the dots that are nearly black.
    ///
    /// # Units
    /// Thousandths.
    pub dark_permille: u64,
    /// Share of the dots that are burnt out.
    ///
    /// # Units
    /// Thousandths.
    pub bright_permille: u64,
}

/// Measures a photo by its brightness, row by row, at a longer side of [`SIDE_PX`].
///
/// Dots beyond the last whole row are left out; without a whole row everything is zero.
#[must_use]
pub fn quality(luma: &[u8], width: usize) -> Quality {
    let rows: Vec<&[u8]> = luma.chunks_exact(width.max(1)).collect();
    let tiles = sharpness(&rows, width);
    let mut sorted: Vec<u64> = tiles.iter().map(Spread::variance_c).collect();
    sorted.sort_unstable();
    let all = tiles.iter().fold(Spread::default(), |sum, tile| sum.with(tile));
    let count = |is_meant: fn(u8) -> bool| total(rows.iter().copied().flatten().map(|dot| u64::from(is_meant(*dot))));
    let dots = total(rows.iter().map(|row| row.len().try_into().unwrap_or(0)));
    let per = |part: u64, scale: u64| (part * scale).checked_div(dots).unwrap_or(0);
    Quality {
        sharpness_p90_c: sorted.get(PERCENTILE_90).copied().unwrap_or(0),
        sharpness_all_c: all.variance_c(),
        mean_luma_c: per(total(rows.iter().copied().flatten().map(|dot| u64::from(*dot))), 100),
        dark_permille: per(count(|dot| dot < 16), 1000),
        bright_permille: per(count(|dot| dot > 250), 1000),
    }
}

fn total(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.sum()
}

/// Spreads the Laplacian of every inner dot over the tiles.
fn sharpness(rows: &[&[u8]], width: usize) -> Vec<Spread> {
    let mut tiles = vec![Spread::default(); TILES * TILES];
    for (y, window) in (1..).zip(rows.windows(3)) {
        let [above, row, below] = window else { continue };
        let line = tiles.chunks_exact_mut(TILES).nth(y * TILES / rows.len().max(1));
        for (column, tile) in line.into_iter().flatten().enumerate() {
            // The inner dots of this tile; each is looked at with its neighbours.
            let from = (column * width).div_ceil(TILES).max(1);
            let to = ((column + 1) * width).div_ceil(TILES).min(width.saturating_sub(1));
            let (Some(above), Some(row), Some(below)) =
                (above.get(from..to), row.get(from - 1..=to), below.get(from..to))
            else {
                continue;
            };
            tile.add(above, row, below);
        }
    }
    tiles
}

/// What a variance is made of.
#[derive(Debug, Clone, Copy, Default)]
struct Spread {
    count: u64,
    sum: i64,
    squares: u64,
}

impl Spread {
    /// Adds the Laplacian of one stretch of a row; `row` reaches one dot further on both sides.
    fn add(&mut self, above: &[u8], row: &[u8], below: &[u8]) {
        for ((above, middle), below) in above.iter().zip(row.windows(3)).zip(below) {
            let &[left, centre, right] = middle else { continue };
            let around = i32::from(*above) + i32::from(*below) + i32::from(left) + i32::from(right);
            let laplacian = 4 * i32::from(centre) - around;
            self.count += 1;
            self.sum += i64::from(laplacian);
            self.squares += u64::from((laplacian * laplacian).unsigned_abs());
        }
    }

    fn with(self, other: &Self) -> Self {
        Self { count: self.count + other.count, sum: self.sum + other.sum, squares: self.squares + other.squares }
    }

    /// The variance in hundredths, rounded down.
    fn variance_c(&self) -> u64 {
        let (count, sum) = (u128::from(self.count), u128::from(self.sum.unsigned_abs()));
        let scaled = (count * u128::from(self.squares)).saturating_sub(sum * sum) * 100;
        scaled.checked_div(count * count).and_then(|variance| u64::try_from(variance).ok()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 64 × 48 dots, each made from its place.
    fn photo(dot: impl Fn(usize, usize) -> u8) -> Quality {
        let luma: Vec<u8> = (0..48).flat_map(|y| (0..64).map(move |x| (x, y))).map(|(x, y)| dot(x, y)).collect();
        quality(&luma, 64)
    }

    #[test]
    fn a_plain_wall_has_brightness_and_no_sharpness() {
        let expected = Quality { mean_luma_c: 12_000, ..Quality::default() };
        assert_eq!(photo(|_, _| 120), expected);
    }

    #[test]
    fn black_and_burnt_out_dots_are_counted() {
        let half = photo(|x, _| if x < 32 { 15 } else { 251 });
        assert_eq!((half.dark_permille, half.bright_permille, half.mean_luma_c), (500, 500, 13_300));
        let inside = photo(|x, _| if x < 32 { 16 } else { 250 });
        assert_eq!((inside.dark_permille, inside.bright_permille), (0, 0));
    }

    #[test]
    fn a_chessboard_has_the_variance_that_can_be_worked_out_by_hand() {
        // Every dot differs from its four neighbours by 10: the Laplacian is 40 or -40, its variance 1,600.
        let board = photo(|x, y| if (x + y) % 2 == 0 { 110 } else { 100 });
        assert_eq!((board.sharpness_p90_c, board.sharpness_all_c), (160_000, 160_000));
    }

    #[test]
    fn one_sharp_eighth_makes_a_soft_photo_sharp() {
        // Seven of 64 tiles are sharp: one less than a tenth counts for the whole only.
        let sharp_rows = |rows: usize| photo(move |x, y| if y < rows * 6 && (x + y) % 2 == 0 { 140 } else { 100 });
        assert!(sharp_rows(1).sharpness_p90_c > 1_000_000, "eight sharp tiles of 64 are more than a tenth");
        assert_eq!(sharp_rows(0).sharpness_p90_c, 0);
        assert!(sharp_rows(1).sharpness_all_c < sharp_rows(1).sharpness_p90_c / 2);
    }

    #[test]
    fn no_picture_is_too_small() {
        for (luma, width) in [(&[][..], 0), (&[], 5), (&[9], 1), (&[9; 4], 2), (&[9; 9], 3), (&[9; 7], 100)] {
            assert_eq!(quality(luma, width).sharpness_all_c, 0, "{} dots, {width} wide", luma.len());
        }
    }
}
