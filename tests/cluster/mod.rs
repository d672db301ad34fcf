//! Manifests as a cluster would read them: parsed by kubectl, their data decoded.

#![allow(dead_code, reason = "each test program uses a part of it")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use std::fs;
use std::path::Path;

use crate::support::{Run, run, text};

/// What `pgtls k8s WORDS` prints to standard output; it has to succeed.
pub(crate) fn printed(home: &Path, words: &str) -> String {
    let output = pgtls(home, &format!("k8s {words}"));
    assert_eq!(output.status.code(), Some(0), "{words}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// The objects that `pgtls k8s WORDS` prints, and the part of a resource behind them, which `--patch` prints.
pub(crate) fn with_part(home: &Path, words: &str) -> Vec<Value> {
    let mut found = objects(home, &printed(home, words));
    assert!(found.iter().all(|object| object["kind"] == "Secret"), "{words}");
    found.extend(objects(home, &printed(home, &format!("{words} --patch"))));
    found
}

/// What `pgtls WORDS` says.
pub(crate) fn pgtls(home: &Path, words: &str) -> std::process::Output {
    Run::new(&words.split(' ').collect::<Vec<_>>()).dir(home).output()
}

/// Makes something, quietly.
pub(crate) fn made(home: &Path, words: &str) {
    let output = pgtls(home, &format!("{words} -q"));
    assert_eq!(output.status.code(), Some(0), "{words}: {}", text(&output.stderr));
}

/// The objects of a stream, as kubectl reads them.
pub(crate) fn objects(home: &Path, stream: &str) -> Vec<Value> {
    fs::write(home.join("stream.yaml"), stream).unwrap();
    let words = ["label", "--local", "-f", "stream.yaml", "pgtls.test/read=yes", "-o", "json"];
    let json = run(home, "kubectl", &words);
    serde_json::Deserializer::from_str(&json).into_iter().map(|object| object.unwrap()).collect()
}

/// The object of that kind and name.
pub(crate) fn object<'o>(objects: &'o [Value], kind: &str, name: &str) -> &'o Value {
    let is_it = |it: &&Value| it["kind"] == kind && it["metadata"]["name"] == name;
    objects.iter().find(is_it).unwrap_or_else(|| panic!("no {kind} {name}"))
}

/// A value of a Secret.
pub(crate) fn value(secret: &Value, key: &str) -> Vec<u8> {
    let text = secret["data"][key].as_str().unwrap_or_else(|| panic!("no {key}"));
    BASE64_STANDARD.decode(text).unwrap()
}

/// Every value of every Secret.
pub(crate) fn all_values(objects: &[Value]) -> Vec<Vec<u8>> {
    let secrets = objects.iter().filter(|object| object["kind"] == "Secret");
    let keys = secrets.flat_map(|secret| {
        let data = secret["data"].as_object().unwrap();
        data.keys().map(|key| value(secret, key)).collect::<Vec<_>>()
    });
    keys.collect()
}

/// What kubectl makes of files, without the line that newer ones leave out.
pub(crate) fn kubectl_secret(home: &Path, words: &[&str]) -> String {
    let words = [&["create", "secret"], words, &["--dry-run=client", "-o", "yaml"]].concat();
    run(home, "kubectl", &words).replace("  creationTimestamp: null\n", "")
}
