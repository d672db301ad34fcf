//! DER -> what a certificate request asks for (PKCS#10, RFC 2986). Read by the bones, and its extensions by the general
//! parser, so that attributes that are odd, or missing altogether, cost no more than themselves.

use super::claims::{self, MalformedName};
use super::extension::{ExtendedKeyUsage, KeyUsage};
use super::signature::{SignedParts, members};
use super::{GeneralName, Name, X509Error};
use crate::der::{Elements, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, SET, dotted_oid, only};
use x509_parser::extensions::{ParsedExtension, X509Extension};
use x509_parser::prelude::FromDer;

/// A certificate request that was read: its exact DER, and what this crate asks of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRequest {
    /// The exact bytes.
    pub der: Vec<u8>,
    /// Whom the certificate is to name, exactly.
    pub subject: Name,
    /// Exact DER SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
    /// The subject alternative names of the types that we know; texts are as encoded.
    pub subject_alt_names: Vec<GeneralName>,
    /// Subject alternative names that cannot be what their type says.
    pub malformed_alt_names: Vec<MalformedName>,
    /// How many subject alternative names are of other types.
    pub other_alt_names: usize,
    /// cA of basicConstraints; `None` without the extension.
    pub ca: Option<bool>,
    /// The keyUsage bits that are set, in their order; `None` without the extension.
    pub key_usage: Option<Vec<KeyUsage>>,
    /// extKeyUsage; `None` without the extension.
    pub extended_key_usage: Option<Vec<ExtendedKeyUsage>>,
    /// Extensions that cannot be read, as dotted object identifiers.
    pub unreadable_extensions: Vec<String>,
    /// Extensions of kinds that the other fields do not show, as dotted object identifiers.
    pub other_extensions: Vec<String>,
}

/// extensionRequest (RFC 2985 §5.4.2), 1.2.840.113549.1.9.14.
const EXTENSION_REQUEST: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e];
/// Microsoft's name for it, which OpenSSL reads too (`X509_REQ_get_extensions`): 1.3.6.1.4.1.311.2.1.14.
const MICROSOFT_EXTENSION_REQUEST: [u8; 10] = [0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x01, 0x0e];

impl CertificateRequest {
    /// Reads one certificate request; bytes behind it are an error.
    ///
    /// # Errors
    /// [`X509Error::Request`] with the part that cannot be read.
    pub fn from_der(der: &[u8]) -> Result<Self, X509Error> {
        let fail = |part| X509Error::Request { part };
        let signed = SignedParts::of(der).ok_or(fail("its outer form"))?;
        let mut parts = members(signed.to_be_signed);
        parts.next_of(INTEGER).ok_or(fail("its version"))?;
        let subject = parts.next_of(SEQUENCE).ok_or(fail("its subject"))?;
        let public_key = parts.next_of(SEQUENCE).ok_or(fail("its public key"))?;
        let mut request = Self {
            der: der.to_vec(),
            subject: Name::from_der(subject.whole).map_err(|_| fail("its subject"))?,
            public_key: public_key.whole.to_vec(),
            subject_alt_names: Vec::new(),
            malformed_alt_names: Vec::new(),
            other_alt_names: 0,
            ca: None,
            key_usage: None,
            extended_key_usage: None,
            unreadable_extensions: Vec::new(),
            other_extensions: Vec::new(),
        };
        // [0] IMPLICIT SET OF Attribute; some programs leave an empty one out.
        if let Some(attributes) = parts.next_of(0xa0) {
            for attribute in attributes.members() {
                request.take_attribute(attribute.members()).ok_or(fail("its attributes"))?;
            }
        }
        if parts.is_empty() { Ok(request) } else { Err(fail("what follows its attributes")) }
    }

    fn take_attribute(&mut self, mut attribute: Elements<'_>) -> Option<()> {
        let kind = attribute.next_of(OBJECT_IDENTIFIER)?.content;
        let values = attribute.next_of(SET)?;
        if kind == EXTENSION_REQUEST || kind == MICROSOFT_EXTENSION_REQUEST {
            let mut extensions = only(values.content, SEQUENCE)?.members();
            for extension in extensions.by_ref() {
                let (_, extension) = X509Extension::from_der(extension.whole).ok()?;
                self.take_extension(&extension);
            }
            return extensions.is_empty().then_some(());
        }
        Some(())
    }

    fn take_extension(&mut self, extension: &X509Extension<'_>) {
        match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => {
                let names = claims::alt_names(&names.general_names);
                self.subject_alt_names.extend(names.known);
                self.malformed_alt_names.extend(names.malformed);
                self.other_alt_names += names.others;
            }
            ParsedExtension::BasicConstraints(constraints) => self.ca = Some(constraints.ca),
            ParsedExtension::KeyUsage(usage) => self.key_usage = Some(claims::key_usage(*usage)),
            ParsedExtension::ExtendedKeyUsage(usage) => {
                self.extended_key_usage.get_or_insert_default().extend(claims::purposes(usage));
            }
            ParsedExtension::ParseError { .. } => {
                self.unreadable_extensions.extend(claims::unreadable(std::slice::from_ref(extension)));
            }
            // An identifier of the key is the CA's to give, and follows from the key.
            ParsedExtension::SubjectKeyIdentifier(_) => {}
            _ => self.other_extensions.push(dotted_oid(extension.oid.as_bytes())),
        }
    }

    /// The CertificationRequestInfo, the AlgorithmIdentifier and the signature, which is by the key that is asked for.
    #[must_use]
    pub fn signed(&self) -> SignedParts<'_> {
        SignedParts::of(&self.der).unwrap_or_default()
    }
}
