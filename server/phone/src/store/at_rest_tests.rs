//! Encryption at rest: a store without its key says nothing, and is not made anew; an older store is sealed.

use std::path::Path;

use redb::{Database, ReadableTable as _, TableHandle as _};
use sync_core::bytes::Hash;

use super::at_rest::StoreKey;
use super::tests::copy_dir;
use super::tx::{ALL, AT_REST, DOCS, META};
use crate::error::PhoneError;
use crate::testing::{NUMBER, TestPhone, VISIT, jpeg};

const NOTE: &str = "the dog bites whoever rings";

/// A phone with a note and a photo.
fn captured() -> TestPhone {
    let phone = TestPhone::new();
    phone.run(&["start", NUMBER]);
    phone.run(&["note", NUMBER, NOTE]);
    let photo = phone.file("photo.jpg", &jpeg(3));
    phone.run(&["photo", NUMBER, &photo, "--slot", "outdoor_route"]);
    phone
}

/// What personal or secret of a phone lies readable in a directory.
fn readable(phone: &TestPhone, dir: &Path) -> Vec<&'static str> {
    let store = phone.phone().store;
    let (enrolment, customers) = store.read(|tx| Ok((tx.enrolment()?, tx.rows("customer")?))).unwrap();
    let customer = customers[0].1.body["name"].as_str().unwrap();
    let key = serde_json::to_value(&enrolment.key).unwrap();
    let sought: [(&'static str, &[u8]); 4] = [
        ("note", NOTE.as_bytes()),
        ("customer", customer.as_bytes()),
        ("photo", &jpeg(3)),
        ("key", key.as_str().unwrap().as_bytes()),
    ];
    let mut files = Vec::new();
    list(dir, &mut files);
    let holds = |what: &[u8]| files.iter().any(|bytes| bytes.windows(what.len()).any(|here| here == what));
    sought.into_iter().filter(|(_, what)| holds(what)).map(|(name, _)| name).collect()
}

fn list(dir: &Path, files: &mut Vec<Vec<u8>>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        if entry.path().is_dir() {
            list(&entry.path(), files);
        } else {
            files.push(std::fs::read(entry.path()).unwrap());
        }
    }
}

/// Writes a store as it was before there were keys.
fn unseal(phone: &TestPhone) {
    let dir = phone.dir.join("store");
    let key = phone.phone().store.key().unwrap();
    let blobs = phone.phone().store.read(|tx| tx.blobs()).unwrap();
    for (blob, _) in blobs {
        let blob: Hash = blob.parse().unwrap();
        let plain = phone.phone().store.read_blob(&blob).unwrap();
        std::fs::write(phone.phone().store.blob_path(&blob), plain).unwrap();
    }
    let database = Database::open(dir.join("phone.redb")).unwrap();
    let write = database.begin_write().unwrap();
    for table in ALL {
        let mut rows = write.open_table(table).unwrap();
        let sealed: Vec<(String, Vec<u8>)> = rows
            .iter()
            .unwrap()
            .map(|entry| entry.map(|(key, value)| (key.value().to_owned(), value.value().to_vec())).unwrap())
            .collect();
        for (place, value) in sealed {
            let plain = key.open(&format!("{}/{place}", table.name()), &value).unwrap();
            rows.insert(place.as_str(), plain.as_slice()).unwrap();
        }
    }
    write.delete_table(AT_REST).unwrap();
    write.commit().unwrap();
    std::fs::remove_file(phone.dir.join("store.key")).unwrap();
}

// Rule: DOC-08
#[test]
fn what_lies_in_a_store_says_nothing_without_its_key() {
    let phone = captured();
    assert_eq!(readable(&phone, &phone.dir.join("store")), [""; 0]);
    // The whole home is another thing: the photo still lies where it was taken from, and the search finds it there.
    assert_eq!(readable(&phone, &phone.dir), ["photo"]);
    assert_eq!(phone.phone().store.read_blob(&Hash::of(&jpeg(3))).unwrap(), jpeg(3));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(phone.dir.join("store.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "the key is for its owner alone");
    }
}

// Rule: DOC-08
#[test]
fn a_copy_without_the_key_stays_shut_and_is_not_made_anew() {
    let phone = captured();
    let copy = phone.dir.join("copy");
    copy_dir(&phone.dir.join("store"), &copy);
    let list = || TestPhone::execute(&["--dir", copy.to_str().unwrap(), "list", "--all"]);
    assert!(matches!(list().unwrap_err(), PhoneError::NoKey(path) if path.ends_with("copy.key")));
    let key = phone.dir.join("copy.key");
    assert!(!key.exists(), "no key is drawn for what another has sealed");
    std::fs::write(&key, [9; 32]).unwrap();
    assert!(matches!(list().unwrap_err(), PhoneError::WrongKey));
    std::fs::write(&key, [9; 31]).unwrap();
    assert!(matches!(list().unwrap_err(), PhoneError::Store(why) if why.contains("no key of 32 bytes")));
    std::fs::copy(phone.dir.join("store.key"), &key).unwrap();
    assert!(list().unwrap().text.contains("王海"));
}

// Rule: DOC-08
#[test]
fn what_is_sealed_for_one_place_does_not_pass_at_another() {
    let phone = captured();
    let database = Database::open(phone.dir.join("store/phone.redb")).unwrap();
    let write = database.begin_write().unwrap();
    let doc = write.open_table(DOCS).unwrap().get(VISIT.to_string().as_str()).unwrap().unwrap().value().to_vec();
    write.open_table(META).unwrap().insert("feed", doc.as_slice()).unwrap();
    write.commit().unwrap();
    drop(database);
    let error = phone.phone().store.read(|tx| tx.feed()).unwrap_err();
    assert!(matches!(&error, PhoneError::Store(why) if why == "meta/feed is damaged"), "{error}");
}

#[test]
fn a_store_of_before_there_were_keys_is_sealed_and_loses_nothing() {
    let phone = captured();
    let before = (phone.heads(), phone.outstanding());
    unseal(&phone);
    // A question alone writes nothing; what it finds is what there was.
    assert_eq!((phone.heads(), phone.outstanding()), before);
    phone.run(&["note", NUMBER, "and another"]);
    assert_eq!(phone.outstanding(), before.1 + 1);
    let sealed = std::fs::read(phone.phone().store.blob_path(&Hash::of(&jpeg(3)))).unwrap();
    assert_ne!(sealed, jpeg(3));
    assert_eq!(phone.phone().store.read_blob(&Hash::of(&jpeg(3))).unwrap(), jpeg(3));
    let database = Database::open(phone.dir.join("store/phone.redb")).unwrap();
    let write = database.begin_write().unwrap();
    for table in ALL {
        for entry in write.open_table(table).unwrap().iter().unwrap() {
            let (key, value) = entry.unwrap();
            assert_eq!(value.value().first(), Some(&1), "{}/{} is sealed", table.name(), key.value());
        }
    }
}

// Rule: DOC-08
#[test]
fn the_key_goes_with_what_is_wiped() {
    let phone = captured();
    phone.phone().store.erase().unwrap();
    assert!(StoreKey::load(&phone.dir.join("store.key")).unwrap().is_none());
    assert!(!phone.dir.join("store/phone.redb").exists());
    // Doing it again finishes what a kill may have left.
    phone.phone().store.erase().unwrap();
}
