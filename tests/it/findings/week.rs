//! A cheater's week: of re-used photos and faked records how many are found among honest work, and how much of that work is
//! suspected wrongly.
//!
//! The long form plays thousands of visits (`make cheaters-week`), of drawn pictures or of those of any folder.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_media::draw::Alteration;
use integration_tests::album::Album;
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::effort;
use integration_tests::told::tell;
use serde_json::{Value, json};
use sync_core::ids::{CustomerId, SiteId, VisitId};
use sync_core::time::Stamp;

use super::Field;

/// Honest visits, and acts of cheating of each kind, in the short form and in the long one.
const HONEST: (u64, u64) = (24, 2000);
const EACH: (u64, u64) = (2, 60);

/// After how many visits it is told how far the week has come.
const PROGRESS: u64 = 100;

/// Findings from this weight on are worth a look: what a reviewer is shown as a suspicion.
const SUSPICION: i64 = 2;

/// What a cheater does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cheat {
    /// Hands in the file of another visit.
    Identical,
    /// Hands in what was made of it.
    Altered(Alteration),
    /// Takes a picture out of the gallery.
    Gallery,
    /// Simulates the position.
    MockPosition,
    /// Sets the clock back by three days.
    ClockSetBack,
    /// Takes the picture an hour before setting out, by a clock that says so.
    TakenBefore,
}

impl Cheat {
    fn all() -> Vec<Self> {
        let re_used = [Self::Identical].into_iter().chain(Alteration::ALL.map(Self::Altered));
        re_used.chain([Self::Gallery, Self::MockPosition, Self::ClockSetBack, Self::TakenBefore]).collect()
    }

    /// The finding that says it, and whether that is about another photo.
    const fn code(self) -> (&'static str, bool) {
        match self {
            Self::Identical => ("reused_exact", true),
            Self::Altered(_) => ("reused_similar", true),
            Self::Gallery => ("gallery_source", false),
            Self::MockPosition => ("mock_position", false),
            Self::ClockSetBack => ("clock_inconsistent", false),
            Self::TakenBefore => ("outside_visit_window", false),
        }
    }

    /// The picture that is handed in: made of an old one, or of its own.
    fn picture(self, album: &Album, old: u64, own: u64) -> Vec<u8> {
        match self {
            Self::Identical => album.picture(old),
            Self::Altered(alteration) => alteration.apply(&album.picture(old), own).expect("altered"),
            _ => album.picture(own),
        }
    }

    fn change(self, record: &mut Value, now_ms: i64) {
        match self {
            Self::Identical | Self::Altered(_) => {}
            Self::Gallery => record["source"] = "gallery".into(),
            Self::MockPosition => record["geo"]["mock"] = true.into(),
            Self::ClockSetBack => {
                let (wall_ms, boot_id) = (now_ms - 3 * 86_400_000, "0123ABCD".to_owned());
                record["taken_at"] = json!(Stamp { wall_ms, mono_ms: 1_000, boot_id, off_ms: None, err_ms: None });
            }
            Self::TakenBefore => record["taken_at"]["wall_ms"] = (now_ms - 3_600_000).into(),
        }
    }
}

/// What came of a week.
#[derive(Debug, Default)]
struct Week {
    honest: u64,
    suspected: Vec<(u64, String)>,
    /// Of each kind how often it was done and how often found.
    cheats: BTreeMap<Cheat, (u64, u64)>,
}

impl Week {
    fn totals(&self) -> (u64, u64) {
        let all = self.cheats.values();
        all.fold((0, 0), |(done, found), (of_done, of_found)| (done + of_done, found + of_found))
    }

    fn tell(&self) {
        let (done, found) = self.totals();
        tell(format_args!(
            "a cheater's week: {found} of {done} acts found; of {} honest photos {} suspected: {:?}",
            self.honest,
            self.suspected.len(),
            self.suspected
        ));
        for (cheat, (done, found)) in &self.cheats {
            tell(format_args!("{cheat:?}: {found} of {done}"));
        }
    }
}

struct Player<'a> {
    field: Field<'a>,
    album: Album,
    week: Week,
    site: Option<(CustomerId, SiteId)>,
    /// The visits that showed a picture, or what was made of it.
    shown: BTreeSet<(u64, VisitId)>,
}

impl Player<'_> {
    /// Honest work: a photo of its own; at each fourth visit two shots of it, and each fourth a return to a site that was
    /// photographed before and looks much the same.
    async fn work(&mut self, number: u64) {
        let field = &mut self.field;
        let picture = self.album.picture(number);
        let mut shots = vec![picture.clone()];
        let visit = match (number % 4, self.site.take()) {
            (1, _) => {
                let site = field.site(30_659_462, 104_065_735).await;
                self.site = Some(site);
                field.visit_at(site).await
            }
            (2, Some(site)) => {
                let again = Alteration::Cropped.apply(&self.album.picture(number - 1), number).expect("altered");
                shots = vec![again];
                field.visit_at(site).await
            }
            (3, _) => {
                shots.push(Alteration::Recompressed.apply(&picture, number).expect("altered"));
                field.visit().await
            }
            _ => field.visit().await,
        };
        self.shown.insert((shown_before(number), visit));
        let accuracy = 5 + number % 60;
        for shot in &shots {
            field.take(visit, shot, |record| record["geo"]["acc_m"] = accuracy.into());
        }
        let sent: Vec<&[u8]> = shots.iter().map(Vec::as_slice).collect();
        field.sent(&sent).await;
        let said = field.said(visit).await;
        let suspected = said.into_iter().filter(|(_, level)| *level >= SUSPICION).map(|(code, _)| (number, code));
        self.week.suspected.extend(suspected);
        self.week.honest += u64::try_from(shots.len()).expect("few");
        field.wait(1800).await;
    }

    async fn cheat(&mut self, cheat: Cheat, old: u64, own: u64) {
        let field = &mut self.field;
        let (visit, now_ms) = (field.visit().await, field.app.now().0);
        let picture = cheat.picture(&self.album, old, own);
        field.take(visit, &picture, |record| cheat.change(record, now_ms));
        field.sent(&[&picture]).await;
        let said = field.said(visit).await;
        let (code, is_re_used) = cheat.code();
        let mut is_found = said.iter().any(|(found, level)| found == code && *level >= SUSPICION);
        if is_re_used {
            // Beside it stands where the picture comes from.
            let earlier = field.earlier(visit, code).await;
            is_found &= earlier.is_some_and(|(earlier, _)| self.shown.contains(&(old, earlier)));
            self.shown.insert((old, visit));
        }
        let (done, found) = self.week.cheats.entry(cheat).or_default();
        *done += 1;
        *found += u64::from(is_found);
        field.wait(1800).await;
    }
}

/// The number of a picture that was handed in: a return shows that of the visit before.
const fn shown_before(number: u64) -> u64 {
    if number % 4 == 2 { number - 1 } else { number }
}

#[actix_web::test]
async fn what_a_cheater_does_is_found_and_honest_work_is_not_suspected() {
    let (honest, each) = if effort::is_long() { (HONEST.1, EACH.1) } else { (HONEST.0, EACH.0) };
    let album = Album::of_env();
    // Pictures of their own are needed by the honest and by those who fake the record only.
    let own = 4 * each;
    let honest = album.count().map_or(honest, |count| count.saturating_sub(own));
    assert!(honest >= 4, "a week needs {} pictures", own + 4);
    let app = TestApp::new().await;
    let mut player = Player {
        field: Field::of(&app, YUNZE).await,
        album,
        week: Week::default(),
        site: None,
        shown: BTreeSet::new(),
    };
    let total = each * u64::try_from(Cheat::all().len()).expect("few");
    let mut acts = Cheat::all().into_iter().cycle().take(usize::try_from(total).expect("few")).zip(1..);
    let (mut fakes, mut done) = (honest.., 0);
    for number in 0..honest {
        player.work(number).await;
        // Spread over the week; what is re-used is of a visit that was there before.
        while (number + 1) * total >= (done + 1) * honest {
            let Some((cheat, act)) = acts.next() else { break };
            let takes_own = !matches!(cheat, Cheat::Identical | Cheat::Altered(_));
            let own = if takes_own { fakes.next().expect("without end") } else { act };
            player.cheat(cheat, shown_before(act * 7919 % (number + 1)), own).await;
            done += 1;
        }
        if (number + 1) % PROGRESS == 0 {
            tell(format_args!("a cheater's week: {} of {honest} honest visits, {done} of {total} acts", number + 1));
        }
    }
    let week = player.week;
    week.tell();
    let (done, found) = week.totals();
    assert_eq!(done, total, "every act was played");
    assert!(found * 100 >= done * 95, "{found} of {done} were found");
    // No kind hides behind the others: three of four of each, of the few of the short form one of two.
    let (of, least) = if effort::is_long() { (4, 3) } else { (2, 1) };
    for (cheat, (done, found)) in &week.cheats {
        assert!(found * of >= done * least, "{cheat:?}: {found} of {done} were found");
    }
    let suspected = u64::try_from(week.suspected.len()).expect("few");
    assert!(suspected * 200 <= week.honest, "{suspected} of {} honest photos were suspected", week.honest);
}
