//! One visit on one phone, played from a script.
//!
//! A line is a command of `doorstep phone` without the visit, and the time in front if it passes:
//! `09:52 event arrive --lat 30.512340 --lon 113.901220`. Two verbs stand for more: `photo SLOT` draws the photo
//! first, and `sign` shows the form, then gives the ink of customer and rep.

use std::time::Duration;

use serde_json::Value;

use super::{Phone, Said, record};

/// A visit on a phone.
#[derive(Debug)]
pub struct Visit<'p> {
    pub(super) phone: &'p Phone<'p>,
    /// Its id.
    pub id: String,
    pub(super) customer: String,
}

impl Visit<'_> {
    /// Plays a script, every line of which must succeed.
    ///
    /// # Panics
    /// At the first line that does not, with what the phone said.
    pub fn plays(&self, script: &str) {
        for line in lines(script) {
            for words in self.commands(line) {
                let said = self.run(&words);
                assert_eq!(said.code, Some(0), "{line}: {} {}", said.json, said.errors);
            }
        }
    }

    /// Plays a script while the battery falls out: each command is killed after a moment of its own, and given again
    /// if the phone does not know of it afterwards. Tells how many were killed.
    ///
    /// # Panics
    /// At the first line that fails for another reason.
    #[must_use]
    pub fn plays_through_kills(&self, script: &str, moments: impl Iterator<Item = Duration>) -> usize {
        let mut kills = 0;
        let mut moments = moments;
        for line in lines(script) {
            for words in self.commands(line) {
                let before = self.shown()["heads"].clone();
                let words_of = self.addressed(&words);
                let words_of: Vec<&str> = words_of.iter().map(String::as_str).collect();
                let moment = moments.next().expect("a moment for every command");
                let is_killed = self.phone.is_killed_after(&words_of, moment);
                kills += usize::from(is_killed);
                if is_killed && self.shown()["heads"] == before {
                    let said = self.run(&words);
                    assert_eq!(said.code, Some(0), "{line}: {} {}", said.json, said.errors);
                }
            }
        }
        kills
    }

    /// Plays one line and says what came of it.
    ///
    /// # Panics
    /// If the line stands for several commands.
    #[must_use]
    pub fn tries(&self, line: &str) -> Said {
        let commands = lines(line).map(|line| self.commands(line)).collect::<Vec<_>>().concat();
        assert_eq!(commands.len(), 1, "{line}");
        self.run(&commands[0])
    }

    /// Everything about the visit, as the phone sees it.
    #[must_use]
    pub fn shown(&self) -> Value {
        self.phone.run(&["show", &self.id]).done()
    }

    /// The visit without ids, hashes of history and signatures: equal for equal deeds.
    #[must_use]
    pub fn record(&self) -> Value {
        record(&self.shown())
    }

    /// The id of the current photo of a slot.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn photo_in(&self, slot: &str) -> String {
        let shown = self.shown();
        let photos = shown["photos"].as_array().expect("photos");
        let found = photos.iter().find(|photo| photo["value"]["slot"] == slot);
        found.and_then(|photo| photo["key"].as_str()).unwrap_or_else(|| panic!("no photo in {slot}")).to_owned()
    }

    fn run(&self, words: &[String]) -> Said {
        let words = self.addressed(words);
        self.phone.run(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The words with the visit behind the verb.
    fn addressed(&self, words: &[String]) -> Vec<String> {
        let (verb, rest) = words.split_first().expect("a verb");
        [std::slice::from_ref(verb), std::slice::from_ref(&self.id), rest].concat()
    }

    /// The commands of a line, after setting its time.
    fn commands(&self, line: &str) -> Vec<Vec<String>> {
        let story = self.phone.story;
        let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        if words[0].contains(':') {
            story.at(&words.remove(0));
        }
        match words[0].as_str() {
            "photo" => {
                let slot = words.remove(1);
                let file = story.draw_photo(&slot, &self.id);
                words.splice(1..1, [file, "--slot".to_owned(), slot]);
                vec![words]
            }
            "sign" => {
                // Who signs where; of an install the customer and the rep.
                let named: Vec<(String, String)> = words.drain(1..).filter_map(|word| slot_and_name(&word)).collect();
                let usual = [("customer_confirmation", self.customer.as_str()), ("installer_confirmation", "rep")];
                let usual = usual.map(|(slot, name)| (slot.to_owned(), name.to_owned())).to_vec();
                let mut signed = vec!["sign".to_owned()];
                for (slot, name) in if named.is_empty() { &usual } else { &named } {
                    signed.extend(["--ink".to_owned(), format!("{slot}={}", story.draw_ink(slot, name))]);
                }
                for (slot, name) in named.iter().filter(|(_, name)| name != "rep") {
                    signed.extend(["--name".to_owned(), format!("{slot}={name}")]);
                }
                vec![words, signed]
            }
            _ => vec![words],
        }
    }
}

fn slot_and_name(word: &str) -> Option<(String, String)> {
    word.split_once('=').map(|(slot, name)| (slot.to_owned(), name.to_owned()))
}

fn lines(script: &str) -> impl Iterator<Item = &str> {
    script.lines().map(str::trim).filter(|line| !line.is_empty())
}
