//! `demo`: a server with an invented company, ready to be tried.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde_json::json;

use super::banner::{Banner, banner};
use super::print::out_text;
use super::serve::{announce, build, clock, listen};
use crate::app::AppState;
use crate::cli::DemoArgs;
use crate::config::{self, Config};
use crate::demo::{self, DemoError};
use crate::{boot, jobs, telemetry};

/// The rep whose phone the banner enrols.
const REP: &str = "li.ming";

/// Life of an enrolment code: a demo is read at leisure, and its secrets are public anyway.
const CODE_SECS: i64 = 24 * 3600;

/// Puts the demo data in where they are missing, prints how to try them, and serves.
pub(super) fn demo(args: &DemoArgs) -> Result<(), String> {
    telemetry::install(args.log_format, &args.log);
    let config = configure(args)?;
    let clock = clock(args.clock.as_deref())?;
    let listener = listen(&config)?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    boot::block_on(async move {
        let state = build(config, clock).await?;
        let text = prepare(&state, args, address).await.map_err(|error| error.to_string())?;
        out_text!("{text}");
        announce(&listener);
        let _jobs = jobs::spawn_all(&state);
        boot::serve(state, listener).await.map_err(|error| error.to_string())
    })
}

/// Defaults of the demo, then file and environment, then options.
fn configure(args: &DemoArgs) -> Result<Config, String> {
    let database = args.data.join("doorstep.sqlite");
    let own = json!({
        "data_dir": args.data,
        "database_url": format!("sqlite://{}", database.display()),
        "auth": { "enrolment_code_secs": CODE_SECS },
    });
    let mut config = config::load_over(&own, args.config.as_deref()).map_err(|error| error.to_string())?;
    config.s3.check().map_err(|error| error.to_string())?;
    config.data_dir.clone_from(&args.data);
    if let Some(listen) = &args.listen {
        config.listen.clone_from(listen);
    }
    Ok(config)
}

/// Puts the data in and returns what to print.
async fn prepare(state: &AppState, args: &DemoArgs, address: SocketAddr) -> Result<String, DemoError> {
    demo::seed(state).await?;
    // With a clock of its own, a scenario has its own days.
    let today = match args.clock {
        Some(_) => None,
        None => Some(demo::plan_today(state).await?),
    };
    let code = demo::create_code(state, REP).await?.code;
    Ok(banner(&Banner {
        url: format!("http://{}", reachable(address)),
        data: args.data.display().to_string(),
        database: database_shown(&state.config.database_url),
        program: program(),
        clock: args.clock.as_ref().map(|file| file.display().to_string()),
        today,
        rep: REP,
        code,
    }))
}

/// The address by which this machine reaches a listener on every address.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    SocketAddr::new(ip, address.port())
}

/// A database URL without what may be secret.
fn database_shown(url: &str) -> String {
    if url.starts_with("sqlite:") { url.to_owned() } else { "PostgreSQL (DATABASE_URL)".to_owned() }
}

/// This executable as one types it in the current directory.
fn program() -> String {
    let Ok(path) = std::env::current_exe() else { return "doorstep".to_owned() };
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(&path).display().to_string()
}
