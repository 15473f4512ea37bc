//! A small company with one visit, for tests of uploads and review: real database, real files, a clock that
//! the test moves.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::task::{Context, Poll};

use doorstep_store::assignments::{AssignmentRecord, insert_assignment};
use doorstep_store::blobs::{Claim, ClaimSource, Claims, add_claims, delete_claims};
use doorstep_store::devices::{DeviceRow, insert_device};
use doorstep_store::documents::{DocumentRow, Heads, find_document_version, insert_documents, update_document};
use doorstep_store::feed::{FeedBatch, FeedKind, FeedRow, list_feed};
use doorstep_store::norms::{PolicyVersionRow, TemplateRow, insert_policy, insert_template};
use doorstep_store::organisations::{OrganisationRow, insert_organisation};
use doorstep_store::users::{UserRow, insert_user};
use doorstep_store::visits::{VisitRecord, find_visit, insert_visit};
use doorstep_store::{Txt, projections};
use futures_core::Stream;
use serde_json::{Value, json};
use sync_core::bytes::{Actor as DocActor, Hash};
use sync_core::doc::{Map, VisitDoc};
use sync_core::ids::{AssignmentId, DeviceId, OrgId, UserId, VisitId};
use sync_core::time::UnixMillis;

use super::on_resubmission;
use crate::app::blobs::{Portion, StoredBlob, store_blob, update_evidence};
use crate::app::once::Once;
use crate::app::scope::{audience_of_user, load_window, refresh_visit};
use crate::app::visits::reproject_view;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, sync};
use crate::domain::{Actor, Role, Scope, TokenKind};
use crate::ports::Clock;
use crate::{boot, config};

pub(crate) const ORG: OrgId = OrgId::from_bytes([1; 16]);
pub(crate) const REP: UserId = UserId::from_bytes([2; 16]);
pub(crate) const OTHER_REP: UserId = UserId::from_bytes([3; 16]);
pub(crate) const REVIEWER: UserId = UserId::from_bytes([4; 16]);
pub(crate) const SECOND_REVIEWER: UserId = UserId::from_bytes([5; 16]);
pub(crate) const PHONE: DeviceId = DeviceId::from_bytes([6; 16]);
pub(crate) const OTHER_PHONE: DeviceId = DeviceId::from_bytes([7; 16]);
pub(crate) const VISIT: VisitId = VisitId::from_bytes([8; 16]);
pub(crate) const OTHER_VISIT: VisitId = VisitId::from_bytes([9; 16]);

/// 2025-03-04 10:00 in Shanghai.
const START: i64 = 1_741_053_600_000;

#[derive(Debug)]
struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::Relaxed))
    }
}

/// Bytes in parts, as a connection brings them; a broken one ends with an error.
#[derive(Debug)]
pub(crate) struct Parts(pub(crate) Vec<Result<Vec<u8>, ErrorCode>>);

impl Stream for Parts {
    type Item = Result<Vec<u8>, ErrorCode>;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(if self.0.is_empty() { None } else { Some(self.0.remove(0)) })
    }
}

pub(crate) struct Office {
    pub(crate) state: AppState,
    pub(crate) root: PathBuf,
    clock: Arc<TestClock>,
    records: AtomicU64,
}

impl Drop for Office {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// Opens an office whose two reps have one visit each, planned with a template of two required photo slots.
pub(crate) async fn office() -> Office {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let root = std::env::temp_dir().join(format!("doorstep-review-{}-{number}", std::process::id()));
    let mut config = config::load(None).expect("defaults");
    config.database_url = format!("sqlite://{}", root.join("db.sqlite").display());
    config.data_dir.clone_from(&root);
    config.limits.blob_bytes = 100_000;
    let clock = Arc::new(TestClock(AtomicI64::new(START)));
    let port: Arc<dyn Clock> = clock.clone();
    let state = boot::build_state(config, port).await.expect("state");
    let office = Office { state, root, clock, records: AtomicU64::new(0) };
    office.write(seed).await;
    office.carry(VISIT).await;
    office
}

fn seed(conn: &mut doorstep_store::Conn) -> AppResult<()> {
    let org_id = Txt(ORG);
    insert_organisation(
        conn,
        &OrganisationRow {
            id: org_id,
            code: "probe".to_owned(),
            name: "Probe".to_owned(),
            zone: "Asia/Shanghai".to_owned(),
            created_at_ms: START,
        },
    )?;
    for (user, name, role) in [
        (REP, "rep", Role::FieldRep),
        (OTHER_REP, "other", Role::FieldRep),
        (REVIEWER, "reviewer", Role::Reviewer),
        (SECOND_REVIEWER, "second", Role::Reviewer),
    ] {
        let row = UserRow {
            org_id,
            id: Txt(user),
            login: name.to_owned(),
            name: name.to_owned(),
            staff_number: None,
            team_id: None,
            password_hash: None,
            is_disabled: false,
            version: 1,
            created_at_ms: START,
            phone: None,
        };
        insert_user(conn, &row, &[role.code()])?;
    }
    let body = template().to_string();
    let sha256 = Txt(Hash::of(body.as_bytes()));
    let code = "probe".to_owned();
    insert_template(
        conn,
        &TemplateRow { org_id, code, version: 1, body, sha256, published_at_ms: START, effective_from_ms: 0 },
    )?;
    let body = json!({ "version": 1, "effective_from_ms": 0, "parameters": {} }).to_string();
    insert_policy(conn, &PolicyVersionRow { org_id, version: 1, body, effective_from_ms: 0 })?;
    for (visit, rep, phone) in [(VISIT, REP, PHONE), (OTHER_VISIT, OTHER_REP, OTHER_PHONE)] {
        seed_visit(conn, visit, rep, phone)?;
    }
    Ok(())
}

fn seed_visit(conn: &mut doorstep_store::Conn, visit: VisitId, rep: UserId, phone: DeviceId) -> AppResult<()> {
    let org_id = Txt(ORG);
    insert_device(
        conn,
        &DeviceRow {
            org_id,
            id: Txt(phone),
            user_id: Txt(rep),
            name: "phone".to_owned(),
            kid: phone.to_string(),
            public_key: vec![],
            state: "active".to_owned(),
            enrolled_at_ms: START,
            revoked_at_ms: None,
            last_seen_at_ms: None,
            unsent: 0,
            oldest_unsent_at_ms: None,
            free_bytes: None,
            clock_skew_ms: None,
            order_id: None,
            unsent_visits: None,
            receipts_kept_at_ms: None,
        },
    )?;
    insert_visit(
        conn,
        &VisitRecord {
            org_id,
            id: Txt(visit),
            number: None,
            origin: "office".to_owned(),
            work_order_id: None,
            template: "probe".to_owned(),
            template_version: 1,
            policy_version: 1,
            assignment_epoch: 1,
            appointment_id: None,
            planned_start_ms: Some(START),
            attempt: 1,
            previous_visit_id: None,
            priority: 0,
            cancelled_at_ms: None,
            cancel_reason: None,
            closed_at_ms: None,
            evidence_complete_at_ms: None,
            state: "scheduled".to_owned(),
            outcome: None,
            submitted_at_ms: None,
            missing_blobs: 0,
            version: 1,
            created_at_ms: START,
            pinned_template: None,
            pinned_policy_version: None,
        },
    )?;
    let (id, visit_id, rep_id) = (Txt(AssignmentId(visit.0)), Txt(visit), Txt(rep));
    insert_assignment(
        conn,
        &AssignmentRecord { org_id, id, visit_id, rep_id, epoch: 1, from_ms: START, until_ms: None },
    )?;
    Ok(())
}

/// Two required slots with ticks `box`, `route` and `label`.
fn template() -> Value {
    let text = |name: &str| json!({ "en": name, "zh-CN": name });
    let slot = |code: &str, ticks: &[&str]| {
        let ticks: Vec<_> = ticks.iter().map(|tick| json!({ "code": tick, "title": text(tick) })).collect();
        json!({ "code": code, "title": text(code), "required": true, "min": 1, "max": 3, "source": "camera",
            "must_show": ticks })
    };
    json!({
        "code": "probe", "version": 1, "title": text("probe"),
        "steps": [{ "code": "shots", "phase": "onsite", "title": text("shots"), "required": false,
            "collects": { "photos": ["outdoor", "label"] } }],
        "photos": [slot("outdoor", &["box", "route"]), slot("label", &["label"])],
        "measurements": [], "questions": [], "signatures": [], "rules": []
    })
}

impl Office {
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        f: impl FnMut(&mut doorstep_store::Conn) -> AppResult<T> + Send + 'static,
    ) -> T {
        self.state.store.write(f).await.expect("write")
    }

    pub(crate) fn pass_ms(&self, ms: i64) {
        self.clock.0.fetch_add(ms, Ordering::Relaxed);
    }

    pub(crate) fn ctx(&self, user: UserId, role: Role, device: Option<DeviceId>) -> Ctx {
        let scope = if role == Role::FieldRep { Scope::Own } else { Scope::Organisation };
        let actor =
            Actor { org: ORG, user, team: None, roles: vec![role], device, session: None, token: TokenKind::Full };
        Ctx { now: self.state.clock.now(), actor, scope, grants: vec![(role, scope)], once: Once::default() }
    }

    pub(crate) fn rep(&self) -> Ctx {
        self.ctx(REP, Role::FieldRep, Some(PHONE))
    }

    pub(crate) fn other_rep(&self) -> Ctx {
        self.ctx(OTHER_REP, Role::FieldRep, Some(OTHER_PHONE))
    }

    pub(crate) fn reviewer(&self) -> Ctx {
        self.ctx(REVIEWER, Role::Reviewer, None)
    }

    pub(crate) fn second_reviewer(&self) -> Ctx {
        self.ctx(SECOND_REVIEWER, Role::Reviewer, None)
    }

    /// Uploads bytes in two parts.
    pub(crate) async fn upload(&self, ctx: Ctx, bytes: &[u8]) -> AppResult<StoredBlob> {
        let (first, second) = bytes.split_at(bytes.len() / 2);
        let parts = Parts(vec![Ok(first.to_vec()), Ok(second.to_vec())]);
        store_blob(&self.state, ctx, Hash::of(bytes), Portion::Whole, None, parts).await
    }

    /// Puts a visit into the feed of its crew.
    async fn carry(&self, visit: VisitId) {
        let (sync, now) = (self.state.config.sync.clone(), self.state.clock.now());
        self.write(move |conn| {
            let mut batch = FeedBatch::new();
            let window = load_window(conn, ORG, &sync, now)?;
            refresh_visit(conn, &mut batch, ORG, visit, window)?;
            batch.publish(conn, ORG)?;
            Ok(())
        })
        .await;
    }

    /// Stores a document as a push does, without its bytes as received.
    pub(crate) async fn push(&self, doc: &VisitDoc) {
        let (visit, now) = (doc.visit(), self.state.clock.now());
        let (view, heads, snapshot) = (sync_core::merge::view(doc), doc.heads(), doc.save());
        self.write(move |conn| {
            let version = find_document_version(conn, ORG, visit)? + 1;
            let row = DocumentRow {
                org_id: Txt(ORG),
                visit_id: Txt(visit),
                version,
                heads: Txt(Heads(heads.clone())),
                change_index: vec![],
                snapshot: snapshot.clone(),
            };
            if version == 1 {
                insert_documents(conn, &[row])?;
            } else {
                update_document(conn, &row)?;
            }
            let projection = sync::project(ORG, visit, &view);
            projections::replace_projections(conn, ORG, &[visit], &projection)?;
            let claims = view.photos.iter().map(|photo| Claim { sha256: photo.value.sha256, is_required: true });
            delete_claims(conn, ORG, &[visit], ClaimSource::Photo)?;
            add_claims(conn, ORG, ClaimSource::Photo, &Claims::from([(visit, claims.collect())]))?;
            let mut batch = FeedBatch::new();
            update_evidence(conn, &mut batch, ORG, visit, now)?;
            let projected = reproject_view(conn, ORG, &view, now)?;
            on_resubmission(conn, &mut batch, ORG, visit, &projected, now)?;
            batch.publish(conn, ORG)?;
            Ok(())
        })
        .await;
    }

    /// Writes records of the rep, one change each.
    pub(crate) fn record(&self, doc: &mut VisitDoc, map: Map, key: Option<&str>, record: &Value) {
        let number = self.records.fetch_add(1, Ordering::Relaxed);
        let key = key.map_or_else(|| format!("01955f2c-3000-7000-8000-{number:012}"), str::to_owned);
        doc.edit(DocActor([11; 16]), |edit| edit.put(map, &key, record)).expect("edit");
    }

    fn stamp(&self) -> Value {
        let ms = self.state.clock.now().0;
        json!({ "wall_ms": ms, "mono_ms": ms - START, "boot_id": "BOOT0001", "off_ms": 0, "err_ms": 0 })
    }

    pub(crate) fn event(&self, doc: &mut VisitDoc, event: &str) {
        let record = json!({ "event": event, "at": self.stamp(), "by": REP, "reason": "probe" });
        self.record(doc, Map::Timeline, None, &record);
    }

    pub(crate) fn photo(&self, doc: &mut VisitDoc, id: &str, slot: &str, bytes: &[u8], replaces: Option<&str>) {
        let mut record = json!({ "slot": slot, "sha256": Hash::of(bytes), "bytes": bytes.len(),
            "media_type": "image/jpeg", "taken_at": self.stamp(), "source": "camera", "by": REP });
        if let (Some(replaced), Some(object)) = (replaces, record.as_object_mut()) {
            object.insert("replaces".to_owned(), replaced.into());
        }
        self.record(doc, Map::Photos, Some(id), &record);
    }

    /// A visit done and handed in, with photo `p1` in slot `outdoor` and `p2` in `label`.
    pub(crate) fn handed_in(&self) -> VisitDoc {
        let mut doc = VisitDoc::create(VISIT).expect("document");
        for event in ["confirm_call", "depart", "arrive", "enter"] {
            self.event(&mut doc, event);
        }
        self.photo(&mut doc, "p1", "outdoor", b"one", None);
        self.photo(&mut doc, "p2", "label", b"two", None);
        for event in ["finish_steps", "sign", "submit"] {
            self.event(&mut doc, event);
        }
        doc
    }

    /// The visit with everything arrived, so that it is under review.
    pub(crate) async fn under_review(&self) -> VisitDoc {
        let doc = self.handed_in();
        self.push(&doc).await;
        self.upload(self.rep(), b"one").await.expect("upload");
        self.upload(self.rep(), b"two").await.expect("upload");
        assert_eq!(self.visit(VISIT).await.state, "under_review");
        doc
    }

    pub(crate) async fn visit(&self, visit: VisitId) -> VisitRecord {
        self.write(move |conn| Ok(find_visit(conn, ORG, visit)?)).await.expect("visit")
    }

    /// What the rep's phone would get after a position.
    pub(crate) async fn feed_of_rep(&self, after: i64) -> Vec<FeedRow> {
        let audience = audience_of_user(REP);
        self.write(move |conn| Ok::<_, AppError>(list_feed(conn, ORG, &audience, after, 1000)?)).await
    }

    /// Position of the newest entry of the rep's feed.
    pub(crate) async fn feed_top(&self) -> i64 {
        self.feed_of_rep(0).await.last().map_or(0, |row| row.pos)
    }

    /// How many entries of a kind the rep's phone would get after a position.
    pub(crate) async fn news(&self, kind: FeedKind, after: i64) -> usize {
        self.feed_of_rep(after).await.iter().filter(|row| row.kind == Txt(kind)).count()
    }
}
