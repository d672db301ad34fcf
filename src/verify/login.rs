//! What a server takes for the user name of each client's certificate: its common name, or its whole name.

use super::exhibit::Exhibit;
use super::policy::Policy;
use super::roles::Roles;
use super::scene::{Identity, Scene};
use serde::Serialize;
use std::borrow::Cow;

/// The two names by which `pg_hba.conf` and `pg_ident.conf` can know a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Login {
    /// The file of its certificate.
    pub file: String,
    /// The role that was asked about.
    pub role: String,
    /// The server's major version, where its data directory told it.
    #[serde(skip)]
    pub server_version: Option<u32>,
    /// The first common name, for `clientname=CN`, which is the default; `None`: it has none.
    pub common_name: Option<String>,
    /// The subject as `clientname=DN` has it: RFC 2253, the last attribute first.
    pub distinguished_name: String,
}

/// The names of every client among the files; none where no role is asked about.
#[must_use]
pub fn logins(exhibits: &[Exhibit], roles: &Roles, policy: &Policy) -> Vec<Login> {
    let Some(role) = &policy.user else { return Vec::new() };
    let scene = Scene::of(".", exhibits, roles, policy);
    let told = policy.server.as_ref().and_then(|server| server.logins.as_ref());
    let server_version = told.and_then(|told| told.version);
    let login = |identity: &Identity<'_>| {
        let subject = &identity.leaf.certificate.subject;
        Login {
            file: identity.leaf.file.to_owned(),
            role: role.clone(),
            server_version,
            common_name: subject.common_names().next().filter(|name| !name.is_empty()).map(Cow::into_owned),
            distinguished_name: subject.rfc2253(),
        }
    };
    scene.identities.iter().filter(|identity| identity.logs_in).map(login).collect()
}
