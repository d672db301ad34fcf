//! `import`: what a CA sent back -> the certificate file of its key, and `chain.crt`.

use super::inventory::{Found, inventory};
use super::ownership::caller_is_root;
use super::secret::secret_line;
use crate::error::{Error, RequestError};
use crate::fs::set::STANDARD_INPUT;
use crate::fs::{DirectoryAttributes, FILE_LIMIT_BYTES, FileEntry, FileSet, Mode, Target, read_file};
use crate::layout;
use crate::ops::is_dash;
use crate::pg::{CHAIN_FILE, certificate_file, key_file, request_file};
use crate::plan::{self, Delivery, ImportPlan};
use crate::verify::{self, Exhibit, Finding, Policy, Roles, Severity};
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

/// What `import` is asked for.
#[derive(Debug, Clone, Default)]
pub struct ImportRequest {
    /// What the CA sent: a file, or `-` for `stdin`.
    pub signed: PathBuf,
    /// Files with certificates of CAs besides.
    pub chain: Vec<PathBuf>,
    /// What was read from standard input.
    pub stdin: Option<FileEntry>,
    /// Where the key is, and the certificate goes.
    pub directory: PathBuf,
    /// The file whose first line opens encrypted keys.
    pub passphrase_file: Option<PathBuf>,
    /// Decide everything, write nothing.
    pub dry_run: bool,
}

/// What `import` decided, and wrote unless it was asked only to decide.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The directory, as asked for.
    pub directory: PathBuf,
    /// Every decision.
    pub plan: ImportPlan,
    /// What the judge says of the result: errors and warnings, with the files that they are about.
    pub findings: Vec<Finding>,
}

impl Imported {
    /// Whether the judge has an error against it.
    #[must_use]
    pub fn is_at_fault(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }
}

/// Puts a certificate where its key is.
///
/// # Errors
/// [`Error`]: nothing on disk was changed.
pub fn import(request: &ImportRequest, now: OffsetDateTime) -> Result<Imported, Error> {
    let signed = read_delivery(&request.signed, request)?;
    let mut further = Vec::new();
    for path in &request.chain {
        further.extend(read_delivery(path, request)?.certificates);
    }
    let passphrase = request.passphrase_file.as_deref().map(secret_line).transpose()?;
    let decide = || -> Result<(Imported, FileSet), Error> {
        let found = inventory(&request.directory, passphrase.as_ref().map(|line| line.as_slice()))?;
        if !found.exists {
            let path = request.directory.display().to_string();
            return Err(RequestError::NoKeyDirectory { path }.into());
        }
        let plan = plan::import(&signed, &further, &found.inventory, now)?;
        let files = layout::fill_import(&plan, &found.files, caller_is_root());
        let findings = judged(&plan, &found, &files, now)?;
        Ok((Imported { directory: request.directory.clone(), plan, findings }, files))
    };
    if request.dry_run {
        return decide().map(|(imported, _)| imported);
    }
    let target = Target::lock(&request.directory)?;
    let (imported, files) = decide()?;
    if files.is_empty() {
        return Ok(imported);
    }
    // The directory is there: what a new one would be given is not asked.
    let attributes = DirectoryAttributes { mode: Mode::DIRECTORY, gid: None };
    target.stage(&files, attributes)?.commit()?;
    Ok(imported)
}

fn read_delivery(path: &Path, request: &ImportRequest) -> Result<Delivery, Error> {
    if let (true, Some(stdin)) = (is_dash(path), &request.stdin) {
        return Ok(Delivery::read(STANDARD_INPUT, &stdin.contents)?);
    }
    let bytes = read_file(path, FILE_LIMIT_BYTES)?;
    Ok(Delivery::read(&path.display().to_string(), &bytes)?)
}

/// Judges the pair and its chain as they will lie there: what could never work is refused, the rest is told. Other files
/// of the directory are none of its business.
fn judged(
    plan: &ImportPlan,
    found: &Found,
    files: &FileSet,
    now: OffsetDateTime,
) -> Result<Vec<Finding>, Error> {
    let own = [key_file(&plan.stem), certificate_file(&plan.stem), CHAIN_FILE.to_owned()];
    let is_own = |name: &str| own.iter().any(|own| own == name);
    let before = found.files.iter().filter(|(name, _)| is_own(name));
    let mut after: FileSet = before.map(|(name, entry)| (name.to_owned(), entry.clone())).collect();
    after.extend(files.clone());
    verify::gate(&[&after], now)?;
    let exhibits = Exhibit::read_all(after.iter(), None);
    let shown = found.inventory.path.as_str();
    // That it is somebody else's to make another one is so even where the request is not here any more.
    let policy = Policy { requests: vec![request_file(&plan.stem)], ..Policy::at(now) };
    let (report, _) = verify::check(shown, &exhibits, &Roles::default(), &policy);
    verify::gate_chain(&report, &certificate_file(&plan.stem))?;
    let matters = |finding: &Finding| finding.severity <= Severity::Warning;
    Ok(report.findings.into_iter().filter(matters).collect())
}
