//! A running server shows how it reads `pg_hba.conf`, line by line, in `pg_hba_file_rules`, whether it would take the
//! file or not.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use pgtls::scratch::{Scratch, Setup};
use pgtls::settings::SettingsError;
use pgtls::settings::hba::{self, Address, ClientCertificate, HbaLine, Word};

use crate::Disk;

/// What the view tells of a line that is right, in one text.
const RULES: &str = "SELECT concat_ws('|', line_number, type, array_to_string(database, '+'), \
                     array_to_string(user_name, '+'), coalesce(address, '-'), coalesce(netmask, '-'), auth_method, \
                     array_to_string(options, '+')) FROM pg_hba_file_rules WHERE error IS NULL ORDER BY line_number";

/// The first line that is wrong.
const PROBLEM: &str = "SELECT concat_ws(': ', line_number, error) FROM pg_hba_file_rules WHERE error IS NOT NULL \
                       ORDER BY line_number LIMIT 1";

fn setup(hba: &str) -> Setup {
    let layout = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/guide/root-only");
    Setup::new(layout.join("server.crt"), layout.join("server.key")).hba(hba)
}

struct Server {
    scratch: Scratch,
    file: PathBuf,
    version: u32,
}

impl Server {
    fn start() -> Self {
        let scratch = Scratch::start(setup("hostssl all all all trust")).unwrap();
        let ask = |sql: &str| scratch.administer(sql).unwrap().trim().to_owned();
        let file = PathBuf::from(ask("SHOW hba_file"));
        let version = ask("SHOW server_version_num").parse::<u32>().unwrap() / 10_000;
        Self { scratch, file, version }
    }

    /// Puts text in the file's place, which the view reads anew each time, and asks.
    fn ask(&self, text: &[u8], sql: &str) -> Vec<String> {
        fs::write(&self.file, text).unwrap();
        self.scratch
            .administer(sql)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .filter(|line| !line.is_empty())
            .collect()
    }

    fn ours(&self) -> Result<Vec<HbaLine>, SettingsError> {
        Ok(hba::read(&self.file, Some(self.version), &Disk)?.lines)
    }
}

/// Our line in the form of the view.
fn shown(line: &HbaLine) -> String {
    let words = |words: &[Word]| words.iter().map(|it| text(&it.text)).collect::<Vec<_>>().join("+");
    let (address, mask) = match &line.address {
        None => ("-".to_owned(), "-".to_owned()),
        Some(Address::All) => ("all".to_owned(), "-".to_owned()),
        Some(Address::SameHost) => ("samehost".to_owned(), "-".to_owned()),
        Some(Address::SameNet) => ("samenet".to_owned(), "-".to_owned()),
        Some(Address::Name(name)) => (text(name), "-".to_owned()),
        Some(Address::Network { address, mask }) => (address.to_string(), mask.to_string()),
    };
    let mut options = Vec::new();
    options.extend(line.map.as_ref().map(|map| format!("map={}", text(map))));
    match line.client_certificate {
        ClientCertificate::Optional => {}
        ClientCertificate::VerifyCa => options.push("clientcert=verify-ca".to_owned()),
        ClientCertificate::VerifyFull => options.push("clientcert=verify-full".to_owned()),
    }
    let fields = [
        line.place.line.to_string(),
        line.connection.to_string(),
        words(&line.databases),
        words(&line.roles),
        address,
        mask,
        line.method.to_string(),
        options.join("+"),
    ];
    fields.join("|").trim_end_matches('|').to_owned()
}

fn text(text: &OsString) -> String {
    String::from_utf8_lossy(text.as_bytes()).into_owned()
}

#[test]
fn lines_are_read_as_the_server_reads_them() {
    let server = Server::start();
    let directory = server.file.parent().unwrap();
    fs::write(directory.join("more names"), "a b, # not c\n\"d e\"\n@deeper").unwrap();
    fs::write(directory.join("deeper"), "f\n\n g").unwrap();
    let text = b"# comment \\\ncontinued\n\
        local all all ident map=m\n\
        local\tall, \"all\",,x  +g\ttrust #comment\n\
        local \"a b\" \"c,\"\"d#\" reject\r\n\
        local all , all trust\n\
        local a\"b c\"d \"\"\"a\" trust#comment\n\
        hostssl \\\n all \\\n\\\n all all cert\n\
        hostssl @\"more names\",z all 192.0.2.1/24 scram-sha-256 clientcert=verify-full\n\
        hostssl x y 192.0.2.1 255.255.0.0 md5 clientcert=verify-ca\n\
        hostssl x y ::1/64 cert map=\"a b\" clientcert=verify-full\n\
        host x y 10.1/32 trust\n\
        host x y 0x7f.1 255.0.0.0 trust\n\
        host x y 010.0.0.1/0 trust\n\
        host x y \"all\" trust\n\
        host x y .example.com trust\n\
        host x y 300.1.1.1 trust\n\
        host x y samehost trust,\n\
        hostnossl x y samenet password\n\
        hostgssenc x y all gss map=k\n\
        hostnogssenc x y 2001:db8::/32 ldap ldapserver=h ldapprefix=p";
    let mut theirs = server.ask(text, RULES);
    // Of these two the view has more to tell than we keep.
    for line in &mut theirs {
        for unkept in ["include_realm=true+", "|ldapserver=h+ldapprefix=p+ldapscope=2"] {
            *line = line.replace(unkept, "");
        }
        *line = line.trim_end_matches('|').to_owned();
    }
    assert_eq!(server.ask(text, PROBLEM), Vec::<String>::new());
    let ours: Vec<String> = server.ours().unwrap().iter().map(shown).collect();
    assert_eq!(ours, theirs);
}

#[test]
fn what_we_refuse_the_server_refuses_at_the_same_line() {
    let server = Server::start();
    for line in [
        "hostsl all all all trust",
        "HOST all all all trust",
        "host,local all all all trust",
        "local",
        "local all",
        "local all all",
        "host all all",
        "host all all 192.0.2.1",
        "host all all 192.0.2.1 trust",
        "host all all 192.0.2.1 ffff:: trust",
        "host all all 192.0.2.1/33 trust",
        "host all all ::1/129 trust",
        "host all all 10.1.1.1/x trust",
        "host all all db/32 trust",
        "host all all a,b trust",
        "local all all scram",
        "local all all trust,md5",
        "local all all cert",
        "host all all all cert",
        "host all all all peer",
        "local all all gss",
        "local all all trust map",
        "local all all trust \\\\\n\nlocal all all trust",
        "hostssl all all all trust clientcret=verify-ca",
        "host all all all trust clientcert=verify-ca",
        "host all all all trust clientname=CN",
        "hostssl all all all cert clientcert=verify-ca",
        "hostssl all all all scram-sha-256 clientcert=verify-full map=m",
        "local @none all trust",
    ] {
        let text = format!("local all all trust\n{line}\n");
        let theirs = server.ask(text.as_bytes(), PROBLEM);
        let ours = server.ours().unwrap_err();
        let place = match &ours {
            SettingsError::Hba { place, .. } => place.line,
            SettingsError::Missing { included_by, .. } => included_by.as_ref().unwrap().line,
            other => panic!("{line}: {other}"),
        };
        assert!(
            theirs.first().is_some_and(|it| it.starts_with(&format!("{place}: "))),
            "{line}: {theirs:?} {ours}"
        );
    }
}

/// Of these the view says nothing, and the server does not take the file all the same.
#[test]
fn what_the_view_hides_is_refused_at_a_reload() {
    let mut server = Server::start();
    for option in ["clientcert=1", "clientcert=no-verify", "clientname=dn"] {
        let text = format!("hostssl all all all trust {option}");
        assert_eq!(server.ask(text.as_bytes(), PROBLEM), Vec::<String>::new());
        assert!(server.ours().is_err(), "{option}");
        assert!(server.scratch.serve(setup(&text)).is_err(), "{option}");
    }
}

/// Lines put together by chance, from what the server tells apart.
#[test]
fn chance_lines_are_read_as_the_server_reads_them() {
    let server = Server::start();
    let pieces: [&str; 14] =
        ["\"", "\"\"", ",", " ", "\t", "#", "\\", "\\\n", "\n", "a", "all", "+", "/", "x=1"];
    let mut chance: u32 = 20_260_102;
    let mut next = |bound: usize| {
        chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (chance >> 16) as usize % bound
    };
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..150 {
        let database: String = (0..=next(4)).map(|_| pieces[next(pieces.len())]).collect();
        let role: String = (0..next(3)).map(|_| pieces[next(pieces.len())]).collect();
        let text = format!("local x{database} y{role} trust\n");
        let problem = server.ask(text.as_bytes(), PROBLEM);
        match server.ours() {
            Ok(lines) => {
                assert_eq!(problem, Vec::<String>::new(), "{text:?}");
                let ours: Vec<String> = lines.iter().map(shown).collect();
                assert_eq!(ours, server.ask(text.as_bytes(), RULES), "{text:?}");
                taken += 1;
            }
            Err(SettingsError::Hba { place, problem: ours, .. }) => {
                let line = format!("{}: ", place.line);
                let found = problem.first().is_some_and(|it| it.starts_with(&line));
                assert!(found, "{text:?}: {problem:?} {ours}");
                refused += 1;
            }
            Err(other) => panic!("{text:?}: {other}"),
        }
    }
    assert!(taken > 30 && refused > 30, "{taken} were taken, {refused} refused");
}
