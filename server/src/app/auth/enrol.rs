//! Enrolling a device by one-time code.

use doorstep_store::devices::{self, DeviceRow, EnrolmentCodeRow};
use doorstep_store::{Conn, Txt, organisations, sessions, users};
use sync_core::ids::{DeviceId, OrgId, UserId};
use sync_core::jws::P256PublicKey;
use sync_core::time::UnixMillis;

use super::session::{Holder, NewFamily, Session, issue};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode};
use crate::auth::secret::{self, RefreshToken};
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
    /// Whose work the store of the phone holds already, if anybody's.
    pub former_user: Option<UserId>,
}

/// What a try came to; wrong tries are counted, so they commit as well.
enum Enrolment {
    Done(Holder, RefreshToken),
    Refused(ErrorCode),
}

/// Enrols a device: binds its key to the person and signs it in.
///
/// The code is spent, the device added and its session begun in one transaction. Whoever lost the answer asks again
/// with the same code and key, as long as the code would have lived, or with another code, as long as the phone never
/// spoke, and gets a new session of the same device.
///
/// # Errors
/// `enrolment_invalid`, `enrolment_expired`, `enrolment_locked`, `enrolment_foreign` if the phone holds another person's
/// work, which spends no code, or `conflict` if the key is known.
pub async fn enrol_device(state: &AppState, command: EnrolCommand) -> AppResult<Session> {
    let now = state.clock.now();
    let app = state.clone();
    let enrolment = state.store.write(move |conn| try_enrol(conn, &app, &command, now)).await?;
    match enrolment {
        Enrolment::Done(holder, refresh) => issue(state, holder, Some(&refresh), TokenKind::Full, now),
        Enrolment::Refused(code) => Err(code.into()),
    }
}

fn try_enrol(conn: &mut Conn, app: &AppState, command: &EnrolCommand, now: UnixMillis) -> AppResult<Enrolment> {
    let refused = Ok(Enrolment::Refused(ErrorCode::EnrolmentInvalid));
    let Some(org) = organisations::find_organisation_by_code(conn, &command.organisation)? else { return refused };
    let org = org.id.0;
    let user = users::find_user_by_login(conn, org, &command.login)?.filter(|user| !user.is_disabled);
    let Some(user) = user else { return refused };
    devices::lock_enrolment_code(conn, org, user.id.0)?;
    let hash = secret::enrolment_code_hash(&command.code);
    if let Some((device, code)) = find_enrolled(conn, command, org, user.id.0, &hash)? {
        return answer_again(conn, app, &device, &code, now);
    }
    let Some(code) = devices::find_enrolment_code(conn, org, user.id.0)? else { return refused };
    if code.tries_left <= 0 {
        return Ok(Enrolment::Refused(ErrorCode::EnrolmentLocked));
    }
    if hash != code.code_hash {
        devices::update_enrolment_code(conn, &code, code.tries_left - 1, None)?;
        return refused;
    }
    if now.0 >= code.expires_at_ms {
        return Ok(Enrolment::Refused(ErrorCode::EnrolmentExpired));
    }
    if command.former_user.is_some_and(|former| former != user.id.0) {
        return Ok(Enrolment::Refused(ErrorCode::EnrolmentForeign));
    }
    devices::update_enrolment_code(conn, &code, code.tries_left, Some(now.0))?;
    if let Some(device) = find_unheard(conn, command, &code)? {
        sessions::revoke_families_of_device(conn, org, device.id.0, now.0)?;
        return begin_session(conn, app, &device, now);
    }
    let device = new_device(command, &code, DeviceId(app.id()), now);
    devices::insert_device(conn, &device)?;
    begin_session(conn, app, &device, now)
}

/// The device that this code enrolled with this key, or found unheard, if it is still signed in, and the spent code.
fn find_enrolled(
    conn: &mut Conn,
    command: &EnrolCommand,
    org: OrgId,
    user: UserId,
    hash: &str,
) -> AppResult<Option<(DeviceRow, EnrolmentCodeRow)>> {
    let Some(code) = devices::find_enrolment_code_of_hash(conn, org, user, hash)? else { return Ok(None) };
    let device = devices::find_device_of_key(conn, org, &command.public_key.thumbprint())?;
    let is_enrolled_by_it = |device: &DeviceRow| {
        // One that an earlier code enrolled gets its answer by this one as long as its phone never spoke; a device that
        // came later is none of this code's.
        let is_of_code = code
            .used_at_ms
            .is_some_and(|used| device.enrolled_at_ms == used || (device.enrolled_at_ms < used && is_unheard(device)));
        is_of_code && device.user_id == code.user_id && device.state == "active"
    };
    Ok(device.filter(is_enrolled_by_it).map(|device| (device, code)))
}

/// The device of this key whose phone never spoke since: it lost the answer, and the code has ended meanwhile.
///
/// Its key stays good: a phone that was enrolled anew after a restore has sealed forms with it.
fn find_unheard(conn: &mut Conn, command: &EnrolCommand, code: &EnrolmentCodeRow) -> AppResult<Option<DeviceRow>> {
    let device = devices::find_device_of_key(conn, code.org_id.0, &command.public_key.thumbprint())?;
    let is_of_person = |device: &DeviceRow| device.user_id == code.user_id && device.state == "active";
    Ok(device.filter(is_unheard).filter(is_of_person))
}

/// Whether the phone of a device never spoke since it was enrolled.
fn is_unheard(device: &DeviceRow) -> bool {
    device.last_seen_at_ms == Some(device.enrolled_at_ms)
}

/// Gives the session again of which the phone never heard; the one that got lost ends.
fn answer_again(
    conn: &mut Conn,
    app: &AppState,
    device: &DeviceRow,
    code: &EnrolmentCodeRow,
    now: UnixMillis,
) -> AppResult<Enrolment> {
    if now.0 >= code.expires_at_ms {
        return Ok(Enrolment::Refused(ErrorCode::EnrolmentExpired));
    }
    sessions::revoke_families_of_device(conn, device.org_id.0, device.id.0, now.0)?;
    begin_session(conn, app, device, now)
}

fn begin_session(conn: &mut Conn, app: &AppState, device: &DeviceRow, now: UnixMillis) -> AppResult<Enrolment> {
    let holder = Holder { org: device.org_id.0, user: device.user_id.0, device: Some(device.id.0) };
    let family = NewFamily::draw(app, holder, now);
    family.insert(conn)?;
    Ok(Enrolment::Done(holder, family.refresh))
}

fn new_device(command: &EnrolCommand, code: &EnrolmentCodeRow, id: DeviceId, now: UnixMillis) -> DeviceRow {
    DeviceRow {
        org_id: code.org_id,
        id: Txt(id),
        user_id: code.user_id,
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
        order_id: None,
        unsent_visits: None,
        receipts_kept_at_ms: None,
    }
}
