//! Round trips and errors that name their field.

use serde_json::json;

use super::body::*;
use super::*;
use crate::ids::{AppointmentId, CustomerId, SiteId, VisitId, WorkOrderId};
use crate::time::{Geo, UnixMillis};

fn stamp() -> Stamp {
    Stamp { wall_ms: 1_741_053_120_000, mono_ms: 5, boot_id: "ABCDEFGH".into(), off_ms: None, err_ms: None }
}

fn intent(body: IntentBody) -> Intent {
    Intent {
        id: IntentId::from_bytes([1; 16]),
        at: stamp(),
        by: UserId::from_bytes([2; 16]),
        base_version: Some(3),
        body,
    }
}

fn create_visit() -> CreateVisit {
    CreateVisit {
        visit_id: VisitId::from_bytes([3; 16]),
        template: "broadband_repair".into(),
        template_version: 1,
        policy_version: 1,
        work_order_id: None,
        customer_id: Some(CustomerId::from_bytes([4; 16])),
        site_id: None,
        reason: "邻居家报修".into(),
    }
}

fn bodies() -> Vec<IntentBody> {
    let (start_ms, end_ms) = (UnixMillis(1_741_060_000_000), Some(UnixMillis(1_741_063_600_000)));
    let geo = Geo { lat_udeg: 30_572_000, lon_udeg: 104_066_000, acc_m: 12, datum: "wgs84".into(), mock: None };
    let appointment_id = AppointmentId::from_bytes([6; 16]);
    let (customer_id, site_id) = (CustomerId::from_bytes([4; 16]), SiteId::from_bytes([5; 16]));
    let photo = BlobRef { sha256: Hash::of(b"photo"), bytes: 5, media_type: "image/jpeg".into() };
    let (kind, name, address) = ("individual".to_owned(), "陈梅".to_owned(), "成都市".to_owned());
    let generic = json!({"text": "x", "level": [1, 2]}).as_object().unwrap().clone();
    vec![
        IntentBody::CreateVisit(create_visit()),
        IntentBody::CreateCustomer(CreateCustomer { customer_id, kind, name, phones: vec!["1".into()], address }),
        IntentBody::CreateSite(CreateSite {
            site_id,
            customer_id,
            address: "A".into(),
            scene: "rural".into(),
            geo: Some(geo.clone()),
            access_note: None,
        }),
        IntentBody::ProposeAppointment(ProposeAppointment {
            appointment_id,
            work_order_id: WorkOrderId::from_bytes([7; 16]),
            visit_id: None,
            start_ms,
            end_ms,
            agreed: true,
            note: None,
        }),
        IntentBody::ChangeAppointment(ChangeAppointment {
            appointment_id,
            start_ms,
            end_ms,
            proposed_by_us: true,
            notified_at_ms: start_ms,
            reason: "rain".into(),
        }),
        IntentBody::DayCheckIn(DayCheckIn {
            date: "2025-03-04".into(),
            place: None,
            geo: Some(geo),
            photo: Some(photo),
        }),
        IntentBody::DayKit(DayKit {
            date: "2025-03-04".into(),
            items: [("drop_cloth".to_owned(), false)].into(),
            note: None,
        }),
        IntentBody::DayNote(DayNote { date: "2025-03-04".into(), visit_id: None, text: "x".into() }),
        IntentBody::Generic(IntentKind::OpenComplaint, generic.clone()),
        IntentBody::Generic(IntentKind::DraftLiaison, generic.clone()),
        IntentBody::Generic(IntentKind::ScopeRequest, generic),
    ]
}

#[test]
fn every_kind_survives_its_bytes() {
    let mut kinds = Vec::new();
    for body in bodies() {
        let intent = intent(body);
        let bytes = intent.to_bytes().unwrap();
        assert_eq!(Intent::parse(&bytes), Ok(intent.clone()));
        assert_eq!(id_of(&bytes), Some(intent.id));
        kinds.push(intent.kind());
    }
    kinds.sort();
    assert_eq!(kinds, IntentKind::ALL);
    assert!(IntentKind::ALL.iter().all(|kind| IntentKind::from_code(kind.code()) == Some(*kind)));
}

#[test]
fn the_bytes_are_the_agreed_plain_json() {
    let bytes = intent(IntentBody::CreateVisit(create_visit())).to_bytes().unwrap();
    let expected = concat!(
        r#"{"at":{"boot_id":"ABCDEFGH","mono_ms":5,"wall_ms":1741053120000},"base_version":3,"#,
        r#""body":{"customer_id":"04040404-0404-0404-0404-040404040404","policy_version":1,"reason":"邻居家报修","#,
        r#""template":"broadband_repair","template_version":1,"visit_id":"03030303-0303-0303-0303-030303030303"},"#,
        r#""by":"02020202-0202-0202-0202-020202020202","id":"01010101-0101-0101-0101-010101010101","kind":"create_visit"}"#
    );
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
}

#[test]
fn errors_name_the_field_and_not_its_content() {
    let good: Value =
        serde_json::from_slice(&intent(IntentBody::CreateVisit(create_visit())).to_bytes().unwrap()).unwrap();
    let cases = [
        ("/id", json!("secret"), "field id: expected a UUID of 36 lower-case characters"),
        ("/kind", json!("secret"), "field kind: expected one of the intent kinds of version 1"),
        ("/at", json!("secret"), "field at: invalid type: string, expected struct Stamp"),
        ("/base_version", json!("secret"), "field base_version: invalid type: string, expected i64"),
        ("/body", json!(["secret"]), "field body: invalid type: sequence, expected a map"),
        ("/body/visit_id", json!(1), "field body.visit_id: invalid type: integer, expected a string"),
        ("/body/reason", json!(" "), "field body.reason: expected a text that is not empty"),
        ("/body/reason", json!("x".repeat(2_001)), "field body.reason: expected at most 2000 characters"),
    ];
    for (pointer, value, expected) in cases {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        let error = Intent::parse(&plain_json::to_vec(&bad).unwrap()).unwrap_err().to_string();
        assert_eq!(error, expected);
        assert!(!error.contains("secret"));
    }
    let mut bad = good;
    bad["body"].as_object_mut().unwrap().remove("template");
    let error = Intent::parse(&plain_json::to_vec(&bad).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "field body.template: is missing");
    assert_eq!(Intent::parse(b"[]").unwrap_err().to_string(), "field id: is missing");
    assert_eq!(Intent::parse(b"{\"id\":1,\"id\":1}").unwrap_err().code(), "intent_malformed");
    assert_eq!(Intent::parse(&vec![b' '; MAX_INTENT_BYTES + 1]).unwrap_err().code(), "intent_too_large");
}

#[test]
fn days_and_intervals_are_checked() {
    let with = |body: IntentBody| Intent::parse(&intent(body).to_bytes().unwrap());
    let note = |date: &str| IntentBody::DayNote(DayNote { date: date.into(), visit_id: None, text: "x".into() });
    assert!(with(note("2024-02-29")).is_ok());
    for date in ["2025-02-29", "2025-3-4", "20250304", "2025-03-04T00:00:00", ""] {
        assert_eq!(
            with(note(date)).unwrap_err().to_string(),
            "field body.date: expected a day as YYYY-MM-DD",
            "{date}"
        );
    }
    let Some(IntentBody::ProposeAppointment(mut proposal)) = bodies().into_iter().nth(3) else { unreachable!() };
    proposal.end_ms = Some(proposal.start_ms);
    assert!(with(IntentBody::ProposeAppointment(proposal)).is_err());
}
