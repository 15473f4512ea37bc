//! Text as it is searched: people type names, addresses and numbers in many spellings.

/// Folds text for searching: full-width forms to half-width, lower case, no blanks.
#[must_use]
pub fn fold(text: &str) -> String {
    text.chars().map(half_width).filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// The ASCII form of a full-width character.
fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c),
        '\u{3000}' => ' ',
        other => other,
    }
}

/// The digits of a phone number, whatever stands between them.
#[must_use]
pub fn digits(text: &str) -> String {
    text.chars().map(half_width).filter(char::is_ascii_digit).collect()
}

/// The last four digits; fewer if there are fewer.
#[must_use]
pub fn last_four(digits: &str) -> String {
    let start = digits.len().saturating_sub(4);
    digits.get(start..).unwrap_or(digits).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_fold_alike() {
        assert_eq!(fold("示例路 18 号３栋"), fold("示例路18号3栋"));
        assert_eq!(fold("ＡＢＣ　Tower"), "abctower");
    }

    #[test]
    fn phone_numbers_are_their_digits() {
        assert_eq!(digits("+86 (000) 0000-0012"), "8600000000012");
        assert_eq!(last_four("00000000012"), "0012");
        assert_eq!(last_four("12"), "12");
    }
}
