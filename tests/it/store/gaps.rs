//! What phones miss since a restore is noted within bounds: they may name what never was.

use doorstep_store::Txt;
use doorstep_store::restores::{GapRow, list_gaps, note_gaps};
use integration_tests::app::COMPANIES;
use integration_tests::company::YUNZE;
use integration_tests::db::{TestDb, with_conn};
use sync_core::ids::DeviceId;

fn gaps(device: DeviceId, items: std::ops::Range<usize>) -> Vec<GapRow> {
    let gap = |item: usize| GapRow {
        org_id: Txt(YUNZE.org),
        kind: "blob".to_owned(),
        visit_id: String::new(),
        item: item.to_string(),
        device_id: Txt(device),
        noted_at_ms: 1,
    };
    items.map(gap).collect()
}

#[test]
fn a_device_notes_so_many_gaps_and_keeps_no_other_from_noting_its_own() {
    let db = TestDb::copy_of(&COMPANIES);
    with_conn(db.url(), |conn| {
        let [one, other] = [1, 2].map(|byte| DeviceId::from_bytes([byte; 16]));
        for (device, items, noted) in [(one, 0..2, 2), (one, 0..2, 2), (one, 2..5, 3), (one, 5..6, 3), (other, 0..4, 6)]
        {
            note_gaps(conn, YUNZE.org, device, &gaps(device, items), 3).expect("noted");
            assert_eq!(list_gaps(conn, YUNZE.org).expect("listed").len(), noted);
        }
    });
}

#[test]
fn what_is_noted_takes_no_room_again() {
    let db = TestDb::copy_of(&COMPANIES);
    with_conn(db.url(), |conn| {
        let device = DeviceId::from_bytes([1; 16]);
        for (items, noted) in [(0..2, 2), (0..4, 3)] {
            note_gaps(conn, YUNZE.org, device, &gaps(device, items), 3).expect("noted");
            assert_eq!(list_gaps(conn, YUNZE.org).expect("listed").len(), noted);
        }
    });
}
