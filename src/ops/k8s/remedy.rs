//! The command that makes what a target lacks, as it has to be typed here.

use super::{Found, ManifestRequest, command_word};
use crate::error::Error;
use crate::fs::{FileEntry, FileSet};
use crate::k8s::KubernetesError;
use crate::layout::export::{ExportError, Party};
use crate::ops::found::{key_file_of, shown};
use crate::pg::{CHAIN_FILE, certificate_file};
use crate::verify::Exhibit;
use std::collections::BTreeSet;

/// What the commands depend on.
#[derive(Clone)]
pub(super) struct Remedy<'r> {
    pub(super) request: &'r ManifestRequest,
    /// The directory, as the user names it.
    pub(super) place: &'r str,
    /// Whether no CA in it can issue another, because the server signs itself.
    pub(super) signs_itself: bool,
    /// What names the CA of servers, and that of clients, where these are two.
    cas: [String; 2],
    /// The names of the files that are there.
    taken: BTreeSet<String>,
}

impl<'r> Remedy<'r> {
    /// For a directory of which nothing is known yet.
    pub(super) fn blank(request: &'r ManifestRequest, place: &'r str) -> Self {
        Self { request, place, signs_itself: false, cas: Default::default(), taken: BTreeSet::new() }
    }

    /// For a directory in which the server was found.
    pub(super) fn of(request: &'r ManifestRequest, place: &'r str, server: &Found) -> Self {
        let Found { chosen, pair } = server;
        let cas = match chosen.trust == chosen.others_trust {
            true => Default::default(),
            false => [&chosen.others_trust, &chosen.trust].map(|trust| ca_flags(&chosen.files, trust, place)),
        };
        let taken = chosen.files.names().map(str::to_owned).collect();
        Self { signs_itself: pair.leaf.is_own_issuer(), cas, taken, ..Self::blank(request, place) }
    }

    /// Another certificate for these hosts, which that flag then names.
    pub(super) fn server(&self, hosts: &[String], flag: &str) -> String {
        let stem = hosts.first().map(String::as_str).unwrap_or_default();
        self.issued(&format!("server {}", hosts.join(" ")), Some((flag, stem)))
    }

    /// Another certificate of the standbys; it is found by its role, unless another was named.
    pub(super) fn standbys(&self, role: &str) -> String {
        let named = self.request.replication.is_some().then_some(("--replication", role));
        self.issued(&format!("client {role}"), named)
    }

    /// Another certificate of the standbys beside one that has the role already.
    pub(super) fn another_standby(&self, role: &str) -> String {
        self.issued(&format!("client {role}"), Some(("--replication", role)))
    }

    fn issued(&self, words: &str, then: Option<(&str, &str)>) -> String {
        if self.signs_itself {
            return self.anew();
        }
        let [of_servers, of_clients] = &self.cas;
        let ca = if words.starts_with("server") { of_servers } else { of_clients };
        let then = then.map_or_else(String::new, |(flag, name)| format!(", and give {flag} {name}"));
        let (side, name) = words.split_once(' ').unwrap_or_default();
        let file = certificate_file(&format!("{side}.{}", name.split(' ').next().unwrap_or_default()));
        let run = match self.taken.contains(&file) {
            true => format!("Move {} and its key away, then run", shown(self.place, &file)),
            false => "Run".to_owned(),
        };
        format!("{run}: pgtls issue {words}{ca} -D {}{then}", command_word(self.place))
    }

    /// A directory with everything that the target needs.
    pub(super) fn anew(&self) -> String {
        let naming = &self.request.naming;
        let cluster = &naming.cluster;
        let namespace = naming.meta.namespace.as_deref();
        let namespace = namespace.map_or_else(String::new, |name| format!(" --set namespace={name}"));
        format!(
            "Run: pgtls gen {} --set cluster={cluster}{namespace} -D {cluster}-pki, and give -D {cluster}-pki",
            self.request.target.word()
        )
    }

    /// A certificate that is not there, or is not what it was named for, with the command that makes one.
    pub(super) fn for_want(&self, party: Party, flag: &str, error: Error) -> Error {
        let target = self.request.target;
        let fact = match &error {
            Error::Export(ExportError::Unknown { known, place, .. }) if known.is_empty() => {
                format!("there is no {party}'s certificate in \"{place}\"")
            }
            Error::Export(ExportError::OtherParty { .. }) => error.to_string(),
            Error::Export(ExportError::Authority { file }) => format!("\"{file}\" is a CA's"),
            _ => return error,
        };
        let (detail, hint) = match (party, target.replication_role()) {
            (Party::Client, Some(role)) => {
                let detail = format!("{} has its standbys log in with it, as {role}.", target.word());
                (detail, self.another_standby(role))
            }
            _ => {
                let hosts = super::names::hosts(self.request);
                (format!("{} shows it to clients.", target.word()), self.server(&hosts, flag))
            }
        };
        KubernetesError::Lacking { fact, detail, hint }.into()
    }
}

/// What names a CA to `issue`: it is alone in a file of its own, beside its key.
fn ca_flags(files: &FileSet, trust: &[Vec<u8>], place: &str) -> String {
    let is_it = |name: &str, entry: &FileEntry| {
        let held = Exhibit::read(name, entry, None).certificates;
        matches!(held.as_slice(), [only] if trust.contains(&only.der)) && name != CHAIN_FILE
    };
    let file = files.iter().find(|(name, entry)| is_it(name, entry)).map(|(name, _)| name);
    let word = |name: &str| command_word(&shown(place, name));
    file.map_or_else(String::new, |name| {
        format!(" --ca {} --ca-key {}", word(name), word(&key_file_of(name)))
    })
}
