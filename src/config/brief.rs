//! What `gen` and `export` print of configuration beside their files: the few lines that put these to use.

use super::quote;
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
    lines.extend(standbys.map(|client| format!("hostssl replication {} all cert", quote::hba(&client.role))));
    lines
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
    format!("{keyword}={}", quote::libpq(value))
}
