//! Files as evidence: what each holds, told from its content, and what is wrong with it as a file.

use super::archive::is_archive_by_name;
use super::index::{ByEnd, EndMap, EndSet};
use super::part::PartKind;
use super::report::Finding;
use super::rules::Rule;
use super::severity::Severity;
use crate::diagnosis::Diagnosis as _;
use crate::fs::set::STANDARD_INPUT;
use crate::fs::{FileEntry, Mode, Owner};
use crate::index::INDEX_SUFFIX;
use crate::keys::{KeyContent, KeyFile, PublicKey, looks_like_pkcs12};
use crate::pem::{self, BlockKind, OddityKind, ScannedBlock};
use crate::x509::{Certificate, CertificateRequest, RevocationList, X509Error};
use std::sync::Arc;

/// One file and what it holds.
#[derive(Debug, Clone)]
pub struct Exhibit {
    /// Its path as the user names it, or its name in the directory.
    pub name: String,
    /// Its mode.
    pub mode: Mode,
    /// Whose it is; `None` where it was not read from a disk.
    pub owner: Option<Owner>,
    /// Certificates, in order; one that other files of the same reading hold too is shared with them.
    pub certificates: Vec<Arc<Certificate>>,
    /// Private keys; nothing in them is secret.
    pub keys: Vec<KeyFile>,
    /// Revocation lists.
    pub lists: Vec<RevocationList>,
    /// What a PKCS#12 archive is besides, where it is one that was opened.
    pub archive: Option<Archive>,
    /// Certificate requests, which nobody judges.
    pub requests: Vec<CertificateRequest>,
    /// Public keys that stand by themselves, which nobody judges.
    pub public_keys: Vec<PublicKey>,
    /// What a CA issued, where it is the index of one and can be read.
    pub issued: Option<crate::index::Index>,
    /// What kind each of them is, in their order in the file; see [`parts`](Self::parts).
    pub(super) order: Vec<PartKind>,
    /// What is wrong with the file as such.
    pub findings: Vec<Finding>,
}

/// What tells of a PKCS#12 archive besides its certificates and keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// The alias of its first key.
    pub alias: Option<String>,
    /// Whether it has no password, or an empty one.
    pub lacks_password: bool,
}

impl Exhibit {
    /// Reads a file; keys are opened with the passphrase where one is given. Nothing is refused: what cannot be read is
    /// a finding.
    #[must_use]
    pub fn read(name: &str, entry: &FileEntry, passphrase: Option<&[u8]>) -> Self {
        Self::read_with(name, entry, passphrase, &mut Known::default())
    }

    /// Reads files that are judged together, in their order, as [`read`](Self::read) does each.
    #[must_use]
    pub fn read_all<'f>(
        files: impl IntoIterator<Item = (&'f str, &'f FileEntry)>,
        passphrase: Option<&[u8]>,
    ) -> Vec<Self> {
        let mut known = Known::default();
        files.into_iter().map(|(name, entry)| Self::read_with(name, entry, passphrase, &mut known)).collect()
    }

    fn read_with(name: &str, entry: &FileEntry, passphrase: Option<&[u8]>, known: &mut Known) -> Self {
        let contents = entry.contents.as_slice();
        let mut exhibit = Self {
            name: name.to_owned(),
            mode: entry.mode,
            owner: entry.owner,
            certificates: Vec::new(),
            keys: Vec::new(),
            lists: Vec::new(),
            archive: None,
            requests: Vec::new(),
            public_keys: Vec::new(),
            issued: None,
            order: Vec::new(),
            findings: Vec::new(),
        };
        if exhibit.is_index_by_name() {
            exhibit.read_index(contents);
            return exhibit;
        }
        if looks_like_pkcs12(contents) {
            exhibit.read_archive(contents, passphrase, known);
        } else if is_archive_by_name(name) {
            exhibit.say(Rule::BlockUnreadable, "it is no PKCS#12 in DER, which its name promises");
        } else if pem::looks_like_der(contents) {
            exhibit.read_der(contents, passphrase, known);
        } else {
            exhibit.read_pem(contents, passphrase, known);
        }
        exhibit.whole_file();
        exhibit
    }

    /// The name without its last ending.
    #[must_use]
    pub fn stem(&self) -> &str {
        self.name.rsplit_once('.').map_or(self.name.as_str(), |(stem, _)| stem)
    }

    /// Whether its name promises a key.
    #[must_use]
    pub fn is_key_by_name(&self) -> bool {
        self.name.ends_with(".key")
    }

    /// Whether its name promises the index of a CA.
    #[must_use]
    pub fn is_index_by_name(&self) -> bool {
        self.name.ends_with(INDEX_SUFFIX)
    }

    /// Whether it is a PKCS#12 archive, opened or not.
    pub(super) fn is_archive(&self) -> bool {
        let is_closed = |finding: &Finding| finding.rule == Rule::Pkcs12Locked;
        self.archive.is_some() || self.findings.iter().any(is_closed)
    }

    /// Whether it came through standard input, and is no file that lies anywhere.
    pub(super) fn is_piped(&self) -> bool {
        self.name == STANDARD_INPUT
    }

    fn say(&mut self, rule: Rule, fact: impl Into<String>) {
        let finding = Finding::new(rule, &self.name, fact);
        self.findings.push(finding);
    }

    fn read_index(&mut self, text: &[u8]) {
        match crate::index::Index::parse(text) {
            Ok(index) => self.issued = Some(index),
            Err(error) => {
                let mut finding = Finding::new(Rule::IndexDamaged, &self.name, error.to_string());
                (finding.detail, finding.hint) = (error.detail(), error.hint());
                self.findings.push(finding);
            }
        }
    }

    fn read_der(&mut self, der: &[u8], passphrase: Option<&[u8]>, known: &mut Known) {
        if let Ok(certificate) = known.certificate(der) {
            let finding = Finding::new(Rule::DerNotPem, &self.name, "it is DER");
            let detail = "PostgreSQL and libpq read certificates as PEM alone: no start line.";
            self.findings.push(finding.detail(detail));
            self.order.push(PartKind::Certificate);
            self.certificates.push(certificate);
        } else if let Ok(list) = RevocationList::from_der(der) {
            let finding = Finding::new(Rule::DerNotPem, &self.name, "it is DER");
            self.findings.push(finding.detail("PostgreSQL and libpq read revocation lists as PEM alone."));
            self.order.push(PartKind::List);
            self.lists.push(list);
        } else if let Some(key) = KeyFile::read(der, passphrase) {
            if key.content == KeyContent::Damaged {
                self.say(Rule::BlockUnreadable, "it is a key in DER that cannot be read");
            }
            self.order.push(PartKind::Key);
            self.keys.push(key);
        } else if let Ok(request) = CertificateRequest::from_der(der) {
            self.order.push(PartKind::Request);
            self.requests.push(request);
        } else {
            self.say(Rule::BlockUnreadable, "it is DER of no kind that is known here");
        }
    }

    fn read_pem(&mut self, text: &[u8], passphrase: Option<&[u8]>, known: &mut Known) {
        let scan = pem::scan(text);
        for oddity in &scan.oddities {
            let line = oddity.line;
            let (rule, fact) = match &oddity.kind {
                OddityKind::Utf16 => (Rule::PemDamaged, "it is UTF-16, which nobody reads as PEM".to_owned()),
                OddityKind::ByteOrderMark => (
                    Rule::ByteOrderMark,
                    "a byte order mark hides the first block from rustls and Go".to_owned(),
                ),
                OddityKind::CarriageReturns | OddityKind::TextOutside { .. } => {
                    (Rule::TextAroundPem, "there is text around the blocks, or a foreign line end".to_owned())
                }
                OddityKind::DamagedBegin => {
                    (Rule::PemDamaged, format!("line {line} begins a block and is damaged"))
                }
                OddityKind::StrayEnd => {
                    (Rule::PemDamaged, format!("line {line} ends a block that was not begun"))
                }
                OddityKind::Unended { label } => {
                    (Rule::PemDamaged, format!("the {label} that begins in line {line} does not end"))
                }
                OddityKind::MismatchedEnd { label, end } => {
                    (Rule::PemDamaged, format!("the {label} that begins in line {line} ends as {end}"))
                }
                OddityKind::NotBase64 { label } => {
                    (Rule::PemDamaged, format!("the {label} that begins in line {line} is not base64 inside"))
                }
                OddityKind::Empty { label } => {
                    (Rule::PemDamaged, format!("the {label} that begins in line {line} is empty"))
                }
            };
            self.say(rule, fact);
        }
        for block in &scan.blocks {
            self.read_block(block, passphrase, known);
        }
    }

    fn read_block(&mut self, block: &ScannedBlock, passphrase: Option<&[u8]>, known: &mut Known) {
        let unreadable = |what: &str| format!("the {what} that begins in line {} cannot be read", block.line);
        if block.kind == BlockKind::TrustedCertificate {
            let fact = "it is an OpenSSL TRUSTED CERTIFICATE, which only OpenSSL reads";
            self.say(Rule::TrustedCertificate, fact);
        }
        if let Some(der) = block.certificate_der() {
            match known.certificate(der) {
                Ok(certificate) => {
                    self.order.push(PartKind::Certificate);
                    self.certificates.push(certificate);
                }
                Err(error) => {
                    let finding = Finding::new(Rule::BlockUnreadable, &self.name, unreadable("certificate"));
                    self.findings.push(finding.detail(format!("{error}.")));
                }
            }
        } else if block.kind == BlockKind::RevocationList {
            match RevocationList::from_der(&block.der) {
                Ok(list) => {
                    self.order.push(PartKind::List);
                    self.lists.push(list);
                }
                Err(_) => self.say(Rule::BlockUnreadable, unreadable("revocation list")),
            }
        } else if let Some(key) = KeyFile::from_block(block, passphrase) {
            if key.content == KeyContent::Damaged {
                self.say(Rule::BlockUnreadable, unreadable("key"));
            }
            self.order.push(PartKind::Key);
            self.keys.push(key);
        } else if block.kind == BlockKind::Request {
            match CertificateRequest::from_der(&block.der) {
                Ok(request) => {
                    self.order.push(PartKind::Request);
                    self.requests.push(request);
                }
                Err(_) => self.say(Rule::BlockUnreadable, unreadable("certificate request")),
            }
        } else if block.kind == BlockKind::PublicKey {
            self.order.push(PartKind::PublicKey);
            self.public_keys.push(PublicKey::from_spki_der(&block.der));
        }
    }

    /// What is wrong with the file as a whole.
    fn whole_file(&mut self) {
        let nothing = self.certificates.is_empty() && self.keys.is_empty() && self.lists.is_empty();
        let is_named = self.findings.iter().any(|finding| finding.severity == Severity::Error);
        let is_closed = self.is_archive() && self.archive.is_none();
        if nothing && !is_named && !is_closed {
            self.say(Rule::NothingInFile, "it holds no certificate, key or revocation list");
        } else if self.is_key_by_name() && self.keys.is_empty() && !is_named && !is_closed {
            self.say(Rule::NothingInFile, "it holds no private key, which its name promises");
        }
        if !self.certificates.is_empty() && !self.keys.is_empty() && !self.is_piped() && !self.is_archive() {
            let detail = "Certificates are handed out; whoever has this file has the key.";
            let finding = Finding::new(Rule::KeyInPublicFile, &self.name, "a private key lies in it");
            self.findings.push(finding.detail(detail).hint("Take the key out, and make a new one."));
        }
        if holds_one_twice(&self.certificates) {
            self.say(Rule::CertificateTwice, "it holds one certificate twice");
        }
    }
}

fn holds_one_twice(certificates: &[Arc<Certificate>]) -> bool {
    match certificates {
        [] | [_] => false,
        [one, other] => one.der == other.der,
        all => {
            let mut met = EndSet::default();
            all.iter().any(|certificate| !met.insert(ByEnd(&certificate.der)))
        }
    }
}

/// Certificates that were read. An intermediate stands in the file of every leaf under it, and is taken apart once.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// By their last bytes, which are a signature's, and so tell certificates apart.
    by_end: EndMap<[u8; 16], Arc<Certificate>>,
}

impl Known {
    /// Takes a certificate apart, or shares one that was.
    pub(super) fn certificate(&mut self, der: &[u8]) -> Result<Arc<Certificate>, X509Error> {
        let end = der.last_chunk().copied().unwrap_or_default();
        if let Some(known) = self.by_end.get(&end).filter(|known| known.der == der) {
            return Ok(Arc::clone(known));
        }
        let certificate = Arc::new(Certificate::from_der(der)?);
        self.by_end.insert(end, Arc::clone(&certificate));
        Ok(certificate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = include_str!("../../fixtures/guide/intermediate/server.crt");
    const CLIENT: &str = include_str!("../../fixtures/guide/intermediate/client.crt");

    fn read(texts: &[(&str, &[u8])]) -> Vec<Exhibit> {
        let entries: Vec<(&str, FileEntry)> =
            texts.iter().map(|(name, text)| (*name, FileEntry::new(*text, Mode::PUBLIC))).collect();
        Exhibit::read_all(entries.iter().map(|(name, entry)| (*name, entry)), None)
    }

    #[test]
    fn a_certificate_of_several_files_is_taken_apart_once() {
        let [server, client] = read(&[("server.crt", SERVER.as_bytes()), ("client.crt", CLIENT.as_bytes())])
            .try_into()
            .expect("two files");
        assert!(Arc::ptr_eq(&server.certificates[1], &client.certificates[1]), "the intermediate");
        assert_ne!(server.certificates[0], client.certificates[0]);
    }

    #[test]
    fn certificates_that_end_alike_are_not_taken_for_one() {
        let [server] = read(&[("server.crt", SERVER.as_bytes())]).try_into().expect("one file");
        let der = &server.certificates[0].der;
        // In the serial number, far from the end.
        let mut other = der.clone();
        other[16] ^= 1;
        let [server, other] =
            read(&[("server.der", der), ("other.der", &other)]).try_into().expect("two files");
        assert_ne!(server.certificates, other.certificates);
        assert_eq!(other.certificates.len(), 1);
    }
}
