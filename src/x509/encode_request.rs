//! Plain data -> the DER of a signed certificate request (PKCS#10, RFC 2986).
//!
//! As with certificates, `rcgen` encodes what is to be signed and signs nothing: the exact subject and key are put in
//! place, and the result is signed once, by us.

use super::encode::{Capture, set_extensions};
use super::{Extensions, Name, Signer, X509Error};
use crate::der;
use rcgen::{CertificateParams, DistinguishedName};

/// Everything in a certificate request but its signature.
#[derive(Debug, Clone)]
pub struct RequestFields<'a> {
    /// Whom the certificate is to name.
    pub subject: &'a Name,
    /// DER SubjectPublicKeyInfo, copied untouched.
    pub public_key: &'a [u8],
    /// Of these a request asks for names and usages; whether it becomes a CA, and all that concerns one, is the
    /// authority's to say.
    pub extensions: &'a Extensions,
}

/// Encodes and signs a certificate request; the result is DER.
///
/// # Errors
/// [`X509Error::Encoding`] or [`X509Error::Rebuild`] (a defect), or the signer's own, converted.
pub fn encode_request<S: Signer>(fields: &RequestFields<'_>, signer: &S) -> Result<Vec<u8>, S::Error>
where
    S::Error: From<X509Error>,
{
    let to_be_signed = to_be_signed(fields)?;
    let signature = signer.sign(&to_be_signed)?;
    Ok(der::signed(&to_be_signed, signer.algorithm_der(), &signature))
}

/// The exact CertificationRequestInfo: version, subject, subjectPKInfo, attributes (RFC 2986 §4.1).
fn to_be_signed(fields: &RequestFields<'_>) -> Result<Vec<u8>, X509Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    set_extensions(&mut params, fields.subject, fields.extensions).map_err(X509Error::Encoding)?;
    let capture = Capture::default();
    params.serialize_request(&capture).map_err(X509Error::Encoding)?;
    let encoded = capture.message.into_inner();
    let broken = || X509Error::Rebuild(yasna::ASN1Error::new(yasna::ASN1ErrorKind::Invalid));
    let members = der::only(&encoded, der::SEQUENCE).ok_or_else(broken)?.members();
    let parts: Vec<&[u8]> = members.map(|member| member.whole).collect();
    let [version, _, _, attributes] = parts.as_slice() else { return Err(broken()) };
    Ok(der::element(der::SEQUENCE, &[*version, fields.subject.as_der(), fields.public_key, *attributes]))
}
