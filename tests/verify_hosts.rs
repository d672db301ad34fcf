//! libpq's own host name check, row by row: what each of its versions takes a certificate for, and what not.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

use pgtls::verify::accepts_host;
use pgtls::x509::{Certificate, GeneralName, Name};
use std::fs;
use std::path::Path;

/// A certificate with these names; of the rest of it nothing is asked.
fn named(common_names: &[&str], alt_names: &[&str]) -> Certificate {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/faults/clean-ecdsa-p256/server.crt");
    let pem = fs::read(path).unwrap();
    let der = pgtls::pem::scan(&pem).blocks.remove(0).der.clone();
    let mut certificate = Certificate::from_der(&der).unwrap();
    let subject: Vec<String> = common_names.iter().map(|name| format!("CN={name}")).collect();
    certificate.subject = Name::parse(&subject.join(",")).unwrap();
    certificate.subject_alt_names = alt_names
        .iter()
        .map(|name| match name.split_once(':') {
            Some(("IP", address)) => GeneralName::Ip(address.parse().unwrap()),
            Some(("DNS", text)) => GeneralName::Dns(text.to_owned()),
            Some(("email", text)) => GeneralName::Email(text.to_owned()),
            _ => GeneralName::Uri((*name).to_owned()),
        })
        .collect();
    certificate
}

/// Common names, alternative names, host, taken by libpq up to 14, taken from 15 on.
type Row<'a> = (&'a [&'a str], &'a [&'a str], &'a str, bool, bool);

fn hold(rows: &[Row<'_>]) {
    for (common, alt, host, old, new) in rows {
        let certificate = named(common, alt);
        for (version, takes) in [(10, old), (14, old), (15, new), (18, new)] {
            assert_eq!(
                accepts_host(&certificate, host, version),
                *takes,
                "{common:?} {alt:?} {host} {version}"
            );
        }
    }
}

#[test]
fn a_dns_name_is_compared_as_text_also_with_an_address() {
    hold(&[
        (&["x"], &["DNS:db.test"], "db.test", true, true),
        (&["x"], &["DNS:a.test", "DNS:db.test"], "DB.Test", true, true),
        (&["x"], &["DNS:127.0.0.1"], "127.0.0.1", true, true),
        // The text counts, not the address that it spells.
        (&["x"], &["DNS:127.0.0.1"], "127.1", false, false),
        (&["x"], &["DNS:::1"], "::1", true, true),
        (&["x"], &["DNS:::1"], "0:0:0:0:0:0:0:1", false, false),
    ]);
}

#[test]
fn an_address_is_compared_by_its_bytes_from_15_on_alone() {
    hold(&[
        (&["x"], &["IP:192.0.2.1"], "192.0.2.1", false, true),
        (&["x"], &["IP:127.0.0.1"], "127.1", false, true),
        (&["x"], &["IP:192.0.2.1"], "192.000.002.001", false, true),
        (&["x"], &["IP:2001:db8::1"], "2001:DB8:0::1", false, true),
        (&["x"], &["IP:192.0.2.1"], "192.0.2.2", false, false),
        (&["x"], &["IP:192.0.2.1"], "db.test", false, false),
        // A way out for all versions: the address as a text too.
        (&["x"], &["DNS:192.0.2.1", "IP:192.0.2.1"], "192.0.2.1", true, true),
    ]);
}

#[test]
fn the_common_name_counts_only_without_a_name_of_the_hosts_own_type() {
    hold(&[
        (&["db.test"], &[], "db.test", true, true),
        (&["192.0.2.1"], &[], "192.0.2.1", true, true),
        (&["a.test"], &["DNS:b.test"], "a.test", false, false),
        (&["a.test"], &["IP:192.0.2.1"], "a.test", true, true),
        (&["192.0.2.1"], &["DNS:b.test"], "192.0.2.1", false, true),
        // Before 15 an iPAddress is not looked at, and so does not shut the common name out.
        (&["192.0.2.1"], &["IP:192.0.2.2"], "192.0.2.1", true, false),
        (&["192.0.2.1"], &["IP:192.0.2.2", "DNS:b.test"], "192.0.2.1", false, false),
        (&["db.test"], &["email:dba@b.test", "https://b.test/"], "db.test", true, true),
        (&["192.0.2.1"], &["email:dba@b.test"], "192.0.2.1", true, true),
    ]);
}

#[test]
fn of_several_common_names_the_first_counts() {
    hold(&[
        (&["a.test", "b.test"], &[], "a.test", true, true),
        (&["a.test", "b.test"], &[], "b.test", false, false),
        (&[], &[], "a.test", false, false),
    ]);
}

#[test]
fn a_trailing_dot_makes_another_name() {
    hold(&[
        (&["db.test."], &[], "db.test", false, false),
        (&["x"], &["DNS:db.test."], "db.test.", true, true),
        (&["x"], &["DNS:db.test"], "db.test.", false, false),
    ]);
}

#[test]
fn a_wildcard_stands_for_one_whole_first_label_in_both_kinds_of_name() {
    hold(&[
        (&["*.test"], &[], "db.test", true, true),
        (&["x"], &["DNS:*.test"], "db.test", true, true),
        (&["x"], &["DNS:*.db.test"], "replica.db.test", true, true),
        (&["x"], &["DNS:*.test"], "replica.db.test", false, false),
        (&["x"], &["DNS:*.db.test"], "db.test", false, false),
        (&["x"], &["DNS:*"], "db", false, false),
        (&["x"], &["DNS:d*.test"], "db.test", false, false),
        (&["x"], &["DNS:*.*.test"], "a.*.test", true, true),
        (&["x"], &["DNS:*.*.test"], "a.b.test", false, false),
    ]);
}

#[test]
fn international_names_are_compared_as_they_are_spelt() {
    hold(&[
        (&["x"], &["DNS:xn--bcher-kva.test"], "xn--bcher-kva.test", true, true),
        (&["x"], &["DNS:xn--bcher-kva.test"], "bücher.test", false, false),
        (&["BÜCHER.test"], &[], "bücher.test", false, false),
    ]);
}
