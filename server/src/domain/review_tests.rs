//! Decisions of review on hand-made visits.

use serde_json::json;
use sync_core::bytes::Actor;
use sync_core::doc::record::TimelineEvent;
use sync_core::ids::{VerdictId, VisitId};
use sync_core::merge::view::OpId;
use sync_core::plan::{CalendarRow, PlanSnapshot, PolicyRow, Review, VisitPlan};
use sync_core::rules::Background;
use sync_core::time::Stamp;

use super::*;

const REP: UserId = UserId::from_bytes([7; 16]);
const REVIEWER: UserId = UserId::from_bytes([8; 16]);
const VISIT: VisitId = VisitId::from_bytes([1; 16]);

fn hash(text: &str) -> Hash {
    Hash::of(text.as_bytes())
}

struct Case {
    view: View,
    plan: PlanSnapshot,
    template: Template,
    policy: PolicyRow,
    calendar: CalendarRow,
    background: Background,
    verdicts: Vec<VerdictRow>,
}

/// Two required slots with ticks `box`, `route` and `label`, and one that is not required.
fn template() -> Template {
    let text = |name: &str| json!({ "en": name, "zh-CN": name });
    let slot = |code: &str, required: bool, ticks: &[&str]| {
        let ticks: Vec<_> = ticks.iter().map(|tick| json!({ "code": tick, "title": text(tick) })).collect();
        json!({ "code": code, "title": text(code), "required": required, "min": 1, "max": 3,
            "source": "camera", "must_show": ticks })
    };
    let template = json!({
        "code": "probe", "version": 1, "title": text("probe"),
        "steps": [{ "code": "shots", "phase": "onsite", "title": text("shots"), "required": true,
            "collects": { "photos": ["outdoor", "label", "extra"] } }],
        "photos": [slot("outdoor", true, &["box", "route"]), slot("label", true, &["label"]), slot("extra", false, &[])],
        "measurements": [], "questions": [], "signatures": [], "rules": []
    });
    serde_json::from_value(template).expect("template")
}

fn case() -> Case {
    let view = json!({
        "visit": VISIT, "heads": [hash("heads")], "pins": [], "timeline": [], "contacts": [], "ticks": {},
        "measures": [], "answers": {}, "photos": [], "captions": {}, "withdrawn": {}, "materials": [],
        "open_points": [], "corrections": [], "more": {}, "statements": [], "outcomes": [], "notes": "",
        "conflicts": [], "findings": []
    });
    let visit = VisitPlan {
        id: VISIT,
        number: None,
        work_order_id: None,
        template: "probe".to_owned(),
        template_version: 1,
        policy_version: 1,
        crew: vec![REP],
        assignment_epoch: 1,
        appointment_id: None,
        planned_start_ms: None,
        attempt: 1,
        previous_visit_id: None,
        priority: 0,
        cancelled_at_ms: None,
        closed_at_ms: None,
        cancel_reason: None,
        evidence_complete_at_ms: None,
    };
    let mut case = Case {
        view: serde_json::from_value(view).expect("view"),
        plan: PlanSnapshot { visit, work_order: None, site: None, appointment: None },
        template: template(),
        policy: PolicyRow { version: 1, effective_from_ms: UnixMillis(0), parameters: BTreeMap::new() },
        calendar: CalendarRow::default(),
        background: Background::default(),
        verdicts: Vec::new(),
    };
    case.photo("p1", "outdoor", "one", None);
    case.photo("p2", "label", "two", None);
    case
}

fn stamp() -> Stamp {
    Stamp { wall_ms: 0, mono_ms: 0, boot_id: "BOOT0001".to_owned(), off_ms: Some(0), err_ms: Some(0) }
}

fn entry<T>(key: &str, value: T) -> Entry<T> {
    Entry { key: key.to_owned(), value, op: OpId { counter: 1, actor: Actor([9; 16]) } }
}

impl Case {
    fn facts(&self) -> Facts<'_> {
        Facts {
            view: &self.view,
            plan: &self.plan,
            background: &self.background,
            template: &self.template,
            policy: &self.policy,
            calendar: &self.calendar,
            zone_offset_ms: 0,
            now: UnixMillis(1_000),
            device_now: None,
        }
    }

    fn photo(&mut self, id: &str, slot: &str, content: &str, replaces: Option<&str>) {
        let photo = json!({ "slot": slot, "sha256": hash(content), "bytes": 3, "media_type": "image/jpeg",
            "taken_at": stamp(), "source": "camera", "replaces": replaces, "by": REP });
        self.view.photos.push(entry(id, serde_json::from_value(photo).expect("photo")));
    }

    fn judge(&self, photo: &str, judgement: &PhotoJudgement) -> Result<Vec<String>, ReviewError> {
        decide_photo(&self.view, &self.template, &BTreeSet::new(), photo, judgement)
    }

    fn verdict(&mut self, photo: &str, content: &str, decision: PhotoDecision, missing: &[&str]) {
        self.verdicts.push(VerdictRow {
            id: VerdictId::from_bytes([1; 16]),
            visit_id: VISIT,
            photo_id: Some(photo.to_owned()),
            sha256: Some(hash(content)),
            heads: vec![],
            last_decision: None,
            decision: decision.code().to_owned(),
            reason: (decision == PhotoDecision::Reject).then(|| "illegible".to_owned()),
            missing: missing.iter().map(|code| (*code).to_owned()).collect(),
            comment: None,
            by: REVIEWER,
            at_ms: UnixMillis(0),
        });
    }

    fn decide(&self, decision: VisitDecision, reason: Option<ReturnReason>) -> Result<Vec<ReworkSlot>, ReviewError> {
        let judgement = VisitJudgement { heads: vec![hash("heads")], last_decision: None, decision, reason };
        let review = Review { verdicts: self.verdicts.clone(), ..Review::default() };
        decide_visit(&self.facts(), &review, &BTreeSet::new(), &judgement)
    }
}

fn judgement(decision: PhotoDecision, content: &str, ticks: &[(&str, bool)]) -> PhotoJudgement {
    PhotoJudgement {
        sha256: hash(content),
        decision,
        ticks: ticks.iter().map(|(code, shown)| ((*code).to_owned(), *shown)).collect(),
        reason: None,
    }
}

// Rule: INS-33
#[test]
fn an_approval_needs_every_tick() {
    let case = case();
    let approve = |ticks: &[(&str, bool)]| case.judge("p1", &judgement(PhotoDecision::Approve, "one", ticks));
    assert_eq!(approve(&[("box", true), ("route", true)]), Ok(vec![]));
    let refused = |codes: &[&str]| {
        Err(ReviewError::TicksMissing { codes: codes.iter().map(|code| (*code).to_owned()).collect() })
    };
    assert_eq!(approve(&[("box", true), ("route", false)]), refused(&["route"]));
    assert_eq!(approve(&[("route", true)]), refused(&["box"]));
    assert_eq!(approve(&[("label", true)]), Err(ReviewError::UnknownTick { code: "label".to_owned() }));
}

// Rules: INS-29, INS-30, INS-31, INS-33
#[test]
fn the_template_says_what_a_photo_must_show() {
    let install = include_str!("../../../sync-core/data/templates/broadband_install.yaml");
    let slots: [(&str, &[&str]); 3] = [
        ("outdoor_route", &["whole_box", "cable_direction"]),
        ("splitter_label", &["whole_splitter", "order_209_number", "port_info"]),
        ("ont_stb", &["cabling", "service_card"]),
    ];
    for (slot, shown) in slots {
        for missing in shown {
            let mut case = case();
            case.template = serde_saphyr::from_str(install).expect("a built-in template");
            case.photo("p9", slot, "nine", None);
            let ticks: Vec<_> = shown.iter().filter(|tick| *tick != missing).map(|tick| (*tick, true)).collect();
            let approve = judgement(PhotoDecision::Approve, "nine", &ticks);
            let refused = ReviewError::TicksMissing { codes: vec![(*missing).to_owned()] };
            assert_eq!(case.judge("p9", &approve), Err(refused), "{slot}");
            let entry = case.template.photos.iter_mut().find(|photo| photo.code == slot).expect("the slot");
            entry.must_show.retain(|tick| tick.code != *missing);
            assert_eq!(case.judge("p9", &approve), Ok(vec![]), "{slot}: {missing}");
        }
    }
}

#[test]
fn a_rejection_names_what_is_missing_or_why() {
    let case = case();
    let mut reject = judgement(PhotoDecision::Reject, "one", &[("route", false), ("box", false)]);
    assert_eq!(case.judge("p1", &reject), Ok(vec!["box".to_owned(), "route".to_owned()]), "template order");
    reject.ticks = BTreeMap::from([("box".to_owned(), true)]);
    assert_eq!(case.judge("p1", &reject), Err(ReviewError::ReasonMissing));
    reject.reason = Some(RejectReason::Blurred);
    assert_eq!(case.judge("p1", &reject), Ok(vec![]));
}

#[test]
fn only_current_content_that_arrived_is_judged() {
    let mut case = case();
    let approve = judgement(PhotoDecision::Approve, "two", &[("label", true)]);
    assert_eq!(case.judge("p2", &approve), Ok(vec![]));
    let missing = BTreeSet::from([hash("two")]);
    let judged = decide_photo(&case.view, &case.template, &missing, "p2", &approve);
    assert_eq!(judged, Err(ReviewError::NotArrived));
    assert_eq!(case.judge("p2", &judgement(PhotoDecision::Approve, "other", &[])), Err(ReviewError::Stale));
    assert_eq!(case.judge("p9", &approve), Err(ReviewError::Stale));
    case.photo("p3", "label", "three", Some("p2"));
    assert_eq!(case.judge("p2", &approve), Err(ReviewError::Stale), "it was replaced");
}

#[test]
fn a_visit_is_approved_when_its_required_photos_are() {
    let mut case = case();
    let open = |photos: &[&str]| {
        Err(ReviewError::PhotosNotApproved { photos: photos.iter().map(|id| (*id).to_owned()).collect() })
    };
    assert_eq!(case.decide(VisitDecision::Approve, None), open(&["p1", "p2"]));
    case.verdict("p1", "one", PhotoDecision::Approve, &[]);
    case.verdict("p2", "two", PhotoDecision::Approve, &[]);
    assert_eq!(case.decide(VisitDecision::Approve, None), Ok(vec![]));
    case.photo("p3", "extra", "three", None);
    assert_eq!(case.decide(VisitDecision::Approve, None), Ok(vec![]), "nobody has to judge what is not required");
    case.verdict("p3", "three", PhotoDecision::Reject, &[]);
    assert_eq!(case.decide(VisitDecision::Approve, None), open(&["p3"]), "but what is rejected stays rejected");
    case.verdict("p3", "three", PhotoDecision::Approve, &[]);
    assert_eq!(case.decide(VisitDecision::Approve, None), Ok(vec![]), "the newest verdict counts");
}

#[test]
fn approval_looks_at_content_presence_and_arrival() {
    let mut case = case();
    case.verdict("p1", "one", PhotoDecision::Approve, &[]);
    case.verdict("p2", "an earlier picture", PhotoDecision::Approve, &[]);
    let refused = Err(ReviewError::PhotosNotApproved { photos: vec!["p2".to_owned()] });
    assert_eq!(case.decide(VisitDecision::Approve, None), refused);
    case.view.photos.pop();
    let refused = Err(ReviewError::PhotosMissing { slots: vec!["label".to_owned()] });
    assert_eq!(case.decide(VisitDecision::Approve, None), refused);
    let absent = BTreeSet::from([hash("ink")]);
    let decision = VisitDecision::Approve;
    let judgement = VisitJudgement { heads: vec![hash("heads")], last_decision: None, decision, reason: None };
    let review = Review { verdicts: case.verdicts.clone(), ..Review::default() };
    let judged = decide_visit(&case.facts(), &review, &absent, &judgement);
    assert_eq!(judged, Err(ReviewError::NotArrived));
}

#[test]
fn a_no_show_needs_no_photos_of_work() {
    let mut case = case();
    case.view.photos.clear();
    let event =
        TimelineEvent { event: "give_up".to_owned(), at: stamp(), geo: None, by: REP, reason: Some("absent".into()) };
    case.view.timeline.push(entry("e1", event));
    assert_eq!(outcome(&case.view), "no_show");
    assert_eq!(case.decide(VisitDecision::Approve, None), Ok(vec![]));
}

// Rule: INS-33
#[test]
fn a_return_reopens_exactly_the_rejected_slots_in_template_order() {
    let mut case = case();
    assert_eq!(case.decide(VisitDecision::Return, None), Err(ReviewError::ReasonMissing));
    assert_eq!(case.decide(VisitDecision::Return, Some(ReturnReason::FormIncomplete)), Ok(vec![]));
    case.photo("p3", "outdoor", "three", None);
    case.verdict("p2", "two", PhotoDecision::Reject, &["label"]);
    case.verdict("p1", "one", PhotoDecision::Approve, &[]);
    case.verdict("p3", "three", PhotoDecision::Reject, &[]);
    let slots = case.decide(VisitDecision::Return, None).expect("slots");
    let told: Vec<_> = slots.iter().map(|slot| (slot.slot.as_str(), slot.photos.clone(), slot.missing.len())).collect();
    assert_eq!(told, [("outdoor", vec!["p3".to_owned()], 0), ("label", vec!["p2".to_owned()], 1)]);
    assert_eq!(slots.last().map(|slot| slot.reasons.clone()), Some(vec!["illegible".to_owned()]));
}

#[test]
fn other_heads_are_stale() {
    let case = case();
    let judgement = VisitJudgement {
        last_decision: None,
        heads: vec![hash("earlier")],
        decision: VisitDecision::Return,
        reason: Some(ReturnReason::Other),
    };
    let judged = decide_visit(&case.facts(), &Review::default(), &BTreeSet::new(), &judgement);
    assert_eq!(judged, Err(ReviewError::Stale));
}

#[test]
fn who_executed_a_visit_cannot_judge_it() {
    let case = case();
    assert!(executed(&case.view, &[], REP), "he took its photos");
    assert!(executed(&case.view, &[REVIEWER], REVIEWER), "he is in its crew");
    assert!(!executed(&case.view, &[REP], REVIEWER));
}

#[test]
fn a_claim_lasts_until_its_end() {
    let at = UnixMillis;
    let mine = claim(None, REVIEWER, at(0)).expect("free");
    assert_eq!(mine, Claim { reviewer: REVIEWER, until: at(LEASE_MS) });
    assert_eq!(claim(Some(mine), REVIEWER, at(5)).map(|claim| claim.until), Ok(at(5 + LEASE_MS)));
    let other = claim(Some(mine), REP, at(LEASE_MS - 1));
    assert_eq!(other, Err(ReviewError::ClaimedByOther { until: at(LEASE_MS) }));
    assert_eq!(claim(Some(mine), REP, at(LEASE_MS)).map(|claim| claim.reviewer), Ok(REP));
}

#[test]
fn only_what_is_under_review_is_judged() {
    for state in VisitState::ALL.iter().copied() {
        let expected = state == VisitState::UnderReview;
        assert_eq!(expect_under_review(state).is_ok(), expected, "{state}");
    }
}

#[test]
fn verdicts_of_one_instant_keep_their_order() {
    let mut case = case();
    assert_eq!(verdict_instant(&case.verdicts, UnixMillis(5)), UnixMillis(5));
    case.verdict("p1", "one", PhotoDecision::Approve, &[]);
    assert_eq!(verdict_instant(&case.verdicts, UnixMillis(0)), UnixMillis(1));
    assert_eq!(verdict_instant(&case.verdicts, UnixMillis(9)), UnixMillis(9));
}

#[test]
fn a_repeat_says_the_same_apart_from_its_instant() {
    let mut case = case();
    case.verdict("p1", "one", PhotoDecision::Reject, &["box", "route"]);
    let stored = case.verdicts.first().expect("verdict");
    let again = VerdictRow { at_ms: UnixMillis(77), ..stored.clone() };
    assert!(is_repeat(stored, &again));
    assert!(is_repeat(stored, &VerdictRow { missing: vec!["route".into(), "box".into()], ..again.clone() }));
    assert!(!is_repeat(stored, &VerdictRow { missing: vec!["route".into()], ..again.clone() }));
    assert!(!is_repeat(stored, &VerdictRow { comment: Some("other".into()), ..again.clone() }));
    assert!(!is_repeat(stored, &VerdictRow { visit_id: VisitId::from_bytes([2; 16]), ..again }));
}
