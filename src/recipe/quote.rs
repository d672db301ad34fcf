//! Text as the shell, `openssl req -subj`, an OpenSSL configuration and a comment take it.

use crate::x509::Name;

/// One word of a POSIX shell, whatever is in it: inside single quotes nothing has a meaning.
#[must_use]
pub fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The argument of `-subj`: `/O=Acme/CN=x`, `+` between the attributes of one RDN.
pub(super) fn subject(name: &Name) -> String {
    let mut text = String::new();
    for rdn in name.attributes() {
        for (at, (kind, value)) in rdn.iter().enumerate() {
            text.push(if at == 0 { '/' } else { '+' });
            text.push_str(kind);
            text.push('=');
            for c in value.chars() {
                if ['/', '+', '=', '\\'].contains(&c) {
                    text.push('\\');
                }
                text.push(c);
            }
        }
    }
    if text.is_empty() { "/".to_owned() } else { text }
}

/// A value in an OpenSSL configuration: no variable, quote or comment begins in it (config(5)).
pub(super) fn value(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if ['$', '#', '\\', '"', '\'', '`'].contains(&c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Text inside a comment, which it must not end.
pub(super) fn comment(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn no_text_leaves_its_single_quotes() {
        assert_eq!(shell("pki"), "'pki'");
        assert_eq!(shell("it's $HOME"), r"'it'\''s $HOME'");
    }

    #[test]
    fn a_subject_keeps_its_separators_apart_from_its_values() {
        let name = Name::parse("O=a/b,OU=x+CN=c\\+d=e\\\\").unwrap();
        assert_eq!(subject(&name), r"/O=a\/b/OU=x+CN=c\+d\=e\\");
        assert_eq!(subject(&Name::parse("").unwrap()), "/");
    }

    #[test]
    fn a_value_begins_no_variable_quote_or_comment() {
        assert_eq!(value("a$b#c\"d'e`f\\g"), r#"a\$b\#c\"d\'e\`f\\g"#);
    }

    #[test]
    fn a_comment_stays_on_its_line() {
        assert_eq!(comment("mine\nrm -rf /"), "mine rm -rf /");
    }
}
