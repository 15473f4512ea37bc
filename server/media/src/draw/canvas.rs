//! A bitmap with the few strokes the scenes need: rectangles, discs, thick curves, shading and text.
//!
//! Coordinates outside the bitmap are clipped. It must not know what is drawn.

use image::RgbImage;

use super::{DrawError, QUALITY, encode, font};

/// A colour of 8 bits a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour {
    pub(super) red: u8,
    pub(super) green: u8,
    pub(super) blue: u8,
}

impl Colour {
    pub(super) const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// Returns the colour with every channel moved by `by`, within 0 to 255.
    pub(super) fn lighter(self, by: i32) -> Self {
        let moved = |channel: u8| to_channel(i32::from(channel) + by);
        Self::new(moved(self.red), moved(self.green), moved(self.blue))
    }

    /// Returns the mix of two colours; `share` of 256 is all `other`.
    pub(super) fn mix(self, other: Self, share: i32) -> Self {
        let mixed = |a: u8, b: u8| to_channel((i32::from(a) * (256 - share) + i32::from(b) * share) / 256);
        Self::new(mixed(self.red, other.red), mixed(self.green, other.green), mixed(self.blue, other.blue))
    }
}

fn to_channel(value: i32) -> u8 {
    u8::try_from(value.clamp(0, 255)).unwrap_or(u8::MAX)
}

/// A point in pixels.
pub(super) type Point = (i32, i32);

/// The bitmap: rows of RGB bytes.
pub(super) struct Canvas {
    width: i32,
    height: i32,
    pixels: Vec<[u8; 3]>,
}

impl Canvas {
    /// A black one.
    ///
    /// # Errors
    /// [`DrawError::Size`] for a size outside the allowed range.
    pub(super) fn of_size(width: u32, height: u32) -> Result<Self, DrawError> {
        let allowed = 64..=4096;
        if allowed.contains(&width) && allowed.contains(&height) {
            Ok(Self::new(width, height))
        } else {
            Err(DrawError::Size { width, height })
        }
    }

    /// One to draw over a picture.
    pub(super) fn over(picture: RgbImage) -> Self {
        let (width, height) = picture.dimensions();
        let mut canvas = Self::new(width, height);
        canvas.pixels.copy_from_slice(picture.as_raw().as_chunks().0);
        canvas
    }

    /// What was drawn, as a phone's camera stores it.
    ///
    /// # Errors
    /// [`DrawError::Encode`] if the encoder fails.
    pub(super) fn jpeg(&self) -> Result<Vec<u8>, DrawError> {
        let side = |length: i32| length.unsigned_abs();
        encode(self.bytes(), (side(self.width), side(self.height)), QUALITY)
    }

    fn new(width: u32, height: u32) -> Self {
        let width = i32::try_from(width).unwrap_or(0);
        let height = i32::try_from(height).unwrap_or(0);
        let count = usize::try_from(i64::from(width) * i64::from(height)).unwrap_or(0);
        Self { width, height, pixels: vec![[0; 3]; count] }
    }

    pub(super) fn width(&self) -> i32 {
        self.width
    }

    pub(super) fn height(&self) -> i32 {
        self.height
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.pixels.as_flattened()
    }

    /// Replaces every pixel by what `change` makes of its place and colour.
    pub(super) fn map(&mut self, mut change: impl FnMut(i32, i32, Colour) -> Colour) {
        let width = usize::try_from(self.width.max(1)).unwrap_or(1);
        for (y, row) in (0..).zip(self.pixels.chunks_mut(width)) {
            for (x, pixel) in (0..).zip(row) {
                let [red, green, blue] = *pixel;
                let colour = change(x, y, Colour::new(red, green, blue));
                *pixel = [colour.red, colour.green, colour.blue];
            }
        }
    }

    pub(super) fn set(&mut self, x: i32, y: i32, colour: Colour) {
        if let Some(pixel) = self.pixel(x, y) {
            *pixel = [colour.red, colour.green, colour.blue];
        }
    }

    pub(super) fn rectangle(&mut self, x: i32, y: i32, width: i32, height: i32, colour: Colour) {
        for row in y..y.saturating_add(height) {
            for column in x..x.saturating_add(width) {
                self.set(column, row, colour);
            }
        }
    }

    /// Fills a rectangle with rounded corners.
    pub(super) fn rounded(&mut self, x: i32, y: i32, width: i32, height: i32, radius: i32, colour: Colour) {
        for row in 0..height {
            for column in 0..width {
                let dx = (radius - column).max(column - (width - 1 - radius)).max(0);
                let dy = (radius - row).max(row - (height - 1 - radius)).max(0);
                if dx * dx + dy * dy <= radius * radius {
                    self.set(x + column, y + row, colour);
                }
            }
        }
    }

    pub(super) fn disc(&mut self, (x, y): Point, radius: i32, colour: Colour) {
        for dy in -radius..=radius {
            for dx in -radius..=radius {
                if dx * dx + dy * dy <= radius * radius {
                    self.set(x + dx, y + dy, colour);
                }
            }
        }
    }

    /// Draws a thick quadratic curve from `from` to `to`, pulled towards `pull`.
    pub(super) fn curve(&mut self, from: Point, pull: Point, to: Point, radius: i32, colour: Colour) {
        const STEPS: i32 = 400;
        for step in 0..=STEPS {
            let rest = STEPS - step;
            let at = |a: i32, b: i32, c: i32| {
                let sum = i64::from(a) * i64::from(rest * rest)
                    + 2 * i64::from(b) * i64::from(rest * step)
                    + i64::from(c) * i64::from(step * step);
                i32::try_from(sum / i64::from(STEPS * STEPS)).unwrap_or(0)
            };
            self.disc((at(from.0, pull.0, to.0), at(from.1, pull.1, to.1)), radius, colour);
        }
    }

    /// Darkens a rectangle to `share` of 256 of its brightness.
    pub(super) fn shade(&mut self, x: i32, y: i32, width: i32, height: i32, share: i32) {
        for row in y..y.saturating_add(height) {
            for column in x..x.saturating_add(width) {
                if let Some(pixel) = self.pixel(column, row) {
                    *pixel = pixel.map(|channel| to_channel(i32::from(channel) * share / 256));
                }
            }
        }
    }

    /// Writes a text with its upper left corner at (x, y), each dot of the font `scale` pixels wide.
    pub(super) fn text(&mut self, x: i32, y: i32, scale: i32, text: &str, colour: Colour) {
        for (index, character) in (0..).zip(text.chars()) {
            let left = x + index * font::ADVANCE * scale;
            for (row, bits) in (0..).zip(font::glyph(character)) {
                for column in 0..font::WIDTH {
                    if bits >> (font::WIDTH - 1 - column) & 1 == 1 {
                        self.rectangle(left + column * scale, y + row * scale, scale, scale, colour);
                    }
                }
            }
        }
    }

    fn pixel(&mut self, x: i32, y: i32) -> Option<&mut [u8; 3]> {
        if !(0..self.width).contains(&x) || !(0..self.height).contains(&y) {
            return None;
        }
        let index = i64::from(y) * i64::from(self.width) + i64::from(x);
        self.pixels.get_mut(usize::try_from(index).ok()?)
    }
}
