//! Base64 (RFC 4648 §4) of what may be a key: no table is looked up and no branch taken by what a character is worth,
//! so that neither caches nor branch predictors learn the key.

use zeroize::Zeroizing;

/// Decodes lines of base64; white space in them is passed over. `None` where there is another character, a padding that
/// is not at the end, or one that is missing.
pub(super) fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    // Never reallocated, so that no copy stays behind unwiped.
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() / 4 * 3 + 3));
    let (mut group, mut filled, mut padding, mut bad) = (0_u32, 0_u8, 0_u8, 0_i16);
    for &byte in text {
        if byte.is_ascii_whitespace() {
            continue;
        }
        let value = if byte == b'=' {
            padding += 1;
            if padding > 2 {
                return None;
            }
            0
        } else {
            // Nothing but padding may follow padding.
            bad |= i16::from(padding != 0);
            value(byte)
        };
        bad |= value >> 8;
        group = group << 6 | (value & 0x3f) as u32;
        filled += 1;
        if filled == 4 {
            let bytes = group.to_be_bytes();
            out.extend_from_slice(&bytes[1..4 - usize::from(padding)]);
            (group, filled) = (0, 0);
        }
    }
    (bad == 0 && filled == 0).then_some(out)
}

/// The six bits of a character; -1 where it has none.
fn value(byte: u8) -> i16 {
    let c = i16::from(byte);
    // All ones where `low < c < high`.
    let between = |low: i16, high: i16| ((low - c) & (c - high)) >> 8;
    let mut value = -1;
    value += between(0x40, 0x5b) & (c - 0x40);
    value += between(0x60, 0x7b) & (c - 0x46);
    value += between(0x2f, 0x3a) & (c + 5);
    value += between(0x2a, 0x2c) & 63;
    value += between(0x2e, 0x30) & 64;
    value
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn every_character_has_the_value_of_its_place_in_the_alphabet() {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for byte in 0..=255 {
            let place = alphabet.iter().position(|letter| *letter == byte);
            assert_eq!(value(byte), place.map_or(-1, |place| place as i16), "{byte}");
        }
    }

    #[test]
    fn groups_of_every_length_are_decoded_and_what_is_no_base64_is_refused() {
        for (text, bytes) in
            [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9v\r\n Ym\tE=", "fooba")]
        {
            assert_eq!(decode(text.as_bytes()).unwrap().as_slice(), bytes.as_bytes());
        }
        for text in
            ["Z", "Zg", "Zg=", "Zg=a", "Zg==Zg==", "====", "Z===", "Zm9v=", "Zm-v", "Zm9v\0", "\u{e9}m9v"]
        {
            assert!(decode(text.as_bytes()).is_none(), "{text}");
        }
    }
}
