//! Demo photos: drawn pictures that say which slot and order they are for.

use doorstep_media::draw::{DemoPhoto, DrawError, draw};
use sync_core::bytes::Hash;

use crate::app::norms::product_templates;

/// Size of a demo photo in pixels: that of a modest phone camera.
const SIZE: (u32, u32) = (1600, 1200);

/// Why a demo photo was not drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PhotoError {
    /// No template has such a slot.
    #[error("no template has a photo slot {slot}; there are {known}")]
    UnknownSlot {
        /// The slot asked for.
        slot: String,
        /// The slots there are.
        known: String,
    },
    /// The picture was not drawn.
    #[error(transparent)]
    Draw(#[from] DrawError),
}

/// Draws the photo of a slot: English title and code of the slot, number of the order, further lines.
///
/// Equal arguments give equal bytes; another order, slot or line gives another picture.
///
/// # Errors
/// [`PhotoError::UnknownSlot`].
pub fn demo_photo(slot: &str, order: &str, lines: &[String]) -> Result<Vec<u8>, PhotoError> {
    let title = title_of(slot)?;
    let (code, number) = (format!("Slot {slot}"), format!("Order {order}"));
    let lines: Vec<&str> =
        [code.as_str(), number.as_str()].into_iter().chain(lines.iter().map(String::as_str)).collect();
    let digest = Hash::of(lines.join("\n").as_bytes());
    let seed = digest.as_bytes().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    let (width, height) = SIZE;
    Ok(draw(&DemoPhoto { seed, width, height, title: &title, lines: &lines })?)
}

/// The English title of a slot, in the first template that has it.
fn title_of(slot: &str) -> Result<String, PhotoError> {
    let slots: Vec<_> = product_templates().flat_map(|template| template.photos).collect();
    if let Some(found) = slots.iter().find(|known| known.code == slot) {
        return Ok(found.title.en.clone());
    }
    let mut known: Vec<String> = slots.into_iter().map(|slot| slot.code).collect();
    known.sort();
    known.dedup();
    Err(PhotoError::UnknownSlot { slot: slot.to_owned(), known: known.join(", ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_follows_from_its_arguments() {
        let draw = |order: &str| demo_photo("splitter_label", order, &["Port 1/2/7".to_owned()]).expect("drawn");
        let first = draw("209-25030401");
        assert_eq!(first, draw("209-25030401"));
        assert_ne!(first, draw("209-25030402"));
        assert_eq!(doorstep_media::sniff(&first).dimensions, Some(SIZE));
    }

    #[test]
    fn an_unknown_slot_is_answered_with_the_known_ones() {
        let error = demo_photo("moon", "1", &[]).expect_err("no such slot").to_string();
        assert!(error.contains("no template has a photo slot moon; there are "), "{error}");
        assert!(error.contains("door_note, "), "{error}");
    }
}
