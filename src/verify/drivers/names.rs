//! Which host names each stack takes a certificate for: seven rules, no two of them the same.
//!
//! Sources: libpq's in `verify::host`; X509_check_host(3) and X509_check_ip(3); Node, lib/tls.js, checkServerIdentity;
//! pgJDBC, PGjdbcHostnameVerifier; rustls-webpki, subject_name; Go, crypto/x509, VerifyHostname; pgbouncer 1.18,
//! lib/usual/tls/tls_verify.c.

use super::catalogue::Driver;
use crate::verify::Policy;
use crate::verify::host::{accepts_host, address, name_matches};
use crate::x509::{Certificate, GeneralName};
use std::borrow::Cow;
use std::net::IpAddr;

/// The libpq that psql was measured with, and the one inside psycopg.
const LIBPQ_OF_PSQL: u32 = 15;
const LIBPQ_OF_PSYCOPG: u32 = 18;

/// What a stack says of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Takes,
    Refuses(&'static str),
    /// It was not measured, and its source leaves room for doubt.
    Unknown(&'static str),
}

/// Whether a stack takes the certificate for the host that is asked about, or for one of the certificate's own names.
pub(super) fn answer(driver: Driver, certificate: &Certificate, policy: &Policy) -> Answer {
    let Some(words) = refusal(driver, certificate) else { return Answer::Takes };
    if !policy.checks_host && has_verify_ca(driver) {
        return Answer::Takes;
    }
    let hosts = match &policy.host {
        Some(host) => vec![host.clone()],
        None => own_names(certificate),
    };
    let mut unknown = None;
    for host in &hosts {
        match takes(driver, certificate, host, policy.libpq) {
            Some(true) => return Answer::Takes,
            Some(false) => {}
            None => unknown = Some("what it compares with an IPv6 address was not measured"),
        }
    }
    unknown.map_or(Answer::Refuses(words), Answer::Unknown)
}

/// What a stack says where no name fits; `None`: it compares none.
fn refusal(driver: Driver, certificate: &Certificate) -> Option<&'static str> {
    let has_names = certificate
        .subject_alt_names
        .iter()
        .any(|name| matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_)));
    Some(match driver {
        Driver::PgmoonLuasec | Driver::PgmoonNginx => return None,
        Driver::Psql | Driver::Psycopg => "server certificate does not match host name",
        Driver::Asyncpg | Driver::AsyncpgStrict | Driver::TokioNativeTls => "Hostname mismatch",
        Driver::NodePostgres => "ERR_TLS_CERT_ALTNAME_INVALID",
        Driver::PgJdbcPk8 | Driver::PgJdbcP12 => "hostname could not be verified by hostnameverifier",
        Driver::TokioRustls => "NotValidForName",
        Driver::LibPq | Driver::Pgx if !has_names => {
            "certificate relies on legacy Common Name field, use SANs instead"
        }
        Driver::LibPq | Driver::Pgx => "certificate is valid for other names",
        Driver::Pgbouncer => "name not present in server certificate",
    })
}

/// Whether it can be told to leave host names alone and still check the chain: `sslmode=verify-ca`.
fn has_verify_ca(driver: Driver) -> bool {
    !matches!(driver, Driver::NodePostgres | Driver::TokioRustls | Driver::TokioNativeTls)
}

/// The hosts that a certificate names; of a wildcard one that is under it.
fn own_names(certificate: &Certificate) -> Vec<String> {
    let hosts = certificate.subject_alt_names.iter().filter_map(|name| match name {
        GeneralName::Dns(pattern) => Some(match pattern.strip_prefix("*.") {
            Some(parent) => format!("host.{parent}"),
            None => pattern.clone(),
        }),
        GeneralName::Ip(address) => Some(address.to_string()),
        GeneralName::Email(_) | GeneralName::Uri(_) => None,
    });
    hosts
        .chain(certificate.subject.common_names().map(Cow::into_owned))
        .filter(|name| !name.contains('\0'))
        .collect()
}

/// Whether a stack takes a certificate for a host; `None`: not known.
fn takes(driver: Driver, certificate: &Certificate, host: &str, libpq: u32) -> Option<bool> {
    let names = Names::of(certificate, host);
    Some(match driver {
        Driver::Psql => accepts_host(certificate, host, libpq.min(LIBPQ_OF_PSQL)),
        Driver::Psycopg => accepts_host(certificate, host, libpq.min(LIBPQ_OF_PSYCOPG)),
        Driver::Asyncpg | Driver::AsyncpgStrict | Driver::TokioNativeTls => names.openssl(host),
        Driver::NodePostgres => names.node(host),
        Driver::PgJdbcPk8 | Driver::PgJdbcP12 => match names.address {
            Some(IpAddr::V6(_)) => return None,
            _ => names.jdbc(host),
        },
        Driver::TokioRustls => names.webpki(host),
        Driver::LibPq | Driver::Pgx => names.go(host),
        Driver::PgmoonLuasec | Driver::PgmoonNginx => true,
        Driver::Pgbouncer => names.libtls(host),
    })
}

/// The names of a certificate, and the address that the host is, where it is one.
struct Names<'a> {
    dns: Vec<&'a str>,
    ips: Vec<IpAddr>,
    common: Vec<Cow<'a, str>>,
    address: Option<IpAddr>,
}

impl<'a> Names<'a> {
    fn of(certificate: &'a Certificate, host: &str) -> Self {
        let (mut dns, mut ips) = (Vec::new(), Vec::new());
        for name in &certificate.subject_alt_names {
            match name {
                GeneralName::Dns(text) => dns.push(text.as_str()),
                GeneralName::Ip(address) => ips.push(*address),
                GeneralName::Email(_) | GeneralName::Uri(_) => {}
            }
        }
        Self { dns, ips, common: certificate.subject.common_names().collect(), address: address(host) }
    }

    fn has_address(&self, host: &str) -> bool {
        // Nobody but libpq reads `127.1`.
        host.parse().is_ok_and(|address| self.ips.contains(&address))
    }

    /// dNSName, or any common name where there is no dNSName; an address is looked for among addresses alone. A wildcard
    /// has two labels behind it.
    fn openssl(&self, host: &str) -> bool {
        if host.parse::<IpAddr>().is_ok() {
            return self.has_address(host);
        }
        let fits = |pattern: &str| matches_below_a_domain(pattern, host);
        match self.dns.is_empty() {
            false => self.dns.iter().any(|name| fits(name)),
            true => self.common.iter().any(|name| fits(name)),
        }
    }

    /// As OpenSSL's, but a wildcard may be part of the first label, and a dot at the end is nothing.
    fn node(&self, host: &str) -> bool {
        if host.parse::<IpAddr>().is_ok() {
            return self.has_address(host);
        }
        let fits = |pattern: &str| node_matches(pattern, host);
        match self.dns.is_empty() {
            false => self.dns.iter().any(|name| fits(name)),
            true => self.common.iter().any(|name| fits(name)),
        }
    }

    /// Both types as text; the common name where there is no dNSName.
    fn jdbc(&self, host: &str) -> bool {
        let fits = |pattern: &str| name_matches(pattern, host);
        self.dns.iter().any(|name| fits(name))
            || self.ips.iter().any(|address| address.to_string() == host)
            || (self.dns.is_empty() && self.common.last().is_some_and(|name| fits(name)))
    }

    fn webpki(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        let fits = |pattern: &&str| matches_below_a_domain(pattern, host);
        self.has_address(host) || (host.parse::<IpAddr>().is_err() && self.dns.iter().any(fits))
    }

    fn go(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        let fits = |pattern: &&str| name_matches(pattern, host);
        self.has_address(host) || (host.parse::<IpAddr>().is_err() && self.dns.iter().any(fits))
    }

    /// Names first, and then the common name all the same.
    fn libtls(&self, host: &str) -> bool {
        let fits = |pattern: &str| matches_below_a_domain(pattern, host);
        let common = self.common.first();
        if host.parse::<IpAddr>().is_ok() {
            return self.has_address(host) || common.is_some_and(|name| name == host);
        }
        self.dns.iter().any(|name| fits(name)) || common.is_some_and(|name| fits(name))
    }
}

/// As [`name_matches`], but a wildcard has at least two labels behind it.
fn matches_below_a_domain(pattern: &str, host: &str) -> bool {
    name_matches(pattern, host) && pattern.strip_prefix("*.").is_none_or(|parent| parent.contains('.'))
}

fn node_matches(pattern: &str, host: &str) -> bool {
    let labels = |name: &str| {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        name.split('.').map(str::to_owned).collect::<Vec<_>>()
    };
    let (pattern, host) = (labels(pattern), labels(host));
    let (Some((first, parent)), Some((label, rest))) = (pattern.split_first(), host.split_first()) else {
        return false;
    };
    if parent != rest || pattern.iter().any(String::is_empty) {
        return false;
    }
    match first.split_once('*').filter(|_| !first.contains("xn--")) {
        None => first == label,
        Some((before, after)) => {
            parent.len() >= 2
                && !after.contains('*')
                && label.len() >= before.len() + after.len()
                && label.starts_with(before)
                && label.ends_with(after)
        }
    }
}
