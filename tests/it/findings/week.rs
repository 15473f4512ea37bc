//! A short week of a cheater among honest colleagues: how much is found, and how often somebody is accused wrongly.

use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::told::tell;

use super::{Field, pictures};

/// Honest visits, each with a photo of its own.
const HONEST: u64 = 16;

#[actix_web::test]
async fn a_cheaters_week_is_found_and_no_honest_visit_is_accused() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let (mut accused, mut suspected) = (0, Vec::new());
    for seed in 0..HONEST {
        let visit = field.visit().await;
        field.send(visit, &pictures::photo(seed)).await;
        let said = field.said(visit).await;
        accused += usize::from(said.iter().any(|(_, level)| *level > 2));
        suspected.extend(said.into_iter().filter(|(_, level)| *level == 2).map(|(code, _)| (seed, code)));
        field.wait(1800).await;
    }
    let (mut cheated, mut found) = (0, 0);
    for seed in 0..HONEST / 2 {
        let old = pictures::photo(seed);
        let pictures = [old.clone(), pictures::recompressed(&old), pictures::resized(&old), pictures::turned(&old)];
        for picture in pictures {
            let visit = field.visit().await;
            field.send(visit, &picture).await;
            let said = field.said(visit).await;
            cheated += 1;
            found += usize::from(said.iter().any(|(code, level)| code.starts_with("reused") && *level > 1));
            field.wait(1800).await;
        }
    }
    tell(format_args!(
        "{found} of {cheated} re-used photos were found; of {HONEST} honest visits {accused} were accused, {suspected:?} \
        suspected"
    ));
    assert_eq!((found, accused), (cheated, 0));
    // Rooms are drawn in three compositions: as alike as no two rooms are.
    assert!(suspected.len() <= usize::try_from(HONEST / 4).expect("few"), "{suspected:?}");
}
