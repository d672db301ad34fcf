//! BER as programs that write while they still collect leave it: elements whose length is open, up to a mark at their end
//! (X.690 §8.1.3.6). Closing them makes DER of what else is DER.

use crate::der::{Elements, SEQUENCE, element};

/// The length octet of an element whose end is marked.
const OPEN: u8 = 0x80;
/// End-of-contents (X.690 §8.1.5).
const END: [u8; 2] = [0, 0];
/// Whoever nests deeper means no certificates. PKCS#7 leaves four around each other open.
const MOST_OPEN: usize = 16;

/// Whether the bytes begin with a SEQUENCE whose length is open.
pub(super) fn has_open_length(bytes: &[u8]) -> bool {
    matches!(bytes, [SEQUENCE, OPEN, ..])
}

/// The one element that the bytes are, with every open length around its parts closed; what has a length keeps its bytes,
/// for a signature may be about them. `None` where no length is open, or the bytes are no element.
pub(super) fn closed(bytes: &[u8]) -> Option<Vec<u8>> {
    if !has_open_length(bytes) {
        return None;
    }
    let (whole, rest) = next(bytes, MOST_OPEN)?;
    rest.is_empty().then_some(whole)
}

/// The first element, closed, and what follows it.
fn next(bytes: &[u8], depth: usize) -> Option<(Vec<u8>, &[u8])> {
    let [tag, OPEN, inside @ ..] = bytes else {
        let first = Elements::new(bytes).next()?.whole;
        return Some((first.to_vec(), bytes.get(first.len()..)?));
    };
    let (mut content, mut rest) = (Vec::new(), inside);
    while !rest.starts_with(&END) {
        let (part, after) = next(rest, depth.checked_sub(1)?)?;
        content.extend_from_slice(&part);
        rest = after;
    }
    Some((element(*tag, &[&content]), rest.get(END.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_lengths_are_closed_and_what_has_a_length_keeps_its_bytes() {
        // The length in two bytes where one would do is BER, and stays.
        let open = [0x30, 0x80, 0xa0, 0x80, 0x02, 0x81, 0x01, 0x07, 0, 0, 0x05, 0x00, 0, 0];
        assert_eq!(closed(&open), Some(vec![0x30, 8, 0xa0, 4, 0x02, 0x81, 0x01, 0x07, 0x05, 0x00]));
    }

    #[test]
    fn what_has_no_end_or_something_behind_it_or_no_bottom_is_no_element() {
        for bytes in
            [&[0x30, 0x80][..], &[0x30, 0x80, 0], &[0x30, 0x80, 0, 0, 0], &[0x30, 0x80, 0x02, 9, 0, 0]]
        {
            assert_eq!(closed(bytes), None, "{bytes:?}");
        }
        assert_eq!(closed(&[0x30, 0x80].repeat(1 << 16)), None);
        assert_eq!(closed(&[0x30, 0x00]), None);
    }
}
