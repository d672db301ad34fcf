//! `renew` of very many certificates: the command of `--exec` runs all the same.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod renewing;
mod support;

use renewing::{made, renew};
use std::fs;

#[test]
fn more_names_than_a_variable_holds_are_counted_and_the_command_runs() {
    let home = made(&["chain", "--server", "db1.example.com"]);
    let pki = home.path().join("pki");
    let server = fs::read(pki.join("server.crt")).unwrap();
    let root = fs::read(pki.join("root.crt")).unwrap();
    // Each holds a copy of the root, and is written when that is renewed.
    for number in 0..700 {
        let name = format!("{}-{number}.pem", "a".repeat(200));
        fs::write(pki.join(name), [root.as_slice(), &server].concat()).unwrap();
    }
    let log = home.path().join("log");
    let command = format!("echo \"$PGTLS_CHANGED_COUNT:$PGTLS_CHANGED\" >'{}'", log.display());
    let (code, _, stderr) = renew(&home, 1, &["root", "-q", "--exec", &command]);
    assert_eq!(code, 0, "{stderr}");
    let told = "warning: the names of 702 files are too long for PGTLS_CHANGED, which was left empty\n";
    assert!(stderr.contains(told), "{stderr}");
    assert_eq!(fs::read_to_string(log).unwrap(), "702:\n");
}
