//! A real server and a real psql confirm the judge: the fixtures it finds a fault in are refused where and in the words
//! that the table says, and those it finds none in connect.
//!
//! Unlike `verify_faults.rs`, which judges at the instant beside each fixture, all is judged by the real clock here, as
//! PostgreSQL does it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../faults/mod.rs"]
mod faults;
mod files;
#[path = "../foreign/mod.rs"]
mod foreign;
mod table;

use std::collections::BTreeSet;
use std::thread::sleep;
use std::time::{Duration, Instant};

use files::{Account, Files, cases, sound};
use pgtls::diagnosis::Diagnosis;
use pgtls::scratch::{Scratch, ScratchError};
use table::{CLEAN_FOR_A_WHILE, Row, Verdict};

fn told(error: &ScratchError) -> String {
    format!("{error}\n{}", error.detail().unwrap_or_default())
}

/// A server on files without a fault.
fn started() -> Scratch {
    Scratch::start(sound()).unwrap_or_else(|error| panic!("{}", told(&error)))
}

/// Tries each row and tells all that went wrong at once.
fn hold(rows: &[Row], mut trial: impl FnMut(&Row) -> Result<(), String>) {
    let wrong: Vec<String> =
        rows.iter().filter_map(|row| Some(format!("{}: {}", row.name(), trial(row).err()?))).collect();
    assert!(wrong.is_empty(), "{} of {} rows\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// The judge finds what the row predicts, and nothing else.
fn predicted(files: &Files, row: &Row) -> Result<(), String> {
    let found = files.judged(row);
    let wanted: BTreeSet<&str> = row.predicted.iter().copied().collect();
    if found == wanted { Ok(()) } else { Err(format!("predicted {wanted:?}, the judge finds {found:?}")) }
}

fn contains(who: &str, text: &str, part: &str) -> Result<(), String> {
    if text.contains(part) { Ok(()) } else { Err(format!("{who} does not say {part:?}:\n{text}")) }
}

/// What the server has logged since, once the words are in it; psql may be gone before they are written.
fn log_since(server: &Scratch, before: usize, words: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let log = server.log().split_off(before);
        if log.contains(words) || Instant::now() > deadline {
            return log;
        }
        sleep(Duration::from_millis(10));
    }
}

/// The running server goes over to the files of the row, and psql comes with them.
fn connected(server: &mut Scratch, files: &Files, row: &Row) -> Result<(), String> {
    server.serve(files.setup(row)).map_err(|error| told(&error))?;
    let before = server.log().len();
    let keywords = files.keywords(row);
    let keywords: Vec<(&str, &str)> = keywords.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let query = "SELECT current_user, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let outcome = server.psql(&keywords, query).unwrap();
    let said = outcome.stdout + &outcome.stderr;
    match row.verdict {
        Verdict::Connects if said == format!("{}|t", files.user(row)) => Ok(()),
        Verdict::Connects => Err(format!("psql does not connect: {said}")),
        Verdict::Refused { .. } if outcome.ok => Err(format!("psql connects: {said}")),
        Verdict::Refused { psql, log: words } => {
            contains("psql", &said, &files.told(psql))?;
            let log = log_since(server, before, words);
            contains("the server's log", &log, words)?;
            let is_silent = !log.contains("SSL") && !log.contains("FATAL");
            if words.is_empty() && !is_silent { Err(format!("the server logs\n{log}")) } else { Ok(()) }
        }
        Verdict::NoStart(_) => Err("the row is about a server that does not start".to_owned()),
    }
}

#[test]
fn psql_and_the_servers_log_say_what_is_predicted() {
    let mut server = started();
    let account = Account::of(&server);
    hold(&table::connections(), |row| {
        let files = Files::new(row, account);
        predicted(&files, row)?;
        if files.lacks_owner() { Ok(()) } else { connected(&mut server, &files, row) }
    });
}

#[test]
fn the_server_does_not_start_where_that_is_predicted() {
    let account = Account::of(&started());
    hold(&table::starts(), |row| {
        let files = Files::new(row, account);
        predicted(&files, row)?;
        if files.lacks_owner() {
            return Ok(());
        }
        let Verdict::NoStart(words) = row.verdict else { panic!("{}", row.name()) };
        match Scratch::start(files.setup(row)) {
            Ok(_) => Err("the server starts".to_owned()),
            Err(ScratchError::Refused { words: log }) => {
                contains("the server's log", &log, &format!("FATAL:  {}", files.told(words)))
            }
            Err(error) => Err(told(&error)),
        }
    });
}

/// How much is confirmed is a promise, which nobody is to break by taking rows away.
#[test]
fn the_table_is_long_enough() {
    let (connects, refused): (Vec<Row>, Vec<Row>) = table::starts()
        .into_iter()
        .chain(table::connections())
        .partition(|row| matches!(row.verdict, Verdict::Connects));
    let rules: BTreeSet<&str> = refused.iter().flat_map(|row| row.predicted.iter().copied()).collect();
    let faults: BTreeSet<&str> = refused.iter().map(|row| row.case).collect();
    assert!(rules.len() >= 30 && faults.len() >= 50, "{} rules, {} cases", rules.len(), faults.len());
    assert!(refused.iter().all(|row| !row.predicted.is_empty()), "refused, and nothing predicts it");
    let clean: BTreeSet<&str> =
        connects.iter().filter(|row| row.predicted.is_empty()).map(|row| row.case).collect();
    let missing: Vec<String> = cases("clean-")
        .into_iter()
        .filter(|case| !clean.contains(case.as_str()) && !CLEAN_FOR_A_WHILE.contains(&case.as_str()))
        .collect();
    assert!(clean.len() >= 40 && missing.is_empty(), "not in the table: {missing:?}");
}
