//! `enrol`: binds this store's new key to a rep by one-time code.

use serde_json::{Value, json};
use sync_core::bundle::BundlePublicKey;
use sync_core::bytes::Blob;
use sync_core::ids::{DeviceId, EpochId, OrgId, UserId};

use super::Phone;
use crate::cli::EnrolArgs;
use crate::client::Transport;
use crate::error::{PhoneError, PhoneResult, usage};
use crate::keys::DeviceKey;
use crate::output::Output;
use crate::store::Tx;
use crate::store::model::{Enrolment, FeedState, Session};
use crate::store::tx::META;
use crate::sync;

/// What a store says that the server knows.
const IS_KNOWN: &str =
    "this phone is enrolled, and the server knows it: only `sync` is needed; a second enrolment has a store of its own";
/// What a store says to another rep.
const OF_ANOTHER_REP: &str = "this store is another rep's; a second enrolment has a store of its own";

/// Where the key is kept until the enrolment holds it.
const DRAWN_KEY: &str = "drawn_key";

/// When the phone last asked whose it is.
const ASKED_WHO: &str = "asked_who_at_ms";
/// The answer is good for this long: a key that was lost to somebody must not be used for ever.
const GOOD_FOR_MS: i64 = 24 * 60 * 60 * 1000;

/// `enrol`: the key is drawn and kept, the code spent, and the rest stored in one transaction after the answer.
///
/// After a kill or without an answer the same command again finishes what the server began: it sends the same key.
///
/// An enrolled store goes on with its key as another device of the same rep where the server does not know it any more,
/// as after a restore from an older backup: everything in it is offered again.
pub(crate) fn enrol(phone: &Phone, args: &EnrolArgs, transport: &mut dyn Transport) -> PhoneResult<Output> {
    let _turn = phone.store.sync_turn()?;
    let former: Option<Enrolment> = phone.store.read(|tx| tx.meta("enrolment"))?;
    let is_others = |login: &String| *login != args.login;
    if former.as_ref().is_some_and(|former| former.login.as_ref().is_some_and(is_others)) {
        return usage(OF_ANOTHER_REP);
    }
    let user = former.as_ref().map(|former| former.user);
    let (secret, answer) = match (spend_code(phone, args, user, transport), &former) {
        (Err(PhoneError::Refused { code, .. }), _) if code == "enrolment_foreign" => return usage(OF_ANOTHER_REP),
        (Err(PhoneError::Refused { status: 409, .. }), Some(_)) => return usage(IS_KNOWN),
        // The key belongs to a device whose code has ended meanwhile. The new code survived the refusal.
        (Err(PhoneError::Refused { status: 409, .. }), None) => {
            phone.store.write(|tx| tx.remove(META, DRAWN_KEY))?;
            spend_code(phone, args, user, transport)?
        }
        (other, _) => other?,
    };
    let (enrolment, epoch) = read_enrolment(args, secret, &answer)?;
    if former.as_ref().is_some_and(|former| (former.org, former.user) != (enrolment.org, enrolment.user)) {
        return usage(OF_ANOTHER_REP);
    }
    let session = read_session(answer.get("session").unwrap_or(&Value::Null), phone.clock.now()?.0);
    let token = session.access_token.clone();
    phone.store.write(|tx| {
        if former.is_some() {
            // Its work goes in the name of the new device, and nothing more is written as the old one.
            tx.retire_actors()?;
            tx.clear_in_flight()?;
            sync::offer_everything(&phone.store, tx)?;
        }
        tx.set_meta("enrolment", &enrolment)?;
        tx.remove(META, DRAWN_KEY)?;
        tx.set_meta("session", &session)?;
        tx.set_feed(&FeedState { epoch: Some(epoch), ..FeedState::default() })
    })?;
    // Names are for forms and screens; the next sync asks again if this answer is lost.
    let named = learn_names(phone, transport, &token)?;
    let json = json!({"device": named.device, "user": named.user, "org": named.org, "server": named.server,
        "user_name": named.user_name, "organisation": named.org_name});
    let name = named.user_name.clone().unwrap_or_else(|| named.user.to_string());
    Ok(Output::done(json, format!("enrolled for {name}; run `sync` to fetch the visits")))
}

/// Sends the code with the key of this store and whose work it holds, so that a code of somebody else is not spent;
/// gives the key's secret bytes and the answer.
fn spend_code(
    phone: &Phone,
    args: &EnrolArgs,
    former: Option<UserId>,
    transport: &mut dyn Transport,
) -> PhoneResult<(Blob, Value)> {
    let secret = phone.store.write(own_key)?;
    let key = DeviceKey::from_secret(&secret.0)?;
    let mut body = json!({
        "organisation": args.organisation, "login": args.login, "code": args.code, "name": args.name,
        "public_key": key.public(),
    });
    if let (Some(former), Some(fields)) = (former, body.as_object_mut()) {
        fields.insert("former_user_id".to_owned(), json!(former));
    }
    Ok((secret, transport.post("/v1/devices/enrol", None, &body)?))
}

/// Reads what the server answered; names are learned later.
fn read_enrolment(args: &EnrolArgs, key: Blob, answer: &Value) -> PhoneResult<(Enrolment, EpochId)> {
    let text = |at: &str| answer.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    let odd = |_error| PhoneError::Core("the server's answer to the enrolment cannot be read".to_owned());
    let enrolment = Enrolment {
        server: args.server.trim_end_matches('/').to_owned(),
        org: text("/session/org_id").parse::<OrgId>().map_err(odd)?,
        user: text("/session/user_id").parse::<UserId>().map_err(odd)?,
        device: text("/session/device_id").parse::<DeviceId>().map_err(odd)?,
        key,
        evidence_keys: answer.get("evidence_keys").and_then(Value::as_array).cloned().unwrap_or_default(),
        bundle_key: bundle_key(answer),
        login: Some(args.login.clone()),
        org_name: None,
        user_name: None,
        team: None,
        user_phone: None,
    };
    Ok((enrolment, text("/epoch").parse::<EpochId>().map_err(odd)?))
}

/// The key this store enrols with, drawn once: the server knows it from the first try on.
fn own_key(tx: &Tx) -> PhoneResult<Blob> {
    if let Some(former) = tx.meta::<Enrolment>("enrolment")? {
        return Ok(former.key);
    }
    if let Some(secret) = tx.meta(DRAWN_KEY)? {
        return Ok(secret);
    }
    let (_, secret) = DeviceKey::generate()?;
    tx.set_meta(DRAWN_KEY, &secret)?;
    Ok(secret)
}

/// Reads a session as the server gives it.
pub(crate) fn read_session(session: &Value, now_ms: i64) -> Session {
    let text = |name: &str| session.get(name).and_then(Value::as_str).map(str::to_owned);
    let life = session.get("expires_in_s").and_then(Value::as_i64).unwrap_or(0);
    Session {
        access_token: text("access_token").unwrap_or_default(),
        expires_at_ms: now_ms.saturating_add(life.saturating_mul(1000)),
        refresh_token: text("refresh_token"),
        upload_only: false,
    }
}

/// The key of the office in an answer; none from a server that opens no bundles.
fn bundle_key(answer: &Value) -> Option<BundlePublicKey> {
    answer.get("bundle_key").and_then(|key| serde_json::from_value(key.clone()).ok())
}

/// Asks for the names of rep and organisation and the key of the office, once a day; no answer is no failure.
pub(crate) fn learn_names(phone: &Phone, transport: &mut dyn Transport, token: &str) -> PhoneResult<Enrolment> {
    let mut enrolment = phone.store.read(|tx| tx.enrolment())?;
    let (now, asked) = (phone.clock.now()?.0, phone.store.read(|tx| tx.meta::<i64>(ASKED_WHO))?);
    let is_fresh = asked.is_some_and(|asked| (0..GOOD_FOR_MS).contains(&(now - asked)));
    if enrolment.user_name.is_some() && is_fresh {
        return Ok(enrolment);
    }
    let Ok(me) = transport.fetch("/v1/me", Some(token)) else { return Ok(enrolment) };
    let text = |name: &str| me.pointer(name).and_then(Value::as_str).map(str::to_owned);
    enrolment.login = text("/user/login").or(enrolment.login);
    enrolment.user_name = text("/user/name").or(enrolment.user_name);
    enrolment.user_phone = text("/user/phone");
    enrolment.org_name = text("/organisation").or(enrolment.org_name);
    enrolment.team = text("/user/team_id").and_then(|team| team.parse().ok()).or(enrolment.team);
    enrolment.bundle_key = bundle_key(&me).or(enrolment.bundle_key);
    phone.store.write(|tx| {
        tx.set_meta(ASKED_WHO, &now)?;
        tx.set_meta("enrolment", &enrolment)
    })?;
    Ok(enrolment)
}
