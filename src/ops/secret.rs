//! Passphrases: the first line of a file, or a text that the environment holds.

use crate::error::{Error, RequestError};
use crate::fs::read_file;
use std::fmt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A passphrase is a line; a file much longer than that is another file.
const PASSPHRASE_BYTES: usize = 64 << 10;
/// OpenSSL reads a line of a passphrase file into 1,024 bytes, with a NUL at its end.
const OPENSSL_PASSPHRASE_BYTES: usize = 1023;

/// Where a passphrase comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum Passphrase {
    /// The first line of this file.
    File(PathBuf),
    /// What a variable of the environment holds.
    Variable {
        /// The variable.
        name: &'static str,
        /// What it holds.
        value: Zeroizing<Vec<u8>>,
    },
}

impl Passphrase {
    pub(super) fn read(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        match self {
            Self::File(path) => secret_line(path),
            Self::Variable { name, value } if is_foreign(value) || value.contains(&b'\n') => {
                Err(RequestError::ForeignVariable { name }.into())
            }
            Self::Variable { value, .. } => Ok(value.clone()),
        }
    }
}

/// Never shows the passphrase.
impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Variable { name, .. } => f.debug_tuple("Variable").field(name).finish(),
        }
    }
}

/// The first line of a file with a passphrase, without its line feed: byte for byte what `openssl -passin file:` takes, so
/// a carriage return before it belongs to the passphrase there and here.
pub(super) fn secret_line(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let text = read_file(path, PASSPHRASE_BYTES)?;
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    // A lone carriage return is a blank line of Windows, not a passphrase.
    if line.is_empty() || line == b"\r" {
        return Err(RequestError::EmptyPassphrase { path: path.display().to_string() }.into());
    }
    if is_foreign(line) {
        return Err(RequestError::ForeignPassphrase { path: path.display().to_string() }.into());
    }
    Ok(Zeroizing::new(line.to_vec()))
}

/// What OpenSSL would read as another passphrase, or not at all.
fn is_foreign(line: &[u8]) -> bool {
    line.len() > OPENSSL_PASSPHRASE_BYTES || line.contains(&0)
}
