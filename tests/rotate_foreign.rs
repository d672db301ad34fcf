//! `rotate` of CAs, and beside certificates, that others made.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;

use support::{Run, run, scratch, text};
use tempfile::TempDir;

const SWITCH: &str = "--trust-is-distributed";

/// `pki/` with a CA as `openssl req -x509` makes it, without a key usage, and a server under it.
fn made() -> TempDir {
    let home = scratch();
    let script = "mkdir pki && cd pki && openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=X -days 400 \
                  -keyout rootCA.key -out rootCA.crt 2>/dev/null && chmod 0600 rootCA.key";
    run(home.path(), "sh", &["-ec", script]);
    Run::new(&[
        "issue",
        "server",
        "db.acme.test",
        "--ca",
        "pki/rootCA.crt",
        "--ca-key",
        "pki/rootCA.key",
        "-q",
    ])
    .dir(&home)
    .code(0);
    home
}

fn rotate(home: &TempDir, words: &[&str]) {
    Run::new(&[&["rotate"], words, &["-q"]].concat()).dir(home).code(0);
}

fn count(home: &TempDir, file: &str) -> usize {
    let text = fs::read_to_string(home.path().join("pki").join(file)).unwrap();
    text.matches("BEGIN CERTIFICATE").count()
}

#[test]
fn a_ca_without_a_key_usage_is_rotated_to_the_end() {
    let home = made();
    rotate(&home, &["rootCA", "add"]);
    rotate(&home, &["rootCA", "switch", SWITCH]);
    let output = Run::new(&["rotate", "rootCA", "switch", SWITCH]).dir(&home).output();
    assert!(text(&output.stdout).contains(" already, nothing was changed"), "{output:?}");
    rotate(&home, &["rootCA", "drop"]);
    assert_eq!(count(&home, "chain.crt"), 1);
    Run::new(&["verify", "pki", "-q"]).dir(&home).code(0);
}

#[test]
fn the_new_ca_has_a_key_of_the_kind_of_the_old_one() {
    let home = made();
    rotate(&home, &["rootCA", "add"]);
    let key = run(home.path(), "openssl", &["x509", "-in", "pki/rootCA.next.crt", "-noout", "-text"]);
    assert!(key.contains("Public-Key: (2048 bit)") && key.contains("rsaEncryption"), "{key}");
}

#[test]
fn what_is_pinned_beside_a_ca_stays_in_the_file_that_peers_have() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q"]).dir(&home).code(0);
    // An X.509 v1 root, and a server that signed itself.
    let script = "openssl req -new -newkey rsa:2048 -nodes -subj /CN=partner -keyout k -out r 2>/dev/null &&
        openssl x509 -req -in r -signkey k -days 30 -out v1 2>/dev/null &&
        openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=pinned -days 30 -keyout k -out pinned \\
            -addext basicConstraints=critical,CA:FALSE 2>/dev/null &&
        cat v1 pinned >>pki/chain.crt";
    run(home.path(), "sh", &["-ec", script]);
    for (words, certificates) in
        [(&["root", "add"][..], 4), (&["root", "switch", SWITCH], 4), (&["root", "drop"], 3)]
    {
        rotate(&home, words);
        assert_eq!(count(&home, "chain.crt"), certificates, "{words:?}");
        assert!(!home.path().join("pki/trust.crt").exists(), "{words:?}");
        if certificates == 4 {
            let output = Run::new(&["issue", "client", words[1]]).dir(&home).output();
            assert!(text(&output.stdout).contains("sslrootcert=chain.crt"), "{output:?}");
        }
    }
}

#[test]
fn one_leaf_with_an_odd_life_or_use_keeps_none_of_the_others() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q"]).dir(&home).code(0);
    let script = "cd pki && openssl req -new -newkey rsa:2048 -nodes -subj /CN=web -keyout web.key -out r 2>/dev/null &&
        openssl x509 -req -in r -CA root.crt -CAkey root.key -set_serial 7 -days 9 -out web.crt 2>/dev/null &&
        openssl req -new -newkey rsa:2048 -nodes -subj /CN=ever -keyout ever.key -out r 2>/dev/null &&
        chmod 0600 web.key ever.key && printf 'extendedKeyUsage=clientAuth\\n' >e &&
        printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=db\\nserial=s\\nnew_certs_dir=.\\ndefault_md=sha256\\n' >f &&
        printf 'policy=p\\n[p]\\ncommonName=supplied\\n' >>f && touch db && echo 77 >s &&
        openssl ca -batch -notext -config f -cert root.crt -keyfile root.key -in r -out ever.crt -extfile e \\
            -startdate 20200101000000Z -enddate 99991231235959Z 2>/dev/null && rm r e f db* s 77.pem s.old";
    run(home.path(), "sh", &["-ec", script]);
    rotate(&home, &["root", "add"]);
    let output = Run::new(&["rotate", "root", "switch", SWITCH]).dir(&home).output();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let stdout = text(&output.stdout).replace('\n', " ");
    assert!(
        stdout.contains("left as it is: web.crt (") && stdout.contains("pgtls renew web --as server"),
        "{stdout}"
    );
    assert!(stdout.contains("  ever.crt  "), "{stdout}");
    Run::new(&["renew", "web", "--as", "server", "-q"]).dir(&home).code(0);
    rotate(&home, &["root", "switch", SWITCH]);
    rotate(&home, &["root", "drop"]);
}
