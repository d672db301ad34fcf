//! The addresses that a line is for (auth-pg-hba-conf, "address").

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::ffi::OsStrExt;

use super::Word;
use super::problem::HbaProblem;
use crate::settings::setting::shown;

/// Which clients a line is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// `all`.
    All,
    /// `samehost`: the server's own addresses.
    SameHost,
    /// `samenet`: the networks that the server is in.
    SameNet,
    /// The addresses that agree with `address` in the bits of `mask`, which is of the same family.
    Network {
        /// The address, with whatever bits outside the mask it was written with.
        address: IpAddr,
        /// The mask.
        mask: IpAddr,
    },
    /// A host name, or with a dot in front the end of one.
    Name(OsString),
}

/// What an address field means, and whether a mask has to follow in a field of its own.
pub(super) enum Field {
    Whole(Address),
    NeedsMask(IpAddr),
}

pub(super) fn parse(word: &Word) -> Result<Field, HbaProblem> {
    let text = word.text.as_bytes();
    let keyword = match text {
        b"all" => Some(Address::All),
        b"samehost" => Some(Address::SameHost),
        b"samenet" => Some(Address::SameNet),
        _ => None,
    };
    if let Some(address) = keyword.filter(|_| !word.quoted) {
        return Ok(Field::Whole(address));
    }
    let mut parts = text.splitn(2, |byte| *byte == b'/');
    let (address, length) = (ip(parts.next().unwrap_or_default()), parts.next());
    match (address, length) {
        (Some(address), None) => Ok(Field::NeedsMask(address)),
        (None, None) => Ok(Field::Whole(Address::Name(word.text.clone()))),
        (None, Some(_)) => Err(HbaProblem::NameWithMask { found: shown(text) }),
        (Some(address), Some(length)) => {
            let mask =
                prefix(address, length).ok_or_else(|| HbaProblem::MaskLength { found: shown(text) })?;
            Ok(Field::Whole(Address::Network { address, mask }))
        }
    }
}

/// The mask in a field of its own.
pub(super) fn with_mask(address: IpAddr, word: &Word) -> Result<Address, HbaProblem> {
    let found = || shown(word.text.as_bytes());
    let mask = ip(word.text.as_bytes()).ok_or_else(|| HbaProblem::Mask { found: found() })?;
    if mask.is_ipv4() != address.is_ipv4() {
        return Err(HbaProblem::MaskFamily { found: found() });
    }
    Ok(Address::Network { address, mask })
}

/// The mask of so many bits, for an address of this family.
fn prefix(address: IpAddr, length: &[u8]) -> Option<IpAddr> {
    let length: u32 = std::str::from_utf8(length).ok()?.trim_start().parse().ok()?;
    Some(match address {
        IpAddr::V4(_) if length <= 32 => {
            Ipv4Addr::from(u32::MAX.checked_shl(32 - length).unwrap_or(0)).into()
        }
        IpAddr::V6(_) if length <= 128 => {
            Ipv6Addr::from(u128::MAX.checked_shl(128 - length).unwrap_or(0)).into()
        }
        _ => return None,
    })
}

/// An address in numbers, as `getaddrinfo` takes it: also `127.1`, and `fe80::1%eth0`, whose zone is left out.
fn ip(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let without_zone =
        text.split_once('%').filter(|(_, zone)| !zone.is_empty()).map_or(text, |(address, _)| address);
    let parsed =
        without_zone.parse().ok().filter(|address: &IpAddr| address.is_ipv6() || without_zone == text);
    parsed.or_else(|| short(text).map(IpAddr::V4))
}

/// As `inet_aton`: up to four numbers, in hexadecimal or octal too, the last of which fills what is left.
fn short(text: &str) -> Option<Ipv4Addr> {
    let number = |part: &str| {
        let (digits, radix) = match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
            Some(digits) => (digits, 16),
            None if part.len() > 1 && part.starts_with('0') => (part, 8),
            None => (part, 10),
        };
        let plain = digits.chars().all(|digit| digit.is_digit(radix));
        u32::from_str_radix(digits, radix).ok().filter(|_| plain)
    };
    let numbers: Vec<u32> = text.split('.').take(5).map(number).collect::<Option<_>>()?;
    let (last, front) = numbers.split_last().filter(|(_, front)| front.len() < 4)?;
    let bits_left = 32 - 8 * front.len();
    let fits = front.iter().all(|part| *part < 256) && u64::from(*last) < 1 << bits_left;
    let front = front.iter().enumerate().map(|(at, part)| part << (24 - 8 * at)).sum::<u32>();
    fits.then(|| Ipv4Addr::from(front | last))
}
