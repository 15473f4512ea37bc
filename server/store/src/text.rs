//! Values stored as their text: ids, hashes, enums.

use std::fmt::{self, Debug, Display};
use std::io::Write as _;
use std::str::FromStr;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;

/// Stores a value as the text that `Display` writes and `FromStr` reads.
///
/// A column text that `FromStr` refuses fails the query: corrupt data is never replaced by a default.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Txt<T>(pub T);

impl<T: Debug> Debug for Txt<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: Display> Display for Txt<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T> From<T> for Txt<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Display + Debug> ToSql<Text, Sqlite> for Txt<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.to_string());
        Ok(IsNull::No)
    }
}

impl<T: Display + Debug> ToSql<Text, Pg> for Txt<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        write!(out, "{}", self.0)?;
        Ok(IsNull::No)
    }
}

fn parse<T: FromStr>(text: &str) -> deserialize::Result<Txt<T>> {
    text.parse().map(Txt).map_err(|_ignored| format!("unreadable {}", std::any::type_name::<T>()).into())
}

impl<T: FromStr> FromSql<Text, Sqlite> for Txt<T> {
    fn from_sql(value: <Sqlite as diesel::backend::Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        parse(&<String as FromSql<Text, Sqlite>>::from_sql(value)?)
    }
}

impl<T: FromStr> FromSql<Text, Pg> for Txt<T> {
    fn from_sql(value: <Pg as diesel::backend::Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        parse(std::str::from_utf8(value.as_bytes())?)
    }
}
