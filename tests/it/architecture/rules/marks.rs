//! Finds the comments that name rules, and what they stand before.

use super::super::source::Source;

/// A rule named before an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Id of the rule.
    pub rule: String,
    /// File and line of the comment, for failures.
    pub place: String,
    /// File of the comment.
    pub path: String,
    /// Name of the item; `None` if the comment stands before none.
    pub name: Option<String>,
    /// Whether the item is a test.
    pub is_test: bool,
    /// Whether the file holds nothing but tests.
    pub is_in_tests: bool,
}

/// Words that an item may have before the one that says what it is.
const MODIFIERS: [&str; 5] = ["pub", "pub(super)", "pub(crate)", "async", "const"];

/// Words that say what an item is.
const KINDS: [&str; 8] = ["fn", "struct", "enum", "trait", "mod", "type", "static", "impl"];

/// Lists the marks of a file.
pub fn of(source: &Source) -> Vec<Mark> {
    let lines: Vec<&str> = source.text.lines().collect();
    let mut marks = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let rules = rules_of(line);
        if rules.is_empty() {
            continue;
        }
        let (name, is_test) = item_after(&lines, at);
        for rule in rules {
            marks.push(Mark {
                rule,
                place: format!("{}:{}", source.path, at + 1),
                path: source.path.clone(),
                name: name.clone(),
                is_test,
                is_in_tests: source.path.starts_with("tests/") || source.path.contains("/tests/"),
            });
        }
    }
    marks
}

/// The rules that a line names, if it is a comment that does nothing else.
fn rules_of(line: &str) -> Vec<String> {
    let line = line.trim_start();
    let comment = ["/// ", "// "].into_iter().find_map(|start| line.strip_prefix(start));
    let list = comment.and_then(|text| text.strip_prefix("Rule: ").or_else(|| text.strip_prefix("Rules: ")));
    list.map_or_else(Vec::new, |list| list.trim_end_matches('.').split(", ").map(str::to_owned).collect())
}

/// The name of the item behind a line, and whether it is a test.
fn item_after(lines: &[&str], at: usize) -> (Option<String>, bool) {
    let mut is_test = false;
    for line in lines.iter().skip(at + 1).map(|line| line.trim()) {
        if line.starts_with("#[") {
            is_test |= line.contains("test]") || line.contains("test(");
        } else if !line.starts_with("//") {
            return (item(line), is_test);
        }
    }
    (None, false)
}

/// The name of the item that a line begins.
fn item(line: &str) -> Option<String> {
    let mut words = line.split_whitespace().skip_while(|word| MODIFIERS.contains(word)).peekable();
    // What is constant and no function is named at once.
    if line.contains("const ") && !words.peek().is_some_and(|word| KINDS.contains(word)) {
        return words.next().map(named);
    }
    let kind = words.next().filter(|word| KINDS.contains(word) || word.starts_with("impl<"))?;
    if kind.starts_with("impl") {
        return Some(line.trim_end_matches(['{', ' ']).to_owned());
    }
    words.next().map(named)
}

fn named(word: &str) -> String {
    word.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect()
}

#[test]
fn a_mark_names_the_item_behind_it() {
    let lines = [
        "// Rule: APT-04",
        "#[test]",
        "async fn told_in_time() {",
        "",
        "/// Rules: APT-06, APT-07.",
        "/// More.",
        "pub(super) const WAIT: i64 = 15;",
        "// Rule: APT-08",
        "",
        "// Rule: APT-09",
        "impl Ord for Job {",
        "// a Rule: X",
    ];
    let item = |at| item_after(&lines, at);
    assert_eq!(rules_of(lines[0]), ["APT-04"]);
    assert_eq!(item(0), (Some("told_in_time".into()), true));
    assert_eq!(rules_of(lines[4]), ["APT-06", "APT-07"]);
    assert_eq!(item(4), (Some("WAIT".into()), false));
    assert_eq!(item(7), (None, false), "an empty line");
    assert_eq!(item(9), (Some("impl Ord for Job".into()), false));
    assert_eq!(rules_of(lines[11]), Vec::<String>::new());
}
