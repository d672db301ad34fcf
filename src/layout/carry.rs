//! Files that get another name, as they were read: their mode and owner go with them.

use super::{Filled, LayoutError};
use crate::fs::FileSet;
use crate::plan::Plan;

/// Puts the files that a plan moves among those that are written, under their new names; `found` are those of the directory,
/// and `of_ca` those of the directory of CA keys.
///
/// # Errors
/// [`LayoutError`] for one that was not read.
pub fn carry(
    plan: &Plan,
    found: &FileSet,
    of_ca: &[&FileSet],
    filled: &mut Filled,
) -> Result<(), LayoutError> {
    for (name, from) in &plan.moved_files {
        let entry = found.get(from).ok_or_else(|| LayoutError { wanted: name.clone() })?;
        filled.directory.insert(name.clone(), entry.clone());
    }
    for (name, from) in &plan.moved_ca_files {
        let entry = of_ca.iter().find_map(|files| files.get(from));
        let entry = entry.ok_or_else(|| LayoutError { wanted: name.clone() })?;
        filled.ca_directory.insert(name.clone(), entry.clone());
    }
    Ok(())
}
