//! The office of a test: plans visits through the public use cases, as a dispatcher would.
//!
//! Knows nothing of phones and of the wire.

use std::collections::BTreeMap;

use doorstep::app::customers::{NewCustomer, create_customer};
use doorstep::app::once::Once;
use doorstep::app::sites::{NewSite, create_site};
use doorstep::app::visits::{self, NewAppointment, NewVisit, PlannedTime, Rescheduling};
use doorstep::app::work_orders::{OrderData, create_work_order};
use doorstep::app::{AppResult, Ctx, norms};
use doorstep::domain::{Actor, Role, Scope, TokenKind};
use doorstep::ports::Clock as _;
use doorstep_store::feed::FeedBatch;
use doorstep_store::visits::{VisitRecord, find_visit};
use sync_core::clock::NotedBy;
use sync_core::ids::{CustomerId, SiteId, VisitId, WorkOrderId};
use sync_core::time::UnixMillis;

use crate::app::TestApp;
use crate::company::{Company, Member};

/// One hour in milliseconds.
pub const HOUR_MS: i64 = 60 * 60 * 1000;

/// One day in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// The template of the visits planned here.
pub const TEMPLATE: &str = "broadband_install";

/// The dispatcher of an organisation.
#[derive(Debug, Clone, Copy)]
pub struct Office<'a> {
    app: &'a TestApp,
    company: Company,
}

/// A planned visit and what it is for.
#[derive(Debug, Clone, Copy)]
pub struct Planned {
    /// The visit.
    pub visit: VisitId,
    /// Its order.
    pub order: WorkOrderId,
    /// Whose order.
    pub customer: CustomerId,
    /// Where.
    pub site: SiteId,
}

impl TestApp {
    /// The office of a company, which has published its templates, policy and calendar.
    ///
    /// # Panics
    /// If they cannot be published.
    pub async fn office(&self, company: Company) -> Office<'_> {
        let (org, now) = (company.org, self.clock.now());
        let published = self.state.store.write(move |conn| -> AppResult<()> {
            let mut batch = FeedBatch::new();
            norms::seed_norms(conn, &mut batch, org, now)?;
            batch.publish(conn, org)?;
            Ok(())
        });
        published.await.expect("the norms are published");
        self.office_again(company)
    }

    /// The office of a company that has published its norms before.
    #[must_use]
    pub const fn office_again(&self, company: Company) -> Office<'_> {
        Office { app: self, company }
    }

    /// The instant the clock shows.
    #[must_use]
    pub fn now(&self) -> UnixMillis {
        self.clock.now()
    }
}

impl Office<'_> {
    /// The dispatcher's request, as use cases get it.
    #[must_use]
    pub fn ctx(&self) -> Ctx {
        let member = self.company.member(Role::Dispatcher);
        let actor = Actor {
            org: member.org,
            user: member.id,
            team: member.team,
            roles: vec![Role::Dispatcher],
            device: None,
            session: None,
            token: TokenKind::Full,
        };
        let scope = Scope::Organisation;
        Ctx { now: self.app.clock.now(), actor, scope, grants: vec![(Role::Dispatcher, scope)], once: Once::default() }
    }

    /// An order of a new customer.
    ///
    /// # Panics
    /// If the office may not make it.
    pub async fn order(&self) -> (WorkOrderId, CustomerId, SiteId) {
        let state = &self.app.state;
        let customer = NewCustomer {
            kind: "individual".to_owned(),
            name: "陈梅".to_owned(),
            phones: vec!["138 0000 0001".to_owned()],
            address: "成都市一环路1号".to_owned(),
        };
        let customer = create_customer(state, self.ctx(), customer).await.expect("a customer").row.id.0;
        let site = NewSite {
            grid: None,
            address: "成都市一环路1号3单元".to_owned(),
            geo: None,
            scene: "urban_residential".to_owned(),
            access_note: None,
        };
        let site = create_site(state, self.ctx(), customer, site).await.expect("a site").id.0;
        let order = self.order_for(customer, site).await;
        (order, customer, site)
    }

    /// An order of a known customer.
    ///
    /// # Panics
    /// If the office may not make it.
    pub async fn order_for(&self, customer: CustomerId, site: SiteId) -> WorkOrderId {
        let order = OrderData {
            external_ref: None,
            number_209: None,
            kind: "install".to_owned(),
            channel: "hotline".to_owned(),
            fields: BTreeMap::from([("contracted_mbps".to_owned(), "500".to_owned())]),
            priority: 0,
        };
        create_work_order(&self.app.state, self.ctx(), customer, site, order).await.expect("an order").row.id.0
    }

    /// Plans a visit for a new order, so many milliseconds from now.
    ///
    /// # Panics
    /// If the office may not plan it.
    pub async fn plan_at(&self, crew: &[Member], in_ms: i64) -> Planned {
        let (order, customer, site) = self.order().await;
        let visit = self.plan_order(order, crew, in_ms).await;
        Planned { visit, order, customer, site }
    }

    /// Plans a visit for a known order, so many milliseconds from now.
    ///
    /// # Panics
    /// If the office may not plan it.
    pub async fn plan_order(&self, order: WorkOrderId, crew: &[Member], in_ms: i64) -> VisitId {
        let start = self.app.clock.now().plus_ms(in_ms);
        let (proposed_by, agreed_at) = ("customer".to_owned(), self.app.clock.now());
        let appointment = NewAppointment { start, end: None, proposed_by, agreed_at };
        self.plan_for(order, crew, PlannedTime::Appointment(appointment)).await
    }

    /// Plans a visit for a known order and any kind of time.
    ///
    /// # Panics
    /// If the office may not plan it.
    pub async fn plan_for(&self, order: WorkOrderId, crew: &[Member], time: PlannedTime) -> VisitId {
        let crew = crew.iter().map(|member| member.id).collect();
        let new = NewVisit { work_order: order, template: TEMPLATE.to_owned(), crew, time };
        visits::create_visit(&self.app.state, self.ctx(), new).await.expect("a visit").row.id.0
    }

    /// Plans a visit of today.
    pub async fn plan(&self, crew: &[Member]) -> Planned {
        self.plan_at(crew, HOUR_MS).await
    }

    /// The row of a visit as it is now.
    ///
    /// # Panics
    /// If there is none.
    pub async fn row(&self, visit: VisitId) -> VisitRecord {
        let org = self.company.org;
        self.app.read(move |conn| find_visit(conn, org, visit)).await.expect("the visit exists")
    }

    /// Gives a visit to another crew.
    ///
    /// # Panics
    /// If the office may not.
    pub async fn assign(&self, visit: VisitId, crew: &[Member]) {
        let version = self.row(visit).await.version;
        let crew = crew.iter().map(|member| member.id).collect();
        visits::assign_visit(&self.app.state, self.ctx(), visit, version, crew).await.expect("assigned");
    }

    /// Cancels a visit.
    ///
    /// # Panics
    /// If the office may not.
    pub async fn cancel(&self, visit: VisitId) {
        let version = self.row(visit).await.version;
        let reason = "customer moved away".to_owned();
        visits::cancel_visit(&self.app.state, self.ctx(), visit, version, reason).await.expect("cancelled");
    }

    /// Moves a visit to another start.
    ///
    /// # Panics
    /// If the office may not.
    pub async fn reschedule(&self, visit: VisitId, start: UnixMillis) {
        let version = self.row(visit).await.version;
        let to = Rescheduling {
            start,
            end: None,
            notified_at: self.app.clock.now(),
            notified_by: NotedBy::Server,
            proposed_by: "customer".to_owned(),
            reason: "away".to_owned(),
        };
        visits::reschedule_visit(&self.app.state, self.ctx(), visit, version, to).await.expect("rescheduled");
    }
}
