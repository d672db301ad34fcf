//! pg_ident.conf: which certificate may log in as which role, where its name is not the role's (auth-username-maps).

use super::check;
use super::error::ConfigError;
use super::mark::{comment, opening};
use super::site::{Member, Site, Text};
use super::user_map::{field, literal, literal_role as literal_role_field};
use crate::hba::has_subexpression;
use crate::pg::MAP_ROLES_MEAN;
use std::collections::BTreeSet;
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
            Rule::Pattern { pattern, role } => {
                let Expression { text, has_group } = anchored(pattern)?;
                (text, pattern_role(pattern, has_group, role, wish)?)
            }
        };
        add(&mut text, &wish.map, &name, &role)?;
    }
    // Several may have one name: each has a certificate of its own.
    let mut told = BTreeSet::new();
    for client in site.clients.iter().filter(|client| !is_ruled(client, wish)) {
        let Some(role) = check::role_of(client) else { continue };
        if told.is_empty() {
            let why = "A map is all that counts where one is named: the others keep their own names.";
            comment(&mut text, why);
        }
        let name = name(site, client, wish)?;
        if told.insert((name, role)) {
            let role = Field::Plain(literal_role_text(role, wish)?);
            add(&mut text, &wish.map, &literal(name), &role)?;
        }
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
            hint: "Members of a role are known from 16 on: --postgresql-version 16.",
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

/// A regular expression of a map, with its slash.
#[derive(Debug)]
struct Expression {
    text: String,
    has_group: bool,
}

/// The whole name has to fit: unanchored, `/alice` also fits `malice`.
///
/// One that PostgreSQL refuses costs the server every map that it has, so that none is written that was not read here.
fn anchored(pattern: &str) -> Result<Expression, ConfigError> {
    check::unsayable("the pattern", pattern, "pg_ident.conf", |_| false, "")?;
    let (options, rest) = pattern.split_at(options(pattern)?);
    let bare = rest.strip_prefix('^').unwrap_or(rest);
    let bare = bare.strip_suffix('$').filter(|rest| !ends_in_escape(rest)).unwrap_or(bare);
    if bare.is_empty() {
        let fact = "an empty pattern fits nobody".to_owned();
        return Err(ConfigError::Combination { fact, hint: r"Write --pattern '(.*)@example\.com=\1'." });
    }
    let judged = |text: &str| {
        let pattern = pattern.to_owned();
        has_subexpression(text).map_err(|fault| ConfigError::Pattern { pattern, fault })
    };
    // By itself, lest it be made whole by what is put around it.
    judged(&format!("{options}{bare}"))?;
    // An alternative would be anchored at one end alone.
    let whole = match bare.contains('|') {
        true => format!("{options}^(?:{bare})$"),
        false => format!("{options}^{bare}$"),
    };
    Ok(Expression { has_group: judged(&whole)?, text: format!("/{whole}") })
}

/// How long the options are that an expression begins with, and that count there alone: `***:`, `(?i)`.
fn options(pattern: &str) -> Result<usize, ConfigError> {
    if pattern.starts_with("***=") {
        return Err(ConfigError::Combination {
            fact: "behind ***= a pattern is a text that fits a part of a name, and cannot be anchored"
                .to_owned(),
            hint: "Leave ***= out, and put a backslash before what is no letter or digit.",
        });
    }
    let rest = pattern.strip_prefix("***:").unwrap_or(pattern);
    let letters = rest.strip_prefix("(?").and_then(|rest| rest.split_once(')')).map(|(letters, _)| letters);
    let letters = letters.filter(|all| !all.is_empty() && all.chars().all(|c| c.is_ascii_alphabetic()));
    Ok(pattern.len() - rest.len() + letters.map_or(0, |letters| letters.len() + "(?)".len()))
}

/// Whether the last backslash takes what is behind it for itself.
fn ends_in_escape(text: &str) -> bool {
    (text.len() - text.trim_end_matches('\\').len()) % 2 == 1
}

fn pattern_role(pattern: &str, has_group: bool, role: &str, wish: &IdentWish) -> Result<Field, ConfigError> {
    let references = role.matches(r"\1").count();
    if references > 0 && !has_group {
        return Err(ConfigError::Combination {
            fact: format!("\\1 stands for what brackets hold, and \"{pattern}\" has none"),
            hint: r"Write --pattern '(.*)@example\.com=\1'.",
        });
    }
    if references > 1 && wish.version < EVERY_REFERENCE {
        return Err(ConfigError::Combination {
            fact: format!("PostgreSQL {} puts in the first \\1 alone", wish.version),
            hint: "Use it once, or say --postgresql-version 19.",
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    #[test]
    fn a_pattern_is_anchored_at_both_ends_whole_with_its_alternatives() {
        for (pattern, said) in [
            ("alice", "/^alice$"),
            ("^alice$", "/^alice$"),
            ("alice|bob", "/^(?:alice|bob)$"),
            (r"(.*)@example\.com", r"/^(.*)@example\.com$"),
            (r"a\$", r"/^a\$$"),
            (r"a\\$", r"/^a\\$"),
            ("(?i)alice", "/(?i)^alice$"),
            ("(?i)^alice|bob$", "/(?i)^(?:alice|bob)$"),
            ("***:alice", "/***:^alice$"),
            ("***:(?i)alice", "/***:(?i)^alice$"),
            ("(?:a)lice", "/^(?:a)lice$"),
        ] {
            assert_eq!(anchored(pattern).ok().map(|it| it.text).as_deref(), Some(said), "{pattern}");
        }
        assert!(anchored("^$").is_err());
    }

    #[test]
    fn a_pattern_that_postgresql_refuses_or_that_cannot_be_judged_is_not_written() {
        for (pattern, fact) in [
            ("(a", "parentheses () not balanced"),
            ("a)|(b", "parentheses () not balanced"),
            ("a**", "quantifier operand invalid"),
            ("[a", "brackets [] not balanced"),
            ("a{2,1}", "invalid repetition count(s)"),
            ("***=alice", "cannot be anchored"),
            ("(?x)a b # c", "is not judged here"),
            (r"(a)\1", "is not judged here"),
        ] {
            let said = anchored(pattern).unwrap_err().to_string();
            assert!(said.contains(fact), "{pattern}: {said}");
        }
    }

    #[test]
    fn brackets_that_hold_nothing_are_told_from_those_that_do() {
        for (pattern, has) in [
            ("(a)", true),
            (r"\(a\)", false),
            ("(?:a)", false),
            ("[(]", false),
            ("[](]x", false),
            (r"[(](b)", true),
        ] {
            assert_eq!(anchored(pattern).unwrap().has_group, has, "{pattern}");
        }
    }
}
