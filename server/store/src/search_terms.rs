//! Where names and addresses begin: the index by which a part of one is found without walking all of them.
//!
//! Neither engine finds a text in the middle of another by an index that both have. So each name is kept from each of its
//! characters on, and each address from where one of its parts begins.

use std::collections::BTreeSet;

use diesel::prelude::*;
use sync_core::ids::OrgId;

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::schema::search_terms;
use crate::text::Txt;

/// Longest term, in characters: what is longer is found by its beginning and compared as a whole.
const TERM_CHARS: usize = 12;

/// What ends a part of an address in China: units of administration, streets, houses and what is in them.
const ENDS: &str = "省市区县旗镇乡村街路道巷弄号栋幢座楼层室苑园庄里组队屯湾坊";

/// What a term is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TermOf {
    /// The name of a customer.
    Name,
    /// The postal address of a customer.
    Address,
    /// The address of a site.
    Site,
}

impl TermOf {
    const fn code(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Address => "address",
            Self::Site => "site",
        }
    }
}

/// A term of a customer or site.
#[derive(Debug, Clone, PartialEq, Eq, Insertable)]
#[diesel(table_name = search_terms, treat_none_as_default_value = false)]
pub(crate) struct TermRow {
    org_id: Txt<OrgId>,
    kind: &'static str,
    term: String,
    subject_id: String,
}

/// The terms of a folded text.
pub(crate) fn terms_of(org: OrgId, of: TermOf, folded: &str, subject: impl ToString) -> Vec<TermRow> {
    let letters: Vec<char> = folded.chars().collect();
    let is_short = letters.len() <= TERM_CHARS;
    let mut terms = BTreeSet::new();
    let mut before = None;
    for (at, letter) in letters.iter().enumerate() {
        if is_short || before.is_none_or(|before| begins(before, *letter)) {
            terms.insert(letters.iter().skip(at).take(TERM_CHARS).collect::<String>());
        }
        before = Some(*letter);
    }
    let subject_id = subject.to_string();
    let row = |term| TermRow { org_id: Txt(org), kind: of.code(), term, subject_id: subject_id.clone() };
    terms.into_iter().map(row).collect()
}

/// Whether a part of an address begins between two characters: behind a unit, though its own name may begin like one
/// (道里区), and where letters and digits meet, but for the unit of a number (18号).
fn begins(before: char, letter: char) -> bool {
    let class = |letter: char| match letter {
        '0'..='9' => 0,
        'a'..='z' => 1,
        letter if letter.is_alphanumeric() => 2,
        _ => 3,
    };
    let is_unit_of_number = class(before) < 2 && ENDS.contains(letter);
    ENDS.contains(before) || (class(before) != class(letter) && !is_unit_of_number)
}

/// Adds terms.
pub(crate) fn insert_terms(conn: &mut Conn, rows: &[TermRow]) -> StoreResult<()> {
    Ok(insert_rows!(conn, search_terms::table, rows)?)
}

/// Removes terms.
pub(crate) fn delete_terms(conn: &mut Conn, rows: &[TermRow]) -> StoreResult<()> {
    for row in rows {
        per_backend!(conn, c => diesel::delete(
            search_terms::table.find((row.org_id, row.kind, &row.term, &row.subject_id))).execute(c))?;
    }
    Ok(())
}

/// The ids of customers or sites of which a term begins with the beginning of this folded text, in the order of the
/// terms, at most `limit`; a longer text must still be compared as a whole.
///
/// # Errors
/// Database errors only.
pub fn list_subjects(conn: &mut Conn, org: OrgId, of: TermOf, part: &str, limit: i64) -> StoreResult<Vec<String>> {
    let from: String = part.chars().take(TERM_CHARS).collect();
    // No text of people has the last code point.
    let until = format!("{from}\u{10ffff}");
    Ok(per_backend!(conn, c => search_terms::table
        .filter(search_terms::org_id.eq(Txt(org)).and(search_terms::kind.eq(of.code())))
        .filter(search_terms::term.ge(&from).and(search_terms::term.lt(&until)))
        .order((search_terms::term, search_terms::subject_id))
        .limit(limit)
        .select(search_terms::subject_id)
        .load(c))?)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn terms(of: TermOf, folded: &str) -> Vec<String> {
        terms_of(OrgId(Uuid::nil()), of, folded, "x").into_iter().map(|row| row.term).collect()
    }

    #[test]
    fn a_name_is_found_from_any_of_its_characters() {
        assert_eq!(terms(TermOf::Name, "王海洋"), ["洋", "海洋", "王海洋"].map(str::to_owned));
    }

    #[test]
    fn an_address_is_found_from_where_its_parts_begin() {
        let found = terms(TermOf::Site, "云泽市虚构区示例路18号3栋502室");
        for part in [
            "云泽市虚构区示例路18号",
            "虚构区示例路18号3栋5",
            "示例路18号3栋502室",
            "18号3栋502室",
            "3栋502室",
            "502室",
        ] {
            assert!(found.contains(&part.to_owned()), "{part}: {found:?}");
        }
        assert!(!found.iter().any(|term| term.starts_with("例路")), "{found:?}");
        assert_eq!(found.len(), 6, "{found:?}");
        let found = terms(TermOf::Address, "哈尔滨市道里区中央大街１号a座".replace('１', "1").as_str());
        assert!(found.contains(&"道里区中央大街1号a座".to_owned()), "{found:?}");
    }
}
