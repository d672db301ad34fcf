//! What the other verbs do while a CA is rotated: none of them stops, signs with the wrong one, hands out less than peers
//! need, or leaves somebody in.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;

use support::{Run, run, scratch, text};
use tempfile::TempDir;

const SWITCH: &str = "--trust-is-distributed";

fn made(layout: &[&str]) -> TempDir {
    let home = scratch();
    Run::new(&[&["gen", "chain", "-q"], layout].concat()).dir(&home).code(0);
    home
}

fn rotate(home: &TempDir, words: &[&str]) {
    Run::new(&[&["rotate"], words, &["-q"]].concat()).dir(home).code(0);
}

fn said(home: &TempDir, words: &[&str]) -> String {
    let output = Run::new(words).dir(home).output();
    assert_eq!(output.status.code(), Some(0), "{words:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn everything_else_works_half_way() {
    let home = made(&["--intermediate"]);
    let works = |when: &str| {
        for words in [
            &["gen", "chain", "--intermediate", "--if-missing", "-q"][..],
            &["verify", "pki", "--host", "localhost", "-U", "kong", "-q"],
            &["export", "server", "--to", "out", "-q"],
        ] {
            let output = Run::new(words).dir(&home).output();
            assert_eq!(output.status.code(), Some(0), "{when}: {words:?} {}", text(&output.stderr));
        }
        let trusted = fs::read_to_string(home.path().join("out/root.crt")).unwrap();
        fs::remove_dir_all(home.path().join("out")).unwrap();
        let output = Run::new(&["inspect", "pki"]).dir(&home).output();
        assert_eq!(output.status.code(), Some(0), "{when}");
        trusted.matches("BEGIN CERTIFICATE").count()
    };
    for ca in ["root", "intermediate"] {
        rotate(&home, &[ca, "add"]);
        assert_eq!(works("added"), 3, "what is exported trusts both");
        rotate(&home, &[ca, "switch", SWITCH]);
        assert_eq!(works("switched"), 3);
        rotate(&home, &[ca, "drop"]);
        assert_eq!(works("dropped"), 2);
    }
}

#[test]
fn what_is_issued_half_way_is_to_trust_both() {
    for layout in [&[][..], &["--intermediate"]] {
        let home = made(layout);
        rotate(&home, &["root", "add"]);
        assert!(said(&home, &["issue", "client", "alice"]).contains("sslrootcert=chain.crt"), "{layout:?}");
        rotate(&home, &["root", "switch", SWITCH]);
        assert!(said(&home, &["issue", "client", "bob"]).contains("sslrootcert=chain.crt"), "{layout:?}");
    }
}

#[test]
fn whoever_is_revoked_is_shut_out_under_both_cas() {
    let home = made(&["--intermediate"]);
    for client in ["alice", "bob", "carol"] {
        said(&home, &["issue", "client", client, "-q"]);
    }
    let place = |file: &str| home.path().join("pki").join(file);
    // The old certificates, as somebody still has them; of carol nothing else is left.
    for client in ["alice", "bob", "carol"] {
        fs::copy(place(&format!("client.{client}.crt")), home.path().join(client)).unwrap();
    }
    rotate(&home, &["intermediate", "add"]);
    rotate(&home, &["intermediate", "switch", SWITCH]);
    for ending in ["crt", "key"] {
        fs::remove_file(place(&format!("client.carol.{ending}"))).unwrap();
    }
    said(&home, &["revoke", "alice", "-q"]);
    said(&home, &["revoke", "carol", "-q"]);
    for index in ["intermediate.index", "intermediate.prev.index"] {
        let text = fs::read_to_string(place(index)).unwrap();
        let revoked: Vec<&str> = text.lines().filter(|line| line.starts_with("R\t")).collect();
        assert_eq!(revoked.len(), 2, "{index}: {text}");
        assert!(revoked[0].ends_with("/CN=alice") && revoked[1].ends_with("/CN=carol"), "{index}: {text}");
    }
    let refused = |client: &str| {
        let check = format!(
            "openssl verify -crl_check_all -CAfile pki/chain.crt -CRLfile pki/chain.crl {client} 2>&1 || true"
        );
        run(home.path(), "sh", &["-c", &check]).contains("certificate revoked")
    };
    assert_eq!(["alice", "bob", "carol"].map(refused), [true, false, true]);
}

#[test]
fn what_is_renewed_unasked_is_not_the_ca_beside_the_one_that_signs() {
    let home = made(&[]);
    rotate(&home, &["root", "add"]);
    let pair = |stem: &str| fs::read(home.path().join(format!("pki/{stem}.crt"))).unwrap();
    let (next, root) = (pair("root.next"), pair("root"));
    said(&home, &["renew", "--all", "-q"]);
    assert_eq!(pair("root.next"), next);
    assert_ne!(pair("root"), root);
    rotate(&home, &["root", "switch", SWITCH]);
    let previous = pair("root.prev");
    said(&home, &["renew", "--all", "-q"]);
    assert_eq!(pair("root.prev"), previous);
    rotate(&home, &["root", "drop"]);
    said(&home, &["verify", "pki", "--host", "localhost", "-U", "kong", "-q"]);
}

#[test]
fn a_list_of_names_is_issued_under_the_ca_that_signs() {
    let home = made(&["--intermediate"]);
    fs::write(home.path().join("roles"), "alice\nbob\n").unwrap();
    fs::write(home.path().join("more"), "carol\n").unwrap();
    let issuer = |client: &str| {
        let file = format!("pki/client.{client}.crt");
        run(home.path(), "openssl", &["x509", "-in", &file, "-noout", "-issuer"])
    };
    rotate(&home, &["intermediate", "add"]);
    said(&home, &["issue", "client", "-f", "roles", "-q"]);
    assert!(!issuer("bob").contains("G2"));
    rotate(&home, &["intermediate", "switch", SWITCH]);
    assert!(issuer("bob").contains("G2"));
    said(&home, &["issue", "client", "-f", "more", "-q"]);
    assert!(issuer("carol").contains("G2"));
    rotate(&home, &["intermediate", "drop"]);
}

#[test]
fn what_gen_writes_half_way_is_to_trust_both() {
    for layout in [&[][..], &["--intermediate"]] {
        let home = made(layout);
        rotate(&home, &["root", "add"]);
        let chain = || fs::read_to_string(home.path().join("pki/chain.crt")).unwrap();
        for phase in [&[][..], &["root", "switch", SWITCH]] {
            if !phase.is_empty() {
                rotate(&home, phase);
            }
            let trusted = chain();
            said(&home, &[&["gen", "chain", "--force", "-q"], layout].concat());
            assert_eq!(chain(), trusted, "{layout:?} {phase:?}");
            fs::remove_file(home.path().join("pki/chain.crt")).unwrap();
            said(&home, &[&["gen", "chain", "--if-missing", "-q"], layout].concat());
            assert_eq!(chain(), trusted, "{layout:?} {phase:?}");
        }
    }
}

#[test]
fn a_new_directory_under_a_ca_that_is_rotated_trusts_both() {
    let home = scratch();
    let ca = ["--ca-dir", "ca", "-q"];
    said(&home, &[&["gen", "chain", "-D", "db1"], &ca[..]].concat());
    for phase in [&["add"][..], &["switch", SWITCH]] {
        said(&home, &[&["rotate", "root"], phase, &["-D", "db1"], &ca].concat());
        said(&home, &[&["gen", "chain", "-D", phase[0]], &ca[..]].concat());
        let [own, other] = ["db1", phase[0]]
            .map(|place| fs::read_to_string(home.path().join(place).join("chain.crt")).unwrap());
        assert_eq!(own, other, "{phase:?}");
    }
}
