//! Mutants of pictures by the thousand, uploaded by an ordinary phone with their records: each is shown or has a reason why
//! not, and is kept as it came; what is untouched among them is shown.
//!
//! Each run has others; `DOORSTEP_PICTURES_SEED` replays the seed that a run tells.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use doorstep_media::draw::{DemoPhoto, draw};
use doorstep_media::{Format, sniff};
use doorstep_store::blobs::{BlobRow, list_blobs};
use fuzz_targets::mutants::Random;
use fuzz_targets::pictures::mutant;
use integration_tests::call::Call;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::db::with_conn;
use integration_tests::drawn::seed;
use integration_tests::effort;
use integration_tests::remote::RemotePhone;
use integration_tests::server::TestServer;
use integration_tests::told::tell;
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::doc::Map;

use super::{MEMORY, roomy};
use crate::sync::writer::Writer;

/// Mutants of a usual run, and of a long one.
const MUTANTS: [usize; 2] = [200, 10_000];

/// Mutants of a visit; one in so many photos beside them is untouched.
const OF_A_VISIT: usize = 50;
const ONE_UNTOUCHED_IN: usize = 10;

/// Looks at the queue after which it must be empty; each is a request and a query.
const MOST_LOOKS: usize = 1_000_000;

/// The files that mutants are made of: every kind of JPEG, PNG and WebP, and HEIC in one piece and in tiles.
fn files() -> [Vec<Vec<u8>>; 4] {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/media/tests/media");
    let of = |folder: PathBuf, ending: &str, wanted: &dyn Fn(&str) -> bool| {
        let mut files: Vec<PathBuf> =
            fs::read_dir(folder).expect("a folder").map(|it| it.expect("an entry").path()).collect();
        files.retain(|file| file.extension().is_some_and(|found| found == ending));
        files.retain(|file| file.file_stem().and_then(|name| name.to_str()).is_some_and(wanted));
        files.sort();
        assert!(files.len() > 3, "files of {ending}");
        files.iter().map(|file| fs::read(file).expect("a file")).collect::<Vec<_>>()
    };
    let seeds = |ending| of(folder.join("seeds"), ending, &|_| true);
    let heic = of(folder.join("heic"), "heic", &|name| ["turned_5", "grid_turned", "clear", "deep"].contains(&name));
    [seeds("jpg"), seeds("png"), seeds("webp"), heic]
}

/// A phone that takes what it is given.
struct Phone<'a> {
    server: &'a TestServer,
    phone: RemotePhone,
    taken: usize,
}

impl Phone<'_> {
    /// A visit with photos, whose records and bytes are sent.
    fn visit(&mut self, photos: &[Vec<u8>]) {
        let mut writer = Writer::new(&format!("pictures {}", self.taken));
        for bytes in photos {
            let record = json!({"slot": "outdoor_route", "sha256": Hash::of(bytes), "bytes": bytes.len(),
                "media_type": "image/jpeg", "taken_at": RemotePhone::stamp(), "source": "camera",
                "by": self.phone.user()});
            writer.put(Map::Photos, &format!("01955f2c-3000-7000-8000-{:012x}", self.taken), &record);
            self.taken += 1;
        }
        self.phone.sync(self.server, &writer.next(&self.phone)).expect("it is stored");
        for bytes in photos {
            let call = Call::new("PUT", format!("/v1/blobs/{}", Hash::of(bytes)))
                .bytes("application/octet-stream", bytes.clone());
            self.server.send(&call.bearer(self.phone.access())).expect(200);
        }
    }

    /// Waits until nothing of these is pending.
    fn until_settled(&self, photos: &[Vec<u8>]) -> Vec<BlobRow> {
        let names: Vec<Hash> = photos.iter().map(|bytes| Hash::of(bytes)).collect();
        with_conn(self.server.database_url(), |conn| {
            for _ in 0..MOST_LOOKS {
                let rows = list_blobs(conn, YUNZE.org, &names).expect("a query");
                if rows.iter().all(|row| row.preview_state != "pending") {
                    return rows;
                }
                // It serves meanwhile, and this takes no more than its answer does.
                self.server.send(&Call::get("/healthz")).expect(200);
            }
            panic!("the queue has no end; the log:\n{}", self.server.log());
        })
    }

    /// What became of a visit's photos: shown, not a picture, or a reason.
    fn check(&self, photos: &[Vec<u8>], untouched: &[Vec<u8>], became: &mut BTreeMap<String, usize>) {
        let rows = self.until_settled(photos);
        for bytes in photos {
            let name = Hash::of(bytes);
            let row = rows.iter().find(|row| row.sha256.0 == name).expect("it is stored");
            assert_eq!(&self.server.blob(YUNZE.org, name), bytes, "the original is as it came");
            let is_shown = row.preview_state == "ready";
            let preview = Call::get(format!("/v1/blobs/{name}/preview")).bearer(self.phone.access());
            assert_eq!(self.server.send(&preview).status == 200, is_shown, "{row:?}");
            assert!(is_shown || !untouched.contains(bytes), "an untouched photo: {row:?}");
            let what = match (row.preview_state.as_str(), &row.preview_reason) {
                ("ready", None) => "ready",
                ("no_preview", Some(reason)) => reason,
                ("none", None) if sniff(bytes).format == Format::Other => "no picture",
                _ => panic!("{row:?}"),
            };
            *became.entry(what.to_owned()).or_default() += 1;
        }
    }
}

#[test]
fn mutants_of_pictures_harm_neither_the_server_nor_other_photos() {
    let seed = seed("DOORSTEP_PICTURES_SEED");
    let count = MUTANTS[usize::from(effort::is_long())];
    tell(format_args!("seed {seed}: {count} mutants of pictures to the running server"));
    let server = TestServer::configured(&roomy());
    let process = server.process_id();
    let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
    let mut phone = Phone { server: &server, phone, taken: 0 };
    let (files, mut random, mut became) = (files(), Random::new(seed), BTreeMap::new());
    for visit in 0..count / OF_A_VISIT {
        let (mut photos, mut untouched) = (Vec::new(), Vec::new());
        for number in visit * OF_A_VISIT..(visit + 1) * OF_A_VISIT {
            let of_format = &files[number % files.len()];
            let bytes = mutant(of_format, number / files.len() % of_format.len(), &mut random);
            photos.extend((!bytes.is_empty()).then_some(bytes));
            if number % ONE_UNTOUCHED_IN == 0 {
                let title = format!("Photo {number}");
                let photo = DemoPhoto { seed: 1, width: 320, height: 240, title: &title, lines: &[] };
                untouched.push(draw(&photo).expect("a photo"));
                photos.extend(untouched.last().cloned());
            }
        }
        phone.visit(&photos);
        phone.check(&photos, &untouched, &mut became);
        if (visit + 1) % 20 == 0 {
            tell(format_args!("{} photos, peak {} MiB: {became:?}", phone.taken, server.peak_memory_bytes() >> 20));
        }
    }
    server.send(&Call::get("/healthz")).expect(200);
    assert_eq!(server.process_id(), process, "the same process all the time");
    let peak = server.peak_memory_bytes();
    tell(format_args!("seed {seed}: {} photos: {became:?}; peak memory of the server {} MiB", phone.taken, peak >> 20));
    assert!(became.len() > 3, "past the first checks: {became:?}");
    assert!(peak <= MEMORY, "{peak} bytes");
    let log = server.log();
    let odd = log.lines().find(|line| line.contains("ERROR"));
    assert_eq!(odd, None, "nothing was unexpected but what decoders met");
}
