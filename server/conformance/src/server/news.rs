//! News and acks: what others brought arrives whole, in pieces of any size, and nothing of a request is passed over.

use std::collections::BTreeSet;

use sync_core::doc::VisitDoc;
use sync_core::guard::split_chunks;
use sync_core::ids::VisitId;
use sync_core::protocol::row::kind;
use sync_core::protocol::{AckItem, DocForm, Outcome, Row, SyncResponse};

use super::{Bench, Check, outcome_is};
use crate::device::{Pad, new_id};
use crate::{Broken, Verdict, expect};

pub(super) const CHECKS: &[Check] = &[
    ("news_of_others", "what another device brought comes whole, and later its changes", news_of_others),
    ("news_in_pieces", "news in small pieces are the same as in large ones", news_in_pieces),
    ("acks_in_order", "each item of a request has one ack, in request order", acks_in_order),
];

fn news_of_others(bench: &Bench) -> Verdict {
    let (device, other) = (&bench.device, bench.device.another(&bench.args)?);
    let (visit, intent) = other.new_visit()?;
    let mut pad = Pad::new(visit)?;
    other.measure(&mut pad, "1")?;
    outcome_is(&other.sync(&other.pushing(vec![pad.whole()], vec![intent])?)?, visit, &[Outcome::Stored])?;
    let mut copy = VisitDoc::create(visit).map_err(|error| error.to_string())?;
    let (cursor, answers) = device.pull(Some(bench.cursor.clone()))?;
    expect(named(&answers).contains(&format!("{}/{visit}", kind::VISIT)), || "the visit has no row".to_owned())?;
    apply(&mut copy, &answers)?;
    expect(copy.heads() == pad.doc.heads(), || "the document has not arrived".to_owned())?;

    let before = pad.doc.heads();
    other.measure(&mut pad, "2")?;
    outcome_is(&other.sync(&other.pushing(vec![pad.since(&before)?], Vec::new())?)?, visit, &[Outcome::Stored])?;
    let (_, answers) = device.pull(Some(cursor))?;
    apply(&mut copy, &answers)?;
    expect(copy.heads() == pad.doc.heads(), || "its changes have not arrived".to_owned())
}

/// Brings a copy of a document to where the answers say it is.
fn apply(copy: &mut VisitDoc, answers: &[SyncResponse]) -> Verdict {
    let visit = copy.visit();
    for update in answers.iter().flat_map(|answer| &answer.docs).filter(|update| update.id == visit) {
        let bytes = &update.bytes.0;
        let chunks = match update.form {
            DocForm::Snapshot => vec![bytes.clone()],
            DocForm::Delta => split_chunks(bytes).ok_or("a delta that is no change chunks")?,
            DocForm::Gone => return Err("the document is gone".to_owned()),
        };
        copy.apply_trusted(&chunks, &update.heads).map_err(|error| format!("{:?}: {error}", update.form))?;
    }
    Ok(())
}

fn news_in_pieces(bench: &Bench) -> Verdict {
    const SMALL: u64 = 16 << 10;
    const LARGE: u64 = 1 << 20;
    let visit = bench.pushed_visit()?.0;
    let all = |most: u64| Ok::<_, Broken>(named(&bench.device.pull_by(None, most)?.1));
    // Somebody else may work meanwhile: what both whole ones say must stand in the pieces, and what these say in one of them.
    let (before, pieces, after) = (all(LARGE)?, all(SMALL)?, all(LARGE)?);
    let lost: Vec<&String> = before.intersection(&after).filter(|one| !pieces.contains(*one)).collect();
    expect(lost.is_empty(), || format!("not in the pieces: {lost:?}"))?;
    let invented = pieces.iter().filter(|one| !before.contains(*one) && !after.contains(*one));
    let invented: Vec<&String> = invented.collect();
    expect(invented.is_empty(), || format!("in the pieces only: {invented:?}"))?;
    expect(before.contains(&document(visit)), || "neither brings a document that is there".to_owned())
}

/// Whatever answers bring, by kind and id.
fn named(answers: &[SyncResponse]) -> BTreeSet<String> {
    let rows = answers.iter().flat_map(|answer| &answer.rows);
    let rows = rows.flat_map(|(kind, rows)| {
        rows.iter().filter_map(move |row| match row {
            Row::Put { id, .. } => Some(format!("{kind}/{id}")),
            Row::Gone { .. } => None,
        })
    });
    let docs = answers.iter().flat_map(|answer| &answer.docs);
    let docs = docs.filter(|update| update.form != DocForm::Gone).map(|update| document(update.id));
    rows.chain(docs).collect()
}

fn document(visit: VisitId) -> String {
    format!("document/{visit}")
}

fn acks_in_order(bench: &Bench) -> Verdict {
    let device = &bench.device;
    let (mut docs, mut intents, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for value in ["1", "2", "3"] {
        let (visit, intent) = device.new_visit()?;
        let mut pad = Pad::new(visit)?;
        device.measure(&mut pad, value)?;
        docs.push(pad.whole());
        ids.push(serde_json::from_slice::<serde_json::Value>(&intent).map_err(|error| error.to_string())?);
        intents.push(intent);
    }
    // One that nobody knows stands between those that are stored.
    docs.insert(1, Pad::new(VisitId(new_id()?))?.whole());
    let expected: Vec<String> = docs.iter().map(|doc| doc.id.to_string()).collect();
    let ids = ids.iter().filter_map(|intent| intent.get("id")?.as_str().map(str::to_owned));
    let expected: Vec<String> = expected.into_iter().chain(ids).collect();
    let answer = device.sync(&device.pushing(docs, intents)?)?;
    let told = answer.acks.iter().map(|ack| match ack.item {
        AckItem::Doc(id) => id.to_string(),
        AckItem::Intent(id) => id.to_string(),
        AckItem::UnreadableIntent(hash) | AckItem::Statement(hash) => hash.to_string(),
    });
    let told: Vec<String> = told.collect();
    expect(told == expected, || format!("acks {told:?}, expected {expected:?}"))
}
