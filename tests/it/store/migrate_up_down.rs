//! Migrations go up, down and up again.

use doorstep_store::migrate;
use integration_tests::db::{TestDb, with_conn};

use super::catalogue;

#[test]
fn every_migration_can_be_reverted_and_run_again() {
    let db = TestDb::new();
    with_conn(db.url(), |conn| {
        let run = migrate::run_pending(conn).expect("up");
        let first = catalogue::read(conn);
        assert!(run.len() >= 14 && first.len() >= 30, "{run:?}");
        assert_eq!(migrate::run_pending(conn).expect("nothing is pending"), Vec::<String>::new());
        migrate::revert_all(conn).expect("down");
        assert!(catalogue::read(conn).is_empty(), "left behind: {:?}", catalogue::read(conn).keys());
        assert_eq!(migrate::run_pending(conn).expect("up again"), run);
        assert_eq!(catalogue::read(conn), first);
    });
}
