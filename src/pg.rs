//! PostgreSQL's facts, as constants and small rules with their source.

/// The longest name of a role, in bytes: NAMEDATALEN is 64, and a NUL takes one (`pg_config_manual.h`).
pub const ROLE_NAME_BYTES: usize = 63;

/// The first major version in which `all`, `+group` and `/regex` mean something as the role of a line of `pg_ident.conf`
/// (commit efb6f4a4f9); before, each is the name of a role.
pub const MAP_ROLES_MEAN: u32 = 16;

/// The directory of an installation's own `pg_service.conf`, where no `PGSYSCONFDIR` names another: that of Debian's
/// packages (`pg_config --sysconfdir`).
pub const SERVICE_DIRECTORY: &str = "/etc/postgresql-common";

/// What both sides trust, in the layouts that are made here: each CA, the root last.
pub const CHAIN_FILE: &str = "chain.crt";

/// What the files of the CA are called that comes after one: `root` -> `root.next`.
#[must_use]
pub fn next_stem(stem: &str) -> String {
    [stem, ".next"].concat()
}

/// What the files of the CA are called that was there before one: `root` -> `root.prev`.
#[must_use]
pub fn previous_stem(stem: &str) -> String {
    [stem, ".prev"].concat()
}

/// The stem that one of these two belongs to: `root.next`, `root.prev` -> `root`. A client may be called so as well: whether
/// it is a CA, its certificate says.
#[must_use]
pub fn rotated_stem(stem: &str) -> Option<&str> {
    [".next", ".prev"].iter().find_map(|ending| stem.strip_suffix(ending)).filter(|stem| !stem.is_empty())
}

/// The lists of all these CAs in one file, which is what PostgreSQL and libpq need as soon as they check one
/// (X509_V_FLAG_CRL_CHECK_ALL).
pub const LISTS_FILE: &str = "chain.crl";

/// What the name of a file of revocation lists ends with.
pub const LIST_SUFFIX: &str = ".crl";

/// The file of the revocation list of a CA: `root` -> `root.crl` (libpq-ssl, `root.crl`).
#[must_use]
pub fn list_file(stem: &str) -> String {
    [stem, LIST_SUFFIX].concat()
}

/// The certificate file of a stem, as PostgreSQL's defaults name theirs: `server` -> `server.crt`
/// (runtime-config-connection, `ssl_cert_file`; libpq-ssl, "Client Certificates").
#[must_use]
pub fn certificate_file(stem: &str) -> String {
    [stem, ".crt"].concat()
}

/// The key file of a stem: `server` -> `server.key`.
#[must_use]
pub fn key_file(stem: &str) -> String {
    [stem, ".key"].concat()
}

/// The file of the certificate request of a stem: `server` -> `server.csr`, as the guides name theirs.
#[must_use]
pub fn request_file(stem: &str) -> String {
    [stem, ".csr"].concat()
}

/// Whether a file is a certificate request, by its name.
#[must_use]
pub fn is_request_file(name: &str) -> bool {
    name.ends_with(".csr")
}

/// The first words of the names of a server's files, as PostgreSQL, Kubernetes and the guides have them.
pub const SERVER_NAMES: [&str; 3] = ["server", "dbhost", "node"];

/// Those of a client's files, as libpq, Kubernetes and the guides have them.
pub const CLIENT_NAMES: [&str; 5] = ["client", "replication", "postgresql", "node", "kong"];

/// The first word of a file's name: up to a dot, a hyphen or an underscore.
#[must_use]
pub fn first_word(name: &[u8]) -> &[u8] {
    name.iter().position(|byte| b".-_".contains(byte)).map_or(name, |end| &name[..end])
}

/// Whether a file is a server's, and whether it is a client's, as far as its name says.
#[must_use]
pub fn sides_of_name(name: &str) -> (bool, bool) {
    let is_among = |names: &[&str]| names.iter().any(|known| known.as_bytes() == first_word(name.as_bytes()));
    (is_among(&SERVER_NAMES), is_among(&CLIENT_NAMES))
}

/// Whether a text can be a role's name that somebody types: not blank, and without control characters.
#[must_use]
pub fn can_be_role(name: &str) -> bool {
    !name.trim().is_empty() && !name.contains(char::is_control)
}

/// Why PostgreSQL and libpq refuse a key file of that mode, or `None` where they take it: 0600 or less of the process's
/// own, 0640 or less of root's (`check_ssl_key_file_permissions`, be-secure-common.c; `initialize_SSL`,
/// fe-secure-openssl.c).
#[must_use]
pub fn key_mode_problem(mode: u32, owned_by_root: bool) -> Option<&'static str> {
    if mode & 0o400 == 0 {
        Some("Its owner could not read it.")
    } else if mode & !0o640 != 0 {
        Some("Nobody but the owner may write it, and nobody outside the group may read it.")
    } else if mode & 0o040 != 0 && !owned_by_root {
        Some("A key that the group can read has to be owned by root.")
    } else {
        None
    }
}
