//! Cells: what a spreadsheet program has made of a text, and whether that can be taken for the text.

use doorstep_sheets::Cell;

/// What is wrong with a cell, in both languages.
pub(super) type Fault = (String, String);

/// The text of a cell, without the blanks around it; `None` if it is blank.
///
/// Numbers are their digits. Dates and failed formulas are no texts: `3-1` in an address may have become a day in March.
pub(super) fn read_text(cell: &Cell) -> Result<Option<String>, Fault> {
    match cell {
        Cell::Date(_) => Err(both(
            "text: the spreadsheet program took it for a date; format the column as text and type it again",
            "文本：表格软件将其识别为日期，请将该列设为文本格式后重新输入",
        )),
        Cell::Failed => Err(both(
            "a value: the cell holds an error, or a date that there is not",
            "数值或文本：该单元格是错误值或无效日期",
        )),
        _ => Ok(text_in(cell)),
    }
}

/// As [`read_text`], where a date is as good as a text.
pub(super) fn read_field(cell: &Cell) -> Result<Option<String>, Fault> {
    if let Cell::Date(date) = cell { Ok(Some(date.clone())) } else { read_text(cell) }
}

/// The text of a cell that holds text or a number.
pub(super) fn text_in(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Text(text) | Cell::Number(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Cell::Blank | Cell::Date(_) | Cell::Failed => None,
    }
}

/// A number that is a name: whether all its digits are still there cannot be seen, unless its form says so.
///
/// `is_whole` knows that form. What a program wrote in powers of ten has lost digits whatever it was.
pub(super) fn read_digits(cell: &Cell, is_whole: fn(&str) -> bool) -> Result<Option<String>, Fault> {
    let text = read_text(cell)?;
    let Some(given) = &text else { return Ok(None) };
    let is_number = matches!(cell, Cell::Number(_));
    if is_in_powers_of_ten(given) || (is_number && !(is_whole_number(given) && is_whole(given))) {
        return Err(both(
            "text: the spreadsheet program took it for a number, and digits may be lost; format the column as text and \
             type it again",
            "文本：表格软件将其识别为数字，可能已丢失位数（如首位的 0），请将该列设为文本格式后重新输入",
        ));
    }
    Ok(text)
}

/// The digits of a mobile number, which never begins with a zero.
///
/// # Source
/// Numbering of mobile phones in China: 11 digits, `1` and `3` to `9` in front.
pub(super) fn is_mobile(digits: &str) -> bool {
    digits.len() == 11
        && digits.starts_with('1')
        && digits.chars().nth(1).is_some_and(|second| ('3'..='9').contains(&second))
}

/// Digits that look like a fixed-line number without the zero in front of its area, which a spreadsheet program takes away
/// before it writes text.
///
/// # Source
/// Numbering of fixed lines in China: `0`, an area of two or three digits, seven or eight digits; `400` and `800` have no
/// area.
pub(super) fn is_short_of_zero(phone: &str) -> bool {
    let is_bare = phone.bytes().all(|byte| byte.is_ascii_digit()) && (10..=11).contains(&phone.len());
    is_bare && !is_mobile(phone) && !["0", "400", "800"].iter().any(|start| phone.starts_with(start))
}

/// A 209 number that begins so has lost no zero in front.
pub(super) fn is_209(digits: &str) -> bool {
    digits.starts_with("209")
}

/// Digits alone, few enough for a spreadsheet program to have kept them all, which is fifteen.
pub(super) fn is_whole_number(text: &str) -> bool {
    (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether it looks like `2.09E+10`.
fn is_in_powers_of_ten(text: &str) -> bool {
    let Some((digits, power)) = text.split_once(['E', 'e']) else { return false };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let power = power.strip_prefix(['+', '-']).unwrap_or(power);
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    is_digits(whole) && is_digits(decimals) && is_digits(power)
}

/// Microdegrees of degrees with decimals, rounded from the seventh on, which is a decimetre.
pub(super) fn microdegrees(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(decimals) || whole.len() > 3 {
        return None;
    }
    let kept: String = decimals.chars().chain("000000".chars()).take(6).collect();
    let rounded = i64::from(decimals.as_bytes().get(6).is_some_and(|digit| *digit >= b'5'));
    let udeg = whole.parse::<i64>().ok()? * 1_000_000 + kept.parse::<i64>().ok()? + rounded;
    Some(sign * udeg)
}

pub(super) fn both(en: &str, zh: &str) -> Fault {
    (en.to_owned(), zh.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(digits: &str) -> Cell {
        Cell::Number(digits.to_owned())
    }

    fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    #[test]
    fn digits_that_may_be_lost_are_told() {
        let phone = |cell: &Cell| read_digits(cell, is_mobile).map_err(drop);
        assert_eq!(phone(&text(" 0532-8888 0001 ")), Ok(Some("0532-8888 0001".to_owned())));
        assert_eq!(phone(&number("13800138000")), Ok(Some("13800138000".to_owned())));
        for lost in
            [number("53288880001"), number("1380013800"), number("13800138000.5"), text("1.38E+10"), text("1e10")]
        {
            assert_eq!(phone(&lost), Err(()), "{lost:?}");
        }
        let of_209 = |cell: &Cell| read_digits(cell, is_209).map_err(drop);
        assert_eq!(of_209(&number("20900088001")), Ok(Some("20900088001".to_owned())));
        assert_eq!(of_209(&text("A2E1")), Ok(Some("A2E1".to_owned())), "no power of ten");
        for lost in [number("88001"), number("2090000000000000000"), text("2.09E+10"), text("2E10")] {
            assert_eq!(of_209(&lost), Err(()), "{lost:?}");
        }
    }

    #[test]
    fn a_number_without_its_area_code_is_seen_by_its_length() {
        for short in ["53288880001", "2188880001", "1088880001"] {
            assert!(is_short_of_zero(short), "{short}");
        }
        for whole in ["053288880001", "13800138000", "4008000000", "88880001", "532-88880001", "95598"] {
            assert!(!is_short_of_zero(whole), "{whole}");
        }
    }

    #[test]
    fn dates_are_no_texts() {
        let date = Cell::Date("2025-03-01".to_owned());
        assert!(read_text(&date).is_err() && read_text(&Cell::Failed).is_err());
        assert_eq!(read_field(&date).map_err(drop), Ok(Some("2025-03-01".to_owned())));
    }

    #[test]
    fn degrees_are_exact_to_the_sixth_decimal() {
        for (degrees, udeg) in
            [("30.5", 30_500_000), ("-0.0000014", -1), ("104.0657355", 104_065_736), ("7", 7_000_000)]
        {
            assert_eq!(microdegrees(degrees), Some(udeg), "{degrees}");
        }
        for no_degrees in ["", "-", "1.", ".5", "1e2", "3000", "30°", "30,5"] {
            assert_eq!(microdegrees(no_degrees), None, "{no_degrees}");
        }
    }
}
