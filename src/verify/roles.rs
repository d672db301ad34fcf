//! Which file plays which part, as a user or a setting says it.

/// Which file plays which part, where the user says so; `None`: told from names and contents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roles {
    /// The server's certificate file (`ssl_cert_file`).
    pub server_certificate: Option<String>,
    /// The server's key file (`ssl_key_file`).
    pub server_key: Option<String>,
    /// The client's certificate file (`sslcert`).
    pub client_certificate: Option<String>,
    /// The client's key file (`sslkey`).
    pub client_key: Option<String>,
    /// What the server trusts (`ssl_ca_file`).
    pub client_trust: Option<String>,
    /// What clients trust (`sslrootcert`); the word `system` is the system's own store.
    pub server_trust: Option<String>,
    /// The file of revocation lists (`ssl_crl_file`, `sslcrl`).
    pub crl_file: Option<String>,
    /// The directory of revocation lists (`ssl_crl_dir`, `sslcrldir`).
    pub crl_directory: Option<String>,
}

impl Roles {
    /// The word that `sslrootcert` takes for the system's own store (libpq 16).
    pub const SYSTEM: &str = "system";

    /// The same parts, and those of `other` that are not played here.
    #[must_use]
    pub fn or(&self, other: Self) -> Self {
        let or = |said: &Option<String>, set: Option<String>| said.clone().or(set);
        Self {
            server_certificate: or(&self.server_certificate, other.server_certificate),
            server_key: or(&self.server_key, other.server_key),
            client_certificate: or(&self.client_certificate, other.client_certificate),
            client_key: or(&self.client_key, other.client_key),
            client_trust: or(&self.client_trust, other.client_trust),
            server_trust: or(&self.server_trust, other.server_trust),
            crl_file: or(&self.crl_file, other.crl_file),
            crl_directory: or(&self.crl_directory, other.crl_directory),
        }
    }

    /// Whether clients trust the system's own store.
    #[must_use]
    pub fn trusts_system(&self) -> bool {
        self.server_trust.as_deref() == Some(Self::SYSTEM)
    }

    /// Every file that plays a part.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        [&self.server_certificate, &self.server_key, &self.client_certificate, &self.client_key]
            .into_iter()
            .chain([&self.client_trust, &self.server_trust])
            .filter_map(Option::as_deref)
            .filter(|file| *file != Self::SYSTEM)
    }
}
