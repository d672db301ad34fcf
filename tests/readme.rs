//! The README and the profile reference say what is so: their commands run, and the first screen is what is printed.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Output};

const README: &str = include_str!("../README.md");
const PROFILES: &str = include_str!("../docs/profiles.md");
const CSR: &str = include_str!("../docs/csr.md");
const LISTS: &str = include_str!("../docs/lists.md");
const REVOCATION: &str = include_str!("../docs/revocation.md");

/// The indented code blocks of a Markdown text, without their indentation; a blank line inside one stays.
fn code_blocks(text: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        match line.strip_prefix("    ") {
            Some(code) if open => blocks.last_mut().unwrap().push_str(&format!("{code}\n")),
            Some(code) => blocks.push(format!("{code}\n")),
            None if line.is_empty() && open => blocks.last_mut().unwrap().push('\n'),
            None => {}
        }
        open = line.starts_with("    ") || (line.is_empty() && open);
    }
    blocks
}

fn pgtls(directory: &Path, command: &str) -> Output {
    let command = command.split(" # ").next().unwrap().trim_end();
    let words =
        command.strip_prefix("pgtls").unwrap().replace("/etc/", &format!("{}/etc/", directory.display()));
    let mut process = Command::new(env!("CARGO_BIN_EXE_pgtls"));
    process.args(words.split_whitespace()).current_dir(directory);
    process.env_remove("PGTLS_DIR").env_remove("PGTLS_CA_DIR");
    process.output().unwrap()
}

/// `2027-11-21` -> `YYYY-MM-DD`.
fn without_dates(text: &str) -> String {
    let mut out: Vec<char> = text.chars().collect();
    let shape = |at: usize, c: char| if at == 4 || at == 7 { c == '-' } else { c.is_ascii_digit() };
    for start in 0..out.len().saturating_sub(9) {
        if (0..10).all(|at| shape(at, out[start + at])) {
            out[start..start + 10].copy_from_slice(&"YYYY-MM-DD".chars().collect::<Vec<_>>());
        }
    }
    out.into_iter().collect()
}

#[test]
fn the_first_screen_is_what_the_first_command_prints() {
    let block = code_blocks(README).remove(0);
    let (command, shown) = block.split_once('\n').unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let output = pgtls(scratch.path(), command.strip_prefix("$ ").unwrap());
    let printed = without_dates(&String::from_utf8(output.stdout).unwrap());
    let shown = without_dates(shown.trim_end());
    assert!(printed.starts_with(&shown), "the README shows\n{shown}\nbut it prints\n{printed}");
}

#[test]
fn every_command_of_the_readme_runs() {
    let blocks = code_blocks(README);
    let tasks = blocks.iter().find(|block| block.contains("--as-openssl")).unwrap();
    let mut ran = 0;
    for group in tasks.split("\n\n") {
        let scratch = tempfile::tempdir().unwrap();
        fs::write(scratch.path().join("pass"), "correct horse\n").unwrap();
        fs::write(scratch.path().join("roles.txt"), "# who logs in\nalice\nbob\n").unwrap();
        let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
        for command in group.lines().filter(|line| line.starts_with("pgtls")) {
            let needs_pki = ["inspect pki", "pgtls export server", "pgtls renew -q", "pgtls rotate root add"]
                .iter()
                .any(|words| command.contains(words));
            let first_of = |words: &str| group.lines().find(|line| line.starts_with("pgtls")) == Some(words);
            if needs_pki || (command.starts_with("pgtls issue client") && first_of(command)) {
                assert!(pgtls(scratch.path(), "pgtls gen chain").status.success());
            }
            if command.contains("sign request.csr") {
                assert!(pgtls(scratch.path(), "pgtls csr client app -D elsewhere").status.success());
                let made = scratch.path().join("elsewhere");
                let made = fs::read_dir(made).unwrap().map(|entry| entry.unwrap().path());
                let request = made.into_iter().find(|path| path.extension().is_some_and(|it| it == "csr"));
                fs::copy(request.unwrap(), scratch.path().join("request.csr")).unwrap();
            }
            if command.contains("--ca corp/ca.crt") {
                assert!(pgtls(scratch.path(), "pgtls gen chain -D corp").status.success());
                for ending in ["crt", "key"] {
                    let file = |stem: &str| scratch.path().join(format!("corp/{stem}.{ending}"));
                    fs::rename(file("root"), file("ca")).unwrap();
                }
            }
            if command.starts_with("pgtls can-login") {
                assert!(pgtls(scratch.path(), "pgtls gen chain --client app").status.success());
                fs::write(scratch.path().join("pg_hba.conf"), "hostssl all all 10.0.0.0/8 cert\n").unwrap();
            }
            if command.starts_with("pgtls verify") && !scratch.path().join("pki").exists() {
                let made = pgtls(scratch.path(), "pgtls gen chain --server db1.example.com --client app");
                assert!(made.status.success());
                for (from, to) in
                    [("server.crt", "tls.crt"), ("server.key", "tls.key"), ("root.crt", "ca.crt")]
                {
                    let home = scratch.path();
                    let entry = fs::read(home.join("pki").join(from)).unwrap();
                    fs::write(home.join(to), entry).unwrap();
                    fs::set_permissions(home.join(to), fs::Permissions::from_mode(0o600)).unwrap();
                }
            }
            let output = pgtls(scratch.path(), command);
            let expected = if command.contains("--owner") && !is_root { 4 } else { 0 };
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(expected), "{command}\n{stderr}");
            ran += 1;
        }
    }
    assert!(ran >= 10, "only {ran} commands were found");
}

#[test]
fn every_flag_and_make_target_that_is_named_exists() {
    let help = |verb: &str| {
        let output = pgtls(Path::new("."), &format!("pgtls {verb} --help"));
        String::from_utf8(output.stdout).unwrap()
    };
    let known = [
        "gen",
        "issue",
        "sign",
        "csr",
        "import",
        "export",
        "renew",
        "rotate",
        "revoke",
        "crl",
        "verify",
        "inspect",
        "can-login",
        "profiles",
        "k8s",
        "config postgresql",
        "config hba",
        "config ident",
        "config libpq",
        "config pgbouncer",
        "config jdbc",
        "config patroni",
        "config hosts",
        "config docker",
        "config kong",
    ]
    .map(help)
    .concat();
    for text in [README, PROFILES, CSR, LISTS, REVOCATION] {
        // Flags of cargo are in the same sentences as `cargo`.
        let lines = text.lines().filter(|line| !line.contains("cargo "));
        let words = lines.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-'));
        for flag in words.filter(|word| word.starts_with("--") && word.len() > 3) {
            let whole = |word: &str| word == flag;
            let mut flags = known.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            assert!(flags.any(whole) || flag == "--version" || flag == "--help", "{flag} is no flag");
        }
    }
    let makefile = include_str!("../Makefile");
    let targets = README
        .split("make ")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !c.is_ascii_lowercase() && c != '-').next());
    for target in
        targets.filter(|target| target.contains('-') || ["test", "bench", "install"].contains(target))
    {
        assert!(makefile.contains(&format!("\n{target}:")), "make {target} does not exist");
    }
}

/// `jq`, `psql` and `kubectl apply` are other people's: the commands run up to the first pipe.
#[test]
fn the_commands_and_lists_of_the_page_about_lists_work() {
    let scratch = tempfile::tempdir().unwrap();
    let blocks = code_blocks(LISTS);
    let block = |words: &str| blocks.iter().find(|block| block.contains(words)).unwrap();
    for (file, text) in [
        ("roles.txt", "alice\nbob\n"),
        ("servers.txt", block("# servers.txt")),
        ("roles.csv", block("name,cn,san,lifetime")),
    ] {
        fs::write(scratch.path().join(file), text).unwrap();
    }
    assert!(pgtls(scratch.path(), "pgtls gen chain").status.success());
    let mut ran = 0;
    let lines = blocks.iter().flat_map(|block| block.lines());
    for command in lines.filter(|line| line.starts_with("pgtls issue")) {
        let output = pgtls(scratch.path(), command.split(" | ").next().unwrap());
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        ran += 1;
    }
    assert!(ran >= 6, "only {ran} commands were found");
    let servers = pgtls(scratch.path(), "pgtls issue server -f servers.txt");
    assert!(servers.status.success(), "{}", String::from_utf8_lossy(&servers.stderr));
    let record = pgtls(scratch.path(), "pgtls issue client -f roles.txt --stream jsonl").stdout;
    let record: serde_json::Value =
        serde_json::from_slice(record.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    for field in record.as_object().unwrap().keys() {
        assert!(LISTS.contains(&format!("`{field}`")), "docs/lists.md does not name {field}");
    }
}

#[test]
fn the_commands_of_the_page_about_revocation_work_and_it_names_every_reason() {
    let scratch = tempfile::tempdir().unwrap();
    assert!(pgtls(scratch.path(), "pgtls gen chain --intermediate").status.success());
    assert!(pgtls(scratch.path(), "pgtls issue client alice").status.success());
    let blocks = code_blocks(REVOCATION);
    let commands: Vec<&str> =
        blocks.iter().flat_map(|block| block.lines()).filter(|line| line.starts_with("pgtls ")).collect();
    assert!(commands.len() >= 3, "{commands:?}");
    for command in commands {
        let output = pgtls(scratch.path(), command);
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
    for reason in pgtls::x509::RevocationReason::NAMED {
        let is_offered = !["unspecified", "removeFromCRL"].contains(&reason.to_string().as_str());
        assert_eq!(REVOCATION.contains(&format!("`{reason}`")), is_offered, "{reason}");
    }
}

#[test]
fn the_example_of_the_profile_reference_is_made() {
    let scratch = tempfile::tempdir().unwrap();
    fs::write(scratch.path().join("mine.toml"), code_blocks(PROFILES).remove(0)).unwrap();
    let output = pgtls(scratch.path(), "pgtls gen mine.toml");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("O=Acme,OU=Databases,OU=Berlin,CN=db1.example.com"), "{printed}");
}

#[test]
fn the_reference_names_every_key_and_every_rule() {
    let scratch = tempfile::tempdir().unwrap();
    let wrong = "name = \"x\"\n[[certificate]]\nname = \"a\"\nusage = \"server\"\nwrong = 1\n";
    fs::write(scratch.path().join("wrong.toml"), wrong).unwrap();
    let refused = String::from_utf8(pgtls(scratch.path(), "pgtls gen wrong.toml").stderr).unwrap();
    let known = refused.split("Known here: ").nth(1).unwrap().split('.').next().unwrap();
    let rules = pgtls::profile::Rule::ALL.map(pgtls::profile::Rule::id);
    for word in known.split(", ").chain(rules) {
        assert!(PROFILES.contains(&format!("`{word}`")), "docs/profiles.md does not say what {word} is");
    }
}

#[test]
fn the_catalogue_names_every_rule_of_verify_with_what_it_means() {
    const VERIFY: &str = include_str!("../docs/verify.md");
    let rules = pgtls::verify::Rule::ALL;
    for rule in rules {
        let row = format!("| `{rule}` | {} | {} | {} |\n", rule.severity(), rule.meaning(), rule.source());
        assert!(VERIFY.contains(&row), "docs/verify.md lacks\n{row}");
    }
    // Rules have four columns.
    let rows = VERIFY.lines().filter(|line| line.starts_with("| `") && line.matches(" | ").count() == 3);
    assert_eq!(rows.count(), rules.len(), "docs/verify.md names what does not exist");
    let kinds = pgtls::verify::DifferenceKind::ALL.iter().map(|kind| (kind.id(), kind.meaning()));
    let remarks = pgtls::verify::RemarkKind::ALL.iter().map(|kind| (kind.id(), kind.meaning()));
    for (id, meaning) in kinds.chain(remarks) {
        assert!(
            VERIFY.contains(&format!("| `{id}` | {meaning} |\n")),
            "docs/verify.md lacks {id}: {meaning}"
        );
    }
}
