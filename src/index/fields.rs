//! The fields of a line, as TXT_DB of OpenSSL separates and joins them: by tabs, of which a backslash protects one.

use std::iter;
use std::ops::Range;

/// Status, expiry, revocation, serial number, file, subject.
pub(super) const FIELDS: usize = 6;

/// Where a line is in a text.
pub(super) struct Extent {
    /// With its end.
    pub(super) whole: Range<usize>,
    /// Without.
    pub(super) content: Range<usize>,
    /// The tabs in it, where there are as many as between the fields.
    pub(super) tabs: Option<[usize; FIELDS - 1]>,
}

/// Where the lines of a text are. Of what divides fields and lines all is looked for in one go.
pub(super) fn extents(text: &[u8]) -> impl Iterator<Item = Extent> {
    let mut dividers = memchr::memchr2_iter(b'\t', b'\n', text);
    let mut start = 0;
    iter::from_fn(move || {
        let (mut tabs, mut count) = ([0; FIELDS - 1], 0);
        let (end, next) = loop {
            match dividers.next() {
                Some(at) if text.get(at) == Some(&b'\n') => break (at, at + 1),
                Some(at) => {
                    if let Some(tab) = tabs.get_mut(count) {
                        *tab = at;
                    }
                    count += 1;
                }
                None => break (text.len(), text.len()),
            }
        };
        let whole = start..next;
        let content = start..end;
        start = next;
        (!whole.is_empty()).then_some(Extent { whole, content, tabs: (count == tabs.len()).then_some(tabs) })
    })
}

/// The fields, protecting backslashes taken out. Bytes that are no UTF-8 are replaced: the line keeps them.
pub(super) fn split(text: &[u8]) -> Vec<String> {
    let plain = |field: &[u8]| String::from_utf8_lossy(field).replace("\\\t", "\t");
    split_raw(text).into_iter().map(plain).collect()
}

/// The fields as they stand there.
fn split_raw(text: &[u8]) -> Vec<&[u8]> {
    let (mut fields, mut start) = (Vec::with_capacity(FIELDS), 0);
    for (at, byte) in text.iter().enumerate() {
        // OpenSSL asks only what stands before the tab, were it a backslash that is one of two.
        let is_protected = at > start && text[at - 1] == b'\\';
        if *byte == b'\t' && !is_protected {
            fields.push(&text[start..at]);
            start = at + 1;
        }
    }
    fields.push(&text[start..]);
    fields
}

/// A line of these fields.
pub(super) fn join(fields: &[String; FIELDS]) -> Vec<u8> {
    let mut out = Vec::with_capacity(fields.iter().map(|field| field.len() + 1).sum());
    for (at, field) in fields.iter().enumerate() {
        if at > 0 {
            out.push(b'\t');
        }
        push(field, &mut out);
    }
    out
}

/// Adds a field, its own tabs protected.
fn push(field: &str, out: &mut Vec<u8>) {
    for (at, part) in field.split('\t').enumerate() {
        if at > 0 {
            out.extend_from_slice(b"\\\t");
        }
        out.extend_from_slice(part.as_bytes());
    }
}

/// The line that was read, with those fields of it new that are not what they were.
pub(super) fn merged(read: &[u8], now: &[String; FIELDS], was: &[String; FIELDS]) -> Vec<u8> {
    let mut out = Vec::with_capacity(read.len());
    for (at, raw) in split_raw(read).into_iter().enumerate() {
        if at > 0 {
            out.push(b'\t');
        }
        match now.get(at).filter(|field| was.get(at) != Some(field)) {
            Some(field) => push(field, &mut out),
            None => out.extend_from_slice(raw),
        }
    }
    out
}
