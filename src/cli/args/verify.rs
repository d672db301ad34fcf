//! The flags of `verify`.

use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;

const VERIFY_EXAMPLES: &str = "\
Examples:
  pgtls verify                             pki/, else the current directory
  pgtls verify pki --host db1 -U app       would verify-full and cert take them
  pgtls verify pki --drivers               which of fourteen clients connect
  pgtls verify --conf /etc/postgresql/15/main/postgresql.conf
  pgtls verify --libpq='host=db1'          what libpq would use here
  pgtls verify --server-cert tls.crt --server-key tls.key --trust ca.crt
  pgtls verify - --trust ca.crt <tls.crt   a bundle from standard input
  kubectl get secret db -o yaml | pgtls verify -
  pgtls verify pki --at 2027-11-01 --strict
  pgtls verify pki --against pki.old       what differs, and nothing else";

/// The modes of libpq that verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum SslMode {
    /// The chain alone.
    VerifyCa,
    /// The chain and the host name.
    VerifyFull,
}

#[derive(Debug, Args)]
#[command(after_help = VERIFY_EXAMPLES)]
pub(in crate::cli) struct VerifyArgs {
    /// A directory (also a server's data directory), or files, Secrets in YAML or JSON among them; - is standard input [env: PGTLS_DIR]
    /// [default: pki, else .]
    pub(in crate::cli) paths: Vec<PathBuf>,

    /// The directory
    #[arg(short = 'D', long, value_name = "DIR", conflicts_with = "paths")]
    pub(in crate::cli) dir: Option<PathBuf>,

    /// Would sslmode=verify-full accept the server for this host?
    #[arg(long, value_name = "HOST", help_heading = "Questions")]
    pub(in crate::cli) host: Option<String>,

    /// How the clients look: verify-ca leaves host names alone [default: verify-full]
    #[arg(long, value_name = "MODE", help_heading = "Questions")]
    pub(in crate::cli) sslmode: Option<SslMode>,

    /// Would the method cert accept the client for this role? Shows its names for pg_ident.conf too
    #[arg(short = 'U', long, value_name = "ROLE", help_heading = "Questions")]
    pub(in crate::cli) user: Option<String>,

    /// Which clients connect: libpq, asyncpg, pgJDBC, Go, rustls, Kong, ..., and why the others do not
    #[arg(long, help_heading = "Questions")]
    pub(in crate::cli) drivers: bool,

    /// Major version of the oldest libpq that connects [default: 18]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(9..=99), help_heading = "Questions")]
    pub(in crate::cli) libpq_version: Option<u32>,

    /// Look at this instant: 2027-11-21 or 2027-11-21T18:30:00Z [default: now]
    #[arg(long, value_name = "INSTANT", help_heading = "Questions")]
    pub(in crate::cli) at: Option<String>,

    /// What ends sooner is said to end soon [default: 30d]
    #[arg(long, value_name = "SPAN", help_heading = "Questions")]
    pub(in crate::cli) expires_in: Option<String>,

    /// Number of the user that the server runs as (70, 26, 999): who has to be able to read its key
    // It never runs as root, and chown(2) takes the highest number for "as it is".
    #[arg(long, value_name = "UID", value_parser = clap::value_parser!(u32).range(1..=0xffff_fffe), help_heading = "Questions")]
    pub(in crate::cli) server_uid: Option<u32>,

    /// Open encrypted keys with the first line of this file
    #[arg(long, value_name = "FILE", help_heading = "Which file is which")]
    pub(in crate::cli) passphrase_file: Option<PathBuf>,

    /// A server's postgresql.conf: its settings, includes and postgresql.auto.conf say which files are live
    #[arg(long, value_name = "FILE", help_heading = "Which file is which")]
    pub(in crate::cli) conf: Option<PathBuf>,

    /// What libpq would use now: ~/.postgresql, the PG* variables, and a connection string or URI where one is given
    #[arg(long, value_name = "CONNINFO", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    #[arg(conflicts_with = "conf", help_heading = "Which file is which")]
    pub(in crate::cli) libpq: Option<OsString>,

    /// The server's certificate (ssl_cert_file)
    #[arg(long, value_name = "FILE", help_heading = "Which file is which")]
    pub(in crate::cli) server_cert: Option<String>,

    /// The server's key (ssl_key_file)
    #[arg(long, value_name = "FILE", help_heading = "Which file is which")]
    pub(in crate::cli) server_key: Option<String>,

    /// The client's certificate (sslcert)
    #[arg(long, value_name = "FILE", help_heading = "Which file is which")]
    pub(in crate::cli) client_cert: Option<String>,

    /// The client's key (sslkey)
    #[arg(long, value_name = "FILE", help_heading = "Which file is which")]
    pub(in crate::cli) client_key: Option<String>,

    /// What both sides trust (ssl_ca_file, sslrootcert)
    #[arg(long, value_name = "FILE", help_heading = "Which file is which")]
    pub(in crate::cli) trust: Option<String>,

    /// Revocation lists (ssl_crl_file, sslcrl)
    #[arg(long, value_name = "FILE", help_heading = "Which file is which")]
    pub(in crate::cli) crl: Option<String>,

    /// A directory of revocation lists under their hashes (ssl_crl_dir, sslcrldir)
    #[arg(long, value_name = "DIR", help_heading = "Which file is which")]
    pub(in crate::cli) crl_dir: Option<String>,

    /// Compare with this place and judge nothing: a directory, a data directory, a postgresql.conf, a file or a manifest of Secrets
    #[arg(long, value_name = "PATH", help_heading = "Comparison", conflicts_with_all = [
        "host", "sslmode", "user", "libpq_version", "at", "expires_in", "server_uid", "strict", "prometheus",
    ])]
    pub(in crate::cli) against: Option<PathBuf>,

    /// Let warnings fail too
    #[arg(long, help_heading = "Output")]
    pub(in crate::cli) strict: bool,

    /// Print the findings as JSON
    #[arg(long, help_heading = "Output")]
    pub(in crate::cli) json: bool,

    /// Print metrics for Prometheus, as node_exporter's textfile collector reads them
    #[arg(long, conflicts_with_all = ["json", "quiet"], help_heading = "Output")]
    pub(in crate::cli) prometheus: bool,

    /// Print nothing; the exit code says it
    #[arg(short, long, conflicts_with = "json", help_heading = "Output")]
    pub(in crate::cli) quiet: bool,
}
