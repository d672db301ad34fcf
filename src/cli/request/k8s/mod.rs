//! `k8s`: what the objects are called, and which flags go with which target.

mod foreign;

use super::generate::setting;
use super::{CliError, directory, passphrase, path_variable};
use crate::cli::args::{K8sArgs, ObjectArgs, ReplicaModeWord, TargetWord};
use crate::error::Error;
use crate::k8s::{
    KubernetesError, Meta, Naming, PgoV4, ReplicaSslMode, Target, annotation, label, label_name,
};
use crate::ops::{self, CaKeys, CertManagerRequest, Extent, ManifestRequest};
use crate::profile::{self, Overrides};
use std::collections::BTreeMap;
use std::ffi::OsString;

use foreign::refuse_foreign;

/// What is made: out of a directory, or on the cluster.
pub(in crate::cli) enum Wanted {
    /// Objects that hold what is in a directory.
    Manifests(Box<ManifestRequest>),
    /// Objects by which the cluster issues for itself.
    Issuing(Box<CertManagerRequest>),
}

/// `k8s`.
pub(in crate::cli) fn manifests(
    args: &K8sArgs,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Wanted, CliError> {
    let target = match args.target {
        TargetWord::CertManager => None,
        TargetWord::PgoV4 => Some(Target::PgoV4),
        TargetWord::PgoV5 => Some(Target::PgoV5),
        TargetWord::Cnpg => Some(Target::Cnpg),
        TargetWord::Zalando => Some(Target::Zalando),
    };
    refuse_foreign(args, target).map_err(Error::from)?;
    let prints = args.write.is_none() && !args.output.dry_run;
    if args.output.json && prints {
        return Err(CliError::Flags {
            fact: "--json and manifests cannot both go to standard output".to_owned(),
            hint: "Give the manifests a file: --write FILE.",
        });
    }
    let Some(target) = target else { return issuing(args, variable) };
    let usual = PgoV4::default();
    Ok(Wanted::Manifests(Box::new(ManifestRequest {
        target,
        naming: naming(&args.names).map_err(Error::from)?,
        directory: directory(args.certificates.dir.clone(), variable),
        server: args.certificates.server.clone(),
        replication: args.certificates.replication.clone(),
        without_replication: args.certificates.no_replication,
        pgbouncer: args.certificates.pgbouncer.clone(),
        with_ca_key: args.authority.with_ca_key.then(|| ca_keys(args, variable)),
        passphrase_file: args.certificates.passphrase_file.clone(),
        pgo_v4: PgoV4 {
            replica_sslmode: match args.pgo.replica_sslmode {
                Some(ReplicaModeWord::VerifyFull) => ReplicaSslMode::VerifyFull,
                Some(ReplicaModeWord::VerifyCa) | None => ReplicaSslMode::VerifyCa,
            },
            replica_count: args.pgo.replica_count.unwrap_or(usual.replica_count),
        },
        commands: args.pgo.commands,
        extent: match (args.secrets_only, args.patch) {
            (true, _) => Extent::Secrets,
            (false, true) => Extent::Patch,
            (false, false) => Extent::Everything,
        },
        write: args.write.clone(),
        dry_run: args.output.dry_run,
    })))
}

/// `k8s cert-manager`.
fn issuing(args: &K8sArgs, variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Wanted, CliError> {
    let naming = naming(&args.names).map_err(Error::from)?;
    let Some(namespace) = naming.meta.namespace.clone() else {
        return Err(CliError::Flags {
            fact: "cert-manager has its root in another namespace than the database".to_owned(),
            hint: "Give the namespace of the database with -n.",
        });
    };
    let source = ops::profile_source(args.issuing.profile.as_deref().unwrap_or("intermediate"))?;
    let known = profile::setting_names(&source.text);
    let own = [("cluster", &naming.cluster), ("namespace", &namespace)];
    let own = own.into_iter().filter(|(key, _)| known.iter().any(|known| known == key));
    let mut set: Vec<(String, String)> = own.map(|(key, value)| (key.to_owned(), value.clone())).collect();
    for text in &args.issuing.set {
        set.push(setting(text)?);
    }
    let overrides = Overrides { set, ..Overrides::default() };
    let profile = profile::parse(&source.origin, &source.text, &overrides).map_err(Error::from)?;
    Ok(Wanted::Issuing(Box::new(CertManagerRequest {
        naming,
        profile: profile.into(),
        directory: directory(args.certificates.dir.clone(), variable),
        adopt: args.issuing.adopt.then(|| ca_keys(args, variable)),
        bundle: args.issuing.bundle,
        write: args.write.clone(),
        dry_run: args.output.dry_run,
    })))
}

/// Where the keys of CAs lie, by flag or variable.
fn ca_keys(args: &K8sArgs, variable: &dyn Fn(&str) -> Option<OsString>) -> CaKeys {
    let authority = &args.authority;
    CaKeys {
        directory: authority.ca_dir.clone().or_else(|| path_variable(variable, "PGTLS_CA_DIR")),
        passphrase: passphrase(authority.ca_passphrase_file.clone(), variable),
    }
}

/// What reads `KEY=VALUE` of a flag.
type ReadPair = fn(&'static str, &str) -> Result<(String, String), KubernetesError>;

fn naming(args: &ObjectArgs) -> Result<Naming, KubernetesError> {
    let named = |flag, name: &Option<String>| name.as_deref().map(|name| label_name(flag, name)).transpose();
    let held = |flag, list: &[String], read: ReadPair| {
        list.iter().map(|text| read(flag, text)).collect::<Result<BTreeMap<_, _>, _>>()
    };
    Ok(Naming {
        cluster: label_name("--cluster", &args.cluster)?,
        meta: Meta {
            name: String::new(),
            namespace: named("--namespace", &args.namespace)?,
            labels: held("--label", &args.label, label)?,
            annotations: held("--annotation", &args.annotation, annotation)?,
        },
        ca_secret: named("--ca-secret", &args.ca_secret)?,
        server_secret: named("--server-secret", &args.server_secret)?,
        replication_secret: named("--replication-secret", &args.replication_secret)?,
        pgbouncer_secret: named("--pgbouncer-tls-secret", &args.pgbouncer_tls_secret)?,
    })
}
