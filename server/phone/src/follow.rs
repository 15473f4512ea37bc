//! `follow`: stays on line, and syncs when the server says that something moved.
//!
//! A hint only makes a sync come sooner: one comes at the start, after every new connection and every five minutes all
//! the same. Where there is no stream, the phone tries again after pauses that grow, each of another length.

use std::io::{self, BufRead as _, BufReader, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::Http;
use crate::commands::Phone;
use crate::error::{PhoneError, PhoneResult};
use crate::keys;
use crate::output::{Output, print};
use crate::store::model::Session;
use crate::sync;

mod ending;

use ending::Ending;

/// A stream that says nothing for so long is dead: a living one says at least every 25 seconds that it is there.
const SILENCE: Duration = Duration::from_secs(60);

/// After so many signs of life without news, five minutes, comes a sync without a hint.
const PINGS_PER_SYNC: u32 = 12;

/// First and longest pause before another connection.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];

/// What moved for a whole team or organisation is fetched within this time, by each phone at a moment of its own.
const SPREAD: Duration = Duration::from_secs(3);

/// What the stream says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// It listens now, or something moved for this rep alone: at once.
    Own,
    /// Something moved for many.
    Shared,
    /// Nothing new.
    Alive,
    /// The process was told to end.
    End,
}

/// Why the phone syncs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// There may be news.
    Sync,
    /// The stream is gone.
    Connect,
    /// The process was told to end.
    End,
}

/// Syncs and listens until the process is told to end; a sync that runs then is finished.
///
/// # Errors
/// Those that no later try can mend.
pub(crate) fn run(phone: &Phone, server: &str, json: bool) -> PhoneResult<Output> {
    let ending = Ending::watch().map_err(|error| PhoneError::Usage(error.to_string()))?;
    let mut http = Http::new(server);
    let mut pause = PAUSES[0];
    loop {
        turn(phone, &mut http, json)?;
        if let Ok(words) = listen(phone, &http, &ending) {
            while !ending.is_told() && wait(&words)? == Next::Sync {
                // It listened: whatever broke before is mended.
                pause = PAUSES[0];
                turn(phone, &mut http, json)?;
            }
        }
        if ending.is_told_within(jittered(pause)?) {
            return Ok(Output::done(json!({"ended": true}), "ended / 已结束"));
        }
        pause = pause.saturating_mul(2).min(PAUSES[1]);
    }
}

/// One sync; what a later one may mend is told and not the end.
fn turn(phone: &Phone, http: &mut Http, json: bool) -> PhoneResult<()> {
    let said = match sync::run(phone, http, sync::How::default()) {
        Ok(output) if json => output.json.to_string(),
        Ok(output) => output.text,
        Err(error @ (PhoneError::NotEnrolled | PhoneError::NoStore(_))) => return Err(error),
        Err(error) if json => {
            serde_json::json!({"error": {"code": error.code(), "message": error.to_string()}}).to_string()
        }
        Err(error) => error.to_string(),
    };
    print(&mut io::stdout().lock(), &said).map_err(PhoneError::Usage)
}

/// Opens a stream and reads it on a thread of its own, which ends with it.
fn listen(phone: &Phone, http: &Http, ending: &Ending) -> PhoneResult<Receiver<Word>> {
    let session: Session = phone.store.read(|tx| tx.meta("session"))?.ok_or(PhoneError::NotEnrolled)?;
    let stream = http.live(&session.access_token)?;
    let (sender, words) = channel();
    let sender = Arc::new(sender);
    ending.wakes(&sender);
    std::thread::Builder::new()
        .name("live".to_owned())
        .spawn(move || read(stream, &sender))
        .map_err(|error| PhoneError::Network(error.to_string()))?;
    Ok(words)
}

/// Reads events until the stream ends or nobody listens any more.
fn read(stream: impl Read, listener: &Sender<Word>) {
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        if let Some(word) = word(&line)
            && listener.send(word).is_err()
        {
            return;
        }
    }
}

/// What a line of the stream means; the name of an event says no more than its data.
fn word(line: &str) -> Option<Word> {
    if line.starts_with(':') {
        return Some(Word::Alive);
    }
    let data: Value = serde_json::from_str(line.strip_prefix("data:")?.trim()).ok()?;
    let audience = data.get("audience").and_then(Value::as_str);
    match audience {
        Some(audience) if !audience.starts_with("u:") => Some(Word::Shared),
        Some(_) => Some(Word::Own),
        None => data.get("audiences").map(|_ready| Word::Own),
    }
}

/// Waits for a reason to sync.
fn wait(words: &Receiver<Word>) -> PhoneResult<Next> {
    let mut pings = 0;
    loop {
        match words.recv_timeout(SILENCE) {
            Ok(Word::Own) => break,
            Ok(Word::Shared) => {
                idle(jittered(SPREAD)?);
                break;
            }
            Ok(Word::Alive) => pings += 1,
            Ok(Word::End) => return Ok(Next::End),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Ok(Next::Connect),
        }
        if pings >= PINGS_PER_SYNC {
            break;
        }
    }
    // One sync serves all that was said meanwhile.
    while words.try_recv().is_ok() {}
    Ok(Next::Sync)
}

/// A random part of a span, at least half of it.
fn jittered(span: Duration) -> PhoneResult<Duration> {
    let [byte] = keys::random::<1>()?;
    Ok(span.mul_f64(0.5 + f64::from(byte) / 512.0))
}

/// Lets time pass.
fn idle(span: Duration) {
    let (_silent, never) = channel::<()>();
    // Nobody sends: this is the pause itself.
    let _ = never.recv_timeout(span);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_says_is_understood() {
        let stream = "event: ready\ndata: {\"audiences\":[\"o\",\"u:1\"]}\n\n: ping\n\n\
             event: moved\ndata: {\"audience\":\"u:1\"}\n\nevent: moved\ndata: {\"audience\":\"o\"}\n\n\
             event: of a later server\ndata: 7\n\nevent: end\ndata: {\"reason\":\"stopping\"}\n\n";
        let (sender, words) = channel();
        read(stream.as_bytes(), &sender);
        drop(sender);
        assert_eq!(words.iter().collect::<Vec<_>>(), [Word::Own, Word::Alive, Word::Own, Word::Shared]);
    }

    #[test]
    fn several_words_make_one_sync_and_a_lost_stream_another_connection() {
        let (sender, words) = channel();
        for word in [Word::Alive, Word::Own, Word::Own, Word::Alive] {
            sender.send(word).unwrap();
        }
        assert_eq!(wait(&words).unwrap(), Next::Sync);
        drop(sender);
        assert_eq!(wait(&words).unwrap(), Next::Connect);
    }

    #[test]
    fn who_is_told_to_end_waits_no_longer() {
        let (sender, words) = channel();
        sender.send(Word::End).unwrap();
        assert_eq!(wait(&words).unwrap(), Next::End);
    }

    #[test]
    fn five_minutes_without_news_are_enough() {
        let (sender, words) = channel();
        (0..PINGS_PER_SYNC).for_each(|_| sender.send(Word::Alive).unwrap());
        assert_eq!(wait(&words).unwrap(), Next::Sync);
    }

    #[test]
    fn pauses_differ_and_are_never_none() {
        let pauses: Vec<Duration> = (0..64).map(|_| jittered(PAUSES[1]).unwrap()).collect();
        assert!(pauses.iter().all(|pause| (PAUSES[1] / 2..PAUSES[1]).contains(pause)), "{pauses:?}");
        assert!(pauses.iter().any(|pause| *pause != pauses[0]));
    }
}
