//! What visits say was used: sums, serial numbers, and whether that is what the order names (INS-09).

use std::collections::BTreeMap;

use crate::decimal::Decimal;
use crate::doc::record::Answer;
use crate::merge::View;

/// Questions whose answer is the serial number of what was installed; the order names the same under the same code.
///
/// # Source
/// Rulebook 2.6, `InstallJob`: `ont_serial`, `stb_serial`.
pub const SERIAL_QUESTIONS: [&str; 2] = ["ont_serial", "stb_serial"];

/// The order's field that lists its materials: `SKU=QUANTITY`, separated by commas or semicolons.
pub const ORDERED_MATERIALS: &str = "materials";

/// Longest serial number, in characters without what does not count; what is longer is none.
const MAX_SERIAL_CHARS: usize = 100;

/// A serial number as serials are compared: without case, spaces and hyphens; `None` where nothing is left, or more than
/// any serial number has.
#[must_use]
pub fn serial_key(written: &str) -> Option<String> {
    let is_apart = |letter: &char| {
        letter.is_whitespace() || letter.is_control() || matches!(letter, '-' | '\u{2010}'..='\u{2015}' | '\u{ff0d}')
    };
    let key: String = written.chars().filter(|letter| !is_apart(letter)).flat_map(char::to_uppercase).collect();
    (1..=MAX_SERIAL_CHARS).contains(&key.chars().count()).then_some(key)
}

/// The serial numbers that were answered, by question.
pub fn serial_answers(view: &View) -> impl Iterator<Item = (&'static str, &Answer)> {
    SERIAL_QUESTIONS.into_iter().filter_map(|question| Some((question, &view.answers.get(question)?.value)))
}

/// A quantity that was used, as a record says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used<'a> {
    /// Stock code.
    pub sku: &'a str,
    /// Quantity as a decimal string.
    pub quantity: &'a str,
    /// Unit.
    pub unit: &'a str,
}

/// Sums per stock code and unit, `None` where a quantity is no number or too large.
#[must_use]
pub fn sums<'a>(used: impl IntoIterator<Item = Used<'a>>) -> BTreeMap<(String, String), Option<Decimal>> {
    let mut sums: BTreeMap<(String, String), Option<Decimal>> = BTreeMap::new();
    for Used { sku, quantity, unit } in used {
        let sum = sums.entry((sku.to_owned(), unit.to_owned())).or_insert(Some(Decimal::ZERO));
        *sum = sum.zip(quantity.parse::<Decimal>().ok()).and_then(|(sum, more)| sum.plus(more).ok());
    }
    sums
}

/// The materials that an order lists.
///
/// # Errors
/// The entry that is no `SKU=QUANTITY`.
pub fn ordered(field: &str) -> Result<BTreeMap<String, Decimal>, String> {
    let mut listed: BTreeMap<String, Decimal> = BTreeMap::new();
    let entries = field.split([',', ';', '，', '；']).map(str::trim).filter(|entry| !entry.is_empty());
    for entry in entries {
        let odd = || entry.to_owned();
        let (sku, quantity) = entry.split_once('=').ok_or_else(odd)?;
        let (sku, quantity) = (sku.trim(), quantity.trim().parse::<Decimal>().map_err(|_no_number| odd())?);
        if sku.is_empty() {
            return Err(odd());
        }
        let sum = listed.get(sku).copied().unwrap_or(Decimal::ZERO);
        listed.insert(sku.to_owned(), sum.plus(quantity).map_err(|_too_large| odd())?);
    }
    Ok(listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_are_compared_without_case_spaces_and_hyphens() {
        let key = serial_key("ont-7f21 0001").unwrap();
        assert_eq!(key, "ONT7F210001");
        for same in ["ONT7F210001", " Ont‑7F21–0001 ", "ONT 7F21 0001\t"] {
            assert_eq!(serial_key(same).as_ref(), Some(&key), "{same}");
        }
        assert_ne!(serial_key("ONT7F210002"), Some(key));
        assert_eq!([serial_key(""), serial_key(" - "), serial_key(&"9".repeat(101))], [None, None, None]);
    }

    #[test]
    fn quantities_are_summed_exactly_by_stock_code_and_unit() {
        let used = |sku, quantity, unit| Used { sku, quantity, unit };
        let sums = sums([
            used("cable", "12.5", "m"),
            used("cable", "0.75", "m"),
            used("cable", "1", "count"),
            used("ont", "one", "count"),
        ]);
        let of = |sku: &str, unit: &str| sums[&(sku.to_owned(), unit.to_owned())].map(|sum| sum.to_string());
        assert_eq!(of("cable", "m").as_deref(), Some("13.25"));
        assert_eq!(of("cable", "count").as_deref(), Some("1"));
        assert_eq!(of("ont", "count"), None);
    }

    #[test]
    fn what_an_order_lists_is_read_or_named_as_odd() {
        let listed = ordered("ONT-GPON=1, cable = 30.5；clip=4; clip=6").unwrap();
        let shown: Vec<String> = listed.iter().map(|(sku, quantity)| format!("{sku}={quantity}")).collect();
        assert_eq!(shown, ["ONT-GPON=1", "cable=30.5", "clip=10"]);
        assert_eq!(ordered(" "), Ok(BTreeMap::new()));
        for odd in ["ONT-GPON", "=1", "cable=much"] {
            assert_eq!(ordered(odd), Err(odd.to_owned()));
        }
    }
}
