//! Parts of the API document that many operations share, added by what the tables say of each.

use std::collections::BTreeMap;

use utoipa::Modify;
use utoipa::openapi::path::{Operation as Documented, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder};

use crate::domain::Operation;

/// Documents the `Idempotency-Key` header where it is read.
pub(super) struct IdempotencyKey;

impl Modify for IdempotencyKey {
    fn modify(&self, openapi: &mut OpenApi) {
        for documented in operations(openapi) {
            let takes = |operation: &&Operation| documented.operation_id.as_deref() == Some(operation.row().id);
            if Operation::ALL.iter().find(takes).is_some_and(|operation| operation.takes_idempotency_key()) {
                documented.parameters.get_or_insert_default().push(idempotency_key().into());
            }
        }
    }
}

fn idempotency_key() -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(128));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(
            "Makes a repetition safe: for 90 days the same request with the same key gets the same status and body \
             and has no further effect. With another request the key is refused with `idempotency_mismatch`, while \
             the first still runs with `idempotency_in_progress`. A refused request leaves its key free. Keys belong \
             to the person who sends them; 1 to 128 visible ASCII characters.",
        ))
        .schema(Some(schema))
        .example(Some("8e03978e-40d5-43e8-bc93-6894a57f9324".into()))
        .build()
}

/// Documents the problems that any operation can meet before its handler runs.
pub(super) struct EdgeProblems;

/// Status and description of each.
const EDGE_PROBLEMS: [(&str, &str); 6] = [
    ("408", "The request did not arrive in time"),
    ("414", "The URL is longer than 4 KiB"),
    ("422", "A rule is broken; names the fields"),
    ("429", "Too many requests; Retry-After says when to go on"),
    ("431", "The headers are more than 64 or larger than 16 KiB"),
    ("503", "Busy; Retry-After says when to go on"),
];

impl Modify for EdgeProblems {
    fn modify(&self, openapi: &mut OpenApi) {
        for documented in operations(openapi) {
            for (status, description) in EDGE_PROBLEMS {
                let known = &mut documented.responses.responses;
                known.entry(status.to_owned()).or_insert_with(|| problem(description));
            }
        }
    }
}

fn problem(description: &str) -> RefOr<utoipa::openapi::Response> {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build().into()
}

fn operations(openapi: &mut OpenApi) -> impl Iterator<Item = &mut Documented> {
    openapi.paths.paths.values_mut().flat_map(|item| {
        let of_data = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch];
        let others = [&mut item.delete, &mut item.head, &mut item.options];
        of_data.into_iter().chain(others).filter_map(Option::as_mut)
    })
}

/// Operation id → names of its query parameters.
pub(super) fn query_names(openapi: &OpenApi) -> BTreeMap<String, Vec<String>> {
    let items = openapi.paths.paths.values();
    let all = items.flat_map(|item| [&item.get, &item.post, &item.put, &item.patch].into_iter().flatten());
    all.map(|documented| {
        let parameters = documented.parameters.iter().flatten().filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some(parameter),
            RefOr::Ref(_) => None,
        });
        let names = parameters.filter(|one| one.parameter_in == ParameterIn::Query).map(|one| one.name.clone());
        (documented.operation_id.clone().unwrap_or_default(), names.collect())
    })
    .collect()
}
