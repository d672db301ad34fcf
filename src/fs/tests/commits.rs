//! What one commit does: names, modes, owners, links in the way, and what is left when it cannot be done.

use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::{PRIVATE, files, in_child, mode, on_disk, texts, version, write};
use crate::diagnosis::{Diagnosis, Failure};
use crate::fs::{
    Directory, DirectoryAttributes, EntryKind, FileEntry, FileSet, FsError, Mode, Owner, Target,
};

#[test]
fn a_new_directory_holds_exactly_its_files_with_their_modes() {
    let scratch = tempfile::tempdir().unwrap();
    let pki = scratch.path().join("pki");
    let set = version("1");
    let target = Target::lock(&pki).unwrap();
    assert!(!target.exists() && target.names().unwrap().is_empty());
    let staged = target.stage(&set, PRIVATE).unwrap();
    assert!(!pki.exists(), "nothing is visible before the commit");
    let receipt = staged.commit().unwrap();
    assert!(receipt.created && receipt.directory == pki);
    assert!(receipt.names.iter().eq(set.names()));
    assert_eq!(on_disk(&pki), texts(&set));
    assert_eq!(on_disk(scratch.path()).len(), 1, "no staging folder is left");
    assert_eq!(mode(&pki), 0o700);
    assert_eq!((mode(pki.join("server.key")), mode(pki.join("server.crt"))), (0o600, 0o644));
}

#[test]
fn a_new_directory_is_born_0700_and_widened_only_to_what_is_asked() {
    let scratch = tempfile::tempdir().unwrap();
    let pki = scratch.path().join("pki");
    let shared = DirectoryAttributes {
        mode: Mode::DIRECTORY_SHARED,
        gid: Some(fs::metadata(scratch.path()).unwrap().gid()),
    };
    Target::lock(&pki).unwrap().stage(&version("1"), shared).unwrap().commit().unwrap();
    assert_eq!(mode(&pki), 0o750);
}

#[test]
fn modes_hold_under_umask_000() {
    if in_child("commits::modes_hold_under_umask_000", r#"umask 000; exec "$@""#, "sh") {
        modes_hold(0o777);
    }
}

#[test]
fn modes_hold_under_umask_077() {
    if in_child("commits::modes_hold_under_umask_077", r#"umask 077; exec "$@""#, "sh") {
        modes_hold(0o700);
    }
}

#[test]
fn modes_hold_under_a_umask_that_takes_bits_from_the_owner() {
    let test = "commits::modes_hold_under_a_umask_that_takes_bits_from_the_owner";
    if in_child(test, r#"umask 0277; exec "$@""#, "sh") {
        let scratch = PathBuf::from(format!("/tmp/pgtls-umask-{}", std::process::id()));
        fs::create_dir(&scratch).unwrap();
        fs::set_permissions(&scratch, fs::Permissions::from_mode(0o700)).unwrap();
        let pki = scratch.join("pki");
        write(&pki, &version("1"));
        let modes = (mode(&pki), mode(pki.join("server.key")), mode(pki.join("server.crt")));
        fs::remove_dir_all(&scratch).unwrap();
        assert_eq!(modes, (0o700, 0o600, 0o644));
    }
}

/// Parents are as `mkdir -p` makes them; all else is as it was asked for, in new and in existing directories.
fn modes_hold(parents: u32) {
    let scratch = tempfile::tempdir().unwrap();
    let pki = scratch.path().join("a/b/pki");
    for text in ["1", "2"] {
        write(&pki, &version(text));
        assert_eq!(mode(pki.parent().unwrap()), parents);
        assert_eq!(mode(&pki), 0o700);
        assert_eq!(mode(pki.join("server.key")), 0o600);
        assert_eq!(mode(pki.join("server.crt")), 0o644);
    }
}

#[test]
fn a_staged_key_is_never_readable_by_others() {
    let scratch = tempfile::tempdir().unwrap();
    for name in ["new", "."] {
        let target = Target::lock(scratch.path().join(name)).unwrap();
        let staged = target.stage(&version("1"), PRIVATE).unwrap();
        let folders: Vec<_> = on_disk(scratch.path()).into_keys().collect();
        let [folder] = folders.as_slice() else { panic!("{folders:?}") };
        assert_eq!(mode(scratch.path().join(folder)), 0o700);
        assert_eq!(mode(scratch.path().join(folder).join("server.key")), 0o600);
        drop(staged);
    }
}

#[test]
fn an_empty_directory_keeps_its_inode_and_mode() {
    let scratch = tempfile::tempdir().unwrap();
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o1770)).unwrap();
    let inode = fs::metadata(scratch.path()).unwrap().ino();
    let set = version("1");
    let receipt = write(scratch.path(), &set);
    assert!(!receipt.created && receipt.names.len() == set.len());
    assert_eq!(fs::metadata(scratch.path()).unwrap().ino(), inode);
    assert_eq!(mode(scratch.path()), 0o1770);
    assert_eq!(on_disk(scratch.path()), texts(&set));
}

#[test]
fn foreign_files_stay_when_a_directory_is_changed() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("data/.");
    fs::create_dir_all(path.join("base")).unwrap();
    fs::write(path.join("postgresql.conf"), "ssl = on").unwrap();
    fs::write(path.join("server.crt"), "old").unwrap();
    write(&path, &files(&[("server.key", "new"), ("server.crt", "new")]));
    let wanted = [
        ("base", "(directory)"),
        ("postgresql.conf", "ssl = on"),
        ("server.crt", "new"),
        ("server.key", "new"),
    ];
    assert_eq!(on_disk(&path), wanted.map(|(a, b)| (a.to_owned(), b.to_owned())).into());
}

#[test]
fn what_is_read_is_what_was_committed() {
    let scratch = tempfile::tempdir().unwrap();
    let pki = scratch.path().join("pki");
    let own = fs::metadata(scratch.path()).unwrap();
    let owner = Owner { uid: own.uid(), gid: own.gid() };
    let owned = version("1").into_iter().map(|(name, entry)| (name, entry.owned_by(owner)));
    let set: FileSet = owned.collect();
    write(&pki, &set);
    let directory = Directory::open(&pki).unwrap().unwrap();
    assert_eq!(directory.read(|_| true).unwrap(), set);
    let keys = directory.read(|name| name == "server.key").unwrap();
    assert_eq!(keys.names().collect::<Vec<_>>(), ["server.key"]);
    assert_eq!(Target::lock(&pki).unwrap().read(|_| true).unwrap(), set);
}

#[test]
fn links_in_the_way_are_replaced_and_what_they_point_to_is_untouched() {
    let scratch = tempfile::tempdir().unwrap();
    let (pki, outside) = (scratch.path().join("pki"), scratch.path().join("outside"));
    fs::create_dir(&pki).unwrap();
    fs::write(&outside, "untouched").unwrap();
    symlink(&outside, pki.join("server.key")).unwrap();
    symlink(scratch.path().join("nowhere"), pki.join("server.crt")).unwrap();
    symlink(scratch.path(), pki.join("chain.crt")).unwrap();
    write(&pki, &version("1"));
    assert_eq!(on_disk(&pki), texts(&version("1")));
    assert_eq!(fs::read_to_string(&outside).unwrap(), "untouched");
    assert!(!scratch.path().join("nowhere").exists());
}

#[test]
fn a_writer_refuses_to_read_through_a_link_and_a_reader_follows_it() {
    let scratch = tempfile::tempdir().unwrap();
    let pki = scratch.path().join("pki");
    fs::create_dir_all(pki.join("..data")).unwrap();
    fs::write(pki.join("..data/tls.crt"), "mounted").unwrap();
    symlink("..data/tls.crt", pki.join("tls.crt")).unwrap();
    symlink("nowhere", pki.join("root.crt")).unwrap();
    symlink("..data", pki.join("folder")).unwrap();
    let directory = Directory::open(&pki).unwrap().unwrap();
    let read = texts(&directory.read(|_| true).unwrap());
    assert_eq!(read, [("tls.crt".to_owned(), "mounted".to_owned())].into());
    assert_eq!(directory.names().unwrap()["tls.crt"], EntryKind::Symlink);
    let target = Target::lock(&pki).unwrap();
    let error = target.read(|name| name == "tls.crt").unwrap_err();
    assert_eq!(error.to_string(), format!("{:?} is a symbolic link", pki.join("tls.crt")));
    assert_eq!(error.failure(), Failure::Forbidden);
    assert!(target.read(|name| name == "server.crt").unwrap().is_empty());
}

#[test]
fn a_link_to_a_directory_is_a_directory_and_a_link_to_nothing_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let (link, real) = (scratch.path().join("link"), scratch.path().join("real"));
    symlink("real", &link).unwrap();
    assert!(matches!(Directory::open(&link), Err(FsError::Dangling { .. })));
    assert!(matches!(Target::lock(&link), Err(FsError::Dangling { .. })));
    let below = Target::lock(link.join("pki")).unwrap();
    assert!(matches!(below.stage(&version("1"), PRIVATE), Err(FsError::Dangling { .. })));
    fs::create_dir(&real).unwrap();
    write(&link, &version("1"));
    assert_eq!(on_disk(&real), texts(&version("1")));
}

#[test]
fn a_file_is_not_a_directory() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("file");
    fs::write(&file, "").unwrap();
    let wanted = format!("{file:?} is not a directory");
    assert_eq!(Directory::open(&file).unwrap_err().to_string(), wanted);
    assert_eq!(Target::lock(&file).unwrap_err().to_string(), wanted);
    assert!(matches!(Target::lock(file.join("a")), Err(FsError::NotADirectory { .. })));
    assert!(Directory::open(scratch.path().join("missing")).unwrap().is_none());
    assert!(matches!(Target::lock("missing/.."), Err(FsError::Io { .. })));
}

#[test]
fn a_directory_in_the_place_of_a_file_is_refused_before_anything_is_written() {
    let scratch = tempfile::tempdir().unwrap();
    fs::create_dir(scratch.path().join("server.key")).unwrap();
    let target = Target::lock(scratch.path()).unwrap();
    let error = target.stage(&version("1"), PRIVATE).unwrap_err();
    assert!(matches!(error, FsError::InTheWay { .. }), "{error}");
    assert_eq!(on_disk(scratch.path()).len(), 1);
}

#[test]
fn a_name_that_leads_out_of_the_directory_or_into_our_own_folders_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    for path in [scratch.path().to_path_buf(), scratch.path().join("new")] {
        let target = Target::lock(path).unwrap();
        for name in ["", ".", "..", "../x", "a/b", "/etc/x", "a\0b", ".pgtls-commit"] {
            let error = target.stage(&files(&[(name, "x")]), PRIVATE).unwrap_err();
            assert!(matches!(error, FsError::BadName { .. }), "{name:?}: {error}");
        }
    }
    assert!(on_disk(scratch.path()).is_empty());
}

#[test]
fn what_is_staged_and_dropped_leaves_nothing_parents_neither() {
    let scratch = tempfile::tempdir().unwrap();
    fs::create_dir(scratch.path().join("old")).unwrap();
    for name in ["a/b/pki", "pki", "old"] {
        let target = Target::lock(scratch.path().join(name)).unwrap();
        drop(target.stage(&version("1"), PRIVATE).unwrap());
    }
    assert_eq!(on_disk(scratch.path()), [("old".to_owned(), "(directory)".to_owned())].into());
    assert!(on_disk(&scratch.path().join("old")).is_empty());
}

#[test]
fn a_file_that_cannot_be_made_leaves_nothing_parents_neither() {
    let scratch = tempfile::tempdir().unwrap();
    let mut set = version("1");
    let long = "x".repeat(300);
    set.insert(&long, FileEntry::new("", Mode::PUBLIC));
    let pki = scratch.path().join("a/b/pki");
    let target = Target::lock(&pki).unwrap();
    let error = target.stage(&set, PRIVATE).unwrap_err().to_string();
    let wanted = format!("could not create {:?}: file name too long", pki.join(long));
    assert_eq!(error, wanted);
    assert!(on_disk(scratch.path()).is_empty());
}

#[test]
fn two_directories_may_be_staged_at_once() {
    let scratch = tempfile::tempdir().unwrap();
    let (ca, pki) = (scratch.path().join("ca"), scratch.path().join("pki"));
    fs::create_dir(&pki).unwrap();
    let (ca_target, pki_target) = (Target::lock(&ca).unwrap(), Target::lock(&pki).unwrap());
    let first = ca_target.stage(&version("ca"), PRIVATE).unwrap();
    let second = pki_target.stage(&version("pki"), PRIVATE).unwrap();
    first.commit().unwrap();
    second.commit().unwrap();
    assert_eq!(on_disk(&ca), texts(&version("ca")));
    assert_eq!(on_disk(&pki), texts(&version("pki")));
}

#[test]
fn names_that_are_not_utf8_are_left_out_and_left_alone() {
    let scratch = tempfile::tempdir().unwrap();
    let odd = scratch.path().join(std::ffi::OsStr::from_bytes(b"\xff.key"));
    fs::write(&odd, "odd").unwrap();
    write(scratch.path(), &version("1"));
    let directory = Directory::open(scratch.path()).unwrap().unwrap();
    assert_eq!(directory.names().unwrap().len(), version("1").len());
    assert_eq!(texts(&directory.read(|_| true).unwrap()), texts(&version("1")));
    assert_eq!(fs::read_to_string(odd).unwrap(), "odd");
    let below = Target::lock(scratch.path().join(std::ffi::OsStr::from_bytes(b"\xfe"))).unwrap();
    below.stage(&version("2"), PRIVATE).unwrap().commit().unwrap();
    assert_eq!(on_disk(below.path()), texts(&version("2")));
}

#[test]
fn a_pipe_among_the_files_is_not_waited_for() {
    let scratch = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("mkfifo").arg(scratch.path().join("x.key")).status();
    assert!(made.unwrap().success());
    symlink("x.key", scratch.path().join("y.key")).unwrap();
    let directory = Directory::open(scratch.path()).unwrap().unwrap();
    assert_eq!(directory.names().unwrap()["x.key"], EntryKind::Other);
    assert!(directory.read(|_| true).unwrap().is_empty());
}

#[test]
fn a_file_above_16_mib_is_refused_and_one_that_grows_with_its_ca_above_256() {
    for (name, mib) in [("root.crt", 16), ("root.crl", 256), ("8d5927db.r0", 256), ("root.index", 256)] {
        let scratch = tempfile::tempdir().unwrap();
        let file = fs::File::create(scratch.path().join(name)).unwrap();
        let directory = Directory::open(scratch.path()).unwrap().unwrap();
        file.set_len(mib * 1024 * 1024 + 1).unwrap();
        assert!(matches!(directory.read(|_| true), Err(FsError::TooLarge { .. })), "{name}");
        assert!(directory.read(|_| false).unwrap().is_empty());
        file.set_len(17 * 1024 * 1024).unwrap();
        assert_eq!(directory.read(|_| true).is_ok(), mib > 16, "{name}");
    }
}

#[test]
fn another_owner_is_given_by_root_and_refused_to_others() {
    let scratch = tempfile::tempdir().unwrap();
    let pki = scratch.path().join("pki");
    let key = FileEntry::new("key", Mode::from_bits(0o640)).owned_by(Owner { uid: 4242, gid: 4343 });
    let set: FileSet = [("server.key".to_owned(), key)].into_iter().collect();
    let shared = DirectoryAttributes { mode: Mode::DIRECTORY_SHARED, gid: Some(4343) };
    let target = Target::lock(&pki).unwrap();
    let staged = target.stage(&set, shared);
    if rustix::process::geteuid().is_root() {
        staged.unwrap().commit().unwrap();
        let (key, directory) = (fs::metadata(pki.join("server.key")).unwrap(), fs::metadata(&pki).unwrap());
        assert_eq!((key.uid(), key.gid(), key.mode() & 0o7777), (4242, 4343, 0o640));
        assert_eq!((directory.gid(), directory.mode() & 0o7777), (4343, 0o750));
    } else {
        assert!(matches!(staged, Err(FsError::ChangeOwner { .. })));
        assert!(on_disk(scratch.path()).is_empty());
    }
}

#[test]
fn an_owner_that_cannot_be_given_is_an_error_and_leaves_nothing() {
    let test = "commits::an_owner_that_cannot_be_given_is_an_error_and_leaves_nothing";
    let around = r#"exec unshare --user --map-root-user "$@""#;
    if !in_child(test, around, "`unshare` (util-linux) and user namespaces") {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let key = FileEntry::new("key", Mode::SECRET).owned_by(Owner { uid: 4242, gid: 4242 });
    let set: FileSet = [("server.key".to_owned(), key)].into_iter().collect();
    let target = Target::lock(scratch.path().join("pki")).unwrap();
    let error = target.stage(&set, PRIVATE).unwrap_err();
    assert!(matches!(error, FsError::ChangeOwner { .. }), "{error}");
    let hint = "Run the command as root; where --owner asks for it, leave that out.";
    assert_eq!(error.hint().as_deref(), Some(hint));
    assert!(on_disk(scratch.path()).is_empty());
}

#[test]
fn a_full_disk_is_a_clear_error_and_the_old_set() {
    let test = "commits::a_full_disk_is_a_clear_error_and_the_old_set";
    let disk = tempfile::tempdir().unwrap();
    // Root may mount as it is; anybody else as root of a user namespace.
    let user = if rustix::process::geteuid().is_root() { "" } else { "--user --map-root-user" };
    let around = format!(
        r#"exec unshare --mount {user} sh -c 'mount -t tmpfs -o size=64k tmpfs "$0" && exec "$@"' {:?} "$@""#,
        disk.path()
    );
    let needs =
        "`unshare` (util-linux), and the right to mount a tmpfs: run it as root or allow user namespaces";
    // The child mounts over the directory of the first process, which it knows by its own first mount point.
    if in_child(test, &around, needs) {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
        let mount = mounts.lines().rev().find_map(|line| line.split(' ').nth(1)).unwrap();
        fill_up(Path::new(mount));
    }
}

fn fill_up(disk: &Path) {
    let (old, new) = (disk.join("old"), disk.join("new"));
    write(&old, &version("1"));
    let large = version(&"x".repeat(20_000));
    for path in [&old, &new] {
        let target = Target::lock(path).unwrap();
        let error = target.stage(&large, PRIVATE).unwrap_err();
        assert!(matches!(&error, FsError::NoSpace { path: file, .. } if file.starts_with(path)));
        let message = error.to_string();
        assert!(message.ends_with(r#".key": no space left on device"#), "{message}");
        assert!(!message.contains(".pgtls"), "{message}");
    }
    assert_eq!(on_disk(&old), texts(&version("1")));
    assert_eq!(on_disk(disk).len(), 1);
    fs::File::create(disk.join("after")).unwrap().write_all(&[0; 8192]).unwrap();
}
