//! The client stacks that are spoken of: what each is called, in which version it was measured, and sets of them.

use serde::{Serialize, Serializer};

/// Declares the stacks: one line each, so that none can lack a part.
macro_rules! stacks {
    ($($(#[doc = $doc:literal])+ $variant:ident, $id:literal, $name:literal, $family:literal, $version:literal;)+) => {
        /// A client stack: a driver, or a driver in one of the ways in which it is set up.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Driver {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Driver {
            /// Every stack, in the order in which they are shown.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its stable id.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$variant => $id,)+
                }
            }

            /// What people call it; at most twenty letters.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// What it and its like are called together.
            #[must_use]
            pub fn family(self) -> &'static str {
                match self {
                    $(Self::$variant => $family,)+
                }
            }

            /// The versions that it was measured in.
            #[must_use]
            pub fn version(self) -> &'static str {
                match self {
                    $(Self::$variant => $version,)+
                }
            }
        }
    };
}

stacks! {
    /// psql, and all that is linked with the system's libpq.
    Psql, "psql", "psql (libpq 15)", "libpq", "libpq 15.18, OpenSSL 3.0";
    /// psycopg, whose wheels bring a libpq of their own.
    Psycopg, "psycopg", "psycopg (libpq 18)", "libpq", "psycopg 3.3.9, libpq 18";
    /// asyncpg with its own handling of `sslmode`.
    Asyncpg, "asyncpg", "asyncpg", "asyncpg", "asyncpg 0.32, Python 3.11";
    /// asyncpg with an SSL context as Python 3.13 makes it: VERIFY_X509_STRICT and VERIFY_X509_PARTIAL_CHAIN.
    AsyncpgStrict, "asyncpg-python-3.13", "asyncpg, Python 3.13", "Python 3.13", "asyncpg 0.32, flags of Python 3.13";
    /// node-postgres.
    NodePostgres, "node-postgres", "node-postgres", "node-postgres", "pg 8.23.1, Node 20";
    /// pgJDBC with its key in PKCS#8 DER.
    PgJdbcPk8, "pgjdbc-pk8", "pgJDBC, PKCS#8", "pgJDBC", "pgJDBC 42.5.5, Java 17";
    /// pgJDBC with key and certificate in PKCS#12.
    PgJdbcP12, "pgjdbc-p12", "pgJDBC, PKCS#12", "pgJDBC", "pgJDBC 42.5.5, Java 17";
    /// tokio-postgres over rustls.
    TokioRustls, "tokio-postgres-rustls", "tokio, rustls", "rustls", "tokio-postgres 0.7.18, rustls 0.23.46, webpki 0.103";
    /// tokio-postgres over native-tls, which is OpenSSL here.
    TokioNativeTls, "tokio-postgres-native-tls", "tokio, native-tls", "native-tls", "tokio-postgres 0.7.18, native-tls";
    /// Go with lib/pq.
    LibPq, "lib-pq", "lib/pq (Go)", "Go", "lib/pq 1.10.7, Go 1.19";
    /// Go with pgx.
    Pgx, "pgx", "pgx (Go)", "Go", "pgx 4.15, Go 1.19";
    /// pgmoon over luasocket and luasec.
    PgmoonLuasec, "pgmoon-luasec", "pgmoon, luasec", "Kong", "pgmoon 1.17.0, luasec 1.2, TLS 1.2";
    /// pgmoon inside nginx, as Kong has it.
    PgmoonNginx, "pgmoon-nginx", "Kong (pgmoon, nginx)", "Kong", "pgmoon 1.17.0, nginx 1.22, Lua module 0.10.23, TLS 1.2";
    /// pgbouncer towards its server.
    Pgbouncer, "pgbouncer", "pgbouncer", "pgbouncer", "pgbouncer 1.18";
}

impl Serialize for Driver {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

/// A set of stacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Set(u32);

impl Set {
    pub(super) const NONE: Self = Self(0);
    pub(super) const ALL: Self = Self((1 << Driver::ALL.len()) - 1);
    /// Those that link libpq.
    pub(super) const LIBPQ: Self = Self::of(&[Driver::Psql, Driver::Psycopg]);
    /// Those that load revocation lists by themselves: `sslcrl`, or `~/.postgresql/root.crl`.
    pub(super) const WITH_LISTS: Self = Self::of(&[Driver::Psql, Driver::Psycopg, Driver::Asyncpg]);
    pub(super) const STRICT: Self = Self::of(&[Driver::AsyncpgStrict]);
    pub(super) const JDBC: Self = Self::of(&[Driver::PgJdbcPk8, Driver::PgJdbcP12]);
    pub(super) const RUSTLS: Self = Self::of(&[Driver::TokioRustls]);
    pub(super) const NATIVE_TLS: Self = Self::of(&[Driver::TokioNativeTls]);
    pub(super) const GO: Self = Self::of(&[Driver::LibPq, Driver::Pgx]);
    /// Those that Kong's way of connecting holds to TLS 1.2.
    pub(super) const TLS_1_2: Self = Self::of(&[Driver::PgmoonLuasec, Driver::PgmoonNginx]);
    /// Those whose X.509 is not OpenSSL's.
    pub(super) const OTHER_X509: Self = Self::JDBC.and(Self::RUSTLS).and(Self::GO);
    /// Those that end a chain at the first certificate that they trust; the others go on to one that signs itself. OpenSSL
    /// is among the former with X509_V_FLAG_PARTIAL_CHAIN.
    pub(super) const STOPS_AT_TRUST: Self = Self::OTHER_X509.and(Self::STRICT);
    /// Those that send what the certificate file holds, and take nothing from their trust file to fill it up: nginx
    /// switches that off (SSL_MODE_NO_AUTO_CHAIN), the others have no such thing.
    pub(super) const SENDS_ITS_FILE_ALONE: Self = Self::OTHER_X509.and(Self::of(&[Driver::PgmoonNginx]));

    pub(super) const fn of(drivers: &[Driver]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < drivers.len() {
            bits |= 1 << drivers[at] as u32;
            at += 1;
        }
        Self(bits)
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn but(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) const fn has(self, driver: Driver) -> bool {
        self.0 & (1 << driver as u32) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_fourteen_stacks_have_distinct_ids_and_names_that_fit_their_column() {
        let ids: BTreeSet<&str> = Driver::ALL.iter().map(|driver| driver.id()).collect();
        assert_eq!((ids.len(), Driver::ALL.len()), (14, 14));
        for driver in Driver::ALL {
            assert!(driver.name().chars().count() <= 20, "{}", driver.name());
            assert!(Set::ALL.has(*driver) && !Set::NONE.has(*driver));
        }
        assert!(Set::GO.has(Driver::Pgx) && !Set::ALL.but(Set::GO).has(Driver::LibPq));
    }
}
