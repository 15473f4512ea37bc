//! An upload that goes on at another node, while the first still holds a line that is dead.

use std::io::Write as _;

use integration_tests::bucket::Bucket;
use integration_tests::call::Call;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::remote::RemotePhone;
use integration_tests::server::{TestServer, checked_raw, read_raw, send};
use sync_core::bytes::Hash;

use super::Pair;
use crate::uploads::preempt::{announce, half_open, until_written};
use crate::uploads::{append, creation, declares, location, number, photo, tus};

#[test]
fn any_node_goes_on_with_an_upload_that_another_one_still_receives() {
    let pair = Pair::start();
    let [here, there] = pair.urls();
    let phone = RemotePhone::enrol(&pair.server, YUNZE, YUNZE.rep(), PASSWORD);
    let ask =
        |url: &str, call: integration_tests::call::Call| send(url, &call.bearer(phone.access())).expect("an answer");
    let whole = photo(800_000);
    let path = location(&ask(here, creation(whole.len()).header("upload-metadata", declares(&whole))));
    assert_eq!(ask(there, append(&path, 0, &whole[..100_000])).status, 204);

    let call = announce(&path, 100_000, 700_000, phone.access());
    let mut dead = half_open(here, &call);
    dead.write_all(&whole[100_000..500_000]).expect("some bytes");
    until_written(&pair.server, &path, 200_000);
    let offset = number(&ask(there, tus("HEAD", &path)), "upload-offset").expect("an offset");
    assert!((200_000..=500_000).contains(&offset), "{offset}");
    // The dead line wakes up: it adds nothing to what was told, and only the other node knows how much that is.
    dead.write_all(&whole[500_000..]).expect("the rest");
    let refused = checked_raw(&call, &read_raw(&mut dead));
    assert_eq!(refused.outcome(), (423, "upload_locked".to_owned()));
    assert_eq!(number(&ask(there, tus("HEAD", &path)), "upload-offset"), Some(offset));

    let finished = ask(there, append(&path, offset, &whole[offset..]));
    assert_eq!(number(&finished, "upload-offset"), Some(whole.len()), "{}", finished.text());
    let told = ask(here, tus("HEAD", &path));
    assert_eq!(told.header("doorstep-receipt"), finished.header("doorstep-receipt"));
    let name = Hash::of(&whole).to_string();
    let folder = pair.server.directory().join("data/blobs/o").join(YUNZE.org.to_string()).join("sha256");
    let stored = std::fs::read(folder.join(&name[..2]).join(&name[2..4]).join(&name)).expect("the blob");
    assert_eq!(stored, whole);
}

#[test]
fn nodes_with_a_bucket_need_no_directory_in_common() {
    let bucket = Bucket::new();
    let server = TestServer::with_bucket(&bucket);
    let other = server.join_in(&server.directory().join("data of its own"));
    let (here, there) = (server.url(), other.url());
    let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
    let ask = |url: &str, call: Call| send(url, &call.bearer(phone.access())).expect("an answer");
    let whole = photo(300_000);
    let path = location(&ask(here, creation(whole.len()).header("upload-metadata", declares(&whole))));
    assert_eq!(ask(here, append(&path, 0, &whole[..100_000])).status, 204);

    // What one of them told, the others have, again and again.
    assert_eq!(number(&ask(there, tus("HEAD", &path)), "upload-offset"), Some(100_000));
    let refused = ask(there, append(&path, 0, &whole));
    let conflict = (409, "offset_conflict".to_owned());
    assert_eq!((refused.outcome(), number(&refused, "upload-offset")), (conflict, Some(100_000)));
    assert_eq!(ask(there, append(&path, 100_000, &whole[100_000..200_000])).status, 204);
    assert_eq!(ask(here, append(&path, 200_000, &whole[200_000..250_000])).status, 204);
    let parts = |bucket: &Bucket| bucket.names().into_iter().filter(|name| name.starts_with("uploads/")).count();
    assert_eq!(parts(&bucket), 3);
    let finished = ask(there, append(&path, 250_000, &whole[250_000..]));
    assert_eq!(number(&finished, "upload-offset"), Some(whole.len()), "{}", finished.text());
    let told = ask(here, tus("HEAD", &path));
    assert_eq!(told.header("doorstep-receipt"), finished.header("doorstep-receipt"));
    assert_eq!(server.blob(YUNZE.org, Hash::of(&whole)), whole);
    assert_eq!(parts(&bucket), 0, "nothing stays but the blob");

    // The same with a blob in one request that breaks off.
    let name = Hash::of(b"in one piece");
    let put = |body: &[u8]| Call::new("PUT", format!("/v1/blobs/{name}")).bytes("application/octet-stream", body);
    assert_eq!(ask(there, put(b"in one piece")).status, 200);
    let question = Call::new("PUT", format!("/v1/blobs/{name}")).header("content-range", "bytes */12");
    assert_eq!(ask(here, question).status, 200, "the other node knows that it is stored");
}
