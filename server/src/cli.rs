//! The command line: types only.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::telemetry::LogFormat;

/// Doorstep: field visits, proof photos and signed acceptance forms.
#[derive(Debug, Parser)]
#[command(name = "doorstep", version, about, long_about = None)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command that opens the server's data.
#[derive(Debug, clap::Args)]
pub struct ServerArgs {
    /// Configuration file (JSON, any subset of the defaults).
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Listening address, instead of the configured one.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Log format.
    #[arg(long, value_enum, default_value = "json")]
    pub log_format: LogFormat,
    /// Log filter, for example `info` or `debug`.
    #[arg(long, default_value = "info")]
    pub log: String,
    /// Read the time from this file at each use (demo data only).
    #[arg(long, value_name = "FILE")]
    pub clock: Option<PathBuf>,
}

/// Subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server (also runs the jobs).
    Serve(ServerArgs),
    /// Bring the database to the current schema and exit.
    Migrate(ServerArgs),
    /// Print the API document.
    Openapi,
    /// Compute a formula of the rulebook: JSON on standard input, JSON on standard output.
    ///
    /// Exit code 2 names the field that is missing or faulty.
    Formula {
        /// Code or id, for example `arrival_class` or `F-01`; without it the formulas are listed.
        code: Option<String>,
    },
}
