//! Figures of the working day, with the visits behind them (INS-38): counted, left out and why, also as of an earlier
//! instant; a rep may dispute how one of his was judged.

mod dispute;
mod load;

use std::collections::BTreeMap;

use doorstep_store::Conn;
use doorstep_store::deadlines::{Judgement, JudgementPlace};
use sync_core::deadlines::{Due, Figure, Standing, Tally};
use sync_core::formulas::{Arrival, ArrivalWindow, arrival_class};
use sync_core::ids::{TeamId, UserId};
use sync_core::time::UnixMillis;

pub use dispute::{Disputed, dispute_figure};

use crate::app::rows::policy_row;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode};

/// Which figure of what.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The figure.
    pub figure: Figure,
    /// First day of the period, `YYYY-MM-DD` in the zone of the organisation.
    pub from: String,
    /// Last day of the period.
    pub to: String,
    /// As it was known at this instant; now where absent.
    pub as_of: Option<UnixMillis>,
    /// Only visits of this rep.
    pub rep: Option<UserId>,
    /// Only visits of this team.
    pub team: Option<TeamId>,
}

/// A figure.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What stands how.
    pub tally: Tally,
    /// As of when.
    pub as_of: UnixMillis,
}

/// One deadline behind a figure.
#[derive(Debug, Clone)]
pub struct Line {
    /// As it was judged.
    pub judgement: Judgement,
    /// The deadline.
    pub due: Due,
    /// How it stands.
    pub standing: Standing,
    /// When the crew came, of an arrival that is known.
    pub arrival: Option<Arrival>,
}

impl Line {
    /// Where a list goes on after it.
    #[must_use]
    pub fn key(&self) -> String {
        let JudgementPlace { due_ms, subject, item } = self.judgement.place();
        format!("{due_ms}/{subject}/{item}")
    }
}

/// A figure over the visits that the asker may see.
///
/// # Errors
/// `parameter_invalid` for days that do not exist, a period that ends before it begins, an instant to come.
pub async fn show_figure(state: &AppState, ctx: Ctx, asked: Asked) -> AppResult<Shown> {
    let read = move |conn: &mut Conn| {
        let mut tally = Tally::default();
        let mut lines = load::Lines::after(conn, &ctx, &asked, None)?;
        while let Some(page) = lines.next_page(conn, &ctx)? {
            page.iter().for_each(|line| tally.add(line.standing));
        }
        Ok::<_, AppError>(Shown { tally, as_of: asked.as_of.unwrap_or(ctx.now) })
    };
    state.store.read(read).await
}

/// The deadlines behind a figure by the time they were due, after `after`; only those that stand so, where asked for.
///
/// # Errors
/// As [`show_figure`]; `page_token_invalid`.
pub async fn explain_figure(
    state: &AppState,
    ctx: Ctx,
    asked: Asked,
    standing: Option<Standing>,
    after: String,
    size: i64,
) -> AppResult<Vec<Line>> {
    let after = if after.is_empty() { None } else { Some(place_of(&after).ok_or(ErrorCode::PageTokenInvalid)?) };
    let read = move |conn: &mut Conn| {
        let size = usize::try_from(size).unwrap_or(0);
        let mut lines = load::Lines::after(conn, &ctx, &asked, after.clone())?;
        let mut wanted = Vec::new();
        while wanted.len() < size
            && let Some(mut page) = lines.next_page(conn, &ctx)?
        {
            page.retain(|line| standing.is_none_or(|wanted| line.standing == wanted));
            wanted.append(&mut page);
        }
        wanted.truncate(size);
        classify(conn, &ctx, &mut wanted)?;
        Ok::<_, AppError>(wanted)
    };
    state.store.read(read).await
}

/// Says of arrivals when the crew came, by the window of the policy that each was judged by.
fn classify(conn: &mut Conn, ctx: &Ctx, lines: &mut [Line]) -> AppResult<()> {
    let mut windows: BTreeMap<i64, ArrivalWindow> = BTreeMap::new();
    for line in lines.iter_mut().filter(|line| line.due.code == sync_core::deadlines::DueCode::Arrival) {
        let Some(arrived) = line.due.happened_at else { continue };
        let version = line.judgement.policy_version;
        let window = match windows.get(&version) {
            Some(known) => *known,
            None => {
                let policy = policy_row(conn, ctx.actor.org, version)?.unwrap_or_default();
                *windows.entry(version).or_insert(ArrivalWindow::of(&policy))
            }
        };
        line.arrival = Some(arrival_class(line.due.due_at, arrived, window));
    }
    Ok(())
}

fn place_of(key: &str) -> Option<JudgementPlace> {
    let mut parts = key.split('/');
    let (due_ms, subject) = (parts.next()?.parse().ok()?, parts.next()?.to_owned());
    let place = JudgementPlace { due_ms, subject, item: parts.next()?.parse().ok()? };
    parts.next().is_none().then_some(place)
}
