//! The customer's page as HTML. Everything that is not ours to say is escaped.

use sync_core::calendar::{DayError, plus_days};
use sync_core::statement::Language;
use sync_core::statement::text::order_kind;
use sync_core::texts::moment;

use super::words::{Words, words};
use crate::app::ErrorCode;
use crate::app::contacts::{CustomerAnswer, Page};
use crate::domain::customer_link::MAX_WORDS;
use crate::http::error::status;

/// The only style; the page's policy names its hash.
pub(super) const STYLE: &str = "\
:root{color-scheme:light dark}\
*{box-sizing:border-box}\
body{margin:0;padding:24px 16px 40px;font:17px/1.6 system-ui,-apple-system,'PingFang SC','Noto Sans CJK SC',\
'Microsoft YaHei',sans-serif;background:#f4f5f7;color:#1c2430}\
main{max-width:480px;margin:0 auto}\
h1{font-size:22px;line-height:1.3;margin:0 0 4px}\
p{margin:0 0 16px}\
.org{color:#5b6675;font-size:15px;margin:0 0 20px}\
.card{background:#fff;border-radius:14px;padding:20px;margin:0 0 16px;box-shadow:0 1px 3px rgba(20,30,50,.12)}\
dl{margin:0}\
dt{color:#5b6675;font-size:14px}\
dd{margin:0 0 14px;font-size:18px}\
dd:last-child{margin-bottom:0}\
.when{font-weight:600;font-size:21px}\
button{width:100%;min-height:52px;border:0;border-radius:12px;font:inherit;font-weight:600;background:#0b62d6;\
color:#fff;cursor:pointer}\
button:focus-visible,input:focus-visible,textarea:focus-visible,summary:focus-visible,a:focus-visible{outline:3px solid \
#8ab8ff;outline-offset:2px}\
.second{background:#e8eef8;color:#0b4ba5}\
summary{cursor:pointer;font-weight:600;padding:4px 0}\
details[open] summary{margin-bottom:14px}\
label{display:block;font-size:14px;color:#5b6675;margin:0 0 14px}\
input,textarea{display:block;width:100%;min-height:48px;margin-top:4px;padding:10px 12px;border:1px solid #b8c1cf;\
border-radius:10px;font:inherit;font-size:17px;background:#fff;color:#1c2430}\
textarea{min-height:88px}\
.pair{display:grid;grid-template-columns:1fr 1fr;gap:12px}\
.done{border-left:5px solid #1a8f4a}\
.wait{border-left:5px solid #c77f0a}\
.fault{border-left:5px solid #c0362c}\
.done p:last-child,.wait p:last-child,.fault p:last-child{margin:0}\
a{color:#0b62d6}\
footer{display:flex;justify-content:space-between;gap:12px;font-size:15px}\
@media (prefers-color-scheme:dark){body{background:#12161c;color:#e7ebf1}.card{background:#1d232c;box-shadow:none}\
.org,dt,label{color:#a3aebd}input,textarea{background:#12161c;color:#e7ebf1;border-color:#475264}\
.second{background:#2a3546;color:#a9cbff}a{color:#8ab8ff}}";

/// What a customer entered that cannot be taken, shown again with why.
#[derive(Debug, Clone, Default)]
pub(super) struct Entered {
    pub(super) day: String,
    pub(super) time: String,
    pub(super) words: String,
    pub(super) faults: Vec<String>,
}

/// The page of a link that is good.
pub(super) fn show(page: &Page, token: &str, language: Language, entered: &Entered) -> Result<String, DayError> {
    let words = words(language);
    let mut body = format!("<h1>{}</h1>\n<p class=\"org\">{}</p>\n", words.title, escaped(&page.organisation));
    body.push_str(&answer(page, words, language)?);
    body.push_str(&facts(page, words, language)?);
    if page.answer.is_none() {
        body.push_str(&forms(page, token, words, entered)?);
    } else if !entered.faults.is_empty() {
        body.push_str(&format!("<div class=\"card wait\" role=\"alert\"><p>{}</p></div>\n", words.answered));
    }
    let calendar = format!("<a href=\"/c/{}/appointment.ics\">{}</a>", escaped(token), words.calendar);
    body.push_str(&footer(&calendar, words));
    Ok(document(words, &body))
}

/// The page of a request that is refused: a link that is over or none of ours, or what cannot be taken now, or at all.
pub(super) fn refused(code: ErrorCode, language: Language) -> String {
    use ErrorCode as C;
    let words = words(language);
    let (title, note) = match code {
        C::LinkExpired => (words.ended, words.ended_note),
        C::NotFound => (words.unknown, words.unknown_note),
        C::BodyTooLarge => (words.not_taken, words.too_long_note),
        C::RateLimited => (words.too_often, words.later_note),
        code if status(code).is_server_error() => (words.unavailable, words.later_note),
        _ => (words.not_taken, words.not_taken_note),
    };
    let body = format!("<h1>{title}</h1>\n<div class=\"card wait\"><p>{note}</p></div>\n{}", footer("", words));
    document(words, &body)
}

/// What became of it, above everything else.
fn answer(page: &Page, words: &Words, language: Language) -> Result<String, DayError> {
    Ok(match &page.answer {
        None => format!("<p>{}</p>\n", words.greeting),
        Some(CustomerAnswer::Confirmed) => {
            format!("<div class=\"card done\" role=\"status\"><p>{}</p></div>\n", words.confirmed)
        }
        Some(CustomerAnswer::Proposed { start, words: said }) => {
            let said = said.as_deref().map(|said| format!("<p>{}</p>", escaped(said))).unwrap_or_default();
            let asked = moment(&page.zone, *start, language)?;
            format!(
                "<div class=\"card wait\" role=\"status\"><p>{} <strong>{asked}</strong></p>{said}<p>{}</p></div>\n",
                words.asked, words.asked_note
            )
        }
    })
}

fn facts(page: &Page, words: &Words, language: Language) -> Result<String, DayError> {
    let mut when = moment(&page.zone, page.start, language)?;
    if let Some(end) = page.end {
        when = format!("{when} {} {}", words.until, moment(&page.zone, end, language)?);
    }
    let mut rows = vec![(words.when, when, " class=\"when\"")];
    // What we have no word for is not shown.
    rows.extend(order_kind(language, &page.order_kind).map(|kind| (words.what, kind.to_owned(), "")));
    if !page.reps.is_empty() {
        rows.push((words.who, page.reps.join("、"), ""));
    }
    rows.extend(page.hotline.clone().map(|number| (words.hotline, number, "")));
    let row =
        |(name, value, class): (&str, String, &str)| format!("<dt>{name}</dt><dd{class}>{}</dd>", escaped(&value));
    Ok(format!("<div class=\"card\"><dl>{}</dl></div>\n", rows.into_iter().map(row).collect::<String>()))
}

fn forms(page: &Page, token: &str, words: &Words, entered: &Entered) -> Result<String, DayError> {
    let action = format!("/c/{}?lang={}", escaped(token), if words.tag == "en" { "en" } else { "zh" });
    let today = page.zone.day_of(page.now)?;
    let last = plus_days(today, page.proposal_days)?;
    let (open, faults) = if entered.faults.is_empty() {
        ("", String::new())
    } else {
        let faults = entered.faults.iter().map(|fault| escaped(fault)).collect::<Vec<_>>().join("; ");
        (" open", format!("<div class=\"card fault\" role=\"alert\"><p>{} {faults}</p></div>\n", words.faulty))
    };
    Ok(format!(
        "<form class=\"card\" method=\"post\" action=\"{action}\"><button name=\"answer\" value=\"confirm\">{}</button></form>\n\
        {faults}<details class=\"card\"{open}><summary>{}</summary><form method=\"post\" action=\"{action}\">\
        <div class=\"pair\"><label>{}<input type=\"date\" name=\"date\" required min=\"{today}\" max=\"{last}\" value=\"{}\"></label>\
        <label>{}<input type=\"time\" name=\"time\" required value=\"{}\"></label></div>\
        <label>{}<textarea name=\"words\" maxlength=\"{MAX_WORDS}\" rows=\"3\">{}</textarea></label>\
        <button class=\"second\" name=\"answer\" value=\"propose\">{}</button></form></details>\n",
        words.confirm,
        words.other_time,
        words.date,
        escaped(&entered.day),
        words.time,
        escaped(&entered.time),
        words.remark,
        escaped(&entered.words),
        words.ask,
    ))
}

fn footer(left: &str, words: &Words) -> String {
    let (code, name) = words.other;
    format!("<footer><span>{left}</span><a href=\"?lang={code}\" lang=\"{code}\">{name}</a></footer>\n")
}

fn document(words: &Words, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
        <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
        <meta name=\"format-detection\" content=\"telephone=no\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n\
        <body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        words.tag, words.title
    )
}

/// A text as content or quoted attribute (HTML, 13.3).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // HTML has no way to say them; in a field they would be sent back as they came.
            odd if odd.is_control() && !matches!(odd, '\n' | '\r' | '\t') => out.push('\u{fffd}'),
            plain => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_becomes_markup() {
        assert_eq!(escaped("<b a='\"'>&amp;"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;amp;");
    }
}
