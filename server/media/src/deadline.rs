//! The end of the time that one picture may take.
//!
//! Owns the flag and the reader that obeys it; it must not know a clock: who has one raises the flag.

use std::io::{BufRead, Cursor, Error, Read, Result, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::NoPreview;

/// Says whether the time for a picture is over; clones share the answer.
///
/// The work on a picture cannot be stopped from outside. It looks at its deadline whenever it reads on in the file and
/// between its steps.
///
/// # Examples
/// ```
/// use doorstep_media::{Deadline, Limits, NoPreview, ingest};
///
/// let mut photo = std::io::Cursor::new(Vec::new());
/// image::RgbImage::new(8, 8).write_to(&mut photo, image::ImageFormat::Jpeg)?;
/// let deadline = Deadline::default();
/// deadline.expire();
/// assert_eq!(ingest(photo.get_ref(), &Limits::default(), &deadline), Err(NoPreview::TooSlow));
/// # Ok::<(), image::ImageError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Deadline {
    is_over: Arc<AtomicBool>,
}

impl Deadline {
    /// Ends the time; the work stops at its next look.
    pub fn expire(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Returns whether the time is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Fails once the time is over.
    pub(crate) fn check(&self) -> std::result::Result<(), NoPreview> {
        if self.is_over() { Err(NoPreview::TooSlow) } else { Ok(()) }
    }
}

/// Hands a file to a decoder in pieces, and fails between them once the time is over.
pub(crate) struct DeadlineReader<'a> {
    file: Cursor<&'a [u8]>,
    deadline: &'a Deadline,
}

/// The most that is handed out between two looks at the deadline.
///
/// # Units
/// Bytes.
const PIECE_BYTES: usize = 64 * 1024;

impl<'a> DeadlineReader<'a> {
    pub(crate) fn new(file: &'a [u8], deadline: &'a Deadline) -> Self {
        Self { file: Cursor::new(file), deadline }
    }

    #[inline]
    fn look(&self) -> Result<()> {
        if self.deadline.is_over() { Err(Error::other("the time is over")) } else { Ok(()) }
    }
}

impl Read for DeadlineReader<'_> {
    fn read(&mut self, target: &mut [u8]) -> Result<usize> {
        self.look()?;
        let room = target.len().min(PIECE_BYTES);
        self.file.read(target.get_mut(..room).unwrap_or_default())
    }

    // A decoder that asks for a byte at a time comes here millions of times, and what is there already costs no time.
    #[inline]
    fn read_exact(&mut self, target: &mut [u8]) -> Result<()> {
        self.look()?;
        self.file.read_exact(target)
    }
}

impl BufRead for DeadlineReader<'_> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        self.look()?;
        let rest = self.file.fill_buf()?;
        Ok(rest.get(..PIECE_BYTES).unwrap_or(rest))
    }

    fn consume(&mut self, amount: usize) {
        self.file.consume(amount);
    }
}

impl Seek for DeadlineReader<'_> {
    fn seek(&mut self, position: SeekFrom) -> Result<u64> {
        self.look()?;
        self.file.seek(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_reads_on_is_told_that_the_time_is_over_however_he_reads() {
        let deadline = Deadline::default();
        let mut reader = DeadlineReader::new(b"four", &deadline);
        let mut byte = [0];
        reader.read_exact(&mut byte).expect("the first byte");
        assert_eq!((byte, reader.fill_buf().expect("the rest")), (*b"f", b"our".as_slice()));
        deadline.expire();
        assert!(reader.read(&mut byte).is_err() && reader.read_exact(&mut byte).is_err() && reader.fill_buf().is_err());
    }
}
