//! What a person should look at about a photo.
//!
//! Owns codes, levels and their words; it must not know how a finding comes about.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::bytes::Hash;
use crate::ids::{FindingId, VisitId};

/// What is found about photos (design section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingCode {
    /// The same bytes prove another visit.
    ReusedExact,
    /// A picture that proves another visit looks the same.
    ReusedSimilar,
    /// Nothing on it is sharp.
    Blurred,
    /// It is nearly black.
    TooDark,
    /// It is burnt out.
    OverExposed,
    /// Nobody can see it small.
    NoPreview,
    /// It was taken before or after the visit.
    OutsideVisitWindow,
    /// It was taken somewhere else.
    FarFromSite,
    /// Nobody knows where it was taken.
    NoPosition,
    /// The phone said that its position is simulated.
    MockPosition,
    /// It comes from the gallery.
    GallerySource,
    /// The phone's clock contradicts itself or the server's.
    ClockInconsistent,
}

impl FindingCode {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::ReusedExact,
        Self::ReusedSimilar,
        Self::Blurred,
        Self::TooDark,
        Self::OverExposed,
        Self::NoPreview,
        Self::OutsideVisitWindow,
        Self::FarFromSite,
        Self::NoPosition,
        Self::MockPosition,
        Self::GallerySource,
        Self::ClockInconsistent,
    ];

    /// Stable code, English words, Chinese words.
    const fn words(self) -> [&'static str; 3] {
        match self {
            Self::ReusedExact => ["reused_exact", "The same file proves another visit", "同一文件已用于其他上门"],
            Self::ReusedSimilar => {
                ["reused_similar", "A photo of another visit looks the same", "与其他上门的照片相似"]
            }
            Self::Blurred => ["blurred", "The photo is blurred", "照片模糊"],
            Self::TooDark => ["too_dark", "The photo is too dark", "照片过暗"],
            Self::OverExposed => ["over_exposed", "The photo is over-exposed", "照片过曝"],
            Self::NoPreview => ["no_preview", "The photo cannot be shown small", "照片无法生成预览"],
            Self::OutsideVisitWindow => {
                ["outside_visit_window", "The photo was taken before or after the visit", "拍摄时间不在上门时段内"]
            }
            Self::FarFromSite => ["far_from_site", "The photo was taken far from the site", "拍摄位置远离现场"],
            Self::NoPosition => ["no_position", "The photo has no usable position", "照片没有可用的位置"],
            Self::MockPosition => ["mock_position", "The position of the photo is simulated", "照片位置为模拟位置"],
            Self::GallerySource => ["gallery_source", "The photo comes from the gallery", "照片来自相册"],
            Self::ClockInconsistent => {
                ["clock_inconsistent", "The phone's clock was not right", "手机时钟与其他记录不一致"]
            }
        }
    }

    /// Stable code, `snake_case`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        let [code, ..] = self.words();
        code
    }

    /// The one of this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }

    /// What a person reads, in English.
    #[must_use]
    pub const fn en(self) -> &'static str {
        let [_, en, _] = self.words();
        en
    }

    /// What a person reads, in Simplified Chinese.
    #[must_use]
    pub const fn zh_cn(self) -> &'static str {
        let [_, _, zh_cn] = self.words();
        zh_cn
    }

    /// Whether it speaks for re-use where a likeness alone says too little.
    ///
    /// A missing position and a soft picture are common where nobody cheats.
    #[must_use]
    pub const fn is_signal(self) -> bool {
        matches!(
            self,
            Self::OutsideVisitWindow
                | Self::FarFromSite
                | Self::MockPosition
                | Self::GallerySource
                | Self::ClockInconsistent
        )
    }
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Common where nobody cheats; worth a look beside something else.
    Hint,
    /// Worth a look.
    Warning,
    /// As good as certain.
    Strong,
}

impl Level {
    /// Its weight: 1, 2 or 3.
    #[must_use]
    pub const fn score(self) -> i64 {
        match self {
            Self::Hint => 1,
            Self::Warning => 2,
            Self::Strong => 3,
        }
    }
}

impl FindingId {
    /// The id of what is found about a photo: the same photo and code give the same id, so nothing is found twice.
    #[must_use]
    pub fn of(visit: VisitId, photo: &str, sha256: Hash, code: FindingCode) -> Self {
        // No part but the last may hold a line break of its own, so no two photos give one text.
        let digest = Hash::of(format!("{visit}\n{sha256}\n{}\n{photo}", code.code()).as_bytes());
        let (bytes, _) = digest.as_bytes().split_first_chunk().unwrap_or((&[0; 16], &[]));
        Self(uuid::Builder::from_custom_bytes(*bytes).into_uuid())
    }
}

/// What a finding was worked out from: names with integers or short codes, without personal data.
pub type Evidence = BTreeMap<String, Value>;

/// The photo that was there before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Earlier {
    /// Its visit.
    pub visit: VisitId,
    /// Its record.
    pub photo: String,
    /// Its content.
    pub sha256: Hash,
}

/// One thing a person should look at; never a reason to refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub code: FindingCode,
    /// How much it weighs.
    pub level: Level,
    /// Why.
    pub evidence: Evidence,
    /// The photo it was compared with.
    pub earlier: Option<Earlier>,
}

impl Finding {
    /// A finding without evidence.
    #[must_use]
    pub fn new(code: FindingCode, level: Level) -> Self {
        Self { code, level, evidence: Evidence::new(), earlier: None }
    }

    /// Adds what it was worked out from.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.evidence.insert(name.to_owned(), value.into());
        self
    }
}

/// Milliseconds as seconds, rounded up: whoever compares them with whole minutes comes to the same.
pub(super) const fn seconds(ms: i64) -> i64 {
    ms.div_euclid(1000) + if ms.rem_euclid(1000) == 0 { 0 } else { 1 }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_stands_for_itself_and_has_words_in_both_languages() {
        let codes: BTreeSet<&str> = FindingCode::ALL.iter().map(|one| one.code()).collect();
        assert_eq!(codes.len(), FindingCode::ALL.len());
        for one in FindingCode::ALL {
            assert_eq!(FindingCode::from_code(one.code()), Some(one));
            assert!(one.en().is_ascii() && !one.zh_cn().is_ascii(), "{one:?}");
        }
        assert_eq!(FindingCode::from_code("unheard_of"), None);
    }

    #[test]
    fn an_id_follows_from_what_is_found_about_which_photo() {
        let visit = VisitId::from_bytes([1; 16]);
        let id = |photo: &str, code| FindingId::of(visit, photo, Hash::of(b"photo"), code);
        assert_eq!(id("a", FindingCode::Blurred), id("a", FindingCode::Blurred));
        let others = [id("b", FindingCode::Blurred), id("a", FindingCode::TooDark)];
        assert!(!others.contains(&id("a", FindingCode::Blurred)));
        assert_eq!(id("a", FindingCode::Blurred).to_string().parse(), Ok(id("a", FindingCode::Blurred)));
    }
}
