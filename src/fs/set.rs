//! A set of files as plain data: names, contents, modes, owners. Touches no disk; reading and writing are its
//! siblings' work.

use std::collections::{BTreeMap, btree_map};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

/// The name under which a set holds what was read from standard input.
pub const STANDARD_INPUT: &str = "standard input";

/// The folder inside a directory for what was revoked: a set calls a file in it `revoked/NAME`.
pub const REVOKED: &str = "revoked";

/// Where a file goes that is put away, by the serial number of its certificate: `client.crt` -> `revoked/client-4F2A.crt`.
#[must_use]
pub fn revoked_file(name: &str, serial: &str) -> String {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    format!("{REVOKED}/{stem}-{serial}.{ending}")
}

/// The permission bits of a file or directory, printed as four octal digits (`0600`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mode(u32);

impl Mode {
    /// `0600`, for whatever holds a private key: a PostgreSQL server takes no more from a key that its own user owns
    /// (PostgreSQL documentation, ssl-tcp, "Basic Setup").
    pub const SECRET: Self = Self(0o600);
    /// `0644`, for certificates and revocation lists, which are no secret.
    pub const PUBLIC: Self = Self(0o644);
    /// `0700`, for a directory that only its owner enters.
    pub const DIRECTORY: Self = Self(0o700);
    /// `0750`, for a directory that a group may enter and list as well.
    pub const DIRECTORY_SHARED: Self = Self(0o750);

    /// The mode with these bits; the bits that say what kind of file it is (`S_IFMT`) are dropped.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits & 0o7777)
    }

    /// The permission bits, at most `0o7777`.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The numeric user and group that a file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Owner {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

/// The bytes of a file, shared by those that hold the same. They are wiped from memory when the last of these is dropped,
/// unless whoever made them said that they are public.
#[derive(Clone)]
pub struct Contents {
    held: Arc<Held>,
}

struct Held {
    bytes: Zeroizing<Vec<u8>>,
    is_public: bool,
}

impl Contents {
    fn new(bytes: Zeroizing<Vec<u8>>, is_public: bool) -> Self {
        Self { held: Arc::new(Held { bytes, is_public }) }
    }

    /// Bytes that are made to be handed out, such as certificates: wiping them would only take time. What was read is
    /// not known to be public, whatever its name and mode.
    #[must_use]
    pub fn public(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Zeroizing::new(bytes.into()), true)
    }

    /// The same bytes, of which whoever has read them knows that they hold no secret: where nobody else holds them, they
    /// are not wiped.
    #[must_use]
    pub fn known_public(mut self) -> Self {
        if let Some(held) = Arc::get_mut(&mut self.held) {
            held.is_public = true;
        }
        self
    }

    /// Whether they are not wiped.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.held.is_public
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.held.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.is_public {
            // Taken out of what wipes it.
            drop(std::mem::take(&mut *self.bytes));
        }
    }
}

/// Secret, for nobody says otherwise.
impl From<Zeroizing<Vec<u8>>> for Contents {
    fn from(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self::new(bytes, false)
    }
}

impl Deref for Contents {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

/// Never shows the bytes.
impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[elided]")
    }
}

/// The bytes count, and not how they go.
impl PartialEq for Contents {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Contents {}

/// One file: what is in it, who may do what with it, and whose it is.
#[derive(Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// What is in it. `Debug` leaves it out.
    pub contents: Contents,
    /// Permission bits, whatever the umask.
    pub mode: Mode,
    /// Whose it is. `None` before it is written: the caller's own. Always known once read from disk.
    pub owner: Option<Owner>,
}

impl FileEntry {
    /// A file of the caller's own, wiped as a secret is.
    #[must_use]
    pub fn new(contents: impl Into<Vec<u8>>, mode: Mode) -> Self {
        Self { contents: Zeroizing::new(contents.into()).into(), mode, owner: None }
    }

    /// The same file, belonging to `owner`.
    #[must_use]
    pub fn owned_by(self, owner: Owner) -> Self {
        Self { owner: Some(owner), ..self }
    }
}

impl fmt::Debug for FileEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileEntry")
            .field("contents", &self.contents)
            .field("mode", &format_args!("{}", self.mode))
            .field("owner", &self.owner)
            .finish()
    }
}

/// Files by plain name (no `/`), or `revoked/NAME`, in the byte order of their names.
///
/// The common coin between the steps that make files, judge them and write them. That a name is such a one is
/// checked where it would matter, when the set is written ([`Target::stage`](crate::fs::Target::stage)).
///
/// ```
/// use pgtls::fs::{FileEntry, FileSet, Mode};
///
/// let mut files = FileSet::default();
/// files.insert("server.key", FileEntry::new("secret", Mode::SECRET));
/// assert_eq!(files.names().collect::<Vec<_>>(), ["server.key"]);
/// assert!(!format!("{files:?}").contains("secret"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileSet {
    files: BTreeMap<String, FileEntry>,
}

impl FileSet {
    /// Puts a file in, and hands back the one that had the name before.
    pub fn insert(&mut self, name: impl Into<String>, entry: FileEntry) -> Option<FileEntry> {
        self.files.insert(name.into(), entry)
    }

    /// Takes a file out.
    pub fn remove(&mut self, name: &str) -> Option<FileEntry> {
        self.files.remove(name)
    }

    /// The file of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&FileEntry> {
        self.files.get(name)
    }

    /// Names and files, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &FileEntry)> {
        self.files.iter().map(|(name, entry)| (name.as_str(), entry))
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// How many files there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no file at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

impl FromIterator<(String, FileEntry)> for FileSet {
    fn from_iter<I: IntoIterator<Item = (String, FileEntry)>>(files: I) -> Self {
        Self { files: files.into_iter().collect() }
    }
}

impl Extend<(String, FileEntry)> for FileSet {
    fn extend<I: IntoIterator<Item = (String, FileEntry)>>(&mut self, files: I) {
        self.files.extend(files);
    }
}

impl IntoIterator for FileSet {
    type Item = (String, FileEntry);
    type IntoIter = btree_map::IntoIter<String, FileEntry>;

    fn into_iter(self) -> Self::IntoIter {
        self.files.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_prints_as_four_octal_digits_without_the_kind_of_file() {
        assert_eq!(Mode::SECRET.to_string(), "0600");
        assert_eq!(Mode::from_bits(0o100_644), Mode::PUBLIC);
        assert_eq!(Mode::from_bits(0o4755).to_string(), "4755");
        assert_eq!(Mode::from_bits(0).to_string(), "0000");
    }

    #[test]
    fn debug_never_shows_contents() {
        let mut files = FileSet::default();
        files.insert("server.key", FileEntry::new("PRIVATE", Mode::SECRET));
        let shown = format!("{files:?}");
        assert!(shown.contains("[elided]") && shown.contains("0600"), "{shown}");
        assert!(!shown.contains("PRIVATE") && !shown.contains("80, 82"), "{shown}");
    }

    #[test]
    fn contents_are_secret_unless_somebody_says_that_they_are_public() {
        let secret = [Zeroizing::new(vec![1]).into(), FileEntry::new([1], Mode::PUBLIC).contents];
        for contents in &secret {
            assert!(!contents.is_public() && !contents.clone().is_public());
            assert_eq!(contents, &Contents::public([1]));
        }
        assert!(Contents::public([1]).clone().is_public());
    }

    #[test]
    fn a_set_is_ordered_by_name_and_equal_whatever_the_order_of_insertion() {
        let entry = |text: &str| FileEntry::new(text, Mode::PUBLIC);
        let one: FileSet = [("b".to_owned(), entry("2")), ("a".to_owned(), entry("1"))].into_iter().collect();
        let mut other = FileSet::default();
        other.insert("a", entry("1"));
        assert_ne!(one, other);
        other.extend([("b".to_owned(), entry("2"))]);
        assert_eq!(one, other);
        assert_eq!(one.names().collect::<Vec<_>>(), ["a", "b"]);
        let owned = entry("2").owned_by(Owner { uid: 1, gid: 2 });
        assert_eq!(other.insert("b", owned), Some(entry("2")));
        assert_ne!(one, other, "an owner is part of what a file is");
    }
}
