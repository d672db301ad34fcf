//! Keys under a passphrase, as `config` treats them: a server opens its own by a command, which a real one is started on;
//! a program that has no setting for a passphrase is refused such a key, with the command that makes one without.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod around;
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use around::{Place, start};
use support::{Run, is_root, run, text};

/// A directory whose keys are under a passphrase, that of the server too, as its user has them.
fn locked(layout: &[&str], names: &[&str]) -> Place {
    let place = Place::new(layout);
    let word = place.home.path().join("word");
    fs::write(&word, "open sesame\n").unwrap();
    for name in names {
        let key = place.pki.join(format!("{name}.key")).display().to_string();
        let words = ["pkey", "-in", &key, "-aes256", "-passout", "file:word", "-out", "locked.key"];
        run(place.home.path(), "openssl", &words);
        fs::copy(place.home.path().join("locked.key"), &key).unwrap();
        if is_root() {
            run(place.home.path(), "chown", &["postgres", &key]);
        }
    }
    place
}

fn asked(place: &Place, words: &[&str]) -> Output {
    Run::new(&[&["config"], words, &["-D", place.pki.to_str().unwrap()]].concat()).dir(&place.home).output()
}

#[test]
fn a_server_starts_and_reloads_by_the_command_that_prints_its_passphrase() {
    let place = locked(&["chain", "--intermediate"], &["server"]);
    let output = asked(&place, &["postgresql"]);
    let said = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(3), ""), "{said}");
    assert!(
        said.contains("server.key\" is under a passphrase") && said.contains("--passphrase-command"),
        "{said}"
    );
    let command = format!("cat '{}'", place.home.path().join("word").display());
    let found = text(&asked(&place, &["postgresql", "--passphrase-command", &command]).stdout);
    let settings = place.home.path().join("passphrase.conf");
    fs::write(&settings, &found).unwrap();
    let [certificate, key] = ["server.crt", "server.key"].map(|name| place.pki.join(name));
    let setup = pgtls::scratch::Setup::new(certificate, key).hba(place.config("hba")).role("kong");
    let server = start(setup.setting("include", settings.display().to_string()));
    let keywords = place.keywords("");
    let keywords: Vec<(&str, &str)> = keywords.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let logs_in = || server.psql(&keywords, "SELECT current_user").unwrap();
    assert_eq!(logs_in().stdout, "kong", "{}", server.log());
    server.administer("SELECT pg_reload_conf()").unwrap();
    assert_eq!(server.administer("SHOW ssl_passphrase_command").unwrap(), command);
    assert_eq!(logs_in().stdout, "kong");
    assert!(!server.log().contains("cannot be reloaded"), "{}", server.log());
}

#[test]
fn a_program_that_opens_no_key_is_refused_one_under_a_passphrase() {
    let place = locked(&["chain", "--intermediate"], &["server", "client"]);
    for (words, key, why) in [
        (&["kong"][..], "client.key", "Kong has no setting for it."),
        (&["pgbouncer"], "client.key", "PgBouncer has no setting for it."),
        (&["pgbouncer", "--no-client-cert", "-U", "kong"], "server.key", "PgBouncer has no setting for it."),
        (&["hosts"], "server.key", "No command that prints it stands in this file."),
        (&["docker"], "server.key", "The server starts only where a command prints it."),
    ] {
        let output = asked(&place, words);
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(3), ""), "{words:?}: {said}");
        let fact =
            format!("{}\" is under a passphrase\npgtls: detail: {why}\n", place.pki.join(key).display());
        assert!(said.contains(&fact), "{words:?}: {said}");
        let command = said.split("Have one without: pgtls ").nth(1).unwrap().lines().next().unwrap();
        let words: Vec<&str> =
            command.split(' ').map(|word| if word == "FILE" { "word" } else { word }).collect();
        let output = Run::new(&words).dir(&place.home).output();
        assert_eq!(output.status.code(), Some(0), "{command}: {}", text(&output.stderr));
        let name = if key == "server.key" { "server.key" } else { "postgresql.key" };
        let open = place.home.path().join("open");
        assert!(fs::read_to_string(open.join(name)).unwrap().starts_with("-----BEGIN PRIVATE KEY-----"));
        fs::remove_dir_all(open).unwrap();
    }
    let service = asked(&place, &["docker", "--passphrase-command", "cat /run/$secret"]);
    assert!(text(&service.stdout).contains("\"ssl_passphrase_command=cat /run/$$secret\""));
    let note = "is under a passphrase: psql asks for it, other programs want sslpassword";
    assert!(text(&asked(&place, &["libpq"]).stderr).contains(note));
    assert!(!text(&asked(&place, &["libpq", "--no-client-cert", "-U", "kong"]).stderr).contains(note));
}

#[test]
fn a_key_that_may_not_be_read_keeps_nobody_from_the_rest() {
    let place = Place::new(&["chain"]);
    fs::set_permissions(&place.pki, fs::Permissions::from_mode(0o755)).unwrap();
    let words = ["config", "postgresql", "-D", place.pki.to_str().unwrap()];
    let output = Run::new(&words).dir(&place.home).by_nobody().output();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success() && said == place.config("postgresql"), "{said}");
}

#[test]
fn a_node_of_patroni_is_told_which_passphrases_are_its_own_to_add() {
    let place = locked(&["patroni"], &["node.n1", "replication"]);
    assert_eq!(asked(&place, &["patroni", "--server", "n1"]).status.code(), Some(3));
    let words = ["patroni", "--server", "n1", "--passphrase-command", "cat /run/pass"];
    let found = text(&asked(&place, &words).stdout);
    assert!(found.contains("    ssl_passphrase_command: \"cat /run/pass\"\n"), "{found}");
    for (what, times) in [("keyfile_password is yours", 2), ("  # sslpassword is yours", 2)] {
        assert_eq!(found.matches(what).count(), times, "{what}: {found}");
    }
}
