//! Public keys: the exact SubjectPublicKeyInfo, what it is called, and its identifier.

use super::KeyType;
use super::algorithm::PssParameters;
use super::logarithm::ln;
use pkcs8::der::asn1::{AnyRef, BitStringRef, ObjectIdentifier};
use pkcs8::der::{Decode, Encode, Reader, Tag, Tagged};
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use std::fmt;

pub(super) const ID_EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
pub(super) const ID_ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
pub(super) const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(super) const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const ID_ED448: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.113");
const ID_X25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.110");
const ID_X448: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.111");
pub(super) const ID_DSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");

/// A named curve.
#[derive(Debug)]
pub(super) struct Curve {
    oid: ObjectIdentifier,
    /// As people call it.
    pub(super) name: &'static str,
    /// The bits of its order.
    bits: u32,
}

const fn curve(oid: &'static str, name: &'static str, bits: u32) -> Curve {
    Curve { oid: ObjectIdentifier::new_unwrap(oid), name, bits }
}

static P256: Curve = curve("1.2.840.10045.3.1.7", "P-256", 256);

/// The curves that certificates name (RFC 5480 §2.1.1.1, SEC 2, RFC 5639).
static CURVES: [&Curve; 12] = [
    &P256,
    &curve("1.3.132.0.34", "P-384", 384),
    &curve("1.3.132.0.35", "P-521", 521),
    &curve("1.3.132.0.33", "P-224", 224),
    &curve("1.2.840.10045.3.1.1", "P-192", 192),
    &curve("1.3.132.0.10", "secp256k1", 256),
    &curve("1.3.36.3.3.2.8.1.1.1", "brainpoolP160r1", 160),
    &curve("1.3.36.3.3.2.8.1.1.5", "brainpoolP224r1", 224),
    &curve("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1", 256),
    &curve("1.3.36.3.3.2.8.1.1.9", "brainpoolP320r1", 320),
    &curve("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1", 384),
    &curve("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1", 512),
];

/// What stands before the point in the SubjectPublicKeyInfo of an uncompressed P-256 key (RFC 5480 §2.2), the kind that
/// nearly every certificate of thousands has.
const P256_HEADER: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const P256_POINT_BYTES: usize = 65;

/// What a public key is, with what its strength depends on.
pub(super) enum KeyKind {
    Rsa {
        bits: usize,
        exponent_bits: usize,
    },
    RsaPss {
        bits: usize,
        exponent_bits: usize,
        demanded: Option<PssParameters>,
    },
    /// `None`: a curve without a name, or with one that is not known here.
    Ec(Option<&'static Curve>),
    Ed25519,
    Ed448,
    X25519,
    X448,
    Dsa {
        bits: usize,
        order_bits: usize,
    },
    Other(ObjectIdentifier),
}

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
        if kind == KeyType::EcdsaP256 && key.len() == P256_POINT_BYTES {
            return Some(Self { spki: [P256_HEADER.as_slice(), key].concat() });
        }
        Self::encoded(kind, key)
    }

    fn encoded(kind: KeyType, key: &[u8]) -> Option<Self> {
        let (oid, parameters) = match kind {
            KeyType::EcdsaP256 => (ID_EC_PUBLIC_KEY, Some(AnyRef::from(&SECP256R1))),
            KeyType::EcdsaP384 => (ID_EC_PUBLIC_KEY, Some(AnyRef::from(&SECP384R1))),
            KeyType::Ed25519 => (ID_ED25519, None),
            KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096 => (RSA_ENCRYPTION, Some(AnyRef::NULL)),
        };
        spki(AlgorithmIdentifierRef { oid, parameters }, key)
    }

    /// The key type, where it is one that this crate makes.
    #[must_use]
    pub fn key_type(&self) -> Option<KeyType> {
        match self.parts()?.0 {
            KeyKind::Ed25519 => Some(KeyType::Ed25519),
            KeyKind::Ec(curve) => match curve?.name {
                "P-256" => Some(KeyType::EcdsaP256),
                "P-384" => Some(KeyType::EcdsaP384),
                _ => None,
            },
            KeyKind::Rsa { bits: 2048, .. } => Some(KeyType::Rsa2048),
            KeyKind::Rsa { bits: 3072, .. } => Some(KeyType::Rsa3072),
            KeyKind::Rsa { bits: 4096, .. } => Some(KeyType::Rsa4096),
            _ => None,
        }
    }

    /// What it is, and the bits of the subjectPublicKey; `None` where it cannot be read.
    pub(super) fn parts(&self) -> Option<(KeyKind, &[u8])> {
        match self.p256_point() {
            Some(point) => Some((KeyKind::Ec(Some(&P256)), point)),
            None => self.parsed_parts(),
        }
    }

    /// The point of an uncompressed P-256 key, without a parser, which takes longer than all else that is asked of one.
    fn p256_point(&self) -> Option<&[u8]> {
        self.spki.strip_prefix(&P256_HEADER).filter(|point| point.len() == P256_POINT_BYTES)
    }

    fn parsed_parts(&self) -> Option<(KeyKind, &[u8])> {
        let parsed = SubjectPublicKeyInfoRef::from_der(&self.spki).ok()?;
        let key = parsed.subject_public_key.as_bytes()?;
        let parameters = parsed.algorithm.parameters;
        let kind = match parsed.algorithm.oid {
            RSA_ENCRYPTION => {
                let [bits, exponent_bits] = integer_bits(AnyRef::from_der(key).ok()?)?;
                KeyKind::Rsa { bits, exponent_bits }
            }
            RSASSA_PSS => {
                let [bits, exponent_bits] = integer_bits(AnyRef::from_der(key).ok()?)?;
                let demanded = match parameters {
                    Some(parameters) => Some(PssParameters::read(parameters)?),
                    None => None,
                };
                KeyKind::RsaPss { bits, exponent_bits, demanded }
            }
            ID_EC_PUBLIC_KEY => {
                let oid = parameters.and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
                KeyKind::Ec(CURVES.iter().copied().find(|curve| Some(curve.oid) == oid))
            }
            ID_ED25519 => KeyKind::Ed25519,
            ID_ED448 => KeyKind::Ed448,
            ID_X25519 => KeyKind::X25519,
            ID_X448 => KeyKind::X448,
            ID_DSA => {
                let [bits, order_bits] = integer_bits(parameters?)?;
                KeyKind::Dsa { bits, order_bits }
            }
            other => KeyKind::Other(other),
        };
        Some((kind, key))
    }

    /// Whether it is on an elliptic curve that it spells out, where it has to name one (RFC 5480 §2.1.1).
    #[must_use]
    pub fn spells_out_its_curve(&self) -> bool {
        if self.p256_point().is_some() {
            return false;
        }
        let parsed = SubjectPublicKeyInfoRef::from_der(&self.spki).ok();
        parsed.map(|parsed| parsed.algorithm).is_some_and(|algorithm| {
            let is_spelt = |parameters: AnyRef<'_>| parameters.tag() == Tag::Sequence;
            algorithm.oid == ID_EC_PUBLIC_KEY && algorithm.parameters.is_some_and(is_spelt)
        })
    }

    /// Its strength in bits as OpenSSL's security levels count it (`EVP_PKEY_get_security_bits`, OpenSSL 3; level 2,
    /// Debian's default, wants 112). `None` where it cannot be read, or its kind is not known.
    #[must_use]
    pub fn security_bits(&self) -> Option<u32> {
        match self.parts()?.0 {
            KeyKind::Rsa { bits, .. } | KeyKind::RsaPss { bits, .. } => Some(rsa_security_bits(bits)),
            KeyKind::Ec(curve) => Some(match curve?.bits {
                512.. => 256,
                384.. => 192,
                256.. => 128,
                224.. => 112,
                160.. => 80,
                bits => bits / 2,
            }),
            KeyKind::Ed25519 | KeyKind::X25519 => Some(128),
            KeyKind::Ed448 | KeyKind::X448 => Some(224),
            KeyKind::Dsa { bits, order_bits } => {
                let by_modulus = match bits {
                    15360.. => 256,
                    7680.. => 192,
                    3072.. => 128,
                    2048.. => 112,
                    1024.. => 80,
                    _ => 0,
                };
                let by_order = u32::try_from(order_bits / 2).unwrap_or(by_modulus);
                Some(if by_order < 80 { 0 } else { by_modulus.min(by_order) })
            }
            KeyKind::Other(_) => None,
        }
    }

    /// Whether two are one key, however each is written: ECDSA points may be compressed, parameters of RSA absent.
    #[must_use]
    pub fn is_same_key(&self, other: &Self) -> bool {
        if self.spki == other.spki {
            return true;
        }
        match (self.parts(), other.parts()) {
            (Some((KeyKind::Rsa { .. }, own)), Some((KeyKind::Rsa { .. }, others))) => own == others,
            (Some((KeyKind::Ec(Some(own_curve)), own)), Some((KeyKind::Ec(Some(curve)), others))) => {
                // Two whole points are told by all their bytes: one that differs in y alone lies on no curve, or is the
                // key's negative.
                let (short, shorter) = (compressed(own), compressed(others));
                let comparable = own_curve.oid == curve.oid && own.len() != others.len();
                comparable && short.is_some() && short == shorter
            }
            _ => false,
        }
    }

    /// What all writings of one key have in common, to look it up by: the x of a point, the PKCS#1 form of RSA, else all
    /// of it. Another key may share it; [`is_same_key`](Self::is_same_key) decides.
    #[must_use]
    pub fn lookup(&self) -> &[u8] {
        match self.parts() {
            Some((KeyKind::Rsa { .. }, key)) => key,
            Some((KeyKind::Ec(Some(_)), point)) => compressed(point).map_or(point, |(_, x)| x),
            _ => &self.spki,
        }
    }

    /// The subject key identifier: SHA-1 of the public key's bits (RFC 5280 §4.2.1.2, method 1), which is what
    /// OpenSSL writes too, so that both name one key alike. It identifies; nothing rests on its strength.
    #[must_use]
    pub fn identifier(&self) -> Vec<u8> {
        let parsed = || SubjectPublicKeyInfoRef::from_der(&self.spki).ok()?.subject_public_key.as_bytes();
        let bits = self.p256_point().or_else(parsed).unwrap_or(&self.spki);
        ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, bits).as_ref().to_vec()
    }
}

/// The name for people: `ECDSA P-256`, `RSA 1024`, or the algorithm's OID.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            None => f.write_str("unreadable key"),
            Some((KeyKind::Rsa { bits, .. }, _)) => write!(f, "RSA {bits}"),
            Some((KeyKind::RsaPss { bits, .. }, _)) => write!(f, "RSA-PSS {bits}"),
            Some((KeyKind::Ec(Some(curve)), _)) => write!(f, "ECDSA {}", curve.name),
            Some((KeyKind::Ec(None), _)) => f.write_str("ECDSA over an unknown curve"),
            Some((KeyKind::Ed25519, _)) => f.write_str("Ed25519"),
            Some((KeyKind::Ed448, _)) => f.write_str("Ed448"),
            Some((KeyKind::X25519, _)) => f.write_str("X25519"),
            Some((KeyKind::X448, _)) => f.write_str("X448"),
            Some((KeyKind::Dsa { bits, .. }, _)) => write!(f, "DSA {bits}"),
            Some((KeyKind::Other(oid), _)) => write!(f, "algorithm {oid}"),
        }
    }
}

/// The SubjectPublicKeyInfo of an algorithm and its bits.
pub(super) fn spki(algorithm: AlgorithmIdentifierRef<'_>, key: &[u8]) -> Option<PublicKey> {
    let subject_public_key = BitStringRef::from_bytes(key).ok()?;
    let spki = SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der().ok()?;
    Some(PublicKey { spki })
}

/// What people call a kind of key whose sizes are not known.
pub(super) fn algorithm_name(oid: ObjectIdentifier) -> String {
    let name = match oid {
        ID_ED448 => "Ed448",
        ID_X25519 => "X25519",
        ID_X448 => "X448",
        ID_DSA => "DSA",
        other => return format!("algorithm {other}"),
    };
    name.to_owned()
}

/// A point as whether its y is odd, and its x (SEC 1 §2.3.3).
fn compressed(point: &[u8]) -> Option<(bool, &[u8])> {
    match point {
        [2, x @ ..] => Some((false, x)),
        [3, x @ ..] => Some((true, x)),
        [4, coordinates @ ..] => {
            let (x, y) = coordinates.split_at(coordinates.len() / 2);
            Some((y.last()? % 2 == 1, x))
        }
        _ => None,
    }
}

/// The bits of the first two INTEGERs of a SEQUENCE: modulus and exponent of a PKCS#1 RSAPublicKey, p and q of DSA.
fn integer_bits(sequence: AnyRef<'_>) -> Option<[usize; 2]> {
    let bits = sequence.sequence(|reader| {
        let bits = [bit_length(reader.decode()?), bit_length(reader.decode()?)];
        // What follows is not asked for.
        reader.read_slice(reader.remaining_len())?;
        Ok::<_, pkcs8::der::Error>(bits)
    });
    let [first, second] = bits.ok()?;
    Some([first?, second?])
}

/// The bits of an INTEGER; `None` for another element, and for zero.
fn bit_length(integer: AnyRef<'_>) -> Option<usize> {
    let bytes = integer.value();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let leading = bytes.get(zeros)?.leading_zeros() as usize;
    (integer.tag() == Tag::Integer).then_some((bytes.len() - zeros) * 8 - leading)
}

/// OpenSSL 3's figure for RSA (`ossl_ifc_ffc_compute_security_bits`): NIST SP 800-56B rev. 2, appendix D, with the
/// tabled sizes as they are, the others by its formula and to the nearest multiple of 8.
fn rsa_security_bits(bits: usize) -> u32 {
    match bits {
        0..8 => 0,
        2048 => 112,
        3072 => 128,
        4096 => 152,
        6144 => 176,
        7680 => 192,
        8192 => 200,
        15360 => 256,
        687_737.. => 1200,
        _ => {
            let nats = bits as f64 * std::f64::consts::LN_2;
            let strength = (1.923 * (nats * ln(nats).powi(2)).cbrt() - 4.69) / std::f64::consts::LN_2;
            let most = match bits {
                ..=7680 => 192,
                7681..=15360 => 256,
                _ => 1200,
            };
            ((strength.max(0.0) as u32 + 4) & !7).min(most)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_p256_key_is_the_same_with_the_parser_and_without() {
        let key = PublicKey::wrap(KeyType::EcdsaP256, &[4; P256_POINT_BYTES]).expect("a key");
        assert_eq!(Some(&key), PublicKey::encoded(KeyType::EcdsaP256, &[4; P256_POINT_BYTES]).as_ref());
        assert_eq!(key.p256_point(), Some(&[4; P256_POINT_BYTES][..]));
        let (Some((KeyKind::Ec(Some(short)), point)), Some((KeyKind::Ec(Some(long)), same_point))) =
            (key.parts(), key.parsed_parts())
        else {
            panic!("a key on a curve that is known");
        };
        assert_eq!((short.name, point), (long.name, same_point));
    }

    #[test]
    fn what_only_begins_like_a_p256_key_is_left_to_the_parser() {
        let key = PublicKey::wrap(KeyType::EcdsaP256, &[4; P256_POINT_BYTES]).expect("a key");
        for length in 0..key.spki.len() {
            assert!(PublicKey::from_spki_der(&key.spki[..length]).parts().is_none(), "{length}");
        }
        let followed = [key.spki_der(), &[0]].concat();
        assert!(PublicKey::from_spki_der(&followed).parts().is_none());
    }
}
