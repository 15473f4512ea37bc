//! What is found about photos once they are here with their records: by whom it is seen, that it follows from the photos
//! and from nothing else, and that it keeps nobody waiting.

mod again;
mod belated;
mod captured;
pub mod decided;
pub mod heic;
mod honest;
#[cfg(target_os = "linux")]
mod kills;
mod kinds;
pub mod pictures;
mod refitted;
mod reused;
mod revoked;
mod rows;
mod seen;
mod turns;
mod verified;
mod week;

use std::collections::BTreeSet;

use doorstep::domain::{Role, TokenKind};
use doorstep::jobs;
use doorstep_store::findings::{FindingRow, list_findings};
use doorstep_store::photo_checks;
use integration_tests::app::TestApp;
use integration_tests::builders::HOUR_MS;
use integration_tests::company::{Company, YUNZE};
use integration_tests::phone::Phone;
use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::doc::Map;
use sync_core::ids::{CustomerId, SiteId, VisitId};

use crate::custody::upload;

/// A rep at work, whose photos are looked at.
pub struct Field<'a> {
    app: &'a TestApp,
    company: Company,
    phone: Phone<'a>,
}

impl<'a> Field<'a> {
    /// A rep of a company that has published its norms.
    pub async fn of(app: &'a TestApp, company: Company) -> Self {
        app.office(company).await;
        Self { app, company, phone: app.phone_of(company.rep()).await }
    }

    /// A visit at a new site, at which the rep has just arrived.
    pub async fn visit(&mut self) -> VisitId {
        let visit = self.app.office_again(self.company).plan(&[self.company.rep()]).await.visit;
        self.arrive(visit).await
    }

    /// A visit at a known site, at which the rep has just arrived.
    async fn visit_at(&mut self, (customer, site): (CustomerId, SiteId)) -> VisitId {
        let office = self.app.office_again(self.company);
        let order = office.order_for(customer, site).await;
        let visit = office.plan_order(order, &[self.company.rep()], HOUR_MS).await;
        self.arrive(visit).await
    }

    async fn arrive(&mut self, visit: VisitId) -> VisitId {
        self.phone.sync().await;
        self.phone.event(visit, "arrive");
        visit
    }

    /// Lets time pass, after which the phone has a fresh session.
    async fn wait(&mut self, secs: i64) {
        self.app.clock.advance_secs(secs);
        let device = &mut self.phone.device;
        device.access = self.app.session(device.member, Some(device.id), TokenKind::Full).await;
    }

    /// A customer with a site at a position.
    async fn site(&self, lat_udeg: i64, lon_udeg: i64) -> (CustomerId, SiteId) {
        let (_, customer, _) = self.app.office_again(self.company).order().await;
        let dispatcher = self.app.role(self.company, Role::Dispatcher).await;
        let body = json!({"customer_id": customer, "address": "成都市一环路1号", "scene": "urban_residential",
            "geo": {"lat_udeg": lat_udeg, "lon_udeg": lon_udeg, "acc_m": 10, "datum": "wgs84"}});
        let made = dispatcher.post("/v1/sites", body).await.expect(201);
        (customer, made["id"].as_str().and_then(|id| id.parse().ok()).expect("a site"))
    }

    /// Takes a photo of which nothing is to be said, unless its record is changed; its bytes are on the way.
    pub fn take(&mut self, visit: VisitId, bytes: &[u8], change: impl FnOnce(&mut Value)) -> String {
        let mut record = json!({"slot": "outdoor_route", "sha256": Hash::of(bytes), "bytes": bytes.len(),
            "media_type": "image/jpeg", "taken_at": self.phone.stamp(), "source": "camera",
            "geo": {"lat_udeg": 30_659_462, "lon_udeg": 104_065_735, "acc_m": 12, "datum": "wgs84"},
            "by": self.phone.device.member.id});
        change(&mut record);
        self.phone.add(visit, Map::Photos, &record)
    }

    /// Takes a photo and sends everything.
    async fn send(&mut self, visit: VisitId, bytes: &[u8]) -> String {
        let photo = self.take(visit, bytes, |_| ());
        self.sent(&[bytes]).await;
        photo
    }

    /// Sends everything, and lets it be looked at.
    pub async fn sent(&mut self, pictures: &[&[u8]]) {
        self.phone.sync().await;
        for picture in pictures {
            upload(&self.phone, picture).await;
        }
        look(self.app).await;
    }

    /// The rows about a visit.
    pub async fn rows(&self, visit: VisitId) -> Vec<FindingRow> {
        let org = self.company.org;
        self.app.read(move |conn| list_findings(conn, org, visit)).await
    }

    /// What is said of a visit: code and weight.
    async fn said(&self, visit: VisitId) -> BTreeSet<(String, i64)> {
        self.rows(visit).await.into_iter().map(|row| (row.code, row.level)).collect()
    }

    /// The photo that the one finding of this code about a visit shows as the earlier one.
    async fn earlier(&self, visit: VisitId, code: &str) -> Option<(VisitId, String)> {
        let rows = self.rows(visit).await;
        let row = rows.into_iter().find(|row| row.code == code)?;
        Some((row.earlier_visit_id?.0, row.earlier_photo_id?))
    }
}

/// Ingests what is pending and looks at what is due.
pub async fn look(app: &TestApp) {
    jobs::ingest::run_due(&app.state).await.expect("ingested");
    jobs::findings::run_due(&app.state).await.expect("looked at");
    assert_eq!(app.read(|conn| photo_checks::find_due_org(conn, None)).await, None, "nothing waits");
}

/// What is said, written as a set.
fn said<const N: usize>(expected: [(&str, i64); N]) -> BTreeSet<(String, i64)> {
    expected.into_iter().map(|(code, level)| (code.to_owned(), level)).collect()
}

#[actix_web::test]
async fn looking_again_changes_nothing_and_what_a_person_decided_stays() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let (first, second) = (field.visit().await, field.visit().await);
    let picture = pictures::photo(1);
    field.send(first, &picture).await;
    field.take(second, &picture, |record| record["source"] = "gallery".into());
    field.sent(&[]).await;
    let expected = said([("gallery_source", 2), ("reused_exact", 3)]);
    assert_eq!((field.said(first).await, field.said(second).await), (said([]), expected.clone()));
    let found = field.rows(second).await;

    field.wait(3600).await;
    for _ in 0..2 {
        app.write(move |conn| photo_checks::enqueue(conn, YUNZE.org, [first, second], 1)).await;
        look(&app).await;
        assert_eq!(field.rows(second).await, found, "also when it was found");
        assert_eq!(field.rows(first).await, [], "the first photo is not made the second by looking again");
    }

    // A person has said that it is in order; the photo is withdrawn later, which takes back what nobody decided on.
    app.write(|conn| rows::dismiss(conn, "reused_exact")).await;
    let withdrawn = json!({"reason": "wrong", "at": field.phone.stamp(), "by": field.phone.device.member.id});
    field.phone.put(second, Map::Withdrawn, &found[0].photo_id, &withdrawn);
    field.sent(&[]).await;
    let left = field.rows(second).await;
    let left: Vec<(&str, &str)> = left.iter().map(|row| (row.code.as_str(), row.state.as_str())).collect();
    assert_eq!(left, [("reused_exact", "dismissed")]);
}

#[actix_web::test]
async fn a_record_and_its_bytes_may_come_in_either_order_and_nothing_is_said_before_both_are_here() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let (record_first, bytes_first) = (field.visit().await, field.visit().await);
    let (one, other) = (pictures::photo(1), pictures::photo(2));
    let from_gallery = |record: &mut Value| record["source"] = "gallery".into();
    field.take(record_first, &one, from_gallery);
    field.phone.sync().await;
    assert_eq!(app.read(|conn| photo_checks::find_due_org(conn, None)).await, None, "there is nothing to look at");
    field.sent(&[]).await;
    assert_eq!(field.said(record_first).await, said([]), "its bytes are on the way");
    upload(&field.phone, &one).await;
    jobs::findings::run_due(&app.state).await.expect("looked at");
    assert_eq!(field.said(record_first).await, said([]), "it was not ingested");
    look(&app).await;
    assert_eq!(field.said(record_first).await, said([("gallery_source", 2)]));

    upload(&field.phone, &other).await;
    look(&app).await;
    field.take(bytes_first, &other, from_gallery);
    field.sent(&[]).await;
    assert_eq!(field.said(bytes_first).await, said([("gallery_source", 2)]));
}
