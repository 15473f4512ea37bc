//! What was found about photos: that it follows from what is stored, by the code of the job that finds it.

use sync_core::ids::OrgId;

use super::{Report, Verifier};
use crate::app::AppResult;
use crate::app::findings::{Album, FindingsQueue, Rebuilt, Samples, rebuild};

/// Visits read in one transaction: their photos are compared after it.
const PAGE: i64 = 32;

/// Verifies the findings of an organisation.
///
/// Memory holds the prints of its photos, as it does where photos are looked at, and one page of visits.
pub(super) async fn verify(
    verifier: &Verifier,
    org: OrgId,
    report: &mut Report,
    progress: &dyn Fn(&str),
) -> AppResult<()> {
    // Dropped with the organisation, and until then of no other.
    let prints = FindingsQueue::new(0);
    let album = Album { store: &verifier.store, prints: &prints, samples: Samples::Kept(&*verifier.objects) };
    let mut after = None;
    loop {
        let page = rebuild(album, org, after, PAGE, verifier.now).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = Some(*last);
        for (visit, rebuilt) in page {
            match rebuilt {
                Rebuilt::Waits => report.count("visits whose photos wait to be looked at"),
                Rebuilt::Unknown => report.count("visits whose findings cannot be told, because a small copy is lost"),
                Rebuilt::Unreadable(error) => report.differs(org, "findings", visit, error.to_string()),
                Rebuilt::Compared(unlike) => {
                    report.count("visits with findings");
                    for one in unlike {
                        let code = one.code.map(|code| format!(", {code}")).unwrap_or_default();
                        report.differs(org, "findings", visit, format!("photo {}{code}: {}", one.photo, one.what));
                    }
                }
            }
        }
        progress(&format!("{org}: findings of {} visits", report.counts.get("visits with findings").unwrap_or(&0)));
    }
}
