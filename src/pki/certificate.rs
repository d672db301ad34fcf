//! One certificate: a spec, its key and its issuer -> signed DER.

use super::IssueError;
use crate::keys::{KeyError, PublicKey, SigningKey};
use crate::plan::CertificateSpec;
use crate::x509::{
    CertificateFields, CertificateTemplate, Name, Signer, Usage, Version, X509Error, encode_certificate,
};

/// Who signs: the exact name, the key identifier that goes into what it signs, and the key.
pub(super) struct Issuer {
    pub(super) name: Name,
    pub(super) key_identifier: Vec<u8>,
    pub(super) key: SigningKey,
}

/// What signing can fail with, before the certificate's name is known to it.
pub(super) enum SignError {
    Encoding(X509Error),
    Key(KeyError),
}

impl SignError {
    /// The same, of the certificate of that stem.
    pub(super) fn of(self, stem: &str) -> IssueError {
        let certificate = stem.to_owned();
        match self {
            Self::Encoding(source) => IssueError::Encoding { certificate, source },
            Self::Key(source) => IssueError::Key { certificate, source },
        }
    }
}

impl From<X509Error> for SignError {
    fn from(error: X509Error) -> Self {
        Self::Encoding(error)
    }
}

impl Signer for Issuer {
    type Error = SignError;

    fn algorithm_der(&self) -> &[u8] {
        self.key.algorithm_der()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.key.sign(message).map_err(SignError::Key)
    }
}

/// Encodes and signs one certificate; the result is DER.
pub(super) fn sign(
    spec: &CertificateSpec,
    serial: &[u8],
    public: &PublicKey,
    key_identifier: &[u8],
    issuer: &Issuer,
) -> Result<Vec<u8>, IssueError> {
    let fields = fields(spec, serial, public, key_identifier, issuer);
    encode_certificate(&fields, issuer).map_err(|error| error.of(&spec.stem))
}

/// The same for one of many, by the template that the one before it used, where it is one of those.
pub(super) fn sign_like(
    template: &mut Option<CertificateTemplate>,
    spec: &CertificateSpec,
    serial: &[u8],
    public: &PublicKey,
    issuer: &Issuer,
) -> Result<Vec<u8>, IssueError> {
    let identifier = public.identifier();
    let fields = fields(spec, serial, public, &identifier, issuer);
    // Names of its own make an extension of its own.
    if !spec.extensions.subject_alt_names.is_empty() {
        return encode_certificate(&fields, issuer).map_err(|error| error.of(&spec.stem));
    }
    if template.as_ref().is_none_or(|template| !template.is_of(&fields)) {
        let made = CertificateTemplate::of(&fields, issuer.key.algorithm_der());
        *template = made.map_err(|error| SignError::from(error).of(&spec.stem))?;
    }
    let made = match template {
        Some(template) => template.encode(serial, &spec.subject, public.spki_der(), &identifier, issuer),
        None => encode_certificate(&fields, issuer),
    };
    made.map_err(|error| error.of(&spec.stem))
}

fn fields<'a>(
    spec: &'a CertificateSpec,
    serial: &'a [u8],
    public: &'a PublicKey,
    key_identifier: &'a [u8],
    issuer: &'a Issuer,
) -> CertificateFields<'a> {
    CertificateFields {
        // What is issued again is v3, whatever it was.
        version: if spec.usage == Usage::Bare && spec.reissue.is_none() { Version::V1 } else { Version::V3 },
        serial,
        issuer: &issuer.name,
        subject: &spec.subject,
        window: spec.window,
        public_key: public.spki_der(),
        extensions: &spec.extensions,
        carried: spec.reissue.as_ref().map_or(&[], |reissue| &reissue.carried),
        subject_key_identifier: key_identifier,
        // A root names no other key than its own (RFC 5280 §4.2.1.1 lets it leave this out).
        authority_key_identifier: (spec.usage != Usage::RootCa).then_some(issuer.key_identifier.as_slice()),
    }
}
