//! What the judge is asked: at which instant, for which clients, as which user.

use super::logins::Logins;
use super::rules::Rule;
use std::collections::BTreeSet;
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
    /// What a libpq client's settings say besides, where they were read.
    pub client: Option<ClientFacts>,
    /// What the policy lets pass: the certificate's file and the rule.
    pub waived: Vec<(String, Rule)>,
    /// The names of certificate requests (`server.csr`) beside the files: what somebody else's CA may have been asked
    /// with. They judge nothing, and say who makes anew what has a fault.
    pub requests: Vec<String>,
    /// The names of files beside them that could not be read, and that are told of as such.
    pub unread: BTreeSet<String>,
    /// The names of the files in the folder of what was put away: `client.alice-4F2A.crt`.
    pub put_away: BTreeSet<String>,
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
    /// What names in certificates lead to, where that was read.
    pub logins: Option<Logins>,
}

/// What the settings of a libpq client say beside the names of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFacts {
    /// `sslmode`, in libpq's word.
    pub mode: String,
    /// What that mode insists on.
    pub insists: Insistence,
    /// Whether every server is reached through a Unix-domain socket, where there is no TLS.
    pub has_sockets_alone: bool,
    /// Whether a server is named by an address alone, without a host name that could be compared.
    pub has_nameless_server: bool,
    /// The file of trust anchors, where it is not there.
    pub absent_trust: Option<String>,
    /// Whether and why no certificate is sent.
    pub sends: Sends,
    /// The file of the key, where it is not there.
    pub absent_key: Option<String>,
    /// What names the key in an engine, where that is not a file.
    pub engine_key: Option<String>,
    /// Whether there is an `sslpassword` that opens an encrypted key.
    pub has_password: bool,
}

/// What a client insists on, least first (libpq-ssl, "Protection Provided in Different Modes").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Insistence {
    /// No TLS at all.
    Plaintext,
    /// On nothing: where TLS fails, it goes on without.
    Nothing,
    /// TLS, with whomever.
    Tls,
    /// A chain that leads to a trust anchor.
    Chain,
    /// Such a chain, and the host's name.
    Host,
}

/// Whether a client sends its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sends {
    /// It does.
    Certificate,
    /// It is told not to.
    Never,
    /// The file is not there.
    Absent {
        /// The file.
        file: String,
        /// Whether somebody named it; else it is libpq's default.
        is_named: bool,
        /// Whether a connection fails without: `sslcertmode=require`.
        is_needed: bool,
    },
}

impl Policy {
    /// What names in certificates lead to, where a server's files say it.
    pub(super) fn logins(&self) -> Option<&Logins> {
        self.server.as_ref()?.logins.as_ref()
    }

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
            client: None,
            waived: Vec::new(),
            requests: Vec::new(),
            unread: BTreeSet::new(),
            put_away: BTreeSet::new(),
        }
    }
}
