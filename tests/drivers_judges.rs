//! What is said of stacks, held against their own libraries over every directory of `fixtures/faults`: webpki, which is
//! rustls's judge, and OpenSSL as Python and native-tls ask it.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod faults;

use faults::{Case, cases};
use pgtls::verify::{Answer, Driver, DriverRow, Rule, Verdict, drivers};
use pgtls::x509::{Certificate, GeneralName};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use std::borrow::Cow;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

/// What a judge of certificates cannot see: whether the server starts at all, or loads its files.
const NOT_OF_CERTIFICATES: [Rule; 14] = [
    Rule::NothingInFile,
    Rule::PemDamaged,
    Rule::BlockUnreadable,
    Rule::DerNotPem,
    Rule::KeyMismatch,
    Rule::KeyMissing,
    Rule::KeyOwner,
    Rule::KeyModeTooOpen,
    Rule::KeyNotReadable,
    Rule::LeafNotFirst,
    Rule::KeyTooSmall,
    Rule::DigestTooWeak,
    Rule::KeyInPublicFile,
    Rule::CrlNotLoaded,
];

/// A case with what is said of it, what its server sends, and for which hosts.
struct Served {
    case: Case,
    rows: Vec<DriverRow>,
    sent: Vec<Arc<Certificate>>,
    hosts: Vec<String>,
}

impl Served {
    fn row(&self, driver: Driver) -> &DriverRow {
        self.rows.iter().find(|row| row.driver == driver).unwrap()
    }

    /// What clients trust.
    fn trust(&self) -> String {
        let usual = if self.case.dir.join("chain.crt").exists() { "chain.crt" } else { "root.crt" };
        self.case.expected.files.trust.clone().unwrap_or_else(|| usual.to_owned())
    }

    /// Whether a stack that has sslmode looks at names.
    fn is_full(&self) -> bool {
        self.case.policy().checks_host
    }
}

/// The cases that have a server's certificate and a trust file.
fn served() -> Vec<Served> {
    let served = |case: Case| {
        let files = case.exhibits();
        let rows = drivers(&files, &case.roles(), &case.policy());
        let file = case.expected.files.server_cert.clone().unwrap_or_else(|| "server.crt".to_owned());
        let sent = files.into_iter().find(|exhibit| exhibit.name == file)?.certificates;
        let hosts = match &case.expected.host {
            Some(host) => vec![host.clone()],
            None => own_names(sent.first()?),
        };
        let trusts_system = case.expected.files.trust.as_deref() == Some("system");
        (!trusts_system).then_some(Served { case, rows, sent, hosts })
    };
    let found: Vec<Served> = cases().into_iter().filter_map(served).collect();
    assert!(found.len() > 100, "{} cases", found.len());
    found
}

/// What a certificate is asked for where the case asks for nothing.
fn own_names(certificate: &Certificate) -> Vec<String> {
    let names = certificate.subject_alt_names.iter().filter_map(|name| match name {
        GeneralName::Dns(name) => Some(name.replace("*.", "host.")),
        GeneralName::Ip(address) => Some(address.to_string()),
        _ => None,
    });
    names
        .chain(certificate.subject.common_names().map(Cow::into_owned))
        .filter(|name| !name.contains('\0'))
        .collect()
}

/// Whether what is said fits what a judge of certificates found.
fn fits(said: &Verdict, accepted: bool) -> bool {
    match (said.answer, said.rule) {
        (Answer::CannotTell, _) => true,
        (Answer::Refuses, Some(rule)) if NOT_OF_CERTIFICATES.contains(&rule) => true,
        (answer, _) => (answer == Answer::Accepts) == accepted,
    }
}

/// The judge's answers for a stack's server side, over all cases; how many it accepted and refused.
fn compare(driver: Driver, judge: impl Fn(&Served) -> Result<(), String>) -> (usize, usize) {
    let (mut wrong, mut accepted, mut refused) = (Vec::new(), 0, 0);
    for served in self::served() {
        let Some(said) = &served.row(driver).server else { continue };
        let answer = judge(&served);
        *(if answer.is_ok() { &mut accepted } else { &mut refused }) += 1;
        if !fits(said, answer.is_ok()) {
            wrong.push(format!("{}: said {said:?}, and it says {answer:?}", served.case.name));
        }
    }
    assert!(wrong.is_empty(), "{} cases\n{}", wrong.len(), wrong.join("\n"));
    (accepted, refused)
}

fn webpki_takes(served: &Served) -> Result<(), String> {
    let der = |certificate: &Arc<Certificate>| CertificateDer::from(certificate.der.clone());
    let trusted: Vec<CertificateDer<'_>> =
        CertificateDer::pem_file_iter(served.case.dir.join(served.trust()))
            .unwrap()
            .filter_map(Result::ok)
            .collect();
    let anchors: Vec<TrustAnchor<'_>> =
        trusted.iter().filter_map(|certificate| anchor_from_trusted_cert(certificate).ok()).collect();
    let sent: Vec<CertificateDer<'_>> = served.sent.iter().map(der).collect();
    // A server whose file holds the leaf alone fills it up from ssl_ca_file, the same file here.
    let intermediates = if sent.len() == 1 { trusted.as_slice() } else { &sent[1..] };
    let leaf = EndEntityCert::try_from(&sent[0]).map_err(|error| format!("{error:?}"))?;
    let at = UnixTime::since_unix_epoch(Duration::from_secs(
        served.case.now().unix_timestamp().try_into().unwrap(),
    ));
    let usage = KeyUsage::server_auth();
    leaf.verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, intermediates, at, usage, None, None)
        .map_err(|error| format!("{error:?}"))?;
    let mut refusal = String::from("no name");
    for host in &served.hosts {
        let Ok(name) = ServerName::try_from(host.as_str()) else { continue };
        match leaf.verify_is_valid_for_subject_name(&name) {
            Ok(()) => return Ok(()),
            Err(error) => refusal = format!("{error:?}"),
        }
    }
    Err(refusal)
}

#[test]
fn rustls_takes_of_servers_what_is_said_that_it_takes() {
    let (accepted, refused) = compare(Driver::TokioRustls, webpki_takes);
    assert!(accepted > 60 && refused > 20, "{accepted} accepted, {refused} refused");
}

/// rustls refuses its own configuration where it cannot read the certificate in it.
#[test]
fn rustls_loads_of_clients_what_is_said_that_it_loads() {
    let mut loaded = 0;
    for case in cases() {
        let (name, dir) = (&case.name, &case.dir);
        let rows = drivers(&case.exhibits(), &case.roles(), &case.policy());
        let row = rows.iter().find(|row| row.driver == Driver::TokioRustls).unwrap();
        let Some(said) = &row.client else { continue };
        let first = CertificateDer::pem_file_iter(dir.join("client.crt")).unwrap().find_map(Result::ok);
        let loads = first.as_ref().is_some_and(|der| EndEntityCert::try_from(der).is_ok());
        loaded += usize::from(loads);
        match (said.answer, said.rule) {
            (Answer::Accepts, _) => assert!(loads, "{name}"),
            (Answer::Refuses, Some(Rule::X509V1)) => assert!(!loads, "{name}"),
            _ => {}
        }
    }
    assert!(loaded > 100, "{loaded}");
}

/// What `openssl verify` says of the server's certificate for one of the hosts.
fn openssl_takes(served: &Served, flags: &[&str], looks_at_names: bool) -> Result<(), String> {
    let at = served.case.now().unix_timestamp().to_string();
    let file = served.case.expected.files.server_cert.as_deref().unwrap_or("server.crt");
    let mut refusal = String::from("no name");
    for host in &served.hosts {
        let is_address = host.parse::<std::net::IpAddr>().is_ok();
        let asked = if is_address { "-verify_ip" } else { "-verify_hostname" };
        let name = [asked, host.as_str()];
        let name = if looks_at_names { name.as_slice() } else { &[] };
        let fixed = ["verify", "-no-CAstore", "-no-CApath", "-auth_level", "2", "-attime", &at];
        let purpose = ["-purpose", "sslserver"];
        let trust = served.trust();
        let files = ["-CAfile", &trust, "-untrusted", file, file];
        let mut command = Command::new("openssl");
        command.args(fixed).args(flags).args(purpose).args(name).args(files);
        let output = command.current_dir(&served.case.dir).stdin(Stdio::null()).output().unwrap();
        if output.status.success() {
            return Ok(());
        }
        refusal = String::from_utf8_lossy(&output.stderr).into_owned();
    }
    Err(refusal)
}

#[test]
fn openssl_takes_of_servers_what_is_said_of_native_tls() {
    let (accepted, refused) = compare(Driver::TokioNativeTls, |served| openssl_takes(served, &[], true));
    assert!(accepted > 60 && refused > 20, "{accepted} accepted, {refused} refused");
}

/// The flags of Python 3.13's default context.
#[test]
fn strict_openssl_takes_of_servers_what_is_said_of_python() {
    let strict = ["-x509_strict", "-partial_chain"];
    let (accepted, refused) =
        compare(Driver::AsyncpgStrict, |served| openssl_takes(served, &strict, served.is_full()));
    assert!(accepted > 60 && refused > 20, "{accepted} accepted, {refused} refused");
}

#[test]
fn openssl_with_lists_takes_of_servers_what_is_said_of_asyncpg() {
    let (accepted, refused) = compare(Driver::Asyncpg, |served| {
        let there = |path: &&str| served.case.dir.join(path).exists();
        let file = served.case.expected.files.crl.as_deref().filter(there);
        let directory = served.case.expected.files.crl_dir.as_deref();
        let mut flags = Vec::new();
        if file.is_some() || directory.is_some() {
            flags.push("-crl_check_all");
        }
        flags.extend(file.into_iter().flat_map(|file| ["-CRLfile", file]));
        flags.extend(directory.into_iter().flat_map(|directory| ["-CApath", directory]));
        openssl_takes(served, &flags, served.is_full())
    });
    assert!(accepted > 60 && refused > 20, "{accepted} accepted, {refused} refused");
}
