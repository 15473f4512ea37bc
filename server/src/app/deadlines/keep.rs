//! What follows from a visit for deadlines and tasks, written when the visit is projected.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use doorstep_store::deadlines::{self, DeadlineRow, Judgement, PastJudgement};
use doorstep_store::visits::list_visits_of;
use doorstep_store::work_orders::WorkOrderRecord;
use doorstep_store::{Conn, Txt};
use sync_core::clock::Bounds;
use sync_core::deadlines::{
    Attempt, Due, DueCode, DueState, FollowUp, ORDER_KINDS, attempts, first_contact, follow_ups, of_visit,
    round_of_result,
};
use sync_core::ids::{OrgId, UserId, VisitId, WorkOrderId};
use sync_core::merge::View;
use sync_core::plan::Review;
use sync_core::rules::Facts;
use sync_core::time::UnixMillis;
use sync_core::visit::VisitState;

use super::WorkingTime;
use crate::app::reach::handed_in;
use crate::app::rows::corrupt;
use crate::app::tasks::{self, NewTask};
use crate::app::{AppError, AppResult};
use crate::domain::task::TaskKind;

/// What a visit asks of the office beside its state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Obligations {
    /// The order that it serves.
    pub work_order: Option<WorkOrderId>,
    /// The version of the policy that it follows.
    pub policy_version: i64,
    /// Its deadlines.
    pub due: Vec<Due>,
    /// Attempts to reach the customer.
    pub attempts: Vec<Attempt>,
    /// What becomes of a first contact that nobody noted: the visit is over.
    pub without_contact: Option<DueState>,
    /// Demands that nobody could answer on the spot, by record, with whoever was asked first.
    pub open_points: Vec<(String, Option<UserId>)>,
    /// Whether it ended because a line is missing.
    pub lacks_resource: bool,
    /// What follows from its inspection, with the instant by which it is due; without one where it follows no more.
    pub follow_ups: Vec<(FollowUp, Option<UnixMillis>)>,
    /// How often it had been returned when its result was written: what fails then is another matter.
    pub round: usize,
}

impl Obligations {
    /// Those of what counts of a visit in this state.
    #[must_use]
    pub fn of(facts: &Facts<'_>, review: &Review, state: VisitState) -> Self {
        Self {
            work_order: facts.plan.visit.work_order_id,
            policy_version: facts.policy.version,
            due: of_visit(facts, review, state),
            attempts: attempts(facts.view),
            without_contact: match state {
                VisitState::Cancelled => Some(DueState::Void),
                state if handed_in().contains(&state.code()) => Some(DueState::Missed),
                _ => None,
            },
            open_points: open_points(facts.view),
            // Received at once where no blob is missing: then it is under review already.
            lacks_resource: handed_in().contains(&state.code()) && facts.outcome() == Some("resource_missing"),
            follow_ups: follow_ups(facts, review, state),
            round: round_of_result(facts, review),
        }
    }

    fn tasks(&self, visit: VisitId) -> Vec<NewTask> {
        let place = (Some(visit), self.work_order);
        let points = self.open_points.iter().map(|(key, asked)| NewTask {
            owner: *asked,
            ..NewTask::of(TaskKind::OpenPoint, format!("open_point/{visit}/{key}"), place)
        });
        let missing = self.lacks_resource.then(|| {
            let source = format!("resource_missing/{visit}");
            NewTask::of(TaskKind::ResourceMissing, source, place)
        });
        let following = self.follow_ups.iter().filter(|(_, due)| due.is_some()).map(|(what, due)| NewTask {
            due_at: *due,
            ..NewTask::of(kind_of(*what), source_of_follow_up(visit, *what, self.round), place)
        });
        points.chain(missing).chain(following).collect()
    }

    /// Sources of tasks that follow from the visit no more, among them those of rounds that are over.
    fn settled(&self, visit: VisitId) -> impl Iterator<Item = String> {
        self.follow_ups.iter().flat_map(move |(what, due)| {
            let open = due.map(|_| source_of_follow_up(visit, *what, self.round));
            let ever = (0..=self.round).map(move |round| source_of_follow_up(visit, *what, round));
            ever.filter(move |source| open.as_ref() != Some(source))
        })
    }
}

const fn kind_of(what: FollowUp) -> TaskKind {
    match what {
        FollowUp::Rectify => TaskKind::Rectification,
        FollowUp::RegisterWarranty => TaskKind::WarrantyRegistration,
        FollowUp::AcknowledgeActivation => TaskKind::ActivationPending,
    }
}

/// The source of the task about what follows from a visit that was returned so often. An inspection passes once; each time that
/// it fails there is something else to rectify.
pub fn source_of_follow_up(visit: VisitId, what: FollowUp, round: usize) -> String {
    let source = format!("{}/{visit}", kind_of(what).code());
    match what {
        FollowUp::Rectify if round > 0 => format!("{source}/{round}"),
        _ => source,
    }
}

/// The open points of a visit with whoever was asked first, who owns the matter until it is handed over.
// Rule: INS-42
fn open_points(view: &View) -> Vec<(String, Option<UserId>)> {
    view.open_points.iter().map(|entry| (entry.key.clone(), entry.by())).collect()
}

/// Starts the deadline of the first contact for orders that came now, where their type has one.
///
/// # Errors
/// Corrupt rows.
// Rule: APT-01
pub fn open_for_orders(conn: &mut Conn, org: OrgId, orders: &[WorkOrderRecord], received: UnixMillis) -> AppResult<()> {
    let orders = orders.iter().filter(|order| ORDER_KINDS.contains(&order.kind.as_str()));
    let orders: Vec<WorkOrderId> = orders.map(|order| order.id.0).collect();
    if orders.is_empty() {
        return Ok(());
    }
    let time = WorkingTime::load(conn, org, received)?;
    let due = time.first_contact(received)?;
    let row = |order: WorkOrderId| {
        let judged = Judged { place: (None, Some(order)), policy_version: time.policy_version(), at: received };
        judged.row(org, order.to_string(), &due)
    };
    let rows: Vec<DeadlineRow> = orders.into_iter().map(row).collect();
    Ok(deadlines::insert_deadlines(conn, &rows)?)
}

/// Nobody has to contact the customer of an order that was refused.
///
/// # Errors
/// Corrupt rows.
pub fn end_for_order(conn: &mut Conn, org: OrgId, order: WorkOrderId, now: UnixMillis) -> AppResult<()> {
    let mut ledger = Ledger::load(conn, org, &[order.to_string()])?;
    for row in ledger.stored.clone().into_values().filter(|row| row.state == DueState::Open.code()) {
        let due = Due { state: DueState::Void, ..due_of(&row.judgement())? };
        let judged = Judged { place: (None, Some(order)), policy_version: row.policy_version, at: now };
        ledger.take(judged.row(org, row.subject, &due));
    }
    ledger.write(conn, now)
}

/// The customer of an order was reached, or reached us, at an instant of the server's own clock.
///
/// # Errors
/// Corrupt rows.
// Rule: APT-01
pub fn contacted(conn: &mut Conn, org: OrgId, order: WorkOrderId, at: UnixMillis) -> AppResult<()> {
    let mut ledger = Ledger::load(conn, org, &[order.to_string()])?;
    ledger.try_contact(order, &[Attempt { at, bounds: Bounds::at(at) }], at)?;
    ledger.write(conn, at)
}

/// Writes what follows from visits that were projected in this transaction.
///
/// # Errors
/// Corrupt rows.
pub fn keep(conn: &mut Conn, org: OrgId, visits: &[(VisitId, Obligations)], now: UnixMillis) -> AppResult<()> {
    let of_visits = visits.iter().filter(|(_, asks)| !asks.due.is_empty()).map(|(visit, _)| visit.to_string());
    let concerned =
        |asks: &Obligations| asks.work_order.filter(|_| !asks.attempts.is_empty() || asks.without_contact.is_some());
    let of_orders = visits.iter().filter_map(|(_, asks)| concerned(asks)).map(|order| order.to_string());
    let subjects: Vec<String> = of_visits.chain(of_orders).collect();
    if !subjects.is_empty() {
        let mut ledger = Ledger::load(conn, org, &subjects)?;
        for (visit, asks) in visits {
            let place = (Some(*visit), asks.work_order);
            let judged = Judged { place, policy_version: asks.policy_version, at: now };
            asks.due.iter().for_each(|due| ledger.take(judged.row(org, visit.to_string(), due)));
            if let Some(order) = concerned(asks) {
                ledger.try_contact(order, &asks.attempts, now)?;
                ledger.conclude(conn, order, asks.without_contact, now)?;
            }
        }
        ledger.write(conn, now)?;
    }
    let new: Vec<NewTask> = visits.iter().flat_map(|(visit, asks)| asks.tasks(*visit)).collect();
    tasks::open(conn, org, &new, now)?;
    let settled: Vec<String> = visits.iter().flat_map(|(visit, asks)| asks.settled(*visit)).collect();
    tasks::settle(conn, org, &settled, now)
}

type Key = (String, String, i64);

/// The deadlines at hand, and which of them differ from what is stored.
struct Ledger {
    org: OrgId,
    stored: BTreeMap<Key, DeadlineRow>,
    new: Vec<Key>,
    changed: Vec<Key>,
    /// What was said of those before.
    past: Vec<PastJudgement>,
    /// Tasks about what is settled now, by source.
    settled: Vec<String>,
}

impl Ledger {
    fn load(conn: &mut Conn, org: OrgId, subjects: &[String]) -> AppResult<Self> {
        deadlines::lock_of_subjects(conn, org, subjects)?;
        let rows = deadlines::list_of_subjects(conn, org, subjects)?;
        let stored = rows.into_iter().map(|row| ((row.subject.clone(), row.code.clone(), row.item), row)).collect();
        let (new, changed, past, settled) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Ok(Self { org, stored, new, changed, past, settled })
    }

    fn take(&mut self, row: DeadlineRow) {
        let key = (row.subject.clone(), row.code.clone(), row.item);
        match self.stored.entry(key.clone()) {
            Entry::Vacant(place) => {
                place.insert(row);
                self.new.push(key);
            }
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                let judged = |row: &DeadlineRow| {
                    (row.trigger_ms, row.due_ms, row.happened_ms, row.state.clone(), row.policy_version)
                };
                if judged(known) == judged(&row) {
                    return;
                }
                // Somebody who was told of it need not be told once more, unless it has another time now.
                let is_told = known.told_ms.is_some() && known.due_ms == row.due_ms && row.watch_ms.is_some();
                if known.told_ms.is_some() && !is_told {
                    self.settled.push(source_of(known));
                }
                let told_ms = known.told_ms.filter(|_| is_told);
                let until_ms = row.judged_ms;
                let next = DeadlineRow { told_ms, watch_ms: row.watch_ms.filter(|_| !is_told), ..row };
                let before = std::mem::replace(known, next);
                // What was judged in this very instant nobody has seen.
                if before.judged_ms < until_ms {
                    self.past.push(PastJudgement::of(before, until_ms));
                }
                if !self.new.contains(&key) && !self.changed.contains(&key) {
                    self.changed.push(key);
                }
            }
        }
    }

    /// What one more visit says about the first contact of its order.
    fn try_contact(&mut self, order: WorkOrderId, tried: &[Attempt], now: UnixMillis) -> AppResult<()> {
        let key = (order.to_string(), DueCode::FirstContact.code().to_owned(), 0);
        // An order of before, or of a type whose customer is contacted otherwise, has no such deadline.
        let Some(known) = self.stored.get(&key) else { return Ok(()) };
        let due = first_contact(due_of(&known.judgement())?, tried);
        let judged = Judged { place: (None, Some(order)), policy_version: known.policy_version, at: now };
        self.take(judged.row(self.org, order.to_string(), &due));
        Ok(())
    }

    /// An order of which every visit was cancelled, or one was handed in, has no first contact to wait for any more.
    fn conclude(
        &mut self,
        conn: &mut Conn,
        order: WorkOrderId,
        how: Option<DueState>,
        now: UnixMillis,
    ) -> AppResult<()> {
        let key = (order.to_string(), DueCode::FirstContact.code().to_owned(), 0);
        let open = self.stored.get(&key).filter(|row| row.state == DueState::Open.code());
        let (Some(known), Some(state)) = (open, how) else { return Ok(()) };
        let stays_open = match state {
            DueState::Void => {
                let visits = list_visits_of(conn, self.org, order)?;
                visits.iter().any(|visit| visit.state != VisitState::Cancelled.code())
            }
            // In time there may still be somebody who calls.
            _ => known.due_ms >= now.0,
        };
        if !stays_open {
            let judged = Judged { place: (None, Some(order)), policy_version: known.policy_version, at: now };
            let due = Due { state, ..due_of(&known.judgement())? };
            self.take(judged.row(self.org, order.to_string(), &due));
        }
        Ok(())
    }

    fn write(self, conn: &mut Conn, now: UnixMillis) -> AppResult<()> {
        let new: Vec<DeadlineRow> = self.new.iter().filter_map(|key| self.stored.get(key)).cloned().collect();
        deadlines::insert_deadlines(conn, &new)?;
        for row in self.changed.iter().filter_map(|key| self.stored.get(key)) {
            deadlines::update_deadline(conn, row)?;
        }
        deadlines::insert_past(conn, &self.past)?;
        tasks::settle(conn, self.org, &self.settled, now)
    }
}

/// The source of the task about a deadline; another time is another matter.
pub(super) fn source_of(row: &DeadlineRow) -> String {
    format!("deadline/{}/{}/{}/{}", row.subject, row.code, row.item, row.due_ms)
}

/// A stored deadline as it was judged.
///
/// # Errors
/// Corrupt rows.
pub(crate) fn due_of(judged: &Judgement) -> AppResult<Due> {
    let unknown = || -> AppError { corrupt("deadlines", &judged.subject, "its code or state is unknown") };
    Ok(Due {
        code: DueCode::from_code(&judged.code).ok_or_else(unknown)?,
        item: judged.item,
        trigger_at: UnixMillis(judged.trigger_ms),
        due_at: UnixMillis(judged.due_ms),
        happened_at: judged.happened_ms.map(UnixMillis),
        state: DueState::from_code(&judged.state).ok_or_else(unknown)?,
    })
}

/// When, by which policy and about what a deadline was judged.
struct Judged {
    place: (Option<VisitId>, Option<WorkOrderId>),
    policy_version: i64,
    at: UnixMillis,
}

impl Judged {
    fn row(&self, org: OrgId, subject: String, due: &Due) -> DeadlineRow {
        let is_watched = matches!(due.state, DueState::Open | DueState::Missed);
        DeadlineRow {
            org_id: Txt(org),
            subject,
            code: due.code.code().to_owned(),
            item: due.item,
            visit_id: self.place.0.map(Txt),
            work_order_id: self.place.1.map(Txt),
            trigger_ms: due.trigger_at.0,
            due_ms: due.due_at.0,
            happened_ms: due.happened_at.map(|at| at.0),
            state: due.state.code().to_owned(),
            policy_version: self.policy_version,
            judged_ms: self.at.0,
            watch_ms: is_watched.then_some(due.due_at.0),
            told_ms: None,
        }
    }
}
