//! What a certificate says, field by field.

use super::life::Life;
use super::things::{colons, hexadecimal, is_label};
use crate::keys::{PublicKey, SignatureAlgorithm, sha256};
use crate::x509::{
    Certificate, ExtendedKeyUsage, ExtensionKind, GeneralName, KeyUsage, MalformedName, Name, OtherExtension,
    SubtreeName, Usage,
};
use serde::Serialize;
use time::OffsetDateTime;

/// A certificate, field by field. The names of the fields are an interface: `inspect --json` prints them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateFacts {
    /// Whom it names, in encoded order.
    pub subject: Name,
    /// The same as PostgreSQL has it: what `clientname=DN` compares, and what the log says.
    pub postgres_dn: String,
    /// Whom it names as its issuer, in encoded order.
    pub issuer: Name,
    /// What it is for, as far as its extensions say.
    pub usage: Usage,
    /// When it is valid.
    #[serde(flatten)]
    pub life: Life,
    /// The key: the word of a profile where it is one that we make, else as people say it.
    pub key_type: String,
    /// The same as people say it.
    #[serde(skip)]
    pub key_name: String,
    /// SHA-256 of the SubjectPublicKeyInfo: equal for a key and its certificates.
    pub key_sha256: String,
    /// 1 or 3.
    pub version: u8,
    /// The serial number.
    pub serial: String,
    /// How it is signed.
    pub signature_algorithm: String,
    /// `DNS:db1`, `IP:10.0.0.5`.
    pub subject_alt_names: Vec<String>,
    /// Subject alternative names that cannot be what their type says, by their bytes.
    pub malformed_alt_names: Vec<String>,
    /// How many subject alternative names are of types that are not shown.
    pub other_alt_names: usize,
    /// basicConstraints cA; `null` without the extension.
    pub ca: Option<bool>,
    /// The path length, where there is one.
    pub path_length: Option<u32>,
    /// keyUsage; `null` without the extension.
    pub key_usage: Option<Vec<KeyUsage>>,
    /// extKeyUsage; `null` without the extension: then it is for every purpose.
    pub extended_key_usage: Option<Vec<ExtendedKeyUsage>>,
    /// subjectKeyIdentifier.
    pub subject_key_identifier: Option<String>,
    /// authorityKeyIdentifier.
    pub authority_key_identifier: Option<String>,
    /// nameConstraints: what alone may be named below it.
    pub permitted: Vec<SubtreeName>,
    /// nameConstraints: what may not be named below it.
    pub excluded: Vec<SubtreeName>,
    /// Whether nameConstraints has more than these two show.
    pub other_constraints: bool,
    /// cRLDistributionPoints.
    pub crl_distribution_points: Vec<GeneralName>,
    /// Which of the extensions above are critical.
    pub critical: Vec<ExtensionKind>,
    /// Extensions that are not above.
    pub other_extensions: Vec<OtherExtension>,
    /// Extensions that cannot be read, as dotted object identifiers.
    pub unreadable_extensions: Vec<String>,
    /// SHA-256 of the whole certificate: its fingerprint.
    pub sha256: String,
}

impl CertificateFacts {
    /// What a certificate says, at an instant.
    #[must_use]
    pub fn of(certificate: &Certificate, at: OffsetDateTime) -> Self {
        let key = PublicKey::from_spki_der(&certificate.public_key);
        let further = certificate.further_extensions();
        Self {
            subject: certificate.subject.clone(),
            postgres_dn: certificate.subject.rfc2253(),
            issuer: certificate.issuer.clone(),
            usage: certificate.usage(),
            life: Life::of(certificate.window, at),
            key_type: key_type(&key),
            key_name: key.to_string(),
            key_sha256: colons(&sha256(&certificate.public_key)),
            version: certificate.version,
            serial: serial(&certificate.serial),
            signature_algorithm: algorithm(certificate.signed().algorithm),
            subject_alt_names: certificate.subject_alt_names.iter().map(ToString::to_string).collect(),
            malformed_alt_names: malformed(&certificate.malformed_alt_names),
            other_alt_names: certificate.other_alt_names,
            ca: certificate.ca,
            path_length: certificate.path_length,
            key_usage: certificate.key_usage.clone(),
            extended_key_usage: certificate
                .has_extended_key_usage
                .then(|| certificate.extended_key_usage.clone()),
            subject_key_identifier: certificate.subject_key_identifier.as_deref().map(colons),
            authority_key_identifier: certificate.authority_key_identifier.as_deref().map(colons),
            permitted: certificate.permitted.clone(),
            excluded: certificate.excluded.clone(),
            other_constraints: certificate.has_other_constraints,
            crl_distribution_points: further.crl_distribution_points,
            critical: further.critical,
            other_extensions: further.others,
            unreadable_extensions: certificate.unreadable_extensions.clone(),
            sha256: colons(&sha256(&certificate.der)),
        }
    }

    /// The usage in a word of a person: where extensions say nothing, it is for any use.
    #[must_use]
    pub fn usage_word(&self) -> &'static str {
        let is_any = |usages: &Vec<ExtendedKeyUsage>| usages.iter().any(|usage| usage.to_string() == "any");
        match self.usage {
            Usage::RootCa | Usage::IntermediateCa => "CA",
            Usage::Bare if self.extended_key_usage.as_ref().is_none_or(is_any) => "any use",
            Usage::Bare => "other",
            other => other.id(),
        }
    }
}

/// The word of a profile, else as people say it.
pub(super) fn key_type(key: &PublicKey) -> String {
    key.key_type().map_or_else(|| key.to_string(), |kind| kind.id().to_owned())
}

/// An AlgorithmIdentifier as people say it.
pub(super) fn algorithm(der: &[u8]) -> String {
    SignatureAlgorithm::from_der(der)
        .map_or_else(|| "an algorithm that cannot be read".to_owned(), |algorithm| algorithm.to_string())
}

/// A serial number as its hexadecimal digits: the sign apart, no zeros in front but to fill a byte, as OpenSSL has it.
pub(super) fn serial(encoded: &[u8]) -> String {
    let negative = encoded.first().is_some_and(|first| first & 0x80 != 0);
    let mut magnitude = encoded.to_vec();
    if negative {
        // Two's complement.
        let mut carry = true;
        for byte in magnitude.iter_mut().rev() {
            let (value, overflow) = (!*byte).overflowing_add(u8::from(carry));
            (*byte, carry) = (value, overflow);
        }
    }
    let zeros = magnitude.iter().take_while(|byte| **byte == 0).count();
    let digits = magnitude.get(zeros..).filter(|rest| !rest.is_empty()).unwrap_or(&[0]);
    format!("{}{}", if negative { "-" } else { "" }, colons(digits))
}

/// Malformed names: the type, and the text where it is one, else the bytes.
pub(super) fn malformed(names: &[MalformedName]) -> Vec<String> {
    let shown = |name: &MalformedName| {
        let (kind, bytes) = match name {
            MalformedName::Dns(bytes) => ("DNS", bytes),
            MalformedName::Ip(bytes) => return format!("IP:#{}", hexadecimal(bytes)),
            MalformedName::Email(bytes) => ("email", bytes),
            MalformedName::Uri(bytes) => ("URI", bytes),
        };
        match std::str::from_utf8(bytes).ok().filter(|text| is_label(text)) {
            Some(text) => format!("{kind}:{text}"),
            None => format!("{kind}:#{}", hexadecimal(bytes)),
        }
    };
    names.iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_number_has_the_digits_that_openssl_prints() {
        for (encoded, shown) in [
            (&[0x00, 0xff][..], "FF"),
            (&[0x01, 0x02], "01:02"),
            (&[0x00], "00"),
            (&[], "00"),
            (&[0xff], "-01"),
            (&[0x80], "-80"),
            (&[0xff, 0x00], "-01:00"),
        ] {
            assert_eq!(serial(encoded), shown);
        }
    }
}
