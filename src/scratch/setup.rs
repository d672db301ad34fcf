//! What a throw-away server serves and whom it knows: plain data, no I/O.

use std::path::PathBuf;

use super::programs::Programs;

/// A role the server knows from its first moment; it may log in, and it owns nothing.
///
/// `postgres` always exists and is a superuser, whatever is asked for here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The name, as it is (it is quoted on its way to the server).
    pub name: String,
    /// Whether the role may open replication connections, as `pg_basebackup` and standbys do.
    pub replication: bool,
    /// Whether the role is a superuser.
    pub superuser: bool,
}

/// What a throw-away server serves: files, `pg_hba.conf`, roles and settings.
///
/// A new one has no client CA (so no client is asked for a certificate), no CRL, no role besides `postgres`, and the
/// one `pg_hba.conf` line `hostssl all all all trust`.
#[derive(Debug, Clone)]
pub struct Setup {
    pub(super) server_certificate: PathBuf,
    pub(super) server_key: PathBuf,
    pub(super) client_ca: Option<PathBuf>,
    pub(super) crl: Option<PathBuf>,
    pub(super) hba: String,
    pub(super) ident: String,
    pub(super) roles: Vec<Role>,
    pub(super) settings: Vec<(String, String)>,
    pub(super) programs: Option<Programs>,
}

impl Setup {
    /// Serves the chain in `server_certificate` (`ssl_cert_file`) with `server_key` (`ssl_key_file`), both PEM.
    ///
    /// The key is copied with mode 0600 whatever its own mode is: to judge that mode is not this module's task.
    pub fn new(server_certificate: impl Into<PathBuf>, server_key: impl Into<PathBuf>) -> Self {
        Self {
            server_certificate: server_certificate.into(),
            server_key: server_key.into(),
            client_ca: None,
            crl: None,
            hba: "hostssl all all all trust".to_owned(),
            ident: String::new(),
            roles: Vec::new(),
            settings: Vec::new(),
            programs: None,
        }
    }

    /// Asks every TLS client for a certificate that reaches an anchor in this PEM file (`ssl_ca_file`).
    #[must_use]
    pub fn client_ca(mut self, path: impl Into<PathBuf>) -> Self {
        self.client_ca = Some(path.into());
        self
    }

    /// Turns away client certificates revoked by the CRLs in this PEM file (`ssl_crl_file`).
    ///
    /// It must hold a valid CRL of every issuer in a client's chain (`ssl-tcp`, "Using Client Certificates").
    #[must_use]
    pub fn crl(mut self, path: impl Into<PathBuf>) -> Self {
        self.crl = Some(path.into());
        self
    }

    /// The lines of `pg_hba.conf`, in place of those before.
    ///
    /// They come after two `local` lines of our own, so a `local` line among them is never reached, and a line number
    /// in the server's words counts from there.
    #[must_use]
    pub fn hba(mut self, lines: impl Into<String>) -> Self {
        self.hba = lines.into();
        self
    }

    /// The lines of `pg_ident.conf`, in place of those before.
    #[must_use]
    pub fn ident(mut self, lines: impl Into<String>) -> Self {
        self.ident = lines.into();
        self
    }

    /// Adds a role that may log in and nothing else.
    #[must_use]
    pub fn role(self, name: impl Into<String>) -> Self {
        self.with_role(Role { name: name.into(), replication: false, superuser: false })
    }

    /// Adds a role that may also open replication connections.
    #[must_use]
    pub fn replication_role(self, name: impl Into<String>) -> Self {
        self.with_role(Role { name: name.into(), replication: true, superuser: false })
    }

    /// Adds a role as described; a second one of the same name is ignored.
    #[must_use]
    pub fn with_role(mut self, role: Role) -> Self {
        if self.roles.iter().all(|known| known.name != role.name) {
            self.roles.push(role);
        }
        self
    }

    /// Adds a line to `postgresql.conf`, after ours: the server lets the last one of a name win.
    ///
    /// A file named in `value` is not copied: the server itself must be able to read it. What says where the server
    /// listens (`port`, `listen_addresses`, `unix_socket_directories`) and what it logs where is not to be changed:
    /// this module would not find the server any more.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// Uses these PostgreSQL programs instead of those [`Programs::find`] finds.
    #[must_use]
    pub fn programs(mut self, programs: Programs) -> Self {
        self.programs = Some(programs);
        self
    }
}
