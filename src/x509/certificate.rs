//! DER -> what a certificate says, as owned plain data.

use super::claims::{self, MalformedName};
use super::extension::{ExtendedKeyUsage, KeyUsage};
use super::serial::significant;
use super::signature::SignedParts;
use super::{GeneralName, Name, SubtreeName, Usage, Window, X509Error, distribution};
use crate::der::dotted_oid;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{ParsedExtension, X509Extension};
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
    /// Whether basicConstraints is there and critical.
    pub basic_constraints_critical: bool,
    /// The keyUsage bits that are set, in their order; `None` without the extension.
    pub key_usage: Option<Vec<KeyUsage>>,
    /// Whether keyUsage is there and critical.
    pub key_usage_critical: bool,
    /// extKeyUsage; empty without the extension.
    pub extended_key_usage: Vec<ExtendedKeyUsage>,
    /// Whether extKeyUsage is there: without it a certificate is for every purpose (RFC 5280 §4.2.1.12).
    pub has_extended_key_usage: bool,
    /// Whether Netscape's nsCertType is there and does not name SSL servers: OpenSSL and Java still heed it.
    pub is_no_netscape_server: bool,
    /// Whether it is there and does not name SSL clients.
    pub is_no_netscape_client: bool,
    /// The subject alternative names of the types that we know; texts are as encoded, so that a malformed one stands
    /// in [`malformed_alt_names`](Self::malformed_alt_names) too.
    pub subject_alt_names: Vec<GeneralName>,
    /// Subject alternative names that cannot be what their type says.
    pub malformed_alt_names: Vec<MalformedName>,
    /// Whether there is a subject alternative name extension, which may hold no name.
    pub has_subject_alt_names: bool,
    /// Whether it is critical, which it has to be where there is no subject (RFC 5280 §4.2.1.6).
    pub subject_alt_names_critical: bool,
    /// How many subject alternative names are of other types: otherName, x400Address, directoryName, ediPartyName,
    /// registeredID.
    pub other_alt_names: usize,
    /// nameConstraints, permitted subtrees of the types that we know.
    pub permitted: Vec<SubtreeName>,
    /// nameConstraints, excluded subtrees of the types that we know.
    pub excluded: Vec<SubtreeName>,
    /// nameConstraints, permitted subtrees of the type directoryName: those of whole subjects.
    pub permitted_directories: Vec<Name>,
    /// nameConstraints, excluded subtrees of the type directoryName.
    pub excluded_directories: Vec<Name>,
    /// Whether nameConstraints has more than the four lists show: subtrees of other types, networks whose mask has holes,
    /// or subtrees with bounds (RFC 5280 §4.2.1.10 has none).
    pub has_other_constraints: bool,
    /// The places of cRLDistributionPoints, each as its DER GeneralName.
    pub distribution_points: Vec<Vec<u8>>,
    /// subjectKeyIdentifier.
    pub subject_key_identifier: Option<Vec<u8>>,
    /// authorityKeyIdentifier, keyid form.
    pub authority_key_identifier: Option<Vec<u8>>,
    /// authorityKeyIdentifier, the other form: the issuer of the issuer's certificate.
    pub authority_issuer: Option<Name>,
    /// The serial number of the issuer's certificate, without zeros in front.
    pub authority_serial: Option<Vec<u8>>,
    /// Critical extensions that OpenSSL does not handle, for which it refuses the certificate, as dotted object
    /// identifiers.
    pub unknown_critical_extensions: Vec<String>,
    /// Extensions that occur more than once, which RFC 5280 §4.2 forbids, as dotted object identifiers.
    pub repeated_extensions: Vec<String>,
    /// Extensions of a known kind whose content cannot be read, as dotted object identifiers.
    pub unreadable_extensions: Vec<String>,
    /// Whether the AlgorithmIdentifiers in and behind the signed part are the same to the byte; OpenSSL takes no
    /// certificate where they differ.
    pub algorithms_agree: bool,
}

/// An extension, not looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawExtension {
    /// The dotted object identifier.
    pub oid: String,
    /// Whether it is critical.
    pub critical: bool,
    /// The exact DER inside.
    pub value: Vec<u8>,
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
            basic_constraints_critical: false,
            key_usage: None,
            key_usage_critical: false,
            extended_key_usage: Vec::new(),
            has_extended_key_usage: false,
            is_no_netscape_server: false,
            is_no_netscape_client: false,
            subject_alt_names: Vec::new(),
            malformed_alt_names: Vec::new(),
            has_subject_alt_names: false,
            subject_alt_names_critical: false,
            other_alt_names: 0,
            permitted: Vec::new(),
            excluded: Vec::new(),
            permitted_directories: Vec::new(),
            excluded_directories: Vec::new(),
            has_other_constraints: false,
            distribution_points: Vec::new(),
            subject_key_identifier: None,
            authority_key_identifier: None,
            authority_issuer: None,
            authority_serial: None,
            unknown_critical_extensions: claims::unknown_critical(parsed.extensions()),
            repeated_extensions: claims::repeated(parsed.extensions()),
            unreadable_extensions: claims::unreadable(parsed.extensions()),
            algorithms_agree: SignedParts::of(der).is_some_and(|signed| signed.algorithms_agree()),
        };
        parsed.extensions().iter().for_each(|extension| certificate.take_extension(extension));
        Ok(certificate)
    }

    fn take_extension(&mut self, extension: &X509Extension<'_>) {
        match extension.parsed_extension() {
            ParsedExtension::BasicConstraints(constraints) => {
                self.ca = Some(constraints.ca);
                self.path_length = constraints.path_len_constraint;
                self.basic_constraints_critical = extension.critical;
            }
            ParsedExtension::KeyUsage(usage) => {
                self.key_usage = Some(claims::key_usage(*usage));
                self.key_usage_critical = extension.critical;
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                self.extended_key_usage.extend(claims::purposes(usage));
                self.has_extended_key_usage = true;
            }
            ParsedExtension::NSCertType(types) => {
                self.is_no_netscape_server = !types.ssl_server();
                self.is_no_netscape_client = !types.ssl_client();
            }
            ParsedExtension::SubjectAlternativeName(names) => {
                let names = claims::alt_names(&names.general_names);
                self.has_subject_alt_names = true;
                self.subject_alt_names_critical = extension.critical;
                self.subject_alt_names = names.known;
                self.malformed_alt_names.extend(names.malformed);
                self.other_alt_names += names.others;
            }
            ParsedExtension::NameConstraints(constraints) => {
                self.permitted = claims::subtrees(constraints.permitted_subtrees.as_deref());
                self.excluded = claims::subtrees(constraints.excluded_subtrees.as_deref());
                self.permitted_directories = claims::directories(constraints.permitted_subtrees.as_deref());
                self.excluded_directories = claims::directories(constraints.excluded_subtrees.as_deref());
                let networks_and_names = self.permitted.len() + self.excluded.len();
                let directories = self.permitted_directories.len() + self.excluded_directories.len();
                let shown = networks_and_names + directories;
                self.has_other_constraints |= claims::plain_subtrees(extension.value) != Some(shown);
            }
            ParsedExtension::CRLDistributionPoints(_) => {
                self.distribution_points = distribution::points(extension.value);
            }
            ParsedExtension::SubjectKeyIdentifier(identifier) => {
                self.subject_key_identifier = Some(identifier.0.to_vec());
            }
            ParsedExtension::AuthorityKeyIdentifier(identifier) => {
                self.authority_key_identifier = identifier.key_identifier.as_ref().map(|id| id.0.to_vec());
                self.authority_issuer = claims::directory(identifier.authority_cert_issuer.as_deref());
                self.authority_serial =
                    identifier.authority_cert_serial.map(|serial| significant(serial).to_vec());
            }
            _ => {}
        }
    }

    /// Its extensions as they are, in order, read again from the DER: for what the fields do not show.
    #[must_use]
    pub fn extensions(&self) -> Vec<RawExtension> {
        let parsed = X509Certificate::from_der(&self.der).map(|(_, parsed)| parsed);
        let raw = |extension: &X509Extension<'_>| RawExtension {
            oid: dotted_oid(extension.oid.as_bytes()),
            critical: extension.critical,
            value: extension.value.to_vec(),
        };
        parsed.map(|parsed| parsed.extensions().iter().map(raw).collect()).unwrap_or_default()
    }

    /// The TBSCertificate, the outer AlgorithmIdentifier and the signature.
    #[must_use]
    pub fn signed(&self) -> SignedParts<'_> {
        SignedParts::of(&self.der).unwrap_or_default()
    }

    /// Whether subject and issuer are one name (RFC 5280 §3.2); for whether they are one key too,
    /// [`is_own_issuer`](Self::is_own_issuer).
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// Whether it can be its own issuer: subject and issuer are one name, and nothing says that the issuer has another
    /// key (RFC 5280 §4.2.1.1). An end-entity may well have the name of its CA. The signature is not looked at.
    #[must_use]
    pub fn is_own_issuer(&self) -> bool {
        self.is_self_issued() && self.may_have_issued(self)
    }

    /// Whether `self` can be the certificate of the authority that issued `child`: the names are one, and so are the key
    /// identifiers where both are there, and the issuer and serial number that `child` names as those of its issuer's
    /// certificate (RFC 5280 §6.1, §4.2.1.1; `X509_check_akid`). The signature is not looked at.
    #[must_use]
    pub fn may_have_issued(&self, child: &Self) -> bool {
        let same_key = match (&self.subject_key_identifier, &child.authority_key_identifier) {
            (Some(own), Some(named)) => own == named,
            _ => true,
        };
        let same_serial =
            child.authority_serial.as_ref().is_none_or(|serial| *serial == significant(&self.serial));
        let same_issuer = child.authority_issuer.as_ref().is_none_or(|issuer| *issuer == self.issuer);
        self.subject == child.issuer && same_key && same_serial && same_issuer
    }

    /// What it is for, as far as its extensions say.
    #[must_use]
    pub fn usage(&self) -> Usage {
        match self.ca {
            Some(true) if self.is_own_issuer() => Usage::RootCa,
            Some(true) => Usage::IntermediateCa,
            _ => self.leaf_usage(),
        }
    }

    /// What it is for as an end-entity, as far as its extended key usage says.
    #[must_use]
    pub fn leaf_usage(&self) -> Usage {
        let has = |usage: &ExtendedKeyUsage| self.extended_key_usage.contains(usage);
        match (has(&ExtendedKeyUsage::server_auth()), has(&ExtendedKeyUsage::client_auth())) {
            (true, true) => Usage::Node,
            (true, false) => Usage::Server,
            (false, true) => Usage::Client,
            (false, false) => Usage::Bare,
        }
    }
}
