//! `door-note`: the text for the door of an absent customer.

use serde_json::json;
use sync_core::statement::Language;
use sync_core::texts::{Parties, door_note};

use super::{Phone, Scene, merge_members, summary};
use crate::error::{PhoneError, PhoneResult, usage};
use crate::output::Output;

/// Writes the note; nothing is recorded.
pub(crate) fn show(phone: &Phone, visit: &str, language: &str) -> PhoneResult<Output> {
    let Some(language) = Language::from_tag(language) else {
        return usage(format!("{language} is no language; those are {}", Language::TAGS.join(", ")));
    };
    phone.store.write(|tx| {
        let scene = Scene::open(phone, tx, visit)?;
        let (context, enrolment) = (scene.context.in_force(), tx.enrolment()?);
        let derived = scene.context.derived();
        let parties = Parties {
            org_name: enrolment.org_name.as_deref(),
            customer_name: context.customer.as_ref().map(|customer| customer.name.as_str()),
            rep_name: enrolment.user_name.as_deref(),
            rep_phone: enrolment.user_phone.as_deref(),
        };
        let note = door_note(&context.facts(), &derived, &parties, language);
        let note = note.map_err(|error| PhoneError::Usage(error.to_string()))?;
        let mut answer = summary(tx, &scene.context, derived.state.code())?;
        let told = json!({
            "language": note.language.tag(), "version": note.version, "text": note.text,
            "arrived_at": note.arrived_at.to_rfc3339(), "left_at": note.left_at.to_rfc3339(),
        });
        merge_members(&mut answer, json!({ "door_note": told }));
        Ok(Output::done(answer, note.text))
    })
}
