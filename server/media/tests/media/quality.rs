//! The numbers order sharp, blurred, dark and bright photos, whatever the photo shows.

#![expect(clippy::unwrap_used, reason = "support code of tests fails by panicking")]

use crate::support::{ingested, jpeg, room};
use image::{DynamicImage, Rgb};
use sync_core::photo::quality::Quality;
use sync_core::photo::thresholds::{BRIGHT, DARK_RETAKE, DARK_WARN, SHARP_RETAKE, SHARP_WARN};

fn quality(picture: &DynamicImage) -> Quality {
    ingested(&jpeg(picture)).quality
}

fn lit(photo: &DynamicImage, light: impl Fn(u32) -> u32) -> DynamicImage {
    let mut picture = photo.to_rgb8();
    for pixel in picture.pixels_mut() {
        *pixel = Rgb(pixel.0.map(|channel| u8::try_from(light(channel.into()).min(255)).unwrap()));
    }
    picture.into()
}

#[test]
fn a_photo_loses_sharpness_with_each_blur() {
    for seed in 0..4 {
        let photo = room(seed);
        let steps = [quality(&photo), quality(&photo.fast_blur(1.5)), quality(&photo.fast_blur(4.0))];
        let [sharp, soft, blurred] = steps.map(|quality| quality.sharpness_p90_c);
        assert!(sharp > u64::from(SHARP_WARN.start) * 100, "photo {seed}: {steps:?}");
        assert!(sharp > soft && soft > blurred, "photo {seed}: {steps:?}");
        assert!(blurred < u64::from(SHARP_RETAKE.start) * 100, "photo {seed}: {steps:?}");
    }
}

#[test]
fn dark_and_over_exposed_photos_are_told_from_good_ones() {
    for seed in 0..4 {
        let photo = room(seed);
        let good = quality(&photo);
        assert!(good.mean_luma_c > u64::from(DARK_WARN.start) * 100, "{good:?}");
        assert!(good.bright_permille < u64::from(BRIGHT.start), "{good:?}");
        let dark = quality(&lit(&photo, |channel| channel * 12 / 100));
        assert!(dark.mean_luma_c < u64::from(DARK_RETAKE.start) * 100, "{dark:?}");
        assert!(dark.dark_permille > good.dark_permille, "{dark:?}");
        let bright = quality(&lit(&photo, |channel| channel * 2 + 120));
        assert!(bright.bright_permille > u64::from(BRIGHT.start), "{bright:?}");
    }
}
