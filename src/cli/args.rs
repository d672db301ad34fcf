//! What was typed: flags and their help. No I/O, no environment; values stay text until `request` reads them.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  pgtls gen chain --intermediate                    the documented chain, into pki/
  pgtls gen chain --intermediate --server db1.example.com --server 10.0.0.5 --client app -D db1
  pgtls gen chain --if-missing                      safe to repeat, as from a Makefile
  pgtls verify pki --host db1.example.com           would verify-full accept it, and what else is wrong
  pgtls inspect pki                                 what a directory holds

Exit codes: 0 done, 1 checked and the answer is no, 2 wrong flags or profile,
3 this directory or CA forbids it, 4 the system refused";

const GEN_EXAMPLES: &str = "\
Examples:
  pgtls gen chain --intermediate         root -> intermediate -> server and client
  pgtls gen chain                        root -> server and client
  pgtls gen self-signed                  for testing only
  pgtls gen mine.toml --set domain=example.com
  pgtls gen chain --intermediate --replication --owner postgres --dry-run";

/// Makes the TLS certificates, keys and trust files of PostgreSQL servers and clients.
#[derive(Debug, Parser)]
#[command(name = "pgtls", version, after_help = EXAMPLES, max_term_width = 100)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Make a directory of certificates and keys: a documented layout, or a profile
    Gen(Box<GenArgs>),
    /// Judge a directory or files, offline: what PostgreSQL, libpq and the drivers will say of them
    Verify(Box<VerifyArgs>),
    /// Show what a directory holds, as a tree
    Inspect(InspectArgs),
    /// List the built-in profiles, or print one, ready to be saved and edited
    Profiles(ProfilesArgs),
}

impl Verb {
    /// Whether results and errors are wanted as JSON.
    pub(super) fn json(&self) -> bool {
        match self {
            Self::Gen(args) => args.json,
            Self::Verify(args) => args.json,
            Self::Inspect(args) => args.json,
            Self::Profiles(_) => false,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = GEN_EXAMPLES)]
pub(super) struct GenArgs {
    /// "chain", "self-signed", a built-in profile, or the path of a profile (with a slash, or ending in .toml)
    #[arg(value_name = "chain|self-signed|NAME|FILE.toml")]
    pub(super) profile: String,

    /// With "chain": put an intermediate CA between the root and the leaves
    #[arg(long)]
    pub(super) intermediate: bool,

    #[command(flatten)]
    pub(super) names: NameArgs,

    #[command(flatten)]
    pub(super) keys: KeyArgs,

    #[command(flatten)]
    pub(super) windows: WindowArgs,

    #[command(flatten)]
    pub(super) places: PlaceArgs,

    /// Keep what is there and unchanged, with its mode and owner; make what is absent; refuse what differs
    #[arg(long, conflicts_with = "force", help_heading = "What exists already")]
    pub(super) if_missing: bool,

    /// Replace the certificates and keys of servers and clients; never those of a CA
    #[arg(long, help_heading = "What exists already")]
    pub(super) force: bool,

    /// Decide everything, print the plan, write nothing
    #[arg(long, help_heading = "Output")]
    pub(super) dry_run: bool,

    /// Print, instead, the openssl commands that make the same files, as a shell script
    #[arg(long, conflicts_with_all = ["if_missing", "force", "dry_run", "json", "quiet"], help_heading = "Output")]
    pub(super) as_openssl: bool,

    /// Print the result (or the error) as JSON
    #[arg(long, help_heading = "Output")]
    pub(super) json: bool,

    /// Print nothing but warnings and errors
    #[arg(short, long, conflicts_with = "json", help_heading = "Output")]
    pub(super) quiet: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Names")]
pub(super) struct NameArgs {
    /// A name or address of the server; the first is its common name, all are SANs (repeatable)
    #[arg(long, value_name = "NAME")]
    pub(super) server: Vec<String>,

    /// A further SAN of the server: host, address, e-mail address or URI (repeatable)
    #[arg(long, value_name = "NAME")]
    pub(super) san: Vec<String>,

    /// Common name of the client: the role that it logs in as [default: kong]
    #[arg(long, value_name = "CN")]
    pub(super) client: Option<String>,

    /// Add a certificate for replication
    #[arg(long, value_name = "CN", num_args = 0..=1, require_equals = true, default_missing_value = "primaryuser")]
    pub(super) replication: Option<String>,

    /// Domain in the names of the CAs [default: that of the first --server]
    #[arg(long, value_name = "DOMAIN")]
    pub(super) domain: Option<String>,

    /// Set a value of the profile's [set] (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Keys")]
pub(super) struct KeyArgs {
    /// Key type of every certificate (ed25519: of servers and clients alone): ecdsa-p256, ecdsa-p384, ed25519,
    /// rsa-2048, rsa-3072, rsa-4096 [default: ecdsa-p256]
    #[arg(long, value_name = "ALG")]
    pub(super) key_type: Option<String>,

    /// Key type of the CAs
    #[arg(long, value_name = "ALG")]
    pub(super) ca_key_type: Option<String>,

    /// Encrypt CA keys with the first line of this file, and open existing ones with it
    #[arg(long, value_name = "FILE")]
    pub(super) ca_passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Lifetimes")]
pub(super) struct WindowArgs {
    /// Lifetime of servers and clients: 12h, 90d, 52w, 20y [default: 365d]
    #[arg(long, value_name = "SPAN", allow_hyphen_values = true, conflicts_with_all = ["days", "not_after"])]
    pub(super) lifetime: Option<String>,

    /// The same, in days
    #[arg(long, value_name = "N", allow_hyphen_values = true, conflicts_with = "not_after")]
    pub(super) days: Option<String>,

    /// Last valid second of servers and clients: 2027-11-21 or 2027-11-21T18:30:00Z
    #[arg(long, value_name = "INSTANT", allow_hyphen_values = true)]
    pub(super) not_after: Option<String>,

    /// Lifetime of the root CA [default: 3650d]
    #[arg(long, value_name = "SPAN", allow_hyphen_values = true)]
    pub(super) ca_lifetime: Option<String>,

    /// Lifetime of the intermediate CA [default: 1825d]
    #[arg(long, value_name = "SPAN", allow_hyphen_values = true)]
    pub(super) intermediate_lifetime: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Files")]
pub(super) struct PlaceArgs {
    /// Directory to make [env: PGTLS_DIR] [default: pki]
    #[arg(short = 'D', long, value_name = "DIR")]
    pub(super) dir: Option<PathBuf>,

    /// Keep CA keys apart, in this directory; a CA that is there already is used [env: PGTLS_CA_DIR]
    #[arg(long, value_name = "DIR")]
    pub(super) ca_dir: Option<PathBuf>,

    /// Leave the intermediate out of server.crt or client.crt (repeatable)
    #[arg(long, value_name = "server|client", value_delimiter = ',')]
    pub(super) no_append: Vec<String>,

    /// Owner of the keys and certificates of servers and clients, by name or number
    #[arg(long, value_name = "USER[:GROUP]")]
    pub(super) owner: Option<String>,

    /// Mode of the keys of servers and clients [default: 0600]
    #[arg(long, value_name = "MODE")]
    pub(super) key_mode: Option<String>,
}

const VERIFY_EXAMPLES: &str = "\
Examples:
  pgtls verify                           pki/, else the current directory
  pgtls verify pki --host db1 -U app     would verify-full and the method cert accept them
  pgtls verify --conf /etc/postgresql/15/main/postgresql.conf
  pgtls verify --server-cert tls.crt --server-key tls.key --trust ca.crt
  pgtls verify pki --at 2027-11-01 --strict";

/// The modes of libpq that verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum SslMode {
    /// The chain alone.
    VerifyCa,
    /// The chain and the host name.
    VerifyFull,
}

#[derive(Debug, Args)]
#[command(after_help = VERIFY_EXAMPLES)]
pub(super) struct VerifyArgs {
    /// A directory (also a server's data directory), or files [env: PGTLS_DIR] [default: pki, else .]
    pub(super) paths: Vec<PathBuf>,

    /// The directory
    #[arg(short = 'D', long, value_name = "DIR", conflicts_with = "paths")]
    pub(super) dir: Option<PathBuf>,

    /// Would sslmode=verify-full accept the server for this host?
    #[arg(long, value_name = "HOST", help_heading = "Questions")]
    pub(super) host: Option<String>,

    /// How the clients look: verify-ca leaves host names alone [default: verify-full]
    #[arg(long, value_name = "MODE", help_heading = "Questions")]
    pub(super) sslmode: Option<SslMode>,

    /// Would the method cert accept the client for this role?
    #[arg(short = 'U', long, value_name = "ROLE", help_heading = "Questions")]
    pub(super) user: Option<String>,

    /// Major version of the oldest libpq that connects [default: 18]
    #[arg(long, value_name = "N", help_heading = "Questions")]
    pub(super) libpq_version: Option<u32>,

    /// Look at this instant: 2027-11-21 or 2027-11-21T18:30:00Z [default: now]
    #[arg(long, value_name = "INSTANT", help_heading = "Questions")]
    pub(super) at: Option<String>,

    /// What ends sooner is said to end soon [default: 30d]
    #[arg(long, value_name = "SPAN", help_heading = "Questions")]
    pub(super) expires_in: Option<String>,

    /// Number of the user that the server runs as (70, 26, 999): who has to be able to read its key
    #[arg(long, value_name = "UID", help_heading = "Questions")]
    pub(super) server_uid: Option<u32>,

    /// Open encrypted keys with the first line of this file
    #[arg(long, value_name = "FILE", help_heading = "Which file is which")]
    pub(super) passphrase_file: Option<PathBuf>,

    /// A server's postgresql.conf: its settings, includes and postgresql.auto.conf say which files are live
    #[arg(long, value_name = "FILE", help_heading = "Which file is which")]
    pub(super) conf: Option<PathBuf>,

    /// The server's certificate (ssl_cert_file)
    #[arg(long, value_name = "FILE", help_heading = "Which file is which")]
    pub(super) server_cert: Option<String>,

    /// The server's key (ssl_key_file)
    #[arg(long, value_name = "FILE", help_heading = "Which file is which")]
    pub(super) server_key: Option<String>,

    /// The client's certificate (sslcert)
    #[arg(long, value_name = "FILE", help_heading = "Which file is which")]
    pub(super) client_cert: Option<String>,

    /// The client's key (sslkey)
    #[arg(long, value_name = "FILE", help_heading = "Which file is which")]
    pub(super) client_key: Option<String>,

    /// What both sides trust (ssl_ca_file, sslrootcert)
    #[arg(long, value_name = "FILE", help_heading = "Which file is which")]
    pub(super) trust: Option<String>,

    /// Revocation lists (ssl_crl_file, sslcrl)
    #[arg(long, value_name = "FILE", help_heading = "Which file is which")]
    pub(super) crl: Option<String>,

    /// A directory of revocation lists under their hashes (ssl_crl_dir, sslcrldir)
    #[arg(long, value_name = "DIR", help_heading = "Which file is which")]
    pub(super) crl_dir: Option<String>,

    /// Let warnings fail too
    #[arg(long, help_heading = "Output")]
    pub(super) strict: bool,

    /// Print the findings as JSON
    #[arg(long, help_heading = "Output")]
    pub(super) json: bool,

    /// Print nothing; the exit code says it
    #[arg(short, long, conflicts_with = "json", help_heading = "Output")]
    pub(super) quiet: bool,
}

#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// The directory [env: PGTLS_DIR] [default: pki, else .]
    pub(super) path: Option<PathBuf>,

    /// The same
    #[arg(short = 'D', long, value_name = "DIR", conflicts_with = "path")]
    pub(super) dir: Option<PathBuf>,

    /// Print the tree as JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ProfilesArgs {
    /// Which one to print
    pub(super) name: Option<String>,
}
