//! One statement, two engines.

/// Runs the same diesel expression on whichever engine the connection belongs to.
///
/// The expression is written once and type-checked once per engine. Use it for every statement; only
/// SQL that really differs goes to [`dialect`](crate::dialect).
///
/// ```text
/// per_backend!(conn, c => visits::table.find((Txt(org), Txt(id))).first::<VisitRow>(c))
/// ```
#[macro_export]
macro_rules! per_backend {
    ($conn:expr, $c:ident => $statement:expr) => {
        match &mut $conn.engine {
            $crate::conn::EngineConn::Sqlite($c) => $statement,
            $crate::conn::EngineConn::Postgres($c) => $statement,
        }
    };
}
