//! What of a change is judged before it is written: what is made, beside what stays of the plan.

use crate::fs::FileSet;
use crate::layout::Filled;
use crate::pg::{LIST_SUFFIX, certificate_file, key_file, list_file};
use crate::pki::Issued;
use crate::plan::{ListSpec, Plan};
use crate::state::State;
use crate::verify::{self, ExpectedList, VerifyError};
use crate::x509::Certificate;
use std::borrow::Cow;
use std::collections::BTreeSet;
use time::OffsetDateTime;

/// Judges what is made together with what stays of the plan, for a leaf is judged by the CA that it hangs from.
pub(super) fn gate(
    plan: &Plan,
    of_cas: &[&FileSet],
    directory: &FileSet,
    filled: &Filled,
    now: OffsetDateTime,
) -> Result<(), VerifyError> {
    let all = filled.ca_directory.names().chain(filled.directory.names());
    if all.into_iter().all(|name| name.ends_with(LIST_SUFFIX)) {
        // These have a judge of their own.
        return Ok(());
    }
    let kept_ca: FileSet = of_cas.iter().flat_map(|files| planned(files, plan)).collect();
    let kept = planned(directory, plan);
    let (of_ca, own) = (in_use(&filled.ca_directory), in_use(&filled.directory));
    let written: [&FileSet; 2] = [&of_ca, &own];
    let before = of_cas.iter().copied().chain([directory]).flat_map(|files| overwritten(files, &written));
    let before: FileSet = before.collect();
    verify::gate_change(&[&kept_ca, &kept, &before], &[&kept_ca, &kept], &written, now)
}

/// What is written anew, as it was.
fn overwritten(files: &FileSet, written: &[&FileSet; 2]) -> FileSet {
    let is_written = |name: &str| written.iter().any(|files| files.get(name).is_some());
    let before = files.iter().filter(|(name, _)| is_written(name));
    before.map(|(name, entry)| (name.to_owned(), entry.clone())).collect()
}

/// The files that a plan speaks of. What else lies in the directory may have faults of its own, which are nobody's here.
fn planned(files: &FileSet, plan: &Plan) -> FileSet {
    if files.is_empty() {
        return FileSet::default();
    }
    let of_pairs =
        plan.certificates.iter().flat_map(|spec| [certificate_file(&spec.stem), key_file(&spec.stem)]);
    let planned: BTreeSet<String> =
        of_pairs.chain(plan.bundles.iter().map(|bundle| bundle.file.clone())).collect();
    let kept = files.iter().filter(|(name, _)| planned.contains(*name));
    kept.map(|(name, entry)| (name.to_owned(), entry.clone())).collect()
}

/// What is written and in use: not what is put away.
fn in_use(files: &FileSet) -> Cow<'_, FileSet> {
    let is_used = |name: &str| !name.contains('/');
    if files.names().all(is_used) {
        return Cow::Borrowed(files);
    }
    // Lists have a judge of their own, and may be long.
    let used = files.iter().filter(|(name, _)| is_used(name) && !name.ends_with(LIST_SUFFIX));
    Cow::Owned(used.map(|(name, entry)| (name.to_owned(), entry.clone())).collect())
}

/// The lists that were made, each against what is known of its CA.
pub(super) fn gate_lists(
    plan: &Plan,
    state: &State,
    issued: &Issued,
    filled: &Filled,
    now: OffsetDateTime,
) -> Result<(), VerifyError> {
    let Issued { certificates, indexes, .. } = issued;
    let made = plan.lists.iter().filter(|list| list.kept.is_none());
    let of_ca = |list: &ListSpec| Certificate::from_der(&certificates.get(&list.of)?.der).ok();
    let made: Vec<(&ListSpec, Certificate)> = made.filter_map(|list| Some((list, of_ca(list)?))).collect();
    let expected = made.iter().map(|(list, authority)| {
        let index = indexes.get(&list.of).or_else(|| state.indexes.get(&list.of));
        ExpectedList { file: list_file(&list.of), authority, index }
    });
    let files = [&filled.ca_directory, &filled.directory];
    verify::gate_lists(&files, &expected.collect::<Vec<_>>(), now)
}
