//! Where a throw-away server listens: on loopback only, on a port that nobody has.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

/// Both loopback addresses where the machine has both: `localhost` may mean either.
pub(super) fn loopback() -> String {
    let v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    if v6 { "127.0.0.1,::1".to_owned() } else { "127.0.0.1".to_owned() }
}

/// A port nobody listens on now, on either loopback address.
pub(super) fn free_port() -> Option<u16> {
    let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?;
    let port = v4.local_addr().ok()?.port();
    match TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => None,
        // Free, or a machine without the address.
        _ => Some(port),
    }
}
