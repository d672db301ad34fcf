//! Revocation and `export`: nobody is handed a revoked certificate unwarned, and every list that a chain needs goes along.
//! The lists are openssl's.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod foreign;

use foreign::{Place, Said};
use std::fs;

/// openssl makes the list of a CA of `pki`, after revoking this file where one is given.
fn list(place: &Place, ca: &str, revoked: Option<&str>) {
    place.write("index", "");
    place.write("number", "01\n");
    place.write(
        "ca.cnf",
        "[ca]\ndefault_ca=own\n[own]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\ndefault_crl_days=90\n",
    );
    let of_ca = format!("ca -config ca.cnf -cert pki/{ca}.crt -keyfile pki/{ca}.key");
    if let Some(file) = revoked {
        place.openssl(&format!("{of_ca} -revoke {file}"));
    }
    place.openssl(&format!("{of_ca} -gencrl -out pki/{ca}.crl"));
}

#[test]
fn whoever_exports_a_revoked_certificate_is_warned_in_every_form() {
    let place = Place::new();
    place.pgtls("gen chain -q --server db.test --client app");
    place.pgtls("issue client bob -q");
    list(&place, "root", Some("pki/client.bob.crt"));
    for form in ["libpq", "jdbc", "p12", "tls"] {
        let Said { code, stderr, .. } =
            place.try_pgtls(&["export", "client", "bob", "-q", "--as", form, "--to", form]);
        assert_eq!(code, Some(0));
        assert_eq!(stderr.matches("it is revoked, since ").count(), 1, "{form}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{form}: {stderr}");
        // Of others nothing is said.
        let other = format!("other-{form}");
        let said = place.try_pgtls(&["export", "client", "-q", "--as", form, "--to", &other]);
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{form}");
    }
}

#[test]
fn the_list_of_a_ca_below_the_one_that_is_trusted_goes_along() {
    let place = Place::new();
    place.pgtls("gen chain --intermediate -q --server db.test --client app");
    // As where the root alone is trusted, and the intermediate comes with the leaf.
    fs::remove_file(place.path("pki/chain.crt")).unwrap();
    list(&place, "root", None);
    list(&place, "intermediate", None);
    let Said { code, stderr, .. } = place.try_pgtls(&["export", "server", "-q", "--to", "out"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(place.read("out/root.crl").matches("BEGIN X509 CRL").count(), 2);
    place.openssl(
        "verify -crl_check_all -CAfile out/root.crt -CRLfile out/root.crl -untrusted pki/intermediate.crt pki/client.crt",
    );
}
