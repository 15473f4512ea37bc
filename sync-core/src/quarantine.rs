//! What became of refused bytes: the row that reaches the phone, and words for codes and remedies in both languages.

use serde::{Deserialize, Serialize};

use crate::ids::{DeviceId, VisitId};
use crate::template::model::Text;
use crate::time::UnixMillis;

/// A quarantined item (row kind `quarantine`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuarantineNote {
    /// The phone that sent it.
    pub device: DeviceId,
    /// Change hash, statement digest, or SHA-256 of the bytes.
    pub item: String,
    /// `doc`, `intent`, `statement` or `blob`.
    pub kind: String,
    /// The visit, if known; of a blob the first that names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<VisitId>,
    /// Why it was refused.
    pub code: String,
    /// `open`, `redriven`, `replayed`, `salvaged` or `dismissed`.
    pub state: String,
    /// When it arrived.
    pub received_at_ms: UnixMillis,
}

/// Code of what a phone wrote anew after the office had made use of the same item: it would be here twice.
pub const SETTLED_MEANWHILE: &str = "settled_meanwhile";

/// Code of what came without a word of whose it is, after a restore that may have forgotten it.
pub const WRITER_UNKNOWN: &str = "writer_unknown";

/// Whether the office made use of an item in this state: its content counts, or was chosen from.
#[must_use]
pub fn is_used(state: &str) -> bool {
    matches!(state, "redriven" | "salvaged")
}

/// What can be done about a quarantined item (design section 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Remedy {
    /// The phone writes its other edits anew, under a new actor.
    Replay,
    /// The office lets the stored bytes be judged again, after the cause is mended.
    Redrive,
    /// The office takes over the good edits.
    Salvage,
}

impl Remedy {
    /// What happens, in both languages.
    #[must_use]
    pub fn words(self) -> Text {
        let (en, zh_cn) = match self {
            Self::Replay => {
                ("the phone writes its other records anew by itself: sync again", "手机会自动重写其余记录：请再次同步")
            }
            Self::Redrive => (
                "once the cause is mended the office re-drives it, nothing is to be entered again",
                "原因排除后由后台重新处理，无需重新录入",
            ),
            Self::Salvage => ("the office can take over the records that can be read", "后台可挑选可读的记录代为补录"),
        };
        Text { en: en.to_owned(), zh_cn: zh_cn.to_owned() }
    }
}

/// Code, what can be done, what was expected in English and in Chinese.
type Row = (&'static str, &'static [Remedy], &'static str, &'static str);

use Remedy::{Redrive, Replay, Salvage};

const DOC: &[Remedy] = &[Replay, Salvage, Redrive];

/// # Source
/// Documents: [`crate::guard::RefusalCode`]. Others: the server's sync, [`crate::statement::verify`](mod@crate::statement::verify) and
/// [`crate::intent`], whose codes not named here fall under the general words.
const WORDS: &[Row] = &[
    ("actor_forked", DOC, "one history per install of the app", "同一安装只能有一条写入历史"),
    ("actor_not_yours", DOC, "changes written by the phone that sends them", "变更须由发送手机自己写入"),
    ("by_mismatch", DOC, "records in the name of the rep whose phone it is", "记录署名须与手机登记人一致"),
    ("change_counter_invalid", DOC, "changes numbered without gaps", "变更编号须连续"),
    (
        "change_encoding_not_allowed",
        &[Redrive, Salvage],
        "change chunks in the agreed encoding",
        "须采用约定编码的变更块",
    ),
    ("change_rejected", DOC, "a whole and readable change", "须为完整可读的变更"),
    (
        "change_too_large",
        DOC,
        "a change of at most 256 KiB and 5,000 operations",
        "单个变更不超过 256 KiB、5,000 个操作",
    ),
    ("checksum_mismatch", &[Redrive, Salvage], "bytes undamaged on the way", "传输中数据不得损坏"),
    (
        "document_limit",
        &[Redrive, Salvage],
        "a document of at most 2 MiB and 20,000 changes",
        "单个文档不超过 2 MiB、20,000 个变更",
    ),
    ("field_limit", DOC, "a record of at most 16 KiB, without repeated keys", "单条记录不超过 16 KiB，且键不得重复"),
    ("genesis_missing", DOC, "a history that begins with the visit's first change", "历史须从该任务的起始变更开始"),
    ("operation_not_allowed", DOC, "only records, written once, and notes", "只允许一次性写入的记录和备注"),
    (
        "not_writable",
        &[Redrive],
        "a server that can store it: the fault is not the phone's",
        "服务器应能存储：并非手机故障",
    ),
    (
        SETTLED_MEANWHILE,
        &[Replay, Salvage],
        "records that the office did not take over before the phone wrote them anew",
        "手机重写前后台尚未处理的记录",
    ),
    (
        WRITER_UNKNOWN,
        &[Redrive, Salvage],
        "changes by the device that wrote them: since the restore it is not known here which one that is, and re-driven \
         they become those of the device that brought them; once their own device brings them this settles by itself",
        "变更须由写入它的设备提交：数据恢复后此处已无法确认是哪台设备；重新处理将归于提交它的设备，原设备提交后本项自动了结",
    ),
    ("stored_document_damaged", &[Redrive], "a sound document on the server", "服务器上的文档须完好"),
    ("device_revoked", &[Redrive, Salvage], "a phone that is not revoked", "手机不得已被吊销"),
    ("quarantine_full", &[Redrive], "room in quarantine: the phone keeps its copy", "隔离区须有空间：手机保留原件"),
];

/// What was expected of bytes refused with a code.
#[must_use]
pub fn expected(code: &str) -> Text {
    let (en, zh_cn) = find(code).map_or(
        ("an item in the agreed form, by the phone that sends it", "须由发送手机以约定格式提交"),
        |(_, _, en, zh_cn)| (*en, *zh_cn),
    );
    Text { en: en.to_owned(), zh_cn: zh_cn.to_owned() }
}

/// What can be done about an item of a kind refused with a code, the likeliest first.
#[must_use]
pub fn remedies(kind: &str, code: &str) -> Vec<Remedy> {
    let named = find(code).map_or([Redrive].as_slice(), |(_, remedies, ..)| remedies);
    named.iter().copied().filter(|remedy| kind == "doc" || *remedy == Redrive).collect()
}

/// All of it in one sentence for each language.
#[must_use]
pub fn hint(kind: &str, code: &str) -> Text {
    let what = expected(code);
    let ways: Vec<Text> = remedies(kind, code).into_iter().map(Remedy::words).collect();
    let join = |first: &str, pick: fn(&Text) -> &str, between: &str| {
        std::iter::once(first).chain(ways.iter().map(pick)).collect::<Vec<_>>().join(between)
    };
    Text {
        en: join(&format!("expected: {}", what.en), |text| &text.en, "; "),
        zh_cn: join(&format!("要求：{}", what.zh_cn), |text| &text.zh_cn, "；"),
    }
}

/// Words for a state.
#[must_use]
pub fn state_words(state: &str) -> Text {
    let (en, zh_cn) = match state {
        "open" => ("open", "待处理"),
        "redriven" => ("re-driven: it counts now", "已重新处理并生效"),
        "replayed" => ("the phone wrote its other records anew", "手机已重写其余记录"),
        "salvaged" => ("the office took over what was chosen", "后台已补录所选记录"),
        "dismissed" => ("dismissed; the bytes are kept", "已忽略，原始数据保留"),
        other => (other, other),
    };
    Text { en: en.to_owned(), zh_cn: zh_cn.to_owned() }
}

fn find(code: &str) -> Option<&'static Row> {
    WORDS.iter().find(|(known, ..)| *known == code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::RefusalCode;

    #[test]
    fn every_code_of_the_guard_has_words_and_replay_is_named_where_the_ack_asks_for_it() {
        for code in RefusalCode::ALL {
            let (known, remedies, ..) = find(code.as_str()).expect("words");
            let offers_replay = remedies.contains(&Replay);
            assert!(!offers_replay || code.is_replayable(), "{known}");
            let hint = hint("doc", known);
            assert!(hint.en.starts_with("expected: ") && hint.zh_cn.starts_with("要求："), "{hint:?}");
        }
    }

    #[test]
    fn other_kinds_are_only_re_driven_and_unknown_codes_have_general_words() {
        assert_eq!(remedies("intent", "by_mismatch"), [Redrive]);
        assert_eq!(remedies("statement", "a_code_of_tomorrow"), [Redrive]);
        assert!(expected("a_code_of_tomorrow").en.contains("agreed form"));
        assert_eq!(state_words("of_tomorrow").en, "of_tomorrow");
    }
}
