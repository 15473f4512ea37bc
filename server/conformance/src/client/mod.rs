//! placeholder
use crate::cli::ClientArgs;
use crate::report::Report;
pub(crate) fn run(_args: &ClientArgs, _report: &mut Report) -> Result<(), String> { Ok(()) }
