//! `doorstep conformance` against our own server and phone, and against ones that break the contract.

mod liars;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::dir::TestDir;
use integration_tests::faults::{Fate, FaultProxy, Weather};
use integration_tests::remote::enrolment_code;
use integration_tests::server::{TestServer, executable};
use serde_json::{Value, json};

/// Who stops devices.
const ADMIN: [&str; 4] = ["--admin", "admin", "--admin-password", PASSWORD];

/// A server without the rates that would make the checks wait.
fn server(limits: &Value) -> TestServer {
    let mut settings = json!({"limits": {"sync_per_minute": 60_000, "sync_burst": 60_000}});
    for (name, limit) in limits.as_object().expect("an object") {
        settings["limits"][name] = limit.clone();
    }
    TestServer::configured(&settings)
}

fn conformance(server: &TestServer, side: &str, more: &[&str]) -> (Output, Value) {
    conformance_at(server, server.url(), side, more)
}

fn conformance_at(server: &TestServer, url: &str, side: &str, more: &[&str]) -> (Output, Value) {
    let rep = YUNZE.rep();
    let code = enrolment_code(server, YUNZE, rep, PASSWORD);
    let mut words = vec!["conformance", "--json", side, "--server", url];
    words.extend(["--organisation", YUNZE.code, "--login", rep.login, "--code", &code]);
    words.extend(more);
    let output = server.run(&words);
    let report = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output, report)
}

/// Names of the checks that broke.
fn broken(report: &Value) -> Vec<&str> {
    let checks = report["checks"].as_array().expect("checks").iter();
    checks.filter(|check| !check["broken"].is_null()).map(|check| check["check"].as_str().expect("a name")).collect()
}

#[test]
fn our_server_keeps_the_contract() {
    let server = server(&json!({}));
    let (output, report) = conformance(&server, "server", &ADMIN);
    assert!(output.status.success(), "{report:#} {}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(report["ran"], 43, "{report:#}");
    assert_eq!(report["left_out"], json!([]));
}

#[test]
fn without_an_administrator_the_checks_of_stopped_devices_are_left_out_and_named() {
    let server = server(&json!({}));
    let (output, report) = conformance(&server, "server", &["--only", "no"]);
    assert!(output.status.success(), "{report:#}");
    assert_eq!(report["left_out"], json!(["device_suspended_reads_nothing", "device_revoked_reads_nothing"]));
}

/// Loses the orders of the office: they are answered, and nothing follows.
struct Deaf(&'static str);

impl Weather for Deaf {
    fn swallows(&mut self, line: &str) -> bool {
        line.contains(self.0)
    }

    fn request(&mut self, _bytes: u64) -> Fate {
        Fate::WHOLE
    }

    fn answer(&mut self, _bytes: u64) -> Fate {
        Fate::WHOLE
    }
}

#[test]
fn a_server_that_does_not_stop_a_device_is_found_out() {
    let server = server(&json!({}));
    for (order, expected) in [
        ("/suspend", &["device_suspended_reads_nothing", "device_suspended_is_marked"][..]),
        ("/reinstate", &["device_reinstated"]),
        ("/revoke", &["device_revoked_reads_nothing", "device_revoked_is_quarantined"]),
        ("/wipe", &["device_wipe_ordered"]),
        ("/wipe-receipts", &["device_wipe_ordered"]),
    ] {
        let deaf = FaultProxy::before(server.url());
        deaf.set(Deaf(order));
        let more = [&ADMIN[..], &["--only", "device_"]].concat();
        let (output, report) = conformance_at(&server, deaf.url(), "server", &more);
        assert_eq!(output.status.code(), Some(1), "{report:#} {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(broken(&report), expected, "{report:#}");
    }
}

#[test]
fn a_server_that_refuses_photos_is_found_out() {
    let server = server(&json!({"blob_bytes": 100}));
    let (output, report) = conformance(&server, "server", &["--only", "blob"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(broken(&report), ["blob_receipt", "blob_cut"], "{report:#}");
}

#[test]
fn our_phone_keeps_the_contract() {
    let (server, dir) = (server(&json!({})), TestDir::new());
    let phone = dir.path().join("phone");
    let (output, report) = conformance(&server, "client", &["--dir", utf8(&phone), "--seed", "7"]);
    assert!(output.status.success(), "{report:#} {}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(report["ran"], 10);
}

/// The checks of a phone behind an adapter program, which answers these words in its own way.
fn conformance_of_adapter(server: &TestServer, own: &str, more: &[&str]) -> (Output, Value) {
    let dir = TestDir::new();
    let adapter = dir.path().join("adapter");
    std::fs::write(&adapter, adapter_program(&executable(), own)).expect("the adapter is written");
    std::fs::set_permissions(&adapter, std::fs::Permissions::from_mode(0o755)).expect("it may be run");
    let phone = dir.path().join("phone");
    let words = [&["--dir", utf8(&phone), "--rounds", "2"], more, &["--", utf8(&adapter)]].concat();
    conformance(server, "client", &words)
}

#[test]
fn a_phone_behind_an_adapter_program_keeps_the_contract() {
    let (output, report) = conformance_of_adapter(&server(&json!({})), "", &[]);
    assert!(output.status.success(), "{report:#} {}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(report["ran"], 10);
}

#[test]
fn a_phone_that_breaks_the_contract_is_found_out() {
    let server = server(&json!({}));
    for (check, own) in [
        // Forgets a record.
        ("clean_sync", "capture) ;;"),
        // Writes it twice.
        ("replayed", "capture) (run note \"$2\" \"$3\"); run note \"$2\" \"$3\" ;;"),
        // Takes everything for safe.
        ("no_receipt", "outstanding) echo '{\"outstanding\": 0}' ;;"),
        // Keeps another picture than was taken.
        ("photos", "photo) echo more >> \"$4\"; run photo \"$2\" \"$4\" --slot \"$3\" ;;"),
        // Shows something else than it has.
        ("at_rest", "heads) echo '{\"heads\": []}' ;;"),
    ] {
        let (output, report) = conformance_of_adapter(&server, own, &["--only", check]);
        assert_eq!(output.status.code(), Some(1), "{check}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(broken(&report), [check], "{report:#}");
    }
}

/// An adapter that hands everything on to our phone, but for the words that it answers in its own way.
fn adapter_program(phone: &Path, own: &str) -> String {
    format!(
        r#"#!/bin/sh
run() {{ exec "{}" phone --json --dir "$CONFORMANCE_DIR/store" --clock "$CONFORMANCE_DIR/clock" "$@"; }}
case "$1" in
    {own}
    enrol) run enrol --server "$2" --organisation "$3" --login "$4" --code "$5" ;;
    new-visit) run intent create_visit -f "template=$2" -f reason=conformance ;;
    capture) run note "$2" "$3" ;;
    photo) run photo "$2" "$4" --slot "$3" ;;
    outstanding) run status | sed 's/.*"outstanding": *{{[^}}]*"total": *\([0-9]*\).*/{{"outstanding": \1}}/' ;;
    heads) run show "$2" ;;
    clock) printf '%s' "$2" > "$CONFORMANCE_DIR/clock" ;;
    *) run "$@" ;;
esac
"#,
        phone.display()
    )
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
