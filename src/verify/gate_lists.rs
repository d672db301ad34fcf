//! The judge as a gate for revocation lists: one that would turn nobody away, or everybody, is not written.

use super::applicable::is_current;
use super::gate::{VerifyError, refuse};
use super::report::Finding;
use super::rules::Rule;
use crate::fs::FileSet;
use crate::index::Index;
use crate::keys::{PublicKey, SignatureCheck};
use crate::pem::{self, BlockKind};
use crate::pg::LIST_SUFFIX;
use crate::x509::{Certificate, RevocationList};
use std::mem;
use time::OffsetDateTime;

/// A file with one list, and what that has to be.
#[derive(Debug)]
pub struct ExpectedList<'a> {
    /// Its name.
    pub file: String,
    /// Who is to have signed it.
    pub authority: &'a Certificate,
    /// The index of which nobody who is revoked may be missing from it.
    pub index: Option<&'a Index>,
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
    let ExpectedList { file, authority, index } = expected;
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
    match index.and_then(|index| index.missing_from(list)) {
        Some(line) => say(Rule::IndexRevoked, format!("it lacks {}", line.serial_hex())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::diagnosis::Diagnosis as _;
    use crate::fs::{FileEntry, Mode};
    use crate::x509::format_serial;

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
    fn said(root: &str, text: &str, revoked: &str, days: i64) -> Option<String> {
        let [list] = read("root.crl", LIST.as_bytes()).unwrap().try_into().unwrap();
        let authority = certificate(root);
        let line = format!("R\t301122000000Z\t261101000000Z\t{revoked}\tunknown\t/CN=x\n");
        let index = Index::parse(line.as_bytes()).unwrap();
        let expected =
            [ExpectedList { file: "root.crl".to_owned(), authority: &authority, index: Some(&index) }];
        let all = [text, LIST].concat();
        let set = files(&[("root.crl", text), ("chain.crl", &all)]);
        let error = gate_lists(&[&set], &expected, list.this_update + time::Duration::days(days)).err()?;
        Some(format!("{error}; {}", error.detail().unwrap_or_default()))
    }

    #[test]
    fn a_list_of_its_ca_in_its_time_with_all_that_are_revoked_passes() {
        assert_eq!(said(ROOT, LIST, &on_it(), 0), None);
    }

    /// Somebody who is on the list.
    fn on_it() -> String {
        let [list] = read("root.crl", LIST.as_bytes()).unwrap().try_into().unwrap();
        list.revocations().next().map(|entry| format_serial(entry.serial)).unwrap()
    }

    #[test]
    fn a_list_of_another_out_of_its_time_without_somebody_or_damaged_does_not() {
        for (root, text, revoked, days, rule) in [
            (OTHER, LIST, on_it(), 0, "crl-signature-bad"),
            (ROOT, LIST, on_it(), 100_000, "crl-stale"),
            (ROOT, LIST, on_it(), -1, "crl-stale"),
            (ROOT, LIST, "7F".repeat(16), 0, "index-revoked"),
            (ROOT, LIST, "7F".repeat(20), 0, "index-revoked"),
            (ROOT, &LIST[..LIST.len() - 8], on_it(), 0, "pem-damaged"),
            (ROOT, ROOT, on_it(), 0, "block-unreadable"),
        ] {
            let said = said(root, text, &revoked, days).unwrap_or_default();
            assert!(said.contains(&format!("rule {rule};")), "{rule}: {said}");
        }
    }
}
