//! What the executable says when it cannot start: at once, readable, and nothing secret.

use std::fs;
use std::path::Path;
use std::process::Command;

use integration_tests::call::Call;
use integration_tests::dir::TestDir;
use integration_tests::server::{Process, TestServer, executable, send};
use serde_json::json;

/// What a start on a database that cannot be used prints.
fn failed_start(directory: &Path, database_url: &str) -> String {
    let output = Command::new(executable())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .current_dir(directory)
        .env("DATABASE_URL", database_url)
        .env("DOORSTEP_DATA_DIR", directory.join("data"))
        .output()
        .expect("the executable can be run");
    assert!(!output.status.success(), "it started");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_database_of_an_unknown_kind_is_named_without_its_password() {
    let directory = TestDir::new();
    let said = failed_start(directory.path(), "mysql://u:secret@host/name");
    assert!(said.contains("DATABASE_URL must be") && said.contains("mysql"), "{said}");
    assert!(!said.contains("internal") && !said.contains("secret"), "{said}");
}

#[test]
fn a_file_that_is_no_database_is_named_and_left_as_it_is() {
    let directory = TestDir::new();
    let file = directory.path().join("notes.txt");
    let text = "These are notes, and longer than the hundred bytes of a header of SQLite. ".repeat(20);
    fs::write(&file, &text).expect("a file");
    let said = failed_start(directory.path(), &format!("sqlite://{}", file.display()));
    assert!(said.contains("notes.txt") && said.contains("not a database"), "{said}");
    assert_eq!(fs::read_to_string(&file).expect("the file"), text);
}

#[test]
fn a_bucket_without_a_name_is_refused_and_the_setting_named() {
    let directory = TestDir::new();
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate"], &["verify"]] {
        let output = Command::new(executable())
            .args(command)
            .current_dir(directory.path())
            .env("DATABASE_URL", "sqlite://none/where.sqlite")
            .env("DOORSTEP_S3_BUCKET", "")
            .output()
            .expect("the executable can be run");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("DOORSTEP_S3_BUCKET"), "{said}");
    }
}

#[test]
fn an_organisation_is_founded_beside_a_running_server() {
    let server = TestServer::start();
    let found = ["found", "--code", "minhe", "--name", "民和通信", "--team", "一组", "--grid", "城东"];
    let output = server.run(&found);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("一组"), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let line = said.lines().find(|line| line.starts_with("password")).expect("the password is shown");
    let password = line.split_whitespace().nth(1).expect("a password");
    let body = json!({"organisation": "minhe", "login": "admin", "password": password});
    let answer = server.send(&Call::post("/v1/auth/login").json(&body));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let token = answer.json()["access_token"].as_str().expect("a token").to_owned();
    let norms = server.send(&Call::get("/v1/templates").bearer(&token));
    assert_eq!(norms.json()["items"].as_array().map(Vec::len), Some(8), "{}", norms.text());

    let again = server.run(&found);
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("an organisation of this code exists"));
    let faulty = server.run(&["found", "--code", "Min He", "--name", " ", "--zone", "Mars/Base"]);
    let said = String::from_utf8_lossy(&faulty.stderr).into_owned();
    assert!(["--code", "--name", "--zone"].iter().all(|field| said.contains(field)), "{said}");
}

/// The allocator reads its settings from the environment when a program starts: they must be there, and the process that
/// was started must still be the server.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_server_runs_with_the_settings_of_its_allocator_in_the_process_that_was_started() {
    let server = TestServer::start();
    let settings = allocator_settings(server.process_id());
    for expected in ["MALLOC_ARENA_MAX=2", "GLIBC_TUNABLES=glibc.malloc.mxfast=0"] {
        assert!(settings.iter().any(|set| set == expected), "{settings:?}");
    }
    assert_eq!(server.send(&Call::get("/readyz")).status, 200, "it answers");
}

/// glibc takes the settings out of the environment of a program with privileges of its own, each time that it starts.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_server_that_was_started_again_without_its_settings_runs_as_it_is() {
    let mut server = TestServer::start();
    server.kill();
    let mut command = server.command(["serve", "--listen", "127.0.0.1:0"]);
    command.env("DOORSTEP_STARTED_AGAIN", "1");
    for name in ["MALLOC_ARENA_MAX", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"] {
        command.env_remove(name);
    }
    let process = Process::launch(command, &server.directory().join("again.log"));
    assert_eq!(allocator_settings(process.id()), [""; 0], "it did not start itself once more");
    assert_eq!(send(process.url(), &Call::get("/readyz")).expect("an answer").status, 200);
}

/// What the environment of a process tells the allocator.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn allocator_settings(process: u32) -> Vec<String> {
    let environment = fs::read(format!("/proc/{process}/environ")).expect("its environment");
    let is_setting = |entry: &&[u8]| entry.starts_with(b"MALLOC_") || entry.starts_with(b"GLIBC_");
    let set = environment.split(|byte| *byte == 0).filter(is_setting);
    set.map(|entry| String::from_utf8_lossy(entry).into_owned()).collect()
}
