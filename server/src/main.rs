//! The `doorstep` executable.

use std::process::ExitCode;

use clap::Parser as _;

use doorstep::cli::Cli;
use doorstep::commands;

fn main() -> ExitCode {
    match commands::run(Cli::parse()) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("doorstep: {message}");
            ExitCode::FAILURE
        }
    }
}
