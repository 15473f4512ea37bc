//! Drawn demo photos are pictures, differ where they should, and are the same bytes every time.

use doorstep_media::draw::{DemoPhoto, DrawError, draw};
use doorstep_media::{Format, sniff};

use crate::support::preview;

fn photo<'a>(seed: u64, title: &'a str, lines: &'a [&'a str]) -> DemoPhoto<'a> {
    DemoPhoto { seed, width: 640, height: 480, title, lines }
}

#[test]
fn equal_input_gives_equal_bytes() {
    let once = draw(&photo(42, "Device label", &["Order 209-0012"])).unwrap();
    let again = draw(&photo(42, "Device label", &["Order 209-0012"])).unwrap();
    assert_eq!(once, again);
}

#[test]
fn seed_title_and_lines_each_change_the_picture() {
    let base = draw(&photo(1, "Device label", &["Order 1"])).unwrap();
    assert_ne!(base, draw(&photo(2, "Device label", &["Order 1"])).unwrap());
    assert_ne!(base, draw(&photo(1, "Power meter", &["Order 1"])).unwrap());
    assert_ne!(base, draw(&photo(1, "Device label", &["Order 2"])).unwrap());
}

#[test]
fn a_drawn_photo_passes_the_same_door_as_a_real_one() {
    let jpeg = draw(&photo(3, "Router position", &["Order 209-0001", "7K2M-QX4T"])).unwrap();
    assert_eq!(sniff(&jpeg).format, Format::Jpeg);
    let previews = preview(&jpeg).unwrap();
    assert_eq!((previews.width, previews.height), (640, 480));
}

#[test]
fn the_caption_is_bright_letters_on_a_dark_band() {
    let jpeg = draw(&photo(5, "MMMM", &[])).unwrap();
    let picture = image::load_from_memory(&jpeg).unwrap().into_rgb8();
    // The foot of the picture holds the band; the left stroke of the first letter begins at the margin.
    let band: Vec<_> = (0..640).map(|x| picture.get_pixel(x, 448).0).collect();
    assert!(band.iter().any(|[red, green, blue]| *red > 220 && *green > 180 && *blue < 150), "yellow letters");
    assert!(band.iter().any(|pixel| pixel.iter().all(|channel| *channel < 90)), "dark ground");
}

#[test]
fn texts_that_do_not_fit_are_clipped_and_foreign_characters_are_boxes() {
    let long = "x".repeat(2_000);
    draw(&photo(1, &long, &[&long, "光猫", ""])).unwrap();
}

#[test]
fn a_size_outside_the_range_is_refused() {
    for (width, height) in [(63, 480), (640, 4097), (0, 0)] {
        let refused = draw(&DemoPhoto { seed: 1, width, height, title: "", lines: &[] });
        assert!(matches!(refused, Err(DrawError::Size { .. })), "{width} x {height}");
    }
}
