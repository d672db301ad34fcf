//! What a certificate is for.

use serde::{Serialize, Serializer};
use std::fmt;

/// The purpose of a certificate; it decides its extensions (RFC 5280 §4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Usage {
    /// A certificate authority that is its own trust anchor.
    RootCa,
    /// A certificate authority under another one.
    IntermediateCa,
    /// A PostgreSQL server: extended key usage `serverAuth`.
    Server,
    /// A client, a role, a standby: `clientAuth`.
    Client,
    /// Both at once, for a node that plays both parts (Patroni's REST API, say).
    Node,
    /// X.509 v1: no extension at all, as the guide's own commands make leaves. For tests.
    Bare,
}

impl Usage {
    /// Every usage, in the order in which errors list them.
    pub const ALL: [Self; 6] =
        [Self::RootCa, Self::IntermediateCa, Self::Server, Self::Client, Self::Node, Self::Bare];

    /// The word in a profile.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::RootCa => "root-ca",
            Self::IntermediateCa => "intermediate-ca",
            Self::Server => "server",
            Self::Client => "client",
            Self::Node => "node",
            Self::Bare => "bare",
        }
    }

    /// Whether it signs certificates.
    #[must_use]
    pub fn is_ca(self) -> bool {
        matches!(self, Self::RootCa | Self::IntermediateCa)
    }

    /// Whether a peer presents it in a handshake.
    #[must_use]
    pub fn is_end_entity(self) -> bool {
        !self.is_ca()
    }

    /// Whether a server presents it.
    #[must_use]
    pub fn serves(self) -> bool {
        matches!(self, Self::Server | Self::Node)
    }
}

/// The short word of the tree: `CA`, `server`, `client`.
impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(if self.is_ca() { "CA" } else { self.id() })
    }
}

impl Serialize for Usage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}
