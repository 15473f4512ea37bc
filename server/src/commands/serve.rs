//! `serve`, `worker` and `migrate`.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use super::print::out_line;
use crate::adapters::file_clock::FileClock;
use crate::adapters::system::SystemClock;
use crate::app::AppState;
use crate::cli::{ServeArgs, ServerArgs};
use crate::config::{self, Config};
use crate::ports::Clock;
use crate::{boot, demo, jobs, telemetry};

/// Runs the server until it is told to stop.
pub(super) fn serve(args: &ServeArgs) -> Result<(), String> {
    let (server, has_jobs) = (&args.server, !args.no_jobs);
    let config = prepare(server)?;
    let clock = clock(server.clock.as_deref())?;
    let is_clock_set = server.clock.is_some();
    let listener = listen(&config)?;
    boot::block_on(async move {
        let state = build(config, clock).await?;
        check_clock(&state, is_clock_set).await?;
        let _jobs = has_jobs.then(|| jobs::spawn_all(&state));
        announce(&listener);
        boot::serve(state, listener).await.map_err(|error| error.to_string())
    })
}

/// Runs the jobs alone, beside nodes that serve.
pub(super) fn work(args: &ServerArgs) -> Result<(), String> {
    let config = prepare(args)?;
    if config.database_url.starts_with("sqlite:") {
        return Err(
            "a worker needs PostgreSQL: with SQLite one process does everything, and `serve` runs the jobs".into()
        );
    }
    let clock = clock(args.clock.as_deref())?;
    let is_clock_set = args.clock.is_some();
    boot::block_on(async move {
        let state = build(config, clock).await?;
        check_clock(&state, is_clock_set).await?;
        out_line!("working");
        boot::work(&state).await.map_err(|error| error.to_string())
    })
}

/// A clock from a file would falsify real data.
async fn check_clock(state: &AppState, is_clock_set: bool) -> Result<(), String> {
    if is_clock_set && !demo::is_demo_data(state).await.map_err(|error| error.to_string())? {
        let organisation = demo::ORGANISATION;
        return Err(format!("--clock is for demo data only: this database has no organisation {organisation}"));
    }
    Ok(())
}

/// Brings the database to the current schema.
pub(super) fn migrate(args: &ServerArgs) -> Result<(), String> {
    let config = prepare(args)?;
    boot::block_on(async move { boot::open_store(&config).await.map(drop).map_err(|error| error.to_string()) })
}

/// Takes the configured address.
pub(super) fn listen(config: &Config) -> Result<TcpListener, String> {
    TcpListener::bind(&config.listen).map_err(|error| format!("cannot listen on {}: {error}", config.listen))
}

/// Prints the line that scripts and tests wait for.
pub(super) fn announce(listener: &TcpListener) {
    if let Ok(address) = listener.local_addr() {
        out_line!("listening on http://{address}");
    }
}

pub(super) async fn build(config: Config, clock: Arc<dyn Clock>) -> Result<AppState, String> {
    boot::build_state(config, clock).await.map_err(|error| error.to_string())
}

pub(super) fn prepare(args: &ServerArgs) -> Result<Config, String> {
    telemetry::install(args.log_format, &args.log);
    let mut config = config::load(args.config.as_deref()).map_err(|error| error.to_string())?;
    if let Some(listen) = &args.listen {
        config.listen.clone_from(listen);
    }
    if let Some(region) = &args.s3_region {
        config.s3.region.clone_from(region);
    }
    config.s3.bucket = args.s3_bucket.clone().or(config.s3.bucket);
    config.s3.endpoint = args.s3_endpoint.clone().or(config.s3.endpoint);
    config.s3.check().map_err(|error| error.to_string())?;
    Ok(config)
}

pub(super) fn clock(file: Option<&Path>) -> Result<Arc<dyn Clock>, String> {
    match file {
        Some(path) => {
            let clock = FileClock::open(path.to_owned());
            Ok(Arc::new(clock.map_err(|error| format!("cannot read the clock file {}: {error}", path.display()))?))
        }
        None => Ok(Arc::new(SystemClock)),
    }
}
