//! Writes `docs/RULES.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::carried::Carrier;
use super::marks::Mark;
use super::open::OPEN;
use super::{Coverage, Rule};

const HEAD: &str = "\
# Rules

What enforces each binding rule of the rulebook: the code and the tests that fail without it, and what the built-in
templates say of it.
A rule that no code decides is carried by its template: a tick, a question or a photo that the visit needs, or a text that
is shown.
This page is written from the comments `Rule:` in the sources, the templates and `sync-core/data/rules.yaml`; `make rules`
writes it anew.
";

const NOT_BUILT: &str = "\
## Not built yet

These rules are open, with what is missing; what a template carries of them stands above.

| Rule | Missing |
|---|---|
";

/// The page.
pub fn write(coverage: &Coverage) -> String {
    let mut page = HEAD.to_owned();
    for system in &coverage.rulebook.systems {
        let title = &system.title;
        _ = write!(page, "\n## {} {} {}\n\n", system.code, title.en, title.zh_cn);
        page.push_str("| Rule | Enforced by | Proved by | Templates |\n|---|---|---|---|\n");
        let prefix = format!("{}-", system.code);
        for rule in coverage.rulebook.rules.iter().filter(|rule| rule.id.starts_with(&prefix)) {
            page.push_str(&row(coverage, rule));
        }
    }
    page.push('\n');
    page.push_str(NOT_BUILT);
    for (rule, missing) in OPEN {
        _ = writeln!(page, "| {rule} | {missing} |");
    }
    page
}

fn row(coverage: &Coverage, rule: &Rule) -> String {
    let code = marks(coverage.code.get(&rule.id));
    let tests = marks(coverage.tests.get(&rule.id));
    let templates = carriers(coverage.templates.get(&rule.id));
    let is_open = OPEN.iter().any(|(open, _)| *open == rule.id);
    let code = if is_open { "*open*".to_owned() } else { code };
    format!("| **{}** {} {} | {code} | {tests} | {templates} |\n", rule.id, rule.text.en, rule.text.zh_cn)
}

/// The items by file.
fn marks(marks: Option<&Vec<Mark>>) -> String {
    let mut files = BTreeMap::<&str, Vec<String>>::new();
    for mark in marks.into_iter().flatten() {
        files.entry(&mark.path).or_default().push(format!("`{}`", mark.name.as_deref().unwrap_or_default()));
    }
    let shown = files.into_iter().map(|(path, names)| format!("{path}: {}", names.join(", ")));
    shown.collect::<Vec<_>>().join("<br>")
}

/// The elements by template.
fn carriers(carriers: Option<&Vec<Carrier>>) -> String {
    let mut templates = BTreeMap::<&str, Vec<&str>>::new();
    for carrier in carriers.into_iter().flatten() {
        templates.entry(&carrier.template).or_default().push(&carrier.element);
    }
    let shown = templates.into_iter().map(|(template, elements)| format!("{template}: {}", elements.join(", ")));
    shown.collect::<Vec<_>>().join("<br>")
}
