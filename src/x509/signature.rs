//! What is signed, how, and the signature: the outer form that certificates, revocation lists and requests share
//! (RFC 5280 §4.1.1, §5.1.1; RFC 2986 §4.2). Whether the signature is good is asked of `keys`.

use super::der::{BIT_STRING, Elements, SEQUENCE, only, place};
use std::ops::Range;

/// Where the parts of a signed document lie in its DER.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SignedParts {
    to_be_signed: Range<usize>,
    algorithm: Range<usize>,
    signature: Range<usize>,
}

impl SignedParts {
    /// Takes a signed document apart; `None` where it has not this form.
    pub(super) fn of(der: &[u8]) -> Option<Self> {
        let mut parts = only(der, SEQUENCE)?.members();
        let to_be_signed = parts.next_of(SEQUENCE)?;
        let algorithm = parts.next_of(SEQUENCE)?;
        let bits = parts.next_of(BIT_STRING)?;
        let (unused, signature) = bits.content.split_first()?;
        // OpenSSL refuses signatures that do not fill their last byte (ASN1_item_verify); an empty one is never good.
        let signature = if *unused == 0 { signature } else { &signature[..0] };
        parts.is_empty().then_some(Self {
            to_be_signed: place(der, to_be_signed.whole)?,
            algorithm: place(der, algorithm.whole)?,
            signature: place(der, signature)?,
        })
    }

    pub(super) fn to_be_signed<'a>(&self, der: &'a [u8]) -> &'a [u8] {
        der.get(self.to_be_signed.clone()).unwrap_or_default()
    }

    pub(super) fn algorithm<'a>(&self, der: &'a [u8]) -> &'a [u8] {
        der.get(self.algorithm.clone()).unwrap_or_default()
    }

    pub(super) fn signature<'a>(&self, der: &'a [u8]) -> &'a [u8] {
        der.get(self.signature.clone()).unwrap_or_default()
    }

    /// Whether the AlgorithmIdentifier in the signed part, its first SEQUENCE, is the outer one to the byte. OpenSSL takes
    /// no certificate and no list whose two differ (`X509_verify`).
    pub(super) fn algorithms_agree(&self, der: &[u8]) -> bool {
        let signed = only(self.to_be_signed(der), SEQUENCE);
        let inner = signed.and_then(|signed| signed.members().find(|element| element.tag == SEQUENCE));
        inner.is_some_and(|inner| inner.whole == self.algorithm(der))
    }
}

/// The members of the signed part.
pub(super) fn members(to_be_signed: &[u8]) -> Elements<'_> {
    only(to_be_signed, SEQUENCE).map_or(Elements::new(&[]), |signed| signed.members())
}
