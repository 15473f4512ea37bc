//! Draws photos: for the demo a believable picture of an installation that says in large letters which photo it is, and for
//! trying things out interiors no two of which are alike, and altered copies of a picture.
//!
//! Owns the drawing of such data only; photos of reps never pass here.
//! Everything is integer arithmetic on a seed, so that equal input gives equal bytes on every machine.

mod altered;
mod canvas;
mod dice;
mod font;
mod interior;
mod scene;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageError};

use canvas::{Canvas, Colour};

pub use altered::Alteration;
pub use interior::interior;

use crate::NoPreview;

/// JPEG quality of demo photos, 1 to 100: near that of a phone camera.
const QUALITY: u8 = 88;

/// What a demo photo shows.
///
/// # Examples
/// ```
/// use doorstep_media::draw::{DemoPhoto, draw};
///
/// let photo = DemoPhoto { seed: 7, width: 640, height: 480, title: "Optical power", lines: &["Order 209-0001"] };
/// let jpeg = draw(&photo)?;
/// assert_eq!(doorstep_media::sniff(&jpeg).dimensions, Some((640, 480)));
/// assert_eq!(draw(&photo)?, jpeg, "equal input gives equal bytes");
/// # Ok::<(), doorstep_media::draw::DrawError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct DemoPhoto<'a> {
    /// Chooses scene, colours and noise.
    pub seed: u64,
    /// Width in pixels, 64 to 4096.
    pub width: u32,
    /// Height in pixels, 64 to 4096.
    pub height: u32,
    /// The headline, usually the title of the slot. Characters outside printable ASCII are drawn as boxes.
    pub title: &'a str,
    /// Smaller lines below it, usually order number and short code.
    pub lines: &'a [&'a str],
}

/// Why a demo photo was not drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DrawError {
    /// A side is outside 64 to 4096 pixels.
    #[error("a demo photo of {width} x {height} pixels is outside 64 to 4096 a side")]
    Size {
        /// The wanted width in pixels.
        width: u32,
        /// The wanted height in pixels.
        height: u32,
    },
    /// The picture that is to be altered cannot be decoded.
    #[error("the picture cannot be decoded")]
    Source(#[source] NoPreview),
    /// The JPEG encoder refused the pixels.
    #[error("the demo photo cannot be written")]
    Encode(#[source] ImageError),
}

/// Draws a demo photo and returns it as JPEG.
///
/// # Errors
/// [`DrawError::Size`] for a size outside the allowed range, [`DrawError::Encode`] if the encoder fails.
pub fn draw(photo: &DemoPhoto<'_>) -> Result<Vec<u8>, DrawError> {
    let mut canvas = Canvas::of_size(photo.width, photo.height)?;
    scene::paint(&mut canvas, photo.seed);
    caption(&mut canvas, photo.title, photo.lines);
    canvas.jpeg()
}

fn encode(pixels: &[u8], (width, height): (u32, u32), quality: u8) -> Result<Vec<u8>, DrawError> {
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, quality)
        .encode(pixels, width, height, ExtendedColorType::Rgb8)
        .map_err(DrawError::Encode)?;
    Ok(jpeg)
}

/// Darkens a band at the foot of the picture and writes the title and the lines into it.
fn caption(canvas: &mut Canvas, title: &str, lines: &[&str]) {
    const WHITE: Colour = Colour::new(250, 250, 245);
    const YELLOW: Colour = Colour::new(255, 214, 92);
    let margin = canvas.width() / 32;
    let room = canvas.width() - 2 * margin;
    let title_scale = scale_for(title, room, canvas.height() / 80);
    let longest = lines.iter().copied().max_by_key(|line| line.chars().count()).unwrap_or_default();
    let line_scale = scale_for(longest, room, canvas.height() / 110);

    let line_step = line_scale * (font::HEIGHT + 4);
    let count = i32::try_from(lines.len()).unwrap_or(i32::MAX);
    let text_height = title_scale * font::HEIGHT + line_step.saturating_mul(count);
    let top = canvas.height().saturating_sub(text_height).saturating_sub(2 * margin).max(0);
    canvas.shade(0, top, canvas.width(), canvas.height() - top, 72);

    let mut y = top + margin;
    canvas.text(margin, y, title_scale, title, YELLOW);
    y += title_scale * font::HEIGHT + line_scale * 4;
    for line in lines {
        canvas.text(margin, y, line_scale, line, WHITE);
        y += line_step;
    }
}

/// Chooses the largest whole scale at which a text fits the room, at most `wanted`, at least 1.
fn scale_for(text: &str, room: i32, wanted: i32) -> i32 {
    let cells = i32::try_from(text.chars().count()).unwrap_or(i32::MAX).max(1);
    (room / font::ADVANCE.saturating_mul(cells)).min(wanted).max(1)
}
