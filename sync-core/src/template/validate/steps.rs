//! Steps: phases in order, items, and that each element is collected exactly once.

use std::collections::BTreeMap;

use super::super::lookup::Element;
use super::super::model::Template;
use super::Report;

pub(super) fn check(template: &Template, report: &mut Report) {
    report.unique("steps", template.steps.iter().map(|step| step.code.as_str()));
    report.require(!template.steps.is_empty(), "steps", "a visit has at least one step", "至少须有一个步骤");
    report.require(
        template.steps.is_sorted_by_key(|step| step.phase),
        "steps",
        "phases must follow before, arrival, onsite, after",
        "阶段顺序须为 before、arrival、onsite、after",
    );
    for step in &template.steps {
        let path = format!("steps[{}]", step.code);
        report.code(&path, &step.code);
        report.title(&path, &step.title);
        report.unique(&path, step.items.iter().map(|item| item.code.as_str()));
        for item in &step.items {
            report.code(&path, &item.code);
            report.title(&format!("{path}.items[{}]", item.code), &item.title);
            report.require(item.code != "done", &path, "item code `done` is reserved", "项目代码 done 已保留");
        }
    }
    collected_once(template, report);
}

fn collected_once(template: &Template, report: &mut Report) {
    let mut collected: BTreeMap<Element<'_>, &str> = BTreeMap::new();
    for step in &template.steps {
        for element in step.elements() {
            let path = format!("steps[{}].collects", step.code);
            if !exists(template, element) {
                let (list, code) = (element.list(), element.code());
                report.fault(&path, format!("collects unknown {list} {code}"), format!("{list} 中没有 {code}"));
            }
            if let Some(first) = collected.insert(element, &step.code) {
                let (list, code) = (element.list(), element.code());
                let zh = format!("{list} 的 {code} 已在步骤 {first} 中采集");
                report.fault(&path, format!("{list} {code} is already collected in {first}"), zh);
            }
        }
    }
    for element in all(template) {
        if !collected.contains_key(&element) {
            report.fault(format!("{}[{}]", element.list(), element.code()), "is collected in no step", "没有步骤采集");
        }
    }
}

fn exists(template: &Template, element: Element<'_>) -> bool {
    match element {
        Element::Photo(code) => template.slot(code).is_some(),
        Element::Measurement(code) => template.measurement(code).is_some(),
        Element::Question(code) => template.question(code).is_some(),
        Element::Signature(code) => template.signature(code).is_some(),
    }
}

fn all(template: &Template) -> impl Iterator<Item = Element<'_>> {
    let photos = template.photos.iter().map(|slot| Element::Photo(&slot.code));
    let measurements = template.measurements.iter().map(|measurement| Element::Measurement(&measurement.code));
    let questions = template.questions.iter().map(|question| Element::Question(&question.code));
    let signatures = template.signatures.iter().map(|slot| Element::Signature(&slot.code));
    photos.chain(measurements).chain(questions).chain(signatures)
}
