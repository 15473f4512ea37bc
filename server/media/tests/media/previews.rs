//! Previews are upright, small enough, never enlarged, and carry nothing but pixels.

use crate::support::{self, corners, exif_segment, four_corners, jpeg, preview, with_segment, written};
use doorstep_media::{Deadline, Limits, NoPreview, Workspace, ingest};
use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};

#[test]
fn every_orientation_ends_upright() {
    let upright = four_corners(64, 32);
    for value in 1..=8_u8 {
        // The camera stores the picture as its sensor saw it: the inverse of what EXIF tells the viewer to do.
        let stored = support::as_stored(&upright, value);
        let file = with_segment(&jpeg(&stored), &exif_segment(value));
        let previews = preview(&file).unwrap();
        assert_eq!((previews.width, previews.height), (64, 32), "orientation {value}");
        assert_eq!(corners(&previews.preview_1600), corners(&jpeg(&upright)), "orientation {value}");
        assert_eq!(corners(&previews.thumbnail_320), corners(&jpeg(&upright)), "orientation {value}");
    }
}

#[test]
fn an_unknown_orientation_leaves_the_picture_as_it_is() {
    let upright = four_corners(64, 32);
    for value in [0, 9, 255] {
        let previews = preview(&with_segment(&jpeg(&upright), &exif_segment(value))).unwrap();
        assert_eq!(corners(&previews.preview_1600), corners(&jpeg(&upright)), "orientation {value}");
    }
}

#[test]
fn orientation_of_a_png_counts_too() {
    let upright = four_corners(64, 32);
    let png = support::png_with_exif(&support::as_stored(&upright, 6), 6);
    let previews = preview(&png).unwrap();
    assert_eq!((previews.width, previews.height), (64, 32));
    assert_eq!(corners(&previews.preview_1600), corners(&jpeg(&upright)));
}

#[test]
fn large_photos_shrink_and_small_ones_keep_their_size() {
    for ((width, height), large, small) in [
        ((4000, 3000), (1600, 1200), (320, 240)),
        ((1700, 400), (1600, 376), (320, 75)),
        ((900, 1600), (900, 1600), (180, 320)),
        ((100, 80), (100, 80), (100, 80)),
        ((5000, 1), (1600, 1), (320, 1)),
    ] {
        let previews = preview(&jpeg(&four_corners(width, height))).unwrap();
        assert_eq!((previews.width, previews.height), (width, height));
        assert_eq!(support::size(&previews.preview_1600), large, "preview of {width} x {height}");
        assert_eq!(support::size(&previews.thumbnail_320), small, "thumbnail of {width} x {height}");
    }
}

#[test]
fn every_format_with_previews_is_read() {
    let picture = four_corners(64, 32);
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let previews = preview(&written(&picture, format)).unwrap();
        assert_eq!(corners(&previews.preview_1600), corners(&jpeg(&picture)), "{format:?}");
    }
}

#[test]
fn transparency_becomes_white_paper() {
    let clear = DynamicImage::ImageRgba8(RgbaImage::from_pixel(16, 16, Rgba([200, 0, 0, 0])));
    let previews = preview(&written(&clear, ImageFormat::Png)).unwrap();
    let seen = image::load_from_memory(&previews.preview_1600).unwrap().into_rgb8();
    assert!(seen.pixels().all(|pixel| pixel.0.iter().all(|channel| *channel > 250)), "white, not red or black");
}

#[test]
fn equal_bytes_give_equal_previews() {
    let file = jpeg(&four_corners(2000, 1500));
    assert_eq!(preview(&file).unwrap(), preview(&file).unwrap());
}

#[test]
fn what_comes_of_a_photo_does_not_depend_on_those_before_it() {
    let mut photos = support::seed_pictures("jpg");
    photos.extend(support::seed_pictures("png"));
    for (value, (width, height)) in
        (1..).zip([(3000, 1000), (1700, 1650), (64, 32), (2000, 2000), (900, 1700), (1650, 40)])
    {
        let room = support::room(value.into()).resize_exact(width, height, FilterType::Nearest);
        photos.push(with_segment(&jpeg(&room), &exif_segment(value)));
    }
    // What breaks off in the middle must not show what lay there before.
    let torn: Vec<Vec<u8>> = photos.iter().map(|photo| photo[..photo.len() / 2].to_vec()).collect();
    photos.extend(torn);
    let mut workspace = Workspace::default();
    for photo in photos.iter().chain(photos.iter().rev()) {
        let alone = ingest(photo, &Limits::default(), &Deadline::default());
        assert_eq!(workspace.ingest(photo, &Limits::default(), &Deadline::default()), alone);
    }
}

#[test]
fn no_metadata_reaches_the_copies() {
    // One canary in each place where cameras and editors write: EXIF, XMP, IPTC, a colour profile, a comment.
    let mut file = jpeg(&four_corners(2000, 1500));
    for (marker, name) in [
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0".as_slice()),
        (0xE2, b"ICC_PROFILE\0\x01\x01"),
        (0xED, b"Photoshop 3.0\0"),
        (0xFE, b""),
    ] {
        let body = [name, support::CANARY].concat();
        file = with_segment(&file, &support::segment(marker, &body));
    }
    file = with_segment(&file, &exif_segment(1));
    assert!(support::contains(&file, support::CANARY));

    let previews = preview(&file).unwrap();
    for copy in [&previews.preview_1600, &previews.thumbnail_320] {
        assert!(!support::contains(copy, support::CANARY));
        assert_eq!(support::application_segments(copy), [0xE0], "only the JFIF header that every JPEG starts with");
    }
}

#[test]
fn formats_without_previews_say_so() {
    for (bytes, media_type) in [
        (b"\0\0\0\x14ftypheic\0\0\0\0mif1".as_slice(), "image/heic"),
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1miaf", "image/avif"),
        (b"GIF89a\x01\0\x01\0\0\0\0;", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ] {
        assert_eq!(preview(bytes), Err(NoPreview::Format { media_type }));
    }
}
