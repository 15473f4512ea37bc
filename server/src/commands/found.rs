//! `found`: the first organisation of a fresh database, or one more.

use super::print::out_line;
use crate::adapters::system::{SystemClock, SystemRandom};
use crate::app::organisations::{Founding, found as found_organisation};
use crate::app::{AppError, ErrorCode};
use crate::boot;
use crate::cli::FoundArgs;
use crate::ports::Clock as _;

/// Founds an organisation and prints what its administrator needs to sign in.
pub(super) fn found(args: FoundArgs) -> Result<(), String> {
    let config = super::serve::prepare(&args.server)?;
    let founding = Founding {
        code: args.code,
        name: args.name,
        zone: args.zone,
        admin: args.admin,
        teams: args.teams,
        grids: args.grids,
    };
    let (code, admin) = (founding.code.clone(), founding.admin.clone());
    boot::block_on(async move {
        let store = boot::open_store(&config).await.map_err(|error| said(&error))?;
        let done = found_organisation(&store, &SystemRandom, SystemClock.now(), founding);
        let done = done.await.map_err(|error| said(&error))?;
        out_line!("organisation  {code}  {}", done.org);
        for (id, name) in done.teams {
            out_line!("team          {name}  {id}");
        }
        out_line!("sign in as    {admin}");
        out_line!("password      {}  (shown once)", done.password);
        Ok(())
    })
}

fn said(error: &AppError) -> String {
    match error {
        AppError::Refused(refusal) => {
            let faults = refusal.fields.iter().map(|fault| format!("--{}: {}", fault.path, fault.expected));
            faults.collect::<Vec<_>>().join("; ")
        }
        other if other.code() == ErrorCode::Conflict => "an organisation of this code exists".to_owned(),
        other => other.to_string(),
    }
}
