//! Several at work on one path: writers queue or one of them wins, readers see one state.

use std::cell::Cell;
use std::fs;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::{PRIVATE, files, on_disk, texts, version, write};
use crate::diagnosis::{Diagnosis, Failure};
use crate::fs::{Directory, FsError, Target};

#[test]
fn of_two_that_make_one_new_directory_exactly_one_wins() {
    for name in ["pki", "a/b/pki"] {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join(name);
        let both = Barrier::new(2);
        let make = |text: &str| {
            let target = Target::lock(&path).unwrap();
            both.wait();
            let staged = target.stage(&version(text), PRIVATE).unwrap();
            both.wait();
            staged.commit().map(|_| text.to_owned())
        };
        let results = thread::scope(|scope| {
            let other = scope.spawn(|| make("one"));
            [make("two"), other.join().unwrap()]
        });
        let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 1));
        let error = lost.into_iter().next().unwrap().unwrap_err();
        assert!(matches!(&error, FsError::Appeared { path: appeared } if *appeared == path));
        assert_eq!(error.failure(), Failure::Forbidden);
        let winner = won.into_iter().next().unwrap().unwrap();
        assert_eq!(on_disk(&path), texts(&version(&winner)));
        assert_eq!(on_disk(path.parent().unwrap()).len(), 1, "the loser left nothing");
    }
}

#[test]
fn a_file_or_link_that_appears_at_the_path_is_not_replaced() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("pki");
    for make in [
        |path| fs::write(path, ""),
        |path| std::os::unix::fs::symlink("nowhere", path),
        |path| fs::create_dir(path),
    ] {
        let target = Target::lock(&path).unwrap();
        let staged = target.stage(&version("1"), PRIVATE).unwrap();
        make(&path).unwrap();
        assert!(matches!(staged.commit(), Err(FsError::Appeared { .. })));
        assert_eq!(on_disk(scratch.path()).len(), 1);
        fs::remove_file(&path).or_else(|_| fs::remove_dir(&path)).unwrap();
    }
}

#[test]
fn writers_of_an_existing_directory_queue_and_lose_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    write(scratch.path(), &files(&[("root.index", "")]));
    let append = |line: &str| {
        for _ in 0..15 {
            let target = Target::lock(scratch.path()).unwrap();
            let index = texts(&target.read(|name| name == "root.index").unwrap());
            let longer = format!("{}{line}\n", index["root.index"]);
            let staged = target.stage(&files(&[("root.index", &longer)]), PRIVATE).unwrap();
            staged.commit().unwrap();
        }
    };
    thread::scope(|scope| {
        for line in ["a", "b", "c"] {
            scope.spawn(move || append(line));
        }
    });
    let index = &on_disk(scratch.path())["root.index"];
    for line in ["a", "b", "c"] {
        assert_eq!(index.lines().filter(|found| *found == line).count(), 15);
    }
}

#[test]
fn two_that_lock_the_same_two_directories_the_other_way_round_both_get_them() {
    let scratch = tempfile::tempdir().unwrap();
    let (one, other) = (scratch.path().join("one"), scratch.path().join("other"));
    write(&one, &version("1"));
    write(&other, &version("2"));
    let (done, wait) = std::sync::mpsc::channel();
    for (first, second) in [(one.clone(), other.clone()), (other, one)] {
        let done = done.clone();
        // Not scoped: where the two wait for each other, the test is to fail and not to wait for them.
        thread::spawn(move || {
            for _ in 0..2000 {
                let (locked, also) = Target::lock_both(&first, &second).unwrap();
                assert!(locked.path() == first && also.path() == second);
            }
            done.send(()).unwrap();
        });
    }
    for _ in 0..2 {
        wait.recv_timeout(std::time::Duration::from_secs(30)).unwrap();
    }
}

#[test]
fn a_writer_waits_for_a_directory_to_become_whole_and_goes_on_when_it_was_removed() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("pki");
    write(&path, &version("1"));
    let held = Target::lock(&path).unwrap();
    let late = thread::scope(|scope| {
        let waiting = scope.spawn(|| Target::lock(&path).unwrap().exists());
        thread::sleep(std::time::Duration::from_millis(50));
        fs::remove_dir_all(&path).unwrap();
        drop(held);
        waiting.join().unwrap()
    });
    assert!(!late, "the lock of a removed directory is no lock");
}

#[test]
fn a_reader_sees_one_state_while_a_writer_is_at_work() {
    let scratch = tempfile::tempdir().unwrap();
    write(scratch.path(), &version("0"));
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1..100 {
                write(scratch.path(), &version(&number.to_string()));
            }
            stop.store(true, Ordering::Relaxed);
        });
        let directory = Directory::open(scratch.path()).unwrap().unwrap();
        while !stop.load(Ordering::Relaxed) {
            let seen = match directory.read(|_| true) {
                Ok(seen) => texts(&seen),
                Err(FsError::Changing { .. }) => continue,
                Err(error) => panic!("{error}"),
            };
            let first = seen["chain.crt"].clone();
            assert_eq!(seen, texts(&version(&first)));
            let names: Vec<&str> = seen.keys().map(String::as_str).collect();
            match directory.read_named(&names) {
                Ok(named) => {
                    let first = texts(&named)["chain.crt"].clone();
                    assert_eq!(texts(&named), texts(&version(&first)));
                }
                Err(FsError::Changing { .. }) => {}
                Err(error) => panic!("{error}"),
            }
            let names = directory.names().map(|names| names.len());
            assert!(matches!(names, Ok(6) | Err(FsError::Changing { .. })), "{names:?}");
        }
    });
}

#[test]
fn a_reader_looks_again_when_a_commit_came_in_between() {
    let scratch = tempfile::tempdir().unwrap();
    write(scratch.path(), &version("old"));
    let directory = Directory::open(scratch.path()).unwrap().unwrap();
    let first = Cell::new(true);
    let read = directory.read(|name| {
        if name == "server.crt" && first.replace(false) {
            write(scratch.path(), &version("new"));
        }
        true
    });
    assert_eq!(texts(&read.unwrap()), texts(&version("new")));
}

#[test]
fn a_directory_that_never_holds_still_is_an_error() {
    let scratch = tempfile::tempdir().unwrap();
    write(scratch.path(), &version("0"));
    let directory = Directory::open(scratch.path()).unwrap().unwrap();
    let number = Cell::new(1);
    let read = directory.read(|name| {
        if name == "server.crt" {
            let next = number.get() + 1;
            write(scratch.path(), &version(&number.replace(next).to_string()));
        }
        true
    });
    assert!(matches!(read, Err(FsError::Changing { .. })), "{read:?}");
}
