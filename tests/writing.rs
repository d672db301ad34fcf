//! What is on disk afterwards: modes and owners whatever the umask, nothing half-written, nothing followed, nothing of a
//! CA replaced; and after a refusal, or a kill at any moment, what was there before.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use pgtls::index::Index;
use pgtls::pem;
use pgtls::x509::Certificate;
use support::{Run, is_root, masked, mode, names, run, scratch, snapshot, text};
use tempfile::TempDir;

const FILES: [&str; 9] = [
    "chain.crt",
    "client.crt",
    "client.key",
    "intermediate.crt",
    "intermediate.key",
    "root.crt",
    "root.key",
    "server.crt",
    "server.key",
];

const GEN: [&str; 4] = ["gen", "chain", "--intermediate", "-q"];
const FILLED: &str = "pgtls: hint: Use another directory (-D), --if-missing to make what is absent, or --force to \
                      replace servers and clients.\n";
const DIFFERS: &str = "pgtls: hint: Ask for what is there, or use another directory with -D; --force replaces servers \
                       and clients.\n";
const HALF: &str = "pgtls: hint: Put the other file back, or move this one away; --force replaces servers and \
                    clients.\n";

/// `gen chain --intermediate -q` with more words.
fn generate(home: &TempDir, more: &[&str]) -> Run {
    Run::new(&[&GEN[..], more].concat()).dir(home)
}

/// What is in a directory of CA keys.
const OF_CAS: [&str; 8] = [
    "intermediate.crt",
    "intermediate.index",
    "intermediate.index.attr",
    "intermediate.key",
    "root.crt",
    "root.index",
    "root.index.attr",
    "root.key",
];

/// A directory with a `pki` in it, and that `pki`.
fn made(more: &[&str]) -> (TempDir, PathBuf) {
    let home = scratch();
    generate(&home, more).code(0);
    let pki = home.path().join("pki");
    (home, pki)
}

/// Runs it; it prints nothing but this to standard error, and everything under `home` is as it was.
fn refused(home: &TempDir, run: Run, code: i32, stderr: &str) {
    let before = snapshot(home.path());
    run.stderr(stderr).code(code);
    assert_eq!(snapshot(home.path()), before, "a refusal changed something");
}

/// Asserts that every key belongs to its certificate, every chain ends at the root, and nothing else lies around.
fn assert_whole(pki: &Path) {
    let (indexes, others): (Vec<String>, Vec<String>) =
        names(pki).into_iter().partition(|name| name.contains(".index"));
    assert_eq!(others, FILES);
    assert_pairs(pki);
    if !indexes.is_empty() {
        assert_eq!(indexes, ["intermediate.index", "intermediate.index.attr"]);
        assert_recorded(pki);
    }
    run(
        pki,
        "openssl",
        &["verify", "-CAfile", "root.crt", "-untrusted", "server.crt", "server.crt", "client.crt"],
    );
    run(pki, "openssl", &["verify", "-CAfile", "root.crt", "intermediate.crt", "chain.crt"]);
}

/// Asserts that what the intermediate signed, and is here, is in its index.
fn assert_recorded(pki: &Path) {
    let index = Index::parse(&fs::read(pki.join("intermediate.index")).unwrap()).unwrap();
    for leaf in ["server.crt", "client.crt"] {
        let blocks = pem::scan(&fs::read(pki.join(leaf)).unwrap()).blocks;
        let certificate = Certificate::from_der(&blocks[0].der).unwrap();
        assert!(index.line_of(&certificate.serial).is_some(), "{leaf} is not recorded");
    }
}

/// A snapshot but for what a CA records of what it signs, and the directory itself, which that changes.
fn but_for_indexes(directory: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = snapshot(directory);
    found.retain(|path, _| !path.as_os_str().is_empty() && !path.to_string_lossy().contains(".index"));
    found
}

fn assert_pairs(pki: &Path) {
    for stem in ["root", "intermediate", "server", "client"] {
        let own = public_key(pki, &format!("{stem}.key"));
        assert_eq!(public_key(pki, &format!("{stem}.crt")), own, "{stem}.key belongs to another certificate");
    }
}

fn public_key(pki: &Path, file: &str) -> String {
    match file.ends_with(".key") {
        true => run(pki, "openssl", &["pkey", "-in", file, "-pubout"]),
        false => run(pki, "openssl", &["x509", "-in", file, "-noout", "-pubkey"]),
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

// Modes

#[test]
fn modes_do_not_depend_on_the_umask() {
    for umask in ["000", "022", "077", "177"] {
        let home = scratch();
        generate(&home, &["--replication", "--ca-dir", "ca"])
            .through(&format!("umask {umask}; exec \"$@\""))
            .code(0);
        for directory in ["pki", "ca"] {
            let path = home.path().join(directory);
            assert_eq!(mode(&path), 0o700, "{directory} under umask {umask}");
            for name in names(&path) {
                let expected = if name.ends_with(".key") { 0o600 } else { 0o644 };
                assert_eq!(mode(&path.join(&name)), expected, "{directory}/{name} under umask {umask}");
            }
        }
    }
}

#[test]
fn a_umask_that_takes_from_the_owner_too_changes_nothing() {
    for umask in ["0400", "0700", "0777"] {
        let home = scratch();
        run(home.path(), "chmod", &["0777", "."]);
        generate(&home, &[]).by_nobody().through(&format!("umask {umask}; exec \"$@\"")).code(0);
        let pki = home.path().join("pki");
        assert_eq!(
            (mode(&pki), mode(&pki.join("root.key")), mode(&pki.join("root.crt"))),
            (0o700, 0o600, 0o644)
        );
    }
}

#[test]
fn a_directory_may_have_the_longest_name_there_is() {
    let home = scratch();
    let longest = "n".repeat(255);
    generate(&home, &["-D", &longest]).code(0);
    assert_whole(&home.path().join(&longest));
    assert_eq!(names(home.path()), [longest]);
}

#[test]
fn a_directory_with_a_name_of_our_own_folders_is_refused() {
    let home = scratch();
    let output = generate(&home, &["-D", ".x.pgtls-new-1-1"]).output();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
}

#[test]
fn an_existing_directory_keeps_its_mode_and_files_in_it_get_theirs() {
    for umask in ["000", "077"] {
        let home = scratch();
        let pki = home.path().join("pki");
        fs::create_dir(&pki).unwrap();
        run(home.path(), "chmod", &["0751", "pki"]);
        generate(&home, &[]).through(&format!("umask {umask}; exec \"$@\"")).code(0);
        assert_eq!(mode(&pki), 0o751);
        assert_eq!(mode(&pki.join("server.key")), 0o600);
        assert_eq!(mode(&pki.join("server.crt")), 0o644);
        assert_whole(&pki);
    }
}

#[test]
fn a_replaced_key_is_private_even_where_the_old_one_was_not() {
    let (home, pki) = made(&[]);
    run(&pki, "chmod", &["0666", "server.key"]);
    generate(&home, &["--force"]).through("umask 000; exec \"$@\"").code(0);
    assert_eq!(mode(&pki.join("server.key")), 0o600);
}

// Owners

/// The numbers of an account and its group.
fn account(name: &str) -> (u32, u32) {
    let number = |what| run(Path::new("/"), "id", &[what, name]).trim().parse().unwrap();
    (number("-u"), number("-g"))
}

/// Whether that user can read the file.
fn can_read(user: (u32, u32), path: &Path) -> bool {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", &user.0.to_string(), "--regid", &user.1.to_string(), "--clear-groups", "cat"]);
    command.arg(path).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

#[test]
fn with_an_owner_leaves_are_the_owners_and_cas_the_callers() {
    assert!(is_root(), "only root gives files away: run the tests as root");
    let postgres = account("postgres");
    let named = format!("{}:{}", postgres.0, postgres.1);
    for (owner, expected) in
        [("postgres", postgres), ("postgres:postgres", postgres), (&named, postgres), ("999:998", (999, 998))]
    {
        let home = scratch();
        run(home.path(), "chmod", &["0755", "."]);
        generate(&home, &["--owner", owner]).through("umask 077; exec \"$@\"").code(0);
        let pki = home.path().join("pki");
        let directory = fs::metadata(&pki).unwrap();
        assert_eq!((directory.uid(), directory.gid(), mode(&pki)), (0, expected.1, 0o750), "--owner {owner}");
        for name in FILES {
            let path = pki.join(name);
            let metadata = fs::metadata(&path).unwrap();
            let leaf = name.starts_with("server.") || name.starts_with("client.");
            let (uid, gid) = if leaf { expected } else { (0, 0) };
            assert_eq!((metadata.uid(), metadata.gid()), (uid, gid), "{name} with --owner {owner}");
            let bits = if name.ends_with(".key") { 0o600 } else { 0o644 };
            assert_eq!(mode(&path), bits, "{name} with --owner {owner}");
            let secret_of_a_ca = name.ends_with(".key") && !leaf;
            assert_eq!(can_read(expected, &path), !secret_of_a_ca, "{name} with --owner {owner}");
            assert!(!can_read((12345, 12345), &path), "{name} is open to strangers");
        }
    }
}

#[test]
fn a_key_of_root_can_be_readable_by_the_group() {
    assert!(is_root(), "only root makes a key that is root's: run the tests as root");
    let postgres = account("postgres");
    let home = scratch();
    run(home.path(), "chmod", &["0755", "."]);
    generate(&home, &["--owner", "root:postgres", "--key-mode", "0640"]).code(0);
    let pki = home.path().join("pki");
    for name in ["server.key", "client.key"] {
        let metadata = fs::metadata(pki.join(name)).unwrap();
        assert_eq!((metadata.uid(), metadata.gid(), mode(&pki.join(name))), (0, postgres.1, 0o640));
        assert!(can_read(postgres, &pki.join(name)));
        assert!(!can_read((12345, 12345), &pki.join(name)));
    }
    for name in ["root.key", "intermediate.key"] {
        assert_eq!((mode(&pki.join(name)), fs::metadata(pki.join(name)).unwrap().gid()), (0o600, 0));
        assert!(!can_read(postgres, &pki.join(name)));
    }
}

#[test]
fn who_is_not_root_cannot_give_files_away() {
    let home = scratch();
    run(home.path(), "chmod", &["0777", "."]);
    let stderr = "pgtls: error: could not change owner of \"pki/client.crt\": operation not permitted\n\
                  pgtls: hint: Run the command as root; where --owner asks for it, leave that out.\n";
    refused(&home, generate(&home, &["--owner", "0:0"]).by_nobody(), 4, stderr);
}

// Links in the way

#[test]
fn a_link_in_the_place_of_a_file_is_refused_and_its_target_untouched() {
    for target in ["target", "nothing"] {
        for (more, stderr) in [
            (
                &[][..],
                format!(
                    "pgtls: error: \"pki/server.key\" exists already\npgtls: detail: It would be overwritten; nothing was changed.\n{FILLED}"
                ),
            ),
            (&["--if-missing"], link("server.key")),
            (&["--force"], link("server.key")),
        ] {
            let home = scratch();
            fs::write(home.path().join("target"), "precious\n").unwrap();
            let pki = home.path().join("pki");
            fs::create_dir(&pki).unwrap();
            symlink(format!("../{target}"), pki.join("server.key")).unwrap();
            refused(&home, generate(&home, more), 3, &stderr);
            assert_eq!(read(&home.path().join("target")), "precious\n");
            assert!(!home.path().join("nothing").exists());
        }
    }
}

fn link(name: &str) -> String {
    format!(
        "pgtls: error: \"pki/{name}\" is a symbolic link\n\
         pgtls: detail: No link inside an output directory is followed.\n\
         pgtls: hint: Remove \"pki/{name}\", or put the file that it points to in its place.\n"
    )
}

#[test]
fn a_link_in_the_place_of_a_ca_key_is_refused() {
    for more in ["--if-missing", "--force"] {
        let (home, pki) = made(&[]);
        fs::rename(pki.join("root.key"), home.path().join("safe.key")).unwrap();
        symlink("../safe.key", pki.join("root.key")).unwrap();
        refused(&home, generate(&home, &[more]), 3, &link("root.key"));
    }
}

#[test]
fn a_directory_that_is_a_link_is_the_directory_that_it_names() {
    let home = scratch();
    fs::create_dir(home.path().join("elsewhere")).unwrap();
    symlink("elsewhere", home.path().join("pki")).unwrap();
    generate(&home, &[]).code(0);
    assert!(home.path().join("pki").is_symlink());
    assert_whole(&home.path().join("elsewhere"));
}

#[test]
fn a_directory_that_is_a_link_to_nothing_is_refused() {
    let stderr = "pgtls: error: \"pki\" is a symbolic link to nothing\n\
                  pgtls: hint: Remove \"pki\", or make the directory that it names.\n";
    for more in [&[][..], &["--if-missing"], &["--force"]] {
        let home = scratch();
        symlink("nothing", home.path().join("pki")).unwrap();
        refused(&home, generate(&home, more), 3, stderr);
    }
}

#[test]
fn a_file_or_a_link_to_one_is_no_directory() {
    let stderr = "pgtls: error: \"pki\" is not a directory\n\
                  pgtls: hint: Name a directory; to make one, a path where nothing exists yet.\n";
    for more in [&[][..], &["--if-missing"], &["--force"]] {
        let home = scratch();
        fs::write(home.path().join("pki"), "precious\n").unwrap();
        refused(&home, generate(&home, more), 3, stderr);
        fs::rename(home.path().join("pki"), home.path().join("file")).unwrap();
        symlink("file", home.path().join("pki")).unwrap();
        refused(&home, generate(&home, more), 3, stderr);
    }
}

#[test]
fn a_directory_in_the_place_of_a_file_is_refused() {
    for (more, code) in [(&[][..], 3), (&["--if-missing"], 3), (&["--force"], 3)] {
        let home = scratch();
        fs::create_dir_all(home.path().join("pki/chain.crt")).unwrap();
        let before = snapshot(home.path());
        let output = generate(&home, more).output();
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{more:?}: {stderr}");
        assert!(stderr.contains("\"pki/chain.crt\""), "{more:?}: {stderr}");
        assert_eq!(snapshot(home.path()), before);
    }
}

// Places

#[test]
fn an_existing_empty_directory_and_the_current_one_are_filled() {
    let home = scratch();
    fs::create_dir(home.path().join("pki")).unwrap();
    generate(&home, &[]).code(0);
    assert_whole(&home.path().join("pki"));

    let home = scratch();
    generate(&home, &["-D", "."]).code(0);
    assert_whole(home.path());
    let stderr = format!(
        "pgtls: error: \"root.crt\" exists already\n\
         pgtls: detail: It and 8 more would be overwritten; nothing was changed.\n{FILLED}"
    );
    refused(&home, generate(&home, &["-D", "."]), 3, &stderr);
}

#[test]
fn other_files_in_a_directory_stay_as_they_are() {
    let home = scratch();
    let pki = home.path().join("pki");
    fs::create_dir(&pki).unwrap();
    fs::write(pki.join("README"), "mine\n").unwrap();
    fs::write(pki.join("other.crt"), "not a certificate\n").unwrap();
    generate(&home, &[]).code(0);
    generate(&home, &["--force"]).code(0);
    generate(&home, &["--if-missing"]).code(0);
    assert_eq!(read(&pki.join("README")), "mine\n");
    assert_eq!(read(&pki.join("other.crt")), "not a certificate\n");
}

#[test]
fn a_parent_that_does_not_exist_is_made_and_taken_away_after_a_refusal() {
    let home = scratch();
    generate(&home, &["-D", "a/b/pki"]).code(0);
    assert_whole(&home.path().join("a/b/pki"));

    let home = scratch();
    run(home.path(), "chmod", &["0777", "."]);
    let stderr = "pgtls: error: could not change owner of \"a/b/pki/client.crt\": operation not permitted\n\
                  pgtls: hint: Run the command as root; where --owner asks for it, leave that out.\n";
    refused(&home, generate(&home, &["-D", "a/b/pki", "--owner", "0:0"]).by_nobody(), 4, stderr);
}

#[test]
fn a_directory_that_may_not_be_written_is_refused() {
    let home = scratch();
    fs::create_dir(home.path().join("pki")).unwrap();
    run(home.path(), "chmod", &["0555", "pki"]);
    let stderr = "pgtls: error: could not create \"pki/chain.crt\": permission denied\n\
                  pgtls: hint: Make directory \"pki\" writable, or choose another one.\n";
    refused_by_nobody(&home, &[], stderr);

    let home = scratch();
    fs::create_dir(home.path().join("closed")).unwrap();
    run(home.path(), "chmod", &["0555", "closed"]);
    let stderr = "pgtls: error: could not create \"closed/pki\": permission denied\n\
                  pgtls: hint: Make directory \"closed\" writable, or choose another one.\n";
    refused_by_nobody(&home, &["-D", "closed/pki"], stderr);
}

#[test]
fn a_directory_whose_parent_cannot_be_listed_is_filled_all_the_same() {
    let home = scratch();
    let pki = home.path().join("closed/pki");
    fs::create_dir_all(&pki).unwrap();
    run(home.path(), "chmod", &["0777", "closed/pki"]);
    run(home.path(), "chmod", &["0311", "closed"]);
    if is_root() {
        run(home.path(), "chmod", &["0711", "closed"]);
    }
    generate(&home, &["-D", "closed/pki"]).by_nobody().code(0);
    run(home.path(), "chmod", &["0700", "closed"]);
    assert_whole(&pki);
}

/// Refused with 4 for want of a permission, which root has everywhere.
fn refused_by_nobody(home: &TempDir, more: &[&str], stderr: &str) {
    run(home.path(), "chmod", &["0777", "."]);
    refused(home, generate(home, more).by_nobody(), 4, stderr);
}

/// Runs a script as root of its own mount namespace; what it mounts is gone afterwards. `"$@"` is the command.
fn with_mounts(run: Run, script: &str) -> Run {
    let user = if is_root() { "" } else { "--user --map-root-user " };
    run.through(script).through(&format!("exec unshare {user}--mount \"$@\""))
}

#[test]
fn a_read_only_file_system_is_refused() {
    let home = scratch();
    fs::create_dir(home.path().join("pki")).unwrap();
    let script = "mount -t tmpfs -o ro none pki && \"$@\"";
    let stderr = "pgtls: error: could not create \"pki/chain.crt\": read-only file system\n";
    refused(&home, with_mounts(generate(&home, &[]), script), 4, stderr);
    let stderr = "pgtls: error: could not create \"pki/a\": read-only file system\n";
    refused(&home, with_mounts(generate(&home, &["-D", "pki/a"]), script), 4, stderr);
}

#[test]
fn a_mount_point_is_filled() {
    let home = scratch();
    fs::create_dir(home.path().join("pki")).unwrap();
    let script = "mount -t tmpfs none pki && \"$@\" && ls -A pki";
    let listing = FILES.map(|name| format!("{name}\n")).concat();
    with_mounts(generate(&home, &[]), script).env("LC_ALL", "C").stdout(&listing).code(0);
    assert_eq!(names(&home.path().join("pki")), [""; 0]);
}

#[test]
fn a_full_disk_is_an_error_and_nothing_is_left_behind() {
    let home = scratch();
    fs::create_dir(home.path().join("disk")).unwrap();
    // Each file takes a page, and each directory an inode.
    for (size, directory) in
        [("size=8k", "disk"), ("size=8k", "disk/pki"), ("size=1m,nr_inodes=5", "disk/pki")]
    {
        let script = format!(
            "mount -t tmpfs -o {size} none disk && {{ \"$@\"; echo \"exit code $?\"; find disk -mindepth 1; }}"
        );
        let output = with_mounts(generate(&home, &["-D", directory]), &script).output();
        let stderr = text(&output.stderr);
        assert_eq!(text(&output.stdout), "exit code 4\n", "{stderr}");
        let lines: Vec<&str> = stderr.lines().collect();
        assert_eq!(lines.len(), 3, "{stderr}");
        let verbs = ["pgtls: error: could not write \"", "pgtls: error: could not create \""];
        assert!(verbs.iter().any(|verb| lines[0].starts_with(verb)), "{stderr}");
        assert!(lines[0].ends_with(": no space left on device"), "{stderr}");
        assert_eq!(lines[1], "pgtls: detail: Nothing was changed.");
        assert_eq!(lines[2], "pgtls: hint: Free some space, or choose another directory.");
    }
}

#[test]
fn a_disk_that_is_full_under_force_keeps_the_old_set() {
    let home = scratch();
    fs::create_dir(home.path().join("pki")).unwrap();
    let script = "mount -t tmpfs -o size=40k none pki && { \"$@\" && sha256sum pki/* > before && \"$@\" --force; \
                  echo \"exit code $?\"; sha256sum pki/* | diff before - && ls -A pki; }";
    let output = with_mounts(generate(&home, &[]), script).output();
    let listing = FILES.map(|name| format!("{name}\n")).concat();
    assert_eq!(text(&output.stdout), format!("exit code 4\n{listing}"), "{}", text(&output.stderr));
}

#[test]
fn a_file_that_cannot_be_replaced_is_refused_before_anything_is() {
    let (home, _) = made(&[]);
    let irreplaceable = |reason: &str, hint: &str| {
        format!(
            "pgtls: error: \"pki/server.crt\" cannot be replaced: {reason}\n\
             pgtls: detail: Nothing was changed.\n\
             pgtls: hint: {hint}, or use another directory.\n"
        )
    };
    let force = || generate(&home, &["--force"]);
    let script = "mount --bind pki/server.crt pki/server.crt && \"$@\"";
    let stderr = irreplaceable("it is a mount point", "Mount the directory and not the file");
    refused(&home, with_mounts(force(), script), 4, &stderr);

    run(home.path(), "chmod", &["-R", "a+rX", "pki"]);
    run(home.path(), "chmod", &["1777", "pki"]);
    run(home.path(), "chmod", &["0777", "."]);
    let stderr = irreplaceable(
        "it belongs to another user, in a sticky directory",
        "Run the command as the owner of the file",
    )
    .replace("server.crt", "chain.crt");
    assert!(is_root(), "only root has files that are not the caller's: run the tests as root");
    refused(&home, force().by_nobody(), 4, &stderr);
}

#[test]
fn a_file_with_an_attribute_that_forbids_it_is_not_replaced() {
    assert!(is_root(), "only root sets such attributes: run the tests as root");
    for (attribute, reason) in [("i", "it is immutable"), ("a", "it is append-only")] {
        let (home, pki) = made(&[]);
        let before = snapshot(home.path());
        run(&pki, "chattr", &[&format!("+{attribute}"), "server.crt"]);
        let output = generate(&home, &["--force"]).output();
        run(&pki, "chattr", &[&format!("-{attribute}"), "server.crt"]);
        let expected = format!(
            "pgtls: error: \"pki/server.crt\" cannot be replaced: {reason}\n\
             pgtls: detail: Nothing was changed.\n\
             pgtls: hint: Run chattr -{attribute} \"pki/server.crt\", or use another directory.\n"
        );
        assert_eq!((text(&output.stderr), output.status.code()), (expected, Some(4)));
        assert_eq!(snapshot(home.path()), before);
    }
}

// The directory of CA keys

#[test]
fn ca_keys_lie_apart_and_serve_a_second_directory() {
    let home = scratch();
    generate(&home, &["-D", "db1", "--ca-dir", "ca"]).code(0);
    let ca = home.path().join("ca");
    assert_eq!(names(&ca), OF_CAS);
    let shipped: Vec<&str> =
        FILES.into_iter().filter(|name| !["root.key", "intermediate.key"].contains(name)).collect();
    assert_eq!(names(&home.path().join("db1")), shipped);
    let before = but_for_indexes(&ca);
    generate(&home, &["-D", "db2", "--ca-dir", "ca"]).code(0);
    assert_eq!(but_for_indexes(&ca), before);
    assert_eq!(names(&home.path().join("db2")), shipped);
    for name in ["root.crt", "intermediate.crt", "chain.crt"] {
        assert_eq!(read(&home.path().join("db1").join(name)), read(&home.path().join("db2").join(name)));
    }
    let leaf = home.path().join("db2");
    run(&leaf, "openssl", &["verify", "-CAfile", "../db1/chain.crt", "server.crt", "client.crt"]);
    assert_ne!(read(&home.path().join("db1/server.key")), read(&leaf.join("server.key")));
}

#[test]
fn a_whole_directory_may_serve_as_that_of_ca_keys() {
    let (home, pki) = made(&[]);
    let before = but_for_indexes(&pki);
    for more in [&[][..], &["--if-missing"], &["--force"], &["--if-missing", "--dry-run"]] {
        generate(&home, &[&["-D", "db2", "--ca-dir", "pki"], more].concat()).code(0);
    }
    assert_eq!(but_for_indexes(&pki), before);
    assert_whole(&pki);
    run(
        &home.path().join("db2"),
        "openssl",
        &["verify", "-CAfile", "../pki/chain.crt", "server.crt", "client.crt"],
    );
}

#[test]
fn a_directory_that_trusts_another_ca_is_refused() {
    let home = scratch();
    for at in ["1", "2"] {
        generate(&home, &["-D", &format!("db{at}"), "--ca-dir", &format!("ca{at}")]).code(0);
    }
    let stderr = "pgtls: error: certificate file \"db1/intermediate.crt\" is not the one in \"ca2/intermediate.crt\"\n\
                  pgtls: hint: Move the file away, or give another directory with -D.\n";
    for more in ["--force", "--if-missing"] {
        refused(&home, generate(&home, &["-D", "db1", "--ca-dir", "ca2", more]), 3, stderr);
    }
}

#[test]
fn force_says_what_to_do_about_a_ca_that_lies_elsewhere() {
    let (home, _) = made(&[]);
    let stderr = "pgtls: error: \"pki/root.crt\" exists already\n\
                  pgtls: detail: It and 3 more would be overwritten; nothing was changed.\n\
                  pgtls: hint: The files of a CA are never replaced: give another directory with -D, or with --ca-dir \
                  the one that holds this CA.\n";
    refused(&home, generate(&home, &["--ca-dir", "ca", "--force"]), 3, stderr);
}

#[test]
fn the_directory_of_ca_keys_may_lie_inside_the_other() {
    let home = scratch();
    generate(&home, &["--ca-dir", "pki/ca"]).code(0);
    let pki = home.path().join("pki");
    assert_eq!(mode(&pki.join("ca")), 0o700);
    assert_eq!(names(&pki.join("ca")), OF_CAS);
    assert!(!pki.join("root.key").exists());
    run(&pki, "openssl", &["verify", "-CAfile", "chain.crt", "server.crt", "client.crt"]);
    assert_eq!(mode(&pki), 0o700, "pki holds keys, whichever of the two was made first");
}

#[test]
fn a_refusal_makes_neither_of_two_nested_directories() {
    let home = scratch();
    run(home.path(), "chmod", &["0777", "."]);
    for (directory, ca_directory) in [("pki", "pki/ca"), ("ca/db1", "ca")] {
        let more = ["-D", directory, "--ca-dir", ca_directory, "--owner", "0:0"];
        let output = generate(&home, &more).by_nobody().output();
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{stderr}");
        assert!(stderr.contains("could not change owner of"), "{stderr}");
        assert_eq!(names(home.path()), [""; 0], "-D {directory} --ca-dir {ca_directory}");
    }
}

#[test]
fn a_full_disk_leaves_no_parent_of_two_nested_directories() {
    let home = scratch();
    fs::create_dir(home.path().join("disk")).unwrap();
    let script =
        "mount -t tmpfs -o size=8k none disk && { \"$@\"; echo \"exit code $?\"; find disk -mindepth 1; }";
    for (directory, ca_directory) in [("disk/a/b", "disk/a/b/ca"), ("disk/a/b/ca/db1", "disk/a/b/ca")] {
        let more = ["-D", directory, "--ca-dir", ca_directory];
        let output = with_mounts(generate(&home, &more), script).output();
        assert_eq!(text(&output.stdout), "exit code 4\n", "{}", text(&output.stderr));
    }
}

#[test]
fn the_other_directory_may_lie_inside_that_of_ca_keys() {
    let home = scratch();
    generate(&home, &["-D", "ca/db1", "--ca-dir", "ca"]).code(0);
    assert_eq!(mode(&home.path().join("ca")), 0o700);
    assert_eq!(mode(&home.path().join("ca/db1")), 0o700);
    run(&home.path().join("ca/db1"), "openssl", &["verify", "-CAfile", "chain.crt", "server.crt"]);
}

#[test]
fn an_encrypted_ca_is_opened_by_its_passphrase_alone() {
    let home = scratch();
    for (name, passphrase) in [("secret", "correct horse\n"), ("wrong", "battery staple\n")] {
        fs::write(home.path().join(name), passphrase).unwrap();
    }
    let force = |more: &[&str]| generate(&home, &[&["--force"], more].concat());
    generate(&home, &["--ca-passphrase-file", "secret"]).code(0);
    let pki = home.path().join("pki");
    for (name, encrypted) in
        [("root.key", true), ("intermediate.key", true), ("server.key", false), ("client.key", false)]
    {
        let label = if encrypted {
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        } else {
            "-----BEGIN PRIVATE KEY-----\n"
        };
        assert!(read(&pki.join(name)).starts_with(label), "{name}");
    }
    run(home.path(), "openssl", &["pkey", "-in", "pki/root.key", "-passin", "file:secret", "-noout"]);
    refused(
        &home,
        force(&[]),
        3,
        "pgtls: error: the key of the CA \"intermediate\" cannot be used: the key is encrypted, and no passphrase was \
         given\npgtls: hint: Give the passphrase's file with --ca-passphrase-file.\n",
    );
    refused(
        &home,
        force(&["--ca-passphrase-file", "wrong"]),
        3,
        "pgtls: error: the key of the CA \"intermediate\" cannot be used: the passphrase does not open the key\n\
         pgtls: hint: Give the file whose first line is the passphrase of this key.\n",
    );
    let before = read(&pki.join("server.key"));
    force(&["--ca-passphrase-file", "secret"]).code(0);
    assert_ne!(read(&pki.join("server.key")), before);
}

#[test]
fn a_ca_key_that_is_away_is_asked_for_only_where_it_has_to_sign() {
    let (home, pki) = made(&[]);
    fs::remove_file(pki.join("root.key")).unwrap();
    // The root signs nothing any more.
    generate(&home, &["--force"]).code(0);
    fs::remove_file(pki.join("intermediate.key")).unwrap();
    generate(&home, &["--if-missing"]).code(0);
    refused(
        &home,
        generate(&home, &["--force"]),
        4,
        "pgtls: error: the key of the CA \"pki/intermediate.crt\" is not there\n\
         pgtls: detail: \"pki/intermediate.key\" was looked for.\n\
         pgtls: hint: Put it back, or name the directory that holds it with --ca-dir.\n",
    );
}

#[test]
fn a_ca_key_of_another_certificate_is_refused() {
    let (home, pki) = made(&[]);
    fs::copy(pki.join("root.key"), pki.join("intermediate.key")).unwrap();
    refused(
        &home,
        generate(&home, &["--force"]),
        3,
        "pgtls: error: the existing CA \"pki/intermediate.crt\" cannot sign: its key is the key of another certificate\n\
         pgtls: hint: Name another CA (--ca-dir; of issue and sign also --ca), or another directory with -D.\n",
    );
}

/// Puts a root made by openssl, with these extensions and options, into `ca`.
fn foreign_root(home: &TempDir, extensions: &[&str], options: &[&str]) {
    let ca = home.path().join("ca");
    fs::create_dir(&ca).unwrap();
    let mut config = "[req]\ndistinguished_name=dn\nx509_extensions=ext\n[dn]\n[ext]\n".to_owned();
    extensions.iter().for_each(|line| config += &format!("{line}\n"));
    fs::write(home.path().join("openssl.cnf"), config).unwrap();
    let command =
        ["req", "-x509", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let files = [
        "-config",
        "../openssl.cnf",
        "-subj",
        "/CN=root.yourdomain.com",
        "-keyout",
        "root.key",
        "-out",
        "root.crt",
    ];
    run(&ca, "openssl", &[&command[..], &files, options].concat());
}

#[test]
fn an_existing_ca_that_cannot_sign_is_refused_with_the_reason() {
    let ca = "basicConstraints=critical,CA:TRUE";
    for (extensions, options, problem) in [
        (
            &["basicConstraints=critical,CA:FALSE"][..],
            &["-days", "3650"][..],
            "it is no CA (basicConstraints)",
        ),
        (&["subjectKeyIdentifier=hash"], &["-days", "3650"], "it is no CA (basicConstraints)"),
        (&[ca, "keyUsage=critical,cRLSign"], &["-days", "3650"], "its key usage is without keyCertSign"),
    ] {
        let home = scratch();
        foreign_root(&home, extensions, options);
        let stderr = format!(
            "pgtls: error: the existing CA \"ca/root.crt\" cannot sign: {problem}\n\
             pgtls: hint: Name another CA (--ca-dir; of issue and sign also --ca), or another directory with -D.\n"
        );
        refused(&home, Run::new(&["gen", "chain", "-q", "--ca-dir", "ca"]).dir(&home), 3, &stderr);
    }
}

#[test]
fn an_existing_ca_of_another_maker_signs() {
    let home = scratch();
    foreign_root(&home, &["basicConstraints=critical,CA:TRUE"], &["-days", "3650"]);
    let before = but_for_indexes(&home.path().join("ca"));
    Run::new(&["gen", "chain", "-q", "--ca-dir", "ca"]).dir(&home).code(0);
    assert_eq!(but_for_indexes(&home.path().join("ca")), before);
    run(home.path(), "openssl", &["verify", "-CAfile", "ca/root.crt", "pki/server.crt", "pki/client.crt"]);
}

#[test]
fn an_expired_ca_is_refused() {
    let home = scratch();
    fs::write(
        home.path().join("old.toml"),
        "name = \"old\"\n[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\nsubject = \"CN=root.yourdomain.com\"\n\
         not_before = 2020-01-01T00:00:00Z\nnot_after = 2021-01-01T00:00:00Z\n",
    )
    .unwrap();
    Run::new(&["gen", "old.toml", "-q", "-D", "ca"]).dir(&home).code(0);
    let before = snapshot(home.path());
    let output = Run::new(&["gen", "chain", "-q", "--ca-dir", "ca"]).dir(&home).output();
    // The dates are those of the profile, so they are compared as they are.
    assert_eq!(
        text(&output.stderr),
        "pgtls: error: the existing CA \"ca/root.crt\" cannot sign: it is valid from 2020-01-01T00:00:00Z to \
         2021-01-01T00:00:00Z\npgtls: hint: Renew it first: pgtls renew root -D ca\n"
    );
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(snapshot(home.path()), before);
    Run::new(&["renew", "root", "-D", "ca", "-q"]).dir(&home).code(0);
    Run::new(&["gen", "chain", "-q", "--ca-dir", "ca"]).dir(&home).code(0);
}

#[test]
fn a_leaf_that_outlives_an_existing_ca_is_refused_with_what_fits() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "--ca-lifetime", "36h", "--lifetime", "1h"]).dir(&home).code(0);
    refused(
        &home,
        Run::new(&["gen", "chain", "-q", "--force"]).dir(&home),
        3,
        "pgtls: error: certificate \"server\" would outlive its CA\n\
         pgtls: detail: It would end at <+365d>; \"root\" ends at <+36h>.\n\
         pgtls: hint: --lifetime 1d is the longest that fits.\n",
    );
    Run::new(&["gen", "chain", "-q", "--force", "--lifetime", "1d"]).dir(&home).code(0);
}

// What exists already

#[test]
fn nothing_is_overwritten_by_default() {
    let (home, _) = made(&[]);
    let stderr = format!(
        "pgtls: error: \"pki/root.crt\" exists already\n\
         pgtls: detail: It and 8 more would be overwritten; nothing was changed.\n{FILLED}"
    );
    refused(&home, generate(&home, &[]), 3, &stderr);
    for name in FILES {
        let home = scratch();
        fs::create_dir(home.path().join("pki")).unwrap();
        fs::write(home.path().join("pki").join(name), "precious\n").unwrap();
        let stderr = format!(
            "pgtls: error: \"pki/{name}\" exists already\n\
             pgtls: detail: It would be overwritten; nothing was changed.\n{FILLED}"
        );
        refused(&home, generate(&home, &[]), 3, &stderr);
    }
}

#[test]
fn force_replaces_leaves_and_their_keys_and_never_a_ca() {
    let (home, pki) = made(&[]);
    let held = |name: &str| read(&pki.join(name));
    let before: BTreeMap<&str, String> = FILES.into_iter().map(|name| (name, held(name))).collect();
    generate(&home, &["--force"]).code(0);
    for name in FILES {
        let leaf = name.starts_with("server.") || name.starts_with("client.");
        assert_eq!(held(name) != before[name], leaf, "{name}");
    }
    assert_whole(&pki);
}

#[test]
fn if_missing_touches_nothing_where_all_is_there() {
    let (home, pki) = made(&[]);
    let before = snapshot(&pki);
    generate(&home, &["--if-missing"]).code(0);
    assert_eq!(snapshot(&pki), before);
    let inode = fs::metadata(&pki).unwrap();
    assert_eq!((inode.mtime(), inode.mtime_nsec()), {
        generate(&home, &["--if-missing"]).code(0);
        let again = fs::metadata(&pki).unwrap();
        (again.mtime(), again.mtime_nsec())
    });
}

#[test]
fn if_missing_makes_what_is_absent_under_the_ca_that_is_there() {
    for absent in [&["client.crt", "client.key"][..], &["server.crt", "server.key"], &["chain.crt"]] {
        let (home, pki) = made(&[]);
        let before = snapshot(&pki);
        for name in absent {
            fs::remove_file(pki.join(name)).unwrap();
        }
        generate(&home, &["--if-missing"]).code(0);
        let after = snapshot(&pki);
        for name in FILES.into_iter().filter(|name| !absent.contains(name)) {
            assert_eq!(after[Path::new(name)], before[Path::new(name)], "{name}");
        }
        assert_whole(&pki);
    }
}

#[test]
fn if_missing_makes_a_certificate_more_where_one_more_is_asked_for() {
    let (home, pki) = made(&[]);
    generate(&home, &["--if-missing", "--replication"]).code(0);
    run(&pki, "openssl", &["verify", "-CAfile", "chain.crt", "replication.crt", "server.crt"]);
}

#[test]
fn half_a_pair_is_refused() {
    for (stem, more) in [("server", "--if-missing"), ("client", "--if-missing")] {
        for (present, absent) in [("crt", "key"), ("key", "crt")] {
            let (home, pki) = made(&[]);
            fs::remove_file(pki.join(format!("{stem}.{absent}"))).unwrap();
            let stderr = format!(
                "pgtls: error: \"pki/{stem}.{present}\" exists without \"pki/{stem}.{absent}\"\n{HALF}"
            );
            refused(&home, generate(&home, &[more]), 3, &stderr);
            // What --force replaces may well be half.
            generate(&home, &["--force"]).code(0);
            assert_whole(&pki);
        }
    }
    for more in ["--if-missing", "--force"] {
        let (home, pki) = made(&[]);
        fs::remove_file(pki.join("root.crt")).unwrap();
        let stderr = format!("pgtls: error: \"pki/root.key\" exists without \"pki/root.crt\"\n{HALF}");
        refused(&home, generate(&home, &[more]), 3, &stderr);
    }
}

/// `gen chain --intermediate` as `first`, then with `--if-missing` as `then`: refused for this.
fn differs(first: &[&str], then: &[&str], file: &str, field: &str, found: &str, expected: &str) {
    let (home, _) = made(first);
    let stderr = format!(
        "pgtls: error: \"pki/{file}\" exists and differs in its {field}\n\
         pgtls: detail: It is {found}; asked for is {expected}.\n{DIFFERS}"
    );
    refused(&home, generate(&home, &[&["--if-missing"], then].concat()), 3, &stderr);
}

#[test]
fn if_missing_refuses_another_subject() {
    differs(&[], &["--client", "app"], "client.crt", "subject", "CN=kong", "CN=app");
    differs(
        &[],
        &["--domain", "example.com"],
        "root.crt",
        "subject",
        "CN=root.yourdomain.com",
        "CN=root.example.com",
    );
}

#[test]
fn if_missing_refuses_other_names() {
    differs(
        &["--server", "db1.example.com"],
        &["--server", "db1.example.com", "--san", "10.0.0.5"],
        "server.crt",
        "subject alternative names",
        "DNS:db1.example.com",
        "DNS:db1.example.com IP:10.0.0.5",
    );
}

#[test]
fn if_missing_refuses_another_key_type() {
    differs(&[], &["--key-type", "ecdsa-p384"], "root.crt", "key type", "ECDSA P-256", "ECDSA P-384");
    differs(&[], &["--key-type", "ed25519"], "server.crt", "key type", "ECDSA P-256", "Ed25519");
}

#[test]
fn if_missing_refuses_another_lifetime() {
    differs(&["--lifetime", "90d"], &["--lifetime", "30d"], "server.crt", "lifetime", "90d", "30d");
    differs(&[], &["--ca-lifetime", "20y"], "root.crt", "lifetime", "3650d", "7300d");
    let end = masked("2040-01-01T00:00:00Z", time::OffsetDateTime::now_utc());
    differs(&[], &["--not-after", "2040-01-01"], "server.crt", "end", "<+365d>", &end);
}

#[test]
fn if_missing_refuses_other_appended_certificates() {
    differs(&["--no-append", "server"], &[], "server.crt", "appended certificates", "none", "intermediate");
    let intermediate = "CN=intermediate.yourdomain.com";
    differs(&[], &["--no-append", "server"], "server.crt", "appended certificates", intermediate, "none");
}

#[test]
fn if_missing_refuses_another_usage_issuer_key_window_and_bundle() {
    // Another usage under the same name.
    let (home, pki) = made(&[]);
    let profile = text(&Run::new(&["profiles", "intermediate"]).output().stdout);
    let as_node = profile.replace("\"client\"\nissuer", "\"node\"\nissuer");
    let client = profile.find("name     = \"client\"").unwrap();
    let as_node = if as_node == profile {
        format!(
            "{}{}",
            &profile[..client],
            profile[client..].replacen("usage    = \"client\"", "usage    = \"node\"", 1)
        )
    } else {
        as_node
    };
    fs::write(home.path().join("node.toml"), as_node).unwrap();
    let stderr = format!(
        "pgtls: error: \"pki/client.crt\" exists and differs in its usage\n\
         pgtls: detail: It is client; asked for is node.\n{DIFFERS}"
    );
    let run_node = Run::new(&["gen", "node.toml", "-q", "--if-missing"]).dir(&home);
    refused(&home, run_node, 3, &stderr);

    // Another key beside it.
    fs::rename(pki.join("server.key"), home.path().join("server.key")).unwrap();
    fs::copy(pki.join("client.key"), pki.join("server.key")).unwrap();
    let stderr = format!(
        "pgtls: error: \"pki/server.crt\" exists and differs in its key\n\
         pgtls: detail: It is the key of another certificate; asked for is its own.\n{DIFFERS}"
    );
    refused(&home, generate(&home, &["--if-missing"]), 3, &stderr);
    fs::rename(home.path().join("server.key"), pki.join("server.key")).unwrap();

    // Another bundle.
    let chain = read(&pki.join("chain.crt"));
    fs::copy(pki.join("root.crt"), pki.join("chain.crt")).unwrap();
    let stderr = format!(
        "pgtls: error: \"pki/chain.crt\" exists and differs in its certificates\n\
         pgtls: detail: It is CN=root.yourdomain.com; asked for is intermediate.crt, root.crt.\n{DIFFERS}"
    );
    refused(&home, generate(&home, &["--if-missing"]), 3, &stderr);
    fs::write(pki.join("chain.crt"), chain).unwrap();
    generate(&home, &["--if-missing"]).code(0);

    // The leaves of another CA of other names.
    let (other, foreign) = made(&["--domain", "example.com"]);
    for name in ["client.crt", "client.key"] {
        fs::copy(foreign.join(name), pki.join(name)).unwrap();
    }
    drop(other);
    let stderr = format!(
        "pgtls: error: \"pki/client.crt\" exists and differs in its issuer\n\
         pgtls: detail: It is CN=intermediate.example.com; asked for is CN=intermediate.yourdomain.com in \
         intermediate.crt.\n{DIFFERS}"
    );
    refused(&home, generate(&home, &["--if-missing"]), 3, &stderr);
}

#[test]
fn if_missing_refuses_a_leaf_of_another_ca_of_the_same_name() {
    let (home, pki) = made(&[]);
    let (_other, foreign) = made(&[]);
    for name in ["client.crt", "client.key"] {
        fs::copy(foreign.join(name), pki.join(name)).unwrap();
    }
    let before = snapshot(home.path());
    let output = generate(&home, &["--if-missing"]).output();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(
        stderr.starts_with("pgtls: error: \"pki/client.crt\" exists and differs in its issuer\n"),
        "{stderr}"
    );
    assert_eq!(snapshot(home.path()), before);
}

#[test]
fn if_missing_refuses_what_is_not_valid_now() {
    let home = scratch();
    let profile = |window: &str| {
        format!(
            "name = \"mine\"\n[[certificate]]\nname = \"server\"\nusage = \"server\"\nsubject = \"CN=db\"\n{window}"
        )
    };
    let expired = "not_before = 2020-01-01T00:00:00Z\nlifetime = \"366d\"\n";
    fs::write(home.path().join("mine.toml"), profile(expired)).unwrap();
    Run::new(&["gen", "mine.toml", "-q"]).dir(&home).code(0);
    let before = snapshot(home.path());
    let output = Run::new(&["gen", "mine.toml", "-q", "--if-missing"]).dir(&home).output();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    let window = "pgtls: error: \"pki/server.crt\" exists and differs in its window\n\
                  pgtls: detail: It is 2020-01-01T00:00:00Z to 2021-01-01T00:00:00Z; asked for is one that holds ";
    assert!(stderr.starts_with(window), "{stderr}");
    assert_eq!(snapshot(home.path()), before);
}

#[test]
fn a_file_that_does_not_hold_what_its_name_says_is_refused() {
    for more in ["--if-missing", "--force"] {
        let (home, pki) = made(&[]);
        fs::write(pki.join("root.crt"), "").unwrap();
        let stderr = "pgtls: error: certificate file \"pki/root.crt\" holds no certificate\n\
                      pgtls: hint: Move the file away, or give another directory with -D.\n";
        refused(&home, generate(&home, &[more]), 3, stderr);
        let (home, pki) = made(&[]);
        fs::write(pki.join("root.key"), "").unwrap();
        let stderr = "pgtls: error: key file \"pki/root.key\" cannot be read: no private key found in it\n\
                      pgtls: hint: Move the file away, or give another directory with -D.\n";
        refused(&home, generate(&home, &[more]), 3, stderr);
    }
}

// Several at once

/// Starts so many runs as nearly at once as can be, and waits for them all: their exit codes, in order.
fn at_once(home: &TempDir, count: usize, more: &[&str]) -> Vec<i32> {
    let start = |_| generate(home, more).command().stderr(Stdio::null()).spawn().unwrap();
    let children: Vec<Child> = (0..count).map(start).collect();
    let mut codes: Vec<i32> =
        children.into_iter().map(|mut child| child.wait().unwrap().code().unwrap_or(-1)).collect();
    codes.sort_unstable();
    codes
}

#[test]
fn of_many_runs_at_once_one_wins_and_the_others_are_refused() {
    for count in [2, 8] {
        for _ in 0..5 {
            let home = scratch();
            let mut expected = vec![3; count];
            expected[0] = 0;
            assert_eq!(at_once(&home, count, &[]), expected);
            assert_eq!(names(home.path()), ["pki"]);
            assert_whole(&home.path().join("pki"));
        }
    }
}

#[test]
fn many_runs_at_once_that_make_what_is_missing_make_it_once() {
    for count in [2, 8] {
        for _ in 0..5 {
            let home = scratch();
            assert_eq!(at_once(&home, count, &["--if-missing"]), vec![0; count]);
            assert_eq!(names(home.path()), ["pki"]);
            assert_whole(&home.path().join("pki"));
        }
    }
}

#[test]
fn many_runs_at_once_that_replace_leave_one_whole_set() {
    for count in [2, 8] {
        let home = scratch();
        for _ in 0..5 {
            assert_eq!(at_once(&home, count, &["--force"]), vec![0; count]);
            assert_eq!(names(home.path()), ["pki"]);
            assert_whole(&home.path().join("pki"));
        }
    }
}

#[test]
fn runs_with_crossed_directories_do_not_wait_for_each_other() {
    let home = scratch();
    for name in ["one", "two"] {
        fs::create_dir(home.path().join(name)).unwrap();
    }
    // `./two` comes before `one` as it is written, and after it in where it leads.
    let start = |directory, ca_directory| {
        let more = ["-D", directory, "--ca-dir", ca_directory, "--force"];
        generate(&home, &more).command().stderr(Stdio::null()).spawn().unwrap()
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    for _ in 0..25 {
        let pairs = [("one", "./two"), ("./two", "one"), ("one", "./two"), ("./two", "one")];
        let mut children = pairs.map(|(directory, ca_directory)| start(directory, ca_directory));
        while children.iter_mut().any(|child| child.try_wait().unwrap().is_none()) {
            if Instant::now() > deadline {
                children.iter_mut().for_each(|child| child.kill().unwrap());
                panic!("two runs wait for each other");
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

#[test]
fn many_runs_at_once_share_one_ca_directory() {
    let home = scratch();
    let start = |at: usize| {
        let directory = format!("db{at}");
        let more = ["-D", &directory, "--ca-dir", "ca"];
        generate(&home, &more).command().spawn().unwrap()
    };
    let children: Vec<Child> = (0..6).map(start).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    for at in 0..6 {
        let directory = home.path().join(format!("db{at}"));
        run(
            &directory,
            "openssl",
            &["verify", "-CAfile", "../ca/root.crt", "-untrusted", "server.crt", "server.crt"],
        );
        assert_eq!(read(&directory.join("root.crt")), read(&home.path().join("ca/root.crt")));
    }
}

#[test]
fn after_a_kill_at_any_moment_there_is_one_whole_set() {
    let (home, pki) = made(&[]);
    let started = Instant::now();
    generate(&home, &["--force"]).code(0);
    let whole = started.elapsed();
    // A few numbers that follow no rhythm (a linear congruential generator), the same in each run of the test.
    let mut number: u64 = 88_172_645;
    let mut killed = 0;
    for _ in 0..40 {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share =
            Duration::from_nanos(whole.as_nanos() as u64 / 1000 * (number >> 33) % (whole.as_nanos() as u64));
        let mut child = generate(&home, &["--force"]).command().stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(share);
        child.kill().unwrap();
        killed += usize::from(child.wait().unwrap().code().is_none());
        // A reading verb sees one set, whatever the kill left, and writes nothing.
        let before = snapshot(&pki);
        let seen = Run::new(&["inspect", "pki"]).dir(&home).output();
        assert_eq!((seen.status.code(), text(&seen.stderr).as_str()), (Some(0), ""));
        assert!(text(&seen.stdout).starts_with("pki/: 4 certificates, 4 keys\n"), "{}", text(&seen.stdout));
        assert_eq!(snapshot(&pki), before);
        // The next that writes, even if it has nothing to make, leaves the old set or the new one and nothing else.
        generate(&home, &["--if-missing"]).code(0);
        assert_whole(&pki);
    }
    assert!(killed > 10, "only {killed} of 40 were killed in time; the moments are badly chosen");
}

#[test]
fn a_kill_while_a_directory_is_made_leaves_it_whole_or_absent() {
    let home = scratch();
    let started = Instant::now();
    generate(&home, &["-D", "measure"]).code(0);
    let whole = started.elapsed().as_nanos() as u64;
    for part in 0..40 {
        let pki = home.path().join("pki");
        let mut child = generate(&home, &[]).command().stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_nanos(whole / 40 * part));
        child.kill().unwrap();
        child.wait().unwrap();
        if pki.exists() {
            assert_whole(&pki);
            fs::remove_dir_all(&pki).unwrap();
        }
    }
    generate(&home, &[]).code(0);
    assert_whole(&home.path().join("pki"));
    // What the killed ones left hidden beside it is swept away by those that follow.
    assert_eq!(names(home.path()), ["measure", "pki"]);
}
