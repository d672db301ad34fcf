//! The flags of `k8s`.

use super::output::OutputArgs;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

const K8S_EXAMPLES: &str = "\
Examples:
  pgtls k8s pgo-v4 -n pgo | kubectl apply -f -
  pgtls k8s pgo-v4 -n pgo --commands       the same, and pgo create cluster
  pgtls k8s cnpg --cluster db -n prod | kubectl apply -f -
  pgtls k8s cnpg --cluster db -n prod --patch | kubectl patch --type=merge \\
    clusters.postgresql.cnpg.io db -n prod --patch-file=/dev/stdin
  pgtls k8s cnpg --with-ca-key --write ca.yaml      for kubectl cnpg certificate
  pgtls k8s pgo-v5 --pgbouncer-tls-secret hippo-pgbouncer-tls
  pgtls k8s zalando --cluster acid-db --write acid-db.yaml
  pgtls k8s cert-manager --profile cnpg --cluster db -n prod
Certificates that fit: pgtls gen cnpg --set cluster=db --set namespace=prod";

/// Who reads the manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum TargetWord {
    /// Crunchy PGO 4: what its guide "Setup TLS" makes
    PgoV4,
    /// Crunchy PGO 5: two Secrets and the part of a PostgresCluster
    PgoV5,
    /// CloudNativePG: Secrets and the part of a Cluster
    Cnpg,
    /// Zalando's operator: a Secret and the part of a postgresql
    Zalando,
    /// cert-manager: issuers and Certificates that reproduce a profile on the cluster
    CertManager,
}

/// How replicas look at the primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ReplicaModeWord {
    /// Its chain, as PGO has it by itself
    VerifyCa,
    /// Its name too, which is the address of its pod
    VerifyFull,
}

#[derive(Debug, Args)]
#[command(after_help = K8S_EXAMPLES)]
pub(in crate::cli) struct K8sArgs {
    /// Who reads the manifests
    #[arg(value_name = "TARGET")]
    pub(in crate::cli) target: TargetWord,

    #[command(flatten)]
    pub(in crate::cli) names: ObjectArgs,

    #[command(flatten)]
    pub(in crate::cli) certificates: PairArgs,

    #[command(flatten)]
    pub(in crate::cli) authority: AuthorityArgs,

    #[command(flatten)]
    pub(in crate::cli) pgo: PgoArgs,

    #[command(flatten)]
    pub(in crate::cli) issuing: IssuingArgs,

    /// Print the Secrets alone, without the comment that holds the part of the resource
    #[arg(long, help_heading = "Output", conflicts_with = "patch")]
    pub(in crate::cli) secrets_only: bool,

    /// Print the part of the resource alone, for kubectl patch --type=merge or kustomize
    #[arg(long, help_heading = "Output", conflicts_with = "with_ca_key")]
    pub(in crate::cli) patch: bool,

    /// Write a file, which must not exist and is born 0600, instead of standard output
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(in crate::cli) write: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Names of objects")]
pub(in crate::cli) struct ObjectArgs {
    /// The database cluster
    #[arg(long, value_name = "NAME", default_value = "hippo")]
    pub(in crate::cli) cluster: String,

    /// Namespace of every object [default: that of whoever applies it]
    #[arg(short, long, value_name = "NAME")]
    pub(in crate::cli) namespace: Option<String>,

    /// The Secret of the CA, for pgo-v4 and cnpg [default: postgresql-ca, CLUSTER-tls-ca]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) ca_secret: Option<String>,

    /// The Secret of the server [default: CLUSTER-tls-keypair, CLUSTER-tls, CLUSTER-tls-server]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) server_secret: Option<String>,

    /// The Secret of the standbys [default: CLUSTER-tls-replication-keypair, CLUSTER-replication-tls,
    /// CLUSTER-tls-replication]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) replication_secret: Option<String>,

    /// pgo-v4 and pgo-v5: a Secret for pgBouncer, which its clients see
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) pgbouncer_tls_secret: Option<String>,

    /// A label of every object (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub(in crate::cli) label: Vec<String>,

    /// An annotation of every object (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub(in crate::cli) annotation: Vec<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Certificates")]
pub(in crate::cli) struct PairArgs {
    /// Directory that they are in [env: PGTLS_DIR] [default: pki, else .]
    #[arg(short = 'D', long, value_name = "DIR")]
    pub(in crate::cli) dir: Option<PathBuf>,

    /// The server, by its file without .crt or its common name [default: server]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) server: Option<String>,

    /// The standbys, likewise [default: who has the role that the target wants, else replication]
    #[arg(long, value_name = "NAME", conflicts_with = "no_replication")]
    pub(in crate::cli) replication: Option<String>,

    /// pgBouncer, likewise [default: who is called CLUSTER-pgbouncer, else the server, where it names that]
    #[arg(long, value_name = "NAME", requires = "pgbouncer_tls_secret")]
    pub(in crate::cli) pgbouncer: Option<String>,

    /// pgo-v4: the standbys log in without a certificate
    #[arg(long)]
    pub(in crate::cli) no_replication: bool,

    /// Open encrypted keys, but those of CAs, with the first line of this file
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "The key of a CA")]
pub(in crate::cli) struct AuthorityArgs {
    /// cnpg: the key of the CA of clients, for kubectl cnpg certificate; pgo-v5: the root's, for what the operator signs
    #[arg(long)]
    pub(in crate::cli) with_ca_key: bool,

    /// Directory of the CA's key, where that is another [env: PGTLS_CA_DIR]
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) ca_dir: Option<PathBuf>,

    /// Open the CA's key with the first line of this file [env: PGTLS_CA_PASSPHRASE, the passphrase itself]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) ca_passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "pgo-v4 alone")]
pub(in crate::cli) struct PgoArgs {
    /// Print the guide's commands instead: kubectl create secret, pgo create cluster
    #[arg(long, conflicts_with_all = ["write", "dry_run", "json", "quiet"])]
    pub(in crate::cli) commands: bool,

    /// How many replicas those commands have [default: 2]
    #[arg(long, value_name = "N", requires = "commands")]
    pub(in crate::cli) replica_count: Option<u32>,

    /// How replicas look at the primary [default: verify-ca]
    #[arg(long, value_name = "MODE", conflicts_with = "no_replication")]
    pub(in crate::cli) replica_sslmode: Option<ReplicaModeWord>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "cert-manager alone")]
pub(in crate::cli) struct IssuingArgs {
    /// The profile that is reproduced: built in, or a path with a slash or ending in .toml [default: intermediate]
    #[arg(long, value_name = "NAME|FILE.toml")]
    pub(in crate::cli) profile: Option<String>,

    /// Set a value of the profile's [set] (repeatable); --cluster and --namespace set those of that name
    #[arg(long, value_name = "KEY=VALUE")]
    pub(in crate::cli) set: Vec<String>,

    /// Hand over the CA of the directory, with its key, so that what trusts it goes on doing so
    #[arg(long)]
    pub(in crate::cli) adopt: bool,

    /// A Bundle besides, by which trust-manager puts what clients trust into a ConfigMap of every namespace
    #[arg(long)]
    pub(in crate::cli) bundle: bool,
}
