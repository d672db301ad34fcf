#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]
use super::*;
use crate::diagnosis::Diagnosis;
use crate::settings::memory::Memory;

fn read_with(version: Option<u32>, files: &[(&str, &str)]) -> Result<HbaFile, SettingsError> {
    read(Path::new("/d/pg_hba.conf"), version, &Memory::with(files))
}

fn of(text: &str) -> HbaFile {
    read_with(None, &[("/d/pg_hba.conf", text)]).unwrap()
}

fn refusal(version: Option<u32>, text: &str) -> String {
    match read_with(version, &[("/d/pg_hba.conf", text)]).unwrap_err() {
        SettingsError::Hba { place, problem, .. } => format!("{place}: {problem}"),
        other => other.to_string(),
    }
}

#[test]
fn a_refused_line_is_told_with_the_column_of_the_word_at_fault() {
    for (text, place) in [
        ("hostsl all all all trust", "1:1"),
        ("  hostsl all all all trust", "1:3"),
        ("local all all trust\nlocal all all scram", "2:15"),
        ("local all all \\\nscram", "1:15"),
        ("local \"zo\u{eb}\",b all scram", "1:19"),
        ("local a,b all trust x=1", "1:21"),
        ("local a b peer map=m,  map", "1:24"),
        ("local all all", "1:14"),
        ("local all all  # no method", "1:27"),
        ("local all all trust,md5", "1:15"),
        ("host all all 192.0.2.1/33 trust", "1:14"),
        ("host all all 192.0.2.1 ffff:: trust", "1:24"),
        ("hostssl all all all trust map=x", "1:27"),
    ] {
        let error = read_with(None, &[("/d/pg_hba.conf", text)]).unwrap_err().to_string();
        assert!(error.starts_with(&format!("/d/pg_hba.conf:{place}: ")), "{text}: {error}");
    }
    let words = [("/d/pg_hba.conf", "local all all @m trust x"), ("/d/m", "\n\n   trust, md5")];
    let error = read_with(None, &words).unwrap_err().to_string();
    assert!(error.starts_with("/d/pg_hba.conf:1:15: multiple"), "{error}");
}

/// Words with a mark for quotes, as in `all+"all"`.
fn words(words: &[Word]) -> String {
    let word = |it: &Word| {
        let text = it.text.to_string_lossy();
        if it.quoted { format!("\"{text}\"") } else { text.into_owned() }
    };
    words.iter().map(word).collect::<Vec<_>>().join("+")
}

fn numbers(lines: &[HbaLine]) -> Vec<String> {
    lines.iter().map(|line| line.place.to_string()).collect()
}

fn network(address: &str, mask: &str) -> Option<Address> {
    Some(Address::Network { address: address.parse().unwrap(), mask: mask.parse().unwrap() })
}

#[test]
fn the_lines_that_concern_certificates_are_found_with_their_numbers() {
    let file = of("# TYPE DATABASE USER ADDRESS METHOD\n\
                   local all all peer map=x\n\
                   hostssl all alice all cert clientname=DN map=\"people\"\n\
                   \n\
                   hostssl all bob 192.0.2.0/24 scram-sha-256 clientcert=verify-full\n\
                   hostssl all carol ::1/128 trust clientcert=verify-ca # any\n\
                   host all all all md5\n\
                   hostnossl all all all scram-sha-256\n\
                   hostnogssenc all all samenet scram-sha-256\n\
                   hostgssenc all all samehost gss include_realm=0\n");
    let certificates: Vec<_> =
        file.needing_certificate().map(|line| (line.place.line, line.client_certificate)).collect();
    use ClientCertificate::{Optional, VerifyCa, VerifyFull};
    assert_eq!(certificates, [(3, VerifyFull), (5, VerifyFull), (6, VerifyCa)]);
    assert_eq!(file.scram_over_tls().map(|line| line.place.line).collect::<Vec<_>>(), [5, 7, 9]);
    let alice = &file.lines[1];
    assert_eq!(
        (alice.client_name, alice.map.as_deref()),
        (ClientName::DistinguishedName, Some("people".as_ref()))
    );
    assert_eq!((file.lines[0].method, file.lines[0].client_certificate), (Method::Peer, Optional));
    assert_eq!(file.lines[2].address, network("192.0.2.0", "255.255.255.0"));
    assert_eq!(file.lines[7].address, Some(Address::SameHost));
}

#[test]
fn words_are_told_apart_as_the_server_does() {
    for (text, databases, roles) in [
        ("local all all trust", "all", "all"),
        ("local\tall, \"all\",,x  +g trust", "all+\"all\"+x", "+g"),
        ("local \"a b\" \"c,\"\"d#\" trust", "\"a b\"", "\"c,\"d#\""),
        ("local a\"b c\"d \"\" trust", "ab cd", "\"\""),
        ("local a/b /^x$ trust#comment", "a/b", "/^x$"),
        ("local \"\"\"a\" @ trust", "\"\"a\"", "@"),
        ("local \\\n  a \\\n\\\nb trust", "a", "b"),
    ] {
        let line = &of(text).lines[0];
        assert_eq!((words(&line.databases), words(&line.roles)), (databases.into(), roles.into()), "{text}");
        assert_eq!(line.place.line, 1);
    }
    // A quote that is not closed takes the rest of the line along.
    assert_eq!(
        refusal(None, "local all \"all trust"),
        "/d/pg_hba.conf:1: end-of-line before authentication method"
    );
}

#[test]
fn a_backslash_continues_a_line_from_version_14() {
    let text = "local all all \\\ntrust\nlocal x y reject\n";
    assert_eq!(numbers(&of(text).lines), ["/d/pg_hba.conf:1", "/d/pg_hba.conf:3"]);
    let wanted = "/d/pg_hba.conf:1: invalid authentication method \"\\\"";
    assert_eq!(refusal(Some(13), text), wanted);
    // The backslash that is left stands before the place of the one that joined the lines, so it joins none itself.
    assert_eq!(
        refusal(None, "local all all trust \\\\\n\nx=1"),
        "/d/pg_hba.conf:1: authentication option not in name=value format: \\"
    );
    assert_eq!(of("local all all trust\\").lines.len(), 1);
    assert_eq!(of("# comment \\\nlocal all all trust\nlocal a b trust\r\n").lines[0].place.line, 3);
}

#[test]
fn addresses_are_read_as_the_server_reads_them() {
    for (field, address) in [
        ("all", Some(Address::All)),
        ("\"all\"", Some(Address::Name("all".into()))),
        (".example.com", Some(Address::Name(".example.com".into()))),
        ("192.0.2.1 255.255.255.0", network("192.0.2.1", "255.255.255.0")),
        ("0.0.0.0/0", network("0.0.0.0", "0.0.0.0")),
        ("::/0", network("::", "::")),
        ("2001:db8::1/32", network("2001:db8::1", "ffff:ffff::")),
        ("10.1/32", network("10.0.0.1", "255.255.255.255")),
        ("0x7f.1 255.0.0.0", network("127.0.0.1", "255.0.0.0")),
        ("fe80::1%eth0/64", network("fe80::1", "ffff:ffff:ffff:ffff::")),
        ("300.1.1.1", Some(Address::Name("300.1.1.1".into()))),
    ] {
        assert_eq!(of(&format!("host a b {field} trust")).lines[0].address, address, "{field}");
    }
}

#[test]
fn what_the_server_refuses_is_an_error_with_its_words() {
    for (line, message) in [
        ("hostsl all all all trust", "invalid connection type \"hostsl\""),
        ("HOST all all all trust", "invalid connection type \"HOST\""),
        ("host,local all all all trust", "multiple values specified for connection type"),
        ("local", "end-of-line before database specification"),
        ("local all", "end-of-line before role specification"),
        ("local all all", "end-of-line before authentication method"),
        ("host all all", "end-of-line before IP address specification"),
        ("host all all 192.0.2.1", "end-of-line before netmask specification"),
        ("host all all 192.0.2.1 trust", "invalid IP mask \"trust\""),
        ("host all all 192.0.2.1 ffff:: trust", "IP address and mask do not match: \"ffff::\""),
        ("host all all 192.0.2.1/33 trust", "invalid CIDR mask in address \"192.0.2.1/33\""),
        ("host all all ::1/129 trust", "invalid CIDR mask in address \"::1/129\""),
        ("host all all db/32 trust", "specifying both host name and CIDR mask is invalid: \"db/32\""),
        ("host all all a,b trust", "multiple values specified for IP address specification"),
        ("local all all scram", "invalid authentication method \"scram\""),
        ("local all all trust,md5", "multiple values specified for authentication method"),
        ("local all all cert", "cert authentication is only supported on hostssl connections"),
        ("host all all all cert", "cert authentication is only supported on hostssl connections"),
        ("host all all all peer", "peer authentication is only supported on local sockets"),
        ("local all all gss", "gss authentication is only supported on TCP/IP connections"),
        ("local all all trust map", "authentication option not in name=value format: map"),
        (
            "hostssl all all all trust clientcret=verify-ca",
            "unrecognized authentication option name: \"clientcret\"",
        ),
        (
            "host all all all trust clientcert=verify-ca",
            "clientcert can only be configured for \"hostssl\" rows",
        ),
        ("host all all all trust clientname=CN", "clientname can only be configured for \"hostssl\" rows"),
        ("hostssl all all all trust clientcert=1", "invalid value for clientcert: \"1\""),
        ("hostssl all all all trust clientname=dn", "invalid value for clientname: \"dn\""),
        (
            "hostssl all all all cert clientcert=verify-ca",
            "clientcert only accepts \"verify-full\" when using \"cert\" authentication, not \"verify-ca\"",
        ),
        (
            "hostssl all all all scram-sha-256 clientcert=verify-full map=m",
            "authentication option \"map\" is only valid for authentication methods ident, peer, gssapi, sspi, \
             cert, and oauth",
        ),
    ] {
        let text = format!("# a comment\n{line}\n");
        assert_eq!(refusal(None, &text), format!("/d/pg_hba.conf:2: {message}"));
        let error = read_with(None, &[("/d/pg_hba.conf", &text)]).unwrap_err();
        let _ = (error.detail(), error.hint());
    }
    assert_eq!(
        read_with(None, &[]).unwrap_err().to_string(),
        "configuration file \"/d/pg_hba.conf\" does not exist"
    );
}

#[test]
fn an_option_is_of_its_methods_alone_and_none_that_a_method_needs_may_be_missing() {
    let only = |option: &str, methods: &str| {
        format!("authentication option \"{option}\" is only valid for authentication methods {methods}")
    };
    let needs = |method: &str, what: &str| {
        format!("authentication method \"{method}\" requires argument {what} to be set")
    };
    for (rest, message) in [
        ("trust ldaptls=1", only("ldaptls", "ldap")),
        ("trust pamservice=x", only("pamservice", "pam")),
        ("trust radiusservers=127.0.0.1 radiussecrets=x", only("radiusservers", "radius")),
        ("pam include_realm=1", only("include_realm", "gssapi and sspi")),
        ("trust krb_realm=X", only("krb_realm", "gssapi and sspi")),
        ("gss upn_username=1", only("upn_username", "sspi")),
        ("radius compat_realm=1", only("compat_realm", "sspi")),
        ("trust issuer=x", "unrecognized authentication option name: \"issuer\"".to_owned()),
        ("gss scope=x", "unrecognized authentication option name: \"scope\"".to_owned()),
        ("radius radiusserver=x", "unrecognized authentication option name: \"radiusserver\"".to_owned()),
        ("oauth scope=x issuer=y", "invalid authentication method \"oauth\"".to_owned()),
        ("ldap ldapserver=x", needs("ldap", "\"ldapbasedn\", \"ldapprefix\", or \"ldapsuffix\"")),
        ("radius radiussecrets=x", needs("radius", "\"radiusservers\"")),
        ("radius radiusservers=127.0.0.1", needs("radius", "\"radiussecrets\"")),
        (
            "ldap ldapprefix=a ldapbasedn=b",
            "cannot mix options for simple bind and search+bind modes".to_owned(),
        ),
        (
            "ldap ldapbasedn=b ldapsearchattribute=c ldapsearchfilter=d",
            "cannot use ldapsearchattribute together with ldapsearchfilter".to_owned(),
        ),
    ] {
        let found = refusal(Some(17), &format!("hostssl all all all {rest}"));
        assert_eq!(found, format!("/d/pg_hba.conf:1: {message}"), "{rest}");
    }
    assert!(refusal(None, "host all all all trust issuer=x").contains("methods oauth"));
    assert!(refusal(None, "host all all all oauth issuer=x").contains("requires argument \"scope\""));
    for rest in [
        "gss include_realm=2 krb_realm=X map=m",
        "sspi compat_realm=1 upn_username=0",
        "ldap ldapurl=ldap://h/dc=x?uid",
        "ldap ldapserver=h ldapprefix=cn=",
        "ldap ldapbasedn=b ldapsearchfilter=d ldapbinddn=e ldapbindpasswd=f ldaptls=1",
        "radius radiusservers=127.0.0.1 radiussecrets=x radiusports=1812 radiusidentifiers=y",
        "pam pamservice=x pam_use_hostname=1",
    ] {
        let line = format!("host all all all {rest}");
        let found = read_with(Some(17), &[("/d/pg_hba.conf", &line)]);
        assert!(found.is_ok(), "{rest}: {found:?}");
    }
    assert_eq!(of("host all all all oauth scope=x issuer=y validator=v other=z map=m").lines.len(), 1);
}

#[test]
fn what_a_method_lacks_is_told_at_the_method() {
    let error = read_with(None, &[("/d/pg_hba.conf", "host all all all ldap ldaptls=1")]).unwrap_err();
    assert!(error.to_string().starts_with("/d/pg_hba.conf:1:18: "), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn clientcert_took_other_values_before_version_14() {
    let asked = |value: &str| {
        let text = format!("hostssl all all all md5 clientcert={value}");
        read_with(Some(13), &[("/d/pg_hba.conf", &text)]).map(|file| file.lines[0].client_certificate).ok()
    };
    assert_eq!(asked("1"), Some(ClientCertificate::VerifyCa));
    assert_eq!(asked("no-verify"), Some(ClientCertificate::Optional));
    assert_eq!(asked("2"), None);
    assert!(refusal(Some(13), "hostssl a b all cert clientname=DN").contains("unrecognized"));
}

#[test]
fn files_stand_for_their_words_and_from_version_16_for_their_lines() {
    let files = [
        (
            "/d/pg_hba.conf",
            "local @dbs,x @\"my roles\" trust\ninclude more.conf\ninclude_if_exists none\ninclude_dir hba.d\nlocal last y trust",
        ),
        ("/d/dbs", "a b, # not c\n\"d\"\n@sub/deeper"),
        ("/d/sub/deeper", "e"),
        ("/d/my roles", "+r"),
        ("/d/more.conf", "\nlocal m m trust"),
        ("/d/hba.d/2.conf", "local two x trust"),
        ("/d/hba.d/1.conf", "local one x trust"),
        ("/d/hba.d/no", "nonsense"),
    ];
    let found = read_with(Some(16), &files).unwrap();
    assert_eq!(
        (words(&found.lines[0].databases), words(&found.lines[0].roles)),
        ("a+b+\"d\"+e+x".into(), "+r".into())
    );
    let wanted =
        ["/d/pg_hba.conf:1", "/d/more.conf:2", "/d/hba.d/1.conf:1", "/d/hba.d/2.conf:1", "/d/pg_hba.conf:5"];
    assert_eq!(numbers(&found.lines), wanted);
    assert_eq!(found.files.len(), 7);
    let refused = read_with(Some(15), &files).unwrap_err();
    assert_eq!(refused.to_string(), "/d/pg_hba.conf:2:1: invalid connection type \"include\"");
    assert!(refused.detail().unwrap().contains("PostgreSQL 16"));
    assert_eq!(refusal(None, "local @no all trust"), "configuration file \"/d/no\" does not exist");
    assert_eq!(refusal(None, "include_dir no.d"), "configuration file \"/d/no.d\" does not exist");
}

#[test]
fn files_that_include_each_other_end_in_an_error() {
    for text in ["include pg_hba.conf", "local @pg_hba.conf all trust", "include_if_exists ./pg_hba.conf"] {
        assert!(refusal(None, text).contains("maximum nesting depth exceeded"), "{text}");
    }
    assert!(refusal(None, "local a b trust\nlocal @pg_hba.conf,@pg_hba.conf x trust").contains("nesting"));
}

#[test]
fn a_zero_byte_hides_the_line_break_behind_it() {
    let text = "# x\0y\nhostssl all all all reject\nlocal all\0 b\n all\0\n trust\nlocal a b trust\n";
    assert_eq!(numbers(&of(text).lines), ["/d/pg_hba.conf:3", "/d/pg_hba.conf:6"]);
    // Before version 14 a line ended there.
    let file = read_with(Some(13), &[("/d/pg_hba.conf", "# x\0y\nlocal all all reject\n")]).unwrap();
    assert_eq!(numbers(&file.lines), ["/d/pg_hba.conf:2"]);
}

#[test]
fn an_included_directory_hangs_from_the_including_file_once() {
    let files = [
        ("inc/pg_hba.conf", "include_dir d\ninclude e/one.conf"),
        ("inc/d/b.conf", "local all all trust\ninclude c"),
        ("inc/d/c", "local c c trust"),
        ("inc/e/one.conf", "include_dir ../d"),
    ];
    let found = read(Path::new("inc/pg_hba.conf"), Some(16), &Memory::with(&files)).unwrap();
    let once = ["inc/d/b.conf:1", "inc/d/c:1"];
    assert_eq!(numbers(&found.lines), [once, once].concat());
}

#[test]
fn hostile_bytes_never_cause_a_panic() {
    assert_eq!(of("local all all trust\0 nonsense\n\0nonsense").lines.len(), 1);
    let long = "x".repeat(1 << 20);
    assert_eq!(of(&format!("local {long} all trust")).lines[0].databases[0].text.len(), 1 << 20);
    assert!(refusal(None, &long).len() < 200);
    assert_eq!(of(&"\\\n".repeat(1 << 18)).lines.len(), 0);
    let many = format!("local {} all trust", "xyz\\\n".repeat(1 << 18));
    assert_eq!(of(&many).lines[0].databases[0].text.len(), 3 << 18);
    let bytes = b"local \xff\xfe \"\xc3 trust".to_vec();
    let mut files = Memory::default();
    files.files.insert("/d/pg_hba.conf".into(), bytes);
    assert!(read(Path::new("/d/pg_hba.conf"), None, &files).is_err());
    let alphabet = b"a\", #@\\\n\0\xff/=1";
    for prefix in ["", "host a b ", "local a b trust "] {
        for number in 0..alphabet.len().pow(4) {
            let byte = |place: u32| alphabet[number / alphabet.len().pow(place) % alphabet.len()];
            let text: Vec<u8> = prefix.bytes().chain((0..4).map(byte)).collect();
            files.files.insert("/d/pg_hba.conf".into(), text);
            let _ = read(Path::new("/d/pg_hba.conf"), None, &files);
        }
    }
}
