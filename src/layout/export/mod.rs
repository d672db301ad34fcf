//! What leaves a directory for one server or client: another outline. Who is meant is decided in `choose`, which files
//! with which names and modes here, their bytes in `fill`.

mod choose;
mod error;
mod fill;

pub use choose::{Candidate, choose};
pub use error::ExportError;
pub use fill::{Goods, fill_export};

use crate::fs::{Mode, Owner};
use crate::pg::{certificate_file, key_file};
use serde::Serialize;
use std::fmt;

/// The alias of the key in a PKCS#12 archive: the only one that pgJDBC looks for (PKCS12KeyManager).
pub const ALIAS: &str = "user";

/// Which side of a connection an export is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Party {
    /// A database server.
    Server,
    /// A client; a standby is one.
    Client,
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "server",
            Self::Client => "client",
        })
    }
}

/// Who reads what is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Consumer {
    /// A PostgreSQL server, from its data directory (runtime-config-connection, "SSL").
    Pg,
    /// libpq, from `~/.postgresql` (libpq-ssl, "SSL Client File Usage").
    Libpq,
    /// pgJDBC, which reads keys as PKCS#8 in DER or from PKCS#12 alone (LibPQFactory).
    Jdbc,
    /// Whoever reads PKCS#12.
    P12,
    /// Kubernetes and what lives there: the keys of a Secret of the type `kubernetes.io/tls`.
    Tls,
}

impl Consumer {
    /// The word of `--as`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pg => "pg",
            Self::Libpq => "libpq",
            Self::Jdbc => "jdbc",
            Self::P12 => "p12",
            Self::Tls => "tls",
        }
    }

    /// What a party reads where nothing else is asked for.
    #[must_use]
    pub fn usual(party: Party) -> Self {
        match party {
            Party::Server => Self::Pg,
            Party::Client => Self::Libpq,
        }
    }

    /// The one party that it is for, where it is for one alone.
    fn party(self) -> Option<Party> {
        match self {
            Self::Pg => Some(Party::Server),
            Self::Libpq | Self::Jdbc => Some(Party::Client),
            Self::P12 | Self::Tls => None,
        }
    }

    /// Whether a PKCS#12 archive is among its files, which is never without a password.
    #[must_use]
    pub fn has_archive(self) -> bool {
        matches!(self, Self::Jdbc | Self::P12)
    }
}

/// How a private key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyFormat {
    /// `PRIVATE KEY`, which everybody reads but those who want one of the others.
    #[default]
    Pkcs8,
    /// `RSA PRIVATE KEY`.
    Pkcs1,
    /// `EC PRIVATE KEY`.
    Sec1,
    /// PKCS#8 as bytes.
    Der,
    /// The key and its certificates in one PEM file.
    Combined,
}

impl KeyFormat {
    /// The word of `--format`; PKCS#8 is what there is without it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pkcs8 => "pkcs8",
            Self::Pkcs1 => "pkcs1",
            Self::Sec1 => "sec1",
            Self::Der => "der",
            Self::Combined => "combined",
        }
    }
}

/// What is wished of an export, once it is known who is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportWish {
    /// Which side it is for.
    pub party: Party,
    /// Who reads it.
    pub consumer: Consumer,
    /// How the key is written.
    pub format: KeyFormat,
    /// Whether the key is to be under a passphrase.
    pub encrypts: bool,
    /// Whether a password for the archive was given; else one is made.
    pub has_password: bool,
    /// The stem of the certificate.
    pub stem: String,
    /// Whether there is something for the party to trust.
    pub has_trust: bool,
    /// Whether there are revocation lists.
    pub has_lists: bool,
    /// Who owns the files; `None`: whoever writes them.
    pub owner: Option<Owner>,
    /// Mode of what is secret; `None`: 0600.
    pub key_mode: Option<Mode>,
}

/// The files of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportOutline {
    /// What is secret last.
    pub files: Vec<ExportFile>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportFile {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub content: ExportContent,
    /// Whether its key is under a passphrase.
    pub encrypted: bool,
    /// Its mode.
    pub mode: Mode,
    /// Its owner; `None`: whoever writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
}

/// What a file of an export holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExportContent {
    /// The certificate and what is appended to it.
    Certificates,
    /// What the party trusts.
    Trust,
    /// The lists of those whom it trusts.
    RevocationLists,
    /// The private key, in this format.
    Key(KeyFormat),
    /// A PKCS#12 archive with key and certificates.
    Pkcs12,
    /// The password of the archive that was made for it.
    Password,
}

impl ExportContent {
    /// Whether whoever reads it has the key.
    #[must_use]
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Key(_) | Self::Pkcs12 | Self::Password)
    }
}

impl ExportOutline {
    /// The file that holds this.
    #[must_use]
    pub fn file(&self, wanted: impl Fn(ExportContent) -> bool) -> Option<&str> {
        self.files.iter().find(|file| wanted(file.content)).map(|file| file.name.as_str())
    }

    /// The file of the certificate, which may be that of the key too.
    #[must_use]
    pub fn certificate(&self) -> Option<&str> {
        let combined = || self.file(|content| content == ExportContent::Key(KeyFormat::Combined));
        self.file(|content| content == ExportContent::Certificates).or_else(combined)
    }

    /// The file of the key.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.file(|content| matches!(content, ExportContent::Key(_)))
    }
}

/// Lays an export out.
///
/// # Errors
/// [`ExportError::Combination`] where the wishes do not go together.
pub fn export_outline(wish: &ExportWish) -> Result<ExportOutline, ExportError> {
    refuse_combination(wish)?;
    use ExportContent::{Certificates, Key, Password, Pkcs12, RevocationLists, Trust};
    let (certificate, key) = (certificate_file, key_file);
    let archive = match wish.consumer {
        Consumer::P12 => format!("{}.p12", wish.stem),
        _ => "postgresql.p12".to_owned(),
    };
    let mut files: Vec<(String, ExportContent)> = match (wish.consumer, wish.format) {
        (Consumer::Pg, KeyFormat::Combined) => vec![("server.pem".to_owned(), Key(KeyFormat::Combined))],
        (Consumer::Pg, format) => vec![(certificate("server"), Certificates), (key("server"), Key(format))],
        (Consumer::Libpq, KeyFormat::Combined) => {
            vec![("postgresql.pem".to_owned(), Key(KeyFormat::Combined))]
        }
        (Consumer::Libpq, format) => {
            vec![(certificate("postgresql"), Certificates), (key("postgresql"), Key(format))]
        }
        (Consumer::Jdbc, _) => vec![
            (certificate("postgresql"), Certificates),
            ("postgresql.pk8".to_owned(), Key(KeyFormat::Der)),
            (archive.clone(), Pkcs12),
        ],
        (Consumer::P12, _) => vec![(archive.clone(), Pkcs12)],
        (Consumer::Tls, format) => tls_files(format),
    };
    if wish.consumer.has_archive() && !wish.has_password {
        files.push((format!("{archive}.pass"), Password));
    }
    if wish.has_trust && wish.consumer != Consumer::P12 {
        let name = if wish.consumer == Consumer::Tls { "ca" } else { "root" };
        files.push((certificate(name), Trust));
    }
    if wish.has_lists && matches!(wish.consumer, Consumer::Pg | Consumer::Libpq) {
        files.push(("root.crl".to_owned(), RevocationLists));
    }
    files.sort_by_key(|(_, content)| content.is_secret());
    let file = |(name, content): (String, ExportContent)| {
        let secret = wish.key_mode.unwrap_or(Mode::SECRET);
        let mode = if content.is_secret() { secret } else { Mode::PUBLIC };
        let encrypted = match content {
            Key(_) => wish.encrypts,
            content => content == Pkcs12,
        };
        ExportFile { name, content, encrypted, mode, owner: wish.owner }
    };
    Ok(ExportOutline { files: files.into_iter().map(file).collect() })
}

/// The keys of a Secret. The further forms stand beside `tls.key`, where cert-manager's `additionalOutputFormats` have
/// them: who mounts such a Secret looks for these names.
fn tls_files(format: KeyFormat) -> Vec<(String, ExportContent)> {
    let (own, further) = match format {
        KeyFormat::Der => (KeyFormat::Pkcs8, Some("key.der")),
        KeyFormat::Combined => (KeyFormat::Pkcs8, Some("tls-combined.pem")),
        format => (format, None),
    };
    let mut files = vec![
        (certificate_file("tls"), ExportContent::Certificates),
        (key_file("tls"), ExportContent::Key(own)),
    ];
    files.extend(further.map(|name| (name.to_owned(), ExportContent::Key(format))));
    files
}

fn refuse_combination(wish: &ExportWish) -> Result<(), ExportError> {
    let (consumer, format) = (wish.consumer, wish.format);
    let refuse = |fact: String, hint| Err(ExportError::Combination { fact, hint });
    if consumer.party().is_some_and(|party| party != wish.party) {
        let fact = format!("--as {} is not for a {}", consumer.word(), wish.party);
        return refuse(fact, "A server's are pg, p12 and tls; a client's are libpq, jdbc, p12 and tls.");
    }
    if consumer.has_archive() && format != KeyFormat::Pkcs8 {
        let fact = format!("--format {} does not go with --as {}", format.word(), consumer.word());
        return refuse(fact, "Its files have a form of their own; --format goes with pg, libpq and tls.");
    }
    if consumer == Consumer::Pg && format == KeyFormat::Der {
        let fact = "--format der does not go with --as pg: the server reads its key as PEM alone".to_owned();
        return refuse(fact, "Leave --format out, or use pkcs1, sec1 or combined.");
    }
    if wish.encrypts && consumer == Consumer::Tls {
        let fact = "--encrypt-key-file does not go with --as tls: kubectl takes no encrypted key".to_owned();
        return refuse(fact, "Leave it out; a Secret is what keeps the key closed.");
    }
    if wish.encrypts && consumer == Consumer::Jdbc {
        let fact = "--encrypt-key-file does not go with --as jdbc: its .pk8 would stay open".to_owned();
        return refuse(fact, "Use --as p12, which is under the password, and which pgJDBC reads too.");
    }
    if wish.encrypts && !matches!(format, KeyFormat::Pkcs8 | KeyFormat::Combined) {
        let fact = format!("--encrypt-key-file does not go with --format {}", format.word());
        return refuse(fact, "An encrypted key is PKCS#8 in PEM: leave --format out.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(party: Party, consumer: Consumer, format: KeyFormat) -> ExportWish {
        ExportWish {
            party,
            consumer,
            format,
            encrypts: false,
            has_password: false,
            stem: "client.alice".to_owned(),
            has_trust: true,
            has_lists: true,
            owner: None,
            key_mode: None,
        }
    }

    fn names(wish: &ExportWish) -> String {
        match export_outline(wish) {
            Ok(outline) => {
                let files = outline.files.iter().map(|file| format!("{} {}", file.mode, file.name));
                files.collect::<Vec<_>>().join(", ")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn each_consumer_gets_the_names_that_it_looks_for() {
        use Consumer::{Jdbc, Libpq, P12, Pg, Tls};
        use KeyFormat::{Combined, Der, Pkcs8, Sec1};
        use Party::{Client, Server};
        for (party, consumer, format, expected) in [
            (Server, Pg, Pkcs8, "0644 server.crt, 0644 root.crt, 0644 root.crl, 0600 server.key"),
            (Server, Pg, Combined, "0644 root.crt, 0644 root.crl, 0600 server.pem"),
            (Client, Libpq, Der, "0644 postgresql.crt, 0644 root.crt, 0644 root.crl, 0600 postgresql.key"),
            (Client, Libpq, Combined, "0644 root.crt, 0644 root.crl, 0600 postgresql.pem"),
            (
                Client,
                Jdbc,
                Pkcs8,
                "0644 postgresql.crt, 0644 root.crt, 0600 postgresql.pk8, 0600 postgresql.p12, \
                 0600 postgresql.p12.pass",
            ),
            (Client, P12, Pkcs8, "0600 client.alice.p12, 0600 client.alice.p12.pass"),
            (Server, Tls, Sec1, "0644 tls.crt, 0644 ca.crt, 0600 tls.key"),
            (Server, Tls, Der, "0644 tls.crt, 0644 ca.crt, 0600 tls.key, 0600 key.der"),
            (Server, Tls, Combined, "0644 tls.crt, 0644 ca.crt, 0600 tls.key, 0600 tls-combined.pem"),
            (Client, Pg, Pkcs8, "--as pg is not for a client"),
            (Server, Libpq, Pkcs8, "--as libpq is not for a server"),
            (Server, Jdbc, Pkcs8, "--as jdbc is not for a server"),
            (Client, P12, Sec1, "--format sec1 does not go with --as p12"),
        ] {
            assert_eq!(names(&wish(party, consumer, format)), expected, "{party} {consumer:?} {format:?}");
        }
    }

    #[test]
    fn with_a_password_none_is_made_and_without_trust_and_lists_there_are_no_files_of_them() {
        let password = ExportWish {
            has_password: true,
            has_trust: false,
            ..wish(Party::Client, Consumer::Jdbc, KeyFormat::Pkcs8)
        };
        assert_eq!(names(&password), "0644 postgresql.crt, 0600 postgresql.pk8, 0600 postgresql.p12");
        let bare = ExportWish {
            has_trust: false,
            has_lists: false,
            key_mode: Some(Mode::from_bits(0o640)),
            ..wish(Party::Server, Consumer::Pg, KeyFormat::Pkcs8)
        };
        assert_eq!(names(&bare), "0644 server.crt, 0640 server.key");
    }
}
