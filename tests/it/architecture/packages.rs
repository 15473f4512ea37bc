//! The workspace's packages as Cargo sees them, and the policy of `deny.toml`.
//!
//! Cargo is asked off line: what a test run needs has been fetched to build it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use serde::Deserialize;

use super::source::repository;

/// What `cargo metadata` says, as far as the rules need it.
#[derive(Deserialize)]
pub struct Workspace {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
    resolve: Resolve,
}

/// One package.
#[derive(Deserialize)]
pub struct Package {
    id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence expression.
    #[serde(rename = "license")]
    pub licence: Option<String>,
    dependencies: Vec<Declared>,
}

#[derive(Deserialize)]
struct Declared {
    name: String,
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

impl Workspace {
    /// Asks Cargo for the packages that are built on this machine.
    pub fn read() -> Self {
        let host = cargo(&["-vV"]);
        let host = host.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo names its host");
        let metadata =
            cargo(&["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host]);
        serde_json::from_str(&metadata).expect("cargo's description of the workspace")
    }

    /// Returns the names that a member declares as ordinary dependencies.
    pub fn direct_dependencies(&self, member: &str) -> BTreeSet<String> {
        let declared = &self.member(member).dependencies;
        declared.iter().filter(|one| one.kind.is_none()).map(|one| one.name.clone()).collect()
    }

    /// Returns the names of the members that declare a dependency, of whatever kind.
    pub fn members_declaring(&self, name: &str) -> Vec<String> {
        let members = self.packages.iter().filter(|package| self.workspace_members.contains(&package.id));
        let declaring = members.filter(|package| package.dependencies.iter().any(|one| one.name == name));
        declaring.map(|package| package.name.clone()).collect()
    }

    /// Returns the names of everything that ends up in a build of a member, without its tests and build scripts.
    ///
    /// Features are those of the whole workspace, so the set may be larger than that of the member alone.
    pub fn normal_dependencies(&self, member: &str) -> BTreeSet<String> {
        let names: BTreeMap<&str, &str> =
            self.packages.iter().map(|package| (package.id.as_str(), package.name.as_str())).collect();
        let nodes: BTreeMap<&str, &Node> = self.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let mut open = vec![self.member(member).id.as_str()];
        let mut reached = BTreeSet::new();
        while let Some(id) = open.pop() {
            if reached.insert(id) {
                let edges = nodes[id].deps.iter().filter(|edge| edge.dep_kinds.iter().any(|kind| kind.kind.is_none()));
                open.extend(edges.map(|edge| edge.pkg.as_str()));
            }
        }
        reached.into_iter().map(|id| names[id].to_owned()).collect()
    }

    /// Returns every package that is not ours.
    pub fn third_party(self) -> Vec<Package> {
        let members = self.workspace_members;
        self.packages.into_iter().filter(|package| !members.contains(&package.id)).collect()
    }

    fn member(&self, name: &str) -> &Package {
        let is_member = |package: &&Package| package.name == name && self.workspace_members.contains(&package.id);
        self.packages.iter().find(is_member).unwrap_or_else(|| panic!("{name} is a member of the workspace"))
    }
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(repository()).output().expect("cargo runs");
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo prints text")
}

/// The parts of `deny.toml` that are checked here too, so that they hold where `cargo deny` is not installed.
pub struct Policy {
    /// The allowed licences.
    pub licences: BTreeSet<String>,
    /// The banned crates and versions.
    pub bans: Vec<Ban>,
}

/// A crate that must not be built, altogether or below a version.
pub struct Ban {
    /// Its name.
    pub name: String,
    below: Option<Version>,
    /// Why.
    pub reason: String,
}

type Version = [u64; 3];

impl Policy {
    /// Reads `deny.toml`, whose lists have one entry a line.
    pub fn read() -> Self {
        let text = fs::read_to_string(repository().join("deny.toml")).expect("deny.toml");
        let licences = entries(&text, "allow = [").filter_map(|line| quoted(line, "")).collect();
        let bans = entries(&text, "deny = [").map(|line| Ban::parse(line).expect(line)).collect();
        Self { licences, bans }
    }
}

impl Ban {
    /// Reads `{ crate = "name:<1.2.3", reason = "…" },`.
    fn parse(line: &str) -> Option<Self> {
        let spec = quoted(line, "crate = ")?;
        let reason = quoted(line, "reason = ")?;
        let (name, below) = match spec.split_once(":<") {
            Some((name, bound)) => (name.to_owned(), Some(version(bound)?)),
            None => (spec, None),
        };
        Some(Self { name, below, reason })
    }

    /// Tells whether a package is what the ban means.
    pub fn covers(&self, package: &Package) -> bool {
        let is_too_old = |bound| version(&package.version).is_none_or(|found| found < bound);
        package.name == self.name && self.below.is_none_or(is_too_old)
    }
}

/// The lines of a list, without comments.
fn entries<'a>(text: &'a str, opening: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = text.lines().map(str::trim).skip_while(move |line| *line != opening).skip(1);
    lines.take_while(|line| *line != "]").filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The first quoted text behind a key.
fn quoted(line: &str, key: &str) -> Option<String> {
    let (_, value) = line.split_once(&format!("{key}\""))?;
    value.split_once('"').map(|(text, _)| text.to_owned())
}

fn version(text: &str) -> Option<Version> {
    let numbers = text.split(['-', '+']).next()?.split('.').map(str::parse).collect::<Result<Vec<u64>, _>>().ok()?;
    numbers.try_into().ok()
}
