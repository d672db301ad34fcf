//! PKCS#12 archives (RFC 7292) for judging: certificates, the public halves of keys, and the aliases that Java knows them
//! by. Nothing secret is handed out.

use super::KeyFile;
use super::file::{LockReason, fields};
use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error;
use pkcs8::der::asn1::{AnyRef, ObjectIdentifier};
use pkcs8::der::{Reader, Tag, Tagged};

/// An archive that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pkcs12 {
    /// Private keys, in their order.
    pub keys: Vec<Pkcs12Key>,
    /// Certificates, in their order, which says nothing: their identifiers tell which is a key's.
    pub certificates: Vec<Pkcs12Certificate>,
    /// Whether the empty password opens it.
    pub lacks_password: bool,
}

/// A private key in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pkcs12Key {
    /// What could be seen of it.
    pub key: KeyFile,
    /// Its `friendlyName` (RFC 2985 §5.5.1), Java's alias.
    pub alias: Option<String>,
    /// Its `localKeyId` (RFC 2985 §5.5.2), which its certificate bears too.
    pub id: Option<Vec<u8>>,
}

/// A certificate in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pkcs12Certificate {
    /// Its DER.
    pub der: Vec<u8>,
    /// The `localKeyId` of its key.
    pub id: Option<Vec<u8>>,
}

/// Why an archive tells nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pkcs12Error {
    /// It stays closed.
    Locked(LockReason),
    /// It is damaged, or in BER where DER is wanted.
    Damaged,
}

/// PKCS#7 data and signedData, the two that an archive may consist of (RFC 7292 §4).
const CONTENTS: [ObjectIdentifier; 2] = [
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2"),
];

/// Whether DER begins as an archive does: version 3 and its contents.
#[must_use]
pub fn looks_like_pkcs12(der: &[u8]) -> bool {
    let Some(([Some(version), Some(contents), ..], 2..=3)) = fields(der) else { return false };
    let kind = contents.sequence(|reader| {
        let kind = reader.decode::<ObjectIdentifier>()?;
        reader.decode::<AnyRef<'_>>()?;
        Ok::<_, pkcs8::der::Error>(kind)
    });
    version.tag() == Tag::Integer && version.value() == [3] && kind.is_ok_and(|kind| CONTENTS.contains(&kind))
}

impl Pkcs12 {
    /// Opens an archive with the password, and where none is given, or it is another's, with the empty one.
    ///
    /// # Errors
    /// [`Pkcs12Error::Locked`] where neither opens it, [`Pkcs12Error::Damaged`] where it cannot be read.
    pub fn read(der: &[u8], password: Option<&[u8]>) -> Result<Self, Pkcs12Error> {
        // PKCS#12 knows passwords as characters alone.
        let given = password.and_then(|password| str::from_utf8(password).ok());
        let opened = given.map(|password| Pkcs12Archive::from_pkcs12(der, password));
        let empty = Pkcs12Archive::from_pkcs12(der, "");
        // One that is not encrypted opens with any.
        let lacks_password = empty.is_ok();
        let archive = match (opened, empty) {
            (Some(Ok(archive)), _) | (_, Ok(archive)) => archive,
            (Some(Err(error)), _) | (None, Err(error)) => return Err(refusal(&error, password.is_some())),
        };
        let key = |bag: p12_keystore::PrivateKeyBag| Pkcs12Key {
            key: KeyFile::of_archive(bag.key.as_der()),
            alias: bag.friendly_name,
            id: bag.local_key_id.map(|id| id.0),
        };
        let certificate = |bag: p12_keystore::CertificateBag| Pkcs12Certificate {
            der: bag.cert.as_der().to_vec(),
            id: bag.local_key_id,
        };
        Ok(Self {
            keys: archive.keys.into_iter().map(key).collect(),
            certificates: archive.certs.into_iter().map(certificate).collect(),
            lacks_password,
        })
    }
}

/// What an archive that was not opened is said to be.
fn refusal(error: &Error, has_password: bool) -> Pkcs12Error {
    match error {
        // Without a MAC it is the padding that tells.
        Error::MacError(_) | Error::UnpadError | Error::Pkcs5Error(_) if has_password => {
            Pkcs12Error::Locked(LockReason::WrongPassphrase)
        }
        Error::MacError(_) | Error::UnpadError | Error::Pkcs5Error(_) => {
            Pkcs12Error::Locked(LockReason::NoPassphrase)
        }
        Error::UnsupportedEncryptionScheme
        | Error::UnsupportedMacAlgorithm
        | Error::UnsupportedContentType
        | Error::InvalidParameters => Pkcs12Error::Locked(LockReason::Unsupported),
        _ => Pkcs12Error::Damaged,
    }
}
