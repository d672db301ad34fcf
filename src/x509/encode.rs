//! Plain data -> the DER of a signed certificate.
//!
//! `rcgen` encodes the TBSCertificate and signs nothing. Its distinguished name is a map, which loses repeated
//! attributes and refuses multi-valued RDNs, so a leaf under a CA with two `OU`s would not chain; its public keys are
//! those of its own list. So the exact issuer, subject, algorithm and key are put in place afterwards, and the result is
//! signed once, by us.

use super::carried::{CarriedExtension, joined};
use super::extension::{ExtendedKeyUsage, ExtensionKind, KeyUsage};
use super::{GeneralName, Name, SubtreeName, Window, X509Error};
use crate::der;
use rcgen::string::Ia5String;
use rcgen::{
    CertificateParams, CrlDistributionPoint, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyIdMethod, KeyUsagePurpose, NameConstraints, PublicKeyData, SanType,
    SerialNumber,
};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::cell::RefCell;
use std::net::IpAddr;
use std::sync::LazyLock;
use yasna::{ASN1Result, Tag};

/// The version of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// X.509 v1: no extensions. Only for tests of what refuses it.
    V1,
    /// X.509 v3 (RFC 5280 §4.1.2.1).
    V3,
}

/// Signs a TBSCertificate; the caller adapts its key to it.
pub trait Signer {
    /// What a failed signature says.
    type Error;

    /// The DER AlgorithmIdentifier that goes into both of its fields (RFC 5280 §4.1.1.2).
    fn algorithm_der(&self) -> &[u8];

    /// The signature over the exact bytes, as the BIT STRING holds it.
    ///
    /// # Errors
    /// The signer's own.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Self::Error>;
}

/// Whether a certificate is a CA, and how many may follow it (RFC 5280 §4.2.1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BasicConstraints {
    /// cA is false.
    #[default]
    EndEntity,
    /// cA is true.
    Ca {
        /// pathLenConstraint: how many CAs may lie between it and an end-entity; `None`: any number.
        path_length: Option<u8>,
    },
}

/// `{"ca": true, "path_length": 0}`; the length is null where there is none.
impl Serialize for BasicConstraints {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("ca", &self.is_ca())?;
        map.serialize_entry("path_length", &self.path_length())?;
        map.end()
    }
}

impl BasicConstraints {
    /// Whether it signs certificates.
    #[must_use]
    pub fn is_ca(self) -> bool {
        matches!(self, Self::Ca { .. })
    }

    /// The path length, where there is one.
    #[must_use]
    pub fn path_length(self) -> Option<u8> {
        match self {
            Self::Ca { path_length } => path_length,
            Self::EndEntity => None,
        }
    }
}

/// The extensions of a v3 certificate that need no key; what is empty or `None` is left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Extensions {
    /// basicConstraints.
    pub basic_constraints: BasicConstraints,
    /// keyUsage.
    pub key_usage: Vec<KeyUsage>,
    /// extKeyUsage.
    pub extended_key_usage: Vec<ExtendedKeyUsage>,
    /// subjectAltName.
    pub subject_alt_names: Vec<GeneralName>,
    /// nameConstraints, permitted subtrees.
    pub permitted: Vec<SubtreeName>,
    /// nameConstraints, excluded subtrees.
    pub excluded: Vec<SubtreeName>,
    /// cRLDistributionPoints: one point a URI.
    pub crl_distribution_points: Vec<String>,
    /// Extensions whose criticality is not the usual one, and what it is.
    pub criticality: Vec<(ExtensionKind, bool)>,
}

/// Everything in a certificate but its signature.
#[derive(Debug, Clone)]
pub struct CertificateFields<'a> {
    /// v1 ignores the extensions.
    pub version: Version,
    /// Big-endian bytes of a positive integer.
    pub serial: &'a [u8],
    /// Exactly as the issuer's own subject.
    pub issuer: &'a Name,
    /// Whom it names.
    pub subject: &'a Name,
    /// When it is valid.
    pub window: Window,
    /// DER SubjectPublicKeyInfo, copied untouched.
    pub public_key: &'a [u8],
    /// Its extensions, but for the two that name keys.
    pub extensions: &'a Extensions,
    /// Extensions that are taken over as they are; they stand first, and in the place of those of their kinds.
    pub carried: &'a [CarriedExtension],
    /// subjectKeyIdentifier.
    pub subject_key_identifier: &'a [u8],
    /// authorityKeyIdentifier, keyid form; `None` on a root.
    pub authority_key_identifier: Option<&'a [u8]>,
}

/// Encodes and signs a certificate; the result is DER.
///
/// # Errors
/// [`X509Error::Encoding`] or [`X509Error::Rebuild`] (a defect), or the signer's own, converted.
pub fn encode_certificate<S: Signer>(fields: &CertificateFields<'_>, signer: &S) -> Result<Vec<u8>, S::Error>
where
    S::Error: From<X509Error>,
{
    let tbs = to_be_signed(fields, signer.algorithm_der())?;
    let signature = signer.sign(&tbs)?;
    Ok(der::signed(&tbs, signer.algorithm_der(), &signature))
}

/// The exact TBSCertificate.
pub(super) fn to_be_signed(fields: &CertificateFields<'_>, algorithm: &[u8]) -> Result<Vec<u8>, X509Error> {
    let encoded = rcgen_encoding(fields)?;
    let broken = || X509Error::Rebuild(yasna::ASN1Error::new(yasna::ASN1ErrorKind::Invalid));
    let members = der::only(&encoded, der::SEQUENCE).ok_or_else(broken)?.members();
    let parts: Vec<&[u8]> = members.map(|member| member.whole).collect();
    // version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, extensions (RFC 5280 §4.1)
    let [version, serial, _, _, validity, _, _, extensions @ ..] = parts.as_slice() else {
        return Err(broken());
    };
    let (issuer, subject) = (fields.issuer.as_der(), fields.subject.as_der());
    let exact = [*serial, algorithm, issuer, *validity, subject, fields.public_key];
    if fields.version == Version::V1 {
        return Ok(der::element(der::SEQUENCE, &exact));
    }
    let criticality = &fields.extensions.criticality;
    let extensions = extensions.iter().map(|extensions| with_criticality(extensions, criticality));
    let mut extensions = extensions.collect::<ASN1Result<Vec<_>>>().map_err(X509Error::Rebuild)?;
    if !fields.carried.is_empty() {
        let all = extensions.iter().map(|made| joined(made, fields.carried).map(Cow::Owned));
        extensions = all.collect::<Option<_>>().ok_or_else(broken)?;
    }
    let mut v3 = vec![*version];
    v3.extend_from_slice(&exact);
    v3.extend(extensions.iter().map(Cow::as_ref));
    Ok(der::element(der::SEQUENCE, &v3))
}

/// Rewrites the `critical` flag of the extensions that are listed.
fn with_criticality<'a>(
    extensions: &'a [u8],
    changes: &[(ExtensionKind, bool)],
) -> ASN1Result<Cow<'a, [u8]>> {
    if changes.is_empty() {
        return Ok(Cow::Borrowed(extensions));
    }
    let list = yasna::parse_der(extensions, |reader| {
        reader.read_tagged(Tag::context(3), |reader| {
            reader.collect_sequence_of(|reader| {
                reader.read_sequence(|reader| {
                    let oid = reader.next().read_oid()?;
                    let critical = reader.read_default(false, |reader| reader.read_bool())?;
                    Ok((oid, critical, reader.next().read_bytes()?))
                })
            })
        })
    })?;
    Ok(Cow::Owned(yasna::construct_der(|writer| {
        writer.write_tagged(Tag::context(3), |writer| {
            writer.write_sequence(|writer| {
                for (oid, critical, value) in &list {
                    let is_this = |kind: ExtensionKind| oid.components().as_slice() == [2, 5, 29, kind.arc()];
                    let change = changes.iter().find(|(kind, _)| is_this(*kind));
                    writer.next().write_sequence(|writer| {
                        writer.next().write_oid(oid);
                        if change.map_or(*critical, |(_, wanted)| *wanted) {
                            writer.next().write_bool(true);
                        }
                        writer.next().write_bytes(value);
                    });
                }
            });
        });
    })))
}

/// Stands in for a key while rcgen encodes: it hands out nothing and keeps what it is asked to sign.
#[derive(Default)]
pub(super) struct Capture {
    pub(super) message: RefCell<Vec<u8>>,
}

impl PublicKeyData for Capture {
    fn der_bytes(&self) -> &[u8] {
        &[]
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ED25519
    }
}

impl rcgen::SigningKey for Capture {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.message.borrow_mut().extend_from_slice(message);
        Ok(Vec::new())
    }
}

/// rcgen's TBSCertificate, in which names, algorithm and key are stand-ins.
fn rcgen_encoding(fields: &CertificateFields<'_>) -> Result<Vec<u8>, X509Error> {
    let params = parameters(fields).map_err(X509Error::Encoding)?;
    let issuer_id = fields.authority_key_identifier.unwrap_or_default().to_vec();
    let mut issuer_params = BLANK.clone();
    issuer_params.key_identifier_method = KeyIdMethod::PreSpecified(issuer_id);
    let capture = Capture { message: RefCell::new(Vec::with_capacity(1024)) };
    let issuer = Issuer::from_params(&issuer_params, &capture);
    params.signed_by(&capture, &issuer).map_err(X509Error::Encoding)?;
    drop(issuer);
    Ok(capture.message.into_inner())
}

/// Parameters that say nothing, not even rcgen's default subject; to make them takes longer than to copy them.
static BLANK: LazyLock<CertificateParams> = LazyLock::new(|| {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
});

fn parameters(fields: &CertificateFields<'_>) -> Result<CertificateParams, rcgen::Error> {
    let extensions = &*fields.extensions.beside(fields.carried);
    let mut params = BLANK.clone();
    params.not_before = fields.window.not_before;
    params.not_after = fields.window.not_after;
    params.serial_number = Some(SerialNumber::from_slice(fields.serial));
    params.key_identifier_method = KeyIdMethod::PreSpecified(fields.subject_key_identifier.to_vec());
    params.use_authority_key_identifier_extension = fields.authority_key_identifier.is_some();
    set_extensions(&mut params, fields.subject, extensions)?;
    params.is_ca = match extensions.basic_constraints {
        BasicConstraints::EndEntity => IsCa::ExplicitNoCa,
        BasicConstraints::Ca { path_length: None } => IsCa::Ca(rcgen::BasicConstraints::Unconstrained),
        BasicConstraints::Ca { path_length: Some(length) } => {
            IsCa::Ca(rcgen::BasicConstraints::Constrained(length))
        }
    };
    params.name_constraints = name_constraints(extensions);
    let point = |uri: &String| CrlDistributionPoint { uris: vec![uri.clone()] };
    params.crl_distribution_points = extensions.crl_distribution_points.iter().map(point).collect();
    Ok(params)
}

/// The extensions that certificates and requests for them share.
pub(super) fn set_extensions(
    params: &mut CertificateParams,
    subject: &Name,
    extensions: &Extensions,
) -> Result<(), rcgen::Error> {
    // rcgen marks the SAN critical where the subject is empty (RFC 5280 §4.2.1.6); a name that nobody sees stands in for
    // one that is not. Without a SAN it would be encoded for nothing.
    if !subject.is_empty() && !extensions.subject_alt_names.is_empty() {
        params.distinguished_name.push(DnType::CommonName, "subject");
    }
    params.key_usages = extensions.key_usage.iter().map(key_usage).collect();
    params.extended_key_usages = extensions.extended_key_usage.iter().map(purpose).collect();
    params.subject_alt_names = extensions.subject_alt_names.iter().map(san).collect::<Result<_, _>>()?;
    Ok(())
}

fn key_usage(usage: &KeyUsage) -> KeyUsagePurpose {
    match usage {
        KeyUsage::DigitalSignature => KeyUsagePurpose::DigitalSignature,
        KeyUsage::NonRepudiation => KeyUsagePurpose::ContentCommitment,
        KeyUsage::KeyEncipherment => KeyUsagePurpose::KeyEncipherment,
        KeyUsage::DataEncipherment => KeyUsagePurpose::DataEncipherment,
        KeyUsage::KeyAgreement => KeyUsagePurpose::KeyAgreement,
        KeyUsage::KeyCertSign => KeyUsagePurpose::KeyCertSign,
        KeyUsage::CrlSign => KeyUsagePurpose::CrlSign,
        KeyUsage::EncipherOnly => KeyUsagePurpose::EncipherOnly,
        KeyUsage::DecipherOnly => KeyUsagePurpose::DecipherOnly,
    }
}

fn purpose(usage: &ExtendedKeyUsage) -> ExtendedKeyUsagePurpose {
    match usage.arcs() {
        // rcgen has these two without a copy.
        [1, 3, 6, 1, 5, 5, 7, 3, 1] => ExtendedKeyUsagePurpose::ServerAuth,
        [1, 3, 6, 1, 5, 5, 7, 3, 2] => ExtendedKeyUsagePurpose::ClientAuth,
        other => ExtendedKeyUsagePurpose::Other(other.to_vec()),
    }
}

fn san(name: &GeneralName) -> Result<SanType, rcgen::Error> {
    let ia5 = |text: &String| Ia5String::try_from(text.as_str());
    Ok(match name {
        GeneralName::Dns(text) => SanType::DnsName(ia5(text)?),
        GeneralName::Ip(address) => SanType::IpAddress(*address),
        GeneralName::Email(text) => SanType::Rfc822Name(ia5(text)?),
        GeneralName::Uri(text) => SanType::URI(ia5(text)?),
    })
}

fn name_constraints(extensions: &Extensions) -> Option<NameConstraints> {
    let subtree = |name: &SubtreeName| match name {
        SubtreeName::Dns(text) => GeneralSubtree::DnsName(text.clone()),
        SubtreeName::Email(text) => GeneralSubtree::Rfc822Name(text.clone()),
        SubtreeName::Network(IpAddr::V4(address), bits) => {
            GeneralSubtree::IpAddress(rcgen::CidrSubnet::from_v4_prefix(address.octets(), *bits))
        }
        SubtreeName::Network(IpAddr::V6(address), bits) => {
            GeneralSubtree::IpAddress(rcgen::CidrSubnet::from_v6_prefix(address.octets(), *bits))
        }
    };
    let constraints = NameConstraints {
        permitted_subtrees: extensions.permitted.iter().map(subtree).collect(),
        excluded_subtrees: extensions.excluded.iter().map(subtree).collect(),
    };
    (!constraints.permitted_subtrees.is_empty() || !constraints.excluded_subtrees.is_empty())
        .then_some(constraints)
}
