//! DER (X.690) by its bones: tag, length, content, borrowed from the input. For what the crates behind this door do not
//! hand out (exact bytes, lists of 100,000 entries); whatever the bytes say, it neither panics nor allocates.

use std::ops::Range;

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const ENUMERATED: u8 = 0x0a;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// One element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element<'a> {
    /// The identifier octet; tag numbers above 30 do not occur in certificates.
    pub(super) tag: u8,
    /// What is inside.
    pub(super) content: &'a [u8],
    /// Header and content.
    pub(super) whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// Its members, where it is constructed.
    pub(super) fn members(&self) -> Elements<'a> {
        Elements::new(self.content)
    }
}

/// Elements one behind the other. It ends at the first that is none; [`is_empty`](Self::is_empty) tells whether
/// something was left.
#[derive(Debug, Clone)]
pub(super) struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    pub(super) fn new(der: &'a [u8]) -> Self {
        Self { rest: der }
    }

    /// Whether nothing follows.
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next element, where it has this tag; else nothing is taken.
    pub(super) fn next_of(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.rest.first() == Some(&tag) { self.next() } else { None }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let (&[tag, first], behind) = self.rest.split_first_chunk::<2>()?;
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (length, behind) = match first {
            0..=0x7f => (usize::from(first), behind),
            // Four bytes of length are 4 GiB, more than any file that is read.
            0x81..=0x84 => {
                let (bytes, behind) = behind.split_at_checked(usize::from(first & 0x7f))?;
                (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), behind)
            }
            _ => return None,
        };
        let (content, after) = behind.split_at_checked(length)?;
        let whole = &self.rest[..self.rest.len() - after.len()];
        self.rest = after;
        Some(Element { tag, content, whole })
    }
}

/// The one element that the bytes are, where they are one of this tag and nothing else.
pub(super) fn only(der: &[u8], tag: u8) -> Option<Element<'_>> {
    let mut elements = Elements::new(der);
    elements.next_of(tag).filter(|_| elements.is_empty())
}

/// Where a part that was borrowed from a whole lies in it.
pub(super) fn place(whole: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    (end <= whole.len()).then_some(start..end)
}

/// An element of these contents.
pub(super) fn element(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    let length: usize = contents.iter().map(|content| content.len()).sum();
    let mut der = Vec::with_capacity(length + 6);
    der.push(tag);
    match u8::try_from(length) {
        Ok(short @ 0..0x80) => der.push(short),
        _ => {
            let bytes = length.to_be_bytes();
            let digits = &bytes[length.leading_zeros() as usize / 8..];
            der.push(0x80 | digits.len() as u8);
            der.extend_from_slice(digits);
        }
    }
    contents.iter().for_each(|content| der.extend_from_slice(content));
    der
}

/// What is signed, how, and the signature: the outer form of certificates and requests (RFC 5280 §4.1.1, RFC 2986 §4.2).
pub(super) fn signed(to_be_signed: &[u8], algorithm: &[u8], signature: &[u8]) -> Vec<u8> {
    let signature = element(BIT_STRING, &[&[0], signature]);
    element(SEQUENCE, &[to_be_signed, algorithm, &signature])
}

/// The content of an OBJECT IDENTIFIER as dotted text; hexadecimal where it is damaged, or an arc is above 64 bits.
pub(super) fn dotted_oid(content: &[u8]) -> String {
    arcs(content).map_or_else(
        || content.iter().map(|byte| format!("{byte:02x}")).collect(),
        |arcs| super::extension::dotted(&arcs),
    )
}

/// The arcs of an OBJECT IDENTIFIER (X.690 §8.19).
pub(super) fn arcs(content: &[u8]) -> Option<Vec<u64>> {
    let (mut arcs, mut arc, mut open) = (Vec::new(), 0_u64, false);
    for byte in content {
        arc = arc.checked_mul(128)? | u64::from(byte & 0x7f);
        open = byte & 0x80 != 0;
        if !open {
            if arcs.is_empty() {
                let first = (arc / 40).min(2);
                arcs.push(first);
                arc -= first * 40;
            }
            arcs.push(arc);
            arc = 0;
        }
    }
    (!open && !arcs.is_empty()).then_some(arcs)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn an_element_is_read_back_whatever_its_length() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let content = vec![7; length];
            let der = element(OCTET_STRING, &[&content]);
            assert_eq!(only(&der, OCTET_STRING).unwrap().content, content);
            assert_eq!(only(&der, INTEGER), None);
            assert_eq!(only(&[&der[..], &[0]].concat(), OCTET_STRING), None);
            assert_eq!(Elements::new(&der[..der.len() - 1]).next(), None, "{length}");
        }
    }

    #[test]
    fn lengths_that_lie_and_indefinite_ones_are_no_element() {
        for der in [
            &[0x30][..],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0x88],
            &[0x3f, 1, 0],
        ] {
            assert_eq!(Elements::new(der).next(), None);
        }
    }

    #[test]
    fn object_identifiers_become_dotted_text() {
        assert_eq!(dotted_oid(&[0x55, 0x1d, 0x13]), "2.5.29.19");
        assert_eq!(dotted_oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]), "1.2.840.113549");
        assert_eq!(dotted_oid(&[0x88, 0x37]), "2.999");
        assert_eq!(dotted_oid(&[0x55, 0x80]), "5580");
        assert_eq!(
            dotted_oid(&[0x55, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]).len(),
            24
        );
        assert_eq!(dotted_oid(&[]), "");
    }
}
