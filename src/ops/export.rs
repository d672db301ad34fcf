//! `export`: what one server or client needs, out of a directory, in the form that its program reads. Never a CA's key:
//! of keys, only the one that is asked for is read.

use super::inspect::{directory_or_default, read};
use super::ownership::{parse_key_mode, parse_owner};
use super::secret_line;
use crate::error::{Error, RequestError};
use crate::fs::{
    Directory, DirectoryAttributes, FileEntry, FileSet, FsError, Mode, Owner, Target, tarball,
};
use crate::keys::{KeyError, KeySource, PrivateKey, PublicKey};
use crate::layout::Arrangement;
use crate::layout::export::{
    Candidate, Consumer, ExportError, ExportOutline, ExportWish, Goods, KeyFormat, Party, choose,
    export_outline, fill_export,
};
use crate::pg::key_file;
use crate::verify::{
    self, Exhibit, Finding, Identity, Policy, Roles, Rule, Scene, Severity, Side,
};
use crate::x509::{Certificate, GeneralName, KeyUsage, Name};
use std::path::{Path, PathBuf};
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// How often to start over where another run made the directory meanwhile.
const ATTEMPTS: u32 = 5;
/// Under which name the judge is shown what the other side trusts: no file of the export.
const OTHERS_TRUST: &str = "what the other side trusts";

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
    pub archive: Option<Zeroizing<Vec<u8>>>,
}

/// What was found in the directory, but for the key.
struct Chosen {
    file: String,
    trust: Vec<Vec<u8>>,
    others_trust: Vec<Vec<u8>>,
    lists: Vec<Vec<u8>>,
    host: Option<String>,
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
    let chosen = look(&directory, &place, request, now)?;
    let consumer = request.consumer.unwrap_or(Consumer::usual(request.party));
    let stem = chosen.file.rsplit_once('.').map_or(chosen.file.as_str(), |(stem, _)| stem).to_owned();
    let outline = export_outline(&ExportWish {
        party: request.party,
        consumer,
        format: request.format,
        encrypts: closing.is_some(),
        has_password: opening.is_some() || closing.is_some(),
        stem,
        has_trust: !chosen.trust.is_empty(),
        has_lists: !chosen.lists.is_empty(),
        owner,
        key_mode: key_mode(request, owner)?,
    })?;
    let (leaf, chain, key) = pair(&directory, &place, &chosen.file, opening.as_deref())?;
    let key_path = shown(&place, &key_file_of(&chosen.file));
    let unwritable = |source: KeyError| ExportError::Key { file: key_path.clone(), source };
    let password = match closing.clone().or(opening) {
        Some(password) => password,
        None => Goods::new_password(source).map_err(unwritable)?,
    };
    let goods = Goods { chain, key, trust: chosen.trust, lists: chosen.lists, password, passphrase: closing };
    let files = fill_export(&outline, &goods, source).map_err(unwritable)?;
    let findings = judge(&outline, &files, &goods, &chosen.others_trust, request.party, now)?;
    let (created, archive) = write(request, &files, owner, now)?;
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
        created,
        findings,
        archive,
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

/// Finds who is meant, and what belongs to it. Files that promise keys are not read.
fn look(
    directory: &Directory,
    place: &str,
    request: &ExportRequest,
    now: OffsetDateTime,
) -> Result<Chosen, Error> {
    let names: Vec<String> =
        directory.names()?.into_keys().filter(|name| verify::concerns(name) && !promises_key(name)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut problems = Vec::new();
    let files = read(directory, &names, &mut problems)?;
    let exhibits = Exhibit::read_all(files.iter(), None);
    let scene = Scene::of(place, &exhibits, &Roles::default(), &Policy::at(now));
    let candidates = candidates(&scene);
    let found = match choose(&candidates, request.party, request.name.as_deref(), place) {
        // It may be in the file that could not be read.
        Err(unknown @ ExportError::Unknown { .. }) => {
            return Err(problems.into_iter().next().unwrap_or_else(|| unknown.into()));
        }
        other => other?,
    };
    let (own, others) = match request.party {
        Party::Server => (Side::Client, Side::Server),
        Party::Client => (Side::Server, Side::Client),
    };
    let trust = |side| scene.trust(side).iter().map(|held| held.certificate.der.clone()).collect();
    Ok(Chosen {
        file: found.file.clone(),
        trust: trust(own),
        others_trust: trust(others),
        lists: lists(&scene, own),
        host: scene.identities.iter().find_map(host),
    })
}

/// Whether a file is there for its key.
fn promises_key(name: &str) -> bool {
    [".key", ".pk8", ".p12", ".pfx"].iter().any(|ending| name.ends_with(ending))
}

/// Everybody whom a name can mean.
fn candidates(scene: &Scene<'_>) -> Vec<Candidate> {
    let candidate = |file: &str, certificate: &Certificate, serves, logs_in| {
        let signs = certificate.key_usage.as_ref().is_some_and(|bits| bits.contains(&KeyUsage::KeyCertSign));
        Candidate {
            file: file.to_owned(),
            common_name: certificate.subject.common_names().next().map(std::borrow::Cow::into_owned),
            serves,
            logs_in,
            is_authority: certificate.ca == Some(true) || signs || scene.index.has_issued(certificate),
            der: certificate.der.clone(),
        }
    };
    let leaf = |it: &Identity<'_>| candidate(it.leaf.file, it.leaf.certificate, it.serves, it.logs_in);
    let leaves = scene.identities.iter().map(leaf);
    let authority = |held: &verify::Held<'_>| Candidate {
        is_authority: true,
        ..candidate(held.file, held.certificate, false, false)
    };
    leaves.chain(scene.authorities.iter().map(authority)).collect()
}

/// The newest list of each of those who are trusted.
fn lists(scene: &Scene<'_>, side: Side) -> Vec<Vec<u8>> {
    let mut newest: Vec<&crate::x509::RevocationList> = Vec::new();
    let trusted = |list: &crate::x509::RevocationList| {
        scene.trust(side).iter().any(|held| held.certificate.subject == list.issuer)
    };
    let all = scene.exhibits.iter().flat_map(|exhibit| &exhibit.lists);
    for list in all.filter(|list| !list.is_delta && trusted(list)) {
        let is_of_same = |other: &&mut &crate::x509::RevocationList| {
            other.issuer == list.issuer && other.authority_key_identifier == list.authority_key_identifier
        };
        match newest.iter_mut().find(is_of_same) {
            Some(known) if known.this_update < list.this_update => *known = list,
            Some(_) => {}
            None => newest.push(list),
        }
    }
    newest.into_iter().map(|list| list.der.clone()).collect()
}

/// `localhost` where a server has it, so that what is printed can be tried at once; else its first name.
fn host(identity: &Identity<'_>) -> Option<String> {
    let names = &identity.leaf.certificate.subject_alt_names;
    let local = GeneralName::Dns("localhost".to_owned());
    let concrete = |name: &&GeneralName| {
        matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_)) && !name.value().contains('*')
    };
    let found = names.iter().find(|name| **name == local).or_else(|| names.iter().find(concrete));
    found.filter(|_| identity.serves).map(GeneralName::value)
}

/// The key file of a certificate's file.
fn key_file_of(file: &str) -> String {
    key_file(file.rsplit_once('.').map_or(file, |(stem, _)| stem))
}

/// The certificate, what is appended to it, and its key, all read in one look at the directory.
fn pair(
    directory: &Directory,
    place: &str,
    file: &str,
    passphrase: Option<&Vec<u8>>,
) -> Result<(Certificate, Vec<Vec<u8>>, PrivateKey), Error> {
    let key_name = key_file_of(file);
    let files = directory.read(|name| name == file || name == key_name)?;
    let missing = || RequestError::NoSuchFile { path: shown(place, file) };
    let entry = files.get(file).ok_or_else(missing)?;
    let exhibit = Exhibit::read(file, entry, None);
    let scene_files = [exhibit];
    let certificates = &scene_files[0].certificates;
    let leaf = certificates.iter().find(|it| it.ca != Some(true)).or(certificates.first()).ok_or_else(missing)?;
    // A root is sent by nobody: whoever trusts it has it.
    let behind = certificates.iter().filter(|other| other.der != leaf.der && !other.is_own_issuer());
    let mut chain = vec![leaf.der.clone()];
    chain.extend(behind.map(|other| other.der.clone()));
    let (key_name, key_entry) = match files.get(&key_name) {
        Some(key) => (key_name.as_str(), key),
        // A file that holds both has no other beside it.
        None if !scene_files[0].keys.is_empty() => (file, entry),
        None => return Err(ExportError::NoKey { key: shown(place, &key_name) }.into()),
    };
    let key = PrivateKey::read(&key_entry.contents, passphrase.map(Vec::as_slice))
        .map_err(|source| ExportError::Key { file: shown(place, key_name), source })?;
    let wanted = PublicKey::from_spki_der(&leaf.public_key);
    if !key.public().is_same_key(&wanted) {
        return Err(ExportError::OtherKey {
            key: shown(place, key_name),
            found: key.public().to_string(),
            certificate: shown(place, file),
            expected: wanted.to_string(),
        }
        .into());
    }
    Ok((leaf.as_ref().clone(), chain, key))
}

/// A file of the directory as the user would name it.
fn shown(place: &str, file: &str) -> String {
    match place {
        "." => file.to_owned(),
        place => Path::new(place).join(file).display().to_string(),
    }
}

/// Judges what is about to be written; what is left are the errors, and what ends soon.
fn judge(
    outline: &ExportOutline,
    files: &FileSet,
    goods: &Goods,
    others_trust: &[Vec<u8>],
    party: Party,
    now: OffsetDateTime,
) -> Result<Vec<Finding>, Error> {
    let others: String = others_trust.iter().map(|der| crate::pem::encode_certificate(der)).collect();
    let own: String = goods.trust.iter().map(|der| crate::pem::encode_certificate(der)).collect();
    let mut shown = FileSet::default();
    let concerned = files.iter().filter(|(name, _)| verify::concerns(name));
    shown.extend(concerned.map(|(name, entry)| (name.to_owned(), FileEntry { owner: None, ..entry.clone() })));
    let trust = outline.file(|content| content == crate::layout::export::ExportContent::Trust);
    let trust = trust.unwrap_or("what it trusts").to_owned();
    shown.insert(trust.clone(), FileEntry::new(own, Mode::PUBLIC));
    shown.insert(OTHERS_TRUST, FileEntry::new(others, Mode::PUBLIC));
    let exhibits = Exhibit::read_all(shown.iter(), Some(&goods.password));
    let file = |name: Option<&str>| name.map(str::to_owned);
    let crl = shown.names().find(|name| *name == "root.crl").map(str::to_owned);
    let mut roles = Roles { crl_file: crl, ..Roles::default() };
    let (certificate, key) = (file(outline.certificate()), file(outline.key()));
    match party {
        Party::Server => {
            (roles.server_certificate, roles.server_key) = (certificate, key);
            (roles.client_trust, roles.server_trust) = (Some(trust), Some(OTHERS_TRUST.to_owned()));
        }
        Party::Client => {
            (roles.client_certificate, roles.client_key) = (certificate, key);
            (roles.server_trust, roles.client_trust) = (Some(trust), Some(OTHERS_TRUST.to_owned()));
        }
    }
    let mut policy = Policy::at(now);
    policy.waived = outline.files.iter().map(|file| (file.name.clone(), Rule::KeyInPublicFile)).collect();
    let (report, _) = verify::check("", &exhibits, &roles, &policy);
    let report = verify::pass(report)?;
    let tells = |finding: &Finding| {
        let is_worth = finding.severity == Severity::Error || finding.rule == Rule::ExpiresSoon;
        is_worth && finding.files.iter().any(|file| files.get(file).is_some())
    };
    Ok(report.findings.into_iter().filter(tells).collect())
}

/// Writes; whether a directory was made, and the archive where it is to be handed back.
fn write(
    request: &ExportRequest,
    files: &FileSet,
    owner: Option<Owner>,
    now: OffsetDateTime,
) -> Result<(bool, Option<Zeroizing<Vec<u8>>>), Error> {
    let archive = || {
        let too_long = || FsError::BadName { name: files.names().max_by_key(|name| name.len()).unwrap_or_default().to_owned() };
        tarball(files, now.unix_timestamp()).ok_or_else(too_long)
    };
    match &request.destination {
        Destination::Stream => Ok((false, Some(archive()?))),
        Destination::Directory(path) => {
            let (mode, gid) = Arrangement { owner, ..Arrangement::default() }.directory();
            let created = put(path, files, DirectoryAttributes { mode, gid }, request.dry_run)?;
            Ok((created, None))
        }
        Destination::Archive(path) => {
            let missing = || RequestError::NoSuchFile { path: path.display().to_string() };
            let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(missing)?;
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if Directory::open(parent)?.is_none() {
                return Err(RequestError::NoSuchFile { path: parent.display().to_string() }.into());
            }
            let mut set = FileSet::default();
            set.insert(name, FileEntry { contents: archive()?, mode: Mode::SECRET, owner: None });
            let private = DirectoryAttributes { mode: Mode::DIRECTORY, gid: None };
            put(parent, &set, private, request.dry_run)?;
            Ok((false, None))
        }
    }
}

/// Puts files into a directory in which none of them may exist; whether it was made.
fn put(
    path: &Path,
    files: &FileSet,
    attributes: DirectoryAttributes,
    dry_run: bool,
) -> Result<bool, Error> {
    let refuse = |names: &mut dyn Iterator<Item = String>| -> Result<(), ExportError> {
        let mut taken = names.filter(|name| files.get(name).is_some());
        let Some(first) = taken.next() else { return Ok(()) };
        let first = path.join(first).display().to_string();
        Err(ExportError::Exists { first, more: taken.count() })
    };
    if dry_run {
        let directory = Directory::open(path)?;
        if let Some(directory) = &directory {
            refuse(&mut directory.names()?.into_keys())?;
        }
        return Ok(directory.is_none());
    }
    let mut attempt = 1;
    loop {
        let target = Target::lock(path)?;
        refuse(&mut target.names()?.into_keys())?;
        match target.stage(files, attributes)?.commit() {
            Err(FsError::Appeared { .. }) if attempt < ATTEMPTS => attempt += 1,
            other => return Ok(other?.created),
        }
    }
}
