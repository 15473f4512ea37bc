//! A cheater's week: of re-used photos and faked records how many are found among honest work, and how much of that work is
//! suspected wrongly. Honest phones and people have the imperfections of real ones (`super::honest`); cheats are done with clocks
//! and positions that are right but for the cheat, so that nothing else gives them away.
//!
//! The long form plays thousands of visits (`make cheaters-week`), of drawn pictures or of those of any folder.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_media::draw::Alteration;
use doorstep_store::photo_sightings::list_of_visit;
use integration_tests::album::Album;
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::effort;
use integration_tests::told::tell;
use serde_json::{Value, json};
use sync_core::doc::Map;
use sync_core::ids::{CustomerId, SiteId, VisitId};
use sync_core::time::Stamp;

use super::Field;
use super::honest::{First, Honest, Place, VISIT_SECS};

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
    /// Of each finding that is no suspicion, how many honest visits have it.
    hinted: BTreeMap<String, u64>,
    /// How often each imperfection was met in honest visits.
    met: BTreeMap<&'static str, u64>,
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
        tell(format_args!(
            "honest visits and photos have {:?}; visits with findings of weight 1: {:?}",
            self.met, self.hinted
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
    site: Option<((CustomerId, SiteId), Place)>,
    /// The visits that showed a picture, or what was made of it.
    shown: BTreeSet<(u64, VisitId)>,
}

impl Player<'_> {
    /// Honest work: a photo of its own; at each fourth visit two shots of it, and each fourth a return to a site that was
    /// photographed before and looks much the same.
    async fn work(&mut self, number: u64) {
        let again = self.site.take().filter(|_| number % 4 == 2);
        let mut honest = Honest::of(number, self.field.app.now(), again.map(|(_, place)| place));
        let visit = self.arrive(number, &mut honest, again.map(|(site, _)| site)).await;
        let shots = self.shots(number, again.is_some());
        self.shown.insert((if again.is_some() { number - 1 } else { number }, visit));
        let field = &mut self.field;
        let first = honest.first();
        let spoilt = (first != First::Kept).then(|| Alteration::Resized.apply(&shots[0], number).expect("altered"));
        let key = spoilt.as_ref().map(|spoilt| field.take(visit, spoilt, |record| honest.taken(record)));
        for (at, shot) in shots.iter().enumerate() {
            let replaces = key.as_deref().filter(|_| at == 0 && first == First::Replaced);
            field.take(visit, shot, |record| {
                honest.taken(record);
                if let Some(key) = replaces {
                    record["replaces"] = key.into();
                }
            });
        }
        field.phone.wrong_clock = Some(honest.handed_in());
        if let Some(key) = key.filter(|_| first == First::Withdrawn) {
            let withdrawn = json!({"reason": "wrong", "at": field.phone.stamp(), "by": field.phone.device.member.id});
            field.phone.put(visit, Map::Withdrawn, &key, &withdrawn);
        }
        field.phone.event(visit, "submit");
        field.phone.wrong_clock = None;
        field.wait(VISIT_SECS).await;
        let sent: Vec<&[u8]> = spoilt.iter().chain(&shots).map(Vec::as_slice).collect();
        field.sent(&sent).await;
        self.note(number, visit, shots.len(), honest).await;
    }

    /// An arrival at a known site, or at a new one.
    async fn arrive(&mut self, number: u64, honest: &mut Honest, again: Option<(CustomerId, SiteId)>) -> VisitId {
        let field = &mut self.field;
        field.phone.wrong_clock = Some(honest.arrived());
        if let Some(site) = again {
            return field.visit_at(site).await;
        }
        let Some((lat_udeg, lon_udeg)) = honest.of_office() else { return field.visit().await };
        let site = field.site(lat_udeg, lon_udeg).await;
        self.site = (number % 4 == 1).then(|| (site, honest.place()));
        field.visit_at(site).await
    }

    /// The photos of a visit that count.
    fn shots(&self, number: u64, is_return: bool) -> Vec<Vec<u8>> {
        if is_return {
            return vec![Alteration::Cropped.apply(&self.album.picture(number - 1), number).expect("altered")];
        }
        let picture = self.album.picture(number);
        let second = (number % 4 == 3).then(|| Alteration::Recompressed.apply(&picture, number).expect("altered"));
        [picture].into_iter().chain(second).collect()
    }

    /// Notes what is said of honest work, all of which must have been looked at.
    async fn note(&mut self, number: u64, visit: VisitId, photos: usize, honest: Honest) {
        let looked_at = self.field.app.read(move |conn| list_of_visit(conn, YUNZE.org, visit)).await;
        assert_eq!(looked_at.len(), photos, "of honest visit {number} every photo that counts is looked at");
        for (code, level) in self.field.said(visit).await {
            if level >= SUSPICION {
                self.week.suspected.push((number, code));
            } else {
                *self.week.hinted.entry(code).or_default() += 1;
            }
        }
        for (what, times) in honest.met {
            *self.week.met.entry(what).or_default() += times;
        }
        self.week.honest += u64::try_from(photos).expect("few");
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

/// The number of a picture that was handed in: a return shows that of the visit before, if that had a site.
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
