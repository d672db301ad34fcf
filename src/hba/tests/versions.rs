//! User maps, regular expressions and includes, as each version has them.

use super::{CannotTell, No, Yes, asked};
use crate::diagnosis::Diagnosis as _;
use crate::hba::{Client, Maps, Way, check_map_patterns, check_patterns, decide};
use crate::settings::{hba, ident};
use std::path::Path;

#[test]
fn a_map_leads_from_a_name_to_a_role_as_each_version_has_it() {
    let mapped = "hostssl all all all cert map=m";
    for (ident, version, answer) in [
        ("m alice alice", 15, Yes),
        ("m alice bob\nm alice alice", 15, Yes),
        ("n alice alice", 15, No),
        ("M alice alice", 15, No),
        ("m Alice alice", 15, No),
        ("m /^(.*)$ \\1", 15, Yes),
        ("m /^(al)ice$ \\1ice", 15, Yes),
        ("m /^al(ice)$ al\\1", 15, Yes),
        ("m /^(a).*$ \\1lice\\1", 18, No),
        ("m /^bob$ alice\nm alice alice", 15, Yes),
        ("m /^alice$ \\1\nm alice alice", 15, No),
        ("m /^(alice)$ \\1", 16, Yes),
        ("m /li alice", 15, Yes),
        ("m /(?i)^ALICE$ alice", 15, Yes),
        ("m /(a).*(e) \\1", 15, No),
        ("m /(a*).* \\1lice", 15, CannotTell),
        ("m /(a)\\1 alice", 15, CannotTell),
        ("m /(a)\\1 alice\nm alice alice", 15, Yes),
        ("m /(?=a) bob", 15, CannotTell),
        // Of the role a word counts from 16 on.
        ("m alice all", 15, No),
        ("m alice all", 16, Yes),
        ("m alice \"all\"", 16, No),
        ("m alice +staff", 15, No),
        ("m alice +staff", 16, CannotTell),
        ("m alice +alice", 16, Yes),
        ("m alice \"+alice\"", 16, No),
        ("m alice /^al", 15, No),
        ("m alice /^al", 16, Yes),
        ("m alice \"/^al\"", 16, Yes),
        ("m /^(alice)$ /^\\1", 15, No),
        ("m /^(a)lice$ +\\1lice", 16, CannotTell),
        ("", 15, No),
    ] {
        let found = asked(mapped).ident(ident).with(|it| it.version = Some(version)).verdict();
        assert_eq!(found.answer, answer, "{version}: {ident}: {found:?}");
    }
    let all = asked("hostssl all all all cert map=m")
        .ident("m /^(.*)$ \\1\n")
        .with(|it| it.role = "all".to_owned());
    let as_all = all.with(|it| {
        let Client::Certificate(presented) = &mut it.client else { return };
        presented.common_name = Some("all".to_owned());
    });
    assert_eq!(as_all.answer(), Yes);
    // What \1 puts in has no meaning of its own.
    assert_eq!(as_all.with(|it| it.role = "alice".to_owned()).answer(), No);
    let each = |version| {
        let ident = "m /^(a).*$ \\1lice\\1\n";
        asked(mapped)
            .ident(ident)
            .with(|it| (it.version, it.role) = (Some(version), "alicea".to_owned()))
            .answer()
    };
    assert_eq!((each(18), each(19)), (No, Yes));
    let dn = asked("hostssl all all all cert clientname=DN map=m").ident("m \"CN=alice,O=Acme\" alice");
    assert_eq!(dn.answer(), Yes);
    assert_eq!(dn.verdict().candidates[0].outcome.mapping.as_ref().map(|place| place.line), Some(1));
    assert_eq!(asked("hostssl all all all cert map=\"\"").answer(), Yes);
}

#[test]
fn without_a_map_file_a_map_leads_nowhere_and_an_unknown_one_is_unknown() {
    let login = asked("hostssl all all all cert map=m");
    assert_eq!(login.answer(), No);
    let file = hba::read(Path::new("/d/pg_hba.conf"), None, &login.files).unwrap();
    assert_eq!(decide(&file, &Maps::NotKnown, &login.login).answer, CannotTell);
}

#[test]
fn an_account_is_asked_of_peer_and_ident_and_mapped_too() {
    let socket = |hba: &str, account: Option<&str>| {
        let login = asked(hba).ident("m root alice").with(|it| {
            it.way = Way::Socket;
            it.account = account.map(str::to_owned);
        });
        login.answer()
    };
    assert_eq!(socket("local all all peer", None), CannotTell);
    assert_eq!(socket("local all all peer", Some("alice")), Yes);
    assert_eq!(socket("local all all peer", Some("root")), No);
    assert_eq!(socket("local all all ident map=m", Some("root")), Yes);
    assert_eq!(socket("local all all peer map=m", Some("alice")), No);
}

#[test]
fn regular_expressions_and_includes_of_lines_count_from_version_16_on() {
    for (hba, version, answer) in [
        ("host /^a all all trust", 15, No),
        ("host /^a all all trust", 16, Yes),
        ("host /^b all all trust", 16, No),
        ("host \"/^a\" all all trust", 16, Yes),
        ("host all /^(alice|bob)$ all trust", 16, Yes),
        ("host all /^(carol|bob)$ all trust", 16, No),
        ("host all bob,/ce$ all trust", 16, Yes),
        ("host /(?=a) all all trust", 16, CannotTell),
        ("host /(?=a) bob all trust", 16, No),
        ("host all +staff,/^alice$ all trust", 17, Yes),
        ("include more.conf\nhost all all all reject", 16, Yes),
        ("include_if_exists none.conf\nhost all all all reject", 16, No),
        ("include_dir more.d\nhost all all all trust", 16, No),
        ("host @names all all trust", 15, Yes),
    ] {
        let asked = asked(hba)
            .file("more.conf", "host all bob all reject\nhost all alice all trust\n")
            .file("more.d/1.conf", "host all all all reject\n")
            .file("more.d/2.txt", "host all all all nonsense\n")
            .file("names", "x\napp")
            .with(|it| it.version = Some(version));
        assert_eq!(asked.answer(), answer, "{version}: {hba}");
    }
    let included = asked("include more.conf").file("more.conf", "\nhost all all all trust").verdict();
    assert_eq!(included.candidates[0].place().unwrap().to_string(), "/d/more.conf:2");
}

#[test]
fn an_expression_for_which_the_server_refuses_its_file_is_an_error() {
    let lines = |text: &str, version: Option<u32>| {
        let files = asked(text).files;
        check_patterns(&hba::read(Path::new("/d/pg_hba.conf"), version, &files).unwrap(), version)
    };
    assert!(lines("host /( all all trust", Some(15)).is_ok());
    let error = lines("local a b trust\nhost a,/a** all all trust", Some(16)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "/d/pg_hba.conf:2: invalid regular expression \"a**\": quantifier operand invalid"
    );
    assert!(error.detail().unwrap().contains("does not start"));
    let maps = |text: &str, version: Option<u32>| {
        let files = asked("").ident(text).files;
        check_map_patterns(&ident::read(Path::new("/d/pg_ident.conf"), version, &files).unwrap(), version)
    };
    assert!(maps("m alice /(", Some(15)).is_ok());
    assert!(maps("m alice /(", Some(16)).is_err());
    let error = maps("m /[ alice", Some(15)).unwrap_err();
    assert!(error.to_string().starts_with("/d/pg_ident.conf:1: invalid regular expression \"[\""), "{error}");
    assert!(error.detail().unwrap().contains("no user map"));
}
