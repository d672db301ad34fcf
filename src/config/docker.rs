//! A service of a compose file in which the official image of PostgreSQL starts with TLS: its server runs as a user of
//! the image's own, who has to own the key, and that user's number is the image's affair.

use super::check;
use super::error::ConfigError;
use super::hba::{Auth, HbaWish, Local, hba};
use super::mark::{comment_at, opening};
use super::postgresql::{PostgresqlWish, notes, settings};
use super::quote;
use super::site::{Home, Member, Site, Text};
use crate::recipe::shell_quoted;
use std::fmt::Write;

/// What is wished of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DockerWish {
    /// The service's name.
    pub service: String,
    /// The image.
    pub image: String,
    /// What clients have to show.
    pub auth: Auth,
    /// The command that prints the passphrase of the key, in the container.
    pub passphrase_command: Option<String>,
    /// The directory of the certificates on the host.
    pub host: Home,
}

/// The service. `home` is where the server has its files in the container; they are mounted beside it.
///
/// # Errors
/// [`ConfigError`] for what the directory lacks, and what no line can say.
pub fn docker(site: &Site, server: &Member, home: &Home, wish: &DockerWish) -> Result<Text, ConfigError> {
    let tls =
        PostgresqlWish { passphrase_command: wish.passphrase_command.clone(), ..PostgresqlWish::default() };
    let settings = settings(site, server, home, &tls)?;
    let settings = settings.into_iter().filter(|it| it.is_set).map(|it| (it.name, it.value));
    if !home.is_absolute() {
        return Err(ConfigError::Combination {
            fact: "a container's files are at a whole path".to_owned(),
            hint: "Give it from the root of the file system: --files-at /etc/pgtls.",
        });
    }
    let is_odd = |c: char| !(c.is_ascii_alphanumeric() || "_.-".contains(c));
    let detail = "Compose takes letters, digits, _, . and - in the name of a service.";
    check::unsayable("the service", &wish.service, "a compose file", is_odd, detail)?;
    check::unsayable("the image", &wish.image, "a compose file", |_| false, "")?;
    let lists = check::lists(site, &site.client_lists)?;
    let trust = site.client_trust.as_deref();
    let public: Vec<&str> = std::iter::once(server.file.as_str()).chain(trust).chain(lists).collect();
    let lines = hba(site, &HbaWish { auth: wish.auth, local: Local::Scram, ..HbaWish::default() })?;
    let mut text = opening("docker");
    let _ = writeln!(text, "services:\n  {}:\n    image: {}", wish.service, quote::compose(&wish.image));
    comment_at(&mut text, "POSTGRES_PASSWORD, or a file of it, is yours to add, as the image wants it.", 4);
    let why = "Root copies the files before the image's own script begins: the server's user is the image's, and has \
               to own the key (0600).";
    comment_at(&mut text, why, 4);
    text.push_str("    entrypoint:\n      - sh\n      - -ec\n      - |\n");
    for line in script(home, server, &public, &lines.text).lines() {
        let _ = writeln!(text, "        {}", line.replace('$', "$$"));
    }
    text.push_str("      - docker-entrypoint.sh\n    command:\n      - postgres\n");
    let hba_file = ("hba_file", home.file("pg_hba.conf"));
    for (name, value) in settings.chain([hba_file]) {
        let _ = writeln!(text, "      - -c\n      - {}", quote::compose(&format!("{name}={value}")));
    }
    text.push_str("    volumes:\n");
    for file in public.iter().copied().chain([server.key.as_str()]) {
        let (from, to) = (wish.host.file(file), mounted(home, file));
        for path in [&from, &to] {
            let detail = "A colon parts where a file is from where it is mounted.";
            check::unsayable("the path", path, "a compose file", |c| c == ':', detail)?;
        }
        let _ = writeln!(text, "      - {}", quote::compose(&format!("{from}:{to}:ro")));
    }
    let mut notes = notes(site, server);
    notes.extend(lines.notes);
    Ok(Text { text, notes })
}

/// Where a file is mounted, with the owner that it has on the host.
fn mounted(home: &Home, file: &str) -> String {
    format!("{}/{file}", mounts(home))
}

fn mounts(home: &Home) -> String {
    format!("{}.mounted", home.file("").trim_end_matches('/'))
}

/// What runs as root; `$0` is the image's own script, behind it comes the command.
fn script(home: &Home, server: &Member, public: &[&str], lines: &str) -> String {
    let word = |path: &str| shell_quoted(path);
    let own = word(home.file("").trim_end_matches('/'));
    let key = word(&mounted(home, &server.key));
    let public: Vec<String> = public.iter().map(|file| word(&mounted(home, file))).collect();
    let to = "install -o postgres -g postgres";
    format!(
        "{to} -m 0700 -d {own}\n{to} -m 0600 {key} {own}\n{to} -m 0644 {} {own}\n\
         cat >{own}/pg_hba.conf <<'END'\n{lines}END\n\
         chown postgres:postgres {own}/pg_hba.conf\nexec \"$0\" \"$@\"\n",
        public.join(" ")
    )
}
