//! `issue -f` after what others leave behind: files cut at any byte, indexes without an end, full disks, and runs beside it.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod chance;
mod lists;
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};

use chance::Chance;
use lists::{
    certificates, command, common_names, directory, fed, issued, openssl, pairs, roles, serials, serials_of,
    sorted, subjects, write,
};
use support::{Run, is_root, names, run, text};
use tempfile::TempDir;

/// The names in a stream of that form, in its order, each with a pair that fits.
fn in_stream(home: &TempDir, form: &str, stream: &[u8]) -> Vec<String> {
    if form == "tar" {
        write(home, "look.tar", stream);
        let out = lists::roomy();
        run(home.path(), "tar", &["-xf", "look.tar", "-C", out.path().to_str().unwrap()]);
        let listed = run(home.path(), "tar", &["-tf", "look.tar"]);
        let names: Vec<String> =
            listed.lines().filter_map(|name| name.strip_suffix(".crt")).map(str::to_owned).collect();
        assert_eq!(pairs(out.path(), "client.").len(), names.len());
        assert_eq!(listed.lines().count(), 2 * names.len(), "{listed}");
        return names;
    }
    let stream = text(stream);
    let found: Vec<&str> = match form {
        "pem" => stream.lines().filter_map(|line| line.strip_prefix("# ")).collect(),
        "k8s" => stream.lines().filter_map(|line| line.strip_prefix("  name: ")).collect(),
        _ => return stream.lines().map(|line| json(line)["name"].as_str().unwrap().to_owned()).collect(),
    };
    if form == "pem" {
        assert_eq!(certificates(stream.as_bytes()).len(), found.len());
        assert_eq!(stream.matches("END PRIVATE KEY").count(), found.len());
    } else {
        assert_eq!(stream.matches("\ntype: kubernetes.io/tls\n").count(), found.len());
        assert_eq!(stream.matches("---\n").count(), found.len());
    }
    found.iter().map(|name| name.replacen("client-", "client.", 1)).collect()
}

fn json(line: &str) -> serde_json::Value {
    serde_json::from_str(line).unwrap()
}

#[test]
fn a_file_that_was_cut_at_any_byte_is_taken_up_behind_its_last_whole_certificate() {
    let home = directory("");
    let list = roles(6);
    let expected: Vec<String> = list.lines().map(|name| format!("client.{name}")).collect();
    let mut chance = Chance(5);
    for form in ["tar", "pem", "jsonl", "k8s"] {
        let words = format!("client --stream {form} --write out --skip-issued");
        issued(&home, &words, &list);
        let whole = fs::read(home.path().join("out")).unwrap();
        assert_eq!(in_stream(&home, form, &whole), expected, "{form}");
        let ends = [0, 1, 40, 700, whole.len() - 1, whole.len()];
        for end in ends.into_iter().chain((0..12).map(|_| chance.below(whole.len()))) {
            write(&home, "out", &whole[..end]);
            let output = issued(&home, &words, &list);
            let mended = fs::read(home.path().join("out")).unwrap();
            assert_eq!(in_stream(&home, form, &mended), expected, "{form}, cut at {end}");
            // What was whole stays byte for byte, and all is in the index.
            let kept = whole.iter().zip(&mended).take_while(|(a, b)| a == b).count();
            let made = text(&output.stdout);
            assert!(kept >= end.saturating_sub(3 * whole.len() / 6), "{form}, cut at {end}: {kept}, {made}");
        }
        fs::remove_file(home.path().join("out")).unwrap();
    }
}

#[test]
fn a_file_that_is_no_such_stream_is_not_touched() {
    let home = directory("");
    issued(&home, "client --stream tar --write some.tar", roles(3));
    for (content, form) in [
        (b"precious\n".to_vec(), "tar"),
        (b"precious\n".to_vec(), "pem"),
        (b"{\"name\"".to_vec(), "k8s"),
        (b"# clients of today\n".to_vec(), "pem"),
        (b"{\"precious\": 1}".to_vec(), "jsonl"),
        (fs::read(home.path().join("some.tar")).unwrap(), "jsonl"),
    ] {
        write(&home, "out", &content);
        fs::set_permissions(home.path().join("out"), fs::Permissions::from_mode(0o600)).unwrap();
        let output =
            fed(&command(&home, &format!("client --stream {form} --write out --skip-issued -f -")), roles(3));
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{form}: {stderr}");
        assert!(stderr.starts_with("pgtls: error: \"out\" is no stream of that form\n"), "{stderr}");
        assert_eq!(fs::read(home.path().join("out")).unwrap(), content, "{form}");
    }
}

#[test]
fn what_is_added_to_a_stream_of_another_list_stays_beside_it() {
    let home = directory("");
    issued(&home, "client --stream jsonl --write out", "alice\nbob\n");
    issued(&home, "client --stream jsonl --write out --skip-issued", "bob\ncarol\n");
    let stream = fs::read(home.path().join("out")).unwrap();
    assert_eq!(in_stream(&home, "jsonl", &stream), ["client.alice", "client.bob", "client.carol"]);
}

#[test]
fn an_index_whose_last_line_has_no_end_is_mended_before_it_is_added_to() {
    for (tail, stays) in [
        ("V\t2711", false),
        ("V\t271121000000Z\t\t0A0B0C\tunknown\t/CN=last", true),
        ("# pgtls: deliv", false),
    ] {
        let home = directory("");
        issued(&home, "client", "alice\n");
        let path = home.path().join("pki/root.index");
        let before = fs::read_to_string(&path).unwrap();
        fs::write(&path, before.clone() + tail).unwrap();
        issued(&home, "client --stream pem", "bob\n");
        let after = fs::read_to_string(&path).unwrap();
        let end = if stays { format!("{tail}\n") } else { String::new() };
        assert!(after.starts_with(&format!("{before}{end}# pgtls: delivering 1 client\nV\t")), "{after}");
        let configuration = "[ca]\ndefault_ca = d\n[d]\ndatabase = root.index\ncertificate = root.crt\n\
             private_key = root.key\ndefault_md = sha256\ndefault_crl_days = 9\n";
        write(&home, "ca.cnf", configuration);
        openssl(&home.path().join("pki"), "ca -config ../ca.cnf -gencrl -out root.crl");
    }
}

#[test]
fn what_an_unfinished_batch_was_to_deliver_is_issued_again_and_what_files_had_is_not() {
    let home = directory("");
    issued(&home, "client", "alice\n");
    issued(&home, "client --stream pem", "bob\ncarol\n");
    let path = home.path().join("pki/root.index");
    let whole = fs::read_to_string(&path).unwrap();
    let dry = || {
        let output =
            issued(&home, "client --stream pem --skip-issued --dry-run --json", "alice\nbob\ncarol\ndave\n");
        let value = json(&text(&output.stdout));
        (value["issued"].clone(), value["skipped"].clone())
    };
    assert_eq!(dry(), (1.into(), 3.into()));
    // As a kill leaves it, before the second line was written and after it.
    let unfinished = whole.strip_suffix("# pgtls: delivered\n").unwrap();
    let torn = &unfinished[..unfinished[..unfinished.len() - 1].rfind('\n').unwrap() + 1];
    for text in [unfinished, torn] {
        fs::write(&path, text).unwrap();
        assert_eq!(dry(), (3.into(), 1.into()), "{text}");
    }
    // And with a run behind it that delivered its own.
    fs::write(&path, unfinished).unwrap();
    let output = issued(&home, "client --stream pem --skip-issued", "carol\n");
    assert_eq!(common_names(&certificates(&output.stdout)), ["carol"]);
    assert_eq!(dry(), (2.into(), 2.into()));
}

/// A tmpfs of that size on `disk`, a CA and the list in it, the command, then more room and the command once more.
fn on_a_small_disk(home: &TempDir, words: &str, size: &str) -> (String, String) {
    fs::create_dir(home.path().join("disk")).unwrap();
    let script = format!(
        "mount -t tmpfs -o size={size} none disk && \"$1\" gen chain -q -D disk/pki && {{ \"$@\"; echo \"exit code $?\"; \
         mount -o remount,size=90m disk; \"$@\" --skip-issued; echo \"exit code $?\"; cp -r disk after; }}"
    );
    let output = with_mounts(command(home, words).through(&script)).output();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_disk_that_is_full_in_the_midst_is_an_error_that_counts_and_a_second_run_makes_the_rest() {
    for (words, size) in [
        ("client -f list -D disk/pki", "9m"),
        ("client -f list -D disk/pki --stream tar --write disk/out.tar", "3m"),
    ] {
        let home = lists::roomy();
        write(&home, "list", roles(1500));
        let (stdout, stderr) = on_a_small_disk(&home, words, size);
        let [error, detail, hint] = stderr.lines().collect::<Vec<_>>().try_into().unwrap();
        assert!(
            error.starts_with("pgtls: error: could not ") && error.ends_with(": no space left on device"),
            "{stderr}"
        );
        let done = detail.strip_prefix("pgtls: detail: ").and_then(|rest| rest.split(' ').next()).unwrap();
        assert_eq!(
            detail,
            format!(
                "pgtls: detail: {done} of 1500 certificates had been issued by then, and are in the index."
            )
        );
        assert_eq!(hint, "pgtls: hint: Run it again with --skip-issued for the rest, once that is mended.");
        let done: usize = done.parse().unwrap();
        assert!((1..1500).contains(&done), "{done}");
        assert!(stdout.starts_with("exit code 4\nissued ") && stdout.ends_with("exit code 0\n"), "{stdout}");
        assert!(
            stdout.replace(',', "").contains(&format!("issued {} client", 1500 - done)),
            "{done}: {stdout}"
        );
        let after = home.path().join("after");
        let made = if after.join("out.tar").exists() {
            let listed = run(&after, "tar", &["-tf", "out.tar"]);
            assert_eq!(listed.lines().count(), 3000);
            run(&after, "tar", &["-xf", "out.tar"]);
            pairs(&after, "client.role")
        } else {
            pairs(&after.join("pki"), "client.role")
        };
        assert_eq!(made.len(), 1500);
        assert!(serials_of(&made).is_subset(&serials(&home, "after/pki/root.index")));
        assert!(!names(&after.join("pki")).iter().any(|name| name.starts_with('.')));
    }
}

#[test]
fn nothing_leaves_that_the_index_has_no_room_for() {
    let home = lists::roomy();
    write(&home, "list", roles(3000));
    fs::create_dir(home.path().join("disk")).unwrap();
    let script = "mount -t tmpfs -o size=80k none disk && \"$1\" gen chain -q --ca-dir disk/ca -D pki && { \"$@\"; \
                  echo \"exit code $?\"; ls app | grep -c role; wc -l <disk/ca/root.index; }";
    let run = command(&home, "client -f list -D app --ca-dir disk/ca").through(script);
    let output = with_mounts(run).output();
    let stderr = text(&output.stderr);
    assert!(
        stderr.starts_with("pgtls: error: could not write \"disk/ca/root.index\": no space left"),
        "{stderr}"
    );
    let stdout = text(&output.stdout);
    let counts = stdout.strip_prefix("exit code 4\n").unwrap_or_default().split_whitespace();
    let counts: Vec<usize> = counts.map(|count| count.parse().unwrap()).collect();
    // Beside the two lines of gen, one for each pair of files.
    assert!(
        matches!(counts.as_slice(), [files, lines] if *files == 2 * (lines - 2) && *lines < 3002),
        "{stdout}"
    );
}

/// As root of a mount namespace of its own.
fn with_mounts(run: Run) -> Run {
    let user = if is_root() { "" } else { "--user --map-root-user " };
    run.through(&format!("exec unshare {user}--mount \"$@\""))
}

#[test]
fn a_device_that_is_full_tells_that_nothing_left() {
    let home = directory("");
    write(&home, "list", roles(30));
    let output = command(&home, "client -f list --stream pem").through("\"$@\" >/dev/full").output();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{stderr}");
    assert!(stderr.contains("\"standard output\": no space left on device\n"), "{stderr}");
    assert!(stderr.contains("0 of 30 certificates had been issued by then"), "{stderr}");
    let again = command(&home, "client -f list --stream pem --skip-issued").output();
    assert_eq!(certificates(&again.stdout).len(), 30);
}

fn start(home: &TempDir, words: &str) -> Child {
    let mut command = command(home, words).command();
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn of_two_runs_at_once_the_second_waits_and_is_refused_by_name_or_finds_all_done() {
    for skip in [false, true] {
        let home = directory("");
        write(&home, "list", roles(500));
        let words = if skip { "client -f list --skip-issued" } else { "client -f list" };
        let children = [start(&home, words), start(&home, words)];
        let outputs = children.map(|child| child.wait_with_output().unwrap());
        let codes = sorted(outputs.iter().map(|output| output.status.code()).collect());
        assert_eq!(codes, [Some(0), if skip { Some(0) } else { Some(3) }]);
        let second = outputs.iter().map(|output| text(&output.stdout) + &text(&output.stderr));
        let said = if skip {
            "nothing to issue; 500 were there already"
        } else {
            "Line 500: \"pki/client.role500.crt\" exists"
        };
        assert_eq!(second.filter(|text| text.contains(said)).count(), 1);
        let made = pairs(&home.path().join("pki"), "client.role");
        assert_eq!((made.len(), subjects(&home, "pki/root.index").len()), (500, 502));
        assert!(serials_of(&made).is_subset(&serials(&home, "pki/root.index")));
    }
}

#[test]
fn streams_of_one_ca_at_once_queue_and_lose_nothing() {
    let home = directory("");
    write(&home, "list", roles(1500));
    let children =
        ["a", "b", "c"].map(|name| start(&home, &format!("client -f list --stream pem --write {name}")));
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    }
    let all = ["a", "b", "c"].map(|name| certificates(&fs::read(home.path().join(name)).unwrap())).concat();
    assert_eq!(serials_of(&all).len(), 4500);
    assert!(serials_of(&all).is_subset(&serials(&home, "pki/root.index")));
    assert_eq!(subjects(&home, "pki/root.index").len(), 4502);
}

#[test]
fn a_bar_is_shown_on_a_terminal_alone_and_goes_when_it_is_done() {
    let home = directory("");
    write(&home, "list", roles(3000));
    let shown = |words: &str| {
        let words = format!("issue client -f list --stream pem {words}");
        let run = Run::new(&words.split_whitespace().collect::<Vec<_>>()).dir(&home);
        text(&run.env("TERM", "xterm").through("script -qec \"$* >stream\" /dev/null").output().stdout)
    };
    let bar = shown("");
    assert!(bar.contains(" of 3,000, "), "{bar:?}");
    let (_, last) = bar.rsplit_once("left").unwrap();
    assert!(last.contains("\u{1b}[2K") && last.contains("issued 3,000 client certificates"), "{last:?}");
    assert_eq!(shown("--quiet"), "");
    let piped = issued(&home, "client --stream pem", roles(3000));
    assert!(!text(&piped.stderr).contains(" of 3,000"));
    assert!(text(&piped.stderr).starts_with("issued 3,000 "));
}
