//! The extensions of RFC 5280 §4.2.1 that this crate writes and reads, by their names.

use super::X509Error;
use crate::der::{BOOLEAN, Element, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, dotted, only};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// The bits of keyUsage (RFC 5280 §4.2.1.3), in their order. What this crate makes has some of the first, third, sixth
/// and seventh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUsage {
    /// Signs in a TLS handshake.
    DigitalSignature,
    /// Signs what is kept as evidence; also called contentCommitment.
    NonRepudiation,
    /// RSA key exchange of TLS 1.2 without forward secrecy.
    KeyEncipherment,
    /// Enciphers data directly.
    DataEncipherment,
    /// Agrees on keys: static (EC)DH of TLS 1.2.
    KeyAgreement,
    /// Signs certificates.
    KeyCertSign,
    /// Signs revocation lists.
    CrlSign,
    /// With keyAgreement: for enciphering alone.
    EncipherOnly,
    /// With keyAgreement: for deciphering alone.
    DecipherOnly,
}

impl KeyUsage {
    /// Every bit, in the order of the BIT STRING.
    pub const ALL: [Self; 9] = [
        Self::DigitalSignature,
        Self::NonRepudiation,
        Self::KeyEncipherment,
        Self::DataEncipherment,
        Self::KeyAgreement,
        Self::KeyCertSign,
        Self::CrlSign,
        Self::EncipherOnly,
        Self::DecipherOnly,
    ];

    /// RFC 5280's name, which is OpenSSL's too.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::DigitalSignature => "digitalSignature",
            Self::NonRepudiation => "nonRepudiation",
            Self::KeyEncipherment => "keyEncipherment",
            Self::DataEncipherment => "dataEncipherment",
            Self::KeyAgreement => "keyAgreement",
            Self::KeyCertSign => "keyCertSign",
            Self::CrlSign => "cRLSign",
            Self::EncipherOnly => "encipherOnly",
            Self::DecipherOnly => "decipherOnly",
        }
    }
}

impl fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl Serialize for KeyUsage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

/// An extension whose criticality a profile may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExtensionKind {
    /// authorityKeyIdentifier
    AuthorityKeyIdentifier,
    /// basicConstraints
    BasicConstraints,
    /// cRLDistributionPoints
    CrlDistributionPoints,
    /// extKeyUsage
    ExtendedKeyUsage,
    /// keyUsage
    KeyUsage,
    /// nameConstraints
    NameConstraints,
    /// subjectAltName
    SubjectAltName,
    /// subjectKeyIdentifier
    SubjectKeyIdentifier,
}

impl ExtensionKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::AuthorityKeyIdentifier,
        Self::BasicConstraints,
        Self::CrlDistributionPoints,
        Self::ExtendedKeyUsage,
        Self::KeyUsage,
        Self::NameConstraints,
        Self::SubjectAltName,
        Self::SubjectKeyIdentifier,
    ];

    /// The word in a profile: OpenSSL's name for it.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::AuthorityKeyIdentifier => "authorityKeyIdentifier",
            Self::BasicConstraints => "basicConstraints",
            Self::CrlDistributionPoints => "crlDistributionPoints",
            Self::ExtendedKeyUsage => "extendedKeyUsage",
            Self::KeyUsage => "keyUsage",
            Self::NameConstraints => "nameConstraints",
            Self::SubjectAltName => "subjectAltName",
            Self::SubjectKeyIdentifier => "subjectKeyIdentifier",
        }
    }

    /// Its dotted object identifier.
    pub(super) fn oid(self) -> String {
        format!("2.5.29.{}", self.arc())
    }

    /// The last arc of its object identifier, 2.5.29.x.
    pub(super) fn arc(self) -> u64 {
        match self {
            Self::AuthorityKeyIdentifier => 35,
            Self::BasicConstraints => 19,
            Self::CrlDistributionPoints => 31,
            Self::ExtendedKeyUsage => 37,
            Self::KeyUsage => 15,
            Self::NameConstraints => 30,
            Self::SubjectAltName => 17,
            Self::SubjectKeyIdentifier => 14,
        }
    }
}

impl Serialize for ExtensionKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

/// An extension by its bones (RFC 5280 §4.1).
pub(super) struct Extension<'a> {
    pub(super) oid: &'a [u8],
    pub(super) critical: bool,
    pub(super) value: &'a [u8],
}

impl<'a> Extension<'a> {
    pub(super) fn of(element: &Element<'a>) -> Option<Self> {
        let mut fields = only(element.whole, SEQUENCE)?.members();
        let oid = fields.next_of(OBJECT_IDENTIFIER)?.content;
        let critical = fields.next_of(BOOLEAN).is_some_and(|critical| critical.content != [0]);
        let value = fields.next_of(OCTET_STRING)?.content;
        fields.is_empty().then_some(Self { oid, critical, value })
    }
}

/// One purpose of extKeyUsage (RFC 5280 §4.2.1.12), as its object identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendedKeyUsage {
    arcs: Cow<'static, [u64]>,
}

/// Names by OpenSSL's spelling; all but `any` end the arc 1.3.6.1.5.5.7.3.
const NAMED: [(&str, &[u64]); 7] = [
    ("serverAuth", &[1, 3, 6, 1, 5, 5, 7, 3, 1]),
    ("clientAuth", &[1, 3, 6, 1, 5, 5, 7, 3, 2]),
    ("codeSigning", &[1, 3, 6, 1, 5, 5, 7, 3, 3]),
    ("emailProtection", &[1, 3, 6, 1, 5, 5, 7, 3, 4]),
    ("timeStamping", &[1, 3, 6, 1, 5, 5, 7, 3, 8]),
    ("OCSPSigning", &[1, 3, 6, 1, 5, 5, 7, 3, 9]),
    ("any", &[2, 5, 29, 37, 0]),
];

impl ExtendedKeyUsage {
    /// id-kp-serverAuth.
    #[must_use]
    pub fn server_auth() -> Self {
        Self { arcs: Cow::Borrowed(NAMED[0].1) }
    }

    /// id-kp-clientAuth.
    #[must_use]
    pub fn client_auth() -> Self {
        Self { arcs: Cow::Borrowed(NAMED[1].1) }
    }

    /// Whether it is id-kp-serverAuth.
    #[must_use]
    pub fn is_server_auth(&self) -> bool {
        self.arcs == NAMED[0].1
    }

    /// Whether it is id-kp-clientAuth.
    #[must_use]
    pub fn is_client_auth(&self) -> bool {
        self.arcs == NAMED[1].1
    }

    /// Whether it is anyExtendedKeyUsage.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.arcs == NAMED[6].1
    }

    pub(super) fn from_arcs(arcs: Vec<u64>) -> Self {
        Self { arcs: Cow::Owned(arcs) }
    }

    pub(super) fn arcs(&self) -> &[u64] {
        &self.arcs
    }
}

impl fmt::Display for ExtendedKeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMED.iter().find(|(_, arcs)| self.arcs == *arcs) {
            Some((name, _)) => f.write_str(name),
            None => f.write_str(&dotted(&self.arcs)),
        }
    }
}

impl FromStr for ExtendedKeyUsage {
    type Err = X509Error;

    fn from_str(text: &str) -> Result<Self, X509Error> {
        if let Some((_, arcs)) = NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
            return Ok(Self { arcs: Cow::Borrowed(arcs) });
        }
        let arcs = parse_oid(text).ok_or_else(|| X509Error::ExtendedKeyUsage { text: text.to_owned() })?;
        Ok(Self { arcs: Cow::Owned(arcs) })
    }
}

impl Serialize for ExtendedKeyUsage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// `1.3.6.1` -> its arcs; `None` where it is no object identifier (X.660: first arc 0 to 2, second under 40 below 2).
pub(super) fn parse_oid(text: &str) -> Option<Vec<u64>> {
    let arcs: Vec<u64> = text.split('.').map(|arc| arc.parse().ok()).collect::<Option<_>>()?;
    // The encoder joins the first two arcs into one number.
    let valid = arcs.len() >= 2 && arcs[0] <= 2 && (arcs[0] == 2 || arcs[1] < 40) && arcs[1] < u64::MAX - 80;
    valid.then_some(arcs)
}
