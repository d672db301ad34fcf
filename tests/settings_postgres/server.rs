//! `postgres -C` says which value of a setting counts, without starting a server.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use nix::unistd::{User, geteuid};
use pgtls::scratch::Programs;
use pgtls::settings::server::{self, Location, NamedPath, ServerSettings};
use pgtls::settings::{Setting, SettingsError};
use tempfile::TempDir;

use crate::Disk;

/// A directory with files that the server's account can read, and where it is started.
struct Cluster {
    place: TempDir,
    programs: Programs,
}

impl Cluster {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let cluster = Self { place, programs: Programs::find().unwrap() };
        for (name, contents) in files {
            cluster.write(name, contents);
        }
        cluster
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn write(&self, name: &str, contents: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    /// What the server says of one setting, or why it does not start.
    fn postgres(&self, arguments: &[&str], name: &str) -> Result<Vec<u8>, String> {
        let mut command = Command::new(self.programs.directory().join("postgres"));
        command.arg("-C").arg(name).args(arguments);
        let output = self.run(command);
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let mut value = output.stdout;
        assert_eq!(value.pop(), Some(b'\n'));
        Ok(value)
    }

    /// Runs a program here, not as root, and without the caller's own settings.
    fn run(&self, mut command: Command) -> Output {
        command.current_dir(self.place.path()).env_clear().env("LC_ALL", "C").stdin(Stdio::null());
        if geteuid().is_root() {
            let account = ["postgres", "nobody"].into_iter().find_map(|name| User::from_name(name).unwrap());
            let account = account.unwrap();
            command.uid(account.uid.as_raw()).gid(account.gid.as_raw());
        }
        command.output().unwrap()
    }

    /// Reads the settings in both ways and compares all that both know.
    fn compare(&self, arguments: &[&str], location: &Location) {
        let mut location = location.clone();
        location.started_in = Some(self.place.path().to_owned());
        let found = server::read(&location, &Disk).unwrap();
        let ours = named(&found);
        for (name, value) in ours {
            let theirs = self.postgres(arguments, name).unwrap();
            assert_eq!(theirs, value.as_bytes(), "{name}: {} {value:?}", String::from_utf8_lossy(&theirs));
        }
    }
}

/// Our values in the form in which the server prints them.
fn named(found: &ServerSettings) -> Vec<(&'static str, OsString)> {
    let switch = |setting: &Setting<bool>| OsString::from(if setting.value { "on" } else { "off" });
    let file = |setting: &Setting<Option<NamedPath>>| {
        setting.value.as_ref().map_or_else(OsString::new, |named| named.written.clone())
    };
    let newest = found.ssl_max_protocol_version.value.map_or(String::new(), |version| version.to_string());
    vec![
        ("ssl", switch(&found.ssl)),
        ("ssl_cert_file", file(&found.ssl_cert_file)),
        ("ssl_key_file", file(&found.ssl_key_file)),
        ("ssl_ca_file", file(&found.ssl_ca_file)),
        ("ssl_crl_file", file(&found.ssl_crl_file)),
        ("ssl_crl_dir", file(&found.ssl_crl_dir)),
        ("ssl_passphrase_command", found.ssl_passphrase_command.value.clone().unwrap_or_default()),
        ("ssl_passphrase_command_supports_reload", switch(&found.ssl_passphrase_command_supports_reload)),
        ("ssl_min_protocol_version", found.ssl_min_protocol_version.value.to_string().into()),
        ("ssl_max_protocol_version", newest.into()),
        ("ssl_ciphers", found.ssl_ciphers.value.clone()),
        ("password_encryption", found.password_encryption.value.to_string().into()),
        ("port", found.port.value.to_string().into()),
        ("listen_addresses", found.listen_addresses.value.clone()),
        ("hba_file", found.hba_file.value.path.clone().into()),
        ("ident_file", found.ident_file.value.path.clone().into()),
        ("data_directory", found.data_directory.value.path.clone().into()),
    ]
}

/// A data directory with that configuration.
fn data_directory(configuration: &[u8]) -> Cluster {
    let cluster = Cluster::new(&[]);
    let version = cluster.run({
        let mut command = Command::new(cluster.programs.directory().join("postgres"));
        command.arg("--version");
        command
    });
    let version = String::from_utf8(version.stdout).unwrap();
    let digits = version.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let major: String = digits.chars().take_while(char::is_ascii_digit).collect();
    cluster.write("d/PG_VERSION", major.as_bytes());
    cluster.write("d/postgresql.conf", configuration);
    cluster
}

fn compare(configuration: impl AsRef<[u8]>) {
    let cluster = data_directory(configuration.as_ref());
    cluster.compare(&["-D", "d"], &Location::of_directory(cluster.path("d")));
}

#[test]
fn the_defaults_are_the_servers() {
    compare("");
}

#[test]
fn tricky_lines_mean_to_us_what_they_mean_to_the_server() {
    compare(
        b"ssl=on # comment\r
  SSL_cert_File 'it''s \\'here\\' \\101\\n\\q.crt'\t# more
ssl_key_file = dir/server-1.key
ssl_ca_file = 'first.crt'
ssl_ca_file='last # not a comment'
ssl_crl_file = '\xff\xe4\\377'
ssl_crl_dir = 'cut\\000off'
port = 0x1F90
listen_addresses = ''
ssl_min_protocol_version = 'tlsv1.3'
ssl_ciphers = a:b.c/d
password_encryption md5
ssl_passphrase_command_supports_reload = yE
ssl_passphrase_command = 'echo \"%p\"'",
    );
    compare(
        "port = 5432.6\nssl = 't'\nssl_cert_file = ''\nhba_file = 'x/../h'\nident_file = '/i'\nssl_max_protocol_version=''",
    );
    compare("port = 010\nssl = 1\nssl_cert_file = a.b.c\nssl_max_protocol_version = 'TLSv1.3'");
    compare("port = '1e3'\nssl = of");
    compare("port = ' +7 '\nssl = off\nssl = on\nssl = no");
    compare("port = 2.5\nssl_cert_file = -1.5e3\nssl_key_file = +7kB");
    compare("port = .5e4");
}

#[test]
fn includes_count_in_the_servers_order() {
    let cluster = data_directory(
        b"ssl_cert_file = 'a'\ninclude 'sub/one.conf'\ninclude_if_exists = 'none.conf'\nINCLUDE_DIR 'conf.d'\nport = 1",
    );
    for (name, text) in [
        (
            "d/sub/one.conf",
            "ssl_cert_file = 'one'\nssl_key_file = 'one'\ninclude '../two.conf'\nssl_ca_file='one'",
        ),
        ("d/two.conf", "ssl_key_file = 'two'\nssl_ca_file='two'"),
        ("d/conf.d/b.conf", "ssl_crl_file = 'b'\nssl_crl_dir = 'b'"),
        ("d/conf.d/B.conf", "ssl_crl_file = 'B'"),
        ("d/conf.d/10.conf", "ssl_crl_file = '10'\nport = 2"),
        ("d/conf.d/9.conf", "ssl_crl_dir = '9'"),
        ("d/conf.d/.z.conf", "ssl_crl_file = 'hidden'"),
        ("d/conf.d/z.conf.bak", "ssl_crl_file = 'backup'"),
        ("d/conf.d/z.conf/x.conf", "ssl_crl_file = 'directory'"),
        (
            "d/postgresql.auto.conf",
            "# by ALTER SYSTEM\nlisten_addresses = '*'\nhba_file = 'auto_hba'\ninclude 'two.conf'",
        ),
    ] {
        cluster.write(name, text.as_bytes());
    }
    cluster.compare(&["-D", "d"], &Location::of_directory(cluster.path("d")));
}

#[test]
fn a_configuration_away_from_its_data_is_found_as_the_server_finds_it() {
    let cluster = data_directory(b"port = 1");
    fs::rename(cluster.path("d/postgresql.conf"), cluster.path("d/unused")).unwrap();
    cluster.write("d/postgresql.auto.conf", b"ssl_cert_file = 'auto'\nport = 3");
    let text = format!("data_directory = '{}'\nport = 2\ninclude 'more.conf'", cluster.path("d").display());
    cluster.write("etc/postgresql.conf", text.as_bytes());
    cluster.write("etc/more.conf", b"ssl_key_file = 'more'");
    cluster.compare(&["-D", "etc"], &Location::of_directory(cluster.path("etc")));

    cluster.write("etc/postgresql.conf", b"data_directory = 'd'\nhba_file = 'etc/hba'\ninclude 'more.conf'");
    let configuration = Some(cluster.path("etc/postgresql.conf"));
    let location = Location { directory: Some(cluster.path("d")), configuration, started_in: None };
    cluster.compare(&["-D", "d", "-c", "config_file=etc/postgresql.conf"], &location);
}

#[test]
fn what_we_refuse_the_server_refuses_at_the_same_line() {
    for (text, line) in [
        ("ssl = on\nssl_cert_file = server.crt\n", 2),
        ("ssl_cert_file = /etc/x\n", 1),
        ("\n\nlisten_addresses = 127.0.0.1\n", 3),
        ("ssl_cert_file = 'a\nport = 1'\n", 1),
        ("ssl_cert_file = 'a'b\n", 1),
        ("ssl on off\n", 1),
        ("ssl =\n", 1),
        ("= on\n", 1),
        ("port = 1e5\n", 1),
        ("ssl-x = 1\n", 1),
        ("\u{feff}# comment\nport = 1\n", 1),
    ] {
        let cluster = data_directory(text.as_bytes());
        let theirs = cluster.postgres(&["-D", "d"], "port").unwrap_err();
        assert!(theirs.contains(&format!("postgresql.conf\" line {line}, near ")), "{text}: {theirs}");
        let ours = server::read(&Location::of_directory(cluster.path("d")), &Disk).unwrap_err();
        assert!(matches!(&ours, SettingsError::Syntax { place, .. } if place.line == line), "{text}: {ours}");
    }
}

#[test]
fn values_and_includes_that_we_refuse_the_server_refuses() {
    for text in [
        "ssl = o",
        "ssl = 2",
        "ssl = ''",
        "port = 0",
        "port = 65536",
        "port = 089",
        "port = 5432kB",
        "port = inf",
        "ssl_min_protocol_version = ''",
        "ssl_max_protocol_version = 'TLSv1.4'",
        "password_encryption = on",
        "include 'none.conf'",
        "include ' '",
        "include_dir 'none.d'",
        "include 'postgresql.conf'",
        "include 'loop.conf'",
    ] {
        let cluster = data_directory(text.as_bytes());
        cluster.write("d/loop.conf", b"include 'postgresql.conf'");
        let theirs = cluster.postgres(&["-D", "d"], "ssl_cert_file");
        let ours = server::read(&Location::of_directory(cluster.path("d")), &Disk);
        assert!(theirs.is_err() && ours.is_err(), "{text}: {theirs:?} {ours:?}");
    }
}

#[test]
fn includes_nest_as_deep_as_the_servers() {
    for (length, fits) in [(10, true), (11, false)] {
        let cluster = data_directory(b"include '1.conf'");
        for depth in 1..=length {
            let next =
                if depth == length { "port = 9".to_owned() } else { format!("include '{}.conf'", depth + 1) };
            cluster.write(&format!("d/{depth}.conf"), next.as_bytes());
        }
        assert_eq!(cluster.postgres(&["-D", "d"], "port").is_ok(), fits, "{length}");
        assert_eq!(server::read(&Location::of_directory(cluster.path("d")), &Disk).is_ok(), fits, "{length}");
    }
}

/// Values put together by chance, from what the scanner tells apart.
#[test]
fn chance_values_are_read_as_the_server_reads_them() {
    let pieces: [&[u8]; 22] = [
        b"'", b"''", b"\\", b"\\'", b" ", b"\t", b"#", b"=", b".", b"-", b"/", b":", b"a", b"e", b"_", b"0x",
        b"7", b"18", b"+", b"\xe9", b"\r", b"\\12",
    ];
    let mut chance: u32 = 20_260_101;
    let mut next = |bound: usize| {
        chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (chance >> 16) as usize % bound
    };
    let cluster = data_directory(b"");
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..250 {
        let quoted = next(2) == 0;
        let inner: Vec<u8> = (0..=next(5)).flat_map(|_| pieces[next(pieces.len())]).copied().collect();
        let value = if quoted { [b"'", inner.as_slice(), b"'"].concat() } else { inner };
        cluster.write("d/postgresql.conf", &[b"ssl_passphrase_command = ", value.as_slice(), b"\n"].concat());
        let theirs = cluster.postgres(&["-D", "d"], "ssl_passphrase_command");
        let ours = server::read(&Location::of_directory(cluster.path("d")), &Disk);
        let ours = ours.map(|found| found.ssl_passphrase_command.value.unwrap_or_default().into_vec());
        let text = String::from_utf8_lossy(&value);
        match (theirs, ours) {
            (Ok(theirs), Ok(ours)) => {
                assert_eq!(theirs, ours, "{text}");
                taken += 1;
            }
            (Err(_), Err(_)) => refused += 1,
            (theirs, ours) => panic!("{text}: {theirs:?} {ours:?}"),
        }
    }
    assert!(taken > 50 && refused > 50, "{taken} were taken, {refused} refused");
}
