//! pgbouncer.ini: TLS towards its clients and towards the server, in a file that the main one includes
//! (PgBouncer documentation, config, "TLS settings").

use super::check;
use super::error::ConfigError;
use super::libpq::refuse_blank_end;
use super::link::Link;
use super::mark::{comment, opening};
use super::site::{Home, Lists, Member, Site, Text};
use crate::layout::export::Party;
use std::fmt::Write;

/// What a client of PgBouncer has to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FrontAuth {
    /// A certificate for the role.
    #[default]
    Cert,
    /// The role's password.
    Scram,
}

/// What is wished of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PgbouncerWish {
    /// What its clients have to show.
    pub auth: FrontAuth,
    /// Whether the role of its clients is also that towards the server, and not the one of its certificate.
    pub keeps_roles: bool,
}

/// The settings; `front` is what PgBouncer shows its clients.
///
/// # Errors
/// [`ConfigError`] for what the directory lacks, and what no line can say.
pub fn pgbouncer(
    site: &Site,
    link: &Link,
    front: &Member,
    home: &Home,
    wish: &PgbouncerWish,
) -> Result<Text, ConfigError> {
    const WHY: &str = "PgBouncer has no setting for it.";
    link.refuse_locked(WHY)?;
    check::open_key(site, front, Party::Server, WHY)?;
    let mut text = opening("pgbouncer");
    // A section that begins twice loses what it was given the first time.
    comment(
        &mut text,
        "Goes on with the section [pgbouncer], the last of pgbouncer.ini: %include FILE at its end.",
    );
    clients(&mut text, site, front, home, wish.auth)?;
    comment(
        &mut text,
        "The server: its chain and its name are verified; the certificate is PgBouncer's own.",
    );
    let mut settings =
        vec![("server_tls_sslmode", "verify-full".to_owned()), ("server_tls_ca_file", link.trust.clone())];
    if let Some((certificate, key)) = &link.pair {
        settings.push(("server_tls_cert_file", certificate.clone()));
        settings.push(("server_tls_key_file", key.clone()));
    }
    add(&mut text, &settings)?;
    database(&mut text, link, wish)?;
    let mut notes = link.notes();
    let has_lists = [&site.client_lists, &site.server_lists].iter().any(|lists| **lists != Lists::None);
    if has_lists && wish.auth == FrontAuth::Cert {
        notes.push(
            "PgBouncer looks into no revocation list: whom it lets in, only the server can turn away"
                .to_owned(),
        );
    }
    Ok(Text { text, notes })
}

/// What its clients are shown, and have to show.
fn clients(
    text: &mut String,
    site: &Site,
    front: &Member,
    home: &Home,
    way: FrontAuth,
) -> Result<(), ConfigError> {
    check::has_key(site, front)?;
    let trust = match way {
        FrontAuth::Cert => Some(home.file(check::client_trust(site)?)),
        FrontAuth::Scram => None,
    };
    let (lead, mode, auth) = match way {
        FrontAuth::Cert => (
            "Its clients: TLS, and a certificate whose common name is the role. auth_file names the roles: \
             pgtls config pgbouncer --form userlist writes it.",
            "verify-full",
            "cert",
        ),
        FrontAuth::Scram => {
            ("Its clients: TLS, and the role's password, by auth_file.", "require", "scram-sha-256")
        }
    };
    comment(text, lead);
    let mut settings = vec![
        ("auth_type", auth.to_owned()),
        ("client_tls_sslmode", mode.to_owned()),
        ("client_tls_cert_file", home.file(&front.file)),
        ("client_tls_key_file", home.file(&front.key)),
    ];
    settings.extend(trust.map(|trust| ("client_tls_ca_file", trust)));
    add(text, &settings)
}

/// Where every database, or the one that is named, is. The certificate is for one role, which is that of everybody
/// unless a user map of the server lets it in as others.
fn database(text: &mut String, link: &Link, wish: &PgbouncerWish) -> Result<(), ConfigError> {
    let name = link.database.as_deref().unwrap_or("*");
    let detail = "PgBouncer takes letters, digits, _, . and - in the name of a database here.";
    let is_odd = |c: char| !(c.is_ascii_alphanumeric() || "_.-*".contains(c));
    check::unsayable("the database", name, "pgbouncer.ini", is_odd, detail)?;
    text.push_str("\n[databases]\n");
    let mut words = vec![format!("host={}", quoted(&link.host))];
    words.extend(link.port.map(|port| format!("port={port}")));
    if !wish.keeps_roles && link.pair.is_some() {
        comment(text, "The role that the certificate is for, whoever the client of PgBouncer is.");
        words.push(format!("user={}", quoted(&link.user)));
    }
    let _ = writeln!(text, "{name} = {}", words.join(" "));
    Ok(())
}

/// A value in a connection string of PgBouncer: quotes are doubled, backslashes are as they are.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', "''"))
    }
}

fn add(text: &mut String, settings: &[(&'static str, String)]) -> Result<(), ConfigError> {
    for (name, value) in settings {
        refuse_blank_end("pgbouncer.ini", value)?;
        let _ = writeln!(text, "{name} = {value}");
    }
    Ok(())
}
