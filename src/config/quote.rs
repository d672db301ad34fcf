//! A value as each format takes it. What a format cannot say at all is refused before it comes here: see
//! [`unsayable`](super::check::unsayable).

/// A value in postgresql.conf: quotes and backslashes doubled (config-setting, "Parameter Names and Values").
pub(super) fn postgresql(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}

/// A word in pg_hba.conf or pg_hosts.conf: quoted where it is more than a plain one, so that it is no keyword, list,
/// file or comment (auth-pg-hba-conf).
pub(super) fn hba(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=".contains(c);
    let keyword = ["all", "sameuser", "samerole", "samegroup", "replication"].contains(&word);
    let is_plain = !word.is_empty() && !word.starts_with('/') && word.chars().all(plain);
    if is_plain && !keyword { word.to_owned() } else { format!("\"{}\"", word.replace('"', "\"\"")) }
}

/// A path in pg_hosts.conf, where a slash begins no regular expression.
pub(super) fn hosts_path(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    if path.chars().all(plain) { path.to_owned() } else { format!("\"{}\"", path.replace('"', "\"\"")) }
}

/// A value in a connection string of libpq (libpq-connect, "Keyword/Value Connection Strings").
pub(super) fn libpq(value: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && c != '\'' && c != '\\';
    if !value.is_empty() && value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
    }
}

/// A text as a part of a URI: everything but what stands for itself, and the slashes of a path, as `%XX` (RFC 3986 §2.3).
#[must_use]
pub fn in_uri(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let escape = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(escape).collect()
}

/// The same where a slash would end the part: a user, a database.
pub(super) fn in_uri_whole(text: &str) -> String {
    in_uri(text).replace('/', "%2F")
}

/// A host in a URI: an IPv6 address in brackets.
pub(super) fn uri_host(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { in_uri_whole(host) }
}

/// A value behind `NAME=` in a file that a POSIX shell reads: as it is where nobody would take it for more, so that
/// `docker run --env-file`, which knows no quotes, reads the same.
pub(super) fn variable(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:,@%+=".contains(c);
    if value.chars().all(plain) { value.to_owned() } else { format!("'{}'", value.replace('\'', r"'\''")) }
}

/// A value in kong.conf: all of the line, quotes included, up to a `#` without a backslash before it (kong's
/// `conf_loader`, `strip_comments`).
pub(super) fn kong(value: &str) -> String {
    value.replace('#', "\\#")
}

/// A scalar of YAML: double quotes, with the escapes that JSON and YAML share.
pub(super) fn yaml(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The same in a compose file, where a dollar sign begins a variable, and is doubled.
pub(super) fn compose(value: &str) -> String {
    yaml(value).replace('$', "$$")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ODD: &str = r##"/a b/it's "c"#\d"##;

    #[test]
    fn each_format_has_its_own_way_with_quotes_spaces_backslashes_and_hashes() {
        assert_eq!(postgresql(ODD), r##"'/a b/it''s "c"#\\d'"##);
        assert_eq!(libpq(ODD), r##"'/a b/it\'s "c"#\\d'"##);
        assert_eq!(hosts_path(ODD), r##""/a b/it's ""c""#\d""##);
        assert_eq!(in_uri(ODD), "/a%20b/it%27s%20%22c%22%23%5Cd");
        assert_eq!(variable(ODD), r##"'/a b/it'\''s "c"#\d'"##);
        assert_eq!(compose("/a$b \"c\" \\d"), r#""/a$$b \"c\" \\d""#);
        assert_eq!(kong(ODD), r##"/a b/it's "c"\#\d"##);
    }

    #[test]
    fn a_plain_value_stays_as_it_is() {
        for plain in ["/etc/tls/server.crt", "db1.example.com"] {
            for said in [libpq(plain), hosts_path(plain), in_uri(plain), variable(plain), kong(plain)] {
                assert_eq!(said, plain);
            }
        }
        assert_eq!(postgresql("server.crt"), "'server.crt'");
    }

    #[test]
    fn a_word_of_pg_hba_conf_that_would_mean_more_is_quoted() {
        for (word, said) in [
            ("primaryuser", "primaryuser"),
            ("all", "\"all\""),
            ("+staff", "\"+staff\""),
            ("a,b", "\"a,b\""),
            ("@file", "\"@file\""),
            ("map=Mr. App", "\"map=Mr. App\""),
            ("a\"b", "\"a\"\"b\""),
            ("", "\"\""),
        ] {
            assert_eq!(hba(word), said);
        }
    }

    #[test]
    fn a_host_of_a_uri_is_in_brackets_where_it_is_an_ipv6_address() {
        assert_eq!((uri_host("::1"), uri_host("db.test")), ("[::1]".to_owned(), "db.test".to_owned()));
        assert_eq!(in_uri_whole("a/b@c"), "a%2Fb%40c");
    }
}
