//! What is wrong with files of settings, and where.

use std::path::PathBuf;

use super::files::Cause;
use super::hba::HbaProblem;
use super::ident::IdentProblem;
use super::libpq::LibpqError;
use super::setting::Place;
use crate::diagnosis::{Diagnosis, Failure};

/// Settings that cannot be known: a file that cannot be read, or that PostgreSQL would not take either.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A file or directory that is there but cannot be read.
    #[error("could not read configuration file \"{}\"", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The line that includes it, if one does.
        included_by: Option<Place>,
        /// Why.
        source: Cause,
    },
    /// A file or directory that must be there and is not.
    #[error("configuration file \"{}\" does not exist", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The line that includes it, if one does.
        included_by: Option<Place>,
    },
    /// A directory without `postgresql.conf`.
    #[error("no postgresql.conf in \"{}\"", directory.display())]
    NoConfiguration {
        /// The directory.
        directory: PathBuf,
        /// What its `PG_VERSION` says; `None` where it is no data directory at all.
        version: Option<String>,
        /// Where the configuration of this data directory seems to be.
        elsewhere: Option<PathBuf>,
    },
    /// Text that is no `name = value`.
    #[error("{place}: syntax error near {found}")]
    Syntax {
        /// Where.
        place: Place,
        /// What stands there: a token in quotes, or "end of line".
        found: String,
        /// What could stand there.
        expected: &'static str,
        /// How to mend it.
        hint: &'static str,
    },
    /// A byte 0 within a value.
    #[error("{place}: zero byte in a value")]
    ZeroByte {
        /// Where.
        place: Place,
    },
    /// An include of nothing.
    #[error("{place}: empty configuration file name \"{found}\"")]
    BlankInclude {
        /// Where.
        place: Place,
        /// The name.
        found: String,
    },
    /// A file that includes itself.
    #[error("{place}: configuration file recursion in \"{}\"", place.file.display())]
    Recursion {
        /// Where.
        place: Place,
    },
    /// Includes within includes, deeper than PostgreSQL goes.
    #[error("{place}: could not open \"{}\": maximum nesting depth exceeded", path.display())]
    TooDeep {
        /// The include that is one too deep.
        place: Place,
        /// The file that it names.
        path: PathBuf,
        /// How deep they may nest.
        limit: usize,
    },
    /// Includes without end.
    #[error("more than {limit} configuration files are included")]
    TooManyFiles {
        /// The one that was one too many.
        path: PathBuf,
        /// How many are read.
        limit: usize,
    },
    /// A value that the parameter does not take.
    #[error("{place}: invalid value for parameter \"{name}\": \"{found}\"")]
    Value {
        /// Where.
        place: Place,
        /// The parameter.
        name: &'static str,
        /// The value.
        found: String,
        /// What it takes, as what follows "takes" in a sentence.
        expected: &'static str,
    },
    /// Protocol versions the wrong way round.
    #[error("{place}: ssl_min_protocol_version is above ssl_max_protocol_version")]
    ProtocolRange {
        /// Where the later of the two is set.
        place: Place,
    },
    /// A line of `pg_hba.conf` that PostgreSQL refuses.
    #[error("{place}:{column}: {problem}")]
    Hba {
        /// Where.
        place: Place,
        /// The column of the word at fault, or behind the line where one is missing: in characters, from 1; of continued
        /// lines as if they were one.
        column: usize,
        /// Why.
        problem: HbaProblem,
    },
    /// A line of `pg_ident.conf` that PostgreSQL refuses.
    #[error("{place}:{column}: {problem}")]
    Ident {
        /// Where.
        place: Place,
        /// The column of the word at fault, or behind the line where one is missing: in characters, from 1; of continued
        /// lines as if they were one.
        column: usize,
        /// Why.
        problem: IdentProblem,
    },
    /// What libpq would not connect with.
    #[error(transparent)]
    Libpq(#[from] LibpqError),
}

impl Diagnosis for SettingsError {
    fn detail(&self) -> Option<String> {
        Some(match self {
            Self::Unreadable { included_by, source, .. } => match included_by {
                Some(place) => format!("{place} includes it; the system says: {source}."),
                None => format!("The system says: {source}."),
            },
            Self::Missing { included_by, .. } => format!("{} includes it.", included_by.as_ref()?),
            Self::NoConfiguration { version: Some(version), .. } => {
                format!("It is a data directory of PostgreSQL {version} whose configuration is elsewhere.")
            }
            Self::NoConfiguration { version: None, .. } => {
                "It has no PG_VERSION either, so it is no data directory.".to_owned()
            }
            Self::Syntax { expected, .. } => format!("Expected {expected}."),
            Self::ZeroByte { .. } => "PostgreSQL would take a part of the value, and say nothing.".to_owned(),
            Self::BlankInclude { .. } => return None,
            Self::Recursion { .. } => "The file includes itself.".to_owned(),
            Self::TooDeep { limit, .. } => {
                format!("PostgreSQL follows includes {limit} deep; files that include each other never end.")
            }
            Self::TooManyFiles { path, .. } => format!("The next would be \"{}\".", path.display()),
            Self::Value { name, expected, .. } => format!("{name} takes {expected}."),
            Self::ProtocolRange { .. } => "PostgreSQL does not start with that.".to_owned(),
            Self::Hba { problem, .. } => return problem.detail(),
            Self::Ident { .. } => "The server starts with it, and knows no user map at all.".to_owned(),
            Self::Libpq(error) => return error.detail(),
        })
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unreadable { .. } => "Run this as the user that the server runs as, or as root.".to_owned(),
            Self::Missing { included_by: Some(_), .. } => {
                "Create it, or take the line out that names it.".to_owned()
            }
            Self::Missing { included_by: None, .. } => "Give the path of a file that exists.".to_owned(),
            Self::NoConfiguration { elsewhere: Some(path), .. } => {
                format!("Give --conf {}", path.display())
            }
            Self::NoConfiguration { version: Some(_), .. } => {
                "Give its postgresql.conf with --conf (Debian: /etc/postgresql/VERSION/NAME/postgresql.conf; \
                 SHOW config_file tells it on a running server)."
                    .to_owned()
            }
            Self::NoConfiguration { version: None, .. } => {
                "Give a data directory (SHOW data_directory), or --conf with a postgresql.conf.".to_owned()
            }
            Self::Syntax { hint, .. } => (*hint).to_owned(),
            Self::ZeroByte { .. } => "Write the value anew.".to_owned(),
            Self::BlankInclude { .. } => "Name a file, or take the line out.".to_owned(),
            Self::Recursion { .. } | Self::TooDeep { .. } | Self::TooManyFiles { .. } => {
                "Take the include out that leads back.".to_owned()
            }
            Self::Value { .. } => "The server does not start with that value; mend the line.".to_owned(),
            Self::ProtocolRange { .. } => "Lower ssl_min_protocol_version, or raise the other.".to_owned(),
            Self::Hba { problem, .. } => return problem.hint(),
            Self::Ident { problem, .. } => problem.hint().to_owned(),
            Self::Libpq(error) => return error.hint(),
        })
    }

    fn failure(&self) -> Failure {
        match self {
            Self::Unreadable { .. } | Self::Missing { .. } | Self::NoConfiguration { .. } => Failure::System,
            Self::Libpq(error) => error.failure(),
            _ => Failure::Usage,
        }
    }
}
