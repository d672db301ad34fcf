//! The service that `config docker` writes, started without Docker: its files are put where they would be mounted, its
//! entrypoint runs as root with its command, and a stand-in for the image's own script becomes the server's user, as
//! that does.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod around;
mod support;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use around::Place;
use pgtls::scratch::Programs;
use support::{Run, is_root, run, scratch, text};

/// The strings of a list of the service, as compose reads them.
fn list(service: &str, name: &str) -> Vec<String> {
    let mut lines = service.lines().skip_while(|line| *line != format!("    {name}:")).skip(1).peekable();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let Some(item) = line.strip_prefix("      - ") else { break };
        let mut item = item.to_owned();
        if item == "|" {
            item.clear();
            while let Some(more) = lines.next_if(|line| line.starts_with("        ")) {
                item.push_str(&format!("{}\n", &more[8..]));
            }
        } else if let Some(quoted) = item.strip_prefix('"') {
            item = serde_json::from_str(&format!("\"{quoted}")).unwrap();
        }
        found.push(item.replace("$$", "$"));
    }
    found
}

#[test]
fn the_image_starts_with_a_key_of_its_own_user_and_lets_in_by_certificates() {
    if !is_root() {
        // An image's entrypoint is root's.
        return;
    }
    let place = Place::new(&["chain", "--intermediate"]);
    let file = |name: &str| place.home.path().join(name);
    let tls = file("it's $1 tls");
    run(place.home.path(), "chown", &["-R", "root:root", place.pki.to_str().unwrap()]);
    place.pgtls(&["crl", "-q"]);
    let service =
        place.pgtls(&["config", "docker", "--files-at", tls.to_str().unwrap(), "--image", "postgres:15"]);
    for volume in list(&service, "volumes") {
        let (from, to) = volume.strip_suffix(":ro").unwrap().split_once(':').unwrap();
        fs::create_dir_all(Path::new(to).parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
        assert!(!to.contains("root.key") && !to.contains("intermediate.key"));
    }
    let programs = Programs::find().unwrap();
    let path = |name: &str| programs.directory().join(name).display().to_string();
    let data = file("data");
    let own = "setpriv --reuid postgres --regid postgres --init-groups --";
    run(place.home.path(), "install", &["-d", "-o", "postgres", data.to_str().unwrap()]);
    let made = format!("{own} {} -D {} --auth-local=trust -U postgres", path("initdb"), data.display());
    run(place.home.path(), "sh", &["-ec", &made]);
    let stand_in = format!(
        "#!/bin/sh\n[ \"$1\" = postgres ] || exit 1\nshift\nexec {own} {} \"$@\"\n",
        path("postgres")
    );
    fs::write(file("docker-entrypoint.sh"), stand_in).unwrap();
    fs::set_permissions(file("docker-entrypoint.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let entrypoint = list(&service, "entrypoint");
    let mut command = Command::new(&entrypoint[0]);
    command
        .args(&entrypoint[1..])
        .args(list(&service, "command"))
        .current_dir(&place.home)
        .stdin(Stdio::null());
    command.args(["-D", data.to_str().unwrap(), "-p", &port.to_string(), "-k", "", "-h", "localhost", "-F"]);
    let paths = format!("{}:{}", place.home.path().display(), std::env::var("PATH").unwrap());
    let log = fs::File::create(file("log")).unwrap();
    let mut server = command.env("PATH", paths).stderr(log).stdout(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let said = || fs::read_to_string(file("log")).unwrap();
    while !said().contains("ready to accept connections") && Instant::now() < deadline {
        sleep(Duration::from_millis(50));
    }
    let key = fs::metadata(tls.join("server.key")).unwrap();
    let certificate = fs::metadata(tls.join("server.crt")).unwrap();
    // Nobody has the role: whoever gets so far is told that, whoever does not, of the certificate.
    let connection = |more: &str| {
        format!("{} port={port} dbname=postgres {more}", place.config("libpq --host localhost").trim())
    };
    let tried = |more: &str| {
        let output =
            Command::new(path("psql")).args(["-XAtw", "-c", "SELECT 1", "-d", &connection(more)]).output();
        text(&output.unwrap().stderr)
    };
    let (let_in, turned_away) = (tried(""), tried("sslcert=none sslkey=none"));
    run(place.home.path(), "kill", &["-INT", &server.id().to_string()]);
    server.wait().unwrap();
    assert!(let_in.contains("role \"kong\" does not exist"), "{let_in}{}{service}", said());
    assert!(turned_away.contains("requires a valid client certificate"), "{turned_away}");
    assert_eq!((key.mode() & 0o777, key.uid()), (0o600, certificate.uid()));
    assert_ne!(key.uid(), 0);
}

#[test]
fn a_path_that_compose_would_split_and_one_that_begins_nowhere_are_refused() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q"]).dir(&home).code(0);
    for words in ["--files-at tls", "--files-at /a:b", "--service a:b"] {
        let words: Vec<&str> = ["config", "docker"].into_iter().chain(words.split(' ')).collect();
        let output = Run::new(&words).dir(&home).output();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {}", text(&output.stderr));
    }
}

/// Whoever writes `cat server.key >> server.crt` has one file, and that is a key.
#[test]
fn a_file_that_holds_the_key_too_is_mounted_once_and_nobody_elses_to_read() {
    for layout in [&["chain", "--intermediate"][..], &["self-signed"]] {
        let place = Place::new(layout);
        let pair = ["server.crt", "server.key"].map(|name| place.pki.join(name));
        let both = pair.clone().map(|file| fs::read_to_string(file).unwrap()).concat();
        fs::remove_file(&pair[1]).unwrap();
        fs::write(&pair[0], both).unwrap();
        fs::set_permissions(&pair[0], fs::Permissions::from_mode(0o600)).unwrap();
        let service = place.pgtls(&["config", "docker"]);
        let mut volumes = list(&service, "volumes");
        let count = volumes.len();
        volumes.sort();
        volumes.dedup();
        assert_eq!(volumes.len(), count, "{service}");
        let script = list(&service, "entrypoint").concat();
        let wide = script.lines().filter(|line| line.contains("-m 0644")).collect::<Vec<_>>();
        assert!(!wide.iter().any(|line| line.contains("server.crt")), "{script}");
        assert!(script.contains("-m 0600 '/etc/pgtls.mounted/server.crt' '/etc/pgtls'\n"), "{script}");
    }
}
