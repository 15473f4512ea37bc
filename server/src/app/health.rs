//! Whether requests can be served.

use doorstep_store::organisations::list_organisations;

use crate::app::{AppError, AppResult, AppState};

/// Asks the database something small.
///
/// # Errors
/// `busy` while it does not answer.
pub async fn ask_database(state: &AppState) -> AppResult<()> {
    state.store.read(|conn| Ok::<_, AppError>(list_organisations(conn).map(drop)?)).await
}
