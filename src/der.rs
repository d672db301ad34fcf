//! DER (X.690) by its bones: tag, length, content; read, borrowed from the input, and written. For what the crates for
//! X.509 and keys do not hand out (exact bytes, lists of 100,000 entries) or do not write (PKCS#12); whatever the bytes
//! say, reading neither panics nor allocates.

use std::ops::Range;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const BMP_STRING: u8 = 0x1e;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
/// [0] of a constructed element: EXPLICIT around a content, IMPLICIT around a SET or SEQUENCE.
pub(crate) const CONTEXT_0: u8 = 0xa0;

/// One element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    /// The identifier octet; tag numbers above 30 do not occur in certificates.
    pub(crate) tag: u8,
    /// What is inside.
    pub(crate) content: &'a [u8],
    /// Header and content.
    pub(crate) whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// Its members, where it is constructed.
    pub(crate) fn members(&self) -> Elements<'a> {
        Elements::new(self.content)
    }
}

/// Elements one behind the other. It ends at the first that is none; [`is_empty`](Self::is_empty) tells whether
/// something was left.
#[derive(Debug, Clone)]
pub(crate) struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    pub(crate) fn new(der: &'a [u8]) -> Self {
        Self { rest: der }
    }

    /// Whether nothing follows.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next element, where it has this tag; else nothing is taken.
    pub(crate) fn next_of(&mut self, tag: u8) -> Option<Element<'a>> {
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
pub(crate) fn only(der: &[u8], tag: u8) -> Option<Element<'_>> {
    let mut elements = Elements::new(der);
    elements.next_of(tag).filter(|_| elements.is_empty())
}

/// Where a part that was borrowed from a whole lies in it.
pub(crate) fn place(whole: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    (end <= whole.len()).then_some(start..end)
}

/// An element of these contents.
pub(crate) fn element(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    let length: usize = contents.iter().map(|content| content.len()).sum();
    let mut der = Vec::with_capacity(length + 6);
    header(tag, length, &mut der);
    contents.iter().for_each(|content| der.extend_from_slice(content));
    der
}

/// Adds the tag and the length of an element whose content of so many bytes is to follow.
pub(crate) fn header(tag: u8, length: usize, out: &mut Vec<u8>) {
    out.push(tag);
    match u8::try_from(length) {
        Ok(short @ 0..0x80) => out.push(short),
        _ => {
            let bytes = length.to_be_bytes();
            let digits = &bytes[length.leading_zeros() as usize / 8..];
            out.push(0x80 | digits.len() as u8);
            out.extend_from_slice(digits);
        }
    }
}

/// How long a whole element with so many bytes of content is.
pub(crate) fn whole_length(content: usize) -> usize {
    let digits = if content < 0x80 { 0 } else { 8 - content.leading_zeros() as usize / 8 };
    2 + digits + content
}

/// What is signed, how, and the signature: the outer form of certificates and requests (RFC 5280 §4.1.1, RFC 2986 §4.2).
pub(crate) fn signed(to_be_signed: &[u8], algorithm: &[u8], signature: &[u8]) -> Vec<u8> {
    let signature = element(BIT_STRING, &[&[0], signature]);
    element(SEQUENCE, &[to_be_signed, algorithm, &signature])
}

/// The content of an OBJECT IDENTIFIER as dotted text; hexadecimal where it is damaged, or an arc is above 64 bits.
pub(crate) fn dotted_oid(content: &[u8]) -> String {
    arcs(content)
        .map_or_else(|| content.iter().map(|byte| format!("{byte:02x}")).collect(), |arcs| dotted(&arcs))
}

/// The arcs as `1.3.6.1`.
pub(crate) fn dotted(arcs: &[u64]) -> String {
    arcs.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

/// The arcs of an OBJECT IDENTIFIER (X.690 §8.19).
pub(crate) fn arcs(content: &[u8]) -> Option<Vec<u64>> {
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
    fn a_length_is_written_in_as_few_bytes_as_der_allows() {
        for (length, head) in [
            (0_usize, &[0x04_u8, 0][..]),
            (127, &[0x04, 0x7f]),
            (128, &[0x04, 0x81, 0x80]),
            (256, &[0x04, 0x82, 1, 0]),
            (70_000, &[0x04, 0x83, 1, 0x11, 0x70]),
        ] {
            let der = element(OCTET_STRING, &[&vec![7; length]]);
            assert!(der.starts_with(head) && der.len() == head.len() + length, "{length}");
            assert_eq!(whole_length(length), der.len());
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
