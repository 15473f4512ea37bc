//! The committed API document: current, complete, and the same as what is served.

use std::collections::BTreeSet;

use doorstep::domain::Operation;
use doorstep::domain::operation::Access;
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::contract::{Contract, Documented, read_document};
use serde_json::Value;

#[test]
fn the_committed_document_is_what_the_handlers_say() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi.yaml");
    let committed = std::fs::read_to_string(path).expect("openapi.yaml");
    let generated = doorstep::http::openapi::yaml().expect("the document can be written");
    let differing = committed.lines().zip(generated.lines()).position(|(committed, generated)| committed != generated);
    let line = differing.unwrap_or_else(|| committed.lines().count().min(generated.lines().count())) + 1;
    assert!(committed == generated, "openapi.yaml differs from line {line}; run `make openapi` and commit it");
}

#[test]
fn a_reader_who_has_seen_enough_of_it_is_no_failure() {
    use std::io::Read as _;
    let mut command = std::process::Command::new(integration_tests::server::executable());
    let mut child = command.arg("openapi").stdout(std::process::Stdio::piped()).spawn().expect("it starts");
    // A pipe takes less than the document, so more is written when nobody reads any more.
    let mut out = child.stdout.take().expect("a pipe");
    out.read_exact(&mut [0; 10]).expect("its beginning");
    drop(out);
    assert!(child.wait().expect("it ends").success());
}

/// Every operation with what is said about it that a lint finds wrong.
fn findings(lint: impl Fn(&Documented) -> Option<String>) -> Vec<String> {
    let operations = Contract::current().operations();
    assert!(operations.len() >= 16, "the document was read");
    operations.iter().filter_map(|operation| Some(format!("{}: {}", operation.id, lint(operation)?))).collect()
}

#[test]
fn every_operation_is_described() {
    let text = |operation: &Documented, key: &str| operation.object[key].as_str().unwrap_or_default().trim().to_owned();
    let found = findings(|operation| {
        let (summary, description) = (text(operation, "summary"), text(operation, "description"));
        let tags = operation.object["tags"].as_array().map_or(0, Vec::len);
        if summary.is_empty() || summary.ends_with('.') || summary.len() > 80 {
            return Some(format!("summary {summary:?}: one line without a full stop"));
        }
        if description.is_empty() || description.starts_with('#') {
            return Some(format!("description {description:?}: begins with a sentence"));
        }
        (tags != 1).then(|| format!("{tags} tags"))
    });
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_tag_is_declared() {
    let document = read_document();
    let declared: BTreeSet<&str> =
        document["tags"].as_array().expect("tags").iter().filter_map(|tag| tag["name"].as_str()).collect();
    let used: BTreeSet<String> = Contract::current()
        .operations()
        .iter()
        .filter_map(|operation| operation.object["tags"][0].as_str().map(str::to_owned))
        .collect();
    assert_eq!(used.iter().map(String::as_str).collect::<BTreeSet<_>>(), declared);
}

#[test]
fn every_operation_documents_success_and_problems() {
    let found = findings(|operation| {
        let responses = operation.object["responses"].as_object()?;
        let (good, bad): (Vec<&String>, Vec<&String>) =
            responses.keys().partition(|status| status.starts_with('2') || matches!(status.as_str(), "101" | "303"));
        if good.is_empty() {
            return Some("no success".to_owned());
        }
        // Below the customer's page refusals are pages, but for those of which nobody waits for a page any more.
        let is_page = operation.path.starts_with("/c/");
        let is_problem = |status: &&&String| {
            let content = &responses[**status]["content"];
            content["application/problem+json"]["schema"]["$ref"] == "#/components/schemas/Problem"
                || is_page && content["text/html"]["schema"]["type"] == "string"
        };
        let lacking = ["500", "503"].into_iter().find(|status| !responses.contains_key(*status));
        if let Some(status) = lacking {
            return Some(format!("no {status}"));
        }
        let silent = responses.iter().find(|(_, response)| response["description"].as_str().is_none_or(str::is_empty));
        if let Some((status, _)) = silent {
            return Some(format!("{status} has no description"));
        }
        bad.iter()
            .filter(|status| **status != "304")
            .find(|status| !is_problem(status))
            .map(|status| format!("{status} is no problem"))
    });
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn access_tokens_are_asked_for_exactly_where_the_table_says() {
    for operation in Operation::ALL {
        let row = operation.row();
        let documented = Contract::current().operation(row.id);
        let asks = documented.object["security"].as_array().is_some_and(|schemes| !schemes.is_empty());
        assert_eq!(asks, row.access != Access::Public, "{}", row.id);
    }
}

/// Names the text fields of a body without example, format or list of values.
fn fields_without_example(schema: &Value, path: &str, found: &mut Vec<String>) {
    let contract = Contract::current();
    let schema = contract.resolve(schema);
    let explained = ["example", "examples", "format", "enum", "const"].iter().any(|key| schema.get(*key).is_some());
    let is_text = schema["type"] == "string" || schema["type"][0] == "string";
    if is_text && !explained {
        found.push(path.to_owned());
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        // Recursion ends: a schema that contains itself does so through an array or a variant, which are not followed.
        fields_without_example(field, &format!("{path}.{name}"), found);
    }
}

#[test]
fn request_bodies_show_examples() {
    let mut found = Vec::new();
    for operation in Contract::current().operations() {
        for media in
            operation.object["requestBody"]["content"].as_object().into_iter().flatten().map(|(_, media)| media)
        {
            if media.get("example").is_none() && media.get("examples").is_none() {
                fields_without_example(&media["schema"], &operation.id, &mut found);
            }
        }
    }
    assert!(found.is_empty(), "text fields of request bodies without an example: {found:#?}");
}

#[test]
fn the_document_and_the_permission_table_name_the_same_operations() {
    let rows = Operation::ALL.iter().map(|operation| operation.row());
    let table: BTreeSet<(String, String, String)> =
        rows.map(|row| (row.id.to_owned(), format!("{:?}", row.method).to_uppercase(), row.path.to_owned())).collect();
    let documented: BTreeSet<(String, String, String)> = Contract::current()
        .operations()
        .iter()
        .map(|operation| (operation.id.clone(), operation.method.clone(), operation.path.clone()))
        .collect();
    assert_eq!(table, documented);
}

#[actix_web::test]
async fn every_operation_is_served() {
    let app = TestApp::new().await;
    for operation in Operation::ALL {
        let row = operation.row();
        let method = format!("{:?}", row.method).to_uppercase();
        let answer = app.send(Call::new(&method, row.path.replace(['{', '}'], "x"))).await;
        let code = answer.code().unwrap_or_default();
        if row.access == Access::Public {
            assert_ne!(code, "method_not_allowed", "{}", row.id);
            assert!(code != "not_found" || row.path.contains('{'), "{}: {}", row.id, answer.text());
        } else {
            assert_eq!(answer.outcome(), (401, "token_invalid".to_owned()), "{}", row.id);
        }
    }
}

/// Routes come into being only through the table: `Mount::route` takes an [`Operation`], and what is mounted beside it
/// is the documentation itself.
#[test]
fn nothing_else_is_served() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/src/http/routes.rs");
    let routes = std::fs::read_to_string(root).expect("routes.rs");
    let beside: Vec<&str> = routes.lines().map(str::trim).filter(|line| line.starts_with("config.")).collect();
    assert_eq!(
        beside,
        ["config.service(openapi::show);", "config.service(docs::redirect);", "config.service(docs::show);"]
    );
    let mounted = routes.matches("at.route(Op::").count();
    assert_eq!(mounted, Operation::ALL.len());
}

#[actix_web::test]
async fn the_document_is_served_as_it_is_committed() {
    let app = TestApp::new().await;
    let served = app.send_unchecked(&Call::get("/openapi.json")).await;
    assert_eq!(served.status, 200);
    // Not told: either is a megabyte.
    assert!(served.json() == read_document(), "the document that is served is another one");
    let page = app.send_unchecked(&Call::get("/docs/index.html")).await;
    assert_eq!(page.status, 200, "{}", page.text());
}
