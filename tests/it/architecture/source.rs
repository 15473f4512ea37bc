//! The repository's files as the rules see them.
//!
//! Owns reading and simplifying text; it must not know the rules.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold no sources of ours, wherever they are.
const SKIPPED_NAMES: [&str; 3] = [".git", "target", "node_modules"];

/// What a run leaves behind: the server's data, the visits made for the comparison drivers.
const SKIPPED_PATHS: [&str; 2] = ["data", "tests/peers/sync/fixtures"];

/// One text file.
pub struct Source {
    /// The path from the root of the repository, with forward slashes.
    pub path: String,
    /// The file as it is.
    pub text: String,
    /// The file with comments and literals blanked, line by line as before; the same as `text` if it is not Rust.
    pub code: String,
}

/// Returns the root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are one level below the root").to_owned()
}

/// Returns every Rust file of the workspace; the comparison drivers are packages of their own.
pub fn rust() -> Vec<Source> {
    let is_ours = |source: &Source| source.path.ends_with(".rs") && !source.path.starts_with("tests/peers/");
    let found: Vec<_> = texts().into_iter().filter(is_ours).collect();
    assert!(found.len() > 10, "the sources were found");
    found
}

/// Returns every text file of the repository but the lock files, which name registries.
pub fn texts() -> Vec<Source> {
    let mut found = Vec::new();
    walk(&repository(), &mut found);
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found
}

fn walk(directory: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(directory).expect("a readable directory").flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            let is_left_behind = SKIPPED_PATHS.iter().any(|skipped| path == repository().join(skipped));
            if !SKIPPED_NAMES.contains(&name.as_str()) && !is_left_behind {
                walk(&path, found);
            }
        } else if !matches!(name.as_str(), ".git" | "Cargo.lock" | "package-lock.json") {
            // What is not UTF-8 is a picture or a document, not a text.
            found.extend(fs::read_to_string(&path).ok().map(|text| Source::new(&path, text)));
        }
    }
}

impl Source {
    fn new(path: &Path, text: String) -> Self {
        let relative = path.strip_prefix(repository()).expect("a path below the root");
        let path = relative.to_string_lossy().replace('\\', "/");
        let code = if path.ends_with(".rs") { blank(&text) } else { text.clone() };
        Self { path, text, code }
    }

    /// Lists the lines for which a condition holds, as `path:line: text`.
    pub fn lines_where(&self, condition: impl Fn(&str) -> bool) -> impl Iterator<Item = String> {
        let lines: Vec<String> = (1..)
            .zip(self.text.lines())
            .filter(|(_, line)| condition(line))
            .map(|(number, line)| format!("{}:{number}: {}", self.path, line.trim()))
            .collect();
        lines.into_iter()
    }

    /// Lists the lines whose code names a crate: `name::…` or `use name`.
    pub fn lines_naming(&self, name: &str) -> Vec<String> {
        self.lines_with(|line| {
            words(line, name).any(|(before, after)| {
                let is_path = after.starts_with("::") && !before.ends_with("::");
                is_path || matches!(before.trim().rsplit(' ').next(), Some("use" | "crate")) && !before.ends_with("::")
            })
        })
    }

    /// Lists the lines whose code uses a module of the standard library, also from within braces.
    pub fn lines_using_std(&self, module: &str) -> Vec<String> {
        self.lines_with(|line| {
            let direct = words(line, module).any(|(before, _)| before.ends_with("std::"));
            let grouped = line.contains("use std::{") && words(line, module).next().is_some();
            direct || grouped
        })
    }

    /// Lists the lines whose code has a word.
    pub fn lines_with_word(&self, word: &str) -> Vec<String> {
        self.lines_with(|line| words(line, word).next().is_some())
    }

    /// Lists the lines whose code calls a macro.
    pub fn lines_with_macro(&self, name: &str) -> Vec<String> {
        self.lines_with(|line| words(line, name).any(|(_, after)| after.starts_with('!')))
    }

    /// Lists the lines whose code contains a text.
    pub fn lines_containing_code(&self, text: &str) -> Vec<String> {
        self.lines_with(|line| line.contains(text))
    }

    fn lines_with(&self, condition: impl Fn(&str) -> bool) -> Vec<String> {
        let numbered = (1..).zip(self.code.lines().zip(self.text.lines()));
        let hits = numbered.filter(|(_, (code, _))| condition(code));
        hits.map(|(number, (_, text))| format!("{}:{number}: {}", self.path, text.trim())).collect()
    }
}

/// Finds a word in a line and returns what stands before and after each occurrence.
fn words<'a>(line: &'a str, word: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word).filter_map(move |(at, _)| {
        let (before, after) = (line.get(..at)?, line.get(at + word.len()..)?);
        (!before.ends_with(is_part) && !after.starts_with(is_part)).then_some((before, after))
    })
}

/// Replaces comments and the content of literals by spaces and keeps every line break.
fn blank(text: &str) -> String {
    let mut rest = text;
    let mut code = String::with_capacity(text.len());
    while let Some(first) = rest.chars().next() {
        let length = literal_length(rest, code.chars().last());
        if length == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.extend(rest[..length].chars().map(|character| if character == '\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        }
    }
    code
}

/// Returns how many bytes the comment or literal at the start of a text takes; 0 if there is none.
fn literal_length(text: &str, previous: Option<char>) -> usize {
    let follows_word = previous.is_some_and(|character| character.is_alphanumeric() || character == '_');
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return block_comment_length(text);
    }
    if text.starts_with('"') {
        return quoted_length(text, '"');
    }
    if text.starts_with('r') && !follows_word {
        return raw_string_length(text);
    }
    if text.starts_with('\'') { char_length(text) } else { 0 }
}

fn block_comment_length(text: &str) -> usize {
    let mut depth = 0;
    for (at, _) in text.char_indices() {
        if text[at..].starts_with("/*") {
            depth += 1;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            if depth == 0 {
                return at + 2;
            }
        }
    }
    text.len()
}

fn quoted_length(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        if character == quote && !is_escaped {
            return at + quote.len_utf8();
        }
        is_escaped = character == '\\' && !is_escaped;
    }
    text.len()
}

/// `r"…"`, `r#"…"#` and so on; 0 for a raw identifier or an ordinary name.
fn raw_string_length(text: &str) -> usize {
    let hashes = text[1..].chars().take_while(|character| *character == '#').count();
    if !text[1 + hashes..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let body = 2 + hashes;
    text[body..].find(&end).map_or(text.len(), |at| body + at + end.len())
}

/// A character literal; 0 for a lifetime.
fn char_length(text: &str) -> usize {
    let mut characters = text.chars().skip(1);
    match (characters.next(), characters.next()) {
        (Some('\\'), _) => quoted_length(text, '\''),
        (Some(inner), Some('\'')) => 2 + inner.len_utf8(),
        _ => 0,
    }
}

#[test]
fn comments_and_literals_are_blanked() {
    let text = "a /* b /* c */ d */ e // f\n\"g \\\" h\" i r#\"j \" k\"# l 'm' &'n o '\\'' p b\"q\" r#s";
    let left: Vec<String> = blank(text).split_whitespace().map(str::to_owned).collect();
    assert_eq!(left, ["a", "e", "i", "l", "&'n", "o", "p", "b", "r#s"]);
}

#[test]
fn a_crate_is_named_by_path_or_import_only() {
    let named = |code: &str| !Source::new(&repository().join("x.rs"), code.to_owned()).lines_naming("image").is_empty();
    assert!(named("use image::Rgb;") && named("let a = image::open(b);") && named("use image;"));
    assert!(
        !named("let image = 1;") && !named("crate::image::open()") && !named("// image::open") && !named("my_image::a")
    );
}
