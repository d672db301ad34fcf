//! Who is who: which file is the server's, the client's, an authority's, and what each side trusts.
//!
//! Names are looked at first, because they are what PostgreSQL and libpq go by; content decides where a name says
//! nothing.

use super::chain::{self, Chain, End, Held};
use super::exhibit::Exhibit;
use super::index::{ByEnd, EndSet, Index};
use super::mend;
use super::policy::Policy;
use super::roles::Roles;
use crate::keys::{KeyFile, PublicKey};
use crate::pg::{CLIENT_NAMES, SERVER_NAMES, first_word};
use crate::x509::{Certificate, ExtendedKeyUsage, GeneralName, KeyUsage};
use std::sync::Arc;
use time::OffsetDateTime;

/// One side of a connection: who shows a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The server shows its certificate, clients trust.
    Server,
    /// The client shows its certificate, the server trusts.
    Client,
}

impl Side {
    /// Whether a certificate names the extended key usage that the other side wants (RFC 5280 §4.2.1.12).
    #[must_use]
    pub fn is_purpose_of(self, certificate: &Certificate) -> bool {
        let wanted = match self {
            Self::Server => ExtendedKeyUsage::is_server_auth,
            Self::Client => ExtendedKeyUsage::is_client_auth,
        };
        certificate.extended_key_usage.iter().any(wanted)
    }
}

/// An end-entity, its file and its key.
#[derive(Debug)]
pub struct Identity<'a> {
    /// Its certificate.
    pub leaf: Held<'a>,
    /// What its file holds behind the leaf.
    pub sent: Vec<Held<'a>>,
    /// Its file.
    pub exhibit: &'a Exhibit,
    /// The file of its key, where there is one.
    pub key: Option<&'a Exhibit>,
    /// Whether it is a server's.
    pub serves: bool,
    /// Whether it is a client's.
    pub logs_in: bool,
}

/// All that is judged together.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The files.
    pub exhibits: &'a [Exhibit],
    /// The same, looked up.
    pub index: Index<'a>,
    /// End-entities.
    pub identities: Vec<Identity<'a>>,
    /// Authorities, each under the file that is most its own.
    pub authorities: Vec<Held<'a>>,
    client_trust: Option<&'a Exhibit>,
    server_trust: Option<&'a Exhibit>,
    /// The certificates of both, under the files that are most their own.
    trusted_of_clients: Vec<Held<'a>>,
    trusted_of_servers: Vec<Held<'a>>,
    directory: &'a str,
    at: OffsetDateTime,
    /// The requests beside the files.
    pub(super) requests: Vec<String>,
    /// Whether what the other side trusts is not to be guessed from the files.
    trust_is_elsewhere: bool,
}

/// Trust files, best first.
pub(super) const TRUST_NAMES: [&str; 6] =
    ["chain.crt", "ca.crt", "root.crt", "ca.pem", "ca-bundle.crt", "root.pem"];

/// Where servers and clients have CAs of their own: what the server trusts, and what clients trust.
const SPLIT_TRUST: [&str; 2] = ["ca-client.crt", "ca-server.crt"];

impl<'a> Scene<'a> {
    /// Tells who is who.
    #[must_use]
    pub fn of(directory: &'a str, exhibits: &'a [Exhibit], roles: &Roles, policy: &Policy) -> Self {
        let named = |name: &Option<String>| {
            let name = name.as_deref()?;
            exhibits.iter().find(|exhibit| exhibit.name == name)
        };
        let mut scene = Self {
            exhibits,
            index: Index::of(exhibits),
            identities: Vec::with_capacity(exhibits.len()),
            authorities: Vec::new(),
            client_trust: named(&roles.client_trust),
            server_trust: named(&roles.server_trust),
            trusted_of_clients: Vec::new(),
            trusted_of_servers: Vec::new(),
            directory,
            at: policy.at,
            requests: policy.requests.clone(),
            trust_is_elsewhere: policy.server.is_some() || policy.client.is_some(),
        };
        // Authorities and leaves that were met, each once.
        let mut met = EndSet::default();
        for exhibit in exhibits {
            scene.take(exhibit, roles, &mut met);
        }
        let usual = TRUST_NAMES.iter().find_map(|name| {
            exhibits.iter().find(|exhibit| exhibit.name == *name && !exhibit.certificates.is_empty())
        });
        let signs_itself = |wanted: fn(&Identity<'_>) -> bool| {
            scene
                .identities
                .iter()
                .find(|identity| wanted(identity) && identity.leaf.certificate.is_own_issuer())
        };
        // The self-signed layout: each side trusts the certificate of the other.
        // Where there are several, a bundle of them.
        let home = |identity: &Identity<'a>| {
            let holds = |exhibit: &&Exhibit| {
                is_bundle(exhibit)
                    && exhibit.certificates.iter().any(|other| other.der == identity.leaf.certificate.der)
            };
            exhibits.iter().find(holds).unwrap_or(identity.exhibit)
        };
        let client = signs_itself(|identity| identity.logs_in).map(home);
        let server = signs_itself(|identity| identity.serves).map(home);
        // A leaf's own file is what it shows; only with a root in it can it be meant as trust too.
        let shows = |exhibit: &Exhibit| {
            let is_rooted = exhibit.certificates.iter().any(|certificate| certificate.is_own_issuer());
            !is_rooted && scene.identities.iter().any(|identity| identity.exhibit.name == exhibit.name)
        };
        let any_ca = exhibits
            .iter()
            .find(|exhibit| exhibit.certificates.iter().any(|c| c.ca == Some(true)) && !shows(exhibit));
        let split = SPLIT_TRUST.map(|name| exhibits.iter().find(|exhibit| exhibit.name == name));
        let [of_clients, of_servers] = if split.iter().all(Option::is_some) { split } else { [None; 2] };
        if !scene.trust_is_elsewhere {
            scene.client_trust = scene.client_trust.or(of_clients).or(usual).or(client).or(any_ca);
            scene.server_trust = scene.server_trust.or(of_servers).or(usual).or(server).or(any_ca);
        }
        let held = |certificate: &'a Arc<Certificate>| scene.index.held(certificate);
        let trusted =
            |exhibit: Option<&'a Exhibit>| exhibit.into_iter().flat_map(|exhibit| &exhibit.certificates);
        let of_clients = trusted(scene.client_trust).filter_map(held).collect();
        let of_servers = trusted(scene.server_trust).filter_map(held).collect();
        (scene.trusted_of_clients, scene.trusted_of_servers) = (of_clients, of_servers);
        scene
    }

    fn take(&mut self, exhibit: &'a Exhibit, roles: &Roles, met: &mut EndSet<'a>) {
        let is = |role: &Option<String>| role.as_deref() == Some(exhibit.name.as_str());
        let (serves, logs_in) = (is(&roles.server_certificate), is(&roles.client_certificate));
        // A trust file has no key of its own, whatever it holds.
        let is_trust = is(&roles.client_trust) || is(&roles.server_trust);
        let leaf = leaf_of(exhibit, &self.index, serves || logs_in);
        let leaf = leaf.filter(|_| !is_trust && !exhibit.is_key_by_name());
        for certificate in &exhibit.certificates {
            let is_leaf = leaf.is_some_and(|leaf| leaf.der == certificate.der);
            let known = is_leaf || met.contains(&ByEnd(&certificate.der));
            if !known && is_authority(certificate, &self.index) {
                met.insert(ByEnd(&certificate.der));
                self.authorities.extend(self.index.held(certificate));
            }
        }
        let Some((leaf, held)) = leaf.and_then(|leaf| Some((leaf, self.index.held(leaf)?))) else { return };
        met.insert(ByEnd(&leaf.der));
        let (serves, logs_in) = match (serves, logs_in) {
            (false, false) => parts(exhibit, leaf),
            said => said,
        };
        let key = match () {
            () if serves && roles.server_key.is_some() => self.named(&roles.server_key),
            () if logs_in && roles.client_key.is_some() => self.named(&roles.client_key),
            () => self.index.key_of(exhibit, leaf),
        };
        let mut sent = Vec::with_capacity(exhibit.certificates.len().saturating_sub(1));
        let behind = exhibit.certificates.iter().filter(|other| other.der != leaf.der);
        sent.extend(behind.filter_map(|certificate| self.index.held(certificate)));
        self.identities.push(Identity {
            leaf: Held { file: exhibit.name.as_str(), ..held },
            sent,
            exhibit,
            key,
            serves,
            logs_in,
        });
    }

    fn named(&self, name: &Option<String>) -> Option<&'a Exhibit> {
        let name = name.as_deref()?;
        self.exhibits.iter().find(|exhibit| exhibit.name == name)
    }

    /// What the other side trusts where `side` shows its certificate.
    #[must_use]
    pub fn trust(&self, side: Side) -> &[Held<'a>] {
        match side {
            Side::Server => &self.trusted_of_servers,
            Side::Client => &self.trusted_of_clients,
        }
    }

    fn trust_exhibit(&self, side: Side) -> Option<&'a Exhibit> {
        match side {
            Side::Server => self.server_trust,
            Side::Client => self.client_trust,
        }
    }

    /// Whether nothing is known of what the other side trusts, because that is not among the files.
    #[must_use]
    pub fn is_trust_elsewhere(&self, side: Side) -> bool {
        self.trust_is_elsewhere && self.trust_exhibit(side).is_none()
    }

    /// The file of it.
    #[must_use]
    pub fn trust_file(&self, side: Side) -> Option<&'a str> {
        self.trust_exhibit(side).map(|exhibit| exhibit.name.as_str())
    }

    /// Whether a leaf's chain reaches what the other side trusts.
    #[must_use]
    pub fn is_anchored(&self, identity: &Identity<'a>, side: Side) -> bool {
        self.chain(identity, side).end == End::Anchor
    }

    /// The way from a leaf up to what the other side trusts, or as far as it goes.
    #[must_use]
    pub fn chain(&self, identity: &Identity<'a>, side: Side) -> Chain<'a> {
        chain::build(identity.leaf, &identity.sent, self.trust(side), self.at, &self.index)
    }

    /// Whether there are end-entities, and the chain of each reaches what the other side trusts.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.identities.is_empty()
            && self.identities.iter().all(|identity| {
                let shows = [(identity.serves, Side::Server), (identity.logs_in, Side::Client)];
                shows.into_iter().all(|(shows, side)| !shows || self.is_anchored(identity, side))
            })
    }

    /// A file as a command names it from where the user stands.
    #[must_use]
    pub fn path(&self, file: &str) -> String {
        let is_below = !file.contains('/') && !["", ".", file].contains(&self.directory);
        let path = if is_below { format!("{}/{file}", self.directory) } else { file.to_owned() };
        mend::as_word(&path)
    }

    /// Whether a certificate's file holds nothing else, so that it can be appended to another as it is.
    #[must_use]
    pub fn holds_alone(&self, held: &Held<'_>) -> bool {
        let mut files = self.exhibits.iter().filter(|exhibit| exhibit.name == held.file);
        files.any(|exhibit| {
            exhibit.certificates.len() == 1 && exhibit.findings.is_empty() && exhibit.lists.is_empty()
        })
    }

    /// What was looked at, as the user names it.
    #[must_use]
    pub fn directory(&self) -> &'a str {
        self.directory
    }

    /// Every certificate once, under the file that is most its own.
    #[must_use]
    pub fn certificates(&self) -> &[Held<'a>] {
        &self.index.all
    }

    /// The file that is most a certificate's own.
    #[must_use]
    pub fn home(&self, certificate: &Certificate) -> &'a str {
        self.index.home(certificate)
    }
}

/// The leaf of a file: the certificate that its key belongs to, or its first; `None` where it holds authorities alone.
fn leaf_of<'a>(exhibit: &'a Exhibit, index: &Index<'_>, said: bool) -> Option<&'a Certificate> {
    let mut certificates = exhibit.certificates.iter().map(Arc::as_ref);
    let first = exhibit.certificates.first()?;
    if !said && is_bundle(exhibit) {
        return None;
    }
    let named = names(exhibit, &SERVER_NAMES) || names(exhibit, &CLIENT_NAMES);
    let is_leaf = |certificate: &&Certificate| !is_authority(certificate, index);
    // OpenSSL shows the first, whatever it says of itself.
    if said && index.has_key(first) {
        return Some(first);
    }
    if said || (named && is_authority(first, index)) {
        return certificates.find(is_leaf).or(Some(first));
    }
    certificates.find(is_leaf).filter(|_| !TRUST_NAMES.contains(&exhibit.name.as_str()))
}

/// Whether a file can only be there to be trusted: it holds several certificates, and each signs itself.
fn is_bundle(exhibit: &Exhibit) -> bool {
    exhibit.certificates.len() > 1
        && exhibit.certificates.iter().all(|certificate| certificate.is_own_issuer())
}

/// Whether a certificate is an authority's: it says so, or it issued another one that is here.
fn is_authority(certificate: &Certificate, index: &Index<'_>) -> bool {
    if index.has_issued(certificate) {
        return true;
    }
    let signs = certificate.key_usage.as_ref().is_some_and(|bits| bits.contains(&KeyUsage::KeyCertSign));
    let host = certificate
        .subject_alt_names
        .iter()
        .any(|name| matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_)));
    match certificate.ca {
        Some(ca) => ca && (signs || !host),
        None => signs,
    }
}

/// Whether the first part of a file's name is one of these.
pub(super) fn names(exhibit: &Exhibit, list: &[&str]) -> bool {
    let name = exhibit.name.as_bytes();
    // What a Secret is called says nothing: `secret/postgresql:tls.crt`.
    let end = if name.starts_with(b"secret/") { b':' } else { b'/' };
    let name = name.iter().rposition(|byte| *byte == end).map_or(name, |slash| &name[slash + 1..]);
    let first = first_word(name);
    list.iter().any(|known| known.as_bytes() == first)
}

/// Whether a leaf is a server's, and whether it is a client's.
fn parts(exhibit: &Exhibit, leaf: &Certificate) -> (bool, bool) {
    match (names(exhibit, &SERVER_NAMES), names(exhibit, &CLIENT_NAMES)) {
        (false, false) => {}
        said => return said,
    }
    let says = |side: Side| side.is_purpose_of(leaf);
    match (says(Side::Server), says(Side::Client)) {
        (false, false) => {
            let host = leaf
                .subject_alt_names
                .iter()
                .any(|name| matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_)));
            let dotted = leaf.subject.common_names().next().is_some_and(|name| name.contains('.'));
            (host || dotted, !(host || dotted))
        }
        said => said,
    }
}

/// Whether a key is that of a certificate.
pub(super) fn is_key_of(key: &KeyFile, certificate: &Certificate) -> bool {
    key.public().is_some_and(|public| public.is_same_key(&PublicKey::from_spki_der(&certificate.public_key)))
}
