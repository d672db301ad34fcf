//! `revoke`: shuts a certificate out, and all that goes with it.

use super::generate::Generated;
use super::issue::{Asked, CaRequest};
use crate::error::Error;
use crate::fs::{FILE_LIMIT_BYTES, is_there, read_file};
use crate::keys::KeySource;
use crate::layout::{self, Arrangement};
use crate::pki::Secrets;
use crate::plan::{self, RevokeTarget, RevokeWish};
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
    let wish = RevokeWish { name: name.clone(), target: target(name)?, reason: *reason };
    let first = |_: Option<&str>, state: &State| Ok(plan::revoke(&wish, state, now)?);
    Asked { under, first: &first, now, keys, shuts_out: true }.run(Arrangement::default(), Secrets::default())
}

/// What has a slash or an ending is a path, where something is there.
fn target(name: &str) -> Result<RevokeTarget, Error> {
    let path = Path::new(name);
    let is_path_like = name.contains('/') || path.extension().is_some_and(|ending| !ending.is_empty());
    if !is_path_like || !is_there(path) {
        return Ok(RevokeTarget::Name);
    }
    let text = read_file(path, FILE_LIMIT_BYTES)?;
    let list = layout::read_certificates(&text, name.to_owned())?;
    let first = list.into_iter().next();
    Ok(first.map_or(RevokeTarget::Name, |certificate| RevokeTarget::Certificate(Box::new(certificate))))
}
