//! Public keys: the exact SubjectPublicKeyInfo, what it is called, and its identifier.

use super::KeyType;
use pkcs8::der::asn1::{AnyRef, BitStringRef, ObjectIdentifier};
use pkcs8::der::{Decode, Encode};
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use std::fmt;

const ID_EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ID_ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// A public key as its exact DER SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    spki: Vec<u8>,
}

impl PublicKey {
    /// Takes the bytes as they are; what they hold is asked later.
    #[must_use]
    pub fn from_spki_der(spki: &[u8]) -> Self {
        Self { spki: spki.to_vec() }
    }

    /// The exact DER.
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// Wraps the raw public key of one of our kinds: the uncompressed point, the 32 bytes of Ed25519, or the PKCS#1
    /// RSAPublicKey.
    pub(super) fn wrap(kind: KeyType, key: &[u8]) -> Option<Self> {
        let (oid, parameters) = match kind {
            KeyType::EcdsaP256 => (ID_EC_PUBLIC_KEY, Some(AnyRef::from(&SECP256R1))),
            KeyType::EcdsaP384 => (ID_EC_PUBLIC_KEY, Some(AnyRef::from(&SECP384R1))),
            KeyType::Ed25519 => (ID_ED25519, None),
            KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096 => (RSA_ENCRYPTION, Some(AnyRef::NULL)),
        };
        let spki = SubjectPublicKeyInfoRef {
            algorithm: AlgorithmIdentifierRef { oid, parameters },
            subject_public_key: BitStringRef::from_bytes(key).ok()?,
        };
        Some(Self { spki: spki.to_der().ok()? })
    }

    /// The key type, where it is one that this crate makes.
    #[must_use]
    pub fn key_type(&self) -> Option<KeyType> {
        let parsed = SubjectPublicKeyInfoRef::from_der(&self.spki).ok()?;
        let curve = || parsed.algorithm.parameters.and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
        match parsed.algorithm.oid {
            ID_ED25519 => Some(KeyType::Ed25519),
            ID_EC_PUBLIC_KEY if curve() == Some(SECP256R1) => Some(KeyType::EcdsaP256),
            ID_EC_PUBLIC_KEY if curve() == Some(SECP384R1) => Some(KeyType::EcdsaP384),
            RSA_ENCRYPTION => match rsa_bits(parsed.subject_public_key.as_bytes()?)? {
                2048 => Some(KeyType::Rsa2048),
                3072 => Some(KeyType::Rsa3072),
                4096 => Some(KeyType::Rsa4096),
                _ => None,
            },
            _ => None,
        }
    }

    /// The subject key identifier: SHA-1 of the public key's bits (RFC 5280 §4.2.1.2, method 1), which is what
    /// OpenSSL writes too, so that both name one key alike. It identifies; nothing rests on its strength.
    #[must_use]
    pub fn identifier(&self) -> Vec<u8> {
        let parsed = SubjectPublicKeyInfoRef::from_der(&self.spki).ok();
        let bits =
            parsed.as_ref().and_then(|parsed| parsed.subject_public_key.as_bytes()).unwrap_or(&self.spki);
        ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, bits).as_ref().to_vec()
    }
}

/// The name for people: `ECDSA P-256`, `RSA 1024`, or the algorithm's OID.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(kind) = self.key_type() {
            return kind.fmt(f);
        }
        let Ok(parsed) = SubjectPublicKeyInfoRef::from_der(&self.spki) else {
            return f.write_str("unreadable key");
        };
        let curve = parsed.algorithm.parameters.and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
        match (parsed.algorithm.oid, curve, parsed.subject_public_key.as_bytes().and_then(rsa_bits)) {
            (RSA_ENCRYPTION, _, Some(bits)) => write!(f, "RSA {bits}"),
            (ID_EC_PUBLIC_KEY, Some(SECP521R1), _) => f.write_str("ECDSA P-521"),
            (oid, _, _) => write!(f, "algorithm {oid}"),
        }
    }
}

/// The bits of the modulus of a PKCS#1 RSAPublicKey.
fn rsa_bits(public_key: &[u8]) -> Option<usize> {
    let sequence: Vec<pkcs8::der::asn1::Int> = Decode::from_der(public_key).ok()?;
    let modulus = sequence.first()?.as_bytes();
    let digits = modulus.iter().skip_while(|byte| **byte == 0);
    let leading = modulus.iter().find(|byte| **byte != 0)?.leading_zeros() as usize;
    Some(digits.count() * 8 - leading)
}
