//! The flags of `can-login`.

use clap::Args;
use std::path::PathBuf;

const CAN_LOGIN_EXAMPLES: &str = "\
Examples:
  pgtls can-login alice@app --from 10.0.0.7 --hba pg_hba.conf
  pgtls can-login alice --from 10.0.0.7 --hba pg_hba.conf --ident pg_ident.conf \\
    --client-cert client.alice.crt --trust chain.crt
  pgtls can-login alice --from ::1 --hba pg_hba.conf --member-of staff
  pgtls can-login alice --from 10.0.0.7 -D /var/lib/postgresql/15/main
  pgtls can-login postgres --from local --hba pg_hba.conf --account postgres

It says what the files say. That the role exists, and may log in and connect, is
for the database to know.";

#[derive(Debug, Args)]
#[command(after_help = CAN_LOGIN_EXAMPLES)]
pub(in crate::cli) struct CanLoginArgs {
    /// The role, and behind the last @ the database [default: the one of the role's name]
    #[arg(value_name = "USER[@DB]")]
    pub(in crate::cli) user: String,

    /// The client's address; local is a Unix-domain socket
    #[arg(long, value_name = "ADDR")]
    pub(in crate::cli) from: String,

    /// The server's pg_hba.conf
    #[arg(long, value_name = "FILE", help_heading = "Which file is which")]
    pub(in crate::cli) hba: Option<PathBuf>,

    /// The server's pg_ident.conf [default: the one beside pg_hba.conf]
    #[arg(long, value_name = "FILE", help_heading = "Which file is which")]
    pub(in crate::cli) ident: Option<PathBuf>,

    /// The server's postgresql.conf, whose settings name the others
    #[arg(long, value_name = "FILE", help_heading = "Which file is which")]
    pub(in crate::cli) conf: Option<PathBuf>,

    /// Where the certificates are, or the server's data directory [env: PGTLS_DIR] [default: pki, where it is there]
    #[arg(short = 'D', long, value_name = "DIR", help_heading = "Which file is which")]
    pub(in crate::cli) dir: Option<PathBuf>,

    /// The client's certificate [default: the one of DIR that is the role's]
    #[arg(long, value_name = "FILE", help_heading = "Which file is which")]
    pub(in crate::cli) client_cert: Option<String>,

    /// The client sends no certificate
    #[arg(long, conflicts_with = "client_cert", help_heading = "Which file is which")]
    pub(in crate::cli) without_cert: bool,

    /// What the server trusts (ssl_ca_file) [default: what its settings name, else chain.crt of DIR]
    #[arg(long, value_name = "FILE", help_heading = "Which file is which")]
    pub(in crate::cli) trust: Option<String>,

    /// The server's revocation lists (ssl_crl_file, ssl_crl_dir) [default: those that its settings name, else those of DIR]
    #[arg(long, value_name = "FILE", help_heading = "Which file is which")]
    pub(in crate::cli) crl: Option<String>,

    /// The database, where a name has an @ in it
    #[arg(long, value_name = "DB", help_heading = "The connection")]
    pub(in crate::cli) dbname: Option<String>,

    /// Physical replication, as of a standby or pg_basebackup
    #[arg(long, conflicts_with = "dbname", help_heading = "The connection")]
    pub(in crate::cli) replication: bool,

    /// Without TLS
    #[arg(long, conflicts_with = "gssenc", help_heading = "The connection")]
    pub(in crate::cli) plain: bool,

    /// With GSSAPI encryption in place of TLS
    #[arg(long, help_heading = "The connection")]
    pub(in crate::cli) gssenc: bool,

    /// A role that USER is a member of, also by way of others; all of them, or none for not a single one
    #[arg(long, value_name = "ROLE", value_delimiter = ',', num_args = 1)]
    #[arg(help_heading = "What the files do not say")]
    pub(in crate::cli) member_of: Vec<String>,

    /// The name that DNS has for ADDR, and ADDR for it
    #[arg(long, value_name = "HOST", help_heading = "What the files do not say")]
    pub(in crate::cli) from_host: Option<String>,

    /// An address of the server with the length of its network, for samehost and samenet; all of them
    #[arg(long, value_name = "ADDR/LENGTH", help_heading = "What the files do not say")]
    pub(in crate::cli) interface: Vec<String>,

    /// The client's account, for peer and ident
    #[arg(long, value_name = "NAME", help_heading = "What the files do not say")]
    pub(in crate::cli) account: Option<String>,

    /// The server's major version [default: what its data directory says, else the newest]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(12..=99), help_heading = "What the files do not say")]
    pub(in crate::cli) postgresql_version: Option<u32>,

    /// Look at this instant: 2027-11-21 or 2027-11-21T18:30:00Z [default: now]
    #[arg(long, value_name = "INSTANT", help_heading = "What the files do not say")]
    pub(in crate::cli) at: Option<String>,

    /// Print the answer as JSON
    #[arg(long, help_heading = "Output")]
    pub(in crate::cli) json: bool,

    /// Print nothing; the exit code says it
    #[arg(short, long, conflicts_with = "json", help_heading = "Output")]
    pub(in crate::cli) quiet: bool,
}
