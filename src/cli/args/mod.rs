//! What was typed: flags and their help. No I/O, no environment; values stay text until `request` reads them.

mod can_login;
mod config;
mod config_clients;
mod config_patroni;
mod csr;
mod export;
mod generate;
mod import;
mod inspect;
mod issue;
mod k8s;
mod output;
mod renew;
mod revoke;
mod rotate;
mod sign;
mod verbs;
mod verify;

pub(super) use can_login::CanLoginArgs;
pub(super) use config::{
    AuthWord, ConfigArgs, HbaArgs, IdentArgs, LocalWord, PostgresqlArgs, ProtocolWord, TargetArgs, TlsArgs,
};
pub(super) use config_clients::{
    FrontWord, JdbcArgs, KongArgs, KongProtocolWord, KongWord, LibpqArgs, LibpqWord, LinkArgs, PgbouncerArgs,
    PgbouncerWord,
};
pub(super) use config_patroni::{PatroniArgs, VerifyClientWord};
pub(super) use csr::{CsrArgs, LeafUsage};
pub(super) use export::{ConsumerWord, ExportArgs, FormatWord, PartyWord};
pub(super) use generate::{GenArgs, SpanArgs};
pub(super) use import::ImportArgs;
pub(super) use inspect::{InspectArgs, SortKey};
pub(super) use issue::{IssueArgs, StreamWord, UnderArgs};
pub(super) use k8s::{K8sArgs, ObjectArgs, ReplicaModeWord, TargetWord};
pub(super) use renew::{RekeyArgs, RenewArgs};
pub(super) use revoke::{AuthoritiesArgs, CrlArgs, RevokeArgs};
pub(super) use rotate::{RotateArgs, StepWord};
pub(super) use sign::SignArgs;
pub(super) use verify::{SslMode, VerifyArgs};

use self::verbs::verbs;
use clap::{Args, Parser};

const EXAMPLES: &str = "\
Examples:
  pgtls gen chain --intermediate       the documented chain, into pki/
  pgtls gen chain --server db1.example.com --server 10.0.0.5 --client app -D db1
  pgtls gen chain --if-missing         safe to repeat, as from a Makefile
  pgtls issue client alice             one more, from the CA in pki/
  pgtls renew                          what is in the last third of its life
  pgtls revoke alice                   turned away, once its list is copied
  pgtls rotate root add                a new CA, trusted beside the old one at first
  pgtls verify pki --host localhost    would verify-full accept it, and why not
  pgtls can-login alice --from 10.0.0.7 --hba pg_hba.conf
  pgtls inspect pki                    who signed whom, and until when
  pgtls config hba --tls-only          lines of pg_hba.conf that fit pki/
  pgtls csr server db1.example.com     a key, and a request for another CA
  pgtls import signed.p7b              what that CA sent back, beside its key
  pgtls k8s pgo-v4 | kubectl apply -f -

Exit codes: 0 done, 1 checked and the answer is no, 2 wrong flags or profile,
3 this directory or CA forbids it, 4 the system refused";

/// Makes, judges, renews, rotates and revokes the TLS certificates of PostgreSQL servers and clients.
#[derive(Debug, Parser)]
#[command(name = "pgtls", version, after_help = EXAMPLES, max_term_width = 100)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) verb: Verb,
}

verbs! {
    /// Make a directory of certificates and keys: a documented layout, or a profile
    "gen" => Gen(Box<GenArgs>),
    /// Issue one more certificate from the CA of a directory, or thousands from a list of names
    "issue" => Issue(Box<IssueArgs>),
    /// Sign a certificate request of somebody else with the CA of a directory
    "sign" => Sign(Box<SignArgs>),
    /// Make a key and a request for somebody else's CA
    "csr" => Csr(Box<CsrArgs>),
    /// Put what that CA sent back beside its key, in order
    "import" => Import(ImportArgs),
    /// Renew what is due, or named: same names, same key, a new window
    "renew" => Renew(Box<RenewArgs>),
    /// Shut certificates out before they expire: index, revocation lists, and the pair put away
    "revoke" => Revoke(RevokeArgs),
    /// Make the revocation lists of every CA anew, or those that are due
    "crl" => Crl(CrlArgs),
    /// Put a new CA in the place of an old one, in phases in which no login fails
    "rotate" => Rotate(RotateArgs),
    /// Judge a directory or files, offline: what PostgreSQL, libpq and the drivers will say of them
    "verify" => Verify(Box<VerifyArgs>),
    /// Walk pg_hba.conf and pg_ident.conf as the server does: would this client get in, and why not
    "can-login" => CanLogin(Box<CanLoginArgs>),
    /// Show what a directory or files hold: who signed whom, until when, which key fits what
    "inspect" => Inspect(InspectArgs),
    /// Hand out what one server or client needs, in the form that its program reads; never a CA's key
    "export" => Export(Box<ExportArgs>),
    /// Write the configuration around the files: PostgreSQL's, and its clients'
    "config" => Config(Box<ConfigArgs>),
    /// Print what an operator of Kubernetes is to be told: Secrets, and the resource that names them
    "k8s" => K8s(Box<K8sArgs>),
    /// List the built-in profiles, or print one, ready to be saved and edited
    "profiles" => Profiles(ProfilesArgs),
}

impl Verb {
    /// Whether results and errors are wanted as JSON.
    pub(super) fn json(&self) -> bool {
        match self {
            Self::Gen(args) => args.output.json,
            Self::Issue(args) => args.under.output.json,
            Self::Sign(args) => args.under.output.json,
            Self::Csr(args) => args.output.json,
            Self::Import(args) => args.output.json,
            Self::Revoke(args) => args.output.json,
            Self::Crl(args) => args.output.json,
            Self::Renew(args) => args.output.json,
            Self::Rotate(args) => args.output.json,
            Self::Verify(args) => args.json,
            Self::CanLogin(args) => args.json,
            Self::Inspect(args) => args.json,
            Self::Export(args) => args.output.json,
            Self::Config(args) => args.target.place().output.json,
            Self::K8s(args) => args.output.json,
            Self::Profiles(_) => false,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct ProfilesArgs {
    /// Which one to print
    pub(super) name: Option<String>,
}
