//! Identifiers: one newtype per thing, so that a visit is never taken for a user.
//!
//! All are UUIDs (version 7 unless derived): 36 lower-case characters in JSON, 16 bytes in CBOR.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Reports text that is not a UUID in its canonical lower-case form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a UUID of 36 lower-case characters")]
pub struct IdError;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The 16 bytes of the UUID.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// Makes the id from the 16 bytes of a UUID.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.as_hyphenated(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_canonical(text).map(Self)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                crate::openapi::text("uuid", "UUID, 36 lower-case characters", "01955f2c-3000-7000-8000-000000000001")
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                    parse_canonical(&text).map(Self).map_err(serde::de::Error::custom)
                } else {
                    Uuid::deserialize(deserializer).map(Self)
                }
            }
        }
    )+};
}

/// Accepts only the one canonical spelling, so that equal ids are equal texts everywhere.
fn parse_canonical(text: &str) -> Result<Uuid, IdError> {
    let uuid = Uuid::try_parse(text).map_err(|_ignored| IdError)?;
    let mut buffer = Uuid::encode_buffer();
    if uuid.as_hyphenated().encode_lower(&mut buffer) == text { Ok(uuid) } else { Err(IdError) }
}

id!(
    /// An organisation: the tenant.
    OrgId,
    /// A person of the organisation, or a service account.
    UserId,
    /// One enrolled install of a phone.
    DeviceId,
    /// A visit and its document.
    VisitId,
    /// A customer.
    CustomerId,
    /// A customer's location.
    SiteId,
    /// A work order.
    WorkOrderId,
    /// An appointment of a work order.
    AppointmentId,
    /// An assignment of a visit to a rep.
    AssignmentId,
    /// A team of reps under one lead.
    TeamId,
    /// A grid: the area a team serves.
    GridId,
    /// A record in a visit document (photo, reading, event…).
    RecordId,
    /// An intent of a rep.
    IntentId,
    /// One sync request body.
    BatchId,
    /// An upload that may go on where it stopped.
    UploadId,
    /// A sealed offline bundle.
    BundleId,
    /// An order of the office to a phone.
    OrderId,
    /// The random identity of a server's data; changes when a backup is restored.
    EpochId,
    /// A reviewer's verdict event.
    VerdictId,
    /// A rework ticket.
    ReworkId,
    /// Something found about a photo; derived from what it is about.
    FindingId,
    /// What a person said of something found.
    FindingDecisionId,
    /// An office choice among concurrent values.
    ChoiceId,
    /// An office decision about work that came late.
    LateDecisionId,
    /// An office decision about what counts: a choice, or one about work that came late.
    DecisionId,
    /// Something that somebody of the office has to see to.
    TaskId,
    /// A link to the customer's page.
    CustomerLinkId,
    /// A message to a customer.
    NoticeId,
    /// A certificate that somebody holds.
    CertificateId,
    /// A time in which somebody does not work.
    AbsenceId,
    /// A time in which nobody works on an order.
    HoldId,
    /// An outage of a whole area, with the repairs that it asks for.
    OutageId,
    /// A version of something that is archived.
    ArchiveItemId,
    /// A reason to keep what is archived of a visit, however old it is.
    LegalHoldId,
);

impl VisitId {
    /// The code people read to each other before the office assigns a number: `XXXX-XXXX`.
    ///
    /// Last five bytes of the id in Crockford base32; not unique (design section 13).
    #[must_use]
    pub fn short_code(&self) -> String {
        const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let bits = self.as_bytes().iter().skip(11).fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        let mut code = String::with_capacity(9);
        for position in 0..8u32 {
            if position == 4 {
                code.push('-');
            }
            let index = usize::try_from(bits >> (35 - 5 * position) & 31).unwrap_or(0);
            code.push(char::from(ALPHABET.get(index).copied().unwrap_or(b'0')));
        }
        code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_text_is_an_id() {
        let text = "01955f2c-3000-7000-8000-000000000001";
        assert_eq!(text.parse::<VisitId>().map(|id| id.to_string()), Ok(text.to_owned()));
        for other in ["01955F2C-3000-7000-8000-000000000001", "01955f2c300070008000000000000001", "", "x"] {
            assert_eq!(other.parse::<VisitId>(), Err(IdError), "{other}");
        }
    }

    #[test]
    fn short_code_is_the_tail_in_crockford_base32() {
        let id: VisitId = "01955f2c-3000-7000-8000-00000000001f".parse().unwrap_or(VisitId::from_bytes([0; 16]));
        assert_eq!(id.short_code(), "0000-000Z");
        assert_eq!(VisitId::from_bytes([255; 16]).short_code(), "ZZZZ-ZZZZ");
    }
}
