//! The directory as the model of `config`: what the judge's eyes see of it, and who is meant by a name. Of keys only the
//! labels count.

use crate::config::{ConfigError, Lists, Member, Site};
use crate::error::Error;
use crate::fs::Directory;
use crate::keys::name_hash;
use crate::layout::export::{Candidate, ExportError, Party, choose};
use crate::layout::is_hash_name;
use crate::ops::found::{candidates, key_file_of, promises_key};
use crate::ops::inspect::read;
use crate::pem::{BlockKind, ScannedBlock, scan};
use crate::pg::LISTS_FILE;
use crate::verify::{self, End, Exhibit, Identity, NEWEST_LIBPQ, Policy, Roles, Scene, Side, accepts_host};
use crate::x509::{Certificate, GeneralName, Name, RevocationList};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use time::OffsetDateTime;

/// What is known of a directory.
pub(super) struct Known {
    pub(super) site: Site,
    candidates: Vec<Candidate>,
    /// The certificate of each file of a server or client.
    leaves: BTreeMap<String, Certificate>,
    /// The CAs of which lists are wanted once the server looks into one.
    list_issuers: Vec<Name>,
    /// Files that could not be read.
    pub(super) problems: Vec<Error>,
    now: OffsetDateTime,
}

impl Known {
    /// Looks at a directory.
    pub(super) fn of(directory: &Directory, place: &str, now: OffsetDateTime) -> Result<Self, Error> {
        let all: BTreeSet<String> = directory.names()?.into_keys().collect();
        let concerned = |name: &&String| verify::concerns(name) && !promises_key(name);
        let names: Vec<&str> = all.iter().filter(concerned).map(String::as_str).collect();
        let mut problems = Vec::new();
        let files = read(directory, &names, &mut problems)?;
        let exhibits = Exhibit::read_all(files.iter(), None);
        let scene = Scene::of(place, &exhibits, &Roles::default(), &Policy::at(now));
        let candidates = candidates(&scene);
        let is_leaf = |it: &&Identity<'_>| {
            candidates.iter().any(|other| other.file == it.leaf.file && !other.is_authority)
        };
        let identities: Vec<&Identity<'_>> = scene.identities.iter().filter(is_leaf).collect();
        let locked = locked_keys(directory, &identities, &all)?;
        let members = |side: Side| {
            let is_of = |it: &&&Identity<'_>| if side == Side::Server { it.serves } else { it.logs_in };
            identities.iter().filter(is_of).map(|it| member(it, side, &scene, &all, &locked)).collect()
        };
        let of_clients = list_issuers(&scene, &identities, Side::Client);
        let of_servers = list_issuers(&scene, &identities, Side::Server);
        let site = Site {
            place: place.to_owned(),
            has_authority: candidates.iter().any(|candidate| candidate.is_authority),
            servers: members(Side::Server),
            clients: members(Side::Client),
            client_trust: scene.trust_file(Side::Client).map(str::to_owned),
            server_trust: scene.trust_file(Side::Server).map(str::to_owned),
            client_lists: lists(&exhibits, &of_clients, now),
            server_lists: lists(&exhibits, &of_servers, now),
        };
        let leaf = |it: &&Identity<'_>| (it.leaf.file.to_owned(), it.leaf.certificate.clone());
        let leaves = identities.iter().map(leaf).collect();
        Ok(Self { site, leaves, list_issuers: of_clients, problems, now, candidates })
    }

    /// Who is meant by a name; without one the usual one, or the only one.
    pub(super) fn member(&self, party: Party, name: Option<&str>) -> Result<&Member, Error> {
        self.member_of_kind(party, &party.to_string(), name)
    }

    /// The same; where nobody is there, what is made instead is of that kind: server, client, node.
    pub(super) fn member_of_kind(
        &self,
        party: Party,
        kind: &str,
        name: Option<&str>,
    ) -> Result<&Member, Error> {
        let found = match choose(&self.candidates, party, name, &self.site.place) {
            Ok(candidate) => self.members(party).iter().find(|member| member.file == candidate.file),
            Err(ambiguous @ ExportError::Ambiguous { .. }) => return Err(ambiguous.into()),
            Err(_) => None,
        };
        found.ok_or_else(|| self.nobody(party, kind, name).into())
    }

    pub(super) fn members(&self, party: Party) -> &[Member] {
        match party {
            Party::Server => &self.site.servers,
            Party::Client => &self.site.clients,
        }
    }

    fn nobody(&self, party: Party, kind: &str, name: Option<&str>) -> ConfigError {
        let usual = if party == Party::Server { "db1.example.com" } else { "app" };
        let command = match self.site.client_trust {
            None => self.site.command(&["pgtls", "gen", "chain", "--intermediate"]),
            Some(_) => self.site.issue(kind, &[name.unwrap_or(usual)]),
        };
        ConfigError::NoMember {
            party,
            wanted: name.map_or_else(|| "this".to_owned(), |name| format!("\"{name}\"")),
            place: self.site.place.clone(),
            known: self.members(party).iter().map(|member| member.file.clone()).collect(),
            command,
        }
    }

    /// The server that a client connects to: the one that is named, else the one that the host names, else the usual
    /// one; `None` where none is here. It has to be for that host.
    pub(super) fn server_for(
        &self,
        name: Option<&str>,
        host: Option<&str>,
    ) -> Result<Option<&Member>, Error> {
        if name.is_none() && self.site.servers.is_empty() {
            return Ok(None);
        }
        let by_host =
            || host.and_then(|host| self.site.servers.iter().find(|server| self.is_for(server, host)));
        let server = match (name, by_host()) {
            (None, Some(server)) => server,
            (name, _) => self.member(Party::Server, name)?,
        };
        match host {
            Some(host) if !self.is_for(server, host) => Err(self.not_for(server, host, "server").into()),
            _ => Ok(Some(server)),
        }
    }

    /// Whether libpq takes it for that host.
    fn is_for(&self, member: &Member, host: &str) -> bool {
        self.leaves.get(&member.file).is_some_and(|leaf| accepts_host(leaf, host, NEWEST_LIBPQ))
    }

    /// Whether Python does as well: an address has to be an address among its names, and its common name is none.
    pub(super) fn is_strictly_for(&self, member: &Member, host: &str) -> bool {
        let names = self.leaves.get(&member.file).map(|leaf| leaf.subject_alt_names.as_slice());
        let has = |is_it: &dyn Fn(&GeneralName) -> bool| names.is_some_and(|names| names.iter().any(is_it));
        match host.parse() {
            Ok(address) => has(&|name| *name == GeneralName::Ip(address)),
            Err(_) => has(&|name| matches!(name, GeneralName::Dns(_))) && self.is_for(member, host),
        }
    }

    /// It is not for that host; what would be is of that kind.
    pub(super) fn not_for(&self, member: &Member, host: &str, kind: &str) -> ConfigError {
        ConfigError::Host {
            file: self.site.shown(&member.file),
            host: host.to_owned(),
            names: member.hosts.clone(),
            command: self.site.issue(kind, &[host]),
        }
    }

    /// Servers and clients whom nobody takes, for their certificate is not in its time.
    pub(super) fn out_of_time(&self) -> impl Iterator<Item = String> {
        self.leaves.iter().filter_map(|(file, leaf)| {
            let (begin, end) = (leaf.window.not_before, leaf.window.not_after);
            if end < self.now {
                let stem = file.rsplit_once('.').map_or(file.as_str(), |(stem, _)| stem);
                let command = self.site.command(&["pgtls", "renew", stem]);
                return Some(format!("{file} ended on {}, and nobody takes it: {command}", end.date()));
            }
            (begin > self.now)
                .then(|| format!("{file} begins on {}, and nobody takes it before", begin.date()))
        })
    }

    /// What a directory for `ssl_crl_dir` lacks, if anything.
    pub(super) fn lack_of_directory(&self, directory: &Directory) -> Result<Option<String>, Error> {
        let files = directory.read(is_hash_name)?;
        let exhibits = Exhibit::read_all(files.iter(), None);
        let named = exhibits.iter().flat_map(|exhibit| exhibit.lists.iter().map(move |list| (exhibit, list)));
        let is_found = |(exhibit, list): &(&Exhibit, &RevocationList)| {
            exhibit.name.starts_with(&format!("{:08x}.r", name_hash(&list.issuer.canonical_der())))
        };
        let found: Vec<&RevocationList> = named.filter(is_found).map(|(_, list)| list).collect();
        Ok(lack(&found, &self.list_issuers, self.now))
    }
}

/// The file that a key is in, or would be: a certificate's may hold both.
fn key_of(identity: &Identity<'_>) -> String {
    let file = identity.leaf.file;
    if identity.exhibit.keys.is_empty() { key_file_of(file) } else { file.to_owned() }
}

/// Those of the keys that are under a passphrase, by their labels. One that may not be read is taken for open, for who
/// writes configuration need not be who may read keys.
fn locked_keys(
    directory: &Directory,
    identities: &[&Identity<'_>],
    all: &BTreeSet<String>,
) -> Result<BTreeSet<String>, Error> {
    let names: BTreeSet<String> =
        identities.iter().map(|it| key_of(it)).filter(|key| all.contains(key)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let files = read(directory, &names, &mut Vec::new())?;
    let is_closed = |block: &ScannedBlock| {
        matches!(block.kind, BlockKind::EncryptedPkcs8 | BlockKind::TraditionalEncrypted)
    };
    let locked =
        files.iter().filter(|(_, entry)| scan(entry.contents.as_slice()).blocks.iter().any(is_closed));
    Ok(locked.map(|(name, _)| name.to_owned()).collect())
}

fn member(
    identity: &Identity<'_>,
    side: Side,
    scene: &Scene<'_>,
    all: &BTreeSet<String>,
    locked: &BTreeSet<String>,
) -> Member {
    let leaf = identity.leaf.certificate;
    let file = identity.leaf.file.to_owned();
    let key = key_of(identity);
    let chain = scene.chain(identity, side);
    let mut hosts: Vec<String> = leaf
        .subject_alt_names
        .iter()
        .filter(|name| matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_)))
        .map(GeneralName::value)
        .collect();
    let common_name = leaf.subject.common_names().next().filter(|name| !name.is_empty()).map(Cow::into_owned);
    if hosts.is_empty() {
        hosts.extend(common_name.clone());
    }
    Member {
        has_key: all.contains(&key),
        is_locked: locked.contains(&key),
        java_key: ["pk8", "p12"]
            .map(|ending| format!("{}.{ending}", identity.exhibit.stem()))
            .into_iter()
            .find(|key| all.contains(key)),
        key,
        common_name,
        distinguished_name: leaf.subject.rfc2253(),
        hosts,
        // Neither the leaf nor the anchor counts, which in a chain of one are the same.
        intermediates: (chain.end == End::Anchor).then(|| chain.links.len().saturating_sub(2)),
        replicates: identity.exhibit.stem() == "replication",
        file,
    }
}

/// The CAs above those who show a certificate on one side, each once; where there is nobody, those whom the other trusts.
fn list_issuers(scene: &Scene<'_>, identities: &[&Identity<'_>], side: Side) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    let mut add = |certificate: &Certificate| {
        if !names.contains(&certificate.subject) {
            names.push(certificate.subject.clone());
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
    names
}

/// The file in which every list is, or what the best one lacks.
fn lists(exhibits: &[Exhibit], issuers: &[Name], now: OffsetDateTime) -> Lists {
    let is_relevant = |exhibit: &&Exhibit| exhibit.lists.iter().any(|list| issuers.contains(&list.issuer));
    let mut files: Vec<&Exhibit> = exhibits.iter().filter(is_relevant).collect();
    files.sort_by_key(|exhibit| (exhibit.name != LISTS_FILE, is_hash_name(&exhibit.name), &exhibit.name));
    let lack_of = |exhibit: &Exhibit| lack(&exhibit.lists.iter().collect::<Vec<_>>(), issuers, now);
    match (files.iter().find(|exhibit| lack_of(exhibit).is_none()), files.first()) {
        (Some(whole), _) => Lists::Whole(whole.name.clone()),
        (None, None) => Lists::None,
        (None, Some(first)) => {
            Lists::Lacking { file: first.name.clone(), lack: lack_of(first).unwrap_or_default() }
        }
    }
}

/// What lists lack so that nobody is turned away who is on none of them.
fn lack(lists: &[&RevocationList], issuers: &[Name], now: OffsetDateTime) -> Option<String> {
    issuers.iter().find_map(|issuer| {
        let own = || lists.iter().filter(|list| list.issuer == *issuer && !list.is_delta);
        let counts = |list: &&&RevocationList| {
            list.this_update <= now && list.next_update.is_none_or(|next| next >= now)
        };
        match own().next() {
            None => Some(format!("none is of {issuer}")),
            Some(_) if own().any(|list| counts(&list)) => None,
            Some(_) => Some(format!("that of {issuer} is not in its time")),
        }
    })
}
