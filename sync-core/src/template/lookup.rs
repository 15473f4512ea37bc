//! Finding the elements of a template by code.

use super::model::{Measurement, Phase, PhotoSlot, Question, SignatureSlot, Step, Template};

/// Names an element that steps collect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Element<'a> {
    /// A photo slot.
    Photo(&'a str),
    /// A measurement.
    Measurement(&'a str),
    /// A question.
    Question(&'a str),
    /// A signature slot.
    Signature(&'a str),
}

impl<'a> Element<'a> {
    /// Its code.
    #[must_use]
    pub const fn code(self) -> &'a str {
        match self {
            Self::Photo(code) | Self::Measurement(code) | Self::Question(code) | Self::Signature(code) => code,
        }
    }

    /// The list of the template it stands in.
    #[must_use]
    pub const fn list(self) -> &'static str {
        match self {
            Self::Photo(_) => "photos",
            Self::Measurement(_) => "measurements",
            Self::Question(_) => "questions",
            Self::Signature(_) => "signatures",
        }
    }
}

impl Step {
    /// Everything the step collects: questions, readings, photos, signatures.
    pub fn elements(&self) -> impl Iterator<Item = Element<'_>> {
        let collects = &self.collects;
        let questions = collects.questions.iter().map(|code| Element::Question(code));
        let measurements = collects.measurements.iter().map(|code| Element::Measurement(code));
        let photos = collects.photos.iter().map(|code| Element::Photo(code));
        let signatures = collects.signatures.iter().map(|code| Element::Signature(code));
        questions.chain(measurements).chain(photos).chain(signatures)
    }

    /// Keys of the step's ticks in the map `ticks`, with whether each is required.
    ///
    /// A step without items has one implicit item `done` (rulebook 1.4).
    pub fn tick_keys(&self) -> impl Iterator<Item = (String, bool)> + '_ {
        let implicit = self.items.is_empty().then(|| (format!("{}/done", self.code), true));
        let items = self.items.iter().map(|item| (format!("{}/{}", self.code, item.code), item.required));
        implicit.into_iter().chain(items)
    }
}

impl Template {
    /// The step of this code.
    #[must_use]
    pub fn step(&self, code: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.code == code)
    }

    /// The photo slot of this code.
    #[must_use]
    pub fn slot(&self, code: &str) -> Option<&PhotoSlot> {
        self.photos.iter().find(|slot| slot.code == code)
    }

    /// The measurement of this code.
    #[must_use]
    pub fn measurement(&self, code: &str) -> Option<&Measurement> {
        self.measurements.iter().find(|measurement| measurement.code == code)
    }

    /// The question of this code.
    #[must_use]
    pub fn question(&self, code: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.code == code)
    }

    /// The signature slot of this code.
    #[must_use]
    pub fn signature(&self, code: &str) -> Option<&SignatureSlot> {
        self.signatures.iter().find(|slot| slot.code == code)
    }

    /// The step that collects an element.
    #[must_use]
    pub fn step_of(&self, element: Element<'_>) -> Option<&Step> {
        self.steps.iter().find(|step| step.elements().any(|other| other == element))
    }

    /// The phase in which an element is collected.
    #[must_use]
    pub fn phase_of(&self, element: Element<'_>) -> Option<Phase> {
        self.step_of(element).map(|step| step.phase)
    }
}
