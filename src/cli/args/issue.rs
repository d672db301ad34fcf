//! The flags of `issue`, and those that it shares with `sign`.

use super::csr::LeafUsage;
use super::generate::SpanArgs;
use super::output::OutputArgs;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  pgtls issue client alice               client.alice.crt and .key, to log in as role alice
  pgtls issue server db2.example.com 10.0.0.6 ::1
  pgtls issue node n1.example.com        serves, and logs in: a replica
  pgtls issue client etl --lifetime 12h --encrypt-key-file pass
  pgtls issue client app --ca /secure/ca.crt --ca-key /secure/ca.key -D app
  pgtls issue client -f roles.txt        one for each name of a list
  pgtls issue client -f roles.csv --skip-issued --stream tar --write roles.tar
  pgtls issue client -f - --stream k8s <roles.txt | kubectl apply -f -

A list has one name a line, or is CSV that begins with a header of the columns
name, cn, san and lifetime, of which name alone must be there. Lines that begin
with # are comments. A run that was stopped or killed goes on with --skip-issued.";

/// Forms of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum StreamWord {
    /// An archive of files with their modes and owners
    Tar,
    /// Certificates and keys one after another, each behind a line with its name
    Pem,
    /// A JSON object a line
    Jsonl,
    /// Kubernetes Secrets: tls.crt tls.key ca.crt
    K8s,
}

/// Many at once. That a list is required says nothing beside names, which a list does not go with: so each says that too.
#[derive(Debug, Args)]
#[command(next_help_heading = "Lists")]
pub(in crate::cli) struct ListArgs {
    /// Issue one for each name of this list; - is standard input
    #[arg(short, long, value_name = "FILE|-")]
    pub(in crate::cli) file: Option<PathBuf>,

    /// Leave out what an earlier run issued, and make the rest
    #[arg(long, requires = "file", conflicts_with = "names")]
    pub(in crate::cli) skip_issued: bool,

    /// Write one stream to standard output instead of files into the directory
    #[arg(long, value_name = "FORM", requires = "file", conflicts_with = "names")]
    pub(in crate::cli) stream: Option<StreamWord>,

    /// Write the stream into this new file, of mode 0600, instead
    #[arg(long, value_name = "FILE", requires = "stream")]
    pub(in crate::cli) write: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct IssueArgs {
    /// What it is for
    #[arg(value_name = "server|client|node", hide_possible_values = true)]
    pub(in crate::cli) usage: LeafUsage,

    /// Host names and addresses of a server or node, or the role of a client; the first is the common name, and names
    /// the files
    #[arg(value_name = "NAME", required_unless_present = "file", conflicts_with = "file")]
    pub(in crate::cli) names: Vec<String>,

    /// Another common name
    #[arg(long, value_name = "CN", conflicts_with = "file")]
    pub(in crate::cli) cn: Option<String>,

    /// Key type: ecdsa-p256, ecdsa-p384, ed25519, rsa-2048, rsa-3072, rsa-4096 [default: ecdsa-p256]
    #[arg(long, value_name = "ALG", help_heading = "Keys")]
    pub(in crate::cli) key_type: Option<String>,

    /// Encrypt the new key with the first line of this file
    #[arg(long, value_name = "FILE", help_heading = "Keys")]
    pub(in crate::cli) encrypt_key_file: Option<PathBuf>,

    /// Mode of the key [default: 0600]
    #[arg(long, value_name = "MODE", help_heading = "Files")]
    pub(in crate::cli) key_mode: Option<String>,

    #[command(flatten)]
    pub(in crate::cli) list: ListArgs,

    #[command(flatten)]
    pub(in crate::cli) under: UnderArgs,
}

/// What every verb asks that signs with a CA: for how long, which CA, and where to.
#[derive(Debug, Args)]
pub(in crate::cli) struct UnderArgs {
    #[command(flatten)]
    pub(in crate::cli) windows: SpanArgs,

    /// First valid second: 2026-11-21 or 2026-11-21T18:30:00Z, also in the past [default: an hour ago]
    #[arg(long, value_name = "INSTANT", allow_hyphen_values = true, help_heading = "Lifetimes")]
    pub(in crate::cli) not_before: Option<String>,

    #[command(flatten)]
    pub(in crate::cli) ca: CaArgs,

    /// Directory of the CA, which the files go into [env: PGTLS_DIR] [default: pki]
    #[arg(short = 'D', long, value_name = "DIR", help_heading = "Files")]
    pub(in crate::cli) dir: Option<PathBuf>,

    /// Leave the intermediate out of the certificate's file
    #[arg(long, help_heading = "Files")]
    pub(in crate::cli) no_append: bool,

    /// Owner of the files, by name or number
    #[arg(long, value_name = "USER[:GROUP]", help_heading = "Files")]
    pub(in crate::cli) owner: Option<String>,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "CA")]
pub(in crate::cli) struct CaArgs {
    /// The CA that signs, with those above it behind it [default: the lowest CA of the directory]
    #[arg(long, value_name = "FILE", requires = "ca_key", conflicts_with = "ca_dir")]
    pub(in crate::cli) ca: Option<PathBuf>,

    /// Its key
    #[arg(long, value_name = "FILE", requires = "ca")]
    pub(in crate::cli) ca_key: Option<PathBuf>,

    /// Directory of the CA's keys, where that is another [env: PGTLS_CA_DIR]
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) ca_dir: Option<PathBuf>,

    /// Open the CA's key with the first line of this file [env: PGTLS_CA_PASSPHRASE, the passphrase itself]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) ca_passphrase_file: Option<PathBuf>,
}
