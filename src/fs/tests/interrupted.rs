//! A change that was killed, at every instant: readers see the whole old set or the whole new one, and the next writer
//! leaves it so.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::{PRIVATE, again, files, in_child, on_disk, texts, version, write};
use crate::diagnosis::{Diagnosis, Failure};
use crate::fs::{Directory, EntryKind, FsError, Target};

/// What a killed change leaves: `moved` of its files in place, the others in `folder`.
fn leave_behind(directory: &Path, folder: &str, moved: usize) {
    fs::create_dir(directory.join(folder)).unwrap();
    for (number, (name, text)) in texts(&version("new")).into_iter().enumerate() {
        let place = if number < moved { directory.to_path_buf() } else { directory.join(folder) };
        fs::write(place.join(name), text).unwrap();
    }
}

#[test]
fn a_change_that_was_not_recorded_is_not_seen_and_is_removed() {
    let scratch = tempfile::tempdir().unwrap();
    write(scratch.path(), &version("old"));
    leave_behind(scratch.path(), ".pgtls-staging-1-0", 0);
    sees(scratch.path(), "old");
    drop(Target::lock(scratch.path()).unwrap());
    assert_eq!(on_disk(scratch.path()), texts(&version("old")));
}

#[test]
fn a_recorded_change_is_seen_as_done_and_is_finished_however_far_it_came() {
    for moved in 0..=version("new").len() {
        let scratch = tempfile::tempdir().unwrap();
        write(scratch.path(), &version("old"));
        leave_behind(scratch.path(), ".pgtls-commit", moved);
        let before = on_disk(scratch.path());
        sees(scratch.path(), "new");
        assert_eq!(on_disk(scratch.path()), before, "a reader writes nothing");
        let target = Target::lock(scratch.path()).unwrap();
        assert_eq!(texts(&target.read(|_| true).unwrap()), texts(&version("new")));
        assert_eq!(on_disk(scratch.path()), texts(&version("new")), "{moved} moved");
    }
}

/// What readers see, by contents and by name.
fn sees(path: &Path, contents: &str) {
    let directory = Directory::open(path).unwrap().unwrap();
    assert_eq!(texts(&directory.read(|_| true).unwrap()), texts(&version(contents)));
    let set = version(contents);
    let named: Vec<&str> = set.names().collect();
    assert_eq!(texts(&directory.read_named(&named).unwrap()), texts(&version(contents)));
    let names = directory.names().unwrap();
    assert!(names.keys().map(String::as_str).eq(version(contents).names()), "{names:?}");
    assert!(names.values().all(|kind| *kind == EntryKind::File));
}

#[test]
fn a_recorded_change_adds_to_what_is_there() {
    let scratch = tempfile::tempdir().unwrap();
    write(scratch.path(), &files(&[("root.crt", "root")]));
    leave_behind(scratch.path(), ".pgtls-commit", 1);
    let read = Directory::open(scratch.path()).unwrap().unwrap().read(|_| true).unwrap();
    assert_eq!(read.len(), version("new").len() + 1);
}

#[test]
fn a_recorded_change_that_cannot_be_finished_says_so() {
    let scratch = tempfile::tempdir().unwrap();
    leave_behind(scratch.path(), ".pgtls-commit", 0);
    fs::create_dir(scratch.path().join("server.key")).unwrap();
    let error = Target::lock(scratch.path()).unwrap_err();
    assert!(matches!(error, FsError::Unfinished { .. }), "{error}");
    assert_eq!(error.failure(), Failure::System);
    assert!(error.to_string().ends_with("is a directory") && error.hint().is_some());
    fs::remove_dir(scratch.path().join("server.key")).unwrap();
    drop(Target::lock(scratch.path()).unwrap());
    assert_eq!(on_disk(scratch.path()), texts(&version("new")));
}

#[test]
fn a_change_of_another_user_is_ignored_by_readers_and_an_error_for_writers() {
    assert!(
        rustix::process::geteuid().is_root(),
        "only root makes another user's folder: run the tests as root"
    );
    let scratch = tempfile::tempdir().unwrap();
    let (pki, record) = (scratch.path().join("pki"), scratch.path().join("pki/.pgtls-commit"));
    write(&pki, &version("old"));
    leave_behind(&pki, ".pgtls-commit", 0);
    leave_behind(&pki, ".pgtls-staging-1-0", 0);
    leave_behind(scratch.path(), ".new.pgtls-new-1-0", 0);
    let staging = pki.join(".pgtls-staging-1-0");
    for folder in [&record, &staging, &scratch.path().join(".new.pgtls-new-1-0")] {
        chown(folder, Some(65_534), Some(65_534)).unwrap();
    }
    let before = on_disk(&pki);
    sees(&pki, "old");
    let error = Target::lock(&pki).unwrap_err();
    assert!(matches!(&error, FsError::ForeignRecord { path } if *path == record), "{error}");
    assert_eq!(error.failure(), Failure::Forbidden);
    assert_eq!(error.to_string(), format!("{record:?} belongs to another user"));
    // Removing it loses a change that only its own user can finish, so that comes last.
    assert!(error.hint().unwrap().ends_with(&format!("else remove {record:?}.")));
    assert_eq!(on_disk(&pki), before);
    assert_eq!(on_disk(&record), texts(&version("new")));
    fs::remove_dir_all(&record).unwrap();
    drop(Target::lock(&pki).unwrap());
    drop(Target::lock(scratch.path().join("new")).unwrap());
    assert!(staging.exists() && scratch.path().join(".new.pgtls-new-1-0").exists());
}

#[test]
fn a_link_in_the_place_of_our_own_folders_is_no_change_of_ours() {
    let scratch = tempfile::tempdir().unwrap();
    let (pki, outside) = (scratch.path().join("pki"), scratch.path().join("outside"));
    write(&pki, &version("old"));
    write(&outside, &version("new"));
    symlink(&outside, pki.join(".pgtls-commit")).unwrap();
    symlink(&outside, pki.join(".pgtls-staging-1-0")).unwrap();
    symlink(&outside, scratch.path().join(".new.pgtls-new-1-0")).unwrap();
    sees(&pki, "old");
    drop(Target::lock(&pki).unwrap());
    drop(Target::lock(scratch.path().join("new")).unwrap());
    sees(&pki, "old");
    assert_eq!(on_disk(&outside), texts(&version("new")));
}

#[test]
fn a_killed_run_of_a_new_directory_is_swept_and_a_living_one_is_not() {
    let scratch = tempfile::tempdir().unwrap();
    leave_behind(scratch.path(), ".pki.pgtls-new-1-0", 0);
    leave_behind(scratch.path(), ".other.pgtls-new-1-0", 0);
    let living = Target::lock(scratch.path().join("pki")).unwrap();
    let staged = living.stage(&version("1"), PRIVATE).unwrap();
    drop(Target::lock(scratch.path().join("pki")).unwrap());
    let left = on_disk(scratch.path());
    assert_eq!(left.len(), 2, "the living one's, and that of another name: {left:?}");
    assert!(!left.contains_key(".pki.pgtls-new-1-0"));
    staged.commit().unwrap();
    assert_eq!(on_disk(&scratch.path().join("pki")), texts(&version("1")));
}

#[test]
fn a_killed_run_is_swept_where_somebody_else_made_the_directory_since() {
    let scratch = tempfile::tempdir().unwrap();
    let pki = scratch.path().join("pki");
    fs::create_dir(&pki).unwrap();
    leave_behind(scratch.path(), ".pki.pgtls-new-1-0", 0);
    leave_behind(scratch.path(), ".pki.pgtls-backup", 0);
    drop(Directory::open(&pki).unwrap());
    assert_eq!(on_disk(scratch.path()).len(), 3, "a reader writes nothing");
    drop(Target::lock(&pki).unwrap());
    let left: Vec<_> = on_disk(scratch.path()).into_keys().collect();
    assert_eq!(left, [".pki.pgtls-backup", "pki"]);
}

#[test]
fn a_killed_run_is_swept_where_the_directory_is_the_current_one() {
    let test = "interrupted::a_killed_run_is_swept_where_the_directory_is_the_current_one";
    let scratch = tempfile::tempdir().unwrap();
    let pki = scratch.path().join("pki");
    fs::create_dir(&pki).unwrap();
    leave_behind(scratch.path(), ".pki.pgtls-new-1-0", 0);
    if in_child(test, &format!(r#"cd {pki:?} && exec "$@""#), "sh") {
        drop(Target::lock(".").unwrap());
        return;
    }
    assert_eq!(on_disk(scratch.path()).into_keys().collect::<Vec<_>>(), ["pki"]);
}

#[test]
fn a_directory_of_the_users_own_is_not_swept_however_much_its_name_is_like_ours() {
    let scratch = tempfile::tempdir().unwrap();
    let pki = scratch.path().join("pki");
    write(&pki, &version("old"));
    let suffixes = ["backup", "1", "1-", "-1", "1-0-old", "1-0x", "+1-0", "1-+0"];
    for suffix in suffixes {
        leave_behind(scratch.path(), &format!(".new.pgtls-{suffix}"), 0);
        leave_behind(&pki, &format!(".pgtls-staging-{suffix}"), 0);
    }
    fs::write(scratch.path().join(".new.pgtls-new-1-0"), "a file").unwrap();
    drop(Target::lock(scratch.path().join("new")).unwrap());
    drop(Target::lock(&pki).unwrap());
    for suffix in suffixes {
        for folder in [
            scratch.path().join(format!(".new.pgtls-{suffix}")),
            pki.join(format!(".pgtls-staging-{suffix}")),
        ] {
            assert_eq!(on_disk(&folder), texts(&version("new")), "{folder:?}");
        }
    }
    assert!(scratch.path().join(".new.pgtls-new-1-0").exists());
}

/// The directory that the two tests below let a child process write until they kill it.
const TO_KILL: &str = "PGTLS_TEST_DIRECTORY";

#[test]
fn a_writer_of_an_existing_directory_may_be_killed_at_any_instant() {
    let test = "interrupted::a_writer_of_an_existing_directory_may_be_killed_at_any_instant";
    if let Ok(directory) = std::env::var(TO_KILL) {
        for number in 0.. {
            write(Path::new(&directory), &version(&number.to_string()));
        }
    }
    let scratch = tempfile::tempdir().unwrap();
    write(scratch.path(), &version("first"));
    for round in 0..12 {
        kill_after(test, scratch.path(), Duration::from_micros(20_000 + 1777 * round));
        let seen = Directory::open(scratch.path()).unwrap().unwrap().read(|_| true).unwrap();
        let text = texts(&seen)["server.key"].clone();
        sees(scratch.path(), &text);
        drop(Target::lock(scratch.path()).unwrap());
        assert_eq!(on_disk(scratch.path()), texts(&version(&text)));
    }
}

#[test]
fn a_writer_of_new_directories_may_be_killed_at_any_instant() {
    let test = "interrupted::a_writer_of_new_directories_may_be_killed_at_any_instant";
    if let Ok(directory) = std::env::var(TO_KILL) {
        for number in 0.. {
            write(&PathBuf::from(&directory).join(number.to_string()), &version("1"));
        }
    }
    let scratch = tempfile::tempdir().unwrap();
    for round in 0..5 {
        let path = scratch.path().join(round.to_string());
        fs::create_dir(&path).unwrap();
        kill_after(test, &path, Duration::from_micros(20_000 + 1777 * round));
        let names = on_disk(&path).into_keys();
        let (hidden, whole): (Vec<_>, Vec<_>) = names.partition(|name| name.starts_with('.'));
        assert!(hidden.len() <= 1, "{hidden:?}");
        for name in &whole {
            assert_eq!(on_disk(&path.join(name)), texts(&version("1")));
        }
        drop(Target::lock(path.join(whole.len().to_string())).unwrap());
        assert_eq!(on_disk(&path).len(), whole.len());
    }
}

fn kill_after(test: &str, directory: &Path, wait: Duration) {
    let mut command = again(test, r#"exec "$@""#);
    command.env(TO_KILL, directory).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    std::thread::sleep(wait);
    child.kill().unwrap();
    child.wait().unwrap();
}
