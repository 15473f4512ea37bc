//! An upload that goes on at another node, while the first still holds a line that is dead.

use std::io::Write as _;

use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::remote::RemotePhone;
use integration_tests::server::{checked_raw, read_raw, send};
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
    // The dead line wakes up: it adds nothing to what was told.
    dead.write_all(&whole[500_000..]).expect("the rest");
    let refused = checked_raw(&call, &read_raw(&mut dead));
    assert_eq!(refused.outcome(), (409, "offset_conflict".to_owned()));
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
