//! pg_ident.conf: which certificate may log in as which role, where its name is not the role's (auth-username-maps).

use super::check;
use super::error::ConfigError;
use super::mark::{comment, opening};
use super::site::{Member, Site, Text};
use super::user_map::{field, literal, literal_role as literal_role_field};
use crate::pg::MAP_ROLES_MEAN;
use std::fmt::Write;

/// The first version that puts in every `\1` of a pg-role, and not the first alone.
const EVERY_REFERENCE: u32 = 19;

/// Who may log in as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// A certificate of the directory as a role.
    Client {
        /// The certificate.
        client: Box<Member>,
        /// The role.
        role: String,
    },
    /// A certificate of the directory as every member of a role.
    Group {
        /// The certificate.
        client: Box<Member>,
        /// The role.
        group: String,
    },
    /// Every name that a regular expression fits whole, as a role, in which `\1` is what its first brackets hold.
    Pattern {
        /// The regular expression.
        pattern: String,
        /// The role.
        role: String,
    },
}

/// What is wished of pg_ident.conf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentWish {
    /// The map's name, for `map=` in pg_hba.conf.
    pub map: String,
    /// Who may log in as what.
    pub rules: Vec<Rule>,
    /// Whether the whole name is compared, for `clientname=DN`.
    pub by_dn: bool,
    /// Major version of the oldest server that reads it.
    pub version: u32,
}

/// The lines.
///
/// # Errors
/// [`ConfigError`] for what no line can say, or not to that version.
pub fn ident(site: &Site, wish: &IdentWish) -> Result<Text, ConfigError> {
    let mut text = opening("ident");
    let dn = if wish.by_dn { " --dn" } else { "" };
    let line = format!("Used by: pgtls config hba --map {}{dn}", check::word(&wish.map));
    comment(&mut text, &line);
    text.push_str("# MAP  NAME IN THE CERTIFICATE  ROLE\n");
    for rule in &wish.rules {
        let (name, role) = match rule {
            Rule::Client { client, role } => (literal(name(site, client, wish)?), literal_role(role, wish)?),
            Rule::Group { client, group } => (literal(name(site, client, wish)?), group_role(group, wish)?),
            Rule::Pattern { pattern, role } => (anchored(pattern)?, pattern_role(pattern, role, wish)?),
        };
        add(&mut text, &wish.map, &name, &role)?;
    }
    let rest: Vec<&Member> = site.clients.iter().filter(|client| !is_ruled(client, wish)).collect();
    let rest = rest.into_iter().filter_map(|client| check::role_of(client).map(|role| (client, role)));
    for (at, (client, role)) in rest.enumerate() {
        if at == 0 {
            comment(
                &mut text,
                "A map is all that counts where one is named: the others keep their own names.",
            );
        }
        let role = Field::Plain(literal_role_text(role, wish)?);
        add(&mut text, &wish.map, &literal(name(site, client, wish)?), &role)?;
    }
    Ok(text.into())
}

/// A role as a field: quoted as it needs it, or with its marks left to count.
enum Field {
    Plain(String),
    Marked(String),
}

fn add(text: &mut String, map: &str, name: &str, role: &Field) -> Result<(), ConfigError> {
    let said = |what: &'static str, value: &str| {
        check::unsayable(what, value, "pg_ident.conf", |_| false, "")?;
        Ok::<String, ConfigError>(field(value).unwrap_or_default())
    };
    let role = match role {
        Field::Plain(role) => said("the role", role)?,
        Field::Marked(role) => {
            said("the role", role)?;
            role.clone()
        }
    };
    let _ = writeln!(text, "{}  {}  {role}", said("the map", map)?, said("the name", name)?);
    Ok(())
}

fn is_ruled(client: &Member, wish: &IdentWish) -> bool {
    wish.rules.iter().any(|rule| match rule {
        Rule::Client { client: ruled, .. } | Rule::Group { client: ruled, .. } => ruled.file == client.file,
        Rule::Pattern { .. } => false,
    })
}

/// What the server takes a certificate's name for.
fn name<'m>(site: &Site, client: &'m Member, wish: &IdentWish) -> Result<&'m str, ConfigError> {
    if wish.by_dn {
        return Ok(&client.distinguished_name);
    }
    client.common_name.as_deref().ok_or_else(|| ConfigError::NoRole {
        file: site.shown(&client.file),
        detail: "It has no common name; --dn goes by its whole name.".to_owned(),
    })
}

fn literal_role(role: &str, wish: &IdentWish) -> Result<Field, ConfigError> {
    literal_role_text(role, wish).map(Field::Plain)
}

/// A role that is a name, whatever it begins with.
fn literal_role_text(role: &str, wish: &IdentWish) -> Result<String, ConfigError> {
    if role.is_empty() {
        let fact = "a role has a name".to_owned();
        return Err(ConfigError::Combination { fact, hint: "Write --let CLIENT=ROLE." });
    }
    Ok(literal_role_field(role, Some(wish.version)))
}

fn group_role(group: &str, wish: &IdentWish) -> Result<Field, ConfigError> {
    if wish.version < MAP_ROLES_MEAN {
        return Err(ConfigError::Combination {
            fact: format!("PostgreSQL {} takes +{group} for the name of a role", wish.version),
            hint: "Members of a role are known from 16 on: --server-version 16.",
        });
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if group.is_empty() || !group.chars().all(plain) {
        // Quoted, a plus is a part of the name.
        let detail = "Behind a plus a name cannot be quoted.";
        let value = group.to_owned();
        return Err(ConfigError::Unsayable { what: "the group", value, format: "pg_ident.conf", detail });
    }
    Ok(Field::Marked(format!("+{group}")))
}

/// The whole name has to fit: unanchored, `/alice` also fits `malice`.
fn anchored(pattern: &str) -> Result<String, ConfigError> {
    check::unsayable("the pattern", pattern, "pg_ident.conf", |_| false, "")?;
    let bare = pattern.strip_prefix('^').unwrap_or(pattern);
    let bare = match bare.strip_suffix('$') {
        Some(rest) if !rest.ends_with('\\') => rest,
        _ => bare,
    };
    if bare.is_empty() {
        let fact = "an empty pattern fits nobody".to_owned();
        return Err(ConfigError::Combination { fact, hint: r"Write --pattern '(.*)@example\.com=\1'." });
    }
    // An alternative would be anchored at one end alone.
    Ok(if bare.contains('|') { format!("/^(?:{bare})$") } else { format!("/^{bare}$") })
}

fn pattern_role(pattern: &str, role: &str, wish: &IdentWish) -> Result<Field, ConfigError> {
    let references = role.matches(r"\1").count();
    if references > 0 && !has_group(pattern) {
        return Err(ConfigError::Combination {
            fact: format!("\\1 stands for what brackets hold, and \"{pattern}\" has none"),
            hint: r"Write --pattern '(.*)@example\.com=\1'.",
        });
    }
    if references > 1 && wish.version < EVERY_REFERENCE {
        return Err(ConfigError::Combination {
            fact: format!("PostgreSQL {} puts in the first \\1 alone", wish.version),
            hint: "Use it once, or say --server-version 19.",
        });
    }
    if references > 0 && role.starts_with('/') && wish.version >= MAP_ROLES_MEAN {
        return Err(ConfigError::Combination {
            fact: "a role that begins with a slash is a regular expression, in which there is no \\1"
                .to_owned(),
            hint: "Name the role without \\1.",
        });
    }
    if references > 0 { Ok(Field::Plain(role.to_owned())) } else { literal_role(role, wish) }
}

/// Whether a regular expression has brackets that hold something: not `\(`, `(?`, nor within `[...]`.
fn has_group(pattern: &str) -> bool {
    let mut letters = pattern.chars().peekable();
    let mut in_set = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
            }
            '[' => in_set = true,
            ']' => in_set = false,
            '(' if !in_set && letters.peek() != Some(&'?') => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_anchored_at_both_ends_whole_with_its_alternatives() {
        for (pattern, said) in [
            ("alice", "/^alice$"),
            ("^alice$", "/^alice$"),
            ("alice|bob", "/^(?:alice|bob)$"),
            (r"(.*)@example\.com", r"/^(.*)@example\.com$"),
            (r"a\$", r"/^a\$$"),
        ] {
            assert_eq!(anchored(pattern).ok().as_deref(), Some(said), "{pattern}");
        }
        assert!(anchored("^$").is_err());
    }

    #[test]
    fn brackets_that_hold_nothing_are_told_from_those_that_do() {
        for (pattern, has) in
            [("(a)", true), (r"\(a\)", false), ("(?:a)", false), ("[(]", false), (r"[(](b)", true)]
        {
            assert_eq!(has_group(pattern), has, "{pattern}");
        }
    }
}
