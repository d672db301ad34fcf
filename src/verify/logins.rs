//! Which role a certificate lets in: what `pg_hba.conf` compares, and the user maps of `pg_ident.conf`.

use super::report::Finding;
use super::rules::Rule;
use crate::pg::MAP_ROLES_MEAN;
use crate::x509::Certificate;

/// What a server's `pg_hba.conf` and `pg_ident.conf` say of names in certificates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Logins {
    /// The server's major version, where it is known.
    pub version: Option<u32>,
    /// The lines that compare the name in a certificate, in their order.
    pub lines: Vec<NameLine>,
    /// Every map that a line of `pg_hba.conf` names, whatever its method: the line as `FILE:LINE`, and the map.
    pub named_maps: Vec<(String, String)>,
    /// The lines of `pg_ident.conf`, in their order.
    pub mappings: Vec<Mapping>,
    /// The `pg_ident.conf`.
    pub ident_file: String,
    /// Whether that is there and could not be read, so that nothing is known of its maps.
    pub is_unread: bool,
    /// Lines that the server refuses.
    pub refused: Vec<Refused>,
}

/// A line of `pg_hba.conf` that compares the name in a certificate: method `cert`, or `clientcert=verify-full`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameLine {
    /// Where, as `FILE:LINE`.
    pub place: String,
    /// The roles that it is for.
    pub roles: Vec<RoleWord>,
    /// Whether it is the whole subject that counts: `clientname=DN`.
    pub is_whole_subject: bool,
    /// The map; `None`: the name has to be the role's.
    pub map: Option<String>,
}

/// A line of `pg_ident.conf`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// Where, as `FILE:LINE`.
    pub place: String,
    /// Its map.
    pub map: String,
    /// The name in the certificate; with a slash in front a regular expression.
    pub system_user: String,
    /// The role.
    pub role: RoleWord,
}

/// A role as a line names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleWord {
    /// The word, without quotes.
    pub text: String,
    /// Whether it is in quotes, so that `all` and `+` mean nothing.
    pub quoted: bool,
}

/// A line that the server refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Whether it is of `pg_hba.conf`, for which the server does not start; else of `pg_ident.conf`.
    pub is_hba: bool,
    /// The file.
    pub file: String,
    /// In PostgreSQL's words, with the place.
    pub fact: String,
    /// More of it.
    pub detail: Option<String>,
    /// How to mend it.
    pub hint: Option<String>,
}

/// What can be said of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// A line takes it.
    Yes,
    /// No line does.
    No,
    /// A regular expression decides, or membership of a group, or a file that could not be read.
    Unknown,
}

impl Answer {
    /// Of two ways in.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            _ => Self::No,
        }
    }
}

impl RoleWord {
    /// Whether a line that names roles so is for this one.
    fn is_for(&self, role: &str, means: bool) -> Answer {
        match self.text.as_str() {
            "all" if !self.quoted && means => Answer::Yes,
            text if means && text.starts_with('/') => Answer::Unknown,
            text if means && !self.quoted && text.starts_with('+') => Answer::Unknown,
            text if text == role => Answer::Yes,
            _ => Answer::No,
        }
    }
}

impl Logins {
    fn roles_mean(&self) -> bool {
        self.version.is_none_or(|version| version >= MAP_ROLES_MEAN)
    }

    /// Whether the server starts with its `pg_hba.conf`.
    pub(super) fn is_in_force(&self) -> bool {
        !self.refused.iter().any(|refused| refused.is_hba)
    }

    /// Whether a line lets this certificate in as this role; `None` where no line for the role compares names.
    pub(super) fn answer(&self, certificate: &Certificate, role: &str) -> Option<Answer> {
        let is_for = |line: &&NameLine| {
            // Before version 16 `/` was a character like any other there; `all` and `+` always had their meaning.
            let means = |word: &RoleWord| self.roles_mean() || !word.text.starts_with('/');
            line.roles.iter().any(|word| word.is_for(role, means(word)) != Answer::No)
        };
        let answers = self.lines.iter().filter(is_for).map(|line| self.of_line(line, certificate, role));
        answers.reduce(Answer::or)
    }

    fn of_line(&self, line: &NameLine, certificate: &Certificate, role: &str) -> Answer {
        let name = match line.is_whole_subject {
            true => Some(certificate.subject.rfc2253().into()),
            false => certificate.subject.common_names().next(),
        };
        let Some(name) = name.filter(|name| !name.is_empty()) else { return Answer::No };
        let Some(map) = line.map.as_ref() else {
            return if name == role { Answer::Yes } else { Answer::No };
        };
        if self.is_unread {
            return Answer::Unknown;
        }
        let of_map = self.mappings.iter().filter(|mapping| mapping.map == *map);
        let answers = of_map.map(|mapping| match mapping.system_user.strip_prefix('/') {
            Some(_) => Answer::Unknown,
            None if mapping.system_user == name => mapping.role.is_for(role, self.roles_mean()),
            None => Answer::No,
        });
        answers.fold(Answer::No, Answer::or)
    }

    /// Whether some line looks at the common name.
    pub(super) fn wants_common_name(&self) -> bool {
        self.lines.iter().any(|line| !line.is_whole_subject)
    }

    /// Whether a name has to be a role's own somewhere.
    pub(super) fn wants_role_name(&self) -> bool {
        self.lines.iter().any(|line| !line.is_whole_subject && line.map.is_none())
    }
}

/// Lines that do not do what they seem to.
pub(super) fn judge(logins: &Logins, found: &mut Vec<Finding>) {
    for Refused { is_hba, file, fact, detail, hint } in &logins.refused {
        let rule = if *is_hba { Rule::HbaRefused } else { Rule::IdentRefused };
        let finding = Finding::new(rule, file, fact.as_str());
        found.push(Finding { detail: detail.clone(), hint: hint.clone(), ..finding });
    }
    missing_maps(logins, found);
    for mapping in &logins.mappings {
        pattern(mapping, logins, found);
        if !logins.roles_mean() {
            role_word(mapping, logins, found);
        }
    }
}

fn missing_maps(logins: &Logins, found: &mut Vec<Finding>) {
    // A file that is refused has no maps at all, and is named.
    if logins.is_unread || logins.refused.iter().any(|refused| !refused.is_hba) {
        return;
    }
    for (place, map) in &logins.named_maps {
        if !logins.mappings.iter().any(|mapping| mapping.map == *map) {
            let fact = format!("{place} names the map \"{map}\", of which no line is here");
            let detail = "Nobody is let in by it: no match in usermap.";
            let hint = format!("Write lines of the form: {map} SYSTEM-USER ROLE.");
            let finding = Finding::new(Rule::MapMissing, &logins.ident_file, fact);
            found.push(finding.detail(detail).hint(hint));
        }
    }
}

/// A regular expression that fits names with more around what it looks for.
fn pattern(mapping: &Mapping, logins: &Logins, found: &mut Vec<Finding>) {
    let is_used = |line: &&NameLine| line.map.as_ref() == Some(&mapping.map);
    let (Some(line), Some(pattern)) =
        (logins.lines.iter().find(is_used), mapping.system_user.strip_prefix('/'))
    else {
        return;
    };
    if !is_anchored(pattern) {
        let Mapping { place, map, .. } = mapping;
        let fact = format!("{place}: the regular expression /{pattern} fits more names than it shows");
        let detail = format!(
            "It is not held at both ends, so it fits any certificate with such a part in its name; {} lets in by the \
             map \"{map}\".",
            line.place
        );
        let hint = "Write it as /^...$.";
        found.push(Finding::new(Rule::MapNotAnchored, &logins.ident_file, fact).detail(detail).hint(hint));
    }
}

/// Whether each branch of an expression is held at both ends: `^...$`, or `\A...\Z` (functions-matching, "Regular
/// Expression Constraint Escapes").
fn is_anchored(pattern: &str) -> bool {
    // Options in front, as in (?i)^a$.
    let is_option = |text: &str| text.chars().all(|c| c.is_ascii_lowercase());
    let options = pattern.strip_prefix("(?").and_then(|rest| rest.split_once(')'));
    let pattern = options.filter(|(text, _)| is_option(text)).map_or(pattern, |(_, rest)| rest);
    branches(pattern).iter().all(|branch| {
        let escaped = branch.strip_suffix('$').is_some_and(|rest| {
            let slashes = rest.len() - rest.trim_end_matches('\\').len();
            slashes % 2 == 1
        });
        let begins = branch.starts_with('^') || branch.starts_with(r"\A");
        begins && ((branch.ends_with('$') && !escaped) || branch.ends_with(r"\Z"))
    })
}

/// The alternatives of an expression outside brackets of either kind.
fn branches(pattern: &str) -> Vec<&str> {
    let (mut found, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    let (mut escaped, mut within_set) = (false, false);
    for (at, c) in pattern.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' => within_set = false,
            _ if within_set => {}
            '[' => within_set = true,
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => {
                found.push(&pattern[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&pattern[start..]);
    found
}

fn role_word(mapping: &Mapping, logins: &Logins, found: &mut Vec<Finding>) {
    let RoleWord { text, quoted } = &mapping.role;
    let seems = text.starts_with('/') || (!quoted && (text == "all" || text.starts_with('+')));
    if let Some(version) = logins.version.filter(|_| seems) {
        let fact = format!("{}: PostgreSQL {version} takes \"{text}\" for the name of a role", mapping.place);
        let detail = "Before version 16, all, +group and /regex have no meaning of their own in a map.";
        found.push(Finding::new(Rule::MapRoleLiteral, &logins.ident_file, fact).detail(detail));
    }
}

#[cfg(test)]
mod tests {
    use super::is_anchored;

    #[test]
    fn an_expression_is_held_where_every_branch_is_held_at_both_ends() {
        for (pattern, anchored) in [
            ("alice", false),
            ("^alice", false),
            ("alice$", false),
            ("^alice$", true),
            ("^(.*)@example\\.com$", true),
            ("^(a|b)$", true),
            ("^a$|^b$", true),
            ("^a|b$", false),
            ("^a$|b", false),
            ("^[|]$", true),
            ("^a\\|b$", true),
            ("^a\\$", false),
            ("^a\\\\$", true),
            ("(?i)^a$", true),
            ("(?:^a$)", false),
            ("\\Aa\\Z", true),
            ("", false),
        ] {
            assert_eq!(is_anchored(pattern), anchored, "{pattern}");
        }
    }
}
