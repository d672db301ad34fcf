//! The connection parameters that libpq knows, and the values that were given to them (libpq-connect, "Parameter Key
//! Words"; libpq-envars).

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;

use zeroize::Zeroize;

use crate::settings::setting::{Origin, Setting};

/// A parameter, with the environment variable that stands in for it; "" where there is none.
pub(super) struct Keyword {
    pub(super) name: &'static str,
    pub(super) variable: &'static str,
}

const fn keyword(name: &'static str, variable: &'static str) -> Keyword {
    Keyword { name, variable }
}

/// All parameters of every libpq that is not out of support, and of the next.
pub(super) const KEYWORDS: [Keyword; 52] = [
    keyword("service", "PGSERVICE"),
    keyword("servicefile", "PGSERVICEFILE"),
    keyword("user", "PGUSER"),
    keyword("password", "PGPASSWORD"),
    keyword("passfile", "PGPASSFILE"),
    keyword("channel_binding", "PGCHANNELBINDING"),
    keyword("connect_timeout", "PGCONNECT_TIMEOUT"),
    keyword("dbname", "PGDATABASE"),
    keyword("host", "PGHOST"),
    keyword("hostaddr", "PGHOSTADDR"),
    keyword("port", "PGPORT"),
    keyword("client_encoding", "PGCLIENTENCODING"),
    keyword("options", "PGOPTIONS"),
    keyword("application_name", "PGAPPNAME"),
    keyword("fallback_application_name", ""),
    keyword("keepalives", ""),
    keyword("keepalives_idle", ""),
    keyword("keepalives_interval", ""),
    keyword("keepalives_count", ""),
    keyword("tcp_user_timeout", ""),
    keyword("sslmode", "PGSSLMODE"),
    keyword("sslnegotiation", "PGSSLNEGOTIATION"),
    keyword("sslcompression", "PGSSLCOMPRESSION"),
    keyword("sslcert", "PGSSLCERT"),
    keyword("sslkey", "PGSSLKEY"),
    keyword("sslcertmode", "PGSSLCERTMODE"),
    keyword("sslpassword", ""),
    keyword("sslrootcert", "PGSSLROOTCERT"),
    keyword("sslcrl", "PGSSLCRL"),
    keyword("sslcrldir", "PGSSLCRLDIR"),
    keyword("sslsni", "PGSSLSNI"),
    keyword("requirepeer", "PGREQUIREPEER"),
    keyword("require_auth", "PGREQUIREAUTH"),
    keyword("min_protocol_version", "PGMINPROTOCOLVERSION"),
    keyword("max_protocol_version", "PGMAXPROTOCOLVERSION"),
    keyword("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION"),
    keyword("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION"),
    keyword("gssencmode", "PGGSSENCMODE"),
    keyword("krbsrvname", "PGKRBSRVNAME"),
    keyword("gsslib", "PGGSSLIB"),
    keyword("gssdelegation", "PGGSSDELEGATION"),
    keyword("replication", ""),
    keyword("target_session_attrs", "PGTARGETSESSIONATTRS"),
    keyword("load_balance_hosts", "PGLOADBALANCEHOSTS"),
    keyword("scram_client_key", ""),
    keyword("scram_server_key", ""),
    keyword("oauth_issuer", ""),
    keyword("oauth_client_id", ""),
    keyword("oauth_client_secret", ""),
    keyword("oauth_scope", ""),
    keyword("oauth_ca_file", "PGOAUTHCAFILE"),
    keyword("sslkeylogfile", ""),
];

/// Parameters whose values are not kept.
const SECRETS: [&str; 5] =
    ["password", "sslpassword", "scram_client_key", "scram_server_key", "oauth_client_secret"];

/// The variables that [`read`](super::read) looks at, but for those that hold secrets.
pub fn variables() -> impl Iterator<Item = &'static str> {
    let of_keywords = KEYWORDS.iter().filter(|keyword| !SECRETS.contains(&keyword.name));
    let of_keywords = of_keywords.map(|keyword| keyword.variable).filter(|variable| !variable.is_empty());
    of_keywords.chain(["PGREQUIRESSL", "PGSYSCONFDIR"])
}

/// The parameter of that name; case counts.
pub(super) fn find(name: &[u8]) -> Option<&'static Keyword> {
    KEYWORDS.iter().find(|keyword| keyword.name.as_bytes() == name)
}

/// What was given so far. Of a secret nothing is kept but whether it is empty.
#[derive(Default)]
pub(super) struct Given {
    values: BTreeMap<&'static str, (OsString, Origin)>,
}

impl Given {
    /// Takes a value in place of what was given before.
    pub(super) fn put(&mut self, keyword: &Keyword, value: impl Into<Vec<u8>>, origin: Origin) {
        let mut value = value.into();
        if SECRETS.contains(&keyword.name) && !value.is_empty() {
            value.zeroize();
            value = b"[elided]".to_vec();
        }
        self.values.insert(keyword.name, (OsString::from_vec(value), origin));
    }

    /// Takes a value where none was given before.
    pub(super) fn put_if_absent(&mut self, keyword: &Keyword, value: impl Into<Vec<u8>>, origin: Origin) {
        if !self.values.contains_key(keyword.name) {
            self.put(keyword, value, origin);
        }
    }

    /// The value as it was given, which can be empty.
    pub(super) fn value(&self, name: &str) -> Option<&OsStr> {
        self.values.get(name).map(|(value, _)| value.as_os_str())
    }

    /// The value and where it was given.
    pub(super) fn setting(&self, name: &str) -> Setting<Option<OsString>> {
        match self.values.get(name) {
            Some((value, origin)) => Setting::new(Some(value.clone()), origin.clone()),
            None => Setting::new(None, Origin::Default),
        }
    }

    /// Whether a secret is among what was given.
    pub(super) fn has_secret(&self) -> bool {
        SECRETS.iter().any(|name| self.values.contains_key(name))
    }
}
