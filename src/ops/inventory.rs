//! What lies in a directory, read for verbs that add to it: every regular file of ours by its name, none through a link.

use super::inspect::read;
use crate::error::Error;
use crate::fs::{Directory, EntryKind, FileSet};
use crate::pg::is_request_file;
use crate::plan::{Inventory, InventoryFile};
use crate::verify::{self, Exhibit, Rule};
use std::path::Path;

/// A directory that was read.
pub(super) struct Found {
    /// What is in it.
    pub(super) inventory: Inventory,
    /// The files themselves.
    pub(super) files: FileSet,
    /// Whether it exists.
    pub(super) exists: bool,
}

/// What keeps a file from being a bundle that something can be added to.
const NO_BUNDLE: [Rule; 4] =
    [Rule::PemDamaged, Rule::BlockUnreadable, Rule::DerNotPem, Rule::TrustedCertificate];

/// Reads a directory; a file that cannot be read is one that is not known, and encrypted keys are opened with the
/// passphrase where one is given.
pub(super) fn inventory(path: &Path, passphrase: Option<&[u8]>) -> Result<Found, Error> {
    let shown = path.display().to_string();
    let Some(directory) = Directory::open(path)? else {
        let inventory = Inventory { path: shown, ..Inventory::default() };
        return Ok(Found { inventory, files: FileSet::default(), exists: false });
    };
    let names = directory.names()?;
    let wanted = |name: &str| verify::concerns(name) || is_request_file(name);
    let regular = names.iter().filter(|(name, kind)| **kind == EntryKind::File && wanted(name));
    let regular: Vec<&str> = regular.map(|(name, _)| name.as_str()).collect();
    let files = read(&directory, &regular, &mut Vec::new())?;
    let exhibits = files.iter().map(|(name, entry)| Exhibit::read(name, entry, passphrase));
    let unread = names.keys().filter(|name| wanted(name) && files.get(name).is_none()).cloned().collect();
    let inventory = Inventory {
        path: shown,
        files: exhibits.map(file).collect(),
        occupied: names.into_keys().collect(),
        unread,
    };
    Ok(Found { inventory, files, exists: true })
}

fn file(exhibit: Exhibit) -> InventoryFile {
    let is_odd = exhibit.findings.iter().any(|finding| NO_BUNDLE.contains(&finding.rule));
    let has_others = !exhibit.keys.is_empty() || !exhibit.requests.is_empty() || !exhibit.lists.is_empty();
    InventoryFile {
        is_bundle: !is_odd && !has_others && !exhibit.certificates.is_empty(),
        certificates: exhibit.certificates.iter().map(|found| (**found).clone()).collect(),
        name: exhibit.name,
        keys: exhibit.keys,
        requests: exhibit.requests,
    }
}
