//! The page about rotation: its commands run in their order, and its flags exist.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;

use support::{Run, run, scratch, text};

const PAGE: &str = include_str!("../docs/rotation.md");

#[test]
fn the_commands_of_the_page_run_in_their_order() {
    let home = scratch();
    Run::new(&["gen", "chain", "--intermediate", "-q"]).dir(&home).code(0);
    for directory in ["db1", "db2"] {
        let words = ["gen", "chain", "-q", "-D", directory, "--ca-dir", "ca", "--client", directory];
        Run::new(&words).dir(&home).code(0);
    }
    let mut ran = 0;
    for line in PAGE.lines().filter_map(|line| line.strip_prefix("    ")) {
        if let Some(words) = line.strip_prefix("pgtls ") {
            let output = Run::new(&words.split(' ').collect::<Vec<_>>()).dir(&home).output();
            assert_eq!(output.status.code(), Some(0), "{line}: {}", text(&output.stderr));
            ran += 1;
        } else if line.starts_with("cat ") {
            run(home.path(), "sh", &["-ec", line]);
            Run::new(&["verify", "pki", "-q"]).dir(&home).code(0);
        }
    }
    assert_eq!(ran, 13);
    assert_eq!(fs::read_dir(home.path().join("ca/revoked")).unwrap().count(), 3);
}

#[test]
fn every_flag_of_the_page_is_one_of_the_verb() {
    let help = text(&Run::new(&["rotate", "--help"]).output().stdout);
    let words = |text: &str| {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        words.filter(|word| word.starts_with("--") && word.len() > 3).map(str::to_owned).collect::<Vec<_>>()
    };
    let known = words(&help);
    let unknown: Vec<String> = words(PAGE).into_iter().filter(|flag| !known.contains(flag)).collect();
    assert_eq!(unknown, [""; 0]);
    for field in ["copy", "trust", "certificates", "lists", "changed"] {
        assert!(PAGE.contains(&format!("`{field}`")), "{field}");
    }
}
