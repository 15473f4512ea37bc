//! Norms that the admin publishes in the middle of a story, through the API.

use doorstep::app::norms::product_templates;
use serde_json::{Value, json};

use super::Story;

impl Story {
    /// Publishes version 2 of a product's template, changed, and of the policy with these parameters changed. Both count
    /// from the instant on, which is text, or at once.
    ///
    /// # Panics
    /// If the admin may not publish them.
    pub fn publish_version_2(
        &self,
        template: &str,
        change: impl FnOnce(&mut Value),
        parameters: &[(&str, &str)],
        effective_from: Option<&str>,
    ) {
        let first = product_templates().find(|known| known.code == template).expect("a template of the product");
        let mut second = json!(first);
        second["version"] = json!(2);
        change(&mut second);
        let parameters: Value = parameters.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
        let mut policy = json!({"base_version": 1, "parameters": parameters});
        if let Some(instant) = effective_from {
            second["effective_from"] = json!(instant);
            policy["effective_from"] = json!(instant);
        }
        let admin = self.office("admin");
        let published = admin.post("/v1/templates", &second).expect(201);
        assert_eq!((&published["code"], &published["version"]), (&json!(template), &json!(2)));
        assert_eq!(admin.post("/v1/policies", &policy).expect(201)["version"], 2);
    }
}
