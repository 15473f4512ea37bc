//! From the merged view of a visit to the rows that lists and searches read.

use std::collections::BTreeSet;

use doorstep_store::blobs::{self, Claim, ClaimSource, Claims};
use doorstep_store::checks::list_claims;
use doorstep_store::evidence::list_statements;
use doorstep_store::installed_items::{ANSWER, InstalledItemRow, MATERIAL};
use doorstep_store::projections::{self, AnswerRow, EventRow, PhotoRow, Projection, ReadingRow};
use doorstep_store::{Conn, Txt, presence};
use sync_core::bytes::Hash;
use sync_core::clock::Clocks;
use sync_core::day::materials::{serial_answers, serial_key};
use sync_core::doc::Map;
use sync_core::ids::{OrgId, UserId, VisitId};
use sync_core::merge::View;
use sync_core::time::Stamp;
use sync_core::visit::late::LateRecord;

use super::statement;
use crate::app::AppResult;
use crate::app::visits::Reprojection;

fn ordinal(position: usize) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

/// A text as the database can hold it: U+0000, which PostgreSQL refuses, is shown as the replacement
/// character. The document keeps what was written.
fn text(written: &str) -> String {
    written.replace('\0', "\u{fffd}")
}

/// The rows of a view. Instants are corrected as well as the clocks of the visit tell.
#[must_use]
pub fn project(org: OrgId, visit: VisitId, view: &View) -> Projection {
    let (org_id, visit_id) = (Txt(org), Txt(visit));
    let clocks = Clocks::of(view);
    let current: BTreeSet<&str> = view.current_photos().map(|entry| entry.key.as_str()).collect();
    let photos = view.photos.iter().enumerate().map(|(position, entry)| PhotoRow {
        org_id,
        visit_id,
        photo_id: text(&entry.key),
        ordinal: ordinal(position),
        kind: text(entry.value.kind.as_deref().unwrap_or("photo")),
        slot: text(&entry.value.slot),
        sha256: Txt(entry.value.sha256),
        bytes: entry.value.bytes,
        media_type: text(&entry.value.media_type),
        taken_at_ms: clocks.corrected(entry.value.by, &entry.value.taken_at).0.0,
        source: text(&entry.value.source),
        taken_by: Txt(entry.value.by),
        is_current: current.contains(entry.key.as_str()),
    });
    let readings = view.measures.iter().enumerate().map(|(position, entry)| ReadingRow {
        org_id,
        visit_id,
        reading_id: text(&entry.key),
        ordinal: ordinal(position),
        code: text(&entry.value.code),
        value: text(&entry.value.value),
        unit: text(&entry.value.unit),
        at_ms: clocks.corrected(entry.value.by, &entry.value.at).0.0,
        taken_by: Txt(entry.value.by),
    });
    let answers = view.answers.iter().map(|(question, entry)| AnswerRow {
        org_id,
        visit_id,
        question: text(question),
        value: text(&entry.value.value.to_string()),
        at_ms: clocks.corrected(entry.value.by, &entry.value.at).0.0,
        given_by: Txt(entry.value.by),
    });
    let events = view.timeline.iter().enumerate().map(|(position, entry)| {
        let (at, err_ms) = clocks.corrected(entry.value.by, &entry.value.at);
        EventRow {
            org_id,
            visit_id,
            event_id: text(&entry.key),
            ordinal: ordinal(position),
            event: text(&entry.value.event),
            at_ms: at.0,
            done_by: Txt(entry.value.by),
            err_ms,
        }
    });
    Projection {
        photos: photos.collect(),
        readings: readings.collect(),
        answers: answers.collect(),
        events: events.collect(),
        items: items(org, view, &clocks),
    }
}

/// Materials and serial numbers of a view: what was recorded as used, then what was answered.
fn items(org: OrgId, view: &View, clocks: &Clocks<'_>) -> Vec<InstalledItemRow> {
    let row = |position: usize, at: &Stamp, by: UserId| InstalledItemRow {
        org_id: Txt(org),
        visit_id: Txt(view.visit),
        item_id: String::new(),
        source: MATERIAL.to_owned(),
        ordinal: ordinal(position),
        sku: String::new(),
        quantity: "1".to_owned(),
        unit: "count".to_owned(),
        serial: None,
        serial_key: None,
        at_ms: clocks.corrected(by, at).0.0,
        noted_by: Txt(by),
    };
    let materials = view.materials.iter().filter(|entry| !view.withdrawn.contains_key(&entry.key));
    let mut rows: Vec<_> = materials
        .enumerate()
        .map(|(position, entry)| {
            let used = &entry.value;
            InstalledItemRow {
                item_id: text(&entry.key),
                sku: text(&used.sku),
                quantity: text(&used.quantity),
                unit: text(&used.unit),
                serial: used.serial.as_deref().map(text),
                serial_key: used.serial.as_deref().and_then(serial_key),
                ..row(position, &used.at, used.by)
            }
        })
        .collect();
    for (question, answer) in serial_answers(view) {
        let Some(serial) = answer.value.as_str() else { continue };
        let position = rows.len();
        rows.push(InstalledItemRow {
            item_id: question.to_owned(),
            source: ANSWER.to_owned(),
            serial: Some(text(serial)),
            serial_key: serial_key(serial),
            ..row(position, &answer.at, answer.by)
        });
    }
    rows
}

/// The blobs a document names. A withdrawn or late one is claimed, so that it stays readable, but nothing
/// waits for it.
#[must_use]
pub fn claims(view: &View, late: &[LateRecord]) -> BTreeSet<Claim> {
    let is_late = |key: &str| late.iter().any(|record| record.map == Map::Photos.key() && record.key == key);
    let required: BTreeSet<_> = view
        .photos
        .iter()
        .filter(|entry| !view.withdrawn.contains_key(&entry.key) && !is_late(&entry.key))
        .map(|entry| entry.value.sha256)
        .collect();
    let held = view.held.iter().filter(|held| held.map == Map::Photos.key());
    let held = held.filter_map(|held| held.record.value.get("sha256")?.as_str()?.parse().ok());
    let named = view.photos.iter().map(|entry| entry.value.sha256).chain(held);
    named.map(|sha256| Claim { sha256, is_required: required.contains(&sha256) }).collect()
}

/// The statements a document names; a withdrawn one is not waited for.
#[must_use]
pub fn named_statements(view: &View) -> BTreeSet<Hash> {
    let named = view.statements.iter().filter(|entry| !view.withdrawn.contains_key(&entry.key));
    named.filter_map(|entry| entry.key.parse().ok()).collect()
}

/// Writes the rows of what counts of a visit, and what its evidence waits for, in place of those before: after a decision,
/// which may let more or less of the document count.
///
/// # Errors
/// Database errors only.
pub fn write_counting(conn: &mut Conn, org: OrgId, view: &View, projected: &Reprojection) -> AppResult<()> {
    let visit = view.visit;
    let counting = projected.counting.as_ref().unwrap_or(view);
    projections::replace_projections(conn, org, &[visit], &project(org, visit, counting))?;
    let claims = Claims::from([(visit, claims(view, &projected.derived.late))]);
    blobs::delete_claims(conn, org, &[visit], ClaimSource::Photo)?;
    blobs::add_claims(conn, org, ClaimSource::Photo, &claims)?;
    weigh_statements(conn, org, view)?;
    let named = [(visit, named_statements(view))].into();
    Ok(presence::replace_named_statements(conn, org, &[visit], &named)?)
}

/// The openings and inks of a statement are waited for where what counts of the document names it, not where only what
/// is held out does; of one that the document does not name yet, nothing changes.
fn weigh_statements(conn: &mut Conn, org: OrgId, view: &View) -> AppResult<()> {
    let (visit, source) = (view.visit, ClaimSource::Statement);
    let held = view.held.iter().filter(|held| held.map == Map::Statements.key());
    let held: BTreeSet<&str> = held.map(|held| held.record.key.as_str()).collect();
    let claimed = list_claims(conn, org, visit, source)?;
    if held.is_empty() && claimed.iter().all(|claim| claim.is_required) {
        return Ok(());
    }
    let (mut waited_for, mut held_out) = (BTreeSet::new(), BTreeSet::new());
    for row in list_statements(conn, org, visit)? {
        let digest = row.digest.0.to_string();
        if view.statements.iter().any(|entry| entry.key == digest) {
            waited_for.extend(statement::blobs_of(conn, &row)?);
        } else if held.contains(digest.as_str()) {
            held_out.extend(statement::blobs_of(conn, &row)?);
        }
    }
    let weigh = |Claim { sha256, is_required }: Claim| {
        let is_required = waited_for.contains(&sha256) || is_required && !held_out.contains(&sha256);
        Claim { sha256, is_required }
    };
    let claims = Claims::from([(visit, claimed.into_iter().map(weigh).collect())]);
    blobs::delete_claims(conn, org, &[visit], source)?;
    Ok(blobs::add_claims(conn, org, source, &claims)?)
}
