//! A photo that ends the process which decodes it: as a system does that has no memory left, by SIGKILL in the midst of its
//! pixels. It is parked after the second time, keeps nobody waiting, and stays as it came.

use doorstep_store::blobs::{BlobRow, DueRow, find_blob, list_due_again, list_pending};
use doorstep_store::findings::list_findings;
use integration_tests::builders::DAY_MS;
use integration_tests::call::Call;
use integration_tests::company::{Company, HAOYU, PASSWORD, YUNZE};
use integration_tests::db::with_conn;
use integration_tests::patience::until;
use integration_tests::plain_png::plain_png;
use integration_tests::remote::RemotePhone;
use integration_tests::server::TestServer;
use integration_tests::told::tell;
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::doc::Map;
use sync_core::ids::VisitId;
use sync_core::time::UnixMillis;

use super::photo;
use crate::sync::writer::Writer;

/// As large as a PNG may be that is decoded: 48 megapixels, which no decoder here shrinks on the way.
const SIZE: (u32, u32) = (8_000, 6_000);

/// How much memory a process that decodes it takes beyond one that does nothing when it is ended: a sixth of the pixels is
/// there then, nothing else takes as much, and on a busy machine the rest of its time (20 s) is long enough.
const DECODED_BYTES: u64 = 24 << 20;

/// A server, phones of two organisations, and the deadly photo in a visit of the first.
struct Scene {
    server: TestServer,
    phone: RemotePhone,
    other: RemotePhone,
    visit: VisitId,
    deadly: Vec<u8>,
    name: Hash,
    /// What the process holds when it does nothing.
    idle_bytes: u64,
}

impl Scene {
    /// Uploads the deadly photo as the first one.
    fn begin() -> Self {
        let server = TestServer::start();
        let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
        let other = RemotePhone::enrol_named(&server, HAOYU, HAOYU.rep(), PASSWORD, "a phone of the others");
        let deadly = plain_png(SIZE.0, SIZE.1);
        let (name, idle_bytes) = (Hash::of(&deadly), server.memory_bytes());
        let mut writer = Writer::new("a visit with a deadly photo");
        let record = json!({"slot": "outdoor_route", "sha256": name, "bytes": deadly.len(), "media_type": "image/png",
            "taken_at": RemotePhone::stamp(), "source": "camera", "by": phone.user()});
        writer.put(Map::Photos, "01955f2c-3000-7000-8000-00000000dead", &record);
        phone.sync(&server, &writer.next(&phone)).expect("it is stored");
        let visit = writer.doc().visit();
        let scene = Self { server, phone, other, visit, deadly, name, idle_bytes };
        scene.upload(&scene.phone, &scene.deadly);
        scene
    }

    fn upload(&self, phone: &RemotePhone, bytes: &[u8]) {
        let call = Call::new("PUT", format!("/v1/blobs/{}", Hash::of(bytes)));
        let call = call.bytes("application/octet-stream", bytes.to_vec()).bearer(phone.access());
        self.server.send(&call).expect(200);
    }

    fn now(&self) -> UnixMillis {
        self.server.clock.now()
    }

    fn row(&self, company: Company, name: Hash) -> BlobRow {
        let found = with_conn(self.server.database_url(), |conn| find_blob(conn, company.org, name));
        found.expect("a query").expect("it is stored")
    }

    /// The pictures that are to be ingested by now: of one organisation the pending ones, of all what is tried again.
    fn due(&self, company: Company) -> Vec<DueRow> {
        let now = self.now();
        with_conn(self.server.database_url(), |conn| {
            let pending = list_pending(conn, company.org, None, 10).expect("a query");
            let again = list_due_again(conn, now.0, None, 10).expect("a query");
            pending.into_iter().chain(again).collect()
        })
    }

    /// How often a picture was begun and never ended; none if it is not due.
    fn attempts(&self, company: Company, name: Hash) -> Option<i64> {
        let row = self.due(company).into_iter().find(|row| row.sha256.0 == name);
        row.map(|row| row.ingest_attempts.unwrap_or_default())
    }

    /// Ends the process while it decodes the photo, the given time that it was begun.
    fn kill_at_pixels(&mut self, attempt: i64) {
        until("the deadly photo is begun", || self.attempts(YUNZE, self.name) == Some(attempt));
        let most = self.idle_bytes + DECODED_BYTES;
        until("a sixth of its pixels is there", || self.server.memory_bytes() > most);
        self.server.kill();
        assert_eq!(self.attempts(YUNZE, self.name), Some(attempt), "the process was ended before the attempt was");
    }

    /// Waits until a process has given the deadly photo up without a look at its pixels.
    fn until_parked(&self) {
        let name = self.name;
        until("it is parked", || self.attempts(YUNZE, name).is_none());
        let row = self.row(YUNZE, name);
        assert_eq!((row.preview_state.as_str(), row.preview_reason.as_deref()), ("no_preview", Some("crashed")));
        let (peak, most) = (self.server.peak_memory_bytes(), self.idle_bytes + DECODED_BYTES);
        assert!(peak < most, "it was begun no more, and yet {peak} bytes were taken");
        let preview = self.server.send(&Call::get(format!("/v1/blobs/{name}/preview")).bearer(self.phone.access()));
        assert_eq!(preview.outcome(), (404, "no_preview".to_owned()));
    }

    /// Waits until the photo of a phone is shown.
    fn until_shown(&self, company: Company, phone: &RemotePhone, bytes: &[u8]) {
        let name = Hash::of(bytes);
        until("it is settled", || self.row(company, name).preview_state != "pending");
        assert_eq!(self.row(company, name).preview_state, "ready", "{:?}", self.row(company, name));
        assert_eq!(self.server.blob(company.org, name), bytes, "{} keeps it", phone.device());
    }

    /// The deadly photo is as it came, where it lies and when it is served.
    fn check_original(&self) {
        assert!(self.server.blob(YUNZE.org, self.name) == self.deadly, "it lies as it came");
        let served = self.server.send(&Call::get(format!("/v1/blobs/{}", self.name)).bearer(self.phone.access()));
        assert!(served.status == 200 && served.body == self.deadly, "{}: it is served as it came", served.status);
    }

    fn findings(&self) -> Vec<(String, i64)> {
        let rows = with_conn(self.server.database_url(), |conn| list_findings(conn, YUNZE.org, self.visit));
        rows.expect("a query").into_iter().map(|row| (row.code, row.level)).collect()
    }
}

#[test]
fn a_photo_that_ends_the_process_twice_is_parked_as_it_came_and_keeps_no_other_waiting() {
    let mut scene = Scene::begin();
    until("the deadly photo is begun", || scene.attempts(YUNZE, scene.name) == Some(1));
    let beside = photo(1);
    scene.upload(&scene.other, &beside);
    scene.kill_at_pixels(1);
    // Both are pending at the start. The suspect is begun alone: the other one is done before, or not begun.
    scene.server.restart();
    scene.kill_at_pixels(2);
    let blamed = scene.attempts(HAOYU, Hash::of(&beside)).filter(|attempts| *attempts > 0);
    assert_eq!(blamed, None, "nothing else is blamed for the end of the process");

    scene.server.restart();
    scene.until_parked();
    scene.until_shown(HAOYU, &scene.other, &beside);
    for (seed, company, phone) in [(2, YUNZE, &scene.phone), (3, HAOYU, &scene.other)] {
        let later = photo(seed);
        scene.upload(phone, &later);
        scene.until_shown(company, phone, &later);
    }
    let found = || scene.findings().contains(&("no_preview".to_owned(), 2));
    until("the reviewer is told", found);
    scene.check_original();

    // By itself it is tried once a day, and once only.
    scene.server.kill();
    scene.server.clock.set(scene.now().plus_ms(DAY_MS - 1));
    assert_eq!(scene.attempts(YUNZE, scene.name), None, "it has its rest");
    scene.server.clock.set(scene.now().plus_ms(1));
    assert_eq!(scene.attempts(YUNZE, scene.name), Some(1));
    scene.server.restart();
    scene.kill_at_pixels(2);
    scene.server.restart();
    until("it is parked again", || scene.attempts(YUNZE, scene.name).is_none());
    assert_eq!(scene.row(YUNZE, scene.name).preview_reason.as_deref(), Some("crashed"));
    assert!(scene.server.blob(YUNZE.org, scene.name) == scene.deadly, "it lies as it came");
    tell(format_args!("a photo of {} bytes has ended three processes, and is as it came", scene.deadly.len()));
}
