//! Who may log in: walks `pg_hba.conf` and `pg_ident.conf` for one role, database, address and certificate, as the server
//! does (`check_hba`, `check_usermap`, hba.c; `ClientAuthentication`, auth.c).
//!
//! Pure: the files are read by [`settings`](crate::settings), and whether the server accepts a certificate is said by
//! [`verify`](crate::verify). What nothing here can know is never guessed: it is an answer of its own.

mod dialect;
mod fault;
mod fit;
mod line;
mod maps;
mod network;
mod outcome;
mod pattern;
mod set;

pub use fault::PatternError;
pub use maps::Maps;
pub use network::{Network, network};
pub use outcome::Outcome;
pub use pattern::Fault as PatternFault;

use crate::settings::Place;
use crate::settings::hba::{HbaFile, HbaLine};
use crate::settings::ident::IdentFile;
use fit::Fit;
use pattern::Pattern;
use std::ffi::OsStr;
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt as _;

/// A login that is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The role.
    pub role: String,
    /// Where to.
    pub database: Database,
    /// How the connection comes about.
    pub way: Way,
    /// The name that the client's address has in DNS, both ways; `None`: not known.
    pub host_name: Option<String>,
    /// All roles that the role is a member of, also by way of others; `None`: not known.
    pub member_of: Option<Vec<String>>,
    /// The addresses of the server with their networks, beside the loopback; `None`: not known.
    pub interfaces: Option<Vec<Network>>,
    /// The name of the client's account, for `peer` and `ident`; `None`: not known.
    pub account: Option<String>,
    /// What the client shows; [`Way::Tls`] alone sends it.
    pub client: Client,
    /// Whether the server is known to speak no TLS: `ssl` is off.
    pub lacks_tls: bool,
    /// The server's major version; `None`: the newest.
    pub version: Option<u32>,
}

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// A database.
    Named(String),
    /// Physical replication, which is of no database.
    Replication,
}

/// How a connection comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A Unix-domain socket.
    Socket,
    /// TCP/IP without encryption, from that address.
    Plain(IpAddr),
    /// TCP/IP with GSSAPI encryption.
    Gss(IpAddr),
    /// TCP/IP with TLS.
    Tls(IpAddr),
}

impl Way {
    /// The client's address.
    #[must_use]
    pub fn address(self) -> Option<IpAddr> {
        match self {
            Self::Socket => None,
            Self::Plain(address) | Self::Gss(address) | Self::Tls(address) => Some(address),
        }
    }
}

/// What a client shows of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Client {
    /// No certificate.
    Nothing,
    /// One of several, and which is not known.
    NotTold,
    /// A certificate.
    Certificate(Presented),
}

/// A certificate before a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// Its first common name.
    pub common_name: Option<String>,
    /// Its subject, as `clientname=DN` has it.
    pub distinguished_name: String,
    /// What the server makes of it.
    pub standing: Standing,
}

/// What a server makes of a certificate, whatever `pg_hba.conf` says: one that is sent and not accepted ends the handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It leads to a trust anchor.
    Accepted,
    /// The server refuses it, and why.
    Refused(String),
    /// It cannot be said, and why.
    Unknown(String),
    /// The server has no `ssl_ca_file` and asks nobody for a certificate.
    NotAskedFor,
}

/// Whether somebody gets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// He does; with the role's password, where the line asks for one.
    Yes,
    /// He does not.
    No,
    /// What is known does not decide it.
    CannotTell,
}

/// What the files say of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The answer.
    pub answer: Answer,
    /// The lines that decide or may decide, in their order. The last one decides if no earlier one does, and is the only one
    /// where it is certain which line that is.
    pub candidates: Vec<Candidate>,
}

/// A line that decides, or may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The line; `None`: no line is for this login, which is refused then.
    pub line: Option<HbaLine>,
    /// Why it is not certain that the line is for this login; empty where it is.
    pub doubts: Vec<String>,
    /// What comes of it if it is.
    pub outcome: Outcome,
}

impl Candidate {
    /// The line as it counts; passwords and secrets among its options are not known here.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        self.line.as_ref().map(line::text)
    }

    /// Where the line stands.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.line.as_ref().map(|line| &line.place)
    }
}

/// Walks the lines. The first that is for the login decides, whatever comes of it.
#[must_use]
pub fn decide(file: &HbaFile, maps: &Maps, login: &Login) -> Verdict {
    let mut candidates = Vec::new();
    let mut is_certain = false;
    for line in &file.lines {
        let doubts = match fit::line(line, login) {
            Fit::No => continue,
            Fit::Yes => Vec::new(),
            Fit::Unknown(doubts) => doubts,
        };
        is_certain = doubts.is_empty();
        let outcome = outcome::of(line, maps, login);
        candidates.push(Candidate { line: Some(line.clone()), doubts, outcome });
        if is_certain {
            break;
        }
    }
    if !is_certain {
        candidates.push(Candidate { line: None, doubts: Vec::new(), outcome: outcome::no_line(login) });
    }
    // Which line decides does not matter where all of them say the same.
    let mut answers = candidates.iter().map(|candidate| candidate.outcome.answer);
    let first = answers.next().unwrap_or(Answer::No);
    let answer = if answers.all(|answer| answer == first) { first } else { Answer::CannotTell };
    Verdict { answer, candidates }
}

/// Whether a line names a user map, so that `pg_ident.conf` counts.
#[must_use]
pub fn names_map(file: &HbaFile) -> bool {
    file.lines.iter().any(|line| line.map.as_ref().is_some_and(|map| !map.is_empty()))
}

/// Looks for regular expressions for which a server refuses its `pg_hba.conf`, which has some from PostgreSQL 16 on.
///
/// # Errors
/// [`PatternError`] for the first one.
pub fn check_patterns(file: &HbaFile, version: Option<u32>) -> Result<(), PatternError> {
    if !patterns_count(version) {
        return Ok(());
    }
    for line in &file.lines {
        let mut words = line.databases.iter().chain(&line.roles);
        words.try_for_each(|word| check(&word.text, &line.place, true))?;
    }
    Ok(())
}

/// The same of `pg_ident.conf`, where the names of clients may be regular expressions in every version.
///
/// # Errors
/// [`PatternError`] for the first one.
pub fn check_map_patterns(file: &IdentFile, version: Option<u32>) -> Result<(), PatternError> {
    file.lines.iter().try_for_each(|line| {
        check(&line.system_user.text, &line.place, false)?;
        if patterns_count(version) { check(&line.role.text, &line.place, false) } else { Ok(()) }
    })
}

/// Whether a regular expression of a user map, without its slash, has a subexpression for `\1` to stand for.
///
/// # Errors
/// [`PatternFault`] for one that PostgreSQL refuses, and for one that is not judged here.
pub fn has_subexpression(pattern: &str) -> Result<bool, PatternFault> {
    Pattern::parse(pattern.as_bytes()).map(|pattern| pattern.has_group())
}

fn check(word: &OsStr, place: &Place, is_hba: bool) -> Result<(), PatternError> {
    match word.as_bytes().strip_prefix(b"/").map(Pattern::parse) {
        Some(Err(PatternFault::Broken(problem))) => {
            Err(PatternError::new(place.clone(), &word.as_bytes()[1..], problem, is_hba))
        }
        _ => Ok(()),
    }
}

/// From PostgreSQL 16 on, databases and roles may be regular expressions, and roles of maps all that roles of
/// `pg_hba.conf` may be (PostgreSQL 16 release notes, "Server Configuration"; commit efb6f4a4f9).
fn patterns_count(version: Option<u32>) -> bool {
    version.is_none_or(|version| version >= 16)
}

#[cfg(test)]
mod tests;
