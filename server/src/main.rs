//! The `doorstep` executable.

use std::process::ExitCode;

use clap::Parser as _;

use doorstep::cli::{Cli, Command};
use doorstep::{commands, memory};

fn main() -> ExitCode {
    let cli = Cli::parse();
    if matches!(cli.command, Command::Serve(_) | Command::Worker(_) | Command::Demo(_)) {
        memory::settle();
    }
    match commands::run(cli) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("doorstep: {message}");
            ExitCode::FAILURE
        }
    }
}
