//! What each subcommand does.

mod backup;
mod banner;
mod demo;
mod demo_files;
mod formula;
mod found;
mod import;
mod print;
mod private_files;
mod refit;
mod serve;
mod unclaimed;
mod verify;

use std::process::ExitCode;

use print::out_text;

use crate::cli::{AdminCommand, Cli, Command, ImportCommand};

/// Runs the command of the command line.
///
/// # Errors
/// A message for the terminal.
pub fn run(cli: Cli) -> Result<ExitCode, String> {
    if keeps_data(&cli.command) {
        private_files::from_now_on();
    }
    match cli.command {
        Command::Serve(args) => serve::serve(&args).map(|()| ExitCode::SUCCESS),
        Command::Worker(args) => serve::work(&args).map(|()| ExitCode::SUCCESS),
        Command::Migrate(args) => serve::migrate(&args).map(|()| ExitCode::SUCCESS),
        Command::Found(args) => found::found(args).map(|()| ExitCode::SUCCESS),
        Command::Demo(args) => demo::demo(&args).map(|()| ExitCode::SUCCESS),
        Command::DemoPhoto(args) => demo_files::photo(&args).map(|()| ExitCode::SUCCESS),
        Command::DemoInk(args) => demo_files::ink(&args).map(|()| ExitCode::SUCCESS),
        Command::Backup(args) => backup::backup(args),
        Command::Restore(args) => backup::restore(args),
        Command::Verify(args) => verify::verify(&args),
        Command::Refit(args) => refit::refit(&args),
        Command::Import(ImportCommand::Bundle(args)) => import::bundle(&args),
        Command::Admin(AdminCommand::RotateKey(args)) => backup::rotate_key(args),
        Command::Admin(AdminCommand::PublishPolicy(args)) => refit::publish_policy(&args),
        Command::Admin(AdminCommand::ListUnclaimed(args)) => unclaimed::list(&args),
        Command::Phone(args) => doorstep_phone::cli::run(args),
        Command::Conformance(args) => doorstep_conformance::cli::run(&args),
        Command::Formula { code, list: _ } => formula::formula(code.as_deref()),
        Command::PolicyKeys => {
            out_text!("{}", sync_core::policy::markdown());
            Ok(ExitCode::SUCCESS)
        }
        Command::Openapi => {
            out_text!("{}", crate::http::openapi::yaml()?);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Whether a command may write the data of a server or phone, with the keys that are in them; the others print, or
/// draw what a person asked for.
const fn keeps_data(command: &Command) -> bool {
    !matches!(
        command,
        Command::DemoPhoto(_) | Command::DemoInk(_) | Command::Formula { .. } | Command::Openapi | Command::PolicyKeys
    )
}
