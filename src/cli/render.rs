//! Everything that is printed: reports, warnings and errors, as text or JSON. The only code that writes to a stream.

use super::bulk::{self, BulkJson, Destination};
use super::can_login::{self, CanLoginJson};
use super::configured::{self, ConfiguredJson};
use super::export::{self, ExportedJson};
use super::inspect::{self, Form, InspectionJson};
use super::k8s::{self, ManifestedJson};
use super::look::Look;
use super::renewed::{self, RenewedJson};
use super::report::Report;
use super::reports::{ComparedJson, ErrorJson, GeneratedJson, VerifiedJson};
use super::request::CliError;
use super::requested::{CsrJson, ImportedJson};
use super::revoked::ListsJson;
use super::rotate::{self, RotatedJson};
use super::{compared, csr, exit, import, issued, json, prometheus, revoked, text, verdict, words};
use crate::diagnosis::{Diagnosis, Failure};
use crate::hba::Answer;
use crate::ops::{
    BulkIssued, Compared, Configured, CsrMade, Exported, Imported, Inspection, Manifested, Renewed, Verified,
};
use crate::plan::Notice;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// The two streams, and whether they speak JSON.
pub(super) struct Render<'a> {
    stdout: &'a mut dyn Write,
    stderr: &'a mut dyn Write,
    json: bool,
}

impl<'a> Render<'a> {
    pub(super) fn new(stdout: &'a mut dyn Write, stderr: &'a mut dyn Write) -> Self {
        Self { stdout, stderr, json: false }
    }

    pub(super) fn set_json(&mut self, json: bool) {
        self.json = json;
    }

    /// Prints a report; the result is the exit code.
    pub(super) fn report(&mut self, report: &Report, look: Look) -> u8 {
        let (written, code) = match report {
            Report::Generated { generated, dry_run, quiet, as_root, command } => {
                self.warnings(&generated.plan.notices);
                let json = GeneratedJson::of(generated, *dry_run);
                let text = || text::generated(generated, *dry_run, *as_root, command);
                (self.either(&json, *quiet, text), exit::DONE)
            }
            Report::Issued { issued, dry_run, quiet, as_root } => {
                self.warnings(&issued.plan.notices);
                let json = GeneratedJson::of(issued, *dry_run);
                (self.either(&json, *quiet, || issued::text(issued, *dry_run, *as_root)), exit::DONE)
            }
            Report::Listed { issued, destination, dry_run, quiet } => {
                self.warnings(&issued.plan.notices);
                (self.listed(issued, destination, *dry_run, *quiet), exit::DONE)
            }
            Report::Revoked { revoked, dry_run, quiet } => {
                self.warnings(&revoked.plan.notices);
                let json = ListsJson::of_revoked(revoked, *dry_run);
                (self.either(&json, *quiet, || revoked::revoked(revoked, *dry_run)), exit::DONE)
            }
            Report::Lists { made, dry_run, quiet } => {
                self.warnings(&made.made.plan.notices);
                let json = ListsJson::of(made, *dry_run);
                (self.either(&json, *quiet, || revoked::crl(made, *dry_run)), exit::DONE)
            }
            Report::Csr { made, dry_run, quiet } => {
                self.warnings(&made.spec.notices);
                (self.csr(made, *dry_run, *quiet), exit::DONE)
            }
            Report::Imported { imported, dry_run, quiet } => {
                let notices = imported.plan.notices.iter().filter(|notice| notice.is_warning());
                self.problems(&notices.collect::<Vec<_>>());
                let code = if imported.is_at_fault() { exit::NO } else { exit::DONE };
                (self.imported(imported, *dry_run, *quiet), code)
            }
            Report::Renewed { renewed, dry_run, quiet } => {
                self.warnings(&renewed.plan.notices);
                let code = if renewed.blocked.is_empty() { exit::DONE } else { exit::NO };
                let failure = renewed.executed.as_ref().and_then(|executed| executed.failure.as_ref());
                if let Some(count) = renewed.executed.as_ref().and_then(|executed| executed.untold) {
                    self.message("warning", &renewed::untold(count));
                }
                let written = self.renewed(renewed, *dry_run, *quiet);
                (written, failure.map_or(code, |failure| self.told(failure)))
            }
            Report::Rotated { rotated, dry_run, quiet } => {
                self.warnings(&rotated.plan.notices);
                let json = RotatedJson::of(rotated, *dry_run);
                (self.either(&json, *quiet, || rotate::text(rotated, *dry_run)), exit::DONE)
            }
            Report::RotationStatus { status, place, quiet } => {
                (self.either(status, *quiet, || rotate::status(status, place)), exit::DONE)
            }
            Report::Inspected { inspection, short } => {
                let is_whole = inspection.problems.is_empty() && inspection.unreadable.is_empty();
                let written = self.inspected(inspection, Form { short: *short, look });
                (written, if is_whole { exit::DONE } else { exit::NO })
            }
            Report::Verified { verified, strict, quiet, metrics, drivers } => {
                let fails = verified.report.fails(*strict) || !verified.problems.is_empty();
                let written =
                    if *metrics { self.metrics(verified) } else { self.verified(verified, *quiet, *drivers) };
                (written, if fails { exit::NO } else { exit::DONE })
            }
            Report::Compared { compared, quiet } => {
                let is_same = compared.comparison.same && compared.problems.is_empty();
                (self.compared(compared, *quiet), if is_same { exit::DONE } else { exit::NO })
            }
            Report::CanLogin { found, quiet } => {
                let gets_in = found.verdict.answer == Answer::Yes;
                let written = self.either(&CanLoginJson::of(found), *quiet, || can_login::text(found));
                (written, if gets_in { exit::DONE } else { exit::NO })
            }
            Report::Exported { exported, dry_run, quiet } => {
                (self.exported(exported, *dry_run, *quiet), exit::DONE)
            }
            Report::Configured { configured, dry_run, quiet } => {
                (self.configured(configured, *dry_run, *quiet), exit::DONE)
            }
            Report::Manifested { made, dry_run, quiet } => {
                (self.manifested(made, *dry_run, *quiet), exit::DONE)
            }
            Report::Profiles(list) => (self.stdout.write_all(text::profiles(list).as_bytes()), exit::DONE),
            Report::Text(text) => (self.stdout.write_all(text.as_bytes()), exit::DONE),
        };
        match written.and_then(|()| self.stdout.flush()) {
            Ok(()) => code,
            // The reader has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => code,
            Err(error) => {
                self.message("error", &format!("could not write to standard output: {error}"));
                exit::code(Failure::System)
            }
        }
    }

    /// JSON where that is wanted, nothing where that is, else the text.
    fn either(
        &mut self,
        json: &impl Serialize,
        quiet: bool,
        text: impl FnOnce() -> String,
    ) -> io::Result<()> {
        match (self.json, quiet) {
            (true, _) => self.json_line(json),
            (false, true) => Ok(()),
            (false, false) => self.stdout.write_all(text().as_bytes()),
        }
    }

    fn listed(
        &mut self,
        issued: &BulkIssued,
        destination: &Destination,
        dry_run: bool,
        quiet: bool,
    ) -> io::Result<()> {
        if self.json {
            return self.json_line(&BulkJson::of(issued, destination, dry_run));
        }
        if quiet {
            return Ok(());
        }
        let text = bulk::text(issued, destination, dry_run);
        match destination {
            Destination::Stream if !dry_run => self.stderr.write_all(text.as_bytes()),
            _ => self.stdout.write_all(text.as_bytes()),
        }
    }

    /// Does what takes a while, and shows how far it is where a bar is wanted. What it is given besides is standard output.
    pub(super) fn long_run<T>(
        &mut self,
        bar: bool,
        work: impl FnOnce(&mut dyn Write, &mut dyn FnMut(usize, usize)) -> T,
    ) -> T {
        let target = if bar { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let shown = ProgressBar::with_draw_target(None, target);
        let style = "{bar:30} {human_pos} of {human_len}, {per_sec}, {eta} left";
        shown.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
        let done = work(self.stdout, &mut |done, total| {
            shown.set_length(total as u64);
            shown.set_position(done as u64);
        });
        shown.finish_and_clear();
        done
    }

    /// Lets everything go out.
    pub(super) fn flush(&mut self) {
        // Nobody is left to be told that this failed.
        let _ = self.stdout.flush();
        let _ = self.stderr.flush();
    }

    fn csr(&mut self, made: &CsrMade, dry_run: bool, quiet: bool) -> io::Result<()> {
        if self.json {
            return self.json_line(&CsrJson::of(made, dry_run));
        }
        match (&made.manifest, quiet) {
            (Some(manifest), _) => self.stdout.write_all(manifest.as_bytes()),
            (None, true) => Ok(()),
            (None, false) => self.stdout.write_all(csr::text(made, dry_run).as_bytes()),
        }
    }

    fn imported(&mut self, imported: &Imported, dry_run: bool, quiet: bool) -> io::Result<()> {
        if self.json {
            return self.json_line(&ImportedJson::of(imported, dry_run));
        }
        if quiet {
            // No report that shows them.
            for (word, finding) in import::judged(imported) {
                self.message(word, &words::harmless(&finding));
            }
            return Ok(());
        }
        self.stdout.write_all(import::text(imported, dry_run).as_bytes())
    }

    fn renewed(&mut self, renewed: &Renewed, dry_run: bool, quiet: bool) -> io::Result<()> {
        for (warning, hint) in renewed::warnings(renewed) {
            self.remark("warning", &warning, hint.as_deref());
        }
        match (self.json, quiet) {
            (true, _) => self.json_line(&RenewedJson::of(renewed, dry_run)),
            (false, true) => Ok(()),
            (false, false) => self.stdout.write_all(renewed::text(renewed, dry_run).as_bytes()),
        }
    }

    fn inspected(&mut self, inspection: &Inspection, form: Form) -> io::Result<()> {
        self.problems(&inspection.problems);
        self.problems(&inspection.unreadable);
        if self.json {
            return self.json_line(&InspectionJson::of(inspection));
        }
        self.stdout.write_all(inspect::text(inspection, form).as_bytes())
    }

    fn verified(&mut self, verified: &Verified, quiet: bool, drivers: bool) -> io::Result<()> {
        self.problems(&verified.problems);
        if self.json {
            return self.json_line(&VerifiedJson::of(verified, drivers));
        }
        match quiet {
            true => Ok(()),
            false => self.stdout.write_all(verdict::text(verified, drivers).as_bytes()),
        }
    }

    fn metrics(&mut self, verified: &Verified) -> io::Result<()> {
        self.problems(&verified.problems);
        self.stdout.write_all(prometheus::text(verified).as_bytes())
    }

    fn compared(&mut self, compared: &Compared, quiet: bool) -> io::Result<()> {
        self.problems(&compared.problems);
        if self.json {
            return self.json_line(&ComparedJson::of(compared));
        }
        match quiet {
            true => Ok(()),
            false => self.stdout.write_all(compared::text(&compared.comparison).as_bytes()),
        }
    }

    fn exported(&mut self, exported: &Exported, dry_run: bool, quiet: bool) -> io::Result<()> {
        for warning in export::warnings(exported) {
            self.message("warning", &words::harmless(&warning));
        }
        match &exported.archive {
            Some(archive) if !dry_run => self.stdout.write_all(&archive.contents),
            _ if self.json => self.json_line(&ExportedJson::of(exported, dry_run)),
            _ if quiet => Ok(()),
            _ => self.stdout.write_all(export::text(exported, dry_run).as_bytes()),
        }
    }

    fn configured(&mut self, configured: &Configured, dry_run: bool, quiet: bool) -> io::Result<()> {
        self.problems(&configured::notes(configured).collect::<Vec<_>>());
        match &configured.written {
            _ if self.json => self.json_line(&ConfiguredJson::of(configured, dry_run)),
            None => self.stdout.write_all(configured.text.as_bytes()),
            Some(_) if quiet => Ok(()),
            Some(written) => self.stdout.write_all(configured::written(written, dry_run).as_bytes()),
        }
    }

    fn manifested(&mut self, made: &Manifested, dry_run: bool, quiet: bool) -> io::Result<()> {
        for (warning, hint) in &made.warnings {
            self.remark("warning", warning, hint.as_deref());
        }
        if let Some((fact, hint)) = k8s::left_out(made).filter(|_| !quiet && !dry_run && !self.json) {
            self.remark("note", &fact, Some(&hint));
        }
        match (&made.commands, &made.stream) {
            (Some(commands), _) => self.stdout.write_all(k8s::commands(commands).as_bytes()),
            (None, Some(stream)) if !dry_run => self.stdout.write_all(stream),
            _ => self.either(&ManifestedJson::of(made, dry_run), quiet, || k8s::text(made, dry_run)),
        }
    }

    fn problems(&mut self, problems: &[impl ToString]) {
        for problem in problems {
            self.message("warning", &words::harmless(&problem.to_string()));
        }
    }

    fn json_line(&mut self, value: &impl Serialize) -> io::Result<()> {
        json::pretty(self.stdout, value)?;
        self.stdout.write_all(b"\n")
    }

    fn warnings(&mut self, notices: &[Notice]) {
        for notice in notices.iter().filter(|notice| notice.is_warning()) {
            self.message("warning", &words::harmless(&notice.to_string()));
        }
    }

    /// Prints an error in PostgreSQL's form: message, detail, hint; the result is the exit code.
    pub(super) fn error(&mut self, error: &CliError) -> u8 {
        self.told(error)
    }

    fn told(&mut self, error: &(impl Diagnosis + Display)) -> u8 {
        let code = exit::code(error.failure());
        self.failure(ErrorJson {
            error: error.to_string(),
            detail: error.detail(),
            hint: error.hint(),
            exit_code: code,
        });
        code
    }

    fn failure(&mut self, error: ErrorJson) {
        if self.json {
            // Nothing is left to tell it to, should stderr be gone.
            let _ = serde_json::to_writer(&mut *self.stderr, &error);
            let _ = self.stderr.write_all(b"\n");
            return;
        }
        self.message("error", &error.error);
        error.detail.into_iter().for_each(|detail| self.message("detail", &detail));
        error.hint.into_iter().for_each(|hint| self.message("hint", &hint));
    }

    /// Prints what the argument parser says: help and version to stdout, the rest to stderr.
    pub(super) fn usage(&mut self, error: &clap::Error) -> u8 {
        if !error.use_stderr() {
            let _ = write!(self.stdout, "{}", error.render());
            return exit::DONE;
        }
        let rendered = error.render().to_string();
        if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            let _ = write!(self.stderr, "{rendered}");
            return exit::USAGE;
        }
        let refusal = |error: &str, hint: &str| ErrorJson {
            error: error.to_owned(),
            detail: None,
            hint: Some(hint.to_owned()),
            exit_code: exit::USAGE,
        };
        let message = rendered.strip_prefix("error: ").unwrap_or(&rendered).trim_end();
        if text::is_kubectl_habit(error) {
            let hint = "Results go to standard output; --json prints them as JSON.";
            self.failure(refusal("there is no flag -o", hint));
        } else if self.json {
            // The first paragraph is the fact; usage and tips are for people.
            let fact: Vec<&str> =
                message.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
            self.failure(refusal(&fact.join(" "), "See --help."));
        } else {
            self.message("error", message);
        }
        exit::USAGE
    }

    /// What does not stop anything, and how to mend it where that is known.
    fn remark(&mut self, kind: &str, fact: &str, hint: Option<&str>) {
        self.message(kind, fact);
        hint.into_iter().for_each(|hint| self.message("hint", hint));
    }

    fn message(&mut self, kind: &str, fact: &str) {
        // Errors have lines of their own: those of an argument parser, those of a profile.
        let lines: Vec<String> = fact.split('\n').map(words::harmless).collect();
        let _ = writeln!(self.stderr, "pgtls: {kind}: {}", lines.join("\n"));
    }
}
