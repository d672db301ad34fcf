//! `-` among what was typed: standard input, which can be read once.

use super::CliError;
use crate::fs::FileEntry;
use crate::ops;
use std::io::Read;

/// Reads standard input where one word asks for it; `None` where none does.
///
/// # Errors
/// [`CliError::Flags`] where several words ask for it, or the stream's own.
pub(super) fn standard_input(asked: usize, stdin: &mut dyn Read) -> Result<Option<FileEntry>, CliError> {
    match asked {
        0 => Ok(None),
        1 => Ok(Some(ops::standard_input(stdin)?)),
        _ => Err(CliError::Flags {
            fact: "standard input is asked for twice".to_owned(),
            hint: "Give \"-\" once; a bundle in it can hold several certificates.",
        }),
    }
}
