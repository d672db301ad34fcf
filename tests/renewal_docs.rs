//! The page about renewal says what is so: its commands run, its units and its line for cron are ones.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use support::{Run, run, scratch, text};

const PAGE: &str = include_str!("../docs/renewal.md");

/// The indented blocks.
fn blocks() -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in PAGE.lines() {
        match (line.strip_prefix("    "), line.is_empty()) {
            (Some(code), _) => blocks.last_mut().unwrap().push_str(&format!("{code}\n")),
            (None, true) if blocks.last().unwrap().ends_with('\n') => blocks.last_mut().unwrap().push('\n'),
            (None, _) => blocks.push(String::new()),
        }
    }
    blocks.retain(|block| !block.trim().is_empty());
    blocks
}

/// The block of a unit, with the program that is under test.
fn unit(section: &str) -> String {
    let block = blocks().into_iter().find(|block| block.contains(section)).unwrap();
    block.replace("/usr/local/bin/pgtls", env!("CARGO_BIN_EXE_pgtls"))
}

#[test]
fn the_page_names_every_field_of_the_json() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q"]).dir(&home).code(0);
    let output = Run::new(&["renew", "server", "--json", "--exec", "true"]).dir(&home).output();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let inside = [&report["renewed"][0], &report["renewed"][0]["changes"][0], &report["executed"]];
    for object in std::iter::once(&report).chain(inside) {
        for field in object.as_object().unwrap().keys() {
            assert!(PAGE.contains(&format!("`{field}`")), "docs/renewal.md does not name {field}");
        }
    }
}

/// A flag of the page that no verb has would be found here.
#[test]
fn every_command_of_the_page_runs() {
    let home = scratch();
    Run::new(&["gen", "chain", "--intermediate", "-q"]).dir(&home).code(0);
    let mut ran = 0;
    for command in
        blocks().iter().flat_map(|block| block.lines()).filter(|line| line.starts_with("pgtls renew"))
    {
        let words: Vec<&str> = command.split(" #").next().unwrap().split_whitespace().skip(1).collect();
        let output = Run::new(&words).dir(&home).output();
        assert_eq!(output.status.code(), Some(0), "{command}\n{}", text(&output.stderr));
        ran += 1;
    }
    assert!(ran >= 8, "only {ran} commands were found");
    let help = text(&Run::new(&["renew", "--help"]).output().stdout)
        + &text(&Run::new(&["verify", "--help"]).output().stdout);
    for flag in PAGE
        .split(|c: char| !c.is_ascii_lowercase() && c != '-')
        .filter(|word| word.starts_with("--") && word.len() > 3)
    {
        assert!(help.contains(flag) || ["--now", "--failed"].contains(&flag), "{flag} is no flag");
    }
}

#[test]
fn the_line_for_cron_is_one_and_its_command_is_quiet_where_nothing_is_due() {
    let line = blocks().into_iter().find(|block| block.contains(" root /usr")).unwrap();
    let fields: Vec<&str> = line.trim_end().splitn(7, ' ').collect();
    let bounds = [(0, 59), (0, 23)];
    for (field, (least, most)) in fields.iter().zip(bounds) {
        assert!((least..=most).contains(&field.parse::<u32>().unwrap()), "{line}");
    }
    assert_eq!(fields[2..6], ["*", "*", "*", "root"]);
    assert!(!fields[6].contains('%'), "cron takes it for the end of the line");
    let home = scratch();
    Run::new(&["gen", "chain", "-q"]).dir(&home).code(0);
    let command = fields[6]
        .replace("/usr/local/bin/pgtls", env!("CARGO_BIN_EXE_pgtls"))
        .replace("/etc/postgresql/tls", "pki");
    assert_eq!(run(home.path(), "sh", &["-c", &format!("{command} 2>&1")]), "");
}

#[test]
fn the_units_are_ones_and_the_service_runs_what_it_says() {
    let (service, timer) = (unit("[Service]"), unit("[Timer]"));
    for (text, wanted) in [
        (&service, &["[Unit]", "Description=", "[Service]", "Type=oneshot", "ExecStart="][..]),
        (
            &timer,
            &[
                "[Unit]",
                "Description=",
                "[Timer]",
                "OnCalendar=daily",
                "Persistent=true",
                "[Install]",
                "WantedBy=timers.target",
            ],
        ),
    ] {
        let mut lines = text.lines().filter(|line| !line.is_empty());
        assert!(lines.all(|line| line.starts_with('[') || line.contains('=')), "{text}");
        assert!(wanted.iter().all(|part| text.contains(part)), "{text}");
    }
    let home = scratch();
    for (name, text) in [("pgtls-renew.service", &service), ("pgtls-renew.timer", &timer)] {
        fs::write(home.path().join(name), text).unwrap();
    }
    // Its own word on both, where systemd is installed.
    if Path::new("/usr/bin/systemd-analyze").exists() {
        let judged = Command::new("systemd-analyze")
            .args(["verify", "--man=no", "./pgtls-renew.service", "./pgtls-renew.timer"])
            .current_dir(home.path())
            .output()
            .unwrap();
        let said = text(&judged.stderr);
        assert!(!said.contains("pgtls-renew"), "{said}");
    }
    Run::new(&["gen", "chain", "-q"]).dir(&home).code(0);
    let start = service.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    assert_eq!(run(home.path(), "sh", &["-c", &format!("PGTLS_DIR=pki {start} 2>&1")]), "");
}
