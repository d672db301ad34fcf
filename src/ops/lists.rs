//! `crl`: the revocation lists of every CA of a directory.

use super::generate::Generated;
use super::hash_directory::{self, Hashed};
use super::issue::{Asked, CaRequest};
use crate::error::{Error, PartlyError};
use crate::keys::KeySource;
use crate::layout::Arrangement;
use crate::pki::Secrets;
use crate::plan::{self, Which};
use crate::state::State;
use crate::x509::Lifetime;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

/// What `crl` is asked for.
#[derive(Debug, Clone)]
pub struct ListsRequest {
    /// The directories, and what opens the CAs' keys.
    pub under: CaRequest,
    /// Which lists are made anew.
    pub which: Which,
    /// How long they count; `None`: a year.
    pub lifetime: Option<Lifetime>,
    /// A directory for `ssl_crl_dir`, which they go into as well.
    pub hash_directory: Option<PathBuf>,
}

/// What was done.
#[derive(Debug)]
pub struct ListsMade {
    /// The lists and their files.
    pub made: Generated,
    /// What went into the directory for `ssl_crl_dir`.
    pub hashed: Option<Hashed>,
}

/// Makes lists.
///
/// # Errors
/// [`Error`]: nothing on disk was changed, but where the directory for `ssl_crl_dir` cannot be written: the lists are made
/// then.
pub fn lists(request: &ListsRequest, now: OffsetDateTime, keys: &dyn KeySource) -> Result<ListsMade, Error> {
    let ListsRequest { under, which, lifetime, hash_directory } = request;
    if let Some(path) = hash_directory {
        hash_directory::refuse(path, under)?;
    }
    let first = |_: Option<&str>, state: &State| Ok(plan::lists(*which, *lifetime, state, now)?);
    let asked = Asked { under, first: &first, now, keys, shuts_out: true, cas_alone: true };
    let made = asked.run(Arrangement::default(), Secrets::default())?;
    let put = |path: &Path| {
        let is_made = !under.dry_run && !made.outline.files.is_empty();
        let partly = |error| PartlyError::lists(under.directory.display().to_string(), error).into();
        hash_directory::put(path, &made, under.dry_run).map_err(|error| match is_made {
            true => partly(error),
            false => error,
        })
    };
    let hashed = hash_directory.as_deref().map(put).transpose()?;
    Ok(ListsMade { hashed, made })
}
