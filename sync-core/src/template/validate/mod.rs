//! What a template must satisfy before it is published: codes, references, thresholds, rules.
//!
//! Reports every fault at once, each with its path; judges no visit.

mod elements;
mod rules;
mod steps;

use std::collections::BTreeSet;

use super::model::{Template, Text};

/// Something wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TemplateFault {
    /// Where: `photos[door_note].required_when`.
    pub path: String,
    /// What.
    pub message: String,
}

impl Template {
    /// Every fault of the template; a template without faults may be published.
    #[must_use]
    pub fn validate(&self) -> Vec<TemplateFault> {
        let mut report = Report::default();
        report.code("code", &self.code);
        report.title("title", &self.title);
        report.require(self.version >= 1, "version", "must be 1 or more");
        steps::check(self, &mut report);
        elements::check(self, &mut report);
        rules::check(self, &mut report);
        report.faults
    }
}

/// Collects faults.
#[derive(Default)]
struct Report {
    faults: Vec<TemplateFault>,
}

impl Report {
    fn fault(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.faults.push(TemplateFault { path: path.into(), message: message.into() });
    }

    fn require(&mut self, holds: bool, path: &str, message: &str) {
        if !holds {
            self.fault(path, message);
        }
    }

    fn code(&mut self, path: &str, code: &str) {
        let starts = code.starts_with(|c: char| c.is_ascii_lowercase());
        let snake = code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !starts || !snake {
            self.fault(path, format!("code {code:?} is not snake_case text"));
        }
    }

    fn title(&mut self, path: &str, title: &Text) {
        let present = !title.en.trim().is_empty() && !title.zh_cn.trim().is_empty();
        let languages = title.zh_cn.chars().any(is_han) && !title.en.chars().any(is_han);
        self.require(present && languages, path, "title needs an English and a Chinese text, each in its language");
    }

    fn unique<'a>(&mut self, path: &str, codes: impl Iterator<Item = &'a str>) {
        let mut seen = BTreeSet::new();
        for code in codes {
            if !seen.insert(code) {
                self.fault(path, format!("code {code} is used twice"));
            }
        }
    }
}

/// CJK unified ideographs, enough to tell the two languages apart.
const fn is_han(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}')
}
