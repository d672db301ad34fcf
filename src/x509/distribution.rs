//! issuingDistributionPoint: which certificates a revocation list is about (RFC 5280 §5.2.5), and cRLDistributionPoints,
//! by which a certificate says where its list is (§4.2.1.13).

use crate::der::{Element, SEQUENCE, only};

/// What a list with an issuingDistributionPoint covers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListScope {
    /// Certificates of end-entities alone.
    pub only_users: bool,
    /// Certificates of authorities alone.
    pub only_authorities: bool,
    /// Attribute certificates alone, of which TLS has none.
    pub only_attributes: bool,
    /// What was revoked for some reasons alone.
    pub some_reasons: bool,
    /// Certificates of other issuers too.
    pub is_indirect: bool,
    /// The places that the list is for, each as its DER GeneralName; `None` where it is for all. Empty where the place
    /// is a name relative to the issuer's, which nobody writes.
    pub places: Option<Vec<Vec<u8>>>,
}

impl ListScope {
    pub(super) fn from_der(value: &[u8]) -> Option<Self> {
        let mut scope = Self::default();
        let mut members = only(value, SEQUENCE)?.members();
        for member in members.by_ref() {
            let set = member.content != [0];
            match member.tag {
                0xa0 => scope.places = Some(full_names(&member)),
                0x81 => scope.only_users = set,
                0x82 => scope.only_authorities = set,
                0x83 => scope.some_reasons = true,
                0x84 => scope.is_indirect = set,
                0x85 => scope.only_attributes = set,
                _ => return None,
            }
        }
        members.is_empty().then_some(scope)
    }

    /// Whether OpenSSL looks at such a list without being told to support more than plain lists, which PostgreSQL does
    /// not tell it (`get_crl_score`, crypto/x509/x509_vfy.c): of one kind at most, for all reasons, of its issuer alone.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let kinds = [self.only_users, self.only_authorities, self.only_attributes];
        kinds.into_iter().filter(|only| *only).count() < 2 && !self.some_reasons && !self.is_indirect
    }

    /// Whether the list is about a certificate: of an authority or not, with these distribution points
    /// (`crl_crldp_check`, crypto/x509/x509_vfy.c).
    #[must_use]
    pub fn covers(&self, is_authority: bool, points: &[Vec<u8>]) -> bool {
        let of_its_kind = if is_authority { !self.only_users } else { !self.only_authorities };
        let of_its_place =
            self.places.as_ref().is_none_or(|own| own.iter().any(|place| points.contains(place)));
        of_its_kind && of_its_place && !self.only_attributes
    }
}

/// The places of cRLDistributionPoints, each as its DER GeneralName.
pub(super) fn points(extension: &[u8]) -> Vec<Vec<u8>> {
    let points = only(extension, SEQUENCE).into_iter().flat_map(|list| list.members());
    let places = points.flat_map(|point| point.members()).filter(|member| member.tag == 0xa0);
    places.flat_map(|place| full_names(&place)).collect()
}

/// The names of `[0] DistributionPointName`, where they are `[0] fullName`.
fn full_names(place: &Element<'_>) -> Vec<Vec<u8>> {
    let names = place.members().filter(|choice| choice.tag == 0xa0).flat_map(|names| names.members());
    names.map(|name| name.whole.to_vec()).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::der::element;

    fn place(name: &[u8]) -> Vec<u8> {
        element(0xa0, &[&element(0xa0, &[&element(0x86, &[name])])])
    }

    #[test]
    fn a_list_covers_those_of_its_kind_and_of_its_place() {
        let flag = |tag| element(tag, &[&[0xff]]);
        for (parts, plain, user, authority) in [
            (vec![], true, true, true),
            (vec![flag(0x81)], true, true, false),
            (vec![flag(0x82)], true, false, true),
            (vec![flag(0x85)], true, false, false),
            (vec![flag(0x81), flag(0x82)], false, false, false),
            (vec![element(0x83, &[&[1, 0x40]])], false, true, true),
            (vec![flag(0x84)], false, true, true),
            (vec![element(0x81, &[&[0]])], true, true, true),
            (vec![place(b"http://a.test/")], true, true, true),
            (vec![place(b"http://b.test/")], true, false, false),
        ] {
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            let scope = ListScope::from_der(&element(SEQUENCE, &parts)).unwrap();
            let own = points(&element(SEQUENCE, &[&element(SEQUENCE, &[&place(b"http://a.test/")])]));
            assert_eq!(own.len(), 1);
            assert_eq!(scope.is_plain(), plain, "{parts:x?}");
            assert_eq!(
                (scope.covers(false, &own), scope.covers(true, &own)),
                (user, authority),
                "{parts:x?}"
            );
            assert!(scope.places.is_none() || !scope.covers(false, &[]));
        }
        assert_eq!(ListScope::from_der(&[0x0c, 1, b'a']), None);
        assert_eq!(ListScope::from_der(&element(SEQUENCE, &[&element(0x0c, &[b"a"])])), None);
    }
}
