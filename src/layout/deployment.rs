//! Who needs which of the files: the server, each client, and nobody.

use crate::pg::{certificate_file, key_file};
use crate::plan::{CertificateSpec, IssuerRef, Plan};
use crate::x509::{GeneralName, Usage};
use serde::Serialize;

/// Which file goes where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deployment {
    /// What each database server needs.
    pub servers: Vec<ServerFiles>,
    /// What each client needs.
    pub clients: Vec<ClientFiles>,
    /// Keys that go to nobody.
    pub ca_keys: Vec<String>,
    /// Whether a server signed itself, so that each side has to trust the certificate of the other.
    pub self_signed: bool,
}

/// The server's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerFiles {
    /// `ssl_cert_file`
    pub certificate: String,
    /// `ssl_key_file`
    pub key: String,
    /// `ssl_ca_file`; `None` where the plan has no client, nor a CA above the server, or no root above that.
    pub trust: Option<String>,
}

/// One client's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientFiles {
    /// The role that it logs in as: its common name.
    pub role: String,
    /// `sslcert`
    pub certificate: String,
    /// `sslkey`
    pub key: String,
    /// `sslrootcert`; `None` where the plan has no server, nor a CA above the client, or no root above that.
    pub trust: Option<String>,
    /// A name of the server that `verify-full` accepts.
    pub host: Option<String>,
    /// Whether it is for replication.
    pub replication: bool,
}

/// Works out who needs what.
#[must_use]
pub fn deployment(plan: &Plan) -> Deployment {
    let servers: Vec<&CertificateSpec> =
        plan.certificates.iter().filter(|spec| spec.usage.serves()).collect();
    let is_client = |spec: &&CertificateSpec| matches!(spec.usage, Usage::Client | Usage::Node);
    // Without a common name it logs in as nobody, unless a user map reads its whole DN.
    let named =
        |spec: &&CertificateSpec| spec.subject.common_names().next().is_some_and(|name| !name.is_empty());
    let clients: Vec<&CertificateSpec> = plan.certificates.iter().filter(is_client).filter(named).collect();
    // Where only one side is planned, the other is under the same CA.
    let trust = |spec: &CertificateSpec, others: &[&CertificateSpec]| match others {
        // Who is above it is not here, and nobody trusts less.
        _ if plan.certificate(anchor(plan, spec)).is_some_and(|top| top.issuer == IssuerRef::Elsewhere) => {
            None
        }
        [] => spec.issuer.stem().map(|_| trust_file(plan, &[spec])),
        others => Some(trust_file(plan, others)),
    };
    let server_files = |spec: &&CertificateSpec| ServerFiles {
        certificate: certificate_file(&spec.stem),
        key: key_file(&spec.stem),
        trust: trust(spec, &clients),
    };
    let client_files = |spec: &&CertificateSpec| ClientFiles {
        role: spec.subject.common_names().next().unwrap_or_default().into_owned(),
        certificate: certificate_file(&spec.stem),
        key: key_file(&spec.stem),
        trust: trust(spec, &servers),
        host: servers.iter().find_map(|server| host(server)),
        replication: spec.stem == "replication",
    };
    Deployment {
        servers: servers.iter().map(server_files).collect(),
        clients: clients.iter().map(client_files).collect(),
        ca_keys: {
            let cas = plan.certificates.iter().filter(|spec| spec.usage.is_ca());
            cas.map(|spec| key_file(&spec.stem)).collect()
        },
        self_signed: servers.iter().any(|server| server.issuer == IssuerRef::Itself),
    }
}

/// The file with which a peer trusts these certificates: a bundle that ends at their anchors, else the anchor's file.
fn trust_file(plan: &Plan, certificates: &[&CertificateSpec]) -> String {
    let anchors: Vec<&str> = certificates.iter().map(|spec| anchor(plan, spec)).collect();
    let holds_all = |stems: &[String]| anchors.iter().all(|anchor| stems.iter().any(|stem| stem == anchor));
    let bundle = plan.bundles.iter().find(|bundle| holds_all(&bundle.certificates));
    bundle.map_or_else(
        || certificate_file(anchors.first().copied().unwrap_or_default()),
        |bundle| bundle.file.clone(),
    )
}

/// The stem of the self-signed certificate above.
fn anchor<'p>(plan: &'p Plan, spec: &'p CertificateSpec) -> &'p str {
    let mut current = spec;
    while let IssuerRef::Certificate(stem) = &current.issuer {
        match plan.certificate(stem) {
            Some(issuer) => current = issuer,
            None => break,
        }
    }
    &current.stem
}

/// `localhost` where the certificate has it, so that the printed command can be tried at once; else its first name.
fn host(server: &CertificateSpec) -> Option<String> {
    let names = &server.extensions.subject_alt_names;
    let local = GeneralName::Dns("localhost".to_owned());
    let concrete = |name: &&GeneralName| {
        matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_)) && !name.value().contains('*')
    };
    names.iter().find(|name| **name == local).or_else(|| names.iter().find(concrete)).map(GeneralName::value)
}
