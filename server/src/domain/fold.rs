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

/// A phone number as it is compared: its digits, of a mobile number without the prefix of the country.
///
/// # Source
/// The country code of China is 86; mobile numbers have 11 digits and begin with 1.
#[must_use]
pub fn phone_key(text: &str) -> String {
    let digits = digits(text);
    let is_mobile = |rest: &&str| rest.len() == 11 && rest.starts_with('1');
    let national = PREFIXES.iter().find_map(|prefix| digits.strip_prefix(prefix).filter(is_mobile));
    national.map_or(digits.clone(), str::to_owned)
}

/// The digits of a phone number in every spelling that is compared alike.
#[must_use]
pub fn phone_spellings(text: &str) -> Vec<String> {
    let key = phone_key(text);
    if key.len() != 11 || !key.starts_with('1') {
        return vec![key];
    }
    let prefixed = PREFIXES.iter().map(|prefix| format!("{prefix}{key}"));
    prefixed.chain([key.clone()]).collect()
}

/// How the prefix of the country is dialled.
const PREFIXES: [&str; 2] = ["0086", "86"];

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

    #[test]
    fn mobile_numbers_are_the_same_with_and_without_the_country() {
        for spelling in ["13800138000", "+86 138 0013 8000", "0086-138-0013-8000"] {
            assert_eq!(phone_key(spelling), "13800138000");
            assert!(phone_spellings("13800138000").contains(&digits(spelling)), "{spelling}");
        }
        assert_eq!(phone_key("8653288880001"), "8653288880001", "no mobile number");
        assert_eq!(phone_spellings("0532 8888 0001"), ["053288880001"]);
    }
}
