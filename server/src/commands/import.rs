//! `import bundle`: takes in the unsent work of a phone from a file.

use std::collections::BTreeMap;
use std::fs::File;
use std::process::ExitCode;

use super::print::out_line;
use super::serve::{build, clock, prepare};
use crate::app::AppError;
use crate::app::bundles::{Bringer, Fate, Imported, import_bundle};
use crate::boot;
use crate::cli::ImportBundleArgs;

/// Exit code where something of the bundle was not taken.
const NOT_ALL: u8 = 3;

/// Imports a bundle and prints what became of each item.
pub(super) fn bundle(args: &ImportBundleArgs) -> Result<ExitCode, String> {
    let config = prepare(&args.server)?;
    let clock = clock(args.server.clock.as_deref())?;
    let file = File::open(&args.file).map_err(|error| format!("cannot read {}: {error}", args.file.display()))?;
    boot::block_on(async move {
        let state = build(config, clock).await?;
        let imported = import_bundle(&state, file, Bringer::Operator).await.map_err(|error| said(&error))?;
        print(&imported);
        Ok(if is_all_kept(&imported) { ExitCode::SUCCESS } else { ExitCode::from(NOT_ALL) })
    })
}

fn is_all_kept(imported: &Imported) -> bool {
    imported.report.count(|fate| !fate.is_kept()) == 0
}

fn print(imported: &Imported) {
    out_line!("bundle {} of device {}, made {}", imported.bundle, imported.device, imported.made_at.to_rfc3339());
    for item in imported.report.items() {
        let (outcome, code) = (outcome(item.fate), item.code.as_deref().unwrap_or_default());
        out_line!("{outcome:<12} {:<9} {}  {code}", item.kind, item.id);
    }
    let unlisted = imported.report.unlisted();
    if unlisted > 0 {
        out_line!("{unlisted} items are not listed / 有 {unlisted} 项未列出");
    }
    let counts = imported.report.counts().iter().map(|(fate, count)| (outcome(*fate), count));
    let counts: BTreeMap<String, &usize> = counts.collect();
    let counts: Vec<String> = counts.into_iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
    out_line!("{}", if counts.is_empty() { "nothing in it".to_owned() } else { counts.join(", ") });
    if !is_all_kept(imported) {
        out_line!(
            "some items were not taken: keep the file, and let the phone sync / 部分内容未被接收：请保留文件，并让手机同步"
        );
    }
}

fn outcome(fate: Fate) -> String {
    let name = match fate {
        Fate::Refused => return "refused".to_owned(),
        Fate::Judged(outcome) => serde_json::to_value(outcome),
    };
    name.ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A refusal in both languages, behind its code.
fn said(error: &AppError) -> String {
    let code = error.code();
    match error {
        AppError::Refused(_) => format!("{}: {} / {}", code.as_str(), code.title_en(), code.title_zh()),
        other => other.to_string(),
    }
}
