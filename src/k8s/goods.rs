//! What a target is given: texts out of a directory, and whom they are for.

use crate::fs::Contents;

/// A text that goes into an object, byte for byte.
#[derive(Debug, Clone)]
pub struct Part {
    /// The text.
    pub contents: Contents,
    /// The file that holds just that, as the user names it; `None`: it was put together.
    pub file: Option<String>,
}

/// A certificate with what is appended to it, and its key.
#[derive(Debug, Clone)]
pub struct KeyPair {
    /// `tls.crt`
    pub certificate: Part,
    /// `tls.key`
    pub key: Part,
    /// Its first common name, or nothing.
    pub common_name: String,
    /// The file of the certificate, as the user names it.
    pub shown: String,
}

/// A CA with its key, for an operator that signs with it.
#[derive(Debug, Clone)]
pub struct HandedCa {
    /// Its certificate first, and what else is trusted where the target has that in one place.
    pub trust: Part,
    /// Its key as `EC PRIVATE KEY`, the only form that Go's `ParseECPrivateKey` takes.
    pub key: Contents,
}

/// Everything that the targets are made of.
#[derive(Debug, Clone)]
pub struct Goods {
    /// What everybody trusts: the CAs of servers and of clients.
    pub trust: Part,
    /// The CAs of servers, where they are others than those of clients.
    pub server_trust: Option<Part>,
    /// The CAs of clients, where they are others than those of servers.
    pub client_trust: Option<Part>,
    /// The lists of all of them.
    pub lists: Option<Part>,
    /// The server.
    pub server: KeyPair,
    /// The standbys.
    pub replication: Option<KeyPair>,
    /// pgBouncer, where it gets a Secret.
    pub pgbouncer: Option<KeyPair>,
    /// The CA whose key is handed over; `None`: none is.
    pub ca: Option<HandedCa>,
}

/// What the user calls the objects.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Naming {
    /// The cluster.
    pub cluster: String,
    /// Namespace, labels and annotations of every object.
    pub meta: super::Meta,
    /// The Secret of the CA, where it has another name than the usual.
    pub ca_secret: Option<String>,
    /// That of the server.
    pub server_secret: Option<String>,
    /// That of the standbys.
    pub replication_secret: Option<String>,
    /// That of pgBouncer; `None`: there is none.
    pub pgbouncer_secret: Option<String>,
}

impl Naming {
    /// The names of the three Secrets: CA, server, standbys.
    pub(super) fn secrets(&self, usual: [&str; 3]) -> Result<[String; 3], super::KubernetesError> {
        let given = [&self.ca_secret, &self.server_secret, &self.replication_secret];
        let mut names = [const { String::new() }; 3];
        for ((name, given), usual) in names.iter_mut().zip(given).zip(usual) {
            *name = match given {
                Some(given) => given.clone(),
                // Nothing but a cluster's long name makes it none.
                None => super::label_name("--cluster", &usual.replace("{}", &self.cluster))?,
            };
        }
        Ok(names)
    }

    /// Whether an object is called so or carries something that `kubectl create` has no flag for.
    pub(super) fn is_decorated(&self) -> bool {
        !self.meta.labels.is_empty() || !self.meta.annotations.is_empty()
    }
}
