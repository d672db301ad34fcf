//! Which plans the script can say. Whatever it could only say nearly is refused here.

use super::{Obstacle, RecipeError, RecipeTarget};
use crate::layout::{Content, Outline};
use crate::plan::{CertificateSpec, Plan};
use crate::x509::{ExtendedKeyUsage, Name, SerialNumber, Usage};

/// How long OpenSSL lets a value be, in characters (`tbl_standard` in its crypto/asn1/tbl_standard.h, after the upper
/// bounds of X.520); types that are not here have no bound.
const BOUNDS: [(&str, usize); 9] = [
    ("CN", 64),
    ("O", 64),
    ("OU", 64),
    ("serialNumber", 64),
    ("L", 128),
    ("ST", 128),
    ("emailAddress", 128),
    ("GN", 32_768),
    ("SN", 32_768),
];

/// The random bits of a serial number in the script: `openssl rand -hex 16`.
const SERIAL_BITS: u8 = 128;

/// Refuses what the script cannot say.
pub(super) fn check(plan: &Plan, outline: &Outline, target: &RecipeTarget) -> Result<(), RecipeError> {
    let refusal = |certificate: &str, obstacle| {
        let (profile, certificate) = (plan.profile.clone(), certificate.to_owned());
        Err(RecipeError::Inexpressible { profile, certificate, obstacle })
    };
    for spec in &plan.certificates {
        if let Some(obstacle) = obstacle(spec) {
            return refusal(&spec.stem, obstacle);
        }
    }
    for file in &outline.files {
        match &file.content {
            Content::Key { of, encrypted: true } if target.ca_passphrase.is_none() => {
                return refusal(of, Obstacle::NoPassphraseFile);
            }
            _ => {}
        }
    }
    Ok(())
}

fn obstacle(spec: &CertificateSpec) -> Option<Obstacle> {
    let extensions = &spec.extensions;
    if spec.kept.is_some() {
        return Some(Obstacle::Kept);
    }
    if spec.usage == Usage::Bare {
        return Some(Obstacle::Bare);
    }
    if !extensions.permitted.is_empty() || !extensions.excluded.is_empty() {
        return Some(Obstacle::NameConstraints);
    }
    if !extensions.crl_distribution_points.is_empty() {
        return Some(Obstacle::CrlDistributionPoints);
    }
    if let Some((kind, _)) = extensions.criticality.first() {
        return Some(Obstacle::Criticality(*kind));
    }
    let usual = [ExtendedKeyUsage::server_auth(), ExtendedKeyUsage::client_auth()];
    let usual: &[ExtendedKeyUsage] = match spec.usage {
        Usage::Server => &usual[..1],
        Usage::Client => &usual[1..],
        Usage::Node => &usual,
        Usage::RootCa | Usage::IntermediateCa | Usage::Bare => &[],
    };
    if let Some(further) = extensions.extended_key_usage.iter().find(|usage| !usual.contains(usage)) {
        return Some(Obstacle::ExtendedKeyUsage(further.clone()));
    }
    match &spec.serial {
        SerialNumber::Random { bits } if *bits != SERIAL_BITS => Some(Obstacle::SerialBits(*bits)),
        _ => subject_obstacle(&spec.subject),
    }
}

fn subject_obstacle(subject: &Name) -> Option<Obstacle> {
    for (kind, value) in subject.attributes().into_iter().flatten() {
        let bound = BOUNDS.iter().find(|(bounded, _)| *bounded == kind).map(|(_, bound)| *bound);
        if kind.contains('.') {
            return Some(Obstacle::AttributeType(kind));
        }
        if value.is_empty() {
            return Some(Obstacle::EmptyAttribute(kind));
        }
        if value.contains('\0') {
            return Some(Obstacle::ZeroByte);
        }
        if let Some(most_characters) = bound.filter(|most| value.chars().count() > *most) {
            return Some(Obstacle::LongAttribute { kind, most_characters });
        }
    }
    // The text says everything about a name but the types of its strings.
    let usual = Name::parse(&subject.to_string()).ok();
    (usual.as_ref() != Some(subject)).then_some(Obstacle::StringType)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    /// `CN=a`, as a PrintableString, which this crate reads but never writes.
    const PRINTABLE: [u8; 14] =
        [0x30, 0x0c, 0x31, 0x0a, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x13, 0x01, b'a'];

    #[test]
    fn a_name_that_openssl_would_change_is_refused() {
        let long = "x".repeat(65);
        for (name, obstacle) in [
            (Name::parse("1.2.3.4=x").unwrap(), Obstacle::AttributeType("1.2.3.4".to_owned())),
            (Name::common_name(""), Obstacle::EmptyAttribute("CN".to_owned())),
            (Name::common_name("a\0b"), Obstacle::ZeroByte),
            (
                Name::parse(&format!("O={long}")).unwrap(),
                Obstacle::LongAttribute { kind: "O".to_owned(), most_characters: 64 },
            ),
            (Name::from_der(&PRINTABLE).unwrap(), Obstacle::StringType),
        ] {
            assert_eq!(subject_obstacle(&name), Some(obstacle), "{name}");
        }
    }

    #[test]
    fn a_name_that_openssl_takes_as_it_is_passes() {
        for text in ["", "C=DE,DC=example,O=Acme\\, Inc,OU=a+OU=b,CN=Zoë \\\"Z\\\" \\\\", "CN=line\\0Abreak"]
        {
            assert_eq!(subject_obstacle(&Name::parse(text).unwrap()), None, "{text}");
        }
        assert_eq!(subject_obstacle(&Name::common_name(&"ü".repeat(64))), None);
    }
}
