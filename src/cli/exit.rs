//! All exit codes.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done, valid, nothing due |
//! | 1 | checked, and the answer is no |
//! | 2 | wrong whatever is on disk: flags, profile, names, windows |
//! | 3 | right in itself, but this directory or CA forbids it |
//! | 4 | the system refused: file, network, missing program |

use crate::diagnosis::Failure;

/// Done.
pub(super) const DONE: u8 = 0;
/// Checked, and the answer is no.
pub(super) const NO: u8 = 1;
/// Wrong flags; also what the argument parser itself refuses.
pub(super) const USAGE: u8 = 2;

/// The code of a failure.
pub(super) fn code(failure: Failure) -> u8 {
    match failure {
        Failure::Usage => USAGE,
        Failure::Forbidden => 3,
        Failure::System => 4,
    }
}
