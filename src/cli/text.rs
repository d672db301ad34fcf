//! The text of reports: facts first, aligned, every next step ready to be pasted.

use super::expiry;
use super::look::{USUAL_WIDTH, columns, wrapped};
use super::request::TypedCommand;
use super::words::{harmless, shell_word, wrapped as words_of};
use crate::config;
use crate::fs::Mode;
use crate::layout::{ClientFiles, Content, Deployment, Outline, Place, ServerFiles, Tree, TreeNode};
use crate::ops::Generated;
use crate::pg::certificate_file;
use crate::plan::Notice;
use crate::x509::{format_date, format_instant};
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use time::{Duration, OffsetDateTime};

/// `gen`, done or only planned.
pub(super) fn generated(
    generated: &Generated,
    dry_run: bool,
    as_root: bool,
    command: &TypedCommand,
) -> String {
    let mut out = headline(generated, dry_run);
    out.push('\n');
    out.push_str(&tree(&generated.tree()));
    if made(generated) > 0 {
        kept(&mut out, generated);
    }
    if dry_run {
        beginnings(&mut out, generated);
    }
    waivers(&mut out, generated);
    for notice in generated.plan.notices.iter().filter(|notice| matches!(notice, Notice::Stretched { .. })) {
        let _ = writeln!(out, "note: {}", harmless(&notice.to_string()));
    }
    if dry_run {
        out.push_str(&files(generated));
        return out;
    }
    if generated.outline.files.is_empty() {
        return out;
    }
    let placement = generated.deployment();
    out.push('\n');
    out.push_str(&deployment(&placement, generated));
    out.push('\n');
    for notice in &generated.plan.notices {
        if let Notice::ExampleNames { .. } = notice {
            let _ = writeln!(
                out,
                "{}; with your own names:\n  {}",
                harmless(&notice.to_string()),
                command.with_own_names()
            );
        }
    }
    let _ = writeln!(out, "next:   pgtls inspect {}", path_word(&generated.directory));
    out.push_str(&expiry::line(generated));
    if as_root {
        out.push_str(&installation(&placement, generated));
    }
    out
}

/// How many certificates are new.
fn made(generated: &Generated) -> usize {
    generated.plan.certificates.iter().filter(|spec| spec.kept.is_none()).count()
}

/// What was done, or would be, in a line.
pub(super) fn headline(generated: &Generated, dry_run: bool) -> String {
    let directory = directory(&generated.directory);
    let total = generated.plan.certificates.len();
    if generated.outline.files.is_empty() {
        return format!("{directory} is complete: {total} certificates, nothing to make\n");
    }
    let mut key_types: Vec<String> = Vec::new();
    for spec in generated.plan.certificates.iter().filter(|spec| spec.kept.is_none()) {
        let name = spec.key_type.to_string();
        if !key_types.contains(&name) {
            key_types.push(name);
        }
    }
    let verb = match (dry_run, generated.created) {
        (true, true) => "would create",
        (true, false) => "would write into",
        (false, true) => "created",
        (false, false) => "wrote into",
    };
    let is_key_here = generated.plan.certificates.iter().all(|spec| spec.existing_key.is_none());
    match made(generated) {
        _ if !is_key_here => format!("{verb} {directory}: 1 certificate, for a key that somebody else has\n"),
        0 => format!("{verb} {directory}: {} files\n", generated.outline.files.len()),
        1 => format!("{verb} {directory}: 1 certificate and its key ({})\n", key_types.join(", ")),
        made => {
            format!("{verb} {directory}: {made} certificates and their keys ({})\n", key_types.join(", "))
        }
    }
}

pub(super) fn directory(path: &Path) -> String {
    format!("{}/", harmless(path.display().to_string().trim_end_matches('/')))
}

/// A path as a command takes it: one that begins with a hyphen would be a flag.
pub(super) fn path_word(path: &Path) -> String {
    let is_flag_like = path.as_os_str().as_bytes().starts_with(b"-");
    let path = if is_flag_like { Path::new(".").join(path) } else { path.to_owned() };
    shell_word(path.as_os_str())
}

/// One line of the tree before it is aligned.
struct Line<'t> {
    /// The branch and the file.
    head: String,
    /// The branch below it.
    below: String,
    node: &'t TreeNode,
}

pub(super) fn tree(tree: &Tree) -> String {
    let mut lines = Vec::new();
    tree.roots.iter().for_each(|root| branch(root, "  ", "  ", &mut lines));
    let width = |text: &str| text.chars().count();
    let heads = lines.iter().map(|line| width(&line.head)).max().unwrap_or_default();
    let subject = |line: &Line<'_>| harmless(&line.node.subject.to_string());
    let subjects = lines.iter().map(|line| width(&subject(line))).max().unwrap_or_default();
    let usages = lines.iter().map(|line| line.node.usage.to_string().len()).max().unwrap_or_default();
    let mut out = String::new();
    for line in &lines {
        let node = line.node;
        let subject = subject(line);
        let end = instant_of(node.not_after, node.not_after - node.not_before);
        let _ =
            writeln!(out, "{:heads$}  {subject:subjects$}  {:usages$}  until {end}", line.head, node.usage);
        for names in wrapped(other_names(node), USUAL_WIDTH.saturating_sub(heads + 4)) {
            let _ = writeln!(out, "{:heads$}  + {names}", line.below);
        }
    }
    out
}

/// An end of a window: its day, but its second where the life is so short that a day says little.
pub(super) fn instant_of(end: OffsetDateTime, life: Duration) -> String {
    if life < Duration::days(3) { format_instant(end) } else { format_date(end) }
}

/// What was there before.
fn kept(out: &mut String, generated: &Generated) {
    let kept = generated.plan.certificates.iter().filter(|spec| spec.kept.is_some());
    let files: Vec<String> = kept.map(|spec| certificate_file(&spec.stem)).collect();
    if !files.is_empty() {
        let _ = writeln!(out, "kept: {}", files.join(" "));
    }
}

/// When what would be made begins: mostly all of it at once.
pub(super) fn beginnings(out: &mut String, generated: &Generated) {
    let made: Vec<_> = generated.plan.certificates.iter().filter(|spec| spec.kept.is_none()).collect();
    let mut instants: Vec<OffsetDateTime> = made.iter().map(|spec| spec.window.not_before).collect();
    instants.sort_unstable();
    instants.dedup();
    for instant in &instants {
        let there = made.iter().filter(|spec| spec.window.not_before == *instant);
        let files: Vec<String> = there.map(|spec| certificate_file(&spec.stem)).collect();
        let which = if instants.len() == 1 { "all".to_owned() } else { files.join(" ") };
        let _ = writeln!(out, "valid from {}: {which}", format_instant(*instant));
    }
}

/// `lead` stands before the file of this one, `below` before everything under it. A lead in two arguments, of which a
/// child's first is `below`, comes out of rustc 1.95 wrong from the third level on, optimised as for a release.
fn branch<'t>(node: &'t TreeNode, lead: &str, below: &str, lines: &mut Vec<Line<'t>>) {
    let under = if node.issued.is_empty() { below.to_owned() } else { format!("{below}│") };
    lines.push(Line { head: format!("{lead}{}", harmless(&node.file)), below: under, node });
    for (at, child) in node.issued.iter().enumerate() {
        let last = at + 1 == node.issued.len();
        let (joint, below_child) = if last { ("└ ", "  ") } else { ("├ ", "│ ") };
        branch(child, &format!("{below}{joint}"), &format!("{below}{below_child}"), lines);
    }
}

fn other_names(node: &TreeNode) -> Vec<String> {
    node.other_names.iter().map(|name| harmless(&name.short())).collect()
}

fn waivers(out: &mut String, generated: &Generated) {
    for spec in generated.plan.certificates.iter().filter(|spec| !spec.waived.is_empty()) {
        let rules: Vec<String> = spec.waived.iter().map(ToString::to_string).collect();
        let _ = writeln!(out, "note: {}.crt waives {}", spec.stem, rules.join(", "));
    }
}

/// The files of a plan, with mode and content.
pub(super) fn files(generated: &Generated) -> String {
    files_in(&generated.outline, &generated.directory, generated.ca_directory.as_deref())
}

/// The files of an outline, in one directory or two, with mode and content.
pub(super) fn files_in(outline: &Outline, own: &Path, ca_directory: Option<&Path>) -> String {
    let rows: Vec<[String; 4]> = outline
        .files
        .iter()
        .map(|file| {
            let place = match (file.place, ca_directory) {
                (Place::CaDirectory, Some(path)) => directory(path),
                _ => directory(own),
            };
            let content = match &file.content {
                Content::Key { of, encrypted: true } => format!("key of {of}, encrypted"),
                Content::Key { of, encrypted: false } => format!("key of {of}"),
                Content::Certificates(stems) => stems.join(", "),
                Content::Index { of } => format!("what {of} issued"),
                Content::IndexAttributes { .. } => "for openssl ca".to_owned(),
                Content::List { of } => format!("whom {of} revoked"),
                Content::Lists(of) => format!("the lists of {}", of.join(", ")),
                Content::Moved { from } => format!("{from}, moved"),
                Content::Request { of } => format!("request for {of}"),
                Content::Rewritten(stems) if stems.is_empty() => "what is there, without one CA".to_owned(),
                Content::Rewritten(stems) => format!("what is there, with {} anew", stems.join(", ")),
            };
            let owner = file.owner.map(|owner| format!("{}:{}", owner.uid, owner.gid)).unwrap_or_default();
            [file.mode.to_string(), owner, format!("{place}{}", file.name), content]
        })
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let (owners, paths) = (width(1), width(2));
    let gap = if owners > 0 { "  " } else { "" };
    let mut out = String::from("\nfiles, with mode and content\n");
    for [mode, owner, path, content] in &rows {
        let line = format!("  {mode}{gap}{owner:owners$}  {path:paths$}  {content}");
        if columns(&line) <= USUAL_WIDTH {
            let _ = writeln!(out, "{line}");
            continue;
        }
        let _ = writeln!(out, "  {mode}{gap}{owner:owners$}  {path}");
        words_of(content, 8).iter().for_each(|line| out.extend([line.as_str(), "\n"]));
    }
    out
}

fn deployment(deployment: &Deployment, generated: &Generated) -> String {
    let mut out = String::new();
    if let (true, Some(server)) = (deployment.self_signed, deployment.servers.first()) {
        let own = &server.certificate;
        let lead = match &server.trust {
            Some(trust) => format!("for testing only: {trust} goes into ssl_ca_file, {own} into"),
            None => format!("for testing only: {own} goes into"),
        };
        let _ =
            writeln!(out, "{lead} the client's\ntrust: sslrootcert, or lua_ssl_trusted_certificate for Kong");
    }
    out.push_str(&uses(deployment, generated));
    if !deployment.ca_keys.is_empty() {
        let keys = deployment.ca_keys.join(" and ");
        let _ = writeln!(out, "nobody: {keys} can make a login for any role");
    }
    out
}

/// What each server and each client does with its files.
pub(super) fn uses(deployment: &Deployment, generated: &Generated) -> String {
    let servers = deployment.servers.iter().map(|server| server_part(server, deployment, generated));
    servers.chain(deployment.clients.iter().map(client_part)).collect()
}

fn server_part(server: &ServerFiles, deployment: &Deployment, generated: &Generated) -> String {
    let mut out = String::new();
    let trust = server.trust.as_ref().map(|trust| format!(" {trust}")).unwrap_or_default();
    let _ = writeln!(
        out,
        "database server: {} {}{trust}, into its data directory",
        server.certificate, server.key
    );
    // A key that is kept has the mode that it was given.
    let file = generated.outline.files.iter().find(|file| file.name == server.key);
    let (mode, owner) = file.map_or((Mode::SECRET, None), |file| (file.mode, file.owner));
    for (at, line) in config::postgresql_conf(server).iter().enumerate() {
        let label = if at == 0 { "postgresql.conf" } else { "" };
        let remark = match (mode, owner) {
            (Mode::SECRET, None) if line.starts_with("ssl_key_file") => "     # 0600, owner postgres",
            _ => "",
        };
        let _ = writeln!(out, "  {label:20} {line}{remark}");
    }
    for (at, line) in config::pg_hba_conf(deployment).iter().enumerate() {
        let label = if at == 0 { "pg_hba.conf" } else { "" };
        let _ = writeln!(out, "  {label:20} {}", harmless(line));
    }
    out
}

fn client_part(client: &ClientFiles) -> String {
    let mut out = String::new();
    let trust = client.trust.as_ref().map(|trust| format!(" {trust}")).unwrap_or_default();
    let who = if client.replication { "standby" } else { "client" };
    let _ =
        writeln!(out, "{who}, role {}: {} {}{trust}", harmless(&client.role), client.certificate, client.key);
    let program = if client.replication { "pg_basebackup -D NEW -d" } else { "psql" };
    out.push_str(&program_line(program, config::connection_keywords(client).iter()));
    out
}

/// A client program with its connection string, in as many lines as it takes.
pub(super) fn program_line<'k>(
    program: &str,
    keywords: impl Iterator<Item = &'k (&'static str, String)>,
) -> String {
    let lead = format!("  {program} \"");
    let escaped: Vec<String> =
        keywords.map(|keyword| in_double_quotes(&harmless(&config::keyword_text(keyword)))).collect();
    let lines = wrapped(escaped, USUAL_WIDTH - lead.len() - 1);
    let indent = " ".repeat(lead.len());
    format!("{lead}{}\"\n", lines.join(&format!("\n{indent}")))
}

/// A text between the double quotes of a POSIX shell.
fn in_double_quotes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '$' | '`') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// How root puts the server's files where the server reads them: it takes no key that another user owns.
pub(super) fn installation(deployment: &Deployment, generated: &Generated) -> String {
    let path = |file: &str| path_word(&generated.directory.join(file));
    let mut out = String::new();
    for server in &deployment.servers {
        if out.is_empty() {
            out.push_str("as root: PostgreSQL reads no key that another user owns, so install it with\n");
        }
        let public: Vec<String> =
            std::iter::once(&server.certificate).chain(&server.trust).map(|file| path(file)).collect();
        let _ = writeln!(out, "  install -o postgres -m 0600 {} \"$PGDATA\"", path(&server.key));
        let _ = writeln!(out, "  install -o postgres -m 0644 {} \"$PGDATA\"", public.join(" "));
    }
    out
}

/// `profiles`.
pub(super) fn profiles(list: &[(String, String)]) -> String {
    let width = list.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut out = String::new();
    for (name, summary) in list {
        let _ = writeln!(out, "{name:width$}  {summary}");
    }
    out.push_str("\nprint one: pgtls profiles NAME > mine.toml; then: pgtls gen mine.toml\n");
    out
}

/// Whether the error is about `-o`, which kubectl has and pgtls does not.
pub(super) fn is_kubectl_habit(error: &clap::Error) -> bool {
    use clap::error::{ContextKind, ContextValue};
    matches!(error.get(ContextKind::InvalidArg), Some(ContextValue::String(argument)) if argument.starts_with("-o"))
}
