//! Files that are added thousands at a time: all of a call or none, and after a kill whole sets or nothing of them.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::{on_disk, texts};
use crate::fs::{Directory, FileEntry, FsError, Mode, Target};

type Pair = [(String, FileEntry); 2];

fn pair(name: &str) -> Pair {
    let text = |ending: &str| format!("{ending} of {name}");
    [
        (format!("{name}.key"), FileEntry::new(text("key"), Mode::SECRET)),
        (format!("{name}.crt"), FileEntry::new(text("crt"), Mode::PUBLIC)),
    ]
}

fn names(path: &Path) -> Vec<String> {
    on_disk(path).into_keys().collect()
}

/// What a run leaves that is killed while it adds three pairs: the second half written, the third without its certificate.
fn leave_behind(path: &Path) {
    let journal = "8 a.key\08 a.crt\0\08 b.key\08 b.crt\0\08 c.key\08 c.crt\0\0";
    let file = path.join(".pgtls-adding");
    fs::write(&file, journal).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    for (name, text) in [
        ("a.key", "key of a"),
        ("a.crt", "crt of a"),
        ("b.key", "key of b"),
        ("b.crt", ""),
        ("c.key", "key of c"),
    ] {
        fs::write(path.join(name), text).unwrap();
    }
}

#[test]
fn files_are_added_with_their_modes_and_no_journal_stays() {
    let scratch = tempfile::tempdir().unwrap();
    let target = Target::lock(scratch.path()).unwrap();
    target.add(&[pair("a"), pair("b")]).unwrap();
    assert_eq!(names(scratch.path()), ["a.crt", "a.key", "b.crt", "b.key"]);
    let mode = |name: &str| fs::metadata(scratch.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("a.key"), mode("b.crt")), (0o600, 0o644));
    assert_eq!(fs::read_to_string(scratch.path().join("b.key")).unwrap(), "key of b");
}

#[test]
fn where_one_is_there_already_none_is_added_and_a_link_is_not_followed() {
    let scratch = tempfile::tempdir().unwrap();
    symlink("/dev/null", scratch.path().join("b.crt")).unwrap();
    let target = Target::lock(scratch.path()).unwrap();
    let refused = target.add(&[pair("a"), pair("b"), pair("c")]).unwrap_err();
    assert!(refused.to_string().contains("b.crt"), "{refused}");
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
    for name in ["../a", ".pgtls-adding", ".."] {
        let [key, (_, entry)] = pair("a");
        let refused = target.add(&[[key, (name.to_owned(), entry)]]).unwrap_err();
        assert!(matches!(refused, FsError::BadName { .. }), "{refused}");
    }
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
}

#[test]
fn of_a_run_that_was_killed_whole_pairs_stay_and_the_others_are_not_seen() {
    let scratch = tempfile::tempdir().unwrap();
    leave_behind(scratch.path());
    let before = on_disk(scratch.path());
    let directory = Directory::open(scratch.path()).unwrap().unwrap();
    assert_eq!(directory.names().unwrap().into_keys().collect::<Vec<_>>(), ["a.crt", "a.key"]);
    let all = ["a.crt", "a.key", "b.crt", "b.key", "c.crt", "c.key"];
    assert_eq!(
        texts(&directory.read_named(&all).unwrap()).into_keys().collect::<Vec<_>>(),
        ["a.crt", "a.key"]
    );
    assert_eq!(on_disk(scratch.path()), before, "a reader writes nothing");
    drop(Target::lock(scratch.path()).unwrap());
    assert_eq!(names(scratch.path()), ["a.crt", "a.key"]);
}

#[test]
fn a_journal_that_was_not_written_to_its_end_names_nothing() {
    for cut in 0..10 {
        let scratch = tempfile::tempdir().unwrap();
        fs::write(scratch.path().join("a.key"), "").unwrap();
        fs::write(scratch.path().join(".pgtls-adding"), &"8 a.key\0\0"[..9.min(cut)]).unwrap();
        drop(Target::lock(scratch.path()).unwrap());
        let left = if cut < 9 { vec!["a.key".to_owned()] } else { vec![] };
        assert_eq!(names(scratch.path()), left, "{cut}");
    }
}

#[test]
fn what_its_user_did_to_the_files_of_a_run_that_was_killed_stays() {
    type Act = fn(&Path);
    let acts: [(&str, Act, &[&str]); 4] = [
        ("handed out", |path| fs::remove_file(path.join("a.key")).unwrap(), &["a.crt"]),
        ("written anew", |path| fs::write(path.join("a.key"), "sec1").unwrap(), &["a.crt", "a.key"]),
        (
            "another",
            |path| fs::write(path.join("b.crt"), "mine").unwrap(),
            &["a.crt", "a.key", "b.crt", "b.key"],
        ),
        ("made since", |path| fs::write(path.join("c.crt"), "a chain of mine").unwrap(), &["c.crt", "c.key"]),
    ];
    for (what, act, stays) in acts {
        let scratch = tempfile::tempdir().unwrap();
        leave_behind(scratch.path());
        act(scratch.path());
        let directory = Directory::open(scratch.path()).unwrap().unwrap();
        let seen: Vec<String> = directory.names().unwrap().into_keys().collect();
        drop(Target::lock(scratch.path()).unwrap());
        let left = names(scratch.path());
        assert_eq!(seen, left, "{what}");
        assert!(stays.iter().all(|name| left.iter().any(|it| it == name)), "{what}: {left:?}");
    }
}

#[test]
fn a_journal_that_others_can_write_to_is_not_obeyed_and_not_lost() {
    let scratch = tempfile::tempdir().unwrap();
    leave_behind(scratch.path());
    let journal = scratch.path().join(".pgtls-adding");
    fs::set_permissions(&journal, fs::Permissions::from_mode(0o666)).unwrap();
    let before = on_disk(scratch.path());
    let refused = Target::lock(scratch.path()).unwrap_err();
    assert!(matches!(&refused, FsError::ForeignRecord { path } if *path == journal), "{refused}");
    assert_eq!(on_disk(scratch.path()), before);
}
