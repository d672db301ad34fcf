//! Writing PKCS#12 (RFC 7292): one key under a password, its certificates, and a seal over both.
//!
//! Ours and not a crate's, because the key is to be wiped wherever it was plain, and chance is to come from a
//! [`KeySource`]. What is new here is only how the parts are put together; the key is encrypted as encrypted PKCS#8 is.

use super::encoding::PBKDF2_ROUNDS;
use super::{KeyError, KeySource, PrivateKey, sha256};
use crate::der::{BMP_STRING, CONTEXT_0, INTEGER, OCTET_STRING, SEQUENCE, SET, element};
use pkcs8::der::Encode;
use pkcs8::der::asn1::ObjectIdentifier;
use ring::{digest, hmac};
use zeroize::Zeroizing;

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const SHROUDED_KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
const CERTIFICATE_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
const X509_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.22.1");
const FRIENDLY_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.20");
const LOCAL_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.21");
/// AlgorithmIdentifier of SHA-256 with its NULL, as OpenSSL writes it here.
const SHA256: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00];

/// The input block of SHA-256, `v` of RFC 7292 §B.2.
const BLOCK_BYTES: usize = 64;
/// What the derived bytes are for: a MAC key (RFC 7292 §B.3).
const FOR_MAC: u8 = 3;

/// An archive with a key under an alias, and its certificates, the key's own first. The certificates are as readable
/// as TLS makes them; the key is under PBES2, and the seal costs whoever guesses passwords as much as the key does.
///
/// # Errors
/// [`KeyError::ForeignPassword`] for a password that Java would not take, [`KeyError::Generation`] where there is no
/// randomness for the salts; [`KeyError::Encoding`], a defect.
pub fn pkcs12(
    key: &PrivateKey,
    certificates: &[&[u8]],
    alias: &str,
    password: &[u8],
    source: &dyn KeySource,
) -> Result<Vec<u8>, KeyError> {
    // Java's PBEKey refuses all but ASCII; and of control characters nobody agrees where a line ends.
    if !password.iter().all(|byte| (0x20..0x7f).contains(byte)) {
        return Err(KeyError::ForeignPassword);
    }
    let id = certificates.first().map(|leaf| sha256(leaf)).unwrap_or_default();
    let own = [name_attribute(alias)?, attribute(LOCAL_KEY_ID, &element(OCTET_STRING, &[&id]))?];
    let own = element(SET, &[&own[0], &own[1]]);
    let mut bags = Vec::new();
    for (at, der) in certificates.iter().enumerate() {
        let certificate = element(CONTEXT_0, &[&element(OCTET_STRING, &[der])]);
        let certificate = element(SEQUENCE, &[&oid(X509_CERTIFICATE)?, &certificate]);
        let attributes = if at == 0 { own.as_slice() } else { &[] };
        bags.push(bag(CERTIFICATE_BAG, &certificate, attributes)?);
    }
    let certificates = element(SEQUENCE, &bags.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let closed = key.to_encrypted_der(password, source)?;
    let keys = element(SEQUENCE, &[&bag(SHROUDED_KEY_BAG, &closed, &own)?]);
    let contents = element(SEQUENCE, &[&data(&certificates)?, &data(&keys)?]);
    let version = element(INTEGER, &[&[3]]);
    Ok(element(SEQUENCE, &[&version, &data(&contents)?, &seal(&contents, password, source)?]))
}

/// MacData (RFC 7292 §4): HMAC-SHA-256 over the contents.
fn seal(contents: &[u8], password: &[u8], source: &dyn KeySource) -> Result<Vec<u8>, KeyError> {
    let mut salt = [0; 16];
    source.random(&mut salt)?;
    let key = mac_key(password, &salt, PBKDF2_ROUNDS);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()), contents);
    let digest = element(SEQUENCE, &[&SHA256, &element(OCTET_STRING, &[tag.as_ref()])]);
    let rounds = PBKDF2_ROUNDS.to_der().map_err(|_| KeyError::Encoding)?;
    Ok(element(SEQUENCE, &[&digest, &element(OCTET_STRING, &[&salt]), &rounds]))
}

/// The key of the MAC (RFC 7292 §B.2), for which one block of SHA-256 is enough.
fn mac_key(password: &[u8], salt: &[u8], rounds: u32) -> Zeroizing<[u8; 32]> {
    // The password is UTF-16 with a zero character at its end, big-endian.
    let mut wide = Zeroizing::new(Vec::with_capacity(2 * password.len() + 2));
    password.iter().for_each(|byte| wide.extend_from_slice(&[0, *byte]));
    wide.extend_from_slice(&[0, 0]);
    let whole = |bytes: &[u8]| bytes.len().next_multiple_of(BLOCK_BYTES);
    let mut input = Zeroizing::new(Vec::with_capacity(BLOCK_BYTES + whole(salt) + whole(&wide)));
    input.extend_from_slice(&[FOR_MAC; BLOCK_BYTES]);
    input.extend(salt.iter().cycle().take(whole(salt)));
    input.extend(wide.iter().cycle().take(whole(&wide)));
    let mut key = Zeroizing::new([0; 32]);
    let mut block = digest::digest(&digest::SHA256, &input);
    for _ in 1..rounds {
        block = digest::digest(&digest::SHA256, block.as_ref());
    }
    key.copy_from_slice(block.as_ref());
    key
}

/// A SafeBag (RFC 7292 §4.2); `attributes` is its SET, or nothing.
fn bag(kind: ObjectIdentifier, content: &[u8], attributes: &[u8]) -> Result<Vec<u8>, KeyError> {
    Ok(element(SEQUENCE, &[&oid(kind)?, &element(CONTEXT_0, &[content]), attributes]))
}

/// A ContentInfo of the kind data (RFC 5652 §4).
fn data(content: &[u8]) -> Result<Vec<u8>, KeyError> {
    let content = element(CONTEXT_0, &[&element(OCTET_STRING, &[content])]);
    Ok(element(SEQUENCE, &[&oid(DATA)?, &content]))
}

fn name_attribute(name: &str) -> Result<Vec<u8>, KeyError> {
    let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
    attribute(FRIENDLY_NAME, &element(BMP_STRING, &[&wide]))
}

fn attribute(kind: ObjectIdentifier, value: &[u8]) -> Result<Vec<u8>, KeyError> {
    Ok(element(SEQUENCE, &[&oid(kind)?, &element(SET, &[value])]))
}

fn oid(oid: ObjectIdentifier) -> Result<Vec<u8>, KeyError> {
    oid.to_der().map_err(|_| KeyError::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_stand_in_the_order_of_a_der_set() {
        // The elements of a SET OF are in the order of their encodings (X.690 §11.6).
        let name = name_attribute("user").unwrap_or_default();
        let id = attribute(LOCAL_KEY_ID, &element(OCTET_STRING, &[&[0xff; 32]])).unwrap_or_default();
        assert!(name < id && !name.is_empty());
    }
}
