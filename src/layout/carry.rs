//! Files that get another name, as they were read: their mode and owner go with them.

use super::LayoutError;
use crate::fs::FileSet;
use crate::plan::Plan;

/// Puts the files that a plan moves among those that are written, under their new names.
///
/// # Errors
/// [`LayoutError`] for one that was not read.
pub fn carry(plan: &Plan, found: &FileSet, files: &mut FileSet) -> Result<(), LayoutError> {
    for (name, from) in &plan.moved_files {
        let entry = found.get(from).ok_or_else(|| LayoutError { wanted: name.clone() })?;
        files.insert(name.clone(), entry.clone());
    }
    Ok(())
}
