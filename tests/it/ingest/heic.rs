//! HEIC photos that came when nothing decoded them.

use doorstep::jobs::ingest::run_due;
use doorstep_store::blobs::{Outcome, end_ingest, list_outdated};
use integration_tests::company::YUNZE;

use super::{Site, VERSION, given_up, photo, ready};
use crate::findings::heic::HEIC;

/// A HEIF of another kind: what it shows is coded by AV1.
fn avif() -> Vec<u8> {
    let mut file = HEIC.to_vec();
    let at = file.windows(4).position(|name| name == b"hvc1").expect("the kind of its picture");
    file[at..at + 4].copy_from_slice(b"av01");
    file
}

#[actix_web::test]
async fn a_heic_that_was_only_stored_gets_its_ingest_once_when_nothing_is_pending() {
    let site = Site::new().await;
    let [shown, other, jpeg] = site.upload([HEIC, &avif(), &photo(1)]).await;
    // As the server of before left them: with no ingest at all.
    for name in [shown, other] {
        let outcome = Outcome { version: 0, state: "no_preview", reason: Some("format"), again: None };
        assert!(site.app.write(move |conn| end_ingest(conn, YUNZE.org, name, 0, outcome)).await);
    }
    let due = site.app.read(|conn| list_outdated(conn, VERSION, None, 10)).await;
    assert_eq!(due.iter().map(|row| row.sha256.0).collect::<Vec<_>>(), [other, shown], "newest first");
    assert_eq!(run_due(&site.state).await.expect("settled"), 3);
    assert_eq!((site.state_of(shown).await, site.state_of(jpeg).await), (ready(), ready()));
    assert_eq!(site.state_of(other).await, given_up("format"));
    assert_eq!(site.app.state.blobs.read(YUNZE.org, other).await.expect("it is there"), avif());
    assert_eq!(run_due(&site.state).await.expect("nothing is due"), 0);
}
