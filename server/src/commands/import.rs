//! `import bundle`: takes in the unsent work of a phone from a file.

use std::collections::BTreeMap;
use std::fs::File;
use std::process::ExitCode;

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
        let is_kept = imported.items.iter().all(|item| item.fate.is_kept());
        Ok(if is_kept { ExitCode::SUCCESS } else { ExitCode::from(NOT_ALL) })
    })
}

fn print(imported: &Imported) {
    println!("bundle {} of device {}, made {}", imported.bundle, imported.device, imported.made_at.to_rfc3339());
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for item in &imported.items {
        let outcome = outcome(item.fate);
        let code = item.code.as_deref().unwrap_or_default();
        println!("{outcome:<12} {:<9} {}  {code}", item.kind, item.id);
        *counts.entry(outcome).or_default() += 1;
    }
    let counts: Vec<String> = counts.into_iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
    println!("{}", if counts.is_empty() { "nothing in it".to_owned() } else { counts.join(", ") });
    if imported.items.iter().any(|item| !item.fate.is_kept()) {
        println!(
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
