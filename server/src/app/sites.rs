//! Sites: adding, moving, showing.

use doorstep_store::customers::CustomerFilter;
use doorstep_store::feed::{FeedBatch, FeedKind};
use doorstep_store::sites::{self, SiteRecord};
use doorstep_store::{Conn, StoreError, Txt, customers};
use serde_json::json;
use sync_core::ids::{CustomerId, GridId, OrgId, SiteId};
use sync_core::time::{Geo, UnixMillis};

use crate::app::customers::{is_text, steers};
use crate::app::reach::{self, Reach};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit, findings, scope};
use crate::domain::fold::fold;

/// Scenes of sites.
///
/// # Source
/// Rulebook 1.2.
pub const SCENES: [&str; 3] = ["urban_residential", "rural", "business"];

/// A site to add.
#[derive(Debug, Clone)]
pub struct NewSite {
    /// Grid.
    pub grid: Option<GridId>,
    /// Address.
    pub address: String,
    /// Position.
    pub geo: Option<Geo>,
    /// Scene.
    pub scene: String,
    /// How to get in.
    pub access_note: Option<String>,
}

/// Adds a site of a customer.
///
/// # Errors
/// `invalid` naming the field, also for an unknown customer or grid.
pub async fn create_site(state: &AppState, ctx: Ctx, customer: CustomerId, new: NewSite) -> AppResult<SiteRecord> {
    check("", &new, Refusal::new(ErrorCode::Invalid)).into_result()?;
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let org = ctx.actor.org;
            if customers::find_customer(conn, org, customer)?.is_none() {
                return Err(Refusal::new(ErrorCode::Invalid).field("customer_id", "an existing customer").into());
            }
            let site = insert(conn, org, SiteId(app.id()), customer, &new, ctx.now)?;
            audit::record(conn, &app, &ctx, "site.created", site.id, &json!({}))?;
            Ok::<_, AppError>(site)
        })
        .await
}

/// Adds faults of a site to a refusal; `at` is the path of the site in the request.
pub(crate) fn check(at: &str, new: &NewSite, mut refusal: Refusal) -> Refusal {
    if !is_text(&new.address, 300) {
        refusal = refusal.both(
            format!("{at}address"),
            "1 to 300 characters, none of them a control character",
            "1 至 300 个字符，不含控制字符",
        );
    }
    if !SCENES.contains(&new.scene.as_str()) {
        refusal = refusal.both(
            format!("{at}scene"),
            "urban_residential, rural or business",
            "urban_residential（城市小区）、rural（农村）或 business（商企）",
        );
    }
    if new.access_note.as_ref().is_some_and(|note| note.chars().count() > 500 || note.chars().any(steers)) {
        refusal = refusal.both(format!("{at}access_note"), "at most 500 characters", "最多 500 个字符");
    }
    match &new.geo {
        Some(geo) => check_position(at, geo, refusal),
        None => refusal,
    }
}

/// Adds the fault of a position to a refusal; `at` is the path of what it belongs to in the request.
pub(crate) fn check_position(at: &str, geo: &Geo, refusal: Refusal) -> Refusal {
    let on_earth = (-90_000_000..=90_000_000).contains(&geo.lat_udeg)
        && (-180_000_000..=180_000_000).contains(&geo.lon_udeg)
        && (0..=MAX_ACCURACY_M).contains(&geo.acc_m);
    if on_earth && ["wgs84", "gcj02", "bd09"].contains(&geo.datum.as_str()) {
        return refusal;
    }
    refusal.both(
        format!("{at}geo"),
        "a position in microdegrees, known to 1000 m or better, with datum wgs84, gcj02 or bd09",
        "以微度表示、误差不超过 1000 米的坐标，坐标系为 wgs84、gcj02 或 bd09",
    )
}

/// How well a position must be known, in metres: what is known less well would make every photo one taken at the site.
const MAX_ACCURACY_M: i64 = 1_000;

fn position_of(site: &SiteRecord) -> Option<Geo> {
    let (lat_udeg, lon_udeg) = (site.lat_udeg?, site.lon_udeg?);
    Some(Geo { lat_udeg, lon_udeg, acc_m: site.acc_m.unwrap_or_default(), datum: site.datum.clone()?, mock: None })
}

/// Writes a checked site.
pub(crate) fn insert(
    conn: &mut Conn,
    org: OrgId,
    id: SiteId,
    customer: CustomerId,
    new: &NewSite,
    now: UnixMillis,
) -> AppResult<SiteRecord> {
    let row = row_of(org, id, customer, new, now);
    sites::insert_site(conn, &row)?;
    Ok(row)
}

/// The row of a checked site; its position stays in the datum that it was given in.
pub(crate) fn row_of(org: OrgId, id: SiteId, customer: CustomerId, new: &NewSite, now: UnixMillis) -> SiteRecord {
    let geo = new.geo.as_ref();
    SiteRecord {
        org_id: Txt(org),
        id: Txt(id),
        customer_id: Txt(customer),
        grid_id: new.grid.map(Txt),
        address: new.address.trim().to_owned(),
        address_folded: fold(&new.address),
        lat_udeg: geo.map(|geo| geo.lat_udeg),
        lon_udeg: geo.map(|geo| geo.lon_udeg),
        acc_m: geo.map(|geo| geo.acc_m),
        datum: geo.map(|geo| geo.datum.clone()),
        scene: new.scene.clone(),
        access_note: new.access_note.clone(),
        version: 1,
        created_at_ms: now.0,
    }
}

/// Corrects where a site is. Phones that carry it hear of it, and the photos of its visits are looked at again.
///
/// # Errors
/// `not_found` if absent, `stale_version`, `invalid` naming the field.
pub async fn move_site(state: &AppState, ctx: Ctx, id: SiteId, seen_version: i64, to: Geo) -> AppResult<SiteRecord> {
    check_position("", &to, Refusal::new(ErrorCode::Invalid)).into_result()?;
    let app = state.clone();
    let moved = ctx
        .once()
        .write(&state.store, move |conn| {
            let org = ctx.actor.org;
            let known = sites::find_site(conn, org, id)?.ok_or(ErrorCode::NotFound)?;
            if known.version != seen_version {
                return Err(StoreError::Stale.into());
            }
            // Findings of the past follow from it: where it was said to be stays to be read.
            let from = position_of(&known);
            let site = SiteRecord {
                lat_udeg: Some(to.lat_udeg),
                lon_udeg: Some(to.lon_udeg),
                acc_m: Some(to.acc_m),
                datum: Some(to.datum.clone()),
                version: known.version + 1,
                ..known
            };
            sites::update_position(conn, &site)?;
            let visits = sites::list_visits_at(conn, &site)?;
            findings::look_again_at(conn, org, &visits, ctx.now)?;
            audit::record(conn, &app, &ctx, "site.moved", id, &json!({ "from": from, "to": to }))?;
            let mut batch = FeedBatch::new();
            scope::touch(conn, &mut batch, org, FeedKind::Site, &id.to_string())?;
            batch.publish(conn, org)?;
            Ok::<_, AppError>(site)
        })
        .await;
    state.findings.wake();
    moved
}

/// The site of this id; it is within reach if its customer is.
///
/// # Errors
/// `not_found` if absent or out of reach.
pub async fn show_site(state: &AppState, ctx: Ctx, id: SiteId) -> AppResult<SiteRecord> {
    state
        .store
        .read(move |conn| {
            let org = ctx.actor.org;
            let mut site = sites::find_site(conn, org, id)?.ok_or(ErrorCode::NotFound)?;
            let Reach { people, unmasked, .. } = reach::of(conn, &ctx)?;
            let filter = CustomerFilter { id: Some(site.customer_id.0), reps: people, ..Default::default() };
            if customers::list_customers(conn, org, &filter, "", 1)?.is_empty() {
                return Err(ErrorCode::NotFound.into());
            }
            let unmasked = CustomerFilter { reps: unmasked, ..filter };
            if customers::list_customers(conn, org, &unmasked, "", 1)?.is_empty() {
                let kept: String = site.address.chars().take(6).collect();
                site = SiteRecord { address: format!("{kept}***"), access_note: None, lat_udeg: None, ..site };
            }
            Ok::<_, AppError>(site)
        })
        .await
}
