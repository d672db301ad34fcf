//! What a directory tells of what its CAs issued: indexes are read into its state, and rebuilt from its certificates.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod road;

use pgtls::fs::{FileEntry, FileSet, Mode};
use pgtls::index::{Index, Line};
use pgtls::keys::SystemKeys;
use pgtls::layout::{self, Arrangement, Found};
use pgtls::pki::Secrets;
use pgtls::state::{State, StateError};
use road::{make, read, told};

const CHAIN: &str = "name = \"t\"
[[certificate]]
name = \"root\"
usage = \"root-ca\"
subject = \"CN=root\"
[[certificate]]
name = \"intermediate\"
usage = \"intermediate-ca\"
issuer = \"root\"
subject = \"CN=intermediate\"
[[certificate]]
name = \"server\"
usage = \"server\"
issuer = \"intermediate\"
subject = \"CN=db1\"
append = [\"intermediate\"]
[[certificate]]
name = \"client\"
usage = \"client\"
issuer = \"intermediate\"
subject = \"CN=alice\"
append = [\"intermediate\"]
[[bundle]]
file = \"chain.crt\"
certificates = [\"intermediate\", \"root\"]
";
const LINE: &str = "V\t271121091555Z\t\t616B04\tunknown\t/CN=alice\n";

/// What the profile makes in memory.
fn made(profile: &str) -> FileSet {
    make(&read(profile), &Arrangement::default(), &Secrets::default(), &SystemKeys).filled.directory
}

fn found(path: &str, files: FileSet, more: &[(&str, &str)]) -> Found {
    let entry = |(name, text): &(&str, &str)| (name.to_string(), FileEntry::new(*text, Mode::PUBLIC));
    let mut files = files;
    files.extend(more.iter().map(entry).collect::<FileSet>());
    Found {
        path: path.to_owned(),
        names: files.names().map(str::to_owned).collect(),
        files,
        ..Found::default()
    }
}

fn subjects(state: &State, stem: &str) -> Vec<String> {
    Index::rebuilt(state.issued_by(stem)).lines().iter().map(|line| line.subject.to_string()).collect()
}

#[test]
fn an_index_is_read_under_the_stem_of_its_ca_and_its_attributes_are_none() {
    let files = [("root.index", LINE), ("root.index.attr", "unique_subject = no\n"), ("root.index.old", "x")];
    let (state, problems) = layout::restore(&found("pki", FileSet::default(), &files), None);
    assert!(problems.iter().all(|problem| !matches!(problem, StateError::Index { .. })), "{problems:?}");
    assert_eq!(state.indexes.keys().collect::<Vec<_>>(), ["root"]);
    assert_eq!(state.indexes["root"].lines().iter().map(Line::serial_hex).collect::<Vec<_>>(), ["616B04"]);
}

#[test]
fn where_both_directories_have_an_index_that_of_the_ca_counts() {
    let theirs = found("ca", FileSet::default(), &[("root.index", LINE)]);
    let (state, problems) =
        layout::restore(&found("pki", FileSet::default(), &[("root.index", "")]), Some(&theirs));
    assert!(problems.is_empty());
    assert_eq!(state.indexes["root"].lines().len(), 1);
}

#[test]
fn a_damaged_index_is_told_with_its_file_and_line() {
    let text = [LINE, "V\t271321091555Z\t\t01\tunknown\t/CN=bob\n"].concat();
    let theirs = found("ca/", FileSet::default(), &[("root.index", &text)]);
    let (state, problems) = layout::restore(&found("pki", FileSet::default(), &[]), Some(&theirs));
    assert!(state.indexes.is_empty());
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    assert_eq!(
        told(problem),
        "index \"ca/root.index\" cannot be read: line 2 has the expiry \"271321091555Z\"\n\
         detail: It is written YYMMDDHHMMSSZ, from 2050 on YYYYMMDDHHMMSSZ.\n\
         hint: Mend line 2; do not start the file anew, for it alone says what is revoked."
    );
    let torn = found("pki", FileSet::default(), &[("root.index", "V\t2711")]);
    assert_eq!(
        told(&layout::restore(&torn, None).1[0]),
        "index \"pki/root.index\" cannot be read: line 1 was not written to its end\n\
         detail: A writer was killed, or the disk was full: no line break ends it, and it has 2 fields.\n\
         hint: Delete line 1: it is the last."
    );
}

#[test]
fn what_a_ca_issued_is_found_by_name_and_signature_in_whatever_file_it_stands() {
    let files = made(CHAIN);
    let (state, _) = layout::restore(&found("pki", files.clone(), &[]), None);
    assert_eq!(subjects(&state, "root"), ["/CN=intermediate"]);
    let mut leaves = subjects(&state, "intermediate");
    leaves.sort();
    assert_eq!(leaves, ["/CN=alice", "/CN=db1"]);
    assert_eq!(state.issued_by("server"), Vec::<&pgtls::x509::Certificate>::new());
    assert_eq!(state.issued_by("nobody"), Vec::<&pgtls::x509::Certificate>::new());
    // The intermediate is there only where it was appended.
    let text = |name: &str| String::from_utf8(files.get(name).unwrap().contents.to_vec()).unwrap();
    let appended = [("root.crt", text("root.crt")), ("server.crt", text("server.crt"))];
    let appended = appended.each_ref().map(|(name, text)| (*name, text.as_str()));
    let (state, _) = layout::restore(&found("pki", FileSet::default(), &appended), None);
    assert_eq!(subjects(&state, "root"), ["/CN=intermediate"]);
}

#[test]
fn another_ca_of_the_same_name_issued_nothing_here() {
    let (ours, theirs) = (made(CHAIN), made(CHAIN));
    let foreign = String::from_utf8(theirs.get("client.crt").unwrap().contents.to_vec()).unwrap();
    let (state, _) = layout::restore(&found("pki", ours, &[("client.eve.crt", &foreign)]), None);
    let theirs = state.certificate("client.eve").unwrap();
    assert_eq!(theirs.issuer, state.certificate("intermediate").unwrap().subject);
    assert_eq!(state.issued_by("intermediate").len(), 2);
    assert!(!state.issued_by("intermediate").contains(&theirs));
}

#[test]
fn whatever_a_text_is_what_is_read_of_it_is_written_back_to_the_byte() {
    let whole = concat!(
        "# comment\n",
        "V\t271121091555Z\t\t616B04\tunknown\t/O=Acme/CN=al\\x09ice\n",
        "R\t20271121091555Z\t261201120000Z,holdInstruction,1.2.840.10040.2.2\t01\ta\\\tb\t/CN=b\\/ob\r\n",
        "E\t200101000000Z\t\t00ff\t\t/CN=zoë\n",
    );
    let alphabet = b"\t\n\r\\VRE0aZ,/-#\0\xff";
    let mut numbers = road::Numbers(7);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let mut text = whole.as_bytes().to_vec();
        for _ in 0..numbers.below(3) {
            let at = numbers.below(text.len());
            match numbers.below(4) {
                0 => text[at] = *numbers.pick(alphabet),
                1 => text.insert(at, *numbers.pick(alphabet)),
                2 => drop(text.remove(at)),
                _ => text.truncate(at.max(1)),
            }
        }
        match Index::parse(&text) {
            Ok(index) => {
                assert_eq!(index.to_text(), text, "{:?}", String::from_utf8_lossy(&text));
                read += 1;
            }
            Err(error) => {
                let lines = text.split_inclusive(|byte| *byte == b'\n').count();
                assert!((1..=lines).contains(&error.line), "{error}");
                refused += 1;
            }
        }
    }
    assert!(read > 1_000 && refused > 1_000, "{read} {refused}");
}

#[test]
fn an_index_of_very_many_lines_is_read_and_looked_up_without_ado() {
    let line =
        |at: u32| format!("V\t301121091555Z\t\t{:08X}\tunknown\t/CN=c{at}\n", at.wrapping_mul(2_654_435_761));
    let text: String = (1..=100_000).map(line).collect();
    let index = Index::parse(text.as_bytes()).unwrap();
    let found = (1..=100_000_u32).filter(|at| {
        let serial = at.wrapping_mul(2_654_435_761).to_be_bytes();
        index.line_of(&serial).is_some_and(|line| line.subject == format!("/CN=c{at}"))
    });
    assert_eq!(found.count(), 100_000);
    assert_eq!(index.to_text(), text.as_bytes());
}
