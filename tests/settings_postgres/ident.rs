//! A running server shows how it reads `pg_ident.conf`, line by line, in `pg_ident_file_mappings` (PostgreSQL 15).

use std::fs;
use std::path::{Path, PathBuf};

use pgtls::scratch::{Scratch, Setup};
use pgtls::settings::SettingsError;
use pgtls::settings::ident::{self, IdentLine};

use crate::Disk;

const MAPPINGS: &str = "SELECT concat_ws('|', line_number, map_name, sys_name, pg_username) \
                        FROM pg_ident_file_mappings WHERE error IS NULL ORDER BY line_number";

const PROBLEM: &str = "SELECT concat_ws(': ', line_number, error) FROM pg_ident_file_mappings WHERE error IS NOT NULL \
                       ORDER BY line_number LIMIT 1";

struct Server {
    scratch: Scratch,
    file: PathBuf,
    version: u32,
}

impl Server {
    fn start() -> Self {
        let layout = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/guide/root-only");
        let setup = Setup::new(layout.join("server.crt"), layout.join("server.key"));
        let scratch = Scratch::start(setup).unwrap();
        let ask = |sql: &str| scratch.administer(sql).unwrap().trim().to_owned();
        let file = PathBuf::from(ask("SHOW ident_file"));
        let version = ask("SHOW server_version_num").parse::<u32>().unwrap() / 10_000;
        Self { scratch, file, version }
    }

    fn ask(&self, text: &str, sql: &str) -> Vec<String> {
        fs::write(&self.file, text).unwrap();
        let answer = self.scratch.administer(sql).unwrap();
        answer.lines().map(str::to_owned).filter(|line| !line.is_empty()).collect()
    }

    fn ours(&self) -> Result<Vec<IdentLine>, SettingsError> {
        Ok(ident::read(&self.file, Some(self.version), &Disk)?.lines)
    }
}

fn shown(line: &IdentLine) -> String {
    let [map, user, role] =
        [&line.map, &line.system_user.text, &line.role.text].map(|text| text.to_str().unwrap().to_owned());
    format!("{}|{map}|{user}|{role}", line.place.line)
}

#[test]
fn lines_are_read_as_the_server_reads_them() {
    let server = Server::start();
    fs::write(server.file.parent().unwrap().join("name"), "alice\n").unwrap();
    let text = "# comment \\\ncontinued\n\
        m alice app\n\
        m\t\"CN=alice,OU=Zo\\C3\\AB\" \"the app\" #comment\n\
        m \\\n /^(.*)@example\\.com$ \\\n \\1 and more\n\
        \"a b\" @name +group\n\
        m x all,\n\
        m /x \"\"\"q\"\"\"\r\n";
    let theirs = server.ask(text, MAPPINGS);
    assert_eq!(server.ask(text, PROBLEM), Vec::<String>::new());
    let ours: Vec<String> = server.ours().unwrap().iter().map(shown).collect();
    assert!(ours.len() >= 5, "{ours:?}");
    assert_eq!(ours, theirs);
}

#[test]
fn what_we_refuse_the_server_refuses_in_the_same_words() {
    let server = Server::start();
    for line in
        ["m", "m alice", "m,n alice app", "m alice,bob app", "m alice app,x", "m CN=a,OU=b app", "include x"]
    {
        let theirs = server.ask(&format!("m a b\n{line}\n"), PROBLEM);
        let Err(SettingsError::Ident { place, problem, .. }) = server.ours() else {
            panic!("{line}: {theirs:?}")
        };
        assert_eq!(theirs, [format!("{}: {problem}", place.line)], "{line}");
    }
}

/// Lines put together by chance, from what the server tells apart.
#[test]
fn chance_lines_are_read_as_the_server_reads_them() {
    let server = Server::start();
    let pieces = ["\"", "\"\"", ",", " ", "\t", "#", "\\", "\\\n", "\n", "a", "all", "+", "\\1", "b c"];
    let mut chance: u32 = 20_260_104;
    let mut next = |bound: usize| {
        chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (chance >> 16) as usize % bound
    };
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..120 {
        let user: String = (0..=next(4)).map(|_| pieces[next(pieces.len())]).collect();
        let role: String = (0..next(3)).map(|_| pieces[next(pieces.len())]).collect();
        let text = format!("m x{user} y{role}\n");
        let problem = server.ask(&text, PROBLEM);
        match server.ours() {
            Ok(lines) => {
                assert_eq!(problem, Vec::<String>::new(), "{text:?}");
                let ours: Vec<String> = lines.iter().map(shown).collect();
                assert_eq!(ours, server.ask(&text, MAPPINGS), "{text:?}");
                taken += 1;
            }
            Err(SettingsError::Ident { place, problem: ours, .. }) => {
                assert_eq!(problem, [format!("{}: {ours}", place.line)], "{text:?}");
                refused += 1;
            }
            Err(other) => panic!("{text:?}: {other}"),
        }
    }
    assert!(taken > 30 && refused > 20, "{taken} were taken, {refused} refused");
}
