//! Private keys and their encodings: PKCS#8, plain and encrypted, as PEM; PKCS#1 and SEC1 are read.

use super::{KeyError, KeySource, PublicKey, SigningKey};
use crate::pem::{self, Block, BlockKind};
use pkcs8::der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use pkcs8::der::pem::{LineEnding, PemLabel};
use pkcs8::der::{Decode, Encode, Tag, Tagged};
use pkcs8::pkcs5::pbes2;
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use std::fmt;
use zeroize::Zeroizing;

/// PBKDF2 rounds for keys that we encrypt: OWASP's figure for HMAC-SHA-256. Read by every OpenSSL and Java.
pub(super) const PBKDF2_ROUNDS: u32 = 600_000;

/// A private key: its PKCS#8 DER, and the public key that belongs to it.
#[derive(Clone)]
pub struct PrivateKey {
    pkcs8: Zeroizing<Vec<u8>>,
    public: PublicKey,
}

/// Never shows the key.
impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("pkcs8", &"[elided]").field("public", &self.public).finish()
    }
}

impl PrivateKey {
    /// Joins a PKCS#8 document and its public key; the caller knows that they belong together.
    pub(super) fn new(pkcs8: Zeroizing<Vec<u8>>, public: PublicKey) -> Self {
        Self { pkcs8, public }
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The PKCS#8 DER (RFC 5208), unencrypted.
    #[must_use]
    pub fn pkcs8_der(&self) -> &[u8] {
        &self.pkcs8
    }

    /// Reads a PKCS#8 document.
    ///
    /// # Errors
    /// [`KeyError::UnusableKind`] where it is of a kind that cannot sign here, [`KeyError::Unusable`] where it is
    /// damaged.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, KeyError> {
        let mut pkcs8 = Zeroizing::new(der.to_vec());
        let signing = match SigningKey::from_pkcs8(&pkcs8) {
            Err(KeyError::Unusable) => {
                pkcs8 = completed(der).ok_or_else(|| refusal(der))?;
                SigningKey::from_pkcs8(&pkcs8)?
            }
            other => other?,
        };
        let public = signing.public()?;
        Ok(Self { pkcs8, public })
    }

    /// The key as `PRIVATE KEY` PEM, which every client reads (SEC1 and PKCS#1 are refused by native-tls).
    ///
    /// # Errors
    /// [`KeyError::Encoding`], a defect.
    pub fn to_pem(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        to_pem(PrivateKeyInfoRef::PEM_LABEL, &self.pkcs8)
    }

    /// The key as `ENCRYPTED PRIVATE KEY` PEM: PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC (RFC 8018).
    ///
    /// # Errors
    /// [`KeyError::Generation`] where there is no randomness for the salt; [`KeyError::Encoding`], a defect.
    pub fn to_encrypted_pem(
        &self,
        passphrase: &[u8],
        source: &dyn KeySource,
    ) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        to_pem(EncryptedPrivateKeyInfoRef::PEM_LABEL, &self.to_encrypted_der(passphrase, source)?)
    }

    /// The same as DER.
    pub(super) fn to_encrypted_der(
        &self,
        passphrase: &[u8],
        source: &dyn KeySource,
    ) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let (mut salt, mut iv) = ([0; 16], [0; 16]);
        source.random(&mut salt)?;
        source.random(&mut iv)?;
        let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(PBKDF2_ROUNDS, &salt, iv)
            .map_err(|_| KeyError::Encoding)?;
        let plain = PrivateKeyInfoRef::try_from(self.pkcs8.as_slice()).map_err(|_| KeyError::Encoding)?;
        let encrypted = plain.encrypt_with_params(parameters, passphrase).map_err(|_| KeyError::Encoding)?;
        Ok(Zeroizing::new(encrypted.as_bytes().to_vec()))
    }
}

/// Encodes in constant time into memory that is wiped, which the general PEM encoder does not promise.
pub(super) fn to_pem(label: &'static str, der: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    use pkcs8::der::pem;
    // Base64 takes 4/3, line ends and the two label lines the rest: twice the size and 128 is always enough.
    let mut text = Zeroizing::new(vec![0; 2 * der.len() + 128]);
    let written = pem::encode(label, LineEnding::LF, der, &mut text).map_err(|_| KeyError::Encoding)?.len();
    text.truncate(written);
    Ok(text)
}

/// RFC 1421 §4.6.1.1, as OpenSSL writes it into traditional encrypted keys.
const ENCRYPTED_HEADER: &[u8] = b"Proc-Type: 4,ENCRYPTED";

/// A private key as a file holds it: readable, or under a passphrase.
#[derive(Debug, Clone)]
pub enum StoredKey {
    /// It was read.
    Plain(PrivateKey),
    /// PKCS#8 under a passphrase (PBES2), still closed.
    Encrypted(Block),
}

impl StoredKey {
    /// Reads the first private key of a PEM text: PKCS#8, PKCS#1 or SEC1, or encrypted PKCS#8.
    ///
    /// # Errors
    /// [`KeyError::Pem`], [`KeyError::NoKey`], [`KeyError::TraditionalEncryption`], [`KeyError::Unusable`].
    pub fn from_pem(text: &[u8]) -> Result<Self, KeyError> {
        let block = Self::first_block(text)?;
        let plain = match block.kind {
            BlockKind::EncryptedPkcs8 => return Ok(Self::Encrypted(block)),
            BlockKind::Pkcs1 => wrap_pkcs1(&block.der)?,
            BlockKind::Sec1 => wrap_sec1(&block.der)?,
            _ => block.der,
        };
        PrivateKey::from_pkcs8_der(&plain).map(Self::Plain)
    }

    /// The block of the first private key of a PEM text.
    pub(super) fn first_block(text: &[u8]) -> Result<Block, KeyError> {
        // Its header lines are no base64, so the text would pass for damaged.
        if text.windows(ENCRYPTED_HEADER.len()).any(|window| window == ENCRYPTED_HEADER) {
            return Err(KeyError::TraditionalEncryption);
        }
        let blocks = pem::decode(text).map_err(KeyError::Pem)?;
        let is_key = |block: &Block| block.kind.is_private_key();
        blocks.into_iter().find(is_key).ok_or(KeyError::NoKey)
    }

    /// The key, opened with the passphrase where it needs one.
    ///
    /// # Errors
    /// [`KeyError::Encrypted`] without a passphrase, [`KeyError::WrongPassphrase`] with another,
    /// [`KeyError::UnsupportedEncryption`] where none would help.
    pub fn open(&self, passphrase: Option<&[u8]>) -> Result<PrivateKey, KeyError> {
        match (self, passphrase) {
            (Self::Plain(key), _) => Ok(key.clone()),
            (Self::Encrypted(_), None) => Err(KeyError::Encrypted),
            (Self::Encrypted(block), Some(passphrase)) => {
                let closed = EncryptedPrivateKeyInfoRef::try_from(block.der.as_slice());
                let closed = closed.map_err(|_| unread(&block.der))?;
                let opened = closed.decrypt(passphrase).map_err(not_opened)?;
                PrivateKey::from_pkcs8_der(opened.as_bytes())
            }
        }
    }
}

/// An encrypted key whose scheme has no parser here, or which is damaged (RFC 5958 §3: two elements).
pub(super) fn unread(der: &[u8]) -> KeyError {
    match <Vec<AnyRef<'_>>>::from_der(der) {
        Ok(parts) if parts.len() == 2 => KeyError::UnsupportedEncryption,
        _ => KeyError::Unusable,
    }
}

pub(super) fn not_opened(error: pkcs8::Error) -> KeyError {
    use pkcs8::pkcs5::Error;
    match error {
        pkcs8::Error::EncryptedPrivateKey(
            Error::NoPbes1CryptSupport
            | Error::UnsupportedAlgorithm { .. }
            | Error::AlgorithmParametersInvalid { .. },
        ) => KeyError::UnsupportedEncryption,
        _ => KeyError::WrongPassphrase,
    }
}

/// ring takes no ECDSA key without its public part (RFC 5915 §3 makes it optional) or with a compressed one.
#[cfg(feature = "rsa")]
fn completed(der: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    use aws_lc_rs::encoding::AsBigEndian;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair,
    };
    [&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDSA_P384_SHA384_ASN1_SIGNING].into_iter().find_map(|algorithm| {
        let read = EcdsaKeyPair::from_pkcs8(algorithm, der).ok()?;
        let secret = read.private_key().as_be_bytes().ok()?;
        let public = read.public_key().as_ref();
        // Encoded as it was read, it would lack again what it lacked.
        let whole = EcdsaKeyPair::from_private_key_and_public_key(algorithm, secret.as_ref(), public).ok()?;
        Some(Zeroizing::new(whole.to_pkcs8v1().ok()?.as_ref().to_vec()))
    })
}

#[cfg(not(feature = "rsa"))]
fn completed(_: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    None
}

/// Why a PKCS#8 document that ring refused cannot be used, as far as its algorithm says.
fn refusal(der: &[u8]) -> KeyError {
    let Ok(document) = PrivateKeyInfoRef::try_from(der) else { return KeyError::Unusable };
    let curve = document.algorithm.parameters_oid().map(|oid| oid.to_string());
    let found = match (document.algorithm.oid.to_string().as_str(), curve.as_deref()) {
        ("1.2.840.10045.2.1", Ok("1.3.132.0.35")) => "ECDSA P-521",
        ("1.2.840.10045.2.1", Ok("1.3.132.0.10")) => "ECDSA secp256k1",
        ("1.2.840.10045.2.1", Ok("1.2.840.10045.3.1.7" | "1.3.132.0.34")) if cfg!(not(feature = "rsa")) => {
            return KeyError::Incomplete;
        }
        ("1.2.840.113549.1.1.10", _) => "RSA-PSS",
        ("1.2.840.113549.1.1.1", _) if odd_size(document.private_key.as_bytes()) => {
            "RSA of fewer than 2,048 or more than 4,096 bits"
        }
        _ => return KeyError::Unusable,
    };
    KeyError::UnusableKind { found }
}

/// Whether the modulus of a PKCS#1 RSAPrivateKey is one that ring does not take; a leading zero byte is its sign.
fn odd_size(der: &[u8]) -> bool {
    let fields: Vec<AnyRef<'_>> = Decode::from_der(der).unwrap_or_default();
    fields.get(1).is_some_and(|modulus| !(2047 / 8..=4096 / 8 + 1).contains(&modulus.value().len()))
}

/// PKCS#1 RSAPrivateKey -> PKCS#8 (RFC 5208 §5; RFC 8017 §A.1.2).
pub(super) fn wrap_pkcs1(der: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
    wrap(AlgorithmIdentifierRef { oid: RSA_ENCRYPTION, parameters: Some(AnyRef::NULL) }, der)
}

/// SEC1 ECPrivateKey -> PKCS#8; its own `parameters` say which curve (RFC 5915 §3).
pub(super) fn wrap_sec1(der: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let fields: Vec<AnyRef<'_>> = Decode::from_der(der).map_err(|_| KeyError::Unusable)?;
    // [0] EXPLICIT ECParameters, of which only a named curve is allowed in PKIX (RFC 5480 §2.1.1).
    let is_parameters = |field: &&AnyRef<'_>| matches!(field.tag(), Tag::ContextSpecific { number, .. } if number.value() == 0);
    let parameters = fields.iter().find(is_parameters);
    let curve = parameters.and_then(|field| <ObjectIdentifier>::from_der(field.value()).ok());
    let curve = curve.ok_or(KeyError::Unusable)?;
    wrap_ec(curve, der)
}

/// SEC1 ECPrivateKey -> PKCS#8 over a curve that is known.
pub(super) fn wrap_ec(curve: ObjectIdentifier, der: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
    wrap(AlgorithmIdentifierRef { oid: EC_PUBLIC_KEY, parameters: Some(AnyRef::from(&curve)) }, der)
}

fn wrap(algorithm: AlgorithmIdentifierRef<'_>, key: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let key = OctetStringRef::new(key).map_err(|_| KeyError::Unusable)?;
    let document = PrivateKeyInfoRef::new(algorithm, key);
    document.to_der().map(Zeroizing::new).map_err(|_| KeyError::Unusable)
}
