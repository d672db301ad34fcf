//! Names: their hashes and their printed form, beside OpenSSL's.

use std::path::Path;

use pgtls::keys::name_hash;
use pgtls::x509::{Certificate, Name};

use crate::{openssl, openssl_output, openssl_with, read, scratch};

/// A certificate for that subject, its strings of the types that the mask allows.
fn made(home: &Path, subject: &str, mask: &str) -> Name {
    let config = format!("[req]\ndistinguished_name=d\nprompt=no\nstring_mask={mask}\n[d]\nCN=x\n");
    std::fs::write(home.join("x.cnf"), config).unwrap();
    if !home.join("x.key").exists() {
        openssl(home, "genpkey -algorithm ED25519 -out x.key");
    }
    let words = "req -x509 -config x.cnf -key x.key -utf8 -outform DER -out x.der -subj";
    openssl_with(home, &words.split(' ').chain([subject]).collect::<Vec<_>>());
    Certificate::from_der(&read(home, "x.der")).unwrap().subject
}

fn printed(home: &Path, words: &str) -> String {
    String::from_utf8(openssl(home, &format!("x509 -inform DER -in x.der -noout {words}"))).unwrap()
}

#[track_caller]
fn alike(home: &Path, name: &Name) {
    let hash = printed(home, "-hash");
    assert_eq!(format!("{:08x}", name_hash(&name.canonical_der())), hash.trim_end(), "{name}");
    let text = printed(home, "-subject -nameopt RFC2253");
    assert_eq!(format!("subject={}\n", name.rfc2253()), text, "{name}");
}

#[test]
fn hash_and_print_are_those_of_openssl() {
    let home = scratch();
    for (subject, mask) in [
        ("/CN=db1.example.com", "utf8only"),
        ("/CN=db1.example.com", "MASK:0x2"),
        ("/C=DE/O=Acme GmbH/OU=One/OU=Two/OU=One/CN=Mixed Case", "utf8only"),
        ("/C=DE/O=Acme GmbH/CN=printable", "default"),
        ("/O=Zoë Ünïcode ÀÉ/CN=名前", "utf8only"),
        ("/O=Zoë/CN=名前", "MASK:0x800"),
        ("/O=Zoë/CN=ÀÉÎ b", "MASK:0x4"),
        ("/O=Zoë/CN=名前 𝄞", "MASK:0x100"),
        ("/CN=𝄞", "utf8only"),
        ("/DC=com/DC=Example/CN=x/emailAddress=A@B.example", "utf8only"),
        ("/O=b+CN=a+OU=C+L=aa/CN=z+CN=A", "utf8only"),
        ("/O=  leading and   inner \t spaces  /CN=x ", "utf8only"),
        ("/O= /CN=#", "utf8only"),
        ("/O=#a/CN=a#/OU=##", "utf8only"),
        ("/CN=a,b\\+c\"d<e>f;g=h\\\\i", "utf8only"),
        ("/CN=tab\tbell\u{7}del\u{7f}", "utf8only"),
        ("/serialNumber=12/title=T/GN=g/SN=s/street=x/UID=u", "utf8only"),
        ("/1.2.3.4=odd/CN=x", "utf8only"),
        ("/description=a/organizationIdentifier=b/jurisdictionC=DE/mail=c/dnQualifier=d", "utf8only"),
        ("/", "utf8only"),
    ] {
        let name = made(home.path(), subject, mask);
        alike(home.path(), &name);
    }
}

#[test]
fn every_printable_character_is_escaped_as_openssl_does_at_either_end_and_inside() {
    let home = scratch();
    for c in (' '..='~').filter(|c| !"/+\\".contains(*c)) {
        alike(
            home.path(),
            &made(home.path(), &format!("/CN={c}/O={c}{c}/OU=a{c}b/L={c}x/ST=x{c}"), "utf8only"),
        );
    }
}

#[test]
fn other_string_types_are_as_openssl_has_them() {
    let home = scratch();
    made(home.path(), "/C=DE/CN=twelve bytes", "utf8only");
    let der = read(home.path(), "x.der");
    // The tag of the common name becomes that of every other primitive type; OpenSSL reads but some of them.
    let at = der.windows(12).rposition(|window| window == b"twelve bytes").unwrap() - 2;
    let mut compared = Vec::new();
    for tag in 1..0x1f {
        let mut changed = der.clone();
        changed[at] = tag;
        std::fs::write(home.path().join("x.der"), &changed).unwrap();
        if openssl_output(home.path(), &["x509", "-inform", "DER", "-in", "x.der", "-noout"]).status.success()
        {
            compared.push(tag);
            alike(home.path(), &Certificate::from_der(&changed).unwrap().subject);
        }
    }
    let strings = [0x0c, 0x12, 0x13, 0x14, 0x16, 0x1e];
    assert!(
        strings.iter().all(|tag| compared.contains(tag)) && compared.len() > strings.len(),
        "{compared:?}"
    );
}

#[test]
fn attribute_types_have_openssl_s_short_names() {
    let list = String::from_utf8(openssl(Path::new("."), "list -objects")).unwrap();
    let mut known = 0;
    for line in list.lines() {
        let Some((short, rest)) = line.split_once(" = ") else { continue };
        let oid = rest.rsplit(", ").next().unwrap();
        let arcs = ["2.5.4.", "0.9.2342.19200300.100.1.", "1.3.6.1.4.1.311.60.2.1."];
        if arcs.iter().any(|arc| oid.strip_prefix(arc).is_some_and(|last| !last.contains('.'))) {
            known += 1;
            let name = Name::parse(&format!("{oid}=x")).unwrap();
            assert_eq!(name.rfc2253(), format!("{short}=x"), "{line}");
        }
    }
    assert!(known > 100, "{known}");
}

#[test]
fn a_revocation_list_has_the_hash_of_its_issuer() {
    let home = scratch();
    let name = made(home.path(), "/O=Acme/CN=The  CA", "utf8only");
    std::fs::write(home.path().join("index.txt"), "").unwrap();
    std::fs::write(
        home.path().join("ca.cnf"),
        "[ca]\ndefault_ca=c\n[c]\ndatabase=index.txt\ndefault_md=default\n",
    )
    .unwrap();
    openssl(home.path(), "x509 -inform DER -in x.der -out x.crt");
    openssl(home.path(), "ca -config ca.cnf -gencrl -crldays 1 -keyfile x.key -cert x.crt -out x.crl");
    let hash = String::from_utf8(openssl(home.path(), "crl -in x.crl -noout -hash")).unwrap();
    assert_eq!(format!("{:08x}\n", name_hash(&name.canonical_der())), hash);
}
