//! Names of objects in a cluster, and what is attached to them.

use super::error::KubernetesError;

/// The longest name of an object (RFC 1123 subdomain).
const NAME_BYTES: usize = 253;
/// The longest label of one.
const LABEL_BYTES: usize = 63;

/// `server` and `db1.example.com` -> `server-db1.example.com`; what no object's name may have becomes a hyphen.
#[must_use]
pub fn object_name(usage: &str, name: &str) -> String {
    let labels = name.split('.').map(|label| {
        let plain = label.chars().map(|c| match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => c,
            _ => '-',
        });
        plain.collect::<String>().trim_matches('-').to_owned()
    });
    let labels: Vec<String> = labels.filter(|label| !label.is_empty()).collect();
    let whole = format!("{usage}-{}", labels.join("."));
    let fitting: String = whole.chars().take(NAME_BYTES).collect();
    fitting.trim_end_matches(['-', '.']).to_owned()
}

/// A DNS subdomain as Kubernetes has it (RFC 1123, lower case).
pub(super) fn is_subdomain(text: &str) -> bool {
    text.len() <= NAME_BYTES && text.split('.').all(is_label)
}

/// A DNS label (RFC 1123, lower case).
fn is_label(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=LABEL_BYTES).contains(&text.len())
        && text.bytes().all(inside)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// A name that operators take for volumes and hosts too, as it was given in a flag.
///
/// # Errors
/// [`KubernetesError::Name`] for what is no DNS label.
pub fn label_name(flag: &'static str, text: &str) -> Result<String, KubernetesError> {
    match is_label(text) {
        true => Ok(text.to_owned()),
        false => Err(KubernetesError::Name { flag, found: text.to_owned() }),
    }
}

/// `KEY=VALUE` of a label (Kubernetes documentation, "Labels and Selectors").
///
/// # Errors
/// [`KubernetesError::KeyValue`].
pub fn label(flag: &'static str, text: &str) -> Result<(String, String), KubernetesError> {
    let (key, value) = annotation(flag, text)?;
    if !value.is_empty() && !is_word(&value) {
        let problem = "A value is empty, or at most 63 letters, digits, \"-\", \"_\" and \".\", and begins and ends \
                       with a letter or digit.";
        return Err(KubernetesError::KeyValue { flag, found: text.to_owned(), problem });
    }
    Ok((key, value))
}

/// `KEY=VALUE` of an annotation, whose value may be any text.
///
/// # Errors
/// [`KubernetesError::KeyValue`].
pub fn annotation(flag: &'static str, text: &str) -> Result<(String, String), KubernetesError> {
    let refuse = |problem| KubernetesError::KeyValue { flag, found: text.to_owned(), problem };
    let (key, value) = text.split_once('=').ok_or_else(|| refuse("There is no \"=\" in it."))?;
    let is_key = match key.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && is_word(name),
        None => is_word(key),
    };
    if !is_key {
        return Err(refuse(
            "A key is a word of at most 63 characters, which a domain and a slash may precede.",
        ));
    }
    Ok((key.to_owned(), value.to_owned()))
}

/// What the name of a label, and its value, is made of.
fn is_word(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= LABEL_BYTES
        && bytes.iter().copied().all(inside)
        && ends(bytes.first())
        && ends(bytes.last())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_object_is_one_that_kubernetes_takes_whatever_the_common_name() {
        for (name, expected) in [
            ("db1.Example.com", "server-db1.example.com"),
            ("*.example.com", "server-example.com"),
            ("fe80::1", "server-fe80--1"),
            ("süd pole #1", "server-s-d-pole--1"),
            ("_", "server"),
        ] {
            assert_eq!(object_name("server", name), expected);
            assert!(is_subdomain(expected), "{expected}");
        }
        assert!(is_subdomain(&object_name("client", &"a.".repeat(200))));
    }

    #[test]
    fn a_label_and_an_annotation_are_what_kubernetes_takes() {
        for text in ["app=hippo", "a.b/c_d=1", "on=", "x=true"] {
            assert!(label("--label", text).is_ok(), "{text}");
        }
        for text in ["app", "=x", "a b=c", "a=b c", "A.b/c=1", "a/b/c=1", "a=-", "a/=1"] {
            assert!(label("--label", text).is_err(), "{text}");
        }
        assert_eq!(annotation("--annotation", "a=b c: d").ok(), Some(("a".to_owned(), "b c: d".to_owned())));
        assert!(label("--label", &format!("a={}", "x".repeat(64))).is_err());
        for (text, is_one) in
            [("hippo", true), ("123", true), ("a.b", false), ("Hippo", false), ("-a", false), ("", false)]
        {
            assert_eq!(label_name("--cluster", text).is_ok(), is_one, "{text}");
        }
    }
}
