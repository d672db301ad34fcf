//! The operators that are served: what each wants of names, as its own sources say.

/// Who reads the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Crunchy PGO 4 (`pgo create cluster`).
    PgoV4,
    /// Crunchy PGO 5 (`PostgresCluster`).
    PgoV5,
    /// CloudNativePG (`Cluster`).
    Cnpg,
    /// Zalando's operator (`postgresql`).
    Zalando,
}

impl Target {
    /// The word on the command line, and the name of its profile.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::PgoV4 => "pgo-v4",
            Self::PgoV5 => "pgo-v5",
            Self::Cnpg => "cnpg",
            Self::Zalando => "zalando",
        }
    }

    /// The role that a standby's certificate names; `None`: the target has no such certificate.
    #[must_use]
    pub fn replication_role(self) -> Option<&'static str> {
        match self {
            Self::PgoV4 => Some("primaryuser"),
            Self::PgoV5 => Some("_crunchyrepl"),
            Self::Cnpg => Some("streaming_replica"),
            Self::Zalando => None,
        }
    }

    /// The services by which clients reach a server of the cluster.
    #[must_use]
    pub fn services(self, cluster: &str) -> Vec<String> {
        let endings: &[&str] = match self {
            Self::PgoV4 => &["", "-replica"],
            Self::PgoV5 => &["-primary", "-replicas"],
            Self::Cnpg => &["-rw", "-ro", "-r"],
            Self::Zalando => &["", "-repl"],
        };
        endings.iter().map(|ending| format!("{cluster}{ending}")).collect()
    }

    /// The hosts that those services have for clients in the namespace and outside of it.
    #[must_use]
    pub fn hosts(self, cluster: &str, namespace: Option<&str>) -> Vec<String> {
        self.services(cluster).into_iter().flat_map(|service| forms(service, namespace)).collect()
    }

    /// The hosts that the service of its pgBouncer has; PGO 4 and 5 call it the same.
    #[must_use]
    pub fn pgbouncer_hosts(self, cluster: &str, namespace: Option<&str>) -> Vec<String> {
        forms(format!("{cluster}-pgbouncer"), namespace)
    }

    /// The host by which something of the operator itself reaches the server with `verify-full`.
    #[must_use]
    pub fn own_host(self, cluster: &str) -> Option<String> {
        // PGO 5's pgBouncer: host = the short name of the primary's service.
        (self == Self::PgoV5).then(|| format!("{cluster}-primary"))
    }

    /// Whether it reads revocation lists.
    #[must_use]
    pub fn reads_lists(self) -> bool {
        matches!(self, Self::PgoV4 | Self::Zalando)
    }
}

/// The names of a service, from short to long.
fn forms(service: String, namespace: Option<&str>) -> Vec<String> {
    let inside = namespace.map(|namespace| {
        let short = format!("{service}.{namespace}");
        [format!("{short}.svc.cluster.local"), format!("{short}.svc"), short]
    });
    [service].into_iter().chain(inside.into_iter().flatten().rev()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_of_a_service_stand_from_short_to_long() {
        let hosts = Target::PgoV4.hosts("hippo", Some("pgo"));
        assert_eq!(hosts[..4], ["hippo", "hippo.pgo", "hippo.pgo.svc", "hippo.pgo.svc.cluster.local"]);
        assert_eq!(Target::Cnpg.hosts("db", None), ["db-rw", "db-ro", "db-r"]);
    }
}
