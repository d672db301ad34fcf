//! YAML of fixed shapes, written so that every reader, of YAML 1.1 or 1.2, gets the same strings.

/// A string as a YAML scalar: as it is where nobody can take it for anything else, else in double quotes.
pub(super) fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// Letters first, then what neither begins nor ends anything in YAML. Words that YAML 1.1 takes for booleans or nothing
/// are no strings, and neither is what begins like a number.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let inside = |c: char| c.is_ascii_alphanumeric() || "-_./+= ".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(inside)
        && !text.ends_with(' ')
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Double quotes with the escapes that JSON and YAML share.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() || !c.is_ascii() => {
                let mut units = [0; 2];
                out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_could_take_for_another_type_or_a_mark_is_quoted() {
        for text in ["digital signature", "example.com/db", "LS0tLS1CRUdJTg==", "server-db1"] {
            assert_eq!(scalar(text), text);
        }
        for text in
            ["", "on", "Yes", "NULL", "y", "1e3", "0x1F", "~", "a: b", "a #b", "- a", "a ", "*a", "x\ty"]
        {
            let shown = scalar(text);
            assert!(shown.starts_with('"') && shown.ends_with('"'), "{text} became {shown}");
        }
        assert_eq!(scalar("ä\n\"\\😀"), r#""\u00e4\u000a\"\\\ud83d\ude00""#);
    }
}
