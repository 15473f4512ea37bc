//! What a template must satisfy before it is published: codes, references, thresholds, rules.
//!
//! Reports every fault at once, each with its path; judges no visit.

mod elements;
mod rules;
mod steps;

pub use rules::is_rule_id;

use std::collections::BTreeSet;

use super::model::{Template, Text};

/// Longest code, in bytes: codes stand in paths, keys and lists.
const MAX_CODE_BYTES: usize = 64;

/// Something wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TemplateFault {
    /// Where: `photos[door_note].required_when`.
    pub path: String,
    /// What, in English.
    pub message: String,
    /// The same in Chinese.
    pub message_zh: String,
}

impl Template {
    /// Every fault of the template; a template without faults may be published.
    #[must_use]
    pub fn validate(&self) -> Vec<TemplateFault> {
        let mut report = Report::default();
        report.code("code", &self.code);
        report.title("title", &self.title);
        report.require(self.version >= 1, "version", "must be 1 or more", "须不小于 1");
        report.require(
            self.effective_from.is_none() == self.effective_from().is_none(),
            "effective_from",
            "must be an instant such as 2025-03-05T00:00:00+08:00",
            "须为时刻，如 2025-03-05T00:00:00+08:00",
        );
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
    fn fault(&mut self, path: impl Into<String>, en: impl Into<String>, zh: impl Into<String>) {
        self.faults.push(TemplateFault { path: path.into(), message: en.into(), message_zh: zh.into() });
    }

    fn require(&mut self, holds: bool, path: &str, en: &str, zh: &str) {
        if !holds {
            self.fault(path, en, zh);
        }
    }

    fn code(&mut self, path: &str, code: &str) {
        let starts = code.starts_with(|c: char| c.is_ascii_lowercase());
        let snake = code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if code.len() > MAX_CODE_BYTES {
            self.fault(
                path,
                format!("a code of more than {MAX_CODE_BYTES} characters"),
                format!("代码最长 {MAX_CODE_BYTES} 个字符"),
            );
        } else if !starts || !snake {
            self.fault(path, format!("code {code:?} is not snake_case text"), "代码须由小写字母、数字和下划线组成");
        }
    }

    fn title(&mut self, path: &str, title: &Text) {
        let present = !title.en.trim().is_empty() && !title.zh_cn.trim().is_empty();
        let languages = title.zh_cn.chars().any(is_han) && !title.en.chars().any(is_han);
        let en = "title needs an English and a Chinese text, each in its language";
        self.require(present && languages, path, en, "标题须有英文和中文，各用其语言");
    }

    fn unique<'a>(&mut self, path: &str, codes: impl Iterator<Item = &'a str>) {
        let mut seen = BTreeSet::new();
        for code in codes {
            if !seen.insert(code) {
                self.fault(path, format!("code {code} is used twice"), format!("代码 {code} 重复"));
            }
        }
    }
}

/// CJK unified ideographs, enough to tell the two languages apart.
const fn is_han(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}')
}
