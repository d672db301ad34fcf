//! Extensions that one certificate has of another, byte for byte: whatever is in them, known here or not, is not lost.

use super::extension::Extension;
use super::signature::members;
use super::{Certificate, ExtensionKind, Extensions};
use crate::der::{Element, SEQUENCE, dotted_oid, element, only};
use serde::Serialize;
use std::borrow::Cow;

/// The tag of the extensions in a TBSCertificate: [3].
pub(super) const EXTENSIONS: u8 = 0xa3;
/// The tags of issuerUniqueID and subjectUniqueID, [1] and [2] (RFC 5280 §4.1.2.8).
const UNIQUE_IDS: [u8; 2] = [0x81, 0x82];

/// An extension exactly as a certificate has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CarriedExtension {
    /// Its dotted object identifier.
    pub oid: String,
    /// The whole of it, DER.
    #[serde(skip)]
    pub der: Vec<u8>,
}

impl CarriedExtension {
    /// Whether it is of this kind.
    #[must_use]
    pub fn is(&self, kind: ExtensionKind) -> bool {
        self.oid == kind.oid()
    }
}

impl Certificate {
    /// Its extensions to be carried into another, in order.
    #[must_use]
    pub fn carried_extensions(&self) -> Vec<CarriedExtension> {
        let extensions = members(self.signed().to_be_signed).find(|element| element.tag == EXTENSIONS);
        let extensions = extensions.and_then(|element| only(element.content, SEQUENCE));
        extensions.iter().flat_map(Element::members).filter_map(|element| carried(&element)).collect()
    }

    /// Whether it has the unique identifiers of X.509 v2, which nobody writes any more (RFC 5280 §4.1.2.8).
    #[must_use]
    pub fn has_unique_ids(&self) -> bool {
        members(self.signed().to_be_signed).any(|element| UNIQUE_IDS.contains(&element.tag))
    }
}

fn carried(element: &Element<'_>) -> Option<CarriedExtension> {
    let extension = Extension::of(element)?;
    Some(CarriedExtension { oid: dotted_oid(extension.oid), der: element.whole.to_vec() })
}

impl Extensions {
    /// Those that are left to be made where these are carried.
    pub(super) fn beside(&self, carried: &[CarriedExtension]) -> Cow<'_, Self> {
        if carried.is_empty() {
            return Cow::Borrowed(self);
        }
        let has = |kind| carried.iter().any(|it| it.is(kind));
        let mut left = self.clone();
        if has(ExtensionKind::KeyUsage) {
            left.key_usage.clear();
        }
        if has(ExtensionKind::ExtendedKeyUsage) {
            left.extended_key_usage.clear();
        }
        if has(ExtensionKind::SubjectAltName) {
            left.subject_alt_names.clear();
        }
        if has(ExtensionKind::NameConstraints) {
            (left.permitted, left.excluded) = (Vec::new(), Vec::new());
        }
        if has(ExtensionKind::CrlDistributionPoints) {
            left.crl_distribution_points.clear();
        }
        Cow::Owned(left)
    }
}

/// The extensions of a TBSCertificate: those that are carried, then those that were made and are of other kinds.
pub(super) fn joined(made: &[u8], carried: &[CarriedExtension]) -> Option<Vec<u8>> {
    let made = only(only(made, EXTENSIONS)?.content, SEQUENCE)?;
    let is_new = |element: &Element<'_>| {
        let oid = Extension::of(element).map(|extension| dotted_oid(extension.oid));
        !carried.iter().any(|carried| Some(&carried.oid) == oid.as_ref())
    };
    let mut all: Vec<&[u8]> = carried.iter().map(|carried| carried.der.as_slice()).collect();
    all.extend(made.members().filter(is_new).map(|element| element.whole));
    Some(element(EXTENSIONS, &[&element(SEQUENCE, &all)]))
}
