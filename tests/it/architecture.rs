//! The named invariants of the architecture, each as a test that says which file breaks it.
//!
//! Owns the rules of `docs/STYLE.md` that can be checked by reading the sources; what the compiler or clippy checks is
//! not repeated here.

mod functions;
mod layers;
mod licence;
mod packages;
mod rules;
mod source;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use packages::{Ban, Policy, Workspace};
use source::{Source, repository};

/// Fails with all findings at once, one a line.
fn assert_none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}\n  {}\n", findings.join("\n  "));
}

/// Lists where a crate is named outside the places that may.
fn named_outside(name: &str, allowed: &[&str]) -> Vec<String> {
    let outside = |source: &&Source| !allowed.iter().any(|place| source.path.starts_with(place));
    source::rust().iter().filter(outside).flat_map(|source| source.lines_naming(name)).collect()
}

#[test]
fn only_the_store_names_diesel() {
    // Tests of sync count rows, check the database file itself after a kill and hear which statements run; one changes rows to
    // see them named, one to say what a reviewer would; those of nodes and of withdrawn
    // consent hold locks beside them. Benchmarks copy rows.
    let looking = [
        "tests/bench/sync/clones.rs",
        "tests/bench/sync/scenario/rows.rs",
        "tests/src/db/",
        "tests/it/store/",
        "tests/it/nodes/",
        "tests/it/sync/helpers.rs",
        "tests/it/sync/crash.rs",
        "tests/it/sync/packs.rs",
        "tests/it/custody/verify.rs",
        "tests/it/findings/rows.rs",
        "tests/it/v1/contacts/withdrawn.rs",
    ];
    let allowed: Vec<&str> = ["server/store/"].into_iter().chain(looking).collect();
    assert_none(
        "diesel belongs to server/store (and to the tests that look at rows):",
        &named_outside("diesel", &allowed),
    );
}

#[test]
fn only_http_and_boot_name_actix_web() {
    let allowed = ["server/src/http/", "server/src/http.rs", "server/src/boot", "tests/"];
    assert_none("actix_web belongs to server/src/http and boot:", &named_outside("actix_web", &allowed));
    assert_none("actix_ws belongs to server/src/http:", &named_outside("actix_ws", &["server/src/http/"]));
}

#[test]
fn only_the_token_module_names_jsonwebtoken() {
    let found = named_outside("jsonwebtoken", &["server/src/auth/token.rs"]);
    assert_none("jsonwebtoken belongs to server/src/auth/token.rs:", &found);
}

#[test]
fn only_the_media_crate_names_image() {
    assert_none("image belongs to server/media:", &named_outside("image", &["server/media/"]));
}

#[test]
fn only_the_sheets_crate_names_calamine() {
    assert_none("calamine belongs to server/sheets:", &named_outside("calamine", &["server/sheets/"]));
}

#[test]
fn only_sync_core_names_automerge() {
    // What no honest client sends is made with the library itself.
    let allowed = [
        "sync-core/",
        "tests/it/siege/inputs.rs",
        "tests/it/sync/hostile",
        "tests/fuzz/targets/",
        "tests/it/repo/samod",
    ];
    assert_none("automerge belongs to sync-core:", &named_outside("automerge", &allowed));
}

#[test]
fn only_the_adapter_of_buckets_names_object_store() {
    let found = named_outside("object_store", &["server/src/adapters/s3_"]);
    assert_none("object_store belongs to server/src/adapters/s3_*.rs:", &found);
}

#[test]
fn the_domain_names_neither_framework_nor_database_nor_runtime() {
    let domain: Vec<_> =
        source::rust().into_iter().filter(|source| source.path.starts_with("server/src/domain")).collect();
    let banned = ["actix_web", "diesel", "doorstep_store", "tokio"];
    let mut found: Vec<String> =
        domain.iter().flat_map(|source| banned.iter().flat_map(|name| source.lines_naming(name))).collect();
    found.extend(domain.iter().flat_map(|source| source.lines_using_std("fs")));
    assert_none("server/src/domain decides, it reaches nothing:", &found);
}

#[test]
fn sync_core_has_no_files_sockets_clocks_threads_or_environment() {
    let modules = ["env", "fs", "net", "os", "process", "thread"];
    let types = ["SystemTime", "Instant", "File", "TcpStream", "UdpSocket"];
    let core: Vec<_> = source::rust().into_iter().filter(|source| source.path.starts_with("sync-core/src/")).collect();
    assert!(!core.is_empty(), "sync-core has sources");
    let mut found = Vec::new();
    for source in &core {
        found.extend(modules.iter().flat_map(|module| source.lines_using_std(module)));
        found.extend(types.iter().flat_map(|name| source.lines_with_word(name)));
        found.extend(["println", "eprintln", "dbg"].iter().flat_map(|name| source.lines_with_macro(name)));
    }
    assert_none("sync-core takes time, randomness and bytes as arguments:", &found);
}

#[test]
fn sync_core_depends_on_no_runtime_database_or_source_of_randomness() {
    let workspace = Workspace::read();
    let direct = workspace.direct_dependencies("sync-core");
    let randomness: Vec<String> = ["getrandom", "rand", "rand_core", "fastrand"]
        .into_iter()
        .filter(|name| direct.contains(*name))
        .map(|name| format!("sync-core/Cargo.toml: {name}"))
        .collect();
    assert_none("sync-core asks nobody for randomness:", &randomness);

    let reached = workspace.normal_dependencies("sync-core");
    assert!(reached.contains("automerge"), "the dependency tree was read");
    let banned: Vec<String> = ["tokio", "diesel", "actix-web", "actix-rt", "libsqlite3-sys", "pq-sys", "ureq", "image"]
        .into_iter()
        .filter(|name| reached.contains(*name))
        .map(|name| format!("{name}; see `cargo tree -p sync-core -i {name}`"))
        .collect();
    assert_none("sync-core is built for phones and browsers too, without:", &banned);
}

// Rule: GEN-05
#[test]
fn rules_count_without_binary_floats() {
    let exact = ["calendar", "clock", "decimal.rs", "formulas", "fraction.rs", "plan", "rules", "template", "visit"];
    let is_exact =
        |source: &&Source| exact.iter().any(|part| source.path.starts_with(&format!("sync-core/src/{part}")));
    let sources = source::rust();
    let found: Vec<String> = sources
        .iter()
        .filter(is_exact)
        .flat_map(|source| ["f32", "f64"].into_iter().flat_map(|name| source.lines_with_word(name)))
        .collect();
    assert_none("rules and formulas count with exact decimals:", &found);
}

#[test]
fn heavy_crates_are_declared_only_where_they_belong() {
    let owners: [(&str, &[&str]); 11] = [
        ("diesel", &["doorstep-store", "integration-tests", "benchmarks"]),
        ("actix-web", &["doorstep", "integration-tests"]),
        ("jsonwebtoken", &["doorstep"]),
        ("image", &["doorstep-media"]),
        ("fast_image_resize", &["doorstep-media"]),
        ("heifer", &["doorstep-media"]),
        ("jpeg-decoder", &["doorstep-media"]),
        ("jpeg-encoder", &["doorstep-media"]),
        ("turbojpeg", &["doorstep-media"]),
        ("automerge", &["sync-core", "integration-tests", "fuzz-targets"]),
        ("object_store", &["doorstep"]),
    ];
    let workspace = Workspace::read();
    let mut found = Vec::new();
    for (name, allowed) in owners {
        let strangers =
            workspace.members_declaring(name).into_iter().filter(|member| !allowed.contains(&member.as_str()));
        found.extend(strangers.map(|member| format!("{member} declares {name}")));
    }
    assert_none("a boundary is a Cargo.toml first:", &found);
}

#[test]
fn every_module_says_what_it_is() {
    let silent = source::rust().into_iter().filter(|source| !source.text.trim_start().starts_with("//!"));
    let found: Vec<String> = silent.map(|source| source.path).collect();
    assert_none("a file begins with `//!`: what it owns, what it must not know:", &found);
}

/// Most lines of a source file.
const FILE_LINES: usize = 600;

#[test]
fn files_stay_short() {
    let long = source::rust().into_iter().filter(|source| source.path != "server/store/src/schema.rs");
    let found: Vec<String> = long
        .map(|source| (source.text.lines().count(), source.path))
        .filter(|(lines, _)| *lines > FILE_LINES)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    assert_none(&format!("a file has at most {FILE_LINES} lines; split it by noun or verb:"), &found);
}

/// Most lines of code in a function, without blank lines and comments.
const FUNCTION_LINES: usize = 80;

#[test]
fn functions_stay_short() {
    let sources = source::rust();
    let all: Vec<_> = sources.iter().flat_map(functions::of).collect();
    assert!(all.len() > 100, "the functions were found");
    let found: Vec<String> = all
        .into_iter()
        .filter(|function| function.lines > FUNCTION_LINES)
        .map(|function| format!("{}: {} has {} lines", function.place, function.name, function.lines))
        .collect();
    assert_none(&format!("a function has at most {FUNCTION_LINES} lines of code:"), &found);
}

#[test]
fn migrations_come_in_pairs() {
    let migrations = repository().join("migrations");
    let [sqlite, postgres] = ["sqlite", "postgres"].map(|engine| directories(&migrations.join(engine)));
    assert!(!sqlite.is_empty(), "there are migrations in migrations/sqlite");
    let mut found: Vec<String> =
        sqlite.symmetric_difference(&postgres).map(|name| format!("{name} exists for one engine only")).collect();
    for (engine, names) in [("sqlite", &sqlite), ("postgres", &postgres)] {
        for name in names {
            let missing = ["up.sql", "down.sql"]
                .into_iter()
                .filter(|file| !migrations.join(engine).join(name).join(file).is_file());
            found.extend(missing.map(|file| format!("migrations/{engine}/{name}/{file} is missing")));
        }
    }
    assert_none("both engines have the same migrations, up and down:", &found);
}

fn directories(path: &Path) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(path) else { return BTreeSet::new() };
    let directories = entries.flatten().filter(|entry| entry.path().is_dir());
    directories.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn nothing_is_left_for_later() {
    let sources = source::rust();
    let unfinished = ["todo", "unimplemented"];
    let mut found: Vec<String> =
        sources.iter().flat_map(|source| unfinished.iter().flat_map(|name| source.lines_with_macro(name))).collect();
    found.extend(sources.iter().flat_map(|source| source.lines_containing_code("#[ignore")));
    for text in source::texts() {
        found.extend(text.lines_where(has_open_note));
    }
    assert_none("no stub, no ignored test, no note without an issue number, as in `TODO(#12)`:", &found);
}

/// Finds a note for later that names no issue.
fn has_open_note(line: &str) -> bool {
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")].into_iter().any(|word| {
        line.match_indices(word).any(|(at, _)| !line.get(at + word.len()..).is_some_and(|rest| rest.starts_with("(#")))
    })
}

#[test]
fn the_repository_stands_alone() {
    // Written in two halves so that this file does not find itself.
    let forbidden = [
        (concat!("/wo", "rk/"), "an absolute machine path"),
        (concat!("/ho", "me/"), "an absolute machine path"),
        (concat!("/ro", "ot/"), "an absolute machine path"),
        (concat!("/Use", "rs/"), "an absolute machine path"),
        (concat!("../sha", "red"), "a file outside the repository"),
        (concat!("crates", ".io"), "a registry's host"),
        (concat!("npmjs", ".org"), "a registry's host"),
        (concat!("pypi", ".org"), "a registry's host"),
    ];
    let mut found = Vec::new();
    for text in source::texts() {
        for (pattern, what) in forbidden {
            found.extend(text.lines_where(|line| line.contains(pattern)).map(|place| format!("{place} ({what})")));
        }
        found.extend(text.lines_where(cites_an_issue).map(|place| format!("{place} (a task outside the repository)")));
    }
    assert_none("the repository names nothing outside itself:", &found);
}

/// Finds the number of a task that only a tracker knows.
fn cites_an_issue(line: &str) -> bool {
    ["Issue", "issue"].into_iter().any(|word| {
        let behind = line.match_indices(word).filter_map(|(at, _)| line.get(at + word.len()..));
        let mut numbers = behind.map(|rest| rest.trim_start_matches([' ', '#']));
        numbers.any(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
    })
}

#[test]
fn every_dependency_has_an_allowed_licence() {
    let policy = Policy::read();
    assert!(policy.licences.contains("Apache-2.0"), "deny.toml was read");
    let packages = Workspace::read().third_party();
    assert!(packages.len() > 50, "the dependencies were read");
    let found: Vec<String> = packages
        .into_iter()
        .filter(|package| !package.licence.as_deref().is_some_and(|terms| licence::allows(terms, &policy.licences)))
        .map(|package| format!("{} {}: {}", package.name, package.version, package.licence.unwrap_or_default()))
        .collect();
    assert_none("licences are those that deny.toml allows:", &found);
}

#[test]
fn no_dependency_is_banned_or_too_old() {
    let policy = Policy::read();
    assert!(policy.bans.iter().any(|ban| ban.name == "serde_cbor"), "deny.toml was read");
    let packages = Workspace::read().third_party();
    let hit = |ban: &Ban| packages.iter().find(|package| ban.covers(package)).map(|package| package.version.clone());
    let found: Vec<String> = policy
        .bans
        .iter()
        .filter_map(|ban| hit(ban).map(|version| format!("{} {version}: {}", ban.name, ban.reason)))
        .collect();
    assert_none("deny.toml bans:", &found);
}
