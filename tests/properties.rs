//! What holds for any text and any bytes: names go through their text and back, and no input makes a reader panic.
//!
//! The inputs are drawn from a generator with fixed seeds, so that a failure is the same in every run; it prints what
//! it was given.
#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod road;

use pgtls::keys::{KeySource, KeyType, PrivateKey, PublicKey, StoredKey, SystemKeys};
use pgtls::layout::Arrangement;
use pgtls::pem;
use pgtls::pki::Secrets;
use pgtls::profile::{BUILTINS, Overrides, parse};
use pgtls::x509::{Certificate, ExtendedKeyUsage, GeneralName, Lifetime, Name, dns_name, parse_instant};
use road::{NOW, Numbers, built_in};
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

const ROUNDS: usize = 3000;

/// Characters that mean something in names, and some of every script and width.
const SPECIAL: [char; 40] = [
    ' ', ',', '+', '"', '\\', '<', '>', ';', '=', '#', '/', '{', '}', '*', '.', '-', '_', '@', ':', '\'',
    'a', 'Z', '0', '9', 'é', 'ß', 'ı', '日', '本', '한', 'Ж', 'א', 'ع', '\u{301}', '\u{a0}', '\u{3000}',
    '\u{2003}', '🐘', '𝔻', '\u{200d}',
];

/// A text of 1 to `longest` characters, printable most of the time.
fn text(numbers: &mut Numbers, longest: usize) -> String {
    let length = 1 + numbers.below(longest);
    (0..length)
        .map(|_| match numbers.below(10) {
            0..6 => *numbers.pick(&SPECIAL),
            6..9 => char::from_u32(numbers.below(0x3000) as u32).unwrap_or('x'),
            _ => char::from_u32(numbers.below(0x11_0000) as u32).unwrap_or('y'),
        })
        .collect()
}

/// RFC 4514 §2.4: what has to be escaped, escaped, in one of its two ways.
fn escaped(numbers: &mut Numbers, value: &str) -> String {
    let last = value.chars().count() - 1;
    let mut out = String::new();
    for (at, c) in value.chars().enumerate() {
        let edge = (at == 0 || at == last) && c.is_whitespace();
        let must = edge || c.is_control() || ",+\"\\<>;".contains(c) || (at == 0 && c == '#');
        match (must, numbers.below(2)) {
            (false, _) => out.push(c),
            (true, 0) if " ,+\"\\<>;#=".contains(c) => out.extend(['\\', c]),
            _ => c.to_string().bytes().for_each(|byte| out += &format!("\\{byte:02x}")),
        }
    }
    out
}

/// A subject in the text form, beside the attributes that it has.
fn subject(numbers: &mut Numbers) -> String {
    const FREE: [&str; 11] =
        ["CN", "cn", "O", "OU", "L", "ST", "SN", "UID", "title", "1.2.3.4", "2.999.18446744073709551"];
    let rdns = 1 + numbers.below(4);
    let rdns: Vec<String> = (0..rdns)
        .map(|_| {
            let attributes = if numbers.below(4) == 0 { 2 } else { 1 };
            let attributes: Vec<String> = (0..attributes)
                .map(|_| match numbers.below(8) {
                    0 => "C=de".to_owned(),
                    1 => format!("DC=dc{}", numbers.below(100)),
                    2 => format!("serialNumber=Nr. {}", numbers.below(100)),
                    _ => {
                        let value = text(numbers, 12);
                        format!("{}={}", numbers.pick(&FREE), escaped(numbers, &value))
                    }
                })
                .collect();
            attributes.join("+")
        })
        .collect();
    rdns.join(",")
}

#[test]
fn a_common_name_goes_through_its_text_and_back() {
    let mut numbers = Numbers(1);
    for _ in 0..ROUNDS {
        let value = text(&mut numbers, 30);
        let name = Name::common_name(&value);
        assert_eq!(name.common_names().collect::<Vec<_>>(), [value.as_str()]);
        let shown = name.to_string();
        assert!(!shown.contains(char::is_control), "{shown:?}");
        assert_eq!(Name::parse(&shown).as_ref().ok(), Some(&name), "{value:?} as {shown:?}");
        assert_eq!(Name::from_der(name.as_der()).unwrap(), name);
    }
}

#[test]
fn a_subject_goes_through_its_text_and_back() {
    let mut numbers = Numbers(2);
    for _ in 0..ROUNDS {
        let written = subject(&mut numbers);
        let name = Name::parse(&written).unwrap_or_else(|error| panic!("{error}: {written:?}"));
        let shown = name.to_string();
        assert_eq!(Name::parse(&shown).as_ref().ok(), Some(&name), "{written:?} as {shown:?}");
        assert_eq!(Name::from_der(name.as_der()).unwrap(), name);
    }
}

#[test]
fn another_common_name_leaves_the_other_attributes_of_any_subject() {
    let mut numbers = Numbers(3);
    for _ in 0..ROUNDS {
        let name = Name::parse(&subject(&mut numbers)).unwrap();
        let value = text(&mut numbers, 10);
        let changed = name.with_common_name(&value);
        let others = |name: &Name| {
            let mut pairs: Vec<_> = name.attributes().into_iter().flatten().collect();
            pairs.sort();
            pairs
        };
        let (mut before, mut after) = (others(&name), others(&changed));
        if let Some(first) = name.common_names().next() {
            before.remove(
                before.iter().position(|pair| *pair == ("CN".to_owned(), first.to_string())).unwrap(),
            );
        }
        let own = after.iter().position(|pair| *pair == ("CN".to_owned(), value.clone()));
        after.remove(own.unwrap_or_else(|| panic!("{name} with {value:?}: {changed}")));
        assert_eq!(before, after, "{name} with {value:?}");
    }
}

#[test]
fn a_general_name_goes_through_both_of_its_texts_and_back() {
    let mut numbers = Numbers(4);
    let mut read = 0;
    const HEADS: [&str; 9] = ["", "DNS:", "IP:", "email:", "URI:", "uri:", "a@", "spiffe://", "*."];
    for _ in 0..ROUNDS {
        let length = 1 + numbers.below(12);
        let body: String =
            (0..length).map(|_| *numbers.pick(&['a', 'b', '1', '.', '-', '*', ':', 'é', '@', '/'])).collect();
        let written = format!("{}{body}", numbers.pick(&HEADS));
        let Ok(name) = written.parse::<GeneralName>() else { continue };
        read += 1;
        assert_eq!(name.to_string().parse::<GeneralName>().as_ref().ok(), Some(&name), "{written:?}");
        assert_eq!(name.short().parse::<GeneralName>().as_ref().ok(), Some(&name), "{written:?}");
    }
    assert!(read > ROUNDS / 20, "{read} of {ROUNDS} were names");
}

#[test]
fn a_lifetime_goes_through_its_text_and_back() {
    let mut numbers = Numbers(5);
    for _ in 0..ROUNDS {
        let unit = numbers.pick(&["s", "m", "h", "d", "w", "y"]);
        let written = format!("{}{unit}", 1 + numbers.below(100_000));
        let lifetime: Lifetime = written.parse().unwrap();
        assert_eq!(lifetime.to_string().parse::<Lifetime>().unwrap(), lifetime, "{written}");
        let fitting = Lifetime::fitting(lifetime.duration());
        assert!(fitting.is_none_or(|fitting| fitting <= lifetime), "{written}");
    }
}

/// Runs `reader` on `input`; a panic is told with the input.
fn survives<I: Debug>(input: &I, reader: impl FnOnce(&I)) {
    let outcome = catch_unwind(AssertUnwindSafe(|| reader(input)));
    assert!(outcome.is_ok(), "panicked on {input:?}");
}

/// `good` damaged: cut, lengthened, with bytes changed, removed, repeated or swapped.
fn damaged(numbers: &mut Numbers, good: &[u8]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..1 + numbers.below(3) {
        let at = numbers.below(bytes.len());
        match numbers.below(7) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, numbers.next() as u8),
            2 if !bytes.is_empty() => bytes[at] ^= 1 << numbers.below(8),
            3 if !bytes.is_empty() => bytes[at] = *numbers.pick(&[0, 1, 0x30, 0x7f, 0x80, 0x82, 0x84, 0xff]),
            4 if !bytes.is_empty() => drop(bytes.remove(at)),
            5 => {
                let to = at + numbers.below(bytes.len() - at + 1);
                let copy = bytes[at..to].to_vec();
                bytes.splice(at..at, copy);
            }
            _ => bytes.extend(numbers.bytes(3)),
        }
    }
    bytes
}

/// Certificates and keys of every kind that is quick to make.
fn samples() -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let (mut certificates, mut keys) = (Vec::new(), Vec::new());
    for (name, kind) in [
        ("intermediate", KeyType::EcdsaP256),
        ("root-only", KeyType::EcdsaP384),
        ("intermediate", KeyType::Ed25519),
        ("root-only", KeyType::Rsa2048),
    ] {
        let profile = built_in(name, &Overrides { key_type: Some(kind), ..Overrides::default() });
        let made = road::make(&profile, &Arrangement::default(), &Secrets::default(), &SystemKeys);
        for issued in made.issued.certificates.values() {
            certificates.push(issued.der.clone());
            keys.push(issued.key_pem.as_ref().unwrap().to_vec());
        }
    }
    keys.push(
        SystemKeys
            .generate(KeyType::EcdsaP256)
            .unwrap()
            .to_encrypted_pem(b"x", &SystemKeys)
            .unwrap()
            .to_vec(),
    );
    (certificates, keys)
}

#[test]
fn no_bytes_make_the_reader_of_certificates_panic() {
    let mut numbers = Numbers(10);
    let (certificates, _) = samples();
    let look = |bytes: &Vec<u8>| {
        let _ = Name::from_der(bytes)
            .map(|name| (name.to_string(), name.attributes(), name.common_names().count()));
        let key = PublicKey::from_spki_der(bytes);
        let _ = (key.key_type(), key.to_string(), key.identifier());
        let Ok(read) = Certificate::from_der(bytes) else { return };
        let key = PublicKey::from_spki_der(&read.public_key);
        let _ = (read.usage(), read.is_self_issued(), read.may_have_issued(&read), format!("{read:?}"));
        let _ = (key.key_type(), key.to_string(), key.identifier());
        let _ = (read.subject.to_string(), read.window.length(), read.window.contains(NOW));
        assert_eq!(read.der, *bytes);
    };
    for _ in 0..ROUNDS {
        let length = numbers.below(200);
        survives(&numbers.bytes(length), look);
        let good = numbers.pick(&certificates).clone();
        survives(&damaged(&mut numbers, &good), look);
    }
    for length in 0..certificates[0].len() {
        let cut = certificates[0][..length].to_vec();
        survives(&cut, look);
        assert!(Certificate::from_der(&cut).is_err(), "{length}");
    }
    for good in &certificates {
        let read = Certificate::from_der(good).unwrap();
        for part in [read.subject.as_der(), &read.public_key] {
            for _ in 0..200 {
                survives(&damaged(&mut numbers, part), look);
            }
        }
        let longer = [good.as_slice(), &[0]].concat();
        assert!(Certificate::from_der(&longer).is_err());
    }
}

#[test]
fn no_text_makes_the_readers_of_pem_and_keys_panic() {
    let mut numbers = Numbers(11);
    let (certificates, keys) = samples();
    let mut good = keys.clone();
    good.extend(certificates.iter().map(|der| pem::encode_certificate(der).into_bytes()));
    let look = |bytes: &Vec<u8>| {
        let _ = pem::decode(bytes).map(|blocks| format!("{blocks:?}"));
        match StoredKey::from_pem(bytes) {
            Ok(StoredKey::Plain(key)) => drop(key.public().to_string()),
            // Opening takes a second of PBKDF2, and damage inside may ask for more.
            Ok(StoredKey::Encrypted(_)) => {}
            Err(error) => drop(format!("{error} {error:?}")),
        }
        let _ = PrivateKey::from_pkcs8_der(bytes).map(|key| key.public().to_string());
    };
    for _ in 0..ROUNDS / 3 {
        let length = numbers.below(300);
        survives(&numbers.bytes(length), look);
        let sample = numbers.pick(&good).clone();
        survives(&damaged(&mut numbers, &sample), look);
        let key = numbers.pick(&keys).clone();
        let mut blocks = pem::decode(&key).unwrap();
        let der = blocks.pop().unwrap().der;
        let der = damaged(&mut numbers, &der);
        survives(&der, look);
        // The same bytes under each label that says how to read them.
        for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
            let text = pem::encode_certificate(&der).replace("CERTIFICATE", label);
            survives(&text.into_bytes(), look);
        }
    }
    for length in 0..keys[0].len() {
        survives(&keys[0][..length].to_vec(), look);
    }
}

#[test]
fn no_text_makes_the_reader_of_profiles_panic() {
    let mut numbers = Numbers(12);
    const PIECES: [&str; 34] = [
        "[[certificate]]\n",
        "[[bundle]]\n",
        "[set]\n",
        "name = \"x\"\n",
        "name = \"root\"\n",
        "usage = \"root-ca\"\n",
        "usage = \"intermediate-ca\"\n",
        "usage = \"server\"\n",
        "issuer = \"root\"\n",
        "issuer = \"x\"\n",
        "append = [\"root\"]\n",
        "serial = 0xffffffff\n",
        "serial = \"0x{x}\"\n",
        "serial_bits = 8\n",
        "path_length = 0\n",
        "lifetime = \"9223372036854775807s\"\n",
        "lifetime = \"1d\"\n",
        "file = \"x\"\n",
        "certificates = [\"x\"]\n",
        "domain = \"{domain}\"\n",
        "subject = \"CN={domain}\"\n",
        "san = [\"é.{x}\"]\n",
        "not_before = 9999-12-31T23:59:59-01:00\n",
        "not_after = 0000-01-01T00:00:00+23:59\n",
        "= 1\n",
        "\"",
        "{",
        "}",
        "\u{feff}",
        "é",
        "\r\n",
        "\0",
        "permitted_names = [\"::/0\", \".\"]\n",
        "critical = [\"keyUsage\"]\n",
    ];
    let read = |text: &String| {
        for overrides in [Overrides::default(), with_flags()] {
            match parse("p", text, &overrides) {
                Ok(profile) => drop(format!("{profile:?}")),
                Err(error) => {
                    let place = error.position;
                    assert!(place.is_none_or(|place| place.line >= 1 && place.column >= 1));
                    drop(error.to_string());
                }
            }
        }
    };
    for _ in 0..ROUNDS {
        let count = numbers.below(14);
        let text: String = (0..count).map(|_| *numbers.pick(&PIECES)).collect();
        survives(&text, read);
        let builtin = numbers.pick(&BUILTINS).text.as_bytes();
        survives(&String::from_utf8_lossy(&damaged(&mut numbers, builtin)).into_owned(), read);
        let length = numbers.below(100);
        survives(&String::from_utf8_lossy(&numbers.bytes(length)).into_owned(), read);
    }
    for (at, _) in BUILTINS[0].text.char_indices() {
        survives(&BUILTINS[0].text[..at].to_owned(), read);
    }
}

fn with_flags() -> Overrides {
    Overrides {
        domain: Some("é".to_owned()),
        server: vec![GeneralName::Dns("*.".to_owned()), GeneralName::Dns(String::new())],
        client: Some(String::new()),
        replication: Some("\0".to_owned()),
        no_append: vec!["server".to_owned()],
        ..Overrides::default()
    }
}

#[test]
fn no_text_makes_the_readers_of_single_values_panic() {
    let mut numbers = Numbers(13);
    const PIECES: [&str; 24] = [
        "9999-12-31T23:59:59",
        "0000-01-01T00:00:00",
        "-23:59",
        "+23:59",
        "Z",
        "-01:00",
        "99991231235959Z",
        "2026",
        "DNS:",
        "IP:",
        "email:",
        "URI:",
        "\\",
        "\\C3",
        "=",
        "+",
        ",",
        "CN=",
        "2.",
        "18446744073709551615",
        "1.",
        "é",
        "*",
        "xn--",
    ];
    let read = |text: &String| {
        let _ = parse_instant(text).map(pgtls::x509::format_instant);
        let _ = text.parse::<Lifetime>().map(|lifetime| lifetime.duration());
        let _ = text.parse::<ExtendedKeyUsage>().map(|usage| usage.to_string());
        let _ = text.parse::<KeyType>();
        let _ = text.parse::<GeneralName>().map(|name| (name.short(), pgtls::profile::domain_of(&name)));
        let _ = dns_name(text);
        let _ = Name::parse(text).map(|name| (name.to_string(), Name::parse(&name.to_string()).unwrap()));
    };
    for _ in 0..ROUNDS {
        let count = 1 + numbers.below(6);
        let pieces: String = (0..count).map(|_| *numbers.pick(&PIECES)).collect();
        survives(&pieces, read);
        survives(&text(&mut numbers, 30), read);
    }
}

#[test]
fn whatever_subject_san_and_window_a_profile_takes_can_be_made_and_read_back() {
    let mut numbers = Numbers(14);
    const INSTANTS: [&str; 8] = [
        "0001-01-01",
        "1949-12-31",
        "1950-01-01",
        "2049-12-31T23:59:59Z",
        "2050-01-01",
        "9999-12-31T23:59:59Z",
        "1970-01-01",
        "2000-02-29",
    ];
    const SANS: [&str; 7] =
        ["a.test", "*.b.test", "10.0.0.1", "fd00::1", "bücher.example", "a@b.test", "urn://x/y"];
    const SUBTREES: [&str; 7] =
        [".a.test", "b.test", "10.0.0.0/8", "::/0", "email:a.test", "zoë.test", "255.255.255.255/32"];
    for round in 0..300 {
        let mut instants = [*numbers.pick(&INSTANTS), *numbers.pick(&INSTANTS)];
        instants.sort_unstable();
        if instants[0] == instants[1] {
            continue;
        }
        let subject = subject(&mut numbers).replace('\\', "\\\\").replace('"', "\\\"").replace('{', "(");
        if subject.contains(char::is_control) {
            continue;
        }
        let (san, subtree) = (numbers.pick(&SANS), numbers.pick(&SUBTREES));
        let text = format!(
            "name = \"t\"\n[[certificate]]\nname = \"r\"\nusage = \"root-ca\"\nsubject = \"{subject}\"\n\
             san = [\"{san}\"]\nserial_bits = {}\npermitted_names = [\"{subtree}\"]\nnot_before = {}\nnot_after = {}\n\
             crl_distribution_points = [\"http://x/{round}\"]\nextended_key_usages = [\"1.2.{}\"]\n\
             waive = [\"common-name-too-long\", \"leaf-outlives-ca\"]\n",
            8 + numbers.below(152),
            instants[0],
            instants[1],
            numbers.below(1 << 40),
        );
        survives(&text, |text| {
            let profile = road::read(text);
            let made = road::make(&profile, &Arrangement::default(), &Secrets::default(), &SystemKeys);
            let found = Certificate::from_der(&made.issued.certificates["r"].der).unwrap();
            let spec = &made.plan.certificates[0];
            assert_eq!((&found.subject, found.window), (&spec.subject, spec.window));
            assert_eq!(found.subject_alt_names, spec.extensions.subject_alt_names);
            assert_eq!(found.extended_key_usage, spec.extensions.extended_key_usage);
        });
    }
}
