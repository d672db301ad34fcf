//! CloudNativePG: the Secrets of the CAs, of the server and of the standbys, and the part of a `Cluster` that names them.
//!
//! Sources: docs/src/certificates.md, pkg/certs/certs.go, internal/controller/cluster_pki.go of 1.30. The operator
//! verifies `tls.crt` against `ca.crt`; the label `cnpg.io/reload` has it reload the server when a Secret changes.
//! Revocation lists it does not read. Of `ca.crt` beside a `ca.key`, which has to be `EC PRIVATE KEY`, the first certificate
//! has to be the key's.

use super::goods::{Goods, HandedCa, KeyPair, Naming};
use super::manifest::{Manifest, SecretKind};
use super::yaml::{Yaml, map, texts};
use super::{KubernetesError, Part, Target};
use crate::config::pg_ident_line;

/// Its name for kubectl.
const RESOURCE: &str = "clusters.postgresql.cnpg.io";
/// The usual names; the operator's own are `NAME-ca`, `NAME-server` and `NAME-replication`.
const USUAL: [&str; 3] = ["{}-tls-ca", "{}-tls-server", "{}-tls-replication"];
/// The label with which a change of a Secret is seen at once.
const RELOAD: &str = "cnpg.io/reload";
/// The operator's own user map for standbys.
const MAP: &str = "cnpg_streaming_replica";

/// The objects.
///
/// # Errors
/// [`KubernetesError`]
pub fn cnpg(naming: &Naming, goods: &Goods) -> Result<Vec<Manifest>, KubernetesError> {
    let [ca, server, replication] = naming.secrets(USUAL)?;
    let (mut all, mut certificates) = (Vec::new(), Vec::new());
    let authority = |name: &str, part: &Part| {
        let meta = naming.meta.named(name).labelled(RELOAD, "");
        Manifest::secret(&meta, SecretKind::Generic, &[("ca.crt", &part.contents)])
    };
    // It signs clients, for `kubectl cnpg certificate`; the server's CA would sign where there is no serverTLSSecret.
    let of_clients = |name: &str, part: &Part| match &goods.ca {
        None => authority(name, part),
        Some(HandedCa { trust, key }) => {
            let meta = naming.meta.named(name).labelled(RELOAD, "");
            let data = [("ca.crt", &trust.contents), ("ca.key", key)];
            Ok(Manifest::secret(&meta, SecretKind::Generic, &data)?.holding_ca_key())
        }
    };
    match (&goods.server_trust, &goods.client_trust) {
        (Some(servers), Some(clients)) => {
            let name = |side: &str| super::label_name("--ca-secret", &format!("{ca}-{side}"));
            let (server_ca, client_ca) = (name("server")?, name("client")?);
            all.extend([authority(&server_ca, servers)?, of_clients(&client_ca, clients)?]);
            certificates.extend([("serverCASecret", server_ca), ("clientCASecret", client_ca)]);
        }
        _ => {
            all.push(of_clients(&ca, &goods.trust)?);
            certificates.extend([("serverCASecret", ca.clone()), ("clientCASecret", ca)]);
        }
    }
    let pairs = [
        ("serverTLSSecret", server, Some(&goods.server)),
        ("replicationTLSSecret", replication, goods.replication.as_ref()),
    ];
    for (key, name, pair) in pairs {
        let Some(KeyPair { certificate, key: own, .. }) = pair else { continue };
        let meta = naming.meta.named(&name).labelled(RELOAD, "");
        let data = [("tls.crt", &certificate.contents), ("tls.key", &own.contents)];
        all.push(Manifest::secret(&meta, SecretKind::Tls, &data)?);
        certificates.push((key, name));
    }
    all.push(cluster(naming, goods, certificates)?);
    Ok(all)
}

/// The part of the `Cluster`.
fn cluster(
    naming: &Naming,
    goods: &Goods,
    certificates: Vec<(&str, String)>,
) -> Result<Manifest, KubernetesError> {
    let certificates = certificates.into_iter().map(|(key, name)| (key.to_owned(), name.into()));
    let mut spec = vec![("certificates", Yaml::Map(certificates.collect()))];
    let role = Target::Cnpg.replication_role().unwrap_or_default();
    if let Some(pair) = goods.replication.as_ref().filter(|pair| pair.common_name != role) {
        let line =
            pg_ident_line(MAP, &pair.common_name, role, None).ok_or_else(|| KubernetesError::Lacking {
                fact: format!("no line of pg_ident.conf can hold the common name of \"{}\"", pair.shown),
                detail: "There is a control character in it.".to_owned(),
                hint: format!("Make another for the role: pgtls issue client {role}"),
            })?;
        spec.push(("postgresql", map([("pg_ident", texts([line]))])));
    }
    let spec = Yaml::Map(spec.into_iter().map(|(key, value)| (key.to_owned(), value)).collect());
    let meta = naming.meta.named(&naming.cluster);
    Ok(Manifest::resource("postgresql.cnpg.io/v1", "Cluster", &meta, spec).into_part_of(RESOURCE))
}
