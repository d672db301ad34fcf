//! `revoke`: shuts a certificate out, and all that goes with it.

use super::generate::Generated;
use super::issue::{Asked, CaRequest};
use crate::error::{Error, RequestError};
use crate::fs::{FILE_LIMIT_BYTES, is_there, read_file};
use crate::keys::KeySource;
use crate::layout::{self, Arrangement};
use crate::pki::Secrets;
use crate::plan::{self, RevokeError, RevokeTarget, RevokeWish};
use crate::state::State;
use crate::x509::RevocationReason;
use std::path::Path;
use time::OffsetDateTime;

/// What `revoke` is asked for.
#[derive(Debug, Clone)]
pub struct RevokeRequest {
    /// A stem, a common name, the path of a certificate's file, or a serial number.
    pub name: String,
    /// Why, where it is said.
    pub reason: Option<RevocationReason>,
    /// The directories, and what opens the CAs' keys.
    pub under: CaRequest,
}

/// Revokes.
///
/// # Errors
/// [`Error`]: nothing on disk was changed.
pub fn revoke(
    request: &RevokeRequest,
    now: OffsetDateTime,
    keys: &dyn KeySource,
) -> Result<Generated, Error> {
    let RevokeRequest { name, reason, under } = request;
    let first = |_: Option<&str>, state: &State| {
        let wish = RevokeWish { name: name.clone(), target: target(name, state)?, reason: *reason };
        match plan::revoke(&wish, state, now) {
            Err(RevokeError::NeverIssued { .. }) if name.contains('/') && !is_there(Path::new(name)) => {
                Err(RequestError::NoSuchFile { path: name.clone() }.into())
            }
            planned => Ok(planned?),
        }
    };
    Asked { under, first: &first, now, keys, shuts_out: true, cas_alone: false }
        .run(Arrangement::default(), Secrets::default())
}

/// What has a slash, or the ending of a certificate's file and is no stem of the directory, is a path, where something is
/// there.
fn target(name: &str, state: &State) -> Result<RevokeTarget, Error> {
    const ENDINGS: [&str; 5] = [".crt", ".pem", ".cer", ".cert", ".der"];
    let path = Path::new(name);
    let is_stem = |name: &str| state.certificate(name).is_some();
    let is_file_name = || {
        let is_here = is_stem(name) || name.strip_suffix(".crt").is_some_and(is_stem);
        !is_here && ENDINGS.iter().any(|ending| name.ends_with(ending))
    };
    if !is_there(path) || !(name.contains('/') || is_file_name()) {
        return Ok(RevokeTarget::Name);
    }
    let text = read_file(path, FILE_LIMIT_BYTES)?;
    let list = layout::read_certificates(&text, name.to_owned())?;
    let first = list.into_iter().next();
    Ok(first.map_or(RevokeTarget::Name, |certificate| RevokeTarget::Certificate(Box::new(certificate))))
}
