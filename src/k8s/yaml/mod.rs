//! YAML as kubectl writes it: which scalar stands plain, which in which quotes, and the shape of mappings and lists. So
//! what is printed here is to the byte what `kubectl ... --dry-run=client -o yaml` prints.

mod plain;

use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// A value of a manifest.
#[derive(Clone)]
pub(super) enum Yaml {
    /// A string.
    Text(String),
    /// The base64 of what may be a key; it begins like no number, for PEM does.
    Secret(Zeroizing<String>),
    /// A text of several lines, each of which ends.
    Lines(String),
    /// A number.
    Number(i64),
    /// A boolean.
    Flag(bool),
    /// A mapping; kubectl sorts its keys.
    Map(BTreeMap<String, Yaml>),
    /// A list.
    List(Vec<Yaml>),
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Yaml {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// A mapping of these.
pub(super) fn map<const N: usize>(entries: [(&str, Yaml); N]) -> Yaml {
    Yaml::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// A list of texts.
pub(super) fn texts<T: Into<Yaml>>(items: impl IntoIterator<Item = T>) -> Yaml {
    Yaml::List(items.into_iter().map(Into::into).collect())
}

/// Where the parts of a document go, one after the other.
type Sink<'a> = &'a mut dyn FnMut(&str);

impl Yaml {
    /// The document. It may hold a key, so that its buffer never grows: that would leave a copy in freed memory.
    pub(super) fn document(&self) -> Zeroizing<Vec<u8>> {
        let mut length = 0;
        self.top(&mut |part| length += part.len());
        let mut out = Zeroizing::new(Vec::with_capacity(length));
        self.top(&mut |part| out.extend_from_slice(part.as_bytes()));
        out
    }

    fn top(&self, out: Sink<'_>) {
        match self {
            Self::Map(map) => entries(map, 0, false, out),
            other => other.behind_key(0, out),
        }
    }

    /// What stands behind `key:` in a mapping of that indentation.
    fn behind_key(&self, indent: usize, out: Sink<'_>) {
        match self {
            Self::Map(map) if !map.is_empty() => {
                out("\n");
                entries(map, indent + 2, false, out);
            }
            Self::List(items) if !items.is_empty() => {
                out("\n");
                // A list is not indented further than its key.
                items.iter().for_each(|item| item.as_item(indent, out));
            }
            Self::Lines(text) => {
                out(" |\n");
                for line in text.lines() {
                    pad(if line.is_empty() { 0 } else { indent + 2 }, out);
                    out(line);
                    out("\n");
                }
            }
            other => {
                out(" ");
                other.inline(out);
                out("\n");
            }
        }
    }

    fn as_item(&self, indent: usize, out: Sink<'_>) {
        pad(indent, out);
        out("- ");
        match self {
            Self::Map(map) if !map.is_empty() => entries(map, indent + 2, true, out),
            other => {
                other.inline(out);
                out("\n");
            }
        }
    }

    /// What fits in a line.
    fn inline(&self, out: Sink<'_>) {
        match self {
            Self::Text(text) | Self::Lines(text) => out(&scalar(text)),
            Self::Secret(text) => out(text),
            Self::Number(number) => out(&number.to_string()),
            Self::Flag(flag) => out(if *flag { "true" } else { "false" }),
            Self::Map(_) => out("{}"),
            Self::List(_) => out("[]"),
        }
    }
}

fn entries(map: &BTreeMap<String, Yaml>, indent: usize, first_is_placed: bool, out: Sink<'_>) {
    for (at, (key, value)) in map.iter().enumerate() {
        if at > 0 || !first_is_placed {
            pad(indent, out);
        }
        out(&scalar(key));
        out(":");
        value.behind_key(indent, out);
    }
}

fn pad(indent: usize, out: Sink<'_>) {
    (0..indent).for_each(|_| out(" "));
}

/// A string as a scalar: plain where everybody reads that as the same string, in double quotes where it would be read as
/// another type, and else in single ones.
pub(super) fn scalar(text: &str) -> String {
    if plain::is_of_another_type(text) || text.chars().any(plain::needs_escape) {
        double_quoted(text)
    } else if plain::is_marked(text) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        text.to_owned()
    }
}

/// Double quotes, with the escapes of YAML; a surrogate, as JSON would have it, is one that kubectl refuses.
fn double_quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if plain::needs_escape(c) && u32::from(c) > 0xffff => {
                out.push_str(&format!("\\U{:08X}", u32::from(c)));
            }
            c if plain::needs_escape(c) => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    /// What `kubectl create secret` and `kubectl annotate --local` 1.32 print of each.
    #[test]
    fn a_scalar_is_quoted_as_kubectl_quotes_it() {
        for text in [
            "digital signature",
            "example.com/db",
            "LS0tLS1CRUdJTg==",
            "server-db1",
            "1abc",
            "0b12",
            "1-2",
            "1.2.3",
            "1e3x",
            "e1",
            ".a",
            "a:b",
            r"a\b",
            "ünï",
            "/x",
            "-x",
            "2026-13-01",
            "12:61",
        ] {
            assert_eq!(scalar(text), text);
        }
        for text in [
            "",
            "on",
            "Yes",
            "NULL",
            "y",
            "1e3",
            "0x1F",
            "~",
            "true",
            "0o17",
            "089",
            "017",
            "12.5",
            "1_0",
            ".5",
            "-1",
            "+.inf",
            ".nan",
            "2026-11-22",
            "2026-1-2",
            "12:30:45",
            "null",
            "off",
            "n",
            "08",
            "99999999999999999999",
        ] {
            assert_eq!(scalar(text), format!("\"{text}\""));
        }
        for text in ["hello: world", "- x", "@x", "{a}", "x ", "a: ", "\"q\"", "a #b", "*a", " a", "--- a"] {
            assert_eq!(scalar(text), format!("'{text}'"));
        }
        assert_eq!(scalar("it's # x"), "'it''s # x'");
        assert_eq!(scalar("a\n\"\\\t\u{7}😀"), r#""a\n\"\\\t\u0007\U0001F600""#);
    }

    #[test]
    fn mappings_and_lists_stand_as_kubectl_sets_them() {
        let document = map([
            (
                "spec",
                map([
                    ("items", Yaml::List(vec![map([("b", "x".into()), ("a", Yaml::Number(1))]), "y".into()])),
                    ("none", Yaml::List(Vec::new())),
                    ("empty", map([])),
                    ("text", Yaml::Lines("one\n\n two\n".to_owned())),
                ]),
            ),
            ("on", Yaml::Number(0)),
        ]);
        let text = String::from_utf8(document.document().to_vec()).unwrap();
        let expected = "\"on\": 0\nspec:\n  empty: {}\n  items:\n  - a: 1\n    b: x\n  - \"y\"\n  none: []\n  \
                        text: |\n    one\n\n     two\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn the_buffer_of_a_document_does_not_grow() {
        let secret = Yaml::Secret(Zeroizing::new("LS0t".repeat(5000)));
        let document = map([("data", map([("tls.key", secret)]))]).document();
        assert_eq!(document.len(), document.capacity());
    }
}
