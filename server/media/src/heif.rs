//! The container of a HEIC: which of its pictures is shown, how it is put together, and what it says of itself.
//!
//! Owns the reading of HEIF by `heifer`; it must not know how a coded picture becomes pixels.
//! What the reader would take of memory is bounded by a look at the bytes before it is called.

use heifer::heifer_isobmff::boxes::{ColorInfo, Property};
use heifer::heifer_isobmff::{BoxIter, Error, HeifFile, ItemId, RawBox};
use image::metadata::Orientation;

use crate::heif_turn::{Cut, Turn};
use crate::{Format, NoPreview};

/// Most of a file that describes its pictures.
///
/// The reader keeps about twelve bytes for each of these, and compares each item with each.
///
/// # Units
/// Bytes (256 KiB).
/// # Source
/// A photo of 48 megapixels in 192 tiles has about 16 KiB, a colour profile of a phone half of one.
const MAX_DESCRIPTION_BYTES: usize = 256 * 1024;

/// Most pieces in which the bytes of one item lie.
///
/// The reader keeps 24 bytes for each, and a file need not spend any.
///
/// # Source
/// Cameras write each in one.
const MAX_EXTENTS: usize = 16;

/// Most tiles of one picture.
///
/// # Source
/// The most pixels of a photo in tiles of 256 by 256 are 1,832.
const MAX_TILES: usize = 2048;

/// Most parts of one coded picture.
///
/// # Source
/// H.265, annex A: 600 slice segments at the highest level; parameters and messages stand beside them.
pub(crate) const MAX_UNITS: usize = 1024;

/// A file that has been read without its pictures.
pub(crate) struct Heif<'a> {
    file: HeifFile<'a>,
}

/// A picture that is put together of coded pictures of one size: of one, or of the tiles of a grid, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mosaic {
    /// Width in pixels, before it is cut and turned.
    pub(crate) width: u32,
    /// Height in pixels, before it is cut and turned.
    pub(crate) height: u32,
    /// How many tiles stand side by side.
    pub(crate) columns: u32,
    /// Width of a tile in pixels.
    pub(crate) tile_width: u32,
    /// Height of a tile in pixels.
    pub(crate) tile_height: u32,
    /// The coded pictures.
    pub(crate) tiles: Vec<ItemId>,
}

/// The picture that a file shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Its colours.
    pub(crate) colours: Mosaic,
    /// How opaque it is.
    pub(crate) alpha: Option<Mosaic>,
    /// What is cut out of it, before it is turned.
    pub(crate) cut: Cut,
    /// What makes it upright. EXIF says the same or is wrong.
    pub(crate) turn: Orientation,
}

impl Shown {
    /// What is decoded.
    pub(crate) fn mosaics(&self) -> impl Iterator<Item = &Mosaic> {
        std::iter::once(&self.colours).chain(&self.alpha)
    }
}

impl<'a> Heif<'a> {
    /// Reads all but the pictures.
    ///
    /// # Errors
    /// The format, for what is not a still picture; damaged, for what cannot be read.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, NoPreview> {
        let is_description_read = look(bytes)?;
        let is_sequence = bytes.get(8..12).is_some_and(|brand| SEQUENCES.contains(&brand));
        if is_sequence || !is_description_read {
            return Err(unsupported());
        }
        Ok(Self { file: HeifFile::parse(bytes).map_err(unreadable)? })
    }

    /// Finds out what is shown and how it is put together.
    ///
    /// # Errors
    /// The format, for pictures of a kind that is not decoded; otherwise what is wrong with the file.
    pub(crate) fn shown(&self) -> Result<Shown, NoPreview> {
        let id = self.file.primary_id;
        let colours = self.mosaic(id)?;
        let alpha = self.alpha(id)?.map(|alpha| self.mosaic(alpha)).transpose()?;
        if alpha.as_ref().is_some_and(|alpha| (alpha.width, alpha.height) != (colours.width, colours.height)) {
            return Err(unsupported());
        }
        let mut cut = Cut::whole(colours.width, colours.height);
        let mut turn = Turn::default();
        for property in self.file.item_properties(id).map_err(unreadable)? {
            match property {
                Property::CleanAperture { width, height, horiz_offset, vert_offset } => {
                    // What is cut out of a turned picture is cut in an order that no camera writes.
                    (turn == Turn::default()).then_some(()).ok_or_else(unsupported)?;
                    cut = cut.within((*width, *height), (*horiz_offset, *vert_offset)).ok_or_else(unsupported)?;
                }
                Property::Rotation(quarters) => turn = turn.then_anticlockwise(*quarters),
                Property::Mirror(is_top_to_bottom) => turn = turn.then_mirrored(*is_top_to_bottom),
                _ => {}
            }
        }
        Ok(Shown { colours, alpha, cut, turn: turn.orientation() })
    }

    /// The coded picture of a tile, as a decoder wants it.
    ///
    /// # Errors
    /// If its bytes are not in the file, or are in more parts than a coded picture has.
    pub(crate) fn coded(&self, tile: ItemId) -> Result<Vec<u8>, NoPreview> {
        let config = self.file.hevc_config(tile).map_err(unreadable)?.ok_or_else(|| damaged("no parameters"))?;
        let data = self.file.item_data(tile).map_err(unreadable)?;
        let mut rest: &[u8] = &data;
        // What the reader writes before each part is longer than the shortest part.
        let mut units = config.nal_units.len();
        while let Some((length, behind)) = rest.split_at_checked(config.nal_length_size.into()) {
            let length = length.iter().fold(0_usize, |length, byte| (length << 8) | usize::from(*byte));
            rest = behind.get(length..).unwrap_or_default();
            units += 1;
            if units > MAX_UNITS {
                return Err(damaged("a coded picture in endless parts"));
            }
        }
        self.file.hevc_bitstream(tile).map_err(unreadable)
    }

    /// How many bytes of the file a tile has.
    ///
    /// # Errors
    /// If they are not there.
    pub(crate) fn coded_bytes(&self, tile: ItemId) -> Result<usize, NoPreview> {
        Ok(self.file.item_data(tile).map_err(unreadable)?.len())
    }

    /// What a tile, or the picture that it belongs to, says of its colours: the matrix by its number in H.273, and
    /// whether all values are used.
    pub(crate) fn colours_of(&self, tile: ItemId) -> Option<(u16, bool)> {
        let of = |id| {
            self.file.item_properties(id).ok()?.find_map(|property| match property {
                Property::Color(ColorInfo::Nclx { matrix, full_range, .. }) => Some((*matrix, *full_range)),
                _ => None,
            })
        };
        of(tile).or_else(|| of(self.file.primary_id))
    }

    /// The EXIF of the picture that is shown, from the byte order on, unless it is longer than `limit` bytes.
    pub(crate) fn exif(&self, limit: usize) -> Option<Vec<u8>> {
        let of = self.file.referencing_items(self.file.primary_id, b"cdsc");
        let id = of.into_iter().find(|id| self.is_of_type(*id, *b"Exif"))?;
        let data = self.file.item_data(id).ok()?;
        // How far the byte order is behind this number; some programs write the name that only a JPEG needs.
        let (skipped, rest) = data.split_first_chunk::<4>()?;
        let tiff = rest.get(usize::try_from(u32::from_be_bytes(*skipped)).ok()?..)?;
        let tiff = tiff.strip_prefix(b"Exif\0\0").unwrap_or(tiff);
        (tiff.len() <= limit).then(|| tiff.to_vec())
    }

    fn is_of_type(&self, id: ItemId, name: [u8; 4]) -> bool {
        self.file.item(id).is_ok_and(|item| item.item_type.0 == name)
    }

    fn size(&self, id: ItemId) -> Result<(u32, u32), NoPreview> {
        let size = self.file.image_size(id).map_err(unreadable)?;
        size.filter(|(width, height)| *width > 0 && *height > 0).ok_or(NoPreview::NoSize)
    }

    fn mosaic(&self, id: ItemId) -> Result<Mosaic, NoPreview> {
        if self.is_of_type(id, *b"hvc1") {
            let (width, height) = self.size(id)?;
            return Ok(Mosaic { width, height, columns: 1, tile_width: width, tile_height: height, tiles: vec![id] });
        }
        if !self.is_of_type(id, *b"grid") {
            return Err(unsupported());
        }
        let grid = self.file.grid(id).map_err(unreadable)?;
        let tiles = self.file.referenced_items(id, b"dimg");
        let (columns, rows) = (u32::from(grid.columns), u32::from(grid.rows));
        let first = tiles.first().ok_or_else(|| damaged("a grid without tiles"))?;
        if usize::try_from(columns * rows).ok() != Some(tiles.len()) || tiles.len() > MAX_TILES {
            return Err(damaged("a grid of other tiles than it has"));
        }
        let (tile_width, tile_height) = self.size(*first)?;
        let (width, height) = (grid.output_width, grid.output_height);
        if width == 0 || height == 0 {
            return Err(NoPreview::NoSize);
        }
        let reaches = |tile: u32, count: u32, whole: u32| u64::from(tile) * u64::from(count) >= u64::from(whole);
        if !reaches(tile_width, columns, width) || !reaches(tile_height, rows, height) {
            return Err(damaged("a grid that its tiles do not fill"));
        }
        tiles.iter().try_for_each(|tile| self.check_tile(*tile, (tile_width, tile_height)))?;
        Ok(Mosaic { width, height, columns, tile_width, tile_height, tiles: tiles.to_vec() })
    }

    /// Lets a tile be a coded picture as it is: neither cut nor turned, and without an alpha of its own.
    fn check_tile(&self, tile: ItemId, size: (u32, u32)) -> Result<(), NoPreview> {
        let is_changed = self.file.item_properties(tile).map_err(unreadable)?.any(|property| {
            matches!(property, Property::CleanAperture { .. } | Property::Rotation(1..) | Property::Mirror(_))
        });
        if !self.is_of_type(tile, *b"hvc1") || is_changed || self.alpha(tile)?.is_some() {
            return Err(unsupported());
        }
        if self.size(tile)? != size {
            return Err(damaged("tiles of different sizes"));
        }
        Ok(())
    }

    /// The picture that says how opaque another is.
    fn alpha(&self, of: ItemId) -> Result<Option<ItemId>, NoPreview> {
        let is_alpha = |id: &ItemId| {
            let properties = self.file.item_properties(*id).map_err(unreadable)?;
            let mut kinds = properties.filter_map(|property| match property {
                Property::AuxiliaryType(kind) => Some(kind.as_str()),
                _ => None,
            });
            Ok::<_, NoPreview>(kinds.any(|kind| ALPHA.contains(&kind)))
        };
        for id in self.file.referencing_items(of, b"auxl") {
            if is_alpha(&id)? {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }
}

/// Major brands of moving pictures (ISO/IEC 23008-12, annex B): what their description shows is not all that they hold.
const SEQUENCES: [&[u8]; 3] = [b"hevc", b"hevx", b"msf1"];

/// The names of an alpha plane.
const ALPHA: [&str; 2] = ["urn:mpeg:hevc:2015:auxid:1", "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"];

/// Whether a file carries a record of its origin: the box of C2PA.
pub(crate) fn has_provenance(bytes: &[u8]) -> bool {
    /// # Source
    /// C2PA specification, embedding manifests into BMFF-based assets.
    const C2PA: [u8; 16] =
        [0xD8, 0xFE, 0xC3, 0xD6, 0x1B, 0x0E, 0x48, 0x3C, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7E, 0xC4, 0x81];
    BoxIter::new(bytes).flatten().any(|found| found.header.user_type == Some(C2PA))
}

/// Walks what the reader is going to keep; says whether there is a description of pictures at all.
fn look(bytes: &[u8]) -> Result<bool, NoPreview> {
    let (mut room, mut is_there) = (MAX_DESCRIPTION_BYTES, false);
    for found in BoxIter::new(bytes) {
        let found = found.map_err(unreadable)?;
        let is_meta = found.header.box_type.0 == *b"meta";
        if !is_meta && found.header.box_type.0 != *b"ftyp" {
            continue;
        }
        room = room.checked_sub(found.content.len()).ok_or_else(|| damaged("an endless description"))?;
        if is_meta {
            is_there = true;
            look_at_places(found)?;
        }
    }
    Ok(is_there)
}

fn look_at_places(description: RawBox<'_>) -> Result<(), NoPreview> {
    for found in BoxIter::new(description.content.get(4..).unwrap_or_default()) {
        let found = found.map_err(unreadable)?;
        if found.header.box_type.0 == *b"iloc" {
            let are_few = has_few_extents(found.content).ok_or_else(|| damaged("places that are cut"))?;
            are_few.then_some(()).ok_or_else(|| damaged("an item in endless pieces"))?;
        }
    }
    Ok(())
}

/// Whether the bytes of no item lie in more pieces than a camera writes, or in those of other items; nothing if the list
/// of places is cut.
///
/// # Source
/// ISO/IEC 14496-12, 8.11.3.
fn has_few_extents(places: &[u8]) -> Option<bool> {
    let mut rest = places;
    let mut take = |bytes: usize| {
        let (taken, behind) = rest.split_at_checked(bytes)?;
        rest = behind;
        Some(taken.iter().fold(0_usize, |number, byte| (number << 8) | usize::from(*byte)))
    };
    let version = take(1)?;
    take(3)?;
    let (sizes, more_sizes) = (take(1)?, take(1)?);
    let (offset, length, base) = (sizes >> 4, sizes & 0x0F, more_sizes >> 4);
    let index = if version > 0 { more_sizes & 0x0F } else { 0 };
    let id = if version < 2 { 2 } else { 4 };
    for _ in 0..take(id)? {
        take(id)?;
        let is_in_items = version > 0 && take(2)? & 0x0F > 1;
        take(2)?;
        take(base)?;
        let extents = take(2)?;
        if extents > MAX_EXTENTS || is_in_items {
            return Some(false);
        }
        take(extents * (index + offset + length))?;
    }
    Some(true)
}

/// The reason for a HEIF of a kind that is only stored.
pub(crate) fn unsupported() -> NoPreview {
    NoPreview::Format { media_type: Format::Heic.media_type() }
}

fn unreadable(error: Error) -> NoPreview {
    match error {
        Error::Unimplemented(_) => unsupported(),
        other => damaged(other),
    }
}

fn damaged(reason: impl ToString) -> NoPreview {
    NoPreview::Damaged { reason: reason.to_string() }
}
