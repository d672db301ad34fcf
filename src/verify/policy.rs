//! What the judge is asked: at which instant, for which clients, as which user.

use super::rules::Rule;
use time::{Duration, OffsetDateTime};

/// The newest libpq whose rules are known here.
pub const NEWEST_LIBPQ: u32 = 18;

/// How the judge looks.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The instant at which windows of time are looked at.
    pub at: OffsetDateTime,
    /// What ends sooner than this is said to end soon.
    pub expires_in: Duration,
    /// The host that clients connect to; `None`: not asked.
    pub host: Option<String>,
    /// Whether the host name is looked at at all: `sslmode=verify-full`.
    pub checks_host: bool,
    /// The role that the client logs in as; `None`: not asked.
    pub user: Option<String>,
    /// Major version of the oldest libpq that connects.
    pub libpq: u32,
    /// Whether every end-entity has to have its key beside it.
    pub wants_keys: bool,
    /// As whom key files are opened.
    pub reader: Reader,
    /// What a server's settings say besides, where they were read.
    pub server: Option<ServerFacts>,
    /// What the policy lets pass: the certificate's file and the rule.
    pub waived: Vec<(String, Rule)>,
}

/// Who opens key files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A user of this id: the server's, or whoever runs psql.
    User(u32),
    /// Nobody that can be told: whoever owns the file is taken for the one who opens it.
    Owner,
}

/// What the settings of a server say beside the names of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFacts {
    /// `ssl`.
    pub speaks_tls: bool,
    /// The first line of `pg_hba.conf` that wants a certificate of a client, as `FILE:LINE`.
    pub certificate_line: Option<String>,
}

impl Policy {
    /// A look at an instant: thirty days are soon, the newest libpq, files opened by their owners.
    #[must_use]
    pub fn at(at: OffsetDateTime) -> Self {
        Self {
            at,
            expires_in: Duration::days(30),
            host: None,
            checks_host: true,
            user: None,
            libpq: NEWEST_LIBPQ,
            wants_keys: true,
            reader: Reader::Owner,
            server: None,
            waived: Vec::new(),
        }
    }
}
