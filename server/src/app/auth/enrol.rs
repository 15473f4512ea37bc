//! Enrolling a device by one-time code.

use doorstep_store::devices::{self, DeviceRow, EnrolmentCodeRow};
use doorstep_store::{Conn, Txt, organisations, users};
use sync_core::ids::{DeviceId, UserId};
use sync_core::jws::P256PublicKey;
use sync_core::time::UnixMillis;

use super::session::{Holder, NewFamily, Session, issue};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode};
use crate::auth::secret;
use crate::domain::{Scope, TokenKind};

/// Wrong tries a code survives (limits-and-threats section 5).
const CODE_TRIES: i64 = 5;

/// A code for enrolling one device.
#[derive(Debug, Clone)]
pub struct EnrolmentCode {
    /// The code, shown once.
    pub code: String,
    /// When it ends.
    pub expires_at: UnixMillis,
}

/// Gives a code for a new device of a person; earlier codes of that person end.
///
/// # Errors
/// `not_found` if the person is out of reach.
pub async fn create_enrolment_code(state: &AppState, ctx: Ctx, user: UserId) -> AppResult<EnrolmentCode> {
    let code = secret::enrolment_code(&*state.random);
    let expires_at = ctx.now.plus_ms(state.config.auth.enrolment_code_secs.saturating_mul(1000));
    let row = EnrolmentCodeRow {
        org_id: Txt(ctx.actor.org),
        user_id: Txt(user),
        code_hash: secret::enrolment_code_hash(&code),
        tries_left: CODE_TRIES,
        expires_at_ms: expires_at.0,
        used_at_ms: None,
        created_by: Txt(ctx.actor.user),
    };
    state
        .store
        .write(move |conn| {
            let found = users::find_user(conn, ctx.actor.org, user)?.ok_or(ErrorCode::NotFound)?;
            let reachable = match ctx.scope {
                Scope::Own => user == ctx.actor.user,
                Scope::Team => ctx.actor.team.is_some() && found.team_id.map(|Txt(team)| team) == ctx.actor.team,
                Scope::Organisation => true,
            };
            if !reachable {
                return Err(AppError::from(ErrorCode::NotFound));
            }
            Ok(devices::replace_enrolment_code(conn, &row)?)
        })
        .await?;
    Ok(EnrolmentCode { code, expires_at })
}

/// What a phone sends to enrol.
#[derive(Debug, Clone)]
pub struct EnrolCommand {
    /// Code of the organisation.
    pub organisation: String,
    /// Login of the rep.
    pub login: String,
    /// The one-time code.
    pub code: String,
    /// Name of the phone.
    pub name: String,
    /// Public key of the install.
    pub public_key: P256PublicKey,
}

/// What a try came to; wrong tries are counted, so they commit as well.
enum Enrolment {
    Done(Holder),
    Refused(ErrorCode),
}

/// Enrols a device: binds its key to the person and signs it in.
///
/// # Errors
/// `enrolment_invalid`, `enrolment_expired`, `enrolment_locked`, or `conflict` if the key is known.
pub async fn enrol_device(state: &AppState, command: EnrolCommand) -> AppResult<Session> {
    let now = state.clock.now();
    let device = DeviceId(state.id());
    let result = state.store.write(move |conn| try_enrol(conn, &command, device, now)).await?;
    let holder = match result {
        Enrolment::Done(holder) => holder,
        Enrolment::Refused(code) => return Err(code.into()),
    };
    let family = NewFamily::draw(state, holder, now);
    let refresh = family.refresh.clone();
    state.store.write(move |conn| family.insert(conn)).await?;
    issue(state, holder, Some(&refresh), TokenKind::Full, now)
}

fn try_enrol(conn: &mut Conn, command: &EnrolCommand, device: DeviceId, now: UnixMillis) -> AppResult<Enrolment> {
    let refused = Ok(Enrolment::Refused(ErrorCode::EnrolmentInvalid));
    let Some(org) = organisations::find_organisation_by_code(conn, &command.organisation)? else { return refused };
    let org = org.id.0;
    let user = users::find_user_by_login(conn, org, &command.login)?.filter(|user| !user.is_disabled);
    let Some(user) = user else { return refused };
    devices::lock_enrolment_code(conn, org, user.id.0)?;
    let Some(code) = devices::find_enrolment_code(conn, org, user.id.0)? else { return refused };
    if code.tries_left <= 0 {
        return Ok(Enrolment::Refused(ErrorCode::EnrolmentLocked));
    }
    if secret::enrolment_code_hash(&command.code) != code.code_hash {
        devices::update_enrolment_code(conn, &code, code.tries_left - 1, None)?;
        return refused;
    }
    if now.0 >= code.expires_at_ms {
        return Ok(Enrolment::Refused(ErrorCode::EnrolmentExpired));
    }
    devices::update_enrolment_code(conn, &code, code.tries_left, Some(now.0))?;
    devices::insert_device(
        conn,
        &DeviceRow {
            org_id: Txt(org),
            id: Txt(device),
            user_id: user.id,
            name: command.name.clone(),
            kid: command.public_key.thumbprint(),
            public_key: command.public_key.to_sec1(),
            state: "active".to_owned(),
            enrolled_at_ms: now.0,
            revoked_at_ms: None,
            last_seen_at_ms: Some(now.0),
            unsent: 0,
            oldest_unsent_at_ms: None,
            free_bytes: None,
            clock_skew_ms: None,
        },
    )?;
    Ok(Enrolment::Done(Holder { org, user: user.id.0, device: Some(device) }))
}
