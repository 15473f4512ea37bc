//! `formula`: computes a formula of the rulebook from JSON on standard input.

use std::io::Read as _;
use std::process::ExitCode;

use serde_json::Value;
use sync_core::formulas::{self, FORMULAS, FormulaError};
use sync_core::plain_json;

use super::print::{err_line, out_line};

/// Exit code for a formula that does not exist and for input that it cannot read.
const BAD_INPUT: u8 = 2;

/// Reads the input, prints the result as one line of JSON. Without a code it lists the formulas.
pub(super) fn formula(code: Option<&str>) -> Result<ExitCode, String> {
    let Some(code) = code else {
        for formula in FORMULAS {
            out_line!("{}  {:26}  {}", formula.id, formula.code, formula.rules.join(" "));
        }
        return Ok(ExitCode::SUCCESS);
    };
    if !FORMULAS.iter().any(|formula| formula.is_named(code)) {
        return Ok(refused(&format!("{}; --list shows all", FormulaError::Unknown(code.to_owned()))));
    }
    let mut text = Vec::new();
    std::io::stdin().read_to_end(&mut text).map_err(|error| format!("standard input: {error}"))?;
    match computed(code, &text) {
        Ok(result) => {
            out_line!("{result}");
            Ok(ExitCode::SUCCESS)
        }
        Err(why) => Ok(refused(&why)),
    }
}

/// The result of a formula for the bytes of its input, or what is wrong with them.
fn computed(code: &str, text: &[u8]) -> Result<Value, String> {
    let input = plain_json::parse_any_numbers(text).map_err(|error| format!("the input cannot be read: {error}"))?;
    formulas::run(code, &input).map_err(|error| error.to_string())
}

fn refused(why: &str) -> ExitCode {
    err_line!("doorstep formula: {why}");
    ExitCode::from(BAD_INPUT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_answers_by_id_and_by_code() {
        for name in ["F-43", "conversion"] {
            let result = computed(name, br#"{"served": 48, "bought": 18}"#).unwrap();
            assert_eq!(result.to_string(), r#"{"conversion":"0.3750"}"#);
        }
    }

    #[test]
    fn bad_input_is_named_in_words() {
        let why = |text: &[u8]| computed("F-43", text).unwrap_err();
        assert_eq!(why(br#"{"served": 48, "bought": 1.5}"#), "bought: expected a whole number");
        assert_eq!(why(br#"{"served": 48}"#), "bought: is missing");
        assert!(why(br#"{"served": 48, "bought": 1, "bought": 2}"#).contains("stands twice"));
        assert!(why(b"served=48").starts_with("the input cannot be read"));
        assert!(why(b"").starts_with("the input cannot be read"));
    }
}
