//! Base64 (RFC 4648 §4): of what may be a key in constant time, of what is public in the least.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

/// The length of a line (RFC 7468 §2).
pub(super) const LINE_CHARACTERS: usize = 64;
/// What a line holds.
pub(super) const LINE_BYTES: usize = 48;

/// Decodes lines of base64 of what is no secret, as [`decode`] does.
pub(super) fn decode_public(text: &[u8]) -> Option<Vec<u8>> {
    // White space inside of lines is rare.
    decode_lines(text).or_else(|| STANDARD.decode(packed(text).as_slice()).ok())
}

/// The same of lines without white space inside, a piece at a time: a long list is not held twice.
fn decode_lines(text: &[u8]) -> Option<Vec<u8>> {
    const PIECE: usize = 4096;
    let mut bytes = Vec::with_capacity(text.len() / LINE_CHARACTERS * LINE_BYTES + LINE_BYTES);
    let mut piece = Vec::with_capacity(PIECE);
    for line in lines(text) {
        let mut line = line;
        while piece.len() + line.len() > PIECE {
            let (now, later) = line.split_at(PIECE - piece.len());
            piece.extend_from_slice(now);
            push_decoded(&piece, &mut bytes)?;
            piece.clear();
            line = later;
        }
        piece.extend_from_slice(line);
    }
    push_decoded(&piece, &mut bytes)?;
    Some(bytes)
}

/// Adds what whole groups of base64 say; padding is where the text ends, and so may stand in the last piece alone.
fn push_decoded(piece: &[u8], bytes: &mut Vec<u8>) -> Option<()> {
    let is_padded = !bytes.len().is_multiple_of(3);
    STANDARD.decode_vec(piece, bytes).ok().filter(|()| !is_padded || piece.is_empty())
}

/// The lines of a text, without the white space at their ends.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest[..end].trim_ascii_end();
        rest = rest.get(end + 1..).unwrap_or_default();
        Some(line)
    })
}

/// Encodes what is no secret, in one line.
pub(super) fn encode_public(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// How long so many bytes are in lines of 64 characters, their ends included.
pub(super) fn lines_length(bytes: usize) -> usize {
    let characters = bytes.div_ceil(3) * 4;
    characters + characters.div_ceil(LINE_CHARACTERS)
}

/// Adds what is no secret in lines of 64 characters.
pub(super) fn push_lines(bytes: &[u8], text: &mut String) {
    /// As many lines at a time as fit where nothing has to be allocated.
    const LINES: usize = 32;
    let mut encoded = [0; LINES * LINE_CHARACTERS];
    for part in bytes.chunks(LINES * LINE_BYTES) {
        let length = STANDARD.encode_slice(part, &mut encoded).unwrap_or_default();
        for line in encoded.get(..length).unwrap_or_default().chunks(LINE_CHARACTERS) {
            text.push_str(str::from_utf8(line).unwrap_or_default());
            text.push('\n');
        }
    }
}

/// Encodes what may be a secret, in one line and in constant time.
pub(super) fn encode(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(Base64::encode_string(bytes))
}

/// Decodes lines of base64; white space in them is passed over. `None` where there is another character, a padding that
/// is not at the end, or one that is missing.
pub(super) fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = packed(text);
    let length = Base64::decode_in_place(&mut bytes).ok()?.len();
    bytes.truncate(length);
    Some(bytes)
}

/// The text without white space; never reallocated, so that no copy stays behind unwiped.
fn packed(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    for line in text.split(u8::is_ascii_whitespace) {
        bytes.extend_from_slice(line);
    }
    bytes
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn groups_of_every_length_are_decoded_and_what_is_no_base64_is_refused() {
        for (text, bytes) in
            [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9v\r\n Ym\tE=", "fooba")]
        {
            assert_eq!(decode(text.as_bytes()).unwrap().as_slice(), bytes.as_bytes());
            assert_eq!(decode_public(text.as_bytes()).unwrap(), bytes.as_bytes());
        }
        // Pieces end within a group, and a padding stands at the end of all alone.
        for length in [4095, 4096, 4097, 3 * 4096, 20_000] {
            let bytes: Vec<u8> = (0..length).map(|at: usize| at as u8).collect();
            let mut text = String::new();
            push_lines(&bytes, &mut text);
            assert!(text.lines().all(|line| line.len() <= LINE_CHARACTERS));
            assert_eq!(decode_public(text.as_bytes()).unwrap(), bytes);
            assert!(decode_public(format!("{text}{text}").as_bytes()).is_none() == (length % 3 != 0));
        }
        for text in
            ["Z", "Zg", "Zg=", "Zg=a", "Zg==Zg==", "====", "Z===", "Zm9v=", "Zm-v", "Zm9v\0", "\u{e9}m9v"]
        {
            assert!(decode(text.as_bytes()).is_none(), "{text}");
            assert!(decode_public(text.as_bytes()).is_none(), "{text}");
        }
    }
}
