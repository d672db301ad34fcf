//! Crunchy PGO 4: the Secrets of its guide "Setup TLS", the commands of that guide, and the custom configuration where
//! its usual one does not do.
//!
//! Sources: that guide; `validateClusterTLS` in clusterimpl.go; crunchy-containers 4.7, pre-bootstrap.sh (the file
//! `postgres-ha.yaml` of a custom configuration is laid over all else, lists replaced whole) and
//! postgres-ha-pghba-*.yaml.

use super::command::ShellCommand;
use super::goods::{Goods, KeyPair, Naming};
use super::manifest::{Manifest, SecretKind};
use super::yaml::{Yaml, map, texts};
use super::{KubernetesError, Target};
use crate::config::pg_ident_line;

/// How a replica looks at the primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReplicaSslMode {
    /// What PGO sets by itself.
    #[default]
    VerifyCa,
    /// With the name too, which is the primary's address: Patroni's connect_address is the pod's (pre-bootstrap.sh).
    VerifyFull,
}

/// What is asked of PGO 4 besides names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PgoV4 {
    /// How replicas look at the primary.
    pub replica_sslmode: ReplicaSslMode,
    /// How many replicas the third command has.
    pub replica_count: u32,
}

impl Default for PgoV4 {
    /// The guide's two replicas.
    fn default() -> Self {
        Self { replica_sslmode: ReplicaSslMode::default(), replica_count: 2 }
    }
}

/// The usual names of the Secrets, as the guide has them.
const USUAL: [&str; 3] = ["postgresql-ca", "{}-tls-keypair", "{}-tls-replication-keypair"];
/// The user map of the custom configuration.
const MAP: &str = "replication";

impl PgoV4 {
    /// The objects.
    ///
    /// # Errors
    /// [`KubernetesError`]
    pub fn manifests(&self, naming: &Naming, goods: &Goods) -> Result<Vec<Manifest>, KubernetesError> {
        let [ca, server, replication] = naming.secrets(USUAL)?;
        let mut data = vec![("ca.crt", &goods.trust.contents)];
        data.extend(goods.lists.as_ref().map(|lists| ("ca.crl", &lists.contents)));
        let mut all = vec![Manifest::secret(&naming.meta.named(&ca), SecretKind::Generic, &data)?];
        for (name, pair) in pairs(naming, goods, &server, &replication) {
            let KeyPair { certificate, key, .. } = pair;
            let data = [("tls.crt", &certificate.contents), ("tls.key", &key.contents)];
            all.push(Manifest::secret(&naming.meta.named(name), SecretKind::Tls, &data)?);
        }
        all.extend(self.configuration(naming, goods)?);
        Ok(all)
    }

    /// The custom configuration, where the usual one does not do.
    fn configuration(&self, naming: &Naming, goods: &Goods) -> Result<Option<Manifest>, KubernetesError> {
        let Some(pair) = &goods.replication else { return Ok(None) };
        let role = Target::PgoV4.replication_role().unwrap_or_default();
        let mut settings = Vec::new();
        if self.replica_sslmode == ReplicaSslMode::VerifyFull {
            let replication = map([("replication", map([("sslmode", "verify-full".into())]))]);
            settings.push(("authentication", replication));
        }
        if pair.common_name != role {
            let line = pg_ident_line(MAP, &pair.common_name, role, None).ok_or_else(|| unmappable(pair))?;
            settings.push(("pg_ident", texts([line])));
            // The whole list, for it takes the place of PGO's own with --tls-only.
            settings.push((
                "pg_hba",
                texts([
                    "local all postgres peer".to_owned(),
                    "local all crunchyadm peer".to_owned(),
                    format!("hostssl replication {role} 0.0.0.0/0 cert map={MAP}"),
                    format!("hostssl all {role} 0.0.0.0/0 reject"),
                    "hostssl all all 0.0.0.0/0 md5".to_owned(),
                ]),
            ));
        }
        if settings.is_empty() {
            return Ok(None);
        }
        let settings = settings.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let text = map([("postgresql", Yaml::Map(settings))]).document();
        let text = String::from_utf8_lossy(&text).into_owned();
        let name = super::label_name("--cluster", &configuration_name(naming))?;
        Ok(Some(Manifest::config_map(&naming.meta.named(&name), "postgres-ha.yaml", &text)))
    }

    /// The guide's commands: `kubectl create secret`, and each way of `pgo create cluster`.
    ///
    /// # Errors
    /// [`KubernetesError::Lacking`] where a file is not one that kubectl takes as it is.
    pub fn commands(&self, naming: &Naming, goods: &Goods) -> Result<Vec<ShellCommand>, KubernetesError> {
        let [ca, server, replication] = naming.secrets(USUAL)?;
        let namespace = naming.meta.namespace.as_deref();
        let file = |flag: &str, part: &super::Part, what: &str| match &part.file {
            // kubectl splits what is behind --from-file at these.
            Some(file) if flag.starts_with("--from-file") && file.contains(['=', ',', '"']) => {
                Err(not_as_it_is(what))
            }
            Some(file) => Ok(format!("{flag}{file}")),
            None => Err(not_as_it_is(what)),
        };
        let mut flags = vec![file("--from-file=ca.crt=", &goods.trust, "what is trusted")?];
        if let Some(lists) = &goods.lists {
            flags.push(file("--from-file=ca.crl=", lists, "the revocation lists")?);
        }
        let mut all = vec![create(&["generic", &ca], namespace, flags)];
        let pairs = pairs(naming, goods, &server, &replication);
        for (name, pair) in &pairs {
            let flags =
                vec![file("--cert=", &pair.certificate, &pair.shown)?, file("--key=", &pair.key, "its key")?];
            all.push(create(&["tls", name], namespace, flags));
        }
        if naming.is_decorated() {
            let names = std::iter::once(ca.as_str()).chain(pairs.iter().map(|(name, _)| *name));
            all.extend(decorate(naming, &names.collect::<Vec<_>>()));
        }
        let configuration = self.configuration(naming, goods)?;
        if let Some(manifest) = &configuration {
            let input = String::from_utf8_lossy(&manifest.document()).into_owned();
            all.push(ShellCommand::new(["kubectl", "apply"], vec!["-f -".to_owned()]).with_input(input));
        }
        let custom = configuration.map(|manifest| format!("--custom-config={}", manifest.name));
        all.extend(self.clusters(naming, goods, [&ca, &server, &replication], custom.as_deref()));
        Ok(all)
    }

    /// Each way of `pgo create cluster`.
    fn clusters(
        &self,
        naming: &Naming,
        goods: &Goods,
        [ca, server, replication]: [&str; 3],
        custom: Option<&str>,
    ) -> Vec<ShellCommand> {
        let pooler = naming.pgbouncer_secret.as_ref().filter(|_| goods.pgbouncer.is_some());
        let pooler = pooler.map(|name| ["--pgbouncer".to_owned(), format!("--pgbouncer-tls-secret={name}")]);
        let pooler = pooler.as_ref().map_or(&[][..], |flags| flags);
        let cluster = |comment: &str, flags: &[&str]| {
            let mut words = vec!["pgo", "create", "cluster", &naming.cluster];
            words.extend(naming.meta.namespace.iter().flat_map(|namespace| ["-n", namespace]));
            let flags = flags.iter().map(|flag| (*flag).to_owned()).chain(pooler.iter().cloned());
            ShellCommand::new(words, flags.collect()).under(comment)
        };
        let secrets = [format!("--server-ca-secret={ca}"), format!("--server-tls-secret={server}")];
        let [ca_flag, server_flag] = &secrets;
        let mut all = vec![
            cluster("one of these: TLS beside connections without it", &[ca_flag, server_flag]),
            cluster("or TLS alone", &["--tls-only", ca_flag, server_flag]),
        ];
        if goods.replication.is_some() {
            let replication_flag = format!("--replication-tls-secret={replication}");
            let count = format!("--replica-count={}", self.replica_count);
            let mut flags = vec!["--tls-only", ca_flag, server_flag, &replication_flag, &count];
            flags.extend(custom);
            all.push(cluster("or TLS alone, with replicas that log in by certificate", &flags));
        }
        all
    }
}

fn configuration_name(naming: &Naming) -> String {
    format!("{}-tls-config", naming.cluster)
}

/// The pairs with the names of their Secrets.
fn pairs<'n>(
    naming: &'n Naming,
    goods: &'n Goods,
    server: &'n str,
    replication: &'n str,
) -> Vec<(&'n str, &'n KeyPair)> {
    let pooler = naming.pgbouncer_secret.as_deref().zip(goods.pgbouncer.as_ref());
    let standbys = goods.replication.as_ref().map(|pair| (replication, pair));
    std::iter::once((server, &goods.server)).chain(standbys).chain(pooler).collect()
}

fn create(words: &[&str; 2], namespace: Option<&str>, flags: Vec<String>) -> ShellCommand {
    let head = ["kubectl", "create", "secret"].into_iter().chain(words.iter().copied());
    ShellCommand::new(head.chain(namespace.iter().flat_map(|namespace| ["-n", namespace])), flags)
}

/// Labels and annotations, which `kubectl create secret` cannot give.
fn decorate(naming: &Naming, names: &[&str]) -> Vec<ShellCommand> {
    let meta = &naming.meta;
    let command = |verb: &'static str, held: &std::collections::BTreeMap<String, String>| {
        let words = ["kubectl", verb, "secret"].into_iter().chain(names.iter().copied());
        let namespace = meta.namespace.as_deref();
        let words = words.chain(namespace.iter().flat_map(|namespace| ["-n", namespace]));
        let flags = held.iter().map(|(key, value)| format!("{key}={value}")).collect();
        (!held.is_empty()).then(|| ShellCommand::new(words, flags))
    };
    [command("label", &meta.labels), command("annotate", &meta.annotations)].into_iter().flatten().collect()
}

fn unmappable(pair: &KeyPair) -> KubernetesError {
    KubernetesError::Lacking {
        fact: format!("no line of pg_ident.conf can hold the common name of \"{}\"", pair.shown),
        detail: "There is a control character in it.".to_owned(),
        hint: "Make another for the role: pgtls issue client primaryuser".to_owned(),
    }
}

fn not_as_it_is(what: &str) -> KubernetesError {
    KubernetesError::Lacking {
        fact: format!("no file holds {what} as kubectl takes it"),
        detail: "It is put together from several files, stands in another form than PEM, or has a \"=\", a comma or a \
                 quote in its path."
            .to_owned(),
        hint: "Leave --commands out: the manifests hold it.".to_owned(),
    }
}
