//! Content codings of sync bodies, undone and made within limits.
//!
//! A body is read with a bound on what arrives, and inflated with bounds on the result and on its ratio
//! to what arrived, so that a small request cannot become a large one (limits-and-threats sections 4.1, 5).

use std::io::{self, Read, Write};

use crate::app::{AppError, ErrorCode, Refusal};
use crate::config::LimitsConfig;

/// A content coding (RFC 9110 section 8.4.1; zstd: RFC 8878).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
    Zstd,
}

/// Answers smaller than this are not compressed: it would cost more than it saves.
const WORTH_COMPRESSING: usize = 512;

/// Up to this size a body may have any ratio: a hundred visits of one template compress 30 to 1 (measured), and a few
/// megabytes are no bomb. A phone with honest work is never told that its batch grows too much.
const ANY_RATIO_BYTES: usize = 4 << 20;

/// Level of zstd for an answer in one piece.
const ZSTD_LEVEL: i32 = 3;

/// A larger answer is compressed while it is written, with level 1: it is many documents that are alike, which that finds in
/// less time and compresses no worse (measured on a first sync).
const STREAMED: usize = 64 << 10;
const ZSTD_LEVEL_STREAMED: i32 = 1;

/// How far back the compression of a large answer looks, as a power of two: over thirty documents.
const ZSTD_WINDOW_LOG: u32 = 18;

impl Coding {
    /// The coding of a request.
    pub(super) fn of_request(header: Option<&str>) -> Result<Self, AppError> {
        match header.map(str::trim) {
            None | Some("" | "identity") => Ok(Self::Identity),
            Some("gzip") => Ok(Self::Gzip),
            Some("zstd") => Ok(Self::Zstd),
            Some(_) => Err(Refusal::new(ErrorCode::ContentEncodingInvalid)
                .field("content-encoding", "identity, gzip or zstd")
                .into()),
        }
    }

    /// The coding of an answer: zstd before gzip, as far as the client accepts them.
    pub(super) fn for_answer(accepted: Option<&str>, size: usize) -> Self {
        let accepted = accepted.unwrap_or_default();
        let accepts = |name: &str| {
            accepted.split(',').any(|entry| {
                let mut parts = entry.split(';').map(str::trim);
                parts.next() == Some(name) && !parts.any(|part| part.replace(' ', "") == "q=0")
            })
        };
        match size {
            0..WORTH_COMPRESSING => Self::Identity,
            _ if accepts("zstd") => Self::Zstd,
            _ if accepts("gzip") => Self::Gzip,
            _ => Self::Identity,
        }
    }

    pub(super) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
    }
}

/// Undoes the coding of a body.
pub(super) fn decode(body: Vec<u8>, coding: Coding, limits: &LimitsConfig) -> Result<Vec<u8>, AppError> {
    let unreadable = |_error: std::io::Error| AppError::from(ErrorCode::ContentEncodingInvalid);
    match coding {
        Coding::Identity => Ok(body),
        Coding::Gzip => inflate(flate2::read::MultiGzDecoder::new(body.as_slice()), body.len(), limits),
        Coding::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::new(body.as_slice()).map_err(unreadable)?;
            // A frame may ask for a huge window; 8 MiB (2^23) is what every decoder must support.
            decoder.window_log_max(23).map_err(unreadable)?;
            inflate(decoder, body.len(), limits)
        }
    }
}

fn inflate(mut reader: impl Read, encoded: usize, limits: &LimitsConfig) -> Result<Vec<u8>, AppError> {
    let allowed = limits.sync_decoded_bytes.min(encoded.saturating_mul(limits.sync_ratio).max(ANY_RATIO_BYTES));
    let mut decoded = Vec::new();
    let mut bounded = (&mut reader).take(u64::try_from(allowed).unwrap_or(u64::MAX).saturating_add(1));
    bounded.read_to_end(&mut decoded).map_err(|_unreadable| AppError::from(ErrorCode::ContentEncodingInvalid))?;
    if decoded.len() > allowed {
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        return Err(Refusal::new(ErrorCode::SyncBatchTooLarge)
            .detail("The body grows too much when decompressed", "解压后内容过大")
            .limit(number(allowed), number(decoded.len()))
            .into());
    }
    Ok(decoded)
}

/// An answer that is being written, compressed as the client accepts it.
pub(super) struct Answer<'a> {
    accepted: Option<&'a str>,
    /// Whether it is compressed while it is written, once it is large.
    is_streamed: bool,
    /// What is not compressed yet.
    piece: Vec<u8>,
    compressed: Option<zstd::stream::write::Encoder<'static, Vec<u8>>>,
}

impl<'a> Answer<'a> {
    pub(super) fn new(accepted: Option<&'a str>) -> Self {
        let is_streamed = Coding::for_answer(accepted, STREAMED) == Coding::Zstd;
        Self { accepted, is_streamed, piece: Vec::new(), compressed: None }
    }

    /// The body and its coding; what cannot be compressed goes as it is.
    pub(super) fn finish(mut self) -> io::Result<(Vec<u8>, Coding)> {
        let Some(mut compressed) = self.compressed.take() else {
            let coding = Coding::for_answer(self.accepted, self.piece.len());
            return Ok(encode(self.piece, coding));
        };
        compressed.write_all(&self.piece)?;
        Ok((compressed.finish()?, Coding::Zstd))
    }

    fn compress_piece(&mut self) -> io::Result<()> {
        let compressed = match &mut self.compressed {
            Some(begun) => begun,
            None => {
                let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL_STREAMED)?;
                encoder.window_log(ZSTD_WINDOW_LOG)?;
                self.compressed.insert(encoder)
            }
        };
        compressed.write_all(&self.piece)?;
        self.piece.clear();
        Ok(())
    }
}

impl Write for Answer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_streamed && self.piece.len() + bytes.len() > STREAMED {
            self.compress_piece()?;
        }
        self.piece.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Applies a coding to an answer in one piece; what cannot be compressed goes as it is.
fn encode(body: Vec<u8>, coding: Coding) -> (Vec<u8>, Coding) {
    let coded = match coding {
        Coding::Identity => return (body, coding),
        Coding::Zstd => zstd::bulk::compress(&body, ZSTD_LEVEL),
        Coding::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(&body).and_then(|()| encoder.finish())
        }
    };
    match coded {
        Ok(coded) => (coded, coding),
        Err(error) => {
            tracing::warn!(%error, "an answer could not be compressed");
            (body, Coding::Identity)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> LimitsConfig {
        crate::config::load(None).expect("defaults").limits
    }

    #[test]
    fn codings_round_trip() {
        let body = b"doorstep ".repeat(1000);
        for coding in [Coding::Identity, Coding::Gzip, Coding::Zstd] {
            let (coded, used) = encode(body.clone(), coding);
            assert_eq!(used, coding);
            assert_eq!(decode(coded, coding, &limits()).expect("decodes"), body);
        }
    }

    #[test]
    fn a_large_answer_is_compressed_while_it_is_written_where_that_is_accepted() {
        let pieces: Vec<Vec<u8>> = (0..40u8).map(|number| [number; 7].repeat(1_000)).collect();
        for (accepted, expected) in
            [(Some("gzip, zstd"), Coding::Zstd), (Some("gzip"), Coding::Gzip), (None, Coding::Identity)]
        {
            let mut answer = Answer::new(accepted);
            for piece in &pieces {
                answer.write_all(piece).expect("written");
            }
            assert_eq!(answer.compressed.is_some(), expected == Coding::Zstd);
            let (body, coding) = answer.finish().expect("finished");
            assert_eq!(coding, expected);
            assert_eq!(decode(body, coding, &limits()).expect("decodes"), pieces.concat());
        }
    }

    #[test]
    fn bombs_are_refused_with_the_limit() {
        for coding in [Coding::Gzip, Coding::Zstd] {
            let (bomb, _) = encode(vec![0; 8 << 20], coding);
            let AppError::Refused(refusal) = decode(bomb, coding, &limits()).expect_err("refused") else {
                panic!("not refused");
            };
            assert_eq!(refusal.code, ErrorCode::SyncBatchTooLarge);
            assert!(refusal.actual > refusal.limit);
        }
    }

    #[test]
    fn garbage_is_no_content() {
        for coding in [Coding::Gzip, Coding::Zstd] {
            let error = decode(b"not compressed at all".to_vec(), coding, &limits()).expect_err("refused");
            assert_eq!(error.code(), ErrorCode::ContentEncodingInvalid);
        }
    }

    #[test]
    fn the_answer_takes_what_the_client_accepts() {
        assert_eq!(Coding::for_answer(Some("gzip, zstd"), 9000), Coding::Zstd);
        assert_eq!(Coding::for_answer(Some("gzip, zstd;q=0"), 9000), Coding::Gzip);
        assert_eq!(Coding::for_answer(Some("zstd"), 10), Coding::Identity);
        assert_eq!(Coding::for_answer(None, 9000), Coding::Identity);
    }
}
