//! Builds request bodies from the document's schemas and examples.

use serde_json::{Map, Value, json};

use super::{Contract, Documented};

/// An id that exists nowhere.
const ABSENT_ID: &str = "01955f2c-3000-7000-8000-00000000ffff";

/// Deepest nesting of a sample; schemas may contain themselves.
const MAX_DEPTH: u32 = 12;

impl Contract {
    /// The operation of this id.
    ///
    /// # Panics
    /// If the document has none.
    #[must_use]
    pub fn operation(&self, id: &str) -> &Documented {
        let found = self.operations.iter().find(|operation| operation.id == id);
        found.unwrap_or_else(|| panic!("openapi.yaml has no operation {id}"))
    }

    /// A body of the documented form with the required fields only; `None` where the operation takes no JSON.
    #[must_use]
    pub fn sample_body(&self, id: &str) -> Option<Value> {
        let media = &self.operation(id).object["requestBody"]["content"]["application/json"];
        media.get("example").cloned().or_else(|| Some(self.sample(media.get("schema")?, 0)))
    }

    /// Follows references to the schema itself.
    #[must_use]
    pub fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let pointer = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        let target = pointer.and_then(|pointer| self.document().pointer(pointer));
        target.map_or(schema, |target| self.resolve(target))
    }

    fn sample(&self, schema: &Value, depth: u32) -> Value {
        let schema = self.resolve(schema);
        let given = schema.get("example").or_else(|| schema["examples"].get(0)).or_else(|| schema["enum"].get(0));
        if let Some(value) = given.or_else(|| schema.get("const")) {
            return value.clone();
        }
        for choice in ["oneOf", "anyOf"] {
            let variants = schema[choice].as_array().into_iter().flatten();
            if let Some(first) = variants.into_iter().find(|variant| variant["type"] != "null") {
                return self.sample(first, depth);
            }
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let mut whole = Map::new();
            parts.iter().filter_map(|part| self.sample(part, depth).as_object().cloned()).for_each(|part| {
                whole.extend(part);
            });
            return whole.into();
        }
        self.sample_of_type(schema, depth)
    }

    fn sample_of_type(&self, schema: &Value, depth: u32) -> Value {
        let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or_default();
        match (kind, schema["format"].as_str().unwrap_or_default()) {
            ("object", _) if depth < MAX_DEPTH => {
                let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
                let fields =
                    required.map(|name| (name.to_owned(), self.sample(&schema["properties"][name], depth + 1)));
                Value::Object(fields.collect())
            }
            ("array", _) if schema["minItems"].as_u64().unwrap_or(0) > 0 => {
                json!([self.sample(&schema["items"], depth + 1)])
            }
            ("array", _) => json!([]),
            ("string", "uuid") => json!(ABSENT_ID),
            ("string", "date-time") => json!("2025-03-04T02:00:00.000Z"),
            ("string", "date") => json!("2025-03-04"),
            ("string", _) => json!("x"),
            ("integer" | "number", _) => schema.get("minimum").cloned().unwrap_or(json!(1)),
            ("boolean", _) => json!(false),
            _ => json!({}),
        }
    }
}
