//! Why a check could not be judged.

use super::params::ParamError;
use super::trace::Judgement;
use crate::calendar::DayError;

/// What stands between a check and its verdict; always told as `undetermined`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unjudged {
    /// The rule has a parameter the check cannot use.
    Param(ParamError),
    /// An input is not known to whoever judges.
    Unknown { en: String, zh_cn: String },
    /// A day that the check computes does not exist.
    Day(DayError),
}

impl Unjudged {
    pub(super) fn unknown(en: impl Into<String>, zh_cn: impl Into<String>) -> Self {
        Self::Unknown { en: en.into(), zh_cn: zh_cn.into() }
    }
}

impl From<ParamError> for Unjudged {
    fn from(error: ParamError) -> Self {
        Self::Param(error)
    }
}

impl From<DayError> for Unjudged {
    fn from(error: DayError) -> Self {
        Self::Day(error)
    }
}

impl From<Unjudged> for Judgement {
    fn from(reason: Unjudged) -> Self {
        match reason {
            Unjudged::Param(error) => {
                let zh = format!("参数 {} {}，无法判定", error.key, error.message_zh);
                Self::undetermined(format!("faulty parameter {error}"), zh)
            }
            Unjudged::Unknown { en, zh_cn } => {
                Self::undetermined(format!("{en} is not known"), format!("{zh_cn}未知，无法判定"))
            }
            Unjudged::Day(error) => Self::undetermined(error.to_string(), "日期超出范围，无法判定"),
        }
    }
}
