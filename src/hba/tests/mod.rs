#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::{
    Answer, Client, Database, Login, Maps, Network, Presented, Standing, Verdict, Way, check_map_patterns,
    check_patterns, decide, network,
};
use crate::settings::{Cause, Files, hba, ident};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Files in memory.
struct Memory(BTreeMap<PathBuf, String>);

impl Files for Memory {
    fn read(&self, path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, Cause> {
        Ok(self.0.get(path).map(|text| Zeroizing::new(text.clone().into_bytes())))
    }

    fn names(&self, directory: &Path) -> Result<Option<Vec<OsString>>, Cause> {
        let inside = self.0.keys().filter(|file| file.parent() == Some(directory));
        Ok(Some(inside.filter_map(|file| Some(file.file_name()?.to_owned())).collect()))
    }
}

/// A question, of alice with her certificate over TLS from 10.0.0.7 where nothing else is said.
struct Asked {
    login: Login,
    files: Memory,
}

fn asked(hba: &str) -> Asked {
    let login = Login {
        role: "alice".to_owned(),
        database: Database::Named("app".to_owned()),
        way: Way::Tls("10.0.0.7".parse().unwrap()),
        host_name: None,
        member_of: None,
        interfaces: None,
        account: None,
        client: Client::Certificate(Presented {
            common_name: Some("alice".to_owned()),
            distinguished_name: "CN=alice,O=Acme".to_owned(),
            standing: Standing::Accepted,
        }),
        lacks_tls: false,
        version: None,
    };
    Asked { login, files: Memory(BTreeMap::from([(PathBuf::from("/d/pg_hba.conf"), hba.to_owned())])) }
}

impl Asked {
    fn file(mut self, name: &str, text: &str) -> Self {
        self.files.0.insert(Path::new("/d").join(name), text.to_owned());
        self
    }

    fn ident(self, text: &str) -> Self {
        self.file("pg_ident.conf", text)
    }

    fn with(mut self, change: impl FnOnce(&mut Login)) -> Self {
        change(&mut self.login);
        self
    }

    fn verdict(&self) -> Verdict {
        let version = self.login.version;
        let file = hba::read(Path::new("/d/pg_hba.conf"), version, &self.files).unwrap();
        check_patterns(&file, version).unwrap();
        let maps = match ident::read(Path::new("/d/pg_ident.conf"), version, &self.files) {
            Ok(file) => {
                check_map_patterns(&file, version).unwrap();
                Maps::File(file)
            }
            Err(_) => Maps::Absent,
        };
        decide(&file, &maps, &self.login)
    }

    fn answer(&self) -> Answer {
        self.verdict().answer
    }
}

use Answer::{CannotTell, No, Yes};

mod versions;

#[test]
fn the_first_line_that_is_for_a_login_decides_whatever_comes_of_it() {
    for (hba, answer, line) in [
        ("hostssl all all all cert", Yes, Some(1)),
        ("local all all trust\nhostnossl all all all trust\nhostssl all all all cert", Yes, Some(3)),
        ("hostssl all all all reject\nhostssl all all all trust", No, Some(1)),
        ("host app all 192.0.2.0/24 trust\nhost app all 10.0.0.0/8 reject", No, Some(2)),
        ("host other all all trust", No, None),
        ("host all bob all trust", No, None),
        ("host all all ::/0 trust", No, None),
        ("hostgssenc all all all trust\nhostnogssenc all all all trust", Yes, Some(2)),
        ("host all all 10.0.0.7 255.255.255.254 trust", Yes, Some(1)),
        ("host all all 10.0.0.8 255.255.255.254 trust", No, None),
        ("host all all 0.0.0.0/0 trust", Yes, Some(1)),
        ("", No, None),
    ] {
        let verdict = asked(hba).verdict();
        let last = verdict.candidates.last().unwrap();
        assert_eq!((verdict.answer, last.place().map(|place| place.line)), (answer, line), "{hba}");
        assert_eq!(verdict.candidates.len(), 1, "{hba}");
    }
}

#[test]
fn words_for_databases_and_roles_mean_what_they_mean_to_the_server() {
    let groups = |login: &mut Login| login.member_of = Some(vec!["staff".to_owned()]);
    for (database, hba, answer) in [
        ("app", "host sameuser all all trust", No),
        ("alice", "host sameuser all all trust", Yes),
        ("alice", "host \"sameuser\" all all trust", No),
        ("staff", "host samerole all all trust", Yes),
        ("staff", "host samegroup all all trust", Yes),
        ("alice", "host samerole all all trust", Yes),
        ("app", "host samerole all all trust", No),
        ("app", "host \"all\" all all trust", No),
        ("all", "host \"all\" all all trust", Yes),
        ("app", "host replication all all trust", No),
        ("replication", "host replication all all trust", No),
        ("replication", "host \"replication\" all all trust", Yes),
        ("app", "host x,app,y all all trust", Yes),
        ("app", "host App all all trust", No),
        ("app", "host all +staff all trust", Yes),
        ("app", "host all +alice all trust", Yes),
        ("app", "host all +other all trust", No),
        ("app", "host all \"+staff\" all trust", No),
        ("app", "host all \"all\" all trust", No),
    ] {
        let asked = asked(hba).with(groups).with(|it| it.database = Database::Named(database.to_owned()));
        assert_eq!(asked.answer(), answer, "{database}: {hba}");
    }
    for (hba, answer) in [
        ("host all all all trust", No),
        ("host replication all all trust", Yes),
        ("host \"replication\" all all trust", No),
        ("host sameuser,replication alice all trust", Yes),
    ] {
        assert_eq!(asked(hba).with(|it| it.database = Database::Replication).answer(), answer, "{hba}");
    }
}

#[test]
fn a_kind_of_connection_meets_the_lines_that_are_for_it() {
    let address = "10.0.0.7".parse().unwrap();
    for (kind, ways) in [
        ("local", "s"),
        ("host", "pgt"),
        ("hostssl", "t"),
        ("hostnossl", "pg"),
        ("hostgssenc", "g"),
        ("hostnogssenc", "pt"),
    ] {
        for (letter, way) in [
            ('s', Way::Socket),
            ('p', Way::Plain(address)),
            ('g', Way::Gss(address)),
            ('t', Way::Tls(address)),
        ] {
            let hba =
                if kind == "local" { "local all all trust" } else { &format!("{kind} all all all trust") };
            let answer = asked(hba).with(|it| it.way = way).answer();
            assert_eq!(answer == Yes, ways.contains(letter), "{kind} {way:?}");
        }
    }
}

#[test]
fn what_is_not_known_is_no_answer_unless_every_way_leads_to_the_same() {
    for (hba, answer) in [
        ("host all +staff all trust", CannotTell),
        ("host all +staff all trust\nhost all all all trust", Yes),
        ("host all +staff all reject\nhost all all all trust", CannotTell),
        ("host all +staff all reject\nhost all bob all trust", No),
        ("host all +staff,alice all trust", Yes),
        ("host staff +staff all trust", No),
        ("host samerole all all trust", CannotTell),
        ("host all all db.example.com trust", CannotTell),
        ("host all all samehost trust", CannotTell),
        ("host all all samenet trust", CannotTell),
        ("host all all all ldap ldapserver=x ldapprefix=y", CannotTell),
        ("host all all all gss", CannotTell),
        ("host all all all radius radiusservers=a radiussecrets=b", CannotTell),
        ("host all all all pam", CannotTell),
        ("host all all all ident", CannotTell),
        ("hostssl all bob all gss clientcert=verify-full", No),
    ] {
        assert_eq!(asked(hba).answer(), answer, "{hba}");
    }
    let verdict = asked("host all +staff all reject\nhost all all all trust").verdict();
    let doubts: Vec<bool> = verdict.candidates.iter().map(|it| it.doubts.is_empty()).collect();
    assert_eq!(doubts, [false, true]);
    assert_eq!(verdict.candidates[0].doubts, ["whether alice is a member of staff"]);
}

#[test]
fn what_is_told_besides_decides() {
    let from = |address: &str| Way::Tls(address.parse().unwrap());
    let known = |hba: &str, way: Way, net: &[&str], host: Option<&str>| {
        let interfaces: Vec<Network> = net.iter().map(|text| network(text).unwrap()).collect();
        asked(hba)
            .with(|it| {
                it.way = way;
                it.interfaces = (!interfaces.is_empty()).then_some(interfaces);
                it.host_name = host.map(str::to_owned);
            })
            .answer()
    };
    let (same_host, same_net) = ("host all all samehost trust", "host all all samenet trust");
    assert_eq!(known(same_host, from("127.0.0.1"), &[], None), Yes);
    assert_eq!(known(same_host, from("127.0.0.2"), &["10.0.0.5/24"], None), No);
    assert_eq!(known(same_net, from("127.0.0.2"), &[], None), Yes);
    assert_eq!(known(same_host, from("::1"), &[], None), Yes);
    assert_eq!(known(same_net, from("10.0.0.7"), &["10.0.0.5/24"], None), Yes);
    assert_eq!(known(same_net, from("10.0.1.7"), &["10.0.0.5/24"], None), No);
    assert_eq!(known(same_host, from("10.0.0.7"), &["10.0.0.5/24"], None), No);
    assert_eq!(known(same_host, from("10.0.0.5"), &["10.0.0.5/24"], None), Yes);
    assert_eq!(known(same_net, from("2001:db8::9"), &["2001:db8::1/64"], None), Yes);
    assert_eq!(known(same_net, from("10.0.0.7"), &["2001:db8::1/0"], None), No);
    for (line, host, answer) in [
        ("db.example.com", "DB.example.com", Yes),
        ("db.example.com", "xdb.example.com", No),
        (".example.com", "a.b.Example.com", Yes),
        (".example.com", "example.com", No),
        (".example.com", "badexample.com", No),
        ("\"all\"", "all", Yes),
    ] {
        let hba = format!("host all all {line} trust");
        assert_eq!(known(&hba, from("10.0.0.7"), &[], Some(host)), answer, "{line} {host}");
    }
    for text in ["10.0.0.1", "10.0.0.1/33", "10.0.0.1/", "/8", "10.0.0.1/+8", "::1/129", "x/8"] {
        assert_eq!(network(text), None, "{text}");
    }
}

#[test]
fn a_certificate_has_to_be_accepted_and_to_bear_the_name_that_is_asked_for() {
    let show = |name: Option<&str>, standing: Standing| {
        let common_name = name.map(str::to_owned);
        let distinguished_name = "CN=alice,O=Acme".to_owned();
        Client::Certificate(Presented { common_name, distinguished_name, standing })
    };
    let accepted = |name| show(Some(name), Standing::Accepted);
    let refused = || show(Some("alice"), Standing::Refused("it has ended".to_owned()));
    let unknown = || show(Some("alice"), Standing::Unknown("who signed it".to_owned()));
    let cert = "hostssl all all all cert";
    let scram = "hostssl all all all scram-sha-256 clientcert=verify-full";
    let chain = "hostssl all all all trust clientcert=verify-ca";
    for (hba, client, answer) in [
        (cert, accepted("alice"), Yes),
        (cert, accepted("Alice"), No),
        (cert, accepted("bob"), No),
        (cert, show(None, Standing::Accepted), No),
        (cert, show(Some(""), Standing::Accepted), No),
        (cert, Client::Nothing, No),
        (cert, Client::NotTold, CannotTell),
        (cert, refused(), No),
        (cert, unknown(), CannotTell),
        (cert, show(Some("bob"), Standing::Unknown(String::new())), No),
        (cert, show(Some("alice"), Standing::NotAskedFor), No),
        (scram, accepted("alice"), Yes),
        (scram, accepted("bob"), No),
        (scram, Client::Nothing, No),
        (chain, accepted("bob"), Yes),
        (chain, Client::Nothing, No),
        (chain, show(Some("alice"), Standing::NotAskedFor), No),
        ("hostssl all all all trust", Client::Nothing, Yes),
        // A certificate that is sent has to be valid, whatever the line asks for.
        ("hostssl all all all trust", refused(), No),
        ("hostssl all all all trust", unknown(), CannotTell),
        ("hostssl all all all trust", show(None, Standing::NotAskedFor), Yes),
        // Without TLS it is not sent.
        ("hostnossl all all all trust", refused(), No),
        ("hostssl all all all cert clientname=DN", accepted("alice"), No),
        ("hostssl all all all reject clientcert=verify-ca", accepted("alice"), No),
    ] {
        assert_eq!(asked(hba).with(|it| it.client = client.clone()).answer(), answer, "{hba} {client:?}");
    }
    let plain = asked("host all all all trust").with(|it| {
        it.client = refused();
        it.way = Way::Plain("10.0.0.7".parse().unwrap());
    });
    assert_eq!(plain.answer(), Yes);
    assert_eq!(asked(cert).with(|it| it.lacks_tls = true).answer(), No);
}

#[test]
fn a_line_is_shown_as_it_counts_and_without_anything_secret() {
    for (line, shown) in [
        ("local\tall  alice   trust", "local all alice trust"),
        (
            "hostssl a,\"b c\" \"all\" 10.0.0.1 255.0.0.0 cert map=m",
            "hostssl a,\"b c\" \"all\" 10.0.0.1/8 cert map=m",
        ),
        ("host all +x 10.0.0.1 255.0.255.0 trust", "host all +x 10.0.0.1 255.0.255.0 trust"),
        ("host all all samehost ldap ldapbasedn=x ldapbindpasswd=secret", "host all all samehost ldap"),
        (
            "hostssl all all ::/0 md5 clientcert=verify-full clientname=DN",
            "hostssl all all ::/0 md5 clientcert=verify-full clientname=DN",
        ),
    ] {
        let verdict = asked(line).with(|it| it.role = "all".to_owned()).verdict();
        let texts: Vec<String> = verdict.candidates.iter().filter_map(super::Candidate::text).collect();
        let files = asked(line).files;
        let read = hba::read(Path::new("/d/pg_hba.conf"), None, &files).unwrap();
        assert_eq!(super::line::text(&read.lines[0]), shown);
        assert!(texts.iter().all(|text| text == shown), "{texts:?}");
    }
}
