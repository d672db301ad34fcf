//! The pair that the cluster's pgBouncer shows its clients.

use super::judged::Warning;
use super::names::lacking;
use super::remedy::Remedy;
use super::{Find, Found, ManifestRequest, judged};
use crate::error::Error;
use crate::k8s::KubernetesError;
use crate::layout::export::{ExportError, Party};
use crate::ops::found::shown;

/// Whoever is named; else whoever is called as its service is, else the server, where that is reached by its name too.
pub(super) fn pgbouncer(
    request: &ManifestRequest,
    remedy: &Remedy<'_>,
    find: &Find<'_>,
) -> Result<Option<Found>, Error> {
    if request.naming.pgbouncer_secret.is_none() {
        return Ok(None);
    }
    if let Some(name) = &request.pgbouncer {
        let told = |error| remedy.for_want(Party::Server, "--pgbouncer", error);
        return find(Party::Server, Some(name)).map(Some).map_err(told);
    }
    let hosts = hosts(request);
    let Some(host) = hosts.first() else { return Ok(None) };
    match find(Party::Server, Some(host)) {
        Err(Error::Export(ExportError::Unknown { .. })) => {}
        other => return other.map(Some),
    }
    let server = find(Party::Server, request.server.as_deref())?;
    if judged::accepts(&server.pair.leaf, host) {
        return Ok(Some(server));
    }
    Err(KubernetesError::Lacking {
        fact: format!("no server's certificate in \"{}\" names \"{host}\"", remedy.place),
        detail: "Clients reach the cluster's pgBouncer by that name.".to_owned(),
        hint: remedy.server(&hosts, "--pgbouncer"),
    }
    .into())
}

/// The hosts of its service that its certificate does not name.
pub(super) fn unnamed(request: &ManifestRequest, remedy: &Remedy<'_>, pooler: &Found) -> Option<Warning> {
    let hosts = hosts(request);
    let file = shown(remedy.place, &pooler.chosen.file);
    lacking(&pooler.pair.leaf, &file, &hosts, remedy.server(&hosts, "--pgbouncer"))
}

/// The hosts that its service has.
pub(super) fn hosts(request: &ManifestRequest) -> Vec<String> {
    let naming = &request.naming;
    request.target.pgbouncer_hosts(&naming.cluster, naming.meta.namespace.as_deref())
}
