//! Reads the committed API document and makes its schemas strict.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// Reads `openapi.yaml` of this repository.
///
/// # Panics
/// If it cannot be read.
#[must_use]
pub fn read_document() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi.yaml");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("openapi.yaml: {error}"))
}

/// Forbids fields that a schema does not name, so that an undocumented field of an answer is found.
///
/// Parts of an `allOf` stay open: each of them sees the fields of the others.
pub fn close_objects(document: &mut Value) {
    let mut open = BTreeSet::new();
    collect_parts(document, &mut open);
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        for (name, schema) in schemas {
            if !open.contains(&format!("#/components/schemas/{name}")) {
                close(schema);
            }
        }
    }
    close(&mut document["paths"]);
}

/// Names the components that stand in an `allOf`.
fn collect_parts(value: &Value, open: &mut BTreeSet<String>) {
    if let Some(parts) = value.get("allOf").and_then(Value::as_array) {
        open.extend(parts.iter().filter_map(|part| part["$ref"].as_str()).map(str::to_owned));
    }
    match value {
        Value::Object(fields) => fields.values().for_each(|field| collect_parts(field, open)),
        Value::Array(items) => items.iter().for_each(|item| collect_parts(item, open)),
        _ => {}
    }
}

fn close(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if fields.get("properties").is_some_and(Value::is_object) && !fields.contains_key("additionalProperties") {
                fields.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            fields.iter_mut().filter(|(name, _)| *name != "allOf").for_each(|(_, field)| close(field));
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
