//! Changes that remove files and move others into the folder `revoked`: all of it or nothing, at every instant.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::{PRIVATE, again, files, in_child, mode, on_disk, texts, write};
use crate::diagnosis::{Diagnosis, Failure};
use crate::fs::{Directory, EntryKind, FileSet, FsError, Receipt, Target};

fn only_root_makes_folders_of_others() {
    assert!(rustix::process::geteuid().is_root(), "run the tests as root");
}

/// What every change here begins with.
fn before() -> FileSet {
    files(&[("client.crt", "old"), ("client.key", "old"), ("root.index", "old"), ("server.crt", "old")])
}

/// A new index, and the pair of the client moved away.
fn change() -> (FileSet, BTreeSet<String>) {
    let written = [
        ("root.index", "new"),
        ("root.crl", "new"),
        ("revoked/client-01.crt", "old"),
        ("revoked/client-01.key", "old"),
    ];
    (files(&written), names(&["client.crt", "client.key", "client.csr"]))
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn texts_of(named: &[(&str, &str)]) -> BTreeMap<String, String> {
    named.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn top_after() -> BTreeMap<String, String> {
    texts_of(&[("root.crl", "new"), ("root.index", "new"), ("server.crt", "old")])
}

fn folder_after() -> BTreeMap<String, String> {
    texts_of(&[("revoked/client-01.crt", "old"), ("revoked/client-01.key", "old")])
}

fn commit(path: &Path, (set, removed): &(FileSet, BTreeSet<String>)) -> Result<Receipt, FsError> {
    Target::lock(path)?.stage_change(set, removed, PRIVATE)?.commit()
}

/// What readers see of the directory and of the folder.
fn seen(path: &Path) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let directory = Directory::open(path).unwrap().unwrap();
    let inside = directory.read_revoked(|_| true).unwrap();
    let listed = directory.revoked_names(|_| true).unwrap();
    assert!(listed.keys().map(String::as_str).eq(inside.names()), "{listed:?}");
    assert!(listed.values().all(|kind| *kind == EntryKind::File));
    let top = directory.read(|_| true).unwrap();
    let kinds = directory.names().unwrap();
    let plain = kinds.iter().filter(|(_, kind)| **kind == EntryKind::File).map(|(name, _)| name.as_str());
    assert!(plain.eq(top.names()), "{kinds:?}");
    (texts(&top), texts(&inside))
}

#[test]
fn one_commit_writes_moves_into_the_folder_and_removes() {
    let scratch = tempfile::tempdir().unwrap();
    write(scratch.path(), &before());
    let receipt = commit(scratch.path(), &change()).unwrap();
    assert_eq!(receipt.removed, ["client.crt", "client.key"], "what is not there is not removed");
    let written = ["revoked/client-01.crt", "revoked/client-01.key", "root.crl", "root.index"];
    assert_eq!(receipt.names, written);
    assert_eq!(seen(scratch.path()), (top_after(), folder_after()));
    let mut top = top_after();
    top.insert("revoked".to_owned(), "(directory)".to_owned());
    assert_eq!(on_disk(scratch.path()), top, "no record is left");
    let folder = scratch.path().join("revoked");
    assert_eq!((mode(&folder), mode(folder.join("client-01.key"))), (0o700, 0o600));
    let target = Target::lock(scratch.path()).unwrap();
    assert_eq!(texts(&target.read_revoked(|_| true).unwrap()), folder_after());
    let one = target.revoked_names(|name| name.ends_with(".key")).unwrap();
    assert_eq!(one.into_iter().collect::<Vec<_>>(), [("revoked/client-01.key".to_owned(), EntryKind::File)]);
    drop(target);
    let again = |text| files(&[("revoked/client-01.crt", text), ("revoked/b.crt", "b")]);
    let error = commit(scratch.path(), &(again("newer"), BTreeSet::new()));
    assert!(matches!(error, Err(FsError::PutAwayBefore { .. })));
    commit(scratch.path(), &(again("old"), BTreeSet::new())).unwrap();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
}

#[test]
fn a_file_that_is_written_is_not_removed() {
    let scratch = tempfile::tempdir().unwrap();
    write(scratch.path(), &before());
    let set = files(&[("client.crt", "new")]);
    let receipt = commit(scratch.path(), &(set, names(&["client.crt", "client.key"]))).unwrap();
    assert_eq!(
        (receipt.names, receipt.removed),
        (vec!["client.crt".to_owned()], vec!["client.key".to_owned()])
    );
    assert_eq!(on_disk(scratch.path())["client.crt"], "new");
}

#[test]
fn removing_alone_is_a_change_too_and_of_a_link_the_link_goes() {
    let scratch = tempfile::tempdir().unwrap();
    let (pki, outside) = (scratch.path().join("pki"), scratch.path().join("outside"));
    write(&pki, &before());
    fs::write(&outside, "untouched").unwrap();
    symlink(&outside, pki.join("linked.crt")).unwrap();
    commit(&pki, &(FileSet::default(), names(&["linked.crt", "server.crt"]))).unwrap();
    assert_eq!(on_disk(&pki).into_keys().collect::<Vec<_>>(), ["client.crt", "client.key", "root.index"]);
    assert_eq!(fs::read_to_string(&outside).unwrap(), "untouched");
}

/// What a change leaves that was killed after so many steps; `false` where it has not as many.
fn leave_behind(directory: &Path, steps: usize) -> bool {
    let record = directory.join(".pgtls-commit");
    fs::create_dir(&record).unwrap();
    let (set, removed) = change();
    let stored = |name: &str| match name.strip_prefix("revoked/") {
        Some(inside) => format!(".pgtls-revoked-{inside}"),
        None => name.to_owned(),
    };
    for (name, text) in texts(&set) {
        fs::write(record.join(stored(&name)), text).unwrap();
    }
    let list = record.join(".pgtls-removals");
    fs::write(&list, removed.iter().map(|name| format!("{name}\0")).collect::<String>()).unwrap();
    let mut killed_in = 0;
    let mut step = |carry_out: &dyn Fn()| {
        if killed_in < steps {
            carry_out();
        }
        killed_in += 1;
    };
    step(&|| fs::create_dir(directory.join("revoked")).unwrap());
    for name in set.names() {
        step(&|| fs::rename(record.join(stored(name)), directory.join(name)).unwrap());
    }
    for name in &removed {
        step(&|| drop(fs::remove_file(directory.join(name))));
    }
    step(&|| fs::remove_file(&list).unwrap());
    killed_in >= steps
}

#[test]
fn a_recorded_change_is_seen_as_done_and_is_finished_however_far_it_came() {
    let mut steps = 0;
    loop {
        let scratch = tempfile::tempdir().unwrap();
        write(scratch.path(), &before());
        if !leave_behind(scratch.path(), steps) {
            break;
        }
        let left = on_disk(scratch.path());
        assert_eq!(seen(scratch.path()), (top_after(), folder_after()), "{steps} steps");
        assert_eq!(on_disk(scratch.path()), left, "a reader writes nothing");
        drop(Target::lock(scratch.path()).unwrap());
        assert_eq!(seen(scratch.path()), (top_after(), folder_after()), "{steps} steps, finished");
        assert!(!scratch.path().join(".pgtls-commit").exists());
        assert_eq!(mode(scratch.path().join("revoked")) & 0o700, 0o700);
        steps += 1;
    }
    assert_eq!(steps, 10, "none; a folder, four files, three names to remove, the list");
}

#[test]
fn a_change_that_was_not_recorded_or_is_dropped_leaves_the_old_set_and_no_folder() {
    let scratch = tempfile::tempdir().unwrap();
    write(scratch.path(), &before());
    let target = Target::lock(scratch.path()).unwrap();
    let (set, removed) = change();
    let staged = target.stage_change(&set, &removed, PRIVATE).unwrap();
    assert_eq!(seen(scratch.path()), (texts(&before()), BTreeMap::new()));
    drop(staged);
    assert_eq!(on_disk(scratch.path()), texts(&before()));
    // Killed: its folder stays, with hidden files in it.
    let staging = scratch.path().join(".pgtls-staging-1-0");
    fs::create_dir(&staging).unwrap();
    for name in [".pgtls-removals", ".pgtls-revoked-client-01.crt", "root.index"] {
        fs::write(staging.join(name), "x").unwrap();
    }
    drop(target);
    drop(Target::lock(scratch.path()).unwrap());
    assert_eq!(on_disk(scratch.path()), texts(&before()));
}

#[test]
fn a_list_of_removals_reaches_nothing_outside_the_directory() {
    let scratch = tempfile::tempdir().unwrap();
    let pki = scratch.path().join("pki");
    write(&pki, &before());
    fs::write(scratch.path().join("outside"), "untouched").unwrap();
    fs::create_dir(pki.join("below")).unwrap();
    fs::write(pki.join("below/file"), "untouched").unwrap();
    let record = pki.join(".pgtls-commit");
    fs::create_dir(&record).unwrap();
    fs::write(record.join(".pgtls-removals"), "../outside\0below/file\0.\0..\0\0client.crt\0").unwrap();
    drop(Target::lock(&pki).unwrap());
    assert!(!pki.join("client.crt").exists());
    assert!(scratch.path().join("outside").exists() && pki.join("below/file").exists());
}

#[test]
fn removals_of_another_user_are_ignored_by_readers_and_an_error_for_writers() {
    only_root_makes_folders_of_others();
    let scratch = tempfile::tempdir().unwrap();
    write(scratch.path(), &before());
    leave_behind(scratch.path(), 0);
    chown(scratch.path().join(".pgtls-commit"), Some(65_534), Some(65_534)).unwrap();
    assert_eq!(seen(scratch.path()), (texts(&before()), BTreeMap::new()));
    assert!(matches!(Target::lock(scratch.path()), Err(FsError::ForeignRecord { .. })));
    assert!(scratch.path().join("client.key").exists());
}

#[test]
fn what_cannot_hold_the_revoked_is_refused_before_anything_is_written() {
    let scratch = tempfile::tempdir().unwrap();
    let (pki, outside) = (scratch.path().join("pki"), scratch.path().join("outside"));
    fs::create_dir(&outside).unwrap();
    let folder = pki.join("revoked");
    let cases: [(&str, &dyn Fn()); 4] = [
        ("a file", &|| fs::write(&folder, "").unwrap()),
        ("a link to a folder", &|| symlink(&outside, &folder).unwrap()),
        ("a link to nothing", &|| symlink("nowhere", &folder).unwrap()),
        ("another user's folder", &|| {
            fs::create_dir(&folder).unwrap();
            chown(&folder, Some(65_534), Some(65_534)).unwrap();
        }),
    ];
    for (what, make) in cases {
        write(&pki, &before());
        make();
        let left = on_disk(&pki);
        let error = commit(&pki, &change()).unwrap_err();
        assert!(matches!(&error, FsError::FolderInTheWay { path, .. } if *path == folder), "{what}: {error}");
        assert_eq!(error.failure(), Failure::Forbidden);
        assert_eq!(error.hint(), Some(format!("Remove or rename {folder:?}.")));
        assert_eq!(on_disk(&pki), left, "{what}");
        // Nobody else minds.
        commit(&pki, &(files(&[("a.crt", "a")]), names(&["server.crt"]))).unwrap();
        fs::remove_dir_all(&pki).unwrap();
    }
    assert!(on_disk(&outside).is_empty());
}

#[test]
fn a_folder_that_is_the_directory_owners_own_serves_root_too() {
    only_root_makes_folders_of_others();
    let scratch = tempfile::tempdir().unwrap();
    write(scratch.path(), &before());
    fs::create_dir(scratch.path().join("revoked")).unwrap();
    for path in [scratch.path().to_path_buf(), scratch.path().join("revoked")] {
        chown(path, Some(65_534), Some(65_534)).unwrap();
    }
    commit(scratch.path(), &change()).unwrap();
    assert_eq!(seen(scratch.path()), (top_after(), folder_after()));
}

#[test]
fn a_mount_on_the_folder_or_on_a_file_that_is_to_go_is_refused() {
    let test = "removing::a_mount_on_the_folder_or_on_a_file_that_is_to_go_is_refused";
    let user = if rustix::process::geteuid().is_root() { "" } else { "--user --map-root-user" };
    let around = format!(r#"exec unshare --mount {user} "$@""#);
    if !in_child(test, &around, "`unshare` (util-linux), and the right to mount: run it as root") {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    write(scratch.path(), &before());
    let mount = |name: &str| {
        let path = scratch.path().join(name);
        let done = std::process::Command::new("mount").arg("--bind").args([&path, &path]).status();
        assert!(done.unwrap().success());
        path
    };
    let key = mount("client.key");
    let error = commit(scratch.path(), &change()).unwrap_err();
    assert!(matches!(&error, FsError::Irreplaceable { path, .. } if *path == key), "{error}");
    assert_eq!(on_disk(scratch.path()), texts(&before()));
    fs::create_dir(scratch.path().join("revoked")).unwrap();
    let folder = mount("revoked");
    let error = commit(scratch.path(), &change()).unwrap_err();
    assert!(matches!(&error, FsError::FolderInTheWay { path, .. } if *path == folder), "{error}");
}

#[test]
fn a_directory_in_the_place_of_what_is_to_go_or_to_come_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    write(scratch.path(), &before());
    for name in ["client.csr", "revoked/client-01.key"] {
        let path = scratch.path().join(name);
        fs::create_dir_all(&path).unwrap();
        let error = commit(scratch.path(), &change()).unwrap_err();
        assert!(matches!(&error, FsError::InTheWay { path: found } if *found == path), "{name}: {error}");
        assert!(scratch.path().join("client.crt").exists());
        fs::remove_dir(path).unwrap();
    }
}

#[test]
fn a_name_that_leads_elsewhere_is_refused_in_the_folder_and_among_what_is_to_go() {
    let scratch = tempfile::tempdir().unwrap();
    let new = scratch.path().join("new");
    let refused = |path: &Path, set: &[(&str, &str)], removed: &[&str]| {
        let error = commit(path, &(files(set), names(removed))).unwrap_err();
        assert!(matches!(error, FsError::BadName { .. }), "{set:?} {removed:?}: {error}");
    };
    for name in ["revoked/", "revoked/.", "revoked/..", "revoked/a/b", "revoked/../x", "revoked/.pgtls-x"] {
        refused(scratch.path(), &[(name, "x")], &[]);
    }
    for name in ["", "..", "../x", "a/b", "revoked/x", ".pgtls-commit", "a\0b"] {
        refused(scratch.path(), &[], &[name]);
    }
    refused(&new, &[("revoked/x.crt", "x")], &[]);
    assert!(on_disk(scratch.path()).is_empty());
}

#[test]
fn a_change_that_removes_stays_though_the_other_directory_could_not_be_changed() {
    let scratch = tempfile::tempdir().unwrap();
    for (removed, brought) in [(names(&[]), None), (names(&["server.crt"]), Some("new".to_owned()))] {
        let pki = scratch.path().join(removed.len().to_string());
        write(&pki, &before());
        let target = Target::lock(&pki).unwrap();
        let set = files(&[("server.prev.crt", "new")]);
        drop(target.stage_change(&set, &removed, PRIVATE).unwrap().commit_tentatively().unwrap());
        assert_eq!(on_disk(&pki).remove("server.prev.crt"), brought, "it may be all that is left");
    }
}

#[test]
fn the_folder_is_closed_under_umask_000() {
    if in_child("removing::the_folder_is_closed_under_umask_000", r#"umask 000; exec "$@""#, "sh") {
        the_folder_is_closed();
    }
}

#[test]
fn the_folder_is_usable_under_a_umask_that_takes_bits_from_the_owner() {
    let test = "removing::the_folder_is_usable_under_a_umask_that_takes_bits_from_the_owner";
    if in_child(test, r#"umask 0777; exec "$@""#, "sh") {
        the_folder_is_closed();
    }
}

fn the_folder_is_closed() {
    let scratch = PathBuf::from(format!("/tmp/pgtls-revoked-{}", std::process::id()));
    fs::create_dir(&scratch).unwrap();
    fs::set_permissions(&scratch, fs::Permissions::from_mode(0o700)).unwrap();
    write(&scratch, &before());
    let done = commit(&scratch, &change());
    let modes = (mode(scratch.join("revoked")), mode(scratch.join("revoked/client-01.key")));
    fs::remove_dir_all(&scratch).unwrap();
    done.unwrap();
    assert_eq!(modes, (0o700, 0o600));
}

/// The directory that the test below lets a child process write until it kills it.
const TO_KILL: &str = "PGTLS_TEST_DIRECTORY";

#[test]
fn a_writer_that_moves_files_away_may_be_killed_at_any_instant() {
    let test = "removing::a_writer_that_moves_files_away_may_be_killed_at_any_instant";
    let generation = |number: usize| format!("client-{number}.key");
    if let Ok(directory) = std::env::var(TO_KILL) {
        let directory = Path::new(&directory);
        let first = Directory::open(directory).unwrap().unwrap().revoked_names(|_| true).unwrap().len();
        for number in first.. {
            let (old, new) = (generation(number), generation(number + 1));
            let set = files(&[(&new, "key"), (&format!("revoked/{old}"), "key")]);
            commit(directory, &(set, [old].into())).unwrap();
        }
    }
    let scratch = tempfile::tempdir().unwrap();
    write(scratch.path(), &files(&[(&generation(0), "key")]));
    for round in 0..12 {
        let mut command = again(test, r#"exec "$@""#);
        command.env(TO_KILL, scratch.path()).stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_micros(20_000 + 1777 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let (top, inside) = seen(scratch.path());
        assert_eq!(
            top,
            texts_of(&[(&generation(inside.len()), "key")]),
            "one is in use, and all before it moved"
        );
        assert!(
            (0..inside.len()).all(|number| inside.contains_key(&format!("revoked/{}", generation(number))))
        );
        drop(Target::lock(scratch.path()).unwrap());
        assert_eq!(seen(scratch.path()), (top, inside));
    }
}
