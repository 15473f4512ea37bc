//! `serve` and `migrate`.

use std::net::TcpListener;
use std::sync::Arc;

use crate::adapters::file_clock::FileClock;
use crate::adapters::system::SystemClock;
use crate::app::AppState;
use crate::cli::ServerArgs;
use crate::config::{self, Config};
use crate::ports::Clock;
use crate::{boot, telemetry};

/// Runs the server until it is told to stop.
pub(super) fn serve(args: &ServerArgs) -> Result<(), String> {
    let config = prepare(args)?;
    let clock = clock(args)?;
    let listener =
        TcpListener::bind(&config.listen).map_err(|error| format!("cannot listen on {}: {error}", config.listen))?;
    boot::block_on(async move {
        let state = build(config, clock).await?;
        if let Ok(address) = listener.local_addr() {
            // The line that scripts and tests wait for.
            println!("listening on http://{address}");
        }
        boot::serve(state, listener).await.map_err(|error| error.to_string())
    })
}

/// Brings the database to the current schema.
pub(super) fn migrate(args: &ServerArgs) -> Result<(), String> {
    let config = prepare(args)?;
    let clock = clock(args)?;
    boot::block_on(async move { build(config, clock).await.map(drop) })
}

async fn build(config: Config, clock: Arc<dyn Clock>) -> Result<AppState, String> {
    boot::build_state(config, clock).await.map_err(|error| error.to_string())
}

fn prepare(args: &ServerArgs) -> Result<Config, String> {
    telemetry::install(args.log_format, &args.log);
    let mut config = config::load(args.config.as_deref()).map_err(|error| error.to_string())?;
    if let Some(listen) = &args.listen {
        config.listen.clone_from(listen);
    }
    Ok(config)
}

fn clock(args: &ServerArgs) -> Result<Arc<dyn Clock>, String> {
    match &args.clock {
        Some(path) => Ok(Arc::new(FileClock::open(path.clone()).map_err(|error| error.to_string())?)),
        None => Ok(Arc::new(SystemClock)),
    }
}
