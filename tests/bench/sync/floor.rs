//! What a push costs at least: the guard and its parts on the benchmark's documents, in this process and without a server.

use sync_core::doc::VisitDoc;
use sync_core::guard::{self, ChangeIndex, Limits, Push};
use sync_core::ids::{UserId, VisitId};
use sync_core::merge;

use crate::job::Size;
use crate::{wire, workload};

const AT_MS: i64 = 1_741_053_120_000;

/// Prints milliseconds of one thread for all visits together, the best of several runs of each part.
pub fn measure(visits: usize, runs: usize) {
    let template = workload::template();
    let by = UserId(workload::id("rep", "floor", AT_MS));
    let pushes: Vec<(VisitId, Vec<Vec<u8>>)> = (0..visits)
        .map(|number| {
            let id = VisitId(workload::id("visit", &format!("{number} of floor"), AT_MS));
            (id, vec![workload::visit(id, by, &template, AT_MS, Size::Full).save()])
        })
        .collect();
    let docs: Vec<VisitDoc> = pushes.iter().map(|(id, chunks)| VisitDoc::load(*id, &chunks[0]).unwrap()).collect();
    let best = |run: &dyn Fn()| {
        let took = (0..runs).map(|_| {
            let started = wire::start();
            run();
            wire::since(started)
        });
        took.fold(f64::INFINITY, f64::min)
    };
    let admit = |id: VisitId, chunks: &[Vec<u8>]| {
        let limits = &Limits::DEFAULT;
        let admitted = guard::admit(Push { visit: id, by, chunks, stored: None, may_use_actor: &|_| true, limits });
        assert_eq!(admitted.unwrap().accepted.expect("accepted").changes.len(), 1 + workload::CHANGES);
    };
    println!("| part, {visits} visits | ms |\n|---|---|");
    let row = |name: &str, ms: f64| println!("| {name} | {ms:.0} |");
    let load = || pushes.iter().for_each(|(id, chunks)| drop(VisitDoc::load(*id, &chunks[0]).unwrap()));
    row("Automerge loads the document and verifies its hashes", best(&load));
    row("Automerge saves it", best(&|| docs.iter().for_each(|doc| drop(doc.save()))));
    row("Automerge makes its changes", best(&|| docs.iter().for_each(|doc| drop(doc.changes_since(&[]).unwrap()))));
    row("the guard, with all of these", best(&|| pushes.iter().for_each(|(id, chunks)| admit(*id, chunks))));
    let covered = |chunks: &[Vec<u8>], doc: &VisitDoc| guard::uncovered(chunks, &doc.heads(), &Limits::DEFAULT);
    let cover = || pushes.iter().zip(&docs).for_each(|((_, chunks), doc)| assert_eq!(covered(chunks, doc), None));
    row("what the seal covers", best(&cover));
    row("the merged view", best(&|| docs.iter().for_each(|doc| drop(merge::view(doc)))));
    row("the change index", best(&|| docs.iter().for_each(|doc| drop(ChangeIndex::of(doc).encode()))));
}
