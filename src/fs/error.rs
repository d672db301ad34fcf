//! What can go wrong between us and the disk, in words for the user. Where it is noticed is the other files' work.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use thiserror::Error;

use crate::diagnosis::{Diagnosis, Failure};
use crate::fs::folder_fault::FolderFault;

/// What was being done when the system refused; prints as the verb of `could not ...`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Opening, listing or reading.
    Read,
    /// Making a file or directory.
    Create,
    /// Writing contents or setting a mode.
    Write,
    /// Making what was written durable.
    Sync,
    /// Giving a written file or directory its name.
    Rename,
    /// Taking the lock of a directory.
    Lock,
}

impl Action {
    fn verb(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Write => "write",
            Self::Sync => "sync",
            Self::Rename => "rename",
            Self::Lock => "lock",
        }
    }
}

/// What keeps a file from being replaced; prints as the end of `cannot be replaced: ...`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// Something is mounted on it, as single files are into containers.
    MountPoint,
    /// `chattr +i`.
    Immutable,
    /// `chattr +a`.
    AppendOnly,
    /// It and its directory are other users', and the directory has the sticky bit.
    Sticky,
}

impl Obstacle {
    fn reason(self) -> &'static str {
        match self {
            Self::MountPoint => "it is a mount point",
            Self::Immutable => "it is immutable",
            Self::AppendOnly => "it is append-only",
            Self::Sticky => "it belongs to another user, in a sticky directory",
        }
    }

    fn hint(self, path: &Path) -> String {
        match self {
            Self::MountPoint => "Mount the directory and not the file, or use another directory.".to_owned(),
            Self::Immutable => format!("Run chattr -i {path:?}, or use another directory."),
            Self::AppendOnly => format!("Run chattr -a {path:?}, or use another directory."),
            Self::Sticky => "Run the command as the owner of the file, or use another directory.".to_owned(),
        }
    }
}

/// Why files could not be read or written. Paths are as the user gave them.
///
/// Every failure before a commit leaves the directory as it was; the one that comes after it is
/// [`Unfinished`](Self::Unfinished).
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FsError {
    /// The system refused, for the reason in `source`.
    #[error("could not {} {path:?}: {}", action.verb(), reason(source))]
    Io {
        /// What was being done.
        action: Action,
        /// To what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The disk, or the user's quota on it, is full. Mend: free space, or choose another directory.
    #[error("could not write {path:?}: {}", reason(source))]
    NoSpace {
        /// The file that did not fit.
        path: PathBuf,
        /// `ENOSPC` or `EDQUOT`.
        source: io::Error,
    },
    /// A directory was expected, and something else is there.
    #[error("{path:?} is not a directory")]
    NotADirectory {
        /// What is no directory.
        path: PathBuf,
    },
    /// The directory did not exist when the work began, and does now. Mend: begin again, which callers do by themselves.
    #[error("{path:?} appeared while it was being made")]
    Appeared {
        /// The directory that appeared.
        path: PathBuf,
    },
    /// Only root may give files away. Mend: run as root, or leave `--owner` out where it asks for it.
    #[error("could not change owner of {path:?}: {}", reason(source))]
    ChangeOwner {
        /// The file or directory.
        path: PathBuf,
        /// The system's reason, mostly `EPERM`.
        source: io::Error,
    },
    /// A symbolic link is where a file of our own should be. Mend: remove it.
    #[error("{path:?} is a symbolic link")]
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// The path of an output directory is a symbolic link to nothing. Mend: remove it, or make what it names.
    #[error("{path:?} is a symbolic link to nothing")]
    Dangling {
        /// The link.
        path: PathBuf,
    },
    /// A directory has the name of a file that is to be written. Mend: remove it.
    #[error("{path:?} is a directory")]
    InTheWay {
        /// The directory.
        path: PathBuf,
    },
    /// Something that is no folder has the name of the record of a change. Mend: remove it.
    #[error("{path:?} is in the way")]
    RecordInTheWay {
        /// What is there.
        path: PathBuf,
    },
    /// What is called `revoked` is not a folder that files can be moved into: a file, a link, a mount point, another
    /// user's. Mend: remove or rename it.
    #[error("{path:?} is in the way: {}", fault.reason())]
    FolderInTheWay {
        /// What is there.
        path: PathBuf,
        /// What is wrong with it.
        fault: FolderFault,
    },
    /// Something else lies where a file is to be put away. Mend: rename it.
    #[error("{path:?} exists already")]
    PutAwayBefore {
        /// What is there.
        path: PathBuf,
    },
    /// A file that is to be replaced or removed cannot be. Mend: take the obstacle away.
    #[error("{path:?} cannot be replaced: {}", obstacle.reason())]
    Irreplaceable {
        /// The file.
        path: PathBuf,
        /// Why not.
        obstacle: Obstacle,
    },
    /// A file is larger than what any file of its kind could be.
    #[error("{path:?} is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What would have been accepted, in bytes; included.
        limit_bytes: usize,
    },
    /// A name that no file in a directory can have: empty, `.`, `..`, with `/` (but for `revoked/NAME`, in a directory that
    /// exists) or a zero byte, or kept for ourselves.
    #[error("{name:?} cannot be a file name")]
    BadName {
        /// The name.
        name: String,
    },
    /// A change was recorded, but not every file could be moved to its place. Mend: see to the reason, then run any
    /// writing command, as the same user.
    #[error("could not finish the change of directory {path:?}: {}", reason(source))]
    Unfinished {
        /// The directory.
        path: PathBuf,
        /// Why it stopped.
        source: io::Error,
    },
    /// The record of a change is another user's, who could have put anything into it. Mend: remove it.
    #[error("{path:?} belongs to another user")]
    ForeignRecord {
        /// The folder.
        path: PathBuf,
    },
    /// A file is to be added to, and another process does so. Mend: wait for it.
    #[error("{path:?} is being written by another process")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Keys are to be added to a file that is not the caller's alone. Mend: take its mode, or its owner, back.
    #[error("{path:?} {}", if *is_foreign { "belongs to another user" } else { "can be read or changed by others" })]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Whether it is another user's; otherwise its mode is too wide.
        is_foreign: bool,
    },
    /// A directory was changed again and again while it was being read. Mend: read again later.
    #[error("could not read directory {path:?}: it keeps changing")]
    Changing {
        /// The directory.
        path: PathBuf,
    },
}

impl FsError {
    /// The error for `errno`, met on `action` at `path`: a full disk is told apart from the rest.
    pub(super) fn new(action: Action, path: impl Into<PathBuf>, errno: Errno) -> Self {
        let (path, source) = (path.into(), io::Error::from(errno));
        match errno {
            Errno::NOSPC | Errno::DQUOT => Self::NoSpace { path, source },
            _ => Self::Io { action, path, source },
        }
    }

    /// The error for a change that stopped after it had been recorded.
    pub(super) fn unfinished(path: impl Into<PathBuf>, errno: Errno) -> Self {
        let (path, source) = (path.into(), io::Error::from(errno));
        Self::Unfinished { path, source }
    }
}

impl FsError {
    /// Whether a commit that failed with it has changed something all the same.
    #[must_use]
    pub fn left_something(&self) -> bool {
        matches!(self, Self::Unfinished { .. } | Self::Io { action: Action::Sync, .. })
    }
}

impl Diagnosis for FsError {
    fn detail(&self) -> Option<String> {
        match self {
            Self::NoSpace { .. } | Self::Irreplaceable { .. } => Some("Nothing was changed.".to_owned()),
            Self::Appeared { .. } => {
                Some("Another process made it in the meantime; nothing was changed.".to_owned())
            }
            Self::Symlink { .. } => Some("No link inside an output directory is followed.".to_owned()),
            Self::InTheWay { .. } => {
                Some("A file of that name is to be written or removed; nothing was changed.".to_owned())
            }
            Self::RecordInTheWay { .. } => {
                Some("A change to the directory is recorded under that name; nothing was changed.".to_owned())
            }
            Self::FolderInTheWay { .. } => Some(
                "A folder of that name is to hold what was revoked, keys too; nothing was changed.".to_owned(),
            ),
            Self::PutAwayBefore { .. } => Some(
                "It is not what is to be put away under that name; nothing was changed.".to_owned(),
            ),
            Self::ForeignRecord { .. } => Some(
                "It has the name of a recorded change, but another user could have put anything into it; nothing was \
                 changed."
                    .to_owned(),
            ),
            Self::Unfinished { .. } => Some(
                "The whole change is recorded on disk; the next command that writes completes it.".to_owned(),
            ),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Io { action, path, source } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some(permission_hint(*action, path))
            }
            Self::Io { action: Action::Read, source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("Give the path of a file that exists.".to_owned())
            }
            Self::NoSpace { .. } => Some("Free some space, or choose another directory.".to_owned()),
            Self::NotADirectory { .. } => {
                Some("Name a directory; to make one, a path where nothing exists yet.".to_owned())
            }
            Self::Appeared { .. } => Some("Run the command again.".to_owned()),
            Self::ChangeOwner { .. } => {
                Some("Run the command as root; where --owner asks for it, leave that out.".to_owned())
            }
            Self::Symlink { path } => {
                Some(format!("Remove {path:?}, or put the file that it points to in its place."))
            }
            Self::Dangling { path } => Some(format!("Remove {path:?}, or make the directory that it names.")),
            Self::Irreplaceable { path, obstacle } => Some(obstacle.hint(path)),
            Self::FolderInTheWay { path, fault: FolderFault::Open } => {
                Some(format!("Look at what is in it, and run chmod 0700 {path:?}."))
            }
            Self::InTheWay { path } | Self::RecordInTheWay { path } | Self::FolderInTheWay { path, .. } => {
                Some(format!("Remove or rename {path:?}."))
            }
            Self::PutAwayBefore { path } => Some(format!("Rename {path:?}.")),
            Self::Unfinished { .. } => Some(
                "Run the command again as the user who ran it first, once the reason is mended.".to_owned(),
            ),
            Self::ForeignRecord { path } => Some(format!(
                "Where an interrupted run of that user left it, let that user run the command again; else remove {path:?}."
            )),
            Self::Changing { .. } => Some("Run the command again when nothing else writes there.".to_owned()),
            Self::InUse { .. } => Some("Run the command again when that has ended.".to_owned()),
            Self::Exposed { is_foreign: true, .. } => Some(
                "Keys would be added to it: give another file, or run the command as its owner.".to_owned(),
            ),
            Self::Exposed { path, .. } => {
                Some(format!("Keys would be added to it: run chmod 0600 {path:?}."))
            }
            Self::TooLarge { .. } | Self::BadName { .. } | Self::Io { .. } => None,
        }
    }

    fn failure(&self) -> Failure {
        match self {
            Self::Appeared { .. }
            | Self::NotADirectory { .. }
            | Self::Symlink { .. }
            | Self::Dangling { .. }
            | Self::InTheWay { .. }
            | Self::RecordInTheWay { .. }
            | Self::FolderInTheWay { .. }
            | Self::PutAwayBefore { .. }
            | Self::InUse { .. }
            | Self::Exposed { .. }
            | Self::ForeignRecord { .. } => Failure::Forbidden,
            Self::BadName { .. } => Failure::Usage,
            _ => Failure::System,
        }
    }
}

/// What the system says, as part of a sentence: `no space left on device`, without number and capital.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

fn permission_hint(action: Action, path: &Path) -> String {
    if matches!(action, Action::Read | Action::Lock) {
        return format!("Make {path:?} readable, or run the command as its owner.");
    }
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    format!("Make directory {directory:?} writable, or choose another one.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error;

    #[test]
    fn a_full_disk_says_so_that_nothing_changed_and_what_to_do() {
        let error = FsError::new(Action::Write, "pki/server.key", Errno::NOSPC);
        assert_eq!(error.to_string(), r#"could not write "pki/server.key": no space left on device"#);
        assert_eq!(error.detail().as_deref(), Some("Nothing was changed."));
        assert_eq!(error.hint().as_deref(), Some("Free some space, or choose another directory."));
        assert_eq!(error.failure(), Failure::System);
        assert!(error.source().is_some());
    }

    #[test]
    fn permission_denied_names_the_directory_to_make_writable() {
        let hint = |action, path: &str| FsError::new(action, path, Errno::ACCESS).hint();
        let wanted = Some(r#"Make directory "pki" writable, or choose another one."#.to_owned());
        assert_eq!(hint(Action::Create, "pki/server.key"), wanted);
        let wanted = Some(r#"Make directory "." writable, or choose another one."#.to_owned());
        assert_eq!(hint(Action::Create, "pki"), wanted);
        let wanted = Some(r#"Make "pki/server.key" readable, or run the command as its owner."#.to_owned());
        assert_eq!(hint(Action::Read, "pki/server.key"), wanted);
        assert_eq!(FsError::new(Action::Create, "pki", Errno::ROFS).hint(), None);
    }

    #[test]
    fn what_the_directory_forbids_is_told_apart_from_what_the_system_refuses() {
        let path = PathBuf::from("pki");
        assert_eq!(FsError::Appeared { path: path.clone() }.failure(), Failure::Forbidden);
        assert_eq!(FsError::Symlink { path: path.clone() }.failure(), Failure::Forbidden);
        assert_eq!(FsError::NotADirectory { path }.failure(), Failure::Forbidden);
        assert_eq!(FsError::BadName { name: "a/b".to_owned() }.failure(), Failure::Usage);
    }
}
