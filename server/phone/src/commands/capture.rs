//! Records of a visit: events, ticks, readings, answers, contacts, materials, outcomes, notes.

use serde_json::{Value, json};
use sync_core::decimal::Decimal;
use sync_core::doc::Map;
use sync_core::rules::Blocker;
use sync_core::template::model::{Question, QuestionType};
use sync_core::time::{Geo, UnixMillis};
use sync_core::visit::{Event, VisitState};

use super::{Action, Phone, Scene, effect};
use crate::cli::{AnswerArgs, ContactArgs, EventArgs, GeoArgs, MaterialArgs, MeasureArgs, OutcomeArgs, StepArgs};
use crate::error::{PhoneError, PhoneResult, usage};
use crate::output::Output;
use crate::store::model::Edit;
use crate::visit::edit;

/// `start`: pins template and policy.
pub(crate) fn start(phone: &Phone, visit: &str) -> PhoneResult<Output> {
    phone.record(visit, |scene| {
        let (code, version) = (&scene.context.template.code, scene.context.template.version);
        Ok(Action {
            edits: Vec::new(),
            json: json!({"template": {"code": code, "version": version}, "policy_version": scene.context.policy.version}),
            text: format!("begun with template {code} version {version}"),
        })
    })
}

impl GeoArgs {
    /// The position as a record holds it: integers of microdegrees and metres.
    pub(crate) fn to_json(&self) -> PhoneResult<Value> {
        match (&self.lat, &self.lon) {
            (None, None) => Ok(Value::Null),
            (Some(lat), Some(lon)) => Ok(serde_json::to_value(Geo {
                lat_udeg: microdegrees(lat)?,
                lon_udeg: microdegrees(lon)?,
                acc_m: self.acc,
                datum: self.datum.clone(),
                mock: self.mock_position.then_some(true),
            })?),
            _ => usage("--lat and --lon belong together"),
        }
    }
}

fn microdegrees(text: &str) -> PhoneResult<i64> {
    let degrees: Decimal = text.parse().map_err(|error| PhoneError::Usage(format!("{text}: {error}")))?;
    degrees.to_units(6).map_err(|error| PhoneError::Usage(format!("{text}: {error}")))
}

/// `event`: something happened. One without effect is written only if asked for: what it lacks may come from another
/// phone of the crew.
pub(crate) fn event(phone: &Phone, args: &EventArgs) -> PhoneResult<Output> {
    let Some(event) = Event::from_code(&args.event).filter(|event| event.is_by_device()) else {
        let known: Vec<&str> = Event::ALL.iter().filter(|event| event.is_by_device()).map(|e| e.code()).collect();
        return usage(format!("{} is no event of a phone; those are {}", args.event, known.join(", ")));
    };
    phone.store.write(|tx| {
        let scene = Scene::open(phone, tx, &args.visit)?;
        let fields = json!({"event": event.code(), "geo": args.geo.to_json()?, "reason": args.reason});
        let edits = vec![edit::record(Map::Timeline, &scene.at, scene.user, fields)?];
        let blockers = if args.anyway { Vec::new() } else { against(&scene, event, &edits)? };
        if !blockers.is_empty() {
            let json = json!({"event": event.code(), "recorded": false});
            return effect::refused(&scene, "not recorded 未记录", json, &blockers);
        }
        let json = json!({"event": event.code(), "recorded": true});
        scene.perform(Action { edits, json, text: format!("event {event} {}", event.label_zh()) })
    })
}

/// What stands against an event: that it would change nothing, or that it would hand in a return without new work.
fn against(scene: &Scene<'_>, event: Event, edits: &[Edit]) -> PhoneResult<Vec<Blocker>> {
    let state = scene.context.derived().state;
    if event == Event::Resubmit && state == VisitState::Returned {
        return Ok(effect::hand_in_blockers(&scene.context, state));
    }
    effect::without_effect(scene, edits)
}

/// `step`: ticks or unticks one item, or all items of a step.
pub(crate) fn step(phone: &Phone, args: &StepArgs) -> PhoneResult<Output> {
    phone.record(&args.visit, |scene| {
        let template = &scene.context.template;
        let (code, item) =
            args.step.split_once('/').map_or((args.step.as_str(), None), |(step, item)| (step, Some(item)));
        let Some(step) = template.step(code) else {
            let known: Vec<&str> = template.steps.iter().map(|step| step.code.as_str()).collect();
            return usage(format!("the template has no step {code}; it has {}", known.join(", ")));
        };
        let mut keys: Vec<String> = step.tick_keys().map(|(key, _)| key).collect();
        if let Some(item) = item {
            let wanted = format!("{code}/{item}");
            if !keys.contains(&wanted) {
                return usage(format!("step {code} has no item {item}; it has {}", keys.join(", ")));
            }
            keys = vec![wanted];
        }
        let mut edits = Vec::new();
        for key in &keys {
            let mut tick = json!({"done": !args.undo});
            edit::stamp_fields(&mut tick, "at", &scene.at, scene.user)?;
            edits.push(Edit::put(Map::Ticks, key, tick));
        }
        let text = format!("{} {}", if args.undo { "unticked" } else { "ticked" }, keys.join(", "));
        Ok(Action { edits, json: json!({"ticks": keys, "done": !args.undo}), text })
    })
}

/// `measure`: a reading, digits as typed.
pub(crate) fn measure(phone: &Phone, args: &MeasureArgs) -> PhoneResult<Output> {
    if let Err(error) = args.value.parse::<Decimal>() {
        return usage(format!("{}: {error}", args.value));
    }
    phone.record(&args.visit, |scene| {
        let template = &scene.context.template;
        let Some(item) = template.measurement(&args.code) else {
            let known: Vec<&str> = template.measurements.iter().map(|item| item.code.as_str()).collect();
            return usage(format!("the template has no measurement {}; it has {}", args.code, known.join(", ")));
        };
        let unit = args.unit.as_deref().unwrap_or(&item.unit);
        let source = if args.instrument.is_some() { "instrument" } else { "typed" };
        let fields = json!({
            "code": args.code, "value": args.value, "unit": unit, "instrument": args.instrument, "source": source,
        });
        let record = edit::record(Map::Measures, &scene.at, scene.user, fields)?;
        let json = json!({"measure": {"code": args.code, "value": args.value, "unit": unit}});
        Ok(Action { edits: vec![record], json, text: format!("{} = {} {unit}", args.code, args.value) })
    })
}

/// `answer`: an answer, typed by the template.
pub(crate) fn answer(phone: &Phone, args: &AnswerArgs) -> PhoneResult<Output> {
    phone.record(&args.visit, |scene| {
        let template = &scene.context.template;
        let Some(question) = template.question(&args.question) else {
            let known: Vec<&str> = template.questions.iter().map(|question| question.code.as_str()).collect();
            return usage(format!("the template has no question {}; it has {}", args.question, known.join(", ")));
        };
        let value = answer_value(question, &args.value)?;
        if !sync_core::rules::params::is_answer(question, &value) {
            return usage(format!("{} is no answer to {}: {}", args.value, args.question, expected(question)));
        }
        let mut answer = json!({"value": value});
        edit::stamp_fields(&mut answer, "at", &scene.at, scene.user)?;
        let json = json!({"answer": {"question": args.question, "value": value}});
        let edits = vec![Edit::put(Map::Answers, &args.question, answer)];
        Ok(Action { edits, json, text: format!("{} = {value}", args.question) })
    })
}

fn answer_value(question: &Question, text: &str) -> PhoneResult<Value> {
    let bad = || PhoneError::Usage(format!("{text} is no answer to {}: {}", question.code, expected(question)));
    Ok(match question.kind {
        QuestionType::Boolean => match text {
            "true" | "yes" | "是" => true.into(),
            "false" | "no" | "否" => false.into(),
            _ => return Err(bad()),
        },
        QuestionType::Integer | QuestionType::Rating => text.parse::<i64>().map_err(|_not_a_number| bad())?.into(),
        QuestionType::Datetime => match (text.parse::<i64>(), UnixMillis::from_rfc3339(text)) {
            (Ok(ms), _) | (_, Ok(UnixMillis(ms))) => ms.into(),
            _ => return Err(bad()),
        },
        QuestionType::MultiChoice => {
            let mut codes: Vec<&str> = text.split(',').map(str::trim).filter(|code| !code.is_empty()).collect();
            codes.sort_unstable();
            codes.dedup();
            json!(codes)
        }
        QuestionType::Decimal => {
            text.parse::<Decimal>().map_err(|_not_a_number| bad())?;
            text.into()
        }
        QuestionType::SingleChoice | QuestionType::Text => text.into(),
    })
}

fn expected(question: &Question) -> String {
    let options = || question.options.iter().map(|option| option.code.as_str()).collect::<Vec<_>>().join(", ");
    match question.kind {
        QuestionType::Boolean => "true or false".to_owned(),
        QuestionType::SingleChoice => format!("one of {}", options()),
        QuestionType::MultiChoice => format!("any of {}, separated by commas", options()),
        QuestionType::Text => "text".to_owned(),
        QuestionType::Integer => "a whole number".to_owned(),
        QuestionType::Decimal => "a decimal number".to_owned(),
        QuestionType::Rating => {
            format!("a whole number from {} to {}", question.min.unwrap_or(0), question.max.unwrap_or(10))
        }
        QuestionType::Datetime => "an instant in RFC 3339".to_owned(),
    }
}

/// `contact`: an attempt to reach the customer.
pub(crate) fn contact(phone: &Phone, args: &ContactArgs) -> PhoneResult<Output> {
    phone.record(&args.visit, |scene| {
        let mut fields = json!({
            "channel": args.channel, "result": args.result, "duration_s": args.duration, "recording_ref": args.recording,
            "reason": args.reason,
        });
        edit::stamp_fields(&mut fields, "started_at", &scene.at, scene.user)?;
        let id = crate::keys::new_id(UnixMillis(scene.at.wall_ms))?.to_string();
        let json = json!({"contact": {"channel": args.channel, "result": args.result}});
        let text = format!("contact by {}: {}", args.channel, args.result);
        Ok(Action { edits: vec![Edit::put(Map::Contacts, id, fields)], json, text })
    })
}

/// `material`: something used.
pub(crate) fn material(phone: &Phone, args: &MaterialArgs) -> PhoneResult<Output> {
    if let Err(error) = args.quantity.parse::<Decimal>() {
        return usage(format!("{}: {error}", args.quantity));
    }
    phone.record(&args.visit, |scene| {
        let source = if args.scan { "scan" } else { "typed" };
        let fields = json!({
            "sku": args.sku, "quantity": args.quantity, "unit": args.unit, "serial": args.serial, "source": source,
        });
        let record = edit::record(Map::Materials, &scene.at, scene.user, fields)?;
        let json = json!({"material": {"sku": args.sku, "quantity": args.quantity, "unit": args.unit}});
        Ok(Action { edits: vec![record], json, text: format!("{} {} {}", args.quantity, args.unit, args.sku) })
    })
}

/// `outcome`: how the visit ends.
pub(crate) fn outcome(phone: &Phone, args: &OutcomeArgs) -> PhoneResult<Output> {
    let known = sync_core::template::vocabulary::OUTCOMES;
    if !known.contains(&args.code.as_str()) {
        return usage(format!("{} is no outcome; those are {}", args.code, known.join(", ")));
    }
    phone.record(&args.visit, |scene| {
        let fields = json!({"code": args.code, "reason": args.reason});
        let record = edit::record(Map::Outcomes, &scene.at, scene.user, fields)?;
        Ok(Action { edits: vec![record], json: json!({"outcome": args.code}), text: format!("outcome {}", args.code) })
    })
}

/// `note`: a paragraph in the shared notes.
pub(crate) fn note(phone: &Phone, visit: &str, text: &str) -> PhoneResult<Output> {
    phone.record(visit, |_scene: &Scene<'_>| {
        let edits = vec![Edit::Note { text: text.to_owned() }];
        Ok(Action { edits, json: json!({"note": text}), text: "noted".to_owned() })
    })
}
