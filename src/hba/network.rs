//! Addresses and the networks that they are in, as `samehost`, `samenet` and masks compare them (`pg_range_sockaddr`,
//! ifaddr.c).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address of a server, and how many bits of it name its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// The address.
    pub address: IpAddr,
    /// The bits.
    pub length: u32,
}

/// What every machine has.
const LOOPBACK: [Network; 2] = [
    Network { address: IpAddr::V4(Ipv4Addr::LOCALHOST), length: 8 },
    Network { address: IpAddr::V6(Ipv6Addr::LOCALHOST), length: 128 },
];

/// Reads `10.0.0.5/24`; `None` where it is no such thing.
#[must_use]
pub fn network(text: &str) -> Option<Network> {
    let (address, length) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let plain = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    let length: u32 = length.parse().ok().filter(|_| plain)?;
    (length <= bits(address).1).then_some(Network { address, length })
}

/// The bits of an address, the first in front, and how many they are.
fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

/// Whether two addresses of one family agree in the bits of a mask.
pub(super) fn agree(one: IpAddr, other: IpAddr, mask: IpAddr) -> bool {
    let [(one, width), (other, other_width), (mask, _)] = [one, other, mask].map(bits);
    width == other_width && (one ^ other) & mask == 0
}

/// How many bits a mask has, where they stand in front.
pub(super) fn length(mask: IpAddr) -> Option<u32> {
    let (mask, width) = bits(mask);
    let ones = mask.count_ones();
    let in_front = (mask << (128 - width)).leading_ones();
    (in_front == ones).then_some(ones)
}

/// Whether a client has an address of the server (`samehost`), or one in a network of its (`samenet`); `None`: not known.
pub(super) fn is_near(client: IpAddr, interfaces: Option<&[Network]>, same_net: bool) -> Option<bool> {
    let near = |own: &Network| {
        let (client_bits, client_width) = bits(client);
        let (own_bits, width) = bits(own.address);
        let length = if same_net { own.length } else { width };
        let differs = client_bits ^ own_bits;
        client_width == width && (length == 0 || differs >> (width - length) == 0)
    };
    if LOOPBACK.iter().any(near) {
        return Some(true);
    }
    interfaces.map(|interfaces| interfaces.iter().any(near))
}
