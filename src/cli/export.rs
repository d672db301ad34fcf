//! The text of `export`: what was written, and the line that puts it to use.

use super::text::{directory, path_word, program_line};
use super::words::{folded, harmless};
use crate::config;
use crate::layout::export::{Consumer, ExportContent, ExportFile, ExportOutline, KeyFormat, Party};
use crate::layout::{ClientFiles, ServerFiles};
use crate::ops::{Destination, Exported};
use crate::verify::Finding;
use crate::x509::{Name, format_date, serialize_instant};
use serde::Serialize;
use std::borrow::Cow;
use std::fmt::Write;
use std::path::Path;
use time::OffsetDateTime;

/// `export --json`; the field names are an interface.
#[derive(Serialize)]
pub(super) struct ExportedJson<'a> {
    place: &'a str,
    certificate: &'a str,
    party: Party,
    #[serde(rename = "as")]
    consumer: Consumer,
    subject: &'a Name,
    #[serde(serialize_with = "serialize_instant")]
    not_after: OffsetDateTime,
    directory: Option<Cow<'a, str>>,
    archive: Option<Cow<'a, str>>,
    created: bool,
    dry_run: bool,
    files: &'a [ExportFile],
    findings: &'a [Finding],
}

impl<'a> ExportedJson<'a> {
    pub(super) fn of(exported: &'a Exported, dry_run: bool) -> Self {
        let (directory, archive) = match &exported.destination {
            Destination::Directory(path) => (Some(path.to_string_lossy()), None),
            Destination::Archive(path) => (None, Some(path.to_string_lossy())),
            Destination::Stream => (None, None),
        };
        Self {
            place: &exported.place,
            certificate: &exported.file,
            party: exported.party,
            consumer: exported.consumer,
            subject: &exported.subject,
            not_after: exported.not_after,
            directory,
            archive,
            created: exported.created && !dry_run,
            dry_run,
            files: &exported.outline.files,
            findings: &exported.findings,
        }
    }
}

/// What the judge says against what was exported, each in a line.
pub(super) fn warnings(exported: &Exported) -> impl Iterator<Item = String> {
    exported.findings.iter().map(|finding| {
        let files = finding.files.join(", ");
        format!("{files}: {} [{}]", finding.fact, finding.rule)
    })
}

/// All of it.
pub(super) fn text(exported: &Exported, dry_run: bool) -> String {
    let verb = if dry_run { "would export" } else { "exported" };
    let mut out = format!(
        "{verb} {} ({}, until {})\n",
        harmless(&exported.file),
        harmless(&exported.subject.to_string()),
        format_date(exported.not_after)
    );
    let _ = writeln!(out, "{} {}\n", if dry_run { "would go into" } else { "into" }, destination(exported));
    out.push_str(&files(&exported.outline));
    if !dry_run {
        out.push('\n');
        out.push_str(&next(exported));
    }
    out
}

fn destination(exported: &Exported) -> String {
    match &exported.destination {
        Destination::Directory(path) if exported.created => format!("{}, a new directory", directory(path)),
        Destination::Directory(path) => directory(path),
        Destination::Archive(path) => harmless(&path.display().to_string()),
        Destination::Stream => "a tar archive on standard output".to_owned(),
    }
}

fn files(outline: &ExportOutline) -> String {
    let width = outline.files.iter().map(|file| file.name.chars().count()).max().unwrap_or_default();
    let owner = |file: &ExportFile| {
        file.owner.map(|owner| format!("  {}:{}", owner.uid, owner.gid)).unwrap_or_default()
    };
    let mut out = String::new();
    for file in &outline.files {
        let name = harmless(&file.name);
        let closed = if file.encrypted { ", encrypted" } else { "" };
        let _ =
            writeln!(out, "  {}{}  {name:width$}  {}{closed}", file.mode, owner(file), content(file.content));
    }
    out
}

fn content(content: ExportContent) -> &'static str {
    match content {
        ExportContent::Certificates => "certificate, and what is appended to it",
        ExportContent::Trust => "what it trusts",
        ExportContent::RevocationLists => "revocation lists",
        ExportContent::Key(KeyFormat::Pkcs8) => "key, PKCS#8",
        ExportContent::Key(KeyFormat::Pkcs1) => "key, PKCS#1",
        ExportContent::Key(KeyFormat::Sec1) => "key, SEC1",
        ExportContent::Key(KeyFormat::Der) => "key, PKCS#8 in DER",
        ExportContent::Key(KeyFormat::Combined) => "key and certificates",
        ExportContent::Pkcs12 => "key and certificates, alias user",
        ExportContent::Password => "its password",
    }
}

/// Where the files are once they can be used: in the directory, or unpacked here.
fn place(exported: &Exported) -> &Path {
    match &exported.destination {
        Destination::Directory(path) => path,
        Destination::Archive(_) | Destination::Stream => Path::new("."),
    }
}

/// A file where it is to be used.
fn path(exported: &Exported, name: &str) -> String {
    path_word(&place(exported).join(name)).trim_start_matches("./").to_owned()
}

/// What was exported, and nothing else: other files may lie beside it, a CA's key among them.
fn all(exported: &Exported) -> Vec<String> {
    names(&exported.outline, |_| true).into_iter().map(|name| path(exported, name)).collect()
}

/// Adds a command, folded at the width of a terminal.
fn command(out: &mut String, command: &str) {
    folded(command, 2).iter().for_each(|line| {
        let _ = writeln!(out, "{line}");
    });
}

fn next(exported: &Exported) -> String {
    let mut out = String::new();
    if let Destination::Archive(archive) = &exported.destination {
        out.push_str("unpack it where it is used, or into a container:\n");
        command(&mut out, &format!("tar -xpf {} -C DIR", path_word(archive)));
        command(&mut out, &format!("docker cp - CONTAINER:DIR < {}", path_word(archive)));
    }
    match exported.consumer {
        Consumer::Pg => out.push_str(&for_server(exported)),
        Consumer::Libpq => out.push_str(&for_libpq(exported)),
        Consumer::Jdbc => out.push_str(&for_jdbc(exported)),
        Consumer::P12 => out.push_str(&for_p12(exported)),
        Consumer::Tls => out.push_str(&for_kubernetes(exported)),
    }
    out
}

fn names(outline: &ExportOutline, wanted: impl Fn(ExportContent) -> bool) -> Vec<&str> {
    let files = outline.files.iter().filter(|file| wanted(file.content));
    files.map(|file| file.name.as_str()).collect()
}

fn trust(exported: &Exported) -> Option<&str> {
    exported.outline.file(|content| content == ExportContent::Trust)
}

fn for_server(exported: &Exported) -> String {
    let outline = &exported.outline;
    let mut out = String::new();
    let has_owner = outline.files.iter().any(|file| file.owner.is_some());
    if matches!(exported.destination, Destination::Directory(_)) && !has_owner {
        out.push_str("as root, into the data directory:\n");
        for (mode, is_secret) in [("0600", true), ("0644", false)] {
            let files = names(outline, |content| content.is_secret() == is_secret);
            let files: Vec<String> = files.into_iter().map(|name| path(exported, name)).collect();
            if !files.is_empty() {
                let files = files.join(" ");
                command(&mut out, &format!("install -o postgres -g postgres -m {mode} {files} \"$PGDATA\""));
            }
        }
    }
    let server = ServerFiles {
        certificate: outline.certificate().unwrap_or_default().to_owned(),
        key: outline.key().unwrap_or_default().to_owned(),
        trust: trust(exported).map(str::to_owned),
    };
    out.push_str("postgresql.conf, then pg_ctl reload:\n");
    let crl = outline.file(|content| content == ExportContent::RevocationLists);
    let crl = crl.map(|file| format!("ssl_crl_file = '{file}'"));
    let is_closed = outline.files.iter().any(|file| file.encrypted);
    let opens = is_closed.then(|| "ssl_passphrase_command = 'COMMAND'    # prints the passphrase".to_owned());
    for line in config::postgresql_conf(&server).into_iter().chain(crl).chain(opens) {
        let _ = writeln!(out, "  {line}");
    }
    out
}

/// The client that is printed about; its files where they are.
fn client(exported: &Exported) -> ClientFiles {
    let file = |name: Option<&str>| name.map(|name| place(exported).join(name).display().to_string());
    let file = |name| file(name).map(|path| path.trim_start_matches("./").to_owned());
    let outline = &exported.outline;
    ClientFiles {
        role: exported.subject.common_names().next().map_or_else(|| "ROLE".to_owned(), Cow::into_owned),
        certificate: file(outline.certificate()).unwrap_or_default(),
        key: file(outline.key()).unwrap_or_default(),
        trust: file(trust(exported)),
        host: exported.host.clone(),
        replication: false,
    }
}

fn for_libpq(exported: &Exported) -> String {
    let client = client(exported);
    let mut out = String::new();
    let keywords = config::connection_keywords(&client);
    let has_usual_names = exported.outline.key() == Some("postgresql.key");
    if has_usual_names && matches!(exported.destination, Destination::Directory(_)) {
        out.push_str("as the user who connects, where libpq looks for them by itself:\n");
        command(&mut out, "install -d -m 0700 ~/.postgresql");
        command(&mut out, &format!("cp -p {} ~/.postgresql/", all(exported).join(" ")));
        let short: Vec<_> = keywords
            .iter()
            .filter(|(keyword, _)| !keyword.starts_with("ssl") || *keyword == "sslmode")
            .collect();
        out.push_str(&program_line("psql", short.into_iter()));
        out.push_str("or where they are:\n");
    } else {
        out.push_str("where they are:\n");
    }
    out.push_str(&program_line("psql", keywords.iter()));
    if exported.outline.files.iter().any(|file| file.encrypted) {
        out.push_str("with the passphrase of the key: sslpassword=...\n");
    }
    out
}

/// A text as a value in a URL (RFC 3986 §2.3).
fn in_url(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let escape = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(escape).collect()
}

fn for_jdbc(exported: &Exported) -> String {
    let client = client(exported);
    let host = harmless(client.host.as_deref().unwrap_or("SERVER"));
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let url = |keywords: &[(&str, &str)]| {
        let keywords = keywords.iter().map(|(keyword, value)| format!("{keyword}={}", in_url(value)));
        format!("  jdbc:postgresql://{host}/postgres?{}\n", keywords.collect::<Vec<_>>().join("&"))
    };
    let own =
        |name: &str| place(exported).join(name).display().to_string().trim_start_matches("./").to_owned();
    let mut common = vec![("user", client.role.as_str()), ("sslmode", "verify-full")];
    common.extend(client.trust.as_deref().map(|trust| ("sslrootcert", trust)));
    let mut out = "with the key as PKCS#8:\n".to_owned();
    out.push_str(&url(&[&common[..], &[("sslcert", &client.certificate), ("sslkey", &client.key)]].concat()));
    let archive = exported.outline.file(|content| content == ExportContent::Pkcs12).map(own);
    let password = exported.outline.file(|content| content == ExportContent::Password).map(own);
    let password =
        password.map_or_else(|| "its password".to_owned(), |file| format!("what is in {}", harmless(&file)));
    let _ = writeln!(out, "or as PKCS#12, with {password} as sslpassword:");
    out.push_str(&url(&[&common[..], &[("sslkey", archive.as_deref().unwrap_or_default())]].concat()));
    out
}

fn for_p12(exported: &Exported) -> String {
    let mut out = String::new();
    let own = |wanted| exported.outline.file(|content| content == wanted).map(|name| path(exported, name));
    let archive = own(ExportContent::Pkcs12).unwrap_or_default();
    let password = own(ExportContent::Password).unwrap_or_else(|| "PASSWORD-FILE".to_owned());
    out.push_str("to look into it:\n");
    command(
        &mut out,
        &format!("keytool -list -storetype PKCS12 -keystore {archive} -storepass:file {password}"),
    );
    command(&mut out, &format!("openssl pkcs12 -info -nokeys -in {archive} -passin file:{password}"));
    out
}

/// A name as Kubernetes takes it: a DNS label (RFC 1123).
fn label(stem: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let label: String = stem.chars().map(plain).take(59).collect();
    format!("{}-tls", label.trim_matches('-'))
}

fn for_kubernetes(exported: &Exported) -> String {
    let mut out = String::new();
    let stem = exported.file.rsplit_once('.').map_or(exported.file.as_str(), |(stem, _)| stem);
    let name = label(stem);
    out.push_str("with all of the files:\n");
    let files: Vec<String> = all(exported).iter().map(|path| format!("--from-file={path}")).collect();
    let generic = format!("kubectl create secret generic {name} --type=kubernetes.io/tls");
    command(&mut out, &format!("{generic} {}", files.join(" ")));
    out.push_str("or the pair alone:\n");
    let pair = [("--cert", exported.outline.certificate()), ("--key", exported.outline.key())];
    let pair = pair.map(|(flag, file)| format!("{flag}={}", path(exported, file.unwrap_or_default())));
    command(&mut out, &format!("kubectl create secret tls {name} {}", pair.join(" ")));
    out
}
