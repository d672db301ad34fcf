//! A value together with the place where it was set.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, by the path that it was read under.
    pub file: PathBuf,
    /// The line, from 1; of continued lines the first.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Nobody set it: PostgreSQL's own default.
    Default,
    /// A line of a configuration file.
    File(Place),
    /// A line in a section of a connection service file.
    Service {
        /// The section.
        name: String,
        /// The line.
        place: Place,
    },
    /// An environment variable, by its name.
    Environment(&'static str),
    /// The connection string.
    ConnectionString,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(place) => write!(f, "{place}"),
            Self::Service { name, place } => write!(f, "service \"{name}\" at {place}"),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::ConnectionString => f.write_str("connection string"),
        }
    }
}

/// A line that sets something, as it stands in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The parameter's name as written; PostgreSQL takes any case.
    pub name: String,
    /// The value, quotes and escapes undone.
    pub value: OsString,
    /// Where.
    pub place: Place,
}

/// A value in force, where it was set, and what it came in place of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value in force.
    pub value: T,
    /// Where it was set.
    pub origin: Origin,
    /// Lines that set it too, and that a later one made void; in the order in which they are read. Of clients none.
    pub overridden: Vec<Assignment>,
}

impl<T> Setting<T> {
    /// A value that came in place of nothing.
    pub(super) fn new(value: T, origin: Origin) -> Self {
        Self { value, origin, overridden: Vec::new() }
    }

    /// Whether somebody set it.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.origin != Origin::Default
    }

    /// The same setting with its value read in another way.
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Setting<U> {
        Setting { value: change(self.value), origin: self.origin, overridden: self.overridden }
    }
}

/// A version of TLS, older before newer (runtime-config-connection, `ssl_min_protocol_version`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.0, `TLSv1`.
    Tls1_0,
    /// TLS 1.1.
    Tls1_1,
    /// TLS 1.2.
    Tls1_2,
    /// TLS 1.3.
    Tls1_3,
}

impl TlsVersion {
    /// All of them, oldest first.
    pub(super) const ALL: [Self; 4] = [Self::Tls1_0, Self::Tls1_1, Self::Tls1_2, Self::Tls1_3];

    /// The name that server and client take, in any case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tls1_0 => "TLSv1",
            Self::Tls1_1 => "TLSv1.1",
            Self::Tls1_2 => "TLSv1.2",
            Self::Tls1_3 => "TLSv1.3",
        }
    }

    /// The version of that name, in any case.
    pub(super) fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.name().as_bytes().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// At most this many characters of a value stand in a message.
const SHOWN_CHARACTERS: usize = 80;

/// Bytes of a file for a message: on one line, not without end, and stand-ins for what is no text.
pub(super) fn shown(bytes: &[u8]) -> String {
    // Four bytes a character at most, so a line of megabytes is not decoded for its beginning.
    let beginning = &bytes[..bytes.len().min(SHOWN_CHARACTERS * 4)];
    let text = String::from_utf8_lossy(beginning);
    let characters = text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter });
    let mut shown: String = characters.take(SHOWN_CHARACTERS).collect();
    if beginning.len() < bytes.len() || text.chars().nth(SHOWN_CHARACTERS).is_some() {
        shown.push_str("...");
    }
    shown
}
