//! Revocation lists of a directory: whose are wanted, and whether those that are there would turn everybody away.

use crate::config::{Lack, Lists};
use crate::fs::FileSet;
use crate::keys::{PublicKey, SignatureCheck, name_hash};
use crate::layout::is_hash_name;
use crate::pg::LISTS_FILE;
use crate::verify::{End, Exhibit, Identity, Scene, Side};
use crate::x509::{Certificate, Name, RevocationList};
use time::OffsetDateTime;

/// A CA of which a list is wanted.
#[derive(PartialEq, Eq)]
pub(super) struct ListIssuer {
    name: Name,
    /// Its key, by which a list of its name is its own (DER).
    public_key: Vec<u8>,
}

impl ListIssuer {
    /// Whether it signed a list; where that cannot be checked, its name has to do.
    fn signed(&self, list: &RevocationList) -> bool {
        let signed = list.signed();
        let key = PublicKey::from_spki_der(&self.public_key);
        key.verify(signed.algorithm, signed.to_be_signed, signed.signature) != SignatureCheck::Bad
    }
}

/// The CAs above those who show a certificate on one side, each once; where there is nobody, those whom the other trusts.
pub(super) fn issuers(scene: &Scene<'_>, identities: &[&Identity<'_>], side: Side) -> Vec<ListIssuer> {
    let mut all: Vec<ListIssuer> = Vec::new();
    let mut add = |certificate: &Certificate| {
        let public_key = certificate.public_key.clone();
        let issuer = ListIssuer { name: certificate.subject.clone(), public_key };
        if !all.contains(&issuer) {
            all.push(issuer);
        }
    };
    let is_of = |it: &&&Identity<'_>| if side == Side::Server { it.serves } else { it.logs_in };
    let mut is_empty = true;
    for identity in identities.iter().filter(is_of) {
        let chain = scene.chain(identity, side);
        if chain.end == End::Anchor {
            // Who signs itself is looked up in its own list.
            let above = if chain.links.len() == 1 { 0 } else { 1 };
            chain.links[above..].iter().for_each(|held| add(held.certificate));
            is_empty = false;
        }
    }
    if is_empty {
        scene.trust(side).iter().for_each(|held| add(held.certificate));
    }
    all
}

/// The file in which every list is, or what the best one lacks.
pub(super) fn found(exhibits: &[Exhibit], issuers: &[ListIssuer], now: OffsetDateTime) -> Lists {
    let is_relevant = |exhibit: &&Exhibit| exhibit.lists.iter().any(|list| is_wanted(list, issuers));
    let mut files: Vec<&Exhibit> = exhibits.iter().filter(is_relevant).collect();
    files.sort_by_key(|exhibit| (exhibit.name != LISTS_FILE, is_hash_name(&exhibit.name), &exhibit.name));
    let lack_of = |exhibit: &Exhibit| lack(&exhibit.lists.iter().collect::<Vec<_>>(), issuers, now);
    match (files.iter().find(|exhibit| lack_of(exhibit).is_none()), files.first()) {
        (Some(whole), _) => Lists::Whole(whole.name.clone()),
        (None, None) => Lists::None,
        (None, Some(first)) => match lack_of(first) {
            None => Lists::Whole(first.name.clone()),
            Some(lack) => Lists::Lacking { file: first.name.clone(), lack },
        },
    }
}

fn is_wanted(list: &RevocationList, issuers: &[ListIssuer]) -> bool {
    issuers.iter().any(|issuer| issuer.name == list.issuer)
}

/// What the lists of a directory under hash names lack.
pub(super) fn lack_of_hashed(files: &FileSet, issuers: &[ListIssuer], now: OffsetDateTime) -> Option<Lack> {
    let exhibits = Exhibit::read_all(files.iter(), None);
    let named = exhibits.iter().flat_map(|exhibit| exhibit.lists.iter().map(move |list| (exhibit, list)));
    let is_found = |(exhibit, list): &(&Exhibit, &RevocationList)| {
        exhibit.name.starts_with(&format!("{:08x}.r", name_hash(&list.issuer.canonical_der())))
    };
    let found: Vec<&RevocationList> = named.filter(is_found).map(|(_, list)| list).collect();
    lack(&found, issuers, now)
}

/// What lists lack so that nobody is turned away who is on none of them.
fn lack(lists: &[&RevocationList], issuers: &[ListIssuer], now: OffsetDateTime) -> Option<Lack> {
    issuers.iter().find_map(|issuer| {
        let named = || lists.iter().filter(|list| list.issuer == issuer.name && !list.is_delta);
        let counts = |list: &&&RevocationList| {
            list.this_update <= now && list.next_update.is_none_or(|next| next >= now)
        };
        let own: Vec<&&RevocationList> = named().filter(|list| issuer.signed(list)).collect();
        let name = &issuer.name;
        let (said, is_foreign) = match (own.iter().any(counts), own.is_empty(), named().next()) {
            (true, ..) => return None,
            (false, false, _) => (format!("that of {name} is not in its time"), false),
            (false, true, Some(_)) => (format!("that of {name} was not signed with its key"), true),
            (false, true, None) => (format!("none is of {name}"), false),
        };
        Some(Lack { said, is_foreign })
    })
}
