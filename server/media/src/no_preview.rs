//! Why a stored picture has no preview.
//!
//! Owns the reasons and their stable codes; it must not know who shows them.

/// The reason why a picture is kept as it is, without a preview.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoPreview {
    /// The bytes are none of the formats with previews: something else, or a HEIF that is no still picture by HEVC.
    #[error("no preview is made for {media_type}")]
    Format {
        /// What the magic bytes say.
        media_type: &'static str,
    },
    /// The file is larger than a photo may be.
    #[error("the file has {actual} bytes, {limit} are allowed")]
    TooManyBytes {
        /// Size of the file in bytes.
        actual: usize,
        /// Largest allowed size in bytes.
        limit: usize,
    },
    /// The header declares no usable size: zero, or it ends too early.
    #[error("the header does not say how large the picture is")]
    NoSize,
    /// One side is longer than allowed.
    #[error("the longer side has {actual} pixels, {limit} are allowed")]
    SideTooLong {
        /// The longer side in pixels.
        actual: u32,
        /// Longest allowed side in pixels.
        limit: u32,
    },
    /// The picture has more pixels than allowed.
    #[error("the picture has {actual} pixels, {limit} are allowed")]
    TooManyPixels {
        /// Width times height.
        actual: u64,
        /// Most allowed pixels.
        limit: u64,
    },
    /// A progressive JPEG repeats its scans too often.
    #[error("the picture has more than {limit} scans")]
    TooManyScans {
        /// Most allowed scans.
        limit: usize,
    },
    /// Decoding would take more memory than allowed.
    #[error("decoding would take more than {limit} bytes of memory")]
    TooMuchMemory {
        /// Most allowed memory in bytes.
        limit: u64,
    },
    /// The time for the picture was over before the work was done.
    #[error("the picture took too long")]
    TooSlow,
    /// The decoder refused the content: truncated, inconsistent or of an unsupported kind.
    #[error("the picture cannot be decoded: {reason}")]
    Damaged {
        /// The decoder's own words, for the log.
        reason: String,
    },
    /// The decoder panicked and was stopped; the original is untouched.
    #[error("the decoder gave up on the picture")]
    DecoderPanicked,
    /// The decoded picture could not be written as JPEG.
    #[error("the preview cannot be written: {reason}")]
    NotEncoded {
        /// The encoder's own words, for the log.
        reason: String,
    },
}

impl NoPreview {
    /// A copy that cannot be made or written, and why.
    pub(crate) fn not_encoded(reason: impl ToString) -> Self {
        Self::NotEncoded { reason: reason.to_string() }
    }

    /// Returns the stable code of the reason, for findings and logs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Format { .. } => "format",
            Self::TooManyBytes { .. } => "too_many_bytes",
            Self::NoSize => "no_size",
            Self::SideTooLong { .. } => "side_too_long",
            Self::TooManyPixels { .. } => "too_many_pixels",
            Self::TooManyScans { .. } => "too_many_scans",
            Self::TooMuchMemory { .. } => "too_much_memory",
            Self::TooSlow => "too_slow",
            Self::Damaged { .. } => "damaged",
            Self::DecoderPanicked => "decoder_panicked",
            Self::NotEncoded { .. } => "not_encoded",
        }
    }
}
