//! Puts customers, work orders and visits in, through the use cases of the office.

use std::collections::BTreeSet;

use doorstep_store::visits::list_visits_of;
use doorstep_store::work_orders::list_by_external_ref;
use doorstep_store::{customers, sites};
use sync_core::ids::{CustomerId, SiteId, WorkOrderId};
use sync_core::time::Geo;

use super::company;
use super::data::customers::{HOUSEHOLDS, Household};
use super::data::jobs::Job;
use super::data::people::DISPATCHER;
use super::seeder::{Seeder, instant};
use crate::app::customers::{NewCustomer, create_customer};
use crate::app::sites::{NewSite, create_site};
use crate::app::visits::{NewAppointment, NewVisit, PlannedTime, create_visit};
use crate::app::work_orders::{OrderData, create_work_order};
use crate::app::{AppError, AppResult};

/// Radius of uncertainty of an invented position, in metres.
const ACCURACY_M: i64 = 15;

/// Makes sure that every customer exists with a site.
pub(super) async fn ensure_households(seeder: &Seeder<'_>) -> AppResult<()> {
    let ctx = seeder.ctx(DISPATCHER).await?;
    let org = ctx.actor.org;
    for household in HOUSEHOLDS {
        let (customer, site) = ids(seeder, household.key);
        let store = &seeder.state.store;
        if store.read(move |conn| customers::find_customer(conn, org, customer)).await?.is_none() {
            let new = NewCustomer {
                kind: household.kind.to_owned(),
                name: household.name.to_owned(),
                phones: vec![household.phone.to_owned()],
                address: household.address.to_owned(),
            };
            let made = create_customer(&seeder.named(&customer_name(household.key)), ctx.clone(), new).await?;
            foretold(made.row.id.0, customer)?;
        }
        if store.read(move |conn| sites::find_site(conn, org, site)).await?.is_none() {
            let new = site_of(seeder, &household);
            let made = create_site(&seeder.named(&site_name(household.key)), ctx.clone(), customer, new).await?;
            foretold(made.id.0, site)?;
        }
    }
    Ok(())
}

fn site_of(seeder: &Seeder<'_>, household: &Household) -> NewSite {
    let (lat_udeg, lon_udeg) = household.at;
    NewSite {
        grid: Some(company::grid(seeder, household.grid)),
        address: household.address.to_owned(),
        geo: Some(Geo { lat_udeg, lon_udeg, acc_m: ACCURACY_M, datum: "wgs84".to_owned(), mock: None }),
        scene: household.scene.to_owned(),
        access_note: household.access_note.map(str::to_owned),
    }
}

/// Makes sure that the order of a job exists, and that its first visit is planned on a day.
pub(super) async fn ensure_job(seeder: &Seeder<'_>, job: &Job, reference: &str, day: &str) -> AppResult<()> {
    let org = seeder.org();
    let wanted = reference.to_owned();
    let (order, visits) = seeder
        .state
        .store
        .read(move |conn| {
            let order = list_by_external_ref(conn, org, &BTreeSet::from([wanted.as_str()]))?.pop().map(|(_, id)| id);
            let visits = order.map(|order| list_visits_of(conn, org, order)).transpose()?;
            Ok::<_, AppError>((order, visits.map_or(0, |visits| visits.len())))
        })
        .await?;
    let order = match order {
        Some(order) => order,
        None => add_order(seeder, job, reference).await?,
    };
    if visits == 0 { plan_visit(seeder, job, reference, order, day).await } else { Ok(()) }
}

async fn add_order(seeder: &Seeder<'_>, job: &Job, reference: &str) -> AppResult<WorkOrderId> {
    let data = OrderData {
        external_ref: Some(reference.to_owned()),
        number_209: job.number_209.map(str::to_owned),
        kind: job.kind.to_owned(),
        channel: job.channel.to_owned(),
        fields: job.fields.iter().map(|(code, text)| ((*code).to_owned(), (*text).to_owned())).collect(),
        priority: 0,
    };
    let (customer, site) = ids(seeder, job.household);
    let ctx = seeder.ctx(DISPATCHER).await?;
    let made = create_work_order(&seeder.named(&format!("order/{reference}")), ctx, customer, site, data).await?;
    Ok(made.row.id.0)
}

async fn plan_visit(
    seeder: &Seeder<'_>,
    job: &Job,
    reference: &str,
    work_order: WorkOrderId,
    day: &str,
) -> AppResult<()> {
    // The company's zone has no daylight saving.
    let start = instant(&format!("{day}T{}:00+08:00", job.start))?;
    let ctx = seeder.ctx(DISPATCHER).await?;
    let agreed = NewAppointment { start, end: None, proposed_by: "customer".to_owned(), agreed_at: ctx.now };
    let new = NewVisit {
        work_order,
        template: job.template.to_owned(),
        crew: vec![seeder.user(job.rep).await?],
        time: if job.is_agreed { PlannedTime::Appointment(agreed) } else { PlannedTime::Start(start) },
    };
    create_visit(&seeder.named(&format!("visit/{reference}")), ctx, new).await.map(drop)
}

fn ids(seeder: &Seeder<'_>, key: &str) -> (CustomerId, SiteId) {
    (CustomerId(seeder.id(&customer_name(key))), SiteId(seeder.id(&site_name(key))))
}

fn customer_name(key: &str) -> String {
    format!("customer/{key}")
}

fn site_name(key: &str) -> String {
    format!("site/{key}")
}

/// A use case that draws its id later than first would make a new row at each start: better to stop.
fn foretold<T: PartialEq + std::fmt::Display>(made: T, expected: T) -> AppResult<()> {
    if made == expected {
        return Ok(());
    }
    Err(AppError::Internal(format!("demo data: {made} was made where {expected} was expected")))
}
