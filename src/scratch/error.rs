//! What can go wrong with a throw-away server, in the words of the server where it has any.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::diagnosis::{Diagnosis, Failure};

/// Why there is no throw-away server, or not the one that was asked for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ScratchError {
    /// A program of PostgreSQL is not on this machine, or not where it was looked for.
    #[error("could not find the PostgreSQL program \"{program}\"")]
    ProgramMissing {
        /// The first program missing from the set.
        program: &'static str,
        /// Every directory looked at, in order.
        searched: Vec<PathBuf>,
    },
    /// This process is root, as which PostgreSQL does not run, and there is no account to give it instead.
    #[error("cannot run PostgreSQL as root, and there is no user \"postgres\" or \"nobody\" to run it as")]
    NoAccount,
    /// A file or directory could not be read, made or removed.
    #[error("could not {action} \"{}\": {source}", path.display())]
    File {
        /// What was tried: "read", "create", ...
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A program could not be started at all, or could not be waited for.
    #[error("could not run \"{}\": {source}", program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A program (`initdb`, `cp`) ended with an error.
    #[error("\"{}\" failed", program.display())]
    ProgramFailed {
        /// The program.
        program: PathBuf,
        /// What it wrote.
        words: String,
    },
    /// The server ended on its own, before it took a connection.
    #[error("PostgreSQL refuses to start: {}", fatal_line(words))]
    Refused {
        /// The server's log, whole.
        words: String,
    },
    /// The server was still busy with its start when we gave up.
    #[error("PostgreSQL was not ready within {seconds} seconds")]
    NotReady {
        /// How long we waited.
        seconds: u64,
        /// The server's log, whole.
        words: String,
    },
    /// Every port tried was taken by another program in the moment between choice and use.
    #[error("could not find a free port in {attempts} attempts")]
    NoPort {
        /// How many ports were tried.
        attempts: u32,
    },
    /// The server went on with what it had before a reload: some of the new material is not to its taste.
    #[error("PostgreSQL did not take over the new configuration: {}", fatal_line(words))]
    NotReloaded {
        /// What the server logged since the reload.
        words: String,
    },
    /// The server was not able to carry out a statement of its superuser, for instance to create a role.
    #[error("PostgreSQL refuses a statement: {}", fatal_line(words))]
    Statement {
        /// What `psql` wrote.
        words: String,
    },
}

impl Diagnosis for ScratchError {
    fn detail(&self) -> Option<String> {
        match self {
            Self::ProgramMissing { searched, .. } => {
                let places: Vec<String> = searched.iter().map(|path| path.display().to_string()).collect();
                Some(format!("Looked in {}.", places.join(", ")))
            }
            Self::ProgramFailed { words, .. }
            | Self::Refused { words }
            | Self::NotReady { words, .. }
            | Self::NotReloaded { words }
            | Self::Statement { words } => {
                let words = words.trim();
                (!words.is_empty()).then(|| format!("PostgreSQL's own words:\n{words}"))
            }
            Self::NoAccount | Self::File { .. } | Self::Run { .. } | Self::NoPort { .. } => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::ProgramMissing { .. } => Some(
                "Install PostgreSQL's server (Debian: apt-get install postgresql), or put its bin directory on PATH."
                    .to_owned(),
            ),
            Self::NoAccount => {
                Some("Run this as an ordinary user, or create one: useradd --system postgres.".to_owned())
            }
            // initdb says so of a user that is in no user database, as containers are fond of.
            Self::ProgramFailed { words, .. } if words.contains("could not look up effective user ID") => {
                Some("Run this as a user that has an entry in /etc/passwd.".to_owned())
            }
            Self::ProgramFailed { .. } => Some(
                "Set TMPDIR to a directory with 100 MB to spare that every user can pass through, such as /tmp."
                    .to_owned(),
            ),
            Self::NoPort { .. } => Some("Try again.".to_owned()),
            _ => None,
        }
    }

    fn failure(&self) -> Failure {
        Failure::System
    }
}

/// The line of `words` that says most in one line: the first FATAL, PANIC or ERROR, else the first LOG, else the last.
///
/// The server names the cause of a rejected `pg_hba.conf` or reload in a LOG line only.
fn fatal_line(words: &str) -> &str {
    let said = |severity: &str| {
        words.lines().find_map(|line| line.split_once(severity).map(|(_, rest)| rest.trim()))
    };
    ["FATAL:", "PANIC:", "ERROR:", "LOG:"]
        .into_iter()
        .find_map(said)
        .or_else(|| words.lines().last())
        .unwrap_or("it says nothing")
}
