//! `formula`: computes a formula of the rulebook from JSON on standard input.

use std::io::Read as _;
use std::process::ExitCode;

use sync_core::formulas::{self, FORMULAS};

use super::print::{err_line, out_line};

/// Exit code for input that the formula cannot read.
const BAD_INPUT: u8 = 2;

/// Reads the input, prints the result as one line of JSON. Without a code it lists the formulas.
pub(super) fn formula(code: Option<&str>) -> Result<ExitCode, String> {
    let Some(code) = code else {
        for formula in FORMULAS {
            out_line!("{}  {}", formula.id, formula.code);
        }
        return Ok(ExitCode::SUCCESS);
    };
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| format!("standard input: {error}"))?;
    let input = serde_json::from_str(&text).map_err(|error| format!("the input is not JSON: {error}"))?;
    match formulas::run(code, &input) {
        Ok(result) => {
            out_line!("{result}");
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            err_line!("doorstep formula: {error}");
            Ok(ExitCode::from(BAD_INPUT))
        }
    }
}
