//! One-time tickets for the upgrade of a socket: browsers and foreign clients cannot set its headers.
//!
//! A ticket says whom it stands for; that it was issued here is known by its hash, which the database uses up.

use sync_core::bytes::{Hash, from_base64url, to_base64url};
use sync_core::ids::{DeviceId, OrgId, UserId};
use uuid::Uuid;

use crate::auth::token::Subject;
use crate::domain::TokenKind;
use crate::ports::Random;

/// How long a ticket waits to be used, in milliseconds.
pub const TICKET_MS: i64 = 60_000;

/// A ticket: who comes in with it, and 32 random bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Tenant.
    pub org: OrgId,
    user: UserId,
    session: Uuid,
    device: Option<DeviceId>,
    secret: [u8; 32],
}

impl Ticket {
    /// A new ticket for whom a full access token stands.
    #[must_use]
    pub fn new(org: OrgId, user: UserId, session: Uuid, device: Option<DeviceId>, random: &dyn Random) -> Self {
        Self { org, user, session, device, secret: random.bytes32() }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(96);
        bytes.extend_from_slice(self.org.as_bytes());
        bytes.extend_from_slice(self.user.as_bytes());
        bytes.extend_from_slice(self.session.as_bytes());
        bytes.extend_from_slice(&self.secret);
        bytes.extend(self.device.iter().flat_map(|device| device.as_bytes().iter().copied()));
        bytes
    }

    /// The text the client puts into the query.
    #[must_use]
    pub fn to_text(&self) -> String {
        to_base64url(&self.bytes())
    }

    /// Reads the text a client sent.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = from_base64url(text).ok()?;
        let (org, rest) = bytes.split_first_chunk::<16>()?;
        let (user, rest) = rest.split_first_chunk::<16>()?;
        let (session, rest) = rest.split_first_chunk::<16>()?;
        let (secret, rest) = rest.split_first_chunk::<32>()?;
        let device = if rest.is_empty() { None } else { Some(DeviceId::from_bytes(rest.try_into().ok()?)) };
        let (org, user) = (OrgId::from_bytes(*org), UserId::from_bytes(*user));
        Some(Self { org, user, session: Uuid::from_bytes(*session), device, secret: *secret })
    }

    /// What the database uses up: the hash of the whole ticket, so that nobody changes whom it stands for.
    #[must_use]
    pub fn name(&self) -> String {
        format!("repo:{}", Hash::of(&self.bytes()))
    }

    /// Whom it stands for.
    #[must_use]
    pub const fn subject(&self) -> Subject {
        Subject {
            org: self.org,
            user: self.user,
            session: Some(self.session),
            device: self.device,
            kind: TokenKind::Full,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_comes_back_from_its_text() {
        let (org, user) = (OrgId::from_bytes([1; 16]), UserId::from_bytes([2; 16]));
        for device in [None, Some(DeviceId::from_bytes([3; 16]))] {
            let ticket = Ticket { org, user, session: Uuid::from_bytes([4; 16]), device, secret: [5; 32] };
            assert_eq!(Ticket::from_text(&ticket.to_text()), Some(ticket.clone()));
            let other = Ticket { user: UserId::from_bytes([6; 16]), ..ticket.clone() };
            assert_ne!(other.name(), ticket.name());
        }
        for text in ["", "AAAA", "!"] {
            assert_eq!(Ticket::from_text(text), None);
        }
    }
}
