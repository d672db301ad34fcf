//! `export` lets nothing out but what was asked for: no key of a CA whatever certificate stands before it, and in the
//! commands that it prints no file that only lies beside. The certificates that mislead it are openssl's.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod foreign;
mod support;

use foreign::{Place, Said};
use std::fs;
use support::{run, text};

/// `pki/` of a root and what it signed.
fn place() -> Place {
    let place = Place::new();
    place.pgtls("gen chain -q --server db.test --client app");
    place
}

/// openssl signs for the root of `pki`, with the key of this file, a client's certificate.
fn client_with_key(place: &Place, key: &str, certificate: &str) {
    place.write("leaf.ext", "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=clientAuth\n");
    place.openssl(&format!("req -new -key {key} -subj /CN=eve -config /dev/null -out eve.csr"));
    place.openssl(&format!(
        "x509 -req -in eve.csr -CA pki/root.crt -CAkey pki/root.key -days 30 -extfile leaf.ext -out {certificate}"
    ));
}

#[test]
fn a_client_whose_key_is_that_of_a_ca_is_not_exported() {
    let place = place();
    client_with_key(&place, "pki/root.key", "pki/client.eve.crt");
    fs::copy(place.path("pki/root.key"), place.path("pki/client.eve.key")).unwrap();
    for words in [
        "export client eve --to out",
        "export client eve --as p12 --to out",
        "export client client.eve.key --tar",
    ] {
        let Said { code, stdout, stderr } = place.try_pgtls(&words.split(' ').collect::<Vec<_>>());
        assert_eq!((code, stdout.as_str()), (Some(3), ""), "{words}: {stderr}");
        let fact = "pgtls: error: the key of \"pki/client.eve.crt\" is a CA's, and never exported\n";
        assert!(stderr.starts_with(fact), "{words}: {stderr}");
        assert!(!place.path("out").exists());
    }
    // Where the CA itself is only known by the bundle of what is trusted, too.
    fs::rename(place.path("pki/root.crt"), place.path("root.crt")).unwrap();
    assert_eq!(place.try_pgtls(&["export", "client", "eve", "--to", "out"]).code, Some(3));
    // Others that hang from it are as free as before.
    place.pgtls("export client --to out");
}

#[test]
fn what_signs_itself_is_exported_beside_older_ones_of_itself() {
    let place = Place::new();
    place.openssl(
        "req -new -x509 -noenc -config /dev/null -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
         -subj /CN=db.test -addext basicConstraints=CA:TRUE -days 9 -keyout server.key -out \
         server.old",
    );
    place.openssl(
        "req -new -x509 -config /dev/null -key server.key -subj /CN=db.test -addext \
         basicConstraints=CA:TRUE -days 90 -out server.crt",
    );
    fs::rename(place.path("server.old"), place.path("ca.crt")).unwrap();
    let Said { code, stderr, .. } = place.try_pgtls(&["export", "server", "-D", ".", "--to", "out"]);
    assert_eq!(code, Some(0), "{stderr}");
}

/// The commands that a text has for a program, each in one line.
fn commands(printed: &str, program: &str) -> Vec<String> {
    let joined = printed.replace(" \\\n   ", "");
    let lines = joined.lines().map(str::trim).filter(|line| line.starts_with(program));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_secret_is_made_of_what_was_exported_and_of_no_file_beside_it() {
    // Into the directory of the CA itself, which nothing forbids; and out of an archive that is unpacked there.
    let place = place();
    let printed = place.pgtls("export server --as tls --to pki").stdout;
    let printed_of_archive = place.pgtls("export server --as tls --tar --write pki/tls.tar").stdout;
    for (printed, directory) in [(printed, "."), (printed_of_archive, "pki")] {
        let command = commands(&printed, "kubectl create secret generic").concat();
        let words: Vec<&str> =
            command.split_whitespace().skip(1).chain(["--dry-run=client", "-o", "json"]).collect();
        let secret = run(&place.path(directory), "kubectl", &words);
        let secret: serde_json::Value = serde_json::from_str(&secret).unwrap();
        let names: Vec<&String> = secret["data"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["ca.crt", "tls.crt", "tls.key"], "{command}");
    }
}

#[test]
fn a_home_directory_gets_what_was_exported_and_no_file_beside_it() {
    let place = place();
    fs::create_dir(place.path("out")).unwrap();
    place.write("out/other.key", "mine");
    let printed = place.pgtls("export client --to out").stdout;
    let [copy] = commands(&printed, "cp -p").try_into().unwrap();
    fs::create_dir(place.path(".postgresql")).unwrap();
    run(place.root(), "sh", &["-c", &copy.replace('~', ".")]);
    assert_eq!(
        support::names(&place.path(".postgresql")),
        ["postgresql.crt", "postgresql.key", "root.crt"],
        "{copy}"
    );
}

#[test]
fn an_archive_for_a_dash_goes_to_standard_output() {
    let place = place();
    let output = support::Run::new(&["export", "client", "--tar", "--write", "-"]).dir(place.root()).output();
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
    assert!(output.stdout.starts_with(b"postgresql.crt\0") && !place.path("-").exists());
}

#[test]
fn the_host_that_is_printed_is_the_usual_servers() {
    let place = place();
    place.pgtls("issue node a.test -q");
    place.pgtls("issue server zz.test -q");
    let printed = place.pgtls("export client --to out").stdout;
    assert!(printed.contains("psql \"host=db.test user=app sslmode=verify-full\""), "{printed}");
}
