//! Whatever server and phone make is readable for their own user alone: keys and hashes of passwords are in it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use integration_tests::dir::TestDir;
use integration_tests::server::executable;

use crate::demo::Demo;

/// Everything below a directory.
fn below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(below(&path));
        }
        found.push(path);
    }
    found
}

/// Checks that nobody else has any right to anything below a directory, and gives the names of the files.
fn private_names(directory: &Path) -> Vec<String> {
    let named = |path: &PathBuf| {
        let mode = fs::metadata(path).expect("it exists").permissions().mode() & 0o777;
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(format!("{mode:o}"), format!("{expected:o}"), "{}", path.display());
        path.file_name().expect("a name").to_string_lossy().into_owned()
    };
    below(directory).iter().map(named).collect()
}

/// A command of a user whose own mask lets everybody read.
fn command(data: &Path, database: &str, words: &str) -> Command {
    let mut command = Command::new("sh");
    let line = format!("umask 022 && exec '{}' {words}", executable().display());
    command.args(["-c", &line]).current_dir(data).stdin(Stdio::null()).env("DATABASE_URL", database);
    command.env("DOORSTEP_DATA_DIR", data.join("data"));
    command
}

#[test]
fn a_database_made_by_migrate_belongs_to_one_user() {
    let directory = TestDir::new();
    let database = format!("sqlite://{}", directory.path().join("data/doorstep.sqlite").display());
    let output = command(directory.path(), &database, "migrate").output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = private_names(directory.path());
    assert!(names.iter().any(|name| name == "doorstep.sqlite"), "{names:?}");
}

#[test]
fn demo_and_phone_keep_their_data_to_themselves() {
    let directory = TestDir::new();
    let database = format!("sqlite://{}", directory.path().join("data/doorstep.sqlite").display());
    let demo = Demo::run(command(directory.path(), &database, "demo --listen 127.0.0.1:0"));
    let enrol = demo.banner.lines().find(|line| line.contains(" phone --dir ")).expect("a command");
    let (_, words) = enrol.split_once(" phone ").expect("words");
    let run = |words: &str| {
        let output = command(directory.path(), &database, &format!("phone {words}")).output().expect("it runs");
        assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    run(words);
    let (dir, _) = words.split_once(" enrol ").expect("an option for the directory");
    run(&format!("{dir} sync"));
    let listed = run(&format!("{dir} list"));
    let visit = listed.lines().nth(1).and_then(|line| line.split_whitespace().nth(2)).expect("a visit").to_owned();
    let photo = directory.path().join("photo.jpg");
    fs::write(&photo, [0xFF, 0xD8, 0xFF, 0xD9]).expect("a file");
    fs::set_permissions(&photo, fs::Permissions::from_mode(0o600)).expect("a mode");
    run(&format!("{dir} photo {visit} '{}' --slot outdoor_route", photo.display()));
    run(&format!("{dir} sync"));

    let names = private_names(directory.path());
    for expected in ["doorstep.sqlite-wal", "phone.redb", "phone.key", "sync.lock", "blobs"] {
        assert!(names.iter().any(|name| name == expected), "{expected} in {names:?}");
    }
    let blobs = names.iter().filter(|name| name.len() == 64).count();
    assert_eq!(blobs, 2, "the photo at the phone and at the server: {names:?}");
}
