//! What lies in the directory: who is meant, what belongs to it, and its key, which alone of all keys is read.

use crate::error::{Error, RequestError};
use crate::fs::{Directory, FileEntry, FileSet};
use crate::keys::{PrivateKey, PublicKey};
use crate::layout::export::{Candidate, ExportError, Party, choose};
use crate::ops::inspect::read;
use crate::pg::key_file;
use crate::state::StateError;
use crate::verify::{self, Exhibit, Held, Identity, Policy, Roles, Scene, Side};
use crate::x509::{Certificate, GeneralName, KeyUsage, Name, RevocationList};
use std::borrow::Cow;
use std::path::Path;
use time::OffsetDateTime;

/// Who is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sought<'a> {
    /// Which side it is.
    pub(super) party: Party,
    /// A stem or a common name; `None`: the usual stem.
    pub(super) name: Option<&'a str>,
}

/// What was found in the directory, but for the key.
pub(super) struct Chosen {
    pub(super) file: String,
    pub(super) trust: Vec<Vec<u8>>,
    pub(super) others_trust: Vec<Vec<u8>>,
    pub(super) lists: Vec<Vec<u8>>,
    /// The lists that the other side looks into.
    pub(super) others_lists: Vec<Vec<u8>>,
    pub(super) host: Option<String>,
    /// Every file that was looked into: none that promises a key.
    pub(super) files: FileSet,
}

/// A certificate and its key.
pub(super) struct Pair {
    pub(super) leaf: Certificate,
    /// The certificate, and what is appended to it: DER.
    pub(super) chain: Vec<Vec<u8>>,
    pub(super) key: PrivateKey,
    /// The file of the certificate as it is.
    pub(super) certificate_file: FileEntry,
    /// The file of the key, and its name.
    pub(super) key_file: (String, FileEntry),
}

/// Finds who is meant, and what belongs to it. Files that promise keys are not read.
pub(super) fn look(
    directory: &Directory,
    place: &str,
    sought: Sought<'_>,
    now: OffsetDateTime,
) -> Result<Chosen, Error> {
    let names: Vec<String> =
        directory.names()?.into_keys().filter(|name| verify::concerns(name) && !promises_key(name)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut problems = Vec::new();
    let files = read(directory, &names, &mut problems)?;
    let exhibits = Exhibit::read_all(files.iter(), None);
    let scene = Scene::of(place, &exhibits, &Roles::default(), &Policy::at(now));
    let candidates = candidates(&scene);
    let found = match choose(&candidates, sought.party, sought.name, place) {
        // It may be what could not be read.
        Err(unknown @ ExportError::Unknown { .. }) => {
            let word = sought.name.map_or_else(|| sought.party.to_string(), str::to_owned);
            let is_it = |exhibit: &&Exhibit| exhibit.certificates.is_empty() && exhibit.stem() == word;
            let hollow = exhibits.iter().find(is_it).map(|exhibit| shown(place, &exhibit.name));
            let hollow = hollow.map(|path| StateError::Empty { path }.into());
            return Err(problems.into_iter().next().or(hollow).unwrap_or_else(|| unknown.into()));
        }
        other => other?,
    };
    let (own, others) = match sought.party {
        Party::Server => (Side::Client, Side::Server),
        Party::Client => (Side::Server, Side::Client),
    };
    let trust = |side| scene.trust(side).iter().map(|held| held.certificate.der.clone()).collect();
    let file = found.file.clone();
    let (trust, others_trust) = (trust(own), trust(others));
    let (lists, others_lists) = (lists(&scene, own, now), lists(&scene, others, now));
    let host = usual_host(&scene);
    Ok(Chosen { file, trust, others_trust, lists, others_lists, host, files })
}

/// Whether a file is there for its key.
pub(in crate::ops) fn promises_key(name: &str) -> bool {
    [".key", ".pk8", ".p12", ".pfx"].iter().any(|ending| name.ends_with(ending))
}

/// Everybody whom a name can mean.
pub(in crate::ops) fn candidates(scene: &Scene<'_>) -> Vec<Candidate> {
    let candidate = |file: &str, certificate: &Certificate| Candidate {
        file: file.to_owned(),
        common_name: certificate.subject.common_names().next().map(Cow::into_owned),
        serves: false,
        logs_in: false,
        is_authority: true,
        der: certificate.der.clone(),
    };
    let leaf = |it: &Identity<'_>| Candidate {
        serves: it.serves,
        logs_in: it.logs_in,
        is_authority: is_authority(it.leaf.certificate, scene),
        ..candidate(it.leaf.file, it.leaf.certificate)
    };
    let authority = |held: &Held<'_>| candidate(held.file, held.certificate);
    scene.identities.iter().map(leaf).chain(scene.authorities.iter().map(authority)).collect()
}

/// Whether the key of what is filed as a server's or client's is a CA's all the same: it has signed another
/// certificate, or is there to, or a CA's certificate has it too. What signs itself alone is an end-entity, even where
/// it calls itself a CA as those of `openssl req -x509` do; what that means is for the judge to say.
fn is_authority(certificate: &Certificate, scene: &Scene<'_>) -> bool {
    let signs = certificate.key_usage.as_ref().is_some_and(|bits| bits.contains(&KeyUsage::KeyCertSign));
    let is_below_another = certificate.ca == Some(true) && !certificate.is_own_issuer();
    // Of what signs itself there may be copies, and older ones, among what is trusted.
    let is_itself = |other: &Certificate| certificate.is_own_issuer() && other.subject == certificate.subject;
    let mut authorities = scene.authorities.iter().map(|held| held.certificate);
    let has_a_cas_key =
        authorities.any(|other| other.public_key == certificate.public_key && !is_itself(other));
    signs || is_below_another || has_a_cas_key || scene.index.has_issued(certificate)
}

/// Those who are trusted and the CAs below them, of which somebody's chain may be made: PostgreSQL and libpq want a list
/// of every CA in a chain, also of one that is no trust anchor.
fn issuers<'s>(scene: &Scene<'s>, side: Side) -> Vec<&'s Name> {
    let mut names: Vec<&Name> = scene.trust(side).iter().map(|held| &held.certificate.subject).collect();
    let mut at = 0;
    while let Some(above) = names.get(at).copied() {
        for ca in scene.authorities.iter().map(|held| held.certificate) {
            if ca.issuer == *above && !names.contains(&&ca.subject) {
                names.push(&ca.subject);
            }
        }
        at += 1;
    }
    names
}

/// The newest list of each of those CAs, of each scope, that has begun; of two that are as new, the one that counts
/// longer.
fn lists(scene: &Scene<'_>, side: Side, now: OffsetDateTime) -> Vec<Vec<u8>> {
    let mut newest: Vec<&RevocationList> = Vec::new();
    let issuers = issuers(scene, side);
    let is_trusted = |list: &RevocationList| issuers.contains(&&list.issuer);
    let age = |list: &RevocationList| {
        let has_begun = list.this_update <= now;
        (has_begun, list.this_update, list.next_update.is_none(), list.next_update)
    };
    let all = scene.exhibits.iter().flat_map(|exhibit| &exhibit.lists);
    for list in all.filter(|list| !list.is_delta && is_trusted(list)) {
        let is_of_same = |other: &&mut &RevocationList| {
            let same_key = other.authority_key_identifier == list.authority_key_identifier;
            other.issuer == list.issuer && same_key && other.scope == list.scope
        };
        match newest.iter_mut().find(is_of_same) {
            Some(known) if age(known) < age(list) => *known = list,
            Some(_) => {}
            None => newest.push(list),
        }
    }
    newest.into_iter().map(|list| list.der.clone()).collect()
}

/// A name to try it with: one of the server that PostgreSQL itself names its files after, before those of others.
fn usual_host(scene: &Scene<'_>) -> Option<String> {
    let is_usual = |it: &&Identity<'_>| it.exhibit.stem() == Party::Server.to_string();
    let usual = scene.identities.iter().filter(is_usual).find_map(host);
    usual.or_else(|| scene.identities.iter().find_map(host))
}

/// `localhost` where a server has it, so that what is printed can be tried at once; else its first name.
fn host(identity: &Identity<'_>) -> Option<String> {
    let names = &identity.leaf.certificate.subject_alt_names;
    let local = GeneralName::Dns("localhost".to_owned());
    let concrete = |name: &&GeneralName| {
        matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_)) && !name.value().contains('*')
    };
    let found = names.iter().find(|name| **name == local).or_else(|| names.iter().find(concrete));
    let found = found.map(GeneralName::value);
    // Where there is no such name libpq looks at the common name.
    let common = || identity.leaf.certificate.subject.common_names().next().map(Cow::into_owned);
    found.or_else(common).filter(|_| identity.serves)
}

/// The name of a certificate's file without its last ending.
pub(in crate::ops) fn stem_of(file: &str) -> &str {
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}

/// The key file of a certificate's file.
pub(in crate::ops) fn key_file_of(file: &str) -> String {
    key_file(stem_of(file))
}

/// The certificate, what is appended to it, and its key, all read in one look at the directory.
pub(super) fn pair(
    directory: &Directory,
    place: &str,
    file: &str,
    passphrase: Option<&Vec<u8>>,
) -> Result<Pair, Error> {
    let key_name = key_file_of(file);
    let files = directory.read(|name| name == file || name == key_name)?;
    let missing = || RequestError::NoSuchFile { path: shown(place, file) };
    let entry = files.get(file).ok_or_else(missing)?;
    let Exhibit { certificates, keys, .. } = Exhibit::read(file, entry, None);
    let leaf =
        certificates.iter().find(|it| it.ca != Some(true)).or(certificates.first()).ok_or_else(missing)?;
    // A root is sent by nobody: whoever trusts it has it.
    let behind = certificates.iter().filter(|other| other.der != leaf.der && !other.is_own_issuer());
    let mut chain = vec![leaf.der.clone()];
    chain.extend(behind.map(|other| other.der.clone()));
    let (key_name, key_entry) = match files.get(&key_name) {
        Some(key) => (key_name.as_str(), key),
        // A file that holds both has no other beside it.
        None if !keys.is_empty() => (file, entry),
        None => return Err(ExportError::NoKey { key: shown(place, &key_name) }.into()),
    };
    let key = PrivateKey::read(&key_entry.contents, passphrase.map(Vec::as_slice))
        .map_err(|source| ExportError::Key { file: shown(place, key_name), source })?;
    let wanted = PublicKey::from_spki_der(&leaf.public_key);
    if !key.public().is_same_key(&wanted) {
        return Err(ExportError::OtherKey {
            key: shown(place, key_name),
            found: key.public().to_string(),
            certificate: shown(place, file),
            expected: wanted.to_string(),
        }
        .into());
    }
    let (certificate_file, key_file) = (entry.clone(), (key_name.to_owned(), key_entry.clone()));
    Ok(Pair { leaf: leaf.as_ref().clone(), chain, key, certificate_file, key_file })
}

/// A file of the directory as the user would name it.
pub(in crate::ops) fn shown(place: &str, file: &str) -> String {
    match place {
        "." => file.to_owned(),
        place => Path::new(place).join(file).display().to_string(),
    }
}
