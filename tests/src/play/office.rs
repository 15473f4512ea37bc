//! Somebody at the office: signed in, over TCP, every answer held against the API document.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::{Story, text};
use crate::call::{Answer, Call};
use crate::verdicts;

/// A person of the office.
#[derive(Debug, Clone, Copy)]
pub struct Office<'s> {
    pub(super) story: &'s Story,
    pub(super) login: &'static str,
}

impl Office<'_> {
    /// Sends a request as this person. The session is renewed each time: in a story hours pass between two requests.
    ///
    /// # Panics
    /// If the person is not signed in, or the answer is outside the contract.
    #[must_use]
    pub fn send(&self, call: Call) -> Answer {
        let mut sessions = self.story.sessions.borrow_mut();
        let session = sessions.get_mut(self.login).expect("signed in when the demo data were made");
        let renewal = Call::post("/v1/auth/refresh").json(&json!({"refresh_token": *session}));
        let renewed = self.story.send(&renewal).expect(200);
        *session = text(&renewed, "refresh_token");
        self.story.send(&call.bearer(&text(&renewed, "access_token")))
    }

    /// GET of something that is there.
    ///
    /// # Panics
    /// With the answer, if it is no 200.
    #[must_use]
    pub fn get(&self, path: &str) -> Value {
        self.send(Call::get(path)).expect(200)
    }

    /// The items of a list that fits one page.
    ///
    /// # Panics
    /// If it does not.
    #[must_use]
    pub fn list(&self, path: &str) -> Vec<Value> {
        let page = self.get(path);
        assert!(page["next_page_token"].is_null(), "{path} has several pages");
        page["items"].as_array().expect("items").clone()
    }

    /// POST of JSON.
    #[must_use]
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Call::post(path).json(body))
    }

    /// POST of a change to the visit as it stands now.
    #[must_use]
    pub fn change(&self, visit: &str, verb: &str, body: &Value) -> Answer {
        let version = &self.visit(visit)["version"];
        let call = Call::post(format!("/v1/visits/{visit}/{verb}")).header("if-match", format!("\"{version}\""));
        self.send(call.json(body))
    }

    /// The visit as the office sees it.
    #[must_use]
    pub fn visit(&self, visit: &str) -> Value {
        self.get(&format!("/v1/visits/{visit}"))
    }

    /// The visit as a reviewer sees it.
    #[must_use]
    pub fn review(&self, visit: &str) -> Value {
        self.get(&format!("/v1/visits/{visit}/review"))
    }

    /// Every decision about the visit as `subject decision`, oldest first.
    ///
    /// # Panics
    /// If there is no list.
    #[must_use]
    pub fn history(&self, visit: &str) -> Vec<String> {
        let verdicts = self.get(&format!("/v1/visits/{visit}/verdicts"));
        let subject = |verdict: &Value| if verdict["photo_id"].is_string() { "photo" } else { "visit" };
        let items = verdicts["items"].as_array().expect("verdicts");
        items.iter().map(|one| format!("{} {}", subject(one), text(one, "decision"))).collect()
    }

    /// Judges a photo as `review` showed it: approved if nothing is missing, else rejected.
    #[must_use]
    pub fn judge(&self, visit: &str, photo: &Value, missing: &[&str]) -> Answer {
        let body = verdicts::on_photo(new_id(), photo, missing);
        self.post(&format!("/v1/visits/{visit}/photos/{}/verdicts", text(photo, "id")), &body)
    }

    /// Approves the visit as `review` showed it, or returns it.
    #[must_use]
    pub fn decide(&self, visit: &str, review: &Value, decision: &str) -> Answer {
        self.post(&format!("/v1/visits/{visit}/verdicts"), &verdicts::on_visit(new_id(), review, decision))
    }

    /// Claims the visit, approves every photo that awaits a verdict with all ticks, then the visit; tells how many
    /// photos were judged.
    ///
    /// # Panics
    /// With the answer, if any of it is refused.
    pub fn approve(&self, visit: &str) -> usize {
        self.post(&format!("/v1/visits/{visit}/review/claim"), &json!({})).expect(200);
        let review = self.review(visit);
        let photos = review["photos"].as_array().expect("photos");
        let pending: Vec<&Value> = photos.iter().filter(|photo| photo["standing"] == "pending").collect();
        for photo in &pending {
            self.judge(visit, photo, &[]).expect(201);
        }
        assert_eq!(self.decide(visit, &review, "approve").expect(201)["state"], "approved");
        pending.len()
    }
}

/// An id as clients make it, new in this process; no two tests share a database.
fn new_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("01955f2c-3000-7000-8000-{:012x}", NEXT.fetch_add(1, Ordering::Relaxed))
}
