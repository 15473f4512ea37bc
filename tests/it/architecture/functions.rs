//! Finds functions and their lengths in blanked code.

use super::source::Source;

/// One function with a body.
pub struct Function {
    /// `path:line` of its name.
    pub place: String,
    /// Its name.
    pub name: String,
    /// Its lines of code from the signature to the closing brace.
    pub lines: usize,
}

/// Lists the functions of a file.
pub fn of(source: &Source) -> Vec<Function> {
    let code = source.code.as_str();
    let starts = code.match_indices("fn ").filter(|(at, _)| !code[..*at].ends_with(is_word));
    starts.filter_map(|(at, _)| function(source, at)).collect()
}

/// Lists the names of the tests of a file.
pub fn tests_of(source: &Source) -> Vec<String> {
    let marked = source.code.split("test(").flat_map(|part| part.split("test]")).skip(1);
    marked
        .filter_map(|rest| rest.split("fn ").nth(1))
        .map(|rest| rest.chars().take_while(|character| is_word(*character)).collect())
        .collect()
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn function(source: &Source, at: usize) -> Option<Function> {
    let code = source.code.get(at..)?;
    let name: String = code.get(3..)?.chars().take_while(|character| is_word(*character)).collect();
    let open = body_start(code)?;
    let end = open + matching_brace(code.get(open..)?)?;
    let lines = code.get(..end)?.lines().filter(|line| !line.trim().is_empty()).count();
    let number = source.code.get(..at)?.matches('\n').count() + 1;
    (!name.is_empty()).then(|| Function { place: format!("{}:{number}", source.path), name, lines })
}

/// Finds the brace that opens the body; a declaration ends at a semicolon instead.
fn body_start(code: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, character) in code.char_indices() {
        match character {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ';' if depth == 0 => return None,
            '{' if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// Returns the distance to just behind the brace that closes the first one.
fn matching_brace(code: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, character) in code.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(at + 1),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}
