//! `verify --against`: what differs between two places, of which each is read as `verify` reads it.

use super::verify::{Look, VerifyRequest, look};
use crate::error::Error;
use crate::verify::{self, Comparison, Shelf};
use std::path::Path;
use time::OffsetDateTime;

/// What `verify --against` found.
#[derive(Debug)]
pub struct Compared {
    /// How the two places differ.
    pub comparison: Comparison,
    /// Files that could not be read.
    pub problems: Vec<Error>,
}

/// Compares what a request points to with another place: a directory, a server's data directory or its
/// `postgresql.conf`, or a file. Judges nothing, writes nothing, takes no lock.
///
/// # Errors
/// As [`verify`](super::verify()), for either place.
pub fn compare(request: &VerifyRequest, against: &Path, now: OffsetDateTime) -> Result<Compared, Error> {
    let is_configuration = against.extension().is_some_and(|ending| ending == "conf");
    let path = Some(against.to_path_buf());
    let (configuration, paths) = if is_configuration { (path, None) } else { (None, path) };
    let other = VerifyRequest {
        paths: paths.into_iter().collect(),
        configuration,
        passphrase_file: request.passphrase_file.clone(),
        ..VerifyRequest::default()
    };
    let (this, other) = (look(request)?, look(&other)?);
    let comparison = verify::compare(&shelf(&this), &shelf(&other), now);
    let problems = this.problems.into_iter().chain(other.problems).collect();
    Ok(Compared { comparison, problems })
}

fn shelf(look: &Look) -> Shelf<'_> {
    Shelf {
        place: &look.place,
        exhibits: &look.exhibits,
        files: &look.files,
        roles: &look.roles,
        // A server's settings name some files of a directory, as single words do.
        is_selection: look.is_loose || look.server.is_some(),
    }
}
