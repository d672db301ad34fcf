//! What can go wrong with a key.

use super::KeyType;
use crate::diagnosis::{Diagnosis, Failure};

/// A key that cannot be made, read or used. No variant holds key material.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A key type that does not exist.
    #[error("unknown key type \"{found}\"")]
    UnknownType {
        /// What was asked for.
        found: String,
    },
    /// An RSA key was asked of a build without RSA.
    #[error("this pgtls was built without RSA keys")]
    RsaLeftOut,
    /// The system's random number generator, or the provider, failed.
    #[error("could not generate a key: the random number generator failed")]
    Generation,
    /// No private key in a file that should hold one.
    #[error("no private key found in it")]
    NoKey,
    /// The text is not PEM.
    #[error("its PEM text is damaged")]
    Pem(#[source] crate::pem::PemError),
    /// The key is encrypted and there is no passphrase.
    #[error("the key is encrypted, and no passphrase was given")]
    Encrypted,
    /// The key is encrypted the way of OpenSSL before 1.0 (`Proc-Type: 4,ENCRYPTED`).
    #[error("the key is encrypted in the traditional form, which pgtls does not read")]
    TraditionalEncryption,
    /// The key is encrypted with a scheme that is not read: PBES1, or PBES2 with a rare cipher or hash.
    #[error("the key is encrypted in a way that pgtls does not read")]
    UnsupportedEncryption,
    /// The passphrase does not open the key.
    #[error("the passphrase does not open the key")]
    WrongPassphrase,
    /// The key's encoding or algorithm is not one that can sign here.
    #[error("the key is damaged or of a kind that pgtls cannot sign with")]
    Unusable,
    /// A whole key of a kind that cannot sign here.
    #[error("pgtls cannot sign with a key of its kind: {found}")]
    UnusableKind {
        /// The kind, as people say it.
        found: &'static str,
    },
    /// A key of a kind that the asked encoding does not know.
    #[error("a key of the kind {kind} cannot be written as {encoding}")]
    OtherEncoding {
        /// `PKCS#1` or `SEC1`.
        encoding: &'static str,
        /// The kind, as people say it.
        kind: String,
    },
    /// A password of a PKCS#12 archive that Java refuses.
    #[error("a PKCS#12 password has to be printable ASCII")]
    ForeignPassword,
    /// An ECDSA key without its public part, or with a compressed one, in a build that cannot complete it.
    #[error("the key lacks its uncompressed public part, or is damaged")]
    Incomplete,
    /// The key could not be encoded; a defect of ours or of the provider.
    #[error("could not encode the key")]
    Encoding,
    /// The provider refused to sign.
    #[error("could not sign with the key")]
    Signing,
}

impl Diagnosis for KeyError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownType { .. } => {
                let known: Vec<_> = KeyType::ALL.iter().map(|kind| kind.id()).collect();
                Some(format!("Use one of {}.", known.join(", ")))
            }
            Self::RsaLeftOut => Some("Build it with the feature \"rsa\", or use ecdsa-p256.".to_owned()),
            Self::Encrypted => Some("Give the passphrase's file with --ca-passphrase-file.".to_owned()),
            Self::TraditionalEncryption | Self::UnsupportedEncryption => Some(
                "Convert it with: openssl pkcs8 -provider legacy -provider default -topk8 -v2 aes-256-cbc -in OLD.key \
                 -out NEW.key"
                    .to_owned(),
            ),
            Self::WrongPassphrase => {
                Some("Give the file whose first line is the passphrase of this key.".to_owned())
            }
            Self::UnusableKind { .. } => {
                Some("Use ECDSA P-256 or P-384, Ed25519, or RSA of 2,048 to 4,096 bits.".to_owned())
            }
            Self::OtherEncoding { .. } => {
                Some("PKCS#1 is for RSA and SEC1 for ECDSA; leave --format out for PKCS#8.".to_owned())
            }
            Self::ForeignPassword => {
                Some("Java and openssl read other characters in different ways; take another.".to_owned())
            }
            Self::Incomplete => Some(
                "Complete it with: openssl ec -in OLD.key -conv_form uncompressed -out NEW.key".to_owned(),
            ),
            _ => None,
        }
    }

    fn failure(&self) -> Failure {
        match self {
            Self::UnknownType { .. } | Self::RsaLeftOut | Self::ForeignPassword => Failure::Usage,
            Self::Generation | Self::Encoding | Self::Signing => Failure::System,
            _ => Failure::Forbidden,
        }
    }
}
