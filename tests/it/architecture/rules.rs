//! Which rule of the rulebook is enforced where: collected from comments and templates, written to `docs/RULES.md`.
//!
//! A comment `Rule: APT-04` (or `Rules: APT-06, APT-07`) of its own line stands before what enforces the rule, and before
//! each test that fails without it. Only what really enforces a rule carries one.

mod carried;
mod marks;
mod open;
mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::Deserialize;

use self::carried::Carrier;
use self::marks::Mark;
use self::open::OPEN;
use super::assert_none;
use super::source::{self, repository};

/// A text in both languages.
#[derive(Deserialize)]
struct Text {
    en: String,
    #[serde(rename = "zh-CN")]
    zh_cn: String,
}

/// A part of the rulebook.
#[derive(Deserialize)]
struct System {
    code: String,
    title: Text,
}

/// A rule of the rulebook.
#[derive(Deserialize)]
struct Rule {
    id: String,
    priority: String,
    text: Text,
}

/// The rules that the product must enforce.
#[derive(Deserialize)]
struct Rulebook {
    systems: Vec<System>,
    rules: Vec<Rule>,
}

/// The rules with everything that carries them.
struct Coverage {
    rulebook: Rulebook,
    code: BTreeMap<String, Vec<Mark>>,
    tests: BTreeMap<String, Vec<Mark>>,
    templates: BTreeMap<String, Vec<Carrier>>,
}

impl Coverage {
    fn read() -> Self {
        let data = fs::read_to_string(repository().join("sync-core/data/rules.yaml")).expect("the rules");
        let rulebook: Rulebook = serde_saphyr::from_str(&data).expect("rules as YAML");
        let (mut code, mut tests) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
        for mark in source::rust().iter().flat_map(marks::of) {
            let marked = if mark.is_test { &mut tests } else { &mut code };
            marked.entry(mark.rule.clone()).or_default().push(mark);
        }
        Self { rulebook, code, tests, templates: carried::by_templates() }
    }

    fn is_enforced(&self, rule: &str) -> bool {
        self.code.contains_key(rule) && self.tests.contains_key(rule)
    }
}

#[test]
fn every_binding_rule_is_enforced_or_said_to_be_open() {
    let coverage = Coverage::read();
    let must: Vec<_> = coverage.rulebook.rules.iter().filter(|rule| rule.priority == "must").collect();
    assert_eq!(must.len(), 74, "the rulebook has 74 binding rules of these systems");
    let bare = must.into_iter().map(|rule| rule.id.as_str()).filter(|id| {
        let is_open = OPEN.iter().any(|(open, _)| open == id);
        // Code without a test proves nothing; what a template asks for, the requirements enforce for every template.
        let is_carried = coverage.templates.contains_key(*id) && !coverage.code.contains_key(*id);
        !coverage.is_enforced(id) && !is_carried && !is_open
    });
    let bare: Vec<String> = bare.map(str::to_owned).collect();
    assert_none("a binding rule has code and a test, or a template that carries it, or stands in OPEN:", &bare);
}

#[test]
fn what_is_enforced_is_not_said_to_be_open() {
    let coverage = Coverage::read();
    let known: BTreeSet<_> = coverage.rulebook.rules.iter().map(|rule| rule.id.as_str()).collect();
    let mut found = Vec::new();
    for (rule, _) in OPEN {
        if !known.contains(rule) {
            found.push(format!("{rule} is no rule"));
        }
        // A test may hold what its template carries of it already.
        found.extend(
            coverage.code.get(rule).into_iter().flatten().map(|mark| format!("{}: {rule} has code", mark.place)),
        );
    }
    assert!(OPEN.is_sorted_by_key(|(rule, _)| order(&coverage.rulebook, rule)), "OPEN has the order of the rulebook");
    assert_none("OPEN holds only what is not built yet:", &found);
}

fn order(rulebook: &Rulebook, rule: &str) -> Option<usize> {
    rulebook.rules.iter().position(|one| one.id == rule)
}

#[test]
fn annotations_name_rules_and_stand_before_what_they_are_about() {
    let coverage = Coverage::read();
    let known: BTreeSet<_> = coverage.rulebook.rules.iter().map(|rule| rule.id.as_str()).collect();
    let mut found = Vec::new();
    for mark in coverage.code.values().chain(coverage.tests.values()).flatten() {
        if !known.contains(mark.rule.as_str()) {
            found.push(format!("{}: {} is no rule of sync-core/data/rules.yaml", mark.place, mark.rule));
        }
        if mark.name.is_none() {
            found.push(format!("{}: {} stands before no item", mark.place, mark.rule));
        }
        if !mark.is_test && mark.is_in_tests {
            found.push(format!("{}: {} stands before no test", mark.place, mark.rule));
        }
    }
    for rule in coverage.tests.keys().filter(|rule| !coverage.code.contains_key(*rule)) {
        if !coverage.templates.contains_key(rule) {
            found.push(format!("{rule} has a test, but nothing that enforces it"));
        }
    }
    assert_none("`Rule:` names a rule and stands before what enforces or proves it:", &found);
}

#[test]
fn the_page_of_rules_is_current() {
    let written = page::write(&Coverage::read());
    let committed = fs::read_to_string(repository().join("docs/RULES.md")).unwrap_or_default();
    let fresh = repository().join("target/RULES.md");
    if written != committed {
        fs::write(&fresh, &written).expect("a file in the build directory");
    }
    assert!(written == committed, "docs/RULES.md is not what the sources say; run `make rules` and commit it");
}
