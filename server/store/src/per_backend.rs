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

/// Runs a statement for rows in the way that is cheapest for the engine and counts the rows it changed.
///
/// SQLite prepares a statement of one row once and runs it for each; to PostgreSQL each statement is a round trip, so
/// it gets as many rows in one as its number of parameters allows.
///
/// ```text
/// for_rows!(conn, rows, part => diesel::insert_into(visits::table).values(part))
/// ```
macro_rules! for_rows {
    ($conn:expr, $rows:expr, $part:ident => $statement:expr) => {
        match &mut $conn.engine {
            $crate::conn::EngineConn::Sqlite(c) => {
                $rows.iter().try_fold(0, |sum, $part| $statement.execute(&mut **c).map(|changed| sum + changed))
            }
            $crate::conn::EngineConn::Postgres(c) => $rows
                .chunks($crate::per_backend::ROWS)
                .try_fold(0, |sum, $part| $statement.execute(&mut **c).map(|changed| sum + changed)),
        }
    };
}

/// Inserts rows in the way that is cheapest for the engine.
///
/// SQLite gets sixteen at a time, and the rest one by one: diesel knows the text of such a statement from its type, so that
/// it is neither built nor looked up nor prepared anew. For that the type of the rows must say
/// `treat_none_as_default_value = false`. PostgreSQL gets hundreds in one round trip.
///
/// ```text
/// insert_rows!(conn, visits::table, rows)
/// ```
macro_rules! insert_rows {
    ($conn:expr, $table:expr, $rows:expr) => {
        match &mut $conn.engine {
            $crate::conn::EngineConn::Sqlite(c) => {
                let (whole, rest) = $rows.as_chunks::<{ $crate::per_backend::BATCH }>();
                let insert = |part| diesel::insert_into($table).values(part).execute(&mut **c).map(drop);
                whole.iter().try_for_each(insert).and_then(|()| {
                    rest.iter()
                        .try_for_each(|part| diesel::insert_into($table).values(part).execute(&mut **c).map(drop))
                })
            }
            $crate::conn::EngineConn::Postgres(c) => $rows
                .chunks($crate::per_backend::ROWS)
                .try_for_each(|part| diesel::insert_into($table).values(part).execute(&mut **c).map(drop)),
        }
    };
}

/// Rows of one insertion into SQLite.
pub(crate) const BATCH: usize = 16;

/// Most rows of one statement to PostgreSQL, which takes 65,535 parameters.
pub(crate) const ROWS: usize = 500;
