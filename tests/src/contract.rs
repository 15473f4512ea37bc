//! Holds every answer of the server against `openapi.yaml`.
//!
//! Owns reading the document and judging answers; it must not know what any operation means.

mod document;
mod sample;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use jsonschema::Validator;
use serde_json::Value;

pub use document::{close_objects, read_document};

use crate::call::{Answer, Call};

/// The API document, ready to judge answers.
#[derive(Debug)]
pub struct Contract {
    document: Value,
    operations: Vec<Documented>,
    problem: Arc<Validator>,
}

/// An operation of the document.
#[derive(Debug)]
pub struct Documented {
    /// Operation id.
    pub id: String,
    /// Upper-case method.
    pub method: String,
    /// Path with `{parameters}`.
    pub path: String,
    /// The operation object.
    pub object: Value,
    /// Per status and content type the schema of the body; no content types for an empty body.
    responses: BTreeMap<u16, BTreeMap<String, Option<Arc<Validator>>>>,
}

/// An answer outside the contract.
#[derive(Debug)]
pub struct Violation {
    operation: String,
    status: u16,
    problem: String,
    body: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, status, problem, body } = self;
        write!(f, "outside the contract: {operation} answered {status}: {problem}\nbody: {body}")
    }
}

impl Contract {
    /// The document of this repository, read once per process.
    ///
    /// # Panics
    /// If `openapi.yaml` cannot be read or its schemas cannot be compiled.
    #[must_use]
    pub fn current() -> &'static Self {
        static CURRENT: OnceLock<Contract> = OnceLock::new();
        CURRENT.get_or_init(|| Self::new(read_document()))
    }

    /// Prepares a document.
    ///
    /// # Panics
    /// If it is no API document.
    #[must_use]
    pub fn new(document: Value) -> Self {
        let mut strict = document.clone();
        close_objects(&mut strict);
        let mut compiled = Compiled { components: strict["components"].clone(), known: BTreeMap::new() };
        let mut operations = Vec::new();
        for (path, methods) in strict["paths"].as_object().expect("paths") {
            for (method, object) in methods.as_object().expect("methods") {
                operations.push(Documented {
                    id: object["operationId"].as_str().unwrap_or_default().to_owned(),
                    method: method.to_uppercase(),
                    path: path.clone(),
                    responses: compiled.responses(&object["responses"]),
                    object: document["paths"][path][method].clone(),
                });
            }
        }
        let problem = compiled.validator(&serde_json::json!({"$ref": "#/components/schemas/Problem"}));
        Self { document, operations, problem }
    }

    /// The document as it is written.
    #[must_use]
    pub const fn document(&self) -> &Value {
        &self.document
    }

    /// Every operation, in the document's order.
    #[must_use]
    pub fn operations(&self) -> &[Documented] {
        &self.operations
    }

    /// Judges an answer.
    ///
    /// A path that is not documented may be answered only with the problem `not_found`, a method that is not
    /// documented only with `method_not_allowed`; HEAD is documented with GET, or by itself where it is more.
    ///
    /// # Errors
    /// What is outside the contract.
    pub fn check(&self, call: &Call, answer: &Answer) -> Result<(), Violation> {
        let violation = |operation: &str, problem: String| Violation {
            operation: operation.to_owned(),
            status: answer.status,
            problem,
            body: answer.text().chars().take(2000).collect(),
        };
        let path = call.path.split('?').next().unwrap_or_default();
        let route = format!("{} {path}", call.method);
        let on_path: Vec<&Documented> = self.operations.iter().filter(|known| known.matches(path)).collect();
        if call.method == "HEAD"
            && let Some(read) = on_path.iter().find(|known| known.is_read_by_head(answer))
        {
            let name = format!("{} ({route})", read.id);
            return read.check_head(answer).map_err(|problem| violation(&name, problem));
        }
        let Some(operation) = on_path.iter().find(|known| known.method == call.method) else {
            let expected = if on_path.is_empty() { (404, "not_found") } else { (405, "method_not_allowed") };
            if path.starts_with("/c/") && answer.header("content-type") == Some("text/html; charset=utf-8") {
                // Customers are told in words; a request that nobody looks at has a status of its own.
                return Ok(());
            }
            let problem = format!("the operation is not documented, so the answer must be {expected:?}");
            let (status, code) = answer.outcome();
            let is_refused = (status, code.as_str()) == expected;
            return if is_refused { Ok(()) } else { Err(violation(&route, problem)) }
                .and_then(|()| first_error(&self.problem, &answer.json()).map_err(|error| violation(&route, error)));
        };
        operation.check(answer).map_err(|problem| violation(&format!("{} ({route})", operation.id), problem))
    }
}

impl Documented {
    /// Whether a concrete path is one of this operation.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let (known, given): (Vec<&str>, Vec<&str>) = (self.path.split('/').collect(), path.split('/').collect());
        let fits = |(known, given): (&&str, &&str)| known == given || (known.starts_with('{') && !given.is_empty());
        known.len() == given.len() && known.iter().zip(&given).all(fits)
    }

    /// Whether an answer to HEAD is one of this operation with its body left away, as a connection does.
    fn is_read_by_head(&self, answer: &Answer) -> bool {
        self.method == "GET" || (self.method == "HEAD" && answer.body.is_empty())
    }

    /// HEAD answers with the status and type of GET, and no body (RFC 9110 section 9.3.2).
    fn check_head(&self, answer: &Answer) -> Result<(), String> {
        let essence = answer.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
        match self.responses.get(&answer.status) {
            Some(contents) if contents.is_empty() || contents.contains_key(essence) => {}
            _ => return Err(format!("with a body it is not answered so, only {:?}", self.responses.keys())),
        }
        if answer.body.is_empty() { Ok(()) } else { Err("HEAD has no body".to_owned()) }
    }

    fn check(&self, answer: &Answer) -> Result<(), String> {
        let Some(contents) = self.responses.get(&answer.status) else {
            return Err(format!("the status is not documented, only {:?}", self.responses.keys()));
        };
        if contents.is_empty() {
            return if answer.body.is_empty() { Ok(()) } else { Err("no body is documented".to_owned()) };
        }
        let content_type = answer.header("content-type").unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default();
        let Some(schema) = contents.get(essence) else {
            return Err(format!("content type {content_type:?} is not documented, only {:?}", contents.keys()));
        };
        match schema {
            Some(validator) if essence.ends_with("json") => {
                let body = serde_json::from_slice(&answer.body).map_err(|error| format!("no JSON: {error}"))?;
                first_error(validator, &body)
            }
            _ => Ok(()),
        }
    }
}

/// The first fault with its place in the body.
fn first_error(validator: &Validator, body: &Value) -> Result<(), String> {
    validator.validate(body).map_err(|error| format!("at {:?}: {error}", error.instance_path().as_str()))
}

/// Compiled schemas; most answers share that of a problem.
struct Compiled {
    components: Value,
    known: BTreeMap<String, Arc<Validator>>,
}

impl Compiled {
    fn responses(&mut self, responses: &Value) -> BTreeMap<u16, BTreeMap<String, Option<Arc<Validator>>>> {
        let statuses = responses.as_object().expect("responses").iter();
        statuses
            .map(|(status, response)| {
                let contents = response["content"].as_object().into_iter().flatten().map(|(content_type, media)| {
                    let schema = media.get("schema").map(|schema| self.validator(schema));
                    (content_type.clone(), schema)
                });
                (status.parse().expect("a numeric status"), contents.collect())
            })
            .collect()
    }

    /// Compiles a schema with the components beside it, so that `#/components/…` resolves.
    fn validator(&mut self, schema: &Value) -> Arc<Validator> {
        let root = serde_json::json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": self.components,
            "allOf": [schema],
        });
        let compile = || {
            let compiled = jsonschema::options().should_validate_formats(true).build(&root);
            Arc::new(compiled.unwrap_or_else(|error| panic!("schema {schema}: {error}")))
        };
        self.known.entry(schema.to_string()).or_insert_with(compile).clone()
    }
}
