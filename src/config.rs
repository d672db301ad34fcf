//! Text for the configuration around the files: settings, HBA lines and connection strings, as data for whoever
//! prints them.

use crate::layout::{ClientFiles, Deployment, ServerFiles};

/// The lines of postgresql.conf that make the server use the files; names relative to its data directory
/// (PostgreSQL documentation, runtime-config-connection, "SSL").
#[must_use]
pub fn postgresql_conf(server: &ServerFiles) -> Vec<String> {
    let mut lines = vec![
        "ssl = on".to_owned(),
        format!("ssl_cert_file = '{}'", server.certificate),
        format!("ssl_key_file = '{}'", server.key),
    ];
    lines.extend(server.trust.as_ref().map(|trust| format!("ssl_ca_file = '{trust}'")));
    lines
}

/// The lines of pg_hba.conf that let each client in by its certificate alone. `all` as a database does not mean
/// replication (auth-pg-hba-conf), so a standby needs a line of its own.
#[must_use]
pub fn pg_hba_conf(deployment: &Deployment) -> Vec<String> {
    let mut lines = Vec::new();
    if deployment.clients.iter().any(|client| !client.replication) {
        lines.push("hostssl all all all cert".to_owned());
    }
    let standbys = deployment.clients.iter().filter(|client| client.replication);
    lines.extend(standbys.map(|client| format!("hostssl replication {} all cert", quoted(&client.role))));
    lines
}

/// A role in pg_hba.conf: quoted where it is not a plain word.
fn quoted(role: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == '.';
    let keyword = ["all", "sameuser", "samerole", "samegroup", "replication"].contains(&role);
    if !role.is_empty() && role.chars().all(plain) && !keyword {
        role.to_owned()
    } else {
        format!("\"{}\"", role.replace('"', "\"\""))
    }
}

/// The keywords of a connection string, in the order worth reading (libpq-connect, "Parameter Key Words").
#[must_use]
pub fn connection_keywords(client: &ClientFiles) -> Vec<(&'static str, String)> {
    let mut keywords = vec![
        ("host", client.host.clone().unwrap_or_else(|| "SERVER".to_owned())),
        ("user", client.role.clone()),
        ("sslmode", "verify-full".to_owned()),
    ];
    keywords.extend(client.trust.clone().map(|trust| ("sslrootcert", trust)));
    keywords.push(("sslcert", client.certificate.clone()));
    keywords.push(("sslkey", client.key.clone()));
    keywords
}

/// One keyword as a connection string has it: quoted where the value needs it.
#[must_use]
pub fn keyword_text((keyword, value): &(&'static str, String)) -> String {
    let plain = |c: char| !c.is_whitespace() && c != '\'' && c != '\\';
    if !value.is_empty() && value.chars().all(plain) {
        format!("{keyword}={value}")
    } else {
        format!("{keyword}='{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
    }
}

/// A line of pg_ident.conf that lets the holder of a certificate in as a role, for `map=` in pg_hba.conf; `None` where
/// no line can say it: a field ends with its line. Backslashes are as they are (auth-username-maps).
#[must_use]
pub fn pg_ident_line(map: &str, system_user: &str, role: &str) -> Option<String> {
    let fields = [map.to_owned(), literal(system_user), literal(role)];
    let fields: Option<Vec<String>> = fields.iter().map(|field| ident_field(field)).collect();
    Some(fields?.join("  "))
}

/// A name as a field takes it: what begins with a slash is a regular expression there, quoted or not.
fn literal(name: &str) -> String {
    if !name.starts_with('/') {
        return name.to_owned();
    }
    let escaped = name.chars().flat_map(|c| {
        let is_special = r"\.^$*+?()[]{}|".contains(c);
        is_special.then_some('\\').into_iter().chain([c])
    });
    format!("/^{}$", escaped.collect::<String>())
}

/// A field, quoted where it is more than a plain word.
fn ident_field(text: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || r"_-.=\/".contains(c);
    if text.contains(char::is_control) {
        return None;
    }
    // Unquoted, `all` and what begins with `+` mean more than one role.
    let is_word = !text.is_empty() && text.chars().all(plain) && text != "all";
    Some(if is_word { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_pg_ident_quotes_what_the_server_would_split_or_take_for_more() {
        for (system_user, role, line) in [
            ("app", "app", "m  app  app"),
            ("CN=app,O=Acme", "app", r#"m  "CN=app,O=Acme"  app"#),
            (r"OU=Zo\C3\AB", "app", r"m  OU=Zo\C3\AB  app"),
            ("Mr. App", "all", r#"m  "Mr. App"  "all""#),
            ("a#b", "+staff", r##"m  "a#b"  "+staff""##),
            (r#"O=The \"A\""#, "app", r#"m  "O=The \""A\"""  app"#),
            ("@file", "", r#"m  "@file"  """#),
            ("/a.b", "app", r#"m  "/^/a\.b$"  app"#),
        ] {
            assert_eq!(pg_ident_line("m", system_user, role).as_deref(), Some(line), "{system_user}");
        }
        assert_eq!(pg_ident_line("m", "two\nlines", "app"), None);
    }
}
