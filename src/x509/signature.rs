//! What is signed, how, and the signature: the outer form that certificates, revocation lists and requests share
//! (RFC 5280 §4.1.1, §5.1.1; RFC 2986 §4.2). Whether the signature is good is asked of `keys`.

use crate::der::{BIT_STRING, Elements, SEQUENCE, only};

/// The parts of a signed document, each exactly as encoded. Taking it apart is so cheap that they are not kept beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SignedParts<'a> {
    /// What the signature is over.
    pub to_be_signed: &'a [u8],
    /// The DER AlgorithmIdentifier, the outer one.
    pub algorithm: &'a [u8],
    /// The signature; empty, which is never good, where its bits do not fill the last byte.
    pub signature: &'a [u8],
}

impl<'a> SignedParts<'a> {
    /// Takes a signed document apart; `None` where it has not this form.
    pub(super) fn of(der: &'a [u8]) -> Option<Self> {
        let mut parts = only(der, SEQUENCE)?.members();
        let to_be_signed = parts.next_of(SEQUENCE)?.whole;
        let algorithm = parts.next_of(SEQUENCE)?.whole;
        let (unused, bits) = parts.next_of(BIT_STRING)?.content.split_first()?;
        // OpenSSL refuses signatures that do not fill their last byte (ASN1_item_verify).
        let signature = if *unused == 0 { bits } else { &[] };
        parts.is_empty().then_some(Self { to_be_signed, algorithm, signature })
    }

    /// Whether the AlgorithmIdentifier in the signed part, its first SEQUENCE, is the outer one to the byte. OpenSSL takes
    /// no certificate whose two differ (`X509_verify`).
    pub(super) fn algorithms_agree(&self) -> bool {
        let signed = only(self.to_be_signed, SEQUENCE);
        let inner = signed.and_then(|signed| signed.members().find(|element| element.tag == SEQUENCE));
        inner.is_some_and(|inner| inner.whole == self.algorithm)
    }
}

/// The members of the signed part.
pub(super) fn members(to_be_signed: &[u8]) -> Elements<'_> {
    only(to_be_signed, SEQUENCE).map_or(Elements::new(&[]), |signed| signed.members())
}
