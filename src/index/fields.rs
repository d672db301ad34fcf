//! The fields of a line, as TXT_DB of OpenSSL separates and joins them: by tabs, of which a backslash protects one.

/// Status, expiry, revocation, serial number, file, subject.
pub(super) const FIELDS: usize = 6;

/// The fields of a line in which no byte has another meaning than its own; `None` where there are more or fewer. Each is
/// looked for first where it ends as a rule, for there may be very many: what is taken for one by that alone may hold a tab,
/// and is none of those that are usual.
pub(super) fn usual(line: &str) -> Option<[&str; FIELDS]> {
    /// How long they are as a rule: `R`, `361122091555Z`, `261122091555Z`, 16 bytes, `unknown`.
    const LENGTHS: [usize; FIELDS - 1] = [1, 13, 13, 32, 7];
    let bytes = line.as_bytes();
    let (mut fields, mut start) = ([""; FIELDS], 0);
    for (field, length) in fields.iter_mut().zip(LENGTHS) {
        let is_tab = |at: usize| bytes.get(at) == Some(&b'\t');
        let end = if is_tab(start) {
            start
        } else if is_tab(start + length) {
            start + length
        } else {
            start + memchr::memchr(b'\t', bytes.get(start..)?)?
        };
        *field = line.get(start..end)?;
        start = end + 1;
    }
    let last = line.get(start..)?;
    fields[FIELDS - 1] = last;
    memchr::memchr(b'\t', last.as_bytes()).is_none().then_some(fields)
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
