//! libpq's own host name check (`sslmode=verify-full`), for each of its versions.
//!
//! Source: `pq_verify_peer_name_matches_certificate` and `wildcard_certificate_match` in fe-secure-common.c,
//! `pgtls_verify_peer_name_matches_certificate_guts` in fe-secure-openssl.c. It is not RFC 6125's rule, and differs from
//! it in both directions.

use crate::x509::{Certificate, GeneralName};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The first version of libpq that compares iPAddress (commit c1932e5428).
pub(super) const ADDRESSES_COMPARED: u32 = 15;

/// Whether libpq of that major version takes the certificate for the host, as it stands in the connection string.
#[must_use]
pub fn accepts_host(certificate: &Certificate, host: &str, libpq: u32) -> bool {
    let address = address(host);
    let names = &certificate.subject_alt_names;
    let matches = |name: &GeneralName| match name {
        // Compared as text, also where the host is an address.
        GeneralName::Dns(pattern) => name_matches(pattern, host),
        GeneralName::Ip(held) => libpq >= ADDRESSES_COMPARED && address == Some(*held),
        GeneralName::Email(_) | GeneralName::Uri(_) => false,
    };
    if names.iter().any(matches) {
        return true;
    }
    let bars_common_name = |name: &GeneralName| match name {
        GeneralName::Dns(_) => libpq < ADDRESSES_COMPARED || address.is_none(),
        GeneralName::Ip(_) => libpq >= ADDRESSES_COMPARED && address.is_some(),
        GeneralName::Email(_) | GeneralName::Uri(_) => false,
    };
    let first = certificate.subject.common_names().next();
    !names.iter().any(bars_common_name) && first.is_some_and(|name| name_matches(&name, host))
}

/// Whether a name of a certificate stands for a host: the same text whatever the case of its ASCII letters, or a `*` as
/// its whole first label for exactly one label.
#[must_use]
pub(super) fn name_matches(pattern: &str, host: &str) -> bool {
    if pattern.eq_ignore_ascii_case(host) {
        return true;
    }
    let Some(parent) = pattern.strip_prefix('*').filter(|parent| parent.len() > 1 && parent.starts_with('.'))
    else {
        return false;
    };
    // Longer than the parent by at least one character, which is one label: it holds no dot.
    let Some(split) = host.len().checked_sub(parent.len()).filter(|split| *split > 0) else { return false };
    let (Some(label), Some(rest)) = (host.get(..split), host.get(split..)) else { return false };
    rest.eq_ignore_ascii_case(parent) && !label.contains('.')
}

/// The address that libpq reads a host as: inet_aton for IPv4, which takes `127.1` and octal parts, inet_pton for IPv6.
#[must_use]
pub(super) fn address(host: &str) -> Option<IpAddr> {
    inet_aton(host).map(IpAddr::V4).or_else(|| host.parse::<Ipv6Addr>().ok().map(IpAddr::V6))
}

/// One to four numbers, decimal, octal behind `0` or hexadecimal behind `0x`; the last fills the bytes that are left.
fn inet_aton(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u32> = text.split('.').map(number).collect::<Option<_>>()?;
    let (last, before) = parts.split_last()?;
    if before.len() > 3 || before.iter().any(|part| *part > 0xff) {
        return None;
    }
    let left = 32 - 8 * u32::try_from(before.len()).ok()?;
    if u64::from(*last) >= 1 << left {
        return None;
    }
    let above = before.iter().enumerate().map(|(at, part)| part << (24 - 8 * at));
    Some(Ipv4Addr::from(above.fold(*last, |sum, part| sum | part)))
}

fn number(text: &str) -> Option<u32> {
    let lower = text.to_ascii_lowercase();
    // from_str_radix takes a sign.
    if lower.is_empty() || !lower.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    match lower.strip_prefix("0x") {
        Some(digits) if digits.starts_with(|c: char| c.is_ascii_hexdigit()) => {
            u32::from_str_radix(digits, 16).ok()
        }
        Some(_) => None,
        None if lower.len() > 1 && lower.starts_with('0') => u32::from_str_radix(&lower, 8).ok(),
        None => lower.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_exactly_one_first_label() {
        for (pattern, host, matches) in [
            ("db.test", "DB.TEST", true),
            ("*.test", "db.test", true),
            ("*.test", "a.db.test", false),
            ("*.test", ".test", false),
            ("*.test", "test", false),
            ("*", "db", false),
            ("*.", "db.", false),
            ("a*.test", "ab.test", false),
            ("*.*.test", "a.*.test", true),
            ("db.test.", "db.test", false),
            ("*.test", "é.test", true),
        ] {
            assert_eq!(name_matches(pattern, host), matches, "{pattern} {host}");
        }
    }

    #[test]
    fn addresses_are_read_as_inet_aton_reads_them() {
        for (text, address) in [
            ("127.0.0.1", Some("127.0.0.1")),
            ("127.1", Some("127.0.0.1")),
            ("2130706433", Some("127.0.0.1")),
            ("0x7f.1", Some("127.0.0.1")),
            ("192.000.002.001", Some("192.0.2.1")),
            ("010.0.0.1", Some("8.0.0.1")),
            ("256.1.1.1", None),
            ("1.2.3.4.5", None),
            ("1.2.3.256", None),
            ("+1.2.3.4", None),
            ("0x.1", None),
            ("", None),
            ("db.test", None),
            ("::1", Some("::1")),
        ] {
            assert_eq!(super::address(text), address.and_then(|text| text.parse().ok()), "{text}");
        }
    }
}
