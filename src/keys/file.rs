//! Key files for judging: how a private key is written, how it is locked, and its public key, whatever its kind. It
//! signs nothing and hands out nothing that is secret; for keys that sign there is [`StoredKey`](super::StoredKey).

use super::public::{ID_DSA, ID_EC_PUBLIC_KEY, ID_ED25519, RSA_ENCRYPTION, RSASSA_PSS, algorithm_name, spki};
use super::{KeyType, PublicKey, p256_document};
use crate::pem::{self, BlockKind, ScannedBlock};
use pkcs8::der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use pkcs8::der::{Decode, Encode, Reader, Tag, Tagged};
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Kdf;
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use ring::signature::KeyPair as _;

/// A private key as a file holds it. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// PEM or DER.
    pub form: KeyForm,
    /// The structure around the key.
    pub encoding: KeyEncoding,
    /// How it is locked.
    pub encryption: KeyEncryption,
    /// What could be seen of the key.
    pub content: KeyContent,
}

/// How the bytes of a key file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyForm {
    /// As text.
    Pem {
        /// The line of its BEGIN line; the first is 1.
        line: usize,
    },
    /// As bytes. libpq reads it for `sslkey` since 13; a server does not.
    Der,
    /// In a PKCS#12 archive, which neither reads.
    Pkcs12,
}

/// The structures that hold a private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyEncoding {
    /// PKCS#8 (RFC 5208, RFC 5958): any kind of key.
    Pkcs8,
    /// PKCS#1 RSAPrivateKey (RFC 8017 §A.1.2).
    Pkcs1,
    /// SEC1 ECPrivateKey (RFC 5915).
    Sec1,
    /// OpenSSL's structure for DSA.
    Dsa,
}

/// How a key file is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyEncryption {
    /// It is not.
    None,
    /// Encrypted PKCS#8 (RFC 5958 §3).
    Pkcs8,
    /// The traditional way of PEM (RFC 1421): one round of MD5 between passphrase and key.
    Traditional,
}

/// What could be seen of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyContent {
    /// It was read, and this is its public key.
    Public(PublicKey),
    /// It was read, but its public key is not stored with it and cannot be derived here.
    Underivable {
        /// The kind, as people say it.
        kind: String,
    },
    /// It is locked.
    Locked(LockReason),
    /// It is not what it claims to be.
    Damaged,
}

/// Why a key stays locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockReason {
    /// No passphrase was given.
    NoPassphrase,
    /// The passphrase does not open it, or it is damaged inside: the two look alike.
    WrongPassphrase,
    /// The scheme is one that is not read here: a rare one, the traditional one, or one that asks for more memory or
    /// time than is spent on it (for scrypt OpenSSL's own limit of 32 MiB).
    Unsupported,
}

/// OpenSSL refuses scrypt above it (`SCRYPT_MAX_MEM`, crypto/evp/pbe_scrypt.c).
const MOST_SCRYPT_MEMORY: u64 = 32 << 20;
/// 32 times the usual N = 2^14, r = 8, p = 1: under three seconds.
const MOST_SCRYPT_WORK: u64 = 1 << 22;
/// Some seconds; people use up to a million.
const MOST_ROUNDS: u32 = 10_000_000;

impl KeyFile {
    /// Reads the first private key of a file, PEM or DER, with the passphrase where one is given. `None` where it holds
    /// no key that is whole on its outside; what is wrong with a text is told by [`pem::scan`].
    #[must_use]
    pub fn read(bytes: &[u8], passphrase: Option<&[u8]>) -> Option<Self> {
        if pem::looks_like_der(bytes) {
            let (encoding, encryption) = encoding_of(bytes)?;
            let content = content(encoding, encryption, bytes, passphrase);
            return Some(Self { form: KeyForm::Der, encoding, encryption, content });
        }
        pem::scan(bytes).blocks.iter().find_map(|block| Self::from_block(block, passphrase))
    }

    /// Reads a block of a PEM text; `None` where its label is not that of a private key.
    #[must_use]
    pub fn from_block(block: &ScannedBlock, passphrase: Option<&[u8]>) -> Option<Self> {
        let (encoding, encryption) = match (block.kind, block.label.as_str()) {
            (BlockKind::Pkcs8, _) => (KeyEncoding::Pkcs8, KeyEncryption::None),
            (BlockKind::EncryptedPkcs8, _) => (KeyEncoding::Pkcs8, KeyEncryption::Pkcs8),
            (BlockKind::Pkcs1, _) => (KeyEncoding::Pkcs1, KeyEncryption::None),
            (BlockKind::Sec1, _) => (KeyEncoding::Sec1, KeyEncryption::None),
            (BlockKind::OtherKey, _) => (KeyEncoding::Dsa, KeyEncryption::None),
            (BlockKind::TraditionalEncrypted, "RSA PRIVATE KEY") => {
                (KeyEncoding::Pkcs1, KeyEncryption::Traditional)
            }
            (BlockKind::TraditionalEncrypted, "EC PRIVATE KEY") => {
                (KeyEncoding::Sec1, KeyEncryption::Traditional)
            }
            (BlockKind::TraditionalEncrypted, "DSA PRIVATE KEY") => {
                (KeyEncoding::Dsa, KeyEncryption::Traditional)
            }
            (BlockKind::TraditionalEncrypted, _) => (KeyEncoding::Pkcs8, KeyEncryption::Traditional),
            _ => return None,
        };
        let content = content(encoding, encryption, &block.der, passphrase);
        Some(Self { form: KeyForm::Pem { line: block.line }, encoding, encryption, content })
    }

    /// A key of a PKCS#12 archive that was opened: the PKCS#8 document.
    pub(super) fn of_archive(pkcs8: &[u8]) -> Self {
        let (encoding, encryption) = (KeyEncoding::Pkcs8, KeyEncryption::None);
        let content = content(encoding, encryption, pkcs8, None);
        Self { form: KeyForm::Pkcs12, encoding, encryption, content }
    }

    /// The public key, where it could be seen.
    #[must_use]
    pub fn public(&self) -> Option<&PublicKey> {
        match &self.content {
            KeyContent::Public(public) => Some(public),
            _ => None,
        }
    }
}

/// Tells the structures apart by the elements that they begin with.
pub(super) fn encoding_of(der: &[u8]) -> Option<(KeyEncoding, KeyEncryption)> {
    let (first, count) = fields(der)?;
    let [first, second] = [first[0]?.tag(), first[1]?.tag()];
    match (first, second, count) {
        (Tag::Integer, Tag::Sequence, _) => Some((KeyEncoding::Pkcs8, KeyEncryption::None)),
        (Tag::Integer, Tag::OctetString, _) => Some((KeyEncoding::Sec1, KeyEncryption::None)),
        // version, p, q, g, y, x
        (Tag::Integer, Tag::Integer, 6) => Some((KeyEncoding::Dsa, KeyEncryption::None)),
        (Tag::Integer, Tag::Integer, _) => Some((KeyEncoding::Pkcs1, KeyEncryption::None)),
        (Tag::Sequence, Tag::OctetString, 2) => Some((KeyEncoding::Pkcs8, KeyEncryption::Pkcs8)),
        _ => None,
    }
}

/// The first six elements of a SEQUENCE, and how many it has.
pub(super) fn fields(der: &[u8]) -> Option<([Option<AnyRef<'_>>; 6], usize)> {
    let sequence = AnyRef::from_der(der).ok()?;
    let read = sequence.sequence(|reader| {
        let (mut first, mut count) = ([None; 6], 0);
        while !reader.is_finished() {
            let field = reader.decode::<AnyRef<'_>>()?;
            if let Some(place) = first.get_mut(count) {
                *place = Some(field);
            }
            count += 1;
        }
        Ok::<_, pkcs8::der::Error>((first, count))
    });
    read.ok()
}

fn content(
    encoding: KeyEncoding,
    encryption: KeyEncryption,
    der: &[u8],
    passphrase: Option<&[u8]>,
) -> KeyContent {
    let read = match (encryption, encoding) {
        (KeyEncryption::Traditional, _) => return KeyContent::Locked(LockReason::Unsupported),
        (KeyEncryption::Pkcs8, _) => return opened(der, passphrase),
        (KeyEncryption::None, KeyEncoding::Pkcs8) => of_pkcs8(der),
        (KeyEncryption::None, KeyEncoding::Pkcs1) => of_pkcs1(rsa_algorithm(), der).map(KeyContent::Public),
        (KeyEncryption::None, KeyEncoding::Sec1) => of_sec1(None, der),
        (KeyEncryption::None, KeyEncoding::Dsa) => of_dsa(der).map(KeyContent::Public),
    };
    read.unwrap_or(KeyContent::Damaged)
}

/// What is under the passphrase. The opened document is wiped as it is dropped.
fn opened(der: &[u8], passphrase: Option<&[u8]>) -> KeyContent {
    let Ok(closed) = EncryptedPrivateKeyInfoRef::try_from(der) else {
        // Well-formed, but with a scheme that has no parser.
        let is_whole = fields(der).is_some_and(|(_, count)| count == 2);
        return if is_whole { KeyContent::Locked(LockReason::Unsupported) } else { KeyContent::Damaged };
    };
    let Some(passphrase) = passphrase else { return KeyContent::Locked(LockReason::NoPassphrase) };
    if !is_affordable(&closed.encryption_algorithm) {
        return KeyContent::Locked(LockReason::Unsupported);
    }
    match closed.decrypt(passphrase) {
        Ok(document) => of_pkcs8(document.as_bytes()).unwrap_or(KeyContent::Damaged),
        Err(error) => KeyContent::Locked(match super::encoding::not_opened(error) {
            super::KeyError::UnsupportedEncryption => LockReason::Unsupported,
            _ => LockReason::WrongPassphrase,
        }),
    }
}

/// Whether deriving the key costs neither memory nor time out of proportion: a file may ask for any.
fn is_affordable(scheme: &EncryptionScheme) -> bool {
    let EncryptionScheme::Pbes2(parameters) = scheme else { return true };
    match &parameters.kdf {
        Kdf::Pbkdf2(pbkdf2) => pbkdf2.iteration_count <= MOST_ROUNDS,
        Kdf::Scrypt(scrypt) => {
            let (r, p) = (u64::from(scrypt.block_size), u64::from(scrypt.parallelization));
            let blocks = scrypt.cost_parameter.checked_add(p).and_then(|blocks| blocks.checked_mul(128 * r));
            let work = scrypt.cost_parameter.checked_mul(r * p);
            blocks.is_some_and(|memory| memory <= MOST_SCRYPT_MEMORY)
                && work.is_some_and(|work| work <= MOST_SCRYPT_WORK)
        }
        _ => false,
    }
}

/// The public key of a PKCS#8 document of any kind, where it can be told.
pub(super) fn public_of_pkcs8(der: &[u8]) -> Option<PublicKey> {
    match of_pkcs8(der)? {
        KeyContent::Public(public) => Some(public),
        _ => None,
    }
}

fn of_pkcs8(der: &[u8]) -> Option<KeyContent> {
    let usual = p256_document::point(der).and_then(|point| PublicKey::wrap(KeyType::EcdsaP256, point));
    usual.map(KeyContent::Public).or_else(|| parsed_pkcs8(der))
}

pub(super) fn parsed_pkcs8(der: &[u8]) -> Option<KeyContent> {
    let document = PrivateKeyInfoRef::try_from(der).ok()?;
    let (algorithm, key) = (document.algorithm, document.private_key.as_bytes());
    match algorithm.oid {
        RSA_ENCRYPTION => of_pkcs1(rsa_algorithm(), key).map(KeyContent::Public),
        RSASSA_PSS => of_pkcs1(algorithm, key).map(KeyContent::Public),
        ID_EC_PUBLIC_KEY => of_sec1(Some(algorithm), key),
        ID_ED25519 => {
            let seed = <&OctetStringRef>::from_der(key).ok()?;
            let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(seed.as_bytes()).ok()?;
            PublicKey::wrap(KeyType::Ed25519, pair.public_key().as_ref()).map(KeyContent::Public)
        }
        // Version 2 may hold the public key (RFC 5958 §2).
        other => match document.public_key.and_then(|bits| bits.as_bytes()) {
            Some(public) => spki(algorithm, public).map(KeyContent::Public),
            None => Some(KeyContent::Underivable { kind: algorithm_name(other) }),
        },
    }
}

/// rsaEncryption has NULL for parameters (RFC 3279 §2.3.1), whatever the file says.
fn rsa_algorithm() -> AlgorithmIdentifierRef<'static> {
    AlgorithmIdentifierRef { oid: RSA_ENCRYPTION, parameters: Some(AnyRef::NULL) }
}

/// RSAPrivateKey: version, modulus, public exponent, and what is secret.
fn of_pkcs1(algorithm: AlgorithmIdentifierRef<'_>, der: &[u8]) -> Option<PublicKey> {
    let ([_, modulus, exponent, ..], 9..) = fields(der)? else { return None };
    spki(algorithm, &sequence(&[integer(modulus)?, integer(exponent)?])?)
}

/// OpenSSL's structure for DSA: version, p, q, g, y, x.
fn of_dsa(der: &[u8]) -> Option<PublicKey> {
    let ([_, p, q, g, y, _], 6) = fields(der)? else { return None };
    let parameters = sequence(&[integer(p)?, integer(q)?, integer(g)?])?;
    let parameters = Some(AnyRef::from_der(&parameters).ok()?);
    spki(AlgorithmIdentifierRef { oid: ID_DSA, parameters }, &integer(y)?.to_der().ok()?)
}

fn integer(field: Option<AnyRef<'_>>) -> Option<AnyRef<'_>> {
    field.filter(|field| field.tag() == Tag::Integer)
}

fn sequence(members: &[AnyRef<'_>]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    for member in members {
        member.encode_to_vec(&mut content).ok()?;
    }
    AnyRef::new(Tag::Sequence, &content).ok()?.to_der().ok()
}

/// ECPrivateKey (RFC 5915 §3): version, secret, [0] curve, [1] public key. PKCS#8 names the curve outside.
fn of_sec1(algorithm: Option<AlgorithmIdentifierRef<'_>>, der: &[u8]) -> Option<KeyContent> {
    let ([Some(_), Some(secret), rest @ ..], 2..=4) = fields(der)? else { return None };
    if secret.tag() != Tag::OctetString {
        return None;
    }
    let tagged = |wanted: u32| {
        let is_it = |field: &&AnyRef<'_>| matches!(field.tag(), Tag::ContextSpecific { number, .. } if number.value() == wanted);
        rest.iter().flatten().find(is_it).map(|field| field.value())
    };
    let named = match tagged(0) {
        Some(parameters) => Some(AnyRef::from_der(parameters).ok()?),
        None => None,
    };
    let unnamed = || KeyContent::Underivable { kind: "ECDSA over an unnamed curve".to_owned() };
    let inner = named.map(|curve| AlgorithmIdentifierRef { oid: ID_EC_PUBLIC_KEY, parameters: Some(curve) });
    let Some(algorithm) = algorithm.or(inner) else { return Some(unnamed()) };
    let stored = match tagged(1) {
        Some(bits) => Some(BitStringRef::from_der(bits).ok()?.as_bytes()?),
        None => None,
    };
    if let Some(point) = stored {
        return spki(algorithm, point).map(KeyContent::Public);
    }
    let derived = derived_point(algorithm, der).and_then(|point| spki(algorithm, &point));
    Some(derived.map_or_else(|| KeyContent::Underivable { kind: curve_name(algorithm) }, KeyContent::Public))
}

/// The curve's name, by way of a public key without a point.
fn curve_name(algorithm: AlgorithmIdentifierRef<'_>) -> String {
    spki(algorithm, &[]).map_or_else(|| algorithm_name(algorithm.oid), |public| public.to_string())
}

/// The public point of an ECPrivateKey that does not store it.
#[cfg(feature = "rsa")]
fn derived_point(algorithm: AlgorithmIdentifierRef<'_>, sec1: &[u8]) -> Option<Vec<u8>> {
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
        ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, KeyPair,
    };
    use pkcs8::der::asn1::ObjectIdentifier;
    let curve = algorithm.parameters?.decode_as::<ObjectIdentifier>().ok()?;
    let pkcs8 = super::encoding::wrap_ec(curve, sec1).ok()?;
    let algorithms = [
        &ECDSA_P256_SHA256_ASN1_SIGNING,
        &ECDSA_P384_SHA384_ASN1_SIGNING,
        &ECDSA_P521_SHA512_ASN1_SIGNING,
        &ECDSA_P256K1_SHA256_ASN1_SIGNING,
    ];
    let pair =
        algorithms.into_iter().find_map(|algorithm| EcdsaKeyPair::from_pkcs8(algorithm, &pkcs8).ok())?;
    Some(pair.public_key().as_ref().to_vec())
}

#[cfg(not(feature = "rsa"))]
fn derived_point(_: AlgorithmIdentifierRef<'_>, _: &[u8]) -> Option<Vec<u8>> {
    None
}
