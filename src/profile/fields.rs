//! The values of one entry that are more than a string: windows, serial numbers, path lengths, constraints.

use super::entry::{Ending, PathLength, Validity};
use super::error::{ProfileError, ProfileProblem};
use super::reader::{At, Table};
use crate::x509::{
    ExtensionKind, GeneralName, Lifetime, SerialNumber, SubtreeName, Usage, X509Error, dns_name,
    parse_instant,
};
use std::net::IpAddr;

/// The guide's lifetimes where the entry names none.
pub(super) fn validity(table: &mut Table<'_, '_>, usage: Usage) -> Result<Validity, ProfileError> {
    let instant = |table: &Table<'_, '_>, at: &At<String>| {
        parse_instant(&at.value).map_err(|error| table.error(&at.span, error))
    };
    let not_before = table.scalar("not_before", "an instant")?;
    let not_before = not_before.map(|at| instant(table, &at)).transpose()?;
    let not_after = table.scalar("not_after", "an instant")?;
    let lifetime = table.scalar("lifetime", "a span such as \"365d\"")?;
    match (not_after, lifetime) {
        (Some(_), Some(lifetime)) => {
            let what = "both \"not_after\" and \"lifetime\" are given".to_owned();
            let problem = ProfileProblem::Conflict { what, hint: "Leave one of them out." };
            Err(table.error(&lifetime.span, problem))
        }
        (Some(at), None) => {
            Ok(Validity { not_before, ending: Ending::At(instant(table, &at)?), stretches: false })
        }
        (None, Some(at)) => {
            let lifetime = at.value.parse().map_err(|error: X509Error| table.error(&at.span, error))?;
            Ok(Validity { not_before, ending: Ending::After(lifetime), stretches: true })
        }
        (None, None) => {
            let lifetime = match usage {
                Usage::RootCa => Lifetime::days(3650),
                Usage::IntermediateCa => Lifetime::days(1825),
                _ => Lifetime::days(365),
            };
            Ok(Validity { not_before, ending: Ending::After(lifetime), stretches: true })
        }
    }
}

pub(super) fn serial(table: &mut Table<'_, '_>) -> Result<SerialNumber, ProfileError> {
    let given = table.scalar("serial", "a number")?;
    let bits = table.scalar("serial_bits", "a number")?;
    match (given, bits) {
        (Some(_), Some(bits)) => {
            let what = "both \"serial\" and \"serial_bits\" are given".to_owned();
            Err(table.error(&bits.span, ProfileProblem::Conflict { what, hint: "Leave one of them out." }))
        }
        (Some(at), None) => given_serial(&at.value).map(SerialNumber::Given).ok_or_else(|| {
            let expected =
                "a number above 0 of at most 20 bytes (RFC 5280 §4.1.2.2), in hexadecimal with 0x in front";
            table.error(&at.span, ProfileProblem::Range { key: "serial", found: at.value.clone(), expected })
        }),
        (None, Some(at)) => {
            let bits = at.value.parse().ok().filter(|bits| (8..=159).contains(bits));
            let bits = bits.ok_or_else(|| {
                let expected = "8 to 159";
                table.error(
                    &at.span,
                    ProfileProblem::Range { key: "serial_bits", found: at.value.clone(), expected },
                )
            })?;
            Ok(SerialNumber::Random { bits })
        }
        // Twice the 64 bits of the CA/Browser Forum, and still within 20 octets.
        (None, None) => Ok(SerialNumber::USUAL),
    }
}

/// Decimal up to 64 bits, or hexadecimal behind `0x`; big-endian bytes without leading zeros.
fn given_serial(text: &str) -> Option<Vec<u8>> {
    // The parsers below take a sign.
    if text.contains('+') {
        return None;
    }
    let digits = match text.strip_prefix("0x") {
        Some(digits) => digits.to_owned(),
        None => format!("{:x}", text.parse::<u64>().ok()?),
    };
    let padded = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits };
    let pairs = (0..padded.len()).step_by(2).map(|at| padded.get(at..at + 2));
    let bytes: Vec<u8> = pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect::<Option<_>>()?;
    let bytes: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    // A 20-byte number with its top bit set would take a 21st byte for its sign.
    let fits = bytes.len() < 20 || (bytes.len() == 20 && bytes[0] < 0x80);
    (fits && !bytes.is_empty()).then_some(bytes)
}

pub(super) fn path_length(table: &mut Table<'_, '_>, usage: Usage) -> Result<PathLength, ProfileError> {
    let Some(at) = table.scalar("path_length", "a number")? else { return Ok(PathLength::Usual) };
    if !usage.is_ca() {
        let what = "\"path_length\" is given on a certificate that is no CA".to_owned();
        return Err(table.error(&at.span, ProfileProblem::Conflict { what, hint: "Leave it out." }));
    }
    match at.value.as_str() {
        "none" => Ok(PathLength::Unlimited),
        text => text.parse().map(PathLength::Limited).map_err(|_| {
            let expected = "0 to 255, or \"none\"";
            table.error(
                &at.span,
                ProfileProblem::Range { key: "path_length", found: text.to_owned(), expected },
            )
        }),
    }
}

pub(super) fn criticality(table: &mut Table<'_, '_>) -> Result<Vec<(ExtensionKind, bool)>, ProfileError> {
    let mut list: Vec<(ExtensionKind, bool)> = Vec::new();
    for (key, critical) in [("critical", true), ("not_critical", false)] {
        for at in table.strings(key)? {
            let kind = one_of(table, &at, "extension", &ExtensionKind::ALL, ExtensionKind::id)?;
            if list.iter().any(|(other, _)| *other == kind) {
                let what = format!("the criticality of {} is given twice", at.value);
                let problem = ProfileProblem::Conflict { what, hint: "Name it once." };
                return Err(table.error(&at.span, problem));
            }
            list.push((kind, critical));
        }
    }
    Ok(list)
}

pub(super) fn distribution_point(text: &str) -> Result<String, X509Error> {
    format!("URI:{text}").parse::<GeneralName>().map(|uri| uri.value())
}

/// `DNS:example.com`, `email:example.com`, `IP:10.0.0.0/8`; a bare text is typed by its form.
pub(super) fn subtree(text: &str) -> Result<SubtreeName, X509Error> {
    let fail = |problem| X509Error::GeneralName { text: text.to_owned(), problem };
    let forced = text.strip_prefix("IP:");
    if forced.is_some() || text.contains('/') || text.parse::<IpAddr>().is_ok() {
        let parts = forced.unwrap_or(text).split_once('/');
        let network = parts
            .and_then(|(address, bits)| Some((address.parse::<IpAddr>().ok()?, bits.parse::<u16>().ok()?)));
        let (address, bits) = network.ok_or_else(|| fail("it is not a network such as 10.0.0.0/8"))?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = u8::try_from(bits).ok().filter(|bits| *bits <= most);
        return Ok(SubtreeName::Network(address, bits.ok_or_else(|| fail("its prefix length is too long"))?));
    }
    if let Some(mail) = text.strip_prefix("email:") {
        // A mailbox, a host, or behind a dot a domain (RFC 5280 §4.2.1.10).
        let mailbox = || text.parse::<GeneralName>().map(|name| name.value());
        return Ok(SubtreeName::Email(if mail.contains('@') { mailbox()? } else { domain(mail)? }));
    }
    Ok(SubtreeName::Dns(domain(text.strip_prefix("DNS:").unwrap_or(text))?))
}

/// A domain in A-labels. A leading dot means subdomains alone (RFC 5280 §4.2.1.10 leaves it to URIs; OpenSSL and Go
/// take it).
fn domain(text: &str) -> Result<String, X509Error> {
    let (dot, rest) = text.strip_prefix('.').map_or(("", text), |rest| (".", rest));
    Ok(format!("{dot}{}", dns_name(rest)?))
}

pub(super) fn one_of<T: Copy>(
    table: &Table<'_, '_>,
    at: &At<String>,
    what: &'static str,
    all: &[T],
    id: fn(T) -> &'static str,
) -> Result<T, ProfileError> {
    all.iter().copied().find(|item| id(*item) == at.value).ok_or_else(|| {
        let known = all.iter().map(|item| id(*item).to_owned()).collect();
        table.error(&at.span, ProfileProblem::Unknown { what, found: at.value.clone(), known })
    })
}
