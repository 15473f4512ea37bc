//! Memory that serves for one photo after the other.
//!
//! Owns what is kept between two photos; it must not know what a buffer is for. To take pages from the system and give them
//! back for each photo costs as much as to shrink it (`docs/BENCHMARKS.md`).

use fast_image_resize::Resizer;
use image::RgbImage;

/// Buffers that are kept at most; a photo needs no more at once that are worth it.
const MOST_SPARE: usize = 4;

/// Memory for one photo at a time, kept for the next one; nothing of a photo is seen in another.
#[derive(Debug, Default)]
pub struct Workspace {
    pub(crate) resizer: Resizer,
    /// The smallest first.
    spare: Vec<Vec<u8>>,
}

impl Workspace {
    /// How much memory is kept.
    ///
    /// # Units
    /// Bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let spare: usize = self.spare.iter().map(Vec::capacity).sum();
        u64::try_from(spare.saturating_add(self.resizer.size_of_internal_buffers())).unwrap_or(u64::MAX)
    }

    /// A buffer of so many bytes, all of them zero: the smallest spare one that has room.
    ///
    /// Where none has, the largest goes: what is kept does not add to what is needed.
    pub(crate) fn buffer(&mut self, bytes: usize) -> Vec<u8> {
        let fits = self.spare.partition_point(|spare| spare.capacity() < bytes);
        if fits == self.spare.len() {
            self.spare.pop();
            return vec![0; bytes];
        }
        let mut buffer = self.spare.remove(fits);
        buffer.clear();
        buffer.resize(bytes, 0);
        buffer
    }

    /// A black picture.
    pub(crate) fn picture(&mut self, width: u32, height: u32) -> RgbImage {
        let bytes = 3 * u64::from(width) * u64::from(height);
        let buffer = self.buffer(usize::try_from(bytes).unwrap_or(usize::MAX));
        RgbImage::from_raw(width, height, buffer).unwrap_or_else(|| RgbImage::new(width, height))
    }

    /// Keeps a buffer that is needed no more; of too many the largest goes.
    pub(crate) fn give_back(&mut self, buffer: Vec<u8>) {
        let place = self.spare.partition_point(|spare| spare.capacity() < buffer.capacity());
        self.spare.insert(place, buffer);
        if self.spare.len() > MOST_SPARE {
            self.spare.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(workspace: &Workspace) -> Vec<usize> {
        workspace.spare.iter().map(Vec::capacity).collect()
    }

    #[test]
    fn the_smallest_buffer_with_room_serves_again_and_shows_nothing_of_before() {
        let mut workspace = Workspace::default();
        for bytes in [30, 10, 20] {
            workspace.give_back(vec![7; bytes]);
        }
        assert_eq!((kept(&workspace), workspace.bytes()), (vec![10, 20, 30], 60));
        assert_eq!(workspace.buffer(15), [0; 15]);
        assert_eq!(kept(&workspace), [10, 30]);
    }

    #[test]
    fn what_is_too_small_makes_room_for_what_is_needed() {
        let mut workspace = Workspace::default();
        workspace.give_back(vec![7; 10]);
        workspace.give_back(vec![7; 20]);
        assert_eq!(workspace.buffer(25).len(), 25);
        assert_eq!(kept(&workspace), [10]);
    }

    #[test]
    fn no_more_is_kept_than_a_photo_needs() {
        let mut workspace = Workspace::default();
        for bytes in [50, 10, 40, 20, 30] {
            workspace.give_back(vec![7; bytes]);
        }
        assert_eq!(kept(&workspace), [10, 20, 30, 40]);
    }
}
