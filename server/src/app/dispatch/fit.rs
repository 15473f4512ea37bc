//! What is known of people who could be sent, and the refusal of whoever may not.

use std::collections::BTreeMap;

use doorstep_store::absences::{AbsenceFilter, list_absences};
use doorstep_store::agenda::list_errands;
use doorstep_store::certificates::list_held;
use doorstep_store::visits::VisitRecord;
use doorstep_store::{Conn, presence, users};
use sync_core::dispatch::{CertificateKind, ValidDays, needed_certificates};
use sync_core::formulas::minutes_ms;
use sync_core::ids::{OrgId, TeamId, UserId};
use sync_core::plan::PolicyRow;
use sync_core::policy::keys;
use sync_core::time::UnixMillis;

use crate::app::rows::policy_row;
use crate::app::scope::load_zone;
use crate::app::visits::begins_at;
use crate::app::{AppError, AppResult, ErrorCode, FieldFault, Refusal};
use crate::domain::Zone;
use crate::domain::dispatch::{Away, Hindrance, Needs, Rep};

/// Refuses a crew of which somebody may not be sent to a visit: without a certificate, or absent.
///
/// # Errors
/// `rep_not_certified` and `rep_absent`; `field` names the place of somebody by his number.
pub(crate) fn require_fit(
    conn: &mut Conn,
    row: &VisitRecord,
    crew: &[UserId],
    now: UnixMillis,
    field: impl Fn(usize) -> String,
) -> AppResult<()> {
    if crew.is_empty() {
        return Ok(());
    }
    let org = row.org_id.0;
    // An absence that is noted meanwhile waits, or came before and is seen; so does another visit at the same time.
    presence::lock_people(conn, org, crew)?;
    let policy = policy_row(conn, org, row.policy_in_force())?.unwrap_or_default();
    let errand = list_errands(conn, org, &[row.id.0])?.pop();
    let needs = needs_of(&load_zone(conn, org)?, &policy, errand.map(|errand| errand.kind).as_deref(), row, now)?;
    let people: Vec<_> = crew.iter().map(|rep| (*rep, None)).collect();
    for (index, rep) in load_reps(conn, org, &people, now)?.iter().enumerate() {
        if let Some(hindrance) = needs.unmet_by(rep) {
            let name = users::find_user(conn, org, rep.id)?.map(|person| person.name).unwrap_or_default();
            return Err(refusal(&hindrance, &needs, (rep.id, &name), field(index)).into());
        }
    }
    Ok(())
}

/// What a visit asks of whoever is sent; `kind` is the type of its order.
pub(super) fn needs_of(
    zone: &Zone,
    policy: &PolicyRow,
    kind: Option<&str>,
    row: &VisitRecord,
    now: UnixMillis,
) -> AppResult<Needs> {
    let begins_at = begins_at(row.planned_start_ms, now);
    let day = zone.day(begins_at).map_err(|_out_of_range| {
        AppError::from(Refusal::new(ErrorCode::Invalid).field("planned_start", "an instant of the calendar"))
    })?;
    let ends_at = begins_at.plus_ms(minutes_ms(policy.get(keys::VISIT_MINUTES)));
    Ok(Needs { times: (begins_at, ends_at), day, certificates: needed_certificates(policy, kind) })
}

/// People with certificates and absences, in the order given; of absences only those that are not over.
pub(super) fn load_reps(
    conn: &mut Conn,
    org: OrgId,
    people: &[(UserId, Option<TeamId>)],
    now: UnixMillis,
) -> AppResult<Vec<Rep>> {
    let ids: Vec<UserId> = people.iter().map(|(id, _)| *id).collect();
    let mut certificates: BTreeMap<UserId, Vec<(CertificateKind, ValidDays)>> = BTreeMap::new();
    for held in list_held(conn, org, &ids)? {
        if let Some(kind) = CertificateKind::from_code(&held.kind) {
            let days = ValidDays { from: held.valid_from, to: held.valid_to };
            certificates.entry(held.user_id.0).or_default().push((kind, days));
        }
    }
    let filter = AbsenceFilter { people: Some(ids), beyond_ms: Some(now.0), ..AbsenceFilter::default() };
    let mut away: BTreeMap<UserId, Vec<Away>> = BTreeMap::new();
    for absence in list_absences(conn, org, &filter, "", i64::MAX)? {
        let until = absence.until_ms().map(UnixMillis);
        away.entry(absence.row.user_id.0).or_default().push(Away { from: UnixMillis(absence.row.from_ms), until });
    }
    let rep = |(id, team): &(UserId, Option<TeamId>)| Rep {
        id: *id,
        team: *team,
        certificates: certificates.get(id).cloned().unwrap_or_default(),
        away: away.get(id).cloned().unwrap_or_default(),
        slots: Vec::new(),
    };
    Ok(people.iter().map(rep).collect())
}

/// Says who lacks what on which day. Why somebody does not work is nobody's business here.
fn refusal(hindrance: &Hindrance, needs: &Needs, (rep, name): (UserId, &str), field: String) -> Refusal {
    let day = &needs.day;
    let (code, en, zh, expected, expected_zh, what) = match hindrance.certificate {
        Some(kind) => (
            ErrorCode::RepNotCertified,
            format!("{name} holds no {} that counts on {day}", kind.label_en()),
            format!("{name}在 {day} 没有有效的{}", kind.label_zh()),
            format!("somebody with a {} on {day}", kind.label_en()),
            format!("在 {day} 持有有效{}的人员", kind.label_zh()),
            Some(kind.code().to_owned()),
        ),
        None => (
            ErrorCode::RepAbsent,
            format!("{name} does not work then, on {day}"),
            format!("{name}在 {day} 该时段请假或离岗"),
            format!("somebody who works then, on {day}"),
            format!("在 {day} 该时段在岗的人员"),
            None,
        ),
    };
    let fault =
        FieldFault { limit: what, actual: Some(rep.to_string()), ..FieldFault::both(field, expected, expected_zh) };
    Refusal::new(code).detail(en, zh).fault(fault)
}
