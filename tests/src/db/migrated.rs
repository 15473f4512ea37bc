//! One connection to a test database in the form that the store's own functions take.

use diesel::connection::SimpleConnection as _;
use diesel::r2d2::{ConnectionManager, Pool, PooledConnection};
use doorstep_store::{Conn, EngineConn};

/// Runs `f` on a connection of its own, outside any store; it is closed when this returns.
///
/// # Panics
/// If the database cannot be opened.
pub fn with_conn<T>(url: &str, f: impl FnOnce(&mut Conn) -> T) -> T {
    // One connection, made at once: none is still being opened behind our back when the caller goes on.
    let conn = match url.strip_prefix("sqlite://") {
        Some(path) => {
            let pool = Pool::builder().max_size(1).build(ConnectionManager::new(path)).expect("the test database");
            let mut conn: PooledConnection<ConnectionManager<diesel::SqliteConnection>> =
                pool.get().expect("the only connection");
            // A server may write at the same time.
            conn.batch_execute("PRAGMA busy_timeout = 5000").expect("a pragma");
            EngineConn::Sqlite(conn)
        }
        None => {
            let pool = Pool::builder().max_size(1).build(ConnectionManager::new(url)).expect("the test database");
            EngineConn::Postgres(pool.get().expect("the only connection"))
        }
    };
    f(&mut conn.into())
}
