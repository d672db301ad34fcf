//! The hosts by which a cluster is reached, and that a certificate does not name.

use super::judged::{Warning, accepts, names_address};
use super::remedy::Remedy;
use super::{Found, ManifestRequest};
use crate::k8s::{KubernetesError, ReplicaSslMode, Target};
use crate::ops::found::shown;
use crate::x509::Certificate;

/// What is said of a certificate that lacks some of these hosts; the hint names the command that makes one with all.
pub(super) fn lacking(leaf: &Certificate, file: &str, hosts: &[String], hint: String) -> Option<Warning> {
    let missing: Vec<&String> = hosts.iter().filter(|host| !accepts(leaf, host)).collect();
    let first = missing.first()?;
    let more = match missing.len() - 1 {
        0 => String::new(),
        1 => " and 1 more host of the cluster".to_owned(),
        more => format!(" and {more} more hosts of the cluster"),
    };
    Some((format!("{file} does not name {first}{more}: verify-full fails there"), Some(hint)))
}

/// The hosts that the server is reached by.
pub(super) fn hosts(request: &ManifestRequest) -> Vec<String> {
    let naming = &request.naming;
    request.target.hosts(&naming.cluster, naming.meta.namespace.as_deref())
}

/// The hosts that the server is reached by, and that it does not name: what the operator itself needs is refused.
pub(super) fn unnamed(
    request: &ManifestRequest,
    remedy: &Remedy<'_>,
    server: &Found,
) -> Result<Option<Warning>, KubernetesError> {
    let (target, naming) = (request.target, &request.naming);
    let leaf = &server.pair.leaf;
    let file = shown(remedy.place, &server.chosen.file);
    let hosts = hosts(request);
    let hint = remedy.server(&hosts, "--server");
    if let Some(host) = target.own_host(&naming.cluster).filter(|host| !accepts(leaf, host)) {
        return Err(KubernetesError::Lacking {
            fact: format!("\"{file}\" does not name \"{host}\""),
            detail: "The cluster's pgBouncer connects to it with sslmode=verify-full.".to_owned(),
            hint,
        });
    }
    let is_full = target == Target::PgoV4 && request.pgo_v4.replica_sslmode == ReplicaSslMode::VerifyFull;
    if is_full && !names_address(leaf) {
        let hosts = [hosts, vec!["ADDRESS".to_owned()]].concat();
        return Err(KubernetesError::Lacking {
            fact: format!("\"{file}\" names no address, and replicas would compare one"),
            detail: "PGO 4 has them connect to the address of the primary's pod (Patroni's connect_address)."
                .to_owned(),
            hint: remedy.server(&hosts, "--server").replacen("Run:", "Run, with each pod's ADDRESS:", 1),
        });
    }
    Ok(lacking(leaf, &file, &hosts, hint))
}
