//! What each subcommand does.

mod formula;
mod serve;

use std::process::ExitCode;

use crate::cli::{Cli, Command};

/// Runs the command of the command line.
///
/// # Errors
/// A message for the terminal.
pub fn run(cli: Cli) -> Result<ExitCode, String> {
    match cli.command {
        Command::Serve(args) => serve::serve(&args).map(|()| ExitCode::SUCCESS),
        Command::Migrate(args) => serve::migrate(&args).map(|()| ExitCode::SUCCESS),
        Command::Formula { code } => formula::formula(code.as_deref()),
        Command::Openapi => {
            print!("{}", crate::http::openapi::yaml()?);
            Ok(ExitCode::SUCCESS)
        }
    }
}
