//! The flags of `revoke` and `crl`.

use super::output::OutputArgs;
use clap::Args;
use std::path::PathBuf;

const REVOKE_EXAMPLES: &str = "\
Examples:
  pgtls revoke client.alice              its pair, by the name of its files
  pgtls revoke alice --reason keyCompromise
  pgtls revoke /backup/client.crt        a certificate that lies elsewhere
  pgtls revoke 5A:1F:0C:..               one serial number, as openssl shows it
  pgtls revoke 119793..                  the same, as psql shows it
  pgtls revoke intermediate --ca-dir /secure

Takes every certificate of that name or key that has not expired: a renewal
keeps the key. Servers and clients learn of it by chain.crl alone: what to do
with it is printed.";

const CRL_EXAMPLES: &str = "\
Examples:
  pgtls crl                              root.crl, intermediate.crl and chain.crl
  pgtls crl --refresh -q                 what is due alone, as from a timer
  pgtls crl --lifetime 30d --ca-dir /secure
  pgtls crl --hash-dir /etc/postgresql/crl.d

A stale list turns everybody away: renew them in time, and copy chain.crl again.";

#[derive(Debug, Args)]
#[command(after_help = REVOKE_EXAMPLES)]
pub(in crate::cli) struct RevokeArgs {
    /// The name of its files without .crt, its common name, the path of its file, or its serial number in hexadecimal or decimal digits
    #[arg(value_name = "NAME|FILE|SERIAL")]
    pub(in crate::cli) name: String,

    /// Why: keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, certificateHold,
    /// privilegeWithdrawn, aACompromise
    #[arg(long, value_name = "R")]
    pub(in crate::cli) reason: Option<String>,

    #[command(flatten)]
    pub(in crate::cli) place: AuthoritiesArgs,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}

#[derive(Debug, Args)]
#[command(after_help = CRL_EXAMPLES)]
pub(in crate::cli) struct CrlArgs {
    /// Only what is due: not there, with less than a third of its life left, or without somebody who is revoked
    #[arg(long)]
    pub(in crate::cli) refresh: bool,

    /// How long a list counts: 12h, 90d, 52w, 1y; never longer than its CA [default: 1y]
    #[arg(long, value_name = "SPAN", allow_hyphen_values = true)]
    pub(in crate::cli) lifetime: Option<String>,

    /// Put them there as well, under the names that OpenSSL looks for: for ssl_crl_dir and sslcrldir
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) hash_dir: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) place: AuthoritiesArgs,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}

/// Where the CAs are.
#[derive(Debug, Args)]
pub(in crate::cli) struct AuthoritiesArgs {
    /// Directory of the CA [env: PGTLS_DIR] [default: pki]
    #[arg(short = 'D', long, value_name = "DIR", help_heading = "Files")]
    pub(in crate::cli) dir: Option<PathBuf>,

    /// Directory of the CAs' keys, where that is another [env: PGTLS_CA_DIR]
    #[arg(long, value_name = "DIR", help_heading = "CA")]
    pub(in crate::cli) ca_dir: Option<PathBuf>,

    /// Open the CAs' keys with the first line of this file [env: PGTLS_CA_PASSPHRASE, the passphrase itself]
    #[arg(long, value_name = "FILE", help_heading = "CA")]
    pub(in crate::cli) ca_passphrase_file: Option<PathBuf>,
}
