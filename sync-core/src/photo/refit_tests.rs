//! Cases worked out by hand, and that no other limit does better.

use proptest::prelude::*;

use super::*;

const ASKED: Wish = Wish { most_false_ppm: 5_000, at_least: 4 };

fn label(code: FindingCode, evidence: &[(&str, i64)], is_confirmed: bool) -> Label {
    let evidence = evidence.iter().map(|(name, number)| ((*name).to_owned(), (*number).into())).collect();
    Label { code, evidence, is_confirmed }
}

fn labels(code: FindingCode, number: &str, confirmed: &[i64], dismissed: &[i64]) -> Vec<Label> {
    let of = |values: &[i64], is_confirmed| {
        let one = |value: &i64| label(code, &[(number, *value)], is_confirmed);
        values.iter().map(one).collect::<Vec<_>>()
    };
    [of(confirmed, true), of(dismissed, false)].concat()
}

fn of(fits: &[Fit], threshold: Threshold) -> Fit {
    *fits.iter().find(|fit| fit.threshold == threshold).unwrap()
}

fn fitted(labels: &[Label], photos: u64, threshold: Threshold) -> Fit {
    let population = Population { photos, ..Population::default() };
    of(&fit(labels, &population, ASKED, &BTreeMap::new()), threshold)
}

#[test]
fn a_distance_from_the_site_that_tells_honest_work_apart_is_proposed() {
    // Beyond 250 m are told: honest work up to 410 m, cheating from 900 m on.
    let labels = labels(FindingCode::FarFromSite, "beyond_m", &[900, 1_500, 40_000], &[251, 300, 410]);
    let fit = fitted(&labels, 100, FAR_M);
    assert_eq!((fit.confirmed, fit.dismissed), (3, 3));
    assert_eq!(fit.now, Score { limit: 250, confirmed: 3, dismissed: 3 });
    assert_eq!(fit.now.precision_permille(), Some(500));
    assert_eq!(fit.now.recall_permille(fit.confirmed), Some(1000));
    // The least limit above which nothing honest is, and nothing is lost.
    assert_eq!(fit.proposal, Proposal::Change(Score { limit: 410, confirmed: 3, dismissed: 0 }));
    // Among 600 photos three false alarms are five in a thousand; the fewest false alarms are better all the same.
    assert_eq!(fitted(&labels, 600, FAR_M).proposal, fit.proposal);
}

#[test]
fn where_both_kinds_overlap_the_share_decides() {
    let labels = labels(FindingCode::FarFromSite, "beyond_m", &[300, 900], &[400, 260]);
    let proposed = |photos| fitted(&labels, photos, FAR_M).proposal;
    // 299 tells both, with one false alarm; 400 tells one of them, with none.
    assert_eq!(proposed(200), Proposal::Change(Score { limit: 260, confirmed: 2, dismissed: 1 }));
    assert_eq!(proposed(199), Proposal::Change(Score { limit: 400, confirmed: 1, dismissed: 0 }));
}

#[test]
fn what_nobody_decided_on_counts_for_the_share() {
    let labels = labels(FindingCode::FarFromSite, "beyond_m", &[300, 900], &[400, 260]);
    let population = |undecided| Population { photos: 400, undecided: [(FindingCode::FarFromSite, undecided)].into() };
    let proposed = |undecided| of(&fit(&labels, &population(undecided), ASKED, &BTreeMap::new()), FAR_M).proposal;
    // Four of eight findings were decided on: one false alarm stands for two among 400 photos.
    assert_eq!(proposed(4), Proposal::Change(Score { limit: 260, confirmed: 2, dismissed: 1 }));
    assert_eq!(proposed(5), Proposal::Change(Score { limit: 400, confirmed: 1, dismissed: 0 }));
}

#[test]
fn few_labels_change_nothing_and_a_good_limit_stays() {
    let few = labels(FindingCode::FarFromSite, "beyond_m", &[900], &[300, 400]);
    assert_eq!(fitted(&few, 100, FAR_M).proposal, Proposal::TooFew);
    assert_eq!(fitted(&[], 100, FAR_M).proposal, Proposal::TooFew);
    let good = labels(FindingCode::FarFromSite, "beyond_m", &[300, 900, 400, 260], &[]);
    assert_eq!(fitted(&good, 100, FAR_M).proposal, Proposal::Stays);
    // Everything is dismissed: what tells nothing is next to what told the farthest of them.
    let bad = labels(FindingCode::FarFromSite, "beyond_m", &[], &[300, 900, 400, 260]);
    let fit = fitted(&bad, 100, FAR_M);
    assert_eq!(fit.proposal, Proposal::Change(Score { limit: 900, confirmed: 0, dismissed: 0 }));
    assert_eq!((fit.now.precision_permille(), fit.now.recall_permille(fit.confirmed)), (Some(0), None));
}

#[test]
fn no_limit_is_proposed_out_of_bounds() {
    let labels = labels(FindingCode::FarFromSite, "beyond_m", &[], &[300_000; 4]);
    assert_eq!(fitted(&labels, 100, FAR_M).proposal, Proposal::Nothing, "the greatest limit tells them too");
    assert_eq!(fitted(&labels, 800, FAR_M).proposal, Proposal::Stays, "four of 800 are few enough");
}

#[test]
fn hundredths_and_seconds_are_compared_as_the_rules_compare_them() {
    // 20.50 is the darkest of those that were dismissed: it is not told below 20.
    let dark = labels(FindingCode::TooDark, "mean_luma_c", &[1_100, 1_200], &[2_050, 3_199]);
    let fit = fitted(&dark, 100, DARK_WARN);
    assert_eq!(fit.proposal, Proposal::Change(Score { limit: 20, confirmed: 2, dismissed: 0 }));
    // A quarter of an hour and a second, and half an hour to the second, which 30 minutes do not tell.
    let late = labels(FindingCode::OutsideVisitWindow, "past_s", &[1_801, 7_200], &[901, 1_800]);
    let fit = fitted(&late, 100, WINDOW_MINUTES);
    assert_eq!(fit.now, Score { limit: 15, confirmed: 2, dismissed: 2 });
    assert_eq!(fit.proposal, Proposal::Change(Score { limit: 30, confirmed: 2, dismissed: 0 }));
    let bright = labels(FindingCode::OverExposed, "bright_permille", &[700, 800], &[351, 400]);
    let fit = fitted(&bright, 100, BRIGHT);
    assert_eq!(fit.proposal, Proposal::Change(Score { limit: 400, confirmed: 2, dismissed: 0 }));
}

#[test]
fn a_likeness_at_one_site_says_nothing_of_the_limits_that_play_no_part_there() {
    let like = |bits: i64, same_site: bool, is_confirmed| {
        let mut like = label(FindingCode::ReusedSimilar, &[("bits", bits), ("apart_s", 601)], is_confirmed);
        like.evidence.insert("same_site".to_owned(), same_site.into());
        like.evidence.insert("same_device".to_owned(), true.into());
        like
    };
    let labels = [
        like(3, true, false),
        like(12, false, true),
        like(31, false, true),
        like(40, false, true),
        like(45, false, false),
    ];
    let fits = fit(&labels, &Population::default(), ASKED, &BTreeMap::new());
    let probable = of(&fits, REUSE_PROBABLE);
    assert_eq!((probable.confirmed, probable.dismissed), (3, 1));
    assert_eq!(probable.proposal, Proposal::Change(Score { limit: 44, confirmed: 3, dismissed: 0 }));
    let burst = of(&fits, BURST_MINUTES);
    assert_eq!((burst.confirmed, burst.dismissed, burst.proposal), (0, 1, Proposal::TooFew));
}

#[test]
fn a_label_without_a_number_counts_for_no_limit() {
    let labels = labels(FindingCode::NoPosition, "reason", &[1, 2], &[3, 4]);
    let fit = fitted(&labels, 100, ACCURACY_M);
    assert_eq!((fit.confirmed, fit.dismissed, fit.proposal), (0, 0, Proposal::TooFew));
}

#[test]
fn every_limit_is_fitted_by_which_a_finding_is_told() {
    let fits = fit(&[], &Population::default(), ASKED, &BTreeMap::new());
    let missing: Vec<&str> =
        ALL.iter().filter(|one| fits.iter().all(|fit| fit.threshold != **one)).map(|one| one.key).collect();
    assert_eq!(
        missing,
        [
            "photo_sharp_retake",
            "photo_dark_retake",
            "photo_reuse_strong_bits",
            "photo_reuse_weak_bits",
            "photo_min_detail"
        ]
    );
}

/// Every measure, with the greatest of its numbers that a limit can tell from others, or a little more.
fn measures() -> impl Strategy<Value = Threshold> {
    proptest::sample::select(ALL.into_iter().filter(|one| measure(*one).is_some()).collect::<Vec<_>>())
}

fn labelled() -> impl Strategy<Value = (Threshold, Vec<(u64, bool)>)> {
    measures().prop_flat_map(|threshold| {
        let scale = measure(threshold).unwrap().scale;
        let most = u64::from(threshold.max.min(80)) * scale + scale;
        (Just(threshold), proptest::collection::vec((0..=most, any::<bool>()), 1..20))
    })
}

proptest! {
    #[test]
    fn the_limits_around_a_number_are_where_it_begins_to_be_told((threshold, values) in labelled()) {
        let measure = measure(threshold).unwrap();
        for (value, _) in values {
            let around: Vec<u32> = measure.around(value).collect();
            let told = |limit: u32| measure.is_told(value, limit);
            let begins = (threshold.min..threshold.max.min(200)).find(|limit| told(*limit) != told(limit + 1));
            match begins {
                Some(limit) => prop_assert_eq!(around, vec![limit, limit + 1]),
                None => prop_assert!(around.len() < 2),
            }
        }
    }

    #[test]
    fn no_limit_within_bounds_does_better((threshold, values) in labelled(), photos in 0_u64..4_000) {
        let measure = measure(threshold).unwrap();
        let now = measure.score(&values, threshold.start);
        let is_few = |score: &Score| is_within(score.dismissed, values.len(), 0, photos, ASKED);
        let all: Vec<Score> = (threshold.min..=threshold.max.min(2_000)).map(|limit| measure.score(&values, limit)).collect();
        let better = |best: Score| {
            all.iter().filter(|score| is_few(score)).any(|score| {
                score.confirmed > best.confirmed || score.confirmed == best.confirmed && score.dismissed < best.dismissed
            })
        };
        match best(&measure, &values, now, is_few) {
            Proposal::Change(proposed) => {
                prop_assert!(is_few(&proposed) && !better(proposed));
                prop_assert_eq!(measure.score(&values, proposed.limit), proposed);
                prop_assert!(proposed.limit >= threshold.min && proposed.limit <= threshold.max);
                let is_as_good = is_few(&now) && (now.confirmed, now.dismissed) == (proposed.confirmed, proposed.dismissed);
                prop_assert!(!is_as_good, "a limit that is as good stays");
            }
            Proposal::Stays => prop_assert!(is_few(&now) && !better(now)),
            Proposal::Nothing => prop_assert!(!all.iter().any(is_few)),
            Proposal::TooFew => prop_assert!(false, "there are some"),
        }
    }
}
