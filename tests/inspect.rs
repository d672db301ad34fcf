//! What `inspect` makes of directories that others filled: files that it cannot read, and authorities of every shape.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use support::{Run, is_root, run, scratch, text};

/// What `inspect` says of that directory: exit code, standard output and standard error.
fn inspected(home: &Path) -> (Option<i32>, String, String) {
    let output = Run::new(&["inspect"]).dir(home).output();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// The files of the tree, each with the branch before it.
fn branches(stdout: &str) -> Vec<&str> {
    let lines = stdout.lines().skip(2).filter(|line| line.contains("  until "));
    lines.map(|line| line.split_inclusive(".crt").next().unwrap()).collect()
}

/// `openssl` with these words, a line of them.
fn openssl(home: &Path, words: &str) {
    run(home, "openssl", &words.split_whitespace().collect::<Vec<_>>());
}

// Files

#[test]
fn a_damaged_key_is_a_problem_and_one_of_another_kind_fits_nothing() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "-D", "."]).dir(&home).code(0);
    fs::write(home.path().join("root.key"), "no key at all\n").unwrap();
    openssl(home.path(), "ecparam -genkey -name secp521r1 -noout -out client.key");
    let (code, stdout, stderr) = inspected(home.path());
    assert_eq!((code, stderr.as_str()), (Some(1), "pgtls: warning: root.key: it holds no private key\n"));
    assert_eq!(branches(&stdout), ["  root.crt", "  ├ server.crt", "  └ client.crt"]);
    assert!(stdout.ends_with("\n  client.key  key, ECDSA P-521, fits nothing here\n"), "{stdout}");
    assert!(stdout.contains(" days left; key server.key\n"), "{stdout}");
}

#[test]
fn a_key_that_may_not_be_read_hides_nothing() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "-D", "."]).dir(&home).code(0);
    let output = Run::new(&["inspect"]).dir(&home).by_nobody().output();
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
    let stdout = text(&output.stdout);
    assert!(stdout.starts_with("./: 3 certificates, 3 keys\n"), "{stdout}");
    assert_eq!(
        stdout.matches("key that you may not read\n").count(),
        if is_root() { 3 } else { 0 },
        "{stdout}"
    );
}

#[test]
fn a_certificate_that_is_no_file_is_a_problem() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "-D", "."]).dir(&home).code(0);
    std::os::unix::fs::symlink("nowhere", home.path().join("gone.crt")).unwrap();
    fs::create_dir(home.path().join("made.crt")).unwrap();
    let (code, _, stderr) = inspected(home.path());
    let problem = |file| format!("pgtls: warning: \"./{file}\" is not a file\n");
    assert_eq!((code, stderr), (Some(1), problem("gone.crt") + &problem("made.crt")));
}

#[test]
fn a_certificate_that_may_not_be_read_is_a_problem_and_the_others_are_shown() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "-D", "."]).dir(&home).code(0);
    fs::set_permissions(home.path().join("client.crt"), fs::Permissions::from_mode(0o000)).unwrap();
    let output = Run::new(&["inspect"]).dir(&home).by_nobody().output();
    let stderr = "pgtls: warning: could not read \"./client.crt\": permission denied\n";
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(1), stderr));
    assert_eq!(branches(&text(&output.stdout)), ["  root.crt", "  └ server.crt"]);
}

#[test]
fn a_file_above_the_limit_is_a_problem_and_the_others_are_shown() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "-D", "."]).dir(&home).code(0);
    let large = fs::File::create(home.path().join("all.crt")).unwrap();
    large.set_len(17 << 20).unwrap();
    let (code, stdout, stderr) = inspected(home.path());
    assert_eq!((code, stderr.lines().count()), (Some(1), 1), "{stderr}");
    assert!(stderr.starts_with("pgtls: warning: ") && stderr.contains("all.crt"), "{stderr}");
    assert_eq!(branches(&stdout), ["  root.crt", "  ├ server.crt", "  └ client.crt"]);
}

// Authorities

/// A self-signed CA of that name in NAME.crt and NAME.key.
fn authority(home: &Path, name: &str) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc";
    let words = format!("req -x509 {key} -keyout {name}.key -out {name}.crt -subj /CN={name}");
    openssl(home, &format!("{words} -config /dev/null {CA}"));
}

/// What `signer` says of the CA `name`, in NAME-by-SIGNER.crt.
fn cross_signed(home: &Path, name: &str, signer: &str) {
    let words = format!("req -x509 -key {name}.key -out {name}-by-{signer}.crt -subj /CN={name}");
    openssl(home, &format!("{words} -CA {signer}.crt -CAkey {signer}.key -config /dev/null {CA}"));
}

const CA: &str = "-addext basicConstraints=critical,CA:TRUE -addext subjectKeyIdentifier=hash \
                  -addext authorityKeyIdentifier=keyid";

#[test]
fn authorities_that_signed_each_other_are_shown_once_each() {
    let home = scratch();
    ["a", "b"].iter().for_each(|name| authority(home.path(), name));
    cross_signed(home.path(), "a", "b");
    cross_signed(home.path(), "b", "a");
    let (code, stdout, stderr) = inspected(home.path());
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(branches(&stdout), ["  a.crt", "  └ b-by-a.crt", "  b.crt", "  └ a-by-b.crt"], "{stdout}");
}

#[test]
fn a_circle_of_issuers_without_a_root_begins_at_its_first_file() {
    let home = scratch();
    ["a", "b", "c"].iter().for_each(|name| authority(home.path(), name));
    cross_signed(home.path(), "a", "c");
    cross_signed(home.path(), "b", "a");
    cross_signed(home.path(), "c", "b");
    ["a", "b", "c"].iter().for_each(|name| fs::remove_file(home.path().join(format!("{name}.crt"))).unwrap());
    let (code, stdout, stderr) = inspected(home.path());
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(branches(&stdout), ["  a-by-c.crt", "  └ b-by-a.crt", "    └ c-by-b.crt"], "{stdout}");
}

#[test]
fn a_leaf_with_the_name_of_its_ca_stands_under_it() {
    let home = scratch();
    let profile = include_str!("../profiles/root-only.toml")
        .replace("\"CN=dbhost.{domain}\"", "\"CN=root.{domain}\"\nwaive = [\"named-like-its-ca\"]");
    fs::write(home.path().join("mine.toml"), profile).unwrap();
    Run::new(&["gen", "mine.toml", "-q", "-D", "."]).dir(&home).code(0);
    let (code, stdout, stderr) = inspected(home.path());
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(branches(&stdout), ["  root.crt", "  ├ server.crt", "  └ client.crt"], "{stdout}");
}

#[test]
fn a_ca_that_took_a_new_key_under_its_old_name_stands_under_the_old_one() {
    let home = scratch();
    authority(home.path(), "old");
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout new.key -CA old.crt -CAkey old.key";
    openssl(home.path(), &format!("req -x509 {key} -out new.crt -subj /CN=old -config /dev/null {CA}"));
    let (code, stdout, stderr) = inspected(home.path());
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(branches(&stdout), ["  old.crt", "  └ new.crt"], "{stdout}");
}

// Signatures

/// What `inspect` says of a directory of the fixtures.
fn of_fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/faults").join(name);
    let output = Run::new(&["inspect"]).dir(path).output();
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
    text(&output.stdout)
}

/// The text with its line breaks, and what indents a line, made one space.
fn flowing(stdout: &str) -> String {
    stdout.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
}

#[test]
fn who_bears_the_name_of_a_ca_but_not_its_signature_does_not_stand_under_it() {
    for (fixture, tree) in [
        ("signature-flipped", &["  root.crt", "  └ client.crt", "  server.crt"][..]),
        ("anchor-of-the-same-name", &["  root.crt", "  server.crt", "  client.crt"]),
    ] {
        let stdout = of_fixture(fixture);
        assert_eq!(branches(&stdout), tree, "{stdout}");
        let remark = "names CN=root.test as its issuer, and no key of that name here signed it";
        assert!(flowing(&stdout).contains(remark), "{stdout}");
    }
}

#[test]
fn of_two_cas_of_one_name_the_one_that_signed_has_the_leaves() {
    for fixture in ["clean-two-roots-of-one-name", "clean-root-beside-its-predecessor"] {
        let stdout = of_fixture(fixture);
        assert_eq!(
            branches(&stdout),
            ["  root.crt", "  root.crt", "  ├ server.crt", "  └ client.crt"],
            "{stdout}"
        );
        assert!(!stdout.contains("names CN="), "{stdout}");
    }
}

#[test]
fn a_signature_that_cannot_be_checked_goes_by_the_names_and_is_said_to() {
    let stdout = of_fixture("client-signed-with-md5");
    assert_eq!(branches(&stdout), ["  root.crt", "  ├ server.crt", "  └ client.crt"], "{stdout}");
    let remark =
        "whether root.crt signed it is not checked: pgtls cannot check RSA with MD5 by a key RSA 2048";
    assert!(flowing(&stdout).contains(remark), "{stdout}");
}

#[test]
fn a_leaf_whose_ca_is_not_here_stands_by_itself_and_names_it() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "-D", "."]).dir(&home).code(0);
    ["root.crt", "chain.crt"].iter().for_each(|file| fs::remove_file(home.path().join(file)).unwrap());
    let (code, stdout, stderr) = inspected(home.path());
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(branches(&stdout), ["  server.crt", "  client.crt"], "{stdout}");
    assert_eq!(
        stdout.matches("signed by CN=root.yourdomain.com, which is not here\n").count(),
        2,
        "{stdout}"
    );
    assert!(stdout.ends_with("\n  root.key  key, ECDSA P-256, fits nothing here\n"), "{stdout}");
}

#[test]
fn a_list_that_another_key_signed_revokes_nobody() {
    let home = scratch();
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/faults/client-revoked");
    for file in support::names(&case) {
        fs::copy(case.join(&file), home.path().join(&file)).unwrap();
    }
    assert!(inspected(home.path()).1.contains("revoked since 2026-12-01, by crl.pem\n"));
    openssl(home.path(), "crl -in crl.pem -outform DER -out crl.der");
    let mut der = fs::read(home.path().join("crl.der")).unwrap();
    let last = der.len() - 1;
    der[last] ^= 1;
    fs::write(home.path().join("crl.der"), der).unwrap();
    fs::remove_file(home.path().join("crl.pem")).unwrap();
    let stdout = inspected(home.path()).1;
    assert!(
        !stdout.contains("revoked since") && stdout.contains("not signed by its issuer's key\n"),
        "{stdout}"
    );
}

#[test]
fn two_encodings_of_one_name_are_one() {
    let home = scratch();
    authority(home.path(), "a");
    // The same name as a PrintableString, in capitals.
    let config = "[req]\ndistinguished_name=dn\nstring_mask=pkix\n[dn]\n";
    fs::write(home.path().join("mine.cnf"), config).unwrap();
    openssl(home.path(), &format!("req -x509 -key a.key -out b.crt -subj /CN=A -config mine.cnf {CA}"));
    let leaf = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout leaf.key -out leaf.crt";
    openssl(home.path(), &format!("{leaf} -subj /CN=leaf -CA b.crt -CAkey a.key -config /dev/null"));
    fs::remove_file(home.path().join("b.crt")).unwrap();
    let (_, stdout, _) = inspected(home.path());
    assert_eq!(branches(&stdout), ["  a.crt", "  └ leaf.crt"], "{stdout}");
}

#[test]
fn thousands_of_certificates_cost_no_more_than_each_by_itself() {
    let home = scratch();
    authority(home.path(), "a");
    let leaf = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout leaf.key -out leaf.crt";
    openssl(home.path(), &format!("{leaf} -subj /CN=leaf -CA a.crt -CAkey a.key -config /dev/null"));
    // Each another to the byte: of another serial number, so that none is signed by the CA, and every name is looked up.
    let der = pgtls::pem::scan(&fs::read(home.path().join("leaf.crt")).unwrap()).blocks[0].der.to_vec();
    let serial = der.windows(2).position(|pair| pair == [2, 20]).unwrap() + 4;
    let mut bundle = fs::read(home.path().join("a.crt")).unwrap();
    for number in 0..5000_u16 {
        let mut der = der.clone();
        der[serial..serial + 2].copy_from_slice(&number.to_be_bytes());
        bundle.extend_from_slice(pgtls::pem::encode_certificate(&der).as_bytes());
    }
    fs::write(home.path().join("bundle.pem"), bundle).unwrap();
    fs::remove_file(home.path().join("leaf.crt")).unwrap();
    let start = std::time::Instant::now();
    let (code, stdout, _) = inspected(home.path());
    assert!(code == Some(0) && stdout.starts_with("./: 5001 certificates, 2 keys\n"), "{code:?}");
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
}

// What others put into names

#[test]
fn no_name_reaches_the_terminal_as_a_command_to_it() {
    let home = scratch();
    let config = "[req]\ndistinguished_name=dn\n[dn]\n[ext]\nsubjectAltName=DNS:a\\1b[31m\n";
    fs::write(home.path().join("mine.cnf"), config.replace("\\1b", "\u{1b}")).unwrap();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout k";
    let words = format!("req -x509 {key} -out x.crt -config mine.cnf -extensions ext -utf8 -subj");
    let mut words: Vec<&str> = words.split_whitespace().collect();
    words.push("/CN=a\u{1b}]0;b\u{202e}c\nd");
    run(home.path(), "openssl", &words);
    fs::rename(home.path().join("x.crt"), home.path().join("\u{1b}c.crt")).unwrap();
    fs::write(home.path().join("\u{1b}d\ne.crt"), "").unwrap();
    let (code, stdout, stderr) = inspected(home.path());
    assert_eq!(code, Some(1));
    let raw = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
    assert!(!stdout.contains(raw) && stdout.contains(r"\u{1b}c.crt"), "{stdout:?}");
    assert!(stdout.contains(r"a\u{1b}[31m") && stdout.contains(r"\u{202e}"), "{stdout:?}");
    assert!(!stderr.contains(raw) && stderr.contains(r"\u{1b}d\u{a}e.crt"), "{stderr:?}");
    assert_eq!((branches(&stdout).len(), stderr.lines().count()), (1, 1), "{stdout}{stderr}");
}

#[test]
fn no_role_of_a_profile_reaches_the_terminal_as_a_command_to_it() {
    let home = scratch();
    let profile = include_str!("../profiles/self-signed.toml").replace("\"CN=kong\"", "\"CN=ko\\u001bng\"");
    fs::write(home.path().join("mine.toml"), &profile).unwrap();
    let output = Run::new(&["gen", "mine.toml"]).dir(&home).output();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(
        !(stdout.clone() + &stderr).contains(|c: char| c != '\n' && c.is_control()),
        "{stdout:?}{stderr:?}"
    );
    assert!(output.status.code() == Some(0) && stdout.contains(r"role ko\u{1b}ng"), "{stdout:?}");
}

#[test]
fn a_path_that_is_not_utf_8_makes_no_half_of_a_json() {
    use std::os::unix::ffi::OsStrExt;
    let home = scratch();
    let path = std::ffi::OsStr::from_bytes(b"p\xffki");
    for (words, field) in
        [(["gen", "chain", "--json", "-D"].as_slice(), "plan"), (&["inspect", "--json"], "roots")]
    {
        let output = Run::new(words).dir(&home).command().arg(path).output().unwrap();
        assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["directory"], "p\u{fffd}ki");
        assert!(json[field].is_object() || json[field].is_array(), "{json}");
    }
}

#[test]
fn a_directory_that_begins_with_a_hyphen_is_no_flag_of_the_printed_command() {
    let home = scratch();
    let output = Run::new(&["gen", "chain", "-D-dash"]).dir(&home).output();
    let stdout = text(&output.stdout);
    let next = stdout.lines().find_map(|line| line.strip_prefix("next:   pgtls ")).unwrap();
    assert_eq!(next, "inspect ./-dash");
    assert!(!stdout.contains("install -o") || stdout.contains(" ./-dash/server.key "), "{stdout}");
    let words: Vec<&str> = next.split(' ').collect();
    let output = Run::new(&words).dir(&home).output();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

// Forms of a certificate

#[test]
fn a_byte_order_mark_and_the_old_label_hide_no_certificate() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "-D", "."]).dir(&home).code(0);
    let rewrite = |name: &str, change: &dyn Fn(String) -> String| {
        let path = home.path().join(name);
        fs::write(&path, change(fs::read_to_string(&path).unwrap())).unwrap();
    };
    rewrite("root.crt", &|pem| format!("\u{feff}{pem}"));
    rewrite("root.key", &|pem| format!("\u{feff}{pem}"));
    rewrite("client.crt", &|pem| pem.replace(" CERTIFICATE-", " X509 CERTIFICATE-"));
    let (code, stdout, stderr) = inspected(home.path());
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(branches(&stdout), ["  root.crt", "  ├ server.crt", "  └ client.crt"]);
    Run::new(&["gen", "chain", "-q", "-D", ".", "--if-missing"]).dir(&home).code(0);
}

#[test]
fn other_forms_of_a_certificate_are_shown_and_called_by_their_names() {
    let forms = [
        (
            "-trustout -addtrust serverAuth",
            "it is an OpenSSL TRUSTED CERTIFICATE, which only OpenSSL reads",
            "openssl x509 -in OLD -out NEW",
        ),
        ("-outform DER", "it is DER", "openssl x509 -inform DER -in OLD -out NEW"),
    ];
    for (words, fact, mend) in forms {
        let home = scratch();
        Run::new(&["gen", "chain", "-q", "-D", "."]).dir(&home).code(0);
        openssl(home.path(), &format!("x509 -in client.crt -out new.crt {words}"));
        fs::rename(home.path().join("new.crt"), home.path().join("client.crt")).unwrap();
        let (code, stdout, stderr) = inspected(home.path());
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        assert_eq!(branches(&stdout), ["  root.crt", "  ├ server.crt", "  └ client.crt"]);
        let told = text(&Run::new(&["inspect", "client.crt"]).dir(&home).output().stdout);
        assert!(
            told.starts_with(&format!("client.crt: certificate\n  note               {fact}\n")),
            "{told}"
        );
        // Who makes files wants them as PostgreSQL reads them.
        let output = Run::new(&["gen", "chain", "-D", ".", "--if-missing"]).dir(&home).output();
        assert!(text(&output.stderr).contains(&format!(": {mend}\n")), "{}", text(&output.stderr));
    }
}
