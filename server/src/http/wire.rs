//! Small wire types shared by all resources.

use serde::{Deserialize, Serialize};
use sync_core::time::UnixMillis;

/// An instant at the edge: RFC 3339 with milliseconds and `Z`; any offset is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub UnixMillis);

impl From<i64> for Instant {
    fn from(ms: i64) -> Self {
        Self(UnixMillis(ms))
    }
}

impl From<UnixMillis> for Instant {
    fn from(at: UnixMillis) -> Self {
        Self(at)
    }
}

impl Serialize for Instant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339())
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        UnixMillis::from_rfc3339(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Instant {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type};
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339 instant"))
            .examples(["2025-03-04T02:00:00.000Z"])
            .into()
    }
}

impl utoipa::ToSchema for Instant {}
