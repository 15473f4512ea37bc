//! An appointment as a file for the customer's calendar (iCalendar, RFC 5545).
//!
//! Writes what one such file needs and nothing more; knows neither rows nor requests.

use jiff::Timestamp;
use sync_core::time::UnixMillis;

/// Longest line in octets, without its end.
///
/// # Source
/// RFC 5545 section 3.1.
const MAX_LINE: usize = 75;

/// An appointment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The same for ever.
    pub uid: String,
    /// Greater for each change.
    pub sequence: i64,
    /// When the file is made.
    pub made_at: UnixMillis,
    /// Start.
    pub start: UnixMillis,
    /// End, if one is agreed.
    pub end: Option<UnixMillis>,
    /// One line about it.
    pub summary: String,
    /// More about it, line by line.
    pub description: String,
    /// Whether both sides agreed.
    pub is_confirmed: bool,
}

impl Event {
    /// The file.
    #[must_use]
    pub fn to_ics(&self) -> String {
        let status = if self.is_confirmed { "CONFIRMED" } else { "TENTATIVE" };
        let mut lines = vec![
            "BEGIN:VCALENDAR".to_owned(),
            "VERSION:2.0".to_owned(),
            "PRODID:-//Doorstep//Appointment//EN".to_owned(),
            "METHOD:PUBLISH".to_owned(),
            "BEGIN:VEVENT".to_owned(),
            format!("UID:{}", escaped(&self.uid)),
            format!("DTSTAMP:{}", utc(self.made_at)),
            format!("DTSTART:{}", utc(self.start)),
        ];
        lines.extend(self.end.map(|end| format!("DTEND:{}", utc(end))));
        lines.extend([
            format!("SEQUENCE:{}", self.sequence),
            format!("STATUS:{status}"),
            format!("SUMMARY:{}", escaped(&self.summary)),
            format!("DESCRIPTION:{}", escaped(&self.description)),
            "END:VEVENT".to_owned(),
            "END:VCALENDAR".to_owned(),
        ]);
        lines.iter().map(|line| folded(line)).collect()
    }
}

/// An instant in UTC (RFC 5545 section 3.3.5, form 2).
fn utc(at: UnixMillis) -> String {
    let instant = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
    instant.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A text value (RFC 5545 section 3.3.11).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.replace("\r\n", "\n").chars() {
        match letter {
            '\\' | ';' | ',' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            control if control.is_control() => {}
            plain => out.push(plain),
        }
    }
    out
}

/// A line with its end, folded between characters so that no part is longer than [`MAX_LINE`].
fn folded(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 2);
    let mut octets = 0;
    for letter in line.chars() {
        if octets + letter.len_utf8() > MAX_LINE {
            // The space that marks a continuation counts.
            out.push_str("\r\n ");
            octets = 1;
        }
        out.push(letter);
        octets += letter.len_utf8();
    }
    out.push_str("\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event {
        Event {
            uid: "a@b".to_owned(),
            sequence: 3,
            made_at: UnixMillis::from_rfc3339("2025-03-04T02:00:00Z").expect("an instant"),
            start: UnixMillis::from_rfc3339("2025-03-05T10:00:00+08:00").expect("an instant"),
            end: None,
            summary: "装机".to_owned(),
            description: "one, two; three\\\nfour".to_owned(),
            is_confirmed: false,
        }
    }

    #[test]
    fn a_file_says_what_the_calendar_needs() {
        let expected = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Doorstep//Appointment//EN\r\nMETHOD:PUBLISH\r\n\
            BEGIN:VEVENT\r\nUID:a@b\r\nDTSTAMP:20250304T020000Z\r\nDTSTART:20250305T020000Z\r\nSEQUENCE:3\r\n\
            STATUS:TENTATIVE\r\nSUMMARY:装机\r\nDESCRIPTION:one\\, two\\; three\\\\\\nfour\r\nEND:VEVENT\r\n\
            END:VCALENDAR\r\n";
        assert_eq!(event().to_ics(), expected);
        let confirmed = Event { is_confirmed: true, end: Some(UnixMillis(0)), ..event() }.to_ics();
        assert!(confirmed.contains("\r\nDTEND:19700101T000000Z\r\n") && confirmed.contains("STATUS:CONFIRMED"));
    }

    #[test]
    fn long_lines_are_folded_between_characters() {
        for length in 0..120 {
            let text = format!("{}{}", "a".repeat(length), "安装".repeat(60));
            let file = Event { summary: text.clone(), ..event() }.to_ics();
            assert!(file.split("\r\n").all(|line| line.len() <= MAX_LINE), "{length}");
            assert!(file.replace("\r\n ", "").contains(&format!("SUMMARY:{text}\r\n")), "{length}");
        }
    }

    #[test]
    fn no_value_begins_a_line_of_its_own() {
        let file = Event { summary: "a\r\nATTENDEE:b\rc\u{0}".to_owned(), ..event() }.to_ics();
        assert!(file.contains("SUMMARY:a\\nATTENDEE:bc\r\n"), "{file}");
    }
}
