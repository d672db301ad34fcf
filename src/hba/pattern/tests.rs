#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::{Fault, Pattern, Taken};

fn fits(pattern: &str, name: &str) -> bool {
    let read = Pattern::parse(pattern.as_bytes()).unwrap_or_else(|fault| panic!("{pattern}: {fault}"));
    read.is_match(name.as_bytes())
}

#[test]
fn what_the_dialects_share_fits_the_same_names() {
    for (pattern, yes, no) in [
        ("alice", "malice", "Alice"),
        ("^alice$", "alice", "malice"),
        ("^(a|b)c?$", "bc", "ab"),
        ("(?i)^ALICE$", "aLice", "alicee"),
        ("***=a.b", "xa.b", "axb"),
        ("***:^a.b$", "axb", "axbb"),
        ("^[[:alpha:]]+[0-9]{2,3}$", "ab12", "ab1"),
        ("^[^a-c]$", "d", "b"),
        ("(?i)^[^a]$", "b", "A"),
        ("^[]x]$", "]", "["),
        ("^[a-]$", "-", "b"),
        (r"^\d+\.\w$", "12.x", "12xx"),
        (r"^[\d.]+$", "1.2", "1a"),
        (r"\A\(x\)\Z", "(x)", "x"),
        ("a{,2}", "a{,2}", "aa"),
        ("^a}$", "a}", "a"),
        ("^.$", "\n", "ab"),
        ("^a.*?b$", "axb", "axc"),
        // Two bytes: no database has given an encoding yet.
        ("^..$", "ë", "é!"),
        ("^Zoë$", "Zoë", "Zoe"),
        (r"\B", r"a\b", "ab"),
        (r"^a\b$", "a\u{8}", "a"),
        ("^a|b$", "ax", "xa"),
        ("", "anything", ""),
    ] {
        assert!(fits(pattern, yes), "{pattern} {yes}");
        assert!(no.is_empty() || !fits(pattern, no), "{pattern} {no}");
    }
}

#[test]
fn what_differs_or_is_broken_is_told_and_never_guessed() {
    for pattern in [
        r"(a)\1",
        "(?=a)b",
        "(?!a)b",
        "(?<=a)b",
        r"\mword\M",
        r"\y",
        "[[.a.]]",
        "[[=a=]]",
        "[[:<:]]",
        r"\u00e9",
        "(?n)a",
        "(?x)a b",
        r"[\D]",
        "[a-c-e]",
    ] {
        let fault = Pattern::parse(pattern.as_bytes()).unwrap_err();
        assert!(matches!(fault, Fault::NotJudged(_)), "{pattern}: {fault}");
    }
    for pattern in [
        "(",
        "a)",
        "(a",
        "[a",
        "[",
        "*a",
        "a**",
        "a+*",
        "^*",
        "(|*a)",
        "a{2",
        "a{2,1}",
        "a{256}",
        "[b-a]",
        "a\\",
        r"[\w-.]",
        "[[:alnum:]-_]",
        r"[a\d-z]",
        r"[+-\d]",
    ] {
        let fault = Pattern::parse(pattern.as_bytes()).unwrap_err();
        assert!(matches!(fault, Fault::Broken(_)), "{pattern}: {fault}");
    }
}

#[test]
fn a_subexpression_is_told_where_it_can_take_one_thing_alone() {
    let taken =
        |pattern: &str, name: &str| Pattern::parse(pattern.as_bytes()).unwrap().first_group(name.as_bytes());
    for (pattern, name, wanted) in [
        ("^(.*)@example\\.com$", "alice@example.com", Some("alice")),
        ("^(alice|bob)@x$", "bob@x", Some("bob")),
        ("CN=([^,]+)", "OU=a,CN=alice,O=b", None),
        ("^CN=([^,]+),", "CN=alice,OU=a,O=b", Some("alice")),
        ("^(.*)@(.*)$", "a@b@c", None),
        ("^(.*)@(.*)$", "a@b", Some("a")),
        ("^(a|ab)(c|bcd)?$", "abcd", Some("a")),
        ("^(a*)(ab)*$", "aab", Some("a")),
        ("(a*)(ab)*", "aab", None),
        ("^(a)*$", "aa", None),
        ("^(?:x(a))$", "xa", None),
        ("^(a)$|b", "a", None),
        ("^x()$", "x", Some("")),
        ("^(ë)$", "ë", Some("ë")),
        ("(a)?", "b", None),
    ] {
        let wanted = wanted.map_or(Taken::NotTold, |text| Taken::Bytes(text.as_bytes().to_vec()));
        assert_eq!(taken(pattern, name), wanted, "{pattern} {name}");
    }
    assert_eq!(taken("^alice$", "alice"), Taken::Nothing);
    assert_eq!(taken("^(?:alice)$", "alice"), Taken::Nothing);
}
