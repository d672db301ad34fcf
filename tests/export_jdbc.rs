//! pgJDBC logs in by the URLs that `export --as jdbc` prints, with the key as PKCS#8 and as PKCS#12, whatever its kind.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use pgtls::diagnosis::Diagnosis;
use pgtls::scratch::{Scratch, Setup};
use support::{Run, scratch, text};
use tempfile::TempDir;

/// Where Debian's package puts the driver.
const DRIVER: &str = "/usr/share/java/postgresql.jar";
const LOGIN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/jdbc/Login.java");

/// Runs it in this directory, and returns what it printed.
fn pgtls(home: &TempDir, words: &str) -> String {
    let output = Run::new(&words.split(' ').collect::<Vec<_>>()).dir(home).output();
    assert!(output.status.success(), "{words}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// A server with what is exported for it, that wants a certificate of everybody.
fn started(home: &TempDir, roles: &[&str]) -> Scratch {
    pgtls(home, "export server --to pg -q");
    let file = |name: &str| home.path().join("pg").join(name);
    let setup = Setup::new(file("server.crt"), file("server.key")).client_ca(file("root.crt"));
    let setup = roles.iter().fold(setup.hba("hostssl all all all cert"), |setup, role| setup.role(*role));
    match Scratch::start(setup) {
        Ok(server) => server,
        Err(error) => panic!("{error}\n{}", error.detail().unwrap_or_default()),
    }
}

/// The two URLs that an export prints, for the port of this server; the second with what is in the file as password.
fn urls(home: &TempDir, server: &Scratch, words: &str, password: &str) -> [String; 2] {
    let printed = pgtls(home, words);
    let urls = printed.lines().map(str::trim).filter(|line| line.starts_with("jdbc:"));
    let at_port = |url: &str| url.replace("//localhost/", &format!("//localhost:{}/", server.port()));
    let [key, archive]: [String; 2] = urls.map(at_port).collect::<Vec<_>>().try_into().unwrap();
    let password = fs::read_to_string(home.path().join(password)).unwrap();
    [key, format!("{archive}&sslpassword={}", password.trim_end())]
}

/// What comes of each URL, a line each.
fn logins(directory: &Path, urls: &[String]) -> Vec<String> {
    assert!(Path::new(DRIVER).exists(), "{DRIVER} is not there (Debian: libpostgresql-jdbc-java)");
    let mut java = Command::new("java");
    let output = java.args(["-cp", DRIVER, LOGIN]).args(urls).current_dir(directory).output();
    let output = output.unwrap_or_else(|error| panic!("java (Debian: openjdk-17-jdk-headless): {error}"));
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn pgjdbc_logs_in_by_what_config_writes_of_an_export() {
    let home = scratch();
    pgtls(&home, "gen chain --intermediate -q");
    let refused = Run::new(&["config", "jdbc", "--host", "localhost"]).dir(&home).output();
    let said = text(&refused.stderr);
    let fact = "pgJDBC reads no key of that form, and \"pki/client.pk8\" is not there";
    assert!(refused.status.code() == Some(3) && said.contains(fact), "{said}");
    // The rest of the hint is the line that is asked next.
    let (export, again) = said.split_once("Run: pgtls ").unwrap().1.split_once("; then: pgtls ").unwrap();
    pgtls(&home, export);
    assert_eq!(again.trim_end(), "config jdbc -D jdbc --host localhost");
    let server = started(&home, &["kong", "alice"]);
    let words = format!("config jdbc -D jdbc --host localhost --port {} --dbname postgres", server.port());
    let url = pgtls(&home, &words).trim_end().to_owned();
    let others = url.replace("user=kong", "user=alice");
    let said = logins(home.path(), &[url.clone(), others]);
    assert_eq!(said[0], "kong true", "{url}: {}", server.log());
    assert!(said[1].starts_with("refused: "), "{said:?}");
    // Of an archive alone, which has the certificate in it.
    let archive = home.path().join("archive");
    fs::create_dir(&archive).unwrap();
    for name in ["postgresql.crt", "postgresql.p12", "root.crt"] {
        fs::copy(home.path().join("jdbc").join(name), archive.join(name)).unwrap();
    }
    let url = pgtls(&home, &words.replace("-D jdbc", "-D archive")).trim_end().to_owned();
    let password = fs::read_to_string(home.path().join("jdbc/postgresql.p12.pass")).unwrap();
    let url = format!("{url}&sslpassword={}", password.trim_end());
    assert_eq!(logins(home.path(), &[url]), ["kong true"]);
}

#[test]
fn pgjdbc_logs_in_with_keys_of_every_kind_in_both_forms() {
    let home = scratch();
    pgtls(&home, "gen chain --intermediate -q");
    fs::write(home.path().join("word"), "correct-horse\n").unwrap();
    let kinds = ["rsa-2048", "ecdsa-p256", "ed25519"];
    let server = started(&home, &kinds);
    let mut all = Vec::new();
    for kind in kinds {
        pgtls(&home, &format!("issue client {kind} --key-type {kind} -q"));
        let words = format!("export client {kind} --as jdbc --to {kind}");
        // Under a password that was made, or one of the user's own.
        all.extend(match kind {
            "ed25519" => urls(&home, &server, &format!("{words} --passphrase-file word"), "word"),
            kind => urls(&home, &server, &words, &format!("{kind}/postgresql.p12.pass")),
        });
    }
    let expected = kinds.iter().flat_map(|role| [format!("{role} true"), format!("{role} true")]);
    assert_eq!(logins(home.path(), &all), expected.collect::<Vec<_>>(), "{}", server.log());
    // It was the certificate that let them in, and the password that opened the archive.
    let other = all[5].replace("correct", "other");
    let without = all[0].split("&sslcert=").next().unwrap().to_owned() + "&sslcert=none&sslkey=none";
    let refused = logins(home.path(), &[other, without]);
    assert!(refused.len() == 2 && refused.iter().all(|line| line.starts_with("refused: ")), "{refused:?}");
}
