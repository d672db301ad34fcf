//! What a certificate's extensions say beyond the claims that the judge looks at: read when it is to be shown, so that
//! reading certificates costs no more.

use super::carried::EXTENSIONS;
use super::claims;
use super::extension::Extension;
use super::signature::members;
use super::{Certificate, ExtensionKind, GeneralName};
use crate::der::{Element, SEQUENCE, dotted_oid, only};
use serde::Serialize;
use x509_parser::extensions::{DistributionPointName, ParsedExtension, X509Extension};
use x509_parser::prelude::FromDer;

/// The rest of the extensions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FurtherExtensions {
    /// Those of the eight kinds of [`ExtensionKind`] that are critical.
    pub critical: Vec<ExtensionKind>,
    /// The names in cRLDistributionPoints of the types that we know, mostly URIs.
    pub crl_distribution_points: Vec<GeneralName>,
    /// Every extension of another kind, in order.
    pub others: Vec<OtherExtension>,
}

/// An extension whose content is not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OtherExtension {
    /// Its dotted object identifier.
    pub oid: String,
    /// Its name, where it is a usual one.
    pub name: Option<&'static str>,
    /// Whether it is critical.
    pub critical: bool,
}

/// Usual extensions (RFC 5280 §4.2.1, §4.2.2.1; RFC 6962 §3.3; RFC 7633; Netscape's), as their object identifiers.
const NAMES: [(&[u8], &str); 9] = [
    (&[0x55, 0x1d, 0x20], "certificatePolicies"),
    (&[0x55, 0x1d, 0x21], "policyMappings"),
    (&[0x55, 0x1d, 0x24], "policyConstraints"),
    (&[0x55, 0x1d, 0x2e], "freshestCRL"),
    (&[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01], "authorityInfoAccess"),
    (&[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x18], "tlsFeature"),
    (&[0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x02], "signedCertificateTimestamps"),
    (&[0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 0x01, 0x01], "nsCertType"),
    (&[0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 0x01, 0x0d], "nsComment"),
];

/// 2.5.29.
const CERTIFICATE_EXTENSION: [u8; 2] = [0x55, 0x1d];

impl Certificate {
    /// The rest of its extensions, as far as they can be read.
    #[must_use]
    pub fn further_extensions(&self) -> FurtherExtensions {
        let mut further = FurtherExtensions::default();
        let extensions = members(self.signed().to_be_signed).find(|element| element.tag == EXTENSIONS);
        let extensions = extensions.and_then(|element| only(element.content, SEQUENCE));
        extensions.iter().flat_map(Element::members).for_each(|element| further.take(&element));
        further
    }
}

impl FurtherExtensions {
    fn take(&mut self, element: &Element<'_>) {
        let Some(Extension { oid, critical, .. }) = Extension::of(element) else { return };
        let kind = match oid.strip_prefix(&CERTIFICATE_EXTENSION) {
            Some([arc]) => ExtensionKind::ALL.into_iter().find(|kind| kind.arc() == u64::from(*arc)),
            _ => None,
        };
        let Some(kind) = kind else {
            let name = NAMES.iter().find(|(known, _)| *known == oid).map(|(_, name)| *name);
            self.others.push(OtherExtension { oid: dotted_oid(oid), name, critical });
            return;
        };
        if critical {
            self.critical.push(kind);
        }
        if kind == ExtensionKind::CrlDistributionPoints {
            self.crl_distribution_points.extend(distribution_points(element.whole));
        }
    }
}

fn distribution_points(extension: &[u8]) -> Vec<GeneralName> {
    let Ok((_, extension)) = X509Extension::from_der(extension) else { return Vec::new() };
    let ParsedExtension::CRLDistributionPoints(points) = extension.parsed_extension() else {
        return Vec::new();
    };
    let names = points.points.iter().filter_map(|point| match &point.distribution_point {
        Some(DistributionPointName::FullName(names)) => Some(claims::alt_names(names).known),
        _ => None,
    });
    names.flatten().collect()
}
