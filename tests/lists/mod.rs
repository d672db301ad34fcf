//! What the tests of `issue -f` share: directories with a CA, lists, and eyes for what was made of them.

#![allow(dead_code, reason = "each of these tests is a program of its own, and uses a part of this")]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use pgtls::index::Index;
use pgtls::keys::{KeyFile, PublicKey};
use pgtls::pem::{self, BlockKind};
use pgtls::x509::{Certificate, format_serial};
use tempfile::TempDir;

use crate::support::{Run, run, scratch, snapshot, text};

/// A home with the directory `pki` of these words of `gen chain`.
pub(crate) fn directory(words: &str) -> TempDir {
    let home = roomy();
    let words: Vec<&str> =
        "gen chain -q --server db1.example.com".split(' ').chain(words.split_whitespace()).collect();
    Run::new(&words).dir(&home).code(0);
    home
}

/// An empty directory, in memory where there is room: thousands of files are made and removed, and disks are not what is
/// tested.
pub(crate) fn roomy() -> TempDir {
    let memory = Path::new("/dev/shm");
    let has_room = rustix::fs::statvfs(memory).is_ok_and(|held| held.f_bavail * held.f_frsize >= 1 << 30);
    let made = has_room.then(|| tempfile::tempdir_in(memory).ok());
    made.flatten().unwrap_or_else(scratch)
}

/// `role1`, `role2` and so on, a line each.
pub(crate) fn roles(count: usize) -> String {
    (1..=count).map(|at| format!("role{at}\n")).collect()
}

pub(crate) fn write(home: &TempDir, name: &str, text: impl AsRef<[u8]>) {
    fs::write(home.path().join(name), text).expect("test owns its directory");
}

/// `pgtls issue` with these words.
pub(crate) fn command(home: &TempDir, words: &str) -> Run {
    let words: Vec<&str> = ["issue"].into_iter().chain(words.split_whitespace()).collect();
    Run::new(&words).dir(home)
}

/// Runs it with that list on standard input.
pub(crate) fn fed(run: &Run, list: impl AsRef<[u8]>) -> Output {
    let mut command = run.command();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("program starts");
    // Who refuses the first line may have closed it.
    let _ = child.stdin.take().expect("it was asked for").write_all(list.as_ref());
    child.wait_with_output().expect("program ends")
}

/// Runs it with that list, and expects that it succeeds; what it prints.
pub(crate) fn issued(home: &TempDir, words: &str, list: impl AsRef<[u8]>) -> Output {
    let output = fed(&command(home, &format!("{words} -f -")), list);
    assert_eq!(output.status.code(), Some(0), "{words}\n{}", text(&output.stderr));
    output
}

/// Runs it with that list, and expects exactly this error, and that nothing changed.
pub(crate) fn refused(home: &TempDir, words: &str, list: impl AsRef<[u8]>, code: i32, stderr: &str) {
    let before = snapshot(home.path());
    let output = fed(&command(home, &format!("{words} -f -")), list);
    let found = text(&output.stderr);
    let expected = stderr.strip_prefix('\n').unwrap_or(stderr);
    assert!(found == expected, "{words}\n--- expected\n{expected}\n--- found\n{found}\n---");
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(code), String::new()), "{words}");
    assert_eq!(snapshot(home.path()), before, "{words}: a refusal changed something");
}

/// The certificates in a text, in their order.
pub(crate) fn certificates(text: &[u8]) -> Vec<Certificate> {
    let blocks = pem::scan(text).blocks;
    let certificates = blocks.iter().filter(|block| block.kind == BlockKind::Certificate);
    certificates.map(|block| Certificate::from_der(&block.der).expect("a certificate")).collect()
}

/// Those of a file under `pki`.
pub(crate) fn in_pki(home: &TempDir, file: &str) -> Vec<Certificate> {
    certificates(&fs::read(home.path().join("pki").join(file)).expect("file is there"))
}

/// The leaf of a certificate's text, after a look that the key is its own and open.
pub(crate) fn pair(certificate: &[u8], key: &[u8]) -> Certificate {
    let leaf = certificates(certificate).into_iter().next().expect("a certificate");
    let key = KeyFile::read(key, None).expect("a key");
    let public = key.public().expect("an open key");
    assert!(public.is_same_key(&PublicKey::from_spki_der(&leaf.public_key)), "{}", leaf.subject);
    leaf
}

/// The pairs of files in a directory whose names begin so; a lone half of one fails.
pub(crate) fn pairs(directory: &Path, prefix: &str) -> Vec<Certificate> {
    let names = crate::support::names(directory);
    let stems = names.iter().map(|name| name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem));
    let stems: BTreeSet<&str> = stems.filter(|stem| stem.starts_with(prefix)).collect();
    let read =
        |name: String| fs::read(directory.join(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    stems.iter().map(|stem| pair(&read(format!("{stem}.crt")), &read(format!("{stem}.key")))).collect()
}

/// The serial numbers in an index, each but once.
pub(crate) fn serials(home: &TempDir, index: &str) -> BTreeSet<String> {
    let index = Index::parse(&fs::read(home.path().join(index)).expect("index is there")).expect("an index");
    let serials: BTreeSet<String> = index.lines().iter().map(|line| format_serial(&line.serial)).collect();
    assert_eq!(serials.len(), index.lines().len(), "a serial number twice");
    serials
}

/// The serial numbers of certificates, each but once.
pub(crate) fn serials_of<'c>(certificates: impl IntoIterator<Item = &'c Certificate>) -> BTreeSet<String> {
    let serials: Vec<String> = certificates.into_iter().map(|leaf| format_serial(&leaf.serial)).collect();
    let different: BTreeSet<String> = serials.iter().cloned().collect();
    assert_eq!(different.len(), serials.len(), "a serial number twice");
    different
}

/// The subjects in an index, in its order.
pub(crate) fn subjects(home: &TempDir, index: &str) -> Vec<String> {
    let index = Index::parse(&fs::read(home.path().join(index)).expect("index is there")).expect("an index");
    index.lines().iter().map(|line| line.subject.to_string()).collect()
}

/// The common names of certificates.
pub(crate) fn common_names(certificates: &[Certificate]) -> Vec<String> {
    certificates
        .iter()
        .flat_map(|certificate| certificate.subject.common_names().map(|name| name.into_owned()))
        .collect()
}

/// Sorted.
pub(crate) fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list
}

pub(crate) fn openssl(at: &Path, words: &str) -> String {
    run(at, "openssl", &words.split_whitespace().collect::<Vec<_>>())
}

/// Has OpenSSL verify files strictly, as a client or a server; it takes several at once.
pub(crate) fn verified(at: &Path, purpose: &str, trust: &str, files: &[String]) {
    for some in files.chunks(1000) {
        let said = openssl(at, &format!("verify -x509_strict -purpose {purpose} {trust} {}", some.join(" ")));
        assert_eq!(said.lines().filter(|line| line.ends_with(": OK")).count(), some.len(), "{said}");
    }
}

/// A CA of somebody else: `DC=example,DC=com`, two `OU`s, an RDN of two attributes. Files `ca.key` and `ca.crt`.
pub(crate) fn bought(at: &Path) {
    let configuration = "[req]\nprompt = no\ndistinguished_name = dn\nx509_extensions = ca\n[dn]\n1.DC = com\n\
         2.DC = example\n1.OU = Engineering\n2.OU = Testing\nCN = Corp CA\n+serialNumber = 7\n[ca]\n\
         basicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign,cRLSign\nsubjectKeyIdentifier = hash\n";
    fs::create_dir_all(at).expect("test owns its directory");
    fs::write(at.join("ca.cnf"), configuration).expect("test owns its directory");
    openssl(
        at,
        "req -x509 -config ca.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout ca.key -out ca.crt -days 900",
    );
}

/// What is said of a list without a name.
pub(crate) fn names_nobody(list: &str) -> String {
    format!(
        "pgtls: error: {list} names nobody\npgtls: hint: Give one name a line, or CSV that begins with a header such as \
         name,lifetime.\n"
    )
}
