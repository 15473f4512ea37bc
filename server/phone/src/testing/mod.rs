//! Support of the tests: an enrolled phone with one planned installation, and a server in memory.

pub(crate) mod server;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Parser as _;
use serde_json::{Value, json};
use sync_core::bytes::Blob;
use sync_core::ids::{DeviceId, EpochId, OrgId, TeamId, UserId, VisitId};
use sync_core::jws::P256PublicKey;
use sync_core::template::Template;

use crate::cli::{PhoneArgs, run_offline};
use crate::clock::PhoneClock;
use crate::commands::Phone;
use crate::error::PhoneResult;
use crate::keys::DeviceKey;
use crate::output::Output;
use crate::store::Store;
use crate::store::model::{Enrolment, FeedState, Session, StoredRow};

pub(crate) const ORG: OrgId = OrgId::from_bytes([1; 16]);
pub(crate) const REP: UserId = UserId::from_bytes([2; 16]);
pub(crate) const TEAM: TeamId = TeamId::from_bytes([4; 16]);
pub(crate) const EPOCH: EpochId = EpochId::from_bytes([3; 16]);
pub(crate) const VISIT: VisitId = VisitId::from_bytes([9; 16]);

/// Number of the planned visit.
pub(crate) const NUMBER: &str = "V-2025-0001";

/// A phone in a directory of its own, which goes with it.
pub(crate) struct TestPhone {
    pub dir: PathBuf,
    pub device: DeviceId,
    pub key: P256PublicKey,
}

impl Drop for TestPhone {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    phone: PhoneArgs,
}

static NEXT: AtomicUsize = AtomicUsize::new(0);

impl TestPhone {
    /// A phone enrolled for the rep, with one installation agreed for 10:00.
    pub(crate) fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("doorstep-phone-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let device = DeviceId::from_bytes([u8::try_from(number % 200).unwrap() + 10; 16]);
        let (key, secret) = DeviceKey::generate().unwrap();
        let made = Self { dir, device, key: key.public().clone() };
        made.time("2025-03-04T09:00:00+08:00");
        made.phone().store.write(|tx| enrol(tx, device, secret)).unwrap();
        made
    }

    /// The phone as a new process finds it.
    pub(crate) fn phone(&self) -> Phone {
        let clock = PhoneClock::new(Some(self.dir.join("now"))).unwrap();
        Phone { store: Store::create(&self.dir.join("store")).unwrap(), clock }
    }

    /// Sets the clock.
    pub(crate) fn time(&self, instant: &str) {
        std::fs::write(self.dir.join("now"), instant).unwrap();
    }

    /// Writes a file and returns its path.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.dir.join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }

    /// Runs a command line as a process of its own would.
    pub(crate) fn try_run(&self, line: &[&str]) -> PhoneResult<Output> {
        let arguments = std::iter::once("phone").chain(line.iter().copied());
        let parsed = Line::try_parse_from(arguments).unwrap_or_else(|error| panic!("{line:?}: {error}"));
        run_offline(&self.phone(), &parsed.phone.command)
    }

    /// Runs a whole command line, which finds its store by itself.
    pub(crate) fn execute(line: &[&str]) -> PhoneResult<Output> {
        let arguments = std::iter::once("phone").chain(line.iter().copied());
        crate::cli::execute(&Line::try_parse_from(arguments).unwrap().phone)
    }

    /// Runs a command line that must succeed.
    pub(crate) fn run(&self, line: &[&str]) -> Value {
        let output = self.try_run(line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
        assert!(!output.text.is_empty(), "{line:?} prints something");
        output.json
    }

    /// Syncs with a server in memory.
    pub(crate) fn sync(&self, server: &mut server::Server) -> PhoneResult<Output> {
        crate::sync::run(&self.phone(), server, crate::sync::How::default())
    }

    /// Number of items that no receipt names.
    pub(crate) fn outstanding(&self) -> u64 {
        self.run(&["status"])["outstanding"]["total"].as_u64().unwrap()
    }

    /// A change of the planned visit's document.
    pub(crate) fn chunk(&self, hash: sync_core::bytes::Hash) -> Vec<u8> {
        let doc = self.phone().store.read(|tx| tx.doc(VISIT)).unwrap().unwrap();
        let chunks = doc.changes_since(&[]).unwrap().into_iter();
        chunks.into_iter().find(|chunk| sync_core::bytes::Hash::of(&chunk[8..]) == hash).unwrap()
    }

    /// The heads of the planned visit's document.
    pub(crate) fn heads(&self) -> Value {
        self.run(&["status", NUMBER])["heads"].clone()
    }
}

fn enrol(tx: &crate::store::Tx, device: DeviceId, key: Blob) -> PhoneResult<()> {
    let enrolment = Enrolment {
        server: "http://server.invalid".to_owned(),
        org: ORG,
        user: REP,
        device,
        key,
        evidence_keys: vec![serde_json::to_value(server::evidence_key()).unwrap()],
        bundle_key: None,
        login: None,
        org_name: Some("云泽通信".to_owned()),
        user_name: Some("李明".to_owned()),
        team: Some(TEAM),
        user_phone: None,
    };
    tx.set_meta("enrolment", &enrolment)?;
    let session = Session {
        access_token: "token".to_owned(),
        expires_at_ms: i64::MAX,
        refresh_token: Some("refresh".to_owned()),
        upload_only: false,
    };
    tx.set_meta("session", &session)?;
    tx.set_feed(&FeedState { epoch: Some(EPOCH), ..FeedState::default() })?;
    for (kind, id, body) in plan() {
        tx.set_row(kind, id, &StoredRow::new(1, body))?;
    }
    Ok(())
}

/// The rows of one installation of 500 Mbps.
fn plan() -> Vec<(&'static str, &'static str, Value)> {
    let template = include_str!("../../../../sync-core/data/templates/broadband_install.yaml");
    let template: Template = serde_saphyr::from_str(template).unwrap();
    const ORDER: &str = "04040404-0404-0404-0404-040404040404";
    const CUSTOMER: &str = "05050505-0505-0505-0505-050505050505";
    const SITE: &str = "06060606-0606-0606-0606-060606060606";
    const APPOINTMENT: &str = "07070707-0707-0707-0707-070707070707";
    let start = 1_741_053_600_000_i64;
    vec![
        ("template", "broadband_install@1", serde_json::to_value(template).unwrap()),
        ("policy", "1", json!({"version": 1, "effective_from_ms": 0, "parameters": {"min_rate_ratio": "1.00"}})),
        ("calendar", "1", json!({"version": 1, "holidays": [], "make_up_days": []})),
        (
            "visit",
            "09090909-0909-0909-0909-090909090909",
            json!({"id": VISIT, "number": NUMBER, "work_order_id": ORDER, "template": "broadband_install",
                "template_version": 1, "policy_version": 1, "crew": [REP], "assignment_epoch": 1,
                "appointment_id": APPOINTMENT, "planned_start_ms": start, "attempt": 1, "priority": 0}),
        ),
        (
            "work_order",
            ORDER,
            json!({"id": ORDER, "number": "W-1", "type": "install", "channel": "hotline", "customer_id": CUSTOMER,
                "site_id": SITE, "fields": {"contracted_mbps": "500", "scene": "urban_residential"}, "priority": 0}),
        ),
        (
            "customer",
            CUSTOMER,
            json!({"id": CUSTOMER, "kind": "individual", "name": "王海", "phones": ["000-0000-0001"],
                "address": "云泽市虚构区示例路 18 号"}),
        ),
        (
            "site",
            SITE,
            json!({"id": SITE, "customer_id": CUSTOMER, "address": "云泽市虚构区示例路 18 号 3 栋 502",
                "scene": "urban_residential"}),
        ),
        (
            "appointment",
            APPOINTMENT,
            json!({"id": APPOINTMENT, "work_order_id": ORDER, "attempt": 1, "start_ms": start, "proposed_by": "office",
                "state": "agreed"}),
        ),
    ]
}

/// A small JPEG header that says 4 by 3 pixels; `salt` makes it another file.
pub(crate) fn jpeg(salt: u8) -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xC0, 0, 17, 8, 0, 3, 0, 4, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
    bytes.extend([0xFF, 0xDA, salt, 0xFF, 0xD9]);
    bytes
}
