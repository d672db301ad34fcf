//! The crate's architecture as rules that can fail: who imports whom, who reaches outside, who prints.
//!
//! `architecture/rules.rs` holds the tables and the rules. Each is tried twice here: on the sources, where it must find
//! nothing, and on snippets that break it, where it must complain.

#[path = "architecture/paths.rs"]
mod paths;
#[path = "architecture/rules.rs"]
mod rules;
#[path = "architecture/source.rs"]
mod source;

use std::process::Command;

use rules::Rule;
use source::Source;

/// The rule finds nothing in the crate's sources.
fn holds(rule: Rule, folders: &[&str]) {
    let sources: Vec<Source> = folders
        .iter()
        .flat_map(|folder| Source::read_all(folder))
        .collect();
    assert!(!sources.is_empty(), "no source was read");
    let complaints: Vec<String> = sources
        .iter()
        .flat_map(rule)
        .map(|complaint| complaint.to_string())
        .collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// The rule complains about the snippet, in these words.
#[track_caller]
fn complains(rule: Rule, path: &str, text: &str, expected: &str) {
    let complaints: Vec<String> = rule(&Source::new(path, text))
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(
        complaints.iter().any(|it| it.contains(expected)),
        "{text}\ngave {complaints:?}, not {expected:?}"
    );
}

/// The rule has nothing against the snippet.
#[track_caller]
fn accepts(rule: Rule, path: &str, text: &str) {
    let complaints: Vec<String> = rule(&Source::new(path, text))
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(complaints.is_empty(), "{text}\ngave {complaints:?}");
}

#[test]
fn imports_go_down_or_sideways_where_the_table_says_so() {
    holds(rules::import_direction, &["src"]);
}

#[test]
fn the_import_rule_complains() {
    let rule = rules::import_direction;
    complains(
        rule,
        "src/verify/chain.rs",
        "//!\nuse crate::plan::Plan;",
        "src/verify/chain.rs:2: verify may not import plan",
    );
    complains(
        rule,
        "src/plan/mod.rs",
        "use crate::{x509::Name, ops::{issue, renew}};",
        "plan may not import ops",
    );
    complains(
        rule,
        "src/layout/fill.rs",
        "fn f() { crate::verify::check() }",
        "layout may not import verify",
    );
    complains(
        rule,
        "src/layout/fill.rs",
        "use super::super::config;",
        "layout may not import config",
    );
    complains(
        rule,
        "src/pki/crl.rs",
        "use crate::plan; use crate as c; fn f() { c::k8s::g() }",
        "pki may not import k8s",
    );
    complains(
        rule,
        "src/x509/name.rs",
        "use crate::keys::Key;",
        "x509 may not import keys",
    );
    complains(
        rule,
        "src/ops/try.rs",
        "use crate::cli::args;",
        "ops may not import cli",
    );
    complains(
        rule,
        "src/plan/mod.rs",
        "use crate::error::Error;",
        "plan may not import error",
    );
    complains(
        rule,
        "src/ops/mod.rs",
        "use crate::Error;",
        "crate::Error goes through the crate's root",
    );
    complains(
        rule,
        "src/error.rs",
        "use crate::plan::Plan;",
        "error may not import plan",
    );
    complains(
        rule,
        "src/testing.rs",
        "use crate::cli::run;",
        "testing may not import cli",
    );
    complains(
        rule,
        "src/ops/mod.rs",
        "use crate::testing::TestPki;",
        "ops may not import testing",
    );
    complains(
        rule,
        "src/novel.rs",
        "//! New.",
        "module novel has no place among the layers",
    );
    complains(
        rule,
        "src/pg.rs",
        "mod inner { use super::super::plan::Plan; }",
        "pg may not import plan",
    );
}

#[test]
fn the_import_rule_accepts_what_the_table_allows() {
    let rule = rules::import_direction;
    accepts(
        rule,
        "src/main.rs",
        "use pgtls::cli; fn main() { cli::run(); pgtls::cli::run() }",
    );
    accepts(
        rule,
        "src/ops/generate.rs",
        "use crate::{error::Error, fs, plan::{self, Plan}};",
    );
    accepts(
        rule,
        "src/layout/fill.rs",
        "use super::outline::Outline; use crate::pki::Issued; use crate::fs::set;",
    );
    accepts(rule, "src/pg.rs", "mod inner { use super::Fact; }");
    accepts(
        rule,
        "src/error.rs",
        "use crate::fs::FsError; use crate::diagnosis::Diagnosis;",
    );
    accepts(
        rule,
        "src/keys/mod.rs",
        "use crate::pem; use crate::diagnosis::Failure;",
    );
    accepts(
        rule,
        "src/recipe.rs",
        "use crate::plan::Plan; use crate::layout::Outline; use crate::x509::San;",
    );
    accepts(
        rule,
        "src/verify/mod.rs",
        "// use crate::plan;\n/* crate::plan::x /* */ */ const A: &str = \"crate::plan::y\";",
    );
    accepts(
        rule,
        "src/verify/mod.rs",
        "#[cfg(test)]\nmod tests { use crate::plan::Plan; }",
    );
    accepts(
        rule,
        "src/verify/mod.rs",
        "const R: &str = r#\"\"crate::ops::x\"#; fn f<'a>(q: &'a str) -> char { '\"' }",
    );
}

#[test]
fn only_ops_scratch_and_testing_reach_the_disk_through_fs() {
    holds(rules::disk_through_ops, &["src"]);
}

#[test]
fn the_disk_rule_complains() {
    let rule = rules::disk_through_ops;
    complains(
        rule,
        "src/cli/request.rs",
        "use crate::fs::commit;",
        "cli takes crate::fs::commit",
    );
    complains(
        rule,
        "src/verify/files.rs",
        "use crate::fs::{self, Mode};",
        "verify takes crate::fs;",
    );
    complains(
        rule,
        "src/plan/mod.rs",
        "use crate::fs::FsError;",
        "plan takes crate::fs::FsError",
    );
    complains(
        rule,
        "src/layout/mod.rs",
        "fn f() { crate::fs::read::directory(p) }",
        "layout takes crate::fs::read",
    );
    accepts(rule, "src/ops/generate.rs", "use crate::fs::commit;");
    accepts(
        rule,
        "src/layout/fill.rs",
        "use crate::fs::{FileEntry, FileSet, set::Mode};",
    );
    accepts(rule, "src/error.rs", "use crate::fs::FsError;");
}

#[test]
fn only_ops_opens_a_connection_through_probe() {
    holds(rules::network_through_ops, &["src"]);
    let rule = rules::network_through_ops;
    complains(
        rule,
        "src/cli/request.rs",
        "use crate::probe::connect;",
        "only ops connects",
    );
    accepts(rule, "src/ops/probe.rs", "use crate::probe::connect;");
}

#[test]
fn files_sockets_processes_and_environment_have_their_doors() {
    holds(rules::standard_library_doors, &["src"]);
    holds(rules::no_disk_behind_path, &["src"]);
}

#[test]
fn the_standard_library_rule_complains() {
    let rule = rules::standard_library_doors;
    complains(
        rule,
        "src/cli/args.rs",
        "use std::fs;",
        "cli uses std::fs; its door is fs, scratch",
    );
    complains(
        rule,
        "src/ops/a.rs",
        "use std::{io, fs::File};",
        "ops uses std::fs::File",
    );
    complains(
        rule,
        "src/layout/a.rs",
        "use std::os::unix::fs::PermissionsExt;",
        "layout uses std::os::unix::fs",
    );
    complains(
        rule,
        "src/verify/a.rs",
        "use std::net; fn f() { net::TcpStream::connect(a) }",
        "std::net::TcpStream",
    );
    complains(
        rule,
        "src/verify/a.rs",
        "use std::process::*;",
        "verify uses std::process::*; its door is ops, scratch",
    );
    complains(
        rule,
        "src/cli/exit.rs",
        "use std::process; fn f() { process::exit(2) }",
        "its door is nobody",
    );
    complains(
        rule,
        "src/ops/a.rs",
        "fn f() { std::env::var(\"PGTLS_DIR\") }",
        "its door is main, scratch",
    );
    accepts(rule, "src/x509/san.rs", "use std::net::{IpAddr, Ipv4Addr};");
    accepts(rule, "src/cli/exit.rs", "use std::process::ExitCode;");
    accepts(
        rule,
        "src/fs/read.rs",
        "use std::fs::File; use std::os::unix::fs::OpenOptionsExt;",
    );
    accepts(
        rule,
        "src/ops/renew.rs",
        "use std::process::{Command, Stdio}; use crate::fs; fn f() { fs::read(p) }",
    );
    let rule = rules::no_disk_behind_path;
    complains(
        rule,
        "src/ops/a.rs",
        "fn f(p: &Path) -> bool { p.exists() }",
        "ops asks the disk with .exists()",
    );
    accepts(
        rule,
        "src/fs/read.rs",
        "fn f(p: &Path) -> bool { p.is_dir() }",
    );
}

#[test]
fn each_external_crate_is_used_behind_its_door() {
    holds(rules::crate_doors, &["src"]);
}

#[test]
fn the_crate_rule_complains() {
    let rule = rules::crate_doors;
    complains(
        rule,
        "src/pki/certificate.rs",
        "use rcgen::CertificateParams;",
        "pki uses the crate rcgen",
    );
    complains(
        rule,
        "src/ops/a.rs",
        "#[derive(clap::Args)] struct A;",
        "ops uses the crate clap (clap::Args)",
    );
    complains(
        rule,
        "src/plan/a.rs",
        "use ring as r;",
        "plan uses the crate ring",
    );
    complains(
        rule,
        "src/x509/a.rs",
        "use crate::pem; fn f() { ::pem::parse(x) }",
        "its door is pem",
    );
    complains(
        rule,
        "src/x509/a.rs",
        "fn f() { ring::rand::SystemRandom::new() }",
        "its door is keys",
    );
    complains(
        rule,
        "src/testing.rs",
        "use tempfile::TempDir;",
        "its door is tests only",
    );
    accepts(
        rule,
        "src/x509/a.rs",
        "use crate::pem; fn f() { pem::parse(x) }",
    );
    accepts(
        rule,
        "src/profile/a.rs",
        "use {serde::Deserialize, toml::Table, strsim::jaro};",
    );
}

#[test]
fn each_dependency_of_the_manifest_has_a_door_or_is_free_to_all() {
    for section in ["[dependencies]", "[dev-dependencies]"] {
        let names = manifest_keys(section);
        assert!(!names.is_empty(), "{section} was not found");
        let homeless: Vec<&String> = names
            .iter()
            .filter(|name| !rules::has_a_door(name))
            .collect();
        assert!(
            homeless.is_empty(),
            "{section}: {homeless:?} need a row in tests/architecture/rules.rs"
        );
    }
    assert!(!rules::has_a_door("anyhow"));
}

/// The keys of one table of the manifest.
fn manifest_keys(section: &str) -> Vec<String> {
    let lines = include_str!("../Cargo.toml")
        .lines()
        .skip_while(|line| *line != section)
        .skip(1);
    let table = lines.take_while(|line| !line.starts_with('['));
    let keys = table
        .filter_map(|line| line.split_once(" = "))
        .filter(|(key, _)| !key.starts_with('#'));
    keys.map(|(key, _)| key.to_owned()).collect()
}

#[test]
fn only_render_and_main_print() {
    holds(rules::prints, &["src"]);
}

#[test]
fn the_print_rule_complains() {
    let rule = rules::prints;
    complains(
        rule,
        "src/ops/a.rs",
        "fn f() {\n println!(\"x\");\n}",
        "src/ops/a.rs:2: println outside cli/render.rs",
    );
    complains(rule, "src/cli/mod.rs", "fn f() { dbg!(1); }", "dbg outside");
    complains(
        rule,
        "src/cli/mod.rs",
        "use std::io; fn f() { io::stderr().lock() }",
        "stderr outside",
    );
    complains(
        rule,
        "src/plan/mod.rs",
        "use std::io::stdout; fn f() { stdout() }",
        "stdout outside",
    );
    accepts(rule, "src/cli/render.rs", "fn f() { println!() }");
    accepts(
        rule,
        "src/scratch/mod.rs",
        "fn f() { Command::new(a).stdout(Stdio::piped()); } /// println!()\n",
    );
}

#[test]
fn only_main_and_testing_read_the_clock() {
    holds(rules::wall_clock, &["src"]);
    let rule = rules::wall_clock;
    complains(
        rule,
        "src/plan/mod.rs",
        "use std::time::{Duration, SystemTime};",
        "SystemTime reads the wall clock",
    );
    complains(
        rule,
        "src/cli/mod.rs",
        "fn f() { OffsetDateTime::now_utc() }",
        "now_utc reads the wall clock",
    );
    accepts(
        rule,
        "src/scratch/mod.rs",
        "use std::time::{Duration, Instant};",
    );
    accepts(
        rule,
        "src/main.rs",
        "fn main() { OffsetDateTime::now_utc(); }",
    );
}

#[test]
fn no_module_imports_everything_from_its_parent() {
    holds(rules::no_super_globs, &["src"]);
    complains(
        rules::no_super_globs,
        "src/plan/a.rs",
        "use super::*;",
        "name what is used",
    );
    complains(
        rules::no_super_globs,
        "src/plan/a.rs",
        "use super::{b::C, super::*};",
        "name what is used",
    );
    accepts(
        rules::no_super_globs,
        "src/plan/a.rs",
        "#[cfg(test)] #[allow(x)] mod tests { use super::*; } fn f() {}",
    );
}

#[test]
fn no_module_is_a_catch_all() {
    holds(rules::no_catch_all_modules, &["src"]);
    complains(
        rules::no_catch_all_modules,
        "src/fs/utils.rs",
        "//! X.",
        "module utils says nothing",
    );
    complains(
        rules::no_catch_all_modules,
        "src/fs/mod.rs",
        "pub(crate) mod common;",
        "module common says nothing",
    );
}

#[test]
fn the_binary_declares_no_modules() {
    holds(rules::binary_without_modules, &["src"]);
    complains(
        rules::binary_without_modules,
        "src/main.rs",
        "mod cli;",
        "the binary declares module cli",
    );
}

#[test]
fn each_file_opens_with_its_responsibility() {
    holds(rules::opening_comment, &["src", "tests", "benches"]);
    complains(
        rules::opening_comment,
        "src/pg.rs",
        "use std::fmt;",
        "src/pg.rs:1: the file does not open with",
    );
}

#[test]
fn whoever_silences_a_lint_says_why() {
    holds(rules::reasoned_exceptions, &["src", "tests", "benches"]);
    let rule = rules::reasoned_exceptions;
    complains(
        rule,
        "src/pg.rs",
        "\n#[allow(dead_code)]\nfn f() {}",
        "src/pg.rs:2: #[allow(dead_code)] gives no reason",
    );
    complains(
        rule,
        "src/pg.rs",
        "#![expect(\n  dead_code\n)]",
        "gives no reason",
    );
    complains(
        rule,
        "src/pg.rs",
        "#[cfg_attr(unix, allow(unused))]",
        "gives no reason",
    );
    complains(
        rule,
        "src/pg.rs",
        "#[cfg(test)] mod tests { #![allow(unused)] }",
        "gives no reason",
    );
    accepts(
        rule,
        "src/pg.rs",
        "#[expect(dead_code, reason = \"until step 4\")] fn f() { x.expect(\"y\") }",
    );
    accepts(
        rule,
        "src/pg.rs",
        "#[should_panic(expected = \"allow(x)\")] fn f() {}",
    );
}

#[test]
fn the_library_alone_pulls_in_neither_clap_nor_aws_lc() {
    let tree = cargo_tree(&["-e", "normal", "--prefix", "none", "--no-default-features"]);
    let found: Vec<&str> = tree
        .lines()
        .filter(|line| line.starts_with("clap") || line.starts_with("aws-lc"))
        .collect();
    assert!(found.is_empty(), "{found:?} in\n{tree}");
    let whole = cargo_tree(&["-e", "normal", "--prefix", "none"]);
    for expected in ["clap v", "aws-lc-rs v"] {
        assert!(
            whole.lines().any(|line| line.starts_with(expected)),
            "the check sees no {expected:?} at all:\n{whole}"
        );
    }
}

#[test]
fn rcgen_stays_on_ring() {
    let tree = cargo_tree(&["-e", "features", "-i", "rcgen"]);
    assert!(tree.contains("rcgen feature \"ring\""), "{tree}");
    assert!(
        !tree.contains("rcgen feature \"aws_lc_rs"),
        "rcgen would prefer it to ring:\n{tree}"
    );
}

/// `cargo tree` with these arguments, without the network.
fn cargo_tree(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["tree", "--offline", "--locked"])
        .args(arguments);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = command.output().expect("cargo can be run");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
