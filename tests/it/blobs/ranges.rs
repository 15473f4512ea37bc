//! Ranges of an original as they come over the line, from a directory and from a bucket alike.

use integration_tests::bucket::Bucket;
use integration_tests::call::Answer;
use integration_tests::server::TestServer;
use sync_core::bytes::Hash;

use super::readers::Shown;

/// Bytes of the original: two pieces of 256 KiB, as it is read, and a part of a third.
const BYTES: usize = 600_000;

/// Bytes of which no two places look alike.
fn original() -> Vec<u8> {
    (0..BYTES / 32).flat_map(|number| Hash::of(&number.to_le_bytes()).0).collect()
}

impl Shown {
    fn ask_with(&self, method: &str, headers: &[(&str, &str)]) -> Answer {
        let call = headers.iter().fold(self.call(method), |call, (name, value)| call.header(name, *value));
        self.server.send(&call)
    }
}

#[test]
fn any_range_of_an_original_is_these_bytes_of_it_wherever_it_is_kept() {
    for server in [TestServer::start(), TestServer::with_bucket(&Bucket::new())] {
        let shown = Shown::of(server, original());
        for (range, from, to) in [
            ("bytes=0-0", 0, 1),
            ("bytes=0-99", 0, 100),
            ("bytes=262143-262144", 262_143, 262_145),
            ("bytes=262144-524287", 262_144, 524_288),
            ("bytes=1-599998", 1, 599_999),
            ("bytes=599900-", 599_900, BYTES),
            ("bytes=599999-700000", 599_999, BYTES),
            ("bytes=-1", 599_999, BYTES),
            ("bytes=-300000", 300_000, BYTES),
            ("bytes=0-", 0, BYTES),
        ] {
            let part = shown.ask_with("GET", &[("range", range)]);
            assert_eq!(part.status, 206, "{range}");
            assert!(part.body == shown.video[from..to], "{range}: {} bytes", part.body.len());
            let place = format!("bytes {from}-{}/{BYTES}", to - 1);
            let length = (to - from).to_string();
            assert_eq!((part.header("content-range"), part.header("content-length")), (Some(&*place), Some(&*length)));
        }
        let whole = shown.ask_with("GET", &[]);
        assert!((whole.status, &whole.body) == (200, &shown.video), "{}", whole.status);
    }
}

#[test]
fn what_is_said_of_an_original_is_the_same_wherever_it_is_kept() {
    for server in [TestServer::start(), TestServer::with_bucket(&Bucket::new())] {
        let shown = Shown::of(server, original());
        let etag = format!("\"{}\"", Hash::of(&shown.video));
        let same = shown.ask_with("GET", &[("range", "bytes=-10"), ("if-range", &etag)]);
        assert_eq!((same.status, &same.body[..]), (206, &shown.video[BYTES - 10..]));
        let other = shown.ask_with("GET", &[("range", "bytes=-10"), ("if-range", "\"another\"")]);
        assert!((other.status, &other.body) == (200, &shown.video), "{}", other.status);
        for behind in ["bytes=600000-", "bytes=600000-600001", "bytes=-0"] {
            let refused = shown.ask_with("GET", &[("range", behind)]);
            assert_eq!(refused.outcome(), (416, "range_invalid".to_owned()), "{behind}");
            assert_eq!(refused.json()["limit"], BYTES, "{behind}");
        }
        let known = shown.ask_with("GET", &[("if-none-match", &etag)]);
        assert_eq!((known.status, known.body.len()), (304, 0));
        for headers in [&[][..], &[("range", "bytes=2-4")]] {
            let head = shown.ask_with("HEAD", headers);
            assert_eq!((head.status, head.body.len()), (200, 0), "{headers:?}");
            let said = ["etag", "accept-ranges", "content-length", "content-range"].map(|name| head.header(name));
            assert_eq!(said, [Some(&*etag), Some("bytes"), Some("600000"), None], "{headers:?}");
        }
    }
}
