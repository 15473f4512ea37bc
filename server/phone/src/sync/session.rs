//! Access to the server: tokens, their renewal by the device's key, the upload-only token of last resort.

use serde_json::{Value, json};

use crate::client::Transport;
use crate::commands::Phone;
use crate::commands::enrol::read_session;
use crate::error::{PhoneError, PhoneResult};
use crate::keys::DeviceKey;
use crate::store::model::Session;

/// A token is renewed this long before it ends.
const MARGIN_MS: i64 = 30_000;

/// The right to speak to the server.
#[derive(Debug)]
pub(super) struct Access {
    session: Session,
}

impl Access {
    /// Takes the stored session, renewed if it ends soon.
    pub(super) fn open(phone: &Phone, transport: &mut dyn Transport) -> PhoneResult<Self> {
        let session: Session = phone.store.read(|tx| tx.meta("session"))?.ok_or(PhoneError::NotEnrolled)?;
        let mut access = Self { session };
        // A token of last resort serves one sync: where there is still a way back to reading, it is tried each time.
        let may_return = access.session.upload_only && access.session.refresh_token.is_some();
        if may_return || access.session.expires_at_ms <= phone.clock.now()?.0.saturating_add(MARGIN_MS) {
            access.renew(phone, transport)?;
        }
        Ok(access)
    }

    pub(super) fn token(&self) -> &str {
        &self.session.access_token
    }

    pub(super) const fn is_upload_only(&self) -> bool {
        self.session.upload_only
    }

    /// Does one request; if the token is refused, once more with a new one.
    pub(super) fn with<T>(
        &mut self,
        phone: &Phone,
        transport: &mut dyn Transport,
        mut request: impl FnMut(&mut dyn Transport, &str) -> PhoneResult<T>,
    ) -> PhoneResult<T> {
        match request(transport, &self.session.access_token) {
            Err(PhoneError::Refused { status: 401, code, .. }) if code == "token_invalid" => {
                self.renew(phone, transport)?;
                request(transport, &self.session.access_token)
            }
            other => other,
        }
    }

    fn renew(&mut self, phone: &Phone, transport: &mut dyn Transport) -> PhoneResult<()> {
        let next = match &self.session.refresh_token {
            Some(refresh) => match refresh_twice(phone, transport, refresh) {
                Err(PhoneError::Refused { status: 401, code, .. }) => {
                    let kept = (!is_final(&code)).then(|| refresh.clone());
                    upload_session(phone, transport, kept)?
                }
                other => other?,
            },
            None => upload_session(phone, transport, None)?,
        };
        phone.store.write(|tx| tx.set_meta("session", &next))?;
        self.session = next;
        Ok(())
    }
}

/// Whether a refusal says that the sign-in is dead, and not only that this try failed.
fn is_final(code: &str) -> bool {
    matches!(code, "refresh_invalid" | "refresh_reused")
}

/// Refreshes; where only the assertion was refused, as after a stall in which the nonce grew old, once more with
/// another nonce.
fn refresh_twice(phone: &Phone, transport: &mut dyn Transport, refresh: &str) -> PhoneResult<Session> {
    match refresh_session(phone, transport, refresh) {
        Err(PhoneError::Refused { code, .. }) if code == "assertion_invalid" => {
            refresh_session(phone, transport, refresh)
        }
        other => other,
    }
}

fn refresh_session(phone: &Phone, transport: &mut dyn Transport, refresh: &str) -> PhoneResult<Session> {
    let (_, assertion) = assertion(phone, transport, "refresh")?;
    let body = json!({"refresh_token": refresh, "assertion": assertion});
    let answer = transport.post("/v1/auth/refresh", None, &body)?;
    Ok(read_session(&answer, phone.clock.now()?.0))
}

/// A token that only uploads: captured work is never stranded. A refresh token that is not dead is kept beside it.
fn upload_session(phone: &Phone, transport: &mut dyn Transport, refresh_token: Option<String>) -> PhoneResult<Session> {
    let (org, assertion) = assertion(phone, transport, "upload")?;
    let answer = transport.post("/v1/auth/upload-tokens", None, &json!({"org_id": org, "assertion": assertion}))?;
    let session = read_session(&answer, phone.clock.now()?.0);
    Ok(Session { upload_only: true, refresh_token, ..session })
}

/// Answers a fresh nonce of the server.
fn assertion(phone: &Phone, transport: &mut dyn Transport, purpose: &str) -> PhoneResult<(Value, String)> {
    let enrolment = phone.store.read(|tx| tx.enrolment())?;
    let org = json!(enrolment.org);
    let answer = transport.post("/v1/auth/nonces", None, &json!({"org_id": org}))?;
    let nonce = answer.get("nonce").and_then(Value::as_str).unwrap_or_default();
    let key = DeviceKey::from_secret(&enrolment.key.0)?;
    Ok((org, key.assertion(nonce, enrolment.device, purpose)?))
}
