//! `verify`: checks an installation and says what differs.

use std::process::ExitCode;

use super::print::{err_line, out_line};
use super::serve::{clock, prepare};
use crate::adapters::objects;
use crate::boot;
use crate::cli::VerifyArgs;
use crate::verify::{Gaps, Report, Verifier};

/// Most things named one by one; all are counted.
const MAX_NAMED: usize = 1_000;

/// Verifies and prints; exit code 1 if anything differs.
pub(super) fn verify(args: &VerifyArgs) -> Result<ExitCode, String> {
    let config = prepare(&args.server)?;
    let now = clock(args.server.clock.as_deref())?.now();
    boot::block_on(async move {
        let store = boot::open_for_reading(&config).await.map_err(|error| error.to_string())?;
        let objects = objects::open(&config).map_err(|error| error.to_string())?;
        objects::check(&*objects).await.map_err(|error| error.to_string())?;
        let verifier = Verifier { store, objects, now };
        let say = |text: &str| err_line!("{text}");
        let report = verifier.run(&say).await.map_err(|error| error.to_string())?;
        print(&report);
        Ok(if report.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

fn print(report: &Report) {
    for (what, count) in &report.counts {
        out_line!("checked  {count} {what}");
    }
    for found in report.differences.iter().take(MAX_NAMED) {
        out_line!("differs  {}  {}  {}  {}", found.check, found.id, found.what, found.org);
    }
    for gaps in &report.gaps {
        print_gaps(gaps);
    }
    match report.differences.len() {
        0 => out_line!("result   everything is as the captured bytes say / 全部一致"),
        count => out_line!("result   {count} differences / {count} 处不一致"),
    }
}

/// What is out after a restore is no fault of the data: phones bring it when they sync.
fn print_gaps(gaps: &Gaps) {
    out_line!(
        "restored {} from the backup of {}: {} devices not heard of since, {} things named and not back, {} visits \
         without all their evidence  {}",
        gaps.restored_at.to_rfc3339(),
        gaps.backup_made_at.to_rfc3339(),
        gaps.unheard.len(),
        gaps.open.len(),
        gaps.incomplete.len(),
        gaps.org
    );
    for device in gaps.unheard.iter().take(MAX_NAMED) {
        out_line!("unheard  device {device}");
    }
    for (kind, visit, item) in gaps.open.iter().take(MAX_NAMED) {
        out_line!("awaited  {kind} {visit} {item}");
    }
    for visit in gaps.incomplete.iter().take(MAX_NAMED) {
        out_line!("awaited  evidence {visit}");
    }
}
