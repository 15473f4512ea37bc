//! Certificates of people: noted and withdrawn, never changed.

use doorstep_store::certificates::{self as store, CertificateFilter, CertificateRow};
use doorstep_store::{Conn, Txt, presence};
use serde_json::json;
use sync_core::calendar::{parse_day, plus_days};
use sync_core::dispatch::{CertificateKind, CertificateStanding, ValidDays};
use sync_core::ids::{CertificateId, OrgId, UserId};
use sync_core::policy::keys;
use sync_core::time::UnixMillis;

use super::{listed_people, load_person};
use crate::app::customers::is_text;
use crate::app::norms::policy_in_force;
use crate::app::scope::load_zone;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit, reach};

/// A certificate to note.
#[derive(Debug, Clone)]
pub struct NewCertificate {
    /// What it is.
    pub kind: CertificateKind,
    /// The number on it.
    pub number: Option<String>,
    /// The first day, `YYYY-MM-DD`.
    pub valid_from: String,
    /// The last day.
    pub valid_to: String,
}

/// A certificate, and how it stands today.
#[derive(Debug, Clone)]
pub struct CertificateListing {
    /// The row.
    pub row: CertificateRow,
    /// How it stands.
    pub standing: CertificateStanding,
}

/// Which certificates.
#[derive(Debug, Clone, Default)]
pub struct WantedCertificates {
    /// Only of this person.
    pub user: Option<UserId>,
    /// Only of this kind.
    pub kind: Option<CertificateKind>,
}

/// Today, and the day up to which a certificate that ends is told of.
struct Horizon {
    today: String,
    told_to: String,
}

impl Horizon {
    fn load(conn: &mut Conn, org: OrgId, now: UnixMillis) -> AppResult<Self> {
        let policy = policy_in_force(conn, org, now)?;
        let today = load_zone(conn, org)?.day(now).map_err(|error| AppError::Internal(error.to_string()))?;
        let told_to = parse_day(&today).and_then(|day| plus_days(day, policy.get(keys::CERTIFICATE_NOTICE)));
        Ok(Self { told_to: told_to.map_or_else(|_end| today.clone(), |day| day.to_string()), today })
    }

    fn listing(&self, row: CertificateRow) -> CertificateListing {
        let days = ValidDays { from: row.valid_from.clone(), to: row.valid_to.clone() };
        let standing = match row.withdrawn_at_ms {
            Some(_) => CertificateStanding::Withdrawn,
            None => days.standing(&self.today, &self.told_to),
        };
        CertificateListing { row, standing }
    }
}

/// Lists certificates in id order, as far as the asker may see their holders.
///
/// # Errors
/// Database errors only.
pub async fn list_certificates(
    state: &AppState,
    ctx: Ctx,
    wanted: WantedCertificates,
    after: String,
    size: i64,
) -> AppResult<Vec<CertificateListing>> {
    let read = move |conn: &mut Conn| {
        let org = ctx.actor.org;
        let people = listed_people(conn, &ctx, wanted.user)?;
        let kind = wanted.kind.map(|kind| kind.code().to_owned());
        let rows = store::list_certificates(conn, org, &CertificateFilter { id: None, kind, people }, &after, size)?;
        let horizon = Horizon::load(conn, org, ctx.now)?;
        Ok::<_, AppError>(rows.into_iter().map(|row| horizon.listing(row)).collect())
    };
    state.store.read(read).await
}

/// Notes a certificate of a person; earlier ones stay as they are.
///
/// # Errors
/// `not_found` for a person out of reach, `invalid` naming the field.
pub async fn create_certificate(
    state: &AppState,
    ctx: Ctx,
    user: UserId,
    new: NewCertificate,
) -> AppResult<CertificateListing> {
    let faults = check(&new);
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let person = load_person(conn, &ctx, user)?;
            faults.clone().into_result()?;
            let row = CertificateRow {
                org_id: person.org_id,
                id: Txt(CertificateId(app.id())),
                user_id: person.id,
                kind: new.kind.code().to_owned(),
                number: new.number.clone(),
                valid_from: new.valid_from.clone(),
                valid_to: new.valid_to.clone(),
                noted_by: Txt(ctx.actor.user),
                noted_at_ms: ctx.now.0,
                withdrawn_by: None,
                withdrawn_at_ms: None,
                withdraw_reason: None,
            };
            store::insert_certificate(conn, &row)?;
            let detail = json!({ "user": user, "kind": row.kind, "from": row.valid_from, "to": row.valid_to });
            audit::record(conn, &app, &ctx, "certificate.noted", row.id, &detail)?;
            Ok(Horizon::load(conn, ctx.actor.org, ctx.now)?.listing(row))
        })
        .await
}

fn check(new: &NewCertificate) -> Refusal {
    let mut refusal = Refusal::new(ErrorCode::Invalid);
    let (from, to) = (parse_day(&new.valid_from), parse_day(&new.valid_to));
    for (name, day) in [("valid_from", &from), ("valid_to", &to)] {
        if day.is_err() {
            refusal = refusal.both(name, "a day as YYYY-MM-DD", "日期，格式 YYYY-MM-DD");
        }
    }
    if from.is_ok() && to.is_ok() && new.valid_to < new.valid_from {
        refusal = refusal.both("valid_to", "not before valid_from", "不早于 valid_from");
    }
    if new.number.as_ref().is_some_and(|number| !is_text(number, 64)) {
        refusal = refusal.both("number", "1 to 64 characters", "1 至 64 个字符");
    }
    refusal
}

/// Withdraws a certificate: from now on nobody is sent anywhere by it.
///
/// # Errors
/// `not_found`, `state_invalid` if it was withdrawn before, `invalid` without a reason.
pub async fn withdraw_certificate(
    state: &AppState,
    ctx: Ctx,
    id: CertificateId,
    reason: String,
) -> AppResult<CertificateListing> {
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let org = ctx.actor.org;
            let filter = CertificateFilter { id: Some(id), people: reach::of(conn, &ctx)?.people, kind: None };
            let row = store::list_certificates(conn, org, &filter, "", 1)?.pop().ok_or(ErrorCode::NotFound)?;
            if !is_text(&reason, 500) {
                return Err(Refusal::new(ErrorCode::Invalid)
                    .both("reason", "1 to 500 characters", "1 至 500 个字符")
                    .into());
            }
            if row.withdrawn_at_ms.is_some() {
                let refusal = Refusal::new(ErrorCode::StateInvalid);
                return Err(refusal.detail("The certificate was withdrawn before", "该证书已撤销").into());
            }
            presence::lock_people(conn, org, &[row.user_id.0])?;
            store::withdraw_certificate(conn, org, id, (ctx.actor.user, ctx.now.0), &reason)?;
            let detail = json!({ "user": row.user_id.0, "kind": row.kind });
            audit::record(conn, &app, &ctx, "certificate.withdrawn", id, &detail)?;
            let row = CertificateRow {
                withdrawn_by: Some(Txt(ctx.actor.user)),
                withdrawn_at_ms: Some(ctx.now.0),
                withdraw_reason: Some(reason.clone()),
                ..row
            };
            Ok(Horizon::load(conn, org, ctx.now)?.listing(row))
        })
        .await
}
