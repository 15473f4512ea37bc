//! Puts decoded pixels on white paper, and averages a far larger picture down: in the memory in which they are.

use image::RgbImage;

use super::over_white;

/// Pixels of eight bits a channel: grey or colours, each with alpha or without.
pub(super) struct Pixels {
    pub(super) bytes: Vec<u8>,
    pub(super) width: u32,
    pub(super) height: u32,
    /// 1 to 4; with 2 and 4 the last one is alpha.
    pub(super) channels: usize,
}

/// What is left of a picture that is put on paper with a longer side of `side` pixels at most, while it gets its colours.
///
/// # Units
/// Bytes.
pub(super) fn paper_bytes(width: u32, height: u32, side: u32) -> u64 {
    let divisor = divisor(width, height, side);
    // Three colours, and beside them the grey of which they are made.
    u64::from(width.div_ceil(divisor)) * u64::from(height.div_ceil(divisor)) * 4
}

/// The picture on white paper, of whole pixels averaged to a longer side of `side` pixels at most; nothing if pixels are
/// missing.
pub(super) fn on_paper(pixels: Pixels, side: u32) -> Option<RgbImage> {
    let Pixels { bytes, width, height, channels } = pixels;
    let divisor = divisor(width, height, side);
    let (small_width, small_height) = (width.div_ceil(divisor), height.div_ceil(divisor));
    let [width, height, divisor] = [width, height, divisor].map(|number| usize::try_from(number).unwrap_or(usize::MAX));
    if bytes.len() != width.checked_mul(height)?.checked_mul(channels)? {
        return None;
    }
    let coloured = match channels {
        1 => coloured(&averaged::<1, 1>(bytes, (width, height), divisor)),
        2 => coloured(&averaged::<2, 1>(bytes, (width, height), divisor)),
        3 => averaged::<3, 3>(bytes, (width, height), divisor),
        _ => averaged::<4, 3>(bytes, (width, height), divisor),
    };
    RgbImage::from_raw(small_width, small_height, coloured)
}

/// How many pixels of each side become one.
fn divisor(width: u32, height: u32, side: u32) -> u32 {
    width.max(height).div_ceil(side.max(1)).max(1)
}

/// Averages blocks of pixels; the result stands where its sources were, which are read before.
fn averaged<const CHANNELS: usize, const COLOURS: usize>(
    mut bytes: Vec<u8>,
    (width, height): (usize, usize),
    divisor: usize,
) -> Vec<u8> {
    if divisor == 1 && CHANNELS == COLOURS {
        return bytes;
    }
    let mut sums = vec![[0_u32; COLOURS]; width.div_ceil(divisor)];
    let mut written = 0;
    for top in (0..height).step_by(divisor) {
        sums.fill([0; COLOURS]);
        let rows = divisor.min(height - top);
        let block = bytes.get(top * width * CHANNELS..(top + rows) * width * CHANNELS).unwrap_or_default();
        for row in block.chunks_exact(width * CHANNELS) {
            let (dots, _) = row.as_chunks::<CHANNELS>();
            for (sum, dots) in sums.iter_mut().zip(dots.chunks(divisor)) {
                for dot in dots {
                    let colours = on_white::<CHANNELS, COLOURS>(dot);
                    sum.iter_mut().zip(colours).for_each(|(sum, colour)| *sum += u32::from(colour));
                }
            }
        }
        let (targets, _) = bytes.get_mut(written..).unwrap_or_default().as_chunks_mut::<COLOURS>();
        for (column, (target, sum)) in targets.iter_mut().zip(&sums).enumerate() {
            let dots = u32::try_from(rows * divisor.min(width - column * divisor)).unwrap_or(u32::MAX);
            *target = sum.map(|sum| u8::try_from((sum + dots / 2) / dots).unwrap_or(u8::MAX));
        }
        written += sums.len() * COLOURS;
    }
    bytes.truncate(written);
    bytes.shrink_to_fit();
    bytes
}

fn on_white<const CHANNELS: usize, const COLOURS: usize>(dot: &[u8; CHANNELS]) -> [u8; COLOURS] {
    let alpha = if CHANNELS > COLOURS { dot.last().copied().unwrap_or(u8::MAX) } else { u8::MAX };
    let mut colours = [0; COLOURS];
    colours.iter_mut().zip(dot).for_each(|(colour, channel)| *colour = over_white(*channel, alpha));
    colours
}

/// Grey in three colours.
fn coloured(grey: &[u8]) -> Vec<u8> {
    let mut colours = vec![0; grey.len() * 3];
    colours.as_chunks_mut::<3>().0.iter_mut().zip(grey).for_each(|(colours, grey)| *colours = [*grey; 3]);
    colours
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8], (width, height): (u32, u32), channels: usize, side: u32) -> Option<((u32, u32), Vec<u8>)> {
        let picture = on_paper(Pixels { bytes: bytes.to_vec(), width, height, channels }, side)?;
        Some((picture.dimensions(), picture.into_raw()))
    }

    #[test]
    fn each_kind_of_pixels_ends_in_colours_on_white() {
        assert_eq!(shown(&[7, 9], (2, 1), 1, 2), Some(((2, 1), vec![7, 7, 7, 9, 9, 9])));
        assert_eq!(shown(&[7, 255, 9, 0], (2, 1), 2, 2), Some(((2, 1), vec![7, 7, 7, 255, 255, 255])));
        assert_eq!(shown(&[1, 2, 3, 4, 5, 6], (1, 2), 3, 2), Some(((1, 2), vec![1, 2, 3, 4, 5, 6])));
        let clear = [10, 20, 30, 255, 10, 20, 30, 0, 0, 0, 0, 128];
        assert_eq!(shown(&clear, (3, 1), 4, 3), Some(((3, 1), vec![10, 20, 30, 255, 255, 255, 127, 127, 127])));
        assert_eq!(shown(&[1, 2, 3], (2, 1), 3, 2), None, "too few");
    }

    #[test]
    fn a_larger_picture_is_averaged_block_by_block_also_at_its_edges() {
        // 5 by 3 pixels to blocks of 2 by 2: the last column and the last row have less.
        let grey = [0, 2, 10, 20, 5, 4, 6, 30, 40, 7, 1, 3, 8, 8, 9];
        let expected = [3, 25, 6, 2, 8, 9];
        let colours = |grey: &[u8]| grey.iter().flat_map(|grey| [*grey; 3]).collect::<Vec<_>>();
        assert_eq!(shown(&grey, (5, 3), 1, 3), Some(((3, 2), colours(&expected))));
        assert_eq!(shown(&colours(&grey), (5, 3), 3, 3), Some(((3, 2), colours(&expected))));
        let opaque: Vec<u8> = grey.iter().flat_map(|grey| [*grey, *grey, *grey, 255]).collect();
        assert_eq!(shown(&opaque, (5, 3), 4, 3), Some(((3, 2), colours(&expected))));
    }

    #[test]
    fn what_is_left_on_paper_is_bounded_by_its_side() {
        assert_eq!(paper_bytes(3_200, 3_200, 3_200), 4 * 3_200 * 3_200);
        assert_eq!(paper_bytes(3_201, 3_200, 3_200), 4 * 1_601 * 1_600);
        assert_eq!(paper_bytes(16_000, 1, 3_200), 4 * 3_200);
    }
}
