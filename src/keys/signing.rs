//! Signatures. A key is parsed once, here, and only where it signs: most keys of a run never do.

use super::{KeyError, KeyType, PrivateKey, PublicKey};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    RsaKeyPair,
};
use std::fmt;

/// ecdsa-with-SHA256 (RFC 5758 §3.2).
const ECDSA_SHA256: &[u8] = &[0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// ecdsa-with-SHA384 (RFC 5758 §3.2).
const ECDSA_SHA384: &[u8] = &[0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
/// Ed25519 (RFC 8410 §3).
const ED25519: &[u8] = &[0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70];
/// sha256WithRSAEncryption with its NULL (RFC 4055 §5). SHA-256, because SCRAM channel binding works with it in every
/// client.
const RSA_SHA256: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00];

/// A private key, parsed and checked for signing.
pub struct SigningKey {
    pair: Pair,
}

enum Pair {
    Ecdsa(EcdsaKeyPair, KeyType),
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

/// Never shows the key.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("pair", &"[elided]").finish()
    }
}

impl SigningKey {
    /// Parses a private key for signing.
    ///
    /// # Errors
    /// [`KeyError::Unusable`] where the provider refuses it.
    pub fn new(key: &PrivateKey) -> Result<Self, KeyError> {
        Self::from_pkcs8(key.pkcs8_der())
    }

    pub(super) fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let rng = SystemRandom::new();
        if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der, &rng) {
            return Ok(Self { pair: Pair::Ecdsa(pair, KeyType::EcdsaP256) });
        }
        if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, der, &rng) {
            return Ok(Self { pair: Pair::Ecdsa(pair, KeyType::EcdsaP384) });
        }
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            return Ok(Self { pair: Pair::Ed25519(pair) });
        }
        let pair = RsaKeyPair::from_pkcs8(der).map_err(|_| KeyError::Unusable)?;
        Ok(Self { pair: Pair::Rsa(Box::new(pair)) })
    }

    /// The public half.
    pub(super) fn public(&self) -> Result<PublicKey, KeyError> {
        let (kind, key) = match &self.pair {
            Pair::Ecdsa(pair, kind) => (*kind, pair.public_key().as_ref()),
            Pair::Ed25519(pair) => (KeyType::Ed25519, pair.public_key().as_ref()),
            // The encoding is one for all sizes.
            Pair::Rsa(pair) => (KeyType::Rsa2048, pair.public_key().as_ref()),
        };
        PublicKey::wrap(kind, key).ok_or(KeyError::Encoding)
    }

    /// The DER AlgorithmIdentifier of its signatures.
    #[must_use]
    pub fn algorithm_der(&self) -> &'static [u8] {
        match &self.pair {
            Pair::Ecdsa(_, KeyType::EcdsaP384) => ECDSA_SHA384,
            Pair::Ecdsa(..) => ECDSA_SHA256,
            Pair::Ed25519(_) => ED25519,
            Pair::Rsa(_) => RSA_SHA256,
        }
    }

    /// Signs a message; the signature is encoded as X.509 wants it in its BIT STRING.
    ///
    /// # Errors
    /// [`KeyError::Signing`] where the provider fails.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let rng = SystemRandom::new();
        match &self.pair {
            Pair::Ecdsa(pair, _) => pair
                .sign(&rng, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| KeyError::Signing),
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let signed = pair.sign(&ring::signature::RSA_PKCS1_SHA256, &rng, message, &mut signature);
                signed.map(|()| signature).map_err(|_| KeyError::Signing)
            }
        }
    }
}
