//! A bundle of many certificates, as a program would meet it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pgtls::keys::SystemKeys;
use pgtls::ops::{GenerateRequest, generate};
use pgtls::profile::{Overrides, parse};
use time::OffsetDateTime;

/// A file of so many server certificates under one CA, in a directory that exists.
pub(crate) fn of_servers(dir: &Path, count: usize) -> PathBuf {
    let mut text = String::from(
        "name = \"many\"\nsummary = \"many servers\"\n\n[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\n\
         subject = \"CN=root.example.com\"\nlifetime = \"3650d\"\n",
    );
    for number in 0..count {
        let _ = write!(
            text,
            "\n[[certificate]]\nname = \"s{number}\"\nusage = \"server\"\nissuer = \"root\"\n\
             subject = \"O=Example,CN=db{number}.example.com\"\n\
             san = [\"db{number}.example.com\", \"localhost\", \"10.0.0.1\"]\nlifetime = \"365d\"\n"
        );
    }
    let profile = parse("many", &text, &Overrides::default()).expect("a profile");
    let request = GenerateRequest::new(Arc::new(profile), dir.join("pki"));
    generate(&request, OffsetDateTime::now_utc(), &SystemKeys).expect("a new directory");
    let certificate = |number| fs::read(dir.join(format!("pki/s{number}.crt"))).expect("it was just made");
    let all: Vec<u8> = (0..count).flat_map(certificate).collect();
    let bundle = dir.join("bundle.pem");
    fs::write(&bundle, all).expect("a file in a new directory");
    bundle
}
