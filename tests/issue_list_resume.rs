//! `issue -f` that ends before its list does: by a signal, a full disk or a reader that goes. What has left is in the
//! index, and a second run with `--skip-issued` makes the rest.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod chance;
mod lists;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use chance::Chance;
use lists::{
    certificates, command, common_names, directory, pair, pairs, roles, serials, serials_of, sorted,
    subjects, write,
};
use rustix::process::{Pid, Signal, kill_process};
use support::{names, run, text};
use tempfile::TempDir;

/// Starts it on `list`; both streams are pipes.
fn start(home: &TempDir, words: &str) -> Child {
    let mut command = command(home, &format!("{words} -f list")).command();
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), signal).unwrap();
}

/// So many more bytes of its standard output, as far as there are.
fn read(child: &mut Child, bytes: u64) -> Vec<u8> {
    let mut read = Vec::new();
    child.stdout.as_mut().unwrap().take(bytes).read_to_end(&mut read).unwrap();
    read
}

/// Runs it to its end with that list; it has to succeed.
fn finish(home: &TempDir, words: &str) -> Vec<u8> {
    let output = command(home, &format!("{words} -f list --skip-issued")).output();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    output.stdout
}

/// The pairs in a stream of JSON, by name, with how often each is there; a line that was not finished is left out.
fn in_lines(stream: &[u8]) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let whole = stream.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    for line in text(&stream[..whole]).lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let part = |name: &str| record[name].as_str().unwrap().as_bytes();
        let leaf = pair(part("certificate"), part("key"));
        *found.entry(common_names(&[leaf]).remove(0)).or_default() += 1;
    }
    found
}

/// Waits until more than that many lines are in an index; `false` where the run ended before.
fn has_recorded(home: &TempDir, child: &mut Child, lines: usize) -> bool {
    let index = home.path().join("pki/root.index");
    while child.try_wait().unwrap().is_none() {
        if fs::read(&index).is_ok_and(|text| text.iter().filter(|byte| **byte == b'\n').count() > lines) {
            return true;
        }
        sleep(Duration::from_micros(300));
    }
    false
}

#[test]
fn a_signal_lets_a_stream_end_as_one_and_a_second_run_makes_the_rest() {
    for (signal, number) in [(Signal::INT, 2), (Signal::TERM, 15), (Signal::HUP, 1)] {
        let home = directory("");
        write(&home, "list", roles(2500));
        let mut child = start(&home, "client --stream tar");
        let mut stream = read(&mut child, 300_000);
        send(&child, signal);
        child.stdout.take().unwrap().read_to_end(&mut stream).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.signal(), Some(number), "as if nobody had caught it");
        assert!(stream.ends_with(&[0; 1024]), "an archive ends with zeros");
        write(&home, "first.tar", &stream);
        write(&home, "second.tar", finish(&home, "client --stream tar"));
        let listed = |archive: &str| run(home.path(), "tar", &["-tf", archive]);
        let [first, second] = ["first.tar", "second.tar"].map(listed);
        let both = first.clone() + &second;
        let expected: String =
            roles(2500).lines().map(|name| format!("client.{name}.crt\nclient.{name}.key\n")).collect();
        assert!(both == expected, "a name is missing, there twice, or in another place");
        let (done, left) = (first.lines().count() / 2, second.lines().count() / 2);
        assert!(done >= 100 && left > 0, "{done} and {left}");
        let stderr = text(&output.stderr);
        let grouped = |count: usize| match count {
            0..1000 => count.to_string(),
            _ => format!("{},{:03}", count / 1000, count % 1000),
        };
        let told = [
            format!("issued {} client certificates to standard output\n", grouped(done)),
            format!(
                "stopped: {} are left; the same command with --skip-issued makes the rest\n",
                grouped(left)
            ),
        ];
        assert!(stderr.starts_with(&told.concat()), "{stderr}");
        assert_eq!(subjects(&home, "pki/root.index").len(), 2502);
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let home = directory("");
    write(&home, "list", roles(2500));
    let mut child = start(&home, "client --stream jsonl");
    let mut stream = read(&mut child, 1000);
    send(&child, Signal::INT);
    // It waits for us to read what it began to write.
    sleep(Duration::from_millis(100));
    assert!(child.try_wait().unwrap().is_none());
    send(&child, Signal::INT);
    let since = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(since.elapsed() < Duration::from_secs(20), "it lives on");
        sleep(Duration::from_millis(1));
    }
    child.stdout.take().unwrap().read_to_end(&mut stream).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(2));
    let index = fs::read_to_string(home.path().join("pki/root.index")).unwrap();
    assert!(index.contains("# pgtls: delivering ") && !index.contains("# pgtls: delivered"));
    // What was cut off is not taken for delivered.
    let mut all = stream[..=stream.iter().rposition(|byte| *byte == b'\n').unwrap_or(0)].to_vec();
    all.extend(finish(&home, "client --stream jsonl"));
    let found = in_lines(if all.starts_with(b"{") { &all } else { &all[1..] });
    assert_eq!(found.len(), 2500);
}

#[test]
fn a_signal_leaves_whole_files_or_a_whole_archive_and_a_second_run_makes_the_rest() {
    for words in ["client", "client --stream tar --write out.tar"] {
        let mut interrupted = false;
        for _ in 0..10 {
            let home = directory("");
            write(&home, "list", roles(2600));
            let mut child = start(&home, words);
            if has_recorded(&home, &mut child, 100) {
                send(&child, Signal::INT);
            }
            let output = child.wait_with_output().unwrap();
            if output.status.code() == Some(0) {
                continue;
            }
            assert_eq!(output.status.signal(), Some(2), "{}", text(&output.stderr));
            let stdout = text(&output.stdout);
            assert!(stdout.contains("\nstopped: "), "{stdout}");
            let made = made(&home);
            assert!(stdout.starts_with("issued ") && made.len() < 2600, "{stdout}");
            assert_eq!(subjects(&home, "pki/root.index").len(), made.len() + 2, "what is begun is finished");
            finish(&home, words);
            all_are_there(&home, 2600);
            interrupted = true;
            break;
        }
        assert!(interrupted, "it was always done before");
    }
}

/// The leaves in `out.tar`, where that is, or in the directory.
fn made(home: &TempDir) -> Vec<pgtls::x509::Certificate> {
    if !home.path().join("out.tar").exists() {
        return pairs(&home.path().join("pki"), "client.role");
    }
    let out = lists::roomy();
    run(home.path(), "tar", &["-xf", "out.tar", "-C", out.path().to_str().unwrap()]);
    pairs(out.path(), "client.role")
}

/// Every name has one pair, all of them are in the index, and nothing else lies about.
fn all_are_there(home: &TempDir, count: usize) {
    let made = made(home);
    let expected: Vec<String> = roles(count).lines().map(str::to_owned).collect();
    assert!(sorted(common_names(&made)) == sorted(expected), "other names");
    assert!(serials_of(&made).is_subset(&serials(home, "pki/root.index")), "one is in no index");
    let hidden = |name: &String| name.starts_with('.');
    assert_eq!(names(&home.path().join("pki")).into_iter().find(hidden), None);
    if home.path().join("out.tar").exists() {
        let listed = run(home.path(), "tar", &["-tf", "out.tar"]);
        assert_eq!(listed.lines().count(), 2 * count, "a name is there twice");
    }
}

/// The serial numbers of all certificates in a directory, whole pairs or not.
fn visible(pki: &Path) -> Vec<pgtls::x509::Certificate> {
    let files =
        names(pki).into_iter().filter(|name| name.starts_with("client.role") && name.ends_with(".crt"));
    files.flat_map(|name| certificates(&fs::read(pki.join(name)).unwrap())).collect()
}

#[test]
fn a_kill_at_any_moment_loses_nothing_and_leaves_nothing_torn() {
    let mut chance = Chance(20_261_122);
    for words in ["client", "client --stream tar --write out.tar"] {
        // A machine may be done before it is killed; then again.
        let was_killed = (0..20).any(|_| killed_until_it_is_done(words, &mut chance) > 1);
        assert!(was_killed, "{words}: it was always done too soon");
    }
}

/// Starts a run again and again, each killed after a while, until one gets to its end; how many were.
fn killed_until_it_is_done(words: &str, chance: &mut Chance) -> usize {
    let home = directory("");
    write(&home, "list", roles(2200));
    let mut kills = 0;
    loop {
        let mut child = start(&home, &format!("{words} --skip-issued"));
        sleep(Duration::from_millis(20 + chance.below(120) as u64));
        if kills < 6 {
            let _ = child.kill();
        }
        let output = child.wait_with_output().unwrap();
        if output.status.code().is_some() {
            assert_eq!(output.status.code(), Some(0), "{words}: {}", text(&output.stderr));
            break;
        }
        kills += 1;
        if home.path().join("pki/root.index").exists() {
            let recorded = serials(&home, "pki/root.index");
            let here = serials_of(&visible(&home.path().join("pki")));
            assert!(here.is_subset(&recorded), "{words}: one left before it was recorded");
        }
    }
    all_are_there(&home, 2200);
    let order = run(home.path(), "sh", &["-c", "tar -tf out.tar 2>/dev/null || true"]);
    assert!(order.is_empty() || order.starts_with("client.role1.crt\nclient.role1.key\nclient.role2.crt\n"));
    kills
}

#[test]
fn a_kill_while_somebody_reads_delivers_every_name_at_least_once() {
    let home = directory("");
    write(&home, "list", roles(4000));
    let mut chance = Chance(7);
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..3 {
        let mut child = start(&home, "client --stream jsonl --skip-issued");
        // Of some two megabytes and a half a batch.
        let stream = read(&mut child, 1 + chance.below(2_500_000) as u64);
        child.kill().unwrap();
        child.wait().unwrap();
        let received = in_lines(&stream);
        let recorded = subjects(&home, "pki/root.index");
        assert!(received.keys().all(|name| recorded.contains(&format!("/CN={name}"))), "it left unrecorded");
        received.into_iter().for_each(|(name, count)| *found.entry(name).or_default() += count);
    }
    let rest = in_lines(&finish(&home, "client --stream jsonl"));
    assert!(rest.len() < 4000, "nothing was taken for delivered");
    rest.into_iter().for_each(|(name, count)| *found.entry(name).or_default() += count);
    let expected: Vec<String> = roles(4000).lines().map(str::to_owned).collect();
    assert!(found.keys().cloned().collect::<Vec<_>>() == sorted(expected), "somebody was left out");
    let again = found.values().filter(|count| **count > 1).count();
    assert!(again <= 3 * 1024, "{again} twice: more than what was on its way");
    assert_eq!(text(&finish(&home, "client --stream jsonl")), "");
}

#[test]
fn a_reader_that_goes_is_an_error_that_tells_how_many_have_left() {
    let home = directory("");
    write(&home, "list", roles(3000));
    let mut child = start(&home, "client --stream jsonl");
    let stream = read(&mut child, 3_000_000);
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{stderr}");
    let first = in_lines(&stream);
    let told = stderr.split_whitespace().skip_while(|word| *word != "detail:").nth(1);
    let told: usize = told.and_then(|word| word.parse().ok()).unwrap_or_default();
    // The pipe took a little more than was read, and the last batch was cut.
    assert!(told <= first.len() + 100 && first.len() < told + 1124, "{} were read: {stderr}", first.len());
    let expected = format!(
        "pgtls: error: could not write \"standard output\": broken pipe\npgtls: detail: {told} of 3000 certificates had \
         been issued by then, and are in the index.\npgtls: hint: Run it again with --skip-issued for the rest, once \
         that is mended.\n"
    );
    assert_eq!(stderr, expected);
    assert_eq!(in_lines(&finish(&home, "client --stream jsonl")).len(), 3000 - told);
}
