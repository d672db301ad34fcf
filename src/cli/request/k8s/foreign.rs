//! Which flags of `k8s` go with which target: one that would do nothing is refused.

use crate::cli::args::K8sArgs;
use crate::k8s::{KubernetesError, Target};

/// A flag, whether it was given, whom it is for (no target: cert-manager), and what is said to others.
type Row = (&'static str, bool, &'static [Option<Target>], &'static str);

const PGO_V4: &[Option<Target>] = &[Some(Target::PgoV4)];
const PGO: &[Option<Target>] = &[Some(Target::PgoV4), Some(Target::PgoV5)];
const WITH_STANDBYS: &[Option<Target>] = &[Some(Target::PgoV4), Some(Target::PgoV5), Some(Target::Cnpg)];
const WITH_CA_SECRET: &[Option<Target>] = &[Some(Target::PgoV4), Some(Target::Cnpg)];
const WITH_RESOURCE: &[Option<Target>] = &[Some(Target::PgoV5), Some(Target::Cnpg), Some(Target::Zalando)];
const SIGNING: &[Option<Target>] = &[Some(Target::PgoV5), Some(Target::Cnpg)];
const OPERATORS: &[Option<Target>] =
    &[Some(Target::PgoV4), Some(Target::PgoV5), Some(Target::Cnpg), Some(Target::Zalando)];
const CERT_MANAGER: &[Option<Target>] = &[None];
const ALL: &[Option<Target>] =
    &[Some(Target::PgoV4), Some(Target::PgoV5), Some(Target::Cnpg), Some(Target::Zalando), None];
const NOBODY: &[Option<Target>] = &[];

/// Refuses the first that goes with another target. No target: cert-manager.
pub(super) fn refuse_foreign(args: &K8sArgs, target: Option<Target>) -> Result<(), KubernetesError> {
    let rows = pgo(args).into_iter().chain(names(args)).chain(certificates(args)).chain(authorities(args));
    let foreign = rows.into_iter().find(|(_, given, targets, _)| *given && !targets.contains(&target));
    match foreign {
        Some((flag, _, _, hint)) => {
            let target = target.map_or("cert-manager", Target::word);
            Err(KubernetesError::NotForTarget { flag, target, hint })
        }
        None => Ok(()),
    }
}

fn pgo(args: &K8sArgs) -> [Row; 6] {
    const HINT: &str = "It is for pgo-v4.";
    const POOLER: &str = "It is for pgo-v4 and pgo-v5, whose pgBouncer has a certificate of its own.";
    let (pgo, certificates) = (&args.pgo, &args.certificates);
    [
        ("--commands", pgo.commands, PGO_V4, HINT),
        ("--replica-count", pgo.replica_count.is_some(), PGO_V4, HINT),
        ("--replica-sslmode", pgo.replica_sslmode.is_some(), PGO_V4, HINT),
        ("--no-replication", certificates.no_replication, PGO_V4, HINT),
        ("--pgbouncer-tls-secret", args.names.pgbouncer_tls_secret.is_some(), PGO, POOLER),
        ("--pgbouncer", certificates.pgbouncer.is_some(), PGO, POOLER),
    ]
}

fn names(args: &K8sArgs) -> [Row; 4] {
    const STANDBYS: &str = "It is for pgo-v4, pgo-v5 and cnpg, whose standbys log in by certificate.";
    const CA: &str = "It is for pgo-v4 and cnpg; the others have ca.crt in the Secret of the server.";
    const RESOURCE: &str = "It is for pgo-v5, cnpg and zalando, which have a resource besides.";
    [
        ("--replication-secret", args.names.replication_secret.is_some(), WITH_STANDBYS, STANDBYS),
        ("--ca-secret", args.names.ca_secret.is_some(), WITH_CA_SECRET, CA),
        ("--secrets-only", args.secrets_only, WITH_RESOURCE, RESOURCE),
        ("--patch", args.patch, WITH_RESOURCE, RESOURCE),
    ]
}

fn certificates(args: &K8sArgs) -> [Row; 5] {
    const STANDBYS: &str = "It is for pgo-v4, pgo-v5 and cnpg, whose standbys log in by certificate.";
    const DIRECTORY: &str = "cert-manager makes the certificates itself: it is for the other targets.";
    const ADOPTS: &str = "With cert-manager it goes with --adopt.";
    let certificates = &args.certificates;
    let reading = if args.issuing.adopt { ALL } else { OPERATORS };
    [
        ("--replication", certificates.replication.is_some(), WITH_STANDBYS, STANDBYS),
        ("--server", certificates.server.is_some(), OPERATORS, DIRECTORY),
        ("--server-secret", args.names.server_secret.is_some(), OPERATORS, DIRECTORY),
        ("-D", certificates.dir.is_some(), reading, ADOPTS),
        (
            "--passphrase-file",
            certificates.passphrase_file.is_some(),
            OPERATORS,
            "It is for the keys of servers and \
          standbys; --ca-passphrase-file opens that of a CA.",
        ),
    ]
}

fn authorities(args: &K8sArgs) -> [Row; 7] {
    const CERT: &str = "It is for cert-manager.";
    const KEY: &str = "It goes with --with-ca-key, and for cert-manager with --adopt.";
    const SIGNS: &str =
        "It is for pgo-v5 and cnpg, which sign with it; cert-manager is handed a CA by --adopt.";
    let (authority, issuing) = (&args.authority, &args.issuing);
    let handing = if issuing.adopt || authority.with_ca_key { ALL } else { NOBODY };
    [
        ("--with-ca-key", authority.with_ca_key, SIGNING, SIGNS),
        ("--ca-dir", authority.ca_dir.is_some(), handing, KEY),
        ("--ca-passphrase-file", authority.ca_passphrase_file.is_some(), handing, KEY),
        ("--profile", issuing.profile.is_some(), CERT_MANAGER, CERT),
        ("--set", !issuing.set.is_empty(), CERT_MANAGER, CERT),
        ("--adopt", issuing.adopt, CERT_MANAGER, CERT),
        ("--bundle", issuing.bundle, CERT_MANAGER, CERT),
    ]
}
