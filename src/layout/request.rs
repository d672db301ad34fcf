//! The two files of a certificate request: the key, which stays, and the request, which goes to the CA.

use super::outline::{Arrangement, Content, Outline, OutlineFile, Place};
use crate::fs::{Contents, FileEntry, FileSet, Mode};
use crate::pem;
use crate::pg::{key_file, request_file};
use crate::pki::Requested;
use crate::plan::RequestSpec;

/// Lays a request out.
#[must_use]
pub fn outline_request(spec: &RequestSpec, arrangement: &Arrangement, encrypted: bool) -> Outline {
    let of = spec.stem.clone();
    let key = OutlineFile {
        name: key_file(&of),
        place: Place::Directory,
        content: Content::Key { of: of.clone(), encrypted },
        mode: arrangement.key_mode.unwrap_or(Mode::SECRET),
        owner: arrangement.owner,
    };
    let request = OutlineFile {
        name: request_file(&of),
        place: Place::Directory,
        content: Content::Request { of },
        mode: Mode::PUBLIC,
        owner: arrangement.owner,
    };
    Outline { files: vec![key, request] }
}

/// The bytes of the files that [`outline_request`] names.
#[must_use]
pub fn fill_request(outline: &Outline, requested: &Requested) -> FileSet {
    let mut files = FileSet::default();
    for file in &outline.files {
        let contents = match &file.content {
            Content::Key { .. } => requested.key_pem.clone().into(),
            _ => Contents::public(pem::encode_request(&requested.der)),
        };
        files.insert(file.name.clone(), FileEntry { contents, mode: file.mode, owner: file.owner });
    }
    files
}
