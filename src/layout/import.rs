//! The files of an import: the certificate with the CAs behind it, and what both sides trust.

use crate::fs::{FileEntry, FileSet, Mode, Owner};
use crate::pem;
use crate::pg::{CHAIN_FILE, certificate_file};
use crate::plan::ImportPlan;
use crate::x509::Certificate;

/// The files that an import writes. The certificate belongs to whom the key belongs to, where the caller may give it away.
#[must_use]
pub fn fill_import(plan: &ImportPlan, chain: Option<&FileEntry>, owner: Option<Owner>) -> FileSet {
    let mut files = FileSet::default();
    if plan.writes_certificate {
        let text = [plan.leaf.clone()].iter().chain(&plan.intermediates).map(pem_of).collect::<String>();
        let entry = FileEntry::new(text, Mode::PUBLIC);
        files.insert(certificate_file(&plan.stem), owner.into_iter().fold(entry, FileEntry::owned_by));
    }
    if !plan.trusted.is_empty() {
        files.insert(CHAIN_FILE, chain_file(plan, chain));
    }
    files
}

/// What is in it stays as it is, to the byte, its mode and owner too: others may depend on it.
fn chain_file(plan: &ImportPlan, chain: Option<&FileEntry>) -> FileEntry {
    let added = plan.trusted.iter().map(pem_of).collect::<String>();
    let Some(chain) = chain else { return FileEntry::new(added, Mode::PUBLIC) };
    let mut contents = chain.contents.clone();
    if !contents.ends_with(b"\n") {
        contents.push(b'\n');
    }
    contents.extend_from_slice(added.as_bytes());
    FileEntry { contents, ..chain.clone() }
}

fn pem_of(certificate: &Certificate) -> String {
    pem::encode_certificate(&certificate.der)
}
