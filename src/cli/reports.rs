//! Results and errors as JSON; the field names are an interface.

use super::verdict;
use crate::config::pg_ident_line;
use crate::layout::{Deployment, OutlineFile};
use crate::ops::{Compared, Generated, LiveSetting, Verified};
use crate::plan::Plan;
use crate::verify::{Comparison, DriverRow, Finding, Login, Severity, Tally};
use serde::Serialize;
use std::borrow::Cow;
use std::path::Path;

/// `gen --json`; the field names are an interface. A path that is not UTF-8 is shown as well as JSON can.
#[derive(Serialize)]
pub(super) struct GeneratedJson<'a> {
    pub(super) directory: Cow<'a, str>,
    pub(super) ca_directory: Option<Cow<'a, str>>,
    pub(super) created: bool,
    pub(super) dry_run: bool,
    pub(super) plan: &'a Plan,
    pub(super) files: &'a [OutlineFile],
    pub(super) deployment: Deployment,
}

impl<'a> GeneratedJson<'a> {
    /// What was made, or would be.
    pub(super) fn of(generated: &'a Generated, dry_run: bool) -> Self {
        Self {
            directory: generated.directory.to_string_lossy(),
            ca_directory: generated.ca_directory.as_deref().map(Path::to_string_lossy),
            created: generated.created && !dry_run,
            dry_run,
            plan: &generated.plan,
            files: &generated.outline.files,
            deployment: generated.deployment(),
        }
    }
}

/// `verify --json`; the field names are an interface.
#[derive(Serialize)]
pub(super) struct VerifiedJson<'a> {
    pub(super) place: &'a str,
    pub(super) live: &'a [LiveSetting],
    pub(super) looked_at: &'a Tally,
    pub(super) findings: &'a [Finding],
    pub(super) errors: usize,
    pub(super) warnings: usize,
    pub(super) notes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) drivers: Option<&'a Vec<DriverRow>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) logins: Vec<LoginJson<'a>>,
    pub(super) problems: Vec<String>,
}

impl<'a> VerifiedJson<'a> {
    /// What was found, and what the client stacks say where they were asked.
    pub(super) fn of(verified: &'a Verified, drivers: bool) -> Self {
        let Verified { place, live, tally, report, problems, .. } = verified;
        Self {
            place,
            live,
            looked_at: tally,
            findings: &report.findings,
            errors: report.count(Severity::Error),
            warnings: report.count(Severity::Warning),
            notes: report.count(Severity::Note),
            drivers: drivers.then_some(&verified.drivers),
            logins: verified.logins.iter().map(LoginJson::of).collect(),
            problems: problems.iter().map(ToString::to_string).collect(),
        }
    }
}

/// `verify --against --json`.
#[derive(Serialize)]
pub(super) struct ComparedJson<'a> {
    #[serde(flatten)]
    pub(super) comparison: &'a Comparison,
    pub(super) problems: Vec<String>,
}

impl<'a> ComparedJson<'a> {
    /// How the two differ.
    pub(super) fn of(Compared { comparison, problems, .. }: &'a Compared) -> Self {
        Self { comparison, problems: problems.iter().map(ToString::to_string).collect() }
    }
}

/// The names of a client, and the lines of pg_ident.conf with them.
#[derive(Serialize)]
pub(super) struct LoginJson<'a> {
    #[serde(flatten)]
    pub(super) login: &'a Login,
    pub(super) pg_ident_cn: Option<String>,
    pub(super) pg_ident_dn: Option<String>,
}

impl<'a> LoginJson<'a> {
    pub(super) fn of(login: &'a Login) -> Self {
        let line = |name: &String| pg_ident_line(verdict::MAP, name, &login.role, login.server_version);
        Self {
            login,
            pg_ident_cn: login.common_name.as_ref().and_then(line),
            pg_ident_dn: line(&login.distinguished_name),
        }
    }
}

/// An error as JSON.
#[derive(Serialize)]
pub(super) struct ErrorJson {
    pub(super) error: String,
    pub(super) detail: Option<String>,
    pub(super) hint: Option<String>,
    pub(super) exit_code: u8,
}
