//! What libpq would say to a client's settings, without the secrets that it repeats.

use std::fmt;
use std::path::PathBuf;

use crate::diagnosis::{Diagnosis, Failure};
use crate::settings::setting::{Origin, Place};

/// Settings with which libpq does not connect. Positions count bytes of the connection string from 1: its words stay
/// out of messages wherever they could be part of a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LibpqError {
    /// A word without a value.
    #[error("missing \"=\" after the word at position {position} of the connection string")]
    MissingEquals {
        /// Where the word begins.
        position: usize,
    },
    /// A quote that nothing closes.
    #[error("unterminated quoted string at position {position} of the connection string")]
    Unterminated {
        /// Where it begins.
        position: usize,
    },
    /// A parameter that libpq does not know.
    #[error("invalid connection option {}", named(name.as_deref(), *position))]
    UnknownOption {
        /// Its name; `None` where it could be part of a password.
        name: Option<String>,
        /// Where it begins.
        position: usize,
    },
    /// A URI that is none.
    #[error("{problem} (position {position} of the URI)")]
    Uri {
        /// What is wrong.
        problem: UriProblem,
        /// Where the part begins that is meant.
        position: usize,
    },
    /// A byte 0, which no program can be given.
    #[error("zero byte in the connection string")]
    ZeroByte,
    /// A value that the parameter does not take.
    #[error("invalid {keyword} value: \"{found}\"")]
    Value {
        /// The parameter.
        keyword: &'static str,
        /// The value.
        found: String,
        /// Where it was given.
        origin: Origin,
        /// What it takes.
        expected: &'static str,
    },
    /// An `sslmode` below what another parameter needs.
    #[error("weak sslmode \"{mode}\" may not be used with {with}")]
    WeakMode {
        /// The mode.
        mode: super::SslMode,
        /// The other parameter and its value.
        with: &'static str,
        /// Where the mode was given.
        origin: Origin,
        /// The modes that would do.
        enough: &'static str,
    },
    /// Protocol versions the wrong way round.
    #[error("invalid SSL protocol version range")]
    ProtocolRange,
    /// Two lists that belong together and differ in length.
    #[error("could not match {hosts} host names to {addresses} hostaddr values")]
    HostCount {
        /// How many names.
        hosts: usize,
        /// How many addresses.
        addresses: usize,
    },
    /// Neither one port for all hosts nor one for each.
    #[error("could not match {ports} port numbers to {hosts} hosts")]
    PortCount {
        /// How many ports.
        ports: usize,
        /// How many hosts.
        hosts: usize,
    },
    /// A port that is none.
    #[error("invalid port number{}", found.as_ref().map_or_else(String::new, |found| format!(": \"{found}\"")))]
    Port {
        /// What was given; `None` where it is from the connection string: of a URI with a slash in its password, this is
        /// the password's beginning.
        found: Option<String>,
        /// Where it was given.
        origin: Origin,
    },
    /// A service file that was named and is not there.
    #[error("service file \"{}\" not found", path.display())]
    ServiceFileMissing {
        /// The file.
        path: PathBuf,
    },
    /// A service that no file defines.
    #[error("definition of service \"{name}\" not found")]
    UnknownService {
        /// The service.
        name: String,
        /// The files that were looked at or are not there.
        searched: Vec<PathBuf>,
    },
    /// A line of a service that is no parameter.
    #[error("syntax error in service file \"{}\", line {}", place.file.display(), place.line)]
    ServiceSyntax {
        /// Where.
        place: Place,
    },
    /// A service that names another.
    #[error("nested service specifications not supported in service file \"{}\", line {}", place.file.display(), place.line)]
    ServiceNested {
        /// Where.
        place: Place,
    },
    /// A line longer than libpq reads.
    #[error("line {} too long in service file \"{}\"", place.line, place.file.display())]
    ServiceLine {
        /// Where.
        place: Place,
        /// How many bytes it may have.
        limit: usize,
    },
    /// A service whose parameters are in a directory service.
    #[error("cannot follow the LDAP lookup in service file \"{}\", line {}", place.file.display(), place.line)]
    ServiceLdap {
        /// Where.
        place: Place,
    },
}

fn named(name: Option<&str>, position: usize) -> String {
    name.map_or_else(|| format!("at position {position}"), |name| format!("\"{name}\""))
}

/// What is wrong with a URI.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UriProblem {
    /// `[` without `]`.
    OpenBracket,
    /// `[]`.
    EmptyAddress,
    /// Something else than `:`, `/`, `?` or `,` behind `]`.
    BehindBracket,
    /// A parameter without `=`.
    NoValue,
    /// A parameter with two `=`.
    TwoValues,
    /// A parameter that libpq does not know.
    UnknownParameter {
        /// Its name; `None` where it could be part of a password.
        name: Option<String>,
    },
    /// `%` without two hexadecimal digits.
    Percent,
    /// `%00`.
    PercentZero,
    /// A space between other characters.
    Spaces,
}

impl fmt::Display for UriProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenBracket => "missing \"]\" behind an IPv6 host address in URI",
            Self::EmptyAddress => "IPv6 host address may not be empty in URI",
            Self::BehindBracket => "unexpected character behind an IPv6 host address in URI",
            Self::NoValue => "missing key/value separator \"=\" in URI query parameter",
            Self::TwoValues => "extra key/value separator \"=\" in URI query parameter",
            Self::UnknownParameter { name: Some(name) } => {
                return write!(f, "invalid URI query parameter: \"{name}\"");
            }
            Self::UnknownParameter { name: None } => "invalid URI query parameter",
            Self::Percent => "invalid percent-encoded token in URI",
            Self::PercentZero => "forbidden value %00 in percent-encoded value of URI",
            Self::Spaces => "unexpected spaces in URI",
        })
    }
}

impl Diagnosis for LibpqError {
    fn detail(&self) -> Option<String> {
        match self {
            Self::Value { keyword, origin, expected, .. } => {
                Some(format!("{keyword} takes {expected}; this is from {}.", article(origin)))
            }
            Self::Port { origin, .. } => Some(format!("This is from {}.", article(origin))),
            Self::WeakMode { origin, .. } => Some(format!("The mode is from {}.", article(origin))),
            Self::UnknownService { searched, .. } => {
                let files: Vec<String> = searched.iter().map(|path| path.display().to_string()).collect();
                (!files.is_empty()).then(|| format!("Looked in {}.", files.join(", ")))
            }
            Self::ServiceLine { limit, .. } => Some(format!("libpq reads lines of up to {limit} bytes.")),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::MissingEquals { .. } | Self::Unterminated { .. } | Self::UnknownOption { .. } => {
                "Put a value with spaces in single quotes, and a backslash before ' and \\ within."
            }
            Self::Uri { problem, .. } => match problem {
                UriProblem::Percent | UriProblem::PercentZero => "Write a percent sign as %25.",
                UriProblem::Spaces => "Write a space as %20.",
                UriProblem::NoValue | UriProblem::TwoValues | UriProblem::UnknownParameter { .. } => {
                    "Write parameters as ?keyword=value&keyword=value, = as %3D and & as %26."
                }
                _ => "Write an IPv6 address as [2001:db8::1].",
            },
            Self::WeakMode { enough, .. } => return Some(format!("Use sslmode={enough}.")),
            Self::ProtocolRange => {
                "Give an ssl_min_protocol_version that is not above ssl_max_protocol_version."
            }
            Self::HostCount { .. } => "Give as many as the other list has; elements can be empty.",
            Self::PortCount { .. } => "Give one port for all hosts, or as many as there are hosts.",
            Self::Port { .. } => "Give a number from 1 to 65535.",
            Self::ServiceFileMissing { .. } => "Mend PGSERVICEFILE, or unset it.",
            Self::UnknownService { .. } => "Add a section with the service's name in square brackets.",
            Self::ServiceSyntax { .. } => "Write keyword=value, without spaces around the equals sign.",
            Self::ServiceNested { .. } => "Write the parameters of the other service out.",
            Self::ServiceLine { .. } => "Shorten the line.",
            Self::ServiceLdap { .. } => "Give the parameters in a connection string.",
            Self::ZeroByte | Self::Value { .. } => return None,
        };
        Some(hint.to_owned())
    }

    fn failure(&self) -> Failure {
        match self {
            Self::ServiceFileMissing { .. } => Failure::System,
            _ => Failure::Usage,
        }
    }
}

fn article(origin: &Origin) -> String {
    match origin {
        Origin::Default | Origin::ConnectionString | Origin::Environment(_) => format!("the {origin}"),
        Origin::File(_) | Origin::Service { .. } => origin.to_string(),
    }
}
