//! Subject alternative names (RFC 5280 §4.2.1.6), typed from the text people write.

use super::{Name, X509Error};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// One subject alternative name, of the four types that PostgreSQL's clients know or pass over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GeneralName {
    /// dNSName, in A-labels (RFC 5890), as libpq compares it.
    Dns(String),
    /// iPAddress; libpq before 15 ignores it.
    Ip(IpAddr),
    /// rfc822Name.
    Email(String),
    /// uniformResourceIdentifier.
    Uri(String),
}

/// A bare text is typed by its form; `DNS:`, `IP:`, `email:` and `URI:` in front force the type.
impl FromStr for GeneralName {
    type Err = X509Error;

    fn from_str(text: &str) -> Result<Self, X509Error> {
        let fail = |problem| X509Error::GeneralName { text: text.to_owned(), problem };
        let forced = |prefix: &str| {
            let head = text.get(..prefix.len())?;
            head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
        };
        refuse_blank(text).map_err(fail)?;
        let parsed = if let Some(name) = forced("DNS:") {
            refuse_blank(name).and_then(|()| a_labels(name)).map(Self::Dns)
        } else if let Some(address) = forced("IP:") {
            address.parse().map(Self::Ip).map_err(|_| "it is not an IP address")
        } else if let Some(address) = forced("email:") {
            email(address).map(Self::Email)
        } else if let Some(uri) = forced("URI:") {
            self::uri(uri).map(Self::Uri)
        } else {
            typed(text)
        };
        parsed.map_err(fail)
    }
}

fn typed(text: &str) -> Result<GeneralName, &'static str> {
    if let Ok(address) = text.parse() {
        Ok(GeneralName::Ip(address))
    } else if text.contains("://") {
        uri(text).map(GeneralName::Uri)
    } else if text.contains('@') {
        email(text).map(GeneralName::Email)
    } else if text.contains(':') || text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        Err("it looks like an IP address but is none")
    } else if text.ends_with('.') {
        Err("a host name in a certificate has no dot at its end")
    } else {
        a_labels(text).map(GeneralName::Dns)
    }
}

/// Checks a host name and turns it into A-labels: `bücher.example` -> `xn--bcher-kva.example`.
///
/// # Errors
/// [`X509Error::GeneralName`] with what is wrong.
pub fn dns_name(text: &str) -> Result<String, X509Error> {
    let checked = refuse_blank(text).and_then(|()| a_labels(text));
    checked.map_err(|problem| X509Error::GeneralName { text: text.to_owned(), problem })
}

fn refuse_blank(text: &str) -> Result<(), &'static str> {
    match text {
        "" => Err("it is empty"),
        _ if text.contains(char::is_whitespace) => Err("it contains a space"),
        _ if text.contains(char::is_control) => Err("it contains a control character"),
        _ => Ok(()),
    }
}

/// libpq compares ASCII only and knows no IDNA, so a name goes in as A-labels. Lengths are those of RFC 1035 §2.3.4.
fn a_labels(text: &str) -> Result<String, &'static str> {
    let ascii = if text.is_ascii() {
        text.to_owned()
    } else {
        idna::domain_to_ascii(text).map_err(|_| "it cannot be written as an international domain name")?
    };
    // A forced name may end in a dot, which libpq compares as text.
    let labels = ascii.strip_suffix('.').unwrap_or(&ascii).split('.');
    for label in labels {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_*".contains(&byte);
        match label {
            "" => return Err("it has an empty label"),
            _ if label.len() > 63 => return Err("a label is over 63 bytes"),
            _ if !label.bytes().all(allowed) => return Err("it has a character that no host name has"),
            _ => {}
        }
    }
    if ascii.len() > 253 { Err("it is over 253 bytes") } else { Ok(ascii) }
}

fn email(text: &str) -> Result<String, &'static str> {
    let (local, domain) = text.rsplit_once('@').ok_or("an e-mail address has an @")?;
    if local.is_empty() || !local.is_ascii() || local.contains('@') {
        return Err("it is not an e-mail address in ASCII");
    }
    Ok(format!("{local}@{}", a_labels(domain)?))
}

fn uri(text: &str) -> Result<String, &'static str> {
    let (scheme, rest) = text.split_once(':').ok_or("a URI has a scheme")?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    if scheme.is_empty() || rest.is_empty() || !scheme.bytes().all(allowed) || !text.is_ascii() {
        return Err("it is not a URI in ASCII");
    }
    Ok(text.to_owned())
}

impl GeneralName {
    /// The value without its type.
    #[must_use]
    pub fn value(&self) -> String {
        match self {
            Self::Dns(text) | Self::Email(text) | Self::Uri(text) => text.clone(),
            Self::Ip(address) => address.to_string(),
        }
    }

    /// The value as people write it; the type in front only where the form alone would not tell it.
    #[must_use]
    pub fn short(&self) -> String {
        let value = self.value();
        if value.parse::<Self>().is_ok_and(|typed| typed == *self) { value } else { self.to_string() }
    }
}

/// Those of the subject alternative names that the common names do not say already.
#[must_use]
pub fn other_names(subject: &Name, names: &[GeneralName]) -> Vec<GeneralName> {
    let common: HashSet<Cow<'_, str>> = subject.common_names().collect();
    names.iter().filter(|name| !common.contains(name.value().as_str())).cloned().collect()
}

/// OpenSSL's form, type in front: `DNS:db1`, `IP:10.0.0.5`.
impl fmt::Display for GeneralName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Dns(_) => "DNS",
            Self::Ip(_) => "IP",
            Self::Email(_) => "email",
            Self::Uri(_) => "URI",
        };
        write!(f, "{kind}:{}", self.value())
    }
}

impl Serialize for GeneralName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn bare_texts_are_typed_by_their_form() {
        for (text, typed) in [
            ("db1.example.com", "DNS:db1.example.com"),
            ("*.example.com", "DNS:*.example.com"),
            ("bücher.example", "DNS:xn--bcher-kva.example"),
            ("10.0.0.5", "IP:10.0.0.5"),
            ("::1", "IP:::1"),
            ("dba@example.com", "email:dba@example.com"),
            ("spiffe://example.com/db", "URI:spiffe://example.com/db"),
            ("DNS:192.0.2.1", "DNS:192.0.2.1"),
            ("dns:db.test.", "DNS:db.test."),
            ("_svc.db_1", "DNS:_svc.db_1"),
        ] {
            assert_eq!(text.parse::<GeneralName>().unwrap().to_string(), typed);
        }
    }

    #[test]
    fn a_forced_type_is_shown_only_where_the_form_does_not_tell_it() {
        assert_eq!("DNS:192.0.2.1".parse::<GeneralName>().unwrap().short(), "DNS:192.0.2.1");
        assert_eq!("DNS:db1".parse::<GeneralName>().unwrap().short(), "db1");
    }

    #[test]
    fn names_that_cannot_be_are_refused_with_the_reason() {
        let long = "a".repeat(64);
        for (text, problem) in [
            ("", "it is empty"),
            ("a b", "it contains a space"),
            ("300.1.1.1", "it looks like an IP address but is none"),
            ("::zz", "it looks like an IP address but is none"),
            ("IP:db1", "it is not an IP address"),
            ("DNS:", "it is empty"),
            ("a..b", "it has an empty label"),
            ("db.test.", "a host name in a certificate has no dot at its end"),
            (&long, "a label is over 63 bytes"),
            ("a/b", "it has a character that no host name has"),
            ("@x", "it is not an e-mail address in ASCII"),
        ] {
            let error = text.parse::<GeneralName>().unwrap_err().to_string();
            assert_eq!(error, format!("invalid name \"{text}\": {problem}"));
        }
    }
}
