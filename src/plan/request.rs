//! `csr`'s first step: names and what exists -> a certificate request.

use super::{Inventory, LeafNames, Notice, PlanError, build, rules};
use crate::keys::KeyType;
use crate::pg::{certificate_file, key_file, request_file};
use crate::x509::{Extensions, Name, Usage};
use serde::Serialize;
use time::OffsetDateTime;

/// A certificate request, decided to the last field but the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestSpec {
    /// File stem.
    pub stem: String,
    /// What the certificate is to be for.
    pub usage: Usage,
    /// Whom it is to name.
    pub subject: Name,
    /// The key.
    pub key_type: KeyType,
    /// The extensions that are asked for.
    pub extensions: Extensions,
    /// What the user should know, though nothing is refused.
    pub notices: Vec<Notice>,
}

/// Decides everything about a certificate request.
///
/// # Errors
/// [`PlanError::Broken`] for names that break a rule, [`PlanError::Requested`] where files of its stem are there.
pub fn request(
    names: &LeafNames,
    key_type: KeyType,
    inventory: &Inventory,
    now: OffsetDateTime,
) -> Result<RequestSpec, PlanError> {
    let stem = stem_in(names, inventory);
    let wished = build::wish(&names.entry(&stem, key_type, None), now)?;
    rules::check_names(&wished)?;
    if let Some(file) = files_of(&stem).into_iter().find(|file| inventory.occupied.contains(file)) {
        return Err(PlanError::Requested { file: inventory.shown(&file) });
    }
    Ok(RequestSpec {
        stem,
        usage: wished.usage,
        key_type: wished.key_type,
        notices: build::p384_client(&wished).into_iter().collect(),
        subject: wished.subject,
        extensions: wished.extensions,
    })
}

fn files_of(stem: &str) -> [String; 3] {
    [key_file(stem), request_file(stem), certificate_file(stem)]
}

/// The first server of a directory is `server`, as PostgreSQL's own settings name its files, and the first client is
/// `client`; further ones bear their names, and so does every node. Whoever is there already keeps its stem, so that the
/// same request made twice meets its own files.
fn stem_in(names: &LeafNames, inventory: &Inventory) -> String {
    let plain = names.usage.id();
    let is_free = || !files_of(plain).iter().any(|file| inventory.occupied.contains(file));
    if names.usage != Usage::Node && (is_free() || is_named(inventory, plain, &names.common_name)) {
        return plain.to_owned();
    }
    names.stem.clone()
}

/// Whether the certificate of a stem, or else the request for it, bears that common name.
fn is_named(inventory: &Inventory, stem: &str, common_name: &str) -> bool {
    let certificate = inventory.file(&certificate_file(stem)).and_then(|file| file.certificates.first());
    let request = inventory.file(&request_file(stem)).and_then(|file| file.requests.first());
    let subject = certificate.map(|found| &found.subject).or(request.map(|found| &found.subject));
    subject.is_some_and(|subject| subject.common_names().any(|name| name == common_name))
}
