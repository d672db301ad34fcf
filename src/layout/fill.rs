//! Outline and certificates -> the bytes of every file.

use super::outline::{Content, Outline, Place};
use crate::diagnosis::{Diagnosis, Failure};
use crate::fs::{Contents, FileEntry, FileSet};
use crate::index::ATTRIBUTES;
use crate::pem;
use crate::pki::Issued;
use std::collections::BTreeMap;

/// The files of both directories.
#[derive(Debug, Clone, PartialEq)]
pub struct Filled {
    /// For the directory of `-D`.
    pub directory: FileSet,
    /// For the directory of `--ca-dir`; empty where there is none.
    pub ca_directory: FileSet,
}

/// An outline that names what was never made; a defect of whoever joined the two.
#[derive(Debug, thiserror::Error)]
#[error("the outline wants \"{wanted}\", which was not made")]
pub struct LayoutError {
    /// The file.
    pub wanted: String,
}

impl Diagnosis for LayoutError {
    fn failure(&self) -> Failure {
        Failure::System
    }
}

/// Fills an outline.
///
/// # Errors
/// [`LayoutError`] where it names a key or certificate that is not among `issued`.
pub fn fill(outline: &Outline, issued: &Issued) -> Result<Filled, LayoutError> {
    let mut filled = Filled { directory: FileSet::default(), ca_directory: FileSet::default() };
    // A CA stands in several files; its text is made once.
    let texts: BTreeMap<&str, String> = issued
        .certificates
        .iter()
        .map(|(stem, made)| (stem.as_str(), pem::encode_certificate(&made.der)))
        .collect();
    // Of several files with one list in them each holds the same bytes.
    let text =
        |(of, der): (&String, &Vec<u8>)| (of.clone(), Contents::public(pem::encode_revocation_list(der)));
    let lists: BTreeMap<String, Contents> = issued.lists.iter().map(text).collect();
    for file in &outline.files {
        let missing = || LayoutError { wanted: file.name.clone() };
        let contents = match &file.content {
            Content::Key { of, .. } => {
                let certificate = issued.certificates.get(of);
                let key = certificate.and_then(|certificate| certificate.key_pem.clone());
                key.ok_or_else(missing)?.into()
            }
            Content::Certificates(stems) => {
                let parts = stems.iter().map(|stem| texts.get(stem.as_str()).map(String::as_str));
                let parts = parts.collect::<Option<Vec<_>>>().ok_or_else(missing)?;
                Contents::public(parts.concat())
            }
            Content::Index { of } => Contents::public(issued.indexes.get(of).ok_or_else(missing)?.to_text()),
            Content::List { of } => lists.get(of).cloned().ok_or_else(missing)?,
            Content::Lists(all) => {
                let parts = all.iter().map(|of| lists.get(of)).collect::<Option<Vec<_>>>();
                match parts.ok_or_else(missing)?.as_slice() {
                    [one] => (*one).clone(),
                    parts => {
                        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_slice()).collect();
                        Contents::public(parts.concat())
                    }
                }
            }
            // Whoever has read it carries it over.
            Content::Moved { .. } => continue,
            Content::IndexAttributes { .. } => Contents::public(ATTRIBUTES),
            // What they hold is theirs: `rewrite` fills them.
            Content::Rewritten(_) => continue,
            // Of certificates that are made here nobody is asked.
            Content::Request { .. } => return Err(missing()),
        };
        let set = match file.place {
            Place::Directory => &mut filled.directory,
            Place::CaDirectory => &mut filled.ca_directory,
        };
        set.insert(file.name.clone(), FileEntry { contents, mode: file.mode, owner: file.owner });
    }
    Ok(filled)
}
