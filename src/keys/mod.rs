//! Private and public keys: algorithms, generation, signatures and their encodings.
//! The sole door to the providers of cryptography (`ring`, `aws-lc-rs`, `pkcs8`, `p12-keystore`).

mod algorithm;
mod encoding;
mod error;
mod file;
mod fingerprint;
mod generate;
mod logarithm;
mod name_hash;
mod p256_document;
mod pkcs12;
mod pkcs12_write;
mod portable;
mod public;
mod signing;
mod verify;

pub use algorithm::{DigestAlgorithm, SignatureAlgorithm, SignatureScheme};
pub use encoding::{PrivateKey, StoredKey};
pub use error::KeyError;
pub use file::{KeyContent, KeyEncoding, KeyEncryption, KeyFile, KeyForm, LockReason};
pub use fingerprint::sha256;
pub use generate::{KeySource, SystemKeys};
pub use name_hash::name_hash;
pub use pkcs12::{Pkcs12, Pkcs12Certificate, Pkcs12Error, Pkcs12Key, looks_like_pkcs12};
pub use pkcs12_write::pkcs12;
pub use public::PublicKey;
pub use signing::SigningKey;
pub use verify::{SignatureCheck, UncheckedReason};

use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A kind of key that this crate makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum KeyType {
    /// ECDSA over NIST P-256: the default, because every PostgreSQL client takes it and it is the fastest to make.
    #[default]
    EcdsaP256,
    /// ECDSA over NIST P-384. As a client key it fails under TLS 1.2 with the server's default curves.
    EcdsaP384,
    /// Ed25519 (RFC 8032). For end-entities only: a signature of this kind on a server certificate breaks SCRAM.
    Ed25519,
    /// RSA, 2,048 bits: the least that OpenSSL's security level 2 takes.
    Rsa2048,
    /// RSA, 3,072 bits.
    Rsa3072,
    /// RSA, 4,096 bits.
    Rsa4096,
}

impl KeyType {
    /// Every kind, in the order in which help and errors list them.
    pub const ALL: [Self; 6] =
        [Self::EcdsaP256, Self::EcdsaP384, Self::Ed25519, Self::Rsa2048, Self::Rsa3072, Self::Rsa4096];

    /// The name on the command line and in a profile: `ecdsa-p256`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::Ed25519 => "ed25519",
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
        }
    }

    /// Whether it is RSA, which alone wants `keyEncipherment` on a server certificate (RFC 5246 §7.4.2).
    #[must_use]
    pub fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096)
    }
}

/// The name for people: `ECDSA P-256`.
impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EcdsaP256 => "ECDSA P-256",
            Self::EcdsaP384 => "ECDSA P-384",
            Self::Ed25519 => "Ed25519",
            Self::Rsa2048 => "RSA 2048",
            Self::Rsa3072 => "RSA 3072",
            Self::Rsa4096 => "RSA 4096",
        })
    }
}

impl Serialize for KeyType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

impl FromStr for KeyType {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let kind = Self::ALL.into_iter().find(|kind| kind.id() == text);
        let kind = kind.ok_or_else(|| KeyError::UnknownType { found: text.to_owned() })?;
        if kind.is_rsa() && cfg!(not(feature = "rsa")) {
            return Err(KeyError::RsaLeftOut);
        }
        Ok(kind)
    }
}
