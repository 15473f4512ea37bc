//! What grids and teams have in common: a code, which stays, and a name.

use crate::app::auth::is_login;
use crate::app::customers::is_text;
use crate::app::{AppResult, ErrorCode, Refusal};

/// A grid or team to add.
#[derive(Debug, Clone)]
pub struct NewArea {
    /// Code, unique among those of its kind in the organisation.
    pub code: String,
    /// Name.
    pub name: String,
}

impl NewArea {
    /// Refuses a code or name that none can have.
    pub(super) fn check(&self) -> AppResult<()> {
        let mut refusal = Refusal::new(ErrorCode::Invalid);
        if !is_login(&self.code) {
            let expected_zh = "1 至 64 个字符，限 a-z、0-9、点、连字符、下划线";
            refusal = refusal.both("code", "1 to 64 of a-z, 0-9, dot, hyphen, underscore", expected_zh);
        }
        check_name(Some(&self.name), refusal).into_result()
    }
}

/// Adds the fault of a name, where one is given.
pub(super) fn check_name(name: Option<&str>, refusal: Refusal) -> Refusal {
    if name.is_none_or(|name| is_text(name, 100)) {
        return refusal;
    }
    refusal.both("name", "1 to 100 characters, none of them a control character", "1 至 100 个字符，不含控制字符")
}

/// Refuses a code that is taken.
pub(super) fn check_code_is_free(is_free: bool) -> AppResult<()> {
    if is_free {
        return Ok(());
    }
    Err(Refusal::new(ErrorCode::Conflict).both("code", "a code that no other one has", "未被占用的代码").into())
}
