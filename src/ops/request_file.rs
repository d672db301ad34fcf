//! A certificate request as somebody sent it: PEM or DER.

use crate::error::{Error, RequestError};
use crate::fs::set::STANDARD_INPUT;
use crate::fs::{FILE_LIMIT_BYTES, FileEntry, read_file};
use crate::pem::{self, BlockKind};
use crate::x509::CertificateRequest;
use std::path::Path;

/// Reads the one request of a file, or of what was read from standard input in its place.
///
/// # Errors
/// [`RequestError::NotARequest`] where it holds none, several, or one that cannot be read; else the file's own.
pub fn request_in(path: &Path, stdin: Option<&FileEntry>) -> Result<CertificateRequest, Error> {
    let (shown, bytes) = match stdin {
        Some(entry) => (STANDARD_INPUT.to_owned(), entry.contents.clone()),
        None => (path.display().to_string(), read_file(path, FILE_LIMIT_BYTES)?.into()),
    };
    let refuse = |problem: String| RequestError::NotARequest { path: shown.clone(), problem };
    let blocks = pem::scan(&bytes).blocks;
    let mut requests = blocks.iter().filter(|block| block.kind == BlockKind::Request);
    let der = match (requests.next(), requests.next()) {
        (Some(_), Some(_)) => return Err(refuse("it holds several".to_owned()).into()),
        (Some(block), None) => block.der.as_slice(),
        (None, _) if pem::looks_like_der(&bytes) => &bytes,
        (None, _) => return Err(refuse("it holds none".to_owned()).into()),
    };
    CertificateRequest::from_der(der).map_err(|error| refuse(error.to_string()).into())
}
