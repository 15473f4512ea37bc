//! The full text a customer sees before signing, as a pure function of body, openings and template.
//!
//! The same call at verification must give the same text (design section 5, `shown_sha256`), so nothing
//! here reads anything but its arguments; instants are shown in the zone the body names.

use std::collections::BTreeMap;

use serde_json::Value;

use super::body::{Body, ValueItem, code};
use super::text::{Language, phrase};
use crate::bytes::Hash;
use crate::template::Template;
use crate::template::model::{Choice, QuestionType, Text};

/// Values of opened commitments by their name.
pub type Opened = BTreeMap<Hash, String>;

/// Reports a body whose text cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShownError {
    /// The body names a language that has no text.
    #[error("the language of the body has no text")]
    Language,
    /// A committed value was erased or never given.
    #[error("the value of {code} is not available")]
    Erased {
        /// Code of the value.
        code: String,
    },
    /// An instant cannot be shown.
    #[error("an instant or zone of the body cannot be shown")]
    Time,
}

/// Writes the full text: title, parties and order, agreed values, photos, consent, signers.
///
/// # Errors
/// [`ShownError`]; a body composed here with all openings at hand gives none.
pub fn render(body: &Body, template: &Template, opened: &Opened) -> Result<String, ShownError> {
    let language = Language::from_tag(&body.language).ok_or(ShownError::Language)?;
    let page = Page { body, template, opened, language, lines: Vec::new() };
    page.write()
}

struct Page<'a> {
    body: &'a Body,
    template: &'a Template,
    opened: &'a Opened,
    language: Language,
    lines: Vec<String>,
}

impl Page<'_> {
    fn write(mut self) -> Result<String, ShownError> {
        let document = phrase(self.language, &format!("document.{}", self.body.kind));
        self.lines.push(document.unwrap_or_else(|| self.title(&self.template.title)).to_owned());
        self.lines.push(self.title(&self.template.title).to_owned());
        self.head()?;
        let (office, agreed): (Vec<_>, Vec<_>) = self.body.values.iter().partition(|item| item.code.contains('.'));
        for item in office.into_iter().filter(|item| item.code != code::ORG_TIME_ZONE) {
            self.office_value(item)?;
        }
        self.section("agreed");
        for item in agreed {
            self.agreed_value(item)?;
        }
        self.photos();
        self.section("consent");
        self.lines.push(self.word("consent.text").to_owned());
        self.signers();
        Ok(self.lines.join("\n") + "\n")
    }

    fn head(&mut self) -> Result<(), ShownError> {
        let body = self.body;
        self.line(self.word("short_code"), &body.short_code);
        if let Some(number) = &body.number {
            self.line(self.word("number"), number);
        }
        let time = self.instant(body.at.corrected().0)?;
        self.line(self.word("time"), &time);
        if let Some(amends) = &body.amends {
            self.line(self.word("amends"), &amends.to_string());
        }
        Ok(())
    }

    fn photos(&mut self) {
        self.section("photos");
        if self.body.photos.is_empty() {
            self.lines.push(self.word("no_photos").to_owned());
        }
        for photo in &self.body.photos {
            let slot = self.template.photos.iter().find(|slot| slot.code == photo.slot);
            let title = slot.map_or(photo.slot.as_str(), |slot| self.title(&slot.title)).to_owned();
            self.line(&title, &photo.sha256.to_string());
        }
    }

    fn signers(&mut self) {
        self.section("signers");
        for slot in self.template.signatures.iter().filter(|slot| slot.document == self.body.kind) {
            self.lines.push(self.title(&slot.title).to_owned());
        }
    }

    fn office_value(&mut self, item: &ValueItem) -> Result<(), ShownError> {
        let label = phrase(self.language, &format!("value.{}", item.code)).unwrap_or(&item.code).to_owned();
        let text = self.plain(item)?;
        let text = match item.code.as_str() {
            code::ORDER_TYPE => phrase(self.language, &format!("order.{text}")).unwrap_or(&text).to_owned(),
            _ => text,
        };
        self.line(&label, &text);
        Ok(())
    }

    fn agreed_value(&mut self, item: &ValueItem) -> Result<(), ShownError> {
        let question = self.template.questions.iter().find(|question| question.code == item.code);
        let measurement = self.template.measurements.iter().find(|measurement| measurement.code == item.code);
        let title = question.map(|question| &question.title).or(measurement.map(|measurement| &measurement.title));
        let label = title.map_or(item.code.as_str(), |title| self.title(title)).to_owned();
        let text = match (question, &item.value) {
            (Some(question), Some(value)) => match (question.kind, value, question.max) {
                (QuestionType::Datetime, Value::Number(number), _) => {
                    self.instant(number.as_i64().ok_or(ShownError::Time)?)?
                }
                (QuestionType::Rating, Value::Number(number), Some(max)) => format!("{number} / {max}"),
                (_, value, _) => self.value(value, &question.options),
            },
            _ => self.plain(item)?,
        };
        let unit = item.unit.as_deref().map(|unit| phrase(self.language, &format!("unit.{unit}")).unwrap_or(unit));
        let text = unit.filter(|unit| !unit.is_empty()).map_or_else(|| text.clone(), |unit| format!("{text} {unit}"));
        self.line(&label, &text);
        Ok(())
    }

    /// The text of a value that is no choice: as it is, or opened.
    fn plain(&self, item: &ValueItem) -> Result<String, ShownError> {
        let erased = || ShownError::Erased { code: item.code.clone() };
        match (&item.value, &item.commit) {
            (Some(value), None) => Ok(self.value(value, &[])),
            (None, Some(commit)) => self.opened.get(commit).cloned().ok_or_else(erased),
            _ => Err(erased()),
        }
    }

    fn value(&self, value: &Value, options: &[Choice]) -> String {
        match value {
            Value::Bool(flag) => self.word(if *flag { "yes" } else { "no" }).to_owned(),
            Value::String(text) => {
                let option = options.iter().find(|option| option.code == *text);
                option.map_or(text.as_str(), |option| self.title(&option.title)).to_owned()
            }
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| self.value(item, options)).collect();
                items.join(self.word("comma"))
            }
            other => other.to_string(),
        }
    }

    fn instant(&self, unix_ms: i64) -> Result<String, ShownError> {
        let zone = self.body.value(code::ORG_TIME_ZONE).and_then(|item| item.value.as_ref()).and_then(Value::as_str);
        let zone = jiff::tz::TimeZone::get(zone.ok_or(ShownError::Time)?).map_err(|_unknown| ShownError::Time)?;
        let instant = jiff::Timestamp::from_millisecond(unix_ms).map_err(|_range| ShownError::Time)?;
        Ok(instant.to_zoned(zone).strftime("%Y-%m-%d %H:%M %:z").to_string())
    }

    fn section(&mut self, key: &'static str) {
        self.lines.push(String::new());
        self.lines.push(format!("[{}]", self.word(key)));
    }

    fn line(&mut self, label: &str, text: &str) {
        self.lines.push(format!("{label}{}{}", self.word("colon"), one_line(text)));
    }

    fn word(&self, key: &'static str) -> &'static str {
        phrase(self.language, key).unwrap_or(key)
    }

    fn title<'t>(&self, text: &'t Text) -> &'t str {
        match self.language {
            Language::ZhCn => &text.zh_cn,
            Language::En => &text.en,
        }
    }
}

/// Replaces what could make a value imitate another line or show its characters in another order:
/// control characters, line separators, marks and overrides of writing direction.
fn one_line(text: &str) -> String {
    let misleading = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if misleading(c) { ' ' } else { c }).collect()
}
