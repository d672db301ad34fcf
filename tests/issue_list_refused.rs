//! What `issue -f` refuses: every line at fault is told before the first key, and nothing is changed.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod lists;
mod support;

use std::fs;
use std::os::unix::fs::symlink;

use lists::{bought, command, directory, fed, issued, names_nobody, refused, roles, write};
use support::{Run, snapshot, text};

#[test]
fn every_line_at_fault_is_told_with_its_number_before_the_first_key() {
    let home = directory("--intermediate");
    let long = "x".repeat(70);
    let list = format!(
        "# roles\nname,lifetime\nx,1d\n..,1d\n../x,\nx,2d\n\"y,1d\nq,8000d\nf,z\n{long},\n,1d\na,b,c\nb\u{7},\n"
    );
    let output = fed(&command(&home, "client -f -"), &list);
    let stderr = text(&output.stderr);
    let end = stderr.find("(It would end").unwrap();
    let rest = stderr[end..].find("Line 9").unwrap() + end;
    let found = format!("{}WINDOWS\n{}", &stderr[..end], &stderr[rest..]);
    let expected = format!(
        "\
pgtls: error: 10 lines of standard input cannot be used
pgtls: detail: Line 4: \"..\" cannot name files: it is no more than dots.
Line 5: \"../x\" cannot name files: it has a slash.
Line 6: line 3 has the same name.
Line 7: a quotation mark is left open.
Line 8: certificate \"client.q\" would outlive its CA WINDOWS
Line 9: invalid lifetime \"z\": it is not a number with one of the units s, m, h, d, w, y.
Line 10: the common name of \"client.{long}\" is over 64 characters (\"{long}\" has 70).
Line 11: it has no name.
Line 12: it has 3 fields, and the header has 2.
Line 13: it has the control character \\u{{7}}.
pgtls: hint: Mend these lines. Nothing was issued.
"
    );
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()));
    assert!(found == expected, "--- expected\n{expected}\n--- found\n{found}\n---");
}

#[test]
fn what_no_name_can_be_is_refused_and_changes_nothing() {
    let home = directory("--intermediate");
    let refuse = |words: &str, list: &[u8], problem: &str, hint: &str| {
        let stderr = format!(
            "pgtls: error: a line of standard input cannot be used\npgtls: detail: {problem}\npgtls: hint: {hint} \
             Nothing was issued.\n"
        );
        refused(&home, words, list, 2, &stderr);
    };
    let mend = "Mend these lines.";
    let plain = "Give a plain name; --cn takes a common name of any form beside it.";
    refuse("client", b"alice\n../x\n", "Line 2: \"../x\" cannot name files: it has a slash.", plain);
    refuse("client", b"alice\na\x1b[31mb\n", "Line 2: it has the control character \\u{1b}.", mend);
    refuse("client", b"alice\nb\xffb\n", "Line 2: it is not UTF-8 text.", mend);
    let comma = "it has a comma, and the list does not begin with a header such as name,san,lifetime.";
    refuse("client", b"alice\nbob,90d\n", &format!("Line 2: {comma}"), mend);
    refuse("client", b"alice\nbob\nalice\n", "Line 3: line 1 has the same name.", mend);
    refuse("client", b"name\n\"alice\n", "Line 2: a quotation mark is left open.", mend);
    let long = "r".repeat(64);
    refuse(
        "client",
        format!("alice\n{long}\n").as_bytes(),
        &format!(
            "Line 2: the common name of \"client.{long}\" is over 63 bytes (\"{long}\" has 64; no PostgreSQL role has such a name)."
        ),
        "Use the name of the role that it logs in as.",
    );
    // Names of servers that differ and would share a file.
    refuse(
        "server",
        b"fe80::1\nfe80--1\n",
        "Line 2: its files would be those of line 1, server.fe80--1.crt.",
        mend,
    );
    let column = |found: &str| {
        format!("Line 1: the header has \"{found}\", which is no column (known are name, cn, san, lifetime).")
    };
    refuse("client", b"name,lifetimes\nalice,1d\nbob,z\n", &column("lifetimes"), mend);
    refuse("client", b"name,name\nalice,bob\n", "Line 1: the header has \"name\" twice.", mend);
    refuse("client", b"cn,san\nalice,\n", "Line 1: the header has no column \"name\".", mend);
    let many = [b"name,cn\nalice".as_slice(), &[b','; 40]].concat();
    refuse("client", &many, "Line 2: it has more fields than any list.", mend);
}

#[test]
fn a_line_of_ten_megabytes_is_refused_by_its_number_and_the_lines_after_it_are_read() {
    let home = directory("");
    let list = format!("alice\n{}\n../x\n", "y".repeat(10_000_000));
    let stderr = "
pgtls: error: 2 lines of standard input cannot be used
pgtls: detail: Line 2: it is longer than 65536 bytes.
Line 3: \"../x\" cannot name files: it has a slash.
pgtls: hint: Mend these lines. Nothing was issued.
";
    refused(&home, "client", list, 2, stderr);
    let stderr = "
pgtls: error: a line of standard input cannot be used
pgtls: detail: Line 1: it is longer than 65536 bytes.
pgtls: hint: Mend these lines. Nothing was issued.
";
    // Without a line feed at all, and no more of it kept than a line may be.
    let limited = command(&home, "client -f -").through("ulimit -v 80000; exec \"$@\"");
    let output = fed(&limited, vec![b'y'; 100_000_000]);
    assert_eq!((text(&output.stderr), output.status.code()), (stderr.trim_start().to_owned(), Some(2)));
}

#[test]
fn a_list_that_names_nobody_is_an_error_and_so_is_one_that_is_not_there() {
    let home = directory("");
    for list in ["", "\n\n", "# nobody\n", "name,lifetime\n", "\u{feff}"] {
        refused(&home, "client", list, 2, &names_nobody("standard input"));
    }
    write(&home, "empty", "");
    let before = snapshot(home.path());
    command(&home, "client -f empty").stderr(&names_nobody("\"empty\"")).code(2);
    let output = command(&home, "client -f nowhere").output();
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("could not read \"nowhere\""), "{}", text(&output.stderr));
    assert_eq!(command(&home, "client -f .").output().status.code(), Some(4), "a directory is no list");
    assert_eq!(snapshot(home.path()), before);
}

#[test]
fn names_of_secrets_that_collide_and_names_too_long_for_an_archive_are_refused_by_line() {
    let home = directory("");
    let stderr = "
pgtls: error: 2 lines of standard input cannot be used
pgtls: detail: Line 3: its Secret would be \"client-a-b\", as that of line 1.
Line 4: its Secret would be \"client-a-b\", as that of line 1.
pgtls: hint: Mend these lines. Nothing was issued.
";
    let list = "a_b\nc\na-b\nA b\n";
    refused(&home, "client --stream k8s", list, 2, stderr);
    // As files they are four.
    issued(&home, "client", list);
    let host = format!("{}.{}", "a".repeat(50), "b".repeat(50));
    let list = format!("name,cn\n{host},db1\ndb2,\n");
    let stderr = format!(
        "pgtls: error: a line of standard input cannot be used\npgtls: detail: Line 2: \"server.{host}.crt\" is too long \
         for the header of a tar archive.\npgtls: hint: Mend these lines. Nothing was issued.\n"
    );
    refused(&home, "server --stream tar", &list, 2, &stderr);
    issued(&home, "server --stream pem --write servers.pem", &list);
}

#[test]
fn what_is_there_is_told_by_line_and_nothing_beside_it_is_made() {
    let home = directory("");
    issued(&home, "client", "alice\nbob\n");
    let stderr = "
pgtls: error: 2 lines of standard input cannot be used
pgtls: detail: Line 1: \"pki/client.bob.crt\" exists already.
Line 3: \"pki/client.alice.crt\" exists already.
pgtls: hint: --skip-issued leaves out what is there. Nothing was issued.
";
    refused(&home, "client", "bob\ncarol\nalice\n", 3, stderr);
    // Half of one is a puzzle that nobody else can solve.
    fs::remove_file(home.path().join("pki/client.bob.key")).unwrap();
    let stderr = "
pgtls: error: a line of standard input cannot be used
pgtls: detail: Line 1: \"pki/client.bob.crt\" exists without \"client.bob.key\".
pgtls: hint: Put the other file back, or move this one away. Nothing was issued.
";
    refused(&home, "client --skip-issued", "bob\ncarol\nalice\n", 3, stderr);
    write(&home, "out.tar", "precious");
    let stderr = "
pgtls: error: \"out.tar\" exists already
pgtls: hint: Give another file; --skip-issued takes this one up again where an earlier run ended.
";
    refused(&home, "client --stream tar --write out.tar", "carol\n", 3, stderr);
    symlink("elsewhere", home.path().join("link")).unwrap();
    for words in ["client --stream tar --write link", "client --stream tar --write link --skip-issued"] {
        let output = fed(&command(&home, &format!("{words} -f -")), "carol\n");
        assert_eq!(output.status.code(), Some(3), "{words}: {}", text(&output.stderr));
        assert!(!home.path().join("elsewhere").exists());
    }
    let output = fed(&command(&home, "client --stream tar --write out.tar --skip-issued -f -"), "carol\n");
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert_eq!(fs::read(home.path().join("out.tar")).unwrap(), b"precious", "{stderr}");
}

#[test]
fn a_ca_that_cannot_sign_any_of_them_is_told_by_itself_and_not_by_lines() {
    let home = directory("--ca-lifetime 400d");
    let before = snapshot(home.path());
    let refuse = |words: &str, code: i32, message: &str| {
        let output = fed(&command(&home, &format!("{words} -f -")), roles(500));
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{words}: {stderr}");
        assert!(stderr.contains(message) && !stderr.contains("Line "), "{words}: {stderr}");
        assert!(stderr.contains("pgtls: hint: "), "{stderr}");
        assert_eq!(snapshot(home.path()), before, "{words}");
    };
    refuse("client --lifetime 500d", 3, "would outlive its CA");
    refuse("client --not-before 2027-01-01 --not-after 2026-12-01", 2, "would end before it begins");
    refuse("client -D nowhere", 4, "\"nowhere\" does not exist");
    refuse("client --key-type dsa", 2, "--key-type");
    refuse("client -D new --ca pki/server.crt --ca-key pki/server.key", 3, "cannot sign: it is no CA");
    refuse("client -D new --ca pki/root.crt --ca-key pki/server.key", 3, "its key is the key of another");
    fs::rename(home.path().join("pki/root.key"), home.path().join("away")).unwrap();
    let output = fed(&command(&home, "client -f -"), "alice\n");
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("the key of the CA \"pki/root.crt\" is not there"));
    // The life that fits does.
    fs::rename(home.path().join("away"), home.path().join("pki/root.key")).unwrap();
    issued(&home, "client --lifetime 399d", "alice\n");
}

#[test]
fn an_index_that_cannot_be_read_is_refused_before_anything_is_added_to_it() {
    let home = directory("");
    let index = "V\t271121000000Z\t\t01\tunknown\t/CN=x\nnonsense\n";
    write(&home, "pki/root.index", index);
    let before = snapshot(home.path());
    for words in [
        "client",
        "client --stream tar --write o",
        "client --stream pem",
        "client --stream pem --skip-issued",
    ] {
        let output = fed(&command(&home, &format!("{words} -f -")), "alice\n");
        let stderr = text(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(4), 0), "{words}: {stderr}");
        assert!(stderr.contains("index \"pki/root.index\" cannot be read: "), "{stderr}");
        assert_eq!(snapshot(home.path()), before, "{words}");
    }
}

#[test]
fn flags_that_do_not_go_together_are_refused() {
    let home = directory("");
    bought(&home.path().join("safe"));
    write(&home, "list", "alice\n");
    for (words, message) in [
        ("client alice -f list", "cannot be used with"),
        ("client -f list --cn x", "cannot be used with"),
        ("client alice --stream tar", "cannot be used with"),
        ("client alice --skip-issued", "cannot be used with"),
        ("client --skip-issued", "--file"),
        ("client -f list --write x", "--stream"),
        ("client alice --stream tar --write x", "cannot be used with"),
        ("client -f list --stream zip", "possible values: tar, pem, jsonl, k8s"),
        ("client -f list --stream tar --json", "would both go to standard output"),
        ("client -f list --stream pem --key-mode 0400", "only files and a tar archive have modes and owners"),
        ("client -f list --stream k8s --owner 70", "only files and a tar archive have modes and owners"),
    ] {
        let output = command(&home, words).output();
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words}: {stderr}");
        assert!(stderr.contains(message), "{words}: {stderr}");
    }
}

#[test]
fn keys_are_not_written_to_a_terminal() {
    let home = directory("");
    write(&home, "list", "alice\n");
    let shown = Run::new(&["issue", "client", "-f", "list", "--stream", "pem"])
        .dir(&home)
        .through("script -qec \"$*\" /dev/null")
        .output();
    let shown = text(&shown.stdout);
    assert!(shown.contains("keys are not written to a terminal") && !shown.contains("BEGIN"), "{shown}");
    assert!(!home.path().join("pki/root.index").exists());
}
