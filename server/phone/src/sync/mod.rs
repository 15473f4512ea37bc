//! The sync loop: send what no receipt names, apply what is answered, upload blobs.
//!
//! Every step is durable before the next begins: the request is stored before it is sent, the answer is applied in
//! one transaction together with the cursor that covers it. A kill or a lost answer therefore only repeats a request,
//! byte for byte, and a repeated request has no second effect.

mod answer;
mod compare;
mod documents;
pub(crate) mod elsewhere;
pub(crate) mod export;
mod history;
mod old_rows;
mod order;
mod parts;
mod progress;
mod receipts;
mod replay;
mod request;
mod session;
mod set_aside;
mod size;
mod uploads;

#[cfg(test)]
mod actors_tests;
#[cfg(test)]
mod compare_tests;
#[cfg(test)]
mod ending_tests;
#[cfg(test)]
mod left_tests;
#[cfg(test)]
mod lost_tests;
#[cfg(test)]
mod old_rows_tests;
#[cfg(test)]
mod order_tests;
#[cfg(test)]
mod parts_tests;
#[cfg(test)]
mod refused_tests;
#[cfg(test)]
mod set_aside_tests;
#[cfg(test)]
mod size_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sync_core::ids::VisitId;
use sync_core::protocol::codec::{Encoding, decode_response};

use crate::client::Transport;
use crate::commands::status::Outstanding;
use crate::commands::{Phone, enrol};
use crate::error::{PhoneError, PhoneResult};
use crate::late;
use crate::output::Output;
use crate::store::Tx;
use crate::store::model::LateWork;

use answer::Answer;
pub(crate) use documents::offer_everything;
use progress::{Pace, Standing};
pub(crate) use receipts::evidence_keys;
use request::Prepared;
use session::Access;

/// Most bytes of a decoded answer.
const MAX_RESPONSE: usize = 64 * 1024 * 1024;

/// Most rounds of one sync; each moves megabytes, so what is left then is for the next sync.
const MAX_ROUNDS: usize = 1_000;

/// Exit code where something still waits for the server.
const WAITS: u8 = 3;

/// How a person wants this sync.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct How {
    /// Changes of others that the server lost go with those that build on them.
    pub relays: bool,
    /// Each byte costs: photos and other files wait for another network.
    pub is_metered: bool,
}

/// What one sync did.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub rounds: usize,
    pub docs_sent: usize,
    pub intents_sent: usize,
    pub statements_sent: usize,
    pub blobs_sent: usize,
    /// Photos and other files left for a network that is not metered.
    pub waiting_files: usize,
    pub docs_received: usize,
    pub rows_received: usize,
    pub epoch_changed: bool,
    pub upload_only: bool,
    /// Unsent changes, intents and statements that became safe or were set aside.
    pub settled: usize,
    /// Unsent items that the last request spoke of.
    pub reported: Option<u64>,
    /// How it was wanted.
    pub how: How,
    /// Whether the sync ended before the server had nothing more to say.
    pub is_cut_short: bool,
    /// Documents that were asked for as a whole, and came.
    pub whole: BTreeSet<VisitId>,
    /// Visits of which work arrived late.
    pub late: BTreeSet<VisitId>,
    /// Things a person should know, as plain lines.
    pub problems: Vec<String>,
}

/// `sync`: rounds until nothing is left to send or fetch, then uploads.
pub(crate) fn run(phone: &Phone, transport: &mut dyn Transport, how: How) -> PhoneResult<Output> {
    let _turn = phone.store.sync_turn()?;
    let mut access = Access::open(phone, transport)?;
    let mut report = Report { upload_only: access.is_upload_only(), how, ..Report::default() };
    let was_exported = phone.store.read(export::is_noted)?;
    phone.store.write(|tx| {
        size::forget(tx)?;
        parts::forget(tx)?;
        uploads::ask_after_lost(&phone.store, tx)
    })?;
    if let Err(error) = rounds(phone, transport, &mut access, &mut report, MAX_ROUNDS) {
        if size::spares_uploads(transport, &error) {
            uploads::run(phone, transport, &mut access, &mut report)?;
        }
        return Err(error);
    }
    if let Some(order) = order::ordered(phone, transport, &mut report)?.filter(|order| order.wipe_now)
        && let Some(wiped) = order::obey(phone, transport, &order)?
    {
        return Ok(wiped);
    }
    uploads::run(phone, transport, &mut access, &mut report)?;
    let unsent = phone.store.read(Outstanding::of)?.total();
    let is_lighter = report.blobs_sent > 0 || was_exported;
    if is_lighter && report.reported.is_some_and(|reported| usize::try_from(reported) != Ok(unsent)) {
        // The office counts what its phones have not sent, and tells of visits that are complete now.
        rounds(phone, transport, &mut access, &mut report, MAX_ROUNDS)?;
    }
    if !access.is_upload_only() {
        enrol::learn_names(phone, transport, access.token())?;
        elsewhere::learn(phone, transport, access.token())?;
    }
    if let Some(order) = order::ordered(phone, transport, &mut report)? {
        if let Some(wiped) = order::obey(phone, transport, &order)? {
            return Ok(wiped);
        }
        report.problems.push("the office ordered this phone to be wiped; it waits until everything is sent / 办公室已下令清除本机，待全部上传后执行".to_owned());
    }
    let (outstanding, late) = phone.store.write(|tx| {
        documents::drop_gone(tx)?;
        let late = tx.late_work()?.into_iter().filter(|(visit, _)| report.late.contains(visit)).collect();
        Ok((Outstanding::of(tx)?, late))
    })?;
    Ok(report.output(&outstanding, late))
}

fn rounds(
    phone: &Phone,
    transport: &mut dyn Transport,
    access: &mut Access,
    report: &mut Report,
    most: usize,
) -> PhoneResult<()> {
    let mut must_ask = true;
    let mut before = phone.store.read(|tx| Standing::of(tx, report.settled))?;
    let mut pace = Pace::default();
    for _ in 0..most {
        let prepared = phone
            .store
            .write(|tx| request::next(phone, tx, must_ask, access.is_upload_only(), &mut report.problems))?;
        let Some(prepared) = prepared else { return Ok(()) };
        must_ask = round(phone, transport, access, &prepared, report)?;
        let after = phone.store.read(|tx| Standing::of(tx, report.settled))?;
        if !pace.goes_on(&before, &after) || order::is_urgent(phone)? {
            return Ok(());
        }
        before = after;
    }
    report.is_cut_short = true;
    report.problems.push(format!("stopped after {most} rounds; run `sync` again for the rest"));
    Ok(())
}

/// One request and its answer; tells whether the server has more.
fn round(
    phone: &Phone,
    transport: &mut dyn Transport,
    access: &mut Access,
    prepared: &Prepared,
    report: &mut Report,
) -> PhoneResult<bool> {
    let sent = phone.clock.ticks()?;
    let answered = access.with(phone, transport, |transport, token| transport.sync(token, &prepared.body));
    if let Err(error) = &answered
        && size::halve_after(phone, transport, error, prepared.body.len())?
    {
        return Ok(true);
    }
    if matches!(answered, Err(PhoneError::Refused { retry_later: false, .. })) {
        // The same bytes would be refused for ever; their items are still unsent and go into another request.
        phone.store.write(Tx::clear_in_flight)?;
    }
    let bytes = answered?;
    let received_at = phone.clock.now()?;
    let response = decode_response(&bytes, Encoding::Cbor, MAX_RESPONSE)?;
    let verified = receipts::verify(phone, transport, &response.receipts)?;
    report.problems.extend(verified.refused);
    report.reported = prepared.request.device_state.as_ref().map(|state| state.unsent);
    report.upload_only = access.is_upload_only();
    report.count(prepared, &response);
    let (receipts, complete) = (&verified.held, &verified.complete);
    let (request, clock) = (&prepared.request, &phone.clock);
    let store = &phone.store;
    let answer = Answer { request, response: &response, receipts, complete, store, clock, sent, received_at };
    phone.store.write(|tx| {
        size::note_passed(tx)?;
        answer.apply(tx, access.is_upload_only(), report)
    })?;
    Ok(response.more)
}

impl Report {
    fn count(&mut self, prepared: &Prepared, response: &sync_core::protocol::SyncResponse) {
        self.rounds += 1;
        self.docs_sent += prepared.request.pushed().count();
        self.intents_sent += prepared.request.intents.len();
        self.statements_sent += prepared.request.statements.len();
        self.docs_received += response.docs.len();
        self.rows_received += response.rows.values().map(Vec::len).sum::<usize>();
    }

    fn output(self, outstanding: &Outstanding, late: Vec<(VisitId, LateWork)>) -> Output {
        let late_json: Vec<Value> = late
            .iter()
            .map(|(visit, work)| json!({"visit": visit, "number": work.number, "late_work": work.json()}))
            .collect();
        let json = json!({
            "rounds": self.rounds,
            "sent": {"docs": self.docs_sent, "intents": self.intents_sent, "statements": self.statements_sent,
                "blobs": self.blobs_sent},
            "received": {"docs": self.docs_received, "rows": self.rows_received},
            "epoch_changed": self.epoch_changed, "upload_only": self.upload_only,
            "outstanding": outstanding.json(), "waiting_files": self.waiting_files, "problems": self.problems, "late": late_json,
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
        if self.waiting_files > 0 {
            let files = self.waiting_files;
            text.push(format!(
                "{files} photos or files wait for another network / {files} 个照片或文件待非计费网络上传"
            ));
        }
        text.extend(
            late.iter().map(|(visit, work)| format!("  late {}: {}", late::name_of(*visit, work), work.text())),
        );
        text.extend(self.problems);
        let code = if outstanding.total() == 0 && !self.is_cut_short { 0 } else { WAITS };
        Output::done(json, text.join("\n")).with_code(code)
    }
}
