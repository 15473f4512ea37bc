//! Tunnel day: everything that was captured arrives, once, over a link that is cut all the time.

use integration_tests::tunnel::Day;

#[test]
fn a_day_in_tunnels_loses_nothing_repeats_nothing_and_resends_little() {
    let report = Day::SHORT.play();
    println!("{}", report.table());
    report.judge();
}
