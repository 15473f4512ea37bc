//! HEIC: decoded tile by tile, each shrunk before the next is begun.
//!
//! Owns the use of the HEVC decoder of `heifer`; it must not know the container.
//! The decoder reads a coded picture in one go: its size bounds its time, and the deadline counts between tiles.

mod average;

use heifer::Image;
use heifer::color::{ColorParams, frame_to_rgba_sized};
use heifer::heifer_hevc_dec::Error;
use heifer::heifer_hevc_dec::decoder::{DecodeOptions, decode_picture};
use heifer::heifer_hevc_dec::nal::{NalHeader, NalUnit, NalUnitType, split_annex_b};
use heifer::heifer_hevc_dec::params::{ParameterSets, Sps};
use image::{RgbImage, imageops};

use self::average::averaged;
use super::{Decoded, Memory, damaged, over_white};
use crate::heif::{Heif, MAX_UNITS, Mosaic, Shown, unsupported};
use crate::{Deadline, Limits, NoPreview};

/// Up to whole blocks of this size a coded picture may be larger than what is shown of it.
///
/// # Units
/// Pixels a side.
/// # Source
/// H.265: the largest coding tree block.
const BLOCK_PX: u32 = 64;

/// What the decoder holds beside samples for each pixel of a coded picture.
///
/// # Units
/// Bytes.
/// # Source
/// `heifer` 0.3: about twenty bytes of notes for each block of four by four pixels.
const NOTES_A_PIXEL: u64 = 2;

/// What is held of each pixel of the shrunk picture: its samples, in four colours, and in three.
///
/// # Units
/// Bytes.
const SHRUNK_A_PIXEL: u64 = 10;

/// Decodes the picture that a HEIC shows, to a longer side of `side` pixels or somewhat more.
pub(super) fn read(bytes: &[u8], side: u32, limits: &Limits, deadline: &Deadline) -> Result<Decoded, NoPreview> {
    let heif = Heif::open(bytes)?;
    let shown = heif.shown()?;
    let decoder = Decoder { heif: &heif, divisor: divisor(&shown, side), held: 0, limits, deadline };
    decoder.admit(&shown, bytes.len())?;
    let mut picture = decoder.put_together(&shown.colours)?;
    if let Some(alpha) = &shown.alpha {
        flatten(&mut picture, &decoder.beside(&shown.colours).put_together(alpha)?);
    }
    let cut = shown.cut.scaled((shown.colours.width, shown.colours.height), picture.dimensions());
    if (cut.width, cut.height) != picture.dimensions() {
        picture = imageops::crop_imm(&picture, cut.left, cut.top, cut.width, cut.height).to_image();
    }
    Ok(Decoded { picture, width: shown.cut.width, height: shown.cut.height, turn: Some(shown.turn) })
}

/// How much memory it takes to decode the picture that a HEIC shows, by what the container declares and whatever the coded
/// pictures say of their colours.
pub(super) fn memory(bytes: &[u8], side: u32, limits: &Limits) -> Result<Memory, NoPreview> {
    let heif = Heif::open(bytes)?;
    let shown = heif.shown()?;
    let deadline = &Deadline::default();
    let decoder = Decoder { heif: &heif, divisor: divisor(&shown, side), held: 0, limits, deadline };
    decoder.admit(&shown, bytes.len())?;
    let mut decoding = 0;
    for (mosaic, decoder) in decoder.in_turn(&shown) {
        // Of all tiles together at most as many as the file has, and so of the largest.
        decoding = decoding.max(decoder.memory_of(mosaic, MOST_CHROMA, bytes.len()));
    }
    // More is refused when it is decoded. Then there are the colours, and beside them their alpha or what is cut of them.
    Ok(Memory {
        decoding: decoding.min(limits.max_alloc_bytes),
        left: decoder.shrunk(&shown.colours).saturating_mul(6),
    })
}

/// The strongest shrinking that leaves at least `side` pixels of the longer side, and whole pixels of each tile.
fn divisor(shown: &Shown, side: u32) -> u32 {
    let longer = shown.cut.width.max(shown.cut.height);
    let leaves_whole = |mosaic: &Mosaic, divisor: u32| {
        let sides = [mosaic.tile_width, mosaic.tile_height];
        mosaic.tiles.len() == 1 || sides.iter().all(|side| side.is_multiple_of(divisor))
    };
    let is_good = |divisor: &u32| {
        longer.div_ceil(*divisor) >= side && shown.mosaics().all(|mosaic| leaves_whole(mosaic, *divisor))
    };
    [8, 4, 2].into_iter().find(is_good).unwrap_or(1)
}

#[derive(Clone, Copy)]
struct Decoder<'a> {
    heif: &'a Heif<'a>,
    divisor: u32,
    /// What is held of the picture already, in bytes.
    held: u64,
    limits: &'a Limits,
    deadline: &'a Deadline,
}

impl Decoder<'_> {
    /// Decides by what the file declares, before there is a pixel.
    fn admit(&self, shown: &Shown, file_bytes: usize) -> Result<(), NoPreview> {
        let (mut coded, mut bytes) = (0_u64, 0_usize);
        for (mosaic, decoder) in self.in_turn(shown) {
            let longer = [mosaic.width, mosaic.height, mosaic.tile_width, mosaic.tile_height];
            let longer = longer.into_iter().max().unwrap_or(0);
            if longer > self.limits.max_side_px {
                return Err(NoPreview::SideTooLong { actual: longer, limit: self.limits.max_side_px });
            }
            let pixels = area(mosaic.width, mosaic.height);
            let is_scaled = mosaic.tiles.len() > 1;
            let most = if is_scaled { u64::MAX } else { self.limits.max_pixels_unscaled };
            let limit = self.limits.max_pixels.min(most);
            if pixels > limit {
                return Err(NoPreview::TooManyPixels { actual: pixels, limit });
            }
            let count = u64::try_from(mosaic.tiles.len()).unwrap_or(u64::MAX);
            coded = coded.saturating_add(count.saturating_mul(coded_area(mosaic)));
            for tile in &mosaic.tiles {
                bytes = bytes.saturating_add(self.heif.coded_bytes(*tile)?);
            }
            decoder.check_memory(mosaic, LEAST_CHROMA, 0)?;
        }
        // Tiles reach over the edges, and an alpha is coded as well.
        let limit = self.limits.max_pixels.saturating_mul(2);
        if coded > limit {
            return Err(NoPreview::TooManyPixels { actual: coded, limit });
        }
        if bytes > file_bytes {
            return Err(damaged("tiles that share their bytes"));
        }
        Ok(())
    }

    /// The mosaics of a picture, each with its decoder.
    fn in_turn<'b>(&self, shown: &'b Shown) -> impl Iterator<Item = (&'b Mosaic, Self)> {
        let alpha = shown.alpha.as_ref().map(|alpha| (alpha, self.beside(&shown.colours)));
        [(&shown.colours, *self)].into_iter().chain(alpha)
    }

    /// One that decodes while these colours are held.
    fn beside(self, colours: &Mosaic) -> Self {
        Self { held: self.shrunk(colours).saturating_mul(3), ..self }
    }

    /// Refuses a mosaic that takes more memory than a picture may.
    fn check_memory(&self, mosaic: &Mosaic, chroma_format: u8, coded_bytes: usize) -> Result<(), NoPreview> {
        let limit = self.limits.max_alloc_bytes;
        let memory = self.memory_of(mosaic, chroma_format, coded_bytes);
        if memory > limit { Err(NoPreview::TooMuchMemory { limit }) } else { Ok(()) }
    }

    /// What a mosaic takes at once, with what is held beside it.
    ///
    /// While it is decoded there are its samples twice, as the decoder copies them to cut them, what that notes beside
    /// them, and its copies of the bytes; then its samples once, and what is made of them.
    fn memory_of(&self, mosaic: &Mosaic, chroma_format: u8, coded_bytes: usize) -> u64 {
        let (coded, samples, shrunk) = (coded_area(mosaic), sample_bytes(chroma_format), self.shrunk(mosaic));
        let copies = u64::try_from(coded_bytes).unwrap_or(u64::MAX).saturating_mul(3);
        let decoding = coded.saturating_mul(2 * samples + NOTES_A_PIXEL).saturating_add(copies);
        let shrinking = coded.saturating_mul(samples).saturating_add(shrunk.saturating_mul(SHRUNK_A_PIXEL));
        // The picture that tiles are put into.
        decoding.max(shrinking).saturating_add(shrunk.saturating_mul(3)).saturating_add(self.held)
    }

    /// How many pixels are left of a mosaic.
    fn shrunk(&self, mosaic: &Mosaic) -> u64 {
        area(mosaic.width.div_ceil(self.divisor), mosaic.height.div_ceil(self.divisor))
    }

    fn put_together(&self, mosaic: &Mosaic) -> Result<RgbImage, NoPreview> {
        let small = |side: u32| side.div_ceil(self.divisor);
        let mut picture = RgbImage::new(small(mosaic.width), small(mosaic.height));
        let (mut left, mut top) = (0, 0);
        for (tile, column) in mosaic.tiles.iter().zip((1..=mosaic.columns).cycle()) {
            paste(&mut picture, &self.tile(mosaic, *tile)?, (left, top));
            left += small(mosaic.tile_width);
            if column == mosaic.columns {
                (left, top) = (0, top + small(mosaic.tile_height));
            }
        }
        Ok(picture)
    }

    fn tile(&self, mosaic: &Mosaic, id: u32) -> Result<Image<u8>, NoPreview> {
        self.deadline.check()?;
        let coded = self.heif.coded(id)?;
        self.check_parameters(mosaic, &coded)?;
        let options = DecodeOptions { max_pixels: coded_area(mosaic), ..DecodeOptions::default() };
        let frame = decode_picture(&coded, options).map_err(refused)?;
        drop(coded);
        let size = (mosaic.tile_width, mosaic.tile_height);
        if frame.widths[0] < size.0 || frame.heights[0] < size.1 {
            return Err(damaged("a coded picture that is smaller than it says"));
        }
        let declared = self.heif.colours_of(id);
        let colours = declared
            .map_or_else(|| ColorParams::from_frame(&frame), |(matrix, full_range)| ColorParams { matrix, full_range });
        let frame = averaged(frame, size, self.divisor);
        Ok(frame_to_rgba_sized(&frame, colours, size.0.div_ceil(self.divisor), size.1.div_ceil(self.divisor)))
    }

    /// Reads what a coded picture says of itself as its decoder is going to, and refuses what is not as the container
    /// declares it.
    fn check_parameters(&self, mosaic: &Mosaic, coded: &[u8]) -> Result<(), NoPreview> {
        // The decoder notes where each begins before it looks at the first.
        let units = coded.windows(3).filter(|bytes| *bytes == [0, 0, 1]).count();
        if units > MAX_UNITS {
            return Err(damaged("a coded picture in endless parts"));
        }
        let mut sets = ParameterSets::default();
        for unit in split_annex_b(coded) {
            let kind = NalHeader::parse(unit).map_err(refused)?.unit_type;
            if kind.is_slice() {
                return Ok(());
            }
            if matches!(kind, NalUnitType::Vps | NalUnitType::Sps | NalUnitType::Pps) {
                sets.add(&NalUnit::parse(unit).map_err(refused)?).map_err(refused)?;
                // At once: what follows takes memory by what this says.
                sets.sps.iter().flatten().try_for_each(|said| self.check_size(mosaic, said, coded.len()))?;
            }
        }
        Err(damaged("no coded picture"))
    }

    fn check_size(&self, mosaic: &Mosaic, said: &Sps, coded_bytes: usize) -> Result<(), NoPreview> {
        let (width, height) = (said.pic_width_in_luma_samples, said.pic_height_in_luma_samples);
        if width > whole_blocks(mosaic.tile_width) || height > whole_blocks(mosaic.tile_height) {
            return Err(damaged("a coded picture that is larger than it says"));
        }
        self.check_memory(mosaic, said.chroma_format_idc, coded_bytes)
    }
}

/// No chroma at all.
const LEAST_CHROMA: u8 = 0;

/// As much chroma as luma.
const MOST_CHROMA: u8 = 3;

/// What the samples of a pixel take, by `chroma_format_idc`.
fn sample_bytes(chroma_format: u8) -> u64 {
    match chroma_format {
        LEAST_CHROMA => 2,
        1 => 3,
        2 => 4,
        _ => 6,
    }
}

fn area(width: u32, height: u32) -> u64 {
    u64::from(width) * u64::from(height)
}

/// The most pixels that a tile may have with those that are coded only to fill its blocks.
fn coded_area(mosaic: &Mosaic) -> u64 {
    area(whole_blocks(mosaic.tile_width), whole_blocks(mosaic.tile_height))
}

fn whole_blocks(side: u32) -> u32 {
    side.div_ceil(BLOCK_PX).saturating_mul(BLOCK_PX)
}

/// Puts a tile into its place; what reaches over the edges is left out.
fn paste(picture: &mut RgbImage, tile: &Image<u8>, (left, top): (u32, u32)) {
    let size = |side: u32| usize::try_from(side).unwrap_or(usize::MAX);
    let (width, left, top) = (size(picture.width()), size(left), size(top));
    let (pixels, _) = picture.as_chunks_mut::<3>();
    let rows = pixels.chunks_exact_mut(width.max(1)).skip(top);
    let (coloured, _) = tile.data.as_chunks::<4>();
    for (target, source) in rows.zip(coloured.chunks_exact(size(tile.width).max(1))) {
        for (target, [red, green, blue, _]) in target.iter_mut().skip(left).zip(source) {
            *target = [*red, *green, *blue];
        }
    }
}

/// Puts a picture on white paper: JPEG has no transparency.
fn flatten(picture: &mut RgbImage, alpha: &RgbImage) {
    for (target, alpha) in picture.pixels_mut().zip(alpha.pixels()) {
        let [opaque, ..] = alpha.0;
        target.0 = target.0.map(|channel| over_white(channel, opaque));
    }
}

fn refused(error: Error) -> NoPreview {
    match error {
        Error::Unimplemented(_) => unsupported(),
        other => damaged(other),
    }
}
