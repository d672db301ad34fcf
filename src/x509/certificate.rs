//! DER -> what a certificate says, as owned plain data.

use super::constraints::network;
use super::extension::{ExtendedKeyUsage, KeyUsage};
use super::{GeneralName, Name, SubtreeName, Usage, Window, X509Error};
use std::net::IpAddr;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName as ParsedName, GeneralSubtree, ParsedExtension};
use x509_parser::prelude::FromDer;

/// A certificate that was read: its exact DER, and what this crate asks of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The exact bytes.
    pub der: Vec<u8>,
    /// 1 or 3.
    pub version: u8,
    /// Big-endian bytes of the serial number, as encoded.
    pub serial: Vec<u8>,
    /// Who signed, exactly.
    pub issuer: Name,
    /// Whom it names, exactly.
    pub subject: Name,
    /// When it is valid.
    pub window: Window,
    /// Exact DER SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
    /// basicConstraints cA; `None` without the extension.
    pub ca: Option<bool>,
    /// The path length, where there is one.
    pub path_length: Option<u32>,
    /// The keyUsage bits that we know; `None` without the extension.
    pub key_usage: Option<Vec<KeyUsage>>,
    /// extKeyUsage; empty without the extension.
    pub extended_key_usage: Vec<ExtendedKeyUsage>,
    /// The subject alternative names of the types that we know.
    pub subject_alt_names: Vec<GeneralName>,
    /// nameConstraints, permitted subtrees of the types that we know.
    pub permitted: Vec<SubtreeName>,
    /// nameConstraints, excluded subtrees of the types that we know.
    pub excluded: Vec<SubtreeName>,
    /// subjectKeyIdentifier.
    pub subject_key_identifier: Option<Vec<u8>>,
    /// authorityKeyIdentifier, keyid form.
    pub authority_key_identifier: Option<Vec<u8>>,
}

impl Certificate {
    /// Reads one certificate; bytes behind it are an error.
    ///
    /// # Errors
    /// [`X509Error::Certificate`] with what the parser met.
    pub fn from_der(der: &[u8]) -> Result<Self, X509Error> {
        let fail = |problem: String| X509Error::Certificate { problem };
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|error| fail(error.to_string()))?;
        if !rest.is_empty() {
            return Err(fail(format!("{} bytes follow it", rest.len())));
        }
        let validity = parsed.validity();
        let mut certificate = Self {
            der: der.to_vec(),
            version: parsed.version().0.saturating_add(1).min(255) as u8,
            serial: parsed.raw_serial().to_vec(),
            issuer: Name::from_der(parsed.issuer().as_raw())?,
            subject: Name::from_der(parsed.subject().as_raw())?,
            window: Window {
                not_before: validity.not_before.to_datetime(),
                not_after: validity.not_after.to_datetime(),
            },
            public_key: parsed.public_key().raw.to_vec(),
            ca: None,
            path_length: None,
            key_usage: None,
            extended_key_usage: Vec::new(),
            subject_alt_names: Vec::new(),
            permitted: Vec::new(),
            excluded: Vec::new(),
            subject_key_identifier: None,
            authority_key_identifier: None,
        };
        parsed
            .extensions()
            .iter()
            .for_each(|extension| certificate.take_extension(extension.parsed_extension()));
        Ok(certificate)
    }

    fn take_extension(&mut self, extension: &ParsedExtension<'_>) {
        match extension {
            ParsedExtension::BasicConstraints(constraints) => {
                self.ca = Some(constraints.ca);
                self.path_length = constraints.path_len_constraint;
            }
            ParsedExtension::KeyUsage(usage) => {
                let bits = [
                    (usage.digital_signature(), KeyUsage::DigitalSignature),
                    (usage.key_encipherment(), KeyUsage::KeyEncipherment),
                    (usage.key_cert_sign(), KeyUsage::KeyCertSign),
                    (usage.crl_sign(), KeyUsage::CrlSign),
                ];
                self.key_usage = Some(bits.into_iter().filter_map(|(set, bit)| set.then_some(bit)).collect());
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                let named = [
                    (usage.server_auth, "serverAuth"),
                    (usage.client_auth, "clientAuth"),
                    (usage.code_signing, "codeSigning"),
                    (usage.email_protection, "emailProtection"),
                    (usage.time_stamping, "timeStamping"),
                    (usage.ocsp_signing, "OCSPSigning"),
                    (usage.any, "any"),
                ];
                let set = named.into_iter().filter(|(set, _)| *set);
                self.extended_key_usage.extend(set.filter_map(|(_, name)| name.parse().ok()));
                let other = usage.other.iter().filter_map(|oid| oid.iter().map(Iterator::collect));
                self.extended_key_usage.extend(other.map(ExtendedKeyUsage::from_arcs));
            }
            ParsedExtension::SubjectAlternativeName(names) => {
                self.subject_alt_names = names.general_names.iter().filter_map(general_name).collect();
            }
            ParsedExtension::NameConstraints(constraints) => {
                let known = |list: &Option<Vec<GeneralSubtree<'_>>>| {
                    list.iter().flatten().filter_map(|subtree| subtree_name(&subtree.base)).collect()
                };
                self.permitted = known(&constraints.permitted_subtrees);
                self.excluded = known(&constraints.excluded_subtrees);
            }
            ParsedExtension::SubjectKeyIdentifier(identifier) => {
                self.subject_key_identifier = Some(identifier.0.to_vec());
            }
            ParsedExtension::AuthorityKeyIdentifier(identifier) => {
                self.authority_key_identifier = identifier.key_identifier.as_ref().map(|id| id.0.to_vec());
            }
            _ => {}
        }
    }

    /// Whether subject and issuer are one name (RFC 5280 §3.2); for whether they are one key too,
    /// [`is_own_issuer`](Self::is_own_issuer).
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// Whether it can be its own issuer: subject and issuer are one name, and the key named as the issuer's is its own
    /// (RFC 5280 §4.2.1.1). An end-entity may well have the name of its CA. The signature is not looked at.
    #[must_use]
    pub fn is_own_issuer(&self) -> bool {
        let named = &self.authority_key_identifier;
        self.is_self_issued() && (named.is_none() || *named == self.subject_key_identifier)
    }

    /// Whether `self` can be the certificate of the authority that issued `child`: the names are one, and so are the key
    /// identifiers where both are there (RFC 5280 §6.1, §4.2.1.1). The signature is not looked at.
    #[must_use]
    pub fn may_have_issued(&self, child: &Self) -> bool {
        let same_key = match (&self.subject_key_identifier, &child.authority_key_identifier) {
            (Some(own), Some(named)) => own == named,
            _ => true,
        };
        self.subject == child.issuer && same_key
    }

    /// What it is for, as far as its extensions say.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let has = |usage: &ExtendedKeyUsage| self.extended_key_usage.contains(usage);
        match (self.ca, has(&ExtendedKeyUsage::server_auth()), has(&ExtendedKeyUsage::client_auth())) {
            (Some(true), ..) if self.is_own_issuer() => Usage::RootCa,
            (Some(true), ..) => Usage::IntermediateCa,
            (_, true, true) => Usage::Node,
            (_, true, false) => Usage::Server,
            (_, false, true) => Usage::Client,
            _ => Usage::Bare,
        }
    }
}

fn subtree_name(name: &ParsedName<'_>) -> Option<SubtreeName> {
    match name {
        ParsedName::DNSName(text) => Some(SubtreeName::Dns((*text).to_owned())),
        ParsedName::RFC822Name(text) => Some(SubtreeName::Email((*text).to_owned())),
        ParsedName::IPAddress(bytes) => network(bytes),
        _ => None,
    }
}

fn general_name(name: &ParsedName<'_>) -> Option<GeneralName> {
    match name {
        ParsedName::DNSName(text) => Some(GeneralName::Dns((*text).to_owned())),
        ParsedName::RFC822Name(text) => Some(GeneralName::Email((*text).to_owned())),
        ParsedName::URI(text) => Some(GeneralName::Uri((*text).to_owned())),
        ParsedName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let sixteen = <[u8; 16]>::try_from(*bytes).map(IpAddr::from);
            four.or(sixteen).ok().map(GeneralName::Ip)
        }
        _ => None,
    }
}
