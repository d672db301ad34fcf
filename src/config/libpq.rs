//! What psql and whatever else speaks through libpq reads: a connection string, a URI, variables, a service file.

use super::check;
use super::error::ConfigError;
use super::link::Link;
use super::mark::{comment, opening};
use super::quote;
use super::site::Text;
use std::fmt::Write;

/// A form of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LibpqForm {
    /// `host=db1 user=app ...`
    #[default]
    Keywords,
    /// `postgresql://app@db1/...`
    Uri,
    /// `PGHOST=db1` ...
    Environment,
    /// A section of `pg_service.conf`.
    Service,
}

/// What is wished of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LibpqWish {
    /// The form.
    pub form: LibpqForm,
    /// What the section of a service file is called; `None`: as the role.
    pub service: Option<String>,
}

/// The text.
///
/// # Errors
/// [`ConfigError`] for what the form cannot say.
pub fn libpq(link: &Link, wish: &LibpqWish) -> Result<Text, ConfigError> {
    if wish.service.is_some() && wish.form != LibpqForm::Service {
        let fact = "--service names the section of a service file".to_owned();
        return Err(ConfigError::Combination { fact, hint: "Say --form service too." });
    }
    let settings = settings(link);
    let text = match wish.form {
        LibpqForm::Keywords => keywords(&settings),
        LibpqForm::Uri => uri(link),
        LibpqForm::Environment => environment(&settings),
        LibpqForm::Service => service(link, &settings, wish.service.as_deref())?,
    };
    let mut notes = link.notes();
    notes.extend(link.locked.iter().map(|(key, _)| {
        format!("the key {key} is under a passphrase: psql asks for it, other programs want sslpassword")
    }));
    Ok(Text { text, notes })
}

/// Each keyword, the variable that stands for it, and its value (libpq-connect, "Parameter Key Words"; libpq-envars).
fn settings(link: &Link) -> Vec<(&'static str, &'static str, String)> {
    let mut settings = vec![("host", "PGHOST", link.host.clone())];
    settings.extend(link.port.map(|port| ("port", "PGPORT", port.to_string())));
    settings.extend(link.database.clone().map(|database| ("dbname", "PGDATABASE", database)));
    settings.push(("user", "PGUSER", link.user.clone()));
    // Everything below it takes anybody for the server who has a certificate under the same CA, or any.
    settings.push(("sslmode", "PGSSLMODE", "verify-full".to_owned()));
    settings.push(("sslrootcert", "PGSSLROOTCERT", link.trust.clone()));
    if let Some((certificate, key)) = &link.pair {
        settings.push(("sslcert", "PGSSLCERT", certificate.clone()));
        settings.push(("sslkey", "PGSSLKEY", key.clone()));
    }
    settings.extend(link.lists.clone().map(|lists| ("sslcrl", "PGSSLCRL", lists)));
    settings
}

/// Those of them that are about TLS.
pub(super) fn tls(link: &Link) -> impl Iterator<Item = (&'static str, String)> {
    let all = settings(link).into_iter().map(|(keyword, _, value)| (keyword, value));
    all.filter(|(keyword, _)| keyword.starts_with("ssl"))
}

fn keywords(settings: &[(&'static str, &'static str, String)]) -> String {
    let words = settings.iter().map(|(keyword, _, value)| format!("{keyword}={}", quote::libpq(value)));
    words.collect::<Vec<_>>().join(" ") + "\n"
}

/// (libpq-connect, "Connection URIs")
fn uri(link: &Link) -> String {
    let port = link.port.map(|port| format!(":{port}")).unwrap_or_default();
    let database = link.database.as_deref().map(quote::in_uri_whole).unwrap_or_default();
    let further = tls(link).map(|(keyword, value)| format!("{keyword}={}", quote::in_uri(&value)));
    format!(
        "postgresql://{}@{}{port}/{database}?{}\n",
        quote::in_uri_whole(&link.user),
        quote::uri_host(&link.host),
        further.collect::<Vec<_>>().join("&")
    )
}

fn environment(settings: &[(&'static str, &'static str, String)]) -> String {
    let mut text = opening("libpq --form env");
    comment(&mut text, "For this shell and what it starts: set -a; . ./FILE; set +a");
    for (_, variable, value) in settings {
        let _ = writeln!(text, "{variable}={}", quote::variable(value));
    }
    text
}

/// A value is all that is left of the line, blanks at its end cut off (libpq-pgservice; `parseServiceFile`,
/// fe-connect.c).
fn service(
    link: &Link,
    settings: &[(&'static str, &'static str, String)],
    name: Option<&str>,
) -> Result<String, ConfigError> {
    let name = name.unwrap_or(&link.user);
    let detail = "The name of a section ends with its bracket.";
    check::unsayable("the name of the service", name, "a service file", |c| c == ']', detail)?;
    let mut text = opening("libpq --form service");
    let line =
        format!("In ~/.pg_service.conf, or named by PGSERVICEFILE; then psql service={}", quote::libpq(name));
    comment(&mut text, &line);
    let _ = writeln!(text, "[{name}]");
    for (keyword, _, value) in settings {
        refuse_blank_end("a service file", value)?;
        let _ = writeln!(text, "{keyword}={value}");
    }
    Ok(text)
}

/// Refuses a value that a reader would cut.
pub(super) fn refuse_blank_end(format: &'static str, value: &str) -> Result<(), ConfigError> {
    if value.trim() == value {
        return Ok(());
    }
    let detail = "Blanks at the ends of a value are cut off.";
    Err(ConfigError::Unsayable { what: "the value", value: value.to_owned(), format, detail })
}
