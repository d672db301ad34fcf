//! Files together: every certificate once, under who signed it, with the files that hold it and the keys that fit it;
//! and what lies beside the certificates.

use super::certificate::CertificateFacts;
use super::keys::{
    KeyEntry, KeysAndOwners, PublicKeyEntry, RequestEntry, private_keys, public_keys, requests,
};
use super::lists::{ListEntry, Revoked, lists, revocations};
use super::signed::{Signed, signers};
use super::tree::{children, parents};
use crate::verify::{Exhibit, Index};
use crate::x509::{Certificate, GeneralName, Usage, other_names};
use std::collections::HashMap;
use time::OffsetDateTime;

/// All that some files hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holdings {
    /// Every certificate once: authorities first, then servers, nodes, clients; of one kind by file.
    pub certificates: Vec<CertificateEntry>,
    /// Revocation lists, by file.
    pub lists: Vec<ListEntry>,
    /// Certificate requests, by file.
    pub requests: Vec<RequestEntry>,
    /// Private keys, by file.
    pub keys: Vec<KeyEntry>,
    /// Public keys that stand by themselves, by file.
    pub public_keys: Vec<PublicKeyEntry>,
}

/// A certificate, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateEntry {
    /// The file that is most its own.
    pub file: String,
    /// The other files that hold it.
    pub also_in: Vec<String>,
    /// The files of private keys that fit it.
    pub keys: Vec<String>,
    /// Who signed it.
    pub signed: Signed,
    /// The one under which it stands, by its place; `None`: at the top.
    pub under: Option<usize>,
    /// Those that stand under it, by their places.
    pub issued: Vec<usize>,
    /// The names beside the common name.
    pub other_names: Vec<GeneralName>,
    /// Whether a list that is here revokes it.
    pub revoked: Option<Revoked>,
    /// What it says.
    pub facts: CertificateFacts,
    /// Its exact bytes.
    pub der: Vec<u8>,
}

impl Holdings {
    /// Looks at files together, at an instant; `unread` are files of private keys that could not be opened.
    #[must_use]
    pub fn of(exhibits: &[Exhibit], unread: &[String], at: OffsetDateTime) -> Self {
        let index = Index::of(exhibits);
        let mut all = index.all.clone();
        all.sort_by_key(|held| (rank(held.certificate.usage()), held.file));
        let certificates: Vec<&Certificate> = all.iter().map(|held| held.certificate).collect();
        let signed = signers(&certificates, &index, at);
        let under = parents(&signed);
        let issued = children(&under);
        let files = files_of(exhibits);
        let keys = KeysAndOwners::of(exhibits, &all);
        let lists: Vec<ListEntry> = lists(exhibits, &all, at);
        let mut revoked = revocations(exhibits, &lists, &all);
        let links = signed.into_iter().zip(under).zip(issued);
        let entries = all.iter().enumerate().zip(links).map(|((place, held), ((signed, under), issued))| {
            let certificate = held.certificate;
            let holding = files.get(certificate.der.as_slice()).map_or(&[][..], Vec::as_slice);
            let also_in = holding.iter().filter(|file| **file != held.file);
            CertificateEntry {
                file: held.file.to_owned(),
                also_in: also_in.map(|file| (*file).to_owned()).collect(),
                keys: keys.keys_of(&certificate.public_key),
                signed,
                under,
                issued,
                other_names: other_names(&certificate.subject, &certificate.subject_alt_names),
                revoked: revoked.remove(&place),
                facts: CertificateFacts::of(certificate, at),
                der: certificate.der.clone(),
            }
        });
        Self {
            certificates: entries.collect(),
            lists,
            requests: requests(exhibits, &keys),
            keys: private_keys(exhibits, unread, &keys),
            public_keys: public_keys(exhibits, &keys),
        }
    }

    /// Whether there is nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
            && self.lists.is_empty()
            && self.requests.is_empty()
            && self.keys.is_empty()
            && self.public_keys.is_empty()
    }

    /// The places of those that stand at the top.
    pub fn tops(&self) -> impl Iterator<Item = usize> {
        self.certificates
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.under.is_none())
            .map(|(place, _)| place)
    }

    /// Every certificate, each before the one under which it stands: the order of a chain.
    #[must_use]
    pub fn chain_order(&self) -> Vec<&CertificateEntry> {
        // From the top down, last first, and then the other way round.
        let mut waiting: Vec<usize> = self.tops().collect();
        let mut order = Vec::with_capacity(self.certificates.len());
        while let Some(entry) = waiting.pop().and_then(|place| self.certificates.get(place)) {
            waiting.extend(&entry.issued);
            order.push(entry);
        }
        order.reverse();
        order
    }
}

/// The order of the kinds.
fn rank(usage: Usage) -> u8 {
    match usage {
        Usage::RootCa | Usage::IntermediateCa => 0,
        Usage::Server => 1,
        Usage::Node => 2,
        Usage::Client => 3,
        Usage::Bare => 4,
    }
}

/// The files of each certificate, each once, by name.
fn files_of(exhibits: &[Exhibit]) -> HashMap<&[u8], Vec<&str>> {
    let mut files: HashMap<&[u8], Vec<&str>> = HashMap::new();
    for exhibit in exhibits {
        for certificate in &exhibit.certificates {
            let files = files.entry(&certificate.der).or_default();
            if files.last() != Some(&exhibit.name.as_str()) {
                files.push(&exhibit.name);
            }
        }
    }
    files
}
