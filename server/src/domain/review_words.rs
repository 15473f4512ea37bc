//! Words of review: decisions and reason codes. A released code never changes its meaning.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a reviewer decides about a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhotoDecision {
    /// It shows everything it must.
    Approve,
    /// It has to be taken again.
    Reject,
}

impl PhotoDecision {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
        }
    }
}

/// What a reviewer says of something that was found about a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingDecision {
    /// It is as it was found.
    Confirmed,
    /// There is nothing in it.
    Dismissed,
}

impl FindingDecision {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Dismissed => "dismissed",
        }
    }
}

/// What a reviewer decides about a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VisitDecision {
    /// Its proof is accepted.
    Approve,
    /// It goes back to the crew with the rejected slots open.
    Return,
}

impl VisitDecision {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Return => "return",
        }
    }
}

macro_rules! reasons {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal;)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }
        }
    };
}

reasons!(
    /// Why a photo is rejected.
    RejectReason {
        /// Something it must show is not in the picture.
        MissingContent = "missing_content";
        /// A label, number or text cannot be read.
        Illegible = "illegible";
        /// Not sharp.
        Blurred = "blurred";
        /// Too dark.
        TooDark = "too_dark";
        /// Too bright.
        OverExposed = "over_exposed";
        /// It belongs to another slot.
        WrongSlot = "wrong_slot";
        /// It shows another place or another customer's equipment.
        WrongSite = "wrong_site";
        /// It was used for another visit.
        Reused = "reused";
        /// It was not taken during the visit.
        NotFromVisit = "not_from_visit";
        /// The work it shows does not meet the standard.
        WorkDefective = "work_defective";
        /// Another reason, told in the comment.
        Other = "other";
    }
);

reasons!(
    /// Why a visit is returned, beside rejected photos.
    ReturnReason {
        /// One or more photos are rejected.
        PhotosRejected = "photos_rejected";
        /// A required photo is missing.
        PhotoMissing = "photo_missing";
        /// A reading is missing or not believable.
        ReadingsDoubtful = "readings_doubtful";
        /// The signed form is incomplete or does not fit the visit.
        FormIncomplete = "form_incomplete";
        /// Answers or ticks contradict each other or the photos.
        RecordsContradict = "records_contradict";
        /// Another reason, told in the comment.
        Other = "other";
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_words_for_the_rep() {
        let codes = RejectReason::ALL.iter().map(|reason| reason.code());
        for code in codes.chain(ReturnReason::ALL.iter().map(|reason| reason.code())) {
            let label = sync_core::visit::words::label(code);
            assert!(!label.zh_cn.is_ascii(), "{code}");
        }
    }

    #[test]
    fn codes_are_what_travels() {
        for reason in RejectReason::ALL {
            assert_eq!(serde_json::to_value(reason).expect("code"), reason.code());
        }
        for reason in ReturnReason::ALL {
            assert_eq!(serde_json::to_value(reason).expect("code"), reason.code());
        }
        assert_eq!(serde_json::to_value(VisitDecision::Return).expect("code"), VisitDecision::Return.code());
        assert_eq!(serde_json::to_value(PhotoDecision::Reject).expect("code"), PhotoDecision::Reject.code());
    }
}
