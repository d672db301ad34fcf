//! A line of pg_ident.conf by itself, as `verify` prints it beside a name that leads nowhere, and how its fields are
//! written.

use crate::pg::MAP_ROLES_MEAN;

/// A line of pg_ident.conf that lets the holder of a certificate in as a role, for `map=` in pg_hba.conf; `None` where
/// no line can say it: a field ends with its line. Backslashes are as they are (auth-username-maps). `version` is the
/// server's major one; one that is not known counts as new.
#[must_use]
pub fn pg_ident_line(map: &str, system_user: &str, role: &str, version: Option<u32>) -> Option<String> {
    let fields = [map.to_owned(), literal(system_user), literal_role(role, version)];
    let fields: Option<Vec<String>> = fields.iter().map(|text| field(text)).collect();
    Some(fields?.join("  "))
}

/// A role as a field takes it: up to version 15 it is a name, whatever it begins with.
pub(super) fn literal_role(role: &str, version: Option<u32>) -> String {
    if version.is_none_or(|version| version >= MAP_ROLES_MEAN) { literal(role) } else { role.to_owned() }
}

/// A name as a field takes it: what begins with a slash is a regular expression there, quoted or not.
pub(super) fn literal(name: &str) -> String {
    if !name.starts_with('/') {
        return name.to_owned();
    }
    let escaped = name.chars().flat_map(|c| {
        let is_special = r"\.^$*+?()[]{}|".contains(c);
        is_special.then_some('\\').into_iter().chain([c])
    });
    format!("/^{}$", escaped.collect::<String>())
}

/// A field, quoted where it is more than a plain word.
pub(super) fn field(text: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || r"_-.=\/".contains(c);
    if text.contains(char::is_control) {
        return None;
    }
    // Unquoted, `all` and what begins with `+` mean more than one role.
    let is_word = !text.is_empty() && text.chars().all(plain) && text != "all";
    Some(if is_word { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_pg_ident_quotes_what_the_server_would_split_or_take_for_more() {
        for (system_user, role, line) in [
            ("app", "app", "m  app  app"),
            ("CN=app,O=Acme", "app", r#"m  "CN=app,O=Acme"  app"#),
            (r"OU=Zo\C3\AB", "app", r"m  OU=Zo\C3\AB  app"),
            ("Mr. App", "all", r#"m  "Mr. App"  "all""#),
            ("a#b", "+staff", r##"m  "a#b"  "+staff""##),
            (r#"O=The \"A\""#, "app", r#"m  "O=The \""A\"""  app"#),
            ("@file", "", r#"m  "@file"  """#),
            ("/a.b", "app", r#"m  "/^/a\.b$"  app"#),
        ] {
            let found = pg_ident_line("m", system_user, role, None);
            assert_eq!(found.as_deref(), Some(line), "{system_user}");
        }
        assert_eq!(pg_ident_line("m", "two\nlines", "app", None), None);
    }
}
