//! The files of an import: the certificate with the CAs behind it, and what both sides trust.

use crate::fs::{FileEntry, FileSet, Mode, Owner};
use crate::pem;
use crate::pg::{CHAIN_FILE, certificate_file, key_file};
use crate::plan::ImportPlan;
use crate::x509::Certificate;

/// The files that an import writes into a directory that holds `found`. Where the caller may give files away, the
/// certificate belongs to whom its key belongs to, and `chain.crt` to whom it did.
#[must_use]
pub fn fill_import(plan: &ImportPlan, found: &FileSet, may_give_away: bool) -> FileSet {
    let owner = |name: &str| found.get(name).and_then(|entry| entry.owner).filter(|_| may_give_away);
    let mut files = FileSet::default();
    if plan.writes_certificate {
        let text = pem_of(std::iter::once(&plan.leaf).chain(&plan.intermediates));
        let entry = FileEntry { owner: owner(&key_file(&plan.stem)), ..FileEntry::new(text, Mode::PUBLIC) };
        files.insert(certificate_file(&plan.stem), entry);
    }
    if !plan.trusted.is_empty() {
        files.insert(CHAIN_FILE, chain_file(plan, found.get(CHAIN_FILE), owner(CHAIN_FILE)));
    }
    files
}

/// What is in it stays as it is, to the byte, and so does its mode: others may depend on it.
fn chain_file(plan: &ImportPlan, chain: Option<&FileEntry>, owner: Option<Owner>) -> FileEntry {
    let added = pem_of(&plan.trusted);
    let Some(chain) = chain else { return FileEntry::new(added, Mode::PUBLIC) };
    let line_end: &[u8] = if chain.contents.ends_with(b"\n") { b"" } else { b"\n" };
    let contents = [chain.contents.as_slice(), line_end, added.as_bytes()].concat();
    FileEntry { owner, ..FileEntry::new(contents, chain.mode) }
}

fn pem_of<'c>(certificates: impl IntoIterator<Item = &'c Certificate>) -> String {
    certificates.into_iter().map(|certificate| pem::encode_certificate(&certificate.der)).collect()
}
