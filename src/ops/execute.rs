//! The command that is run after a change: once, by a shell, with what changed in its environment.

use crate::diagnosis::{Diagnosis, Failure};
use std::ffi::OsString;
use std::path::{Path, absolute};
use std::process::{Command, Stdio};

/// The directory that was changed, for the command.
const DIRECTORY: &str = "PGTLS_DIR";
/// The names of the files in it that were written, one a line; empty where they are too long.
const CHANGED: &str = "PGTLS_CHANGED";
/// How many they are.
const COUNT: &str = "PGTLS_CHANGED_COUNT";
/// How long the names may be: Linux takes 128 KiB in one variable (MAX_ARG_STRLEN, execve(2)).
const LONGEST: usize = 120 << 10;
/// Lets the command write to standard error whatever it writes: standard output is for results.
const TO_STDERR: &str = "exec sh -c \"$1\" >&2";

/// What became of a command.
#[derive(Debug, Clone)]
pub struct Executed {
    /// As it was given.
    pub command: String,
    /// How many names of files were too long for its environment, and left out.
    pub untold: Option<usize>,
    /// Why it failed; `None`: it did not.
    pub failure: Option<ExecuteError>,
}

/// A command that failed after what was to be done was done.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError {
    /// No shell.
    #[error("could not run \"{command}\": {reason}")]
    NotStarted {
        /// The command.
        command: String,
        /// What the system said.
        reason: String,
    },
    /// It ended otherwise than with 0.
    #[error("\"{command}\" failed: {status}")]
    Failed {
        /// The command.
        command: String,
        /// How it ended.
        status: String,
    },
}

impl Diagnosis for ExecuteError {
    fn detail(&self) -> Option<String> {
        Some("The certificates are renewed all the same; it alone was not done.".to_owned())
    }

    fn hint(&self) -> Option<String> {
        Some("Run it again by hand: the next renewal does not, unless something changes then.".to_owned())
    }

    fn failure(&self) -> Failure {
        Failure::System
    }
}

/// Runs it where the caller stands.
pub(super) fn execute(command: &str, directory: &Path, changed: &[&str]) -> Executed {
    let directory = absolute(directory).map_or_else(|_| directory.into(), OsString::from);
    let names = Some(changed.join("\n")).filter(|names| names.len() <= LONGEST);
    let untold = names.is_none().then_some(changed.len());
    let status = Command::new("sh")
        .args(["-c", TO_STDERR, "sh", command])
        .env(DIRECTORY, directory)
        .env(CHANGED, names.unwrap_or_default())
        .env(COUNT, changed.len().to_string())
        .stdin(Stdio::null())
        .status();
    let own = || command.to_owned();
    let failure = match status {
        Ok(status) if status.success() => None,
        Ok(status) => Some(ExecuteError::Failed { command: own(), status: status.to_string() }),
        Err(error) => Some(ExecuteError::NotStarted { command: own(), reason: error.to_string() }),
    };
    Executed { command: own(), untold, failure }
}
