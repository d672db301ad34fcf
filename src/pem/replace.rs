//! Certificates of a text replaced by others; all else in it, comments and line ends included, stays to the byte.

use super::{BlockKind, encode_certificate, scan};

/// What comes into the place of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coming<'a> {
    /// The certificate itself, as it stands there.
    Itself,
    /// Another one, as DER.
    Other(&'a [u8]),
}

/// The text with other certificates in the places of those for which there is one; `None` where there is none for any.
///
/// `by` is asked with the DER of each and answers with what comes into its place, one behind the other: with nothing it goes.
/// A file that is one certificate in DER is replaced whole, by one.
#[must_use]
pub fn edit_certificates<'a>(text: &[u8], by: impl Fn(&[u8]) -> Option<Vec<Coming<'a>>>) -> Option<Vec<u8>> {
    if let Some([Coming::Other(other)]) = by(text).as_deref() {
        return Some(other.to_vec());
    }
    let scanned = scan(text);
    let plain = |kind| matches!(kind, BlockKind::Certificate | BlockKind::OldCertificate);
    let blocks = scanned.blocks.iter().filter(|block| plain(block.kind));
    let mut places = blocks.filter_map(|block| Some((block.line - 1, by(&block.der)?))).peekable();
    places.peek()?;
    let mut out = Vec::with_capacity(text.len() + 1024);
    let mut lines = text.split_inclusive(|byte| *byte == b'\n').enumerate();
    while let Some((number, line)) = lines.next() {
        let Some((_, coming)) = places.next_if(|(begin, _)| *begin == number) else {
            out.extend_from_slice(line);
            continue;
        };
        let mut own = vec![line];
        for (_, line) in lines.by_ref() {
            own.push(line);
            if line.starts_with(b"-----END ") {
                break;
            }
        }
        put_all(&coming, &own, &mut out);
    }
    Some(out)
}

/// What comes into the place of a block, with its line ends.
fn put_all(coming: &[Coming<'_>], own: &[&[u8]], out: &mut Vec<u8>) {
    let (begin, end) = (own.first().copied().unwrap_or_default(), own.last().copied().unwrap_or_default());
    if begin.starts_with(b"\xef\xbb\xbf") && coming.first() != Some(&Coming::Itself) {
        out.extend_from_slice(b"\xef\xbb\xbf");
    }
    for (at, one) in coming.iter().enumerate() {
        let is_last = at + 1 == coming.len();
        match one {
            Coming::Itself => own.iter().for_each(|line| out.extend_from_slice(line)),
            Coming::Other(der) => put(der, begin, end, out),
        }
        if !is_last && ending(end).is_empty() {
            out.extend_from_slice(ending(begin));
        }
    }
}

/// A block in the place of another, with the line ends of its first and its last line.
fn put(der: &[u8], begin: &[u8], end: &[u8], out: &mut Vec<u8>) {
    let block = encode_certificate(der);
    let (line_end, last_end) = (ending(begin), ending(end));
    let mut lines = block.lines().peekable();
    while let Some(line) = lines.next() {
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(if lines.peek().is_some() { line_end } else { last_end });
    }
}

fn ending(line: &[u8]) -> &'static [u8] {
    match line {
        [.., b'\r', b'\n'] => b"\r\n",
        [.., b'\n'] => b"\n",
        _ => b"",
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::{Coming, edit_certificates};
    use crate::pem::encode_certificate;

    const OLD: &[u8] = &[0x30, 3, 1, 2, 3];
    const NEW: &[u8] = &[0x30, 3, 4, 5, 6];
    const OTHER: &[u8] = &[0x30, 3, 7, 8, 9];

    fn replace_certificates(text: &[u8], by: impl Fn(&[u8]) -> Option<&'static [u8]>) -> Option<Vec<u8>> {
        edit_certificates(text, |der| by(der).map(|other| vec![Coming::Other(other)]))
    }

    fn new(der: &[u8]) -> Option<&'static [u8]> {
        (der == OLD).then_some(NEW)
    }

    #[test]
    fn every_copy_is_replaced_and_all_else_stays_to_the_byte() {
        let text = |der| {
            let (own, other) = (encode_certificate(der), encode_certificate(OTHER));
            format!("# a note\n{own}\n{other}between\r\n{own}behind")
        };
        assert_eq!(replace_certificates(text(OLD).as_bytes(), new).unwrap(), text(NEW).into_bytes());
        assert_eq!(replace_certificates(text(OTHER).as_bytes(), new), None);
    }

    #[test]
    fn line_ends_a_byte_order_mark_and_a_missing_last_line_feed_stay() {
        let windows = |der| format!("\u{feff}{}", encode_certificate(der).replace('\n', "\r\n"));
        assert_eq!(replace_certificates(windows(OLD).as_bytes(), new).unwrap(), windows(NEW).into_bytes());
        let open = |der| encode_certificate(der).trim_end().to_owned();
        assert_eq!(replace_certificates(open(OLD).as_bytes(), new).unwrap(), open(NEW).into_bytes());
    }

    #[test]
    fn one_may_come_behind_another_or_nothing_in_its_place() {
        let [old, new, other] = [OLD, NEW, OTHER].map(encode_certificate);
        let edited = |text: &str, coming: &[Coming<'static>]| {
            let edited = edit_certificates(text.as_bytes(), |der| (der == OLD).then(|| coming.to_vec()));
            String::from_utf8(edited.unwrap()).unwrap()
        };
        let behind = [Coming::Itself, Coming::Other(NEW)];
        assert_eq!(
            edited(&format!("# a\n{old}# b\n{other}"), &behind),
            format!("# a\n{old}{new}# b\n{other}")
        );
        assert_eq!(edited(&format!("{other}{old}"), &[]), other);
        let open = format!("{other}{}", old.trim_end());
        assert_eq!(edited(&open, &behind), format!("{other}{old}{}", new.trim_end()));
        let windows = |text: &str| format!("\u{feff}{}", text.replace('\n', "\r\n"));
        assert_eq!(edited(&windows(&old), &behind), windows(&format!("{old}{new}")));
        assert_eq!(edit_certificates(OLD, |_| Some(behind.to_vec())), None, "DER holds one");
    }

    #[test]
    fn a_file_in_der_is_replaced_whole() {
        assert_eq!(replace_certificates(OLD, new).unwrap(), NEW);
        assert_eq!(replace_certificates(OTHER, new), None);
    }
}
