//! Receipts that wait for their device: kept on one node while another drops what has arrived.

use std::thread;

use diesel::connection::SimpleConnection as _;
use doorstep_store::devices::find_device;
use doorstep_store::kept_receipts::{KeptReceiptRow, drop_kept_receipts, keep_receipt};
use doorstep_store::{Conn, Txt, per_backend};
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::db::{paused, with_conn};
use sync_core::bytes::Hash;

use super::requests::until_waiting;

fn run(conn: &mut Conn, sql: &str) {
    per_backend!(conn, c => c.batch_execute(sql)).expect(sql);
}

#[actix_web::test]
async fn a_receipt_that_is_kept_while_others_are_dropped_is_not_forgotten() {
    let app = TestApp::new().await;
    let device = app.phone_of(YUNZE.rep()).await.device.id;
    let url = &app.state.config.database_url;
    let receipt = KeptReceiptRow {
        org_id: Txt(YUNZE.org),
        device_id: Txt(device),
        part: "a part".to_owned(),
        sha256: Txt(Hash::of(b"a.b.c")),
        jws: "a.b.c".to_owned(),
        made_at_ms: 7,
    };
    with_conn(url, |keeping| {
        run(keeping, "BEGIN");
        keep_receipt(keeping, &receipt).expect("kept");
        thread::scope(|scope| {
            scope.spawn(|| {
                with_conn(url, |dropping| {
                    run(dropping, "BEGIN");
                    drop_kept_receipts(dropping, YUNZE.org, device, &[Hash::of(b"arrived")]).expect("dropped");
                    run(dropping, "COMMIT");
                });
            });
            with_conn(url, |conn| {
                until_waiting(paused::postgres(conn), 1);
            });
            run(keeping, "COMMIT");
        });
    });
    let row = app.read(move |conn| find_device(conn, YUNZE.org, device)).await.expect("the device");
    assert_eq!(row.receipts_kept_at_ms, Some(7));
}
