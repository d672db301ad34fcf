//! `verify --prometheus`: what the textfile collector of node_exporter takes, by a strict reader of the format.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use support::{PGTLS, Run, names, scratch, text};
use time::OffsetDateTime;

/// A series: its metric, its labels, its value.
#[derive(Debug, Clone, PartialEq)]
struct Sample {
    metric: String,
    labels: BTreeMap<String, String>,
    value: i64,
}

impl Sample {
    fn label(&self, name: &str) -> &str {
        self.labels.get(name).unwrap_or_else(|| panic!("{self:?} has no {name}"))
    }
}

/// Reads the text format (Prometheus, "Exposition formats") and refuses what the collector would: a metric without help
/// and type in front or in two places, a label twice, an unknown escape, a series twice, a last line without its end.
fn samples(text: &str) -> Vec<Sample> {
    assert!(text.ends_with('\n') && !text.contains('\r'), "{text:?}");
    let (mut helped, mut typed) = (BTreeSet::new(), Vec::<String>::new());
    let (mut found, mut series) = (Vec::new(), BTreeSet::new());
    for line in text.strip_suffix('\n').unwrap().split('\n') {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').unwrap();
            assert!(!words.is_empty() && !words.contains('\\') && helped.insert(name.to_owned()), "{line}");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let name = kind.strip_suffix(" gauge").unwrap_or_else(|| panic!("{line}"));
            assert!(helped.contains(name) && !typed.iter().any(|other| other == name), "{line}");
            typed.push(name.to_owned());
        } else {
            let sample = sample(line);
            assert_eq!(Some(&sample.metric), typed.last(), "{line}");
            assert!(series.insert((sample.metric.clone(), sample.labels.clone())), "twice: {line}");
            found.push(sample);
        }
    }
    found
}

fn sample(line: &str) -> Sample {
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let (metric, rest) = line.split_once('{').unwrap_or_else(|| panic!("{line}"));
    assert!(is_name(metric), "{line}");
    let mut labels = BTreeMap::new();
    let mut rest = rest;
    loop {
        let (label, value) = rest.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
        assert!(is_name(label), "{line}");
        let (value, after) = unescaped(value);
        assert!(labels.insert(label.to_owned(), value).is_none(), "{line}");
        rest = match after.split_at(1) {
            (",", rest) => rest,
            ("}", rest) => {
                break Sample {
                    metric: metric.to_owned(),
                    labels,
                    value: rest.strip_prefix(' ').unwrap().parse().unwrap(),
                };
            }
            _ => panic!("{line}"),
        };
    }
}

/// A label value up to its closing quote, and what follows that.
fn unescaped(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.push(match characters.next().unwrap().1 {
                'n' => '\n',
                c @ ('\\' | '"') => c,
                other => panic!("\\{other} is no escape"),
            }),
            c => value.push(c),
        }
    }
    panic!("{text} does not end");
}

fn metrics(directory: &Path, words: &[&str]) -> (Option<i32>, Vec<Sample>, String) {
    let output = Run::new(&[&["verify", "--prometheus"], words].concat()).dir(directory).output();
    let stdout = text(&output.stdout);
    assert!(stdout.chars().all(|c| c == '\n' || !c.is_control()), "{stdout:?}");
    (output.status.code(), samples(&stdout), text(&output.stderr))
}

fn of<'s>(samples: &'s [Sample], metric: &str) -> Vec<&'s Sample> {
    samples.iter().filter(|sample| sample.metric == metric).collect()
}

const NOT_AFTER: &str = "pgtls_certificate_not_after_timestamp_seconds";
const NOT_BEFORE: &str = "pgtls_certificate_not_before_timestamp_seconds";
const NEXT_UPDATE: &str = "pgtls_crl_next_update_timestamp_seconds";

fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name).display().to_string()
}

#[test]
fn every_fixture_gives_metrics_that_a_strict_reader_takes() {
    let cases = ["guide", "faults"].into_iter().flat_map(|folder| {
        let root = fixture(folder);
        names(Path::new(&root)).into_iter().map(move |name| format!("{root}/{name}"))
    });
    let mut count = 0;
    for case in cases.filter(|case| Path::new(case).is_dir()) {
        let (code, samples, _) = metrics(Path::new("."), &[&case, "--at", "2027-01-01"]);
        assert!(matches!(code, Some(0 | 1)), "{case}: {code:?}");
        let totals = of(&samples, "pgtls_findings");
        let severities: BTreeSet<&str> = totals.iter().map(|sample| sample.label("severity")).collect();
        assert_eq!(severities, BTreeSet::from(["error", "warning", "note"]), "{case}");
        let errors = totals.iter().find(|sample| sample.label("severity") == "error").unwrap().value;
        assert_eq!(code == Some(1), errors > 0, "{case}");
        assert!(samples.iter().all(|sample| sample.label("place") == case), "{case}");
        assert_eq!(of(&samples, NOT_AFTER).len(), of(&samples, NOT_BEFORE).len(), "{case}");
        count += 1;
    }
    assert!(count > 100);
}

#[test]
fn the_values_are_those_that_openssl_reads() {
    let place = fixture("faults/clean-lists");
    let before = OffsetDateTime::now_utc().unix_timestamp();
    let (code, samples, stderr) = metrics(Path::new(&place), &[".", "--at", "2027-01-01"]);
    assert_eq!(stderr, "");
    assert!(code.is_some());
    let openssl = |words: &[&str]| support::run(Path::new(&place), "openssl", words);
    let seconds = |date: &str| {
        let date = date.trim().split_once('=').unwrap().1;
        support::run(Path::new("."), "date", &["-u", "-d", date, "+%s"]).trim().parse::<i64>().unwrap()
    };
    for (file, usage) in
        [("root.crt", "root-ca"), ("intermediate.crt", "intermediate-ca"), ("server.crt", "server")]
    {
        let serial = openssl(&["x509", "-in", file, "-noout", "-serial"]);
        let serial = serial.trim().strip_prefix("serial=").unwrap();
        for (metric, word) in [(NOT_AFTER, "-enddate"), (NOT_BEFORE, "-startdate")] {
            let sample = of(&samples, metric)
                .into_iter()
                .find(|sample| sample.label("file") == file && sample.label("serial") == serial)
                .unwrap();
            assert_eq!(sample.value, seconds(&openssl(&["x509", "-in", file, "-noout", word])), "{file}");
            assert_eq!(sample.label("usage"), usage);
        }
    }
    // Once for each file that holds it.
    let intermediate = |sample: &&Sample| sample.label("subject") == "CN=intermediate.test";
    let files: Vec<&str> =
        of(&samples, NOT_AFTER).into_iter().filter(intermediate).map(|sample| sample.label("file")).collect();
    assert_eq!(files, ["chain.crt", "client.crt", "intermediate.crt", "server.crt"]);
    let lists = of(&samples, NEXT_UPDATE);
    let issuers: Vec<&str> = lists.iter().map(|sample| sample.label("issuer")).collect();
    assert_eq!(issuers, ["CN=intermediate.test", "CN=root.test"]);
    // The first list of the file, which openssl alone looks at.
    let first = openssl(&["crl", "-in", "crl.pem", "-noout", "-issuer", "-nextupdate"]);
    let (issuer, next) = first.trim().split_once('\n').unwrap();
    let issuer = issuer.strip_prefix("issuer=").unwrap().replace(" = ", "=");
    assert_eq!(lists.iter().find(|list| list.label("issuer") == issuer).unwrap().value, seconds(next));
    // Of now, whatever instant was asked about.
    let looked = of(&samples, "pgtls_verify_timestamp_seconds")[0].value;
    assert!((before..=before + 60).contains(&looked), "{looked} {before}");
}

#[test]
fn every_finding_is_a_series_with_its_file_and_unreadable_files_are_counted() {
    let home = scratch();
    fs::create_dir_all(home.path().join("pki/closed.crt")).unwrap();
    for file in ["server.crt", "client.crt"] {
        fs::copy(Path::new(&fixture("guide/self-signed")).join(file), home.path().join("pki").join(file))
            .unwrap();
    }
    let (code, samples, stderr) = metrics(home.path(), &["pki", "--at", "2040-01-01"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("closed.crt"), "{stderr}");
    assert_eq!(of(&samples, "pgtls_unreadable_files")[0].value, 1);
    let findings = of(&samples, "pgtls_finding");
    let has = |rule: &str, file: &str| {
        findings.iter().any(|sample| (sample.label("rule"), sample.label("file")) == (rule, file))
    };
    assert!(
        has("expired", "server.crt") && has("expired", "client.crt") && has("crl-none", ""),
        "{findings:?}"
    );
    let errors = findings.iter().filter(|sample| sample.label("severity") == "error");
    assert!(errors.map(|sample| sample.value).sum::<i64>() >= 4);
}

#[test]
fn odd_names_are_escaped_and_what_is_alike_is_one_series() {
    let home = scratch();
    let place = home.path().join("a \"b\" \\c");
    fs::create_dir(&place).unwrap();
    let certificate = fs::read(Path::new(&fixture("faults/clean-ecdsa-p256")).join("server.crt")).unwrap();
    fs::write(place.join("twice.crt"), [&certificate[..], &certificate].concat()).unwrap();
    fs::write(place.join("li\nne\u{1b}[31m.crt"), &certificate).unwrap();
    // One issuer's list and its successor.
    let lists = ["clean-another-is-revoked", "crl-stale"]
        .map(|name| fs::read(Path::new(&fixture("faults")).join(name).join("crl.pem")).unwrap());
    fs::write(place.join("lists.crl"), lists.concat()).unwrap();
    let (_, samples, _) = metrics(home.path(), &["a \"b\" \\c"]);
    assert!(samples.iter().all(|sample| sample.label("place") == "a \"b\" \\c"));
    let files: Vec<&str> = of(&samples, NOT_AFTER).iter().map(|sample| sample.label("file")).collect();
    assert_eq!(files, ["li\nne\\u{1b}[31m.crt", "twice.crt"]);
    let [list] = of(&samples, NEXT_UPDATE)[..] else { panic!("{samples:?}") };
    let (_, single, _) =
        metrics(home.path(), &[&format!("{}/crl.pem", fixture("faults/clean-another-is-revoked"))]);
    assert_eq!(list.value, of(&single, NEXT_UPDATE)[0].value);
}

#[test]
fn it_goes_with_no_other_form_of_output() {
    for other in ["--json", "--quiet"] {
        let output = Run::new(&["verify", "--prometheus", other]).output();
        assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(2), ""));
        let stderr = text(&output.stderr);
        assert!(stderr.contains("cannot be used with") && stderr.contains("--prometheus"), "{stderr}");
    }
}

/// The line of crontab, in this directory instead of the collector's.
fn cron_line(home: &Path, place: &str) -> String {
    const DOCS: &str = include_str!("../docs/verify.md");
    let line = DOCS.lines().find(|line| line.contains("* * * * root ")).unwrap();
    let (_, command) = line.split_once(" root ").unwrap();
    let command = command.replace("/var/lib/prometheus/node-exporter", home.to_str().unwrap());
    assert!(command.contains("/etc/ssl/pg"), "{command}");
    command.replace("/etc/ssl/pg", place).replace("pgtls verify", &format!("{PGTLS} verify"))
}

#[test]
fn the_line_for_cron_puts_an_answer_in_place_whole_and_nothing_where_there_is_none() {
    let home = scratch();
    for (place, is_there) in [
        (fixture("faults/clean-lists"), true),
        // An answer, though it is no.
        (fixture("guide/self-signed"), true),
        ("/nowhere/at/all".to_owned(), false),
    ] {
        let line = cron_line(home.path(), &place);
        Command::new("sh").args(["-c", &line]).stderr(Stdio::null()).status().unwrap();
        let expected: &[&str] = if is_there { &["pgtls.prom"] } else { &[] };
        assert_eq!(names(home.path()), expected, "{place}");
        if is_there {
            samples(&fs::read_to_string(home.path().join("pgtls.prom")).unwrap());
            fs::remove_file(home.path().join("pgtls.prom")).unwrap();
        }
    }
}
