//! What is issued under a CA that OpenSSL made, whatever its key, its key's encoding, its name and its identifier.

use crate::foreign::{Place, split};
use crate::{assert_pair, verify};

/// A name as companies have them: repeated attributes, several in one part, letters beyond ASCII.
const SUBJECT: &str = "/DC=com/DC=example/O=Größe/OU=Engineering/OU=Testing/CN=ca+UID=7";

/// A CA in `ca/` made by `openssl req`, with a key of that kind.
fn openssl_ca(key: &str, extensions: &[&str]) -> Place {
    let place = Place::new();
    std::fs::create_dir(place.path("ca")).unwrap();
    let mut words = split("req -x509 -noenc -utf8 -sha256 -days 3650 -keyout ca/root.key -out ca/root.crt");
    words.extend(["-config", "/dev/null", "-subj", SUBJECT]);
    words.extend(split(key));
    for extension in extensions {
        words.extend(["-addext", extension]);
    }
    place.openssl_words(&words);
    place
}

const P256: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256";
const P384: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-384";
const RSA: &str = "-newkey rsa:2048";
const ED25519: &str = "-newkey ed25519";
const CA: &[&str] = &[
    "basicConstraints=critical,CA:TRUE",
    "keyUsage=critical,keyCertSign,cRLSign",
    "subjectKeyIdentifier=hash",
];

/// What `gen` made in `out/` chains to the CA in `ca/` in OpenSSL's eyes.
fn assert_issued(place: &Place, leaves: &[(&str, &str)]) {
    let ca = place.certificate("ca/root.crt");
    for (leaf, purpose) in leaves {
        let file = format!("out/{leaf}.crt");
        place.openssl(&verify(&format!("-purpose {purpose} -CAfile ca/root.crt -untrusted {file} {file}")));
        assert_pair(place, &file, &format!("out/{leaf}.key"));
        let last = place.certificates(&file).pop().unwrap();
        assert_eq!(last.issuer, ca.subject, "{leaf}");
        assert_eq!(
            last.extension("Authority Key Identifier"),
            ca.extension("Subject Key Identifier"),
            "{leaf}"
        );
    }
}

const BOTH: [(&str, &str); 2] = [("server", "sslserver"), ("client", "sslclient")];

#[test]
fn leaves_chain_to_a_ca_of_openssls_whatever_its_key() {
    for (key, signature) in
        [(P256, "ecdsa-with-SHA256"), (P384, "ecdsa-with-SHA384"), (RSA, "sha256WithRSAEncryption")]
    {
        let place = openssl_ca(key, CA);
        place.pgtls("gen chain --ca-dir ca -D out");
        assert_issued(&place, &BOTH);
        assert_eq!(place.certificate("out/server.crt").signature, signature);
        assert_eq!(place.certificates("out/chain.crt"), place.certificates("ca/root.crt"));
        assert!(!place.path("out/root.key").exists());
        // Once more, now that all is there: nothing but the leaves is new.
        let before = place.certificate("out/server.crt");
        place.pgtls("gen chain --ca-dir ca -D out --force");
        assert_issued(&place, &BOTH);
        assert_ne!(place.certificate("out/server.crt").serial, before.serial);
    }
}

#[test]
fn a_new_intermediate_chains_to_a_ca_of_openssls() {
    let place = openssl_ca(RSA, CA);
    place.pgtls("gen chain --intermediate --ca-dir ca -D out");
    assert_issued(&place, &BOTH);
    let root = place.certificate("ca/root.crt").subject;
    assert_eq!(place.subjects("out/chain.crt"), ["CN=intermediate.yourdomain.com", root.as_str()]);
    assert_eq!(place.subjects("ca/intermediate.crt"), ["CN=intermediate.yourdomain.com"]);
}

#[test]
fn an_intermediate_of_openssls_issues_while_its_roots_key_is_away() {
    let place = openssl_ca(P384, CA);
    place.openssl(
        "req -new -noenc -config /dev/null -subj /OU=x/OU=y/CN=sub -keyout ca/intermediate.key -out i.csr \
         -newkey ec -pkeyopt ec_paramgen_curve:P-256",
    );
    place.write("i.cnf", "basicConstraints=critical,CA:TRUE,pathlen:0\nsubjectKeyIdentifier=0A0B0C\n");
    place.openssl(
        "x509 -req -in i.csr -days 1825 -CA ca/root.crt -CAkey ca/root.key -CAcreateserial -extfile i.cnf \
         -out ca/intermediate.crt",
    );
    std::fs::rename(place.path("ca/root.key"), place.path("safe.key")).unwrap();
    place.pgtls("gen chain --intermediate --ca-dir ca -D out");
    assert_eq!(place.subjects("out/server.crt"), ["CN=dbhost.yourdomain.com", "OU=x,OU=y,CN=sub"]);
    assert_eq!(place.certificate("out/server.crt").extension("Authority Key Identifier"), "0A:0B:0C");
    for (leaf, purpose) in BOTH {
        let file = format!("out/{leaf}.crt");
        place.openssl(&format!("verify -purpose {purpose} -CAfile ca/root.crt -untrusted {file} {file}"));
    }
}

#[test]
fn an_identifier_that_is_no_hash_of_the_key_is_taken_over_as_it_is() {
    let mut extensions = CA.to_vec();
    extensions[2] = "subjectKeyIdentifier=0102030405060708";
    let place = openssl_ca(P256, &extensions);
    place.pgtls("gen chain --ca-dir ca -D out");
    assert_eq!(
        place.certificate("out/client.crt").extension("Authority Key Identifier"),
        "01:02:03:04:05:06:07:08"
    );
    assert_issued(&place, &BOTH);
}

#[test]
fn a_ca_without_identifier_and_usage_issues_too() {
    let place = openssl_ca(P256, &["basicConstraints=critical,CA:TRUE", "subjectKeyIdentifier=none"]);
    assert!(!place.certificate("ca/root.crt").extensions.contains_key("Subject Key Identifier"));
    place.pgtls("gen chain --ca-dir ca -D out");
    // The strict rules want the identifier that this CA lacks.
    place.openssl("verify -purpose sslserver -CAfile ca/root.crt out/server.crt");
}

#[test]
fn keys_in_every_encoding_of_openssls_sign() {
    for (key, convert) in [
        (P256, "ec -in ca/root.key -out ca/root.key"),
        (P384, "ec -in ca/root.key -out ca/root.key"),
        (RSA, "rsa -traditional -in ca/root.key -out ca/root.key"),
    ] {
        let place = openssl_ca(key, CA);
        place.openssl(convert);
        assert!(!place.read("ca/root.key").contains("BEGIN PRIVATE KEY"), "{convert}");
        place.pgtls("gen chain --ca-dir ca -D out");
        assert_issued(&place, &BOTH);
    }
    let place = openssl_ca(P256, CA);
    // As `openssl ecparam -genkey` writes it: the curve in a block of its own, in front of the key.
    let curve = place.openssl("ecparam -name prime256v1");
    place.openssl("ec -in ca/root.key -out ca/root.key");
    place.write("ca/root.key", &(curve + &place.read("ca/root.key")));
    place.pgtls("gen chain --ca-dir ca -D out");
    assert_issued(&place, &BOTH);
}

#[test]
fn encrypted_keys_of_openssls_sign_with_their_passphrase_alone() {
    for (key, how) in
        [(P256, "-v2 aes-256-cbc -v2prf hmacWithSHA256"), (RSA, "-v2 aes-128-cbc"), (P384, "-scrypt")]
    {
        let place = openssl_ca(key, CA);
        place.write("secret", "correct horse\n");
        place.write("wrong", "battery staple\n");
        place.openssl(&format!("pkcs8 -topk8 {how} -in ca/root.key -out closed -passout file:secret"));
        std::fs::rename(place.path("closed"), place.path("ca/root.key")).unwrap();
        for words in
            ["gen chain --ca-dir ca -D out", "gen chain --ca-dir ca -D out --ca-passphrase-file wrong"]
        {
            let said = place.try_pgtls(&split(words));
            assert_eq!(said.code, Some(3), "{how}: {words}: {}", said.stderr);
            assert!(!place.path("out").exists(), "{how}: {words}");
        }
        place.pgtls("gen chain --ca-dir ca -D out --ca-passphrase-file secret");
        assert_issued(&place, &BOTH);
    }
}

#[test]
fn an_ed25519_ca_of_openssls_issues_clients_and_no_server() {
    let place = openssl_ca(ED25519, CA);
    let said = place.try_pgtls(&split("gen chain --ca-dir ca -D out"));
    assert_eq!(said.code, Some(3), "{}", said.stderr);
    assert!(said.stderr.contains("would bear an Ed25519 signature"), "{}", said.stderr);
    place.write(
        "clients.toml",
        "name='clients'\n[[certificate]]\nname='root'\nusage='root-ca'\nsubject='CN=any'\nkey_type='ed25519'\n\
         [[certificate]]\nname='client'\nusage='client'\nissuer='root'\nsubject='CN=kong'\n",
    );
    place.pgtls("gen clients.toml --ca-dir ca -D out");
    assert_issued(&place, &BOTH[1..]);
    assert_eq!(place.certificate("out/client.crt").signature, "ED25519");
}

#[test]
fn beside_a_ca_of_openssls_force_and_if_missing_make_the_leaves() {
    for words in ["gen chain --force -D out", "gen mine.toml --if-missing -D out"] {
        let place = openssl_ca(P256, CA);
        place.write(
            "mine.toml",
            "name='mine'\n[[certificate]]\nname='root'\nusage='root-ca'\nlifetime='3650d'\n\
             subject='DC=com,DC=example,O=Größe,OU=Engineering,OU=Testing,CN=ca+UID=7'\n\
             [[certificate]]\nname='server'\nusage='server'\nissuer='root'\nsubject='CN=db'\nsan=['db']\n\
             [[certificate]]\nname='client'\nusage='client'\nissuer='root'\nsubject='CN=kong'\n",
        );
        std::fs::create_dir(place.path("out")).unwrap();
        for name in ["root.crt", "root.key"] {
            std::fs::copy(place.path(&format!("ca/{name}")), place.path(&format!("out/{name}"))).unwrap();
        }
        place.pgtls(words);
        assert_issued(&place, &BOTH);
        for name in ["root.crt", "root.key"] {
            assert_eq!(place.read(&format!("out/{name}")), place.read(&format!("ca/{name}")), "{words}");
        }
    }
}
