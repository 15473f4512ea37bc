//! Checks over a retention case: whose turn it is, who signs, when a customer counts as lost, what may be offered.

use serde_json::Value;

use super::super::background::{CREW_ROLES, RETENTION};
use super::super::context::Ctx;
use super::super::params::{Args, error};
use super::super::trace::Judgement;
use super::super::unjudged::Unjudged;
use super::Judged;
use crate::decimal::{Decimal, DecimalError};
use crate::formulas::{AssetTier, OfferFault, RetentionRole, offer_floor_check, retention_chain};

fn names(roles: &[RetentionRole]) -> String {
    roles.iter().map(|role| role.code()).collect::<Vec<_>>().join(", ")
}

/// The crew holds the role that F-12 gives for the current level of the case.
pub(super) fn level_owner_matches_chain<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let has_relation = ctx.answered(args.text("relation")?, Value::as_bool)?;
    let adviser = args.text("service_adviser")?;
    let has_adviser = has_relation && ctx.answered(adviser, Value::as_bool)?;
    let tier = ctx.answered(args.text("tier")?, |tier| tier.as_str().and_then(AssetTier::from_code))?;
    let chain = retention_chain(has_relation, has_adviser, tier);
    ctx.note("chain", names(&chain));
    let roles = ctx.known(&CREW_ROLES, ctx.facts.background.crew_roles.as_ref())?;
    ctx.note("background/crew_roles", roles.iter().map(String::as_str).collect::<Vec<_>>().join(", "));
    let holds = |role: &RetentionRole| role.held_by().iter().any(|held| roles.contains(*held));
    if !chain.iter().any(holds) {
        return Ok(Judgement::fail("the crew holds no level of the chain", "上门人员不属于责任链的任何一级"));
    }
    let case = ctx.known(&RETENTION, ctx.facts.background.retention.as_ref())?;
    ctx.note("level", case.level.to_string());
    let Some(role) = case.level.checked_sub(1).and_then(|level| chain.get(level)) else {
        return Ok(Judgement::fail(
            format!("there is no level {} in a chain of {}", case.level, chain.len()),
            format!("责任链共 {} 级，没有第 {} 级", chain.len(), case.level),
        ));
    };
    let (code, level) = (role.code(), case.level);
    Ok(if holds(role) {
        Judgement::pass(format!("level {level}: {code}"), format!("第 {level} 级：{code}"))
    } else {
        Judgement::fail(format!("level {level} belongs to {code}"), format!("第 {level} 级应由 {code} 沟通"))
    })
}

/// The customer is lost only when every level of F-12 has a signed talk, or a reason to give up is given.
pub(super) fn chain_complete_before_lost<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let (next_level, lost) = (args.text("next_level")?, args.text("lost_value")?);
    let give_up = args.text("give_up_reason")?;
    if ctx.answer(next_level).and_then(Value::as_str) != Some(lost) {
        return Ok(Judgement::not_applicable("the customer is not lost", "客户未流失"));
    }
    if let Some(reason) = ctx.answer(give_up).and_then(Value::as_str).filter(|reason| !reason.is_empty()) {
        return Ok(Judgement::pass(format!("given up: {reason}"), format!("放弃挽留：{reason}")));
    }
    let case = ctx.known(&RETENTION, ctx.facts.background.retention.as_ref())?;
    let chain = retention_chain(case.has_relation, case.has_service_adviser, case.tier);
    ctx.note("chain", names(&chain));
    // The talk of this visit is signed as soon as the form is sealed that the owner of the level signs.
    let is_of_owner = |kind: &str| {
        ctx.facts.template.signatures.iter().any(|slot| slot.role == "level_owner" && slot.document == kind)
    };
    let is_sealed = ctx.facts.view.statements.iter().any(|entry| is_of_owner(&entry.value.kind));
    let here = case.level.checked_sub(1).filter(|_| is_sealed);
    let is_missing = |(at, role): &(usize, RetentionRole)| Some(*at) != here && !case.signed.contains(role);
    let missing: Vec<_> = chain.into_iter().enumerate().filter(is_missing).map(|(_, role)| role).collect();
    let missing = names(&missing);
    ctx.note("unsigned", missing.as_str());
    Ok(if missing.is_empty() {
        Judgement::pass("every level talked and signed", "各级责任人均已沟通并签字")
    } else {
        Judgement::fail(format!("no signed talk of {missing}"), format!("{missing} 尚无签字的沟通记录"))
    })
}

/// The slot is sealed by whoever is responsible for the current level.
pub(super) fn signature_of_level_present<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let code = args.text("signature")?;
    let slot =
        ctx.facts.template.signature(code).ok_or_else(|| error("signature", "is no signature slot", "不是签字栏"))?;
    let statements = ctx.facts.view.statements.iter().filter(|entry| entry.value.kind == slot.document);
    let sealed_by: Vec<_> = statements.map(|entry| entry.value.by).collect();
    ctx.note(format!("statements/{}", slot.document), sealed_by.len().to_string());
    if sealed_by.is_empty() {
        return Ok(Judgement::fail(format!("{code} is not signed"), format!("{code} 尚未签字")));
    }
    let case = ctx.known(&RETENTION, ctx.facts.background.retention.as_ref())?;
    ctx.note("background/retention", case.owner.to_string());
    if sealed_by.contains(&Some(case.owner)) {
        return Ok(Judgement::pass("signed by the owner of the level", "本级责任人已签字"));
    }
    if sealed_by.contains(&None) {
        return Err(Unjudged::unknown("who sealed the form", "签字人"));
    }
    Ok(Judgement::fail("not signed by the owner of the level", "不是本级责任人签字"))
}

/// F-41; of rate and cost only what is given is judged.
///
/// # Units
/// Answer and policy are in yuan; F-41 compares fen (GEN-05).
pub(super) fn offer_floor<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let (rate, cost) = (ctx.decimal_answer(args.text("rate")?)?, ctx.decimal_answer(args.text("cost")?)?);
    if rate.is_none() && cost.is_none() {
        return Ok(Judgement::not_applicable("nothing is offered", "未提出优惠"));
    }
    let fen = |yuan: Decimal| yuan.to_units(2).map_err(|_overflow: DecimalError| too_large());
    let (floor_param, budget_param) = (args.text("floor_param")?, args.text("budget_param")?);
    let rate = rate.map(|rate| Ok::<_, Unjudged>((rate, limit(ctx, floor_param)?))).transpose();
    let cost = cost.map(|cost| Ok::<_, Unjudged>((fen(cost)?, fen(limit(ctx, budget_param)?)?))).transpose();
    // What is not given, or has no limit, stands at its limit: it neither is a fault nor hides one of the other.
    let ((offered, floor), (spent, budget)) = (
        rate.as_ref().ok().copied().flatten().unwrap_or((Decimal::ZERO, Decimal::ZERO)),
        cost.as_ref().ok().copied().flatten().unwrap_or_default(),
    );
    let faults = offer_floor_check(offered, floor, spent, budget);
    ctx.note("faults", faults.iter().map(|fault| fault.code()).collect::<Vec<_>>().join(", "));
    let told = |fault: &OfferFault| match fault {
        OfferFault::BelowFloor => ("the rate is below the floor", "费率低于下限"),
        OfferFault::OverBudget => ("the cost is over the budget", "成本超出预算"),
    };
    let (en, zh_cn): (Vec<_>, Vec<_>) = faults.iter().map(told).unzip();
    if !faults.is_empty() {
        return Ok(Judgement::fail(en.join(", "), zh_cn.join("，")));
    }
    rate?;
    cost?;
    Ok(Judgement::pass("the offer may be made", "优惠可提出"))
}

fn limit(ctx: &Ctx<'_>, key: &str) -> Result<Decimal, Unjudged> {
    ctx.param(key).ok_or_else(|| Unjudged::unknown(format!("policy parameter {key}"), format!("策略参数 {key}")))
}

fn too_large() -> Unjudged {
    Unjudged::unknown("an amount of so many digits", "超长金额")
}
