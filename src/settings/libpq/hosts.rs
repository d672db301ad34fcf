//! The list of servers that a client tries, in its order (libpq-connect, "Specifying Multiple Hosts").

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::error::LibpqError;
use super::keyword::Given;
use crate::settings::setting::{Origin, shown};

/// PostgreSQL's own port (`DEF_PGPORT`).
const PORT: u16 = 5432;

/// One server that a client tries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// `host`, the name that `verify-full` looks for; `None` stands for the socket directory or localhost, as libpq was
    /// built.
    pub host: Option<OsString>,
    /// `hostaddr`, where to connect whatever the name says.
    pub hostaddr: Option<OsString>,
    /// `port`; 5432 by default.
    pub port: u16,
}

impl Host {
    /// Whether it is reached through a Unix-domain socket, where there is no TLS.
    ///
    /// Without name and address it is, unless libpq was built without such sockets.
    #[must_use]
    pub fn is_socket(&self) -> bool {
        let by_name =
            |host: &OsString| host.as_bytes().starts_with(b"/") || host.as_bytes().starts_with(b"@");
        self.hostaddr.is_none() && self.host.as_ref().is_none_or(by_name)
    }
}

pub(super) fn hosts(given: &Given) -> Result<Vec<Host>, LibpqError> {
    let list = |name: &str| given.value(name).filter(|value| !value.is_empty()).map(elements);
    let (names, addresses) = (list("host"), list("hostaddr"));
    if let (Some(names), Some(addresses)) = (&names, &addresses)
        && names.len() != addresses.len()
    {
        return Err(LibpqError::HostCount { hosts: names.len(), addresses: addresses.len() });
    }
    let count = addresses.as_ref().or(names.as_ref()).map_or(1, Vec::len);
    let ports = list("port").unwrap_or_else(|| vec![None]);
    if ports.len() != 1 && ports.len() != count {
        return Err(LibpqError::PortCount { ports: ports.len(), hosts: count });
    }
    let origin = given.setting("port").origin;
    let element = |list: &Option<Vec<Option<OsString>>>, at: usize| list.as_ref()?.get(at)?.clone();
    let host = |at: usize| {
        let port = ports.get(at).or(ports.first()).and_then(Option::as_deref);
        Ok(Host {
            host: element(&names, at),
            hostaddr: element(&addresses, at),
            port: read_port(port, &origin)?,
        })
    };
    (0..count).map(host).collect()
}

/// What stands between commas; `None` for nothing.
fn elements(list: &OsStr) -> Vec<Option<OsString>> {
    let parts = list.as_bytes().split(|byte| *byte == b',');
    parts.map(|part| (!part.is_empty()).then(|| OsStr::from_bytes(part).to_owned())).collect()
}

fn read_port(port: Option<&OsStr>, origin: &Origin) -> Result<u16, LibpqError> {
    let Some(port) = port else {
        return Ok(PORT);
    };
    let number = port.to_str().and_then(|port| port.trim_ascii().parse().ok()).filter(|port| *port > 0);
    number.ok_or_else(|| {
        let found = (*origin != Origin::ConnectionString).then(|| shown(port.as_bytes()));
        LibpqError::Port { found, origin: origin.clone() }
    })
}
