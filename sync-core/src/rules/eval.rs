//! Judging the rules of a template: one trace per rule, concurrent values tried one by one.

use std::collections::BTreeSet;

use super::catalogue::{self, Moment};
use super::checks;
use super::context::{Ctx, Trial};
use super::facts::Facts;
use super::from_policy;
use super::params::Args;
use super::trace::{Judgement, Trace, Verdict, Versions};
use crate::template::model::{Rule, Severity};
use crate::template::vocabulary::OUTCOMES;

/// Most combinations of concurrent values that are tried before a person must choose.
///
/// # Source
/// Design section 7.
const MAX_TRIALS: usize = 16;

/// Judges every rule of one moment, for the outcome the visit names; for each of them if it names several.
#[must_use]
pub fn evaluate(facts: &Facts<'_>, moment: Moment) -> Vec<Trace> {
    evaluate_for(facts, moment, None)
}

/// Judges every rule of one moment as if the visit ended with `outcome`; without one as [`evaluate`].
///
/// A rule whose check is unknown is judged at [`Moment::Server`], where it stays `not_evaluated`.
#[must_use]
pub fn evaluate_for(facts: &Facts<'_>, moment: Moment, outcome: Option<&str>) -> Vec<Trace> {
    let versions = facts.versions();
    let due = |rule: &&Rule| catalogue::check(&rule.check).map_or(Moment::Server, |check| check.moment) == moment;
    facts.template.rules.iter().filter(due).map(|rule| judge(facts, rule, outcome, &versions)).collect()
}

fn judge(facts: &Facts<'_>, rule: &Rule, outcome: Option<&str>, versions: &Versions) -> Trace {
    let named = from_policy::keys_of(rule);
    let rule = &*from_policy::under(rule, &facts.policy.parameters);
    let ctx = Ctx::new(facts, outcome, Trial::new());
    let judgement = run(&ctx, rule);
    let (mut inputs, touched) = ctx.into_parts();
    let judgement =
        if touched.is_empty() { judgement } else { try_all(facts, rule, outcome, judgement, touched.clone()) };
    for index in touched {
        if let Some(conflict) = facts.view.conflicts.get(index) {
            inputs.insert(format!("conflict/{}/{}", conflict.map, conflict.key), conflict.candidates.len().to_string());
        }
    }
    for (name, row) in named {
        let value = rule.params.get(name).map(ToString::to_string).unwrap_or_default();
        inputs.insert(format!("policy/{}", row.key), value);
    }
    Trace {
        rule: rule.id.clone(),
        check: rule.check.clone(),
        severity: severity_of(rule, &judgement),
        verdict: judgement.verdict,
        guards: guards(rule),
        inputs,
        text: judgement.text,
        versions: versions.clone(),
    }
}

/// What a failure does: what the rule says, less where the check only warns.
const fn severity_of(rule: &Rule, judgement: &Judgement) -> Severity {
    match rule.severity {
        Severity::Block if judgement.only_warns => Severity::Warn,
        severity => severity,
    }
}

/// Judges every combination of the concurrent values a rule touches: none fails, all fail, or a person chooses.
fn try_all(
    facts: &Facts<'_>,
    rule: &Rule,
    outcome: Option<&str>,
    chosen: Judgement,
    mut touched: BTreeSet<usize>,
) -> Judgement {
    loop {
        let Some(trials) = combinations(facts, &touched) else { return needs_choice(facts, &touched) };
        let mut verdicts = Vec::with_capacity(trials.len());
        let before = touched.len();
        for trial in trials {
            let ctx = Ctx::new(facts, outcome, trial);
            verdicts.push(run(&ctx, rule).verdict);
            touched.extend(ctx.into_parts().1);
        }
        // A candidate may lead the check to read another value that is in conflict too.
        if touched.len() > before {
            continue;
        }
        let failed = verdicts.iter().filter(|verdict| **verdict == Verdict::Fail).count();
        return match (failed, verdicts.contains(&Verdict::Undetermined)) {
            (0, true) => Judgement { verdict: Verdict::Undetermined, ..chosen },
            (0, false) => chosen,
            (n, _) if n == verdicts.len() => chosen,
            _ => needs_choice(facts, &touched),
        };
    }
}

/// Every combination of candidates of these conflicts, or `None` if there are too many.
fn combinations(facts: &Facts<'_>, touched: &BTreeSet<usize>) -> Option<Vec<Trial>> {
    let mut trials = vec![Trial::new()];
    for index in touched {
        let count = facts.view.conflicts.get(*index).map_or(1, |conflict| conflict.candidates.len().max(1));
        if trials.len().saturating_mul(count) > MAX_TRIALS {
            return None;
        }
        trials = trials
            .iter()
            .flat_map(|trial| {
                (0..count).map(|candidate| trial.iter().map(|(k, v)| (*k, *v)).chain([(*index, candidate)]).collect())
            })
            .collect();
    }
    Some(trials)
}

fn needs_choice(facts: &Facts<'_>, touched: &BTreeSet<usize>) -> Judgement {
    let named =
        |index: &usize| facts.view.conflicts.get(*index).map(|conflict| format!("{}/{}", conflict.map, conflict.key));
    let fields = touched.iter().filter_map(named).collect::<Vec<_>>().join(", ");
    Judgement::new(
        Verdict::NeedsChoice,
        format!("depends on which value of {fields} counts: choose one"),
        format!("{fields} 存在多个并发值，请先选择其一"),
    )
}

fn run(ctx: &Ctx<'_>, rule: &Rule) -> Judgement {
    let Some(check) = checks::find(&rule.check) else {
        return Judgement::new(Verdict::NotEvaluated, "this version does not know the check", "本版本没有此项检查");
    };
    ctx.may_read(catalogue::check(&rule.check).map_or(&[], |known| known.reads));
    check(ctx, Args::of(rule)).unwrap_or_else(Judgement::from)
}

/// The outcomes a rule guards: the one its parameters name, else `completed` (rulebook 1.4).
fn guards(rule: &Rule) -> Vec<String> {
    let named = Args::of(rule).text_if_any("outcome");
    match (rule.check.as_str(), named) {
        // Not safe: only the named outcome is possible, so every other one is guarded.
        ("stop_when_unsafe", Some(possible)) => {
            OUTCOMES.iter().filter(|outcome| **outcome != possible).map(|outcome| (*outcome).to_owned()).collect()
        }
        (_, Some(outcome)) => vec![outcome.to_owned()],
        (_, None) => vec!["completed".to_owned()],
    }
}
