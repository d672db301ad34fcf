//! Files: the pure set of them, and the only code that reads and writes the disk.
//!
//! Reading verbs open a [`Directory`]: no lock, nothing written. Writing verbs lock a [`Target`], stage a [`FileSet`]
//! (written and durable, but nowhere to be seen) and commit it, all of it or nothing. After a kill at any instant,
//! [`Directory::open`] and [`Target::lock`] see the whole old set or the whole new one:
//!
//! | killed | on disk | readers see | the next writer |
//! |---|---|---|---|
//! | while staging a new directory | `.NAME.pgtls-new-*` beside it | nothing | removes it |
//! | while staging a change | `.pgtls-staging-*` inside | the old set | removes it |
//! | while adding many files | `.pgtls-adding`, which names them | those whose set is whole | removes the others |
//! | once the change is recorded | `.pgtls-commit` inside, some files moved or removed | the new set | does the rest |
//!
//! Such a folder counts where it is the caller's own or root's. A `.pgtls-commit` of another user is no change to readers
//! and an error to writers; other folders of other users are left alone.
//!
//! A change writes files, and removes files; nothing is ever renamed from one name that counts to another. One folder
//! inside the directory takes part in it: `revoked`, where it is needed.
//!
//! Programs that are not pgtls see the files of a change one by one, for the length of a few renames.

mod adding;
mod commit;
mod concerned;
mod directory;
mod error;
mod folder_fault;
mod grow;
mod obstacle;
mod read;
mod record;
mod removal;
mod reserve;
mod revoked;
pub mod set;
mod stage;
mod tarball;
mod target;
mod tentative;
mod write;

pub use commit::Receipt;
pub use directory::{Directory, is_within, same_directory};
pub use error::{Action, FsError, Obstacle};
pub use folder_fault::FolderFault;
pub use grow::Growing;
pub use read::{EntryKind, FILE_LIMIT_BYTES, open_file, read_file, read_stream};
pub use reserve::Reserved;
pub use set::{Contents, FileEntry, FileSet, Mode, Owner};
pub use stage::{DirectoryAttributes, Staged};
pub use tarball::{ARCHIVE_END_BYTES, append_to_archive, archive_entry, archive_name_fits, tarball};
pub use target::{Target, is_there};
pub use tentative::Tentative;

#[cfg(test)]
mod tests;
