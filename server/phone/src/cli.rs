//! The command line of the phone: types, dispatch and printing.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::client::{Http, Transport};
use crate::clock::PhoneClock;
use crate::commands::{self, Phone};
use crate::error::PhoneResult;
use crate::follow;
use crate::output::{Output, print};
use crate::store::Store;
use crate::sync;
use crate::wipe::Tombstone;

/// A scriptable offline phone.
#[derive(Debug, Args)]
pub struct PhoneArgs {
    /// Directory of the phone's store.
    #[arg(long, global = true, env = "DOORSTEP_PHONE_DIR", default_value = "phone", value_name = "DIR")]
    pub dir: PathBuf,
    /// Read the time from this file at each use (demo data only).
    #[arg(long, global = true, value_name = "FILE")]
    pub clock: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: PhoneCommand,
}

/// Commands of the phone; only `enrol` and `sync` need a network.
///
/// VISIT is an id, a number, a short code, or the beginning of an id or short code.
#[derive(Debug, Subcommand)]
pub enum PhoneCommand {
    /// Bind this phone to a rep with a one-time code.
    Enrol(EnrolArgs),
    /// Send what is unsent, fetch what is new.
    Sync {
        /// After the server was restored: do not wait for what other phones of the crew wrote and will not bring back.
        #[arg(long)]
        relay: bool,
        /// Each byte costs here: send documents, statements and requests, and leave photos and other files for another network.
        #[arg(long)]
        metered: bool,
    },
    /// Drop the bytes of photos that the server holds, by its receipts.
    Free {
        /// Keep what is younger than this: the server may have to be restored from an older backup.
        #[arg(long, value_name = "DAYS", default_value_t = 0)]
        keep_days: u32,
    },
    /// Write everything unsent into one sealed file for the office, without any network.
    ///
    /// Whoever carries the file can read nothing in it. The work stays unsent here until a receipt of the server names it.
    Export {
        /// The file to write; it must not exist.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Write numbered files of at most this size instead, `work-1.bundle` and on for `work.bundle`. Each is whole in
        /// itself; bring all of them, in their order. What is larger than this has a file to itself.
        #[arg(long, value_name = "BYTES")]
        max_bytes: Option<u64>,
    },
    /// Stay on line: sync at the start, when the server says that something moved, and every five minutes.
    Follow,
    /// Show today's visits.
    List {
        /// Show every visit the phone knows.
        #[arg(long)]
        all: bool,
    },
    /// Show everything about a visit; the same as `status VISIT`.
    Show {
        /// The visit.
        visit: String,
    },
    /// Begin a visit: pin its template and policy.
    Start {
        /// The visit.
        visit: String,
    },
    /// Record an event, for instance `depart`, `arrive` or `enter`.
    Event(EventArgs),
    /// Tick a step or one of its items.
    Step(StepArgs),
    /// Take a photo.
    Photo(PhotoArgs),
    /// Withdraw a photo; its bytes are kept.
    Withdraw {
        /// The visit.
        visit: String,
        /// Id of the photo.
        photo: String,
        /// Why: `lost`, `wrong`…
        #[arg(long)]
        reason: String,
    },
    /// Write a caption to a photo.
    Caption {
        /// The visit.
        visit: String,
        /// Id of the photo.
        photo: String,
        /// The caption.
        text: String,
    },
    /// Record a reading.
    Measure(MeasureArgs),
    /// Answer a question.
    Answer(AnswerArgs),
    /// Record an attempt to reach the customer.
    Contact(ContactArgs),
    /// Print the note for the door of a customer for whom this phone waits.
    DoorNote {
        /// The visit.
        visit: String,
        /// `zh-CN` or `en`.
        #[arg(long, default_value = "zh-CN")]
        language: String,
    },
    /// Record material used.
    Material(MaterialArgs),
    /// Begin the working day: where, with an on-duty photo, and what of the kit is there.
    CheckIn(CheckInArgs),
    /// Show what keeps the working day open, and what was used.
    Day {
        /// Another day than today, as YYYY-MM-DD.
        #[arg(long)]
        date: Option<String>,
    },
    /// Ask the office for something.
    Intent(IntentArgs),
    /// Show the form; with ink or a refusal for every slot, seal it.
    Sign(SignArgs),
    /// Record how the customer got the copy of the signed form.
    Copy {
        /// The visit.
        visit: String,
        /// How: on paper, as the QR code shown, or as a link.
        #[arg(long, value_parser = ["paper", "qr", "link"])]
        how: String,
        /// Digest of the form; the newest of the visit if absent.
        #[arg(long, value_name = "DIGEST")]
        statement: Option<String>,
    },
    /// Record how the visit ended.
    Outcome(OutcomeArgs),
    /// Add a paragraph to the notes.
    Note {
        /// The visit.
        visit: String,
        /// The paragraph.
        text: String,
    },
    /// Hand the visit in, or print what is in the way.
    Finish {
        /// The visit.
        visit: String,
    },
    /// Show what is not at the server yet, or how a visit stands.
    Status {
        /// The visit.
        visit: Option<String>,
    },
}

/// Options of `enrol`.
#[derive(Debug, Args)]
pub struct EnrolArgs {
    /// Base URL of the server.
    #[arg(long, value_name = "URL")]
    pub server: String,
    /// Code of the organisation.
    #[arg(long, value_name = "CODE")]
    pub organisation: String,
    /// Login of the rep.
    #[arg(long)]
    pub login: String,
    /// The one-time code.
    #[arg(long)]
    pub code: String,
    /// Name of the phone in lists.
    #[arg(long, default_value = "phone")]
    pub name: String,
}

/// A position.
#[derive(Debug, Args)]
pub struct GeoArgs {
    /// Latitude in degrees.
    #[arg(long, allow_hyphen_values = true)]
    pub lat: Option<String>,
    /// Longitude in degrees.
    #[arg(long, allow_hyphen_values = true)]
    pub lon: Option<String>,
    /// Radius of uncertainty in metres.
    #[arg(long, default_value_t = 10)]
    pub acc: i64,
    /// Coordinate datum: `wgs84`, `gcj02` or `bd09`.
    #[arg(long, default_value = "wgs84")]
    pub datum: String,
    /// Say that the position is simulated, as a phone does that has it from an app.
    #[arg(long, requires = "lat")]
    pub mock_position: bool,
}

/// Options of `event`.
#[derive(Debug, Args)]
pub struct EventArgs {
    /// The visit.
    pub visit: String,
    /// The event.
    pub event: String,
    /// Record it even without effect: what it lacks is on another phone of the crew.
    #[arg(long)]
    pub anyway: bool,
    /// Why.
    #[arg(long)]
    pub reason: Option<String>,
    /// Where.
    #[command(flatten)]
    pub geo: GeoArgs,
}

/// Options of `step`.
#[derive(Debug, Args)]
pub struct StepArgs {
    /// The visit.
    pub visit: String,
    /// `STEP` for all its items, or `STEP/ITEM`.
    pub step: String,
    /// Untick.
    #[arg(long)]
    pub undo: bool,
}

/// Options of `photo`.
#[derive(Debug, Args)]
pub struct PhotoArgs {
    /// The visit.
    pub visit: String,
    /// The file; it is copied.
    pub file: PathBuf,
    /// Slot of the template.
    #[arg(long)]
    pub slot: String,
    /// Chosen from the gallery, not taken now.
    #[arg(long)]
    pub gallery: bool,
    /// Id of the photo it replaces.
    #[arg(long, value_name = "PHOTO")]
    pub replaces: Option<String>,
    /// `document`, `audio` or `video` for what is no photo.
    #[arg(long, value_parser = ["document", "audio", "video"])]
    pub kind: Option<String>,
    /// Where.
    #[command(flatten)]
    pub geo: GeoArgs,
}

/// Options of `measure`.
#[derive(Debug, Args)]
pub struct MeasureArgs {
    /// The visit.
    pub visit: String,
    /// The measurement.
    pub code: String,
    /// The reading, digits as on the display.
    #[arg(allow_hyphen_values = true)]
    pub value: String,
    /// Serial number of the instrument.
    #[arg(long)]
    pub instrument: Option<String>,
    /// Unit, if not the template's.
    #[arg(long)]
    pub unit: Option<String>,
}

/// Options of `answer`.
#[derive(Debug, Args)]
pub struct AnswerArgs {
    /// The visit.
    pub visit: String,
    /// The question.
    pub question: String,
    /// The answer: `true`, an option, options separated by commas, a number, an instant or text.
    #[arg(allow_hyphen_values = true)]
    pub value: String,
}

/// Options of `contact`.
#[derive(Debug, Args)]
pub struct ContactArgs {
    /// The visit.
    pub visit: String,
    /// How.
    #[arg(long, value_parser = ["app_call", "phone", "sms", "wechat", "email", "letter"])]
    pub channel: String,
    /// What came of it.
    #[arg(long, value_parser = ["reached", "no_answer", "refused", "wrong_number"])]
    pub result: String,
    /// Seconds it lasted.
    #[arg(long, default_value_t = 0)]
    pub duration: i64,
    /// Reference of the recording.
    #[arg(long)]
    pub recording: Option<String>,
    /// Why a call has no recording.
    #[arg(long, conflicts_with = "recording")]
    pub reason: Option<String>,
}

/// Options of `material`.
#[derive(Debug, Args)]
pub struct MaterialArgs {
    /// The visit.
    pub visit: String,
    /// Stock code.
    pub sku: String,
    /// Quantity.
    pub quantity: String,
    /// Unit.
    #[arg(long, default_value = "count")]
    pub unit: String,
    /// Serial number.
    #[arg(long)]
    pub serial: Option<String>,
    /// The code was scanned.
    #[arg(long)]
    pub scan: bool,
}

/// Options of `check-in`.
#[derive(Debug, Args)]
pub struct CheckInArgs {
    /// Name of the meeting place.
    #[arg(long)]
    pub place: Option<String>,
    /// On-duty photo; it is copied.
    #[arg(long, value_name = "FILE")]
    pub photo: Option<PathBuf>,
    /// An item of the kit that is there.
    #[arg(long, value_name = "ITEM")]
    pub have: Vec<String>,
    /// An item of the kit that is missing.
    #[arg(long, value_name = "ITEM")]
    pub lack: Vec<String>,
    /// Note on what is missing.
    #[arg(long)]
    pub note: Option<String>,
    /// Where.
    #[command(flatten)]
    pub geo: GeoArgs,
}

/// Options of `intent`.
#[derive(Debug, Args)]
pub struct IntentArgs {
    /// The kind, for instance `create_visit`.
    pub kind: String,
    /// The body as a JSON object; ids, dates and versions may be left out.
    pub body: Option<String>,
    /// One member of the body: NAME=VALUE, the value as JSON or text. `start`, `end` and `notified_at` are instants.
    #[arg(long, short = 'f', value_name = "NAME=VALUE")]
    pub field: Vec<String>,
    /// Version of the thing to change, as seen.
    #[arg(long)]
    pub base_version: Option<i64>,
    /// Photo of a check-in.
    #[arg(long, value_name = "FILE")]
    pub photo: Option<PathBuf>,
}

/// Options of `sign`.
#[derive(Debug, Args)]
pub struct SignArgs {
    /// The visit.
    pub visit: String,
    /// Strokes of a signer: JSON `{width, height, strokes: [[[x, y, t_ms], …], …]}`.
    #[arg(long, value_name = "SLOT=FILE")]
    pub ink: Vec<String>,
    /// A signer refuses.
    #[arg(long, value_name = "SLOT=REASON")]
    pub refuse: Vec<String>,
    /// Name of a signer, where it is not the customer's or the rep's.
    #[arg(long, value_name = "SLOT=NAME")]
    pub name: Vec<String>,
    /// Language of the text: `zh-CN` or `en`.
    #[arg(long)]
    pub language: Option<String>,
    /// Seal it even if the visit is not ready: what it lacks is on another phone of the crew.
    #[arg(long)]
    pub anyway: bool,
    /// Document to sign, if the template has several.
    #[arg(long)]
    pub document: Option<String>,
    /// Where.
    #[command(flatten)]
    pub geo: GeoArgs,
}

/// Options of `outcome`.
#[derive(Debug, Args)]
pub struct OutcomeArgs {
    /// The visit.
    pub visit: String,
    /// The outcome.
    pub code: String,
    /// Why; needed for every outcome but `completed`.
    #[arg(long)]
    pub reason: Option<String>,
}

/// Runs a command and prints its answer.
///
/// Exit codes: 0 done, 1 failed, 2 the rules of the visit stand against it, 3 the server must be tried again.
///
/// # Errors
/// A message for the terminal.
pub fn run(args: PhoneArgs) -> Result<ExitCode, String> {
    match execute(&args) {
        Ok(output) => {
            let line = if args.json { output.json.to_string() } else { output.text };
            print(&mut io::stdout().lock(), &line)?;
            Ok(ExitCode::from(output.code))
        }
        Err(error) => {
            if args.json {
                let answer = json!({"error": {"code": error.code(), "message": error.to_string()}});
                print(&mut io::stdout().lock(), &answer.to_string())?;
            }
            print(&mut io::stderr().lock(), &format!("doorstep phone: {error}"))?;
            Ok(ExitCode::from(error.exit_code()))
        }
    }
}

/// Finds the phone and runs a command on it; only `enrol` makes a store.
///
/// # Errors
/// What stands against it; [`PhoneError::Network`](crate::error::PhoneError::Network) without an answer of the server.
pub fn execute(args: &PhoneArgs) -> PhoneResult<Output> {
    if let Some(wiped) = Tombstone::read(&args.dir)? {
        let goes_on = wiped.take_up(&args.dir, &args.command, &mut Http::new(wiped.server()))?;
        if let Some(output) = goes_on {
            return Ok(output);
        }
    }
    let store = match &args.command {
        PhoneCommand::Enrol(_) => Store::create(&args.dir)?,
        _ => Store::open(&args.dir)?,
    };
    let phone = Phone { store, clock: PhoneClock::new(args.clock.clone())? };
    match &args.command {
        PhoneCommand::Enrol(enrol) => commands::enrol::enrol(&phone, enrol, &mut Http::new(&enrol.server)),
        PhoneCommand::Sync { relay, metered } => {
            let server = phone.store.read(|tx| Ok(tx.enrolment()?.server))?;
            let transport: &mut dyn Transport = &mut Http::new(&server);
            sync::run(&phone, transport, sync::How { relays: *relay, is_metered: *metered })
        }
        PhoneCommand::Follow => {
            let server = phone.store.read(|tx| Ok(tx.enrolment()?.server))?;
            follow::run(&phone, &server, args.json)
        }
        offline => run_offline(&phone, offline),
    }
}

/// Everything that needs no network.
pub(crate) fn run_offline(phone: &Phone, command: &PhoneCommand) -> PhoneResult<Output> {
    use commands::{capture, day, door_note, finish, free, intent, list, photo, sign, status};
    match command {
        PhoneCommand::Enrol(_) | PhoneCommand::Sync { .. } | PhoneCommand::Follow => {
            crate::error::usage("this command needs a server")
        }
        PhoneCommand::Export { out, max_bytes } => sync::export::export(phone, out, *max_bytes),
        PhoneCommand::Free { keep_days } => free::free(phone, *keep_days),
        PhoneCommand::List { all } => list::list(phone, *all),
        PhoneCommand::Show { visit } | PhoneCommand::Status { visit: Some(visit) } => status::visit(phone, visit),
        PhoneCommand::Status { visit: None } => status::phone(phone),
        PhoneCommand::Start { visit } => capture::start(phone, visit),
        PhoneCommand::Event(args) => capture::event(phone, args),
        PhoneCommand::Step(args) => capture::step(phone, args),
        PhoneCommand::Photo(args) => photo::photo(phone, args),
        PhoneCommand::Withdraw { visit, photo, reason } => photo::withdraw(phone, visit, photo, reason),
        PhoneCommand::Caption { visit, photo, text } => photo::caption(phone, visit, photo, text),
        PhoneCommand::Measure(args) => capture::measure(phone, args),
        PhoneCommand::Answer(args) => capture::answer(phone, args),
        PhoneCommand::Contact(args) => capture::contact(phone, args),
        PhoneCommand::DoorNote { visit, language } => door_note::show(phone, visit, language),
        PhoneCommand::Material(args) => capture::material(phone, args),
        PhoneCommand::CheckIn(args) => day::check_in(phone, args),
        PhoneCommand::Day { date } => day::closing(phone, date.as_deref()),
        PhoneCommand::Intent(args) => intent::intent(phone, args),
        PhoneCommand::Sign(args) => sign::sign(phone, args),
        PhoneCommand::Copy { visit, how, statement } => sign::copy(phone, visit, how, statement.as_deref()),
        PhoneCommand::Outcome(args) => capture::outcome(phone, args),
        PhoneCommand::Note { visit, text } => capture::note(phone, visit, text),
        PhoneCommand::Finish { visit } => finish::finish(phone, visit),
    }
}
