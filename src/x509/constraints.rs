//! Name constraints: what they are, and whether a name keeps them (RFC 5280 §4.2.1.10).

use super::{GeneralName, Name};
use serde::Serialize;
use std::net::IpAddr;

/// A subtree of a name constraint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SubtreeName {
    /// Host names: the name itself and all below it; with a leading dot those below it alone.
    Dns(String),
    /// A mail box, a host's mail boxes, or with a leading dot those of all hosts below.
    Email(String),
    /// A network: address and prefix length in bits.
    Network(IpAddr, u8),
}

/// Whether a name keeps to the constraints: in no excluded subtree, and in a permitted one where there are any of its
/// type.
#[must_use]
pub fn keeps_constraints(name: &GeneralName, permitted: &[SubtreeName], excluded: &[SubtreeName]) -> bool {
    let mut of_its_type = permitted.iter().filter_map(|subtree| covers(subtree, name)).peekable();
    let is_permitted = of_its_type.peek().is_none() || of_its_type.any(|covered| covered);
    is_permitted && !excluded.iter().any(|subtree| covers(subtree, name) == Some(true))
}

/// Whether a subject keeps to the constraints on directoryName: below no excluded one, and below a permitted one where
/// there are any. Compared as OpenSSL does (`nc_dn`), whatever the case of letters. An empty subject keeps all.
#[must_use]
pub fn keeps_directories(subject: &Name, permitted: &[Name], excluded: &[Name]) -> bool {
    let whole = subject.canonical_der();
    let is_below = |name: &Name| whole.starts_with(&name.canonical_der());
    subject.is_empty()
        || ((permitted.is_empty() || permitted.iter().any(is_below)) && !excluded.iter().any(is_below))
}

/// Whether a subtree holds a name; `None` where it is of another type.
fn covers(subtree: &SubtreeName, name: &GeneralName) -> Option<bool> {
    match (subtree, name) {
        (SubtreeName::Dns(domain), GeneralName::Dns(host)) => Some(is_below(host, domain, true)),
        (SubtreeName::Email(wanted), GeneralName::Email(address)) => Some(match address.rsplit_once('@') {
            _ if wanted.contains('@') => address == wanted,
            Some((_, host)) => is_below(host, wanted, false),
            None => false,
        }),
        (SubtreeName::Network(network, bits), GeneralName::Ip(address)) => {
            Some(is_in(*address, *network, *bits))
        }
        _ => None,
    }
}

/// Whether a host is the domain, or below it where that counts.
fn is_below(host: &str, domain: &str, below_counts: bool) -> bool {
    let (host, domain) = (host.to_ascii_lowercase(), domain.to_ascii_lowercase());
    if domain.is_empty() || domain.starts_with('.') {
        return host.ends_with(&domain);
    }
    host == domain || (below_counts && host.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.')))
}

fn is_in(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let shifted =
        |number: u128, width: u32| number.checked_shr(width.saturating_sub(u32::from(bits))).unwrap_or(0);
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            shifted(u32::from(address).into(), 32) == shifted(u32::from(network).into(), 32)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            shifted(address.into(), 128) == shifted(network.into(), 128)
        }
        _ => false,
    }
}

/// The subtree of an encoded network: address, then mask; `None` where the mask has holes.
pub(super) fn network(bytes: &[u8]) -> Option<SubtreeName> {
    let (address, mask) = bytes.split_at_checked(bytes.len() / 2)?;
    let address = match (<[u8; 4]>::try_from(address), <[u8; 16]>::try_from(address)) {
        (Ok(four), _) => IpAddr::from(four),
        (_, Ok(sixteen)) => IpAddr::from(sixteen),
        _ => return None,
    };
    let bits: u32 = mask.iter().map(|byte| byte.count_ones()).sum();
    // As many ones as there are, all of them in front.
    let expected = |at: u32| match bits.saturating_sub(8 * at) {
        0 => 0,
        left @ 1..8 => !(0xff_u8 >> left),
        _ => 0xff,
    };
    let contiguous = (0..).zip(mask).all(|(at, byte)| *byte == expected(at));
    contiguous.then_some(SubtreeName::Network(address, bits as u8))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn name(text: &str) -> GeneralName {
        text.parse().unwrap()
    }

    #[test]
    fn a_permitted_domain_holds_itself_and_what_is_below_and_leaves_other_types_alone() {
        let permitted = [SubtreeName::Dns("corp.example".to_owned())];
        for (text, keeps) in [
            ("corp.example", true),
            ("db.Corp.Example", true),
            ("*.corp.example", true),
            ("xcorp.example", false),
            ("db.other.com", false),
            ("10.0.0.1", true),
            ("dba@other.com", true),
        ] {
            assert_eq!(keeps_constraints(&name(text), &permitted, &[]), keeps, "{text}");
        }
    }

    #[test]
    fn an_excluded_network_shuts_out_its_addresses_alone() {
        let excluded = [SubtreeName::Network("10.0.0.0".parse().unwrap(), 8)];
        assert!(!keeps_constraints(&name("10.1.2.3"), &[], &excluded));
        assert!(keeps_constraints(&name("11.0.0.0"), &[], &excluded));
        assert!(keeps_constraints(&name("::1"), &[], &excluded));
        let all = [SubtreeName::Network("::".parse().unwrap(), 0)];
        assert!(!keeps_constraints(&name("::1"), &[], &all));
    }

    #[test]
    fn mail_is_constrained_by_box_by_host_and_by_what_is_below() {
        for (subtree, address, keeps) in [
            ("a@x.example", "a@x.example", true),
            ("a@x.example", "b@x.example", false),
            ("x.example", "b@x.example", true),
            ("x.example", "b@y.x.example", false),
            (".x.example", "b@y.x.example", true),
        ] {
            let permitted = [SubtreeName::Email(subtree.to_owned())];
            assert_eq!(keeps_constraints(&name(address), &permitted, &[]), keeps, "{subtree} {address}");
        }
    }

    #[test]
    fn subjects_are_constrained_by_what_they_begin_with() {
        let name = |text: &str| Name::parse(text).unwrap();
        let acme = [name("O=Acme")];
        for (subject, below) in [
            ("O=Acme,CN=db.test", true),
            ("O=ACME,OU=x,CN=db.test", true),
            ("O=Acme", true),
            ("CN=db.test,O=Acme", false),
            ("O=Acme Inc,CN=db.test", false),
        ] {
            assert_eq!(keeps_directories(&name(subject), &acme, &[]), below, "{subject}");
            assert_eq!(keeps_directories(&name(subject), &[], &acme), !below, "{subject}");
        }
        assert!(keeps_directories(&name(""), &acme, &acme));
        assert!(keeps_directories(&name("CN=x"), &[name("O=a"), name("CN=x")], &[]));
    }

    #[test]
    fn a_mask_with_holes_is_no_network() {
        assert_eq!(
            network(&[10, 0, 0, 0, 255, 0, 0, 0]),
            Some(SubtreeName::Network("10.0.0.0".parse().unwrap(), 8))
        );
        assert_eq!(network(&[10, 0, 0, 0, 255, 0, 255, 0]), None);
        assert_eq!(network(&[10, 0, 0]), None);
    }
}
