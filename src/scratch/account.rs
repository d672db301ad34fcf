//! As whom the server runs: never as root, because PostgreSQL refuses to.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, chown, fchown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::unistd::User;
use rustix::process::geteuid;

use super::error::ScratchError;

/// Whom root may give the server to, the first that exists: the packages make the one, every Unix has the other.
const STAND_INS: [&str; 2] = ["postgres", "nobody"];

/// The user the server runs as and its files belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Account {
    /// The user of this process.
    Own,
    /// Another, because this process is root.
    Other { uid: u32, gid: u32 },
}

impl Account {
    pub(super) fn choose() -> Result<Self, ScratchError> {
        if !geteuid().is_root() {
            return Ok(Self::Own);
        }
        // An account that cannot be looked up is as good as none: the next may do.
        STAND_INS
            .into_iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .filter(|user| !user.uid.is_root())
            .map(|user| Self::Other { uid: user.uid.as_raw(), gid: user.gid.as_raw() })
            .ok_or(ScratchError::NoAccount)
    }

    /// Makes `command` run as this account; the standard library drops root's supplementary groups with it.
    pub(super) fn give(self, command: &mut Command) {
        if let Self::Other { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
    }

    /// Creates a directory that belongs to this account and nobody else may enter.
    pub(super) fn create_private_directory(self, path: &Path) -> Result<(), ScratchError> {
        let create = || {
            DirBuilder::new().mode(0o700).create(path)?;
            match self {
                Self::Own => Ok(()),
                Self::Other { uid, gid } => chown(path, Some(uid), Some(gid)),
            }
        };
        create().map_err(|source| file_error("create directory", path, source))
    }

    /// Puts `contents` at `path`, with mode 0600 from birth and belonging to this account, replacing what is there.
    ///
    /// The directory must be one that only this process can write to, or another could swap the file.
    pub(super) fn place(self, mut contents: impl io::Read, path: &Path) -> Result<(), ScratchError> {
        let fresh = path.with_extension("new");
        let mut write = || {
            let mut file = create_private_file(&fresh)?;
            io::copy(&mut contents, &mut file)?;
            if let Self::Other { uid, gid } = self {
                fchown(&file, Some(uid), Some(gid))?;
            }
            fs::rename(&fresh, path)
        };
        write().map_err(|source| {
            // Or the next attempt would find it in its way; the error to report is the first one.
            let _ = fs::remove_file(&fresh);
            file_error("write", path, source)
        })
    }
}

/// Creates a directory that others may pass through and only its maker may list or change.
///
/// Exclusive: a directory or link that is already there is an error, so nobody can lay one out for us.
pub(super) fn create_passage(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)?;
    // The mode given at birth is cut by the umask; this one is not.
    fs::set_permissions(path, fs::Permissions::from_mode(0o711))
}

/// Creates a file that is new and that nobody else may read.
pub(super) fn create_private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Wraps an error of the file system with what was tried and where.
pub(super) fn file_error(action: &'static str, path: &Path, source: io::Error) -> ScratchError {
    ScratchError::File { action, path: path.to_owned(), source }
}
