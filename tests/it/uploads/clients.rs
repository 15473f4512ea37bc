//! The clients that others wrote, as their authors publish them, on a bad link to a real server that is killed meanwhile.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::faults::{Cut, Fate, FaultProxy, Script};
use integration_tests::remote::RemotePhone;
use integration_tests::server::TestServer;
use serde_json::{Value, json};
use sync_core::bytes::Hash;

use super::{UPLOADS, number, photo, tus};

/// Bytes of the file, and of a part.
const SIZES: (usize, usize) = (2_000_000, 64 << 10);

/// Where the first process is killed.
const STOP_AT: usize = 700_000;

static PLACE: LazyLock<PathBuf> = LazyLock::new(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign/tus"));

fn ends_well(command: &mut Command, what: &str) {
    let status = command.current_dir(&*PLACE).status().unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(status.success(), "{what}: {status}");
}

/// The npm package, as the lock file names it, installed once for a run.
static NODE: LazyLock<()> = LazyLock::new(|| {
    let args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    ends_well(Command::new("npm").args(args), "npm installs tus-js-client; uploads are tested with Node");
});

/// Where the Python package is, of the versions that are listed; installed once for a run.
static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| {
    let packages = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tuspy");
    let args = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore"];
    let what = "pip installs tuspy; uploads are tested with Python 3 and pip";
    let mut pip = Command::new("python3");
    ends_well(pip.args(args).args(["--upgrade", "-r", "requirements.txt", "--target"]).arg(&packages), what);
    packages
});

fn javascript(args: &Value) -> Output {
    LazyLock::force(&NODE);
    run(Command::new("node").arg("client.mjs"), args)
}

fn python(args: &Value) -> Output {
    run(Command::new("python3").arg("client.py").env("PYTHONPATH", &*PYTHON), args)
}

fn run(command: &mut Command, args: &Value) -> Output {
    let output = command.arg(args.to_string()).current_dir(&*PLACE).output();
    output.unwrap_or_else(|error| panic!("the client cannot be started: {error}"))
}

/// Lost answers, requests cut in their middle in every way, and good weather between them.
fn bad_link() -> Script {
    let good = (Fate::WHOLE, Fate::WHOLE);
    let lost = (Fate::WHOLE, Fate::cut_after(0, Cut::Close));
    let cut = |bytes, how| (Fate::cut_after(bytes, how), Fate::WHOLE);
    Script::new([
        lost,
        good,
        cut(30_000, Cut::Close),
        good,
        good,
        lost,
        good,
        cut(50_000, Cut::Reset),
        good,
        lost,
        lost,
        good,
        cut(100, Cut::Reset),
        good,
    ])
}

/// Plays one client: killed in the middle, as is the server, and on with it from where both stopped.
fn upload_with(client: fn(&Value) -> Output) {
    let mut server = TestServer::start();
    let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
    let proxy = FaultProxy::before(server.url());
    proxy.set(bad_link());
    let whole = photo(SIZES.0);
    let file = server.directory().join("door.jpg");
    std::fs::write(&file, &whole).expect("a photo");
    let mut args = json!({
        "endpoint": format!("{}{UPLOADS}", proxy.url()), "token": phone.access(), "file": file,
        "sha256": Hash::of(&whole), "chunkSize": SIZES.1, "store": server.directory().join("uploads.json"),
        "stopAt": STOP_AT,
    });
    let killed = client(&args);
    assert_eq!(killed.status.code(), None, "it is killed: {}", String::from_utf8_lossy(&killed.stderr));
    server.kill();
    server.restart();
    proxy.lead_to(server.url());
    proxy.set(bad_link());
    args["stopAt"] = Value::Null;
    let done = client(&args);
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{err}");
    let told: Value = serde_json::from_str(out.lines().last().unwrap_or_default()).unwrap_or_else(|_| panic!("{out}"));
    assert!(told["receipt"].as_str().is_some_and(|receipt| !receipt.is_empty()), "{told}");

    let path = told["url"].as_str().and_then(|url| url.strip_prefix(proxy.url())).expect("an upload of this server");
    let head = server.send(&tus("HEAD", path).bearer(phone.access()));
    assert_eq!(number(&head, "upload-offset"), Some(whole.len()));
    assert_eq!(head.header("doorstep-receipt"), told["receipt"].as_str());
    let stored = server.blob(YUNZE.org, Hash::of(&whole));
    assert!(stored == whole, "every byte is as it was");
    let counts = proxy.counts();
    let (sent, size) = (counts.up_body_bytes, u64::try_from(whole.len()).expect("a size"));
    assert!(counts.lost_answers >= 4 && counts.cut_requests >= 4, "the weather was bad: {counts:?}");
    // Half a part is lost at a cut at most, a whole one where only its answer is: the client asks how far it came.
    assert!(sent * 10 <= size * 12, "{sent} bytes for {size}");
}

#[test]
fn tus_js_client_goes_on_after_cuts_lost_answers_and_restarts_of_both_sides() {
    upload_with(javascript);
}

#[test]
fn tuspy_goes_on_after_cuts_lost_answers_and_restarts_of_both_sides() {
    upload_with(python);
}
