//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::report::Report;
use crate::{client, server};

/// Checks that a server or a phone keeps the sync contract.
#[derive(Debug, Args)]
pub struct ConformanceArgs {
    /// Print one JSON object instead of lines.
    #[arg(long, global = true)]
    pub json: bool,
    /// Which side is checked.
    #[command(subcommand)]
    pub side: Side,
}

/// The side that is checked.
#[derive(Debug, Subcommand)]
pub enum Side {
    /// Drive a server through the contract as a phone would.
    ///
    /// Enrols one device and makes visits of its own, which stay: use a test organisation.
    Server(ServerSideArgs),
    /// Drive a phone through cuts, replays and clock jumps, by an adapter program.
    ///
    /// The adapter is called as `ADAPTER WORDS…`; docs/CONFORMANCE.md lists the words.
    Client(ClientArgs),
}

/// Where the server is and who enrols.
#[derive(Debug, Clone, Args)]
pub struct ServerArgs {
    /// Base URL of the server.
    #[arg(long, value_name = "URL")]
    pub server: String,
    /// Code of the organisation.
    #[arg(long, value_name = "CODE")]
    pub organisation: String,
    /// Login of a rep.
    #[arg(long)]
    pub login: String,
    /// One-time enrolment code of the rep. The checks of a phone give it to the device that looks at the server, which
    /// then asks for the phone's.
    #[arg(long)]
    pub code: String,
    /// Run only checks whose name contains this; may be given several times.
    #[arg(long, value_name = "TEXT")]
    pub only: Vec<String>,
}

impl ServerArgs {
    /// Whether a check of this name is asked for.
    pub(crate) fn asks_for(&self, check: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|text| check.contains(text.as_str()))
    }
}

/// How a server is driven.
#[derive(Debug, Clone, Args)]
pub struct ServerSideArgs {
    /// Where the server is and who enrols.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Login of an administrator, who suspends, revokes and wipes devices of the checks. Without it those checks are left out.
    #[arg(long, value_name = "LOGIN", requires = "admin_password")]
    pub admin: Option<String>,
    /// The administrator's password.
    #[arg(long, value_name = "PASSWORD", env = "DOORSTEP_ADMIN_PASSWORD", hide_env_values = true)]
    pub admin_password: Option<String>,
}

/// How a phone is driven.
#[derive(Debug, Clone, Args)]
pub struct ClientArgs {
    /// Where the server is and who enrols.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Directory for the phone's store and clock file; must not exist.
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
    /// Seed of the cuts.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Rounds of capture and cut.
    #[arg(long, default_value_t = 12)]
    pub rounds: u32,
    /// The adapter and its leading words; without it, `doorstep phone` is driven.
    #[arg(last = true)]
    pub adapter: Vec<String>,
}

/// Runs the checks and prints their verdicts; the exit code is 1 if anything broke.
///
/// # Errors
/// A message for the terminal, if the checks could not even begin.
pub fn run(args: &ConformanceArgs) -> Result<ExitCode, String> {
    let mut report = Report::new(args.json);
    match &args.side {
        Side::Server(args) => server::run(args, &mut report)?,
        Side::Client(args) => client::run(args, &mut report)?,
    }
    report.finish()
}
