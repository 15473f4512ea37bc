//! Who may reach what between the layers of the server, and the document that says so.

use std::collections::BTreeSet;

use doorstep::domain::Operation;

use super::source::{self, Source};
use super::{assert_none, repository};

/// The part of a file before its unit tests.
fn product(source: &Source) -> Source {
    let end = source.code.find("#[cfg(test)]").unwrap_or(source.code.len());
    Source { path: source.path.clone(), text: source.text.clone(), code: source.code[..end].to_owned() }
}

fn below(place: &str) -> Vec<Source> {
    let found: Vec<Source> =
        source::rust().iter().filter(|source| source.path.starts_with(place)).map(product).collect();
    assert!(!found.is_empty(), "{place} has sources");
    found
}

fn containing(sources: &[Source], texts: &[&str]) -> Vec<String> {
    sources.iter().flat_map(|source| texts.iter().flat_map(|text| source.lines_containing_code(text))).collect()
}

#[test]
fn http_opens_no_transaction_and_runs_no_query() {
    let http = below("server/src/http/");
    let mut found = containing(&http, &[".store", "store.read", "store.write"]);
    found.extend(http.iter().flat_map(|source| source.lines_with_word("Conn")));
    assert_none("http calls use cases:", &found);
    // The types of rows and filters are what use cases take and give; anything in lower case would be a query.
    let is_type = |line: &String| {
        let path = line.rsplit("doorstep_store::").next().unwrap_or_default();
        let name = path.trim_end_matches(';').rsplit("::").next().unwrap_or_default();
        name.starts_with(char::is_uppercase) && !["Store", "Conn", "Txt"].contains(&name)
    };
    let named: Vec<String> = http.iter().flat_map(|source| source.lines_naming("doorstep_store")).collect();
    let found: Vec<String> = named.into_iter().filter(|line| !is_type(line)).collect();
    assert_none("http names row types of the store, one an import, and nothing else of it:", &found);
}

#[test]
fn only_the_store_begins_and_ends_transactions() {
    let elsewhere = ["server/store/src/conn.rs", "server/store/src/store.rs", "server/store/src/writer.rs"];
    let queries: Vec<Source> =
        below("server/store/src/").into_iter().filter(|source| !elsewhere.contains(&source.path.as_str())).collect();
    let ways = ["write_transaction(", "read_transaction(", "TransactionManager::", ".transaction("];
    let mut found = containing(&queries, &ways);
    found.extend(containing(&below("server/src/"), &ways));
    assert_none("transactions are those of Store::read and Store::write:", &found);
}

#[test]
fn nothing_is_global_but_what_never_changes() {
    let mutable = ["static mut ", "thread_local", "OnceLock", "OnceCell", "lazy_static"];
    let server: Vec<Source> =
        below("server/src/").into_iter().filter(|source| !source.path.ends_with("/fixture.rs")).collect();
    let mut found = containing(&server, &mutable);
    // A text of the program's own, parsed once.
    let derived = ["server/src/http/openapi.rs"];
    let others: Vec<Source> = server.into_iter().filter(|source| !derived.contains(&source.path.as_str())).collect();
    found.extend(others.iter().flat_map(|source| source.lines_with_word("static")).filter(|line| {
        let code = line.splitn(3, ':').nth(2).unwrap_or_default().trim();
        code.starts_with("static ") || code.starts_with("pub static ") || code.contains(") static ")
    }));
    assert_none("state is built in boot and passed along:", &found);
}

#[test]
fn statuses_of_refusals_stand_in_one_place() {
    // `once.rs` has the two of success that are stored with an answer.
    let allowed = ["server/src/http/error.rs", "server/src/http/once.rs"];
    let others: Vec<Source> =
        below("server/src/").into_iter().filter(|source| !allowed.contains(&source.path.as_str())).collect();
    let mut found: Vec<String> = others.iter().flat_map(|source| source.lines_with_word("StatusCode")).collect();
    let refusals = ["BadRequest", "Unauthorized", "Forbidden", "NotFound", "Conflict", "InternalServerError", "build"];
    let built: Vec<String> = refusals.iter().map(|name| format!("HttpResponse::{name}(")).collect();
    let built: Vec<&str> = built.iter().map(String::as_str).collect();
    found.extend(containing(&others, &built));
    assert_none("http/error.rs maps codes to statuses:", &found);
}

#[test]
fn every_invariant_names_tests_that_exist() {
    let document = std::fs::read_to_string(repository().join("docs/ARCHITECTURE.md")).expect("the document");
    let section =
        document.split("## Invariants").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("a section");
    let invariants: Vec<&str> =
        section.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit())).collect();
    assert!(invariants.len() > 10, "the invariants were found");
    let claims =
        invariants.into_iter().map(|invariant| (invariant, invariant.split("Tests: ").nth(1).unwrap_or_default()));
    assert_none("an invariant is worth its test:", &without_tests(claims));
}

#[test]
fn what_works_without_a_network_names_tests_that_exist() {
    let document = std::fs::read_to_string(repository().join("docs/OFFLINE.md")).expect("the document");
    let rows = document.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| What |"));
    let claims: Vec<(&str, &str)> =
        rows.map(|row| (row, row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default())).collect();
    assert!(claims.len() > 10, "the rows were found");
    assert_none("a row is worth its test:", &without_tests(claims.into_iter()));
}

/// Of claims with the tests that each names in backticks: those that name none, and tests that nobody wrote.
fn without_tests<'d>(claims: impl Iterator<Item = (&'d str, &'d str)>) -> Vec<String> {
    let known: BTreeSet<String> = source::rust().iter().flat_map(super::functions::tests_of).collect();
    let mut found = Vec::new();
    for (claim, tests) in claims {
        let tests: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        if tests.is_empty() {
            found.push(format!("no test: {claim}"));
        }
        found.extend(tests.into_iter().filter(|test| !known.contains(*test)).map(|test| format!("no test {test}")));
    }
    found
}

#[test]
fn who_takes_an_idempotency_key_answers_through_once() {
    let http = below("server/src/http/v1/");
    let takers = Operation::ALL.iter().filter(|operation| operation.takes_idempotency_key());
    let found: Vec<String> = takers
        .map(|operation| operation.row().id)
        .filter(|id| {
            let named = format!("operation_id = \"{id}\"");
            let handler = http.iter().find(|source| source.text.contains(&named)).expect("a handler");
            handler.lines_containing_code("once(").is_empty()
        })
        .map(str::to_owned)
        .collect();
    assert_none("a key whose answer is not stored is a broken promise:", &found);
}
