//! Files as one tar archive, in memory: owners and modes travel in it, so that nobody needs to be root to say them.

use super::set::{FileSet, Mode, Owner};
use tar::{EntryType, Header};
use zeroize::Zeroizing;

const BLOCK_BYTES: usize = 512;
/// Twenty blocks, the record that tar programs write (POSIX, pax, "Blocking Factor").
const RECORD_BYTES: usize = 20 * BLOCK_BYTES;
/// The length of a name in a header of the form that every tar reads.
const NAME_BYTES: usize = 100;

/// How much an archive ends with: two blocks of zeros (POSIX, pax, "ustar Interchange Format").
pub const ARCHIVE_END_BYTES: usize = 2 * BLOCK_BYTES;

/// The archive of these files, in the order of their names, without a directory, so that unpacking changes none that is
/// there. Whose a file is not told is root's: what the caller is called here says nothing where it is unpacked.
///
/// The same files and the same second make the same bytes. `None` where a name is longer than 100 bytes, which a header
/// that every tar reads cannot hold, or a time before 1970.
#[must_use]
pub fn tarball(files: &FileSet, unix_seconds: i64) -> Option<Zeroizing<Vec<u8>>> {
    // Also where there is no file to say it of.
    u64::try_from(unix_seconds).ok()?;
    let whole: usize = files.iter().map(|(_, entry)| BLOCK_BYTES + blocks(entry.contents.len())).sum();
    let whole = (whole + ARCHIVE_END_BYTES).next_multiple_of(RECORD_BYTES);
    // It never grows: that would leave a copy of a key in freed memory.
    let mut archive = Zeroizing::new(Vec::with_capacity(whole));
    for (name, entry) in files.iter() {
        append_to_archive(&mut archive, name, &entry.contents, (entry.mode, entry.owner), unix_seconds)?;
    }
    archive.resize(whole, 0);
    Some(archive)
}

/// Adds one file to an archive that is not ended yet, as [`tarball`] has it; `None` where that cannot hold it.
#[must_use]
pub fn append_to_archive(
    archive: &mut Vec<u8>,
    name: &str,
    contents: &[u8],
    (mode, owner): (Mode, Option<Owner>),
    unix_seconds: i64,
) -> Option<()> {
    let owner = owner.unwrap_or(Owner { uid: 0, gid: 0 });
    let mut header = Header::new_ustar();
    header.set_path(name).ok().filter(|()| archive_name_fits(name))?;
    header.set_entry_type(EntryType::Regular);
    header.set_mode(mode.bits());
    header.set_uid(owner.uid.into());
    header.set_gid(owner.gid.into());
    header.set_size(contents.len() as u64);
    header.set_mtime(u64::try_from(unix_seconds).ok()?);
    header.set_cksum();
    archive.extend_from_slice(header.as_bytes());
    archive.extend_from_slice(contents);
    archive.resize(archive.len() + blocks(contents.len()) - contents.len(), 0);
    Some(())
}

/// Whether the header of an archive can hold a file's name.
#[must_use]
pub fn archive_name_fits(name: &str) -> bool {
    name.len() <= NAME_BYTES
}

/// The name of the file that a header is of, and how long it and its contents are in the archive; `None` for what is no
/// header, such as the end of an archive.
#[must_use]
pub fn archive_entry(header: &[u8; BLOCK_BYTES]) -> Option<(String, u64)> {
    let header = Header::from_byte_slice(header);
    let sum: u32 = header
        .as_bytes()
        .iter()
        .enumerate()
        .map(|(at, byte)| {
            // The sum is taken as if its own field were blank.
            u32::from(if (148..156).contains(&at) { b' ' } else { *byte })
        })
        .sum();
    if header.cksum().ok()? != sum {
        return None;
    }
    let size = header.entry_size().ok()?;
    let name = String::from_utf8(header.path_bytes().into_owned()).ok()?;
    let block = BLOCK_BYTES as u64;
    Some((name, block + size.checked_next_multiple_of(block)?))
}

fn blocks(length: usize) -> usize {
    length.next_multiple_of(BLOCK_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::FileEntry;

    #[test]
    fn the_same_files_and_second_make_the_same_bytes_in_whole_records_that_never_moved() {
        let mut files = FileSet::default();
        files.insert(
            "b.key",
            FileEntry::new(vec![7; 512], Mode::SECRET).owned_by(Owner { uid: 999, gid: 998 }),
        );
        files.insert("a.crt", FileEntry::new("text", Mode::PUBLIC));
        let one = tarball(&files, 1_700_000_000).expect("names are short");
        assert_eq!(Some(&one), tarball(&files, 1_700_000_000).as_ref());
        assert_ne!(Some(&one), tarball(&files, 1_700_000_001).as_ref());
        assert_eq!((one.len(), one.capacity()), (RECORD_BYTES, RECORD_BYTES));
        assert!(one.starts_with(b"a.crt\0"));
    }

    #[test]
    fn a_name_that_no_plain_header_holds_makes_no_archive() {
        let mut files = FileSet::default();
        files.insert("x".repeat(101), FileEntry::new("text", Mode::PUBLIC));
        assert_eq!(tarball(&files, 0), None);
        assert_eq!(tarball(&FileSet::default(), -1), None);
    }
}
