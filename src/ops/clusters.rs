//! Which Secrets belong to one cluster: a server's and the clients' that trust it or that it trusts. Those of several
//! clusters are judged apart, each by its own `ca.crt`; together one cluster's would be everybody's.

use super::manifest::{self, LEAF_KEYS, TRUST_KEYS, parts};
use crate::state::issued;
use crate::verify::{Exhibit, Roles, Side, Stage};
use crate::x509::{Certificate, Name};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// A Secret, by the places of its files.
#[derive(Default)]
struct Secret {
    files: Vec<usize>,
    /// What is trusted, best first.
    trust: Option<usize>,
    /// What is shown.
    leaves: Vec<usize>,
}

/// The certificates that are trusted, byte for byte and in any order; nothing: it is not said.
type Trust<'e> = Vec<&'e [u8]>;

/// Those that trust the same: a number for each.
type Class = usize;

/// What belongs together, each with its parts; `said` are parts that hold for all. Nothing where all of it does.
pub(super) fn apart(exhibits: &[Exhibit], said: &Roles) -> Vec<Stage> {
    let secrets = secrets(exhibits);
    let bearers: Vec<&Secret> = secrets.values().filter(|secret| !secret.leaves.is_empty()).collect();
    let lone = Lone::of(exhibits, secrets.values().filter(|secret| secret.leaves.is_empty()));
    let trusted: Vec<Option<usize>> =
        bearers.iter().map(|bearer| bearer.trust.or_else(|| lone.above(bearer, exhibits))).collect();
    let sides = Sides::of(exhibits, &bearers, &trusted);
    let pairs = sides.pairs(exhibits, &bearers, &trusted);
    if pairs.len() < 2 {
        return Vec::new();
    }
    let mut taken = HashSet::new();
    let mut stages = Vec::with_capacity(pairs.len() + 1);
    for (server, client) in pairs {
        let of = |class: Option<Class>, held: &BTreeMap<Class, Vec<usize>>| {
            class.and_then(|class| held.get(&class)).cloned().unwrap_or_default()
        };
        let members = [of(server, &sides.servers), of(client, &sides.clients)].concat();
        let mut places: BTreeSet<usize> = BTreeSet::new();
        for member in members {
            places.extend(bearers[member].files.iter().copied().chain(trusted[member]));
        }
        lone.add_lists(exhibits, &mut places);
        taken.extend(places.iter().copied());
        stages.push(places);
    }
    let rest: BTreeSet<usize> = (0..exhibits.len()).filter(|place| !taken.contains(place)).collect();
    let stages = stages.into_iter().chain(Some(rest).filter(|rest| !rest.is_empty()));
    let named = |exhibit: &&Exhibit| said.crl_file.as_deref() == Some(exhibit.name.as_str());
    let crl = exhibits.iter().find(named);
    let stage = |places: BTreeSet<usize>| {
        let held = places.into_iter().map(|place| &exhibits[place]);
        let exhibits: Vec<Exhibit> = held.filter(|exhibit| !named(exhibit)).chain(crl).cloned().collect();
        let roles = said.or(manifest::trust(&exhibits));
        Stage { exhibits, roles }
    };
    stages.map(stage).collect()
}

fn secrets(exhibits: &[Exhibit]) -> BTreeMap<&str, Secret> {
    let mut secrets: BTreeMap<&str, Secret> = BTreeMap::new();
    for (place, exhibit) in exhibits.iter().enumerate() {
        let Some((name, key)) = parts(&exhibit.name) else { continue };
        let secret = secrets.entry(name).or_default();
        secret.files.push(place);
        let Some(first) = exhibit.certificates.first() else { continue };
        if let Some(rank) = TRUST_KEYS.iter().position(|known| *known == key) {
            let rank_of = |place: usize| {
                let key = parts(&exhibits[place].name).map(|(_, key)| key);
                TRUST_KEYS.iter().position(|known| Some(*known) == key)
            };
            if secret.trust.and_then(rank_of).is_none_or(|known| rank < known) {
                secret.trust = Some(place);
            }
        } else if LEAF_KEYS.contains(&key) || first.ca != Some(true) {
            secret.leaves.push(place);
        }
    }
    secrets
}

/// Certificates by the name of their subject, with what they stand for.
type BySubject<'e, T> = HashMap<&'e Name, Vec<(T, &'e Certificate)>>;

fn by_subject<'e, T: Copy>(held: impl Iterator<Item = (T, &'e Exhibit)>) -> BySubject<'e, T> {
    let mut index: BySubject<'e, T> = HashMap::new();
    for (of, exhibit) in held {
        for certificate in &exhibit.certificates {
            index.entry(&certificate.subject).or_default().push((of, certificate));
        }
    }
    index
}

/// Whatever has a certificate above one of these, or it itself. Where names and key identifiers leave several, signatures
/// decide.
fn above<T: Copy + Eq>(below: &[Arc<Certificate>], index: &BySubject<'_, T>) -> Vec<T> {
    let issuers = below.iter().flat_map(|below| {
        let known = index.get(&below.issuer).into_iter().flatten();
        let mut known: Vec<&(T, &Certificate)> =
            known.filter(|(_, issuer)| issuer.may_have_issued(below)).collect();
        if known.iter().any(|(of, _)| *of != known[0].0) {
            known.retain(|(_, issuer)| issued(issuer, below));
        }
        known.into_iter().map(|(of, _)| *of)
    });
    issuers.collect()
}

/// Secrets that show nothing: CAs, which operators take for those of others, and lists.
struct Lone<'e> {
    anchors: BySubject<'e, usize>,
    lists: HashMap<&'e Name, Vec<usize>>,
}

impl<'e> Lone<'e> {
    fn of<'s>(exhibits: &'e [Exhibit], secrets: impl Iterator<Item = &'s Secret>) -> Self {
        let mut trusts = Vec::new();
        let mut lists: HashMap<&Name, Vec<usize>> = HashMap::new();
        for secret in secrets {
            trusts.extend(secret.trust.map(|place| (place, &exhibits[place])));
            for place in &secret.files {
                for list in &exhibits[*place].lists {
                    lists.entry(&list.issuer).or_default().push(*place);
                }
            }
        }
        Self { anchors: by_subject(trusts.into_iter()), lists }
    }

    /// The CA of a Secret that holds none itself.
    fn above(&self, bearer: &Secret, exhibits: &[Exhibit]) -> Option<usize> {
        let namespace = |place: usize| parts(&exhibits[place].name)?.0.split_once('/').map(|(name, _)| name);
        let own = bearer.files.first().and_then(|place| namespace(*place));
        // Of another namespace nobody gets a Secret.
        let is_near = |place: &usize| own.is_none() || namespace(*place).is_none_or(|it| Some(it) == own);
        let found = bearer.leaves.iter().flat_map(|leaf| above(&exhibits[*leaf].certificates, &self.anchors));
        found.filter(is_near).min()
    }

    /// The lists of whoever is there.
    fn add_lists(&self, exhibits: &[Exhibit], places: &mut BTreeSet<usize>) {
        let here = places.iter().flat_map(|place| &exhibits[*place].certificates);
        let of_them = here.filter_map(|certificate| self.lists.get(&certificate.subject));
        let found: Vec<usize> = of_them.flatten().copied().collect();
        places.extend(found);
    }
}

/// Who shows something to whom, by what each trusts.
struct Sides {
    servers: BTreeMap<Class, Vec<usize>>,
    clients: BTreeMap<Class, Vec<usize>>,
}

impl Sides {
    fn of(exhibits: &[Exhibit], bearers: &[&Secret], trusted: &[Option<usize>]) -> Self {
        let mut classes: HashMap<Trust<'_>, Class> = HashMap::new();
        let mut sides = Self { servers: BTreeMap::new(), clients: BTreeMap::new() };
        for (at, bearer) in bearers.iter().enumerate() {
            let held = trusted[at].into_iter().flat_map(|place| &exhibits[place].certificates);
            let mut trust: Trust<'_> = held.map(|certificate| certificate.der.as_slice()).collect();
            trust.sort_unstable();
            let next = classes.len();
            let class = *classes.entry(trust).or_insert(next);
            let shows = |side: Side| {
                let mut leaves = bearer.leaves.iter().filter_map(|leaf| exhibits[*leaf].certificates.first());
                leaves.any(|leaf| !leaf.has_extended_key_usage || side.is_purpose_of(leaf))
            };
            let is_neither = !shows(Side::Server) && !shows(Side::Client);
            if shows(Side::Server) || is_neither {
                sides.servers.entry(class).or_default().push(at);
            }
            if shows(Side::Client) {
                sides.clients.entry(class).or_default().push(at);
            }
        }
        sides
    }

    /// Servers and the clients that are theirs: those that trust the same; else those of which one trusts the CA of the
    /// other; else, where there is one cluster alone, everybody.
    fn pairs(
        &self,
        exhibits: &[Exhibit],
        bearers: &[&Secret],
        trusted: &[Option<usize>],
    ) -> BTreeSet<(Option<Class>, Option<Class>)> {
        let anchors = |held: &BTreeMap<Class, Vec<usize>>| {
            let firsts =
                held.iter().filter_map(|(class, members)| Some((*class, trusted[*members.first()?]?)));
            firsts.collect::<Vec<_>>()
        };
        let index =
            |held| by_subject(anchors(held).into_iter().map(|(class, place)| (class, &exhibits[place])));
        let (of_servers, of_clients) = (index(&self.servers), index(&self.clients));
        let leaves = |members: &'_ Vec<usize>| {
            members.iter().flat_map(|at| bearers[*at].leaves.clone()).collect::<Vec<usize>>()
        };
        let mut related: HashMap<Class, BTreeSet<Class>> = HashMap::new();
        for (client, members) in &self.clients {
            for leaf in leaves(members) {
                related.entry(*client).or_default().extend(above(&exhibits[leaf].certificates, &of_servers));
            }
        }
        for (server, members) in &self.servers {
            for client in
                leaves(members).iter().flat_map(|leaf| above(&exhibits[*leaf].certificates, &of_clients))
            {
                related.entry(client).or_default().insert(*server);
            }
        }
        let only = self.servers.keys().copied().next().filter(|_| self.servers.len() == 1);
        let mut pairs = BTreeSet::new();
        for client in self.clients.keys() {
            let known = related.remove(client).unwrap_or_default();
            let servers = if self.servers.contains_key(client) { BTreeSet::from([*client]) } else { known };
            match servers.is_empty() {
                true => drop(pairs.insert((only, Some(*client)))),
                false => pairs.extend(servers.into_iter().map(|server| (Some(server), Some(*client)))),
            }
        }
        let paired: HashSet<Class> = pairs.iter().filter_map(|(server, _)| *server).collect();
        let alone = self.servers.keys().filter(|server| !paired.contains(server));
        pairs.extend(alone.map(|server| (Some(*server), None)));
        pairs
    }
}
