//! Checks of a server: each is a row of the tables below.

mod basics;
mod blobs;
mod hostile;
mod network;
mod news;
mod once;
mod standing;

use sync_core::ids::{DeviceId, VisitId};
use sync_core::protocol::{Ack, AckItem, Outcome, SyncResponse};

use self::standing::Admin;
use crate::cli::{ServerArgs, ServerSideArgs};
use crate::device::{Device, Pad};
use crate::report::Report;
use crate::{Broken, Verdict, expect};

/// What the checks share: an enrolled device and where it stands.
pub(super) struct Bench {
    args: ServerArgs,
    device: Device,
    /// The device that the first try to enrol made; the second must give the same.
    first: DeviceId,
    /// Where the device stands after its first sync.
    cursor: String,
}

/// One check: its name, what it says of the contract, and the check itself.
type Check = (&'static str, &'static str, fn(&Bench) -> Verdict);

/// Enrols a device and runs every check.
pub(crate) fn run(args: &ServerSideArgs, report: &mut Report) -> Result<(), String> {
    let admin = Admin::sign_in(args)?;
    let args = &args.server;
    let enrolled = Device::enrol(args)?;
    let first = enrolled.id;
    let mut device = enrolled.enrol_again(args)?;
    let (cursor, answers) = device.pull(None)?;
    device.learn_norms(&answers)?;
    let bench = Bench { args: args.clone(), device, first, cursor };
    let tables: [&[Check]; 6] =
        [basics::CHECKS, news::CHECKS, once::CHECKS, hostile::CHECKS, network::CHECKS, blobs::CHECKS];
    for (name, says, check) in tables.into_iter().flatten().filter(|(name, ..)| args.asks_for(name)) {
        report.add(name, says, &check(&bench))?;
    }
    for (name, says, check) in standing::CHECKS.iter().filter(|(name, ..)| args.asks_for(name)) {
        match &admin {
            Some(admin) => report.add(name, says, &check(&bench, admin))?,
            None => report.leave_out(name, "--admin")?,
        }
    }
    Ok(())
}

impl Bench {
    /// A new visit, pushed whole with one reading; gives it as it stands on both sides.
    fn pushed_visit(&self) -> Result<(VisitId, Pad), Broken> {
        let (visit, intent) = self.device.new_visit()?;
        let mut pad = Pad::new(visit)?;
        self.device.measure(&mut pad, "1")?;
        let answer = self.device.sync(&self.device.pushing(vec![pad.whole()], vec![intent])?)?;
        outcome_is(&answer, visit, &[Outcome::Stored])?;
        Ok((visit, pad))
    }

    /// The heads that the server holds of a document, as a pull from the beginning tells them.
    fn heads_at_server(&self, visit: VisitId) -> Result<Vec<sync_core::bytes::Hash>, Broken> {
        let mut request = self.device.empty(Some(self.cursor.clone()))?;
        // An item without chunks asks for the document.
        request.docs.push(sync_core::protocol::PushDoc::asking(visit));
        Ok(ack_of(&self.device.sync(&request)?, visit)?.heads.clone())
    }
}

/// The ack of a document.
fn ack_of(answer: &SyncResponse, visit: VisitId) -> Result<&Ack, Broken> {
    let ack = answer.acks.iter().find(|ack| ack.item == AckItem::Doc(visit));
    ack.ok_or_else(|| format!("the answer has no ack for document {visit}"))
}

/// Fails unless a document came out as one of these.
fn outcome_is(answer: &SyncResponse, visit: VisitId, allowed: &[Outcome]) -> Verdict {
    let ack = ack_of(answer, visit)?;
    expect(allowed.contains(&ack.outcome), || {
        format!("outcome {:?} (code {:?}), expected one of {allowed:?}", ack.outcome, ack.code)
    })
}
