//! Parameters that take one of a few words, or a number, and defaults that changed between versions.

use std::fmt;

use super::ServerSettings;
use super::picked::Picked;
use crate::settings::error::SettingsError;
use crate::settings::setting::{Origin, Setting, TlsVersion};

/// How the server stores a password that it is given in clear (runtime-config-connection, `password_encryption`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordEncryption {
    /// `md5`.
    Md5,
    /// `scram-sha-256`.
    ScramSha256,
}

impl fmt::Display for PasswordEncryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Md5 => "md5",
            Self::ScramSha256 => "scram-sha-256",
        })
    }
}

/// Whether this is a version before `major`; one that is not known counts as new.
fn before(version: Option<u32>, major: u32) -> bool {
    version.is_some_and(|version| version < major)
}

pub(super) fn port(picked: &Picked<'_>) -> Result<Setting<u16>, SettingsError> {
    let port =
        |value: &[u8]| integer(value).and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0);
    picked.read("port", 5432, port, "a whole number from 1 to 65535")
}

/// As `parse_int` (guc.c) without a unit: decimal, `0x` or, with a 0 in front, octal; a fraction is rounded.
fn integer(value: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(value).ok()?.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let (sign, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) => (if text.starts_with('-') { -1 } else { 1 }, digits),
        None => (1, text),
    };
    let radix = |digits: &str, radix| {
        let plain = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
        plain.then(|| i64::from_str_radix(digits, radix).ok()).flatten()
    };
    let hexadecimal = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    if let Some(digits) = hexadecimal {
        return radix(digits, 16).map(|number| sign * number);
    }
    if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return radix(digits, 8).map(|number| sign * number);
    }
    radix(digits, 10).map(|number| sign * number).or_else(|| fraction(text))
}

/// A number with a point or an exponent, to the nearest whole one, from the middle to the even one.
fn fraction(text: &str) -> Option<i64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let number: f64 = text.parse().ok().filter(|_| plain)?;
    // Far above any port, and far below where a float stops counting.
    (number.abs() < 1e9).then(|| number.round_ties_even() as i64)
}

pub(super) fn oldest_protocol(
    picked: &Picked<'_>,
    version: Option<u32>,
) -> Result<Setting<TlsVersion>, SettingsError> {
    let default = if before(version, 13) { TlsVersion::Tls1_0 } else { TlsVersion::Tls1_2 };
    let expected = "TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3";
    picked.read("ssl_min_protocol_version", default, TlsVersion::from_name, expected)
}

pub(super) fn newest_protocol(picked: &Picked<'_>) -> Result<Setting<Option<TlsVersion>>, SettingsError> {
    let read = |value: &[u8]| {
        if value.is_empty() { Some(None) } else { TlsVersion::from_name(value).map(Some) }
    };
    let expected = "TLSv1, TLSv1.1, TLSv1.2, TLSv1.3 or '' for no bound";
    picked.read("ssl_max_protocol_version", None, read, expected)
}

/// Refuses what the server refuses when it sets up TLS: a lower bound above the upper one.
pub(super) fn protocol_range(settings: &ServerSettings) -> Result<(), SettingsError> {
    let (least, most) = (&settings.ssl_min_protocol_version, &settings.ssl_max_protocol_version);
    if !settings.ssl.value || most.value.is_none_or(|most| least.value <= most) {
        return Ok(());
    }
    let places = [&most.origin, &least.origin].map(|origin| match origin {
        Origin::File(place) => Some(place.clone()),
        _ => None,
    });
    match places.into_iter().flatten().next() {
        Some(place) => Err(SettingsError::ProtocolRange { place }),
        None => Ok(()),
    }
}

/// The curves or groups offered where none are named.
pub(super) fn groups(version: Option<u32>) -> &'static str {
    if before(version, 18) { "prime256v1" } else { "X25519:prime256v1" }
}

pub(super) fn password_encryption(
    picked: &Picked<'_>,
    version: Option<u32>,
) -> Result<Setting<PasswordEncryption>, SettingsError> {
    let old = before(version, 14);
    let default = if old { PasswordEncryption::Md5 } else { PasswordEncryption::ScramSha256 };
    let read = |value: &[u8]| {
        let is = |word: &&str| word.as_bytes().eq_ignore_ascii_case(value);
        if is(&"scram-sha-256") {
            Some(PasswordEncryption::ScramSha256)
        } else if is(&"md5") || old && ["on", "true", "yes", "1"].iter().any(is) {
            Some(PasswordEncryption::Md5)
        } else {
            None
        }
    };
    picked.read("password_encryption", default, read, "md5 or scram-sha-256")
}
