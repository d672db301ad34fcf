//! What a directory holds, as far as configuration speaks of it: the one model from which every target is written, so
//! that they agree with each other. Pure; `ops` makes it with the judge's eyes.

use super::check::{plain_path, word};
use super::error::ConfigError;

/// A directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Site {
    /// As the user names it.
    pub place: String,
    /// Whether a CA is here; who signs himself has none to issue from.
    pub has_authority: bool,
    /// Every server's certificate.
    pub servers: Vec<Member>,
    /// Every client's, standbys included.
    pub clients: Vec<Member>,
    /// The file of those whom a server trusts (`ssl_ca_file`).
    pub client_trust: Option<String>,
    /// The file of those whom a client trusts (`sslrootcert`).
    pub server_trust: Option<String>,
    /// What a server looks into for revoked clients.
    pub client_lists: Lists,
    /// What a client looks into for revoked servers.
    pub server_lists: Lists,
}

impl Site {
    /// A file of it as the user would name it.
    #[must_use]
    pub fn shown(&self, file: &str) -> String {
        match self.place.trim_end_matches('/') {
            "." => file.to_owned(),
            place => format!("{place}/{file}"),
        }
    }

    /// The command that makes one more of that kind (server, client, node) with these names; where there is no CA, a
    /// directory that has one.
    #[must_use]
    pub fn issue(&self, kind: &str, names: &[&str]) -> String {
        if self.has_authority {
            return self.command(&[&["pgtls", "issue", kind], names].concat());
        }
        let first = names.first().map_or_else(String::new, |name| format!(" {}", word(name)));
        match kind {
            "node" => "pgtls gen patroni -D cluster".to_owned(),
            kind => format!("pgtls gen chain --intermediate --{kind}{first} -D chain"),
        }
    }

    /// A command about it, ready to be pasted.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> String {
        let words: Vec<String> = words.iter().map(|text| word(text)).collect();
        let command = words.join(" ");
        if self.place == "pki" { command } else { format!("{command} -D {}", word(&self.place)) }
    }
}

/// A server or a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The file of its certificate.
    pub file: String,
    /// The file that its key is in, or would be.
    pub key: String,
    /// Whether that is there.
    pub has_key: bool,
    /// Whether it is known to be under a passphrase.
    pub is_locked: bool,
    /// Its key in a form that Java reads, PKCS#8 in DER before PKCS#12, where there is one.
    pub java_key: Option<String>,
    /// Its first common name.
    pub common_name: Option<String>,
    /// Its subject as `clientname=DN` has it.
    pub distinguished_name: String,
    /// Its names as a server, as a connection string has them.
    pub hosts: Vec<String>,
    /// How many certificates are between it and what the other side trusts; `None`: it does not lead there.
    pub intermediates: Option<usize>,
    /// Whether it is a standby's.
    pub replicates: bool,
}

impl Member {
    /// The name of its file without the last ending.
    #[must_use]
    pub fn stem(&self) -> &str {
        self.file.rsplit_once('.').map_or(self.file.as_str(), |(stem, _)| stem)
    }
}

/// Revocation lists for one side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Lists {
    /// There are none.
    #[default]
    None,
    /// This file has one of every CA that is asked, each in its time.
    Whole(String),
    /// This one has not, and whoever looked into it would turn everybody away.
    Lacking {
        /// The file.
        file: String,
        /// What it lacks.
        lack: String,
    },
}

/// Where the files will live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home(String);

impl Home {
    /// A directory as the configured program sees it; an empty one, or `.`: its own.
    ///
    /// # Errors
    /// [`ConfigError::Unsayable`] for one with control characters.
    pub fn new(path: &str) -> Result<Self, ConfigError> {
        plain_path("--files-at", path)?;
        let whole = path.trim_end_matches('/');
        Ok(Self(match (whole, path) {
            ("", "") | (".", _) => String::new(),
            ("", _) => "/".to_owned(),
            (whole, _) => whole.to_owned(),
        }))
    }

    /// A file there.
    #[must_use]
    pub fn file(&self, name: &str) -> String {
        match self.0.as_str() {
            "" => name.to_owned(),
            "/" => format!("/{name}"),
            home => format!("{home}/{name}"),
        }
    }

    /// Whether it is said from the root of the file system.
    #[must_use]
    pub fn is_absolute(&self) -> bool {
        self.0.starts_with('/')
    }
}

/// What one target comes out as.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// The text, ready to be used.
    pub text: String,
    /// What is worth knowing and stands not in it.
    pub notes: Vec<String>,
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self { text, notes: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_from_where_the_files_will_live() {
        for (home, file) in [
            ("/etc/tls/", "/etc/tls/server.crt"),
            ("/", "/server.crt"),
            (".", "server.crt"),
            ("", "server.crt"),
            ("tls", "tls/server.crt"),
        ] {
            let found = Home::new(home).map(|home| home.file("server.crt"));
            assert_eq!(found.ok().as_deref(), Some(file), "{home}");
        }
        assert!(Home::new("/a\nb").is_err());
    }
}
