//! Parameters that take one of a few words (libpq-connect, "Parameter Key Words").

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::error::LibpqError;
use super::keyword::Given;
use crate::settings::setting::{Origin, Setting, TlsVersion, shown};

/// Declares an enum of words that libpq takes in exactly this spelling.
macro_rules! words {
    ($(#[$about:meta])* $name:ident, $expected:literal, { $($(#[$word_about:meta])* $word:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$word_about])* $word,)+
        }

        impl Word for $name {
            const ALL: &'static [Self] = &[$(Self::$word),+];
            const EXPECTED: &'static str = $expected;

            fn word(self) -> &'static str {
                match self {
                    $(Self::$word => $text,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

/// A parameter's words.
pub(super) trait Word: Copy + 'static {
    const ALL: &'static [Self];
    const EXPECTED: &'static str;

    fn word(self) -> &'static str;
}

words! {
    /// `sslmode`: how much of TLS a client insists on, least first (libpq-ssl, "Protection Provided in Different Modes").
    SslMode, "disable, allow, prefer, require, verify-ca or verify-full", {
        /// Never TLS.
        Disable = "disable",
        /// TLS where the server refuses without.
        Allow = "allow",
        /// TLS where the server has it.
        Prefer = "prefer",
        /// TLS; the chain is verified only where the file of trust anchors exists.
        Require = "require",
        /// TLS, and a chain that leads to a trust anchor.
        VerifyCa = "verify-ca",
        /// TLS, such a chain, and the host's name in the certificate.
        VerifyFull = "verify-full",
    }
}

words! {
    /// `sslcertmode`, from PostgreSQL 16: whether the client's certificate is sent.
    SslCertMode, "disable, allow or require", {
        /// Never.
        Disable = "disable",
        /// Where the server asks and there is one.
        Allow = "allow",
        /// Always: a server that does not ask for it is refused.
        Require = "require",
    }
}

words! {
    /// `channel_binding`: whether SCRAM binds the login to the server's certificate.
    ChannelBinding, "disable, prefer or require", {
        /// Never.
        Disable = "disable",
        /// Where the server can.
        Prefer = "prefer",
        /// Always: any other login is refused.
        Require = "require",
    }
}

words! {
    /// `sslnegotiation`, from PostgreSQL 17: how TLS begins.
    SslNegotiation, "postgres or direct", {
        /// With PostgreSQL's own request.
        Postgres = "postgres",
        /// With the handshake at once.
        Direct = "direct",
    }
}

/// Where a client's trust anchors are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustAnchors {
    /// In a file.
    File(PathBuf),
    /// `system`: in OpenSSL's own store. Before PostgreSQL 16 libpq takes it for a file name.
    System,
}

pub(super) fn word<W: Word>(
    given: &Given,
    keyword: &'static str,
    default: W,
) -> Result<Setting<W>, LibpqError> {
    let Setting { value, origin, .. } = given.setting(keyword);
    let Some(value) = value else {
        return Ok(Setting::new(default, origin));
    };
    let known = W::ALL.iter().find(|word| word.word().as_bytes() == value.as_bytes());
    match known {
        Some(word) => Ok(Setting::new(*word, origin)),
        None => Err(refused(keyword, &value, origin, W::EXPECTED)),
    }
}

/// A protocol version, in any case; `None` where there is no bound, which an empty value says.
pub(super) fn protocol(
    given: &Given,
    keyword: &'static str,
    default: Option<TlsVersion>,
) -> Result<Setting<Option<TlsVersion>>, LibpqError> {
    let Setting { value, origin, .. } = given.setting(keyword);
    let version = match value {
        None => default,
        Some(value) if value.is_empty() => None,
        Some(value) => match TlsVersion::from_name(value.as_bytes()) {
            Some(version) => Some(version),
            None => return Err(refused(keyword, &value, origin, "TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3")),
        },
    };
    Ok(Setting::new(version, origin))
}

fn refused(keyword: &'static str, value: &OsString, origin: Origin, expected: &'static str) -> LibpqError {
    LibpqError::Value { keyword, found: shown(value.as_bytes()), origin, expected }
}
