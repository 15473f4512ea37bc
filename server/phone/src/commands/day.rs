//! The rep's day: check-in and kit in the morning, what is open in the evening.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sync_core::calendar::parse_day;
use sync_core::day::closing::{Open, RepDay, VisitOfDay, is_over, open};
use sync_core::day::installed::{serials, used};
use sync_core::day::materials::{ORDERED_MATERIALS, sums};
use sync_core::day::{MeetingPlaces, Placed, check_in as rules, placed};
use sync_core::intent::IntentKind;
use sync_core::intent::body::DayCheckIn;
use sync_core::plan::PolicyRow;
use sync_core::policy::keys;
use sync_core::protocol::row::kind as row_kind;
use sync_core::quarantine::QuarantineNote;

use super::intent::{self, policy_at};
use super::status::Outstanding;
use super::{Phone, merge_members};
use crate::cli::{CheckInArgs, IntentArgs};
use crate::error::{PhoneResult, usage};
use crate::output::Output;
use crate::store::Tx;
use crate::visit::context::{local_time, time_zone};
use crate::visit::{VisitContext, resolve};

/// `check-in`: begins the working day, and says at once what the office will make of the position.
// Rules: INS-53, INS-54
pub(crate) fn check_in(phone: &Phone, args: &CheckInArgs) -> PhoneResult<Output> {
    let mut body = json!({});
    if let Some(place) = &args.place {
        merge_members(&mut body, json!({"place": place}));
    }
    let geo = args.geo.to_json()?;
    if !geo.is_null() {
        merge_members(&mut body, json!({"geo": geo}));
    }
    let mut output = intent::intent(phone, &asking(IntentKind::DayCheckIn, &body, args.photo.clone()))?;
    let said = output.json.get("body").cloned().unwrap_or_default();
    let (json, text) = phone.store.write(|tx| judged(phone, tx, &serde_json::from_value(said)?))?;
    merge_members(&mut output.json, json);
    output.text.push_str(&text);
    if args.have.is_empty() && args.lack.is_empty() {
        return Ok(output);
    }
    let there = |items: &[String], is_there: bool| items.iter().cloned().map(move |item| (item, is_there)).collect();
    let mut items: BTreeMap<String, bool> = there(&args.have, true);
    items.extend::<BTreeMap<String, bool>>(there(&args.lack, false));
    let mut body = json!({"items": items});
    if let Some(note) = &args.note {
        merge_members(&mut body, json!({"note": note}));
    }
    let kit = intent::intent(phone, &asking(IntentKind::DayKit, &body, None))?;
    merge_members(&mut output.json, json!({"kit": kit.json}));
    output.text.push_str(&format!("\n{}", kit.text));
    Ok(output)
}

/// The options of `intent` for a body.
fn asking(kind: IntentKind, body: &Value, photo: Option<std::path::PathBuf>) -> IntentArgs {
    let (kind, body) = (kind.code().to_owned(), Some(body.to_string()));
    IntentArgs { kind, body, field: Vec::new(), base_version: None, photo }
}

/// What the phone knows of where a check-in was made: members of the answer, and lines.
fn judged(phone: &Phone, tx: &Tx, said: &DayCheckIn) -> PhoneResult<(Value, String)> {
    let stamp = phone.clock.stamp(tx)?;
    let at = stamp.corrected();
    let team = tx.enrolment()?.team;
    let row =
        team.map(|team| tx.row::<MeetingPlaces>(row_kind::REFERENCE, &MeetingPlaces::item_of(team))).transpose()?;
    let places = row.flatten().map(|row| row.places).unwrap_or_default();
    let policy = policy_at(tx, at)?.unwrap_or_else(PolicyRow::default);
    let Placed { verdict, doubt, place, distance_m } = placed(said, &places, policy.get(keys::DUTY_FENCE));
    let today = local_time(&time_zone(tx)?, at, "%Y-%m-%d");
    let clock = rules::clock(&stamp, None, &[], &policy);
    let found = rules::findings(said, &places, &today, clock.as_ref());
    let json = json!({
        "position": {"verdict": verdict, "doubt": doubt, "place": place, "distance_m": distance_m},
        "findings": found,
    });
    let why = doubt.map(|doubt| format!(" ({})", doubt.label_zh())).unwrap_or_default();
    let mut text = format!("\n  {} / {}{why}", verdict.label_zh(), verdict.label_en());
    for finding in found {
        text.push_str(&format!("\n  note: {} / {}", finding.label_zh(), finding.label_en()));
    }
    Ok((json, text))
}

/// `day`: what keeps the working day open by what the phone knows, and what was used. Needs no network.
///
/// # Errors
/// `usage` for a day in another spelling, of which nothing would be found.
pub(crate) fn closing(phone: &Phone, date: Option<&str>) -> PhoneResult<Output> {
    if date.is_some_and(|date| parse_day(date).is_err()) {
        return usage("--date: a day such as 2025-03-04 / 日期格式如 2025-03-04");
    }
    phone.store.write(|tx| {
        tx.enrolment()?;
        let at = phone.clock.stamp(tx)?;
        let zone = time_zone(tx)?;
        let today = local_time(&zone, at.corrected(), "%Y-%m-%d");
        let date = date.unwrap_or(&today);
        let mut contexts = Vec::new();
        for (visit, _) in resolve::visits(tx)? {
            // What cannot be read yet is no work of this phone.
            let Ok(context) = VisitContext::load(tx, visit, &at) else { continue };
            let start = context.facts().appointment_start();
            let is_of_day = start.is_some_and(|start| local_time(&zone, start, "%Y-%m-%d") == date);
            let goes_on = date == today && !context.view.pins.is_empty() && !is_over(context.derived().state);
            if is_of_day || goes_on {
                contexts.push(context);
            }
        }
        let notes = tx.rows_as::<QuarantineNote>(row_kind::QUARANTINE)?;
        let refused = |visit| count(notes.iter().filter(|note| note.state == "open" && note.visit_id == visit).count());
        let day = RepDay {
            visits: contexts.iter().map(|context| of_day(context, refused(Some(context.view.visit)))).collect(),
            unsent: count(Outstanding::of(tx)?.total()),
            missing_blobs: 0,
            quarantined: refused(None),
        };
        Ok(told(date, &contexts, &open(&day)))
    })
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A visit as the phone knows it; what has not left it counts as unsent.
fn of_day(context: &VisitContext, quarantined: i64) -> VisitOfDay {
    let order = context.plan.work_order.as_ref();
    let listed = order.and_then(|order| order.fields.get(ORDERED_MATERIALS));
    VisitOfDay {
        id: context.view.visit,
        state: context.derived().state,
        outcome: context.view.outcome().map(|outcome| outcome.code.clone()),
        missing_blobs: 0,
        quarantined,
        lists_materials: listed.is_some_and(|listed| !listed.trim().is_empty()),
        materials: used(&context.view).len(),
    }
}

fn told(date: &str, contexts: &[VisitContext], open: &[Open]) -> Output {
    let name = |context: &VisitContext| {
        let visit = context.view.visit;
        context.plan.visit.number.clone().unwrap_or_else(|| visit.short_code())
    };
    let sums = sums(contexts.iter().flat_map(|context| used(&context.view)));
    let materials: Vec<Value> = sums
        .iter()
        .map(|((sku, unit), sum)| json!({"sku": sku, "unit": unit, "quantity": sum.map(|sum| sum.to_string())}))
        .collect();
    let serials: Vec<Value> = contexts
        .iter()
        .flat_map(|context| {
            serials(&context.view).into_iter().map(|serial| json!({"visit": context.view.visit, "serial": serial}))
        })
        .collect();
    let visits: Vec<Value> = contexts
        .iter()
        .map(|context| json!({"visit": context.view.visit, "number": context.plan.visit.number, "state": context.derived().state}))
        .collect();
    let mut text = vec![if open.is_empty() {
        format!("{date}: 当日已结清 / the day is closed, {} visits", contexts.len())
    } else {
        format!("{date}: 当日未结清 / the day is open, {} visits", contexts.len())
    }];
    for one in open {
        let about = contexts.iter().find(|context| Some(context.view.visit) == one.visit);
        let about = about.map(|context| format!("{}  ", name(context))).unwrap_or_default();
        text.push(format!("  {about}{} / {} ({})", one.reason.label_zh(), one.reason.label_en(), one.count));
    }
    for ((sku, unit), sum) in &sums {
        let sum = sum.map_or_else(|| "?".to_owned(), |sum| sum.to_string());
        text.push(format!("  用料 / used {sku}: {sum} {unit}"));
    }
    let json = json!({
        "date": date, "is_closed": open.is_empty(), "open": open, "visits": visits,
        "materials": materials, "serials": serials,
    });
    Output::done(json, text.join("\n"))
}
