//! Things of the actor, of his team, of another team and of another organisation, for the parameters in paths.

use doorstep::app::AppResult;
use doorstep::app::scope::{load_window, refresh_visit};
use doorstep::domain::operation::{Access, Row};
use doorstep::domain::{Role, Scope};
use doorstep_store::Txt;
use doorstep_store::absences::{AbsenceRow, insert_absence};
use doorstep_store::assignments::{AssignmentRecord, insert_assignment};
use doorstep_store::feed::FeedBatch;
use doorstep_store::notices::{NoticeFilter, list_notices};
use doorstep_store::tasks::list_of_sources;
use integration_tests::app::TestApp;
use integration_tests::builders::{DAY_MS, HOUR_MS, Office, Planned, TEMPLATE};
use integration_tests::call::Call;
use integration_tests::company::{HAOYU, Member, YUNZE, certificate_of};
use integration_tests::phone::Phone;
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::dispatch::CertificateKind;
use sync_core::doc::Map;
use sync_core::ids::{AbsenceId, AssignmentId, DeviceId, NoticeId, TaskId, VisitId};
use sync_core::protocol::{AckItem, Outcome};

/// How a thing is related to who asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// His own.
    Own,
    /// A team mate's.
    Team,
    /// That of somebody in another team.
    OtherTeam,
    /// That of somebody in another organisation.
    Foreign,
}

impl Relation {
    /// Every relation.
    pub const ALL: [Self; 4] = [Self::Own, Self::Team, Self::OtherTeam, Self::Foreign];

    /// How a thing of `owner` is related to `actor`.
    pub fn of(actor: Member, owner: Member) -> Self {
        if actor.id == owner.id {
            Self::Own
        } else if actor.org != owner.org {
            Self::Foreign
        } else if actor.team == owner.team {
            Self::Team
        } else {
            Self::OtherTeam
        }
    }

    /// Somebody whose things stand in this relation to an actor of team one.
    pub fn owner(self, actor: Member) -> Member {
        match self {
            Self::Own => actor,
            Self::Team => YUNZE.colleague(),
            Self::OtherTeam => YUNZE.stranger(),
            Self::Foreign => HAOYU.rep(),
        }
    }

    /// Whether a grant reaches so far.
    fn is_within(self, scope: Scope) -> bool {
        match scope {
            Scope::Own => self == Self::Own,
            Scope::Team => self <= Self::Team,
            Scope::Organisation => self <= Self::OtherTeam,
        }
    }
}

/// How far a visit has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Planned, with a first photo.
    Planned,
    /// Handed in with everything, hence under review.
    HandedIn,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 2] = [Self::Planned, Self::HandedIn];
}

/// Whether a grant reaches a thing; `is_of_visit` for visits and what they contain.
///
/// The scope of the table decides, with one exception: who only reviews knows nothing of visits before they are
/// handed in (rulebook section 20, "Visit before submission"). Reached is whatever the server admits to exist. It may
/// still refuse: 409, 412 and 422 by state, version and body; 404 `no_preview` and `preview_pending` by the picture;
/// 403 `four_eyes` for a reviewer's own work.
pub fn is_reached(actor: Member, scope: Scope, relation: Relation, is_of_visit: bool, stage: Stage) -> bool {
    let is_hidden = actor.role == Some(Role::Reviewer) && is_of_visit && stage == Stage::Planned;
    relation.is_within(scope) && !is_hidden
}

/// Parameters of things that belong to somebody.
const ABOUT_SOMEBODY: [&str; 15] = [
    "{user_id}",
    "{team_id}",
    "{certificate_id}",
    "{absence_id}",
    "{device_id}",
    "{item_id}",
    "{customer_id}",
    "{site_id}",
    "{work_order_id}",
    "{task_id}",
    "{notice_id}",
    "{visit_id}",
    "{photo_id}",
    "{sha256}",
    "{upload_id}",
];

/// The record of what a customer waits to hear.
const OPEN_POINT: &str = "01955f2c-3000-7000-8000-00000000aaaa";

/// Parameters of visits and what they contain.
const ABOUT_VISITS: [&str; 3] = ["{visit_id}", "{photo_id}", "{sha256}"];

/// Parameters of what belongs to the whole organisation.
const ABOUT_NORMS: [&str; 2] = ["{code}", "{version}"];

/// Parameters of areas and of legal holds: they belong to the whole organisation; `v1::dispatch`, `v1::outages` and
/// `v1::archive` play those of others.
const ABOUT_AREAS: [&str; 3] = ["{grid_id}", "{outage_id}", "{hold_id}"];

/// Parameters that prove themselves, whoever shows them.
const PROOFS: [&str; 2] = ["{link}", "{token}"];

/// Parameters that name what every organisation has.
const FIGURES: [&str; 2] = ["{figure}", "{day}"];

fn has_one_of(row: Row, parameters: &[&str]) -> bool {
    row.path.split('/').any(|part| parameters.contains(&part))
}

/// Whether the matrix knows what a parameter stands for.
pub fn is_known(parameter: &str) -> bool {
    [&ABOUT_SOMEBODY[..], &ABOUT_NORMS, &ABOUT_AREAS, &PROOFS, &FIGURES].iter().any(|known| known.contains(&parameter))
}

/// Whether an operation asks for things that belong to somebody, as far as a grant reaches.
pub fn is_about_somebody(row: Row) -> bool {
    matches!(row.access, Access::Roles(_)) && has_one_of(row, &ABOUT_SOMEBODY)
}

/// Whether an operation asks for a visit or what it contains.
pub fn is_about_visits(row: Row) -> bool {
    has_one_of(row, &ABOUT_VISITS)
}

/// Whether an operation asks for what belongs to the whole organisation.
pub fn is_about_norms(row: Row) -> bool {
    has_one_of(row, &ABOUT_NORMS)
}

/// A value that no such parameter has.
pub fn absent(parameter: &str) -> String {
    match parameter {
        "{sha256}" => "0".repeat(64),
        "{code}" => "no_such_template".to_owned(),
        "{version}" => "999".to_owned(),
        _ => "01955f2c-3000-7000-8000-00000000ffff".to_owned(),
    }
}

/// A visit of somebody, with what it is for and the photo taken there.
#[derive(Debug, Clone)]
pub struct Job {
    /// Visit, order, customer and site.
    pub planned: Planned,
    /// The photo's record.
    pub photo: String,
    /// The photo's content.
    pub sha256: Hash,
    /// What the customer waits to hear.
    pub task: TaskId,
    /// The message that the visit was planned.
    pub notice: NoticeId,
}

/// What somebody has.
#[derive(Debug, Clone)]
pub struct Things {
    /// Whose they are.
    pub owner: Member,
    /// His phone.
    pub device: DeviceId,
    /// What it sent that was refused.
    pub item: String,
    /// When he did not work, long ago.
    pub absence: AbsenceId,
    planned: Job,
    handed_in: Job,
}

impl Things {
    /// The visit of a stage.
    pub fn job(&self, stage: Stage) -> &Job {
        match stage {
            Stage::Planned => &self.planned,
            Stage::HandedIn => &self.handed_in,
        }
    }

    /// The path of an operation to one of these things.
    pub fn path(&self, row: Row, stage: Stage) -> String {
        let (job, planned) = (self.job(stage), self.job(stage).planned);
        let part = |part: &str| match part {
            "{user_id}" => self.owner.id.to_string(),
            "{team_id}" => self.owner.team.expect("everybody has a team").to_string(),
            "{certificate_id}" => certificate_of(self.owner.id, CertificateKind::WorkAtHeight).to_string(),
            "{absence_id}" => self.absence.to_string(),
            "{device_id}" => self.device.to_string(),
            "{item_id}" => self.item.clone(),
            "{customer_id}" => planned.customer.to_string(),
            "{site_id}" => planned.site.to_string(),
            "{work_order_id}" => planned.order.to_string(),
            "{task_id}" => job.task.to_string(),
            "{notice_id}" => job.notice.to_string(),
            "{visit_id}" => planned.visit.to_string(),
            "{photo_id}" => job.photo.clone(),
            "{sha256}" => job.sha256.to_string(),
            other => other.to_owned(),
        };
        row.path.split('/').map(part).collect::<Vec<_>>().join("/")
    }

    /// Plans, carries out and sends what an owner has, as office and phone do.
    async fn seed(app: &TestApp, office: Office<'_>, owner: Member) -> Self {
        let mut phone = app.phone_of(owner).await;
        let mut jobs = Vec::new();
        for stage in Stage::ALL {
            let planned = office.plan_at(&[], HOUR_MS).await;
            assign(app, owner, planned.visit).await;
            jobs.push((stage, planned));
        }
        phone.sync().await;
        let mut done = Vec::new();
        for (stage, planned) in jobs {
            done.push(carry_out(&mut phone, stage, planned).await);
        }
        let answer = phone.round().await;
        for job in &mut done {
            job.task = task_of(app, owner, job).await;
            job.notice = notice_of(app, owner, job).await;
        }
        assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", answer.acks);
        let states = [office.row(done[0].planned.visit).await.state, office.row(done[1].planned.visit).await.state];
        assert_eq!(states, ["scheduled", "under_review"], "of {}", owner.login);
        phone.intents.push(format!("no intent of {}", owner.id).into_bytes());
        let refused = phone.round().await;
        let [ack] = refused.acks.as_slice() else { panic!("one ack, not {:?}", refused.acks) };
        let AckItem::UnreadableIntent(item) = ack.item else { panic!("{ack:?}") };
        let [planned, handed_in] = done.try_into().expect("one job per stage");
        let absence = note_absence(app, owner).await;
        Self { owner, device: phone.device.id, item: item.to_string(), absence, planned, handed_in }
    }
}

/// Notes that somebody did not work on a day that has passed.
async fn note_absence(app: &TestApp, owner: Member) -> AbsenceId {
    let id = AbsenceId(app.id());
    let from_ms = app.now().0 - 2 * DAY_MS;
    let row = AbsenceRow {
        org_id: Txt(owner.org),
        id: Txt(id),
        user_id: Txt(owner.id),
        from_ms,
        until_ms: Some(from_ms + DAY_MS),
        reason: "leave".to_owned(),
        noted_by: Txt(owner.id),
        noted_at_ms: from_ms,
    };
    app.write(move |conn| insert_absence(conn, &row)).await;
    id
}

/// Gives a visit to somebody, whatever his role: what counts for reach is the assignment.
async fn assign(app: &TestApp, owner: Member, visit: VisitId) {
    let (now, config) = (app.now(), app.state.config.sync.clone());
    let row = AssignmentRecord {
        org_id: Txt(owner.org),
        id: Txt(AssignmentId(app.id())),
        visit_id: Txt(visit),
        rep_id: Txt(owner.id),
        epoch: 1,
        from_ms: now.0,
        until_ms: None,
    };
    let assigned = app.state.store.write(move |conn| -> AppResult<()> {
        insert_assignment(conn, &row)?;
        let window = load_window(conn, owner.org, &config, now)?;
        let mut batch = FeedBatch::new();
        refresh_visit(conn, &mut batch, owner.org, visit, window)?;
        batch.publish(conn, owner.org)?;
        Ok(())
    });
    assigned.await.expect("the visit is assigned");
}

/// Takes a photo and uploads it; a visit to be handed in ends without work, which needs no form.
async fn carry_out(phone: &mut Phone<'_>, stage: Stage, planned: Planned) -> Job {
    let (at, by) = (phone.stamp(), phone.device.member.id);
    let bytes = format!("photo of {} by {by}", planned.visit).into_bytes();
    let sha256 = Hash::of(&bytes);
    let record = json!({"slot": "ont_front", "sha256": sha256, "bytes": bytes.len(), "media_type": "image/jpeg",
        "taken_at": at, "source": "camera", "by": by});
    let photo = phone.add(planned.visit, Map::Photos, &record);
    let asked = json!({"text": "能否换到朝南的房间", "at": at, "by": by});
    phone.put(planned.visit, Map::OpenPoints, OPEN_POINT, &asked);
    if stage == Stage::HandedIn {
        phone.come_to_the_door(planned.visit);
        let outcome = json!({"code": "resource_missing", "reason": "no free port", "at": at, "by": by});
        phone.add(planned.visit, Map::Outcomes, &outcome);
        phone.event(planned.visit, "end_without_work");
    }
    let upload = Call::new("PUT", format!("/v1/blobs/{sha256}")).bytes("application/octet-stream", bytes);
    phone.device.client().send(upload).await.expect(200);
    // What it is named is known once the server has heard of it.
    let (task, notice) = (TaskId(uuid::Uuid::nil()), NoticeId(uuid::Uuid::nil()));
    Job { planned, photo, sha256, task, notice }
}

/// The message that the office planned a visit.
async fn notice_of(app: &TestApp, owner: Member, job: &Job) -> NoticeId {
    let filter = NoticeFilter { visit: Some(job.planned.visit), ..NoticeFilter::default() };
    let found = app.read(move |conn| list_notices(conn, owner.org, &filter, "", 2)).await;
    found.first().expect("one message for each plan").id.0
}

/// The task that an open point of a visit became.
async fn task_of(app: &TestApp, owner: Member, job: &Job) -> TaskId {
    let source = format!("open_point/{}/{OPEN_POINT}", job.planned.visit);
    let found = app.read(move |conn| list_of_sources(conn, owner.org, &[source])).await;
    found.first().expect("one task for each open point").id.0
}

/// Two organisations at work.
#[derive(Debug)]
pub struct World {
    things: Vec<Things>,
}

impl World {
    /// Lets these people work, and one of each relation to members of team one.
    pub async fn seed(app: &TestApp, actors: &[Member]) -> Self {
        let (office, foreign) = (app.office(YUNZE).await, app.office(HAOYU).await);
        let mut things = vec![Things::seed(app, foreign, HAOYU.rep()).await];
        for owner in actors.iter().copied().chain([YUNZE.colleague(), YUNZE.stranger()]) {
            things.push(Things::seed(app, office, owner).await);
        }
        Self { things }
    }

    /// Everybody's things.
    pub fn all(&self) -> &[Things] {
        &self.things
    }

    /// The things that stand in a relation to an actor.
    pub fn related(&self, actor: Member, relation: Relation) -> &Things {
        let owner = relation.owner(actor);
        self.things.iter().find(|things| things.owner.id == owner.id).expect("the owner was seeded")
    }
}

/// Paths of operations on norms: one that the organisation has, and one that only the other has.
pub fn norm_paths(row: Row) -> (String, String) {
    let path = |code: &str, version: i64| row.path.replace("{code}", code).replace("{version}", &version.to_string());
    (path(TEMPLATE, 1), path(FOREIGN_TEMPLATE, FOREIGN_VERSION))
}

/// Code of a template that only the other organisation has.
pub const FOREIGN_TEMPLATE: &str = "their_own";

/// Version of norms that only the other organisation has.
pub const FOREIGN_VERSION: i64 = 77;
