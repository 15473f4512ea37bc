//! The sync loop: send what no receipt names, apply what is answered, upload blobs.
//!
//! Every step is durable before the next begins: the request is stored before it is sent, the answer is applied in
//! one transaction together with the cursor that covers it. A kill or a lost answer therefore only repeats a request,
//! byte for byte, and a repeated request has no second effect.

mod answer;
mod documents;
mod history;
mod receipts;
mod replay;
mod request;
mod session;
mod uploads;

#[cfg(test)]
mod tests;

use serde_json::{Value, json};
use sync_core::protocol::codec::{Encoding, decode_response};

use crate::client::Transport;
use crate::commands::status::Outstanding;
use crate::commands::{Phone, enrol};
use crate::error::PhoneResult;
use crate::output::Output;
use crate::store::Tx;

use answer::Answer;
use request::Prepared;
use session::Access;

/// Most bytes of a decoded answer.
const MAX_RESPONSE: usize = 64 * 1024 * 1024;

/// Exit code where something still waits for the server.
const WAITS: u8 = 3;

/// What one sync did.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub rounds: usize,
    pub docs_sent: usize,
    pub intents_sent: usize,
    pub statements_sent: usize,
    pub blobs_sent: usize,
    pub docs_received: usize,
    pub rows_received: usize,
    pub epoch_changed: bool,
    pub upload_only: bool,
    /// Things a person should know, as plain lines.
    pub problems: Vec<String>,
}

/// `sync`: rounds until nothing is left to send or fetch, then uploads.
pub(crate) fn run(phone: &Phone, transport: &mut dyn Transport) -> PhoneResult<Output> {
    let _turn = phone.store.sync_turn()?;
    let mut access = Access::open(phone, transport)?;
    let mut report = Report { upload_only: access.is_upload_only(), ..Report::default() };
    rounds(phone, transport, &mut access, &mut report)?;
    uploads::run(phone, transport, &mut access, &mut report)?;
    if !access.is_upload_only() {
        enrol::learn_names(phone, transport, access.token())?;
    }
    let outstanding = phone.store.write(|tx| {
        documents::drop_gone(tx)?;
        Outstanding::of(tx)
    })?;
    Ok(report.output(&outstanding))
}

fn rounds(phone: &Phone, transport: &mut dyn Transport, access: &mut Access, report: &mut Report) -> PhoneResult<()> {
    let mut must_ask = true;
    let mut before: Option<Value> = None;
    loop {
        let prepared = phone
            .store
            .write(|tx| request::next(phone, tx, must_ask, access.is_upload_only(), &mut report.problems))?;
        let Some(prepared) = prepared else { return Ok(()) };
        // A round that changed nothing would change nothing again.
        let now = phone.store.read(progress)?;
        if before.as_ref() == Some(&now) {
            return Ok(());
        }
        before = Some(now);
        must_ask = round(phone, transport, access, &prepared, report)?;
    }
}

/// One request and its answer; tells whether the server has more.
fn round(
    phone: &Phone,
    transport: &mut dyn Transport,
    access: &mut Access,
    prepared: &Prepared,
    report: &mut Report,
) -> PhoneResult<bool> {
    let sent_at = phone.clock.now()?;
    let bytes = access.with(phone, transport, |transport, token| transport.sync(token, &prepared.body))?;
    let received_at = phone.clock.now()?;
    let response = decode_response(&bytes, Encoding::Cbor, MAX_RESPONSE)?;
    let (receipts, refused) = receipts::verify(phone, transport, &response.receipts)?;
    report.problems.extend(refused);
    report.upload_only = access.is_upload_only();
    report.count(prepared, &response);
    let answer = Answer { request: &prepared.request, response: &response, receipts: &receipts, sent_at, received_at };
    phone.store.write(|tx| answer.apply(tx, access.is_upload_only(), report))?;
    Ok(response.more)
}

/// Everything a round can move; equal before and after a round means that repeating it is pointless.
fn progress(tx: &Tx) -> PhoneResult<Value> {
    let states = tx.doc_states()?;
    let waiting: Vec<_> = states
        .iter()
        .map(|(id, state)| json!([id, state.hold, state.wants_snapshot, state.next_change, state.is_at_server]))
        .collect();
    let feed = tx.feed()?;
    Ok(json!([Outstanding::of(tx)?.json(), waiting, feed.cursor, feed.epoch, tx.receipt_count()?,]))
}

impl Report {
    fn count(&mut self, prepared: &Prepared, response: &sync_core::protocol::SyncResponse) {
        self.rounds += 1;
        self.docs_sent += prepared.request.docs.iter().filter(|doc| !doc.chunks.is_empty()).count();
        self.intents_sent += prepared.request.intents.len();
        self.statements_sent += prepared.request.statements.len();
        self.docs_received += response.docs.len();
        self.rows_received += response.rows.values().map(Vec::len).sum::<usize>();
    }

    fn output(self, outstanding: &Outstanding) -> Output {
        let json = json!({
            "rounds": self.rounds,
            "sent": {"docs": self.docs_sent, "intents": self.intents_sent, "statements": self.statements_sent,
                "blobs": self.blobs_sent},
            "received": {"docs": self.docs_received, "rows": self.rows_received},
            "epoch_changed": self.epoch_changed, "upload_only": self.upload_only,
            "outstanding": outstanding.json(), "problems": self.problems,
        });
        let mut text = vec![
            format!(
                "sent {} documents, {} intents, {} statements, {} blobs; received {} documents, {} rows",
                self.docs_sent,
                self.intents_sent,
                self.statements_sent,
                self.blobs_sent,
                self.docs_received,
                self.rows_received
            ),
            outstanding.text(),
        ];
        if self.upload_only {
            text.push("sign-in has ended: work was sent, nothing was fetched; ask for a new enrolment code".to_owned());
        }
        text.extend(self.problems);
        let code = if outstanding.total() == 0 { 0 } else { WAITS };
        Output::done(json, text.join("\n")).with_code(code)
    }
}
