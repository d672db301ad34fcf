//! What is no certificate: revocation lists, requests, keys.

use super::certificate::{algorithm, key_type, malformed, serial};
use super::life::Life;
use crate::keys::{
    KeyContent, KeyEncoding, KeyEncryption, KeyFile, KeyForm, LockReason, PublicKey, SignatureCheck, sha256,
};
use crate::x509::{
    CertificateRequest, ExtendedKeyUsage, KeyUsage, Name, RevocationList, Window, serialize_instant,
};
use serde::Serialize;
use time::OffsetDateTime;

/// A revocation list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListFacts {
    /// Whose it is, in encoded order.
    pub issuer: Name,
    /// When it was made.
    #[serde(serialize_with = "serialize_instant")]
    pub this_update: OffsetDateTime,
    /// Until when it counts; absent where it does not say.
    #[serde(flatten)]
    pub life: Option<Life>,
    /// Its number, where it has one.
    pub number: Option<String>,
    /// How it is signed.
    pub signature_algorithm: String,
    /// Whether it says what changed since another list alone.
    pub is_delta: bool,
    /// How many certificates it revokes.
    pub revoked: usize,
    /// SHA-256 of the whole list.
    pub sha256: String,
}

/// An entry of a revocation list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RevokedFacts {
    /// The serial number of the certificate.
    pub serial: String,
    /// Since when.
    #[serde(serialize_with = "serialize_instant")]
    pub since: OffsetDateTime,
    /// Why, where it says so: `keyCompromise`.
    pub reason: Option<String>,
}

/// What became of a signature, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureWord {
    /// The key made it.
    Good,
    /// The key did not make it.
    Bad,
    /// Nobody could look.
    NotChecked,
}

/// A certificate request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestFacts {
    /// Whom the certificate is to name, in encoded order.
    pub subject: Name,
    /// The same as PostgreSQL will have it.
    pub postgres_dn: String,
    /// Its key.
    pub key_type: String,
    /// The same as people say it.
    #[serde(skip)]
    pub key_name: String,
    /// SHA-256 of the SubjectPublicKeyInfo.
    pub key_sha256: String,
    /// How it is signed.
    pub signature_algorithm: String,
    /// Whether its own key signed it.
    pub signature: SignatureWord,
    /// The names that it asks for.
    pub subject_alt_names: Vec<String>,
    /// Those that cannot be what their type says.
    pub malformed_alt_names: Vec<String>,
    /// How many are of types that are not shown.
    pub other_alt_names: usize,
    /// Whether it asks to be a CA; `null`: it does not say.
    pub ca: Option<bool>,
    /// The key usage that it asks for.
    pub key_usage: Option<Vec<KeyUsage>>,
    /// The extended key usage that it asks for.
    pub extended_key_usage: Option<Vec<ExtendedKeyUsage>>,
    /// What it asks for and cannot be read, as dotted object identifiers.
    pub unreadable_extensions: Vec<String>,
}

/// A private key: everything but what is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyFacts {
    /// What could be seen of it.
    pub state: KeyState,
    /// Its kind, where it could be seen.
    pub key_type: Option<String>,
    /// The same as people say it.
    #[serde(skip)]
    pub key_name: Option<String>,
    /// SHA-256 of its public SubjectPublicKeyInfo, where it could be seen.
    pub key_sha256: Option<String>,
    /// `PKCS#8`, `PKCS#1`, `SEC1`, `DSA`; like the next two `null` where the file may not be read.
    pub encoding: Option<&'static str>,
    /// `PEM` or `DER`.
    pub form: Option<&'static str>,
    /// Whether it is under a passphrase.
    pub encrypted: Option<bool>,
}

/// What could be seen of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyState {
    /// All that is public.
    Read,
    /// Nothing: it is under a passphrase, and none was given.
    Locked,
    /// Nothing: the passphrase that was given does not open it.
    WrongPassphrase,
    /// Nothing: it is locked in a way that is not opened here.
    LockNotSupported,
    /// Its kind alone.
    KindAlone,
    /// Nothing: it is damaged.
    Damaged,
    /// Nothing: its file may not be read by whoever asked.
    NotReadable,
}

/// A public key by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicKeyFacts {
    /// Its kind.
    pub key_type: String,
    /// The same as people say it.
    #[serde(skip)]
    pub key_name: String,
    /// SHA-256 of the SubjectPublicKeyInfo.
    pub key_sha256: String,
}

impl ListFacts {
    /// What a list says, at an instant.
    #[must_use]
    pub fn of(list: &RevocationList, at: OffsetDateTime) -> Self {
        let window = |not_after| Window { not_before: list.this_update, not_after };
        Self {
            issuer: list.issuer.clone(),
            this_update: list.this_update,
            life: list.next_update.map(|next| Life::of(window(next), at)),
            number: list.number.as_deref().map(serial),
            signature_algorithm: algorithm(list.signed().algorithm),
            is_delta: list.is_delta,
            revoked: list.revocations().len(),
            sha256: colons(&sha256(&list.der)),
        }
    }
}

impl RevokedFacts {
    /// The entries of a list, by serial number.
    pub fn of(list: &RevocationList) -> impl Iterator<Item = Self> + '_ {
        list.revocations().map(|entry| Self {
            // Without its leading zeros it would pass for negative.
            serial: serial(&[&[0], entry.serial].concat()),
            since: entry.instant,
            reason: entry.reason.map(|reason| reason.to_string()),
        })
    }
}

impl From<&SignatureCheck> for SignatureWord {
    fn from(check: &SignatureCheck) -> Self {
        match check {
            SignatureCheck::Good => Self::Good,
            SignatureCheck::Bad => Self::Bad,
            SignatureCheck::NotChecked { .. } => Self::NotChecked,
        }
    }
}

impl RequestFacts {
    /// What a request asks for.
    #[must_use]
    pub fn of(request: &CertificateRequest) -> Self {
        let key = PublicKey::from_spki_der(&request.public_key);
        let check =
            key.verify(request.signed().algorithm, request.signed().to_be_signed, request.signed().signature);
        Self {
            subject: request.subject.clone(),
            postgres_dn: request.subject.rfc2253(),
            key_type: key_type(&key),
            key_name: key.to_string(),
            key_sha256: colons(&sha256(key.spki_der())),
            signature_algorithm: algorithm(request.signed().algorithm),
            signature: SignatureWord::from(&check),
            subject_alt_names: request.subject_alt_names.iter().map(ToString::to_string).collect(),
            malformed_alt_names: malformed(&request.malformed_alt_names),
            other_alt_names: request.other_alt_names,
            ca: request.ca,
            key_usage: request.key_usage.clone(),
            extended_key_usage: request.extended_key_usage.clone(),
            unreadable_extensions: request.unreadable_extensions.clone(),
        }
    }
}

impl KeyFacts {
    /// What of a key is no secret.
    #[must_use]
    pub fn of(key: &KeyFile) -> Self {
        let public = key.public();
        let kind = match &key.content {
            KeyContent::Underivable { kind } => Some(kind.clone()),
            _ => None,
        };
        Self {
            state: match &key.content {
                KeyContent::Public(_) => KeyState::Read,
                KeyContent::Underivable { .. } => KeyState::KindAlone,
                KeyContent::Locked(LockReason::NoPassphrase) => KeyState::Locked,
                KeyContent::Locked(LockReason::WrongPassphrase) => KeyState::WrongPassphrase,
                KeyContent::Locked(LockReason::Unsupported) => KeyState::LockNotSupported,
                _ => KeyState::Damaged,
            },
            key_type: public.map(key_type).or_else(|| kind.clone()),
            key_name: public.map(ToString::to_string).or(kind),
            key_sha256: public.map(|public| colons(&sha256(public.spki_der()))),
            encoding: Some(match key.encoding {
                KeyEncoding::Pkcs8 => "PKCS#8",
                KeyEncoding::Pkcs1 => "PKCS#1",
                KeyEncoding::Sec1 => "SEC1",
                KeyEncoding::Dsa => "DSA",
            }),
            form: Some(if key.form == KeyForm::Der { "DER" } else { "PEM" }),
            encrypted: Some(key.encryption != KeyEncryption::None),
        }
    }

    /// A key whose file may not be read.
    #[must_use]
    pub fn not_readable() -> Self {
        Self {
            state: KeyState::NotReadable,
            key_type: None,
            key_name: None,
            key_sha256: None,
            encoding: None,
            form: None,
            encrypted: None,
        }
    }
}

impl PublicKeyFacts {
    /// What a public key is.
    #[must_use]
    pub fn of(key: &PublicKey) -> Self {
        Self {
            key_type: key_type(key),
            key_name: key.to_string(),
            key_sha256: colons(&sha256(key.spki_der())),
        }
    }
}

const DIGITS: [u8; 16] = *b"0123456789ABCDEF";

/// `0A:1B`, as OpenSSL prints fingerprints and identifiers.
pub(super) fn colons(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 3);
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 {
            out.push(':');
        }
        push_hexadecimal(*byte, &mut out);
    }
    out
}

/// `0A1B`.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    bytes.iter().for_each(|byte| push_hexadecimal(*byte, &mut out));
    out
}

fn push_hexadecimal(byte: u8, out: &mut String) {
    let digit = |digit: u8| char::from(DIGITS[usize::from(digit & 15)]);
    out.extend([digit(byte >> 4), digit(byte)]);
}

/// Whether a text can be shown as it is.
pub(super) fn is_label(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_control)
}
