//! What a certificate authority sends back, in any of the forms that it comes in: PEM, DER, and PKCS#7 (RFC 2315,
//! "P7B") as either.
//!
//! Some programs leave the lengths of PKCS#7 open; `ber` closes them. Of PKCS#7 only the certificates of a SignedData are wanted, which are five elements deep; that is less than a crate for
//! the whole of CMS would ask of its reader.

use super::{Certificate, X509Error, ber};
use crate::der::{CONTEXT_0, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, SET, only};
use crate::pem::{self, OddityKind};

/// signedData (RFC 2315 §14), 1.2.840.113549.1.7.2.
const SIGNED_DATA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];

/// Every certificate of a delivery, in its order. Keys, revocation lists and text in it are passed over.
///
/// # Errors
/// [`X509Error::Delivery`] where there is none, or a part of it is damaged; [`X509Error::Certificate`] for one that
/// cannot be read.
pub fn delivered(bytes: &[u8]) -> Result<Vec<Certificate>, X509Error> {
    let fail = |problem| X509Error::Delivery { problem };
    if pem::looks_like_der(bytes) || ber::has_open_length(bytes) {
        return of_der(bytes)?.ok_or(fail("it is DER, and neither a certificate nor PKCS#7"));
    }
    // The first byte is also the digit 0, with which a text may begin.
    if matches!(bytes, [0x30, 0x80..=0xff, ..]) {
        return Err(fail("it is DER that ends too early, or has something behind it"));
    }
    let scan = pem::scan(bytes);
    let is_damage = |kind: &OddityKind| {
        let harmless = matches!(
            kind,
            OddityKind::ByteOrderMark | OddityKind::CarriageReturns | OddityKind::TextOutside { .. }
        );
        !harmless
    };
    if scan.oddities.iter().any(|oddity| is_damage(&oddity.kind)) {
        return Err(fail("its PEM text is damaged"));
    }
    let mut certificates = Vec::new();
    for block in &scan.blocks {
        // Microsoft's authorities label PKCS#7 as a certificate; so its content tells what it is.
        let der = match block.certificate_der() {
            Some(der) => der,
            None if ["PKCS7", "PKCS #7 SIGNED DATA", "CMS"].contains(&block.label.as_str()) => &block.der,
            None => continue,
        };
        certificates.extend(of_der(der)?.ok_or(fail("a block of its PEM text is no certificate"))?);
    }
    if certificates.is_empty() { Err(fail("it holds no certificate")) } else { Ok(certificates) }
}

/// One certificate, or those of PKCS#7; `None` where it is neither.
fn of_der(der: &[u8]) -> Result<Option<Vec<Certificate>>, X509Error> {
    if let Ok(certificate) = Certificate::from_der(der) {
        return Ok(Some(vec![certificate]));
    }
    let closed = ber::closed(der);
    let Some(parts) = signed_data(closed.as_deref().unwrap_or(der)) else { return Ok(None) };
    parts.into_iter().map(Certificate::from_der).collect::<Result<Vec<_>, _>>().map(Some)
}

/// The DER of each certificate in a ContentInfo that holds SignedData (RFC 2315 §7, §9.1).
fn signed_data(der: &[u8]) -> Option<Vec<&[u8]>> {
    let mut content_info = only(der, SEQUENCE)?.members();
    if content_info.next_of(OBJECT_IDENTIFIER)?.content != SIGNED_DATA {
        return None;
    }
    let content = content_info.next_of(CONTEXT_0)?;
    let mut signed = only(content.content, SEQUENCE)?.members();
    signed.next_of(INTEGER)?;
    signed.next_of(SET)?;
    signed.next_of(SEQUENCE)?;
    let mut certificates = signed.next_of(CONTEXT_0)?.members();
    // Other tags are certificates of other kinds, which nobody presents in TLS.
    let x509 = certificates.by_ref().filter(|element| element.tag == SEQUENCE).map(|element| element.whole);
    let found: Vec<&[u8]> = x509.collect();
    certificates.is_empty().then_some(found)
}
