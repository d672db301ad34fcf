//! Files as evidence: what each holds, told from its content, and what is wrong with it as a file.

use super::part::PartKind;
use super::report::Finding;
use super::rules::{Rule, Severity};
use crate::fs::{FileEntry, Mode, Owner};
use crate::keys::{KeyFile, PublicKey};
use crate::pem::{self, BlockKind, OddityKind, ScannedBlock};
use crate::x509::{Certificate, CertificateRequest, RevocationList};
use std::collections::HashSet;

/// One file and what it holds.
#[derive(Debug, Clone)]
pub struct Exhibit {
    /// Its path as the user names it, or its name in the directory.
    pub name: String,
    /// Its mode.
    pub mode: Mode,
    /// Whose it is; `None` where it was not read from a disk.
    pub owner: Option<Owner>,
    /// Certificates, in order.
    pub certificates: Vec<Certificate>,
    /// Private keys; nothing in them is secret.
    pub keys: Vec<KeyFile>,
    /// Revocation lists.
    pub lists: Vec<RevocationList>,
    /// Certificate requests, which nobody judges.
    pub requests: Vec<CertificateRequest>,
    /// Public keys that stand by themselves, which nobody judges.
    pub public_keys: Vec<PublicKey>,
    /// What kind each of them is, in their order in the file; see [`parts`](Self::parts).
    pub(super) order: Vec<PartKind>,
    /// What is wrong with the file as such.
    pub findings: Vec<Finding>,
}

impl Exhibit {
    /// Reads a file; keys are opened with the passphrase where one is given. Nothing is refused: what cannot be read is
    /// a finding.
    #[must_use]
    pub fn read(name: &str, entry: &FileEntry, passphrase: Option<&[u8]>) -> Self {
        let contents = entry.contents.as_slice();
        let mut exhibit = Self {
            name: name.to_owned(),
            mode: entry.mode,
            owner: entry.owner,
            certificates: Vec::new(),
            keys: Vec::new(),
            lists: Vec::new(),
            requests: Vec::new(),
            public_keys: Vec::new(),
            order: Vec::new(),
            findings: Vec::new(),
        };
        if pem::looks_like_der(contents) {
            exhibit.read_der(contents, passphrase);
        } else {
            exhibit.read_pem(contents, passphrase);
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

    fn say(&mut self, rule: Rule, fact: impl Into<String>) {
        let finding = Finding::new(rule, &self.name, fact);
        self.findings.push(finding);
    }

    fn read_der(&mut self, der: &[u8], passphrase: Option<&[u8]>) {
        if let Ok(certificate) = Certificate::from_der(der) {
            let hint = format!("Run openssl x509 -inform DER -in {0} -out {0}.", self.name);
            let finding = Finding::new(Rule::DerNotPem, &self.name, "it is DER");
            let detail = "PostgreSQL and libpq read certificates as PEM alone: no start line.";
            self.findings.push(finding.detail(detail).hint(hint));
            self.order.push(PartKind::Certificate);
            self.certificates.push(certificate);
        } else if let Ok(list) = RevocationList::from_der(der) {
            let hint = format!("Run openssl crl -inform DER -in {0} -out {0}.", self.name);
            let finding = Finding::new(Rule::DerNotPem, &self.name, "it is DER").hint(hint);
            self.findings.push(finding.detail("PostgreSQL and libpq read revocation lists as PEM alone."));
            self.order.push(PartKind::List);
            self.lists.push(list);
        } else if let Some(key) = KeyFile::read(der, passphrase) {
            self.order.push(PartKind::Key);
            self.keys.push(key);
        } else if let Ok(request) = CertificateRequest::from_der(der) {
            self.order.push(PartKind::Request);
            self.requests.push(request);
        } else {
            self.say(Rule::BlockUnreadable, "it is DER of no kind that is known here");
        }
    }

    fn read_pem(&mut self, text: &[u8], passphrase: Option<&[u8]>) {
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
            self.read_block(block, passphrase);
        }
    }

    fn read_block(&mut self, block: &ScannedBlock, passphrase: Option<&[u8]>) {
        let unreadable = |what: &str| format!("the {what} that begins in line {} cannot be read", block.line);
        if block.kind == BlockKind::TrustedCertificate {
            let hint = format!("Run openssl x509 -in {0} -out {0}.", self.name);
            let fact = "it is an OpenSSL TRUSTED CERTIFICATE, which only OpenSSL reads";
            self.findings.push(Finding::new(Rule::TrustedCertificate, &self.name, fact).hint(hint));
        }
        if let Some(der) = block.certificate_der() {
            match Certificate::from_der(der) {
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
            if matches!(key.content, crate::keys::KeyContent::Damaged) {
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
        if nothing && !is_named {
            self.say(Rule::NothingInFile, "it holds no certificate, key or revocation list");
        } else if self.is_key_by_name() && self.keys.is_empty() && !is_named {
            self.say(Rule::NothingInFile, "it holds no private key, which its name promises");
        }
        if !self.certificates.is_empty() && !self.keys.is_empty() {
            let detail = "Certificates are handed out; whoever has this file has the key.";
            let finding = Finding::new(Rule::KeyInPublicFile, &self.name, "a private key lies in it");
            self.findings.push(finding.detail(detail).hint("Take the key out, and make a new one."));
        }
        let mut met = HashSet::new();
        let mut ders = self.certificates.iter().map(|certificate| certificate.der.as_slice());
        if self.certificates.len() > 1 && ders.any(|der| !met.insert(der)) {
            self.say(Rule::CertificateTwice, "it holds one certificate twice");
        }
    }
}
