//! Shrinks a decoded picture before it gets its colours: the mean of each block of samples.

use heifer::heifer_hevc_dec::recon::Frame;

/// A part of a plane: how long its rows are, and how much of them is looked at.
struct Plane<'a> {
    samples: &'a [u16],
    stride: u32,
    width: u32,
    height: u32,
}

/// Shrinks the upper left `width` x `height` pixels of a picture by a whole number; what lies outside of them counts for
/// nothing.
pub(super) fn averaged(frame: Frame, (width, height): (u32, u32), divisor: u32) -> Frame {
    if divisor <= 1 {
        return frame;
    }
    // Pixels for each sample of colour.
    let (across, down) = match frame.chroma_format {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    };
    let (chroma_width, chroma_height) = (width.div_ceil(across * divisor), height.div_ceil(down * divisor));
    let mut small = Frame { planes: Default::default(), ..frame };
    let planes = frame.planes.iter().zip(frame.widths).zip(frame.heights).enumerate();
    for (number, ((samples, stride), rows)) in planes {
        let (part, size) = if number == 0 {
            ((width, height), (chroma_width * across, chroma_height * down))
        } else {
            ((width.div_ceil(across), height.div_ceil(down)), (chroma_width, chroma_height))
        };
        if stride == 0 {
            continue;
        }
        let plane = Plane { samples, stride, width: part.0.min(stride), height: part.1.min(rows) };
        let targets = small.planes.iter_mut().zip(&mut small.widths).zip(&mut small.heights);
        for ((target, target_width), target_height) in targets.skip(number).take(1) {
            *target = plane.averaged(size, divisor);
            (*target_width, *target_height) = size;
        }
    }
    small
}

impl Plane<'_> {
    /// Means of blocks; where a block would lie outside, the one beside it stands again.
    fn averaged(&self, (width, height): (u32, u32), divisor: u32) -> Vec<u16> {
        let size = |side: u32| usize::try_from(side).unwrap_or(usize::MAX);
        let (stride, width, height, block) = (size(self.stride), size(width), size(height), size(divisor));
        let rows: Vec<&[u16]> = self
            .samples
            .chunks_exact(stride)
            .take(size(self.height))
            .filter_map(|row| row.get(..size(self.width)))
            .collect();
        let mut means = Vec::with_capacity(width.saturating_mul(height));
        let mut last = Vec::new();
        for rows in rows.chunks(block).take(height) {
            last = block_means(rows, block);
            let beside = last.last().copied().unwrap_or_default();
            last.resize(width, beside);
            means.extend_from_slice(&last);
        }
        while means.len() < width.saturating_mul(height) && !last.is_empty() {
            means.extend_from_slice(&last);
        }
        means
    }
}

fn block_means(rows: &[&[u16]], block: usize) -> Vec<u16> {
    let width = rows.first().map_or(0, |row| row.len());
    let mut sums = vec![0_u32; width.div_ceil(block)];
    for row in rows {
        for (sum, samples) in sums.iter_mut().zip(row.chunks(block)) {
            *sum += samples.iter().copied().map(u32::from).sum::<u32>();
        }
    }
    let across = (0..sums.len()).map(|number| block.min(width - number * block));
    let mean = |sum: u32, across: usize| {
        let count = u32::try_from(across * rows.len()).unwrap_or(u32::MAX).max(1);
        u16::try_from((sum + count / 2) / count).unwrap_or(u16::MAX)
    };
    sums.iter().zip(across).map(|(sum, across)| mean(*sum, across)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(chroma_format: u8, widths: [u32; 3], heights: [u32; 3]) -> Frame {
        let samples = |plane: usize| {
            let count = widths[plane] * heights[plane];
            (0..count).map(|at| u16::try_from(at % widths[plane] + 100 * (at / widths[plane])).unwrap()).collect()
        };
        Frame {
            widths,
            heights,
            planes: [samples(0), samples(1), samples(2)],
            bit_depth: [12, 12],
            chroma_format,
            full_range: true,
            matrix_coeffs: 6,
        }
    }

    #[test]
    fn each_sample_is_the_mean_of_its_block() {
        let small = averaged(frame(1, [8, 4, 4], [4, 2, 2]), (8, 4), 2);
        assert_eq!((small.widths, small.heights), ([4, 2, 2], [2, 1, 1]));
        assert_eq!(small.planes[0], [51, 53, 55, 57, 251, 253, 255, 257]);
        assert_eq!(small.planes[1], [51, 53]);
    }

    #[test]
    fn what_is_outside_counts_for_nothing_and_colours_stay_in_step() {
        // Of ten columns nine are shown: five of luma, three of chroma, which makes six of luma.
        let small = averaged(frame(1, [10, 5, 5], [4, 2, 2]), (9, 3), 2);
        assert_eq!((small.widths, small.heights), ([6, 3, 3], [2, 1, 1]));
        assert_eq!(small.planes[0], [51, 53, 55, 57, 58, 58, 201, 203, 205, 207, 208, 208]);
        assert_eq!(small.planes[1], [51, 53, 54]);
    }

    #[test]
    fn other_kinds_of_colour_and_none() {
        let wide = averaged(frame(2, [8, 4, 4], [4, 4, 4]), (8, 4), 4);
        assert_eq!((wide.widths, wide.heights), ([2, 1, 1], [1, 1, 1]));
        let full = averaged(frame(3, [8, 8, 8], [4, 4, 4]), (8, 4), 4);
        assert_eq!((full.widths, full.heights), ([2, 2, 2], [1, 1, 1]));
        let grey = averaged(frame(0, [8, 0, 0], [4, 0, 0]), (8, 4), 4);
        assert_eq!((grey.widths, grey.heights), ([2, 0, 0], [1, 0, 0]));
        assert!(grey.planes[1].is_empty());
    }

    #[test]
    fn nothing_is_done_by_one() {
        assert_eq!(averaged(frame(1, [8, 4, 4], [4, 2, 2]), (7, 3), 1), frame(1, [8, 4, 4], [4, 2, 2]));
    }
}
