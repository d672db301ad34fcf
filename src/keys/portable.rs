//! Private keys for other programs: read whatever their kind, for a key that is passed on need not be one that signs
//! here; and written in the forms that some programs want: PKCS#1 and SEC1.

use super::encoding::{not_opened, to_pem, unread, wrap_pkcs1, wrap_sec1};
use super::file::{encoding_of, fields, public_of_pkcs8};
use super::public::{ID_EC_PUBLIC_KEY, RSA_ENCRYPTION};
use super::{KeyEncoding, KeyEncryption, KeyError, PrivateKey, StoredKey};
use crate::pem::{self, BlockKind};
use pkcs8::der::asn1::AnyRef;
use pkcs8::der::{Encode, Tag, TagNumber, Tagged};
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use zeroize::Zeroizing;

/// Room for the heads of the elements of an ECPrivateKey and for the name of its curve.
const SEC1_HEADS: usize = 64;

impl PrivateKey {
    /// Reads the first private key of a file, PEM or DER, opened with the passphrase where it is closed; also one of a
    /// kind that cannot sign here, as long as its public key can be told.
    ///
    /// # Errors
    /// Those of [`StoredKey::from_pem`] and [`StoredKey::open`].
    pub fn read(bytes: &[u8], passphrase: Option<&[u8]>) -> Result<Self, KeyError> {
        let (kind, der) = match pem::looks_like_der(bytes) {
            true => of_der(bytes)?,
            false => of_text(bytes)?,
        };
        let pkcs8 = match kind {
            BlockKind::EncryptedPkcs8 => opened(&der, passphrase)?,
            BlockKind::Pkcs1 => wrap_pkcs1(&der)?,
            BlockKind::Sec1 => wrap_sec1(&der)?,
            _ => der,
        };
        match Self::from_pkcs8_der(&pkcs8) {
            // Nobody asks it to sign.
            Err(refusal @ (KeyError::UnusableKind { .. } | KeyError::Incomplete | KeyError::Unusable)) => {
                let public = public_of_pkcs8(&pkcs8).ok_or(refusal)?;
                Ok(Self::new(pkcs8, public))
            }
            other => other,
        }
    }

    /// The key as `RSA PRIVATE KEY` PEM (RFC 8017 §A.1.2).
    ///
    /// # Errors
    /// [`KeyError::OtherEncoding`] where it is not RSA, or is bound to PSS, which PKCS#1 cannot say.
    pub fn to_pkcs1_pem(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let document = self.document()?;
        if document.algorithm.oid != RSA_ENCRYPTION {
            return Err(self.cannot_be("PKCS#1"));
        }
        to_pem("RSA PRIVATE KEY", document.private_key.as_bytes())
    }

    /// The key as `EC PRIVATE KEY` PEM, its curve named inside (RFC 5915 §4): in PKCS#8 it is named outside.
    ///
    /// # Errors
    /// [`KeyError::OtherEncoding`] where it is no key of ECDSA.
    pub fn to_sec1_pem(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let document = self.document()?;
        let curve = document.algorithm.parameters.filter(|_| document.algorithm.oid == ID_EC_PUBLIC_KEY);
        let curve = curve.ok_or_else(|| self.cannot_be("SEC1"))?;
        let sec1 = with_curve(document.private_key.as_bytes(), curve).ok_or(KeyError::Encoding)?;
        to_pem("EC PRIVATE KEY", &sec1)
    }

    fn document(&self) -> Result<PrivateKeyInfoRef<'_>, KeyError> {
        PrivateKeyInfoRef::try_from(self.pkcs8_der()).map_err(|_| KeyError::Encoding)
    }

    fn cannot_be(&self, encoding: &'static str) -> KeyError {
        KeyError::OtherEncoding { encoding, kind: self.public().to_string() }
    }
}

/// What a DER file holds, in the words of PEM labels.
fn of_der(der: &[u8]) -> Result<(BlockKind, Zeroizing<Vec<u8>>), KeyError> {
    let kind = match encoding_of(der).ok_or(KeyError::NoKey)? {
        (KeyEncoding::Pkcs8, KeyEncryption::None) => BlockKind::Pkcs8,
        (KeyEncoding::Pkcs8, _) => BlockKind::EncryptedPkcs8,
        (KeyEncoding::Pkcs1, _) => BlockKind::Pkcs1,
        (KeyEncoding::Sec1, _) => BlockKind::Sec1,
        (KeyEncoding::Dsa, _) => return Err(KeyError::Unusable),
    };
    Ok((kind, Zeroizing::new(der.to_vec())))
}

/// The first private key of a text.
fn of_text(text: &[u8]) -> Result<(BlockKind, Zeroizing<Vec<u8>>), KeyError> {
    let block = StoredKey::first_block(text)?;
    Ok((block.kind, block.der))
}

/// The document under the passphrase.
fn opened(der: &[u8], passphrase: Option<&[u8]>) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let passphrase = passphrase.ok_or(KeyError::Encrypted)?;
    let closed = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| unread(der))?;
    let document = closed.decrypt(passphrase).map_err(not_opened)?;
    Ok(Zeroizing::new(document.as_bytes().to_vec()))
}

/// An ECPrivateKey with its curve inside: version, secret, [0] curve, [1] public key where it was there.
fn with_curve(sec1: &[u8], curve: AnyRef<'_>) -> Option<Zeroizing<Vec<u8>>> {
    let ([Some(version), Some(secret), rest @ ..], 2..=4) = fields(sec1)? else { return None };
    let is_public = |field: &&AnyRef<'_>| matches!(field.tag(), Tag::ContextSpecific { number, .. } if number == TagNumber(1));
    let public = rest.iter().flatten().find(is_public);
    let inner = curve.to_der().ok()?;
    let named = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
    let named = AnyRef::new(named, &inner).ok()?;
    let members = [Some(&version), Some(&secret), Some(&named), public];
    // Neither grows: that would leave a copy of the secret in freed memory.
    let mut content = Zeroizing::new(Vec::with_capacity(sec1.len() + SEC1_HEADS));
    for member in members.into_iter().flatten() {
        member.encode_to_vec(&mut content).ok()?;
    }
    let mut whole = Zeroizing::new(Vec::with_capacity(content.len() + SEC1_HEADS));
    AnyRef::new(Tag::Sequence, &content).ok()?.encode_to_vec(&mut whole).ok()?;
    Some(whole)
}
