//! A server that is told to stop while it imports a bundle whose bringer has left.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use doorstep::domain::Role;
use integration_tests::bound::Bound;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::db::{count, with_conn};
use integration_tests::remote::{RemotePhone, sign_in};
use integration_tests::server::TestServer;
use serde_json::json;
use sync_core::bytes::Hash;

use super::call;
use crate::sync::helpers::batch;

/// Has the writes of blobs wait, on SQLite all writes; for SQLite and for PostgreSQL.
const HOLD: [&str; 2] = ["BEGIN IMMEDIATE", "BEGIN; LOCK TABLE blobs IN SHARE ROW EXCLUSIVE MODE"];

/// Whether a file of this name lies anywhere in a directory; what is half written counts.
fn has_file(directory: &Path, name: &str) -> bool {
    let Ok(entries) = fs::read_dir(directory) else { return false };
    entries.map_while(Result::ok).map(|entry| entry.path()).any(|path| {
        path.is_dir() && has_file(&path, name)
            || path.file_name().is_some_and(|file| file.to_string_lossy().contains(name))
    })
}

#[test]
fn a_server_told_to_stop_ends_an_import_first_whose_bringer_has_left() {
    let mut server = TestServer::configured(&json!({"stop": {"drain_ms": 20, "finish_secs": 60}}));
    let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
    let office = sign_in(&server, YUNZE, YUNZE.member(Role::Dispatcher).login, PASSWORD);
    let request = phone.pushing(Vec::new(), vec![phone.create_visit("brought"), phone.day_note("a note")]);
    let bundle = phone.bundle(&server, "brought", &request, b"a photo");
    let upload = call(&bundle).bearer(&office);
    let url = server.database_url().to_owned();
    let (go, paused) = mpsc::channel::<()>();
    let (begun, held) = mpsc::channel();
    let database = url.as_str();
    thread::scope(|scope| {
        scope.spawn(move || {
            with_conn(database, |conn| {
                batch(conn, &HOLD.map(str::to_owned));
                // The test may be over.
                let _ = begun.send(());
                let _ = paused.recv();
            });
        });
        held.recv().expect("the lock is held");
        let mut bringer = server.connect();
        let head = format!(
            "POST /v1/bundles HTTP/1.1\r\nHost: doorstep\r\nAuthorization: Bearer {office}\r\n\
             Content-Type: application/octet-stream\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
            bundle.len()
        );
        bringer.write_all(&[head.as_bytes(), &bundle].concat()).expect("the server reads");
        // Its blob is being stored: all of the bundle was received and found to be in order.
        let photo = Hash::of(b"a photo").to_string();
        let bound = Bound::on("the photo is unpacked");
        while !has_file(&server.directory().join("data"), &photo) {
            bound.check();
        }
        // What the server has said to go on with is left unread: the system resets the connection, and does not only
        // close it on one side.
        let mut said = [0];
        assert_eq!(bringer.peek(&mut said).expect("an interim answer"), 1);
        drop(bringer);
        let address = server.url().trim_start_matches("http://").to_owned();
        server.process().terminate();
        let bound = Bound::on("nobody listens any more");
        while TcpStream::connect(&address).is_ok() {
            bound.check();
        }
        go.send(()).expect("it waits for this");
        assert!(server.process().wait().success());
    });
    assert_eq!(count(&url, &["kept_receipts"])["kept_receipts"], 2, "its last steps");
    server.gone();
    server.restart();
    let again = server.send(&upload).expect(200);
    assert_eq!(again["counts"], json!({"duplicate": 3}), "{again}");
}
