//! Chains that OpenSSL itself is asked about: where it finds a way to an anchor `verify` does too, and nowhere else.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::{Run, run, scratch, text};
use tempfile::TempDir;

const CA: &str = "basicConstraints=critical,CA:true";
const LEAF: &str = "extendedKeyUsage=serverAuth\nsubjectAltName=DNS:db.test";
const BY_KEY: &str = "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid";

/// A key `NAME.key` for each name, and a directory for certificates.
fn keys(names: &[&str]) -> TempDir {
    let home = scratch();
    for name in names {
        let key = format!("{name}.key");
        run(
            home.path(),
            "openssl",
            &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", &key],
        );
    }
    home
}

/// What a certificate is made of: its file, its common name and key, the file of its issuer (its own: a root), the key
/// that signs, its serial number and its extensions.
struct Wish<'a> {
    file: &'a str,
    name: &'a str,
    key: &'a str,
    issuer: &'a str,
    signer: &'a str,
    serial: &'a str,
    extensions: &'a [&'a str],
}

/// A certificate whose key is named as it is.
fn wish<'a>(
    file: &'a str,
    name: &'a str,
    issuer: &'a str,
    signer: &'a str,
    extensions: &'a [&'a str],
) -> Wish<'a> {
    Wish { file, name, key: name, issuer, signer, serial: "7", extensions }
}

fn certify(home: &Path, wish: &Wish<'_>) {
    let Wish { file, name, key, issuer, signer, serial, extensions } = wish;
    fs::write(home.join("extensions"), extensions.join("\n")).unwrap();
    let (subject, key, signer) = (format!("/CN={name}"), format!("{key}.key"), format!("{signer}.key"));
    run(home, "openssl", &["req", "-new", "-key", &key, "-subj", &subject, "-out", "request"]);
    let by = match file == issuer {
        true => vec!["-signkey", &signer],
        false => vec!["-CA", issuer, "-CAkey", &signer],
    };
    let rest =
        ["-in", "request", "-days", "400", "-set_serial", serial, "-extfile", "extensions", "-out", file];
    run(home, "openssl", &[&["x509", "-req"], by.as_slice(), &rest].concat());
}

fn join(home: &Path, files: &[&str], into: &str) {
    let joined: String = files.iter().map(|file| fs::read_to_string(home.join(file)).unwrap()).collect();
    fs::write(home.join(into), joined).unwrap();
}

/// What OpenSSL and `verify` say of a server that shows `sent`, leaf first, to a client that trusts `trusted`; with what
/// `verify` printed.
fn asked(home: &Path, sent: &[&str], trusted: &[&str]) -> (bool, bool, String) {
    join(home, sent, "server.pem");
    join(home, trusted, "trust.pem");
    let words = "verify -purpose sslserver -no-CApath -no-CAstore -CAfile trust.pem -untrusted server.pem";
    let openssl =
        Command::new("openssl").args(words.split(' ')).arg(sent[0]).current_dir(home).output().unwrap();
    let words = ["verify", "--server-cert", "server.pem", "--trust", "trust.pem"];
    let own = Run::new(&words).dir(home).output();
    let said = text(&openssl.stderr) + &text(&own.stdout);
    (openssl.status.success(), own.status.code() == Some(0), said)
}

#[test]
fn above_a_trusted_certificate_only_trusted_ones_count() {
    let home = keys(&["root", "a", "b", "leaf"]);
    certify(home.path(), &wish("root.crt", "root", "root.crt", "root", &[CA, BY_KEY]));
    certify(home.path(), &wish("a.crt", "a", "root.crt", "root", &[CA, BY_KEY]));
    certify(home.path(), &wish("b.crt", "b", "a.crt", "a", &[CA, BY_KEY]));
    certify(home.path(), &wish("leaf.crt", "leaf", "b.crt", "b", &[LEAF, BY_KEY]));
    let sent = ["leaf.crt", "b.crt", "a.crt"];
    for (trusted, holds) in [
        (["root.crt"].as_slice(), true),
        (&["root.crt", "b.crt"], false),
        (&["root.crt", "b.crt", "a.crt"], true),
    ] {
        let (openssl, own, said) = asked(home.path(), &sent, trusted);
        assert_eq!((openssl, own), (holds, holds), "{trusted:?}\n{said}");
    }
}

/// As easy-rsa and many a guide have it: the certificate names its issuer by that one's issuer and serial number.
#[test]
fn a_root_made_anew_with_its_old_key_is_no_issuer_of_what_names_the_old_serial_number() {
    let home = keys(&["root", "leaf"]);
    let root = |file, serial| Wish {
        file,
        name: "root",
        key: "root",
        issuer: file,
        signer: "root",
        serial,
        extensions: &[CA, "subjectKeyIdentifier=hash"],
    };
    certify(home.path(), &root("old.crt", "300"));
    certify(home.path(), &root("new.crt", "301"));
    let names = [LEAF, "authorityKeyIdentifier=keyid,issuer:always"];
    let leaf = Wish {
        file: "leaf.crt",
        name: "leaf",
        key: "leaf",
        issuer: "old.crt",
        signer: "root",
        serial: "9",
        extensions: &names,
    };
    certify(home.path(), &leaf);
    for (trusted, holds) in
        [(["old.crt"].as_slice(), true), (&["new.crt"], false), (&["new.crt", "old.crt"], true)]
    {
        let (openssl, own, said) = asked(home.path(), &["leaf.crt"], trusted);
        assert_eq!((openssl, own), (holds, holds), "{trusted:?}\n{said}");
    }
}

/// As Let's Encrypt and others hand them out: the last certificate of the file leads to an older root.
#[test]
fn a_cross_signed_certificate_that_no_chain_needs_is_no_fault() {
    let home = keys(&["older", "root", "a", "leaf"]);
    certify(home.path(), &wish("older.crt", "older", "older.crt", "older", &[CA, BY_KEY]));
    certify(home.path(), &wish("root.crt", "root", "root.crt", "root", &[CA, BY_KEY]));
    let crossed = [CA, BY_KEY];
    certify(
        home.path(),
        &Wish { serial: "8", ..wish("crossed.crt", "root", "older.crt", "older", &crossed) },
    );
    certify(home.path(), &wish("a.crt", "a", "root.crt", "root", &[CA, BY_KEY]));
    certify(home.path(), &wish("leaf.crt", "leaf", "a.crt", "a", &[LEAF, BY_KEY]));
    let sent = ["leaf.crt", "a.crt", "crossed.crt"];
    for (trusted, holds) in [("root.crt", true), ("older.crt", true), ("crossed.crt", false)] {
        let (openssl, own, said) = asked(home.path(), &sent, &[trusted]);
        assert_eq!((openssl, own), (holds, holds), "{trusted}\n{said}");
    }
}

#[test]
fn what_has_the_name_of_its_issuer_signs_itself_unless_its_identifiers_tell_otherwise() {
    let home = keys(&["one", "leaf"]);
    let wish = |file, key, issuer, extensions| Wish {
        file,
        name: "one",
        key,
        issuer,
        signer: "one",
        serial: "7",
        extensions,
    };
    certify(home.path(), &wish("root.crt", "one", "root.crt", &[CA, "subjectKeyIdentifier=hash"]));
    certify(home.path(), &wish("leaf.crt", "leaf", "root.crt", &[LEAF, BY_KEY]));
    let unnamed = [LEAF, "subjectKeyIdentifier=none", "authorityKeyIdentifier=keyid"];
    certify(home.path(), &wish("unnamed.crt", "leaf", "root.crt", &unnamed));
    for (leaf, holds) in [("leaf.crt", true), ("unnamed.crt", false)] {
        let (openssl, own, said) = asked(home.path(), &[leaf], &["root.crt"]);
        assert_eq!((openssl, own), (holds, holds), "{leaf}\n{said}");
    }
}

#[test]
fn an_authority_that_bears_the_name_of_its_issuer_does_not_count_for_the_path_length() {
    let home = keys(&["old", "new", "a", "leaf"]);
    let limited = ["basicConstraints=critical,CA:true,pathlen:0", BY_KEY];
    let wish = |file, name, key, issuer, signer, extensions| Wish {
        file,
        name,
        key,
        issuer,
        signer,
        serial: "7",
        extensions,
    };
    certify(home.path(), &wish("old.crt", "root", "old", "old.crt", "old", &limited));
    certify(home.path(), &wish("new.crt", "root", "new", "old.crt", "old", &limited));
    certify(home.path(), &wish("leaf.crt", "leaf", "leaf", "new.crt", "new", &[LEAF, BY_KEY]));
    certify(home.path(), &wish("a.crt", "a", "a", "old.crt", "old", &[CA, BY_KEY]));
    certify(home.path(), &wish("under.crt", "under", "leaf", "a.crt", "a", &[LEAF, BY_KEY]));
    for (sent, holds) in [(["leaf.crt", "new.crt"], true), (["under.crt", "a.crt"], false)] {
        let (openssl, own, said) = asked(home.path(), &sent, &["old.crt"]);
        assert_eq!((openssl, own), (holds, holds), "{sent:?}\n{said}");
    }
}

#[test]
fn a_key_usage_alone_makes_a_root_and_no_intermediate() {
    let home = keys(&["root", "a", "leaf"]);
    let usage = ["keyUsage=critical,keyCertSign", BY_KEY];
    certify(home.path(), &wish("root.crt", "root", "root.crt", "root", &usage));
    certify(home.path(), &wish("a.crt", "a", "root.crt", "root", &[CA, BY_KEY]));
    certify(home.path(), &wish("bare.crt", "a", "root.crt", "root", &usage));
    certify(home.path(), &wish("leaf.crt", "leaf", "a.crt", "a", &[LEAF, BY_KEY]));
    for (above, holds) in [("a.crt", true), ("bare.crt", false)] {
        let (openssl, own, said) = asked(home.path(), &["leaf.crt", above], &["root.crt"]);
        assert_eq!((openssl, own), (holds, holds), "{above}\n{said}");
    }
}

/// What stands first is shown, whatever it says of itself, and the key that lies beside tells whose file it is.
#[test]
fn of_a_file_whose_key_is_the_firsts_the_first_is_judged() {
    let home = keys(&["root", "first", "second"]);
    let wish = |file, name, extensions| Wish {
        file,
        name,
        key: name,
        issuer: "root.crt",
        signer: "root",
        serial: "7",
        extensions,
    };
    let authority = [CA, "extendedKeyUsage=serverAuth", BY_KEY];
    let for_clients = [CA, "extendedKeyUsage=clientAuth", BY_KEY];
    certify(home.path(), &Wish { key: "root", ..wish("root.crt", "root", &[CA, BY_KEY]) });
    certify(home.path(), &wish("first.crt", "first", &for_clients));
    certify(home.path(), &wish("second.crt", "second", &[LEAF, BY_KEY]));
    certify(home.path(), &wish("good.crt", "first", &authority));
    for (first, holds) in [("good.crt", true), ("first.crt", false)] {
        join(home.path(), &[first, "second.crt"], "server.pem");
        let words = ["--server-cert", "server.pem", "--server-key", "first.key", "--trust", "root.crt"];
        let own = Run::new(&[&["verify"], &words[..]].concat()).dir(&home).output();
        let words = ["verify", "-purpose", "sslserver", "-CAfile", "root.crt", "server.pem"];
        let openssl = Command::new("openssl").args(words).current_dir(home.path()).output().unwrap();
        let said = text(&openssl.stderr) + &text(&own.stdout);
        let answers = (openssl.status.success(), own.status.code() == Some(0));
        assert_eq!(answers, (holds, holds), "{first}\n{said}");
    }
}

#[test]
fn an_intermediate_that_no_chain_needs_and_whose_root_is_gone_is_a_warning() {
    let home = keys(&["root", "old", "left", "leaf"]);
    certify(home.path(), &wish("root.crt", "root", "root.crt", "root", &[CA, BY_KEY]));
    certify(home.path(), &wish("old.crt", "old", "old.crt", "old", &[CA, BY_KEY]));
    certify(home.path(), &wish("left.crt", "left", "old.crt", "old", &[CA, BY_KEY]));
    certify(home.path(), &wish("leaf.crt", "leaf", "root.crt", "root", &[LEAF, BY_KEY]));
    let (openssl, own, said) = asked(home.path(), &["leaf.crt", "left.crt"], &["root.crt"]);
    assert_eq!((openssl, own), (true, true), "{said}");
    assert!(said.contains("warning: the issuer of CN=left is in no file here"), "{said}");
}
