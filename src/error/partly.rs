//! What stopped a long run, some of which is done.

use super::Error;
use crate::diagnosis::{Diagnosis, Failure};

/// The error in the midst of a run.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct PartlyError {
    done: Done,
    /// Boxed, for it may be any other.
    source: Box<Error>,
}

/// What was done when it came.
#[derive(Debug)]
enum Done {
    /// So many certificates of so many.
    Certificates(usize, usize),
    /// The lists of a directory, and not those under hash names.
    Lists {
        /// The directory.
        directory: String,
    },
}

impl PartlyError {
    /// The lists of that directory are made, and go nowhere else.
    pub(crate) fn lists(directory: String, source: Error) -> Self {
        Self { done: Done::Lists { directory }, source: Box::new(source) }
    }

    /// So many were done of so many when it came.
    pub(crate) fn new(done: usize, total: usize, source: Error) -> Self {
        Self { done: Done::Certificates(done, total), source: Box::new(source) }
    }
}

impl Diagnosis for PartlyError {
    /// The source's own detail may say that nothing was changed, which is true of its last step alone.
    fn detail(&self) -> Option<String> {
        Some(match &self.done {
            Done::Certificates(0, total) => format!("0 of {total} certificates had been issued by then."),
            Done::Certificates(done, total) => {
                format!("{done} of {total} certificates had been issued by then, and are in the index.")
            }
            Done::Lists { directory } => format!("The lists in \"{directory}\" are made by now, and count."),
        })
    }

    fn hint(&self) -> Option<String> {
        let hint = match &self.done {
            Done::Certificates(..) => "Run it again with --skip-issued for the rest, once that is mended.",
            Done::Lists { .. } => "Once that is mended, run it again with --refresh.",
        };
        Some(hint.to_owned())
    }

    fn failure(&self) -> Failure {
        self.source.failure()
    }
}
