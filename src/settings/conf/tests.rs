#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]
use super::*;
use crate::diagnosis::Diagnosis;
use crate::settings::memory::Memory;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

fn read_all(files: &Memory) -> Result<Vec<Assignment>, SettingsError> {
    Ok(read(&mut Reader::new(files), Path::new("/d/postgresql.conf"))?.unwrap())
}

/// `name=value` of every line, in order.
fn lines(text: impl AsRef<[u8]>) -> Result<Vec<String>, SettingsError> {
    let mut files = Memory::default();
    files.files.insert(PathBuf::from("/d/postgresql.conf"), text.as_ref().to_vec());
    Ok(written(&read_all(&files)?))
}

fn written(found: &[Assignment]) -> Vec<String> {
    let line = |it: &Assignment| format!("{}={}", it.name, it.value.to_string_lossy());
    found.iter().map(line).collect()
}

#[test]
fn a_value_stands_behind_an_equals_sign_or_without_one() {
    let text = "a=1\n  b = 2\r\nc 3\nd='x y'#c\n# e = 5\n\n\tf\t'g' # 'h'\ni = no";
    assert_eq!(lines(text).unwrap(), ["a=1", "b=2", "c=3", "d=x y", "f=g", "i=no"]);
}

#[test]
fn quotes_and_escapes_are_undone() {
    for (quoted, value) in [
        ("''", ""),
        ("'a''b'", "a'b"),
        ("''''", "'"),
        (r"'a\'b'", "a'b"),
        (r"'\b\f\n\r\t'", "\u{8}\u{c}\n\r\t"),
        (r"'\101\60\0601'", "A001"),
        (r"'\x\\\'", r"x\"),
        (r"'\q\/'", "q/"),
        (r"'a\000b'", "a"),
        ("'# no comment'", "# no comment"),
        (r"'\501'", "A"),
    ] {
        // A backslash before the last quote would escape it.
        let quoted = if quoted == r"'\x\\\'" { r"'\x\\'" } else { quoted };
        assert_eq!(lines(format!("v = {quoted}")).unwrap(), [format!("v={value}")], "{quoted}");
    }
    let mut files = Memory::default();
    files.files.insert("/d/postgresql.conf".into(), b"v = '\xff\\377'".to_vec());
    assert_eq!(read_all(&files).unwrap()[0].value.as_bytes(), b"\xff\xff");
}

#[test]
fn what_may_stand_without_quotes() {
    for value in
        ["on", "a-b.crt", "dir/server.crt", "a.b.c", "-1", "0x1F", "1.5", "100MB", ".5", "+3e", "1.e3"]
    {
        assert_eq!(lines(format!("v = {value}")).unwrap(), [format!("v={value}")], "{value}");
    }
    for (value, found) in [
        ("server.crt", "\"server.crt\""),
        ("/etc/x", "\"/\""),
        ("127.0.0.1", "\".0\""),
        ("1e5", "\"5\""),
        ("a b", "\"b\""),
        ("*", "\"*\""),
        ("'a", "\"'\""),
        ("'a'b", "\"b\""),
        ("'a\\'", "\"'\""),
        ("", "end of line"),
        ("= 1", "\"=\""),
        ("a = b", "\"=\""),
        ("\0", "\"\u{fffd}\""),
    ] {
        let error = lines(format!("w = 1\nv = {value}\n")).unwrap_err();
        assert_eq!(error.to_string(), format!("/d/postgresql.conf:2: syntax error near {found}"), "{value}");
        assert!(error.hint().is_some() && error.detail().is_some());
    }
}

#[test]
fn a_line_begins_with_a_name() {
    assert_eq!(
        lines("a.b = 1\n\u{e4}=2\n_x 3\nport5432 4").unwrap(),
        ["a.b=1", "\u{e4}=2", "_x=3", "port5432=4"]
    );
    for (line, found) in [("a-b = 1", "a-b"), ("1 = 1", "1"), ("a.b.c = 1", "a.b.c"), ("'a' = 1", "'a'")] {
        let error = lines(line).unwrap_err();
        assert_eq!(error.to_string(), format!("/d/postgresql.conf:1: syntax error near \"{found}\""));
    }
}

#[test]
fn includes_stand_where_they_are_named_and_hang_from_the_including_file() {
    let files = Memory::with(&[
        (
            "/d/postgresql.conf",
            "a=1\ninclude = 'sub/x.conf'\nInclude_If_Exists 'none.conf'\nb=2\ninclude_dir 'c.d'",
        ),
        ("/d/sub/x.conf", "x=1\ninclude '../sub/./y.conf'\ninclude_if_exists '/abs.conf'"),
        ("/d/sub/y.conf", "y=1"),
        ("/abs.conf", "z=1"),
        ("/d/c.d/B.conf", "B=1"),
        ("/d/c.d/a.conf", "a=2"),
        ("/d/c.d/Z.conf", "Z=1"),
        ("/d/c.d/.hidden.conf", "no=1"),
        ("/d/c.d/.conf", "no=1"),
        ("/d/c.d/old.conf~", "no=1"),
        ("/d/c.d/deeper/q.conf", "no=1"),
    ]);
    let found = read_all(&files).unwrap();
    assert_eq!(written(&found), ["a=1", "x=1", "y=1", "z=1", "b=2", "B=1", "Z=1", "a=2"]);
    assert_eq!(found[2].place.to_string(), "/d/sub/y.conf:1");
    assert_eq!(found[7].place.to_string(), "/d/c.d/a.conf:1");
}

#[test]
fn an_include_that_leads_nowhere_is_an_error() {
    for (line, message) in [
        ("include 'no.conf'", "configuration file \"/d/no.conf\" does not exist"),
        ("include_dir 'no.d'", "configuration file \"/d/no.d\" does not exist"),
        ("include ' '", "/d/postgresql.conf:1: empty configuration file name \" \""),
        ("include_dir ''", "/d/postgresql.conf:1: empty configuration file name \"\""),
        (
            "include 'postgresql.conf'",
            "/d/postgresql.conf:1: configuration file recursion in \"/d/postgresql.conf\"",
        ),
        ("include 'd'", "could not read configuration file \"/d/d\""),
    ] {
        let files = Memory::with(&[("/d/postgresql.conf", line), ("/d/d/x.conf", "")]);
        let error = read_all(&files).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(error.hint().is_some());
    }
}

#[test]
fn includes_nest_ten_deep_and_no_deeper() {
    let chain = |length: usize| {
        let mut files = Memory::with(&[("/d/postgresql.conf", "include '1.conf'")]);
        for depth in 1..=length {
            let next =
                if depth == length { "a=1".to_owned() } else { format!("include '{}.conf'", depth + 1) };
            files.files.insert(format!("/d/{depth}.conf").into(), next.into_bytes());
        }
        read_all(&files)
    };
    assert_eq!(written(&chain(10).unwrap()), ["a=1"]);
    let error = chain(11).unwrap_err();
    let wanted = "/d/10.conf:1: could not open \"/d/11.conf\": maximum nesting depth exceeded";
    assert_eq!(error.to_string(), wanted);
}

#[test]
fn files_that_include_each_other_end_in_an_error() {
    let files = Memory::with(&[
        ("/d/postgresql.conf", "include_if_exists 'a.conf'"),
        ("/d/a.conf", "include_if_exists 'postgresql.conf'"),
    ]);
    assert!(matches!(read_all(&files).unwrap_err(), SettingsError::TooDeep { .. }));

    let mut files = Memory::with(&[("/d/postgresql.conf", "include '1.conf'")]);
    for depth in 1..10 {
        let line = format!("include '{}.conf'\n", depth + 1).repeat(10);
        files.files.insert(format!("/d/{depth}.conf").into(), line.into_bytes());
    }
    files.files.insert("/d/10.conf".into(), Vec::new());
    assert!(matches!(read_all(&files).unwrap_err(), SettingsError::TooManyFiles { .. }));
}

#[test]
fn hostile_bytes_are_errors_or_values_but_never_a_panic() {
    assert_eq!(lines(b"v = 'a\0b'").unwrap_err().to_string(), "/d/postgresql.conf:1: zero byte in a value");
    assert_eq!(lines(b"# \0\xff\nv = \xff\xfe\n").unwrap().len(), 1);
    let long = "x".repeat(1 << 20);
    assert_eq!(lines(format!("v = '{long}'")).unwrap()[0].len(), 2 + (1 << 20));
    assert!(lines(format!("{long} = = 1")).unwrap_err().to_string().len() < 200);
    assert!(lines(format!("v = '{long}")).is_err());
    assert!(lines("'".repeat(1 << 20)).is_err());
    assert!(lines(format!("1 {long}")).is_err());
    assert!(lines("\u{feff}# comment").unwrap_err().to_string().contains("end of line"));

    // Every text of up to five of these bytes.
    let alphabet = b"a0'\\\n= .#-e\0\xffx";
    for length in 0..=5_u32 {
        for number in 0..alphabet.len().pow(length) {
            let byte = |place: u32| alphabet[number / alphabet.len().pow(place) % alphabet.len()];
            let text: Vec<u8> = (0..length).map(byte).collect();
            let _ = lines(text);
        }
    }
}
