//! Which fields and values this version knows, as data, so that others become findings.
//!
//! Unknown data is never refused: a newer phone may write it (design section 2.1).

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::doc::Map;
use crate::time::Stamp;

/// A field whose values are a closed list in this version.
type Coded = (&'static str, &'static [&'static str]);

/// The device events of design section 13 with the server's and plan's of rulebook 1.3 left out.
const EVENTS: &[&str] = &[
    "confirm_call",
    "confirm_call_unreachable",
    "depart",
    "arrive",
    "customer_absent",
    "customer_appears",
    "give_up",
    "enter",
    "finish_steps",
    "not_satisfied",
    "sign",
    "submit",
    "end_without_work",
    "resubmit",
];

const OUTCOMES: &[&str] =
    &["completed", "no_show", "deferred_safety", "resource_missing", "customer_cancelled", "not_accepted"];

const CHANNELS: &[&str] = &["app_call", "phone", "sms", "wechat", "email", "letter"];

/// What this version knows about the records of a map: all fields, and those with listed values.
///
/// `None` for maps whose records have no fixed shape.
const fn known(map: Map) -> Option<(&'static [&'static str], &'static [Coded])> {
    Some(match map {
        Map::Pins => (&["template", "template_version", "policy_version", "at", "by"], &[]),
        Map::Timeline => (&["event", "at", "geo", "by", "reason"], &[("event", EVENTS)]),
        Map::Contacts => (
            &["channel", "started_at", "duration_s", "result", "recording_ref", "reason", "by"],
            &[("channel", CHANNELS), ("result", &["reached", "no_answer", "refused", "wrong_number"])],
        ),
        Map::Ticks => (&["done", "at", "by"], &[]),
        Map::Measures => (
            &["code", "value", "unit", "instrument", "source", "at", "by"],
            &[("source", &["typed", "scan", "instrument"])],
        ),
        Map::Answers => (&["value", "at", "by"], &[]),
        Map::Photos => (
            &[
                "kind",
                "slot",
                "sha256",
                "bytes",
                "media_type",
                "width",
                "height",
                "taken_at",
                "geo",
                "source",
                "replaces",
                "by",
            ],
            &[("source", &["camera", "gallery"]), ("kind", &["photo", "document", "audio", "video"])],
        ),
        Map::Captions | Map::Withdrawn => (&["text", "reason", "at", "by"], &[]),
        Map::Materials => {
            (&["sku", "quantity", "unit", "serial", "source", "at", "by"], &[("source", &["scan", "typed"])])
        }
        Map::Statements => (&["kind", "at", "by"], &[]),
        Map::Outcomes => (&["code", "reason", "at", "by"], &[("code", OUTCOMES)]),
        Map::Corrections | Map::More | Map::OpenPoints => return None,
    })
}

/// Something of a record that this version does not know, or does not believe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unknown {
    /// A field.
    Field(String),
    /// The value of an event name.
    Event(String),
    /// The value of another listed field.
    Value(&'static str),
    /// The value of a time stamp that cannot be true.
    Time(&'static str),
}

/// The fields that hold time stamps of the device.
const STAMPS: &[&str] = &["at", "taken_at", "started_at"];

/// Lists what this version does not know in a record that is a JSON object.
pub(super) fn unknown_parts(map: Map, text: &str) -> Vec<Unknown> {
    let Some((fields, coded)) = known(map) else { return Vec::new() };
    let mut found = Vec::new();
    let visitor = Scan { fields, coded, found: &mut found };
    let mut json = serde_json::Deserializer::from_str(text);
    // A record that is no object was reported as unreadable before.
    let _ = json.deserialize_map(visitor);
    found
}

struct Scan<'a> {
    fields: &'static [&'static str],
    coded: &'static [Coded],
    found: &'a mut Vec<Unknown>,
}

impl<'de> Visitor<'de> for Scan<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut record: A) -> Result<(), A::Error> {
        while let Some(name) = record.next_key::<std::borrow::Cow<'de, str>>()? {
            if let Some((field, values)) = self.coded.iter().find(|(field, _)| *field == name) {
                let Text(value) = record.next_value()?;
                match value {
                    Some(value) if values.contains(&value.as_str()) => {}
                    None if *field == "kind" => {}
                    Some(value) if *field == "event" => self.found.push(Unknown::Event(shown(&value))),
                    _ => self.found.push(Unknown::Value(field)),
                }
                continue;
            }
            let is_known = self.fields.contains(&name.as_ref());
            if let Some(field) = STAMPS.iter().find(|field| is_known && **field == name) {
                if record.next_value::<Option<Stamp>>()?.is_some_and(|stamp| !stamp.is_plausible()) {
                    self.found.push(Unknown::Time(field));
                }
                continue;
            }
            if !is_known {
                self.found.push(Unknown::Field(shown(&name)));
            }
            record.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// A name as people see it in a finding: cut to a sane length.
fn shown(name: &str) -> String {
    name.chars().take(64).collect()
}

struct Text(Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<String>::deserialize(deserializer).map(Self)
    }
}
