//! Where a profile's text comes from.

use crate::error::{Error, RequestError};
use crate::fs::read_file;
use crate::profile::{BUILTINS, builtin};
use std::path::Path;

/// A profile is text of a few kilobytes; this is far above any, and far below what would hurt.
const PROFILE_BYTES: usize = 1 << 20;

/// The text of a profile, and what to call it in errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileSource {
    /// A path, or a built-in's name.
    pub origin: String,
    /// The TOML.
    pub text: String,
}

/// Finds a profile: a built-in by its name, or a file by a path that has a slash or ends in `.toml`.
///
/// # Errors
/// [`RequestError::UnknownProfile`] and [`RequestError::ProfileEncoding`], or the file's own.
pub fn profile_source(name: &str) -> Result<ProfileSource, Error> {
    if let Some(profile) = builtin(name) {
        return Ok(ProfileSource { origin: name.to_owned(), text: profile.text.to_owned() });
    }
    if !name.contains('/') && !name.ends_with(".toml") {
        let known = BUILTINS.iter().map(|profile| profile.name).collect();
        return Err(RequestError::UnknownProfile { found: name.to_owned(), known }.into());
    }
    let bytes = read_file(Path::new(name), PROFILE_BYTES)?;
    let text = String::from_utf8(bytes.to_vec())
        .map_err(|_| RequestError::ProfileEncoding { path: name.to_owned() })?;
    Ok(ProfileSource { origin: name.to_owned(), text })
}
