//! Each rule about the record at its limits.

use super::*;
use crate::bytes::Hash;
use crate::ids::UserId;
use crate::time::Stamp;

/// A position at 31.23 N 121.47 E, accurate to ten metres.
fn geo() -> Geo {
    Geo { lat_udeg: 31_230_000, lon_udeg: 121_470_000, acc_m: 10, datum: "wgs84".to_owned(), mock: None }
}

/// A photo of noon that nothing can be said against.
fn photo() -> Photo {
    let taken_at = Stamp {
        wall_ms: 1_741_060_800_000,
        mono_ms: 1,
        boot_id: "0123ABCD".to_owned(),
        off_ms: Some(0),
        err_ms: Some(0),
    };
    Photo {
        kind: None,
        slot: "ont_front".to_owned(),
        sha256: Hash::of(b"photo"),
        bytes: 5,
        media_type: "image/jpeg".to_owned(),
        width: None,
        height: None,
        taken_at,
        geo: Some(geo()),
        source: "camera".to_owned(),
        replaces: None,
        by: UserId::from_bytes([1; 16]),
    }
}

fn noon(minutes: i64) -> Dated {
    Dated { at: photo().taken_at.corrected().plus_ms(minutes * 60_000), err_ms: Some(0) }
}

fn said_of(change: impl FnOnce(&mut Capture<'_>), photo: &Photo) -> Vec<(FindingCode, Level)> {
    let window = Window { from: Some(noon(-30)), until: Some(noon(30)) };
    let site = geo();
    let mut capture = Capture {
        photo,
        allows_gallery: false,
        taken: noon(0),
        clock: Witnesses::default(),
        window,
        site: Some(&site),
    };
    change(&mut capture);
    findings(&capture, &BTreeMap::new()).into_iter().map(|one| (one.code, one.level)).collect()
}

fn said(change: impl FnOnce(&mut Photo)) -> Vec<(FindingCode, Level)> {
    let mut photo = photo();
    change(&mut photo);
    said_of(|_| (), &photo)
}

#[test]
fn nothing_is_said_of_a_photo_as_it_should_be() {
    assert_eq!(said(|_| ()), []);
}

// Rule: GEN-12
#[test]
fn a_picture_from_the_gallery_is_a_warning_where_the_slot_wants_the_camera() {
    let mut from_gallery = photo();
    from_gallery.source = "gallery".to_owned();
    assert_eq!(said_of(|_| (), &from_gallery), [(FindingCode::GallerySource, Level::Warning)]);
    let allowed = said_of(|capture| capture.allows_gallery = true, &from_gallery);
    assert_eq!(allowed, [(FindingCode::GallerySource, Level::Hint)]);
    assert_eq!(said(|photo| photo.source = "scanner".to_owned()), [(FindingCode::GallerySource, Level::Warning)]);
}

#[test]
fn the_window_is_open_for_fifteen_minutes_and_the_errors_of_the_clocks() {
    let taken = |taken: Dated| said_of(|capture| capture.taken = taken, &photo());
    let outside = |level| vec![(FindingCode::OutsideVisitWindow, level)];
    for minutes in [-45, 45] {
        assert_eq!(taken(noon(minutes)), [], "{minutes}");
    }
    for minutes in [-46, 46] {
        assert_eq!(taken(noon(minutes)), outside(Level::Warning), "{minutes}");
        let vague = |err_ms| taken(Dated { err_ms, ..noon(minutes) });
        assert_eq!(vague(Some(60_000)), [], "a minute of error");
        assert_eq!(vague(None), outside(Level::Hint), "nobody knows how wrong the clock was");
    }
    let open = said_of(|capture| (capture.taken, capture.window) = (noon(9000), Window::default()), &photo());
    assert_eq!(open, [], "no event says when the crew was there");
}

#[test]
fn a_missing_odd_or_vague_position_is_a_hint_and_a_simulated_one_as_good_as_certain() {
    let no_position = [(FindingCode::NoPosition, Level::Hint)];
    assert_eq!(said(|photo| photo.geo = None), no_position);
    let with = |change: fn(&mut Geo)| {
        said(|photo| {
            let mut odd = geo();
            change(&mut odd);
            photo.geo = Some(odd);
        })
    };
    assert_eq!(with(|geo| geo.lat_udeg = 91_000_000), no_position);
    assert_eq!(with(|geo| geo.acc_m = -1), no_position);
    assert_eq!(with(|geo| geo.acc_m = 1000), []);
    assert_eq!(with(|geo| geo.acc_m = 1001), no_position);
    assert_eq!(with(|geo| geo.mock = Some(false)), []);
    assert_eq!(with(|geo| geo.mock = Some(true)), [(FindingCode::MockPosition, Level::Strong)]);
}

#[test]
fn far_is_beyond_the_limit_and_the_accuracy_of_both_positions() {
    // A thousandth of a degree along the meridian is 111.2 m: 250 m and twice ten are 2,428 millionths.
    let north = |udeg: i64, datum: &'static str| {
        said(move |photo| {
            let moved = Geo { lat_udeg: geo().lat_udeg + udeg, datum: datum.to_owned(), ..geo() };
            photo.geo = Some(moved);
        })
    };
    let far = [(FindingCode::FarFromSite, Level::Warning)];
    assert_eq!(north(2_425, "wgs84"), []);
    assert_eq!(north(-2_450, "wgs84"), far);
    assert_eq!(north(2_450, "gcj02"), [], "another datum lies elsewhere");
    assert_eq!(north(20_600, "gcj02"), far);
    let mut moved = photo();
    moved.geo = Some(Geo { lat_udeg: 0, ..geo() });
    assert_eq!(said_of(|capture| capture.site = None, &moved), [], "nobody knows where the site is");
}
