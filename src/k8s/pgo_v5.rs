//! Crunchy PGO 5: two Secrets with the literal keys `tls.crt`, `tls.key` and `ca.crt`, both or neither, with the same
//! `ca.crt`, and the part of a `PostgresCluster` that names them.
//!
//! Sources: postgrescluster_types.go, internal/controller/postgrescluster/pki.go, internal/postgres/hba.go of 5.8
//! (`customReplicationTLSSecret`: of it the name alone is read; the HBA method is `cert`, without a map).

use super::goods::{Goods, KeyPair, Naming};
use super::manifest::{Manifest, SecretKind};
use super::yaml::map;
use super::{KubernetesError, Part};

/// The usual names; the operator's own are `NAME-cluster-cert` and `NAME-replication-cert`.
const USUAL: [&str; 3] = ["{}-tls", "{}-tls", "{}-replication-tls"];

/// The objects.
///
/// # Errors
/// [`KubernetesError`]
pub fn pgo_v5(naming: &Naming, goods: &Goods) -> Result<Vec<Manifest>, KubernetesError> {
    let [_, server, replication] = naming.secrets(USUAL)?;
    let mut all = vec![three_keys(naming, &server, &goods.server, &goods.trust)?];
    let mut spec = map([("customTLSSecret", map([("name", server.as_str().into())]))]);
    if let Some(pair) = &goods.replication {
        all.push(three_keys(naming, &replication, pair, &goods.trust)?);
        spec = map([
            ("customReplicationTLSSecret", map([("name", replication.as_str().into())])),
            ("customTLSSecret", map([("name", server.as_str().into())])),
        ]);
    }
    let meta = naming.meta.named(&naming.cluster);
    all.push(Manifest::resource("postgres-operator.crunchydata.com/v1beta1", "PostgresCluster", &meta, spec));
    Ok(all)
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
