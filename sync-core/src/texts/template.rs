//! Text templates and filling them in.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::statement::Language;
use crate::visit::table::codes;

codes!(
    /// What a text may name.
    Variable {
        /// The organisation.
        OrgName = "org_name", "机构名称";
        /// The customer.
        CustomerName = "customer_name", "客户姓名";
        /// Where the visit is.
        Address = "address", "上门地址";
        /// When the visit begins, or the crew came.
        Start = "start", "开始或到达时间";
        /// When the visit ends, or the crew left.
        End = "end", "结束或离开时间";
        /// Who comes.
        RepName = "rep_name", "服务人员";
        /// Where the customer reaches the rep.
        RepPhone = "rep_phone", "服务人员电话";
        /// The order, else the visit.
        OrderNo = "order_no", "工单编号";
        /// Where the customer reaches the organisation.
        Hotline = "hotline", "服务热线";
        /// The day of the text.
        Date = "date", "日期";
        /// The customer's page about the visit; written when the text goes out.
        Link = "link", "客户页面链接";
    }
);

/// The value of each variable that has one.
pub type Values = BTreeMap<Variable, String>;

/// A published version of a text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TextTemplate {
    /// What it is for.
    pub code: String,
    /// Its version.
    pub version: i64,
    /// `note` on paper, or `sms`.
    pub channel: String,
    /// Whether only customers get it who agreed to messages.
    pub needs_consent: bool,
    /// Lines by language tag.
    text: BTreeMap<String, Vec<String>>,
}

/// Reports what a text names and has no value for.
#[derive(Debug, Clone, PartialEq, Eq, Default, thiserror::Error)]
#[error("without value: {}; unknown: {}", codes_of(.missing), .unknown.iter().cloned().collect::<Vec<_>>().join(", "))]
pub struct Unfilled {
    /// Variables without a value.
    pub missing: BTreeSet<Variable>,
    /// Names that are no variables.
    pub unknown: BTreeSet<String>,
}

fn codes_of(variables: &BTreeSet<Variable>) -> String {
    variables.iter().map(|one| one.code()).collect::<Vec<_>>().join(", ")
}

/// The newest version of a text; `None` for a code that there is none of.
#[must_use]
pub fn template(code: &str) -> Option<TextTemplate> {
    newest(&released(), code).cloned()
}

fn newest<'t>(texts: &'t [TextTemplate], code: &str) -> Option<&'t TextTemplate> {
    texts.iter().filter(|text| text.code == code).max_by_key(|text| text.version)
}

/// Every released version; a test reads the file, which is a part of the program.
fn released() -> Vec<TextTemplate> {
    serde_json::from_str(include_str!("../../data/texts.json")).unwrap_or_default()
}

impl TextTemplate {
    /// The text with these values; what a value holds is never read as a variable.
    ///
    /// # Errors
    /// [`Unfilled`] with everything that it names and nobody knows.
    // Rule: NOT-07
    pub fn fill(&self, language: Language, values: &Values) -> Result<String, Unfilled> {
        let mut unfilled = Unfilled::default();
        let lines = self.text.get(language.tag()).map(Vec::as_slice).unwrap_or_default();
        let lines: Vec<String> = lines.iter().map(|line| fill(line, values, &mut unfilled)).collect();
        if unfilled == Unfilled::default() { Ok(lines.join("\n")) } else { Err(unfilled) }
    }
}

/// Fills in one line and notes what cannot be.
fn fill(line: &str, values: &Values, unfilled: &mut Unfilled) -> String {
    let mut parts = line.split('{');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or((part, ""));
        match Variable::from_code(name).map(|variable| (variable, values.get(&variable))) {
            Some((_, Some(value))) if !value.trim().is_empty() => filled.push_str(value),
            Some((variable, _)) => drop(unfilled.missing.insert(variable)),
            None => drop(unfilled.unknown.insert(name.to_owned())),
        }
        filled.push_str(rest);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::NoticeKind;

    fn text(lines: &[&str]) -> TextTemplate {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        TextTemplate {
            code: "test".to_owned(),
            version: 1,
            channel: "note".to_owned(),
            needs_consent: false,
            text: BTreeMap::from([("en".to_owned(), lines)]),
        }
    }

    fn all() -> Values {
        Variable::ALL.iter().map(|one| (*one, format!("<{{{}}}>", one.code()))).collect()
    }

    #[test]
    fn every_released_text_is_whole_in_both_languages() {
        let texts = released();
        let codes: BTreeSet<_> = texts.iter().map(|text| (text.code.as_str(), text.version)).collect();
        let version = |kind: &NoticeKind| if *kind == NoticeKind::ReturnVisit { 2 } else { 1 };
        let of_messages = NoticeKind::ALL.iter().map(|kind| (kind.code(), version(kind)));
        // Some messages lead to the customer's page.
        let others = [("door_note", 1), ("change_link", 1), ("return_visit_link", 1)];
        assert_eq!(codes, others.into_iter().chain(of_messages).collect());
        assert_eq!(codes.len(), texts.len(), "none twice");
        for text in &texts {
            for language in [Language::ZhCn, Language::En] {
                let filled = text.fill(language, &all()).unwrap();
                assert!(filled.chars().count() > 20, "{} in {}", text.code, language.tag());
            }
            assert_eq!(text.needs_consent, text.channel == "sms", "{}", text.code);
        }
    }

    // Rule: NOT-07
    #[test]
    fn what_has_no_value_and_what_is_no_variable_is_told_by_name() {
        let text = text(&["{rep_name} {king} {hotline}", "{ {date"]);
        let values = Values::from([(Variable::RepName, "李明".to_owned()), (Variable::Hotline, "  ".to_owned())]);
        let unfilled = text.fill(Language::En, &values).unwrap_err();
        assert_eq!(unfilled.missing, BTreeSet::from([Variable::Hotline, Variable::Date]));
        assert_eq!(unfilled.unknown, BTreeSet::from(["king".to_owned(), " ".to_owned()]));
        assert_eq!(unfilled.to_string(), "without value: hotline, date; unknown:  , king");
    }

    #[test]
    fn a_value_is_never_read_as_a_variable() {
        let values = Values::from([(Variable::CustomerName, "{rep_name}".to_owned())]);
        assert_eq!(text(&["Dear {customer_name}}"]).fill(Language::En, &values).unwrap(), "Dear {rep_name}}");
    }

    #[test]
    fn the_newest_version_counts() {
        let texts = [1, 3, 2].map(|version| TextTemplate { version, ..text(&[]) });
        assert_eq!(newest(&texts, "test").map(|text| text.version), Some(3));
        assert!(template("no_such_text").is_none());
    }
}
