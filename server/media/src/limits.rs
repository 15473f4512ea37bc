//! The bounds under which a picture is decoded, with their defaults.
//!
//! Owns the numbers and their reasons; it must not know how a picture is decoded.

/// Largest accepted photo.
///
/// # Units
/// Bytes (40 MiB).
/// # Source
/// Limits table, row "photo bytes": a 48 megapixel JPEG or HEIC fits.
pub const MAX_BYTES: usize = 40 * 1024 * 1024;

/// Longest side of a picture that is still decoded.
///
/// # Units
/// Pixels.
/// # Source
/// Limits table, row "photo pixels".
pub const MAX_SIDE_PX: u32 = 16_000;

/// Most pixels of a picture that shrinks while it is decoded: a JPEG whose scans need not be put together, a HEIC in tiles.
///
/// # Units
/// Pixels (120 megapixels).
/// # Source
/// Limits table, row "photo pixels".
pub const MAX_PIXELS: u64 = 120_000_000;

/// Most pixels of a picture that has to be decoded at full size: PNG, WebP, progressive JPEG and HEIC in one piece.
///
/// # Units
/// Pixels (50 megapixels).
/// # Source
/// Limits table, row "photo pixels": "50 Mpx where the decoder cannot scale".
pub const MAX_PIXELS_UNSCALED: u64 = 50_000_000;

/// Most scans of a JPEG.
///
/// A file of 38 kB with a thousand scans keeps a decoder busy for a minute.
/// # Source
/// Limits table, row "photo pixels": "100 progressive scans".
pub const MAX_SCANS: usize = 100;

/// Most pixels that the scans of a progressive JPEG go over together.
///
/// A scan of a few bytes costs its decoder as much as a full one. Encoders write about ten: of the largest picture whose
/// coefficients may be kept, 20 are allowed.
///
/// # Units
/// Pixels (640 megapixels).
/// # Source
/// Limits of photos: 20 s of a processor; at a third of a microsecond for 64 pixels this takes about four.
pub const MAX_SCANNED_PIXELS: u64 = 640_000_000;

/// Most memory that a decoder may take for what stands beside the pixels of a PNG, such as a colour profile.
///
/// # Units
/// Bytes (16 MiB).
/// # Source
/// What campaign goal S6 leaves beside the pixels and the photo; profiles and comments of cameras have kilobytes.
pub const MAX_BESIDE_BYTES: u64 = 16 * 1024 * 1024;

/// Most memory that a decoder may take for one picture.
///
/// Holds the largest allowed picture at four bytes a pixel; deeper pixels or the coefficient store of a progressive
/// JPEG make the allowed picture smaller.
/// # Units
/// Bytes (192 MiB).
/// # Source
/// Campaign goal S6 allows a peak of 256 MiB, of which up to 40 MiB are the photo itself; the default of the `image`
/// crate, 512 MiB, would break it.
pub const MAX_ALLOC_BYTES: u64 = 192 * 1024 * 1024;

/// The bounds of one decoding, as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest photo in bytes; see [`MAX_BYTES`].
    pub max_bytes: usize,
    /// Longest side in pixels; see [`MAX_SIDE_PX`].
    pub max_side_px: u32,
    /// Most pixels of any picture; see [`MAX_PIXELS`].
    pub max_pixels: u64,
    /// Most pixels decoded at full size; see [`MAX_PIXELS_UNSCALED`].
    pub max_pixels_unscaled: u64,
    /// Most scans of a JPEG; see [`MAX_SCANS`].
    pub max_scans: usize,
    /// Most pixels that all scans of a JPEG go over; see [`MAX_SCANNED_PIXELS`].
    pub max_scanned_pixels: u64,
    /// Most decoder memory in bytes; see [`MAX_ALLOC_BYTES`].
    pub max_alloc_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: MAX_BYTES,
            max_side_px: MAX_SIDE_PX,
            max_pixels: MAX_PIXELS,
            max_pixels_unscaled: MAX_PIXELS_UNSCALED,
            max_scans: MAX_SCANS,
            max_scanned_pixels: MAX_SCANNED_PIXELS,
            max_alloc_bytes: MAX_ALLOC_BYTES,
        }
    }
}
