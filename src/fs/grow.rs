//! Files that grow at their end: an index that is added to, a stream of certificates that is taken up again.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, FileType, FlockOperation, OFlags, fchmod, fdatasync, flock, fstat, ftruncate, openat,
    unlinkat,
};
use rustix::io::{Errno, pread, retry_on_intr};
use rustix::process::geteuid;

use crate::fs::error::{Action, FsError};
use crate::fs::read::open_directory;
use crate::fs::record::sync_directory;
use crate::fs::set::Mode;
use crate::fs::target::{Place, Target, parent_of};

/// The bits of a mode that let others read or change a file of keys: all but that of the group to read, which PostgreSQL
/// allows too where root owns it (libpq-ssl, "Client Certificates").
const EXPOSING: u32 = 0o037;

/// A regular file that is read, and written at its end alone.
#[derive(Debug)]
pub struct Growing {
    file: std::fs::File,
    path: PathBuf,
    length: u64,
    /// Whether it was made just now, and nobody has seen anything in it.
    is_new: bool,
}

impl Target {
    /// Opens a file of the directory to be added to.
    ///
    /// # Errors
    /// [`FsError::Symlink`], [`FsError::InTheWay`] for what is no regular file, [`FsError::Io`] when the system refuses.
    pub fn grow(&self, name: &str) -> Result<Growing, FsError> {
        let path = self.path().join(name);
        match &self.place {
            Place::Existing(directory) => Growing::open_at(directory, name, path, OFlags::RDWR),
            Place::Absent { .. } => Err(FsError::new(Action::Read, path, Errno::NOENT)),
        }
    }
}

impl Growing {
    /// Makes a new file, private to its owner; `None` where anything has that name. It goes again when dropped if it is still
    /// empty. It is [taken](Self::take).
    ///
    /// # Errors
    /// [`FsError::Io`] when the system refuses.
    pub fn create(path: impl Into<PathBuf>) -> Result<Option<Self>, FsError> {
        let path = path.into();
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let private = rustix::fs::Mode::from_raw_mode(Mode::SECRET.bits());
        let file = match retry_on_intr(|| openat(CWD, &path, flags, private)) {
            Err(Errno::EXIST) => return Ok(None),
            file => file.map_err(|errno| FsError::new(Action::Create, &path, errno))?,
        };
        // The umask may take bits of the owner's own.
        fchmod(&file, private).map_err(|errno| FsError::new(Action::Create, &path, errno))?;
        if let Some(parent) = open_directory(parent_of(&path))? {
            sync_directory(&parent).map_err(|errno| FsError::new(Action::Sync, &path, errno))?;
        }
        let file = Self { file: file.into(), path, length: 0, is_new: true };
        file.take()?;
        Ok(Some(file))
    }

    /// Opens an existing file.
    ///
    /// # Errors
    /// Those of [`Target::grow`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, FsError> {
        let path = path.into();
        Self::open_at(CWD, path.clone(), path, OFlags::RDWR)
    }

    /// Opens an existing file that is not to be changed.
    ///
    /// # Errors
    /// Those of [`Target::grow`].
    pub fn open_to_read(path: impl Into<PathBuf>) -> Result<Self, FsError> {
        let path = path.into();
        Self::open_at(CWD, path.clone(), path, OFlags::RDONLY)
    }

    fn open_at(
        directory: impl std::os::fd::AsFd,
        name: impl rustix::path::Arg,
        path: PathBuf,
        access: OFlags,
    ) -> Result<Self, FsError> {
        let action = if access == OFlags::RDONLY { Action::Read } else { Action::Write };
        let fail = |errno| FsError::new(action, &path, errno);
        // Without O_NONBLOCK, opening a pipe would wait for somebody to read from it.
        let flags = access | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = match openat(directory, name, flags, rustix::fs::Mode::empty()) {
            Err(Errno::LOOP) => return Err(FsError::Symlink { path }),
            file => file.map_err(fail)?,
        };
        let found = fstat(&file).map_err(fail)?;
        if !FileType::from_raw_mode(found.st_mode).is_file() {
            let source = io::Error::other("it is no regular file");
            return Err(FsError::Io { action, path, source });
        }
        let length = u64::try_from(found.st_size).unwrap_or_default();
        Ok(Self { file: file.into(), path, length, is_new: false })
    }

    /// Keeps other runs out of it until it is dropped.
    ///
    /// # Errors
    /// [`FsError::InUse`] for one that another process has taken, [`FsError::Io`] when the system refuses.
    pub fn take(&self) -> Result<(), FsError> {
        match retry_on_intr(|| flock(&self.file, FlockOperation::NonBlockingLockExclusive)) {
            Err(Errno::WOULDBLOCK) => return Err(FsError::InUse { path: self.path.clone() }),
            // Some file systems know no locks.
            Err(Errno::NOSYS | Errno::OPNOTSUPP | Errno::NOLCK | Errno::INVAL) => {}
            locked => locked.map_err(|errno| FsError::new(Action::Lock, &self.path, errno))?,
        }
        Ok(())
    }

    /// Refuses it where keys are to be added and it is not the caller's alone.
    ///
    /// # Errors
    /// [`FsError::Exposed`], and [`FsError::Io`] when the system refuses.
    pub fn refuse_exposed(&self) -> Result<(), FsError> {
        let found = fstat(&self.file).map_err(|errno| FsError::new(Action::Read, &self.path, errno))?;
        let is_foreign = found.st_uid != geteuid().as_raw();
        if is_foreign || found.st_mode & EXPOSING != 0 {
            return Err(FsError::Exposed { path: self.path.clone(), is_foreign });
        }
        Ok(())
    }

    /// Its path, as messages have it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How long it is, in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// What follows its last line feed, as far as that is within `limit_bytes` of its end; empty where the last line is whole.
    ///
    /// # Errors
    /// [`FsError::Io`] when the system refuses.
    pub fn tail(&self, limit_bytes: usize) -> Result<Vec<u8>, FsError> {
        let start = self.length.saturating_sub(limit_bytes as u64);
        let mut tail = vec![0; usize::try_from(self.length - start).unwrap_or(limit_bytes)];
        let mut filled = 0;
        while filled < tail.len() {
            let read = retry_on_intr(|| pread(&self.file, &mut tail[filled..], start + filled as u64));
            match read.map_err(|errno| FsError::new(Action::Read, &self.path, errno))? {
                0 => break,
                more => filled += more,
            }
        }
        tail.truncate(filled);
        let end = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        Ok(tail.split_off(end))
    }

    /// Reads it from its beginning.
    ///
    /// # Errors
    /// [`FsError::Io`] when the system refuses.
    pub fn reader(&mut self) -> Result<impl Read + '_, FsError> {
        self.seek(SeekFrom::Start(0))?;
        Ok(&mut self.file)
    }

    /// Cuts it to that length, if it is longer, and makes that durable.
    ///
    /// # Errors
    /// [`FsError::Io`] when the system refuses.
    pub fn cut(&mut self, length: u64) -> Result<(), FsError> {
        if length >= self.length {
            return Ok(());
        }
        let fail = |errno| FsError::new(Action::Write, &self.path, errno);
        retry_on_intr(|| ftruncate(&self.file, length)).map_err(fail)?;
        self.length = length;
        self.sync()
    }

    /// Writes at its end: all of it, or nothing where the system refuses.
    ///
    /// # Errors
    /// [`FsError::NoSpace`] and [`FsError::Io`].
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), FsError> {
        self.seek(SeekFrom::Start(self.length))?;
        if let Err(source) = self.file.write_all(bytes) {
            // What was begun would be taken for a line.
            let _ = ftruncate(&self.file, self.length);
            let errno = source.raw_os_error().map(Errno::from_raw_os_error);
            return Err(match errno {
                Some(errno) => FsError::new(Action::Write, &self.path, errno),
                None => FsError::Io { action: Action::Write, path: self.path.clone(), source },
            });
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Makes all that was appended durable.
    ///
    /// # Errors
    /// [`FsError::Io`] when the system refuses.
    pub fn sync(&self) -> Result<(), FsError> {
        match retry_on_intr(|| fdatasync(&self.file)) {
            // Not every file system can.
            Err(Errno::INVAL | Errno::ROFS) => Ok(()),
            result => result.map_err(|errno| FsError::new(Action::Sync, &self.path, errno)),
        }
    }

    fn seek(&self, to: SeekFrom) -> Result<u64, FsError> {
        let fail = |source: io::Error| FsError::Io { action: Action::Write, path: self.path.clone(), source };
        (&self.file).seek(to).map_err(fail)
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        if self.is_new && self.length == 0 {
            let _ = unlinkat(CWD, &self.path, AtFlags::empty());
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_new_file_is_private_and_takes_the_place_of_nothing() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("out.tar");
        let mut file = Growing::create(&path).unwrap().unwrap();
        file.append(b"one").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(Growing::create(&path).unwrap().is_none());
        symlink("nowhere", scratch.path().join("link")).unwrap();
        assert!(Growing::create(scratch.path().join("link")).unwrap().is_none());
        assert!(matches!(Growing::open(scratch.path().join("link")), Err(FsError::Symlink { .. })));
        assert!(Growing::open(scratch.path()).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"one");
    }

    #[test]
    fn a_new_file_that_nothing_came_into_goes_again() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("out.tar");
        drop(Growing::create(&path).unwrap().unwrap());
        assert!(!path.exists());
        fs::write(&path, "").unwrap();
        drop(Growing::open(&path).unwrap());
        assert!(path.exists(), "it was somebody's");
    }

    #[test]
    fn the_unfinished_last_line_is_told_and_can_be_cut_off() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("root.index");
        fs::write(&path, "one\ntwo\nthr").unwrap();
        let mut file = Growing::open(&path).unwrap();
        assert_eq!(file.tail(100).unwrap(), b"thr");
        assert_eq!(file.tail(2).unwrap(), b"hr");
        file.cut(8).unwrap();
        assert_eq!(file.tail(100).unwrap(), b"");
        file.append(b"three\n").unwrap();
        file.cut(100).unwrap();
        assert_eq!((fs::read(&path).unwrap(), file.length()), (b"one\ntwo\nthree\n".to_vec(), 14));
    }
}
