//! The text of `k8s`, where manifests do not go to standard output: commands for a shell, or what was written.

use super::text::path_word;
use super::words::{WIDTH, harmless, shell_word};
use crate::k8s::{Manifest, ShellCommand};
use crate::ops::Manifested;
use serde::Serialize;
use std::ffi::OsStr;
use std::fmt::Write;

/// `k8s --json`; the field names are an interface.
#[derive(Serialize)]
pub(super) struct ManifestedJson<'a> {
    place: &'a str,
    target: &'a str,
    objects: Vec<ObjectJson<'a>>,
    file: Option<String>,
    dry_run: bool,
    warnings: Vec<&'a str>,
}

#[derive(Serialize)]
struct ObjectJson<'a> {
    kind: &'a str,
    name: &'a str,
    keys: &'a [String],
    part: bool,
}

impl<'a> ManifestedJson<'a> {
    pub(super) fn of(made: &'a Manifested, dry_run: bool) -> Self {
        let object = |it: &'a Manifest| ObjectJson {
            kind: it.kind,
            name: &it.name,
            keys: &it.keys,
            part: it.part_of.is_some(),
        };
        Self {
            place: &made.place,
            target: made.target,
            objects: made.manifests.iter().map(object).collect(),
            file: made.written.as_ref().map(|path| path.display().to_string()),
            dry_run,
            warnings: made.warnings.iter().map(|(fact, _)| fact.as_str()).collect(),
        }
    }
}

/// What was written, or would be.
pub(super) fn text(made: &Manifested, dry_run: bool) -> String {
    let whole = made.written.as_ref().map(|path| harmless(&path.display().to_string()));
    let what = match (&whole, dry_run) {
        (Some(file), false) => format!("wrote {file} (0600)"),
        (Some(file), true) => format!("would write {file} (0600)"),
        (None, _) => "would print".to_owned(),
    };
    let mut out = format!("{what}, for {}, out of {}\n\n", made.target, harmless(&made.place));
    let width = made.manifests.iter().map(|it| it.kind.len()).max().unwrap_or_default();
    for it in &made.manifests {
        let keys = if it.keys.is_empty() { String::new() } else { format!(": {}", it.keys.join(" ")) };
        let is_comment = it.part_of.is_some() && made.manifests.len() > 1;
        let how = if is_comment { ", as a comment: see --patch" } else { "" };
        let _ = writeln!(out, "  {:width$}  {}{keys}{how}", it.kind, it.name);
    }
    if let (Some(path), false) = (&made.written, dry_run) {
        let file = path_word(path);
        let patch = made.manifests.iter().find_map(|it| it.patch_command(&file));
        let next = match patch {
            Some(patch) if made.manifests.len() == 1 => patch,
            _ => format!("kubectl apply -f {file}"),
        };
        let _ = writeln!(out, "\nnext:   {next}");
    }
    out
}

/// What the pipe to `kubectl apply` leaves out: the fact, and what does it. Nothing where there is no part, or it is alone.
pub(super) fn left_out(made: &Manifested) -> Option<(String, String)> {
    let part = made.manifests.iter().find(|it| it.part_of.is_some())?;
    let patch = part.patch_command("/dev/stdin").filter(|_| made.manifests.len() > 1)?;
    let fact = format!("the part of the {} is a comment, which kubectl apply leaves out", part.kind);
    Some((fact, format!("Print it with --patch, and pipe it into: {patch}")))
}

/// Commands as a shell takes them, a flag in a line each.
pub(super) fn commands(commands: &[ShellCommand]) -> String {
    let word = |word: &String| shell_word(OsStr::new(word));
    let mut out = String::new();
    for (at, command) in commands.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        if let Some(comment) = &command.comment {
            let _ = writeln!(out, "# {comment}");
        }
        let head = command.head.iter().map(word).collect::<Vec<_>>().join(" ");
        // A here-document is read by the words of its line.
        if let Some(input) = &command.input {
            let _ = writeln!(out, "{head} {} <<'END'\n{input}END", command.flags.join(" "));
            continue;
        }
        let flags: Vec<String> = command.flags.iter().map(word).collect();
        let line = format!("{head} {}", flags.join(" "));
        match flags.len() {
            1 if line.chars().count() <= WIDTH => out.push_str(&line),
            _ => {
                out.push_str(&head);
                flags.iter().for_each(|flag| {
                    let _ = write!(out, " \\\n  {flag}");
                });
            }
        }
        out.push('\n');
    }
    out
}
