//! The reps of the day: as many as there are phones, in team one of the seeded company.

use doorstep::domain::Role;
use doorstep_store::users::{UserRow, insert_user};
use doorstep_store::{StoreError, Txt};
use sync_core::ids::UserId;

use super::rep::Rep;
use super::{Day, seed_of};
use crate::clock::START;
use crate::company::{Member, PASSWORD, YUNZE, certify};
use crate::db::with_conn;
use crate::remote::{self, bytes16};
use crate::server::TestServer;

/// Hires the reps and gives each an enrolled phone.
pub(super) fn enrol(day: &Day, server: &TestServer) -> Vec<Rep> {
    let members: Vec<Member> = (0..day.phones).map(member).collect();
    with_conn(server.database_url(), |conn| {
        members.iter().try_for_each(|member| {
            insert_user(conn, &row(member), &[Role::FieldRep.code()])?;
            certify(conn, member.org, member.id)
        })
    })
    .unwrap_or_else(|error: StoreError| panic!("{error}"));
    let codes = remote::enrolment_codes(server, YUNZE, &members, PASSWORD);
    let phones = members.iter().zip(codes).enumerate();
    phones.map(|(number, (member, code))| Rep::enrol(server, *member, &code, seed_of(day, number))).collect()
}

fn member(number: usize) -> Member {
    let login: &'static str = format!("tunnel{number}").leak();
    Member { id: UserId::from_bytes(bytes16(login)), login, ..YUNZE.rep() }
}

fn row(member: &Member) -> UserRow {
    UserRow {
        org_id: Txt(member.org),
        id: Txt(member.id),
        login: member.login.to_owned(),
        name: format!("Name of {}", member.login),
        staff_number: None,
        team_id: member.team.map(Txt),
        password_hash: None,
        is_disabled: false,
        version: 1,
        created_at_ms: START.0,
        phone: None,
    }
}
