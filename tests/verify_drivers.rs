//! Which client stacks connect, against what was measured with the stacks themselves (docs/drivers.md): the guide's
//! layouts, one fault at a time, keys, revocation.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod faults;

use faults::{Case, case, cases};
use pgtls::fs::{FileEntry, Mode};
use pgtls::verify::{Driver, DriverRow, Exhibit, Policy, Roles, drivers};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use time::macros::datetime;

const LIBPQ: &str = "psql psycopg";
const STRICT: &str = "asyncpg-python-3.13";
const JDBC: &str = "pgjdbc-pk8 pgjdbc-p12";
const RUSTLS: &str = "tokio-postgres-rustls";
const NATIVE_TLS: &str = "tokio-postgres-native-tls";
const GO: &str = "lib-pq pgx";
const KONG: &str = "pgmoon-luasec pgmoon-nginx";
const PGBOUNCER: &str = "pgbouncer";

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().flat_map(|text| text.split_whitespace()).map(str::to_owned).collect()
}

fn all_but(words: &[&str]) -> BTreeSet<String> {
    let but = set(words);
    let all = Driver::ALL.iter().map(|driver| driver.id().to_owned());
    all.filter(|id| !but.contains(id)).collect()
}

fn refusing(rows: &[DriverRow]) -> BTreeSet<String> {
    let refused = rows.iter().filter(|row| row.connects() == Some(false));
    refused.map(|row| row.driver.id().to_owned()).collect()
}

fn asked(case: &Case) -> Vec<DriverRow> {
    drivers(&case.exhibits(), &case.roles(), &case.policy())
}

fn of_fault(name: &str) -> Vec<DriverRow> {
    asked(&case(name))
}

fn read(dir: &str) -> Vec<Exhibit> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(dir);
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.ends_with(".crt") || name.ends_with(".key") {
            let mode = if name.ends_with(".key") { Mode::SECRET } else { Mode::PUBLIC };
            found.push(Exhibit::read(name, &FileEntry::new(fs::read(&path).unwrap(), mode), None));
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

fn of_guide(layout: &str) -> Vec<DriverRow> {
    let policy = Policy::at(datetime!(2026-12-01 0:00 UTC));
    drivers(&read(&format!("guide/{layout}")), &Roles::default(), &policy)
}

/// The table "who accepts the recipe's certificates", column by column.
#[test]
fn the_guides_layouts_are_refused_by_whom_refused_them() {
    let chains = set(&[STRICT, RUSTLS, GO]);
    assert_eq!(refusing(&of_guide("intermediate")), chains);
    assert_eq!(refusing(&of_guide("root-only")), chains);
    assert_eq!(refusing(&of_guide("self-signed")), set(&[RUSTLS, GO]));
    for layout in ["intermediate", "root-only", "self-signed"] {
        for row in of_guide(layout) {
            assert!(row.connects().is_some(), "{layout} {row:?}");
        }
    }
}

#[test]
fn the_reasons_are_in_the_words_of_the_stacks() {
    let rows = of_guide("intermediate");
    let said = |driver: &str| {
        let row = rows.iter().find(|row| row.driver.id() == driver).unwrap();
        let why = |verdict: &Option<pgtls::verify::Verdict>| verdict.clone().and_then(|verdict| verdict.why);
        (why(&row.server), why(&row.client))
    };
    let words = |text: &str| Some(text.to_owned());
    assert_eq!(said(STRICT), (words("CA cert does not include key usage extension"), None));
    assert_eq!(said(RUSTLS), (words("UnsupportedCertVersion"), words("UnsupportedCertVersion")));
    let go = words("certificate relies on legacy Common Name field, use SANs instead");
    assert_eq!(said("lib-pq"), (go.clone(), None));
    assert_eq!(said("pgx"), (go, None));
    let own = of_guide("self-signed");
    let rustls = own.iter().find(|row| row.driver.id() == RUSTLS).unwrap();
    assert_eq!(rustls.server.as_ref().unwrap().why.as_deref(), Some("CaUsedAsEndEntity"));
}

/// The table "which fault stops which client", row by row, and those of keys and revocation.
#[test]
fn each_fault_stops_whom_it_stopped() {
    let rows: &[(&str, BTreeSet<String>)] = &[
        ("server-v1", set(&[RUSTLS, GO])),
        ("client-v1", set(&[RUSTLS])),
        ("san-missing", set(&[RUSTLS, GO])),
        ("host-in-common-name-alone", all_but(&[KONG, PGBOUNCER])),
        ("server-without-usage", set(&[])),
        ("client-without-usage", set(&[])),
        ("server-for-clients-alone", all_but(&[])),
        ("client-for-servers-alone", all_but(&[])),
        ("server-for-netscape-clients", all_but(&[RUSTLS, GO, JDBC])),
        ("client-for-netscape-servers", all_but(&[])),
        ("server-without-authority", set(&[STRICT])),
        ("clean-server-without-key-identifier", set(&[])),
        ("clean-leaves-without-key-usage", set(&[])),
        ("clean-leaves-without-constraints", set(&[])),
        ("server-key-enciphers-only", set(&[JDBC, KONG])),
        ("server-key-attests-only", all_but(&[RUSTLS, GO])),
        ("client-key-enciphers-only", all_but(&[])),
        ("client-key-agrees-only", set(&[])),
        ("server-is-ca", set(&[RUSTLS])),
        ("client-is-ca", set(&[])),
        ("self-signed-client-is-ca", set(&[])),
        ("root-without-key-usage", set(&[STRICT])),
        ("root-without-key-identifier", set(&[STRICT])),
        ("issuer-cannot-sign", all_but(&[])),
        ("subject-constraints", set(&[RUSTLS])),
        ("root-without-constraints", set(&[STRICT, JDBC, GO])),
        ("root-without-subject", set(&[STRICT])),
        ("server-without-subject", set(&[STRICT])),
        ("clean-server-without-subject", set(&[])),
        ("server-with-empty-names", set(&[STRICT, RUSTLS, GO])),
        ("server-signs-certificates", set(&[STRICT])),
        ("server-with-path-length", set(&[STRICT])),
        ("server-is-ca-with-path-length", set(&[STRICT, RUSTLS])),
        ("server-is-bare-ca", set(&[STRICT, RUSTLS])),
        ("server-v2", set(&[STRICT, RUSTLS])),
        // Keys and algorithms.
        ("clean-ecdsa-p256", set(&[])),
        ("clean-ecdsa-p256-intermediate", set(&[])),
        ("clean-rsa-2048", set(&[])),
        ("clean-rsa-3072", set(&[])),
        ("client-key-p384", set(&[KONG])),
        ("clean-ecdsa-p384", set(&[])),
        ("clean-ed25519", set(&[])),
        ("server-signed-by-ed25519", set(&[LIBPQ])),
        ("server-key-spells-out-its-curve", all_but(&[RUSTLS, GO, JDBC])),
        ("client-key-pkcs1", set(&[NATIVE_TLS])),
        ("client-key-sec1", set(&[NATIVE_TLS])),
        // Revocation.
        ("clean-lists", set(&[])),
        ("client-revoked", all_but(&[])),
        ("crl-of-the-root-missing", all_but(&[])),
        // Intermediates.
        ("intermediate-not-appended", set(&[])),
        ("intermediate-nowhere", all_but(&[])),
    ];
    let mut wrong = Vec::new();
    for (name, expected) in rows {
        let found = of_fault(name);
        if refusing(&found) != *expected {
            wrong.push(format!("{name}: {:?}, and not {expected:?}", refusing(&found)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What `verify` finds no fault in is not therefore everybody's: three are libpq's own ways.
#[test]
fn what_is_clean_connects_every_stack_that_does_not_differ_from_libpq() {
    let differ: &[(&str, BTreeSet<String>)] = &[
        ("clean-client-key-der", all_but(&[LIBPQ, JDBC, RUSTLS, "pgmoon-nginx"])),
        ("clean-host-in-short-form", all_but(&[LIBPQ, KONG])),
        ("clean-host-under-verify-ca", set(&["node-postgres", RUSTLS, NATIVE_TLS])),
    ];
    for case in cases().into_iter().filter(|case| case.name.starts_with("clean-")) {
        let differs = differ.iter().find(|(name, _)| *name == case.name).map(|(_, who)| who.clone());
        assert_eq!(refusing(&asked(&case)), differs.unwrap_or_default(), "{}", case.name);
    }
}

/// Both sides trust the root alone, or only the server does, and no leaf's file holds the intermediate: OpenSSL fills
/// its chain up from its own trust file, and the others have nothing to fill it from.
#[test]
fn a_missing_intermediate_stops_those_that_send_no_more_than_their_file() {
    let all = read("faults/clean-ecdsa-p256-intermediate");
    let first = |exhibit: &Exhibit| {
        let mut exhibit = exhibit.clone();
        exhibit.certificates.truncate(1);
        exhibit
    };
    let shortened: Vec<Exhibit> = all
        .iter()
        .map(|exhibit| if exhibit.name == "client.crt" { first(exhibit) } else { exhibit.clone() })
        .collect();
    let policy = Policy::at(datetime!(2027-01-01 0:00 UTC));
    let trusting = |server: &str, clients: &str| Roles {
        client_trust: Some(server.to_owned()),
        server_trust: Some(clients.to_owned()),
        ..Roles::default()
    };
    let asked = |roles: &Roles| refusing(&drivers(&shortened, roles, &policy));
    assert_eq!(asked(&trusting("chain.crt", "chain.crt")), set(&[]));
    assert_eq!(asked(&trusting("root.crt", "chain.crt")), set(&[JDBC, RUSTLS, GO, "pgmoon-nginx"]));
    assert_eq!(asked(&trusting("root.crt", "root.crt")), all_but(&[]));
}

#[test]
fn kong_needs_as_much_depth_as_there_are_intermediates() {
    for (name, depth) in
        [("clean-self-signed", 0), ("clean-ecdsa-p256", 0), ("clean-ecdsa-p256-intermediate", 1)]
    {
        let rows = of_fault(name);
        let depths: Vec<usize> = rows.iter().filter_map(|row| row.lua_ssl_verify_depth).collect();
        assert_eq!(depths, [depth], "{name}");
    }
    assert_eq!(of_fault("chain-out-of-order")[12].lua_ssl_verify_depth, Some(2));
}

#[test]
fn pgjdbc_is_told_how_to_make_the_key_file_that_it_reads() {
    let needs =
        |name: &str| -> Vec<String> { of_fault(name).into_iter().filter_map(|row| row.needs).collect() };
    let pk8 = "openssl pkcs8 -topk8 -outform DER -nocrypt -in client.key -out client.pk8";
    let p12 = "openssl pkcs12 -export -name user -in client.crt -inkey client.key -out client.p12";
    assert_eq!(needs("clean-ecdsa-p256"), [pk8, p12]);
    assert_eq!(needs("clean-client-key-der"), [p12]);
    assert_eq!(needs("client-certificate-missing"), [""; 0]);
}

#[test]
fn a_side_that_is_not_there_has_no_answer() {
    for row in of_fault("client-certificate-missing") {
        assert!(row.server.is_some() && row.client.is_none() && row.connects().is_none(), "{row:?}");
    }
}

#[test]
fn what_was_not_measured_is_not_claimed() {
    let doubtful = |name: &str| -> BTreeSet<String> {
        let rows = of_fault(name);
        rows.iter().filter(|row| row.connects().is_none()).map(|row| row.driver.id().to_owned()).collect()
    };
    assert_eq!(doubtful("signature-on-an-uncommon-curve"), all_but(&[]));
    assert_eq!(doubtful("client-key-encrypted"), all_but(&[NATIVE_TLS]));
    assert_eq!(doubtful("address-of-five-octets"), set(&[JDBC, PGBOUNCER]));
    assert_eq!(doubtful("system-trust"), all_but(&[]));
    assert_eq!(doubtful("server-v2"), set(&[GO, JDBC]));
    assert_eq!(doubtful("server-without-subject"), set(&[JDBC]));
}

#[test]
fn the_documentation_names_every_stack_with_its_versions() {
    const DOCS: &str = include_str!("../docs/drivers.md");
    for driver in Driver::ALL {
        let row = format!("| {} | `{}` | {} |\n", driver.name(), driver.id(), driver.version());
        assert!(DOCS.contains(&row), "docs/drivers.md lacks {row}");
    }
}

#[test]
fn a_server_that_does_not_start_for_want_of_its_lists_connects_nobody() {
    let clean = case("clean-ecdsa-p256");
    let roles = Roles { crl_file: Some("nowhere.crl".to_owned()), ..clean.roles() };
    let rows = drivers(&clean.exhibits(), &roles, &clean.policy());
    assert_eq!(refusing(&rows).len(), Driver::ALL.len());
}
