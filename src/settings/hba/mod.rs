//! `pg_hba.conf`: who may come in by which connection, and how he proves who he is (auth-pg-hba-conf).
//!
//! Reads every line in full, so that a walk for one role, database and address can follow. Regular expressions are not
//! compiled, and of the options only those about certificates and user maps are kept: others can be secrets.

mod address;
mod line;
mod option;
mod problem;
mod token;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use super::error::SettingsError;
use super::files::Files;
use super::include::Reader;
use super::setting::Place;

pub use address::Address;
pub use problem::HbaProblem;
pub(super) use token::{Row, Token, read as rows};

/// A whole `pg_hba.conf`, what it includes in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HbaFile {
    /// The files that were read, the first being `pg_hba.conf`.
    pub files: Vec<PathBuf>,
    /// The lines, in the order in which they are tried.
    pub lines: Vec<HbaLine>,
}

/// One line. The first that fits connection, database, role and address decides; no later one is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HbaLine {
    /// Where it stands; of continued lines the first.
    pub place: Place,
    /// The kind of connection.
    pub connection: Connection,
    /// The databases.
    pub databases: Vec<Word>,
    /// The roles.
    pub roles: Vec<Word>,
    /// The clients' addresses; `None` for `local`.
    pub address: Option<Address>,
    /// How a client proves who he is.
    pub method: Method,
    /// What is asked of the client's certificate, besides `method`.
    pub client_certificate: ClientCertificate,
    /// `clientname`, from PostgreSQL 14: what of the certificate has to be the role's name.
    pub client_name: ClientName,
    /// `map`: the section of `pg_ident.conf` that says which role a name may take.
    pub map: Option<OsString>,
}

/// A name in a line. Within quotes a word such as `all` has no meaning of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The name, without its quotes.
    pub text: OsString,
    /// Whether it begins with a quote.
    pub quoted: bool,
}

/// Declares an enum of words that `pg_hba.conf` takes in exactly this spelling.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$word_about:meta])* $word:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$word_about])* $word,)+
        }

        impl $name {
            fn from_word(word: &[u8]) -> Option<Self> {
                [$(Self::$word),+].into_iter().find(|it| it.word().as_bytes() == word)
            }

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

words! {
    /// The kind of connection that a line is for.
    Connection {
        /// A Unix-domain socket, where there is no TLS.
        Local = "local",
        /// TCP/IP, with TLS or without.
        Host = "host",
        /// TLS.
        HostSsl = "hostssl",
        /// TCP/IP without TLS.
        HostNoSsl = "hostnossl",
        /// GSSAPI encryption.
        HostGssEnc = "hostgssenc",
        /// TCP/IP without GSSAPI encryption: with TLS or without.
        HostNoGssEnc = "hostnogssenc",
    }
}

words! {
    /// How a client proves who he is (auth-methods).
    Method {
        /// Not at all.
        Trust = "trust",
        /// He is turned away.
        Reject = "reject",
        /// By a password in clear.
        Password = "password",
        /// By MD5, or by SCRAM where the role's password is stored for that.
        Md5 = "md5",
        /// By SCRAM.
        ScramSha256 = "scram-sha-256",
        /// By GSSAPI.
        Gss = "gss",
        /// By SSPI.
        Sspi = "sspi",
        /// By an ident server. On a `local` line [`Method::Peer`] is meant, and stands there.
        Ident = "ident",
        /// By his account.
        Peer = "peer",
        /// By a directory service.
        Ldap = "ldap",
        /// By a RADIUS server.
        Radius = "radius",
        /// By his certificate.
        Cert = "cert",
        /// By PAM.
        Pam = "pam",
        /// By BSD Authentication.
        Bsd = "bsd",
        /// By OAuth, from PostgreSQL 18.
        Oauth = "oauth",
    }
}

/// What is asked of a client's certificate. One that is sent must be valid, whatever is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientCertificate {
    /// Nothing: none need be sent.
    Optional,
    /// `clientcert=verify-ca`: one that leads to a trust anchor.
    VerifyCa,
    /// `clientcert=verify-full`, or method `cert`: also with the role's name in it.
    VerifyFull,
}

/// What of a certificate has to be the role's name, or has to lead to it by a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientName {
    /// The common name; the default.
    CommonName,
    /// The whole subject, as RFC 2253 writes it.
    DistinguishedName,
}

impl HbaLine {
    /// Whether a connection with TLS can meet this line.
    #[must_use]
    pub fn takes_tls(&self) -> bool {
        matches!(self.connection, Connection::Host | Connection::HostSsl | Connection::HostNoGssEnc)
    }

    /// Whether a client has to send a certificate.
    #[must_use]
    pub fn needs_certificate(&self) -> bool {
        self.client_certificate > ClientCertificate::Optional
    }

    /// Whether a login by SCRAM over TLS can come about here, which binds it to the server's certificate. With `md5`, it
    /// does where the role's password is stored for SCRAM (auth-password).
    #[must_use]
    pub fn may_scram_over_tls(&self) -> bool {
        self.takes_tls() && matches!(self.method, Method::ScramSha256 | Method::Md5)
    }
}

impl HbaFile {
    /// The lines where a client has to send a certificate.
    pub fn needing_certificate(&self) -> impl Iterator<Item = &HbaLine> {
        self.lines.iter().filter(|line| line.needs_certificate())
    }

    /// The lines where a login by SCRAM over TLS can come about.
    pub fn scram_over_tls(&self) -> impl Iterator<Item = &HbaLine> {
        self.lines.iter().filter(|line| line.may_scram_over_tls())
    }
}

/// Reads the `pg_hba.conf` at `path` as a server of major version `version` would; where that is not known, as the newest.
///
/// A version decides whether lines can be continued (from 14) and files included (from 16), what `clientcert` takes, and
/// whether there is a method `oauth` (from 18).
///
/// # Errors
/// [`SettingsError::Hba`] for the first line that the server refuses, for which it does not start; what else keeps files
/// from being read.
pub fn read(path: &Path, version: Option<u32>, files: &dyn Files) -> Result<HbaFile, SettingsError> {
    let mut reader = Reader::new(files);
    let rows = token::read(&mut reader, path, version)?;
    let lines = rows.into_iter().map(|row| line::parse(row, version)).collect::<Result<_, _>>()?;
    Ok(HbaFile { files: reader.read, lines })
}

/// Whether this is a version before `major`; one that is not known counts as new.
fn before(version: Option<u32>, major: u32) -> bool {
    version.is_some_and(|version| version < major)
}

#[cfg(test)]
mod tests;
