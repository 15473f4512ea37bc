//! A device of the checks: enrolment, key, requests with their seal.

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sync_core::bytes::{Actor, Blob, Hash};
use sync_core::doc::{Map, VisitDoc};
use sync_core::ids::{BatchId, DeviceId, EpochId, OrgId, UserId, VisitId};
use sync_core::intent::body::CreateVisit;
use sync_core::intent::{Intent, IntentBody};
use sync_core::jws::{self, Alg, Ed25519PublicKey, Header, P256PublicKey, SigningInput};
use sync_core::order::{WipeOrder, WipeReceipt};
use sync_core::protocol::codec::{self, Encoding};
use sync_core::protocol::seal::{BatchContent, prepare_batch_seal};
use sync_core::protocol::{PushDoc, Row, SyncRequest, SyncResponse};
use sync_core::receipt::{self, HeldReceipt, Receipt};
use sync_core::time::{Stamp, UnixMillis};
use uuid::Uuid;

use crate::Broken;
use crate::cli::ServerArgs;
use crate::wire::{Answer, Call, Wire};

/// Most bytes of an answer to a sync.
const MAX_ANSWER: usize = 64 << 20;

/// An enrolled device and what it knows of its organisation.
pub(crate) struct Device {
    pub(crate) wire: Wire,
    pub(crate) org: OrgId,
    pub(crate) user: UserId,
    pub(crate) id: DeviceId,
    pub(crate) epoch: EpochId,
    pub(crate) token: String,
    pub(crate) refresh: String,
    key: SigningKey,
    evidence_keys: Vec<Ed25519PublicKey>,
    norms: Option<Norms>,
    last_wall: Cell<i64>,
}

/// What new visits are pinned to.
#[derive(Debug, Clone)]
pub(crate) struct Norms {
    pub(crate) template: String,
    template_version: i64,
    policy_version: i64,
    /// A photo slot of the template.
    pub(crate) slot: String,
}

/// Random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Broken> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| format!("no random bytes: {error}"))?;
    Ok(bytes)
}

/// Milliseconds UTC.
#[expect(clippy::disallowed_methods, reason = "the checks play a device, and a device has a clock")]
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A new `UUIDv7`.
pub(crate) fn new_id() -> Result<Uuid, Broken> {
    let ms = u64::try_from(now_ms()).unwrap_or_default();
    Ok(uuid::Builder::from_unix_timestamp_millis(ms, &random()?).into_uuid())
}

/// A text field of an answer.
pub(crate) fn read<T: std::str::FromStr>(value: &Value, name: &str) -> Result<T, Broken> {
    let text = value.get(name).and_then(Value::as_str);
    text.and_then(|text| text.parse().ok()).ok_or_else(|| format!("field {name} is missing or has another form"))
}

impl Device {
    /// Enrols with a fresh key.
    pub(crate) fn enrol(args: &ServerArgs) -> Result<Self, Broken> {
        let wire = Wire::new(&args.server);
        let key = loop {
            // All but about 2^-32 of the draws are a key.
            if let Ok(key) = SigningKey::from_slice(&random::<32>()?) {
                break key;
            }
        };
        Self::enrol_with(args, wire, key)
    }

    /// Enrols once more with the same key and code, as a phone does whose answer was lost. The session it had ends.
    pub(crate) fn enrol_again(self, args: &ServerArgs) -> Result<Self, Broken> {
        Self::enrol_with(args, self.wire, self.key)
    }

    fn enrol_with(args: &ServerArgs, wire: Wire, key: SigningKey) -> Result<Self, Broken> {
        let answer = wire.send(&enrolment(args, &key)?)?;
        if !matches!(answer.status, 200 | 201) {
            return Err(format!("the enrolment was refused: {}", answer.summary()));
        }
        let body = answer.json();
        let session = body.get("session").cloned().unwrap_or_default();
        let keys = body.get("evidence_keys").cloned().unwrap_or_default();
        Ok(Self {
            wire,
            org: read(&session, "org_id")?,
            user: read(&session, "user_id")?,
            id: read(&session, "device_id")?,
            epoch: read(&body, "epoch")?,
            token: read(&session, "access_token")?,
            refresh: read(&session, "refresh_token")?,
            key,
            evidence_keys: serde_json::from_value(keys).map_err(|error| format!("evidence_keys: {error}"))?,
            norms: None,
            last_wall: Cell::new(0),
        })
    }

    /// One more device of the same rep, which makes visits as this one does.
    pub(crate) fn another(&self, args: &ServerArgs) -> Result<Self, Broken> {
        let args = ServerArgs { code: self.enrolment_code()?, ..args.clone() };
        Ok(Self { norms: self.norms.clone(), ..Self::enrol(&args)? })
    }

    /// A one-time code for one more device of the same rep.
    pub(crate) fn enrolment_code(&self) -> Result<String, Broken> {
        let path = format!("/v1/users/{}/enrolment-codes", self.user);
        let answer = self.wire.send(&Call::new("POST", path).bearer(&self.token))?;
        let code = answer.json().get("code").and_then(Value::as_str).map(str::to_owned);
        code.ok_or_else(|| format!("no code for a second device: {}", answer.summary()))
    }

    /// Keys of the organisation's receipts.
    pub(crate) fn evidence_keys(&self) -> &[Ed25519PublicKey] {
        &self.evidence_keys
    }

    /// A stamp of now.
    pub(crate) fn stamp(&self) -> Stamp {
        // Two records of one millisecond would leave their order open.
        let wall = now_ms().max(self.last_wall.get().saturating_add(1));
        self.last_wall.set(wall);
        stamp_at(wall)
    }

    /// A request with nothing in it.
    pub(crate) fn empty(&self, cursor: Option<String>) -> Result<SyncRequest, Broken> {
        Ok(SyncRequest {
            protocol: 1,
            device_id: self.id,
            batch_id: BatchId(new_id()?),
            cursor,
            max_bytes: 1 << 20,
            docs: Vec::new(),
            intents: Vec::new(),
            statements: Vec::new(),
            blobs: Vec::new(),
            arrived: Vec::new(),
            receipts: Vec::new(),
            device_state: None,
            seal: None,
        })
    }

    /// A sealed request with documents and intents.
    pub(crate) fn pushing(&self, docs: Vec<PushDoc>, intents: Vec<Vec<u8>>) -> Result<SyncRequest, Broken> {
        let intents = intents.into_iter().map(Blob).collect();
        self.sealed(SyncRequest { docs, intents, ..self.empty(None)? })
    }

    /// Puts the device's seal on a request.
    pub(crate) fn sealed(&self, mut request: SyncRequest) -> Result<SyncRequest, Broken> {
        let content = BatchContent::of_request(self.org, &request);
        let input = prepare_batch_seal(&content, &self.kid()?).map_err(|error| error.to_string())?;
        request.seal = Some(self.finish(&input));
        Ok(request)
    }

    /// Answers a fresh nonce of the server, as a proof of the device's key.
    pub(crate) fn assertion(&self, purpose: &str) -> Result<String, Broken> {
        let answer = self.wire.send(&Call::new("POST", "/v1/auth/nonces").json(&json!({"org_id": self.org})))?;
        let nonce: String = read(&answer.json(), "nonce")?;
        let payload = json!({"nonce": nonce, "device": self.id, "purpose": purpose}).to_string();
        let header = Header { alg: Alg::Es256, kid: self.kid()?, typ: jws::typ::ASSERTION.to_owned() };
        Ok(self.finish(&jws::prepare(&header, payload.as_bytes())))
    }

    /// The device's signed word that it wiped itself.
    pub(crate) fn wiped(&self, order: &WipeOrder) -> Result<String, Broken> {
        let receipt = WipeReceipt::new(order, 0, UnixMillis(now_ms()));
        let input = receipt.prepare(&self.kid()?).map_err(|error| error.to_string())?;
        Ok(self.finish(&input))
    }

    /// The name of the device's key.
    fn kid(&self) -> Result<String, Broken> {
        let point = self.key.verifying_key().to_sec1_bytes();
        let public = P256PublicKey::from_sec1(&point).map_err(|error| error.to_string())?;
        Ok(public.thumbprint())
    }

    fn finish(&self, input: &SigningInput) -> String {
        let signature: Signature = self.key.sign(input.as_bytes());
        jws::finish(input, &signature.to_bytes().into())
    }

    /// The call of a request.
    pub(crate) fn call(&self, request: &SyncRequest, encoding: Encoding) -> Result<Call, Broken> {
        let body = codec::encode(request, encoding).map_err(|error| error.to_string())?;
        let call = Call::new("POST", "/v1/sync").bearer(&self.token).header("accept", encoding.media_type());
        Ok(call.body(encoding.media_type(), body))
    }

    /// Sends a request that must be answered with 200.
    pub(crate) fn sync(&self, request: &SyncRequest) -> Result<SyncResponse, Broken> {
        self.read(&self.wire.send(&self.call(request, Encoding::Cbor)?)?, Encoding::Cbor)
    }

    /// Reads the answer to a sync.
    pub(crate) fn read(&self, answer: &Answer, encoding: Encoding) -> Result<SyncResponse, Broken> {
        if answer.status != 200 {
            return Err(format!("the sync was refused: {}", answer.summary()));
        }
        codec::decode_response(&answer.plain_body()?, encoding, MAX_ANSWER)
            .map_err(|error| format!("the answer cannot be read: {error}"))
    }

    /// The held receipts of an answer, verified.
    pub(crate) fn receipts(&self, response: &SyncResponse) -> Result<Vec<HeldReceipt>, Broken> {
        let mut held = Vec::new();
        for jws in &response.receipts {
            match receipt::verify(jws, &self.evidence_keys, self.org, self.id) {
                Ok(Receipt::Held(verified)) => held.push(verified.receipt().clone()),
                Ok(Receipt::Complete(_)) => {}
                Err(error) => return Err(format!("a receipt does not verify: {error}")),
            }
        }
        Ok(held)
    }

    /// Syncs until the server has no more news; gives the last cursor and all answers.
    pub(crate) fn pull(&self, cursor: Option<String>) -> Result<(String, Vec<SyncResponse>), Broken> {
        const MOST: u64 = 1 << 20;
        self.pull_by(cursor, MOST)
    }

    /// The same with answers of at most so many bytes, as far as the server goes along.
    pub(crate) fn pull_by(
        &self,
        mut cursor: Option<String>,
        max_bytes: u64,
    ) -> Result<(String, Vec<SyncResponse>), Broken> {
        const MAX_ROUNDS: usize = 1000;
        let mut answers = Vec::new();
        for _ in 0..MAX_ROUNDS {
            let answer = self.sync(&SyncRequest { max_bytes, ..self.empty(cursor)? })?;
            let (more, next) = (answer.more, answer.cursor.clone());
            answers.push(answer);
            if !more {
                return Ok((next, answers));
            }
            cursor = Some(next);
        }
        Err(format!("{MAX_ROUNDS} rounds and still `more`"))
    }

    /// Learns from the first rows what new visits are made by.
    pub(crate) fn learn_norms(&mut self, answers: &[SyncResponse]) -> Result<(), Broken> {
        let bodies = |kind: &str| -> Vec<Value> {
            let rows = answers.iter().filter_map(|answer| answer.rows.get(kind)).flatten();
            rows.filter_map(|row| if let Row::Put { body, .. } = row { Some(body.clone()) } else { None }).collect()
        };
        let version = |body: &Value| body.get("version").and_then(Value::as_i64);
        let slot = |body: &Value| body.pointer("/photos/0/code").and_then(Value::as_str).map(str::to_owned);
        let templates = bodies("template").into_iter().filter(|body| slot(body).is_some());
        let template = templates.max_by_key(version);
        let template = template.ok_or("the first sync brings no template with a photo, so no visit can be made")?;
        let policy = bodies("policy").iter().filter_map(version).max();
        self.norms = Some(Norms {
            template: read(&template, "code")?,
            template_version: version(&template).ok_or("a template without version")?,
            policy_version: policy.ok_or("the first sync brings no policy, so no visit can be made")?,
            slot: slot(&template).unwrap_or_default(),
        });
        Ok(())
    }

    /// What new visits are pinned to.
    pub(crate) fn norms(&self) -> Result<&Norms, Broken> {
        self.norms.as_ref().ok_or_else(|| "no template is known".to_owned())
    }

    /// A visit that the rep makes at the door: the intent's bytes and the visit's id.
    pub(crate) fn new_visit(&self) -> Result<(VisitId, Vec<u8>), Broken> {
        let Norms { template, template_version, policy_version, .. } = self.norms()?.clone();
        let visit_id = VisitId(new_id()?);
        let body = IntentBody::CreateVisit(CreateVisit {
            visit_id,
            template,
            template_version,
            policy_version,
            work_order_id: None,
            customer_id: None,
            site_id: None,
            reason: "conformance check".to_owned(),
        });
        let id = sync_core::ids::IntentId(new_id()?);
        let intent = Intent { id, at: self.stamp(), by: self.user, base_version: None, body };
        Ok((visit_id, intent.to_bytes().map_err(|error| error.to_string())?))
    }

    /// Writes a reading into a document.
    pub(crate) fn measure(&self, pad: &mut Pad, value: &str) -> Result<(), Broken> {
        self.put(pad, value, &self.stamp(), &self.user.to_string())
    }

    /// Writes a reading with any stamp, in anybody's name.
    pub(crate) fn put(&self, pad: &mut Pad, value: &str, at: &Stamp, by: &str) -> Result<(), Broken> {
        let record = json!({"code": "conformance", "value": value, "unit": "count", "source": "typed",
            "at": at, "by": by});
        pad.write(Map::Measures, &new_id()?.to_string(), &record)
    }
}

/// A stamp that a clock showing this would make.
pub(crate) fn stamp_at(wall_ms: i64) -> Stamp {
    Stamp { wall_ms, mono_ms: wall_ms.max(0), boot_id: "C0NF0RM1".to_owned(), off_ms: Some(0), err_ms: Some(50) }
}

fn enrolment(args: &ServerArgs, key: &SigningKey) -> Result<Call, Broken> {
    let point = key.verifying_key().to_sec1_bytes();
    let public = P256PublicKey::from_sec1(&point).map_err(|error| error.to_string())?;
    let body = json!({"organisation": args.organisation, "login": args.login, "code": args.code,
        "name": "conformance", "public_key": public});
    Ok(Call::new("POST", "/v1/devices/enrol").json(&body))
}

/// A document as a phone holds it, with its actor.
pub(crate) struct Pad {
    pub(crate) doc: VisitDoc,
    actor: Actor,
    visit: VisitId,
}

impl Pad {
    pub(crate) fn new(visit: VisitId) -> Result<Self, Broken> {
        let doc = VisitDoc::create(visit).map_err(|error| error.to_string())?;
        let actor = Actor::try_from(random::<16>()?.as_slice()).map_err(|error| error.to_string())?;
        Ok(Self { doc, actor, visit })
    }

    /// Writes one record.
    pub(crate) fn write(&mut self, map: Map, key: &str, record: &Value) -> Result<(), Broken> {
        let written = self.doc.edit(self.actor, |edit| edit.put(map, key, record));
        written.map(|_change| ()).map_err(|error| error.to_string())
    }

    /// The whole document as its first push.
    pub(crate) fn whole(&self) -> PushDoc {
        self.push(Vec::new(), vec![self.doc.save()])
    }

    /// The changes since these heads.
    pub(crate) fn since(&self, heads: &[Hash]) -> Result<PushDoc, Broken> {
        let chunks = self.doc.changes_since(heads).map_err(|error| error.to_string())?;
        Ok(self.push(heads.to_vec(), chunks))
    }

    fn push(&self, base_heads: Vec<Hash>, chunks: Vec<Vec<u8>>) -> PushDoc {
        let chunks = chunks.into_iter().map(Blob).collect();
        PushDoc { base_heads, heads: self.doc.heads(), chunks, ..PushDoc::asking(self.visit) }
    }
}
