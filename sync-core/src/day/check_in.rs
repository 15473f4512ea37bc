//! Whether a rep who checks in stands where the team meets (INS-53, INS-54).

use serde::{Deserialize, Serialize};

use crate::clock::Bounds;
use crate::ids::TeamId;
use crate::intent::body::DayCheckIn;
use crate::photo::capture::DATUM_SLACK_M;
use crate::photo::clock::{Witnesses, finding};
use crate::photo::distance::distance_m;
use crate::photo::finding::{Finding, FindingCode};
use crate::plan::PolicyRow;
use crate::time::{Geo, Stamp, UnixMillis};
use crate::visit::codes;

/// A named place where a team begins its day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MeetingPlace {
    /// Name, unique in the team.
    #[cfg_attr(feature = "openapi", schema(example = "城南站点"))]
    pub name: String,
    /// Where it is.
    pub geo: Geo,
    /// How far from it a check-in counts, in metres; by the policy's `duty_fence_m` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = 150))]
    pub radius_m: Option<i64>,
}

/// The meeting places of a team (row kind `reference`, item [`MeetingPlaces::item_of`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetingPlaces {
    /// The team.
    pub team_id: TeamId,
    /// Its places.
    pub places: Vec<MeetingPlace>,
}

impl MeetingPlaces {
    /// The id of a team's row among the reference rows.
    #[must_use]
    pub fn item_of(team: TeamId) -> String {
        format!("meeting_places/{team}")
    }
}

codes!(
    /// Where a check-in was made.
    PositionVerdict {
        /// At a meeting place, whatever the accuracy leaves open.
        Inside = "inside", "在集合点范围内";
        /// Nobody can say.
        Unknown = "unknown", "位置无法判定";
        /// At none, whatever the accuracy leaves open.
        Outside = "outside", "不在集合点范围内";
    }
);

codes!(
    /// Why nobody can say where a check-in was made.
    Doubt {
        /// The phone gave no position, or none that there is.
        NoPosition = "no_position", "未提供有效位置";
        /// The team has no meeting place.
        NoPlace = "no_place", "班组未设集合点";
        /// The position is too inaccurate to say.
        Inaccurate = "inaccurate", "定位精度不足";
        /// The phone said that the position is simulated.
        Simulated = "simulated", "位置为模拟位置";
    }
);

impl PositionVerdict {
    /// English label.
    #[must_use]
    pub const fn label_en(self) -> &'static str {
        match self {
            Self::Inside => "At the meeting place",
            Self::Outside => "Not at the meeting place",
            Self::Unknown => "The position cannot be judged",
        }
    }
}

codes!(
    /// What a person should look at about a check-in.
    CheckInFinding {
        /// The phone said that the position is simulated.
        MockPosition = "mock_position", "签到位置为模拟位置";
        /// It was made on another day than the one it names.
        OtherDay = "other_day", "签到时间不在所报日期";
        /// The place it names is none of the team's.
        UnknownPlace = "unknown_place", "所报地点不是班组集合点";
        /// The phone's clock contradicts its other records, or the server's clock (GEN-10).
        ClockInconsistent = "clock_inconsistent", "手机时钟与其他记录不一致";
    }
);

impl CheckInFinding {
    /// English label.
    #[must_use]
    pub const fn label_en(self) -> &'static str {
        match self {
            Self::MockPosition => "The position of the check-in is simulated",
            Self::OtherDay => "The check-in was made on another day than it says",
            Self::UnknownPlace => "The place that the check-in names is none of the team's",
            Self::ClockInconsistent => FindingCode::ClockInconsistent.en(),
        }
    }
}

/// Where a check-in was made, as far as that can be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The verdict.
    pub verdict: PositionVerdict,
    /// Why it is unknown.
    pub doubt: Option<Doubt>,
    /// The meeting place it was compared with: the nearest of those that count.
    pub place: Option<String>,
    /// How far from it the position lies, in metres.
    pub distance_m: Option<i64>,
}

impl Placed {
    const fn unknown(doubt: Doubt) -> Self {
        Self { verdict: PositionVerdict::Unknown, doubt: Some(doubt), place: None, distance_m: None }
    }
}

/// Compares a check-in with the meeting places of the rep's team; `fence_m` counts where a place says nothing.
///
/// Where it names one of them only that one counts. Inside and outside hold wherever within its accuracy the phone was;
/// a simulated position is never inside.
// Rules: INS-53, INS-54
#[must_use]
pub fn placed(check_in: &DayCheckIn, places: &[MeetingPlace], fence_m: i64) -> Placed {
    let Some(geo) = &check_in.geo else { return Placed::unknown(Doubt::NoPosition) };
    let named: Vec<&MeetingPlace> = places.iter().filter(|place| is_named(check_in, place)).collect();
    let candidates = if named.is_empty() { places.iter().collect() } else { named };
    let measured = candidates.into_iter().filter_map(|place| measure(geo, place, fence_m));
    // The best verdict counts, and of several the nearest place.
    let Some(best) = measured.min_by_key(|one| (one.verdict, one.distance_m)) else {
        let is_odd = geo.acc_m < 0 || distance_m(point(geo), point(geo)).is_none();
        return Placed::unknown(if is_odd { Doubt::NoPosition } else { Doubt::NoPlace });
    };
    if geo.mock == Some(true) {
        return Placed { verdict: PositionVerdict::Unknown, doubt: Some(Doubt::Simulated), ..best };
    }
    best
}

/// What is to be said of the clock that stamped a check-in, as of that of a photo: `others` are the rep's other records of
/// the day, and it was not made after it came.
// Rule: GEN-10
#[must_use]
pub fn clock(at: &Stamp, received_at: Option<UnixMillis>, others: &[&Stamp], policy: &PolicyRow) -> Option<Finding> {
    let same_boot = others.iter().copied().filter(|other| other.boot_id == at.boot_id).collect();
    let bounds = Bounds { earliest: None, latest: received_at };
    finding(at, &Witnesses { bounds, is_contradicted: false, same_boot }, &policy.parameters)
}

/// What is to be said about a check-in besides where it was made; `made_on` is the day of its corrected time, and `clock`
/// what is to be said of its clock.
#[must_use]
pub fn findings(
    check_in: &DayCheckIn,
    places: &[MeetingPlace],
    made_on: &str,
    clock: Option<&Finding>,
) -> Vec<CheckInFinding> {
    let is_mock = check_in.geo.as_ref().is_some_and(|geo| geo.mock == Some(true));
    let is_unknown = check_in.place.is_some() && !places.iter().any(|place| is_named(check_in, place));
    [
        (is_mock, CheckInFinding::MockPosition),
        (check_in.date != made_on, CheckInFinding::OtherDay),
        (is_unknown && !places.is_empty(), CheckInFinding::UnknownPlace),
        (clock.is_some(), CheckInFinding::ClockInconsistent),
    ]
    .into_iter()
    .filter_map(|(is_found, finding)| is_found.then_some(finding))
    .collect()
}

fn is_named(check_in: &DayCheckIn, place: &MeetingPlace) -> bool {
    check_in.place.as_deref().map(str::trim) == Some(place.name.as_str())
}

const fn point(geo: &Geo) -> (i64, i64) {
    (geo.lat_udeg, geo.lon_udeg)
}

/// A position against one place; `None` for what is no position.
fn measure(geo: &Geo, place: &MeetingPlace, fence_m: i64) -> Option<Placed> {
    if geo.acc_m < 0 {
        return None;
    }
    let distance = distance_m(point(geo), point(&place.geo))?;
    let datum = if geo.datum == place.geo.datum { 0 } else { DATUM_SLACK_M };
    let slack = geo.acc_m.saturating_add(place.geo.acc_m.max(0)).saturating_add(datum);
    let radius = place.radius_m.unwrap_or(fence_m);
    let (verdict, doubt) = if distance.saturating_add(slack) <= radius {
        (PositionVerdict::Inside, None)
    } else if distance.saturating_sub(slack) > radius {
        (PositionVerdict::Outside, None)
    } else {
        (PositionVerdict::Unknown, Some(Doubt::Inaccurate))
    };
    Some(Placed { verdict, doubt, place: Some(place.name.clone()), distance_m: Some(distance) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geo(north_udeg: i64, acc_m: i64) -> Geo {
        Geo { lat_udeg: 30_572_000 + north_udeg, lon_udeg: 104_066_000, acc_m, datum: "wgs84".into(), mock: None }
    }

    fn place(name: &str, north_udeg: i64, radius_m: Option<i64>) -> MeetingPlace {
        MeetingPlace { name: name.into(), geo: geo(north_udeg, 0), radius_m }
    }

    fn check_in(place: Option<&str>, geo: Option<Geo>) -> DayCheckIn {
        DayCheckIn { date: "2025-03-04".into(), place: place.map(str::to_owned), geo, photo: None }
    }

    /// The verdict and its doubt at a distance of about `metres`, known to `acc_m`, of a place with the default fence.
    fn at(metres: i64, acc_m: i64) -> (PositionVerdict, Option<Doubt>) {
        let places = [place("depot", 0, None)];
        let found = placed(&check_in(None, Some(geo(metres * 9, acc_m))), &places, 200);
        (found.verdict, found.doubt)
    }

    // Rule: INS-54
    #[test]
    fn inside_and_outside_hold_wherever_within_its_accuracy_the_phone_was() {
        assert_eq!(at(100, 50), (PositionVerdict::Inside, None));
        assert_eq!(at(100, 150), (PositionVerdict::Unknown, Some(Doubt::Inaccurate)));
        assert_eq!(at(0, 201), (PositionVerdict::Unknown, Some(Doubt::Inaccurate)), "known too badly");
        assert_eq!(at(300, 50), (PositionVerdict::Outside, None));
        assert_eq!(at(300, 150), (PositionVerdict::Unknown, Some(Doubt::Inaccurate)));
    }

    #[test]
    fn without_a_position_or_a_place_nobody_knows() {
        let places = [place("depot", 0, None)];
        assert_eq!(placed(&check_in(None, None), &places, 200).doubt, Some(Doubt::NoPosition));
        assert_eq!(placed(&check_in(None, Some(geo(0, 5))), &[], 200).doubt, Some(Doubt::NoPlace));
        assert_eq!(placed(&check_in(None, Some(geo(0, -5))), &places, 200).doubt, Some(Doubt::NoPosition));
        let nowhere = Geo { lat_udeg: 91_000_000, ..geo(0, 5) };
        assert_eq!(placed(&check_in(None, Some(nowhere)), &places, 200).doubt, Some(Doubt::NoPosition));
    }

    #[test]
    fn a_simulated_position_is_never_inside_and_is_found() {
        let places = [place("depot", 0, None)];
        let mock = check_in(None, Some(Geo { mock: Some(true), ..geo(0, 5) }));
        let found = placed(&mock, &places, 200);
        assert_eq!((found.verdict, found.doubt), (PositionVerdict::Unknown, Some(Doubt::Simulated)));
        assert_eq!(findings(&mock, &places, "2025-03-04", None), [CheckInFinding::MockPosition]);
    }

    #[test]
    fn a_named_place_counts_alone_and_else_the_nearest_that_fits() {
        let places = [place("depot", 0, None), place("school", 9_000, Some(20))];
        let here = Some(geo(0, 5));
        assert_eq!(placed(&check_in(None, here.clone()), &places, 200).place.as_deref(), Some("depot"));
        let named = placed(&check_in(Some(" school "), here.clone()), &places, 200);
        assert_eq!((named.verdict, named.place.as_deref()), (PositionVerdict::Outside, Some("school")));
        assert!((990..1_010).contains(&named.distance_m.unwrap()), "{named:?}");
        let other = check_in(Some("market"), here);
        assert_eq!(placed(&other, &places, 200).verdict, PositionVerdict::Inside);
        assert_eq!(findings(&other, &places, "2025-03-04", None), [CheckInFinding::UnknownPlace]);
        assert_eq!(findings(&check_in(None, None), &places, "2025-03-05", None), [CheckInFinding::OtherDay]);
    }

    // Rule: GEN-10
    #[test]
    fn a_clock_that_moved_or_is_ahead_of_the_server_is_found_as_with_photos() {
        let stamp = |boot: &str, mono_min: i64, wall_min: i64, off_min: Option<i64>| Stamp {
            wall_ms: 1_741_060_800_000 + wall_min * 60_000,
            mono_ms: mono_min * 60_000,
            boot_id: boot.to_owned(),
            off_ms: off_min.map(|minutes| minutes * 60_000),
            err_ms: None,
        };
        let (policy, at) = (PolicyRow::default(), stamp("0123ABCD", 10, 10, None));
        let reason = |at: &Stamp, received_min: i64, others: &[&Stamp]| {
            let received_at = UnixMillis(1_741_060_800_000 + received_min * 60_000);
            let found = clock(at, Some(received_at), others, &policy)?;
            assert_eq!(
                findings(&check_in(None, None), &[], "2025-03-04", Some(&found)),
                [CheckInFinding::ClockInconsistent]
            );
            Some(found.evidence["reason"].as_str().unwrap().to_owned())
        };
        let (steady, moved) = (stamp("0123ABCD", 20, 20, None), stamp("0123ABCD", 20, 5, None));
        let (code, of_photos) = (CheckInFinding::ClockInconsistent, FindingCode::ClockInconsistent);
        assert_eq!((code.code(), code.label_zh()), (of_photos.code(), of_photos.zh_cn()));
        assert_eq!(reason(&at, 600, &[&steady]), None);
        assert_eq!(reason(&at, 600, &[&moved]), Some("set_back".to_owned()));
        assert_eq!(reason(&at, 600, &[&stamp("DCBA3210", 20, 5, None)]), None, "another boot");
        assert_eq!((reason(&at, 5, &[]), reason(&at, 4, &[])), (None, Some("not_then".to_owned())));
        assert_eq!(reason(&stamp("0123ABCD", 10, 10, Some(-6)), 600, &[]), Some("skew".to_owned()));
    }

    #[test]
    fn another_datum_leaves_open_what_its_difference_may_hide() {
        let places = [place("depot", 0, None)];
        let other = Geo { datum: "gcj02".into(), ..geo(0, 5) };
        assert_eq!(placed(&check_in(None, Some(other.clone())), &places, 200).doubt, Some(Doubt::Inaccurate));
        let far = Geo { lat_udeg: other.lat_udeg + 90_000, ..other };
        assert_eq!(placed(&check_in(None, Some(far)), &places, 200).verdict, PositionVerdict::Outside);
    }
}
