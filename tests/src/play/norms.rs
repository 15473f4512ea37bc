//! Norms that the office publishes in the middle of a story, while the server runs.

use doorstep::app::norms::{product_templates, publish_policy, publish_template};
use doorstep_store::feed::FeedBatch;
use doorstep_store::organisations::list_organisations;
use serde_json::{Value, json};
use sync_core::plan::PolicyRow;
use sync_core::time::UnixMillis;

use super::Story;
use crate::db::with_conn;

impl Story {
    /// Publishes version 2 of a product's template, changed, and of the policy with these parameters only.
    ///
    /// # Panics
    /// If the office may not publish them.
    pub fn publish_version_2(&self, template: &str, change: impl FnOnce(&mut Value), parameters: &[(&str, &str)]) {
        let first = product_templates().find(|known| known.code == template).expect("a template of the product");
        let mut second = json!(first);
        second["version"] = json!(2);
        change(&mut second);
        let parameters = parameters.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let policy = PolicyRow { version: 2, effective_from_ms: UnixMillis(1), parameters };
        let now = self.server.borrow().clock.now();
        with_conn(self.server.borrow().database_url(), |conn| {
            let org = list_organisations(conn).expect("the company").remove(0).id.0;
            let mut batch = FeedBatch::new();
            // JSON is YAML.
            publish_template(conn, &mut batch, org, &second.to_string(), now).expect("the template is published");
            publish_policy(conn, &mut batch, org, &policy, now).expect("the policy is published");
            batch.publish(conn, org).expect("the feed moves");
        });
    }
}
