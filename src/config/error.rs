//! Why a configuration is not written.

use crate::diagnosis::{Diagnosis, Failure};
use crate::layout::export::Party;

/// A refusal; nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no such certificate.
    #[error("there is no {party}'s certificate for {wanted} in \"{place}\"")]
    NoMember {
        /// Which side's.
        party: Party,
        /// What is wanted of it, as words.
        wanted: String,
        /// Where it was looked for.
        place: String,
        /// The files of those that are there.
        known: Vec<String>,
        /// The command that makes it.
        command: String,
    },
    /// A certificate without its key.
    #[error("the key \"{key}\" is not there")]
    NoKey {
        /// Its file, as the user names it.
        key: String,
        /// The certificate's file.
        certificate: String,
        /// What brings it.
        mend: String,
    },
    /// A key that nobody opens for the program.
    #[error("the key \"{key}\" is under a passphrase")]
    Locked {
        /// Its file, as the user names it.
        key: String,
        /// Why that does not do.
        why: &'static str,
        /// What does.
        mend: String,
    },
    /// A key that is there in another form than the program reads.
    #[error("{reader} reads no key of that form, and \"{wanted}\" is not there")]
    KeyForm {
        /// Who reads it.
        reader: &'static str,
        /// The file that it would read.
        wanted: String,
        /// The command that makes it.
        command: String,
    },
    /// Nothing that a side could trust.
    #[error("there is nothing in \"{place}\" by which {who} could be verified")]
    NoTrust {
        /// The directory.
        place: String,
        /// Who: clients, the server.
        who: &'static str,
        /// The command that makes it.
        command: String,
    },
    /// A certificate that the other side would refuse.
    #[error("\"{file}\" does not lead to anything in \"{trust}\"")]
    NotTrusted {
        /// The certificate's file, as the user names it.
        file: String,
        /// The file of trust.
        trust: String,
        /// The command that tells more.
        command: String,
    },
    /// A host that the certificate is not for.
    #[error("\"{file}\" is not for the host \"{host}\"")]
    Host {
        /// The certificate's file, as the user names it.
        file: String,
        /// The host.
        host: String,
        /// Its names.
        names: Vec<String>,
        /// The command that makes one for it.
        command: String,
    },
    /// No host is named, and no certificate names one.
    #[error("no name of the server is known")]
    NoHost,
    /// A role that the certificate is not for.
    #[error("\"{file}\" is for the role \"{common_name}\", not \"{role}\"")]
    OtherRole {
        /// The certificate's file, as the user names it.
        file: String,
        /// Its common name.
        common_name: String,
        /// The role.
        role: String,
        /// The command that makes one for it.
        command: String,
    },
    /// A certificate that names no role.
    #[error("\"{file}\" names no role")]
    NoRole {
        /// The certificate's file, as the user names it.
        file: String,
        /// Why.
        detail: String,
    },
    /// Revocation lists with which everybody is turned away.
    #[error("the revocation lists in \"{file}\" would turn everybody away: {lack}")]
    Lists {
        /// Their file, as the user names it.
        file: String,
        /// What is wrong.
        lack: String,
        /// The command that mends it.
        command: String,
    },
    /// Revocation lists that are asked for, and are not there.
    #[error("there is no revocation list in \"{place}\"")]
    NoLists {
        /// The directory.
        place: String,
        /// The command that makes them.
        command: String,
    },
    /// A depth that the chain does not fit into.
    #[error("a chain of {needed} intermediate CAs does not fit into a depth of {wanted}")]
    Depth {
        /// What was asked for.
        wanted: usize,
        /// What the server's chain needs.
        needed: usize,
    },
    /// A name that two servers have.
    #[error("\"{name}\" is a name of \"{one}\" and of \"{other}\"")]
    SharedName {
        /// The name.
        name: String,
        /// A certificate's file, as the user names it.
        one: String,
        /// The other's.
        other: String,
    },
    /// A node's certificate that it cannot show to the others.
    #[error("\"{file}\" is a server's alone, and nodes show theirs to each other")]
    OneSided {
        /// The certificate's file, as the user names it.
        file: String,
        /// The command that makes one that serves for both.
        command: String,
    },
    /// A value that the format has no words for.
    #[error("{what} cannot stand in {format}: \"{value}\"")]
    Unsayable {
        /// What it is.
        what: &'static str,
        /// Its value.
        value: String,
        /// The format.
        format: &'static str,
        /// Why.
        detail: &'static str,
    },
    /// Wishes that do not go together, whatever is on disk.
    #[error("{fact}")]
    Combination {
        /// Which.
        fact: String,
        /// What goes.
        hint: &'static str,
    },
    /// A file that somebody else wrote.
    #[error("\"{path}\" exists, and its first line does not say that pgtls config wrote it")]
    Foreign {
        /// The file.
        path: String,
    },
}

impl Diagnosis for ConfigError {
    fn detail(&self) -> Option<String> {
        Some(match self {
            Self::NoMember { known, .. } if !known.is_empty() => format!("There are: {}.", known.join(", ")),
            Self::NoKey { certificate, .. } => {
                format!("Without it nobody can show {certificate}.")
            }
            Self::Locked { why, .. } => (*why).to_owned(),
            Self::NotTrusted { .. } => "The other side would refuse it.".to_owned(),
            Self::Host { names, .. } if names.is_empty() => "It names no host.".to_owned(),
            Self::Host { names, .. } => format!("Its names are {}.", names.join(", ")),
            Self::OtherRole { .. } => {
                "The server compares the two, unless a user map says otherwise.".to_owned()
            }
            Self::NoRole { detail, .. } => detail.clone(),
            Self::Lists { .. } => {
                "A list of every CA is wanted, each in its time, once one is looked into.".to_owned()
            }
            Self::SharedName { .. } => "PostgreSQL takes a name once, and refuses the file.".to_owned(),
            Self::OneSided { .. } => {
                "With it a node would be refused by the API of another, which wants a client's.".to_owned()
            }
            Self::Unsayable { detail, .. } => (*detail).to_owned(),
            Self::Foreign { .. } => "It would be overwritten; nothing was changed.".to_owned(),
            _ => return None,
        })
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoMember { command, .. }
            | Self::KeyForm { command, .. }
            | Self::NoTrust { command, .. }
            | Self::NotTrusted { command, .. }
            | Self::Host { command, .. }
            | Self::Lists { command, .. }
            | Self::NoLists { command, .. } => format!("Run: {command}"),
            Self::NoKey { mend, .. } | Self::Locked { mend, .. } => mend.clone(),
            Self::OneSided { command, .. } => {
                format!("Run: {command}; or name a client's certificate with --ctl.")
            }
            Self::OtherRole { command, .. } => {
                format!("Run: {command}; or say --mapped where pgtls config ident maps it.")
            }
            Self::NoRole { .. } => "Map it to a role with pgtls config ident --dn.".to_owned(),
            Self::NoHost => "Give the one that clients connect to with --host.".to_owned(),
            Self::Depth { needed, .. } => format!("Leave it out, or give at least {needed}."),
            Self::SharedName { .. } => "Say whose lines are wanted with --server.".to_owned(),
            Self::Unsayable { .. } => "Give it another name, or another place with --files-at.".to_owned(),
            Self::Combination { hint, .. } => (*hint).to_owned(),
            Self::Foreign { .. } => "Give another path, or move away what is there.".to_owned(),
        })
    }

    fn failure(&self) -> Failure {
        match self {
            Self::Unsayable { .. } | Self::Combination { .. } | Self::NoHost => Failure::Usage,
            _ => Failure::Forbidden,
        }
    }
}
