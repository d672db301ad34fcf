//! Reading: one file with a bound on its size, and the entries of one directory. What a directory as a whole means
//! (a change that is under way, who may follow links) is left to `directory` and `target`.

use std::collections::BTreeMap;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{
    Access, AtFlags, CWD, FileType, OFlags, RawDir, SeekFrom, Stat, accessat, fstat, openat, seek, statat,
};
use rustix::io::{Errno, pread, read, retry_on_intr};
use zeroize::Zeroizing;

use crate::fs::error::{Action, FsError};
use crate::fs::set::{FileEntry, Mode, Owner};
use crate::parallel::both;

/// The largest file that is read as part of a directory, but for those that grow with what a CA issued.
pub const FILE_LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// What the names of those end with: the index of a CA has a line for everything that it ever issued, a revocation list
/// an entry for everybody whom it shut out.
const GROWING_ENDINGS: [&str; 2] = [".index", ".crl"];
/// The largest of these that is read: some three million certificates.
const GROWING_LIMIT_BYTES: usize = 256 * 1024 * 1024;

/// What a directory entry is, a symbolic link not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, wherever it points.
    Symlink,
    /// A pipe, socket or device.
    Other,
}

/// One entry of a directory; the inode number tells a file from another that took its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) kind: EntryKind,
    inode: u64,
}

/// Whether a symbolic link at a file's name is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    Follow,
    Refuse,
}

/// Reads one file, pipe or `/dev/stdin` to its end; symbolic links are followed.
///
/// The contents are wiped from memory when dropped, and no copy of them is left behind by growing.
///
/// # Errors
/// [`FsError::TooLarge`] when there is more than `limit_bytes`, [`FsError::Io`] when the system refuses, which it also
/// does for a directory.
pub fn read_file(path: impl AsRef<Path>, limit_bytes: usize) -> Result<Zeroizing<Vec<u8>>, FsError> {
    let path = path.as_ref();
    let fail = |errno| FsError::new(Action::Read, path, errno);
    let file = open_to_read(path)?;
    let stat = fstat(&file).map_err(fail)?;
    read_bounded(file.as_fd(), &stat, limit_bytes, path)
}

/// Opens a file, pipe or `/dev/stdin` to be read bit by bit; symbolic links are followed.
///
/// # Errors
/// [`FsError::Io`] when the system refuses, which it also does for a directory.
pub fn open_file(path: impl AsRef<Path>) -> Result<impl io::Read, FsError> {
    let path = path.as_ref();
    let fail = |errno| FsError::new(Action::Read, path, errno);
    let file = open_to_read(path)?;
    if FileType::from_raw_mode(fstat(&file).map_err(fail)?.st_mode).is_dir() {
        return Err(fail(Errno::ISDIR));
    }
    Ok(std::fs::File::from(file))
}

fn open_to_read(path: &Path) -> Result<OwnedFd, FsError> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY;
    retry_on_intr(|| openat(CWD, path, flags, rustix::fs::Mode::empty()))
        .map_err(|errno| FsError::new(Action::Read, path, errno))
}

/// Reads a stream that somebody else has opened to its end, as [`read_file`] reads a file; `name` is what messages call it.
///
/// # Errors
/// [`FsError::TooLarge`] when there is more than `limit_bytes`, [`FsError::Io`] when reading fails.
pub fn read_stream(
    stream: &mut dyn io::Read,
    limit_bytes: usize,
    name: impl AsRef<Path>,
) -> Result<Zeroizing<Vec<u8>>, FsError> {
    read_to_end(0, limit_bytes, name.as_ref(), |buffer| {
        loop {
            match stream.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    })
}

/// Opens a directory, through a link too; `None` where nothing exists.
pub(super) fn open_directory(path: &Path) -> Result<Option<OwnedFd>, FsError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    match retry_on_intr(|| openat(CWD, path, flags, rustix::fs::Mode::empty())) {
        Ok(descriptor) => Ok(Some(descriptor)),
        Err(Errno::NOENT) => Ok(None),
        Err(Errno::NOTDIR) => Err(FsError::NotADirectory { path: path.to_path_buf() }),
        Err(errno) => Err(FsError::new(Action::Read, path, errno)),
    }
}

/// The entries of `directory`, without `.` and `..`.
///
/// Names that are not UTF-8 are left out: none of our files has one, and one that is never written need not be read.
pub(super) fn entries(directory: BorrowedFd<'_>) -> Result<BTreeMap<String, Entry>, Errno> {
    entries_if(directory, is_entry)
}

/// Whether a name is that of something in a directory, and not the directory's own or its parent's.
pub(super) fn is_entry(name: &str) -> bool {
    name != "." && name != ".."
}

/// The entries of `directory` whose name is `wanted`.
pub(super) fn entries_if(
    directory: BorrowedFd<'_>,
    wanted: impl Fn(&str) -> bool,
) -> Result<BTreeMap<String, Entry>, Errno> {
    let mut found = BTreeMap::new();
    // The descriptor's own position is used: opening the directory again would cost more than listing a small one.
    seek(directory, SeekFrom::Start(0))?;
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut list = RawDir::new(directory, &mut buffer);
    while let Some(entry) = list.next() {
        let entry = match entry {
            // The directory was removed meanwhile: there is nothing in it any more.
            Err(Errno::NOENT) => break,
            other => other?,
        };
        let Ok(name) = entry.file_name().to_str() else {
            continue;
        };
        if !wanted(name) {
            continue;
        }
        let kind = match entry.file_type() {
            FileType::Unknown => match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => FileType::from_raw_mode(stat.st_mode),
                Err(Errno::NOENT) => continue,
                Err(errno) => return Err(errno),
            },
            known => known,
        };
        let inode = entry.ino();
        let kind = match kind {
            FileType::RegularFile => EntryKind::File,
            FileType::Directory => EntryKind::Directory,
            FileType::Symlink => EntryKind::Symlink,
            _ => EntryKind::Other,
        };
        found.insert(name.to_owned(), Entry { kind, inode });
    }
    Ok(found)
}

/// Reads the regular file `name` in `directory`; `None` where there is none: nothing, a link that leads nowhere, or
/// something else than a regular file. `path` is for messages.
pub(super) fn read_entry(
    directory: BorrowedFd<'_>,
    name: &str,
    links: Links,
    path: &Path,
) -> Result<Option<FileEntry>, FsError> {
    Ok(read_inode(directory, name, links, path)?.map(|(entry, _)| entry))
}

/// The same, with the number of its inode.
pub(super) fn read_inode(
    directory: BorrowedFd<'_>,
    name: &str,
    links: Links,
    path: &Path,
) -> Result<Option<(FileEntry, u64)>, FsError> {
    let fail = |errno| FsError::new(Action::Read, path, errno);
    // Without O_NONBLOCK, opening a pipe would wait for somebody to write into it.
    let mut flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    if links == Links::Refuse {
        flags |= OFlags::NOFOLLOW;
    }
    let file = match retry_on_intr(|| openat(directory, name, flags, rustix::fs::Mode::empty())) {
        Ok(file) => file,
        Err(Errno::LOOP) if links == Links::Refuse => {
            let path = path.to_path_buf();
            return Err(FsError::Symlink { path });
        }
        Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => return Ok(None),
        Err(errno) => return Err(fail(errno)),
    };
    let stat = fstat(&file).map_err(fail)?;
    if !FileType::from_raw_mode(stat.st_mode).is_file() {
        return Ok(None);
    }
    let limit_bytes = if grows(name) { GROWING_LIMIT_BYTES } else { FILE_LIMIT_BYTES };
    let entry = FileEntry {
        contents: read_bounded(file.as_fd(), &stat, limit_bytes, path)?.into(),
        mode: Mode::from_bits(stat.st_mode),
        owner: Some(Owner { uid: stat.st_uid, gid: stat.st_gid }),
    };
    Ok(Some((entry, stat.st_ino)))
}

/// Whether `name` in `directory` may not be read by the caller.
pub(super) fn is_closed(directory: BorrowedFd<'_>, name: &str) -> bool {
    accessat(directory, name, Access::READ_OK, AtFlags::empty()) == Err(Errno::ACCESS)
}

/// Whether a file grows with what a CA issued, by its name; in a directory of lists those are `HASH.rN`.
fn grows(name: &str) -> bool {
    let number = name.rsplit_once(".r").map_or("", |(_, number)| number);
    let is_hashed = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
    is_hashed || GROWING_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Reads to the end of `file`.
fn read_bounded(
    file: BorrowedFd<'_>,
    stat: &Stat,
    limit_bytes: usize,
    path: &Path,
) -> Result<Zeroizing<Vec<u8>>, FsError> {
    let size = usize::try_from(stat.st_size).unwrap_or(usize::MAX);
    if size < LONG_BYTES || !FileType::from_raw_mode(stat.st_mode).is_file() {
        return read_to_end(size, limit_bytes, path, |buffer| {
            Ok(retry_on_intr(|| read(file, &mut *buffer))?)
        });
    }
    let mut offset = 0;
    read_to_end(size, limit_bytes, path, |buffer| {
        let (front, back) = buffer.split_at_mut(buffer.len() / 2);
        let middle = offset + front.len() as u64;
        let (behind, before) =
            both(true, || read_at(file, back, middle), || read_at(file, &mut *front, offset));
        let before = before?;
        // Of a file that was cut meanwhile what lies behind its end is no part.
        let count = if before < front.len() { before } else { before + behind? };
        offset += count as u64;
        Ok(count)
    })
}

/// From how many bytes on a second processor is worth its while: most of the time goes into memory that is touched for the
/// first time.
const LONG_BYTES: usize = 4 << 20;

/// Fills a buffer from a place in a file on, as far as that goes.
fn read_at(file: BorrowedFd<'_>, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
        match retry_on_intr(|| pread(file, &mut *room, offset + filled as u64))? {
            0 => break,
            more => filled += more,
        }
    }
    Ok(filled)
}

/// Reads until `next` gives nothing more. The buffer never grows in place, for that would leave a copy of a key in freed
/// memory; `size` is what is expected, 0 where that is not known.
fn read_to_end(
    size: usize,
    limit_bytes: usize,
    path: &Path,
    mut next: impl FnMut(&mut [u8]) -> io::Result<usize>,
) -> Result<Zeroizing<Vec<u8>>, FsError> {
    let too_large = || FsError::TooLarge { path: path.to_path_buf(), limit_bytes };
    if size > limit_bytes {
        return Err(too_large());
    }
    // One byte more than the size, so that the end is met without growing; a pipe says that its size is 0.
    let mut buffer = Zeroizing::new(vec![0; if size == 0 { 4096 } else { size + 1 }]);
    let mut filled = 0;
    loop {
        if filled == buffer.len() {
            let mut larger = Zeroizing::new(vec![0; buffer.len() * 2]);
            larger[..filled].copy_from_slice(&buffer[..filled]);
            buffer = larger;
        }
        let fail = |source| FsError::Io { action: Action::Read, path: path.to_path_buf(), source };
        match next(&mut buffer[filled..]).map_err(fail)? {
            0 => break,
            more => filled += more,
        }
        if filled > limit_bytes {
            return Err(too_large());
        }
        // There was room for more: a file whose size is known has ended, and is not asked again.
        if size != 0 && filled == size {
            break;
        }
    }
    buffer.truncate(filled);
    Ok(buffer)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]
    use super::*;
    use std::fs;
    use std::io::Write;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_long_file_is_read_whole_and_one_that_was_cut_meanwhile_to_its_end() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("root.index");
        let text: Vec<u8> =
            (0..LONG_BYTES as u32 + 3).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        fs::write(&path, &text).unwrap();
        assert!(*read_file(&path, usize::MAX).unwrap() == text);
        assert!(read_file(&path, text.len() - 1).is_err());
        let file = open_to_read(&path).unwrap();
        let stat = fstat(&file).unwrap();
        for left in [text.len() - 1, text.len() / 2, 100, 0] {
            fs::File::options().write(true).open(&path).unwrap().set_len(left as u64).unwrap();
            let read = read_bounded(file.as_fd(), &stat, usize::MAX - 1, &path).unwrap();
            assert!(*read == text[..left], "{left} are left");
        }
        fs::write(&path, &text).unwrap();
        fs::File::options().append(true).open(&path).unwrap().write_all(b"more").unwrap();
        let read = read_bounded(file.as_fd(), &stat, usize::MAX - 1, &path).unwrap();
        assert!(read.starts_with(&text));
    }

    #[test]
    fn a_file_is_read_up_to_its_limit_and_refused_above() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("names.txt");
        fs::write(&path, b"0123456789").unwrap();
        assert_eq!(read_file(&path, 10).unwrap().as_slice(), b"0123456789");
        let refused = read_file(&path, 9).unwrap_err();
        assert!(matches!(refused, FsError::TooLarge { limit_bytes: 9, .. }), "{refused}");
    }

    #[test]
    fn a_pipe_is_read_to_its_end_and_no_further_than_the_limit() {
        for (length, fits) in [(0, true), (4096, true), (100_000, true), (100_001, false)] {
            let (reader, mut writer) = std::io::pipe().unwrap();
            let sender = std::thread::spawn(move || writer.write_all(&vec![7; length]));
            let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&reader));
            let read = read_file(&path, 100_000);
            drop(reader);
            drop(sender.join().unwrap());
            match read {
                Ok(contents) => assert!(fits && contents.len() == length, "{length}"),
                Err(FsError::TooLarge { .. }) => assert!(!fits, "{length}"),
                Err(other) => panic!("{other}"),
            }
        }
    }

    #[test]
    fn a_stream_is_read_to_its_end_and_no_further_than_the_limit() {
        let contents: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        assert_eq!(*read_stream(&mut contents.as_slice(), 10_000, "-").unwrap(), contents);
        let refused = read_stream(&mut contents.as_slice(), 9_999, "standard input").unwrap_err();
        assert!(refused.to_string().contains("\"standard input\""), "{refused}");
        assert!(matches!(refused, FsError::TooLarge { limit_bytes: 9_999, .. }), "{refused}");
    }

    #[test]
    fn an_endless_device_is_refused_at_the_limit() {
        let refused = read_file("/dev/zero", 1_000_000).unwrap_err();
        assert!(matches!(refused, FsError::TooLarge { .. }), "{refused}");
    }

    #[test]
    fn a_link_is_followed_and_a_directory_is_no_file() {
        let scratch = tempfile::tempdir().unwrap();
        fs::write(scratch.path().join("real"), b"x").unwrap();
        symlink("real", scratch.path().join("link")).unwrap();
        assert_eq!(read_file(scratch.path().join("link"), 1).unwrap().as_slice(), b"x");
        let refused = read_file(scratch.path(), 1_000_000).unwrap_err();
        let wanted = format!("could not read {:?}: is a directory", scratch.path());
        assert_eq!(refused.to_string(), wanted);
        let missing = read_file("no/such/file", 1).unwrap_err();
        assert_eq!(missing.to_string(), r#"could not read "no/such/file": no such file or directory"#);
    }
}
