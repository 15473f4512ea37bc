//! Rules: known checks, parameters that fit them.

use std::collections::BTreeSet;

use super::super::model::Template;
use super::Report;
use crate::rules::{catalogue, faults};

pub(super) fn check(template: &Template, report: &mut Report) {
    for rule in &template.rules {
        let path = format!("rules[{} {}]", rule.id, rule.check);
        report.title(&path, &rule.title);
        report.require(is_rule_id(&rule.id), &path, "id is no rule of the rulebook", "不是规则手册中的编号");
        report.require(catalogue::check(&rule.check).is_some(), &path, "check is not in the catalogue", "没有该检查");
        for fault in faults(template, rule) {
            report.fault(format!("{path}.{}", fault.key), fault.message, fault.message_zh);
        }
    }
    let mut seen = BTreeSet::new();
    for rule in &template.rules {
        if !seen.insert((&rule.id, &rule.check)) {
            let path = format!("rules[{} {}]", rule.id, rule.check);
            report.fault(path, "the same rule stands twice", "同一规则重复出现");
        }
    }
    let cited = template.steps.iter().flat_map(|step| &step.rules);
    let cited = cited.chain(template.photos.iter().flat_map(|slot| &slot.rules));
    let cited = cited.chain(template.measurements.iter().flat_map(|item| &item.rules));
    let cited = cited.chain(template.questions.iter().flat_map(|item| &item.rules));
    let cited = cited.chain(template.signatures.iter().flat_map(|slot| &slot.rules));
    for id in cited.filter(|id| !is_rule_id(id)) {
        report.fault("rules", format!("{id} is no rule of the rulebook"), format!("{id} 不是规则手册中的编号"));
    }
}

/// Systems of the rulebook (section 0.1) with the number of their last rule.
const SYSTEMS: [(&str, u32); 21] = [
    ("GEN", 15),
    ("INS", 54),
    ("APT", 15),
    ("VIS", 22),
    ("CUS", 24),
    ("RET", 35),
    ("RTV", 40),
    ("SUR", 24),
    ("CMP", 23),
    ("LIA", 20),
    ("ASR", 8),
    ("KPI", 19),
    ("MTG", 14),
    ("DOC", 10),
    ("ORG", 15),
    ("NOT", 7),
    ("PRE", 5),
    ("CTR", 2),
    ("RFD", 1),
    ("WAR", 1),
    ("PAY", 5),
];

/// Whether an id names a rule of the rulebook, as `INS-22` does.
#[must_use]
pub fn is_rule_id(id: &str) -> bool {
    let Some((system, number)) = id.split_once('-') else { return false };
    let number = (number.len() == 2).then(|| number.parse::<u32>().ok()).flatten();
    SYSTEMS.iter().any(|(known, last)| *known == system && number.is_some_and(|n| (1..=*last).contains(&n)))
}
