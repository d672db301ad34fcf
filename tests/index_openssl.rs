//! OpenSSL judges our index of a CA, and we read what it writes: its `ca` makes revocation lists of it and goes on with it,
//! its OCSP responder answers from it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod foreign;

use foreign::{Place, split};
use pgtls::index::{ATTRIBUTES, Index, Revoked, Status, attributes_file, index_file};
use pgtls::pem::decode;
use pgtls::x509::{Certificate, RevocationReason};
use time::OffsetDateTime;

/// What `openssl ca` needs to be told.
const CONFIGURATION: &str = "
[ca]
default_ca = root
[root]
database = root.index
certificate = root.crt
private_key = root.key
new_certs_dir = .
rand_serial = yes
default_md = sha256
default_days = 30
default_crl_days = 30
policy = any
[any]
commonName = supplied
[req]
distinguished_name = none
string_mask = utf8only
[none]
";

/// A CA with a server and three clients, of `gen`, and a configuration of `openssl ca` for it.
fn authority() -> Place {
    let client = |name: &str| {
        format!(
            "[[certificate]]\nname = \"{name}\"\nusage = \"client\"\nissuer = \"root\"\nsubject = \"CN={name}\"\n"
        )
    };
    let root = "[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\nsubject = \"CN=root\"\nlifetime = \"3650d\"\n";
    let clients: String = ["alice", "bob", "carol"].map(client).concat();
    let place = Place::of_profile(&format!("{root}{clients}"));
    place.write("ca.cnf", CONFIGURATION);
    place
}

fn certificate(place: &Place, name: &str) -> Certificate {
    Certificate::from_der(&decode(place.read(name).as_bytes()).unwrap()[0].der).unwrap()
}

fn write(place: &Place, index: &Index) {
    std::fs::write(place.path(&index_file("root")), index.to_text()).unwrap();
    place.write(&attributes_file("root"), ATTRIBUTES);
}

fn written(place: &Place) -> Index {
    Index::parse(place.read(&index_file("root")).as_bytes()).unwrap()
}

/// With our index of alice, bob and carol in it.
fn with_index() -> (Place, Index) {
    let place = authority();
    let all = ["alice.crt", "bob.crt", "carol.crt"].map(|name| certificate(&place, name));
    let index = Index::rebuilt(&all);
    write(&place, &index);
    (place, index)
}

fn ca(words: &str) -> String {
    format!("ca -config ca.cnf -batch -notext {words}")
}

fn serial(place: &Place, name: &str) -> Vec<u8> {
    certificate(place, name).serial
}

fn revoked(reason: Option<RevocationReason>) -> Revoked {
    Revoked { at: OffsetDateTime::now_utc().replace_nanosecond(0).unwrap(), reason }
}

/// A request for that subject, and what `openssl ca` makes of it.
fn issue(place: &Place, subject: &str, name: &str) {
    let key = "req -new -config ca.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    place.openssl_words(&[split(key), vec!["-keyout", "k", "-out", "csr", "-subj", subject]].concat());
    place.openssl(&ca(&format!("-in csr -out {name}")));
}

#[test]
fn the_revocation_list_that_openssl_makes_of_our_index_lists_exactly_what_is_revoked_in_it() {
    let (place, mut index) = with_index();
    place.openssl(&ca("-gencrl -out root.crl"));
    assert!(place.openssl("crl -in root.crl -noout -text").contains("No Revoked Certificates"));
    assert!(index.revoke(&serial(&place, "alice.crt"), revoked(None)));
    assert!(index.revoke(&serial(&place, "carol.crt"), revoked(Some(RevocationReason::KeyCompromise))));
    write(&place, &index);
    place.openssl(&ca("-gencrl -out root.crl"));
    let list = decode(place.read("root.crl").as_bytes()).unwrap();
    let list = pgtls::x509::RevocationList::from_der(&list[0].der).unwrap();
    assert_eq!(list.revocations().len(), 2);
    let entry = list.find(&serial(&place, "carol.crt")).unwrap();
    let line = index.line_of(&serial(&place, "carol.crt")).unwrap();
    assert_eq!((entry.instant, entry.reason), (line.revoked.unwrap().at, line.revoked.unwrap().reason));
    assert_eq!(list.find(&serial(&place, "alice.crt")).unwrap().reason, None);
    let verify = "verify -crl_check -CAfile root.crt -CRLfile root.crl";
    place.openssl(&format!("{verify} bob.crt"));
    place.openssl_refuses(&format!("{verify} alice.crt"), "certificate revoked");
}

#[test]
fn every_reason_that_openssl_has_is_written_in_a_word_that_it_reads() {
    use RevocationReason as Reason;
    for reason in [
        Reason::Unspecified,
        Reason::KeyCompromise,
        Reason::CaCompromise,
        Reason::AffiliationChanged,
        Reason::Superseded,
        Reason::CessationOfOperation,
        Reason::CertificateHold,
        Reason::PrivilegeWithdrawn,
        Reason::AaCompromise,
        Reason::Other(42),
    ] {
        let (place, mut index) = with_index();
        assert!(index.revoke(&serial(&place, "bob.crt"), revoked(Some(reason))));
        write(&place, &index);
        place.openssl(&ca("-gencrl -out root.crl"));
        let list = decode(place.read("root.crl").as_bytes()).unwrap();
        let list = pgtls::x509::RevocationList::from_der(&list[0].der).unwrap();
        // For the last three OpenSSL has no word, and it takes no index with one.
        let has_word =
            !matches!(reason, Reason::PrivilegeWithdrawn | Reason::AaCompromise | Reason::Other(_));
        let told = has_word.then_some(reason);
        assert_eq!(list.find(&serial(&place, "bob.crt")).unwrap().reason, told, "{reason}");
        let line = written(&place).line_of(&serial(&place, "bob.crt")).cloned().unwrap();
        assert_eq!(line.revoked.unwrap().reason, told, "{reason}");
    }
}

#[test]
fn the_responder_of_openssl_answers_as_our_index_says() {
    let place = authority();
    // Of carol it says nothing.
    let mut index = Index::rebuilt(&[certificate(&place, "alice.crt"), certificate(&place, "bob.crt")]);
    assert!(index.revoke(&serial(&place, "bob.crt"), revoked(Some(RevocationReason::Superseded))));
    write(&place, &index);
    for (name, answer) in [("alice", "good"), ("bob", "revoked"), ("carol", "unknown")] {
        let certificate = format!("-issuer root.crt -cert {name}.crt");
        place.openssl(&format!("ocsp -no_nonce {certificate} -reqout request"));
        place.openssl(
            "ocsp -index root.index -CA root.crt -rsigner root.crt -rkey root.key -reqin request -respout response",
        );
        let said = place.openssl(&format!("ocsp -respin response -CAfile root.crt {certificate}"));
        assert!(said.starts_with(&format!("{name}.crt: {answer}\n")), "{said}");
        assert_eq!(said.contains("Reason: superseded"), answer == "revoked", "{said}");
    }
}

#[test]
fn openssl_goes_on_with_our_index_and_we_with_what_it_wrote() {
    let (place, index) = with_index();
    let before = place.read("root.index");
    // The subject of alice once more, which the attributes allow.
    issue(&place, "/CN=alice", "again.crt");
    let after = place.read("root.index");
    assert!(after.starts_with(&before) && after.lines().count() == 4, "{after}");
    place.openssl(&ca("-revoke bob.crt -crl_reason cessationOfOperation"));
    place.openssl(&ca("-revoke again.crt -crl_hold 1.2.840.10040.2.2"));
    place.openssl(&ca("-revoke carol.crt -crl_compromise 20261101000000Z"));
    place.openssl(&ca("-revoke alice.crt -crl_CA_compromise 20261101000000Z"));
    let mut read = written(&place);
    let reasons = read.lines().iter().map(|line| line.revoked.and_then(|revoked| revoked.reason));
    let reasons: Vec<_> = reasons.collect();
    let place_of =
        |name| read.lines().iter().position(|line| *line.serial == *serial_of(&place, name)).unwrap();
    assert_eq!(reasons[place_of("alice.crt")], Some(RevocationReason::CaCompromise));
    assert_eq!(reasons[place_of("bob.crt")], Some(RevocationReason::CessationOfOperation));
    assert_eq!(reasons[place_of("again.crt")], Some(RevocationReason::CertificateHold));
    assert_eq!(reasons[place_of("carol.crt")], Some(RevocationReason::KeyCompromise));
    assert_eq!(String::from_utf8(read.to_text()).unwrap(), place.read("root.index"));
    // What it wrote of them is kept where a line of ours follows.
    let text = place.read("root.index");
    assert!(text.contains(",holdInstruction,") && text.contains(",CAkeyTime,"), "{text}");
    assert!(read.record(&certificate(&place, "root.crt")));
    write(&place, &read);
    assert!(place.read("root.index").starts_with(&text));
    place.openssl(&ca("-gencrl -out root.crl"));
    assert_eq!(index.lines().len() + 2, read.lines().len());
}

fn serial_of(place: &Place, name: &str) -> Vec<u8> {
    pgtls::x509::significant(&serial(place, name)).to_vec()
}

#[test]
fn without_our_attributes_openssl_would_refuse_a_subject_that_comes_again() {
    let (place, _) = with_index();
    std::fs::remove_file(place.path("root.index.attr")).unwrap();
    let key = "req -new -config ca.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k -out csr";
    place.openssl(&format!("{key} -subj /CN=alice"));
    place.openssl_refuses(&ca("-in csr -out again.crt"), "There is already a certificate for /CN=alice");
}

#[test]
fn what_openssl_marks_as_expired_is_read_and_written_back() {
    let (place, _) = with_index();
    let text = place.read("root.index");
    // An instant of the past in the line of bob.
    let line = text.lines().find(|line| line.ends_with("/CN=bob")).unwrap();
    let past =
        format!("V\t200101000000Z{}", line.strip_prefix("V\t").unwrap().trim_start_matches(|c| c != '\t'));
    place.write("root.index", &text.replace(line, &past));
    place.openssl(&ca("-updatedb"));
    let read = written(&place);
    let status = |name| read.line_of(&serial(&place, name)).unwrap().status;
    assert_eq!((status("alice.crt"), status("bob.crt")), (Status::Valid, Status::Expired));
    assert_eq!(String::from_utf8(read.to_text()).unwrap(), place.read("root.index"));
}

#[test]
fn a_certificate_is_recorded_to_the_byte_as_openssl_records_it() {
    let subjects = [
        "CN=dbhost.yourdomain.com",
        "CN=kong",
        "DC=example,DC=com,O=PGDG,OU=Engineering,OU=Testing,CN=x",
        "O=Acme\\, Inc. / Sons,CN=a+OU=b\\+c",
        "CN=a\\+b=c",
        "O=Zoë,CN=naïve \\\\ \\\"quoted\\\"",
        "CN=tab\\09 line\\0A nul-free \\7F",
        "C=DE,serialNumber=17,UID=u,emailAddress=me@example.net",
        "1.2.3.4=odd,1.3.6.1.4.1.311.60.2.1.3=DE,2.5.4.97=id,CN=x",
        "CN=\\ padded\\ ",
        // In its place stands the serial number.
        "",
    ];
    let root = "[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\nsubject = \"CN=root\"\nlifetime = \"20000d\"\n";
    let leaf = |(at, subject): (usize, &&str)| {
        // Every other ends after 2049.
        let lifetime = if at % 2 == 0 { "90d" } else { "10000d" };
        let subject = subject.replace('\\', "\\\\").replace('"', "\\\"");
        format!(
            "[[certificate]]\nname = \"c{at}\"\nusage = \"client\"\nissuer = \"root\"\nsubject = \"{subject}\"\n\
             san = [\"alice@x.test\"]\nlifetime = \"{lifetime}\"\n"
        )
    };
    let leaves: String = subjects.iter().enumerate().map(leaf).collect();
    let place = Place::of_profile(&format!("{root}{leaves}"));
    place.write("ca.cnf", CONFIGURATION);
    place.write("root.index", "");
    place.write("root.index.attr", ATTRIBUTES);
    let mut index = Index::default();
    for at in 0..subjects.len() {
        place.openssl(&ca(&format!("-valid c{at}.crt")));
        assert!(index.record(&certificate(&place, &format!("c{at}.crt"))));
        assert_eq!(String::from_utf8(index.to_text()).unwrap(), place.read("root.index"));
    }
    assert!(written(&place).lines().iter().any(|line| line.not_after.year() > 2049));
}

#[test]
fn the_strings_that_older_programs_make_are_recorded_as_openssl_does_it() {
    // BMPString and T61String.
    for (mask, tag) in [("MASK:0x0800", 0x1e), ("MASK:0x4", 0x14)] {
        let place = authority();
        place.write("root.index", "");
        place.write("ca.cnf", &CONFIGURATION.replace("utf8only", mask));
        let words = "req -new -x509 -key alice.key -utf8 -out x.crt -config ca.cnf -subj";
        place.openssl_words(&[split(words), vec!["/O=Zoë/CN=x"]].concat());
        place.openssl(&ca("-valid x.crt"));
        let certificate = certificate(&place, "x.crt");
        assert!(certificate.subject.as_der().contains(&tag), "{mask}: {:?}", certificate.subject.as_der());
        let index = Index::rebuilt([&certificate]);
        assert_eq!(String::from_utf8(index.to_text()).unwrap(), place.read("root.index"), "{mask}");
    }
}

#[test]
fn what_we_refuse_openssl_refuses_and_what_we_read_it_reads() {
    let (place, _) = with_index();
    let text = place.read("root.index");
    let first = text.lines().next().unwrap();
    let serial = first.split('\t').nth(3).unwrap();
    let with = |line: String| [line, "\n".to_owned()].concat();
    for (changed, is_read) in [
        (with(first.to_owned()), true),
        (with(format!("# comment\n{first}")), true),
        (with(format!("{first}\r")), true),
        (with(first.replace(serial, &serial.to_lowercase())), true),
        (with(first.replace(serial, "-01")), true),
        (with(first.replace("unknown", "a\\\tb")), true),
        (with(first.replace("unknown", "")), true),
        (with(first.replacen("\t\t", "\t261101000000Z\t", 1).replacen('V', "R", 1)), true),
        (with(first.replacen("\t\t", "\t261101000000Z,SUPERSEDED\t", 1).replacen('V', "R", 1)), true),
        (with(first.replacen("\t\t", "\t261101000000Z,boredom\t", 1).replacen('V', "R", 1)), false),
        (with(first.replacen("\t\t", "\tyesterday\t", 1).replacen('V', "R", 1)), false),
        (with(first.replacen('V', "R", 1)), false),
        (with(first.replacen("\t\t", "\t261101000000Z\t", 1)), false),
        (with(first.replace(serial, &serial[1..])), false),
        (with(first.replace(serial, "")), false),
        (with(first.replace(serial, "no")), false),
        (with(first.replace("unknown", "a\tb")), false),
        (with(first.replace("unknown\t", "")), false),
        (with(format!("{first}\n{first}")), false),
        (with(format!("{first}\n{}", first.replace(serial, &format!("00{serial}")))), false),
        (with(format!("{first}\n")), false),
        (with(first.replacen("V\t", "V\tx", 1)), false),
    ] {
        place.write("root.index", &changed);
        let ours = Index::parse(changed.as_bytes());
        assert_eq!(ours.is_ok(), is_read, "{changed:?}: {ours:?}");
        let said = place.try_openssl(&split(&ca("-gencrl -out root.crl")), "");
        assert_eq!(said.code == Some(0), is_read, "{changed:?}: {}", said.stderr);
    }
    // A line without its end is none to OpenSSL.
    place.write("root.index", first);
    assert!(written(&place).is_open());
    let said = place.try_openssl(&[split(&ca("-status")), vec![serial]].concat(), "");
    assert!((said.stdout + &said.stderr).contains("not present"), "it reads the line");
}

#[test]
fn the_index_of_easy_rsa_is_read_and_written_back_and_we_would_write_the_same() {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/easy-rsa");
    let read = |name: &str| std::fs::read_to_string(format!("{fixtures}/{name}")).unwrap();
    let text = read("index.txt");
    let index = Index::parse(text.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(index.to_text()).unwrap(), text);
    assert_eq!(index.lines().iter().filter(|line| line.status == Status::Revoked).count(), 1);
    let blocks = decode(read("issued.pem").as_bytes()).unwrap();
    let mut ours: Vec<String> = blocks
        .iter()
        .map(|block| Index::rebuilt([&Certificate::from_der(&block.der).unwrap()]).to_text())
        .map(|text| String::from_utf8(text).unwrap())
        .collect();
    ours.sort();
    let there = text.split_inclusive('\n').filter(|line| ours.contains(&(*line).to_owned()));
    assert_eq!((there.count(), ours.len()), (5, 5), "{ours:#?}\n{text}");
    assert_eq!(read("index.txt.attr"), ATTRIBUTES);
}
