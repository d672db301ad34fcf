//! A certificate that is issued again: what stays of it to the byte, what comes to it, what it is signed with, and in which
//! files it comes to stand. In memory; the verb is in `renew`.
#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod road;

use pgtls::fs::{FileEntry, FileSet, Mode};
use pgtls::keys::SystemKeys;
use pgtls::layout::{self, Arrangement, Content, Place};
use pgtls::pki::{self, Issued, Secrets};
use pgtls::plan::{self, Due, RenewWish, Renewal};
use pgtls::profile::Overrides;
use pgtls::state::State;
use pgtls::x509::{CarriedExtension, Certificate, ExtensionKind};
use road::{NOW, built_in, make, restored, told};
use time::Duration;

/// Renews by these names under what is in a directory a hundred days later.
fn renewed(state: &State, names: &[&str]) -> (Renewal, Issued) {
    let wish =
        RenewWish { names: names.iter().map(|name| (*name).to_owned()).collect(), ..RenewWish::default() };
    let renewal = plan::renew(&wish, state, NOW + Duration::days(100))
        .unwrap_or_else(|error| panic!("{}", told(&error)));
    let issued = pki::issue(&renewal.plan, state, &SystemKeys, &Secrets::default())
        .unwrap_or_else(|error| panic!("{error}"));
    (renewal, issued)
}

fn certificate(issued: &Issued, stem: &str) -> Certificate {
    Certificate::from_der(&issued.certificates[stem].der).unwrap_or_else(|error| panic!("{error}"))
}

fn intermediate() -> (road::Made, State) {
    let arrangement = Arrangement::default();
    let made = make(
        &built_in("intermediate", &Overrides::default()),
        &arrangement,
        &Secrets::default(),
        &SystemKeys,
    );
    let state = restored(&made, &arrangement);
    (made, state)
}

#[test]
fn all_but_serial_number_and_window_stays_to_the_byte() {
    let (_, state) = intermediate();
    let (renewal, issued) = renewed(&state, &["server", "client", "intermediate", "root"]);
    for stem in ["server", "client", "intermediate", "root"] {
        let (old, new) = (state.certificate(stem).unwrap(), certificate(&issued, stem));
        assert_eq!(new.extensions(), old.extensions(), "{stem}");
        assert_eq!(
            (&new.subject, &new.issuer, &new.public_key),
            (&old.subject, &old.issuer, &old.public_key)
        );
        assert_ne!(new.serial, old.serial);
        assert_eq!(new.window.length(), old.window.length());
        assert_eq!(new.window.not_before, NOW + Duration::days(100) - Duration::HOUR);
        assert!(issued.certificates[stem].key_pem.is_none(), "no key is made");
    }
    assert!(renewal.plan.notices.iter().all(|notice| !notice.is_warning()), "{:?}", renewal.plan.notices);
}

#[test]
fn a_ca_that_is_signed_again_signs_itself_and_what_is_under_it_in_the_same_run() {
    let (_, state) = intermediate();
    let (_, issued) = renewed(&state, &["root", "intermediate"]);
    for (authority, child) in [("root", "root"), ("root", "intermediate"), ("intermediate", "server")] {
        let authority = certificate(&issued, authority);
        // The server stays as it is, and is under the new one as it was under the old.
        let child = match child {
            "server" => state.certificate("server").unwrap().clone(),
            child => certificate(&issued, child),
        };
        assert!(authority.may_have_issued(&child));
        let signed = child.signed();
        let key = pgtls::keys::PublicKey::from_spki_der(&authority.public_key);
        let check = key.verify(signed.algorithm, signed.to_be_signed, signed.signature);
        assert_eq!(check, pgtls::keys::SignatureCheck::Good);
    }
}

#[test]
fn every_file_in_which_a_certificate_stands_gets_the_new_one_and_keeps_all_else() {
    let (made, state) = intermediate();
    let (renewal, issued) = renewed(&state, &["intermediate"]);
    let mut files = made.filled.directory.clone();
    let note = FileEntry::new(
        [b"# copied by hand\n", files.get("chain.crt").unwrap().contents.as_slice()].concat(),
        Mode::from_bits(0o640),
    );
    files.insert("trust.pem", note);
    let outlined = layout::rewritten(&renewal.plan, &files, Place::Directory);
    let names: Vec<&str> = outlined.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["chain.crt", "client.crt", "intermediate.crt", "server.crt", "trust.pem"]);
    assert!(outlined.iter().all(|file| file.content == Content::Rewritten(vec!["intermediate".to_owned()])));
    let rewritten: FileSet = layout::rewrite(&renewal.plan, &issued, &files);
    let pem = |der: &[u8]| pgtls::pem::encode_certificate(der);
    let (old, new) =
        (pem(&state.certificate("intermediate").unwrap().der), pem(&issued.certificates["intermediate"].der));
    for name in names {
        let text = |files: &FileSet| String::from_utf8(files.get(name).unwrap().contents.to_vec()).unwrap();
        assert_eq!(text(&rewritten), text(&files).replace(&old, &new), "{name}");
        assert_eq!(rewritten.get(name).unwrap().mode, files.get(name).unwrap().mode);
    }
    assert_eq!(
        layout::outline(&renewal.plan, &Arrangement::default())
            .files
            .iter()
            .map(|file| file.name.as_str())
            .collect::<Vec<_>>(),
        ["root.index", "root.index.attr"]
    );
}

#[test]
fn nothing_is_due_in_the_first_two_thirds_and_everything_is_once_all_is_asked_for() {
    let (_, state) = intermediate();
    let due = |due: Due, days: i64| {
        let wish = RenewWish { due, ..RenewWish::default() };
        let renewal = plan::renew(&wish, &state, NOW + Duration::days(days)).unwrap();
        let made = renewal.plan.certificates.iter().filter(|spec| spec.kept.is_none());
        (made.map(|spec| spec.stem.clone()).collect::<Vec<_>>(), renewal.next_due.map(|next| next.file))
    };
    assert_eq!(due(Due::LastThird, 200), (vec![], Some("client.crt".to_owned())));
    assert_eq!(
        due(Due::LastThird, 250),
        (vec!["client".to_owned(), "server".to_owned()], Some("intermediate.crt".to_owned()))
    );
    assert_eq!(due(Due::All, 0).0, ["root", "intermediate", "client", "server"]);
}

#[test]
fn extensions_are_read_to_be_carried_as_they_stand() {
    let (_, state) = intermediate();
    let server = state.certificate("server").unwrap();
    let carried = server.carried_extensions();
    assert_eq!(
        carried.iter().map(|it| it.oid.clone()).collect::<Vec<_>>(),
        server.extensions().iter().map(|it| it.oid.clone()).collect::<Vec<_>>()
    );
    assert!(carried.iter().any(|it: &CarriedExtension| it.is(ExtensionKind::SubjectAltName)));
    assert!(!server.has_unique_ids());
}
