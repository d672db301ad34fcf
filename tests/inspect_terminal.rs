//! How `inspect` looks: colours, widths, and what is said of time.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use support::clock::{at, fixture, now};
use support::{Run, scratch, text};
use time::OffsetDateTime;

#[test]
fn colours_are_on_a_terminal_alone_and_say_what_is_wrong() {
    let expired = fixture("faults/server-expired");
    for words in [&["inspect", &expired][..], &["inspect", "--sort", "expiry", &expired]] {
        let (_, plain, _) = at(now(), None, &[], words);
        let (_, toned, _) = at(now(), Some(200), &[], words);
        assert!(!plain.contains('\x1b') && plain.contains("expired "), "{plain}");
        assert!(toned.contains("\x1b[31mexpired ") && toned.contains("\x1b[32m████████\x1b[0m"), "{toned}");
        for set in [("NO_COLOR", "1"), ("TERM", "dumb")] {
            assert!(!at(now(), Some(200), &[set], words).1.contains('\x1b'), "{set:?}");
        }
    }
    let (_, toned, _) = at(now(), Some(80), &[], &["inspect", "--json", &expired]);
    assert!(!toned.contains('\x1b'), "{toned}");
}

#[test]
fn no_line_is_wider_than_its_terminal_and_none_is_cut_where_there_is_none() {
    let home = scratch();
    let long = format!("{}.example.com", "very-long-label-of-a-host".repeat(2));
    let names = ["gen", "chain", "--intermediate", "-q", "--server", &long, "--server", "db1.example.com"];
    Run::new(&names).dir(&home).code(0);
    let pki = home.path().join("pki").to_str().unwrap().to_owned();
    let file = format!("{pki}/server.crt");
    let clock = OffsetDateTime::now_utc();
    let plain = [("NO_COLOR", "1")];
    for words in [
        &["inspect", &pki][..],
        &["inspect", &file],
        &["inspect", "--short", &pki],
        &["inspect", "--sort", "expiry", &pki],
    ] {
        for width in [40, 60, 80, 120] {
            let (_, stdout, _) = at(clock, Some(width), &plain, words);
            // A heading is a path, and may be as long as that.
            for line in stdout.lines().filter(|line| !line.contains(&pki)) {
                assert!(line.chars().count() <= width, "{width}: {words:?}\n{line}");
            }
        }
        assert!(
            at(clock, Some(60), &plain, words).1.contains('…') || words.contains(&file.as_str()),
            "{words:?}"
        );
        let (_, whole, _) = at(clock, None, &[("COLUMNS", "40")], words);
        assert!(whole.contains(&format!("CN={long}")) && !whole.contains('…'), "{whole}");
    }
    // What goes on below is all of it.
    let folded = at(clock, Some(60), &plain, &["inspect", &file]).1.replace([' ', '\n'], "");
    let whole = at(clock, None, &[], &["inspect", &file]).1.replace([' ', '\n'], "");
    assert_eq!(folded, whole);
    let columns = at(clock, Some(200), &[("COLUMNS", "60"), ("NO_COLOR", "1")], &["inspect", &pki]).1;
    assert_eq!(columns, at(clock, Some(60), &plain, &["inspect", &pki]).1);
}

#[test]
fn the_process_itself_knows_a_terminal() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "-D", "."]).dir(&home).code(0);
    let command = "stty cols 47; exec \"$0\" inspect";
    let script = |set: &str| {
        let typed = format!("{set} sh -c '{command}' {}", support::PGTLS);
        let output = Run::new(&[]).dir(&home).through("exec script -qec \"$SCRIPT\" /dev/null");
        text(&output.env("SCRIPT", &typed).env("TERM", "xterm").output().stdout)
    };
    let toned = script("");
    assert!(toned.contains("\x1b[32m"), "{toned}");
    let plain = script("NO_COLOR=1");
    assert!(!plain.contains('\x1b') && plain.contains("root.crt"), "{plain}");
    assert!(
        plain.lines().all(|line| line.trim_end().chars().count() <= 47) && plain.contains('…'),
        "{plain}"
    );
}

// Time

#[test]
fn what_has_ended_and_what_has_not_begun_is_said_in_words() {
    let case = |name: &str, at_day: i64| {
        let now = OffsetDateTime::from_unix_timestamp(at_day * 86_400).unwrap();
        at(now, None, &[], &["inspect", "--short", &fixture(name)]).1
    };
    // Valid from 2026-11-21T18:… to 2027-11-21, of whole days.
    let short = |day| {
        let all = case("guide/intermediate", day);
        all.lines()
            .find(|line| line.starts_with("client.crt"))
            .unwrap()
            .split('\t')
            .nth(4)
            .unwrap()
            .to_owned()
    };
    assert_eq!(short(20_700), "not valid before 2026-11-21, in 78 days");
    assert_eq!(short(20_780), "363 days left");
    assert_eq!(short(21_144), "expired 1 hour ago");
    assert_eq!(short(21_200), "expired 56 days ago");
    let (_, tree, _) = at(
        OffsetDateTime::from_unix_timestamp(21_200 * 86_400).unwrap(),
        None,
        &[],
        &["inspect", &fixture("guide/root-only")],
    );
    assert!(tree.contains("░░░░░░░░ expired 56 days ago; key client.key\n"), "{tree}");
}
