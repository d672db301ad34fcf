//! What every error of this crate can say besides its one-line fact: detail, hint, and whose fault it is.
//!
//! The parts and their voice are PostgreSQL's ("Error Message Style Guide", sources): the message is a fact in lower
//! case without a full stop; detail and hint are sentences.

/// Whose fault a failure is; the command line turns it into an exit code (`cli::exit`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Wrong whatever is on disk: flags, profile, names, windows.
    Usage,
    /// Right in itself, but this directory or certificate authority forbids it.
    Forbidden,
    /// The system refused: file, network, missing program.
    System,
}

/// An error that also knows its detail, its mend and its class.
pub trait Diagnosis: std::error::Error {
    /// What was found and what was expected, as sentences; `None` where the message says it all.
    fn detail(&self) -> Option<String> {
        None
    }

    /// How to mend it, as a sentence that can be followed at once.
    fn hint(&self) -> Option<String> {
        None
    }

    /// Whose fault it is.
    fn failure(&self) -> Failure;
}
