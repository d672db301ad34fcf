//! Who a single server, client or node is, from the names that were typed: its common name, its subject alternative
//! names, and the stem of its files.

use super::PlanError;
use crate::keys::KeyType;
use crate::pg::can_be_role;
use crate::profile::{CertificateEntry, Ending, PathLength, Validity};
use crate::x509::{GeneralName, Lifetime, Name, SerialNumber, Usage};

/// The longest file name on every Linux file system, in bytes (`NAME_MAX`, limits.h).
const FILE_NAME_BYTES: usize = 255;
/// The longest ending of a file that bears a stem, and room for a serial number in hexadecimal before it.
const ENDING_BYTES: usize = 48;

/// A server, client or node as it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafNames {
    /// What it is for.
    pub usage: Usage,
    /// Its common name.
    pub common_name: String,
    /// Its subject alternative names; a client has none, for PostgreSQL looks at its common name alone.
    pub san: Vec<GeneralName>,
    /// The stem of its files where it is one of several: `server.db2.example.com`, `client.alice`, `node.n1`.
    pub stem: String,
}

impl LeafNames {
    /// Reads names as they were typed: of a server or node hosts and addresses (after the first also e-mail addresses
    /// and URIs), of a client the one role that it logs in as. The first is the common name, unless another is given.
    ///
    /// # Errors
    /// [`PlanError::Names`] for too few or too many, or one that no file can have in its name; [`PlanError::Value`] for
    /// one that is no name.
    pub fn parse(usage: Usage, typed: &[String], common_name: Option<&str>) -> Result<Self, PlanError> {
        let first = typed.first().ok_or_else(|| PlanError::Names {
            fact: format!("no name is given for the {usage}"),
            hint: "Give the host names and addresses of a server or node, or the role of a client.",
        })?;
        let (own, san) = if usage.serves() { hosts(typed)? } else { (role(typed, first)?, Vec::new()) };
        let common_name = common_name.map_or_else(|| own.clone(), str::to_owned);
        if !can_be_role(&common_name) {
            return Err(PlanError::Names {
                fact: format!("\"{}\" cannot be a common name", common_name.escape_debug()),
                hint: "Give a name with something in it that can be typed.",
            });
        }
        Ok(Self { usage, common_name, san, stem: stem(usage, &own)? })
    }

    /// The entry that a profile would have for it, under that stem and signed by that CA.
    pub(super) fn entry(&self, stem: &str, key_type: KeyType, issuer: Option<String>) -> CertificateEntry {
        CertificateEntry {
            name: stem.to_owned(),
            usage: self.usage,
            issuer,
            subject: Name::common_name(&self.common_name),
            san: self.san.clone(),
            validity: Validity {
                not_before: None,
                ending: Ending::After(Lifetime::days(365)),
                stretches: false,
            },
            serial: SerialNumber::USUAL,
            key_type,
            path_length: PathLength::Usual,
            permitted: Vec::new(),
            excluded: Vec::new(),
            crl_distribution_points: Vec::new(),
            extended_key_usages: Vec::new(),
            criticality: Vec::new(),
            append: Vec::new(),
            waive: Vec::new(),
        }
    }
}

/// The first name as text, and all of them typed, none twice.
fn hosts(typed: &[String]) -> Result<(String, Vec<GeneralName>), PlanError> {
    let mut names: Vec<GeneralName> = Vec::with_capacity(typed.len());
    for text in typed {
        let name: GeneralName = text.parse().map_err(PlanError::Value)?;
        let is_host = matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_));
        if names.is_empty() && !is_host {
            return Err(PlanError::Names {
                fact: format!("\"{}\" is not a host name or an IP address", name.value()),
                hint: "Put a host name or an address first; it is the common name, and names the files.",
            });
        }
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let first = names.first().map(GeneralName::value).unwrap_or_default();
    Ok((first, names))
}

fn role(typed: &[String], first: &str) -> Result<String, PlanError> {
    let fact = match typed {
        [_] if can_be_role(first) => return Ok(first.to_owned()),
        [_] => format!("\"{}\" cannot be the name of a role", first.escape_debug()),
        several => format!("a client takes one name, and {} are given", several.len()),
    };
    Err(PlanError::Names {
        fact,
        hint: "Give the PostgreSQL role that it logs in as; ask once for each role.",
    })
}

/// `server` and `db2.example.com` -> `server.db2.example.com`: the stem of the files of one of several.
///
/// libpq takes an `sslkey` with a colon for the key of a crypto engine (libpq-connect, `sslkey`), so the colons of an IPv6
/// address become hyphens; and a shell would take the star of a wildcard for its own, so it is spelt out.
///
/// # Errors
/// [`PlanError::Names`] where it would be no plain file name.
pub fn stem(usage: Usage, name: &str) -> Result<String, PlanError> {
    let refuse = |problem: &str| PlanError::Names {
        fact: format!("\"{}\" cannot name files: {problem}", name.escape_debug()),
        hint: "Give a plain name; --cn takes a common name of any form beside it.",
    };
    if name.contains('/') {
        return Err(refuse("it has a slash"));
    }
    if name.is_empty() || name.chars().all(|c| c == '.') {
        return Err(refuse("it is no more than dots"));
    }
    if name.contains(char::is_control) {
        return Err(refuse("it has a control character"));
    }
    let plain = match name.strip_prefix("*.") {
        Some(domain) if usage.serves() => format!("_wildcard.{domain}"),
        _ => name.replace(':', "-"),
    };
    let stem = format!("{usage}.{plain}");
    if stem.len() + ENDING_BYTES > FILE_NAME_BYTES {
        return Err(refuse("it is too long"));
    }
    Ok(stem)
}

/// How the stems of servers, clients and nodes begin where they are one of several.
pub const LEAF_PREFIXES: [&str; 3] = ["server.", "client.", "node."];

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn a_stem_is_the_usage_and_the_name_as_a_plain_file_name() {
        for (usage, name, expected) in [
            (Usage::Server, "db2.example.com", "server.db2.example.com"),
            (Usage::Server, "*.example.com", "server._wildcard.example.com"),
            (Usage::Node, "fe80::1", "node.fe80--1"),
            (Usage::Client, "alice", "client.alice"),
            (Usage::Client, "süd pole #1", "client.süd pole #1"),
            (Usage::Client, "a..b", "client.a..b"),
        ] {
            assert_eq!(stem(usage, name).unwrap(), expected);
            assert!(LEAF_PREFIXES.iter().any(|prefix| expected.starts_with(prefix)));
        }
    }

    #[test]
    fn a_name_that_would_leave_the_directory_or_hide_names_no_file() {
        let long = "x".repeat(300);
        for name in ["../x", "a/b", "/", "", ".", "..", "...", "a\nb", "a\0b", &long] {
            let refused = stem(Usage::Client, name).unwrap_err();
            assert!(matches!(&refused, PlanError::Names { fact, .. } if fact.contains("cannot name files")));
        }
    }
}
