#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;

use super::{IdentProblem, read};
use crate::settings::SettingsError;
use crate::settings::memory::Memory;

fn lines(files: &[(&str, &str)], version: Option<u32>) -> Result<Vec<String>, SettingsError> {
    let read = read(Path::new("/data/pg_ident.conf"), version, &Memory::with(files))?;
    let shown = |line: &super::IdentLine| {
        let text = |text: &std::ffi::OsString| text.to_str().unwrap().to_owned();
        let quoted = if line.role.quoted { "'" } else { "" };
        let (map, user, role) = (text(&line.map), text(&line.system_user.text), text(&line.role.text));
        format!("{} {map}|{user}|{role}{quoted}", line.place.line)
    };
    Ok(read.lines.iter().map(shown).collect())
}

#[test]
fn a_line_is_a_map_a_name_and_a_role() {
    let text = "# nothing\n\nm alice app\nm \"CN=a, b\" \"+x\" ignored\nn /^(.*)@x$ \\1\n";
    let found = lines(&[("/data/pg_ident.conf", text)], Some(15)).unwrap();
    assert_eq!(found, ["3 m|alice|app", "4 m|CN=a, b|+x'", "5 n|/^(.*)@x$|\\1"]);
}

#[test]
fn files_are_included_from_version_16_on() {
    let files = [("/data/pg_ident.conf", "include more.conf\n"), ("/data/more.conf", "m a b\n")];
    assert_eq!(lines(&files, Some(16)).unwrap(), ["1 m|a|b"]);
    let refused = lines(&files, Some(15)).unwrap_err();
    assert_eq!(refused.to_string(), "/data/pg_ident.conf:1:18: missing entry at end of line");
}

#[test]
fn what_is_no_line_is_told_with_its_place() {
    for (text, wanted, at) in [
        ("m", IdentProblem::EndOfLine, 2),
        ("m a", IdentProblem::EndOfLine, 4),
        ("m a,b c", IdentProblem::Several, 3),
    ] {
        match lines(&[("/data/pg_ident.conf", &format!("m a b\n{text}\n"))], None) {
            Err(SettingsError::Ident { place, column, problem }) => {
                assert_eq!((place.line, column, problem), (2, at, wanted));
            }
            other => panic!("{other:?}"),
        }
    }
}
