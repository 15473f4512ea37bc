//! A HEIC photo is shown and compared as a JPEG is, and kept as it came.

use doorstep_media::draw::{DemoPhoto, draw};
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use sync_core::bytes::Hash;

use super::{Field, said};

/// The photo that [`jpeg`] draws, smaller and as an iPhone writes it.
pub const HEIC: &[u8] = include_bytes!("../../../server/media/tests/media/heic/photo.heic");

fn jpeg() -> Vec<u8> {
    let photo = DemoPhoto { seed: 7, width: 1600, height: 1200, title: "Router", lines: &["Order 209-0012"] };
    draw(&photo).expect("drawn")
}

#[actix_web::test]
async fn a_heic_is_shown_and_is_like_the_jpeg_of_the_same_picture() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let (first, second, third) = (field.visit().await, field.visit().await, field.visit().await);
    let photo = field.send(first, HEIC).await;
    assert_eq!(field.said(first).await, said([]), "it is shown, and nothing is to be said of it");
    field.send(second, &jpeg()).await;
    assert_eq!(field.said(second).await, said([("reused_similar", 3)]));
    assert_eq!(field.earlier(second, "reused_similar").await, Some((first, photo.clone())));
    field.send(third, HEIC).await;
    assert_eq!(field.said(third).await, said([("reused_exact", 3)]));

    let path = format!("/v1/blobs/{}", Hash::of(HEIC));
    let client = field.phone.device.client();
    let original = client.get(path.as_str()).await;
    assert_eq!((original.status, original.body.as_slice()), (200, HEIC));
    assert_eq!(original.header("content-type"), Some("image/heic"));
    for (copy, size) in [("preview", (512, 384)), ("thumbnail", (320, 240))] {
        let answer = client.get(format!("{path}/{copy}")).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("image/jpeg")));
        assert_eq!(doorstep_media::sniff(&answer.body).dimensions, Some(size), "{copy}");
    }
}
