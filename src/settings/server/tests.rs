#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]
use super::*;
use crate::diagnosis::Diagnosis;
use crate::settings::memory::Memory;
use crate::settings::setting::Origin;

fn with(text: &str) -> Result<ServerSettings, SettingsError> {
    let files = Memory::with(&[("/d/postgresql.conf", text), ("/d/PG_VERSION", "15\n")]);
    read(&Location::of_directory("/d"), &files)
}

fn path(setting: &Setting<Option<NamedPath>>) -> Option<String> {
    setting.value.as_ref().map(|named| named.path.display().to_string())
}

#[test]
fn an_empty_file_leaves_the_defaults() {
    let found = with("").unwrap();
    assert_eq!((found.version, found.ssl.value, found.port.value), (Some(15), false, 5432));
    assert_eq!(path(&found.ssl_cert_file).unwrap(), "/d/server.crt");
    assert_eq!(path(&found.ssl_key_file).unwrap(), "/d/server.key");
    assert!(
        [&found.ssl_ca_file, &found.ssl_crl_file, &found.ssl_crl_dir].iter().all(|it| it.value.is_none())
    );
    assert_eq!(found.hba_file.value.path, Path::new("/d/pg_hba.conf"));
    assert_eq!(found.data_directory.value.path, Path::new("/d"));
    assert_eq!(found.ssl_min_protocol_version.value, TlsVersion::Tls1_2);
    assert_eq!(found.ssl_max_protocol_version.value, None);
    assert_eq!(found.password_encryption.value, PasswordEncryption::ScramSha256);
    assert_eq!(found.ssl_groups.value, "prime256v1");
    assert_eq!(found.ssl.origin, Origin::Default);
    assert!(!found.ssl.is_set());
    assert_eq!(found.files, [Path::new("/d/postgresql.conf")]);
}

#[test]
fn defaults_are_those_of_the_version() {
    let defaults = |version: &str| {
        let files = Memory::with(&[("/d/postgresql.conf", ""), ("/d/PG_VERSION", version)]);
        let found = read(&Location::of_directory("/d"), &files).unwrap();
        let groups = found.ssl_groups.value.into_string().unwrap();
        (found.ssl_min_protocol_version.value, found.password_encryption.value, groups)
    };
    use {PasswordEncryption::*, TlsVersion::*};
    assert_eq!(defaults("9.6\n"), (Tls1_0, Md5, "prime256v1".to_owned()));
    assert_eq!(defaults("13\n"), (Tls1_2, Md5, "prime256v1".to_owned()));
    assert_eq!(defaults("18\n"), (Tls1_2, ScramSha256, "X25519:prime256v1".to_owned()));
    assert_eq!(defaults("\0\u{e4}").1, ScramSha256);
}

#[test]
fn the_last_line_counts_and_the_others_are_told() {
    let files = Memory::with(&[
        ("/d/postgresql.conf", "ssl = off\nssl_cert_file = 'a.crt'\nSSL = on\ninclude 'more.conf'"),
        ("/d/more.conf", "\nssl_cert_file = '/etc/ssl/b.crt'"),
        (
            "/d/postgresql.auto.conf",
            "# made by ALTER SYSTEM\nssl_cert_file = 'tls/c.crt'\ndata_directory = '/x'",
        ),
    ]);
    let found = read(&Location::of_directory("/d"), &files).unwrap();
    assert!(found.ssl.value);
    assert_eq!(found.ssl.origin.to_string(), "/d/postgresql.conf:3");
    assert_eq!(path(&found.ssl_cert_file).unwrap(), "/d/tls/c.crt");
    assert_eq!(found.ssl_cert_file.origin.to_string(), "/d/postgresql.auto.conf:2");
    let overridden: Vec<String> =
        found.ssl_cert_file.overridden.iter().map(|line| line.place.to_string()).collect();
    assert_eq!(overridden, ["/d/postgresql.conf:2", "/d/more.conf:2"]);
    assert_eq!(found.data_directory.value.path, Path::new("/d"));
    let files = ["/d/postgresql.conf", "/d/more.conf", "/d/postgresql.auto.conf"].map(PathBuf::from);
    assert_eq!(found.files, files);
}

#[test]
fn a_configuration_away_from_its_data_names_them() {
    let conf = "data_directory = '/var/lib/pg'\nhba_file = '/etc/pg/hba'\nssl_ca_file = 'root.crt'\ninclude_dir 'conf.d'";
    let files = Memory::with(&[
        ("/etc/pg/postgresql.conf", conf),
        ("/etc/pg/conf.d/ssl.conf", "ssl = true"),
        ("/var/lib/pg/PG_VERSION", "14"),
        ("/var/lib/pg/postgresql.auto.conf", "port = 5433"),
    ]);
    for location in [Location::of_configuration("/etc/pg/postgresql.conf"), Location::of_directory("/etc/pg")]
    {
        let found = read(&location, &files).unwrap();
        assert_eq!((found.version, found.port.value, found.ssl.value), (Some(14), 5433, true));
        assert_eq!(found.data_directory.origin.to_string(), "/etc/pg/postgresql.conf:1");
        assert_eq!(path(&found.ssl_ca_file).unwrap(), "/var/lib/pg/root.crt");
        assert_eq!(found.hba_file.value.path, Path::new("/etc/pg/hba"));
        assert_eq!(found.ident_file.value.path, Path::new("/etc/pg/pg_ident.conf"));
    }
    let both = Location {
        directory: Some("/elsewhere".into()),
        configuration: Some("/etc/pg/postgresql.conf".into()),
        started_in: None,
    };
    let found = read(&both, &files).unwrap();
    assert_eq!(found.data_directory.value.path, Path::new("/var/lib/pg"));
    assert_eq!(found.ident_file.value.path, Path::new("/elsewhere/pg_ident.conf"));
}

#[test]
fn a_configuration_without_data_directory_serves_its_own() {
    let files = Memory::with(&[("postgresql.conf", ""), ("sub/postgresql.conf", "")]);
    let found = read(&Location::of_configuration("postgresql.conf"), &files).unwrap();
    assert_eq!(found.data_directory.value.path, Path::new("."));
    assert_eq!(path(&found.ssl_cert_file).unwrap(), "server.crt");
    let found = read(&Location::of_configuration("sub/postgresql.conf"), &files).unwrap();
    assert_eq!(path(&found.ssl_cert_file).unwrap(), "sub/server.crt");
}

#[test]
fn a_path_relative_to_the_start_is_a_guess_until_the_start_is_known() {
    let files = Memory::with(&[("/d/postgresql.conf", "hba_file = 'my_hba.conf'")]);
    let mut location = Location::of_directory("/d");
    let found = read(&location, &files).unwrap().hba_file;
    assert_eq!((found.value.path.as_path(), found.value.guessed), (Path::new("/d/my_hba.conf"), true));
    location.started_in = Some("/run".into());
    let found = read(&location, &files).unwrap().hba_file;
    assert_eq!((found.value.path.as_path(), found.value.guessed), (Path::new("/run/my_hba.conf"), false));
}

#[test]
fn a_data_directory_without_configuration_says_where_it_may_be() {
    let conf = "/etc/postgresql/15/main/postgresql.conf";
    let version = ("/var/lib/postgresql/15/main/PG_VERSION", "15\n");
    let location = Location::of_directory("/var/lib/postgresql/15/main");
    let hint = |files: &[(&str, &str)]| {
        let error = read(&location, &Memory::with(files)).unwrap_err();
        assert_eq!(error.to_string(), "no postgresql.conf in \"/var/lib/postgresql/15/main\"");
        (error.detail().unwrap(), error.hint().unwrap())
    };
    let (detail, found) = hint(&[version, (conf, "")]);
    assert_eq!(detail, "It is a data directory of PostgreSQL 15 whose configuration is elsewhere.");
    assert_eq!(found, format!("Give --conf {conf}"));
    let (_, found) = hint(&[version]);
    assert!(found.starts_with("Give its postgresql.conf with --conf"), "{found}");
    let options = "/usr/lib/postgresql/15/bin/postgres \"-D\" \"/x\" \"-c\" \"config_file=/srv/pg.conf\"\n";
    let started = ("/var/lib/postgresql/15/main/postmaster.opts", options);
    let (_, found) = hint(&[version, (conf, ""), started, ("/srv/pg.conf", "")]);
    assert_eq!(found, "Give --conf /srv/pg.conf");
    let (detail, found) = hint(&[("/else", "")]);
    assert!(detail.contains("no data directory") && found.contains("SHOW data_directory"));
}

#[test]
fn a_value_that_the_server_refuses_is_an_error() {
    for (line, takes) in [
        ("ssl = o", "ssl takes on, off"),
        ("ssl = 2", "ssl takes on, off"),
        ("ssl = ''", "ssl takes on, off"),
        ("ssl = ontrue", "ssl takes on, off"),
        ("port = 0", "from 1 to 65535"),
        ("port = 65536", "from 1 to 65535"),
        ("port = 089", "from 1 to 65535"),
        ("port = 5432kB", "from 1 to 65535"),
        ("port = inf", "from 1 to 65535"),
        ("ssl_min_protocol_version = ''", "takes TLSv1, TLSv1.1"),
        ("ssl_min_protocol_version = 'TLSv1.4'", "takes TLSv1, TLSv1.1"),
        ("password_encryption = on", "takes md5 or scram-sha-256"),
    ] {
        let error = with(&format!("\n{line}")).unwrap_err();
        assert!(
            error.to_string().starts_with("/d/postgresql.conf:2: invalid value for parameter \""),
            "{error}"
        );
        assert!(error.detail().unwrap().contains(takes), "{line}: {:?}", error.detail());
    }
    // Only the line that counts is looked at.
    assert!(with("port = x\nport = 1").is_ok());
}

#[test]
fn values_are_read_as_postgresql_reads_them() {
    for (text, on) in
        [("ON", true), ("t", true), ("yE", true), ("1", true), ("of", false), ("n", false), ("0", false)]
    {
        assert_eq!(with(&format!("ssl = {text}")).unwrap().ssl.value, on, "{text}");
    }
    for (text, port) in
        [("0x1F90", 8080), ("010", 8), ("5432.6", 5433), ("'+7 '", 7), ("'1e3'", 1000), ("2.5", 2)]
    {
        assert_eq!(with(&format!("port = {text}")).unwrap().port.value, port, "{text}");
    }
    let found = with("ssl_max_protocol_version = 'tlsv1.3'\nssl_passphrase_command = 'cat p'").unwrap();
    assert_eq!(found.ssl_max_protocol_version.value, Some(TlsVersion::Tls1_3));
    assert_eq!(found.ssl_passphrase_command.value.unwrap(), "cat p");
    let found = with("ssl_groups = 'a'\nSSL_ECDH_CURVE = 'b'").unwrap();
    assert_eq!((found.ssl_groups.value.to_str(), found.ssl_groups.overridden.len()), (Some("b"), 1));
    assert_eq!(with("ssl_cert_file = ''").unwrap().ssl_cert_file.value, None);
    assert_eq!(with("shared_preload_libraries = 'x'\nno.such = 1").unwrap().port.value, 5432);
}

#[test]
fn protocol_versions_are_the_right_way_round_where_tls_is_on() {
    let range = "ssl_min_protocol_version = 'TLSv1.3'\nssl_max_protocol_version = 'TLSv1.2'";
    assert!(with(range).is_ok());
    let error = with(&format!("{range}\nssl = on")).unwrap_err();
    let wanted = "/d/postgresql.conf:2: ssl_min_protocol_version is above ssl_max_protocol_version";
    assert_eq!(error.to_string(), wanted);
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_with_its_cause() {
    let mut files = Memory::with(&[("/d/postgresql.conf", "data_directory = '/v'"), ("/v/PG_VERSION", "15")]);
    files.closed.push("/v".into());
    let error = read(&Location::of_directory("/d"), &files).unwrap_err();
    assert_eq!(error.to_string(), "could not read configuration file \"/v/postgresql.auto.conf\"");
    assert_eq!(error.detail().unwrap(), "The system says: permission denied.");
}
