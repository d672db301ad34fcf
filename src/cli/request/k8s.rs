//! `k8s`: what the objects are called, and which flags go with which target.

use super::generate::setting;
use super::{CliError, directory};
use crate::cli::args::{K8sArgs, ObjectArgs, ReplicaModeWord, TargetWord};
use crate::error::Error;
use crate::k8s::{
    KubernetesError, Meta, Naming, PgoV4, ReplicaSslMode, Target, annotation, label, label_name,
};
use crate::ops::{self, CertManagerRequest, ManifestRequest};
use crate::profile::{self, Overrides};
use std::collections::BTreeMap;
use std::ffi::OsString;

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
        passphrase_file: args.certificates.passphrase_file.clone(),
        pgo_v4: PgoV4 {
            replica_sslmode: match args.pgo.replica_sslmode {
                Some(ReplicaModeWord::VerifyFull) => ReplicaSslMode::VerifyFull,
                Some(ReplicaModeWord::VerifyCa) | None => ReplicaSslMode::VerifyCa,
            },
            replica_count: args.pgo.replica_count.unwrap_or(usual.replica_count),
        },
        commands: args.pgo.commands,
        secrets_only: args.secrets_only,
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
        adopt: args.issuing.adopt,
        passphrase_file: args.certificates.passphrase_file.clone(),
        write: args.write.clone(),
        dry_run: args.output.dry_run,
    })))
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
    })
}

/// A flag that would do nothing is none. No target: cert-manager.
fn refuse_foreign(args: &K8sArgs, target: Option<Target>) -> Result<(), KubernetesError> {
    use Target::{Cnpg, PgoV4, PgoV5, Zalando};
    const OF_PGO: &str = "It is for pgo-v4.";
    const OF_STANDBYS: &str = "It is for pgo-v4, pgo-v5 and cnpg, whose standbys log in by certificate.";
    const OF_CERT_MANAGER: &str = "It is for cert-manager.";
    const OF_A_DIRECTORY: &str = "cert-manager makes the certificates itself: it is for the other targets.";
    let (names, certificates, issuing) = (&args.names, &args.certificates, &args.issuing);
    let of_pgo: &[Option<Target>] = &[Some(PgoV4)];
    let of_standbys: &[Option<Target>] = &[Some(PgoV4), Some(PgoV5), Some(Cnpg)];
    let of_directory: &[Option<Target>] = &[Some(PgoV4), Some(PgoV5), Some(Cnpg), Some(Zalando)];
    let of_cert_manager: &[Option<Target>] = &[None];
    let adopts: &[Option<Target>] = if issuing.adopt { &[None] } else { &[] };
    let reads_directory = [of_directory, adopts].concat();
    type Row<'r> = (&'static str, bool, &'r [Option<Target>], &'static str);
    let flags: [Row<'_>; 15] = [
        ("--commands", args.pgo.commands, of_pgo, OF_PGO),
        ("--replica-count", args.pgo.replica_count.is_some(), of_pgo, OF_PGO),
        ("--replica-sslmode", args.pgo.replica_sslmode.is_some(), of_pgo, OF_PGO),
        ("--no-replication", certificates.no_replication, of_pgo, OF_PGO),
        ("--replication", certificates.replication.is_some(), of_standbys, OF_STANDBYS),
        ("--replication-secret", names.replication_secret.is_some(), of_standbys, OF_STANDBYS),
        (
            "--ca-secret",
            names.ca_secret.is_some(),
            &[Some(PgoV4), Some(Cnpg)],
            "It is for pgo-v4 and cnpg; the others have ca.crt in the Secret of the server.",
        ),
        (
            "--secrets-only",
            args.secrets_only,
            &[Some(PgoV5), Some(Cnpg), Some(Zalando)],
            "It is for pgo-v5, cnpg and zalando, which have a resource besides.",
        ),
        ("--server", certificates.server.is_some(), of_directory, OF_A_DIRECTORY),
        ("--server-secret", names.server_secret.is_some(), of_directory, OF_A_DIRECTORY),
        ("-D", certificates.dir.is_some(), &reads_directory, "With cert-manager it goes with --adopt."),
        (
            "--passphrase-file",
            certificates.passphrase_file.is_some(),
            &reads_directory,
            "With cert-manager it goes with --adopt.",
        ),
        ("--profile", issuing.profile.is_some(), of_cert_manager, OF_CERT_MANAGER),
        ("--set", !issuing.set.is_empty(), of_cert_manager, OF_CERT_MANAGER),
        ("--adopt", issuing.adopt, of_cert_manager, OF_CERT_MANAGER),
    ];
    let foreign = flags.into_iter().find(|(_, given, targets, _)| *given && !targets.contains(&target));
    match foreign {
        Some((flag, _, _, hint)) => {
            let target = target.map_or("cert-manager", Target::word);
            Err(KubernetesError::NotForTarget { flag, target, hint })
        }
        None => Ok(()),
    }
}
