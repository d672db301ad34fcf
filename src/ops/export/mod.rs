//! `export`: what one server or client needs, out of a directory, in the form that its program reads. Never a CA's key:
//! of keys, only the one that is asked for is read.

mod judged;
mod written;

use super::found::{Pair, Sought, key_file_of, look, pair, shown, stem_of};
use super::inspect::directory_or_default;
use super::ownership::{parse_key_mode, parse_owner};
use super::secret_line;
use crate::error::{Error, RequestError};
use crate::fs::{FileEntry, Mode, Owner};
use crate::keys::{KeyError, KeySource};
use crate::layout::export::{
    Consumer, ExportError, ExportOutline, ExportWish, Goods, KeyFormat, Party, export_outline, fill_export,
};
use crate::verify::Finding;
use crate::x509::Name;
use judged::OtherSide;
use std::path::PathBuf;
use time::OffsetDateTime;

/// What `export` is asked for.
#[derive(Debug, Clone)]
pub struct ExportRequest {
    /// Which side it is for.
    pub party: Party,
    /// A stem or a common name; `None`: the usual stem.
    pub name: Option<String>,
    /// Where it lies; `None`: `pki`, or the current directory where there is none.
    pub directory: Option<PathBuf>,
    /// Who reads it; `None`: PostgreSQL, or libpq.
    pub consumer: Option<Consumer>,
    /// How the key is written.
    pub format: KeyFormat,
    /// Where it goes.
    pub destination: Destination,
    /// `USER[:GROUP]` of the files.
    pub owner: Option<String>,
    /// Octal mode of what is secret.
    pub key_mode: Option<String>,
    /// The file whose first line opens the key, and is the password of a PKCS#12 archive.
    pub passphrase_file: Option<PathBuf>,
    /// The file whose first line the written key is put under.
    pub encrypt_key_file: Option<PathBuf>,
    /// Decide everything, write nothing.
    pub dry_run: bool,
}

/// Where an export goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Into a directory.
    Directory(PathBuf),
    /// As a tar archive into a file.
    Archive(PathBuf),
    /// As a tar archive to whoever called.
    Stream,
}

/// What was exported.
#[derive(Debug)]
pub struct Exported {
    /// The directory that it came from, as the user names it.
    pub place: String,
    /// The file of the certificate in it.
    pub file: String,
    /// Which side it is for.
    pub party: Party,
    /// Who reads it.
    pub consumer: Consumer,
    /// Whom the certificate names.
    pub subject: Name,
    /// Its last valid second.
    pub not_after: OffsetDateTime,
    /// A name of the server, of those that are in the directory, that `verify-full` accepts.
    pub host: Option<String>,
    /// The files.
    pub outline: ExportOutline,
    /// Where they went.
    pub destination: Destination,
    /// Whether the directory is new.
    pub created: bool,
    /// What the judge says against it, worst first.
    pub findings: Vec<Finding>,
    /// The archive, where whoever called is to have it.
    pub archive: Option<FileEntry>,
}

/// Exports.
///
/// # Errors
/// [`Error`]: nothing was written.
pub fn export(
    request: &ExportRequest,
    now: OffsetDateTime,
    source: &dyn KeySource,
) -> Result<Exported, Error> {
    let owner = request.owner.as_deref().map(parse_owner).transpose()?;
    let opening = request.passphrase_file.as_deref().map(secret_line).transpose()?;
    let closing = request.encrypt_key_file.as_deref().map(secret_line).transpose()?;
    let (path, directory) = directory_or_default(request.directory.as_deref())?;
    let place = path.display().to_string();
    let chosen =
        look(&directory, &place, Sought { party: request.party, name: request.name.as_deref() }, now)?;
    let consumer = request.consumer.unwrap_or(Consumer::usual(request.party));
    let outline = export_outline(&ExportWish {
        party: request.party,
        consumer,
        format: request.format,
        encrypts: closing.is_some(),
        has_password: opening.is_some() || closing.is_some(),
        stem: stem_of(&chosen.file).to_owned(),
        has_trust: !chosen.trust.is_empty(),
        has_lists: !chosen.lists.is_empty(),
        owner,
        key_mode: key_mode(request, owner)?,
    })?;
    let Pair { leaf, chain, key, .. } = pair(&directory, &place, &chosen.file, opening.as_deref())?;
    let key_path = shown(&place, &key_file_of(&chosen.file));
    let unwritable = |source: KeyError| ExportError::Key { file: key_path.clone(), source };
    let password = match closing.clone().or(opening) {
        Some(password) => password,
        None => Goods::new_password(source).map_err(unwritable)?,
    };
    let others = OtherSide { trust: chosen.others_trust, lists: chosen.others_lists };
    let goods = Goods { chain, key, trust: chosen.trust, lists: chosen.lists, password, passphrase: closing };
    let files = fill_export(&outline, &goods, source).map_err(unwritable)?;
    let findings = judged::judge(&outline, &files, &goods, &others, request.party, now)?;
    let written = written::write(request, &files, owner, now)?;
    Ok(Exported {
        place,
        file: chosen.file,
        party: request.party,
        consumer,
        subject: leaf.subject,
        not_after: leaf.window.not_after,
        host: chosen.host,
        outline,
        destination: request.destination.clone(),
        created: written.created,
        findings,
        archive: written.archive,
    })
}

/// In an archive a file that is not given to anybody is root's, whoever calls.
fn key_mode(request: &ExportRequest, owner: Option<Owner>) -> Result<Option<Mode>, RequestError> {
    let owner = match request.destination {
        Destination::Directory(_) => owner,
        Destination::Archive(_) | Destination::Stream => Some(owner.unwrap_or(Owner { uid: 0, gid: 0 })),
    };
    request.key_mode.as_deref().map(|text| parse_key_mode(text, owner)).transpose()
}
