//! The flags of `csr`.

use super::output::OutputArgs;
use clap::Args;
use std::path::PathBuf;

const CSR_EXAMPLES: &str = "\
Examples:
  pgtls csr server db1.example.com 10.0.0.5 ::1   server.key and server.csr
  pgtls csr client alice                          for the role alice
  pgtls csr node n1.example.com --cn patroni      serves and logs in
  pgtls csr server db1.example.com --k8s --signer-name example.com/postgres |
    kubectl apply -f -
What the CA sends back: pgtls import SIGNED";

/// What a single certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum LeafUsage {
    /// A PostgreSQL server.
    Server,
    /// A client, which logs in as a role.
    Client,
    /// Both at once.
    Node,
}

#[derive(Debug, Args)]
#[command(after_help = CSR_EXAMPLES)]
pub(in crate::cli) struct CsrArgs {
    /// What the certificate is for
    #[arg(value_name = "server|client|node", hide_possible_values = true)]
    pub(in crate::cli) usage: LeafUsage,

    /// Host names and addresses, the first of which is the common name; of a client its role
    #[arg(value_name = "NAME", required = true)]
    pub(in crate::cli) names: Vec<String>,

    /// Common name, where it is not to be the first name
    #[arg(long, value_name = "CN", help_heading = "Names")]
    pub(in crate::cli) cn: Option<String>,

    /// Key type: ecdsa-p256, ecdsa-p384, ed25519, rsa-2048, rsa-3072, rsa-4096 [default: ecdsa-p256]
    #[arg(long, value_name = "ALG", help_heading = "Keys")]
    pub(in crate::cli) key_type: Option<String>,

    /// Encrypt the key with the first line of this file
    #[arg(long, value_name = "FILE", help_heading = "Keys")]
    pub(in crate::cli) encrypt_key_file: Option<PathBuf>,

    /// Directory for the key and the request; a new one is made [env: PGTLS_DIR] [default: pki]
    #[arg(short = 'D', long, value_name = "DIR", help_heading = "Files")]
    pub(in crate::cli) dir: Option<PathBuf>,

    /// Owner of both files, by name or number
    #[arg(long, value_name = "USER[:GROUP]", help_heading = "Files")]
    pub(in crate::cli) owner: Option<String>,

    /// Mode of the key [default: 0600]
    #[arg(long, value_name = "MODE", help_heading = "Files")]
    pub(in crate::cli) key_mode: Option<String>,

    /// Print the request as a Kubernetes CertificateSigningRequest
    #[arg(long, requires = "signer_name", conflicts_with_all = ["dry_run", "quiet"], help_heading = "Kubernetes")]
    pub(in crate::cli) k8s: bool,

    /// Who is to sign: a domain and a name
    #[arg(long, value_name = "DOMAIN/NAME", requires = "k8s", help_heading = "Kubernetes")]
    pub(in crate::cli) signer_name: Option<String>,

    /// For how long it is asked to sign: 90d, 52w [default: as the signer has it]
    #[arg(long, value_name = "SPAN", requires = "k8s", help_heading = "Kubernetes")]
    pub(in crate::cli) lifetime: Option<String>,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}
