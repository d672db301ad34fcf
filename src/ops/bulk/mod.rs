//! `issue -f`: certificates for a list of names, by all processors, as files or as one stream.
//!
//! Unlike the other verbs it is not all or nothing: a hundred thousand certificates are never held, they leave in batches.
//! What each batch does is: its lines are added to the index and made durable, then its certificates leave. So what has
//! left is recorded whenever the run ends, and a second run with `skip_issued` makes the rest.

mod crew;
mod encode;
mod hashed;
mod outlet;
mod places;
mod prepare;
mod resume;
mod whole;

pub use encode::{LineForm, Record, StreamForm};

use super::issue::CaRequest;
use super::ownership::{parse_key_mode, parse_owner};
use super::secret::{Passphrase, secret_line};
use super::stdin::is_dash;
use crate::error::{Error, PartlyError};
use crate::fs::open_file;
use crate::keys::KeySource;
use crate::layout::Arrangement;
use crate::pki::Secrets;
use crate::plan::{Plan, SeriesWish};
use crate::x509::Usage;
use prepare::Prepared;
use std::io::{Read, Write};
use std::path::PathBuf;
use time::OffsetDateTime;

/// What `issue -f` is asked for.
#[derive(Debug, Clone)]
pub struct BulkRequest {
    /// The list; `-` is standard input.
    pub list: PathBuf,
    /// What the certificates have in common.
    pub wish: SeriesWish,
    /// Under whom, and where.
    pub under: CaRequest,
    /// The file whose first line the new keys are encrypted with.
    pub key_passphrase_file: Option<PathBuf>,
    /// Octal mode of the new keys.
    pub key_mode: Option<String>,
    /// Whether what was issued before is left out; otherwise it is an error.
    pub skip_issued: bool,
    /// Where they go.
    pub outlet: Outlet,
}

/// Where certificates and keys go.
#[derive(Debug, Clone)]
pub enum Outlet {
    /// Two files each, in the directory.
    Files,
    /// One stream.
    Stream {
        /// How it is written.
        form: StreamForm,
        /// The file that it goes into; `None`: to standard output.
        file: Option<PathBuf>,
    },
}

/// What happens around a run.
pub struct Control<'a> {
    /// Whether the run is to end: what is begun is finished.
    pub is_stopped: &'a (dyn Fn() -> bool + Sync),
    /// Told how many are done, and of how many; the first time when the first is about to be made.
    pub progress: &'a mut dyn FnMut(usize, usize),
    /// On how many threads; `None`: as many as there are processors.
    pub threads: Option<usize>,
}

/// Shows nothing of what it calls.
impl std::fmt::Debug for Control<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// What was issued.
#[derive(Debug, Clone)]
pub struct BulkIssued {
    /// The CAs, and what the user should know.
    pub plan: Plan,
    /// The stem of the CA that signed.
    pub issuer: String,
    /// What they are for.
    pub usage: Usage,
    /// How many were issued; of a dry run, how many would be.
    pub issued: usize,
    /// How many were left out, as they had been issued before.
    pub skipped: usize,
    /// How many are left because the run was stopped.
    pub left: usize,
    /// The first and the last end of what is issued.
    pub endings: Option<(OffsetDateTime, OffsetDateTime)>,
    /// The directory.
    pub directory: PathBuf,
    /// The index that they are in.
    pub index: PathBuf,
}

/// Issues for a list of names.
///
/// # Errors
/// [`Error::List`] with every line at fault and [`Error`] for whatever else stands in the way: nothing is changed then.
/// [`Error::Partly`] for what comes in between.
pub fn bulk(
    request: &BulkRequest,
    stdin: &mut dyn Read,
    stdout: &mut dyn Write,
    control: Control<'_>,
    now: OffsetDateTime,
    keys: &dyn KeySource,
) -> Result<BulkIssued, Error> {
    let secrets = Secrets {
        ca_passphrase: request.under.ca_passphrase.as_ref().map(Passphrase::read).transpose()?,
        key_passphrase: request.key_passphrase_file.as_deref().map(secret_line).transpose()?,
    };
    let owner = request.under.owner.as_deref().map(parse_owner).transpose()?;
    let arrangement = Arrangement {
        owner,
        key_mode: request.key_mode.as_deref().map(|text| parse_key_mode(text, owner)).transpose()?,
        encrypted_keys: request.key_passphrase_file.is_some(),
        separate_ca: request.under.place_of_ca().is_some(),
        ..Arrangement::default()
    };
    let mut prepared = match is_dash(&request.list) {
        true => Prepared::new(request, &arrangement, stdin, now)?,
        false => Prepared::new(request, &arrangement, &mut open_file(&request.list)?, now)?,
    };
    let skipped = prepared.skipped();
    let total = prepared.series.len() - skipped;
    let mut issued = BulkIssued {
        plan: prepared.series.plan.clone(),
        issuer: prepared.series.issuer.clone(),
        usage: prepared.series.usage(),
        issued: total,
        skipped,
        left: 0,
        endings: prepared.series.endings(),
        directory: request.under.directory.clone(),
        index: prepared.index_path(),
    };
    let resumed = prepared.resumed.take();
    let maker = prepared.maker(&secrets, keys)?;
    let run = crew::Run { prepared: &prepared, arrangement: &arrangement, form: form(request), now };
    if request.under.dry_run {
        return Ok(issued);
    }
    if total == 0 {
        // Whoever reads a stream is told that it ended.
        match (&request.outlet, resumed) {
            (Outlet::Stream { form, file: None }, _) => {
                outlet::write(stdout, [outlet::ending(Some(*form))])?;
            }
            (Outlet::Stream { form, .. }, Some(resumed)) => resumed.end(outlet::ending(Some(*form)))?,
            _ => {}
        }
        return Ok(issued);
    }
    let mut outlet = prepared.outlet(request, &arrangement, resumed, stdout)?;
    (control.progress)(0, total);
    let done = run.all(&maker, control.is_stopped, control.threads, |batch| {
        outlet.deliver(batch)?;
        (control.progress)(outlet.delivered(), total);
        Ok(())
    });
    let ended = done.and_then(|()| outlet.end());
    issued.issued = outlet.delivered();
    issued.left = total - outlet.delivered();
    match ended {
        Ok(()) => Ok(issued),
        Err(error) if outlet.delivered() == 0 && !outlet.has_begun() => Err(error),
        Err(error) => Err(PartlyError::new(outlet.delivered(), total, error).into()),
    }
}

impl BulkRequest {
    /// What messages call the list.
    fn list_name(&self) -> String {
        if is_dash(&self.list) { "standard input".to_owned() } else { format!("\"{}\"", self.list.display()) }
    }
}

fn form(request: &BulkRequest) -> Option<StreamForm> {
    match &request.outlet {
        Outlet::Files => None,
        Outlet::Stream { form, .. } => Some(*form),
    }
}
