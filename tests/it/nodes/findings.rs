//! A decision on a finding, while the job looks at the same photo.

use doorstep::domain::Role;
use doorstep_store::findings::{FindingRow, list_finding_decisions, replace_findings};
use doorstep_store::photo_checks::enqueue;
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::ids::VisitId;

use super::meeting::{meeting, pause};
use crate::findings::decided::from_gallery;
use crate::findings::{Field, look, pictures};

/// A visit of which a photo from the gallery is due to be looked at again, as what was found of it is of yesterday.
async fn due_again(app: &TestApp) -> (VisitId, String, Value, FindingRow) {
    let mut field = Field::of(app, YUNZE).await;
    let picture = pictures::photo(1);
    let (visit, path) = from_gallery(&mut field, &picture).await;
    let now = field.rows(visit).await.into_iter().find(|row| row.code == "gallery_source").expect("found");
    let old = FindingRow { level: 1, evidence: "{}".to_owned(), ..now.clone() };
    app.write(move |conn| {
        replace_findings(conn, YUNZE.org, visit, std::slice::from_ref(&old))?;
        enqueue(conn, YUNZE.org, [visit], 1)
    })
    .await;
    let body = json!({"id": "01955f2c-3000-7000-8000-00000000d003", "sha256": Hash::of(&picture),
        "code": "gallery_source", "decision": "confirmed"});
    (visit, path, body, now)
}

/// The decision that is kept is on the finding that counts.
async fn assert_decided(app: &TestApp, visit: VisitId, counts: (i64, &str)) {
    let rows = app.read(move |conn| doorstep_store::findings::list_findings(conn, YUNZE.org, visit)).await;
    let row = rows.iter().find(|row| row.code == "gallery_source").expect("found");
    assert_eq!((row.level, row.evidence.as_str(), row.state.as_str()), (counts.0, counts.1, "confirmed"));
    let kept = app.read(move |conn| list_finding_decisions(conn, YUNZE.org, visit)).await;
    let said: Vec<_> = kept.iter().map(|row| (row.level, row.evidence.as_str())).collect();
    assert_eq!(said, [counts], "what he saw stands in the decision");
}

#[actix_web::test]
async fn a_decision_that_comes_while_the_job_finds_something_else_is_on_what_it_found() {
    let app = TestApp::new().await;
    let (visit, path, body, now) = due_again(&app).await;
    let reviewer = app.role(YUNZE, Role::Reviewer).await;
    pause(&app, "INSERT ON findings", "");
    let ((), decided) = Box::pin(meeting(&app, look(&app), reviewer.post(&path, body))).await;
    decided.expect(201);
    assert_decided(&app, visit, (now.level, &now.evidence)).await;
}

#[actix_web::test]
async fn what_is_just_being_decided_on_is_not_replaced_by_the_job() {
    let app = TestApp::new().await;
    let (visit, path, body, _) = due_again(&app).await;
    let reviewer = app.role(YUNZE, Role::Reviewer).await;
    pause(&app, "INSERT ON finding_decisions", "");
    let (decided, ()) = Box::pin(meeting(&app, reviewer.post(&path, body), look(&app))).await;
    decided.expect(201);
    assert_decided(&app, visit, (1, "{}")).await;
}
