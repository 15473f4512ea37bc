//! What the office did before the phones sync: organisation, people, devices, norms, planned visits.
//!
//! Written through the functions of the product, before the server starts.

use std::collections::BTreeMap;
use std::sync::Arc;

use doorstep::adapters::system::SystemClock;
use doorstep::app::customers::NewCustomer;
use doorstep::app::norms::seed_norms;
use doorstep::app::once::Once;
use doorstep::app::sites::NewSite;
use doorstep::app::visits::{NewVisit, PlannedTime, create_visit};
use doorstep::app::work_orders::{ImportMode, ImportRow, OrderData, RowResult, import_work_orders};
use doorstep::app::{AppError, AppState, Ctx};
use doorstep::auth::token::{self, Subject};
use doorstep::boot;
use doorstep::domain::{Actor, Role, Scope, TokenKind};

use doorstep_store::Txt;
use doorstep_store::devices::{self, DeviceRow};
use doorstep_store::feed::FeedBatch;
use doorstep_store::organisations::{OrganisationRow, insert_organisation};
use doorstep_store::sessions::{self, RefreshFamilyRow};
use doorstep_store::users::{UserRow, insert_team, insert_user};
use p256::ecdsa::SigningKey;
use sync_core::ids::{DeviceId, OrgId, TeamId, UserId, VisitId};
use sync_core::jws::P256PublicKey;
use sync_core::time::UnixMillis;

use crate::database::Database;
use crate::job::{Form, Identity};
use crate::workload;

const DAY_MS: i64 = 86_400_000;

/// What the phones need to know.
pub struct Seeded {
    /// Two phones of one rep.
    pub phones: [Identity; 2],
    /// The visits to work on: planned ones, or ids for new ones.
    pub visits: Vec<VisitId>,
    /// When it was seeded, in milliseconds.
    pub now_ms: i64,
    /// The issuer of the phones' tokens.
    pub issuer: String,
}

/// Seeds a fresh database.
pub fn seed(database: &Database, form: Form, visits: usize) -> Seeded {
    let mut config = doorstep::config::load(None).expect("the default configuration");
    config.database_url.clone_from(&database.url);
    config.data_dir = database.directory.join("data");
    boot::block_on(async {
        let state = boot::build_state(config, Arc::new(SystemClock)).await.expect("a database");
        let now = state.clock.now();
        let company = Company::new(now);
        let phones = [company.phone(&state, "first"), company.phone(&state, "second")];
        let rows = phones.iter().map(|phone| company.rows(phone)).collect::<Vec<_>>();
        let written = company.clone();
        state.store.write(move |conn| written.write(conn, &rows)).await.expect("a company");
        let visits = match form {
            Form::New => (0..visits).map(|at| VisitId(workload::id("visit", &at.to_string(), now.0))).collect(),
            Form::Planned => company.plan(&state, visits).await,
        };
        Seeded { phones, visits, now_ms: now.0, issuer: state.config.issuer() }
    })
}

/// One organisation with one team and one rep.
#[derive(Clone)]
struct Company {
    org: OrgId,
    team: TeamId,
    rep: UserId,
    now: UnixMillis,
}

impl Company {
    fn new(now: UnixMillis) -> Self {
        let id = |what: &str| workload::id(what, "bench", now.0);
        Self { org: OrgId(id("org")), team: TeamId(id("team")), rep: UserId(id("rep")), now }
    }

    /// A phone with an access token for the server that starts later: its keys are in the database.
    fn phone(&self, state: &AppState, name: &str) -> Identity {
        let device = DeviceId(workload::id("device", name, self.now.0));
        let session = Some(workload::id("session", name, self.now.0));
        let subject = Subject { org: self.org, user: self.rep, session, device: Some(device), kind: TokenKind::Full };
        let life = state.config.auth.access_token_secs;
        let token = token::mint(&state.keys, &state.config.issuer(), &subject, self.now, life, state.id());
        let (org, user, key) = (self.org, self.rep, workload::key(name));
        Identity { org, user, device, key, token: token.expect("a token"), cursor: None }
    }

    fn rows(&self, phone: &Identity) -> (DeviceRow, RefreshFamilyRow) {
        let key = SigningKey::from_slice(&phone.key).expect("nearly every 32 bytes are a key");
        let public = P256PublicKey::from_sec1(&key.verifying_key().to_sec1_bytes()).expect("a public key");
        let name = if phone.key == workload::key("first") { "first" } else { "second" };
        let device = DeviceRow {
            org_id: Txt(self.org),
            id: Txt(phone.device),
            user_id: Txt(self.rep),
            name: name.to_owned(),
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
        };
        let family = RefreshFamilyRow {
            org_id: Txt(self.org),
            id: Txt(workload::id("session", name, self.now.0)),
            user_id: Txt(self.rep),
            device_id: Some(Txt(phone.device)),
            current_hash: name.to_owned(),
            previous_hash: None,
            created_at_ms: self.now.0,
            last_used_at_ms: self.now.0,
            revoked_at_ms: None,
        };
        (device, family)
    }

    fn write(&self, conn: &mut doorstep_store::Conn, phones: &[(DeviceRow, RefreshFamilyRow)]) -> Result<(), AppError> {
        let row = OrganisationRow {
            id: Txt(self.org),
            code: "bench".to_owned(),
            name: "Benchmark company".to_owned(),
            zone: "Asia/Shanghai".to_owned(),
            created_at_ms: self.now.0,
        };
        insert_organisation(conn, &row)?;
        insert_team(conn, self.org, self.team, "Team 1")?;
        let rep = UserRow {
            org_id: Txt(self.org),
            id: Txt(self.rep),
            login: "rep".to_owned(),
            name: "Rep".to_owned(),
            staff_number: None,
            team_id: Some(Txt(self.team)),
            password_hash: None,
            is_disabled: false,
            version: 1,
            created_at_ms: self.now.0,
        };
        insert_user(conn, &rep, &[Role::FieldRep.code()])?;
        for (device, family) in phones {
            devices::insert_device(conn, device)?;
            sessions::insert_family(conn, family)?;
        }
        let mut batch = FeedBatch::new();
        seed_norms(conn, &mut batch, self.org, self.now)?;
        batch.publish(conn, self.org)?;
        Ok(())
    }

    /// Imports orders and plans a visit for each, spread over the last six and the next thirteen days.
    async fn plan(&self, state: &AppState, count: usize) -> Vec<VisitId> {
        let actor = Actor {
            org: self.org,
            user: self.rep,
            team: Some(self.team),
            roles: vec![Role::Dispatcher],
            device: None,
            session: None,
            token: TokenKind::Full,
        };
        let scope = Scope::Organisation;
        let ctx = Ctx { now: self.now, actor, scope, grants: vec![(Role::Dispatcher, scope)], once: Once::default() };
        let rows = (0..count).map(order).collect();
        let report = import_work_orders(state, ctx.clone(), rows, ImportMode::AllOrNothing, false).await;
        let mut visits = Vec::new();
        for (position, row) in report.expect("an import").rows.into_iter().enumerate() {
            let RowResult::Created(work_order, _) = row else { panic!("a faulty order: {row:?}") };
            let days = i64::try_from(position % 20).unwrap() - 6;
            let new = NewVisit {
                work_order,
                template: workload::TEMPLATE_CODE.to_owned(),
                crew: vec![self.rep],
                time: PlannedTime::Start(self.now.plus_ms(days * DAY_MS)),
            };
            let visit = create_visit(state, ctx.clone(), new).await.expect("a planned visit");
            visits.push(visit.row.id.0);
        }
        visits
    }
}

fn order(position: usize) -> ImportRow {
    let address = format!("上海市浦东新区张江路{position}弄3号楼502室");
    let fields = [("contracted_mbps", "300"), ("number_209", "")];
    let fields: BTreeMap<_, _> = fields.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    ImportRow {
        customer: NewCustomer {
            kind: "individual".to_owned(),
            name: format!("客户{position:04}"),
            phones: vec![format!("138{position:08}")],
            address: address.clone(),
        },
        site: NewSite { grid: None, address, geo: None, scene: "urban_residential".to_owned(), access_note: None },
        order: OrderData {
            external_ref: Some(format!("EXT-{position:06}")),
            number_209: Some(format!("209{position:07}")),
            kind: "install".to_owned(),
            channel: "hotline".to_owned(),
            fields,
            priority: 0,
        },
    }
}
