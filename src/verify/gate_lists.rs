//! The judge as a gate for revocation lists: one that would turn nobody away, or everybody, is not written.

use super::applicable::is_current;
use super::gate::{VerifyError, refuse};
use super::report::Finding;
use super::rules::Rule;
use crate::fs::FileSet;
use crate::keys::{PublicKey, SignatureCheck};
use crate::pem::{self, BlockKind};
use crate::pg::LIST_SUFFIX;
use crate::x509::{Certificate, RevocationList, format_serial};
use std::mem;
use time::OffsetDateTime;

/// A file with one list, and what that has to be.
#[derive(Debug)]
pub struct ExpectedList<'a> {
    /// Its name.
    pub file: String,
    /// Who is to have signed it.
    pub authority: &'a Certificate,
    /// The serial numbers that have to be on it, in their order.
    pub revoked: Vec<&'a [u8]>,
}

/// Judges the files of revocation lists in memory before they are written: all of them can be read to their ends, and
/// those that are expected are what they are expected to be. A file that is made of whole others is judged by these.
///
/// # Errors
/// [`VerifyError`] for the first that is wrong.
pub fn gate_lists(
    sets: &[&FileSet],
    expected: &[ExpectedList<'_>],
    now: OffsetDateTime,
) -> Result<(), VerifyError> {
    let all = sets.iter().flat_map(|files| files.iter()).filter(|(name, _)| name.ends_with(LIST_SUFFIX));
    let mut files: Vec<(&str, &[u8])> = all.map(|(name, entry)| (name, entry.contents.as_slice())).collect();
    files.sort_by_key(|(_, text)| text.len());
    let mut judged: Vec<&[u8]> = Vec::new();
    for (name, text) in files {
        let mut rest = text;
        while let Some(part) = judged.iter().find(|part| !part.is_empty() && rest.starts_with(part)) {
            rest = &rest[part.len()..];
        }
        if rest.is_empty() && !text.is_empty() {
            continue;
        }
        let lists = read(name, rest).map_err(refuse)?;
        for expected in expected.iter().filter(|expected| expected.file == name) {
            judge(&lists, expected, now).map_err(refuse)?;
        }
        judged.push(text);
    }
    Ok(())
}

/// The lists of a text that holds nothing else.
fn read(name: &str, text: &[u8]) -> Result<Vec<RevocationList>, Finding> {
    let mut scan = pem::scan(text);
    if let Some(oddity) = scan.oddities.first() {
        return Err(Finding::new(Rule::PemDamaged, name, format!("line {} is odd", oddity.line)));
    }
    let unreadable = |line| Finding::new(Rule::BlockUnreadable, name, format!("line {line} begins no list"));
    let lists = scan.blocks.iter_mut().map(|block| {
        let der = mem::take(&mut block.der);
        let list =
            RevocationList::from_owned_der(der).ok().filter(|_| block.kind == BlockKind::RevocationList);
        list.ok_or_else(|| unreadable(block.line))
    });
    lists.collect()
}

fn judge(lists: &[RevocationList], expected: &ExpectedList<'_>, now: OffsetDateTime) -> Result<(), Finding> {
    let ExpectedList { file, authority, revoked } = expected;
    let say = |rule, fact: String| Err(Finding::new(rule, file, fact));
    let [list] = lists else {
        return say(Rule::BlockUnreadable, format!("it holds {} lists", lists.len()));
    };
    let (key, signed) = (PublicKey::from_spki_der(&authority.public_key), list.signed());
    let check = key.verify(signed.algorithm, signed.to_be_signed, signed.signature);
    if list.issuer != authority.subject || check == SignatureCheck::Bad {
        return say(Rule::CrlSignatureBad, format!("{} did not sign it", authority.subject));
    }
    if !is_current(list, now) {
        return say(Rule::CrlStale, "it is not in its time".to_owned());
    }
    let identifiers = (&authority.subject_key_identifier, &list.authority_key_identifier);
    if matches!(identifiers, (Some(own), Some(named)) if own != named) {
        return say(Rule::CrlSignatureBad, "it names another key than its CA does".to_owned());
    }
    // Both are in order, so each goes through once.
    let mut listed = list.revocations();
    match revoked.iter().find(|serial| !listed.any(|entry| entry.serial == **serial)) {
        Some(serial) => say(Rule::IndexRevoked, format!("it lacks {}", format_serial(serial))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::diagnosis::Diagnosis as _;
    use crate::fs::{FileEntry, Mode};

    const LIST: &str = include_str!("../../fixtures/faults/client-revoked/crl.pem");
    const ROOT: &str = include_str!("../../fixtures/faults/client-revoked/root.crt");
    const OTHER: &str = include_str!("../../fixtures/faults/clean-ecdsa-p384/root.crt");

    fn certificate(text: &str) -> Certificate {
        Certificate::from_der(&pem::scan(text.as_bytes()).blocks[0].der).unwrap()
    }

    fn files(texts: &[(&str, &str)]) -> FileSet {
        let entry = |text: &str| FileEntry::new(text.as_bytes(), Mode::PUBLIC);
        texts.iter().map(|(name, text)| ((*name).to_owned(), entry(text))).collect()
    }

    /// What is said against a list that is to be this root's, with these on it.
    fn said(root: &str, text: &str, revoked: &[&[u8]], days: i64) -> Option<String> {
        let [list] = read("root.crl", LIST.as_bytes()).unwrap().try_into().unwrap();
        let authority = certificate(root);
        let expected =
            [ExpectedList { file: "root.crl".to_owned(), authority: &authority, revoked: revoked.to_vec() }];
        let all = [text, LIST].concat();
        let set = files(&[("root.crl", text), ("chain.crl", &all)]);
        let error = gate_lists(&[&set], &expected, list.this_update + time::Duration::days(days)).err()?;
        Some(format!("{error}; {}", error.detail().unwrap_or_default()))
    }

    #[test]
    fn a_list_of_its_ca_in_its_time_with_all_that_are_revoked_passes() {
        let [list] = read("root.crl", LIST.as_bytes()).unwrap().try_into().unwrap();
        let serials: Vec<&[u8]> = list.revocations().map(|entry| entry.serial).collect();
        assert_eq!(said(ROOT, LIST, &serials, 0), None);
    }

    #[test]
    fn a_list_of_another_out_of_its_time_without_somebody_or_damaged_does_not() {
        for (root, text, revoked, days, rule) in [
            (OTHER, LIST, &[][..], 0, "crl-signature-bad"),
            (ROOT, LIST, &[], 100_000, "crl-stale"),
            (ROOT, LIST, &[], -1, "crl-stale"),
            (ROOT, LIST, &[&[0x7f_u8; 16][..]], 0, "index-revoked"),
            (ROOT, &LIST[..LIST.len() - 8], &[], 0, "pem-damaged"),
            (ROOT, ROOT, &[], 0, "block-unreadable"),
        ] {
            let said = said(root, text, revoked, days).unwrap_or_default();
            assert!(said.contains(&format!("rule {rule};")), "{rule}: {said}");
        }
    }
}
