//! Durability: what was committed is there after any stop, what was not has left no trace.

use std::sync::mpsc;

use crate::error::{PhoneError, PhoneResult};
use crate::testing::{NUMBER, TestPhone, jpeg};

#[test]
fn a_transaction_that_does_not_end_leaves_no_trace() {
    let phone = TestPhone::new();
    phone.run(&["start", NUMBER]);
    let before = (phone.heads(), phone.outstanding());
    // Everything a command does but the commit: the same as a kill right before it.
    let result: PhoneResult<()> = phone.phone().store.write(|tx| {
        let doc = tx.doc(crate::testing::VISIT)?.expect("a document");
        let mut state = tx.doc_state(doc.visit())?;
        state.actor = None;
        tx.set_doc_state(doc.visit(), &state)?;
        tx.drop_doc(doc.visit())?;
        tx.clear_in_flight()?;
        Err(PhoneError::Store("killed".to_owned()))
    });
    assert!(result.is_err());
    assert_eq!((phone.heads(), phone.outstanding()), before);
}

#[test]
fn every_command_is_durable_when_it_returns() {
    let phone = TestPhone::new();
    let copy = phone.dir.join("copy");
    let photo = phone.file("photo.jpg", &jpeg(3));
    let lines: [&[&str]; 4] = [
        &["start", NUMBER],
        &["step", NUMBER, "kit_check"],
        &["photo", NUMBER, &photo, "--slot", "outdoor_route"],
        &["note", NUMBER, "done"],
    ];
    for line in lines {
        phone.run(line);
        let heads = phone.heads();
        // The bytes on disk right now are what a machine finds that stops right now.
        let _ = std::fs::remove_dir_all(&copy);
        copy_dir(&phone.dir.join("store"), &copy);
        std::fs::copy(phone.dir.join("store.key"), phone.dir.join("copy.key")).unwrap();
        let found = crate::store::Store::open(&copy).unwrap();
        let doc = found.read(|tx| tx.doc(crate::testing::VISIT)).unwrap().expect("a document");
        assert_eq!(serde_json::json!(doc.heads()), heads, "{line:?}");
        for (blob, _) in found.read(|tx| tx.blobs()).unwrap() {
            found.read_blob(&blob.parse().unwrap()).expect("bytes before the record that names them");
        }
    }
}

pub(super) fn copy_dir(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_dir(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn an_actor_is_used_by_one_copy_only() {
    let phone = TestPhone::new();
    phone.run(&["start", NUMBER]);
    let actor = || phone.phone().store.read(|tx| tx.doc_state(crate::testing::VISIT)).unwrap().actor;
    let first = actor();
    phone.run(&["note", NUMBER, "a"]);
    assert_eq!(actor(), first, "one actor per install and document");
    let file = phone.dir.join("store").join("phone.redb");
    std::fs::copy(&file, phone.dir.join("clone")).unwrap();
    std::fs::rename(phone.dir.join("clone"), &file).unwrap();
    phone.run(&["note", NUMBER, "b"]);
    assert_ne!(actor(), first);
}

#[test]
fn commands_wait_for_each_other_and_a_second_sync_is_refused() {
    let phone = TestPhone::new();
    phone.run(&["start", NUMBER]);
    let (entered, wait) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let store = phone.phone().store;
            let held = store.write(|tx| {
                entered.send(()).unwrap();
                tx.set_meta("proof", &1)
            });
            held.unwrap();
        });
        wait.recv().unwrap();
        phone.run(&["note", NUMBER, "after the other"]);
    });
    assert_eq!(phone.phone().store.read(|tx| tx.meta::<i64>("proof")).unwrap(), Some(1));

    let store = phone.phone().store;
    let turn = store.sync_turn().unwrap();
    assert!(matches!(phone.phone().store.sync_turn(), Err(PhoneError::Usage(_))));
    drop(turn);
    assert!(phone.phone().store.sync_turn().is_ok());
}

#[test]
fn a_mistyped_directory_is_not_made() {
    let phone = TestPhone::new();
    let elsewhere = phone.dir.join("mistyped");
    let dir = elsewhere.to_str().unwrap();
    let lines: [&[&str]; 5] = [&["list"], &["show", NUMBER], &["status"], &["sync"], &["note", NUMBER, "text"]];
    for line in lines {
        let error = TestPhone::execute(&[&["--dir", dir], line].concat()).unwrap_err();
        assert!(matches!(&error, PhoneError::NoStore(named) if named == dir), "{line:?}: {error}");
        assert!(!elsewhere.exists(), "{line:?}");
    }
    // A directory of something else is no store either, and stays as it is.
    std::fs::create_dir(&elsewhere).unwrap();
    assert!(TestPhone::execute(&["--dir", dir, "list"]).is_err());
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);

    let store = phone.dir.join("store");
    TestPhone::execute(&["--dir", store.to_str().unwrap(), "list", "--all"]).expect("the enrolled phone is found");
}
