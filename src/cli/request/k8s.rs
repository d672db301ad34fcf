//! `k8s`: what the objects are called, and which flags go with which target.

use super::{CliError, directory};
use crate::cli::args::{K8sArgs, ObjectArgs, ReplicaModeWord, TargetWord};
use crate::error::Error;
use crate::k8s::{
    KubernetesError, Meta, Naming, PgoV4, ReplicaSslMode, Target, annotation, label, label_name,
};
use crate::ops::ManifestRequest;
use std::collections::BTreeMap;
use std::ffi::OsString;

/// `k8s`.
pub(in crate::cli) fn manifests(
    args: &K8sArgs,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<ManifestRequest, CliError> {
    let target = match args.target {
        TargetWord::PgoV4 => Target::PgoV4,
        TargetWord::PgoV5 => Target::PgoV5,
        TargetWord::Cnpg => Target::Cnpg,
        TargetWord::Zalando => Target::Zalando,
    };
    refuse_foreign(args, target).map_err(Error::from)?;
    let prints = args.write.is_none() && !args.output.dry_run;
    if args.output.json && prints {
        return Err(CliError::Flags {
            fact: "--json and manifests cannot both go to standard output".to_owned(),
            hint: "Give the manifests a file: --write FILE.",
        });
    }
    let usual = PgoV4::default();
    Ok(ManifestRequest {
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
    })
}

fn naming(args: &ObjectArgs) -> Result<Naming, KubernetesError> {
    let named = |flag, name: &Option<String>| name.as_deref().map(|name| label_name(flag, name)).transpose();
    let held =
        |flag, list: &[String], read: fn(&'static str, &str) -> Result<(String, String), KubernetesError>| {
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

/// A flag that would do nothing is none.
fn refuse_foreign(args: &K8sArgs, target: Target) -> Result<(), KubernetesError> {
    use Target::{Cnpg, PgoV4, PgoV5, Zalando};
    const OF_PGO: &str = "It is for pgo-v4.";
    const OF_STANDBYS: &str = "It is for pgo-v4, pgo-v5 and cnpg, whose standbys log in by certificate.";
    let (names, certificates) = (&args.names, &args.certificates);
    let of_standbys: &[Target] = &[PgoV4, PgoV5, Cnpg];
    let flags: [(&'static str, bool, &[Target], &'static str); 8] = [
        ("--commands", args.pgo.commands, &[PgoV4], OF_PGO),
        ("--replica-count", args.pgo.replica_count.is_some(), &[PgoV4], OF_PGO),
        ("--replica-sslmode", args.pgo.replica_sslmode.is_some(), &[PgoV4], OF_PGO),
        ("--no-replication", certificates.no_replication, &[PgoV4], OF_PGO),
        ("--replication", certificates.replication.is_some(), of_standbys, OF_STANDBYS),
        ("--replication-secret", names.replication_secret.is_some(), of_standbys, OF_STANDBYS),
        (
            "--ca-secret",
            names.ca_secret.is_some(),
            &[PgoV4, Cnpg],
            "It is for pgo-v4 and cnpg; the others have ca.crt in the Secret of the server.",
        ),
        (
            "--secrets-only",
            args.secrets_only,
            &[PgoV5, Cnpg, Zalando],
            "It is for pgo-v5, cnpg and zalando, which have a resource besides.",
        ),
    ];
    let foreign = flags.into_iter().find(|(_, given, targets, _)| *given && !targets.contains(&target));
    match foreign {
        Some((flag, _, _, hint)) => Err(KubernetesError::NotForTarget { flag, target: target.word(), hint }),
        None => Ok(()),
    }
}
