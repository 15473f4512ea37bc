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
    /// Keep finished blobs in this S3 bucket, instead of the data directory [env: `DOORSTEP_S3_BUCKET`]; access keys
    /// come from `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or from the machine's role.
    #[arg(long, value_name = "BUCKET")]
    pub s3_bucket: Option<String>,
    /// Where the bucket is served, such as `https://minio.example:9000`, if not by AWS [env: `DOORSTEP_S3_ENDPOINT`].
    #[arg(long, value_name = "URL")]
    pub s3_endpoint: Option<String>,
    /// The region of the bucket [env: `DOORSTEP_S3_REGION`].
    #[arg(long, value_name = "REGION")]
    pub s3_region: Option<String>,
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

/// Options of `serve`.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// The server's options.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Leave the jobs to other nodes or to a `worker`.
    #[arg(long)]
    pub no_jobs: bool,
}

/// Options of `found`.
#[derive(Debug, clap::Args)]
pub struct FoundArgs {
    /// The server's options.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Short code with which its people sign in: a-z, 0-9, dot, hyphen, underscore.
    #[arg(long)]
    pub code: String,
    /// Name.
    #[arg(long)]
    pub name: String,
    /// Zone of its business rules.
    #[arg(long, default_value = "Asia/Shanghai")]
    pub zone: String,
    /// Login of its administrator.
    #[arg(long, default_value = "admin")]
    pub admin: String,
    /// A team; may be given several times.
    #[arg(long = "team", value_name = "NAME")]
    pub teams: Vec<String>,
    /// A grid; may be given several times.
    #[arg(long = "grid", value_name = "NAME")]
    pub grids: Vec<String>,
}

/// Options of `demo`.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// Directory of the demo company's data; the database is there too, unless `DATABASE_URL` names another.
    #[arg(long, value_name = "DIR", env = "DOORSTEP_DATA_DIR", default_value = "data/demo")]
    pub data: PathBuf,
    /// Configuration file (JSON, any subset of the defaults).
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Listening address, instead of the configured one.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Log format.
    #[arg(long, value_enum, default_value = "text")]
    pub log_format: LogFormat,
    /// Log filter, for example `info` or `debug`.
    #[arg(long, default_value = "warn")]
    pub log: String,
    /// Read the time from this file at each use, to play the dated scenarios; plans no visits of today.
    #[arg(long, value_name = "FILE")]
    pub clock: Option<PathBuf>,
}

/// Options of `demo-photo`.
#[derive(Debug, clap::Args)]
pub struct DemoPhotoArgs {
    /// Photo slot of a template, for example `splitter_label`.
    #[arg(long)]
    pub slot: String,
    /// Number of the order, for example `209-25030401`.
    #[arg(long, value_name = "NUMBER")]
    pub order: String,
    /// A further line in the picture; may be given several times.
    #[arg(long)]
    pub text: Vec<String>,
    /// The JPEG file to write.
    pub out: PathBuf,
}

/// Options of `demo-ink`.
#[derive(Debug, clap::Args)]
pub struct DemoInkArgs {
    /// Name of the signer.
    pub name: String,
    /// The JSON file to write, for `phone sign --ink SLOT=FILE`.
    pub out: PathBuf,
}

/// Options of `verify`.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// The server's options.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Options of `backup`.
#[derive(Debug, clap::Args)]
pub struct BackupArgs {
    /// The server's options.
    #[command(flatten)]
    pub server: ServerArgs,
    /// The directory to write; it must not exist, or be empty.
    pub directory: PathBuf,
    /// Copy blobs also where they could be linked: a linked backup costs no room and shares the disk.
    #[arg(long)]
    pub copy: bool,
    /// Directory of `pg_dump`, if it is not on the PATH.
    #[arg(long, value_name = "DIR", env = "PG_BIN")]
    pub pg_bin: Option<PathBuf>,
}

/// Options of `restore`.
#[derive(Debug, clap::Args)]
pub struct RestoreArgs {
    /// The server's options.
    #[command(flatten)]
    pub server: ServerArgs,
    /// The directory of the backup.
    pub directory: PathBuf,
    /// Take the place of data that are there: the database is moved aside, not removed.
    #[arg(long)]
    pub replace: bool,
    /// Directory of `pg_restore` and `psql`, if they are not on the PATH.
    #[arg(long, value_name = "DIR", env = "PG_BIN")]
    pub pg_bin: Option<PathBuf>,
}

/// What a key of the server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum KeyPurpose {
    /// Receipts and orders; old keys stay in the set, so that old evidence verifies for ever.
    Evidence,
    /// Access tokens.
    Access,
    /// Nothing: phones seal their offline bundles for it; old keys stay and go on opening old bundles.
    Bundle,
}

/// Options of `admin rotate-key`.
#[derive(Debug, clap::Args)]
pub struct RotateKeyArgs {
    /// The server's options.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Which key.
    #[arg(value_enum)]
    pub purpose: KeyPurpose,
    /// Somebody else may have the old key: what it signs counts no more.
    #[arg(long)]
    pub revoke: bool,
}

/// Options of `import bundle`.
#[derive(Debug, clap::Args)]
pub struct ImportBundleArgs {
    /// The server's options.
    #[command(flatten)]
    pub server: ServerArgs,
    /// The file that `phone export` wrote.
    pub file: PathBuf,
}

/// Options of `refit`.
#[derive(Debug, clap::Args)]
pub struct RefitArgs {
    /// The server's options.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Code of the organisation, if there are several.
    #[arg(long, value_name = "CODE")]
    pub organisation: Option<String>,
    /// How many of a hundred photos that were looked at may be told wrongly by a limit, such as `0.5`.
    #[arg(long, value_name = "PERCENT", default_value = "0.5", value_parser = percent)]
    pub most_false: Percent,
    /// Propose nothing for a limit with fewer decisions.
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    pub at_least: usize,
    /// Write the policy with the proposed limits to this file, as the next version; it counts once it is published with
    /// `doorstep admin publish-policy`.
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,
}

/// A share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percent {
    /// In millionths.
    pub ppm: u32,
}

/// Reads a share of a hundred with up to four places.
fn percent(text: &str) -> Result<Percent, String> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let digits = format!("{whole}{part:0<4}");
    let ppm = digits.parse().ok().filter(|_| !whole.is_empty() && part.len() <= 4 && is_number(&digits));
    let ppm = ppm.filter(|ppm| *ppm <= 1_000_000);
    ppm.map(|ppm| Percent { ppm }).ok_or_else(|| "0 to 100, with up to four places".to_owned())
}

/// Options of `admin publish-policy`.
#[derive(Debug, clap::Args)]
pub struct PublishPolicyArgs {
    /// The server's options.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Code of the organisation, if there are several.
    #[arg(long, value_name = "CODE")]
    pub organisation: Option<String>,
    /// The policy (JSON: `version`, `effective_from_ms`, `parameters`), such as `refit --write` makes.
    pub file: PathBuf,
}

/// Options of `admin list-unclaimed`.
#[derive(Debug, clap::Args)]
pub struct ListUnclaimedArgs {
    /// The server's options.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Code of the organisation, if there are several.
    #[arg(long, value_name = "CODE")]
    pub organisation: Option<String>,
    /// Leave out what came later than so many days ago: its records may be on the way.
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    pub older_than_days: u32,
}

/// What can be brought in from files.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Take in the unsent work of a phone, which it exported because it cannot sync.
    ///
    /// All of the file is verified before anything of it counts; the same file again has no second effect. With SQLite
    /// the server must not run meanwhile: while it runs, upload the file (`POST /v1/bundles`). Exit code 1 if the file
    /// is refused, 3 if something in it was not taken.
    Bundle(ImportBundleArgs),
}

/// Administration of an installation.
#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Make a new key of the server and end the signing of the one in force.
    RotateKey(RotateKeyArgs),
    /// Publish a policy version; visits planned from its effect on follow it. A published version never changes.
    PublishPolicy(PublishPolicyArgs),
    /// List the files that phones brought and that no visit and no intent names, each with its age and size.
    ///
    /// Nothing is removed: a phone that was offline may send the records any day. 列出未被引用的文件，不删除任何数据。
    ListUnclaimed(ListUnclaimedArgs),
}

/// Subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server (also runs the jobs).
    Serve(ServeArgs),
    /// Run the jobs alone, beside servers on the same PostgreSQL.
    Worker(ServerArgs),
    /// Bring the database to the current schema and exit.
    Migrate(ServerArgs),
    /// Found an organisation: prints its administrator's login.
    Found(FoundArgs),
    /// Run the server with an invented company, and print how to try it.
    Demo(DemoArgs),
    /// Draw a photo to play a visit with.
    DemoPhoto(DemoPhotoArgs),
    /// Draw a signature to play a visit with.
    DemoInk(DemoInkArgs),
    /// Print the API document.
    Openapi,
    /// Print the table of the policy's keys, as it stands in docs/POLICY.md.
    PolicyKeys,
    /// Copy the data of an installation, also while it runs: the database, then every blob that it names.
    ///
    /// The backup is whole once it has its `backup.json`.
    Backup(BackupArgs),
    /// Bring back a backup, after checking every hash of it; the server must not run.
    ///
    /// The data begin a new epoch: every phone offers again, by itself, what it had sent after the backup was made.
    Restore(RestoreArgs),
    /// Check an installation, also while it runs: build everything anew from the captured bytes, and compare.
    ///
    /// Checks documents and all that follows from them, every blob's hash, every signature of statements, seals and
    /// receipts; after a restore it tells what phones have not brought back. Exit code 1 if anything differs.
    Verify(VerifyArgs),
    /// Tell how well the limits of photo findings agree with what reviewers decided, and which would agree better.
    ///
    /// Reads every decision with what was found then, and changes nothing. A limit is proposed that tells most of what was
    /// confirmed and keeps false alarms under `--most-false`. 按审核员的判定评估照片检查阈值并给出建议，不改动任何数据。
    Refit(RefitArgs),
    /// Bring in what came by another way than the network.
    #[command(subcommand)]
    Import(ImportCommand),
    /// Administer an installation.
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Be a phone: visits offline, sync when there is a network.
    Phone(doorstep_phone::cli::PhoneArgs),
    /// Check that a server or a phone keeps the sync contract.
    Conformance(doorstep_conformance::cli::ConformanceArgs),
    /// Compute a formula of the rulebook: JSON on standard input, JSON on standard output.
    ///
    /// Amounts are decimal strings ("18.30"), money is whole fen, a share is written 0.85 and not 85; results without
    /// data are null. An unknown formula or a missing or faulty field ends with code 2 and names it, for example
    /// `items[2].per_event`.
    ///
    /// Example: echo '{"served": 48, "bought": 18}' | doorstep formula conversion
    #[command(verbatim_doc_comment)]
    Formula {
        /// Code or id, for example `arrival_class` or `F-01`; without it the formulas are listed.
        code: Option<String>,
        /// List every formula with its id, its code and the rules that it computes.
        #[arg(long, conflicts_with = "code")]
        list: bool,
    },
}
