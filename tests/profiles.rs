//! The language of profiles: what every key means, what every mistake is told, and what flags lay over it.
//!
//! What a profile becomes is the matter of `plans.rs`; how it reads from the command line is another's.
#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

use pgtls::diagnosis::{Diagnosis, Failure};
use pgtls::keys::KeyType;
use pgtls::profile::{
    BUILTINS, CertificateEntry, Ending, Overrides, PathLength, Profile, ProfileError, Rule, builtin,
    domain_of, parse,
};
use pgtls::x509::{
    ExtendedKeyUsage, ExtensionKind, GeneralName, Lifetime, Name, SerialNumber, SubtreeName, Usage,
    parse_instant,
};
use std::fs;
use time::OffsetDateTime;

/// Lines 1 to 5 of most texts here; what follows begins on line 6.
const ROOT: &str = "name = \"t\"\n\n[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\n";

/// Lines 1 to 5, then a leaf of its own without an issuer.
const LEAF: &str = "name = \"t\"\n\n[[certificate]]\nname = \"server\"\nusage = \"server\"\n";

fn read(text: &str) -> Profile {
    parse("t.toml", text, &Overrides::default()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The first certificate of a profile that begins with `head` and goes on with `rest`.
fn entry(head: &str, rest: &str) -> CertificateEntry {
    read(&format!("{head}{rest}")).certificates.swap_remove(0)
}

/// An error as a user sees it: fact, detail and hint, a line each.
fn told(error: &ProfileError) -> String {
    assert_eq!(error.failure(), Failure::Usage);
    let part = |name: &str, text: Option<String>| text.map(|text| format!("\n{name}: {text}"));
    let detail = part("detail", error.detail()).unwrap_or_default();
    format!("{error}{detail}{}", part("hint", error.hint()).unwrap_or_default())
}

fn refusal(text: &str) -> String {
    refusal_of(text, &Overrides::default())
}

fn refusal_of(text: &str, overrides: &Overrides) -> String {
    match parse("t.toml", text, overrides) {
        Err(error) => told(&error),
        Ok(profile) => panic!("accepted: {profile:?}\n{text}"),
    }
}

fn names(texts: &[&str]) -> Vec<GeneralName> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn instant(text: &str) -> OffsetDateTime {
    parse_instant(text).unwrap()
}

fn lifetime(text: &str) -> Lifetime {
    text.parse().unwrap()
}

mod accepted {
    //! Every key, and where it lands.
    use super::*;

    #[test]
    fn every_key_of_the_language_lands_in_its_field() {
        let profile = read(
            r#"
                name = "all"
                summary = "everything at once"
                source = "nobody's guide"

                [set]
                domain = "example.com"
                team = "Zoë"

                [[certificate]]
                name = "ca"
                usage = "root-ca"
                subject = "O=Acme,OU={team},CN=ca.{domain}"
                not_before = "2026-01-02"
                not_after = 2036-01-02T03:04:05Z
                serial = 0x01ff
                key_type = "ecdsa-p384"
                path_length = 3
                permitted_names = ["{domain}", "IP:10.0.0.0/8"]
                excluded_names = ["email:bad.{domain}"]
                crl_distribution_points = ["http://crl.{domain}/ca.crl"]
                critical = ["nameConstraints"]
                not_critical = ["keyUsage", "basicConstraints"]
                waive = ["path-length-spent", "leaf-outlives-ca"]

                [[certificate]]
                name = "leaf"
                usage = "node"
                issuer = "ca"
                subject = "CN=leaf.{domain}"
                san = ["leaf.{domain}", "::1", "dba@{domain}", "spiffe://{domain}/db", "DNS:192.0.2.1"]
                lifetime = "12h"
                serial_bits = 64
                extended_key_usages = ["codeSigning", "1.3.6.1.5.5.7.3.17"]
                append = ["ca"]

                [[bundle]]
                file = "trust.pem"
                certificates = ["leaf", "ca"]
            "#,
        );
        assert_eq!(profile.name, "all");
        assert_eq!(profile.summary, "everything at once");
        assert_eq!(profile.source, "nobody's guide");

        let ca = profile.certificate("ca").unwrap();
        assert_eq!((ca.usage, &ca.issuer), (Usage::RootCa, &None));
        assert_eq!(ca.subject, Name::parse("O=Acme,OU=Zoë,CN=ca.example.com").unwrap());
        assert_eq!(ca.validity.not_before, Some(instant("2026-01-02")));
        assert_eq!(ca.validity.ending, Ending::At(instant("2036-01-02T03:04:05Z")));
        assert!(!ca.validity.stretches, "an instant is meant");
        assert_eq!(ca.serial, SerialNumber::Given(vec![1, 0xff]));
        assert_eq!(ca.key_type, KeyType::EcdsaP384);
        assert_eq!(ca.path_length, PathLength::Limited(3));
        let network = SubtreeName::Network("10.0.0.0".parse().unwrap(), 8);
        assert_eq!(ca.permitted, [SubtreeName::Dns("example.com".into()), network]);
        assert_eq!(ca.excluded, [SubtreeName::Email("bad.example.com".into())]);
        assert_eq!(ca.crl_distribution_points, ["http://crl.example.com/ca.crl"]);
        let criticality = [
            (ExtensionKind::NameConstraints, true),
            (ExtensionKind::KeyUsage, false),
            (ExtensionKind::BasicConstraints, false),
        ];
        assert_eq!(ca.criticality, criticality);
        assert_eq!(ca.waive, [Rule::PathLengthSpent, Rule::LeafOutlivesCa]);

        let leaf = profile.certificate("leaf").unwrap();
        assert_eq!((leaf.usage, leaf.issuer.as_deref()), (Usage::Node, Some("ca")));
        let san = names(&[
            "leaf.example.com",
            "::1",
            "dba@example.com",
            "spiffe://example.com/db",
            "DNS:192.0.2.1",
        ]);
        assert_eq!(leaf.san, san);
        assert_eq!(leaf.validity.ending, Ending::After(lifetime("12h")));
        assert!(leaf.validity.stretches);
        assert_eq!(leaf.serial, SerialNumber::Random { bits: 64 });
        let purposes: Vec<ExtendedKeyUsage> =
            ["codeSigning", "1.3.6.1.5.5.7.3.17"].iter().map(|text| text.parse().unwrap()).collect();
        assert_eq!(leaf.extended_key_usages, purposes);
        assert_eq!(leaf.append, ["ca"]);

        assert_eq!(profile.bundles.len(), 1);
        assert_eq!(profile.bundles[0].file, "trust.pem");
        assert_eq!(profile.bundles[0].certificates, ["leaf", "ca"]);
    }

    #[test]
    fn what_is_left_out_has_the_default_that_the_guide_would_take() {
        let profile = read(&format!(
            "{ROOT}[[certificate]]\nname = \"i\"\nusage = \"intermediate-ca\"\nissuer = \"root\"\n\
             [[certificate]]\nname = \"s\"\nusage = \"server\"\nissuer = \"i\"\n"
        ));
        assert_eq!((profile.summary.as_str(), profile.source.as_str()), ("", ""));
        for (name, days) in [("root", 3650), ("i", 1825), ("s", 365)] {
            let entry = profile.certificate(name).unwrap();
            assert_eq!(entry.validity.ending, Ending::After(Lifetime::days(days)), "{name}");
            assert_eq!(entry.validity.not_before, None, "{name}");
            assert!(entry.validity.stretches, "{name}");
            assert_eq!(entry.serial, SerialNumber::Random { bits: 128 }, "{name}");
            assert_eq!(entry.key_type, KeyType::EcdsaP256, "{name}");
            assert_eq!(entry.path_length, PathLength::Usual, "{name}");
            assert!(entry.subject.is_empty() && entry.san.is_empty(), "{name}");
            assert!(entry.append.is_empty() && entry.waive.is_empty(), "{name}");
        }
        assert!(profile.bundles.is_empty());
    }

    #[test]
    fn every_usage_rule_extension_and_key_type_is_known_by_its_id() {
        for usage in Usage::ALL {
            let issuer = if usage == Usage::IntermediateCa { "issuer = \"r\"\n" } else { "" };
            let text = format!(
                "name = \"t\"\n[[certificate]]\nname = \"x\"\nusage = \"{}\"\n{issuer}\
                 [[certificate]]\nname = \"r\"\nusage = \"root-ca\"\n",
                usage.id()
            );
            assert_eq!(read(&text).certificates[0].usage, usage);
        }
        for rule in Rule::ALL {
            assert_eq!(entry(LEAF, &format!("waive = [\"{rule}\"]\n")).waive, [rule]);
        }
        for kind in ExtensionKind::ALL {
            let text = format!(
                "name = \"t\"\n[[certificate]]\nname = \"r\"\nusage = \"root-ca\"\n\
                 [[certificate]]\nname = \"x\"\nusage = \"intermediate-ca\"\nissuer = \"r\"\nsan = [\"x\"]\n\
                 permitted_names = [\"x\"]\ncrl_distribution_points = [\"http://x/\"]\n\
                 extended_key_usages = [\"any\"]\ncritical = [\"{}\"]\n",
                kind.id()
            );
            assert_eq!(read(&text).certificates[1].criticality, [(kind, true)]);
        }
        for kind in KeyType::ALL {
            assert_eq!(entry(LEAF, &format!("key_type = \"{}\"\n", kind.id())).key_type, kind);
        }
    }

    #[test]
    fn a_serial_number_is_a_number_or_a_text_in_decimal_or_hexadecimal() {
        for (written, bytes) in [
            ("1", vec![1]),
            ("4660", vec![0x12, 0x34]),
            ("1_000", vec![0x03, 0xe8]),
            ("0x1234", vec![0x12, 0x34]),
            ("0xABC", vec![0x0a, 0xbc]),
            ("0xdead_beef", vec![0xde, 0xad, 0xbe, 0xef]),
            ("\"0x00ff\"", vec![0xff]),
            ("\"18446744073709551615\"", vec![0xff; 8]),
            ("\"0x7fffffffffffffffffffffffffffffffffffffff\"", [vec![0x7f], vec![0xff; 19]].concat()),
        ] {
            let found = entry(LEAF, &format!("serial = {written}\n"));
            assert_eq!(found.serial, SerialNumber::Given(bytes), "{written}");
        }
        for bits in [8, 159] {
            let found = entry(LEAF, &format!("serial_bits = {bits}\n"));
            assert_eq!(found.serial, SerialNumber::Random { bits });
        }
    }

    #[test]
    fn a_path_length_is_a_number_or_none() {
        for (written, found) in [
            ("0", PathLength::Limited(0)),
            ("255", PathLength::Limited(255)),
            ("\"none\"", PathLength::Unlimited),
        ] {
            assert_eq!(entry(ROOT, &format!("path_length = {written}\n")).path_length, found);
        }
    }

    #[test]
    fn instants_are_texts_dates_or_times_and_may_lie_in_the_past() {
        for written in [
            "\"1999-12-31\"",
            "1999-12-31",
            "1999-12-31T00:00:00Z",
            "1999-12-31 00:00:00Z",
            "1999-12-31T02:00:00+02:00",
            "\"19991231000000Z\"",
        ] {
            let found = entry(LEAF, &format!("not_before = {written}\nnot_after = {written}\n"));
            assert_eq!(found.validity.not_before, Some(instant("1999-12-31")), "{written}");
            assert_eq!(found.validity.ending, Ending::At(instant("1999-12-31")), "{written}");
        }
    }

    #[test]
    fn a_lifetime_goes_with_a_beginning() {
        let found = entry(LEAF, "not_before = 2026-05-01\nlifetime = \"2w\"\n");
        assert_eq!(found.validity.not_before, Some(instant("2026-05-01")));
        assert_eq!(found.validity.ending, Ending::After(lifetime("14d")));
    }

    #[test]
    fn subjects_repeat_attributes_hold_utf8_or_are_empty() {
        let found = entry(LEAF, "subject = \"O=PGDG,OU=Engineering,OU=Testing,CN=zoë\"\n");
        assert_eq!(found.subject.to_string(), "O=PGDG,OU=Engineering,OU=Testing,CN=zoë");
        assert!(entry(LEAF, "subject = \"\"\n").subject.is_empty());
        assert!(entry(LEAF, "san = []\n").san.is_empty());
    }

    #[test]
    fn name_constraints_take_domains_mail_and_networks_of_both_families() {
        let found = entry(
            ROOT,
            "permitted_names = [\".example.com\", \"DNS:example.org\", \"bücher.example\", \"fd00::/8\"]\n\
             excluded_names = [\"10.1.0.0/16\", \"email:example.net\"]\n",
        );
        let dns = |name: &str| SubtreeName::Dns(name.to_owned());
        let network = |text: &str, bits| SubtreeName::Network(text.parse().unwrap(), bits);
        let permitted =
            [dns(".example.com"), dns("example.org"), dns("xn--bcher-kva.example"), network("fd00::", 8)];
        assert_eq!(found.permitted, permitted);
        assert_eq!(found.excluded, [network("10.1.0.0", 16), SubtreeName::Email("example.net".into())]);
    }

    #[test]
    fn a_network_may_be_one_address_or_all() {
        let written = "permitted_names = [\"10.0.0.1/32\", \"::1/128\", \"0.0.0.0/0\"]\n";
        let network = |text: &str, bits| SubtreeName::Network(text.parse().unwrap(), bits);
        let expected = [network("10.0.0.1", 32), network("::1", 128), network("0.0.0.0", 0)];
        assert_eq!(entry(ROOT, written).permitted, expected);
        for written in ["10.0.0.1/33", "::1/129"] {
            let told = format!("t.toml:6:20: invalid name \"{written}\": its prefix length is too long\n");
            let found = refusal(&format!("{ROOT}permitted_names = [\"{written}\"]\n"));
            assert!(found.starts_with(&told), "{found}");
        }
    }

    #[test]
    fn a_constraint_on_mail_is_a_mailbox_a_host_or_a_domain_in_ascii() {
        for (written, name) in [
            ("email:dba@example.com", "dba@example.com"),
            ("email:example.com", "example.com"),
            ("email:.example.com", ".example.com"),
            ("email:bücher.example", "xn--bcher-kva.example"),
        ] {
            let found = entry(ROOT, &format!("permitted_names = [\"{written}\"]\n")).permitted;
            assert_eq!(found, [SubtreeName::Email(name.to_owned())]);
        }
        for bad in ["email:zoë@example.com", "email:", "email:a b", "email:@x"] {
            let found = refusal(&format!("{ROOT}permitted_names = [\"{bad}\"]\n"));
            assert!(found.starts_with("t.toml:6:20: invalid name \""), "{found}");
        }
    }

    #[test]
    fn an_address_without_its_prefix_length_is_no_constraint() {
        for bad in ["10.0.0.1", "::1", "IP:10.0.0.0", "IP:example.com", "10.0.0.0/x", "10.0.0.0/-1"] {
            let told =
                format!("t.toml:6:20: invalid name \"{bad}\": it is not a network such as 10.0.0.0/8\n");
            let found = refusal(&format!("{ROOT}permitted_names = [\"{bad}\"]\n"));
            assert!(found.starts_with(&told), "{found}");
        }
    }

    #[test]
    fn an_issuer_may_stand_behind_what_it_issues() {
        let profile = read(
            "name = \"t\"\n[[certificate]]\nname = \"s\"\nusage = \"server\"\nissuer = \"r\"\n\
             [[certificate]]\nname = \"r\"\nusage = \"root-ca\"\n",
        );
        assert_eq!(profile.certificates[0].name, "s", "the order is that of the text");
    }
}

mod templates {
    //! `{key}` of `[set]`, in every string of a profile.
    use super::*;

    const EVERYWHERE: &str = r#"
        name = "n-{x}"
        summary = "s {x} {x}"
        source = "{x}"
        [set]
        x = "7"
        dotted = "a.b"
        [[certificate]]
        name = "root{x}"
        usage = "{usage}"
        subject = "CN=root{x}"
        san = ["h{x}.{dotted}", "localhost"]
        lifetime = "{x}d"
        not_before = "2026-01-0{x}"
        serial = "0x{x}"
        key_type = "ecdsa-p256"
        path_length = "{x}"
        permitted_names = ["h{x}.{dotted}"]
        crl_distribution_points = ["http://{dotted}/{x}"]
        extended_key_usages = ["1.2.{x}"]
        waive = ["{rule}"]
        [[certificate]]
        name = "leaf"
        usage = "client"
        issuer = "root{x}"
        append = ["root{x}"]
        serial_bits = "1{x}"
        [[bundle]]
        file = "bundle{x}.crt"
        certificates = ["root{x}"]
    "#;

    #[test]
    fn a_setting_is_put_into_every_string() {
        let text =
            EVERYWHERE.replace("dotted = ", "usage = \"root-ca\"\nrule = \"wildcard-place\"\ndotted = ");
        let profile = read(&text);
        assert_eq!((profile.name.as_str(), profile.summary.as_str()), ("n-7", "s 7 7"));
        assert_eq!(profile.source, "7");
        let root = profile.certificate("root7").unwrap();
        assert_eq!(root.usage, Usage::RootCa);
        assert_eq!(root.subject.to_string(), "CN=root7");
        assert_eq!(root.san, names(&["h7.a.b", "localhost"]));
        assert_eq!(root.validity.ending, Ending::After(Lifetime::days(7)));
        assert_eq!(root.validity.not_before, Some(instant("2026-01-07")));
        assert_eq!(root.serial, SerialNumber::Given(vec![7]));
        assert_eq!(root.path_length, PathLength::Limited(7));
        assert_eq!(root.permitted, [SubtreeName::Dns("h7.a.b".into())]);
        assert_eq!(root.crl_distribution_points, ["http://a.b/7"]);
        assert_eq!(root.extended_key_usages, ["1.2.7".parse().unwrap()]);
        assert_eq!(root.waive, [Rule::WildcardPlace]);
        let leaf = profile.certificate("leaf").unwrap();
        assert_eq!(leaf.issuer.as_deref(), Some("root7"));
        assert_eq!(leaf.append, ["root7"]);
        assert_eq!(leaf.serial, SerialNumber::Random { bits: 17 });
        assert_eq!(profile.bundles[0].file, "bundle7.crt");
        assert_eq!(profile.bundles[0].certificates, ["root7"]);
    }

    #[test]
    fn a_setting_is_taken_as_it_is_and_not_looked_into_again() {
        let text = "name = \"{a}\"\n[set]\na = \"{b}\"\nb = \"x\"\n";
        let text = format!("{text}[[certificate]]\nname = \"r\"\nusage = \"root-ca\"\n");
        assert_eq!(read(&text).name, "{b}");
    }

    #[test]
    fn a_brace_that_nothing_closes_is_a_brace() {
        assert_eq!(entry(LEAF, "subject = \"CN=a{b\"\n").subject.to_string(), "CN=a{b");
        assert_eq!(entry(LEAF, "subject = \"CN=a}b\"\n").subject.to_string(), "CN=a}b");
    }

    #[test]
    fn an_unknown_setting_names_the_nearest() {
        let text = format!("{LEAF}subject = \"CN={{domian}}\"\n[set]\ndomain = \"x.y\"\nteam = \"z\"\n");
        let text = text.replace("[set]", "[[certificate]]\nname = \"r\"\nusage = \"root-ca\"\n[set]");
        assert_eq!(
            refusal(&text),
            "t.toml:6:11: unknown setting \"domian\"\ndetail: Known here: domain, team.\n\
             hint: Did you mean \"domain\"?"
        );
        assert_eq!(
            refusal(&format!("{LEAF}san = [\"a\", \"{{x}}\"]\n")),
            "t.toml:6:13: unknown setting \"x\"\nhint: See \"pgtls profiles intermediate\" for an example."
        );
    }
}

mod refused {
    //! Every mistake, with its place, its detail and its hint.
    use super::*;

    const KNOWN_IN_CERTIFICATE: &str = "detail: Known here: name, usage, issuer, subject, key_type, append, san, \
        not_before, not_after, lifetime, serial, serial_bits, path_length, permitted_names, excluded_names, \
        crl_distribution_points, extended_key_usages, critical, not_critical, waive.";

    #[test]
    fn what_is_not_toml_is_refused_where_it_stops_being_toml() {
        for (text, place) in [("name = \n", "1:8"), ("name = \"t\"\n[[certificate]\n", "2:15")] {
            let told = refusal(text);
            assert!(told.starts_with(&format!("t.toml:{place}: ")), "{told}");
            assert!(
                told.ends_with("\nhint: A profile is TOML; see \"pgtls profiles intermediate\"."),
                "{told}"
            );
            assert!(!told.contains("detail: "), "{told}");
        }
        assert!(refusal("name = \"a\"\nname = \"b\"\n").starts_with("t.toml:2:1: duplicate key"));
    }

    #[test]
    fn an_unknown_key_is_refused_at_each_level_with_the_nearest_that_is_known() {
        assert_eq!(
            refusal(&format!("sumary = \"x\"\n{ROOT}")),
            "t.toml:1:1: unknown key \"sumary\"\n\
             detail: Known here: name, summary, source, certificate, bundle, set.\n\
             hint: Did you mean \"summary\"?"
        );
        assert_eq!(
            refusal(&format!("{ROOT}[[bundel]]\nfile = \"x\"\n")),
            "t.toml:6:3: unknown key \"bundel\"\n\
             detail: Known here: name, summary, source, certificate, bundle, set.\n\
             hint: Did you mean \"bundle\"?"
        );
        // A key that must be there, misspelt: that, and not that it is missing.
        assert_eq!(
            refusal(&ROOT.replace("usage", "usgae")),
            "t.toml:5:1: unknown key \"usgae\"\nhint: Did you mean \"usage\"?"
        );
        assert_eq!(
            refusal(&format!("{ROOT}lifetme = \"1d\"\n")),
            format!(
                "t.toml:6:1: unknown key \"lifetme\"\n{KNOWN_IN_CERTIFICATE}\nhint: Did you mean \"lifetime\"?"
            )
        );
        assert_eq!(
            refusal(&format!("{ROOT}colour = \"red\"\n")),
            format!(
                "t.toml:6:1: unknown key \"colour\"\n{KNOWN_IN_CERTIFICATE}\n\
                 hint: See \"pgtls profiles intermediate\" for an example."
            )
        );
        assert_eq!(
            refusal(&format!("{ROOT}[[bundle]]\nfile = \"x\"\ncerts = [\"root\"]\n")),
            "t.toml:8:1: unknown key \"certs\"\ndetail: Known here: file, certificates.\n\
             hint: See \"pgtls profiles intermediate\" for an example."
        );
    }

    #[test]
    fn of_several_unknown_keys_the_first_in_the_text_is_named() {
        let told = refusal(&format!("{ROOT}zzz = 1\naaa = 2\n"));
        assert!(told.starts_with("t.toml:6:1: unknown key \"zzz\"\n"), "{told}");
    }

    #[test]
    fn a_value_of_another_type_is_told_what_it_is_and_what_it_should_be() {
        for (text, told) in [
            (format!("{ROOT}subject = 1\n"), "t.toml:6:11: \"subject\" is an integer, not a string"),
            (format!("{ROOT}subject = true\n"), "t.toml:6:11: \"subject\" is a boolean, not a string"),
            (format!("{ROOT}san = \"x\"\n"), "t.toml:6:7: \"san\" is a string, not a list of strings"),
            (format!("{ROOT}san = [\"x\", 1.5]\n"), "t.toml:6:13: \"san\" is a float, not a string"),
            (
                format!("{ROOT}lifetime = 1.5\n"),
                "t.toml:6:12: \"lifetime\" is a float, not a span such as \"365d\"",
            ),
            (format!("{ROOT}not_after = []\n"), "t.toml:6:13: \"not_after\" is an array, not an instant"),
            (format!("{ROOT}serial = true\n"), "t.toml:6:10: \"serial\" is a boolean, not a number"),
            (format!("{ROOT}serial_bits = {{}}\n"), "t.toml:6:15: \"serial_bits\" is a table, not a number"),
            (format!("{ROOT}path_length = []\n"), "t.toml:6:15: \"path_length\" is an array, not a number"),
            (
                "name = \"t\"\ncertificate = 7\n".to_owned(),
                "t.toml:2:15: \"certificate\" is an integer, not an array of tables",
            ),
            (
                "name = \"t\"\ncertificate = [7]\n".to_owned(),
                "t.toml:2:16: \"certificate\" is an integer, not a table",
            ),
            (format!("set = \"x\"\n{ROOT}"), "t.toml:1:7: \"set\" is a string, not a table"),
            (format!("set.domain = 7\n{ROOT}"), "t.toml:1:14: \"domain\" is an integer, not a string"),
        ] {
            assert_eq!(refusal(&text), told);
        }
    }

    #[test]
    fn a_key_that_must_be_there_is_asked_for() {
        for (text, told) in [
            (
                "[[certificate]]\nname = \"x\"\nusage = \"server\"\n".to_owned(),
                "t.toml:1:1: \"name\" is missing in the profile\nhint: Add a line name = ...",
            ),
            (
                "name = \"t\"\n[[certificate]]\nusage = \"server\"\n".to_owned(),
                "t.toml:2:1: \"name\" is missing in [[certificate]]\nhint: Add a line name = ...",
            ),
            (
                "name = \"t\"\n[[certificate]]\nname = \"x\"\n".to_owned(),
                "t.toml:2:1: \"usage\" is missing in [[certificate]]\nhint: Add a line usage = ...",
            ),
            (
                "name = \"t\"\n".to_owned(),
                "t.toml:1:1: \"[[certificate]]\" is missing in the profile\nhint: Add a table [[certificate]].",
            ),
            (
                format!("{ROOT}\n[[bundle]]\ncertificates = [\"root\"]\n"),
                "t.toml:7:1: \"file\" is missing in [[bundle]]\nhint: Add a line file = ...",
            ),
            (
                format!("{ROOT}\n[[bundle]]\nfile = \"x\"\n"),
                "t.toml:7:1: \"certificates\" is missing in [[bundle]]\nhint: Add a line certificates = ...",
            ),
            (
                format!("{ROOT}\n[[bundle]]\nfile = \"x\"\ncertificates = []\n"),
                "t.toml:7:1: \"certificates\" is missing in [[bundle]]\nhint: Add a line certificates = ...",
            ),
        ] {
            assert_eq!(refusal(&text), told);
        }
    }

    #[test]
    fn an_unknown_word_is_told_with_all_that_are_known() {
        assert_eq!(
            refusal("name = \"t\"\n[[certificate]]\nname = \"x\"\nusage = \"sever\"\n"),
            "t.toml:4:9: unknown usage \"sever\"\n\
             detail: Known here: root-ca, intermediate-ca, server, client, node, bare.\n\
             hint: Did you mean \"server\"?"
        );
        assert_eq!(
            refusal(&format!("{LEAF}waive = [\"wildcard-place\", \"wild-card\"]\n")),
            "t.toml:6:28: unknown rule \"wild-card\"\n\
             detail: Known here: common-name-too-long, eddsa-signs-server, issuer-is-no-ca, leaf-outlives-ca, \
             named-like-its-ca, outside-name-constraints, path-length-spent, role-name-too-long, wildcard-place.\n\
             hint: See \"pgtls profiles intermediate\" for an example."
        );
        for key in ["critical", "not_critical"] {
            assert_eq!(
                refusal(&format!("{LEAF}{key} = [\"keyusage\"]\n")),
                format!(
                    "t.toml:6:{}: unknown extension \"keyusage\"\n\
                     detail: Known here: authorityKeyIdentifier, basicConstraints, crlDistributionPoints, \
                     extendedKeyUsage, keyUsage, nameConstraints, subjectAltName, subjectKeyIdentifier.\n\
                     hint: Did you mean \"keyUsage\"?",
                    key.len() + 5
                )
            );
        }
        assert_eq!(
            refusal(&format!("{LEAF}key_type = \"rsa-1024\"\n")),
            "t.toml:6:12: unknown key type \"rsa-1024\"\n\
             hint: Use one of ecdsa-p256, ecdsa-p384, ed25519, rsa-2048, rsa-3072, rsa-4096."
        );
        assert_eq!(
            refusal(&format!("{LEAF}extended_key_usages = [\"serverauth\", \"telnet\"]\n")),
            "t.toml:6:38: unknown extended key usage \"telnet\"\n\
             hint: Use serverAuth, clientAuth, codeSigning, emailProtection, timeStamping, OCSPSigning, any, or an \
             object identifier such as 1.3.6.1.5.5.7.3.17."
        );
    }

    #[test]
    fn an_unknown_certificate_is_refused_where_it_is_named() {
        let hint = "detail: Known here: root.\nhint: Did you mean \"root\"?";
        let bundle = format!("{ROOT}[[bundle]]\nfile = \"x\"\ncertificates = [\"root\", \"rot\"]\n");
        assert_eq!(refusal(&bundle), format!("t.toml:8:25: unknown certificate \"rot\"\n{hint}"));
        let append = format!("{ROOT}append = [\"root\", \"rot\"]\n");
        assert_eq!(refusal(&append), format!("t.toml:6:19: unknown certificate \"rot\"\n{hint}"));
        let issuer = format!("{LEAF}issuer = \"sever\"\n");
        assert_eq!(
            refusal(&issuer),
            "t.toml:6:10: unknown certificate \"sever\"\ndetail: Known here: server.\n\
             hint: Did you mean \"server\"?"
        );
    }

    #[test]
    fn among_many_certificates_the_nearest_is_named_and_not_all() {
        let mut text = "name = \"t\"\n".to_owned();
        for number in 10..22 {
            text += &format!("[[certificate]]\nname = \"node{number}\"\nusage = \"node\"\n");
        }
        text += "append = [\"nod21\"]\n";
        assert_eq!(
            refusal(&text),
            "t.toml:38:11: unknown certificate \"nod21\"\nhint: Did you mean \"node21\"?"
        );
    }

    #[test]
    fn a_span_an_instant_a_name_or_a_subject_that_is_none_is_refused_in_its_own_words() {
        let spans = "hint: Give a whole number and a unit: 12h, 90d, 52w or 20y.";
        let instants = "hint: Write it like 2027-11-21 or 2027-11-21T18:30:00Z (UTC).";
        let names = "hint: Give a host name, an IP address, an e-mail address or a URI; DNS:, IP:, email: or URI: \
             in front forces the type.";
        let subjects = "hint: Write it like O=PGDG,OU=Engineering,CN=db1; put a backslash before a comma that \
             belongs to a value.";
        let no_unit = "it is not a number with one of the units s, m, h, d, w, y";
        for (line, told) in [
            ("lifetime = \"ten\"", format!("t.toml:6:12: invalid lifetime \"ten\": {no_unit}\n{spans}")),
            ("lifetime = 365", format!("t.toml:6:12: invalid lifetime \"365\": {no_unit}\n{spans}")),
            (
                "lifetime = \"0d\"",
                format!("t.toml:6:12: invalid lifetime \"0d\": it must be more than zero\n{spans}"),
            ),
            ("not_before = \"now\"", format!("t.toml:6:14: invalid instant \"now\"\n{instants}")),
            (
                "not_after = 2027-01-01T00:00:00",
                format!("t.toml:6:13: invalid instant \"2027-01-01T00:00:00\"\n{instants}"),
            ),
            ("not_after = 10:00:00", format!("t.toml:6:13: invalid instant \"10:00:00\"\n{instants}")),
            (
                "san = [\"localhost\", \"a b\"]",
                format!("t.toml:6:21: invalid name \"a b\": it contains a space\n{names}"),
            ),
            ("san = [\"\"]", format!("t.toml:6:8: invalid name \"\": it is empty\n{names}")),
            (
                "subject = \"CN\"",
                format!(
                    "t.toml:6:11: invalid subject \"CN\": an attribute is not written TYPE=VALUE\n{subjects}"
                ),
            ),
            (
                "crl_distribution_points = [\"nowhere\"]",
                format!("t.toml:6:28: invalid name \"URI:nowhere\": a URI has a scheme\n{names}"),
            ),
        ] {
            assert_eq!(refusal(&format!("{LEAF}{line}\n")), told);
        }
        for (line, told) in [
            (
                "permitted_names = [\"10.0.0.0/33\"]",
                format!("t.toml:6:20: invalid name \"10.0.0.0/33\": its prefix length is too long\n{names}"),
            ),
            (
                "excluded_names = [\"x/8\"]",
                format!("t.toml:6:19: invalid name \"x/8\": it is not a network such as 10.0.0.0/8\n{names}"),
            ),
            (
                "excluded_names = [\"..\"]",
                format!("t.toml:6:19: invalid name \".\": it has an empty label\n{names}"),
            ),
        ] {
            assert_eq!(refusal(&format!("{ROOT}{line}\n")), told);
        }
    }

    #[test]
    fn a_number_out_of_its_bounds_is_told_the_bounds() {
        let serial = "it can be a number above 0 of at most 20 bytes (RFC 5280 §4.1.2.2), in hexadecimal with 0x \
                      in front";
        let too_long = "0x80ffffffffffffffffffffffffffffffffffffff";
        for (written, shown) in [
            ("0", "0"),
            ("-1", "-1"),
            ("\"0x\"", "0x"),
            ("\"0x00\"", "0x00"),
            ("\"0xzz\"", "0xzz"),
            ("\"0x+1\"", "0x+1"),
            ("\"+1\"", "+1"),
            ("\"0xé\"", "0xé"),
            ("\"ff\"", "ff"),
            ("\"18446744073709551616\"", "18446744073709551616"),
            (&format!("\"{too_long}\""), too_long),
        ] {
            let told = refusal(&format!("{LEAF}serial = {written}\n"));
            assert_eq!(told, format!("t.toml:6:10: \"serial\" is {shown}; {serial}"));
        }
        for bits in ["7", "160", "-8", "0x10"] {
            let told = refusal(&format!("{LEAF}serial_bits = {bits}\n"));
            assert_eq!(told, format!("t.toml:6:15: \"serial_bits\" is {bits}; it can be 8 to 159"));
        }
        for length in ["256", "-1", "\"many\""] {
            let told = refusal(&format!("{ROOT}path_length = {length}\n"));
            let shown = length.trim_matches('"');
            assert_eq!(
                told,
                format!("t.toml:6:15: \"path_length\" is {shown}; it can be 0 to 255, or \"none\"")
            );
        }
    }

    #[test]
    fn keys_that_exclude_each_other_are_refused() {
        assert_eq!(
            refusal(&format!("{LEAF}lifetime = \"1d\"\nnot_after = 2030-01-01\n")),
            "t.toml:6:12: both \"not_after\" and \"lifetime\" are given\nhint: Leave one of them out."
        );
        assert_eq!(
            refusal(&format!("{LEAF}serial = 1\nserial_bits = 64\n")),
            "t.toml:7:15: both \"serial\" and \"serial_bits\" are given\nhint: Leave one of them out."
        );
        assert_eq!(
            refusal(&format!("{LEAF}path_length = 0\n")),
            "t.toml:6:15: \"path_length\" is given on a certificate that is no CA\nhint: Leave it out."
        );
        assert_eq!(
            refusal(&format!("{ROOT}issuer = \"root\"\n")),
            "t.toml:3:1: the root CA \"root\" names \"root\" as its issuer\n\
             hint: Leave \"issuer\" out, or make its usage intermediate-ca."
        );
        assert_eq!(
            refusal("name = \"t\"\n[[certificate]]\nname = \"i\"\nusage = \"intermediate-ca\"\n"),
            "t.toml:2:1: the intermediate CA \"i\" names no issuer\n\
             hint: Add issuer = \"NAME\", or make its usage root-ca."
        );
        for key in ["permitted_names", "excluded_names"] {
            assert_eq!(
                refusal(&format!("{LEAF}{key} = [\"example.com\"]\n")),
                "t.toml:3:1: \"server\" has name constraints, but is no CA\n\
                 hint: Move permitted_names and excluded_names to a CA."
            );
        }
    }

    #[test]
    fn a_bare_certificate_has_no_extension_of_any_kind() {
        for line in [
            "san = [\"localhost\"]",
            "permitted_names = [\"example.com\"]",
            "excluded_names = [\"example.com\"]",
            "crl_distribution_points = [\"http://x/y\"]",
            "extended_key_usages = [\"any\"]",
            "critical = [\"keyUsage\"]",
            "not_critical = [\"keyUsage\"]",
        ] {
            assert_eq!(
                refusal(&format!(
                    "{}{line}\n",
                    LEAF.replace("\"server\"\nusage = \"server\"", "\"x\"\nusage = \"bare\"")
                )),
                "t.toml:3:1: \"x\" is of usage bare, X.509 v1, which has no extensions\n\
                 hint: Take the extensions out of it, or give it another usage.",
                "{line}"
            );
        }
    }

    #[test]
    fn two_entries_for_one_file_are_refused() {
        let hint = "hint: Give each entry a name of its own.";
        let twice = format!("{ROOT}[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\n");
        assert_eq!(refusal(&twice), format!("t.toml:6:1: two entries for the file \"root.crt\"\n{hint}"));
        for file in ["root.crt", "root.key"] {
            let text = format!("{ROOT}[[bundle]]\ncertificates = [\"root\"]\nfile = \"{file}\"\n");
            assert_eq!(refusal(&text), format!("t.toml:8:8: two entries for the file \"{file}\"\n{hint}"));
        }
        let bundle = "[[bundle]]\nfile = \"x.crt\"\ncertificates = [\"root\"]\n";
        assert_eq!(
            refusal(&format!("{ROOT}{bundle}{bundle}")),
            format!("t.toml:10:8: two entries for the file \"x.crt\"\n{hint}")
        );
    }

    #[test]
    fn issuers_in_a_cycle_are_refused_with_the_way_round() {
        let certificate = |name: &str, issuer: &str| {
            format!(
                "[[certificate]]\nname = \"{name}\"\nusage = \"intermediate-ca\"\nissuer = \"{issuer}\"\n"
            )
        };
        let hint = "hint: Let one of them sign itself: leave its \"issuer\" out.";
        let itself = format!("name = \"t\"\n{}", certificate("a", "a"));
        assert_eq!(refusal(&itself), format!("t.toml:2:1: the issuers form a cycle: a -> a\n{hint}"));
        let two = format!("{ROOT}{}{}", certificate("a", "b"), certificate("b", "a"));
        assert_eq!(refusal(&two), format!("t.toml:6:1: the issuers form a cycle: a -> b -> a\n{hint}"));
        let three = format!(
            "name = \"t\"\n{}{}{}{}",
            certificate("below", "a"),
            certificate("a", "b"),
            certificate("b", "c"),
            certificate("c", "a")
        );
        assert_eq!(
            refusal(&three),
            format!("t.toml:6:1: the issuers form a cycle: a -> b -> c -> a\n{hint}")
        );
    }

    #[test]
    fn a_file_name_that_leaves_the_directory_or_hides_in_it_is_refused() {
        let hint =
            "hint: Use letters, digits, dot, hyphen and underscore, and begin with a letter or a digit.";
        let long = "x".repeat(201);
        let texts = [
            "../x",
            ".x",
            "..",
            "",
            "a/b",
            "/etc/x",
            "-x",
            "a b",
            "a\\u0000b",
            "zoë",
            "a\\\\b",
            long.as_str(),
        ];
        for written in texts {
            let shown = written.replace("\\u0000", "\0").replace("\\\\", "\\");
            let fact = format!("\"{shown}\" cannot be the name of a file here\n{hint}");
            let certificate =
                format!("name = \"t\"\n[[certificate]]\nname = \"{written}\"\nusage = \"node\"\n");
            assert_eq!(refusal(&certificate), format!("t.toml:3:8: {fact}"));
            let bundle = format!("{ROOT}[[bundle]]\nfile = \"{written}\"\ncertificates = [\"root\"]\n");
            assert_eq!(refusal(&bundle), format!("t.toml:7:8: {fact}"));
        }
        let allowed = format!("9_a.B-{}", "x".repeat(194));
        read(&format!("name = \"t\"\n[[certificate]]\nname = \"{allowed}\"\nusage = \"node\"\n"));
    }

    #[test]
    fn a_column_counts_characters_and_a_line_ends_in_lf_or_crlf() {
        let wide = "name = \"t\"\n[[certificate]]\nname = \"x\"\nusage = \"node\"\nsan = [\"zoë.ü.日本\", \"a b\"]\n";
        let place = "t.toml:5:20: invalid name \"a b\": it contains a space\n";
        assert!(refusal(wide).starts_with(place), "{}", refusal(wide));
        let told = refusal(&wide.replace('\n', "\r\n"));
        assert!(told.starts_with(place), "{told}");
    }

    #[test]
    fn an_error_says_the_origin_that_it_was_given_and_keeps_its_cause() {
        let error = parse("dir/my profile.toml", &format!("{LEAF}lifetime = \"x\"\n"), &Overrides::default());
        let error = error.unwrap_err();
        assert!(error.to_string().starts_with("dir/my profile.toml:6:12: invalid lifetime"), "{error}");
        assert_eq!(error.position.map(|place| (place.line, place.column)), Some((6, 12)));
    }
}

mod overrides {
    //! Each flag: what it changes, and when it is refused.
    use super::*;

    fn laid(name: &str, overrides: Overrides) -> Profile {
        let text = builtin(name).unwrap().text;
        parse(name, text, &overrides).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The profile with the flags, and the same without, but for one entry.
    fn differing(name: &str, overrides: Overrides) -> Vec<String> {
        let (plain, laid) = (laid(name, Overrides::default()), laid(name, overrides));
        assert_eq!(plain.bundles, laid.bundles);
        let pairs = plain.certificates.iter().zip(&laid.certificates);
        pairs.filter(|(one, other)| one != other).map(|(one, _)| one.name.clone()).collect()
    }

    const CLIENT_ONLY: &str = "name = \"t\"\n[[certificate]]\nname = \"client\"\nusage = \"client\"\n";

    #[test]
    fn no_flag_changes_nothing() {
        for name in ["intermediate", "root-only", "self-signed"] {
            assert!(differing(name, Overrides::default()).is_empty());
        }
    }

    #[test]
    fn a_setting_is_replaced_by_set_and_by_domain_which_wins() {
        let set = vec![("domain".to_owned(), "set.test".to_owned())];
        let root = |overrides| laid("intermediate", overrides).certificates[0].subject.to_string();
        assert_eq!(root(Overrides { set: set.clone(), ..Overrides::default() }), "CN=root.set.test");
        let domain = Some("dom.test".to_owned());
        assert_eq!(root(Overrides { domain: domain.clone(), ..Overrides::default() }), "CN=root.dom.test");
        let server = names(&["db.srv.test"]);
        assert_eq!(root(Overrides { server: server.clone(), ..Overrides::default() }), "CN=root.srv.test");
        assert_eq!(
            root(Overrides { server: server.clone(), set: set.clone(), ..Overrides::default() }),
            "CN=root.set.test"
        );
        assert_eq!(root(Overrides { server, set, domain, ..Overrides::default() }), "CN=root.dom.test");
    }

    #[test]
    fn a_setting_that_the_profile_has_not_is_refused_without_a_place() {
        let set = vec![("domian".to_owned(), "x".to_owned())];
        let overrides = Overrides { set, ..Overrides::default() };
        let text = builtin("intermediate").unwrap().text;
        assert_eq!(
            refusal_of(text, &overrides),
            "t.toml: unknown setting \"domian\"\ndetail: Known here: domain.\nhint: Did you mean \"domain\"?"
        );
        let domain = Overrides { domain: Some("x".to_owned()), ..Overrides::default() };
        assert_eq!(
            refusal_of(ROOT, &domain),
            "t.toml: unknown setting \"domain\"\nhint: See \"pgtls profiles intermediate\" for an example."
        );
        let server = Overrides { server: names(&["db.test"]), ..Overrides::default() };
        assert!(parse("t", LEAF, &server).is_ok(), "a name of the server needs no setting");
    }

    #[test]
    fn the_first_server_name_is_the_common_name_and_all_are_sans() {
        let server = names(&["10.0.0.5", "db.example.com", "::1"]);
        let overrides = Overrides { server: server.clone(), ..Overrides::default() };
        let profile = laid("intermediate", overrides);
        let entry = profile.certificate("server").unwrap();
        assert_eq!(entry.subject.to_string(), "CN=10.0.0.5");
        assert_eq!(entry.san, server);
        assert_eq!(profile.certificate("root").unwrap().subject.to_string(), "CN=root.10.0.0.5");
    }

    #[test]
    fn a_server_is_a_host_and_anything_else_is_for_san() {
        for (name, shown) in [("dba@example.com", "dba@example.com"), ("spiffe://x/y", "spiffe://x/y")] {
            let overrides = Overrides { server: names(&["db.test", name]), ..Overrides::default() };
            assert_eq!(
                refusal_of(LEAF, &overrides),
                format!(
                    "\"{shown}\" is not a host name or an IP address, which --server takes\n\
                     hint: Give it with --san, which takes e-mail addresses and URIs too."
                )
            );
        }
    }

    #[test]
    fn further_sans_follow_those_that_are_there_each_once() {
        let san = names(&["db.test", "dba@example.com"]);
        let overrides = Overrides { san: san.clone(), ..Overrides::default() };
        let profile = laid("self-signed", overrides);
        let before = names(&["dbhost.yourdomain.com", "localhost", "127.0.0.1", "::1"]);
        assert_eq!(profile.certificate("server").unwrap().san, [before, san.clone()].concat());
        let overrides = Overrides { server: names(&["db.test"]), san, ..Overrides::default() };
        let profile = laid("self-signed", overrides);
        assert_eq!(profile.certificate("server").unwrap().san, names(&["db.test", "dba@example.com"]));
        let overrides = Overrides { san: names(&["localhost", "x.test", "x.test"]), ..Overrides::default() };
        let found = laid("self-signed", overrides).certificate("server").unwrap().san.clone();
        let once = names(&["dbhost.yourdomain.com", "localhost", "127.0.0.1", "::1", "x.test"]);
        assert_eq!(found, once, "a SAN that the profile has already is not written twice");
    }

    #[test]
    fn a_client_takes_another_common_name_and_keeps_the_rest() {
        let overrides = Overrides { client: Some("alice, dba".to_owned()), ..Overrides::default() };
        let text = format!("{CLIENT_ONLY}subject = \"O=Acme,CN=kong\"\n");
        let profile = parse("t", &text, &overrides).unwrap();
        assert_eq!(profile.certificates[0].subject.to_string(), "O=Acme,CN=alice\\, dba");
        assert_eq!(differing("intermediate", overrides), ["client"]);
    }

    #[test]
    fn replication_is_one_more_client_under_the_clients_issuer() {
        let overrides = Overrides { replication: Some("primaryuser".to_owned()), ..Overrides::default() };
        let profile = laid("intermediate", overrides.clone());
        let (client, replication) =
            (profile.certificate("client").unwrap(), profile.certificate("replication").unwrap());
        assert_eq!(replication.subject.to_string(), "CN=primaryuser");
        let renamed = CertificateEntry {
            name: "replication".to_owned(),
            subject: replication.subject.clone(),
            ..client.clone()
        };
        assert_eq!(*replication, renamed);
        assert_eq!(profile.bundles.len(), 1, "one issuer, one trust file");

        let profile = laid("self-signed", overrides);
        assert_eq!(profile.bundles.len(), 1);
        assert_eq!(profile.bundles[0].file, "clients.crt");
        assert_eq!(profile.bundles[0].certificates, ["client", "replication"]);
    }

    #[test]
    fn a_serial_number_that_the_client_was_given_is_not_given_to_replication_too() {
        let text = format!("{CLIENT_ONLY}serial = 7\n");
        let overrides = Overrides { replication: Some("r".to_owned()), ..Overrides::default() };
        let profile = parse("t", &text, &overrides).unwrap();
        assert_eq!(profile.certificate("client").unwrap().serial, SerialNumber::Given(vec![7]));
        assert_eq!(profile.certificate("replication").unwrap().serial, SerialNumber::Random { bits: 128 });
    }

    #[test]
    fn a_replication_certificate_that_is_there_is_renamed() {
        let text = "name = \"t\"\n[[certificate]]\nname = \"replication\"\nusage = \"client\"\n\
                    subject = \"O=x,CN=old\"\n";
        let overrides = Overrides { replication: Some("new".to_owned()), ..Overrides::default() };
        let profile = parse("t", text, &overrides).unwrap();
        assert_eq!(profile.certificates.len(), 1);
        assert_eq!(profile.certificates[0].subject.to_string(), "O=x,CN=new");
    }

    #[test]
    fn a_bundle_is_not_called_a_key() {
        let text = format!("{CLIENT_ONLY}[[bundle]]\nfile = \"all.key\"\ncertificates = [\"client\"]\n");
        let found = refusal_of(&text, &Overrides::default());
        assert!(found.ends_with(
            "the bundle \"all.key\" holds certificates, but is called a key\nhint: Call it like chain.crt."
        ));
    }

    #[test]
    fn a_server_without_extensions_is_given_no_names() {
        let text = "name = \"t\"\n[[certificate]]\nname = \"server\"\nusage = \"bare\"\n";
        let overrides = Overrides { server: vec!["db1".parse().unwrap()], ..Overrides::default() };
        assert_eq!(
            refusal_of(text, &overrides),
            "--server is given, but \"server\" is of usage bare, X.509 v1, which has no SANs\n\
             hint: Leave --server out, or give the certificate another usage."
        );
    }

    #[test]
    fn replication_never_takes_a_file_that_another_entry_has() {
        let hint = "hint: Give each entry a name of its own.";
        let overrides = Overrides { replication: Some("r".to_owned()), ..Overrides::default() };
        let bundle = |file: &str| format!("[[bundle]]\nfile = \"{file}\"\ncertificates = [\"client\"]\n");
        for file in ["clients.crt", "replication.crt"] {
            assert_eq!(
                refusal_of(&format!("{CLIENT_ONLY}{}", bundle(file)), &overrides),
                format!("t.toml: two entries for the file \"{file}\"\n{hint}")
            );
        }
        let other = "[[certificate]]\nname = \"clients\"\nusage = \"client\"\n";
        assert_eq!(
            refusal_of(&format!("{CLIENT_ONLY}{other}"), &overrides),
            format!("t.toml: two entries for the file \"clients.crt\"\n{hint}")
        );
    }

    #[test]
    fn a_key_type_is_that_of_all_but_ed25519_never_that_of_a_ca() {
        let key_type = |key_type| Overrides { key_type: Some(key_type), ..Overrides::default() };
        assert_eq!(
            differing("intermediate", key_type(KeyType::EcdsaP384)),
            ["root", "intermediate", "server", "client"]
        );
        assert_eq!(differing("intermediate", key_type(KeyType::Ed25519)), ["server", "client"]);
        let both = Overrides {
            key_type: Some(KeyType::Rsa2048),
            ca_key_type: Some(KeyType::Rsa4096),
            ..Overrides::default()
        };
        let kinds: Vec<_> =
            laid("intermediate", both).certificates.iter().map(|entry| entry.key_type).collect();
        assert_eq!(kinds, [KeyType::Rsa4096, KeyType::Rsa4096, KeyType::Rsa2048, KeyType::Rsa2048]);
        let ca = Overrides { ca_key_type: Some(KeyType::Ed25519), ..Overrides::default() };
        assert_eq!(differing("intermediate", ca), ["root", "intermediate"]);
    }

    #[test]
    fn an_end_is_that_of_every_end_entity() {
        for ending in [Ending::After(lifetime("7d")), Ending::At(instant("2030-01-01"))] {
            let overrides = Overrides { ending: Some(ending), ..Overrides::default() };
            let profile = laid("intermediate", overrides.clone());
            assert_eq!(differing("intermediate", overrides), ["server", "client"]);
            assert_eq!(profile.certificate("server").unwrap().validity.ending, ending);
        }
    }

    #[test]
    fn the_lifetime_of_a_ca_is_meant_and_no_longer_stretches() {
        let days = Some(lifetime("9d"));
        for (overrides, name) in [
            (Overrides { ca_lifetime: days, ..Overrides::default() }, "root"),
            (Overrides { intermediate_lifetime: days, ..Overrides::default() }, "intermediate"),
        ] {
            assert_eq!(differing("intermediate", overrides.clone()), [name]);
            let validity = laid("intermediate", overrides).certificate(name).unwrap().validity;
            assert_eq!(validity.ending, Ending::After(lifetime("9d")));
            assert!(!validity.stretches);
        }
    }

    #[test]
    fn no_append_leaves_a_leaf_alone_and_for_the_client_replication_too() {
        let of = |names: &[&str]| Overrides {
            no_append: names.iter().map(|name| (*name).to_owned()).collect(),
            replication: Some("r".to_owned()),
            ..Overrides::default()
        };
        let alone = |overrides| -> Vec<String> {
            let profile = laid("intermediate", overrides);
            let alone = profile.certificates.iter().filter(|entry| entry.append.is_empty());
            alone.map(|entry| entry.name.clone()).collect()
        };
        assert_eq!(alone(of(&[])), ["root", "intermediate"]);
        assert_eq!(alone(of(&["server"])), ["root", "intermediate", "server"]);
        assert_eq!(alone(of(&["client"])), ["root", "intermediate", "client", "replication"]);
        assert_eq!(
            alone(of(&["server", "client"])),
            ["root", "intermediate", "server", "client", "replication"]
        );
    }

    #[test]
    fn a_flag_without_a_certificate_to_apply_to_is_refused() {
        let some = || Some("x".to_owned());
        for (overrides, flag, name) in [
            (Overrides { server: names(&["x"]), ..Overrides::default() }, "--server", "server"),
            (Overrides { san: names(&["x"]), ..Overrides::default() }, "--san", "server"),
            (Overrides { client: some(), ..Overrides::default() }, "--client", "client"),
            (Overrides { replication: some(), ..Overrides::default() }, "--replication", "client"),
            (
                Overrides { no_append: vec!["server".to_owned()], ..Overrides::default() },
                "--no-append",
                "server",
            ),
        ] {
            assert_eq!(
                refusal_of(ROOT, &overrides),
                format!(
                    "{flag} is given, but the profile \"t\" has no certificate \"{name}\"\n\
                     hint: Leave {flag} out, or name one of its certificates \"{name}\"."
                )
            );
        }
    }

    #[test]
    fn a_flag_without_a_ca_to_apply_to_is_refused() {
        let days = Some(lifetime("9d"));
        let kind = Some(KeyType::EcdsaP256);
        for (text, overrides, flag) in [
            (LEAF, Overrides { ca_lifetime: days, ..Overrides::default() }, "--ca-lifetime"),
            (LEAF, Overrides { ca_key_type: kind, ..Overrides::default() }, "--ca-key-type"),
            (
                ROOT,
                Overrides { intermediate_lifetime: days, ..Overrides::default() },
                "--intermediate-lifetime",
            ),
        ] {
            assert_eq!(
                refusal_of(text, &overrides),
                format!(
                    "{flag} is given, but the profile \"t\" has no such CA\n\
                     hint: Leave {flag} out, or use a profile with one."
                )
            );
        }
    }

    #[test]
    fn the_domain_of_a_host_is_what_follows_its_first_label_if_that_is_no_top_level() {
        for (name, domain) in [
            ("db.example.com", "example.com"),
            ("a.b.example.com", "b.example.com"),
            ("example.com", "example.com"),
            ("db.test", "db.test"),
            ("localhost", "localhost"),
            ("*.example.com", "example.com"),
            ("*.test", "test"),
            ("10.0.0.5", "10.0.0.5"),
            ("::1", "1"),
            ("fd00::5", "fd00-5"),
            ("DNS:db.example.com.", "example.com"),
            ("DNS:10.0.0.5", "0.0.5"),
            ("dba@mail.example.com", "dba@mail.example.com"),
        ] {
            assert_eq!(domain_of(&name.parse().unwrap()), domain, "{name}");
        }
    }
}

mod builtins {
    //! The profiles that come with the binary.
    use super::*;

    #[test]
    fn there_is_one_for_each_file_under_its_name_and_it_is_that_file() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/profiles");
        let mut files: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let mut names: Vec<String> =
            BUILTINS.iter().map(|profile| format!("{}.toml", profile.name)).collect();
        names.sort();
        assert_eq!(names, files);
        for profile in BUILTINS {
            let text = fs::read_to_string(format!("{folder}/{}.toml", profile.name)).unwrap();
            assert_eq!(profile.text, text, "what is printed is what the file holds");
            assert_eq!(builtin(profile.name), Some(profile));
        }
        assert_eq!(builtin("chain"), None, "a layout's name, which the command line resolves");
    }

    #[test]
    fn each_opens_with_the_document_that_it_mirrors_and_says_the_same_in_source() {
        for profile in BUILTINS {
            let parsed = parse(profile.name, profile.text, &Overrides::default()).unwrap();
            assert_eq!(parsed.name, profile.name);
            let (guide, section) = parsed.source.split_once(", '").unwrap();
            let section = section.strip_suffix('\'').unwrap();
            let first = profile.text.lines().next().unwrap();
            let (publisher, title) = guide.split_once(": ").unwrap();
            assert!(first.starts_with(&format!("# Mirrors {publisher}, \"{title}\": ")), "{first}");
            assert!(first.ends_with(&format!("\"{section}\".")), "{first}");
        }
    }

    #[test]
    fn each_summary_names_what_is_made_with_what_signs_first() {
        for (name, summary, made) in [
            (
                "intermediate",
                "root -> intermediate -> server and client",
                &["root", "intermediate", "server", "client"][..],
            ),
            ("root-only", "root -> server and client", &["root", "server", "client"][..]),
            (
                "self-signed",
                "a server and a client that sign themselves; for testing only",
                &["server", "client"][..],
            ),
            (
                "split-ca",
                "a CA for the server, and another for clients and replication",
                &["ca-server", "ca-client", "server", "client"][..],
            ),
            (
                "pgo-v4",
                "root -> intermediate -> server and replication, for Crunchy PGO 4",
                &["root", "intermediate", "server", "replication"][..],
            ),
            (
                "pgo-v5",
                "root -> intermediate -> server and replication, for Crunchy PGO 5",
                &["root", "intermediate", "server", "replication"][..],
            ),
            (
                "cnpg",
                "root -> intermediate -> server, replication and client, for CloudNativePG",
                &["root", "intermediate", "server", "replication", "client"][..],
            ),
            (
                "zalando",
                "root -> intermediate -> server and client, for Zalando's operator",
                &["root", "intermediate", "server", "client"][..],
            ),
            (
                "patroni",
                "root -> intermediate -> three nodes, replication and client, for Patroni",
                &["root", "intermediate", "node.n1", "node.n2", "node.n3", "replication", "client"][..],
            ),
        ] {
            let parsed = parse(name, builtin(name).unwrap().text, &Overrides::default()).unwrap();
            assert_eq!(parsed.summary, summary);
            let names: Vec<&str> = parsed.certificates.iter().map(|entry| entry.name.as_str()).collect();
            assert_eq!(names, made);
        }
    }

    #[test]
    fn none_waives_a_rule_and_each_has_names_to_set() {
        for profile in BUILTINS {
            let is_for_a_cluster = profile.text.contains("\ncluster ");
            let set = |key: &str, value: &str| (key.to_owned(), value.to_owned());
            let overrides = match is_for_a_cluster {
                true => Overrides {
                    set: vec![set("cluster", "db"), set("namespace", "prod")],
                    ..Overrides::default()
                },
                false => Overrides { domain: Some("example.org".to_owned()), ..Overrides::default() },
            };
            let parsed = parse(profile.name, profile.text, &overrides).unwrap();
            assert!(parsed.certificates.iter().all(|entry| entry.waive.is_empty()));
            let shown = format!("{:?}", parsed.certificates);
            for example in ["hippo", "pgo", "yourdomain"] {
                assert!(!shown.contains(example), "{}: {example} stays", profile.name);
            }
            if !is_for_a_cluster {
                let server = parsed.certificate("server").unwrap();
                assert_eq!(server.subject.to_string(), "CN=dbhost.example.org");
                assert_eq!(server.san[0].to_string(), "DNS:dbhost.example.org");
            }
        }
    }
}
