//! The table of keys as Markdown: `docs/POLICY.md` is what this writes.

use super::agree::{AGREEMENTS, Agreement};
use super::key::Parameter;
use super::kind::Kind;
use super::table::{FAMILIES, all};

/// What stands above the tables.
const HEAD: &str = "\
# Policy

Every number of the norms that an organisation may set.
A version of the policy (`POST /v1/policies`) says a value for each key; published versions never change.
Where a version says nothing, the default counts; a key without a default is not judged until it has a value.
Values are text: whole numbers and exact decimals (`0.85`), times (`20:00`), days of the year (`11-01`), day spans (`4-7`), \
`true` or `false`, codes, and codes with commas between.

A template names a key where it compares a reading (`threshold: {param: optical_floor_dbm}`) or a rule needs a value
(`min_minutes: {param: absence_wait_minutes}`); a visit follows the policy that it names.
A value that a template says itself counts for visits of that template; the policy counts for everything else.

The code writes this file: `doorstep policy-keys > docs/POLICY.md`, from `sync-core/src/policy/table`.
";

/// The document.
#[must_use]
pub fn markdown() -> String {
    let mut text = HEAD.to_owned();
    text.push_str(&format!("\n{} keys.\n", all().count()));
    for family in FAMILIES {
        text.push_str(&format!("\n## {} ({})\n\n", family.en, family.zh));
        text.push_str(
            "| Key | What | 含义 | Value | Default | Rules | Default from |\n|---|---|---|---|---|---|---|\n",
        );
        family.rows.iter().for_each(|row| text.push_str(&line(row)));
    }
    text.push_str("\n## What keys must say together\n\n");
    for agreement in AGREEMENTS {
        let names: Vec<String> = agreement.keys().iter().map(|key| format!("`{key}`")).collect();
        let said = match agreement {
            Agreement::Ascends(_) => format!("- {}\n", names.join(" ≤ ")),
            Agreement::Differ(..) => format!("- {}\n", names.join(" ≠ ")),
            Agreement::Follows(..) => format!("- the days of {}\n", names.join(" before those of ")),
            Agreement::AddsUpToOne(_) => format!("- {} = 1\n", names.join(" + ")),
        };
        text.push_str(&said);
    }
    text
}

fn line(row: &Parameter) -> String {
    let default = row.kind.default().map_or_else(|| "none".to_owned(), |text| format!("`{text}`"));
    let (value, rules, source) = (value(row), row.rules.join(", "), row.source.text());
    format!("| `{}` | {} | {} | {value} | {default} | {rules} | {source} |\n", row.key, row.en, row.zh)
}

/// Kind, unit and bounds.
fn value(row: &Parameter) -> String {
    let unit = if row.unit.en().is_empty() { String::new() } else { format!(", {}", row.unit.en()) };
    let allowed = match row.kind {
        Kind::OneOf(kind) => format!(": {}", kind.of.join(", ")),
        Kind::ListOf(kind) => format!(" of {}", kind.of.join(", ")),
        Kind::DaySpan(kind) => format!(", up to {}", kind.last),
        kind => kind.bounds().map(|(least, most)| format!(", {least} to {most}")).unwrap_or_default(),
    };
    format!("{}{unit}{allowed}", row.kind.name())
}
