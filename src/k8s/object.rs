//! Names of objects in a cluster.

/// The longest name of an object (RFC 1123 subdomain).
const NAME_BYTES: usize = 253;

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
    let is_label = |label: &str| {
        let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let len = label.len();
        (1..=63).contains(&len)
            && label.bytes().all(inside)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= NAME_BYTES && text.split('.').all(is_label)
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
}
