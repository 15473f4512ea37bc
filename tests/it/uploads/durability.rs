//! What is answered is on stable storage, in the order in which it can be found again: seen in the calls of the running
//! server.

use std::path::{Path, PathBuf};

use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::remote::RemotePhone;
use integration_tests::server::TestServer;
use integration_tests::trap::{Watch, Watched};
use sync_core::bytes::Hash;

use super::{append, creation, declares, location, photo, tus};
use crate::sync::shared_fsyncs::{is, waits};

/// What is watched: what makes bytes and names durable, the talk with PostgreSQL, and answers.
const CALLS: &str = "recvfrom,read,sendto,sendmsg,writev,fsync,fdatasync,?link,linkat,?rename,?renameat,renameat2";

/// The calls that put a file or directory on stable storage.
fn synced<'a>(calls: &'a [Watched], is_it: impl Fn(&str) -> bool + 'a) -> impl Iterator<Item = &'a Watched> {
    let is_sync = |call: &&Watched| is(call, &["fsync(", "fdatasync("]) && call.result().starts_with('0');
    calls.iter().filter(is_sync).filter(move |call| is_it(call.place()))
}

/// When something was done that began after a moment.
fn after<'a>(moment: usize, mut calls: impl Iterator<Item = &'a Watched>, what: &str) -> usize {
    calls.find(|call| call.began > moment).unwrap_or_else(|| panic!("{what}: not after {moment}")).ended
}

#[test]
fn bytes_names_and_row_are_durable_in_this_order_before_they_are_answered() {
    let server = TestServer::start();
    let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
    let whole = photo(300_000);
    let send = |call: integration_tests::call::Call| server.send(&call.bearer(phone.access()));
    let path = location(&send(creation(whole.len()).header("upload-metadata", declares(&whole))));
    let watch = Watch::begin(server.process_id(), CALLS, None);
    assert_eq!(send(append(&path, 0, &whole[..100_000])).status, 204);
    assert_eq!(send(append(&path, 100_000, &whole[100_000..])).status, 204);
    let calls = watch.end();
    assert!(send(tus("HEAD", &path)).header("doorstep-receipt").is_some());

    let answers: Vec<usize> =
        calls.iter().filter(|call| call.text.contains("\"HTTP/1.1 204")).map(|call| call.began).collect();
    let [first, second] = answers[..] else { panic!("two answers: {answers:?}") };
    let blobs = server.directory().join("data/blobs");
    let staged = format!("{}.0", path.rsplit('/').next().expect("an id"));
    let is_staged = |place: &str| place.ends_with(&staged);

    // The first part: bytes, and every directory that names them.
    let bytes = after(0, synced(&calls, is_staged), "the bytes");
    let folder = blobs.join("uploads").join(YUNZE.org.to_string());
    let device = std::fs::read_dir(&folder).expect("devices").next().expect("one").expect("an entry").path();
    let names = names_durable(&calls, bytes, &device, &blobs);
    assert!(bytes < first && names < first, "{bytes} and {names} before the answer at {first}");

    // The last one: bytes, the name of the blob, every directory that leads to it, the row.
    let bytes = after(first, synced(&calls, is_staged), "the rest");
    let hash = Hash::of(&whole).to_string();
    let blob = blobs.join("o").join(YUNZE.org.to_string()).join("sha256").join(&hash[..2]).join(&hash[2..4]);
    let links = calls.iter().filter(|call| is(call, &["link"]) && call.text.contains(&staged));
    let linked = after(bytes, links, "the second name");
    let renames = calls.iter().filter(|call| is(call, &["rename"]) && call.text.contains(&hash));
    let renamed = after(linked, renames, "the name of the blob");
    let names = names_durable(&calls, renamed, &blob, &blobs);
    let row = waits(&calls).into_iter().find(|(began, _)| *began > names);
    let (_, row) = row.unwrap_or_else(|| panic!("no row after the names at {names}"));
    assert!(row < second, "the row at {row} before the answer at {second}");
}

/// When every directory from one up to the root was on stable storage, after a moment.
fn names_durable(calls: &[Watched], moment: usize, below: &Path, root: &Path) -> usize {
    let up: Vec<PathBuf> = below.ancestors().take_while(|path| path.starts_with(root)).map(Path::to_owned).collect();
    assert!(up.len() > 2, "{up:?}");
    let durable = up.iter().map(|directory| {
        let name = directory.to_str().expect("UTF-8");
        after(moment, synced(calls, |place| place == name), name)
    });
    durable.max().unwrap_or(moment)
}
