//! Signature algorithms as certificates name them: AlgorithmIdentifiers, read and called by their names.

use pkcs8::der::asn1::{AnyRef, ObjectIdentifier};
use pkcs8::der::{Decode, Reader, Tag};
use pkcs8::spki::AlgorithmIdentifierRef;
use std::fmt;

/// How a signature is made: the scheme and what is hashed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureAlgorithm {
    /// The scheme.
    pub scheme: SignatureScheme,
    /// The digest of the message.
    pub digest: DigestAlgorithm,
}

/// Signature schemes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureScheme {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
    RsaPkcs1,
    /// RSASSA-PSS (RFC 8017 §8.1).
    RsaPss {
        /// The digest of the mask generation function, MGF1.
        mask_digest: DigestAlgorithm,
        /// The length of the salt in bytes.
        salt_length: u32,
    },
    /// ECDSA (RFC 5758 §3.2).
    Ecdsa,
    /// DSA (RFC 5758 §3.1).
    Dsa,
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// Ed448 (RFC 8410).
    Ed448,
    /// Any other, as its dotted object identifier.
    Other(String),
}

/// Digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DigestAlgorithm {
    /// MD5: broken.
    Md5,
    /// SHA-1: broken.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA3-224.
    Sha3_224,
    /// SHA3-256.
    Sha3_256,
    /// SHA3-384.
    Sha3_384,
    /// SHA3-512.
    Sha3_512,
    /// None apart from the scheme: Ed25519 and Ed448 hash for themselves.
    None,
    /// One that is not known here.
    Unknown,
}

use DigestAlgorithm as Digest;

const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");

impl DigestAlgorithm {
    fn of_oid(oid: ObjectIdentifier) -> Self {
        /// 2.16.840.1.101.3.4.2
        const NIST_HASHES: [u8; 8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
        match oid.as_bytes() {
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05] => Self::Md5,
            [0x2b, 0x0e, 0x03, 0x02, 0x1a] => Self::Sha1,
            [arc @ .., last] if *arc == NIST_HASHES => match last {
                1 => Self::Sha256,
                2 => Self::Sha384,
                3 => Self::Sha512,
                4 => Self::Sha224,
                7 => Self::Sha3_224,
                8 => Self::Sha3_256,
                9 => Self::Sha3_384,
                10 => Self::Sha3_512,
                _ => Self::Unknown,
            },
            _ => Self::Unknown,
        }
    }

    /// The length of what it gives, in bytes; `None` where there is no digest, or an unknown one.
    #[must_use]
    pub fn length(self) -> Option<u32> {
        match self {
            Self::Md5 => Some(16),
            Self::Sha1 => Some(20),
            Self::Sha224 | Self::Sha3_224 => Some(28),
            Self::Sha256 | Self::Sha3_256 => Some(32),
            Self::Sha384 | Self::Sha3_384 => Some(48),
            Self::Sha512 | Self::Sha3_512 => Some(64),
            Self::None | Self::Unknown => None,
        }
    }
}

/// `SHA-256`.
impl fmt::Display for DigestAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
            Self::Sha3_224 => "SHA3-224",
            Self::Sha3_256 => "SHA3-256",
            Self::Sha3_384 => "SHA3-384",
            Self::Sha3_512 => "SHA3-512",
            Self::None => "no digest",
            Self::Unknown => "an unknown digest",
        })
    }
}

impl SignatureAlgorithm {
    /// Reads a DER AlgorithmIdentifier; `None` where it is none.
    #[must_use]
    pub fn from_der(der: &[u8]) -> Option<Self> {
        // Nearly every one says no more than its name.
        let (scheme, digest) = match bare_oid(der).and_then(named) {
            Some(known) => known,
            None => parsed(AlgorithmIdentifierRef::from_der(der).ok()?),
        };
        Some(Self { scheme, digest })
    }

    /// Its strength in bits as OpenSSL's security levels count it (`X509_get_signature_info`; level 2, Debian's
    /// default, wants 112): half of the digest, less than 80 for the broken ones. `None` where it is not known.
    #[must_use]
    pub fn security_bits(&self) -> Option<u32> {
        match (&self.scheme, self.digest) {
            (SignatureScheme::Ed25519, _) => Some(128),
            (SignatureScheme::Ed448, _) => Some(224),
            // SHA-1 would have 80, and MD5 64, were they not broken (crypto/x509/x509_set.c).
            (_, Digest::Sha1) => Some(63),
            (_, Digest::Md5) => Some(39),
            (_, digest) => digest.length().map(|bytes| bytes * 4),
        }
    }
}

/// The bytes of the object identifier, where nothing is behind it in an AlgorithmIdentifier that is short.
fn bare_oid(der: &[u8]) -> Option<&[u8]> {
    match der {
        [0x30, length, 0x06, oid_length, oid @ ..]
            if usize::from(*length) == oid.len() + 2 && usize::from(*oid_length) == oid.len() =>
        {
            Some(oid)
        }
        _ => None,
    }
}

fn parsed(identifier: AlgorithmIdentifierRef<'_>) -> (SignatureScheme, Digest) {
    named(identifier.oid.as_bytes()).unwrap_or_else(|| match identifier.oid {
        RSASSA_PSS => pss(identifier.parameters),
        other => (SignatureScheme::Other(other.to_string()), Digest::Unknown),
    })
}

/// The algorithms that are known by their object identifier alone.
fn named(oid: &[u8]) -> Option<(SignatureScheme, Digest)> {
    /// 1.2.840.113549.1.1
    const PKCS1: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
    /// 1.2.840.10045.4
    const ANSI_ECDSA: [u8; 6] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04];
    /// 2.16.840.1.101.3.4.3
    const NIST_SIGNATURES: [u8; 8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03];
    if let Some(behind) = oid.strip_prefix(&PKCS1) {
        let digest = match behind {
            // MD2 and MD4
            [2 | 3] => Digest::Unknown,
            [4] => Digest::Md5,
            [5] => Digest::Sha1,
            [11] => Digest::Sha256,
            [12] => Digest::Sha384,
            [13] => Digest::Sha512,
            [14] => Digest::Sha224,
            _ => return None,
        };
        return Some((SignatureScheme::RsaPkcs1, digest));
    }
    if let Some(behind) = oid.strip_prefix(&ANSI_ECDSA) {
        let digest = match behind {
            [1] => Digest::Sha1,
            [3, 1] => Digest::Sha224,
            [3, 2] => Digest::Sha256,
            [3, 3] => Digest::Sha384,
            [3, 4] => Digest::Sha512,
            _ => return None,
        };
        return Some((SignatureScheme::Ecdsa, digest));
    }
    if let Some(behind) = oid.strip_prefix(&NIST_SIGNATURES) {
        return match behind {
            [1] => Some((SignatureScheme::Dsa, Digest::Sha224)),
            [2] => Some((SignatureScheme::Dsa, Digest::Sha256)),
            [3] => Some((SignatureScheme::Dsa, Digest::Sha384)),
            [4] => Some((SignatureScheme::Dsa, Digest::Sha512)),
            [9] => Some((SignatureScheme::Ecdsa, Digest::Sha3_224)),
            [10] => Some((SignatureScheme::Ecdsa, Digest::Sha3_256)),
            [11] => Some((SignatureScheme::Ecdsa, Digest::Sha3_384)),
            [12] => Some((SignatureScheme::Ecdsa, Digest::Sha3_512)),
            [13] => Some((SignatureScheme::RsaPkcs1, Digest::Sha3_224)),
            [14] => Some((SignatureScheme::RsaPkcs1, Digest::Sha3_256)),
            [15] => Some((SignatureScheme::RsaPkcs1, Digest::Sha3_384)),
            [16] => Some((SignatureScheme::RsaPkcs1, Digest::Sha3_512)),
            _ => None,
        };
    }
    match oid {
        [0x2b, 0x65, 0x70] => Some((SignatureScheme::Ed25519, Digest::None)),
        [0x2b, 0x65, 0x71] => Some((SignatureScheme::Ed448, Digest::None)),
        // dsa-with-sha1
        [0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x03] => Some((SignatureScheme::Dsa, Digest::Sha1)),
        _ => None,
    }
}

fn pss(parameters: Option<AnyRef<'_>>) -> (SignatureScheme, Digest) {
    let parameters = parameters.and_then(PssParameters::read).unwrap_or(PssParameters::UNREADABLE);
    let PssParameters { digest, mask_digest, salt_length } = parameters;
    (SignatureScheme::RsaPss { mask_digest, salt_length }, digest)
}

/// RSASSA-PSS-params (RFC 4055 §3.1): of a signature, or what a key demands of its signatures.
#[derive(Clone, Copy)]
pub(super) struct PssParameters {
    pub(super) digest: Digest,
    pub(super) mask_digest: Digest,
    pub(super) salt_length: u32,
}

impl PssParameters {
    const UNREADABLE: Self = Self { digest: Digest::Unknown, mask_digest: Digest::Unknown, salt_length: 0 };

    pub(super) fn read(parameters: AnyRef<'_>) -> Option<Self> {
        parameters.sequence(|reader| Ok::<_, pkcs8::der::Error>(Self::read_fields(reader))).ok()?
    }

    fn read_fields<'a, R: Reader<'a>>(reader: &mut R) -> Option<Self> {
        let mut read = Self { digest: Digest::Sha1, mask_digest: Digest::Sha1, salt_length: 20 };
        while !reader.is_finished() {
            let field = reader.decode::<AnyRef<'_>>().ok()?;
            let Tag::ContextSpecific { constructed: true, number } = pkcs8::der::Tagged::tag(&field) else {
                return None;
            };
            let inner = field.value();
            match number.value() {
                0 => read.digest = Digest::of_oid(AlgorithmIdentifierRef::from_der(inner).ok()?.oid),
                1 => {
                    let mask =
                        AlgorithmIdentifierRef::from_der(inner).ok().filter(|mask| mask.oid == MGF1)?;
                    let digest = mask.parameters?.decode_as::<AlgorithmIdentifierRef<'_>>().ok()?;
                    read.mask_digest = Digest::of_oid(digest.oid);
                }
                2 => read.salt_length = u32::from_der(inner).ok()?,
                // RFC 4055 §3.1 has one trailer alone.
                3 if u32::from_der(inner).ok()? == 1 => {}
                _ => return None,
            }
        }
        Some(read)
    }
}

/// `ECDSA with SHA-256`, `RSA with SHA-256`, `RSA-PSS with SHA-256`, `Ed25519`.
impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match &self.scheme {
            SignatureScheme::RsaPkcs1 => "RSA",
            SignatureScheme::RsaPss { .. } => "RSA-PSS",
            SignatureScheme::Ecdsa => "ECDSA",
            SignatureScheme::Dsa => "DSA",
            SignatureScheme::Ed25519 => return f.write_str("Ed25519"),
            SignatureScheme::Ed448 => return f.write_str("Ed448"),
            SignatureScheme::Other(oid) => return write!(f, "algorithm {oid}"),
        };
        write!(f, "{scheme} with {}", self.digest)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn of_oid(oid: &[u8]) -> SignatureAlgorithm {
        let mut der = vec![0x30, oid.len() as u8 + 2, 0x06, oid.len() as u8];
        der.extend_from_slice(oid);
        SignatureAlgorithm::from_der(&der).unwrap()
    }

    #[test]
    fn algorithms_have_the_names_that_people_use() {
        for (oid, name, bits) in [
            (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4][..], "RSA with MD5", Some(39)),
            (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5], "RSA with SHA-1", Some(63)),
            (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11], "RSA with SHA-256", Some(128)),
            (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1], "ECDSA with SHA-224", Some(112)),
            (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4], "ECDSA with SHA-512", Some(256)),
            (&[0x2b, 0x65, 0x70], "Ed25519", Some(128)),
            (&[0x2b, 0x65, 0x71], "Ed448", Some(224)),
            (&[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3], "DSA with SHA-1", Some(63)),
            (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10], "RSA-PSS with an unknown digest", None),
            (&[0x2a, 0x03], "algorithm 1.2.3", None),
        ] {
            let algorithm = of_oid(oid);
            assert_eq!((algorithm.to_string().as_str(), algorithm.security_bits()), (name, bits));
        }
    }

    #[test]
    fn what_stands_behind_the_name_changes_nothing_where_nothing_is_expected() {
        const ECDSA_WITH_SHA256: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
        let null = [&[0x30, 12, 0x06, 8][..], &ECDSA_WITH_SHA256, &[5, 0]].concat();
        assert_eq!(bare_oid(&null), None, "the parser reads this one");
        assert_eq!(SignatureAlgorithm::from_der(&null).unwrap(), of_oid(&ECDSA_WITH_SHA256));
    }

    #[test]
    fn what_is_no_algorithm_identifier_is_none() {
        for der in
            [&[][..], &[0x30, 0], &[0x30, 2, 5, 0], &[0x06, 1, 0x2a], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]]
        {
            assert_eq!(SignatureAlgorithm::from_der(der), None);
        }
    }
}
