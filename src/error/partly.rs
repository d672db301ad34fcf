//! What stopped a long run, some of which is done.

use super::Error;
use crate::diagnosis::{Diagnosis, Failure};

/// The error in the midst of a run.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct PartlyError {
    done: usize,
    total: usize,
    /// Boxed, for it may be any other.
    source: Box<Error>,
}

impl PartlyError {
    /// So many were done of so many when it came.
    pub(crate) fn new(done: usize, total: usize, source: Error) -> Self {
        Self { done, total, source: Box::new(source) }
    }
}

impl Diagnosis for PartlyError {
    /// The source's own detail may say that nothing was changed, which is true of its last step alone.
    fn detail(&self) -> Option<String> {
        if self.done == 0 {
            return Some(format!("0 of {} certificates had been issued by then.", self.total));
        }
        Some(format!(
            "{} of {} certificates had been issued by then, and are in the index.",
            self.done, self.total
        ))
    }

    fn hint(&self) -> Option<String> {
        Some("Run it again with --skip-issued for the rest, once that is mended.".to_owned())
    }

    fn failure(&self) -> Failure {
        self.source.failure()
    }
}
