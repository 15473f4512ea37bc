//! What the executable says when it cannot start: at once, readable, and nothing secret.

use std::fs;
use std::path::Path;
use std::process::Command;

use integration_tests::dir::TestDir;
use integration_tests::server::executable;

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
