//! Crunchy PGO 5: two Secrets with the literal keys `tls.crt`, `tls.key` and `ca.crt`, both or neither, with the same
//! `ca.crt`, and the part of a `PostgresCluster` that names them. On request, the root with which the operator signs what it
//! makes itself, in a Secret of its own name.
//!
//! Sources: postgrescluster_types.go, internal/controller/postgrescluster/pki.go, internal/postgres/hba.go of 5.8
//! (`customReplicationTLSSecret`: of it the name alone is read; the HBA method is `cert`, without a map).

use super::goods::{Goods, HandedCa, KeyPair, Naming};
use super::manifest::{Manifest, SecretKind};
use super::yaml::{Yaml, map};
use super::{KubernetesError, Part};

/// Its name for kubectl.
const RESOURCE: &str = "postgresclusters.postgres-operator.crunchydata.com";
/// The usual names; the operator's own are `NAME-cluster-cert` and `NAME-replication-cert`.
const USUAL: [&str; 3] = ["{}-tls", "{}-tls", "{}-replication-tls"];
/// The Secret in which the operator looks for a root, of which there is one in a namespace (internal/naming/names.go).
const OWN_ROOT: &str = "pgo-root-cacert";

/// The objects.
///
/// # Errors
/// [`KubernetesError`]
pub fn pgo_v5(naming: &Naming, goods: &Goods) -> Result<Vec<Manifest>, KubernetesError> {
    let [_, server, replication] = naming.secrets(USUAL)?;
    let mut all = vec![three_keys(naming, &server, &goods.server, &goods.trust)?];
    let mut spec = vec![("customTLSSecret", named(&server))];
    if let Some(pair) = &goods.replication {
        all.push(three_keys(naming, &replication, pair, &goods.trust)?);
        spec.push(("customReplicationTLSSecret", named(&replication)));
    }
    if let (Some(pair), Some(name)) = (&goods.pgbouncer, &naming.pgbouncer_secret) {
        all.push(three_keys(naming, name, pair, &goods.trust)?);
        spec.push(("proxy", map([("pgBouncer", map([("customTLSSecret", named(name))]))])));
    }
    if let Some(HandedCa { trust, key }) = &goods.ca {
        let data = [("root.crt", &trust.contents), ("root.key", key)];
        let secret = Manifest::secret(&naming.meta.named(OWN_ROOT), SecretKind::Generic, &data)?;
        all.push(secret.holding_ca_key());
    }
    let spec = Yaml::Map(spec.into_iter().map(|(key, value)| (key.to_owned(), value)).collect());
    let meta = naming.meta.named(&naming.cluster);
    let version = "postgres-operator.crunchydata.com/v1beta1";
    all.push(Manifest::resource(version, "PostgresCluster", &meta, spec).into_part_of(RESOURCE));
    Ok(all)
}

/// A reference to a Secret.
fn named(secret: &str) -> Yaml {
    map([("name", secret.into())])
}

/// A pair, and what it is trusted by.
pub(super) fn three_keys(
    naming: &Naming,
    name: &str,
    pair: &KeyPair,
    trust: &Part,
) -> Result<Manifest, KubernetesError> {
    let data = [
        ("ca.crt", &trust.contents),
        ("tls.crt", &pair.certificate.contents),
        ("tls.key", &pair.key.contents),
    ];
    Manifest::secret(&naming.meta.named(name), SecretKind::Tls, &data)
}
