//! What is wrong with a request before any step is taken.

use crate::diagnosis::{Diagnosis, Failure};
use crate::state::StateError;

/// A request that makes no sense, or that names what does not exist.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A profile that is neither built in nor a file.
    #[error("unknown profile \"{found}\"")]
    UnknownProfile {
        /// The name.
        found: String,
        /// The built-in names.
        known: Vec<&'static str>,
    },
    /// A profile file that is not UTF-8.
    #[error("\"{path}\" is not UTF-8 text")]
    ProfileEncoding {
        /// The file.
        path: String,
    },
    /// An owner that this machine does not know.
    #[error("unknown {what} \"{found}\"")]
    UnknownOwner {
        /// `user` or `group`.
        what: &'static str,
        /// The name.
        found: String,
    },
    /// A numeric owner without a group, and no account that would tell it.
    #[error("no account has the user id {uid}, so its group is not known")]
    NoGroup {
        /// The id.
        uid: u32,
    },
    /// A key mode with which a server would not start.
    #[error("key mode {found} is one that PostgreSQL refuses")]
    KeyMode {
        /// The mode.
        found: String,
        /// Why.
        detail: &'static str,
    },
    /// An empty passphrase.
    #[error("passphrase file \"{path}\" holds no passphrase")]
    EmptyPassphrase {
        /// The file.
        path: String,
    },
    /// A passphrase that openssl would read as another one.
    #[error("passphrase file \"{path}\" begins with a line that openssl cannot take")]
    ForeignPassphrase {
        /// The file.
        path: String,
    },
    /// A passphrase of the environment that no passphrase file could hold.
    #[error("the variable {name} holds no passphrase that openssl can take")]
    ForeignVariable {
        /// The variable.
        name: &'static str,
    },
    /// The files of a CA that is named are not what they are named for.
    #[error("{flag}: {source}")]
    CaFile {
        /// The flag.
        flag: &'static str,
        /// What is wrong.
        source: StateError,
    },
    /// CA directory and directory are one.
    #[error("--ca-dir and -D name the same directory, \"{path}\"")]
    SameDirectory {
        /// The directory.
        path: String,
    },
    /// The directory of lists under hash names is one of the others.
    #[error("--hash-dir names \"{path}\", which is -D or --ca-dir")]
    HashDirectory {
        /// The directory.
        path: String,
    },
    /// There is nothing to inspect.
    #[error("\"{path}\" does not exist")]
    NoDirectory {
        /// The directory.
        path: String,
    },
    /// There is no directory with a key.
    #[error("\"{path}\" does not exist")]
    NoKeyDirectory {
        /// The directory.
        path: String,
    },
    /// A path where nothing is.
    #[error("\"{path}\" does not exist")]
    NoSuchFile {
        /// The path.
        path: String,
    },
    /// A setting of a server names a file that is not there.
    #[error("{setting} is \"{path}\", which does not exist")]
    SettingWithoutFile {
        /// The setting.
        setting: &'static str,
        /// Its value as a whole path.
        path: String,
        /// Where it is set.
        origin: String,
    },
    /// A file that is to hold a certificate request.
    #[error("\"{path}\" is no certificate request: {problem}")]
    NotARequest {
        /// The path.
        path: String,
        /// What it is.
        problem: String,
    },
    /// Nothing that could be judged.
    #[error("there is nothing to judge in \"{path}\"")]
    NothingToJudge {
        /// Where it was looked for.
        path: String,
    },
    /// A client's settings and a server's in one run.
    #[error("--libpq judges a client's files, and \"{path}\" is a server's")]
    ClientAndServer {
        /// The server's data directory or configuration.
        path: String,
    },
    /// A list or a stream that cannot be read.
    #[error("could not read {list}: {reason}")]
    List {
        /// What it is called.
        list: String,
        /// The system's reason.
        reason: String,
    },
    /// A stream is to go into a file that exists.
    #[error("\"{path}\" exists already")]
    StreamExists {
        /// The file.
        path: String,
    },
    /// A file that is to be taken up again holds no certificate in the form that is asked for.
    #[error("\"{path}\" is no stream of that form")]
    OtherStream {
        /// The file.
        path: String,
    },
    /// No lines to walk.
    #[error("which pg_hba.conf counts is not told")]
    NoHbaFile,
    /// A file that is to hold a client's certificate.
    #[error("no certificate in \"{path}\"")]
    NoCertificate {
        /// The file.
        path: String,
    },
    /// A directory with nothing that could be shown.
    #[error("no certificate, key, request or revocation list in \"{path}\"")]
    NothingThere {
        /// The directory.
        path: String,
    },
}

impl Diagnosis for RequestError {
    fn detail(&self) -> Option<String> {
        match self {
            Self::UnknownProfile { known, .. } => {
                Some(format!("Built in are {}; gen also takes chain.", known.join(", ")))
            }
            Self::KeyMode { detail, .. } => Some((*detail).to_owned()),
            Self::SettingWithoutFile { origin, .. } => {
                Some(format!("It is named by {origin}; the server does not start without it."))
            }
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::UnknownProfile { .. } => {
                "Give one of these, or the path of a profile of your own (with a slash or .toml)."
            }
            Self::ProfileEncoding { .. } => "Save it as UTF-8.",
            Self::UnknownOwner { .. } => "Give a name that this machine knows, or numbers: --owner 999:999.",
            Self::NoGroup { uid } => return Some(format!("Give both: --owner {uid}:GID.")),
            Self::KeyMode { .. } => "Use 0600 (or 0400); 0640 only with --owner root:GROUP.",
            Self::EmptyPassphrase { .. } => "Its first line is the passphrase.",
            Self::ForeignPassphrase { .. } | Self::ForeignVariable { .. } => {
                "Use a line of at most 1,023 bytes without a zero byte."
            }
            Self::CaFile { flag, source } => {
                return source
                    .mend()
                    .or_else(|| Some(format!("Give what {flag} is for: a PEM file of the CA's own.")));
            }
            Self::SameDirectory { .. } => "Leave --ca-dir out, or give it another directory.",
            Self::HashDirectory { .. } => "Give it a directory of its own, which ssl_crl_dir names.",
            Self::NoDirectory { .. } => "Make one with \"pgtls gen chain --intermediate\", or give its path.",
            Self::NoKeyDirectory { .. } => "Give the directory that holds the key with -D.",
            Self::NoSuchFile { .. } => "Give the path of a directory or file that exists.",
            Self::NotARequest { .. } => "Give one as PEM or DER; pgtls csr makes one, as openssl req does.",
            Self::SettingWithoutFile { .. } => "Put the file there, or set the parameter to where it is.",
            Self::NothingToJudge { .. } => {
                "Give a directory with certificates, keys or revocation lists, or files."
            }
            Self::ClientAndServer { .. } => "Judge one after the other; --trust says what clients trust.",
            Self::List { .. } => "Give a file that can be read, or - for standard input.",
            Self::StreamExists { .. } => {
                "Give another file; --skip-issued takes this one up again where an earlier run ended."
            }
            Self::OtherStream { .. } => "Give the file that an earlier run wrote, with its --stream.",
            Self::NoHbaFile => {
                "Give it with --hba, or the server's data directory with -D, or its postgresql.conf with --conf."
            }
            Self::NoCertificate { .. } => "Give the file of the client's certificate, in PEM.",
            Self::NothingThere { .. } => "Give a directory that holds some, or files of any name.",
        };
        Some(hint.to_owned())
    }

    fn failure(&self) -> Failure {
        match self {
            Self::List { .. }
            | Self::NoDirectory { .. }
            | Self::NoKeyDirectory { .. }
            | Self::NoSuchFile { .. }
            | Self::SettingWithoutFile { .. } => Failure::System,
            Self::NotARequest { .. }
            | Self::CaFile { .. }
            | Self::StreamExists { .. }
            | Self::OtherStream { .. } => Failure::Forbidden,
            _ => Failure::Usage,
        }
    }
}
