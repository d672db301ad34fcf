//! A PEM text as it is: every block that can be read, with its place, and everything about the text that is odd.
//!
//! [`decode`](super::decode) refuses a damaged text; this says where the damage is, and lets no block hide another.

use super::{BlockKind, base64};
use std::ops::Range;
use std::{fmt, mem};
use zeroize::Zeroize;

/// What a PEM text holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// Every block that is whole, in order.
    pub blocks: Vec<ScannedBlock>,
    /// What is odd, in order of lines; what concerns the whole text comes first.
    pub oddities: Vec<Oddity>,
}

/// One whole block. Its bytes are wiped when dropped, unless its label says that they are public.
#[derive(Clone, PartialEq, Eq)]
pub struct ScannedBlock {
    /// What the label says, and for a key whether it is encrypted in the traditional form.
    pub kind: BlockKind,
    /// The label between `-----BEGIN ` and `-----`.
    pub label: String,
    /// The number of its BEGIN line; the first line of a text is 1.
    pub line: usize,
    /// The decoded bytes.
    pub der: Vec<u8>,
}

impl Drop for ScannedBlock {
    fn drop(&mut self) {
        if !self.kind.is_public() {
            self.der.zeroize();
        }
    }
}

impl fmt::Debug for ScannedBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ScannedBlock");
        shown.field("kind", &self.kind).field("label", &self.label).field("line", &self.line);
        shown.field("der", &"[elided]").finish()
    }
}

impl ScannedBlock {
    /// The DER of the certificate, where it is one under any of its three labels. A `TRUSTED CERTIFICATE` holds it with
    /// OpenSSL's notes behind, which are left out; `None` where that has no such form.
    #[must_use]
    pub fn certificate_der(&self) -> Option<&[u8]> {
        match self.kind {
            BlockKind::Certificate | BlockKind::OldCertificate => Some(&self.der),
            BlockKind::TrustedCertificate => super::first_sequence(&self.der),
            _ => None,
        }
    }
}

/// Something about a PEM text that is not as it should be, and on which line (the first is 1). Nothing of what stands
/// inside a block is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oddity {
    /// The line: for a block that of its BEGIN line.
    pub line: usize,
    /// What it is.
    pub kind: OddityKind,
}

/// The ways in which a PEM text can be odd.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OddityKind {
    /// The text is UTF-16: its bytes cannot be read as PEM by anybody, and no block is found. Often made by `>` in
    /// Windows PowerShell.
    Utf16,
    /// It begins with a byte order mark (UTF-8), often made by Windows editors. OpenSSL passes over it since 3.0
    /// (openssl/openssl#10112); before, it did not see the first block.
    ByteOrderMark,
    /// Lines end in CR LF; the line is the first of them.
    CarriageReturns,
    /// There is text outside of blocks; the line is the first of them. Readers pass over it.
    TextOutside {
        /// How many lines of it there are.
        lines: usize,
    },
    /// A line begins a block and goes on, so that no reader sees the block.
    DamagedBegin,
    /// A line ends a block where none was begun.
    StrayEnd,
    /// A block does not end: the text does, or another begins.
    Unended {
        /// The label of the block.
        label: String,
    },
    /// A block ends with another label than it begins with.
    MismatchedEnd {
        /// The label of the block.
        label: String,
        /// The label that ends it.
        end: String,
    },
    /// A block is not base64 inside.
    NotBase64 {
        /// The label of the block.
        label: String,
    },
    /// A block holds nothing.
    Empty {
        /// The label of the block.
        label: String,
    },
}

/// Takes a PEM text apart, damaged or not. Binary data has no block.
#[must_use]
pub fn scan(text: &[u8]) -> Scan {
    if is_utf16(text) {
        let oddity = Oddity { line: 1, kind: OddityKind::Utf16 };
        return Scan { blocks: Vec::new(), oddities: vec![oddity] };
    }
    let unmarked = text.strip_prefix(b"\xef\xbb\xbf");
    let mut scanner = Scanner { text: unmarked.unwrap_or(text), ..Scanner::default() };
    if unmarked.is_some() {
        scanner.note(1, OddityKind::ByteOrderMark);
    }
    let (mut start, mut line) = (0, 1);
    while let Some(length) = memchr::memchr(b'\n', &scanner.text[start..]) {
        scanner.take_line(line, start..start + length);
        (start, line) = (start + length + 1, line + 1);
    }
    scanner.take_line(line, start..scanner.text.len());
    scanner.finish()
}

/// Whether it is UTF-16: by its byte order mark, or hyphens with NUL bytes between them.
fn is_utf16(text: &[u8]) -> bool {
    let starts = [&b"\xff\xfe"[..], b"\xfe\xff", b"-\0-\0", b"\0-\0-"];
    starts.iter().any(|start| text.starts_with(start))
}

/// A block that was begun.
struct Begun<'a> {
    label: &'a str,
    line: usize,
    headers: Headers,
    /// Where in the text its base64 begins; it goes on to the line that ends the block.
    body: Option<usize>,
}

/// RFC 1421 §4.4: header lines stand before the text, an empty line between.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Headers {
    /// Nothing of the block was read yet.
    Possible,
    /// In them; whether they say that the text is encrypted.
    Inside { encrypted: bool },
    /// Behind them.
    Past { encrypted: bool },
}

#[derive(Default)]
struct Scanner<'a> {
    text: &'a [u8],
    scan: Scan,
    begun: Option<Begun<'a>>,
    first_outside: Option<usize>,
    outside: usize,
    first_carriage_return: Option<usize>,
}

impl<'a> Scanner<'a> {
    fn note(&mut self, line: usize, kind: OddityKind) {
        self.scan.oddities.push(Oddity { line, kind });
    }

    fn take_line(&mut self, number: usize, place: Range<usize>) {
        let (start, raw) = (place.start, &self.text[place]);
        if raw.last() == Some(&b'\r') {
            self.first_carriage_return.get_or_insert(number);
        }
        // OpenSSL takes white space off the end of a line, never off its beginning.
        let line = raw.trim_ascii_end();
        if line.starts_with(b"-----BEGIN ") {
            self.abandon();
            match label(line, b"-----BEGIN ") {
                Some(label) => {
                    self.begun = Some(Begun { label, line: number, headers: Headers::Possible, body: None });
                }
                None => self.note(number, OddityKind::DamagedBegin),
            }
        } else if line.starts_with(b"-----END ") {
            match (self.begun.take(), label(line, b"-----END ")) {
                (Some(begun), Some(end)) => self.end(&begun, end, start),
                // The line goes on, or has no label: whatever it was to end has no end.
                (Some(begun), None) => self.unended(&begun),
                (None, _) => self.note(number, OddityKind::StrayEnd),
            }
        } else if let Some(begun) = &mut self.begun {
            if begun.is_text(line) {
                begun.body.get_or_insert(start);
            }
        } else if !line.trim_ascii_start().is_empty() {
            self.first_outside.get_or_insert(number);
            self.outside += 1;
        }
    }

    fn unended(&mut self, begun: &Begun<'_>) {
        self.note(begun.line, OddityKind::Unended { label: begun.label.to_owned() });
    }

    /// What was begun does not end.
    fn abandon(&mut self) {
        if let Some(begun) = self.begun.take() {
            self.unended(&begun);
        }
    }

    /// `place`: of the line that ends the block.
    fn end(&mut self, begun: &Begun<'a>, end: &str, place: usize) {
        let (line, label) = (begun.line, begun.label.to_owned());
        if end != label {
            return self.note(line, OddityKind::MismatchedEnd { label, end: end.to_owned() });
        }
        let body = &self.text[begun.body.unwrap_or(place)..place];
        let decoded = match BlockKind::of_label(&label).is_public() {
            true => base64::decode_public(body),
            // Taken out of what wipes it: the block does.
            false => base64::decode(body).map(|mut der| mem::take(&mut *der)),
        };
        match decoded {
            _ if matches!(begun.headers, Headers::Inside { .. }) => {
                self.note(line, OddityKind::NotBase64 { label });
            }
            None => self.note(line, OddityKind::NotBase64 { label }),
            Some(der) if der.is_empty() => self.note(line, OddityKind::Empty { label }),
            Some(der) => {
                let kind = match BlockKind::of_label(&label) {
                    kind if kind.is_plain_key() && begun.headers == (Headers::Past { encrypted: true }) => {
                        BlockKind::TraditionalEncrypted
                    }
                    kind => kind,
                };
                self.scan.blocks.push(ScannedBlock { kind, label, line, der });
            }
        }
    }

    fn finish(mut self) -> Scan {
        self.abandon();
        if let Some(line) = self.first_carriage_return {
            self.note(line, OddityKind::CarriageReturns);
        }
        if let Some(line) = self.first_outside {
            let lines = self.outside;
            self.note(line, OddityKind::TextOutside { lines });
        }
        let of_all = |kind: &OddityKind| {
            matches!(
                kind,
                OddityKind::ByteOrderMark | OddityKind::CarriageReturns | OddityKind::TextOutside { .. }
            )
        };
        self.scan.oddities.sort_by_key(|oddity| (!of_all(&oddity.kind), oddity.line));
        self.scan
    }
}

impl Begun<'_> {
    /// Whether a line is behind the headers, of which there may be none.
    fn is_text(&mut self, line: &[u8]) -> bool {
        let says_encrypted = || line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED");
        let (headers, is_text) = match self.headers {
            Headers::Past { .. } => return true,
            Headers::Possible if line.is_empty() => return false,
            Headers::Possible if line.contains(&b':') => {
                (Headers::Inside { encrypted: says_encrypted() }, false)
            }
            Headers::Possible => (Headers::Past { encrypted: false }, true),
            Headers::Inside { encrypted } if line.is_empty() => (Headers::Past { encrypted }, false),
            Headers::Inside { encrypted } => {
                (Headers::Inside { encrypted: encrypted || says_encrypted() }, false)
            }
        };
        self.headers = headers;
        is_text
    }
}

/// The label of a line that begins or ends a block; `None` where the line does not end with it, for what follows may be
/// a whole key on one line. RFC 7468 §3 allows printable ASCII.
fn label<'a>(line: &'a [u8], start: &[u8]) -> Option<&'a str> {
    let label = line.strip_prefix(start)?.strip_suffix(b"-----")?;
    let printable = label.iter().all(|byte| (0x20..0x7f).contains(byte));
    let plain = printable && label.len() <= 64 && !label.windows(2).any(|pair| pair == b"--");
    std::str::from_utf8(label).ok().filter(|_| plain)
}
