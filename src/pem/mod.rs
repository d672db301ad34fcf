//! PEM text (RFC 7468) of what is public: certificates out, labelled blocks in, strictly or with all that is odd.
//!
//! Private keys are written by `keys`, which wipes what it used.

mod base64;
mod replace;
mod scan;

#[cfg(test)]
mod tests;

pub use replace::{Coming, edit_certificates};
pub use scan::{Oddity, OddityKind, Scan, ScannedBlock, scan};

use rustls_pki_types::pem::{self, PemObject, SectionKind};
use zeroize::Zeroizing;

/// One PEM block: its kind and the DER inside. Wiped when dropped, since it may be a key.
#[derive(Clone, PartialEq, Eq)]
pub struct Block {
    /// What the label says.
    pub kind: BlockKind,
    /// The decoded bytes.
    pub der: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Block").field("kind", &self.kind).field("der", &"[elided]").finish()
    }
}

/// The labels that this crate tells apart. [`decode`] knows certificates and keys alone, [`scan`] all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// `CERTIFICATE`
    Certificate,
    /// `X509 CERTIFICATE`: the old label; [`decode`] calls it a certificate
    OldCertificate,
    /// `TRUSTED CERTIFICATE`: OpenSSL's own, with notes behind the certificate
    TrustedCertificate,
    /// `X509 CRL`: a revocation list
    RevocationList,
    /// `CERTIFICATE REQUEST`, or `NEW CERTIFICATE REQUEST`
    Request,
    /// `PUBLIC KEY`: a SubjectPublicKeyInfo
    PublicKey,
    /// `PRIVATE KEY`: PKCS#8 (RFC 5208)
    Pkcs8,
    /// `ENCRYPTED PRIVATE KEY`: PKCS#8 under a passphrase
    EncryptedPkcs8,
    /// `RSA PRIVATE KEY`: PKCS#1 (RFC 8017)
    Pkcs1,
    /// `EC PRIVATE KEY`: SEC1 (RFC 5915)
    Sec1,
    /// A private key of another kind in a form of its own: `DSA PRIVATE KEY`
    OtherKey,
    /// A private key in the traditional form under a passphrase (`Proc-Type: 4,ENCRYPTED`, RFC 1421 §4.6.1.1)
    TraditionalEncrypted,
    /// Any other label.
    Other,
}

impl BlockKind {
    fn of_label(label: &str) -> Self {
        match label {
            "CERTIFICATE" => Self::Certificate,
            "X509 CERTIFICATE" => Self::OldCertificate,
            "TRUSTED CERTIFICATE" => Self::TrustedCertificate,
            "X509 CRL" => Self::RevocationList,
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Self::Request,
            "PUBLIC KEY" => Self::PublicKey,
            "PRIVATE KEY" => Self::Pkcs8,
            "ENCRYPTED PRIVATE KEY" => Self::EncryptedPkcs8,
            "RSA PRIVATE KEY" => Self::Pkcs1,
            "EC PRIVATE KEY" => Self::Sec1,
            "DSA PRIVATE KEY" => Self::OtherKey,
            _ => Self::Other,
        }
    }

    /// Whether it is a private key in a form that may be encrypted the traditional way.
    fn is_plain_key(self) -> bool {
        matches!(self, Self::Pkcs8 | Self::Pkcs1 | Self::Sec1 | Self::OtherKey)
    }

    /// Whether its label says that it is no secret.
    fn is_public(self) -> bool {
        let certificate = matches!(self, Self::Certificate | Self::OldCertificate | Self::TrustedCertificate);
        certificate || matches!(self, Self::RevocationList | Self::Request | Self::PublicKey)
    }

    /// Whether it is a private key, encrypted or not.
    #[must_use]
    pub fn is_private_key(self) -> bool {
        self.is_plain_key() || matches!(self, Self::EncryptedPkcs8 | Self::TraditionalEncrypted)
    }
}

/// A PEM text that cannot be taken apart.
#[derive(Debug, thiserror::Error)]
#[error("malformed PEM")]
pub struct PemError(#[source] Damage);

/// Where a PEM text is damaged. The parser's own error quotes the line, which may hold a whole key.
#[derive(Debug, thiserror::Error)]
enum Damage {
    #[error("a line that begins a block is damaged")]
    Begin,
    #[error("a block does not end")]
    End,
    #[error("a block is not base64 inside")]
    Base64,
    #[error("it cannot be read")]
    Other,
}

impl PemError {
    fn new(error: pem::Error) -> Self {
        Self(match error {
            pem::Error::IllegalSectionStart { .. } => Damage::Begin,
            pem::Error::MissingSectionEnd { .. } => Damage::End,
            pem::Error::Base64Decode(_) => Damage::Base64,
            _ => Damage::Other,
        })
    }
}

/// Encodes one DER certificate as PEM, 64 characters a line, LF, as OpenSSL prints it.
#[must_use]
pub fn encode_certificate(der: &[u8]) -> String {
    encode("CERTIFICATE", der)
}

/// Encodes one DER revocation list as PEM, in the same lines.
#[must_use]
pub fn encode_revocation_list(der: &[u8]) -> String {
    encode("X509 CRL", der)
}

/// Encodes one DER certificate request as PEM, in the same form.
#[must_use]
pub fn encode_request(der: &[u8]) -> String {
    encode("CERTIFICATE REQUEST", der)
}

/// Base64 in one line (RFC 4648 §4), of what is no secret.
#[must_use]
pub fn base64_line(bytes: &[u8]) -> String {
    base64::encode_public(bytes)
}

/// The same, of a key.
#[must_use]
pub fn secret_base64_line(bytes: &[u8]) -> Zeroizing<String> {
    base64::encode(bytes)
}

/// What base64 says that may be a secret; white space in it is passed over. `None` where it is none.
#[must_use]
pub fn from_base64(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    base64::decode(text)
}

fn encode(label: &str, der: &[u8]) -> String {
    let body = base64::lines_length(der.len());
    let mut text = String::with_capacity(body + 2 * (label.len() + 17));
    for part in ["-----BEGIN ", label, "-----\n"] {
        text.push_str(part);
    }
    base64::push_lines(der, &mut text);
    for part in ["-----END ", label, "-----\n"] {
        text.push_str(part);
    }
    text
}

/// Whether the bytes are one DER SEQUENCE and nothing else, as certificates, revocation lists, requests and keys are:
/// so that a caller tells a DER file from a text. What is inside is not looked at.
#[must_use]
pub fn looks_like_der(bytes: &[u8]) -> bool {
    first_sequence(bytes).is_some_and(|sequence| sequence.len() == bytes.len())
}

/// The SEQUENCE that the bytes begin with, by its length alone (X.690 §8.1).
fn first_sequence(der: &[u8]) -> Option<&[u8]> {
    let (header, length) = match der {
        [0x30, short @ 0..=0x7f, ..] => (2, usize::from(*short)),
        // Four bytes of length are 4 GiB, more than any file that is read.
        [0x30, long @ 0x81..=0x84, rest @ ..] => {
            let digits = rest.get(..usize::from(long & 0x7f))?;
            (2 + digits.len(), digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)))
        }
        _ => return None,
    };
    der.get(..length.checked_add(header)?)
}

/// Whether a PEM text holds OpenSSL's own form of a certificate, with notes on what it is trusted for behind it.
#[must_use]
pub fn holds_trusted_certificate(text: &[u8]) -> bool {
    let label = b"-----BEGIN TRUSTED CERTIFICATE-----";
    text.windows(label.len()).any(|window| window == label)
}

/// Whether a text may hold a private key as PEM, by the words that every label of one has.
#[must_use]
pub fn names_private_key(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"PRIVATE KEY").is_some()
}

/// The old label of a certificate (RFC 7468 §5.1 has parsers treat it alike) replaced by the one that is known;
/// `None` where there is none. Keys may stand beside it.
fn modern(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    const OLD: &[u8] = b" X509 CERTIFICATE-----";
    if !text.windows(OLD.len()).any(|window| window == OLD) {
        return None;
    }
    let mut out = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let [first, behind @ ..] = rest {
        if rest.starts_with(OLD) {
            out.extend_from_slice(b" CERTIFICATE-----");
            rest = &rest[OLD.len()..];
        } else {
            out.push(*first);
            rest = behind;
        }
    }
    Some(out)
}

/// All blocks of a PEM text in order; text between them is passed over, and so is a byte order mark.
///
/// # Errors
/// [`PemError`] where a block does not end, or is not base64 inside.
pub fn decode(text: &[u8]) -> Result<Vec<Block>, PemError> {
    struct Section(SectionKind, Vec<u8>);
    impl PemObject for Section {
        fn from_pem(kind: SectionKind, der: Vec<u8>) -> Option<Self> {
            Some(Self(kind, der))
        }
    }
    // The parser passes over a block whose first line does not begin with hyphens.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let relabelled = modern(text);
    let text = relabelled.as_ref().map_or(text, |text| text.as_slice());
    let blocks = Section::pem_slice_iter(text).map(|section| {
        let Section(kind, der) = section.map_err(PemError::new)?;
        let kind = match kind {
            SectionKind::Certificate => BlockKind::Certificate,
            SectionKind::PrivateKey => BlockKind::Pkcs8,
            SectionKind::RsaPrivateKey => BlockKind::Pkcs1,
            SectionKind::EcPrivateKey => BlockKind::Sec1,
            _ => BlockKind::Other,
        };
        Ok(Block { kind, der: Zeroizing::new(der) })
    });
    let mut blocks = blocks.collect::<Result<Vec<_>, _>>()?;
    blocks.extend(encrypted_keys(text));
    Ok(blocks)
}

/// The parser above knows no `ENCRYPTED PRIVATE KEY` label and would pass it over in silence.
fn encrypted_keys(text: &[u8]) -> Vec<Block> {
    if !text.windows(21).any(|window| window == b"ENCRYPTED PRIVATE KEY") {
        return Vec::new();
    }
    ::pem::parse_many(text)
        .unwrap_or_default()
        .into_iter()
        .filter(|block| block.tag() == "ENCRYPTED PRIVATE KEY")
        .map(|block| Block { kind: BlockKind::EncryptedPkcs8, der: Zeroizing::new(block.into_contents()) })
        .collect()
}
