//! Limits are fitted to what reviewers said: from decisions over REST to the printed proposal, and back as a policy.

use std::process::{Command, Output};

use doorstep::app::norms::publish_new_policy;
use doorstep::domain::Role;
use doorstep_media::draw::{Alteration, interior};
use doorstep_media::{Deadline, Limits, Sample, ingest};
use doorstep_store::photo_near_misses::list_near_misses;
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::company::YUNZE;
use integration_tests::server::command;
use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::ids::{CustomerId, SiteId};
use sync_core::plan::PolicyRow;
use sync_core::time::UnixMillis;
use uuid::Uuid;

use super::seen::hand_in;
use super::{Field, pictures, rows, said};

/// Where the site is.
const SITE: (i64, i64) = (30_659_462, 104_065_735);

/// Runs the executable on the data of a test, at its instant.
fn run(app: &TestApp, args: &[&str]) -> Output {
    let config = &app.state.config;
    let clock = config.data_dir.join("clock");
    std::fs::write(&clock, app.now().to_rfc3339()).expect("the clock is set");
    let mut command: Command = command(&config.database_url, &config.data_dir, args);
    command.arg("--clock").arg(clock).output().expect("the executable can be run")
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Takes a photo so far to the north of its site, hands the visit in, and has a reviewer decide; how far it was beyond the
/// accuracy of the positions.
async fn judged(field: &mut Field<'_>, site: (CustomerId, SiteId), seed: u64, udeg: i64, decisions: &[&str]) -> u32 {
    let (visit, picture) = (field.visit_at(site).await, pictures::photo(seed));
    let photo = field.take(visit, &picture, |record| record["geo"]["lat_udeg"] = (SITE.0 + udeg).into());
    hand_in(field, visit);
    field.sent(&[&picture]).await;
    let rows = field.rows(visit).await;
    let row = rows.iter().find(|row| row.code == "far_from_site").expect("it is far");
    let evidence: Value = serde_json::from_str(&row.evidence).expect("JSON");
    let reviewer = field.app.role(YUNZE, Role::Reviewer).await;
    for (number, decision) in (0..).zip(decisions) {
        field.app.clock.advance_secs(1);
        let id = Uuid::from_u128(0x0195_5f2c_3000_7000_8000_0000_0000_0000 + u128::from(seed) * 16 + number);
        let body = json!({"id": id, "sha256": Hash::of(&picture), "code": "far_from_site", "decision": decision});
        reviewer.post(format!("/v1/visits/{visit}/photos/{photo}/findings/decisions"), body).await.expect(201);
    }
    field.wait(3600).await;
    evidence["beyond_m"].as_u64().and_then(|beyond| beyond.try_into().ok()).expect("said")
}

#[actix_web::test]
async fn a_limit_is_proposed_from_decisions_written_published_and_in_force() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let site = field.site(SITE.0, SITE.1).await;
    judged(&mut field, site, 1, 3_000, &["dismissed"]).await;
    // The newest decision counts.
    let honest = judged(&mut field, site, 2, 4_500, &["confirmed", "dismissed"]).await;
    judged(&mut field, site, 3, 12_000, &["confirmed"]).await;
    judged(&mut field, site, 5, 90_000, &["confirmed"]).await;
    let refit = |args: &[&str]| {
        let args = [&["refit", "--organisation", YUNZE.code], args].concat();
        let output = run(&app, &args);
        assert!(output.status.success(), "{}", text(&output));
        text(&output)
    };
    let far = |said: &str| {
        let mut lines = said.lines().skip_while(|line| !line.starts_with("photo_far_m"));
        [lines.next(), lines.next()]
            .map(|line| line.expect("it is said").split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let now = "photo_far_m 250 2 2 50.0 % 100.0 %";
    assert_eq!(far(&refit(&[])), [now, "too few decisions / 判定数量不足"], "fifty are asked for");
    let proposed = format!("proposed {honest} 100.0 % 100.0 % / 建议改为 {honest}");
    let asked = refit(&["--at-least", "4"]);
    assert_eq!(far(&asked), [now, &proposed], "{asked}");
    assert!(asked.contains("4 photos looked at, 4 findings decided on"), "{asked}");
    assert_eq!(far(&refit(&["--at-least", "5"]))[1], "too few decisions / 判定数量不足");

    let file = app.state.config.data_dir.join("policy.json");
    let path = file.to_str().expect("a path");
    assert!(refit(&["--write", path]).contains("no file is written") && !file.exists(), "nothing changes");
    let written = refit(&["--at-least", "4", "--write", path]);
    assert!(written.contains("policy 2 is in"), "{written}");
    let policy: Value = serde_json::from_slice(&std::fs::read(&file).expect("written")).expect("JSON");
    assert_eq!((&policy["version"], &policy["effective_from_ms"]), (&json!(2), &json!(app.now().0)));
    assert_eq!(policy["parameters"]["photo_far_m"], honest.to_string());
    assert_eq!(policy["parameters"]["clock_skew_minutes"], "5", "what is not fitted stays");
    let admin = app.role(YUNZE, Role::Admin).await;
    admin.send(Call::get("/v1/policies/2")).await.expect(404);

    let publish = ["admin", "publish-policy", "--organisation", YUNZE.code, path];
    let published = run(&app, &publish);
    assert!(published.status.success() && text(&published).contains("published policy 2"), "{}", text(&published));
    let shown = admin.send(Call::get("/v1/policies/current")).await.expect(200);
    assert_eq!(shown["parameters"], policy["parameters"]);
    let again = run(&app, &publish);
    assert!(!again.status.success() && text(&again).contains("published already"), "{}", text(&again));
    // What is planned from now on follows it, as far as the honest work that was told before.
    let visit = field.visit_at(site).await;
    let picture = pictures::photo(6);
    field.take(visit, &picture, |record| record["geo"]["lat_udeg"] = (SITE.0 + 4_500).into());
    field.sent(&[&picture]).await;
    assert_eq!(field.said(visit).await, said([]));
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn near_misses_are_kept_counted_and_verified() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    // A policy by which nothing is alike.
    let limits = ["strong", "probable", "weak"].map(|limit| (format!("photo_reuse_{limit}_bits"), "0".to_owned()));
    let policy = PolicyRow { version: 2, effective_from_ms: UnixMillis(1), parameters: limits.into_iter().collect() };
    publish_new_policy(&app.state.store, YUNZE.org, policy, app.now()).await.expect("published");
    let picture = interior(1, 800, 600).expect("drawn");
    let first = field.visit().await;
    field.send(first, &picture).await;
    // The nearest in print of those that are not the same at a closer look either, which would be told.
    let made = |bytes: &[u8]| ingest(bytes, &Limits::default(), &Deadline::default()).expect("a picture");
    let sample = |bytes: &[u8]| Sample::of(&made(bytes).previews.thumbnail_320).expect("a sample");
    let altered = Alteration::ALL.into_iter().flat_map(|one| (1..4).map(move |seed| (one, seed)));
    let mut altered = altered.map(|(one, seed)| one.apply(&picture, seed).expect("altered"));
    let print = made(&picture).prints;
    let near = altered.find_map(|bytes| {
        let bits = print.distance(&made(&bytes).prints).filter(|bits| (1..=40).contains(bits))?;
        (sample(&bytes).distance(&sample(&picture)) > Some(0)).then_some((bits, bytes))
    });
    let (bits, bytes) = near.expect("one that is near");
    let visit = field.visit().await;
    field.send(visit, &bytes).await;
    assert_eq!(field.said(visit).await, said([]));
    let misses = app.read(move |conn| list_near_misses(conn, YUNZE.org, visit)).await;
    assert_eq!(misses.iter().map(|row| (row.bits, row.same_site)).collect::<Vec<_>>(), [(i64::from(bits), false)]);
    // The first of them is of no other photo, and one that is told is no near miss.
    assert_eq!(app.read(move |conn| list_near_misses(conn, YUNZE.org, first)).await, []);
    let again = field.visit().await;
    field.send(again, &picture).await;
    assert_eq!(field.said(again).await, said([("reused_exact", 3)]));
    assert_eq!(app.read(move |conn| list_near_misses(conn, YUNZE.org, again)).await, []);

    let told = text(&run(&app, &["refit", "--organisation", YUNZE.code]));
    let counted = format!("that was not told, and how many / 未提示的相近照片（位差：张数）: {bits}: 1\n");
    assert!(told.contains(&counted), "{told}");

    assert_eq!(app.verified().await.differences, []);
    app.write(|conn| rows::run(conn, "UPDATE photo_near_misses SET bits = bits + 1")).await;
    let differences = app.verified().await.differences;
    let what = "how near it is to an earlier one is not what follows";
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert!(differences.iter().all(|one| one.check == "findings" && one.what.ends_with(what)), "{differences:?}");
}

#[actix_web::test]
async fn a_refit_names_what_it_cannot_do() {
    let app = TestApp::new().await;
    for (args, expected) in [
        (&["refit"][..], "--organisation CODE"),
        (&["refit", "--organisation", "nobody"], "no such organisation"),
        (&["refit", "--organisation", YUNZE.code], "not_found"),
        (&["refit", "--most-false", "101"], "0 to 100"),
        (&["refit", "--most-false", "0.00001"], "0 to 100"),
        (&["refit", "--most-false", "."], "0 to 100"),
        (&["admin", "publish-policy", "absent.json"], "cannot read absent.json"),
    ] {
        let output = run(&app, args);
        assert!(!output.status.success() && text(&output).contains(expected), "{args:?}: {}", text(&output));
    }
}
