//! What `gen` and `inspect` print, whole, against the files of `tests/golden/`: rewritten with `PGTLS_BLESS=1`.
//!
//! What root is told besides stands in a file of its own, so that the tests pass for every user.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::{Run, assert_golden, is_root, masked, names, scratch, text};
use time::OffsetDateTime;

/// Where what root alone is told begins.
const AS_ROOT: &str = "as root: ";

/// What it prints, instants masked; nothing to standard error.
fn printed(home: &Path, arguments: &[&str]) -> String {
    printed_by(&Run::new(arguments).dir(home))
}

fn printed_by(run: &Run) -> String {
    let output = run.output();
    let stderr = text(&output.stderr);
    assert_eq!((output.status.code(), stderr.as_str()), (Some(0), ""));
    masked(&text(&output.stdout), OffsetDateTime::now_utc())
}

/// Compares with NAME.txt, and what root is told besides with NAME.root.txt.
fn assert_printed(name: &str, found: &str) {
    let (everybody, root) = found.split_at(found.find(AS_ROOT).unwrap_or(found.len()));
    assert_golden(&format!("{name}.txt"), everybody);
    if is_root() && !root.is_empty() {
        assert_golden(&format!("{name}.root.txt"), root);
    }
    assert!(found.lines().count() < 30, "{} lines:\n{found}", found.lines().count());
    for line in found.lines() {
        assert_eq!(line.trim_end(), line, "a space at the end of {line:?}");
    }
}

/// 80 columns, for a documented layout; but not for what root is to paste, which is as long as its paths.
fn assert_narrow(found: &str) {
    for line in found.lines().filter(|line| !line.starts_with("  install ")) {
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
    }
}

/// The part of a text that is the tree: its second paragraph.
fn tree(found: &str) -> &str {
    found.split("\n\n").nth(1).unwrap().trim_end_matches('\n')
}

/// A text in which identifiers, serial numbers and fingerprints are `#`.
fn unhexed(found: &str) -> String {
    let is_hex = |word: &str| {
        word.split(':').count() > 7 && word.split(':').all(|byte| byte.len() == 2 && !byte.contains('.'))
    };
    let words = found.split('"').map(|word| match is_hex(word) {
        true => "#",
        false => word,
    });
    words.collect::<Vec<_>>().join("\"")
}

const LAYOUTS: [(&str, &[&str]); 3] = [
    ("intermediate", &["gen", "chain", "--intermediate"]),
    ("root-only", &["gen", "chain"]),
    ("self-signed", &["gen", "self-signed"]),
];

#[test]
fn each_layout_prints_what_was_made_and_what_to_do_with_it() {
    for (name, arguments) in LAYOUTS {
        let found = printed(scratch().path(), arguments);
        assert_printed(&format!("gen-{name}"), &found);
        assert_narrow(&found);
    }
}

#[test]
fn only_root_is_told_how_to_install_the_key() {
    for (_, arguments) in LAYOUTS {
        let (home, others) = (scratch(), scratch());
        let own = printed(home.path(), arguments);
        let nobodys = printed_by(&Run::new(arguments).dir(&others).by_nobody());
        assert!(!nobodys.contains(AS_ROOT), "{nobodys}");
        assert_eq!(own.contains(AS_ROOT), is_root(), "{own}");
        assert!(own.starts_with(&nobodys), "{own}\n{nobodys}");
    }
    if is_root() {
        let owned = printed(scratch().path(), &["gen", "chain", "--owner", "0:0"]);
        assert!(!owned.contains(AS_ROOT), "{owned}");
    }
}

#[test]
fn a_dry_run_prints_the_plan_and_writes_nothing() {
    for (name, arguments) in LAYOUTS {
        let home = scratch();
        assert_printed(
            &format!("dry-run-{name}"),
            &printed(home.path(), &[arguments, &["--dry-run"]].concat()),
        );
        assert_eq!(names(home.path()), [""; 0]);
    }
}

#[test]
fn a_dry_run_says_what_would_be_kept_and_where_all_would_go() {
    let home = scratch();
    fs::write(home.path().join("secret"), "correct horse\n").unwrap();
    let apart = ["gen", "chain", "--intermediate", "--ca-dir", "ca", "--ca-passphrase-file", "secret"];
    let owner = ["--owner", "999:998", "--key-mode", "0400", "--dry-run"];
    assert_printed("dry-run-apart", &printed(home.path(), &[&apart[..], &owner].concat()));
    Run::new(&["gen", "chain", "--intermediate", "-q"]).dir(&home).code(0);
    for file in ["client.crt", "client.key"] {
        fs::remove_file(home.path().join("pki").join(file)).unwrap();
    }
    let again = ["gen", "chain", "--intermediate", "--if-missing", "--dry-run"];
    assert_printed("dry-run-if-missing", &printed(home.path(), &again));
}

#[test]
fn a_complete_directory_is_said_to_be_complete() {
    for (name, arguments) in LAYOUTS {
        let home = scratch();
        Run::new(&[arguments, &["-q"]].concat()).dir(&home).code(0);
        let found = printed(home.path(), &[arguments, &["--if-missing"]].concat());
        assert_printed(&format!("if-missing-complete-{name}"), &found);
        assert_narrow(&found);
    }
}

#[test]
fn what_is_missing_is_made_and_the_rest_said_to_be_kept() {
    let home = scratch();
    let command = ["gen", "chain", "--intermediate", "--server", "db1.example.com", "--client", "app"];
    Run::new(&[&command[..], &["-q"]].concat()).dir(&home).code(0);
    for file in ["client.crt", "client.key"] {
        fs::remove_file(home.path().join("pki").join(file)).unwrap();
    }
    assert_printed("if-missing", &printed(home.path(), &[&command[..], &["--if-missing"]].concat()));
}

#[test]
fn force_says_what_was_made_anew() {
    let home = scratch();
    Run::new(&["gen", "chain", "--intermediate", "-q"]).dir(&home).code(0);
    assert_printed("force", &printed(home.path(), &["gen", "chain", "--intermediate", "--force"]));
}

#[test]
fn a_standby_gets_lines_of_its_own() {
    for (name, arguments) in LAYOUTS {
        let found = printed(scratch().path(), &[arguments, &["--replication"]].concat());
        // With an intermediate, for root, it is over a screen: a certificate more is what was asked for.
        let (everybody, _) = found.split_at(found.find(AS_ROOT).unwrap_or(found.len()));
        assert_golden(&format!("replication-{name}.txt"), everybody);
    }
}

#[test]
fn names_of_ones_own_leave_the_example_out() {
    let names = ["--server", "db1.example.com", "--server", "10.0.0.5", "--client", "app", "-D", "db1"];
    let found = printed(scratch().path(), &[&["gen", "chain", "--intermediate"], &names[..]].concat());
    assert!(!found.contains("yourdomain.com"), "{found}");
    assert_printed("gen-own-names", &found);
}

#[test]
fn a_leaf_that_outlives_the_usual_ca_stretches_it_and_says_so() {
    assert_printed(
        "gen-stretched",
        &printed(scratch().path(), &["gen", "chain", "--intermediate", "--lifetime", "11y"]),
    );
}

/// The line of a text that follows the one with these words, without its indentation.
fn line_after<'t>(found: &'t str, words: &str) -> &'t str {
    let mut lines = found.lines().skip_while(|line| !line.contains(words));
    lines.nth(1).unwrap_or_else(|| panic!("nothing after {words:?} in\n{found}")).trim()
}

#[test]
fn the_commands_that_are_printed_can_be_pasted() {
    for arguments in [
        &["gen", "chain"][..],
        &["gen", "chain", "-D", "my pki", "--intermediate"],
        &["gen", "chain", "-Dro", "--ca-dir", "safe"],
        &["gen", "self-signed", "--dir=ss", "--key-type", "rsa-2048"],
    ] {
        let home = scratch();
        let first = printed(home.path(), arguments);
        let renewal = match first.split_once("; run ") {
            Some((_, rest)) => rest.split_once(" from cron").unwrap().0,
            None => line_after(&first, "from cron:"),
        };
        for command in [line_after(&first, "with your own names:"), renewal] {
            let command = command.replace("pgtls ", &format!("{} ", env!("CARGO_BIN_EXE_pgtls")));
            let pasted = Command::new("sh").args(["-c", &command]).current_dir(home.path()).output().unwrap();
            assert!(pasted.status.success(), "{command}\n{}", text(&pasted.stderr));
        }
    }
}

#[test]
fn an_end_that_was_asked_for_is_not_promised_to_move() {
    let home = scratch();
    let found = printed(home.path(), &["gen", "chain", "--not-after", "2035-01-01"]);
    assert!(found.contains("as asked for; a later end and --force make new ones"), "{found}");
    assert!(!found.contains("from cron"), "{found}");
}

#[test]
fn every_server_of_a_profile_is_told_of_and_nobody_without_a_name_is_a_client() {
    let home = scratch();
    let node = |name: &str, subject: &str| {
        format!(
            "[[certificate]]\nname = \"{name}\"\nusage = \"node\"\nissuer = \"root\"\nsan = [\"{name}\"]\n{subject}\n"
        )
    };
    let profile = format!(
        "name = \"mine\"\n[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\nsubject = \"CN=r\"\n{}{}",
        node("n1", "subject = \"CN=n1\""),
        node("n2", ""),
    );
    fs::write(home.path().join("mine.toml"), profile).unwrap();
    let found = printed(home.path(), &["gen", "mine.toml"]);
    for server in ["n1", "n2"] {
        assert!(found.contains(&format!("database server: {server}.crt {server}.key root.crt")), "{found}");
    }
    assert!(found.contains("client, role n1:") && !found.contains("n2.crt sslkey"), "{found}");
    assert_eq!(found.matches("client, role").count(), 1, "{found}");
}

#[test]
fn a_renamed_self_signed_layout_is_still_for_testing_only() {
    let home = scratch();
    let profile = include_str!("../profiles/self-signed.toml").replace("\"self-signed\"", "\"mine\"");
    fs::write(home.path().join("mine.toml"), profile).unwrap();
    let found = printed(home.path(), &["gen", "mine.toml"]);
    assert!(found.contains("for testing only: client.crt goes into ssl_ca_file, server.crt into"), "{found}");
}

#[test]
fn inspect_prints_the_tree_that_gen_printed() {
    let more: [&[&str]; 4] = [
        &["gen", "chain", "--intermediate", "--replication"],
        &["gen", "chain", "--server", "*.example.com", "--server", "10.0.0.5", "--client", "app"],
        &["gen", "chain", "--intermediate", "--lifetime", "12h"],
        &["gen", "self-signed", "--replication", "--key-type", "rsa-2048"],
    ];
    for arguments in LAYOUTS.iter().map(|(_, arguments)| *arguments).chain(more) {
        let home = scratch();
        let made = printed(home.path(), arguments);
        let shown = printed(home.path(), &["inspect", "pki"]);
        let notes = tree(&made).lines().filter(|line| !line.starts_with("note: "));
        // Beside what is planned, what lies there has a life that ebbs away, a key and other files that hold it.
        let picture = tree(&shown).lines().filter(|line| line.contains("  until ") || line.contains(" + "));
        assert_eq!(picture.collect::<Vec<_>>(), notes.collect::<Vec<_>>(), "{arguments:?}");
    }
    let home = scratch();
    Run::new(&["gen", "chain", "--intermediate", "-q"]).dir(&home).code(0);
    let found = printed(home.path(), &["inspect"]);
    assert_printed("inspect-intermediate", &found);
    assert_narrow(&found);
}

#[test]
fn the_json_of_a_plan_is_an_interface() {
    for (name, arguments) in LAYOUTS {
        let found = printed(scratch().path(), &[arguments, &["--json", "--dry-run"]].concat());
        serde_json::from_str::<serde_json::Value>(&found).unwrap();
        assert_golden(&format!("dry-run-{name}.json"), &found);
    }
}

#[test]
fn the_json_of_what_was_made_differs_from_that_of_the_plan_in_two_fields() {
    let home = scratch();
    let planned = printed(home.path(), &["gen", "chain", "--json", "--dry-run"]);
    let made = printed(home.path(), &["gen", "chain", "--json"]);
    let expected = planned.replace("\"dry_run\": true", "\"dry_run\": false");
    assert_eq!(made, expected.replace("\"created\": false", "\"created\": true"));
}

#[test]
fn the_json_of_inspect_is_an_interface() {
    let home = scratch();
    Run::new(&["gen", "chain", "--intermediate", "-q"]).dir(&home).code(0);
    assert_golden("inspect-intermediate.json", &unhexed(&printed(home.path(), &["inspect", "--json"])));
}
