//! `csr --json` and `import --json`; the field names are an interface.

use crate::layout::OutlineFile;
use crate::ops::{CsrMade, Imported};
use crate::plan::{ImportNotice, RequestSpec};
use crate::verify::Finding;
use crate::x509::{Certificate, GeneralName, Name, Usage, serialize_instant};
use serde::Serialize;
use std::borrow::Cow;
use time::OffsetDateTime;

/// `csr --json`. A path that is not UTF-8 is shown as well as JSON can.
#[derive(Serialize)]
pub(super) struct CsrJson<'a> {
    directory: Cow<'a, str>,
    created: bool,
    dry_run: bool,
    request: &'a RequestSpec,
    files: &'a [OutlineFile],
    pem: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<&'a str>,
}

impl<'a> CsrJson<'a> {
    pub(super) fn of(made: &'a CsrMade, dry_run: bool) -> Self {
        Self {
            directory: made.directory.to_string_lossy(),
            created: made.created && !dry_run,
            dry_run,
            request: &made.spec,
            files: &made.outline.files,
            pem: made.pem.as_deref(),
            manifest: made.manifest.as_deref(),
        }
    }
}

/// `import --json`.
#[derive(Serialize)]
pub(super) struct ImportedJson<'a> {
    directory: Cow<'a, str>,
    dry_run: bool,
    stem: &'a str,
    files: Vec<String>,
    certificate: CertificateJson<'a>,
    intermediates: Vec<CertificateJson<'a>>,
    root: Option<CertificateJson<'a>>,
    replaced: Option<CertificateJson<'a>>,
    notices: Vec<NoticeJson<'a>>,
    findings: &'a [Finding],
}

#[derive(Serialize)]
struct CertificateJson<'a> {
    subject: &'a Name,
    issuer: &'a Name,
    usage: Usage,
    subject_alt_names: &'a [GeneralName],
    #[serde(serialize_with = "serialize_instant")]
    not_before: OffsetDateTime,
    #[serde(serialize_with = "serialize_instant")]
    not_after: OffsetDateTime,
}

/// A notice and its text.
#[derive(Serialize)]
struct NoticeJson<'a> {
    #[serde(flatten)]
    notice: &'a ImportNotice,
    text: String,
}

impl<'a> CertificateJson<'a> {
    fn of(certificate: &'a Certificate) -> Self {
        Self {
            subject: &certificate.subject,
            issuer: &certificate.issuer,
            usage: certificate.usage(),
            subject_alt_names: &certificate.subject_alt_names,
            not_before: certificate.window.not_before,
            not_after: certificate.window.not_after,
        }
    }
}

impl<'a> ImportedJson<'a> {
    pub(super) fn of(imported: &'a Imported, dry_run: bool) -> Self {
        let plan = &imported.plan;
        let notice = |notice: &'a ImportNotice| NoticeJson { notice, text: notice.to_string() };
        Self {
            directory: imported.directory.to_string_lossy(),
            dry_run,
            stem: &plan.stem,
            files: plan.files(),
            certificate: CertificateJson::of(&plan.leaf),
            intermediates: plan.intermediates.iter().map(CertificateJson::of).collect(),
            root: plan.root.as_ref().map(CertificateJson::of),
            replaced: plan.replaced.as_ref().map(CertificateJson::of),
            notices: plan.notices.iter().map(notice).collect(),
            findings: &imported.findings,
        }
    }
}
