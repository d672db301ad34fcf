//! What a CA issued, in the format of OpenSSL's `ca` (openssl-ca, `database`; crypto/txt_db/txt_db.c): a text of lines
//! with six fields, separated by tabs: status, expiry, revocation, serial number, file, subject.
//!
//! What was read is written back byte for byte, comments and other people's habits included; only a field whose value
//! changed is written anew.

mod error;
mod fields;
mod line;
mod order;
mod parts;
mod reason;
mod revoked;
mod serial;
#[cfg(test)]
mod tests;

pub use error::{IndexError, IndexProblem};
pub use line::{Line, Revoked, Status};
pub use revoked::{Survey, all_revoked, count_revoked, survey};
pub use serial::Serial;

use crate::x509::{Certificate, Name, RevocationList, RevocationReason, format_serial, significant};
use order::Key;
use std::collections::{BTreeMap, HashSet};
use time::OffsetDateTime;

/// What stands in the `.attr` file beside an index (openssl-ca, `unique_subject`): a renewed certificate has the subject
/// of the one before it, which OpenSSL's `ca` refuses unless told so.
pub const ATTRIBUTES: &str = "unique_subject = no\n";

/// What the name of an index ends with.
pub const INDEX_SUFFIX: &str = ".index";

/// What a comment begins with that stands before the lines of certificates on their way to standard output; how many lines
/// and what the certificates are for follows: `3 client`. A run that was killed leaves it without a [`DELIVERED`] behind them, and who was to have them may not.
pub const DELIVERING: &str = "# pgtls: delivering ";

/// A comment that stands behind the lines of certificates which have left.
pub const DELIVERED: &str = "# pgtls: delivered\n";
/// What the name of the file of its attributes ends with.
pub const ATTRIBUTES_SUFFIX: &str = ".index.attr";

/// What `openssl ca` and Easy-RSA call their index, as a rule; which CA's it is the name does not tell.
pub const OPENSSL_INDEX_FILE: &str = "index.txt";

/// The index of a CA by the stem of its files: `root` -> `root.index`.
#[must_use]
pub fn index_file(stem: &str) -> String {
    [stem, INDEX_SUFFIX].concat()
}

/// The file of its attributes, which OpenSSL looks for under this name alone: `root` -> `root.index.attr`.
#[must_use]
pub fn attributes_file(stem: &str) -> String {
    [stem, ATTRIBUTES_SUFFIX].concat()
}

/// Whether attributes have each subject but once among the valid lines: OpenSSL then reads no index with two, not even to
/// make a revocation list of it. That is what it assumes where they say nothing (apps/lib/apps.c, `load_index`,
/// `parse_yesno`).
#[must_use]
pub fn wants_unique_subjects(attributes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(attributes);
    let mut values = text.lines().filter_map(|line| {
        let (key, value) = line.split('#').next()?.split_once('=')?;
        (key.trim() == "unique_subject").then(|| value.trim().to_owned())
    });
    values.next_back().is_none_or(|value| !value.starts_with(['n', 'N', 'f', 'F', '0']))
}

/// An index: lines in the order of the file, each serial number once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    lines: Vec<Line>,
    /// The lines by serial number, so that one is found at once.
    keys: Vec<Key>,
    /// Comments, by the place of the line that they stand before.
    comments: BTreeMap<usize, Vec<u8>>,
    /// The place of the first revoked line that was read with a negative serial number.
    negative: Option<usize>,
    /// Whether the last line lacks its end.
    is_open: bool,
}

impl Index {
    /// Reads an index. The last line may lack its end, see [`is_open`](Self::is_open).
    ///
    /// # Errors
    /// [`IndexError`] with the first line that OpenSSL's `ca` would not read either, and a last one that a writer did not
    /// finish.
    pub fn parse(text: &[u8]) -> Result<Self, IndexError> {
        let is_open = !text.is_empty() && !text.ends_with(b"\n");
        let index = parts::parse(text, is_open)?;
        if order::has_repeated(&index.keys, &index.lines)
            && let Some(error) = index.repeated(text)
        {
            return Err(error);
        }
        Ok(index)
    }

    /// The first line whose serial number one before it has.
    fn repeated(&self, text: &[u8]) -> Option<IndexError> {
        let mut met: BTreeMap<&[u8], usize> = BTreeMap::new();
        let raw = (1..).zip(text.split(|byte| *byte == b'\n'));
        let mut numbered = raw.filter(|(_, raw)| !raw.starts_with(b"#")).zip(&self.lines);
        numbered.find_map(|((number, _), line)| {
            let first = met.insert(&line.serial, number)?;
            let serial = line.serial_hex();
            Some(IndexError { line: number, problem: IndexProblem::Repeated { serial, first } })
        })
    }

    /// The text of the file. What was read and not changed is the same to the byte.
    #[must_use]
    pub fn to_text(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.lines.len() * 96);
        for place in 0..=self.lines.len() {
            out.extend(self.comments.get(&place).into_iter().flatten());
            if let Some(line) = self.lines.get(place) {
                if out.last().is_some_and(|last| *last != b'\n') {
                    out.push(b'\n');
                }
                out.extend_from_slice(&line.to_text());
                out.push(b'\n');
            }
        }
        if self.is_open && out.ends_with(b"\n") {
            out.pop();
        }
        out
    }

    /// A line that was read as revoked, with a negative serial number, which is taken for another number everywhere but in its own text.
    #[must_use]
    pub fn negative(&self) -> Option<&Line> {
        self.negative.and_then(|place| self.lines.get(place))
    }

    /// Its lines, in the order of the file.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Whether the last line lacks its end. OpenSSL passes over such a line; [`record`](Self::record) ends it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// The line of a serial number: big-endian bytes, leading zeros or not.
    #[must_use]
    pub fn line_of(&self, serial: &[u8]) -> Option<&Line> {
        let at = self.place(significant(serial)).ok()?;
        self.lines.get(self.keys.get(at)?.place())
    }

    /// The same for hexadecimal digits, as lines name what took their place.
    #[must_use]
    pub fn line_of_hex(&self, serial: &str) -> Option<&Line> {
        self.line_of(&line::number(serial)?)
    }

    /// Appends a line for a certificate, unless its serial number is there; says whether it did.
    pub fn record(&mut self, certificate: &Certificate) -> bool {
        self.record_issued(&certificate.serial, certificate.window.not_after, &certificate.subject)
    }

    /// The same, from what is recorded of it.
    pub fn record_issued(&mut self, serial: &[u8], not_after: OffsetDateTime, subject: &Name) -> bool {
        let Err(at) = self.place(significant(serial)) else { return false };
        self.keys.insert(at, Key::of(significant(serial), self.lines.len()));
        self.lines.push(Line::issued(serial, not_after, subject));
        self.is_open = false;
        true
    }

    /// Marks the certificate of a serial number as revoked. Says whether it did: the first revocation stays, and what the
    /// CA did not issue cannot be revoked.
    pub fn revoke(&mut self, serial: &[u8], revoked: Revoked) -> bool {
        let Ok(at) = self.place(significant(serial)) else { return false };
        let Some(key) = self.keys.get(at) else { return false };
        match self.lines.get_mut(key.place()) {
            Some(line) if line.status != Status::Revoked => {
                line.status = Status::Revoked;
                line.revoked = Some(revoked);
                true
            }
            _ => false,
        }
    }

    /// Notes of the certificate of a serial number that another was issued in its place.
    pub fn replace(&mut self, serial: &[u8], by: &[u8]) {
        let at = self.place(significant(serial)).ok().and_then(|at| self.keys.get(at));
        if let Some(line) = at.and_then(|key| self.lines.get_mut(key.place())) {
            line.replace(&format_serial(significant(by)));
        }
    }

    /// Marks what a revocation list of the CA revokes. A delta list says what changed since another one, and revokes
    /// nothing here.
    pub fn revoke_listed(&mut self, list: &RevocationList) {
        if list.is_delta {
            return;
        }
        let serials: Vec<Serial> = self.lines.iter().map(|line| line.serial.clone()).collect();
        for serial in serials {
            let entry = list.find(&serial).filter(|it| it.reason != Some(RevocationReason::RemoveFromCrl));
            if let Some(entry) = entry {
                self.revoke(&serial, Revoked { at: entry.instant, reason: entry.reason });
            }
        }
    }

    /// An index of these certificates, as if each had been recorded when it was issued: the oldest first.
    #[must_use]
    pub fn rebuilt<'a>(certificates: impl IntoIterator<Item = &'a Certificate>) -> Self {
        let mut met = HashSet::new();
        let mut all: Vec<&Certificate> = certificates.into_iter().collect();
        all.retain(|certificate| met.insert(significant(&certificate.serial)));
        all.sort_by_key(|certificate| certificate.window.not_before);
        let mut index = Self::default();
        for certificate in all {
            index.record(certificate);
        }
        index
    }

    /// Where a serial number is, or belongs, among the keys.
    fn place(&self, serial: &[u8]) -> Result<usize, usize> {
        let wanted = Key::of(serial, 0);
        self.keys.binary_search_by(|key| key.order(&self.lines, serial, wanted))
    }
}
