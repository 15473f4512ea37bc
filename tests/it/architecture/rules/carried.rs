//! What the built-in templates say of rules: the steps, elements and checks that carry them.

use std::collections::BTreeMap;
use std::fs;

use sync_core::template::Template;

use super::super::source::repository;

/// An element of a template that carries a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Carrier {
    /// Code of the template.
    pub template: String,
    /// What it is and its code, as in `step kit_check`.
    pub element: String,
}

/// The carriers of every rule in the built-in templates, in the order of the files.
pub fn by_templates() -> BTreeMap<String, Vec<Carrier>> {
    let mut carriers = BTreeMap::<String, Vec<Carrier>>::new();
    for template in templates() {
        for (rule, element) in elements(&template) {
            carriers.entry(rule).or_default().push(Carrier { template: template.code.clone(), element });
        }
    }
    carriers
}

fn templates() -> Vec<Template> {
    let directory = fs::read_dir(repository().join("sync-core/data/templates")).expect("the templates");
    let mut paths: Vec<_> = directory.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let read = |path| fs::read_to_string(path).expect("a template");
    paths.into_iter().map(|path| serde_saphyr::from_str(&read(path)).expect("a template as YAML")).collect()
}

/// Every rule that an element names, with the element.
fn elements(template: &Template) -> Vec<(String, String)> {
    let steps = template.steps.iter().map(|one| ("step", &one.code, &one.rules));
    let photos = template.photos.iter().map(|one| ("photo", &one.code, &one.rules));
    let measurements = template.measurements.iter().map(|one| ("measurement", &one.code, &one.rules));
    let questions = template.questions.iter().map(|one| ("question", &one.code, &one.rules));
    let signatures = template.signatures.iter().map(|one| ("signature", &one.code, &one.rules));
    let named = steps.chain(photos).chain(measurements).chain(questions).chain(signatures);
    let elements =
        named.flat_map(|(kind, code, rules)| rules.iter().map(move |rule| (rule.clone(), format!("{kind} `{code}`"))));
    let checks = template.rules.iter().map(|rule| (rule.id.clone(), format!("check `{}`", rule.check)));
    elements.chain(checks).collect()
}
