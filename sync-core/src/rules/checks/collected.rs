//! Checks over what must be collected: photos and signatures.

use super::super::condition;
use super::super::context::Ctx;
use super::super::params::Args;
use super::super::trace::Judgement;
use super::Judged;
use crate::formulas::install_photo_completeness;

/// Every required slot holds at least `min` photos (F-07).
// Rule: INS-28
pub(super) fn required_photos_present<'a>(ctx: &Ctx<'a>, _args: Args<'a>) -> Judged {
    let slots = ctx.facts.template.photos.iter();
    let required = slots
        .filter(|slot| condition::required(ctx, slot.required, slot.required_when.as_ref()))
        .map(|slot| (slot.code.as_str(), slot.min));
    let photos = install_photo_completeness(required, |slot| ctx.facts.view.photos_of(slot).count());
    ctx.note("photos/required", photos.required.to_string());
    let missing = photos.missing.join(", ");
    ctx.note("photos/missing", missing.as_str());
    Ok(if photos.missing.is_empty() {
        Judgement::pass("all required photos are taken", "必传照片齐全")
    } else {
        Judgement::fail(format!("photos missing: {missing}"), format!("缺少照片：{missing}"))
    })
}

/// Every required signature slot is sealed; a device seals only when all required signers are done.
// Rule: PRE-04
pub(super) fn all_signatures_present<'a>(ctx: &Ctx<'a>, _args: Args<'a>) -> Judged {
    let slots = ctx.facts.template.signatures.iter();
    let required = slots.filter(|slot| condition::required(ctx, slot.required, slot.required_when.as_ref())).count();
    ctx.note("signatures/required", required.to_string());
    Ok(if required == 0 {
        Judgement::not_applicable("no signature is required", "无须签字")
    } else if ctx.facts.view.statements.is_empty() {
        Judgement::fail("no sealed statement", "尚无签署文件")
    } else {
        Judgement::pass("the statement is sealed", "已签署")
    })
}

/// The text is shown; there is nothing to judge.
pub(super) fn no_coercion_notice<'a>(_ctx: &Ctx<'a>, _args: Args<'a>) -> Judged {
    Ok(Judgement::pass("the notice is shown", "提示已显示"))
}
