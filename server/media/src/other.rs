//! Recognises documents, sound and moving pictures by their first bytes; nothing of them is read further.

/// Bytes of a `WebM` header in which its kind is named.
const EBML_BYTES: usize = 64;

/// What files begin with, and what they are.
const BEGINNINGS: [(&[u8], &str); 6] = [
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"#!AMR", "audio/amr"),
    (b"fLaC", "audio/flac"),
    (b"\0\0\x01\xba", "video/mpeg"),
];

/// Major brands of ISO base media files, by what they begin with, and what the files are.
const BRANDS: [(&[u8], &str); 10] = [
    (b"M4A", "audio/mp4"),
    (b"M4B", "audio/mp4"),
    (b"3g2", "video/3gpp2"),
    (b"3gp", "video/3gpp"),
    (b"qt  ", "video/quicktime"),
    (b"M4V", "video/mp4"),
    (b"MSNV", "video/mp4"),
    (b"avc1", "video/mp4"),
    (b"mp4", "video/mp4"),
    (b"iso", "video/mp4"),
];

/// The media type of what is no picture, told by its first bytes alone; `application/octet-stream` for what is not
/// known.
///
/// # Source
/// The types registered for PDF (RFC 8118), MP3 (RFC 3003), Ogg (RFC 5334), AMR (RFC 4867), FLAC (RFC 9639), AAC and
/// WAV by their usual names, MP4 (RFC 4337) and 3GP (RFC 3839).
#[must_use]
pub fn other_media_type(bytes: &[u8]) -> &'static str {
    let begins = |beginnings: &[(&[u8], &'static str)], bytes: &[u8]| {
        beginnings.iter().find(|(beginning, _)| bytes.starts_with(beginning)).map(|(_, media_type)| *media_type)
    };
    let known = begins(&BEGINNINGS, bytes)
        .or_else(|| (bytes.get(4..8)? == b"ftyp").then(|| begins(&BRANDS, bytes.get(8..)?))?)
        .or_else(|| (bytes.starts_with(b"RIFF") && bytes.get(8..12)? == b"WAVE").then_some("audio/wav"))
        .or_else(|| is_webm(bytes).then_some("video/webm"))
        .or_else(|| audio_frame(bytes));
    known.unwrap_or("application/octet-stream")
}

/// A file in EBML whose header names it `WebM`.
fn is_webm(bytes: &[u8]) -> bool {
    let header = bytes.get(..bytes.len().min(EBML_BYTES)).unwrap_or_default();
    header.starts_with(b"\x1a\x45\xdf\xa3") && header.windows(4).any(|word| word == b"webm")
}

/// Sound without a header begins with a frame: eleven bits that are set, then version and layer.
fn audio_frame(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        // Layer 0 is that of AAC in ADTS, and all twelve bits are set.
        [0xFF, second, ..] if second & 0xF6 == 0xF0 => Some("audio/aac"),
        // Layer III; the bit rate is neither free nor forbidden, the sampling rate not reserved.
        [0xFF, second, third, ..]
            if second & 0xE6 == 0xE2
                && second & 0x18 != 0x08
                && !matches!(third >> 4, 0 | 0x0F)
                && third & 0x0C != 0x0C =>
        {
            Some("audio/mpeg")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNKNOWN: &str = "application/octet-stream";

    #[test]
    fn each_kind_is_known_by_its_first_bytes() {
        let files: [(&[u8], &str); 18] = [
            (b"%PDF-1.7\n", "application/pdf"),
            (b"ID3\x04\0\0\0\0\0\0", "audio/mpeg"),
            (b"\xff\xfb\x90\x64", "audio/mpeg"),
            (b"\xff\xf1\x50\x80", "audio/aac"),
            (b"OggS\0\x02", "audio/ogg"),
            (b"#!AMR\n", "audio/amr"),
            (b"#!AMR-WB\n", "audio/amr"),
            (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
            (b"fLaC\0\0\0\x22", "audio/flac"),
            (b"\0\0\0\x1cftypM4A \0\0\0\0isom", "audio/mp4"),
            (b"\0\0\0\x1cftypisom\0\0\x02\0isomiso2mp41", "video/mp4"),
            (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "video/mp4"),
            (b"\0\0\0\x14ftyp3gp4\0\0\0\0", "video/3gpp"),
            (b"\0\0\0\x14ftypqt  \0\0\0\0", "video/quicktime"),
            (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", "video/webm"),
            (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x88matroska", UNKNOWN),
            (b"RIFF\x24\0\0\0AVI LIST", UNKNOWN),
            (b"\0\0\0\x14ftypabcd\0\0\0\0", UNKNOWN),
        ];
        for (bytes, media_type) in files {
            assert_eq!(other_media_type(bytes), media_type, "{bytes:?}");
            // The beginning of a file is no other kind of file.
            for end in 0..bytes.len() {
                let cut = other_media_type(&bytes[..end]);
                assert!(cut == media_type || cut == UNKNOWN, "{end} of {bytes:?}: {cut}");
            }
        }
    }

    #[test]
    fn what_a_browser_would_run_is_unknown() {
        for bytes in
            [&b""[..], b"<!DOCTYPE html>", b"<svg/>", b"\xff\xd8\xff\xe0", b"\xff\xff\xff", b"MZ", b"PK\x03\x04"]
        {
            assert_eq!(other_media_type(bytes), UNKNOWN, "{bytes:?}");
        }
    }
}
