//! The bytes that go into an object: those of the file, where that is as kubectl and Go take it, else written anew.

use crate::error::Error;
use crate::fs::{Contents, FileEntry, FileSet};
use crate::k8s::{KubernetesError, Part};
use crate::ops::found::{Pair, shown};
use crate::pem::{self, BlockKind, OddityKind};
use crate::verify::Exhibit;

/// One list, and what the other has besides.
pub(super) fn union(one: &[Vec<u8>], other: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut all = one.to_vec();
    all.extend(other.iter().filter(|der| !one.contains(der)).cloned());
    all
}

/// A file of these certificates and nothing else, or a text of them.
pub(super) fn trust_part(files: &FileSet, certificates: &[Vec<u8>], place: &str) -> Part {
    let holds = |exhibit: &Exhibit| {
        exhibit.lists.is_empty()
            && exhibit.certificates.len() == certificates.len()
            && exhibit.certificates.iter().zip(certificates).all(|(held, der)| held.der == *der)
    };
    let text = || certificates.iter().map(|der| pem::encode_certificate(der)).collect();
    part(files, place, BlockKind::Certificate, &holds, text)
}

/// A file of these revocation lists and nothing else, or a text of them.
pub(super) fn list_part(files: &FileSet, lists: &[Vec<u8>], place: &str) -> Part {
    let holds = |exhibit: &Exhibit| {
        exhibit.certificates.is_empty()
            && exhibit.lists.len() == lists.len()
            && exhibit.lists.iter().zip(lists).all(|(held, der)| held.der == *der)
    };
    let text = || lists.iter().map(|der| pem::encode_revocation_list(der)).collect();
    part(files, place, BlockKind::RevocationList, &holds, text)
}

fn part(
    files: &FileSet,
    place: &str,
    kind: BlockKind,
    holds: &dyn Fn(&Exhibit) -> bool,
    text: impl FnOnce() -> String,
) -> Part {
    let found = files.iter().find(|(name, entry)| {
        let exhibit = Exhibit::read(name, entry, None);
        holds(&exhibit) && exhibit.keys.is_empty() && is_only(&entry.contents, kind)
    });
    match found {
        Some((name, entry)) => {
            Part { contents: Contents::public(entry.contents.to_vec()), file: Some(shown(place, name)) }
        }
        None => Part { contents: Contents::public(text()), file: None },
    }
}

/// The certificate, then what is appended to it; never the root, nor a key.
pub(super) fn certificate_part(entry: &FileEntry, chain: &[Vec<u8>], file: &str) -> Part {
    let scan = pem::scan(&entry.contents);
    let held: Vec<Option<&[u8]>> = scan.blocks.iter().map(|block| block.certificate_der()).collect();
    let is_chain = held.len() == chain.len() && held.iter().zip(chain).all(|(held, der)| *held == Some(der));
    if is_chain && is_only(&entry.contents, BlockKind::Certificate) {
        return Part { contents: Contents::public(entry.contents.to_vec()), file: Some(file.to_owned()) };
    }
    let text: String = chain.iter().map(|der| pem::encode_certificate(der)).collect();
    Part { contents: Contents::public(text), file: None }
}

/// A key that Go can read: PEM, in the clear.
pub(super) fn key_part(pair: &Pair, file: &str, target: &str) -> Result<Part, Error> {
    let text = &pair.key_file.1.contents;
    let scan = pem::scan(text);
    let is_key = |kind: BlockKind| matches!(kind, BlockKind::Pkcs8 | BlockKind::Pkcs1 | BlockKind::Sec1);
    let keys = scan.blocks.iter().filter(|block| is_key(block.kind)).count();
    // What openssl ecparam writes before a key in SEC1 is skipped by everybody.
    let others =
        scan.blocks.iter().filter(|block| !is_key(block.kind) && block.label != "EC PARAMETERS").count();
    if keys == 1 && others == 0 && is_usual(text) {
        return Ok(Part { contents: text.clone(), file: Some(file.to_owned()) });
    }
    let written = pair.key.to_pem().map_err(|error| KubernetesError::Lacking {
        fact: format!("the key \"{file}\" cannot be written for {target}"),
        detail: format!("{error}."),
        hint: "Use an ECDSA or RSA key.".to_owned(),
    })?;
    Ok(Part { contents: written.into(), file: None })
}

/// Whether every program finds the first block, each is of that kind, and nothing between them is a key: what is indented,
/// behind `#` or under a label of its own is text to a reader of PEM, and a key all the same.
fn is_only(text: &[u8], kind: BlockKind) -> bool {
    const KEY: &[u8] = b"PRIVATE KEY";
    let names_key = text.windows(KEY.len()).any(|window| window.eq_ignore_ascii_case(KEY));
    let is_of_kind = pem::scan(text).blocks.iter().all(|block| block.kind == kind);
    is_of_kind && !names_key && is_usual(text)
}

/// Whether every program finds the first block: PEM, without a byte order mark, and not UTF-16.
fn is_usual(text: &[u8]) -> bool {
    let scan = pem::scan(text);
    let hides =
        |kind: &OddityKind| !matches!(kind, OddityKind::CarriageReturns | OddityKind::TextOutside { .. });
    !scan.blocks.is_empty() && !scan.oddities.iter().any(|oddity| hides(&oddity.kind))
}
