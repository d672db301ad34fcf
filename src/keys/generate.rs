//! Where keys and random bytes come from: the system in life, anything else in a test.

use super::{KeyError, KeyType, PrivateKey, PublicKey};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair};
use ring::signature::{EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair};
use zeroize::Zeroizing;

/// Gives keys and random bytes. [`SystemKeys`] in life; a test may hand out fixed ones.
pub trait KeySource: Sync {
    /// A new private key.
    ///
    /// # Errors
    /// [`KeyError::Generation`] where the system has no randomness, [`KeyError::RsaLeftOut`] for RSA in a build
    /// without it.
    fn generate(&self, kind: KeyType) -> Result<PrivateKey, KeyError>;

    /// Fills `bytes` with random ones (serial numbers, salts).
    ///
    /// # Errors
    /// [`KeyError::Generation`] where the system has none.
    fn random(&self, bytes: &mut [u8]) -> Result<(), KeyError>;
}

/// Keys and randomness of the operating system, through `ring` (RSA: `aws-lc-rs`).
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemKeys;

impl KeySource for SystemKeys {
    fn generate(&self, kind: KeyType) -> Result<PrivateKey, KeyError> {
        match kind {
            KeyType::EcdsaP256 => ecdsa(kind, &ECDSA_P256_SHA256_ASN1_SIGNING, 65),
            KeyType::EcdsaP384 => ecdsa(kind, &ECDSA_P384_SHA384_ASN1_SIGNING, 97),
            KeyType::Ed25519 => ed25519(),
            KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096 => rsa(kind),
        }
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), KeyError> {
        SystemRandom::new().fill(bytes).map_err(|_| KeyError::Generation)
    }
}

/// ring ends its document with the public key (RFC 5915 §3, `publicKey`): taking it from there saves parsing, and
/// with it the consistency check that costs as much as making the key.
fn ecdsa(
    kind: KeyType,
    algorithm: &'static EcdsaSigningAlgorithm,
    point: usize,
) -> Result<PrivateKey, KeyError> {
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new());
    let document = document.map_err(|_| KeyError::Generation)?;
    let pkcs8 = Zeroizing::new(document.as_ref().to_vec());
    let public = pkcs8.len().checked_sub(point).and_then(|start| PublicKey::wrap(kind, &pkcs8[start..]));
    Ok(PrivateKey::new(pkcs8, public.ok_or(KeyError::Generation)?))
}

/// PKCS#8 version 1, with the seed alone (RFC 8410 §7): OpenSSL 3.0 cannot read the version 2 that ring writes.
fn ed25519() -> Result<PrivateKey, KeyError> {
    const PREFIX: [u8; 16] =
        [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    let mut seed = Zeroizing::new([0; 32]);
    SystemRandom::new().fill(seed.as_mut()).map_err(|_| KeyError::Generation)?;
    let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).map_err(|_| KeyError::Generation)?;
    let public = PublicKey::wrap(KeyType::Ed25519, pair.public_key().as_ref()).ok_or(KeyError::Generation)?;
    let mut pkcs8 = Zeroizing::new(Vec::with_capacity(PREFIX.len() + seed.len()));
    pkcs8.extend_from_slice(&PREFIX);
    pkcs8.extend_from_slice(seed.as_ref());
    Ok(PrivateKey::new(pkcs8, public))
}

#[cfg(feature = "rsa")]
fn rsa(kind: KeyType) -> Result<PrivateKey, KeyError> {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::KeyPair as _;

    let size = match kind {
        KeyType::Rsa3072 => KeySize::Rsa3072,
        KeyType::Rsa4096 => KeySize::Rsa4096,
        _ => KeySize::Rsa2048,
    };
    let pair = aws_lc_rs::rsa::KeyPair::generate(size).map_err(|_| KeyError::Generation)?;
    let document: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::Encoding)?;
    let public = PublicKey::wrap(kind, pair.public_key().as_ref()).ok_or(KeyError::Encoding)?;
    Ok(PrivateKey::new(Zeroizing::new(document.as_ref().to_vec()), public))
}

#[cfg(not(feature = "rsa"))]
fn rsa(_: KeyType) -> Result<PrivateKey, KeyError> {
    Err(KeyError::RsaLeftOut)
}
