//! What the photos of one visit say for themselves, without a look at others.

use std::collections::BTreeMap;
use std::sync::Arc;

use doorstep_media::Prints;
use doorstep_store::blob_facts::{BlobFactsRow, find_facts};
use doorstep_store::blobs::{BlobRow, find_blob};
use doorstep_store::installed_items::InstalledItemRow;
use doorstep_store::photo_near_misses::NearMissRow;
use doorstep_store::photo_sightings::{self, SightingRow};
use doorstep_store::{Conn, Txt, documents};
use sync_core::bytes::Hash;
use sync_core::clock::Clocks;
use sync_core::doc::record::Photo;
use sync_core::ids::{OrgId, VisitId};
use sync_core::photo::quality::Quality;
use sync_core::photo::reuse::Seen;
use sync_core::photo::shown::{self, Shown};
use sync_core::photo::thresholds::MIN_DETAIL;
use sync_core::photo::{Finding, capture, record};
use sync_core::plan::PolicyRow;
use sync_core::rules::Facts;
use sync_core::time::UnixMillis;

use crate::app::blobs::prints_of;
use crate::app::visits::project::{Reprojection, load_facts, load_view};
use crate::app::{AppError, AppResult, sync};

/// Why nothing can be shown of bytes that are no picture.
const NO_PICTURE: &str = "not_a_picture";

/// A photo that is here with its record.
#[derive(Debug, Clone)]
pub(super) struct LookedPhoto {
    /// Which one.
    pub seen: Seen,
    /// Its place in the order in which photos were looked at.
    pub seq: i64,
    /// Whether it was not looked at before.
    pub is_new: bool,
    /// Whether it was measured, and so has all prints that it will ever have.
    pub is_measured: bool,
    /// Its prints; none where it shows too little.
    pub prints: Option<Prints>,
    /// What is to be said of it.
    pub findings: Vec<Finding>,
    /// How near it is to an earlier one that is not told, in bits, and whether that is of the same site.
    pub near_miss: Option<(u32, bool)>,
}

/// The photos of a visit that count and are here.
#[derive(Debug, Clone)]
pub(super) struct Looked {
    /// In operation order.
    pub photos: Vec<LookedPhoto>,
    /// The policy.
    pub policy: Arc<PolicyRow>,
    /// The policy that the crew pinned, where it is not published here.
    pub awaited_policy: Option<i64>,
    /// Photos whose prints were made after they were looked at first, and are compared with nothing so far; also of those
    /// that count no more.
    pub belated: Vec<SightingRow>,
    /// The first place in the order that is free.
    pub next_seq: i64,
    /// What the visit is by the rules of this version.
    pub projected: Reprojection,
    /// What it says was used.
    pub items: Vec<InstalledItemRow>,
}

impl LookedPhoto {
    /// The row that says how near it is to a photo that is not told.
    pub fn near_miss_row(&self, org: OrgId) -> Option<NearMissRow> {
        let seen = &self.seen;
        self.near_miss.map(|(bits, same_site)| NearMissRow {
            org_id: Txt(org),
            visit_id: Txt(seen.visit),
            photo_id: seen.photo.clone(),
            sha256: Txt(seen.sha256),
            bits: bits.into(),
            same_site,
        })
    }

    /// The row that says so, if there is none yet.
    pub fn new_sighting(&self, org: OrgId) -> Option<SightingRow> {
        let seen = &self.seen;
        self.is_new.then(|| SightingRow {
            org_id: Txt(org),
            visit_id: Txt(seen.visit),
            photo_id: seen.photo.clone(),
            sha256: Txt(seen.sha256),
            seq: self.seq,
            site_id: seen.site.map(Txt),
            device_id: seen.device.map(Txt),
            taken_at_ms: seen.taken_at.0,
            prints_seq: self.is_measured.then_some(self.seq),
        })
    }
}

/// Looks at every photo of a visit that counts, is here, and was ingested if it can be; the others are looked at when
/// they have come so far.
///
/// # Errors
/// `not_found` if there is no such visit; corrupt rows.
pub(super) fn look(conn: &mut Conn, org: OrgId, visit: VisitId, now: UnixMillis) -> AppResult<Looked> {
    let whole = load_view(conn, org, visit)?;
    let loaded = load_facts(conn, org, &whole, now)?;
    let projected = loaded.project(&whole);
    // What reviewers judge is looked at: nothing that came too late.
    let view = projected.counting.as_ref().unwrap_or(&whole);
    let (facts, clocks) = (loaded.of(view), Clocks::of(view));
    let known = photo_sightings::list_of_visit(conn, org, visit)?;
    let belated = belated(conn, org, &known)?;
    let mut next_seq = photo_sightings::last_seq(conn, org)? + 1;
    let mut photos = Vec::new();
    for entry in view.current_photos() {
        let Some((blob, measured)) = arrived(conn, org, entry.value.sha256)? else { continue };
        if !is_judged(&entry.value, &facts, &blob) {
            continue;
        }
        let captured = record::capture(&facts, &clocks, entry);
        let mut findings = capture::findings(&captured, &loaded.policy.parameters);
        // A document that is no picture is what it says.
        if entry.value.is_photo() || blob.preview_state != "none" {
            let shown = shown_of(&blob, measured.as_ref())?;
            findings.extend(shown::findings(&shown, &loaded.policy.parameters));
        }
        let seen = Seen {
            visit,
            photo: text(&entry.key),
            sha256: entry.value.sha256,
            site: loaded.plan.site.as_ref().map(|site| site.id),
            device: documents::find_actor(conn, org, entry.op.actor)?.map(|(_, device)| device),
            taken_at: captured.taken.at,
        };
        let is_it = |row: &&SightingRow| row.photo_id == seen.photo && row.sha256.0 == seen.sha256;
        let place = known.iter().find(is_it).map(|row| row.seq);
        let is_measured = measured.is_some();
        let prints = measured.and_then(|facts| telling_prints(&facts, &loaded.policy.parameters));
        let (seq, is_new) = (place.unwrap_or(next_seq), place.is_none());
        photos.push(LookedPhoto { seen, seq, is_new, is_measured, prints, findings, near_miss: None });
        next_seq += i64::from(is_new);
    }
    let pinned = whole.pin().map(|pin| pin.policy_version);
    let awaited_policy = pinned.filter(|pinned| *pinned != loaded.policy.version);
    let items = sync::project(org, visit, view).items;
    Ok(Looked { photos, policy: Arc::clone(&loaded.policy), awaited_policy, belated, next_seq, projected, items })
}

/// The prints of a photo that shows enough to be compared.
pub(super) fn telling_prints(facts: &BlobFactsRow, parameters: &BTreeMap<String, String>) -> Option<Prints> {
    if facts.detail_c < i64::from(MIN_DETAIL.of(parameters)) { None } else { prints_of(facts) }
}

/// A blob that is here and counts, with what was measured; none of a picture that is to be ingested first. One whose copies
/// are made anew was measured before.
fn arrived(conn: &mut Conn, org: OrgId, sha256: Hash) -> AppResult<Option<(BlobRow, Option<BlobFactsRow>)>> {
    let Some(blob) = find_blob(conn, org, sha256)?.filter(|blob| !blob.is_quarantined) else { return Ok(None) };
    let measured = find_facts(conn, org, sha256)?;
    let is_ingested = blob.preview_state != "pending" || measured.is_some();
    Ok(is_ingested.then_some((blob, measured)))
}

/// Whether a record is looked at: one that says that it is a photo, stands where the template asks for one, or is a picture
/// by its bytes. What the record calls it opens no way around.
fn is_judged(record: &Photo, facts: &Facts<'_>, blob: &BlobRow) -> bool {
    record.is_photo() || facts.template.slot(&record.slot).is_some() || blob.preview_state != "none"
}

/// The photos of a visit that have been measured since they were looked at.
fn belated(conn: &mut Conn, org: OrgId, known: &[SightingRow]) -> AppResult<Vec<SightingRow>> {
    let mut belated = Vec::new();
    for row in known.iter().filter(|row| row.prints_seq.is_none()) {
        if find_facts(conn, org, row.sha256.0)?.is_some() {
            belated.push(row.clone());
        }
    }
    Ok(belated)
}

/// A key as the database can hold it.
pub(super) fn text(key: &str) -> String {
    key.replace('\0', "\u{fffd}")
}

/// What the server made of the bytes.
fn shown_of(blob: &BlobRow, measured: Option<&BlobFactsRow>) -> AppResult<Shown> {
    Ok(match (blob.preview_state.as_str(), measured) {
        (_, Some(facts)) => Shown::Measured(quality_of(facts)?),
        ("ready", None) => Shown::Unmeasured,
        ("none", _) => Shown::Nothing(NO_PICTURE.to_owned()),
        _ => Shown::Nothing(blob.preview_reason.clone().unwrap_or_default()),
    })
}

fn quality_of(facts: &BlobFactsRow) -> AppResult<Quality> {
    let whole = |number: i64| u64::try_from(number).map_err(|error| AppError::Internal(error.to_string()));
    Ok(Quality {
        sharpness_p90_c: whole(facts.sharpness_p90_c)?,
        sharpness_all_c: whole(facts.sharpness_all_c)?,
        mean_luma_c: whole(facts.mean_luma_c)?,
        dark_permille: whole(facts.dark_permille)?,
        bright_permille: whole(facts.bright_permille)?,
    })
}
