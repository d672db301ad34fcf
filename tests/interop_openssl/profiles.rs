//! The whole language of profiles: what one says is what OpenSSL reads, and what OpenSSL enforces.

use crate::foreign::{Place, split};
use crate::{assert_pair, verify};
use time::macros::datetime;

const ROOT: &str = r#"
[[certificate]]
name = "root"
usage = "root-ca"
subject = "CN=root"
"#;

/// A profile of a plain root and these other certificates.
fn under_root(certificates: &str) -> Place {
    Place::of_profile(&format!("{ROOT}{certificates}"))
}

#[test]
fn names_of_every_form_keep_their_order_and_what_they_sign_chains() {
    for subject in [
        "DC=com,DC=example,O=PGDG,OU=Engineering,OU=Testing,CN=ca",
        r#"CN=Wurzel \"A\"\, Größe \+ 日本"#,
        "O=PGDG,CN=one,CN=two",
        "C=DE,ST=Sachsen,L=Leipzig,emailAddress=ca@example.com,CN=ca",
    ] {
        let place = Place::of_profile(&format!(
            "[[certificate]]\nname = 'root'\nusage = 'root-ca'\nsubject = '{subject}'\n\
             [[certificate]]\nname = 'server'\nusage = 'server'\nissuer = 'root'\n\
             subject = 'OU=x,OU=y,CN=db'\nsan = ['db']\n"
        ));
        assert_eq!(place.certificate("root.crt").subject, subject);
        let server = place.certificate("server.crt");
        assert_eq!((server.issuer.as_str(), server.subject.as_str()), (subject, "OU=x,OU=y,CN=db"));
        place.openssl(&verify("-purpose sslserver -CAfile root.crt server.crt"));
        let ours = place.openssl("x509 -noout -subject_hash -in root.crt");
        assert_eq!(place.openssl("x509 -noout -issuer_hash -in server.crt"), ours, "{subject}");
    }
}

#[test]
fn a_name_of_several_attributes_in_one_part_is_in_the_order_that_der_wants() {
    let place = Place::of_profile(
        "[[certificate]]\nname = 'root'\nusage = 'root-ca'\nsubject = 'O=PGDG,CN=ca+UID=7+OU=z'\n\
         [[certificate]]\nname = 'client'\nusage = 'client'\nissuer = 'root'\nsubject = 'CN=kong+UID=1'\n",
    );
    // Shorter encodings first, and a UID has the longest type (X.690 §11.6).
    let subject = place.certificate("root.crt").subject;
    // OpenSSL orders them by the same rule when it makes a name itself.
    let words = ["req", "-x509", "-new", "-key", "root.key", "-utf8", "-out", "theirs.pem"];
    place.openssl_words(&[&words[..], &["-subj", "/O=PGDG/CN=ca+UID=7+OU=z"]].concat());
    assert_eq!(subject, place.certificate("theirs.pem").subject);
    place.openssl(&verify("-purpose sslclient -CAfile root.crt client.crt"));
    assert_eq!(place.certificate("client.crt").issuer, subject);
}

#[test]
fn a_server_without_subject_has_critical_names_of_every_type() {
    let place = under_root(
        r#"
[[certificate]]
name = "server"
usage = "server"
issuer = "root"
subject = ""
san = ["*.example.com", "bücher.example", "10.1.2.3", "2001:db8::5", "dba@example.com", "spiffe://example.com/db",
       "DNS:192.0.2.1", "dns:db.test.", "_pg.db_1"]
"#,
    );
    let facts = place.certificate("server.crt");
    assert_eq!(facts.subject, "");
    let names = "critical; DNS:*.example.com, DNS:xn--bcher-kva.example, IP Address:10.1.2.3, \
                 IP Address:2001:DB8:0:0:0:0:0:5, email:dba@example.com, URI:spiffe://example.com/db, \
                 DNS:192.0.2.1, DNS:db.test., DNS:_pg.db_1";
    assert_eq!(facts.extension("Subject Alternative Name"), names);
    let words = |name: &str| verify(&format!("-purpose sslserver -CAfile root.crt {name} server.crt"));
    for name in [
        "-verify_hostname db.example.com",
        "-verify_hostname xn--bcher-kva.example",
        "-verify_ip 10.1.2.3",
        "-verify_ip 2001:db8::5",
        "-verify_email dba@example.com",
    ] {
        place.openssl(&words(name));
    }
    place.openssl_refuses(&words("-verify_hostname a.b.example.com"), "ostname mismatch");
    place.openssl_refuses(&words("-verify_hostname example.com"), "ostname mismatch");
    place.openssl_refuses(&words("-verify_ip 192.0.2.1"), "IP address mismatch");
}

#[test]
fn a_subject_beside_the_names_leaves_them_uncritical() {
    let place = under_root(
        "[[certificate]]\nname='server'\nusage='server'\nissuer='root'\nsubject='O=PGDG'\nsan=['db.test']\n",
    );
    let facts = place.certificate("server.crt");
    assert_eq!(
        (facts.subject.as_str(), facts.extension("Subject Alternative Name")),
        ("O=PGDG", "DNS:db.test")
    );
}

/// A CA with constraints on names, and a server under it with one name.
fn constrained(name: &str, waive: &str) -> Place {
    under_root(&format!(
        r#"
[[certificate]]
name = "ca"
usage = "intermediate-ca"
issuer = "root"
subject = "CN=ca"
permitted_names = ["example.com", "DNS:.example.net", "email:example.com", "IP:10.0.0.0/8", "2001:db8::/32"]
excluded_names = ["secret.example.com", "10.9.0.0/16"]

[[certificate]]
name = "server"
usage = "server"
issuer = "ca"
subject = "O=PGDG"
san = ["{name}"]
append = ["ca"]
{waive}
"#
    ))
}

#[test]
fn name_constraints_are_read_and_enforced() {
    let place = constrained("db.example.com", "");
    let expected = "critical; Permitted:; DNS:example.com; DNS:.example.net; email:example.com; \
                    IP:10.0.0.0/255.0.0.0; IP:2001:DB8:0:0:0:0:0:0/FFFF:FFFF:0:0:0:0:0:0; Excluded:; \
                    DNS:secret.example.com; IP:10.9.0.0/255.255.0.0";
    assert_eq!(place.certificate("ca.crt").extension("Name Constraints"), expected);
    let words = verify("-purpose sslserver -CAfile root.crt -untrusted server.crt server.crt");
    for name in
        ["db.example.com", "example.com", "db.example.net", "dba@example.com", "10.1.2.3", "2001:db8::1"]
    {
        // Made without a waiver: our own reading of the constraints agrees.
        constrained(name, "").openssl(&words);
    }
    for name in ["db.example.org", "dba@example.org", "192.0.2.1", "2001:db9::1"] {
        constrained(name, "waive = ['outside-name-constraints']")
            .openssl_refuses(&words, "permitted subtree violation");
    }
    for name in ["db.secret.example.com", "10.9.8.7"] {
        constrained(name, "waive = ['outside-name-constraints']")
            .openssl_refuses(&words, "excluded subtree violation");
    }
}

#[test]
fn distribution_points_and_further_purposes_are_read() {
    let place = under_root(
        r#"
[[certificate]]
name = "server"
usage = "server"
issuer = "root"
subject = "CN=db"
san = ["db"]
crl_distribution_points = ["http://crl.example.com/a.crl", "ldap://example.com/cn=crl"]
extended_key_usages = ["codeSigning", "OCSPSigning", "1.2.3.4", "serverAuth"]
"#,
    );
    let facts = place.certificate("server.crt");
    let points = "Full Name:; URI:http://crl.example.com/a.crl; Full Name:; URI:ldap://example.com/cn=crl";
    assert_eq!(facts.extension("CRL Distribution Points"), points);
    let purposes = "TLS Web Server Authentication, Code Signing, OCSP Signing, 1.2.3.4";
    assert_eq!(facts.extension("Extended Key Usage"), purposes);
}

#[test]
fn the_criticality_of_every_extension_is_settable_both_ways() {
    let kinds = "'authorityKeyIdentifier', 'basicConstraints', 'crlDistributionPoints', 'extendedKeyUsage', \
                 'keyUsage', 'nameConstraints', 'subjectAltName', 'subjectKeyIdentifier'";
    for (key, critical) in [("critical", true), ("not_critical", false)] {
        let place = under_root(&format!(
            "[[certificate]]\nname = 'ca'\nusage = 'intermediate-ca'\nissuer = 'root'\nsubject = 'CN=ca'\n\
             san = ['ca.test']\npermitted_names = ['test']\ncrl_distribution_points = ['http://a.test/']\n\
             extended_key_usages = ['serverAuth']\n{key} = [{kinds}]\n"
        ));
        let facts = place.certificate("ca.crt");
        assert_eq!(facts.extensions.len(), 8, "{facts:?}");
        for (name, value) in &facts.extensions {
            assert_eq!(value.starts_with("critical; "), critical, "{name}: {value}");
        }
        assert!(facts.extension("Basic Constraints").ends_with("CA:TRUE, pathlen:0"), "{facts:?}");
    }
}

#[test]
fn serial_numbers_are_the_given_ones_or_of_the_given_length() {
    let entry = |name: &str, serial: &str| {
        format!("[[certificate]]\nname='{name}'\nusage='client'\nissuer='root'\nsubject='CN=x'\n{serial}\n")
    };
    let place = under_root(
        &[
            entry("small", "serial = 7"),
            entry("high", "serial = '0xff'"),
            entry("long", "serial = '0x7fffffffffffffffffffffffffffffffffffffff'"),
            entry("short", "serial_bits = 8"),
            entry("most", "serial_bits = 159"),
        ]
        .concat(),
    );
    let serial = |name: &str| place.certificate(&format!("{name}.crt")).serial;
    assert_eq!(serial("small"), "7");
    assert_eq!(serial("high"), "ff");
    assert_eq!(serial("long"), format!("7{}", "f".repeat(39)));
    assert!((1..=2).contains(&serial("short").len()), "{}", serial("short"));
    assert!((30..=40).contains(&serial("most").len()), "{}", serial("most"));
}

/// root -> a -> b -> server, with these path lengths.
fn three_cas(root: &str, a: &str, b: &str, waive: &str) -> Place {
    let ca = |name: &str, rest: &str| {
        format!("[[certificate]]\nname = '{name}'\nsubject = 'CN={name}'\n{rest}\n{waive}\n")
    };
    Place::of_profile(
        &[
            ca("root", &format!("usage = 'root-ca'\n{root}")),
            ca("a", &format!("usage = 'intermediate-ca'\nissuer = 'root'\n{a}")),
            ca("b", &format!("usage = 'intermediate-ca'\nissuer = 'a'\n{b}")),
            ca("server", "usage = 'server'\nissuer = 'b'\nsan = ['db']\nappend = ['b', 'a']"),
        ]
        .concat(),
    )
}

#[test]
fn path_lengths_hold_over_three_cas() {
    let words = verify("-purpose sslserver -CAfile root.crt -untrusted server.crt server.crt");
    let place = three_cas("path_length = 2", "path_length = 1", "", "");
    place.openssl(&words);
    assert_eq!(place.subjects("server.crt"), ["CN=server", "CN=b", "CN=a"]);
    let limit = |name: &str| place.certificate(name).extension("Basic Constraints").to_owned();
    let limits = ["root.crt", "a.crt", "b.crt"].map(limit);
    assert_eq!(limits, [2, 1, 0].map(|length| format!("critical; CA:TRUE, pathlen:{length}")));
    let unlimited = three_cas("", "path_length = 'none'", "path_length = 'none'", "");
    assert_eq!(unlimited.certificate("b.crt").extension("Basic Constraints"), "critical; CA:TRUE");
    unlimited.openssl(&words);
    // Only a waiver makes what OpenSSL refuses.
    let waive = "waive = ['path-length-spent']";
    for (root, a) in [("path_length = 1", "path_length = 1"), ("", "path_length = 0")] {
        three_cas(root, a, "", waive).openssl_refuses(&words, "path length constraint exceeded");
    }
}

#[test]
fn bare_certificates_are_of_version_1_and_openssl_takes_them() {
    let place = under_root(
        "[[certificate]]\nname='bare'\nusage='bare'\nissuer='root'\nsubject='CN=db'\n\
         [[certificate]]\nname='alone'\nusage='bare'\nsubject='CN=alone'\nkey_type='rsa-2048'\n",
    );
    for file in ["bare.crt", "alone.crt"] {
        let facts = place.certificate(file);
        assert_eq!((facts.version.as_str(), facts.extensions.len()), ("1", 0), "{file}");
        assert_pair(&place, file, &file.replace(".crt", ".key"));
    }
    for purpose in ["sslserver", "sslclient"] {
        place.openssl(&format!("verify -purpose {purpose} -CAfile root.crt bare.crt"));
        place.openssl(&format!("verify -purpose {purpose} -CAfile alone.crt alone.crt"));
    }
}

#[test]
fn windows_are_the_instants_that_are_asked_for_in_the_past_and_the_future() {
    let place = Place::of_profile(
        "[[certificate]]\nname='root'\nusage='root-ca'\nsubject='CN=root'\n\
         not_before=1995-01-01\nnot_after=2099-12-31T23:59:59Z\n\
         [[certificate]]\nname='past'\nusage='client'\nissuer='root'\nsubject='CN=x'\n\
         not_before=2001-02-03\nnot_after=2002-02-03T04:05:06Z\n\
         [[certificate]]\nname='future'\nusage='client'\nissuer='root'\nsubject='CN=x'\n\
         not_before='2090-01-01'\nlifetime='12h'\n",
    );
    let window = |name: &str| {
        let facts = place.certificate(name);
        (facts.not_before, facts.not_after)
    };
    assert_eq!(window("past.crt"), (datetime!(2001-02-03 0:00 UTC), datetime!(2002-02-03 4:05:06 UTC)));
    assert_eq!(window("future.crt"), (datetime!(2090-01-01 0:00 UTC), datetime!(2090-01-01 12:00 UTC)));
    // From 2050 on a year has four digits in the encoding (RFC 5280 §4.1.2.5).
    assert_eq!(window("root.crt"), (datetime!(1995-01-01 0:00 UTC), datetime!(2099-12-31 23:59:59 UTC)));
    let at = |instant: time::OffsetDateTime, file: &str| {
        verify(&format!("-attime {} -CAfile root.crt {file}", instant.unix_timestamp()))
    };
    place.openssl(&at(datetime!(2002-02-03 4:05:05 UTC), "past.crt"));
    place.openssl_refuses(&at(datetime!(2002-02-03 4:05:07 UTC), "past.crt"), "certificate has expired");
    place.openssl_refuses(&at(datetime!(2026-01-01 0:00 UTC), "future.crt"), "certificate is not yet valid");
    place.openssl(&at(datetime!(2090-01-01 0:00:01 UTC), "future.crt"));
}

#[test]
fn a_node_is_both_server_and_client() {
    let place = under_root(
        "[[certificate]]\nname='node'\nusage='node'\nissuer='root'\nsubject='CN=n1'\nsan=['n1.test']\n\
         key_type='rsa-2048'\n",
    );
    let facts = place.certificate("node.crt");
    let purposes = "TLS Web Server Authentication, TLS Web Client Authentication";
    assert_eq!(facts.extension("Extended Key Usage"), purposes);
    assert_eq!(facts.extension("Key Usage"), "critical; Digital Signature, Key Encipherment");
    for purpose in ["sslserver", "sslclient"] {
        place.openssl(&verify(&format!("-purpose {purpose} -CAfile root.crt node.crt")));
    }
}

#[test]
fn ed25519_keys_are_readable_wherever_a_profile_puts_them() {
    let place = Place::of_profile(
        "[[certificate]]\nname='root'\nusage='root-ca'\nsubject='CN=root'\nkey_type='ed25519'\n\
         [[certificate]]\nname='client'\nusage='client'\nissuer='root'\nsubject='CN=kong'\nkey_type='ed25519'\n\
         [[certificate]]\nname='alone'\nusage='server'\nsubject='CN=db'\nsan=['db']\nkey_type='ed25519'\n\
         waive=['eddsa-signs-server']\n",
    );
    for stem in ["root", "client", "alone"] {
        assert_pair(&place, &format!("{stem}.crt"), &format!("{stem}.key"));
        let facts = place.certificate(&format!("{stem}.crt"));
        assert_eq!((facts.key.as_str(), facts.signature.as_str()), ("ED25519", "ED25519"), "{stem}");
    }
    place.openssl(&verify("-purpose sslclient -CAfile root.crt client.crt"));
    place.openssl(&verify("-purpose sslserver -CAfile alone.crt alone.crt"));
}

#[test]
fn a_leaf_that_issues_by_a_waiver_makes_nothing_that_openssl_takes() {
    let place = Place::of_profile(
        "[[certificate]]\nname='leaf'\nusage='client'\nsubject='CN=kong'\n\
         [[certificate]]\nname='forged'\nusage='client'\nissuer='leaf'\nsubject='CN=postgres'\n\
         waive=['issuer-is-no-ca']\n",
    );
    assert_eq!(place.certificate("forged.crt").issuer, "CN=kong");
    place
        .openssl_refuses(&verify("-purpose sslclient -CAfile leaf.crt forged.crt"), "invalid CA certificate");
}

#[test]
fn a_leaf_ends_after_its_ca_only_by_a_waiver() {
    let text = |waive: &str| {
        format!(
            "name='x'\n[[certificate]]\nname='root'\nusage='root-ca'\nsubject='CN=root'\n\
             not_after=2030-01-01\n[[certificate]]\nname='client'\nusage='client'\nissuer='root'\n\
             subject='CN=kong'\nnot_after=2040-01-01\n{waive}\n"
        )
    };
    let place = Place::new();
    place.write("mine.toml", &text(""));
    let said = place.try_pgtls(&split("gen mine.toml -D ."));
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    place.write("mine.toml", &text("waive = ['leaf-outlives-ca']"));
    place.pgtls("gen mine.toml -D .");
    assert_eq!(place.certificate("client.crt").not_after, datetime!(2040-01-01 0:00 UTC));
}
