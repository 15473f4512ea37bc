//! `refit` and `admin publish-policy`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use doorstep_store::Store;
use doorstep_store::organisations::{OrganisationRow, list_organisations};
use sync_core::photo::refit::{Fit, Proposal, Score, Wish};
use sync_core::plan::PolicyRow;

use super::print::{err_line, out_line};
use super::serve::{clock, prepare};
use crate::app::findings::{Refit, refit as refit_limits};
use crate::app::norms::publish_new_policy;
use crate::app::{AppError, ErrorCode};
use crate::boot;
use crate::cli::{PublishPolicyArgs, RefitArgs};

/// Prints what decisions say of the limits, and writes the next policy if asked to.
pub(super) fn refit(args: &RefitArgs) -> Result<ExitCode, String> {
    let config = prepare(&args.server)?;
    let now = clock(args.server.clock.as_deref())?.now();
    let wish = Wish { most_false_ppm: args.most_false.ppm, at_least: args.at_least };
    boot::block_on(async move {
        let store = boot::open_for_reading(&config).await.map_err(|error| error.to_string())?;
        let of = organisation(&store, args.organisation.as_deref()).await?;
        let progress = |visits: usize| err_line!("{visits} visits read / 已读取 {visits} 个工单");
        let done = refit_limits(&store, of.id.0, now, wish, &progress).await.map_err(|error| said(&error))?;
        print(&of, &done);
        if let Some(file) = &args.write {
            match done.next_policy(now) {
                Some(next) => write(file, &next)?,
                None => out_line!("no limit changes, so no file is written / 阈值无变化，未写入文件"),
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Publishes a policy from a file.
pub(super) fn publish_policy(args: &PublishPolicyArgs) -> Result<ExitCode, String> {
    let config = prepare(&args.server)?;
    let now = clock(args.server.clock.as_deref())?.now();
    let file = args.file.display();
    let text = fs::read_to_string(&args.file).map_err(|error| format!("cannot read {file}: {error}"))?;
    let policy: PolicyRow = serde_json::from_str(&text).map_err(|error| format!("{file} is no policy: {error}"))?;
    boot::block_on(async move {
        let store = boot::open_store(&config).await.map_err(|error| error.to_string())?;
        let of = organisation(&store, args.organisation.as_deref()).await?;
        let version = policy.version;
        publish_new_policy(&store, of.id.0, policy, now).await.map_err(|error| match error.code() {
            ErrorCode::Conflict => format!("policy {version} is published already / 策略版本 {version} 已发布"),
            _ => said(&error),
        })?;
        out_line!("published policy {version} of {} / 已发布策略版本 {version}", of.code);
        Ok(ExitCode::SUCCESS)
    })
}

/// The organisation of a code, or the only one.
pub(super) async fn organisation(store: &Store, code: Option<&str>) -> Result<OrganisationRow, String> {
    let list = store.read(|conn| list_organisations(conn).map_err(AppError::from)).await;
    let mut all = list.map_err(|error| error.to_string())?;
    if let Some(code) = code {
        all.retain(|one| one.code == code);
    }
    match (all.pop(), all.is_empty()) {
        (Some(one), true) => Ok(one),
        (None, _) => Err("there is no such organisation / 没有该机构".to_owned()),
        (Some(_), false) => {
            Err("name one of several organisations: --organisation CODE / 请用 --organisation 指定机构".to_owned())
        }
    }
}

fn print(of: &OrganisationRow, done: &Refit) {
    let (photos, policy) = (done.population.photos, done.policy.version);
    let undecided: u64 = done.population.undecided.values().sum();
    out_line!(
        "{}: policy {policy}, {photos} photos looked at, {} findings decided on, {undecided} not",
        of.code,
        done.labels
    );
    out_line!(
        "{}：策略版本 {policy}，已检查照片 {photos} 张，已判定 {} 条，未判定 {undecided} 条",
        of.code,
        done.labels
    );
    out_line!(
        "limit / 阈值               now / 当前  confirmed / 属实  dismissed / 误报  precision / 准确率  recall / 召回率"
    );
    for fit in &done.fits {
        print_fit(fit);
    }
    if !done.near_misses.is_empty() {
        let misses = done.near_misses.iter().map(|(bits, photos)| format!("{bits}: {photos}"));
        let misses = misses.collect::<Vec<_>>().join(", ");
        out_line!(
            "bits to a photo of another site that was not told, and how many / 未提示的相近照片（位差：张数）: {misses}"
        );
    }
}

fn print_fit(fit: &Fit) {
    let (key, now) = (fit.threshold.key, fit.now);
    let rates = rates(now, fit.confirmed);
    out_line!("{key:<26} {:>6}  {:>6}  {:>6}  {rates}", now.limit, fit.confirmed, fit.dismissed);
    match fit.proposal {
        Proposal::TooFew => out_line!("  too few decisions / 判定数量不足"),
        Proposal::Nothing => out_line!("  no limit keeps false alarms under the share / 没有满足误报比例的取值"),
        Proposal::Stays => out_line!("  stays / 保持不变"),
        Proposal::Change(score) => {
            out_line!("  proposed {}  {} / 建议改为 {}", score.limit, self::rates(score, fit.confirmed), score.limit);
        }
    }
}

/// Precision and recall, in hundredths with one place.
fn rates(score: Score, confirmed: usize) -> String {
    let text = |permille: Option<usize>| {
        permille.map_or_else(|| "-".to_owned(), |permille| format!("{}.{} %", permille / 10, permille % 10))
    };
    format!("{:>8}  {:>8}", text(score.precision_permille()), text(score.recall_permille(confirmed)))
}

fn write(file: &Path, next: &PolicyRow) -> Result<(), String> {
    let body = serde_json::to_string_pretty(next).map_err(|error| error.to_string())?;
    fs::write(file, body + "\n").map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    let (version, file) = (next.version, file.display());
    out_line!("policy {version} is in {file}; it counts once it is published: doorstep admin publish-policy {file}");
    out_line!("策略版本 {version} 已写入 {file}；发布后生效：doorstep admin publish-policy {file}");
    Ok(())
}

fn said(error: &AppError) -> String {
    match (error, error.code()) {
        (AppError::Refused(_), code) => format!("{}: {} / {}", code.as_str(), code.title_en(), code.title_zh()),
        _ => error.to_string(),
    }
}
