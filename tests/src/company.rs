//! Two organisations with teams and people of every role, written straight through the store's functions.
//!
//! All ids are fixed, so that the database is seeded once per process and copied for every test.

use std::sync::OnceLock;

use doorstep::domain::Role;
use doorstep_store::certificates::{CertificateRow, insert_certificate};
use doorstep_store::organisations::{OrganisationRow, insert_organisation};
use doorstep_store::users::{UserRow, insert_team, insert_user};
use doorstep_store::{Conn, StoreResult, Txt};
use sync_core::bytes::Hash;
use sync_core::dispatch::CertificateKind;
use sync_core::ids::{CertificateId, OrgId, TeamId, UserId};

use crate::clock::START;

/// A person of the seeded organisations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Tenant.
    pub org: OrgId,
    /// Id.
    pub id: UserId,
    /// Team.
    pub team: Option<TeamId>,
    /// Login.
    pub login: &'static str,
    /// The only role; `None` for the person without any.
    pub role: Option<Role>,
}

/// One seeded organisation: a person of every role in team one, and a rep and a lead in team two.
#[derive(Debug, Clone, Copy)]
pub struct Company {
    /// Id.
    pub org: OrgId,
    /// Code that people type when signing in.
    pub code: &'static str,
    tag: u8,
}

/// The organisation most tests are about.
pub const YUNZE: Company = Company { org: OrgId::from_bytes(id_bytes(1, 0, 0)), code: "yunze", tag: 1 };

/// The other tenant, of which the first must never learn.
pub const HAOYU: Company = Company { org: OrgId::from_bytes(id_bytes(2, 0, 0)), code: "haoyu", tag: 2 };

/// The password of everybody who has one: the members of team one.
pub const PASSWORD: &str = "correct horse battery";

/// Bytes of a fixed `UUIDv7`: organisation, kind, number.
const fn id_bytes(tag: u8, kind: u8, number: u8) -> [u8; 16] {
    [0x01, 0x95, 0x5f, 0x2c, 0x30, 0, 0x70, 0, 0x80, 0, 0, 0, 0, tag, kind, number]
}

impl Company {
    /// Team one or two.
    #[must_use]
    pub const fn team(&self, number: u8) -> TeamId {
        TeamId::from_bytes(id_bytes(self.tag, 1, number))
    }

    /// The person of a role in team one.
    #[must_use]
    pub fn member(&self, role: Role) -> Member {
        let number = Role::ALL.iter().position(|known| *known == role).and_then(|at| u8::try_from(at).ok());
        let id = UserId::from_bytes(id_bytes(self.tag, 2, number.unwrap_or(u8::MAX)));
        Member { org: self.org, id, team: Some(self.team(1)), login: role.code(), role: Some(role) }
    }

    /// The rep of team one.
    #[must_use]
    pub fn rep(&self) -> Member {
        self.member(Role::FieldRep)
    }

    /// Another rep of team one.
    #[must_use]
    pub fn colleague(&self) -> Member {
        Member { id: UserId::from_bytes(id_bytes(self.tag, 2, 100)), login: "colleague", ..self.member(Role::FieldRep) }
    }

    /// The rep of team two.
    #[must_use]
    pub fn stranger(&self) -> Member {
        Member {
            id: UserId::from_bytes(id_bytes(self.tag, 2, 101)),
            login: "stranger",
            team: Some(self.team(2)),
            ..self.member(Role::FieldRep)
        }
    }

    /// A rep whose account is switched off.
    #[must_use]
    pub fn disabled(&self) -> Member {
        Member { id: UserId::from_bytes(id_bytes(self.tag, 2, 102)), login: "disabled", ..self.member(Role::FieldRep) }
    }

    /// Somebody without any role.
    #[must_use]
    pub fn nobody(&self) -> Member {
        Member {
            id: UserId::from_bytes(id_bytes(self.tag, 2, 103)),
            login: "nobody",
            role: None,
            ..self.member(Role::FieldRep)
        }
    }

    /// Everybody.
    #[must_use]
    pub fn members(&self) -> Vec<Member> {
        let special = [self.colleague(), self.stranger(), self.disabled(), self.nobody()];
        Role::ALL.into_iter().map(|role| self.member(role)).chain(special).collect()
    }

    /// Writes the organisation with its teams and people.
    ///
    /// # Errors
    /// Database errors only.
    pub fn insert(&self, conn: &mut Conn) -> StoreResult<()> {
        let row = OrganisationRow {
            id: Txt(self.org),
            code: self.code.to_owned(),
            name: format!("Company {}", self.code),
            zone: "Asia/Shanghai".to_owned(),
            created_at_ms: START.0,
        };
        insert_organisation(conn, &row)?;
        for number in [1, 2] {
            insert_team(conn, self.org, self.team(number), None, &format!("Team {number}"))?;
        }
        for member in self.members() {
            let roles: Vec<&str> = member.role.iter().map(|role| role.code()).collect();
            insert_user(conn, &member.row(), &roles)?;
            certify(conn, self.org, member.id)?;
        }
        Ok(())
    }
}

impl Member {
    fn row(&self) -> UserRow {
        let has_password = !matches!(self.login, "stranger" | "nobody");
        UserRow {
            org_id: Txt(self.org),
            id: Txt(self.id),
            login: self.login.to_owned(),
            name: format!("Name of {}", self.login),
            staff_number: None,
            team_id: self.team.map(Txt),
            password_hash: has_password.then(|| password_hash().to_owned()),
            is_disabled: self.login == "disabled",
            version: 1,
            created_at_ms: START.0,
            phone: None,
        }
    }
}

/// The id of a certificate that somebody seeded here holds.
///
/// # Panics
/// Never: a hash is long enough.
#[must_use]
pub fn certificate_of(user: UserId, kind: CertificateKind) -> CertificateId {
    let hash = Hash::of(format!("{user}/{kind}").as_bytes());
    let rest = hash.as_bytes()[..10].try_into().expect("ten bytes");
    let millis = u64::try_from(START.0).expect("after 1970");
    CertificateId(uuid::Builder::from_unix_timestamp_millis(millis, &rest).into_uuid())
}

/// Gives somebody every certificate, for as long as any test plays.
///
/// # Errors
/// Database errors only.
pub fn certify(conn: &mut Conn, org: OrgId, user: UserId) -> StoreResult<()> {
    CertificateKind::ALL.iter().try_for_each(|kind| {
        let row = CertificateRow {
            org_id: Txt(org),
            id: Txt(certificate_of(user, *kind)),
            user_id: Txt(user),
            kind: kind.code().to_owned(),
            number: None,
            valid_from: "2000-01-01".to_owned(),
            valid_to: "2099-12-31".to_owned(),
            noted_by: Txt(user),
            noted_at_ms: START.0,
            withdrawn_by: None,
            withdrawn_at_ms: None,
            withdraw_reason: None,
        };
        insert_certificate(conn, &row)
    })
}

/// The hash of [`PASSWORD`], computed once: hashing is slow on purpose.
fn password_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| {
        // On a thread of its own: tests run inside a runtime, which cannot wait for another one.
        let hashing = std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let slots = std::sync::Arc::new(tokio::sync::Semaphore::new(1));
            runtime.block_on(doorstep::auth::password::hash(&slots, PASSWORD.to_owned(), [7; 32])).expect("a hash")
        });
        hashing.join().expect("hashing does not panic")
    })
}
