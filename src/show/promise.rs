//! What the name of a file promises, and whether it holds that.

use crate::verify::{self, Exhibit, Rule};
use std::fmt;

/// A file that could not be read as what it promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The file, as the user names it.
    pub file: String,
    /// What is wrong with it.
    pub fact: String,
}

/// `pki/server.crt: the certificate that begins in line 1 cannot be read`.
impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.fact)
    }
}

/// Whether a file of a directory is looked at, by its name: those that are judged, and requests, public keys, and
/// certificates under their hashes.
#[must_use]
pub fn concerns(name: &str) -> bool {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let hashed = stem.len() == 8
        && stem.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !ending.is_empty()
        && ending.bytes().all(|byte| byte.is_ascii_digit());
    verify::concerns(name) || hashed || matches!(ending, "csr" | "req" | "p10" | "pub")
}

/// Everything that could not be read as what it promises, file by file.
#[must_use]
pub fn unreadable(exhibits: &[Exhibit]) -> Vec<Unreadable> {
    exhibits.iter().flat_map(of_file).collect()
}

fn of_file(exhibit: &Exhibit) -> Vec<Unreadable> {
    let say = |fact: &str| Unreadable { file: exhibit.name.clone(), fact: fact.to_owned() };
    let damage = exhibit
        .findings
        .iter()
        .filter(|it| matches!(it.rule, Rule::PemDamaged | Rule::BlockUnreadable | Rule::IndexDamaged));
    let damage: Vec<Unreadable> = damage
        .map(|finding| match &finding.detail {
            Some(detail) => say(&format!("{}: {}", finding.fact, detail.trim_end_matches('.'))),
            None => say(&finding.fact),
        })
        .collect();
    if !damage.is_empty() {
        return damage;
    }
    broken_promise(exhibit).map(say).into_iter().collect()
}

fn broken_promise(exhibit: &Exhibit) -> Option<&'static str> {
    if exhibit.issued.is_some() {
        return None;
    }
    let ending = exhibit.name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let held = [
        (
            ["crt", "cer", "cert"].contains(&ending),
            exhibit.certificates.is_empty(),
            "it holds no certificate",
        ),
        (exhibit.is_key_by_name(), exhibit.keys.is_empty(), "it holds no private key"),
        (ending == "crl", exhibit.lists.is_empty(), "it holds no revocation list"),
        (ending == "csr", exhibit.requests.is_empty(), "it holds no certificate request"),
        (true, exhibit.parts().is_empty(), "it holds no certificate, key, request or revocation list"),
    ];
    held.into_iter().find(|(promised, absent, _)| *promised && *absent).map(|(.., fact)| fact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_looked_at_by_their_endings_and_hashes() {
        for name in
            ["server.crt", "tls.key", "a.csr", "9d66eef0.0", "9d66eef0.r0", "x.pub", "root.pem", "root.index"]
        {
            assert!(concerns(name), "{name}");
        }
        for name in [
            "README.md",
            "root.srl",
            "root.index.attr",
            "12345678",
            "12345678.",
            "1234567.0",
            "crt",
            "notes.txt",
        ] {
            assert!(!concerns(name), "{name}");
        }
    }
}
