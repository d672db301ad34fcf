//! Patroni: a file of one node, which is merged with the node's own: TLS for its PostgreSQL, for those who replicate, and
//! for the REST API by which nodes call each other (Patroni documentation, yaml_configuration, security).

use super::check;
use super::error::ConfigError;
use super::hba::{HbaWish, hba, no_standby};
use super::libpq::tls;
use super::link::{Link, LinkWish, usual_host};
use super::mark::{comment, comment_at, opening};
use super::postgresql::{self, PostgresqlWish, settings};
use super::quote;
use super::site::{Home, Lists, Member, Site, Text};
use std::fmt::Write;

/// The role of standbys in Patroni's own examples.
const REPLICATOR: &str = "replicator";

/// Who has to show a certificate to the REST API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VerifyClient {
    /// Everybody, a load balancer's health check included.
    #[default]
    Required,
    /// Who changes something.
    Optional,
    /// Nobody.
    Nobody,
}

impl VerifyClient {
    fn word(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Optional => "optional",
            Self::Nobody => "none",
        }
    }

    /// Why, and what else has to be seen to.
    fn why(self) -> &'static str {
        match self {
            Self::Required => {
                "The API. Who calls it shows a certificate, a load balancer's health check too; with optional \
                 only who changes something. Any that cafile leads to will do, an application's as well: \
                 restapi.allowlist narrows it to addresses."
            }
            Self::Optional => {
                "The API. Who changes something shows a certificate, and anybody may look. Any that cafile leads to \
                 will do, an application's as well: restapi.allowlist narrows it to addresses."
            }
            Self::Nobody => "The API. Nobody shows a certificate: restapi.authentication is yours to add.",
        }
    }
}

/// What is wished of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatroniWish {
    /// What the other nodes call it, by which its certificate is checked; `None`: its certificate's first name.
    pub host: Option<String>,
    /// The port of PostgreSQL.
    pub port: u16,
    /// The port of the REST API.
    pub api_port: u16,
    /// Who has to show a certificate to the REST API.
    pub verify_client: VerifyClient,
    /// The server's TLS.
    pub tls: PostgresqlWish,
    /// The lines of pg_hba.conf; its roles of standbys, and the socket, are Patroni's.
    pub hba: HbaWish,
    /// The superuser, who comes through the socket.
    pub superuser: String,
    /// The role of standbys; `None`: that of the certificate that is there for it.
    pub replication: Option<String>,
    /// The role of pg_rewind; `None`: the same.
    pub rewind: Option<String>,
}

/// The file. `caller` is whose certificate the node shows to the others' API, where that is wanted.
///
/// # Errors
/// [`ConfigError`] for what the directory lacks, and what no line can say.
pub fn patroni(
    site: &Site,
    server: &Member,
    caller: Option<&Member>,
    home: &Home,
    wish: &PatroniWish,
) -> Result<Text, ConfigError> {
    let host = wish.host.as_deref().or_else(|| usual_host(server)).ok_or(ConfigError::NoHost)?;
    check::unsayable("the host", host, "a configuration", |_| false, "")?;
    let role = wish.replication.clone().or_else(|| replicator(site)).unwrap_or_else(|| REPLICATOR.to_owned());
    let rewind = wish.rewind.as_ref().unwrap_or(&role);
    let parameters = settings(site, server, home, &wish.tls)?;
    let lines = hba(site, &HbaWish { replication: vec![role.clone()], ..wish.hba.clone() })?;
    let roles = Roles { site, server, host, home, wish };

    let mut text = opening("patroni");
    let why = "One node's. It lies beside the node's own file in a directory that patroni is given, and wins by a \
               name that sorts behind.";
    comment(&mut text, why);
    api(&mut text, site, server, caller, home, host, wish)?;
    text.push_str("postgresql:\n");
    comment_at(&mut text, "What the others call it by: they verify that its certificate is for it.", 2);
    pair(&mut text, 2, "connect_address", &address(host, wish.port));
    comment_at(&mut text, "The superuser comes through the socket, as the system's user of that name.", 2);
    text.push_str("  use_unix_socket: true\n  authentication:\n");
    roles.add(&mut text, "superuser", &wish.superuser, false)?;
    roles.add(&mut text, "replication", &role, true)?;
    roles.add(&mut text, "rewind", rewind, true)?;
    text.push_str("  parameters:\n");
    for setting in parameters.iter().filter(|setting| setting.is_set) {
        pair(&mut text, 4, setting.name, &setting.value);
    }
    text.push_str("  pg_hba:\n");
    for line in lines.text.lines().filter(|line| !line.starts_with('#')) {
        let _ = writeln!(text, "    - {}", quote::yaml(line));
    }
    let mut notes = notes(site, server, caller, wish);
    notes.extend(lines.notes);
    Ok(Text { text, notes })
}

/// What the API shows, whom it lets in, and what the node itself shows to the others' and checks of it. `ctl` has every
/// word that Patroni would else take from `restapi`.
fn api(
    text: &mut String,
    site: &Site,
    server: &Member,
    caller: Option<&Member>,
    home: &Home,
    host: &str,
    wish: &PatroniWish,
) -> Result<(), ConfigError> {
    let (of_callers, of_servers) = (check::client_trust(site)?, check::server_trust(site)?);
    check::depth(site, server, of_servers)?;
    comment(text, wish.verify_client.why());
    text.push_str("restapi:\n");
    pair(text, 2, "connect_address", &address(host, wish.api_port));
    pair(text, 2, "certfile", &home.file(&server.file));
    pair(text, 2, "keyfile", &home.file(&server.key));
    password(text, 2, "keyfile_password", server.is_locked);
    pair(text, 2, "cafile", &home.file(of_callers));
    pair(text, 2, "verify_client", wish.verify_client.word());
    comment(text, "How this node and patronictl call that of the others.");
    text.push_str("ctl:\n  insecure: false\n");
    pair(text, 2, "cacert", &home.file(of_servers));
    if let Some(caller) = caller {
        check::has_key(site, caller)?;
        check::depth(site, caller, of_callers)?;
        pair(text, 2, "certfile", &home.file(&caller.file));
        pair(text, 2, "keyfile", &home.file(&caller.key));
        password(text, 2, "keyfile_password", caller.is_locked);
    }
    Ok(())
}

/// Those who log in for Patroni.
struct Roles<'a> {
    site: &'a Site,
    server: &'a Member,
    host: &'a str,
    home: &'a Home,
    wish: &'a PatroniWish,
}

impl Roles<'_> {
    /// A role and what it connects with; whoever comes over the network needs a certificate where they are wanted.
    fn add(&self, text: &mut String, what: &str, role: &str, is_remote: bool) -> Result<(), ConfigError> {
        let auth = self.wish.hba.auth;
        let client = match auth.wants_certificate() {
            false => None,
            true => self.site.clients.iter().find(|client| client.common_name.as_deref() == Some(role)),
        };
        // The superuser does without one that is of no use.
        let client = client.filter(|client| is_remote || client.has_key && client.intermediates.is_some());
        if client.is_none() && auth.wants_certificate() && is_remote {
            return Err(no_standby(self.site, role));
        }
        let (host, user) = (Some(self.host.to_owned()), Some(role.to_owned()));
        let wish = LinkWish { host, user, ..LinkWish::default() };
        let link = Link::of(self.site, Some(self.server), client, self.home, &wish)?;
        let _ = writeln!(text, "    {what}:");
        password(text, 6, "password", is_remote && auth.wants_password(self.wish.hba.with_password));
        password(text, 6, "sslpassword", link.locked.is_some());
        pair(text, 6, "username", &link.user);
        for (keyword, value) in tls(&link) {
            pair(text, 6, keyword, &value);
        }
        Ok(())
    }
}

/// The role of the certificate that is there for standbys.
fn replicator(site: &Site) -> Option<String> {
    let mut standbys = site.clients.iter().filter(|client| client.replicates);
    standbys.find_map(check::role_of).map(str::to_owned)
}

/// No secret is written: the merged file of the node has it.
fn password(text: &mut String, indent: usize, name: &str, is_wanted: bool) {
    if is_wanted {
        comment_at(text, &format!("{name} is yours to add, in the node's own file."), indent);
    }
}

fn pair(text: &mut String, indent: usize, name: &str, value: &str) {
    let _ = writeln!(text, "{:indent$}{name}: {}", "", quote::yaml(value));
}

fn address(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn notes(site: &Site, server: &Member, caller: Option<&Member>, wish: &PatroniWish) -> Vec<String> {
    let mut notes = postgresql::notes(site, server);
    // Where PostgreSQL listens everywhere, Patroni asks its own for its timeline there.
    if !server.hosts.iter().any(|name| name == "localhost") {
        notes.push(format!(
            "{} is not for localhost, by which Patroni calls its own PostgreSQL where that listens everywhere",
            server.file
        ));
    }
    let has_lists = [&site.client_lists, &site.server_lists].iter().any(|lists| **lists != Lists::None);
    if has_lists && wish.verify_client != VerifyClient::Nobody && caller.is_some() {
        notes.push(
            "Patroni's API looks into no revocation list: a certificate that is on one still opens it"
                .to_owned(),
        );
    }
    notes
}
