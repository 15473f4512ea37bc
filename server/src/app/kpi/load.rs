//! The deadlines behind a figure, as they were judged at an instant.

use std::collections::BTreeMap;

use doorstep_store::deadlines::{Judgement, JudgementFilter, JudgementPlace, list_judgements, list_judgements_of};
use doorstep_store::{Conn, users};
use sync_core::deadlines::{DueCode, DueState, Figure};
use sync_core::ids::UserId;

use super::{Asked, Line};
use crate::app::deadlines::due_of;
use crate::app::scope::load_zone;
use crate::app::{AppResult, Ctx, ErrorCode, Refusal, reach};
use crate::domain::zone::ZoneError;

/// Deadlines read at once.
const PAGE: i64 = 2_000;

/// The deadlines of a figure's period, by when they were due; a year of them is never in memory at once.
pub(super) struct Lines {
    figure: Figure,
    filter: JudgementFilter,
    after: Option<JudgementPlace>,
    is_done: bool,
}

impl Lines {
    /// Those after a place.
    pub(super) fn after(conn: &mut Conn, ctx: &Ctx, asked: &Asked, after: Option<JudgementPlace>) -> AppResult<Self> {
        let filter = JudgementFilter {
            code: asked.figure.of().code().to_owned(),
            due_ms: period(conn, ctx, asked)?,
            as_of_ms: asked.as_of.unwrap_or(ctx.now).0,
            people: people(conn, ctx, asked)?,
        };
        Ok(Self { figure: asked.figure, filter, after, is_done: false })
    }

    /// The next of them; none once there are no more.
    pub(super) fn next_page(&mut self, conn: &mut Conn, ctx: &Ctx) -> AppResult<Option<Vec<Line>>> {
        if self.is_done {
            return Ok(None);
        }
        let page = list_judgements(conn, ctx.actor.org, &self.filter, self.after.as_ref(), PAGE)?;
        self.is_done = i64::try_from(page.len()).unwrap_or(PAGE) < PAGE;
        self.after = page.last().map(Judgement::place);
        let notices = notices(conn, ctx, self.figure, &page, self.filter.as_of_ms)?;
        let line = |judgement: Judgement| {
            let due = due_of(&judgement)?;
            let standing = self.figure.standing(&due, notices.get(&judgement.subject).copied());
            Ok(Line { judgement, due, standing, arrival: None })
        };
        page.into_iter().map(line).collect::<AppResult<_>>().map(Some)
    }
}

/// From the first instant of the period to that behind it.
fn period(conn: &mut Conn, ctx: &Ctx, asked: &Asked) -> AppResult<(i64, i64)> {
    let zone = load_zone(conn, ctx.actor.org)?;
    let refused = |name: &str, expected: &str| Refusal::new(ErrorCode::ParameterInvalid).field(name, expected);
    let day = |_no_day: ZoneError| "a day as YYYY-MM-DD";
    let from = zone.bounds(&asked.from).map_err(|error| refused("from", day(error)))?.from;
    let to = zone.bounds(&asked.to).map_err(|error| refused("to", day(error)))?.to;
    if to <= from {
        return Err(refused("to", "a day that is not before `from`").into());
    }
    if asked.as_of.is_some_and(|at| at > ctx.now) {
        return Err(refused("as_of", "an instant that has passed").into());
    }
    Ok((from.0, to.0))
}

/// Whose visits count: those whom the asker may see, and of them those who were asked for.
fn people(conn: &mut Conn, ctx: &Ctx, asked: &Asked) -> AppResult<Option<Vec<UserId>>> {
    let mut people = reach::of(conn, ctx)?.people;
    let mut only = |wanted: Vec<UserId>| {
        people = Some(match people.take() {
            Some(seen) => seen.into_iter().filter(|person| wanted.contains(person)).collect(),
            None => wanted,
        });
    };
    if let Some(rep) = asked.rep {
        only(vec![rep]);
    }
    if let Some(team) = asked.team {
        let members = users::list_users(conn, ctx.actor.org, Some(team), "", i64::MAX)?;
        only(members.into_iter().map(|member| member.id.0).collect());
    }
    Ok(people)
}

/// The worst that is known of changes that we made, by visit, where the figure counts them.
fn notices(
    conn: &mut Conn,
    ctx: &Ctx,
    figure: Figure,
    of: &[Judgement],
    as_of_ms: i64,
) -> AppResult<BTreeMap<String, DueState>> {
    if figure != Figure::FulfilmentRate {
        return Ok(BTreeMap::new());
    }
    let code = DueCode::ChangeNotice;
    let subjects: Vec<String> = of.iter().map(|judgement| judgement.subject.clone()).collect();
    let mut worst = BTreeMap::new();
    for judgement in list_judgements_of(conn, ctx.actor.org, code.code(), &subjects, as_of_ms)? {
        let state = due_of(&judgement)?.state;
        if !matches!(state, DueState::Missed | DueState::Undetermined) {
            continue;
        }
        let known = worst.entry(judgement.subject).or_insert(state);
        if state == DueState::Missed {
            *known = state;
        }
    }
    Ok(worst)
}
