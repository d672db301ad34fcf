//! Base64 (RFC 4648 §4): of what may be a key in constant time, of what is public in the least.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

/// Decodes lines of base64 of what is no secret, as [`decode`] does.
pub(super) fn decode_public(text: &[u8]) -> Option<Vec<u8>> {
    let mut joined = Vec::with_capacity(text.len());
    lines(text).for_each(|line| joined.extend_from_slice(line));
    // White space inside of lines is rare.
    STANDARD.decode(&joined).or_else(|_| STANDARD.decode(packed(text).as_slice())).ok()
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
        for text in
            ["Z", "Zg", "Zg=", "Zg=a", "Zg==Zg==", "====", "Z===", "Zm9v=", "Zm-v", "Zm9v\0", "\u{e9}m9v"]
        {
            assert!(decode(text.as_bytes()).is_none(), "{text}");
            assert!(decode_public(text.as_bytes()).is_none(), "{text}");
        }
    }
}
