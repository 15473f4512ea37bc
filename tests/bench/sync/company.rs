//! One organisation with one team and its reps: what the office did before the phones sync.
//!
//! Written through the functions of the product, before the server starts.

use std::collections::BTreeMap;

use doorstep::app::customers::NewCustomer;
use doorstep::app::norms::seed_norms;
use doorstep::app::once::Once;
use doorstep::app::sites::NewSite;
use doorstep::app::visits::{NewVisit, PlannedTime, create_visit};
use doorstep::app::work_orders::{
    ImportMode, ImportOptions, ImportRow, ImportRows, OrderData, Reuse, RowReport, RowResult, import_work_orders,
};
use doorstep::app::{AppError, AppState, Ctx};
use doorstep::auth::token::{self, Subject};
use doorstep::domain::{Actor, Role, Scope, TokenKind};
use doorstep_store::certificates::{CertificateRow, insert_certificate};
use doorstep_store::devices::{self, DeviceRow};
use doorstep_store::feed::FeedBatch;
use doorstep_store::organisations::{OrganisationRow, insert_organisation};
use doorstep_store::sessions::{self, RefreshFamilyRow};
use doorstep_store::users::{UserRow, insert_team, insert_user};
use doorstep_store::{Conn, Txt};
use p256::ecdsa::SigningKey;
use sync_core::dispatch::CertificateKind;
use sync_core::ids::{CertificateId, DeviceId, OrgId, TeamId, UserId, VisitId};
use sync_core::jws::P256PublicKey;
use sync_core::time::UnixMillis;

use crate::job::Identity;
use crate::workload;

const DAY_MS: i64 = 86_400_000;

/// Life of the phones' tokens in seconds: longer than any run.
const LIFE_SECS: i64 = 6 * 60 * 60;

/// Orders imported at once: what one request of the office may hold.
pub const IMPORT_ROWS: usize = 5000;

/// One organisation with one team.
#[derive(Clone)]
pub struct Company {
    org: OrgId,
    team: TeamId,
    now: UnixMillis,
}

/// A phone with the rows by which the server knows it.
pub struct Enrolled {
    /// What the phone knows of itself.
    pub phone: Identity,
    device: DeviceRow,
    family: RefreshFamilyRow,
}

impl Company {
    /// Names a company that stands in no database yet.
    pub fn new(now: UnixMillis) -> Self {
        let id = |what: &str| workload::id(what, "bench", now.0);
        Self { org: OrgId(id("org")), team: TeamId(id("team")), now }
    }

    /// Its id.
    pub const fn org(&self) -> OrgId {
        self.org
    }

    /// The rep of a name.
    pub fn rep(&self, name: &str) -> UserId {
        UserId(workload::id("rep", name, self.now.0))
    }

    /// A phone with an access token for the server that starts later: its keys are in the database.
    pub fn phone(&self, state: &AppState, rep: &str, name: &str) -> Enrolled {
        let (org, user) = (self.org, self.rep(rep));
        let name = format!("{name} of {rep}");
        let device = DeviceId(workload::id("device", &name, self.now.0));
        let session = workload::id("session", &name, self.now.0);
        let subject = Subject { org, user, session: Some(session), device: Some(device), kind: TokenKind::Full };

        let token = token::mint(&state.keys(), &state.config.issuer(), &subject, self.now, LIFE_SECS, state.id());
        let key = workload::key(&name);
        let phone = Identity { org, user, device, key, token: token.expect("a token"), cursor: None };
        let key = SigningKey::from_slice(&key).expect("nearly every 32 bytes are a key");
        let public = P256PublicKey::from_sec1(&key.verifying_key().to_sec1_bytes()).expect("a public key");
        let device = DeviceRow {
            org_id: Txt(org),
            id: Txt(device),
            user_id: Txt(user),
            name: name.clone(),
            kid: public.thumbprint(),
            public_key: public.to_sec1(),
            state: "active".to_owned(),
            enrolled_at_ms: self.now.0,
            revoked_at_ms: None,
            last_seen_at_ms: None,
            unsent: 0,
            oldest_unsent_at_ms: None,
            free_bytes: None,
            clock_skew_ms: None,
            order_id: None,
            unsent_visits: None,
            receipts_kept_at_ms: None,
        };
        let family = RefreshFamilyRow {
            org_id: Txt(org),
            id: Txt(session),
            user_id: Txt(user),
            device_id: Some(device.id),
            current_hash: name,
            previous_hash: None,
            created_at_ms: self.now.0,
            last_used_at_ms: self.now.0,
            revoked_at_ms: None,
        };
        Enrolled { phone, device, family }
    }

    /// Writes the organisation with its norms.
    pub fn found(&self, conn: &mut Conn) -> Result<(), AppError> {
        let row = OrganisationRow {
            id: Txt(self.org),
            code: "bench".to_owned(),
            name: "Benchmark company".to_owned(),
            zone: "Asia/Shanghai".to_owned(),
            created_at_ms: self.now.0,
        };
        insert_organisation(conn, &row)?;
        insert_team(conn, self.org, self.team, None, "Team 1")?;
        let mut batch = FeedBatch::new();
        seed_norms(conn, &mut batch, self.org, self.now)?;
        batch.publish(conn, self.org)?;
        Ok(())
    }

    /// Writes a rep with his phones.
    pub fn hire(&self, conn: &mut Conn, rep: &str, phones: &[&Enrolled]) -> Result<(), AppError> {
        self.hire_as(conn, Role::FieldRep, rep, phones)
    }

    /// Writes somebody of the office; what would be his phone gives him a session.
    pub fn hire_desk(&self, conn: &mut Conn, name: &str, session: &Enrolled) -> Result<(), AppError> {
        self.hire_as(conn, Role::Dispatcher, name, &[session])
    }

    /// Writes somebody with a role.
    pub fn hire_as(&self, conn: &mut Conn, role: Role, rep: &str, phones: &[&Enrolled]) -> Result<(), AppError> {
        let row = UserRow {
            org_id: Txt(self.org),
            id: Txt(self.rep(rep)),
            login: rep.to_owned(),
            name: rep.to_owned(),
            staff_number: None,
            team_id: Some(Txt(self.team)),
            password_hash: None,
            is_disabled: false,
            version: 1,
            created_at_ms: self.now.0,
            phone: None,
        };
        insert_user(conn, &row, &[role.code()])?;
        self.certify(conn, &row)?;
        for enrolled in phones {
            devices::insert_device(conn, &enrolled.device)?;
            sessions::insert_family(conn, &enrolled.family)?;
        }
        Ok(())
    }

    /// Gives somebody the certificate that installs and repairs need.
    fn certify(&self, conn: &mut Conn, person: &UserRow) -> Result<(), AppError> {
        let row = CertificateRow {
            org_id: person.org_id,
            id: Txt(CertificateId(person.id.0.0)),
            user_id: person.id,
            kind: CertificateKind::PostCertification.code().to_owned(),
            number: None,
            valid_from: "2000-01-01".to_owned(),
            valid_to: "2099-12-31".to_owned(),
            noted_by: person.id,
            noted_at_ms: self.now.0,
            withdrawn_by: None,
            withdrawn_at_ms: None,
            withdraw_reason: None,
        };
        Ok(insert_certificate(conn, &row)?)
    }

    /// Imports orders and plans a visit of `rep` for each, spread over the last six and the next thirteen days.
    pub async fn plan(&self, state: &AppState, rep: &str, count: usize) -> Vec<VisitId> {
        let ctx = self.dispatcher(rep);
        let mut visits = Vec::with_capacity(count);
        for first in (0..count).step_by(IMPORT_ROWS) {
            let rows = (first..count.min(first + IMPORT_ROWS)).map(|position| order(rep, position)).collect();
            for row in self.import(state, rep, rows).await {
                let RowResult::Created(work_order, _) = row.result else { panic!("a faulty order: {row:?}") };
                let days = i64::try_from(visits.len() % 20).unwrap() - 6;
                let new = NewVisit {
                    work_order,
                    template: workload::TEMPLATE_CODE.to_owned(),
                    crew: vec![self.rep(rep)],
                    time: PlannedTime::Start(self.now.plus_ms(days * DAY_MS)),
                };
                let visit = create_visit(state, ctx.clone(), new).await.expect("a planned visit");
                visits.push(visit.row.id.0);
            }
        }
        visits
    }

    /// Imports orders.
    pub async fn import(&self, state: &AppState, user: &str, rows: Vec<ImportRow>) -> Vec<RowReport> {
        let options = ImportOptions { mode: ImportMode::AllOrNothing, is_preview: false, reuse: Reuse::Named };
        import_work_orders(state, self.dispatcher(user), ImportRows { sheet: None, rows }, options)
            .await
            .expect("an import")
            .rows
    }

    fn dispatcher(&self, user: &str) -> Ctx {
        let actor = Actor {
            org: self.org,
            user: self.rep(user),
            team: Some(self.team),
            roles: vec![Role::Dispatcher],
            device: None,
            session: None,
            token: TokenKind::Full,
        };
        let scope = Scope::Organisation;
        Ctx { now: self.now, actor, scope, grants: vec![(Role::Dispatcher, scope)], once: Once::default() }
    }
}

/// An order with a customer and a site of its own.
fn order(rep: &str, position: usize) -> ImportRow {
    let address = format!("上海市浦东新区张江路{position}弄3号楼502室");
    let fields = [("contracted_mbps", "300"), ("number_209", "")];
    let fields: BTreeMap<_, _> = fields.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let customer = NewCustomer {
        kind: "individual".to_owned(),
        name: format!("客户{position:04}"),
        phones: vec![format!("138{position:08}")],
        address: address.clone(),
    };
    let site = NewSite { grid: None, address, geo: None, scene: "urban_residential".to_owned(), access_note: None };
    let order = OrderData {
        external_ref: Some(format!("EXT-{rep}-{position:06}")),
        number_209: Some(format!("209{rep}{position:07}")),
        kind: "install".to_owned(),
        channel: "hotline".to_owned(),
        fields,
        priority: 0,
    };
    ImportRow::adding(customer, site, order)
}
