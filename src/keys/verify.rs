//! Whether a signature is a key's: with `ring` where it can, else with `aws-lc-rs`. Good is what one of them calls good,
//! never what was not asked.

use super::algorithm::PssParameters;
use super::public::{Curve, KeyKind};
use super::{DigestAlgorithm as Digest, PublicKey, SignatureAlgorithm, SignatureScheme};
use ring::signature as ring_signature;
use ring_signature::VerificationAlgorithm;
use std::fmt;

/// What became of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureCheck {
    /// The key made it over this message.
    Good,
    /// The key did not make it over this message, or cannot have: its algorithm is another.
    Bad,
    /// Nobody looked.
    NotChecked {
        /// Why not.
        reason: UncheckedReason,
    },
}

/// Why a signature was not checked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UncheckedReason {
    /// The algorithm of the signature cannot be read.
    UnreadableAlgorithm,
    /// The public key cannot be read.
    UnreadableKey,
    /// No check for such a signature with such a key.
    Unsupported {
        /// The algorithm, as people say it.
        algorithm: String,
        /// The key, as people say it.
        key: String,
    },
}

/// For a detail: `pgtls cannot check RSA with MD5 by a key RSA 2048`.
impl fmt::Display for UncheckedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnreadableAlgorithm => f.write_str("the algorithm of the signature cannot be read"),
            Self::UnreadableKey => f.write_str("the public key cannot be read"),
            Self::Unsupported { algorithm, key } => {
                write!(f, "pgtls cannot check {algorithm} by a key {key}")
            }
        }
    }
}

const UNREADABLE_KEY: SignatureCheck = SignatureCheck::NotChecked { reason: UncheckedReason::UnreadableKey };

impl PublicKey {
    /// Checks a signature over a message: `algorithm_der` is the AlgorithmIdentifier that names its algorithm,
    /// `signature` what the BIT STRING holds.
    #[must_use]
    pub fn verify(&self, algorithm_der: &[u8], message: &[u8], signature: &[u8]) -> SignatureCheck {
        let Some(algorithm) = SignatureAlgorithm::from_der(algorithm_der) else {
            return SignatureCheck::NotChecked { reason: UncheckedReason::UnreadableAlgorithm };
        };
        let Some((kind, key)) = self.parts() else { return UNREADABLE_KEY };
        let check = Check { key, message, signature };
        let answer = match (&algorithm.scheme, kind) {
            (SignatureScheme::Other(_), _) | (_, KeyKind::Other(_)) => None,
            (SignatureScheme::RsaPkcs1, KeyKind::Rsa { bits, exponent_bits }) => {
                check.pkcs1(algorithm.digest, (bits, exponent_bits))
            }
            (scheme @ SignatureScheme::RsaPss { .. }, KeyKind::Rsa { bits, exponent_bits }) => {
                check.pss(scheme, algorithm.digest, (bits, exponent_bits))
            }
            (scheme @ SignatureScheme::RsaPss { .. }, KeyKind::RsaPss { bits, exponent_bits, demanded }) => {
                match demanded {
                    Some(demanded) if !keeps(scheme, algorithm.digest, demanded) => Some(SignatureCheck::Bad),
                    _ => check.pss(scheme, algorithm.digest, (bits, exponent_bits)),
                }
            }
            (SignatureScheme::Ecdsa, KeyKind::Ec(curve)) => check.ecdsa(curve, algorithm.digest),
            (SignatureScheme::Ed25519, KeyKind::Ed25519) => Some(check.ring(&ring_signature::ED25519)),
            (SignatureScheme::Ed448, KeyKind::Ed448) | (SignatureScheme::Dsa, KeyKind::Dsa { .. }) => None,
            // The algorithm is none that such a key can have.
            _ => Some(SignatureCheck::Bad),
        };
        answer.unwrap_or_else(|| SignatureCheck::NotChecked {
            reason: UncheckedReason::Unsupported { algorithm: algorithm.to_string(), key: self.to_string() },
        })
    }
}

/// Whether a PSS signature has what its key demands: these digests, and a salt of at least this length (RFC 4055 §3.3).
fn keeps(scheme: &SignatureScheme, digest: Digest, demanded: PssParameters) -> bool {
    matches!(scheme, SignatureScheme::RsaPss { mask_digest, salt_length }
        if *mask_digest == demanded.mask_digest && *salt_length >= demanded.salt_length)
        && digest == demanded.digest
}

struct Check<'a> {
    key: &'a [u8],
    message: &'a [u8],
    signature: &'a [u8],
}

/// `None` in place of an answer: there is no check.
type Answer = Option<SignatureCheck>;

impl Check<'_> {
    fn ring(&self, algorithm: &'static dyn VerificationAlgorithm) -> SignatureCheck {
        let key = ring_signature::UnparsedPublicKey::new(algorithm, self.key);
        match key.verify(self.message, self.signature) {
            Ok(()) => SignatureCheck::Good,
            Err(_) => SignatureCheck::Bad,
        }
    }

    fn pkcs1(&self, digest: Digest, size: (usize, usize)) -> Answer {
        use ring_signature::{
            RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY as SHA1,
            RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY as SHA256,
            RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY as SHA512, RSA_PKCS1_2048_8192_SHA384 as SHA384,
        };
        if !is_checkable(size, 1024) {
            return None;
        }
        let algorithm: &'static dyn VerificationAlgorithm = match digest {
            Digest::Sha1 => &SHA1,
            Digest::Sha256 => &SHA256,
            Digest::Sha384 if size.0 >= 2048 => &SHA384,
            Digest::Sha512 => &SHA512,
            _ => return None,
        };
        Some(self.ring(algorithm))
    }

    fn pss(&self, scheme: &SignatureScheme, digest: Digest, size: (usize, usize)) -> Answer {
        let SignatureScheme::RsaPss { mask_digest, salt_length } = scheme else { return None };
        if *mask_digest != digest || !is_checkable(size, 2048) {
            return None;
        }
        if Some(*salt_length) != digest.length() {
            return self.salted_pss(digest, *salt_length);
        }
        let algorithm: &'static dyn VerificationAlgorithm = match digest {
            Digest::Sha256 => &ring_signature::RSA_PSS_2048_8192_SHA256,
            Digest::Sha384 => &ring_signature::RSA_PSS_2048_8192_SHA384,
            Digest::Sha512 => &ring_signature::RSA_PSS_2048_8192_SHA512,
            _ => return None,
        };
        Some(self.ring(algorithm))
    }

    fn ecdsa(&self, curve: Option<&'static Curve>, digest: Digest) -> Answer {
        let curve = curve?;
        // ring takes uncompressed points alone; a compressed one is as good.
        let uncompressed = self.key.first() == Some(&0x04);
        let algorithm: &'static dyn VerificationAlgorithm = match (curve.name, digest) {
            ("P-256", Digest::Sha256) if uncompressed => &ring_signature::ECDSA_P256_SHA256_ASN1,
            ("P-256", Digest::Sha384) if uncompressed => &ring_signature::ECDSA_P256_SHA384_ASN1,
            ("P-384", Digest::Sha256) if uncompressed => &ring_signature::ECDSA_P384_SHA256_ASN1,
            ("P-384", Digest::Sha384) if uncompressed => &ring_signature::ECDSA_P384_SHA384_ASN1,
            (name, digest) => return self.other_ecdsa(name, digest),
        };
        Some(self.ring(algorithm))
    }
}

/// Whether the providers take an RSA key of this size, modulus and exponent in bits. Both refuse exponents above 33
/// bits, which would look like a bad signature.
fn is_checkable((bits, exponent_bits): (usize, usize), least: usize) -> bool {
    (least..=8192).contains(&bits) && (2..=33).contains(&exponent_bits)
}

/// What ring has no check for.
#[cfg(feature = "rsa")]
impl Check<'_> {
    fn salted_pss(&self, digest: Digest, salt_length: u32) -> Answer {
        use aws_lc_rs::signature::{
            RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaPssSaltLength,
            VerificationAlgorithm as _,
        };
        let parameters = match digest {
            Digest::Sha256 => RSA_PSS_2048_8192_SHA256,
            Digest::Sha384 => RSA_PSS_2048_8192_SHA384,
            Digest::Sha512 => RSA_PSS_2048_8192_SHA512,
            _ => return None,
        };
        // No modulus that is taken has room for 65,536 bytes.
        let Ok(salt_length) = u16::try_from(salt_length) else { return Some(SignatureCheck::Bad) };
        let parameters = parameters.with_pss_salt_length(RsaPssSaltLength::Custom(salt_length));
        let good = parameters.verify_sig(self.key, self.message, self.signature).is_ok();
        Some(if good { SignatureCheck::Good } else { SignatureCheck::Bad })
    }

    fn other_ecdsa(&self, curve: &str, digest: Digest) -> Answer {
        use aws_lc_rs::signature as aws;
        let algorithm: &'static aws::EcdsaVerificationAlgorithm = match (curve, digest) {
            ("P-256", Digest::Sha1) => &aws::ECDSA_P256_SHA1_ASN1,
            ("P-256", Digest::Sha256) => &aws::ECDSA_P256_SHA256_ASN1,
            ("P-256", Digest::Sha384) => &aws::ECDSA_P256_SHA384_ASN1,
            ("P-256", Digest::Sha512) => &aws::ECDSA_P256_SHA512_ASN1,
            ("P-384", Digest::Sha256) => &aws::ECDSA_P384_SHA256_ASN1,
            ("P-384", Digest::Sha384) => &aws::ECDSA_P384_SHA384_ASN1,
            ("P-384", Digest::Sha512) => &aws::ECDSA_P384_SHA512_ASN1,
            ("P-384", Digest::Sha3_384) => &aws::ECDSA_P384_SHA3_384_ASN1,
            ("P-521", Digest::Sha1) => &aws::ECDSA_P521_SHA1_ASN1,
            ("P-521", Digest::Sha224) => &aws::ECDSA_P521_SHA224_ASN1,
            ("P-521", Digest::Sha256) => &aws::ECDSA_P521_SHA256_ASN1,
            ("P-521", Digest::Sha384) => &aws::ECDSA_P521_SHA384_ASN1,
            ("P-521", Digest::Sha512) => &aws::ECDSA_P521_SHA512_ASN1,
            ("P-521", Digest::Sha3_512) => &aws::ECDSA_P521_SHA3_512_ASN1,
            ("secp256k1", Digest::Sha256) => &aws::ECDSA_P256K1_SHA256_ASN1,
            ("secp256k1", Digest::Sha3_256) => &aws::ECDSA_P256K1_SHA3_256_ASN1,
            _ => return None,
        };
        // A key that it cannot read is no reason to call the signature bad.
        let Ok(key) = aws::ParsedPublicKey::new(algorithm, self.key) else { return Some(UNREADABLE_KEY) };
        Some(match key.verify_sig(self.message, self.signature) {
            Ok(()) => SignatureCheck::Good,
            Err(_) => SignatureCheck::Bad,
        })
    }
}

/// A build without `aws-lc-rs` has no further check.
#[cfg(not(feature = "rsa"))]
impl Check<'_> {
    fn salted_pss(&self, _: Digest, _: u32) -> Answer {
        None
    }

    fn other_ecdsa(&self, _: &str, _: Digest) -> Answer {
        None
    }
}
