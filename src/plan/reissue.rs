//! An existing certificate -> the spec of the same one again: same subject, key and extensions, another window, another
//! serial number. What it lacks to be one of ours (the guide's own commands make X.509 v1) comes to it; what is unknown
//! here is carried over as it is. Which certificates, when, and for how long is its callers' matter.

use super::{CertificateSpec, IssuerRef, PlanError, build};
use crate::keys::{KeyType, PublicKey};
use crate::pg::sides_of_name;
use crate::profile::PathLength;
use crate::state::key_identifier;
use crate::x509::{
    BasicConstraints, CarriedExtension, Certificate, ExtensionKind, Extensions, GeneralName, SerialNumber,
    Usage, Window, significant,
};
use serde::{Serialize, Serializer};

/// Extensions that say something of the one certificate in which they are, and nothing of the next: what logs promised of
/// it, and that it is to be taken by logs alone (RFC 6962 §3.1, §3.3).
const OF_THIS_ONE: [&str; 2] = ["1.3.6.1.4.1.11129.2.4.2", "1.3.6.1.4.1.11129.2.4.3"];

/// What a certificate has of the one that it is again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reissue {
    /// That one.
    #[serde(rename = "serial", serialize_with = "serialize_serial")]
    pub of: Certificate,
    /// Its extensions that stay as they are, byte for byte, in their order.
    pub carried: Vec<CarriedExtension>,
}

fn serialize_serial<S: Serializer>(certificate: &Certificate, serializer: S) -> Result<S::Ok, S::Error> {
    SerialNumber::Given(significant(&certificate.serial).to_vec()).serialize(serializer)
}

/// One certificate that is to be issued again.
#[derive(Debug, Clone)]
pub struct Reissued<'a> {
    /// The stem of its files.
    pub stem: &'a str,
    /// What it is now.
    pub certificate: &'a Certificate,
    /// The stem of who signs it, and the identifier of that one's key; `None`: its own key.
    pub issuer: Option<(&'a str, Vec<u8>)>,
    /// What it is for; [`leaf_usage`] tells it of an end-entity.
    pub usage: Usage,
    /// When it is to be valid.
    pub window: Window,
    /// The kind of a new key; `None`: it keeps its own.
    pub new_key: Option<KeyType>,
    /// The path length of an intermediate CA that has none.
    pub path_length: Option<u8>,
}

/// Plans a certificate again.
///
/// # Errors
/// [`PlanError::NotReproducible`] for one with something in it that cannot be in another.
pub fn reissue(wish: &Reissued<'_>) -> Result<CertificateSpec, PlanError> {
    let Reissued { stem, certificate, usage, .. } = wish;
    refuse_unique(stem, certificate)?;
    let key = PublicKey::from_spki_der(&certificate.public_key);
    let own_type = build::nearest_type(&key);
    let key_type = wish.new_key.unwrap_or(own_type);
    let changes_kind = key_type.is_rsa() != own_type.is_rsa();
    let all = certificate.carried_extensions();
    let carried = all.into_iter().filter(|extension| is_carried(extension, wish, changes_kind)).collect();
    Ok(CertificateSpec {
        stem: (*stem).to_owned(),
        usage: *usage,
        subject: certificate.subject.clone(),
        issuer: wish
            .issuer
            .as_ref()
            .map_or(IssuerRef::Itself, |(stem, _)| IssuerRef::Certificate((*stem).to_owned())),
        key_type,
        window: wish.window,
        fixed_end: false,
        serial: SerialNumber::USUAL,
        extensions: extensions(wish, key_type, changes_kind),
        append: Vec::new(),
        waived: Vec::new(),
        existing_key: wish.new_key.is_none().then(|| certificate.public_key.clone()),
        reissue: Some(Reissue { of: (*certificate).clone(), carried }),
        kept: None,
    })
}

/// What an end-entity is for: as its extended key usage says; where that is silent, as it is asked for, else as the stem of
/// its files says.
///
/// # Errors
/// [`PlanError::UnknownUse`] where nothing says it, [`PlanError::OtherUse`] where it is something else than is asked for.
pub fn leaf_usage(stem: &str, certificate: &Certificate, asked: Option<Usage>) -> Result<Usage, PlanError> {
    let own = certificate.leaf_usage();
    if certificate.has_extended_key_usage {
        return match asked {
            Some(asked) if asked != own => {
                Err(PlanError::OtherUse { certificate: stem.to_owned(), own, asked })
            }
            _ => Ok(own),
        };
    }
    asked.or_else(|| named_usage(stem)).ok_or_else(|| PlanError::UnknownUse { certificate: stem.to_owned() })
}

/// What a stem says: `server`, `client.alice`, `node_1`.
fn named_usage(stem: &str) -> Option<Usage> {
    match sides_of_name(stem) {
        (true, true) => Some(Usage::Node),
        (true, false) => Some(Usage::Server),
        (false, true) => Some(Usage::Client),
        (false, false) => None,
    }
}

/// What cannot be in two certificates, or would be lost.
fn refuse_unique(stem: &str, certificate: &Certificate) -> Result<(), PlanError> {
    let refuse = |problem: String| Err(PlanError::NotReproducible { certificate: stem.to_owned(), problem });
    if let Some(oid) = certificate.repeated_extensions.first() {
        return refuse(format!("it has the extension {oid} twice"));
    }
    if certificate.has_unique_ids() {
        return refuse("it has unique identifiers of X.509 v2".to_owned());
    }
    let extensions = certificate.carried_extensions();
    match extensions.iter().find(|extension| OF_THIS_ONE.contains(&extension.oid.as_str())) {
        Some(extension) => refuse(format!("its extension {} holds for it alone", extension.oid)),
        None => Ok(()),
    }
}

/// Whether an extension stays as it is: unless it names a key that changes, or keeps it from being what it is to be.
fn is_carried(extension: &CarriedExtension, wish: &Reissued<'_>, changes_kind: bool) -> bool {
    let certificate = wish.certificate;
    if extension.is(ExtensionKind::SubjectKeyIdentifier) {
        return wish.new_key.is_none();
    }
    if extension.is(ExtensionKind::AuthorityKeyIdentifier) {
        let own = || wish.new_key.is_none().then(|| key_identifier(certificate));
        let named = wish.issuer.as_ref().map(|(_, identifier)| identifier.clone()).or_else(own);
        // A serial number in it is that of one certificate of the CA, which has a new one when it is renewed.
        let names_a_key = certificate.authority_serial.is_none() && certificate.authority_issuer.is_none();
        return names_a_key && named.is_some() && certificate.authority_key_identifier == named;
    }
    if extension.is(ExtensionKind::BasicConstraints) {
        let is_same_length = certificate.path_length.is_some() || added_path_length(wish).is_none();
        // Of a CA it has to be critical (RFC 5280 §4.2.1.9).
        let is_critical_enough = certificate.basic_constraints_critical || !wish.usage.is_ca();
        return certificate.ca == Some(wish.usage.is_ca()) && is_same_length && is_critical_enough;
    }
    // What an RSA key may be used for is more than another may.
    !(extension.is(ExtensionKind::KeyUsage) && changes_kind)
}

/// The path length that a CA has, or comes to have.
fn added_path_length(wish: &Reissued<'_>) -> Option<u8> {
    let own = wish.certificate.path_length.map(|length| u8::try_from(length).unwrap_or(u8::MAX));
    own.or(wish.path_length.filter(|_| wish.usage == Usage::IntermediateCa))
}

/// What it says, as plain data: what it has, and what comes to it.
fn extensions(wish: &Reissued<'_>, key_type: KeyType, changes_kind: bool) -> Extensions {
    let certificate = wish.certificate;
    let usual = build::usual(wish.usage, PathLength::Usual, key_type);
    let basic_constraints = match wish.usage.is_ca() {
        true => BasicConstraints::Ca { path_length: added_path_length(wish) },
        false => BasicConstraints::EndEntity,
    };
    let key_usage = certificate.key_usage.clone().filter(|_| !changes_kind).unwrap_or(usual.key_usage);
    let extended_key_usage = match certificate.has_extended_key_usage {
        true => certificate.extended_key_usage.clone(),
        false => usual.extended_key_usage,
    };
    Extensions {
        basic_constraints,
        key_usage,
        extended_key_usage,
        subject_alt_names: names(wish),
        permitted: certificate.permitted.clone(),
        excluded: certificate.excluded.clone(),
        crl_distribution_points: Vec::new(),
        criticality: Vec::new(),
    }
}

/// The names that it has; of a server without any its common name, where that is a host, for clients look there alone.
fn names(wish: &Reissued<'_>) -> Vec<GeneralName> {
    let certificate = wish.certificate;
    if certificate.has_subject_alt_names || !wish.usage.serves() {
        return certificate.subject_alt_names.clone();
    }
    let common = certificate.subject.common_names().next().and_then(|name| name.parse::<GeneralName>().ok());
    common.into_iter().filter(|name| matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_))).collect()
}
