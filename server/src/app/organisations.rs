//! Founding an organisation: the tenant with its first administrator, teams, grids and the product's norms.

use std::sync::Arc;

use doorstep_store::feed::FeedBatch;
use doorstep_store::organisations::{OrganisationRow, insert_organisation};
use doorstep_store::users::{self, UserRow};
use doorstep_store::{Conn, Store, Txt};
use sync_core::bytes::to_base64url;
use sync_core::ids::{GridId, OrgId, TeamId, UserId};
use sync_core::time::UnixMillis;
use tokio::sync::Semaphore;

use crate::app::auth::is_login;
use crate::app::customers::is_text;
use crate::app::norms::seed_norms;
use crate::app::{AppResult, ErrorCode, Refusal};
use crate::auth::password;
use crate::domain::{Role, Zone};
use crate::ports::{Random, new_id};

/// What an organisation begins with.
#[derive(Debug, Clone)]
pub struct Founding {
    /// Short code with which people sign in.
    pub code: String,
    /// Name.
    pub name: String,
    /// IANA zone of its business rules, for example `Asia/Shanghai`.
    pub zone: String,
    /// Login of the administrator.
    pub admin: String,
    /// Names of teams.
    pub teams: Vec<String>,
    /// Names of grids.
    pub grids: Vec<String>,
}

/// A founded organisation.
#[derive(Debug, Clone)]
pub struct Founded {
    /// Its id.
    pub org: OrgId,
    /// The administrator's first password; only its hash is stored.
    pub password: String,
    /// Teams with their names.
    pub teams: Vec<(TeamId, String)>,
}

/// Founds an organisation.
///
/// # Errors
/// `invalid` naming the field; `conflict` if the code is taken.
pub async fn found(store: &Store, random: &dyn Random, now: UnixMillis, new: Founding) -> AppResult<Founded> {
    check(&new)?;
    let first_password = to_base64url(random.bytes32().get(..15).unwrap_or_default());
    let hash = password::hash(&Arc::new(Semaphore::new(1)), first_password.clone(), random.bytes32()).await?;
    let org = OrgId(new_id(now, random));
    let teams: Vec<_> = new.teams.iter().map(|name| (TeamId(new_id(now, random)), name.clone())).collect();
    let grids: Vec<_> = new.grids.iter().map(|name| (GridId(new_id(now, random)), name.clone())).collect();
    let organisation =
        OrganisationRow { id: Txt(org), code: new.code, name: new.name, zone: new.zone, created_at_ms: now.0 };
    let admin = UserRow {
        org_id: Txt(org),
        id: Txt(UserId(new_id(now, random))),
        name: new.admin.clone(),
        login: new.admin,
        staff_number: None,
        team_id: None,
        password_hash: Some(hash),
        is_disabled: false,
        version: 1,
        created_at_ms: now.0,
        phone: None,
    };
    let rows = Rows { organisation, teams: teams.clone(), grids, admin };
    store.write(move |conn| rows.insert(conn)).await?;
    Ok(Founded { org, password: first_password, teams })
}

/// What an organisation consists of at first.
pub(crate) struct Rows {
    pub(crate) organisation: OrganisationRow,
    pub(crate) teams: Vec<(TeamId, String)>,
    pub(crate) grids: Vec<(GridId, String)>,
    pub(crate) admin: UserRow,
}

impl Rows {
    /// Writes them and publishes the product's norms: the organisation exists whole or not at all.
    pub(crate) fn insert(&self, conn: &mut Conn) -> AppResult<()> {
        let org = self.organisation.id.0;
        insert_organisation(conn, &self.organisation)?;
        for (id, name) in &self.grids {
            users::insert_grid(conn, org, *id, None, name)?;
        }
        for (id, name) in &self.teams {
            users::insert_team(conn, org, *id, None, name)?;
        }
        users::insert_user(conn, &self.admin, &[Role::Admin.code()])?;
        let mut batch = FeedBatch::new();
        seed_norms(conn, &mut batch, org, UnixMillis(self.organisation.created_at_ms))?;
        batch.publish(conn, org)?;
        Ok(())
    }
}

fn check(new: &Founding) -> AppResult<()> {
    let mut refusal = Refusal::new(ErrorCode::Invalid);
    for (field, text) in [("code", &new.code), ("admin", &new.admin)] {
        if !is_login(text) {
            refusal = refusal.field(field, "1 to 64 of a-z, 0-9, dot, hyphen, underscore");
        }
    }
    if Zone::named(&new.zone).is_err() {
        refusal = refusal.field("zone", "a zone of the IANA database, for example Asia/Shanghai");
    }
    let names = [("name", vec![&new.name]), ("team", new.teams.iter().collect()), ("grid", new.grids.iter().collect())];
    for (field, names) in names {
        if !names.into_iter().all(|name: &String| is_text(name, 100)) {
            refusal = refusal.field(field, "1 to 100 characters, none of them a control character");
        }
    }
    refusal.into_result()
}
