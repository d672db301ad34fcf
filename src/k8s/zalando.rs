//! Zalando's operator: one Secret that Spilo mounts at `/tls`, and the part of a `postgresql` that names it.
//!
//! Sources: docs/user.md, "Custom TLS certificates"; `generateTlsMounts` in pkg/cluster/k8sres.go. The Secret's name is
//! that of a volume too. 103 is the group of postgres in Spilo, without which it cannot read its key. There is no field
//! for revocation lists: the setting stands among the parameters, which the operator hands on.

use super::KubernetesError;
use super::goods::{Goods, Naming};
use super::manifest::{Manifest, SecretKind};
use super::yaml::{Yaml, map};

/// Its name for kubectl.
const RESOURCE: &str = "postgresqls.acid.zalan.do";
/// The usual names; there is one Secret.
const USUAL: [&str; 3] = ["{}-tls", "{}-tls", "{}-tls"];
/// The group of postgres in Spilo.
const SPILO_GROUP: i64 = 103;

/// The objects.
///
/// # Errors
/// [`KubernetesError`]
pub fn zalando(naming: &Naming, goods: &Goods) -> Result<Vec<Manifest>, KubernetesError> {
    let [_, name, _] = naming.secrets(USUAL)?;
    let mut data = vec![("ca.crt", &goods.trust.contents)];
    data.extend(goods.lists.as_ref().map(|lists| ("ca.crl", &lists.contents)));
    let pair = &goods.server;
    data.extend([("tls.crt", &pair.certificate.contents), ("tls.key", &pair.key.contents)]);
    let secret = Manifest::secret(&naming.meta.named(&name), SecretKind::Tls, &data)?;
    let mut spec = vec![
        ("spiloFSGroup", Yaml::Number(SPILO_GROUP)),
        ("tls", map([("caFile", "ca.crt".into()), ("secretName", name.as_str().into())])),
    ];
    if goods.lists.is_some() {
        let parameters = map([("ssl_crl_file", "/tls/ca.crl".into())]);
        spec.push(("postgresql", map([("parameters", parameters)])));
    }
    let spec = Yaml::Map(spec.into_iter().map(|(key, value)| (key.to_owned(), value)).collect());
    let meta = naming.meta.named(&naming.cluster);
    Ok(vec![secret, Manifest::resource("acid.zalan.do/v1", "postgresql", &meta, spec).into_part_of(RESOURCE)])
}
