//! `verify --json` keeps to `docs/verify.schema.json`, whatever it is asked about, and the schema knows no more than
//! there is.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use boon::{Compiler, SchemaIndex, Schemas};
use pgtls::verify::{DifferenceKind, RemarkKind, Rule};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use support::{Run, names, scratch, text};

const SCHEMA: &str = include_str!("../docs/verify.schema.json");

struct Judge {
    schemas: Schemas,
    schema: SchemaIndex,
}

impl Judge {
    /// Compiles the schema, which is itself held to the rules of its draft.
    fn new() -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let place = "file:///verify.schema.json";
        compiler.add_resource(place, serde_json::from_str(SCHEMA).unwrap()).unwrap();
        let schema = compiler.compile(place, &mut schemas).unwrap();
        Self { schemas, schema }
    }

    fn accepts(&self, value: &Value) -> Result<(), String> {
        self.schemas.validate(value, self.schema).map_err(|error| format!("{error:#}"))
    }
}

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(folder);
    names(&root).into_iter().map(|name| root.join(name)).filter(|path| path.is_dir()).collect()
}

/// What `verify --json` prints there.
fn printed(directory: &Path, words: &[&str]) -> Value {
    let output = Run::new(&[&["verify", "--json"], words].concat()).dir(directory).output();
    let stdout = text(&output.stdout);
    serde_json::from_str(&stdout)
        .unwrap_or_else(|error| panic!("{error}: {words:?}\n{stdout}{}", text(&output.stderr)))
}

/// The flags that `expected.toml` stands for.
fn flags(directory: &Path) -> Vec<String> {
    let Ok(expected) = fs::read_to_string(directory.join("expected.toml")) else {
        return ["--at", "2026-12-01"].map(str::to_owned).into();
    };
    let expected: toml::Table = toml::from_str(&expected).unwrap();
    let nothing = toml::Table::new();
    let files = expected.get("files").and_then(toml::Value::as_table).unwrap_or(&nothing);
    let mut words = vec!["--at".to_owned(), expected["now"].as_str().unwrap().to_owned()];
    for key in ["host", "user", "sslmode", "libpq_version", "expires_in"] {
        words.extend(expected.get(key).map(|value| flag(key, value)));
    }
    words.extend(files.iter().map(|(key, value)| flag(key, value)));
    words
}

fn flag(key: &str, value: &toml::Value) -> String {
    let number = || value.as_integer().map(|number| number.to_string());
    let value = value.as_str().map(str::to_owned).or_else(number).unwrap();
    format!("--{}={value}", key.replace('_', "-"))
}

fn data_directory(home: &Path) {
    Run::new(&["gen", "chain", "-q", "-D", "data"]).dir(home).code(0);
    let settings = "ssl = on\nssl_ca_file = 'chain.crt'\n";
    for (file, contents) in [
        ("PG_VERSION", "15\n"),
        ("postgresql.conf", settings),
        ("postgresql.auto.conf", ""),
        ("pg_hba.conf", "hostssl all all all cert\n"),
        ("pg_ident.conf", ""),
    ] {
        fs::write(home.join("data").join(file), contents).unwrap();
    }
}

#[test]
fn every_fixture_is_judged_in_the_form_of_the_schema() {
    let judge = Judge::new();
    let cases: Vec<PathBuf> = ["guide", "faults"].into_iter().flat_map(fixtures).collect();
    assert!(cases.len() > 100, "{}", cases.len());
    let mut found = 0;
    for case in cases {
        let words = flags(&case);
        let words: Vec<&str> = std::iter::once(".").chain(words.iter().map(String::as_str)).collect();
        let value = printed(&case, &words);
        judge.accepts(&value).unwrap_or_else(|error| panic!("{}: {error}", case.display()));
        found += value["findings"].as_array().unwrap().len();
    }
    assert!(found > 100, "{found} findings");
}

#[test]
fn a_server_and_files_that_cannot_be_read_are_told_in_the_form_of_the_schema() {
    let judge = Judge::new();
    let home = scratch();
    data_directory(home.path());
    let server = printed(home.path(), &["data"]);
    judge.accepts(&server).unwrap();
    assert!(!server["live"].as_array().unwrap().is_empty());
    fs::create_dir_all(home.path().join("pki/closed.crt")).unwrap();
    fs::copy(home.path().join("data/root.crt"), home.path().join("pki/root.crt")).unwrap();
    let value = printed(home.path(), &["pki"]);
    judge.accepts(&value).unwrap();
    assert_eq!(value["problems"].as_array().unwrap().len(), 1, "{value}");
    let value = printed(home.path(), &["pki", "--against", "data"]);
    judge.accepts(&value).unwrap();
    assert_eq!(value["problems"].as_array().unwrap().len(), 1, "{value}");
}

#[test]
fn every_fixture_is_compared_in_the_form_of_the_schema() {
    let judge = Judge::new();
    let clean = fixtures("faults").into_iter().find(|path| path.ends_with("clean-lists")).unwrap();
    let clean = clean.to_str().unwrap();
    let mut kinds = std::collections::BTreeSet::new();
    for case in fixtures("faults") {
        let value = printed(&case, &[".", "--against", clean]);
        judge.accepts(&value).unwrap_or_else(|error| panic!("{}: {error}", case.display()));
        let differences = value["differences"].as_array().unwrap().iter();
        kinds.extend(differences.map(|difference| difference["kind"].as_str().unwrap().to_owned()));
    }
    assert!(kinds.len() >= 9, "{kinds:?}");
}

/// So that a field which is new in the output cannot be forgotten in the schema.
#[test]
fn a_field_that_the_schema_does_not_know_is_refused_wherever_it_stands() {
    let judge = Judge::new();
    let home = scratch();
    data_directory(home.path());
    Run::new(&["gen", "chain", "-q", "-D", "pki"]).dir(&home).code(0);
    for words in [&["data"][..], &["pki", "--against", "data"]] {
        let value = printed(home.path(), words);
        judge.accepts(&value).unwrap();
        let mut objects = Vec::new();
        each_object(&value, String::new(), &mut objects);
        assert!(objects.len() > 5, "{objects:?}");
        for object in objects {
            let mut changed = value.clone();
            changed.pointer_mut(&object).unwrap()["unheard_of"] = json!(1);
            assert!(judge.accepts(&changed).is_err(), "{object} takes any field");
        }
    }
}

fn each_object(value: &Value, pointer: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.push(pointer.clone());
            members.iter().for_each(|(key, value)| each_object(value, format!("{pointer}/{key}"), found));
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(at, value)| each_object(value, format!("{pointer}/{at}"), found)),
        _ => {}
    }
}

#[test]
fn the_schema_names_every_rule_and_kind_and_no_other() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let known = |name: &str| -> Vec<String> {
        let words = schema["$defs"][name]["enum"].as_array().unwrap().iter();
        words.map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let ids = |ids: Vec<&str>| ids.into_iter().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(known("rule"), ids(Rule::ALL.iter().map(|rule| rule.id()).collect()));
    assert_eq!(known("kind"), ids(DifferenceKind::ALL.iter().map(|kind| kind.id()).collect()));
    assert_eq!(known("note"), ids(RemarkKind::ALL.iter().map(|kind| kind.id()).collect()));
}

#[test]
fn the_schema_describes_every_field() {
    fn walk(value: &Value, place: &str) {
        let Some(members) = value.as_object() else { return };
        for (name, property) in members.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let is_told = property.get("description").or_else(|| property.get("$ref")).is_some();
            assert!(is_told, "{place}/{name} has no description");
        }
        members.iter().for_each(|(name, member)| walk(member, &format!("{place}/{name}")));
    }
    walk(&serde_json::from_str(SCHEMA).unwrap(), "");
}
