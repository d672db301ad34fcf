//! The pair that the cluster's pgBouncer shows its clients.

use super::judged::Warning;
use super::names::{issue_command, lacking};
use super::{Find, Found, ManifestRequest, judged};
use crate::error::Error;
use crate::k8s::KubernetesError;
use crate::layout::export::{ExportError, Party};
use crate::ops::found::shown;

/// Whoever is named; else whoever is called as its service is, else the server, where that is reached by its name too.
pub(super) fn pgbouncer(
    request: &ManifestRequest,
    place: &str,
    find: &Find<'_>,
) -> Result<Option<Found>, Error> {
    if request.naming.pgbouncer_secret.is_none() {
        return Ok(None);
    }
    if let Some(name) = &request.pgbouncer {
        return find(Party::Server, Some(name)).map(Some);
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
        fact: format!("no server's certificate in \"{place}\" names \"{host}\""),
        detail: "Clients reach the cluster's pgBouncer by that name.".to_owned(),
        hint: format!("Run: {}", issue_command(&hosts, place)),
    }
    .into())
}

/// The hosts of its service that its certificate does not name.
pub(super) fn unnamed(request: &ManifestRequest, place: &str, pooler: &Found) -> Option<Warning> {
    let hint = |hosts: &[String]| {
        let stem = hosts.first().map(String::as_str).unwrap_or_default();
        format!("Run: {}, and give --pgbouncer {stem}", issue_command(hosts, place))
    };
    let hosts = hosts(request);
    lacking(&pooler.pair.leaf, &shown(place, &pooler.chosen.file), &hosts, hint(&hosts))
}

fn hosts(request: &ManifestRequest) -> Vec<String> {
    let naming = &request.naming;
    request.target.pgbouncer_hosts(&naming.cluster, naming.meta.namespace.as_deref())
}
