#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]
use super::*;
use crate::diagnosis::Diagnosis;
use crate::settings::memory::Memory;

/// A client in `/home/a`, with these variables and files.
fn client(
    connection: impl AsRef<[u8]>,
    variables: &[(&str, &str)],
    files: &[(&str, &str)],
) -> Result<ClientSettings, SettingsError> {
    let environment = variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
    let request = Request {
        connection: Some(OsStr::from_bytes(connection.as_ref())),
        environment: &environment,
        home: Some(Path::new("/home/a")),
        account: Some(OsStr::new("alice")),
        system_directory: Some(Path::new("/etc/pg")),
    };
    read(&request, &Memory::with(files))
}

fn of(connection: impl AsRef<[u8]>) -> ClientSettings {
    client(connection, &[], &[]).unwrap()
}

fn refusal(connection: impl AsRef<[u8]>) -> String {
    let error = client(connection, &[], &[]).unwrap_err();
    assert!(matches!(error, SettingsError::Libpq(_)));
    error.to_string()
}

fn text(setting: &Setting<Option<OsString>>) -> &str {
    setting.value.as_deref().unwrap_or_default().to_str().unwrap()
}

fn file(setting: &Setting<Option<PathBuf>>) -> &str {
    setting.value.as_deref().unwrap_or(Path::new("")).to_str().unwrap()
}

fn anchors(path: &str) -> Option<TrustAnchors> {
    Some(TrustAnchors::File(path.into()))
}

#[test]
fn nothing_given_leaves_the_defaults() {
    let found = of("");
    assert_eq!(found.sslmode, Setting::new(SslMode::Prefer, Origin::Default));
    assert_eq!(file(&found.sslcert), "/home/a/.postgresql/postgresql.crt");
    assert_eq!(file(&found.sslkey), "/home/a/.postgresql/postgresql.key");
    assert_eq!(found.sslrootcert.value, anchors("/home/a/.postgresql/root.crt"));
    assert_eq!(file(&found.sslcrl), "/home/a/.postgresql/root.crl");
    assert_eq!(found.sslcrldir.value, None);
    assert_eq!((text(&found.user), text(&found.dbname), &found.host.value), ("alice", "alice", &None));
    assert_eq!(found.hosts, [Host { host: None, hostaddr: None, port: 5432 }]);
    assert_eq!(
        (found.sslcertmode.value, found.channel_binding.value),
        (SslCertMode::Allow, ChannelBinding::Prefer)
    );
    assert_eq!(found.ssl_min_protocol_version.value, Some(TlsVersion::Tls1_2));
    assert!(found.sslsni.value && !found.sslpassword.value);
}

#[test]
fn without_a_home_there_are_no_default_files() {
    let environment = BTreeMap::new();
    let request = Request {
        connection: None,
        environment: &environment,
        home: None,
        account: None,
        system_directory: None,
    };
    let found = read(&request, &Memory::default()).unwrap();
    assert_eq!((found.sslcert.value, found.sslrootcert.value, found.user.value), (None, None, None));
}

#[test]
fn connection_string_outranks_service_outranks_environment() {
    let files = [(
        "/home/a/.pg_service.conf",
        "# mine\n[other]\nport=1\n\n[ db ]\n[db]\r\n sslcert=/s.crt\nsslkey=/s.key \nuser=s\nuser=t\n[db]\nport=2\n",
    )];
    let variables = [
        ("PGSERVICE", "db"),
        ("PGSSLCERT", "/e.crt"),
        ("PGSSLKEY", "/e.key"),
        ("PGSSLROOTCERT", "/e.root"),
        ("PGSSLMODE", "verify-ca"),
    ];
    let found = client("sslkey=/c.key", &variables, &files).unwrap();
    assert_eq!(
        (file(&found.sslkey), found.sslkey.origin.to_string().as_str()),
        ("/c.key", "connection string")
    );
    let wanted = "service \"db\" at /home/a/.pg_service.conf:7";
    assert_eq!((file(&found.sslcert), found.sslcert.origin.to_string().as_str()), ("/s.crt", wanted));
    assert_eq!(found.sslrootcert.value, anchors("/e.root"));
    assert_eq!(found.sslmode, Setting::new(SslMode::VerifyCa, Origin::Environment("PGSSLMODE")));
    assert_eq!((text(&found.user), found.hosts[0].port), ("s", 5432));
}

#[test]
fn keywords_and_values_are_taken_apart_as_libpq_does() {
    for (connection, host, user) in [
        ("host=a user=b", "a", "b"),
        (" host = a\n\tuser\x0b=\x0b'b' ", "a", "b"),
        (r"host='a b' user='it\'s \\'", "a b", r"it's \"),
        (r"host=a\ b user=c\'d\", "a b", "c'd"),
        ("host=a'b user='c'host=d", "d", "c"),
        ("host= user=b", "user=b", "alice"),
        ("host='' user=b", "", "b"),
        ("host=a host=b", "b", "alice"),
        ("host=a=b", "a=b", "alice"),
    ] {
        let found = of(connection);
        assert_eq!((text(&found.host), text(&found.user)), (host, user), "{connection}");
    }
}

#[test]
fn uris_are_taken_apart_as_libpq_does() {
    for (connection, host, user, dbname) in [
        ("postgresql://", "", "alice", "alice"),
        ("postgres://h", "h", "alice", "alice"),
        ("postgresql://u@h/d", "h", "u", "d"),
        ("postgresql://u:p%40q@h:1/d?sslmode=require", "h", "u", "d"),
        ("postgresql://%75%20v@%2Ftmp/d%2Fe", "/tmp", "u v", "d/e"),
        ("postgresql://[2001:db8::1]:5/", "2001:db8::1", "alice", "alice"),
        ("postgresql://a:1,[::1],c:3/d", "a,::1,c", "alice", "d"),
        ("postgresql:///d?host=h&user=u", "h", "u", "d"),
        ("postgresql://h?dbname=x%26y&", "h", "alice", "x&y"),
        ("postgresql://u:p:q@h", "h", "u", "u"),
        ("postgresql://@h", "h", "alice", "alice"),
        ("postgresql://h/a@b", "h", "alice", "a@b"),
    ] {
        let found = of(connection);
        assert_eq!(
            (text(&found.host), text(&found.user), text(&found.dbname)),
            (host, user, dbname),
            "{connection}"
        );
    }
    assert_eq!(of("postgresql://h?ssl=true").sslmode.value, SslMode::Require);
    assert_eq!(
        of("postgresql://a:1,b,c:3").hosts.iter().map(|host| host.port).collect::<Vec<_>>(),
        [1, 5432, 3]
    );
}

#[test]
fn a_connection_string_that_libpq_refuses_is_an_error() {
    for (connection, message) in [
        ("host", "missing \"=\" after the word at position 1 of the connection string"),
        ("user=a db x=1", "missing \"=\" after the word at position 8 of the connection string"),
        ("user='a", "unterminated quoted string at position 6 of the connection string"),
        (r"user='a\", "unterminated quoted string at position 6 of the connection string"),
        ("hots=a", "invalid connection option \"hots\""),
        ("HOST=a", "invalid connection option \"HOST\""),
        ("=a", "invalid connection option \"\""),
        ("user=a\0b", "zero byte in the connection string"),
        ("sslmode=''", "invalid sslmode value: \"\""),
        ("sslmode=Require", "invalid sslmode value: \"Require\""),
        ("sslcertmode=yes", "invalid sslcertmode value: \"yes\""),
        ("channel_binding=1", "invalid channel_binding value: \"1\""),
        ("ssl_min_protocol_version=1.2", "invalid ssl_min_protocol_version value: \"1.2\""),
        ("ssl_max_protocol_version=tlsv1.1", "invalid SSL protocol version range"),
        (
            "sslrootcert=system sslmode=verify-ca",
            "weak sslmode \"verify-ca\" may not be used with sslrootcert=system",
        ),
        ("sslnegotiation=direct", "weak sslmode \"prefer\" may not be used with sslnegotiation=direct"),
        ("host=a,b hostaddr=::1", "could not match 2 host names to 1 hostaddr values"),
        ("host=a,b,c port=1,2", "could not match 2 port numbers to 3 hosts"),
        ("port=0", "invalid port number"),
        ("port=65536", "invalid port number"),
        ("postgresql://[::1", "missing \"]\" behind an IPv6 host address in URI (position 15 of the URI)"),
        ("postgresql://[]", "IPv6 host address may not be empty in URI (position 15 of the URI)"),
        (
            "postgresql://[::1]x",
            "unexpected character behind an IPv6 host address in URI (position 19 of the URI)",
        ),
        (
            "postgresql://h?x",
            "missing key/value separator \"=\" in URI query parameter (position 16 of the URI)",
        ),
        (
            "postgresql://h?a=b=c",
            "extra key/value separator \"=\" in URI query parameter (position 16 of the URI)",
        ),
        ("postgresql://h?zap=1", "invalid URI query parameter: \"zap\" (position 16 of the URI)"),
        ("postgresql://h%zz", "invalid percent-encoded token in URI (position 14 of the URI)"),
        ("postgresql://h%4", "invalid percent-encoded token in URI (position 14 of the URI)"),
        (
            "postgresql://h/%00",
            "forbidden value %00 in percent-encoded value of URI (position 16 of the URI)",
        ),
        ("postgresql://h/a b", "unexpected spaces in URI (position 16 of the URI)"),
    ] {
        assert_eq!(refusal(connection), message, "{connection}");
    }
}

#[test]
fn no_secret_leaves_by_debug_or_by_an_error() {
    let secret = "hunter2";
    let found = of(format!("password={secret} sslpassword={secret} host=a"));
    assert!(found.sslpassword.value);
    assert!(!format!("{found:?}").contains(secret));
    assert!(!of("sslpassword=''").sslpassword.value);
    for connection in [
        format!("password=a {secret}"),
        format!("password=a {secret}=b"),
        format!("sslpassword='{secret}"),
        format!("postgresql://u:%{secret}@h"),
        format!("postgresql://u:{secret}/x@h"),
        format!("postgresql://h?password=a&{secret}=b"),
        format!("postgresql://u:{secret}%00@h"),
        format!("postgresql://u:{secret} x@h"),
    ] {
        let error = client(&connection, &[], &[]).unwrap_err();
        let said = format!("{error} {error:?} {:?} {:?}", error.detail(), error.hint());
        assert!(!said.contains(secret), "{connection}: {said}");
    }
}

#[test]
fn the_modes_follow_what_is_older_and_what_is_stronger() {
    assert_eq!(of("sslrootcert=system").sslmode.value, SslMode::VerifyFull);
    assert_eq!(of("sslrootcert=system").sslrootcert.value, Some(TrustAnchors::System));
    assert_eq!(of("requiressl=1").sslmode.value, SslMode::Require);
    assert_eq!(of("requiressl=0").sslmode, Setting::new(SslMode::Prefer, Origin::ConnectionString));
    let mode = |variables: &[(&str, &str)]| client("", variables, &[]).map(|found| found.sslmode);
    let required = mode(&[("PGREQUIRESSL", "1")]).unwrap();
    assert_eq!(required, Setting::new(SslMode::Require, Origin::Environment("PGREQUIRESSL")));
    assert_eq!(mode(&[("PGREQUIRESSL", "1"), ("PGSSLMODE", "allow")]).unwrap().value, SslMode::Allow);
    let port = client("", &[("PGPORT", "x")], &[]).unwrap_err();
    assert_eq!(port.to_string(), "invalid port number: \"x\"");
    assert_eq!(mode(&[("PGREQUIRESSL", "0")]).unwrap().value, SslMode::Prefer);
    let error = mode(&[("PGSSLMODE", "")]).unwrap_err();
    assert_eq!(error.to_string(), "invalid sslmode value: \"\"");
    assert!(error.detail().unwrap().ends_with("this is from the environment variable PGSSLMODE."));
}

#[test]
fn the_default_crl_counts_only_where_no_crl_is_named() {
    let crls = |connection: &str| {
        let found = of(connection);
        (file(&found.sslcrl).to_owned(), file(&found.sslcrldir).to_owned())
    };
    let both = |file: &str, directory: &str| (file.to_owned(), directory.to_owned());
    assert_eq!(crls("sslcrldir=/crls"), both("", "/crls"));
    assert_eq!(crls("sslcrl=/a.crl sslcrldir=/crls"), both("/a.crl", "/crls"));
    assert_eq!(crls("sslcrl='' sslcrldir=''"), both("/home/a/.postgresql/root.crl", ""));
    // An empty value keeps the environment out and leaves the default.
    let found = client("sslcert=''", &[("PGSSLCERT", "/e.crt")], &[]).unwrap();
    assert_eq!(found.sslcert.value.as_deref(), Some(Path::new("/home/a/.postgresql/postgresql.crt")));
}

#[test]
fn hosts_are_tried_in_order() {
    let found = of("host=a,,/tmp hostaddr=,192.0.2.1, port=1");
    let plain = |host: &Host| (host.host.clone(), host.hostaddr.clone(), host.port, host.is_socket());
    let found: Vec<_> = found.hosts.iter().map(plain).collect();
    assert_eq!(found[0], (Some("a".into()), None, 1, false));
    assert_eq!(found[1], (None, Some("192.0.2.1".into()), 1, false));
    assert_eq!(found[2], (Some("/tmp".into()), None, 1, true));
    assert!(of("").hosts[0].is_socket() && of("host=@x").hosts[0].is_socket());
}

#[test]
fn a_service_is_looked_for_where_libpq_looks() {
    let own = ("/home/a/.pg_service.conf", "[x]\nport=1");
    let shared = ("/etc/pg/pg_service.conf", "[db]\nport=2");
    let other = ("/srv/pg_service.conf", "[db]\nport=3");
    let port = |connection: &str, variables: &[(&str, &str)], files: &[(&str, &str)]| {
        client(connection, variables, files)
            .map(|found| found.hosts[0].port)
            .map_err(|error| error.to_string())
    };
    assert_eq!(port("service=x", &[], &[own, shared]), Ok(1));
    assert_eq!(port("service=db", &[], &[own, shared]), Ok(2));
    assert_eq!(port("service=db", &[], &[shared]), Ok(2));
    assert_eq!(port("service=db", &[("PGSYSCONFDIR", "/srv")], &[own, shared, other]), Ok(3));
    assert_eq!(
        port("", &[("PGSERVICE", "db"), ("PGSERVICEFILE", "/srv/pg_service.conf")], &[shared, other]),
        Ok(3)
    );
    assert_eq!(port("service=x", &[("PGSERVICE", "db")], &[own, shared]), Ok(1));
    let missing = "service file \"/none\" not found".to_owned();
    assert_eq!(port("service=db", &[("PGSERVICEFILE", "/none")], &[shared]), Err(missing));
    assert_eq!(
        port("service=y", &[], &[own, shared]),
        Err("definition of service \"y\" not found".to_owned())
    );
}

#[test]
fn a_service_that_libpq_refuses_is_an_error() {
    let long = format!("options={}", "x".repeat(1 << 20));
    for (line, message) in [
        ("port", "syntax error in service file \"/home/a/.pg_service.conf\", line 2"),
        ("port = 1", "syntax error in service file \"/home/a/.pg_service.conf\", line 2"),
        ("requiressl=1", "syntax error in service file \"/home/a/.pg_service.conf\", line 2"),
        (
            "service=y",
            "nested service specifications not supported in service file \"/home/a/.pg_service.conf\", line 2",
        ),
        ("ldap://h/", "cannot follow the LDAP lookup in service file \"/home/a/.pg_service.conf\", line 2"),
        (&long, "line 2 too long in service file \"/home/a/.pg_service.conf\""),
    ] {
        let file = format!("[x]\n{line}\n");
        let error = client("service=x", &[], &[("/home/a/.pg_service.conf", &file)]).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(error.hint().is_some());
    }
    let file = "[x]\nport=1\0 nonsense\n[y]\nnonsense";
    assert_eq!(client("service=x", &[], &[("/home/a/.pg_service.conf", file)]).unwrap().hosts[0].port, 1);
}

#[test]
fn hostile_bytes_never_cause_a_panic() {
    assert_eq!(of(b"host=\xff\xfe").host.value.unwrap().as_bytes(), b"\xff\xfe");
    assert_eq!(of("postgresql://%ff").host.value.unwrap().as_bytes(), b"\xff");
    let long = "x".repeat(1 << 20);
    assert!(refusal(&long).len() < 200);
    assert!(refusal(format!("{long}=1")).len() < 200);
    assert_eq!(of(format!("host={}", "a,".repeat(1 << 16))).hosts.len(), (1 << 16) + 1);
    let alphabet = b"u=' \\a%\xff";
    for prefix in ["", "postgresql://", "user=a ", "postgresql://h?"] {
        for number in 0..alphabet.len().pow(5) {
            let byte = |place: u32| alphabet[number / alphabet.len().pow(place) % alphabet.len()];
            let text: Vec<u8> = prefix.bytes().chain((0..5).map(byte)).collect();
            let _ = client(text, &[], &[]);
        }
    }
    for text in ["[", "]", "@", ":", "//", ",,,", "[a]:,[b]", "?", "?&", "?=", "@@", ":@", "%", "/?"] {
        let _ = client(format!("postgresql://{text}"), &[], &[]);
    }
}
