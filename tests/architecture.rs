//! The crate's architecture as rules that can fail: who imports whom, who reaches outside, who prints.
//!
//! `architecture/rules.rs` holds the tables and the rules. Each is tried twice here: on the sources, where it must find
//! nothing, and on snippets that break it, where it must complain. Snippets stand in lists, one a line:
//! `path | code => words of the complaint`, or `path | code` where the rule has nothing to say.

#[path = "architecture/paths.rs"]
mod paths;
#[path = "architecture/rules.rs"]
mod rules;
#[path = "architecture/source.rs"]
mod source;

use std::process::Command;

use rules::Rule;
use source::Source;

/// The rule finds nothing in the crate's own files.
fn holds(rule: Rule, folders: &[&str]) {
    let sources: Vec<Source> = folders.iter().flat_map(|folder| Source::read_all(folder)).collect();
    assert!(!sources.is_empty(), "no source was read");
    let complaints: Vec<String> = sources.iter().flat_map(|source| complaints(rule, source)).collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// The rule complains about each snippet of the list, in the words behind its `=>`.
#[track_caller]
fn complains(rule: Rule, list: &str) {
    for (path, snippet) in snippets(list) {
        let (code, expected) = snippet.split_once(" => ").expect("`=>` and the complaint");
        let found = complaints(rule, &Source::new(path, code));
        assert!(
            found.iter().any(|it| it.contains(expected.trim())),
            "{code}\ngave {found:?}, not {expected:?}"
        );
    }
}

/// The rule has nothing against any snippet of the list.
#[track_caller]
fn accepts(rule: Rule, list: &str) {
    for (path, code) in snippets(list) {
        let found = complaints(rule, &Source::new(path, code));
        assert!(found.is_empty(), "{code}\ngave {found:?}");
    }
}

fn snippets(list: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = list.lines().map(str::trim).filter(|line| !line.is_empty());
    let columns = lines.map(|line| line.split_once(" | ").expect("a path, a bar and code"));
    columns.map(|(path, code)| (path.trim(), code.trim()))
}

fn complaints(rule: Rule, source: &Source) -> Vec<String> {
    rule(source).iter().map(ToString::to_string).collect()
}

#[test]
fn imports_go_down_or_sideways_where_the_table_says_so() {
    holds(rules::import_direction, &["src"]);
}

#[test]
fn the_import_rule_complains() {
    complains(
        rules::import_direction,
        r#"
        src/verify/chain.rs | use crate::plan::Plan;                            => verify may not import plan
        src/plan/mod.rs     | use crate::{x509::Name, ops::{issue, renew}};     => plan may not import ops
        src/layout/fill.rs  | fn f() { crate::verify::check() }                 => layout may not import verify
        src/layout/fill.rs  | use super::super::config;                         => layout may not import config
        src/pki/crl.rs      | use crate as c; fn f() { c::k8s::g() }            => pki may not import k8s
        src/x509/name.rs    | use crate::keys::Key;                             => x509 may not import keys
        src/ops/trial.rs    | use crate::cli::args;                             => ops may not import cli
        src/plan/mod.rs     | use crate::error::Error;                          => plan may not import error
        src/ops/mod.rs      | use crate::Error;                                 => crate::Error goes through the crate's root
        src/error.rs        | use crate::plan::Plan;                            => error may not import plan
        src/testing.rs      | use crate::cli::run;                              => testing may not import cli
        src/ops/mod.rs      | use crate::testing::TestPki;                      => ops may not import testing
        src/novel.rs        | //! New.                                          => module novel has no place among the layers
        src/pg.rs           | mod inner { use super::super::plan::Plan; }       => pg may not import plan
        src/pg.rs           | #[cfg(test)] mod t { f!("}") } use crate::ops::x; => pg may not import ops
        "#,
    );
}

#[test]
fn the_import_rule_accepts_what_the_table_allows() {
    accepts(
        rules::import_direction,
        r###"
        src/main.rs         | use pgtls::cli; fn main() { cli::run(); pgtls::cli::run() }
        src/ops/generate.rs | use crate::{error::Error, fs, plan::{self, Plan}};
        src/layout/fill.rs  | use super::outline::Outline; use crate::pki::Issued; use crate::fs::set;
        src/pg.rs           | mod inner { use super::Fact; }
        src/error.rs        | use crate::fs::FsError; use crate::diagnosis::Diagnosis;
        src/keys/mod.rs     | use crate::pem; use crate::diagnosis::Failure;
        src/recipe.rs       | use crate::plan::Plan; use crate::layout::Outline; use crate::x509::San;
        src/verify/mod.rs   | const A: &str = "crate::plan::y"; /* crate::plan::x /* */ */ // use crate::plan;
        src/verify/mod.rs   | const R: &str = r#""crate::ops::x"#; fn f<'a>(q: &'a str) -> char { '"' }
        src/verify/mod.rs   | fn f<'a>() -> impl Copy + use<'a> { 1 }
        src/verify/mod.rs   | #[cfg(test)] mod tests { use crate::plan::Plan; }
        src/verify/mod.rs   | #[cfg(all(test, unix))] use crate::plan::Plan;
        "###,
    );
}

#[test]
fn a_complaint_names_file_and_line() {
    let source =
        Source::new("src/pg.rs", "//! A\n/* B\n */ const C: &str = \"\n\";\nuse crate::{\n    ops::d,\n};\n");
    let expected = "src/pg.rs:6: pg may not import ops (crate::ops::d): it is against the import direction";
    assert_eq!(complaints(rules::import_direction, &source), [expected]);
}

#[test]
fn only_ops_scratch_and_testing_reach_the_disk_through_fs() {
    let rule = rules::disk_through_ops;
    holds(rule, &["src"]);
    complains(
        rule,
        "
        src/cli/request/mod.rs  | use crate::fs::commit;                         => cli takes crate::fs::commit
        src/verify/files.rs | use crate::fs::{self, Mode};                   => verify takes crate::fs;
        src/plan/mod.rs     | use crate::fs::FsError;                        => plan takes crate::fs::FsError
        src/layout/mod.rs   | fn f() { crate::fs::read::directory(p) }       => layout takes crate::fs::read
        ",
    );
    accepts(
        rule,
        "
        src/ops/generate.rs | use crate::fs::commit;
        src/layout/fill.rs  | use crate::fs::{FileEntry, FileSet, set::Mode};
        src/error.rs        | use crate::fs::FsError;
        ",
    );
}

#[test]
fn only_ops_opens_a_connection_through_probe() {
    let rule = rules::network_through_ops;
    holds(rule, &["src"]);
    complains(rule, "src/cli/request/mod.rs | use crate::probe::connect; => only ops connects");
    accepts(rule, "src/ops/probe.rs | use crate::probe::connect;");
}

#[test]
fn files_sockets_processes_and_environment_have_their_doors() {
    holds(rules::standard_library_doors, &["src"]);
    holds(rules::no_disk_behind_path, &["src"]);
}

#[test]
fn the_standard_library_rule_complains() {
    complains(
        rules::standard_library_doors,
        r#"
        src/cli/args/mod.rs | use std::fs;                                       => cli uses std::fs; its door is fs, scratch
        src/ops/a.rs     | use std::{io, fs::File};                           => ops uses std::fs::File
        src/layout/a.rs  | use std::os::unix::fs::PermissionsExt;             => layout uses std::os::unix::fs
        src/verify/a.rs  | use std::net; fn f() { net::TcpStream::connect(a) } => std::net::TcpStream
        src/verify/a.rs  | use std::process::*;                               => its door is ops, scratch
        src/cli/exit.rs  | use std::process; fn f() { process::exit(2) }      => its door is nobody
        src/ops/a.rs     | fn f() { std::env::var("PGTLS_DIR") }              => its door is main, scratch
        "#,
    );
    accepts(
        rules::standard_library_doors,
        "
        src/x509/san.rs  | use std::net::{IpAddr, Ipv4Addr};
        src/cli/exit.rs  | use std::process::ExitCode;
        src/fs/read.rs   | use std::fs::File; use std::os::unix::fs::OpenOptionsExt;
        src/ops/renew.rs | use std::process::{Command, Stdio}; use crate::fs; fn f() { fs::read(p) }
        ",
    );
    complains(
        rules::no_disk_behind_path,
        "src/ops/a.rs | fn f() { p.exists() } => ops asks the disk with .exists()",
    );
    accepts(rules::no_disk_behind_path, "src/fs/read.rs | fn f() { p.is_dir() }");
}

#[test]
fn each_external_crate_is_used_behind_its_door() {
    let rule = rules::crate_doors;
    holds(rule, &["src"]);
    complains(
        rule,
        "
        src/pki/certificate.rs | use rcgen::CertificateParams;                       => pki uses the crate rcgen
        src/ops/a.rs           | #[derive(clap::Args)] struct A;                     => (clap::Args)
        src/plan/a.rs          | use ring as r;                                      => plan uses the crate ring
        src/x509/a.rs          | use crate::pem; fn f() { ::pem::parse(x) }          => its door is pem
        src/x509/a.rs          | fn f() { ring::rand::SystemRandom::new() }          => its door is keys
        src/testing.rs         | use tempfile::TempDir;                              => its door is tests only
        ",
    );
    accepts(
        rule,
        "
        src/x509/a.rs          | use crate::pem; fn f() { pem::parse(x) }
        src/profile/a.rs       | use {serde::Deserialize, toml::Table, strsim::jaro};
        ",
    );
}

#[test]
fn each_dependency_of_the_manifest_has_a_door_or_is_free_to_all() {
    for section in ["[dependencies]", "[dev-dependencies]"] {
        let names = manifest_keys(section);
        assert!(!names.is_empty(), "{section} was not found");
        let homeless: Vec<&String> = names.iter().filter(|name| !rules::has_a_door(name)).collect();
        assert!(homeless.is_empty(), "{section}: {homeless:?} need a row in tests/architecture/rules.rs");
    }
    assert!(!rules::has_a_door("anyhow"));
}

/// The keys of one table of the manifest.
fn manifest_keys(section: &str) -> Vec<String> {
    let lines = include_str!("../Cargo.toml").lines().skip_while(|line| *line != section).skip(1);
    let table = lines.take_while(|line| !line.starts_with('['));
    let keys = table.filter_map(|line| line.split_once(" = ")).filter(|(key, _)| !key.starts_with('#'));
    keys.map(|(key, _)| key.to_owned()).collect()
}

#[test]
fn only_render_and_main_print() {
    let rule = rules::prints;
    holds(rule, &["src"]);
    complains(
        rule,
        r#"
        src/ops/a.rs       | fn f() { println!("x"); }                                  => println outside cli/render.rs
        src/cli/mod.rs     | fn f() { dbg!(1); }                                        => dbg outside
        src/cli/mod.rs     | use std::io; fn f() { io::stderr().lock() }                => stderr outside
        src/plan/mod.rs    | use std::io::stdout; fn f() { stdout() }                   => stdout outside
        "#,
    );
    accepts(
        rule,
        "
        src/cli/render.rs  | fn f() { println!() }
        src/scratch/mod.rs | fn f() { Command::new(a).stdout(Stdio::piped()); } /// println!()
        ",
    );
}

#[test]
fn only_main_and_testing_read_the_clock() {
    let rule = rules::wall_clock;
    holds(rule, &["src"]);
    complains(
        rule,
        "src/plan/mod.rs | use std::time::{Duration, SystemTime}; => SystemTime reads the wall clock",
    );
    complains(rule, "src/cli/mod.rs | fn f() { OffsetDateTime::now_utc() } => now_utc reads the wall clock");
    accepts(rule, "src/scratch/mod.rs | use std::time::{Duration, Instant};");
    accepts(rule, "src/main.rs | fn main() { OffsetDateTime::now_utc(); }");
}

#[test]
fn no_module_imports_everything_from_its_parent() {
    let rule = rules::no_super_globs;
    holds(rule, &["src"]);
    complains(rule, "src/plan/a.rs | use super::*; => name what is used");
    complains(rule, "src/plan/a.rs | use super::{b::C, super::*}; => name what is used");
    accepts(rule, "src/plan/a.rs | #[cfg(test)] #[allow(x)] mod tests { use super::*; } fn f() {}");
}

#[test]
fn no_module_is_a_catch_all() {
    let rule = rules::no_catch_all_modules;
    holds(rule, &["src"]);
    complains(rule, "src/fs/utils.rs | //! X. => module utils says nothing");
    complains(rule, "src/fs/mod.rs | pub(crate) mod common; => module common says nothing");
}

#[test]
fn the_binary_declares_no_modules() {
    let rule = rules::binary_without_modules;
    holds(rule, &["src"]);
    complains(rule, "src/main.rs | mod cli; => the binary declares module cli");
}

#[test]
fn each_file_opens_with_its_responsibility() {
    let rule = rules::opening_comment;
    holds(rule, &["src", "tests", "benches"]);
    complains(rule, "src/pg.rs | use std::fmt; => src/pg.rs:1: the file does not open with");
}

#[test]
fn whoever_silences_a_lint_says_why() {
    let rule = rules::reasoned_exceptions;
    holds(rule, &["src", "tests", "benches"]);
    complains(
        rule,
        "
        src/pg.rs | #[allow(dead_code)] fn f() {}                      => #[allow(dead_code)] gives no reason
        src/pg.rs | #![expect( dead_code )]                            => gives no reason
        src/pg.rs | #[cfg_attr(unix, allow(unused))]                   => gives no reason
        src/pg.rs | #[cfg(test)] mod tests { #![allow(unused)] }       => gives no reason
        ",
    );
    accepts(
        rule,
        r#"
        src/pg.rs | #[expect(dead_code, reason = "until step 4")] fn f() { x.expect("y") }
        src/pg.rs | #[should_panic(expected = "allow(x)")] fn f() {}
        "#,
    );
}

#[test]
fn the_library_alone_pulls_in_neither_clap_nor_aws_lc() {
    let tree = cargo_tree(&["-e", "normal", "--prefix", "none", "--no-default-features"]);
    let found: Vec<&str> =
        tree.lines().filter(|line| line.starts_with("clap") || line.starts_with("aws-lc")).collect();
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
    assert!(!tree.contains("rcgen feature \"aws_lc_rs"), "rcgen would prefer it to ring:\n{tree}");
}

/// `cargo tree` with these arguments, without the network.
fn cargo_tree(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO"));
    command.args(["tree", "--offline", "--locked"]).args(arguments);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = command.output().expect("cargo can be run");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
