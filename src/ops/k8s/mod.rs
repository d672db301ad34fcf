//! `k8s`: what an operator of Kubernetes is to be told, out of a directory. Of keys, only those of the server, the standbys
//! and pgBouncer are read, and that of a CA where it is asked for.

mod authority;
mod cert_manager;
mod handed;
mod judged;
mod names;
mod parts;
mod pooler;
mod remedy;

pub use authority::CaKeys;
pub use cert_manager::{CertManagerRequest, cert_manager};

use super::found::{Chosen, Pair, Sought, look, pair, shown};
use super::inspect::directory_or_default;
use super::secret_line;
use super::single_file::write_new;
use crate::error::Error;
use crate::fs::Contents;
use crate::k8s::{
    self, Goods, KeyPair, KubernetesError, Manifest, Naming, Part, PgoV4, ShellCommand, Target,
};
use crate::layout::export::{ExportError, Party};
use crate::recipe::shell_quoted;
use handed::{Pairs, handed};
use judged::Warning;
use parts::{certificate_part, key_part, list_part, trust_part, union};
use remedy::Remedy;
use std::borrow::Cow;
use std::path::PathBuf;
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// How much is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The Secrets, and behind them, as a comment, the part of the resource that names them.
    Everything,
    /// The Secrets.
    Secrets,
    /// The part of the resource, to be laid over what is there.
    Patch,
}

/// What `k8s` is asked for.
#[derive(Debug, Clone)]
pub struct ManifestRequest {
    /// Who reads it.
    pub target: Target,
    /// What the objects are called.
    pub naming: Naming,
    /// Where the files lie; `None`: `pki`, or the current directory where there is none.
    pub directory: Option<PathBuf>,
    /// The server, by file or common name; `None`: the usual one.
    pub server: Option<String>,
    /// The standbys, likewise; `None`: by the target's own role, then `replication`.
    pub replication: Option<String>,
    /// Whether standbys have no certificate.
    pub without_replication: bool,
    /// The certificate of pgBouncer, by file or common name; `None`: the one that names its service. Its Secret is named in
    /// `naming`, where there is to be one.
    pub pgbouncer: Option<String>,
    /// The key of the CA goes in too, for an operator that signs with it; `None`: no CA's key does.
    pub with_ca_key: Option<CaKeys>,
    /// The file whose first line opens encrypted keys, but for those of CAs.
    pub passphrase_file: Option<PathBuf>,
    /// What is asked of PGO 4 alone.
    pub pgo_v4: PgoV4,
    /// Commands instead of manifests.
    pub commands: bool,
    /// How much of it.
    pub extent: Extent,
    /// A file to write; it must not exist.
    pub write: Option<PathBuf>,
    /// Decide everything, write nothing.
    pub dry_run: bool,
}

/// What became of it.
#[derive(Debug)]
pub struct Manifested {
    /// The directory that it came from, as the user names it.
    pub place: String,
    /// Who reads it.
    pub target: &'static str,
    /// The objects.
    pub manifests: Vec<Manifest>,
    /// The stream of them, where whoever called is to have it.
    pub stream: Option<Zeroizing<Vec<u8>>>,
    /// The commands, where these were asked for.
    pub commands: Option<Vec<ShellCommand>>,
    /// What does not stop it, each with its mend.
    pub warnings: Vec<(String, Option<String>)>,
    /// The file that was written, or would be.
    pub written: Option<PathBuf>,
}

/// What finds a certificate of a side by a name.
type Find<'f> = dyn Fn(Party, Option<&str>) -> Result<Found, Error> + 'f;

/// A certificate with everything about it.
struct Found {
    chosen: Chosen,
    pair: Pair,
}

impl Found {
    fn key_pair(&self, place: &str, target: &str) -> Result<KeyPair, Error> {
        let Self { chosen, pair } = self;
        let shown_file = shown(place, &chosen.file);
        let common_name = pair.leaf.subject.common_names().next().map(Cow::into_owned);
        Ok(KeyPair {
            certificate: certificate_part(&pair.certificate_file, &pair.chain, &shown_file),
            key: key_part(pair, &shown(place, &pair.key_file.0), target)?,
            common_name: common_name.unwrap_or_default(),
            shown: shown_file,
        })
    }
}

/// Makes the objects.
///
/// # Errors
/// [`Error`]: nothing was written.
pub fn manifests(request: &ManifestRequest, now: OffsetDateTime) -> Result<Manifested, Error> {
    let passphrase = request.passphrase_file.as_deref().map(secret_line).transpose()?;
    let (path, directory) = directory_or_default(request.directory.as_deref())?;
    let place = path.display().to_string();
    let find = |party, name: Option<&str>| -> Result<Found, Error> {
        let chosen = look(&directory, &place, Sought { party, name }, now)?;
        let pair = pair(&directory, &place, &chosen.file, passphrase.as_deref())?;
        Ok(Found { chosen, pair })
    };
    let wanting = |error| Remedy::blank(request, &place).for_want(Party::Server, "--server", error);
    let server = find(Party::Server, request.server.as_deref()).map_err(wanting)?;
    let remedy = Remedy::of(request, &place, &server);
    let replication = replication(request, &remedy, &find)?;
    let pooler = pooler::pgbouncer(request, &remedy, &find)?;
    let lists = lists(&place, &server);
    let mut goods = goods(request.target, &place, &server, replication.as_ref(), lists.as_ref())?;
    goods.pgbouncer =
        pooler.as_ref().map(|found| found.key_pair(&place, request.target.word())).transpose()?;
    let scene = judged::Scenery {
        server: &server,
        replication: replication.as_ref(),
        goods: &goods,
        lists: lists.as_ref(),
        hosts: names::hosts(request),
        flag: "--server",
    };
    let mut warnings = judged::judge(&remedy, &scene, now)?;
    if let Some(pooler) = &pooler {
        warnings.extend(judged::judge_pooler(&remedy, pooler, &scene, now)?);
    }
    if let Some(keys) = &request.with_ca_key {
        let pairs = Pairs { server: &server, replication: replication.as_ref() };
        goods.ca = Some(handed(&remedy, keys, directory, &pairs, now)?);
    }
    let manifests = made(request, &goods)?;
    let commands = request.commands.then(|| request.pgo_v4.commands(&request.naming, &goods)).transpose()?;
    let unnamed = pooler.as_ref().and_then(|pooler| pooler::unnamed(request, &remedy, pooler));
    warnings.extend([names::unnamed(request, &remedy, &server)?, unnamed].into_iter().flatten());
    warnings.extend(warnings_of_ca_keys(&manifests));
    warnings.extend(replaced_list(request, &goods));
    let stream = k8s::stream(&manifests);
    if let Some(file) = request.write.as_deref() {
        write_new(file, Contents::from(stream.clone()), request.dry_run)?;
    }
    let stream = (commands.is_none() && request.write.is_none()).then_some(stream);
    let (target, written) = (request.target.word(), request.write.clone());
    Ok(Manifested { place, target, manifests, stream, commands, warnings, written })
}

fn made(request: &ManifestRequest, goods: &Goods) -> Result<Vec<Manifest>, KubernetesError> {
    let naming = &request.naming;
    let mut manifests = match request.target {
        Target::PgoV4 => request.pgo_v4.manifests(naming, goods),
        Target::PgoV5 => k8s::pgo_v5(naming, goods),
        Target::Cnpg => k8s::cnpg(naming, goods),
        Target::Zalando => k8s::zalando(naming, goods),
    }?;
    match request.extent {
        Extent::Everything => {}
        Extent::Secrets => manifests.retain(|manifest| manifest.kind == "Secret"),
        Extent::Patch => manifests.retain(|manifest| manifest.part_of.is_some()),
    }
    k8s::distinct(&manifests)?;
    Ok(manifests)
}

/// A merge patch puts a list in the place of the one that is there.
fn replaced_list(request: &ManifestRequest, goods: &Goods) -> Option<Warning> {
    let is_patch = request.target == Target::Cnpg && request.extent == Extent::Patch;
    let role = request.target.replication_role().unwrap_or_default();
    goods.replication.as_ref().filter(|pair| is_patch && pair.common_name != role)?;
    let fact = "the patch puts its line in the place of the whole list postgresql.pg_ident".to_owned();
    Some((fact, Some("Add the lines that the Cluster has there already.".to_owned())))
}

/// What is said of each Secret with the key of a CA.
fn warnings_of_ca_keys(manifests: &[Manifest]) -> Vec<Warning> {
    let holding = manifests.iter().filter(|manifest| manifest.holds_ca_key);
    let said = holding.map(|manifest| {
        let fact = format!(
            "the Secret {} holds the key of a CA, which can make a login for any role",
            manifest.name
        );
        (fact, Some("Let nobody but who signs with it read it, and keep no copy of the manifest.".to_owned()))
    });
    said.collect()
}

/// The standbys' certificate: whoever is named, or logs in as the target's own role, or is called so.
fn replication(
    request: &ManifestRequest,
    remedy: &Remedy<'_>,
    find: &Find<'_>,
) -> Result<Option<Found>, Error> {
    let target = request.target;
    let Some(role) = target.replication_role().filter(|_| !request.without_replication) else {
        return Ok(None);
    };
    let names = match &request.replication {
        Some(name) => vec![name.as_str()],
        None => vec![role, "replication"],
    };
    for name in names {
        match find(Party::Client, Some(name)) {
            Err(Error::Export(ExportError::Unknown { .. })) if request.replication.is_none() => {}
            Err(error) => return Err(remedy.for_want(Party::Client, "--replication", error)),
            Ok(found) => return checked_role(found, role, remedy).map(Some),
        }
    }
    let without = match target {
        Target::PgoV4 => " Without one: --no-replication.",
        _ => "",
    };
    Err(KubernetesError::Lacking {
        fact: format!("no client's certificate in \"{}\" is for replication", remedy.place),
        detail: format!("{} has its standbys log in as {role}.{without}", target.word()),
        hint: remedy.standbys(role),
    }
    .into())
}

/// PGO 5 has neither a user map nor a field for one.
fn checked_role(found: Found, role: &str, remedy: &Remedy<'_>) -> Result<Found, Error> {
    let (target, place) = (remedy.request.target, remedy.place);
    let name = found.pair.leaf.subject.common_names().next().map(Cow::into_owned).unwrap_or_default();
    if target != Target::PgoV5 || name == role {
        return Ok(found);
    }
    Err(KubernetesError::Lacking {
        fact: format!("\"{}\" logs in as \"{}\"", shown(place, &found.chosen.file), name.escape_debug()),
        detail: format!("{} has its standbys log in as {role}, without a user map.", target.word()),
        hint: remedy.standbys(role),
    }
    .into())
}

/// The lists of everybody who is trusted.
fn lists(place: &str, server: &Found) -> Option<Part> {
    let chosen = &server.chosen;
    let lists = union(&chosen.lists, &chosen.others_lists);
    (!lists.is_empty()).then(|| list_part(&chosen.files, &lists, place))
}

/// What the objects hold.
fn goods(
    target: Target,
    place: &str,
    server: &Found,
    replication: Option<&Found>,
    lists: Option<&Part>,
) -> Result<Goods, Error> {
    let chosen = &server.chosen;
    let is_one = chosen.trust == chosen.others_trust;
    let part = |trust: &[Vec<u8>]| trust_part(&chosen.files, trust, place);
    let both = union(&chosen.others_trust, &chosen.trust);
    Ok(Goods {
        trust: part(&both),
        server_trust: (!is_one).then(|| part(&chosen.others_trust)),
        client_trust: (!is_one).then(|| part(&chosen.trust)),
        lists: lists.filter(|_| target.reads_lists()).cloned(),
        server: server.key_pair(place, target.word())?,
        replication: replication.map(|found| found.key_pair(place, target.word())).transpose()?,
        pgbouncer: None,
        ca: None,
    })
}

/// The directory as a command names it.
fn command_word(place: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if !place.is_empty() && place.chars().all(is_plain) { place.to_owned() } else { shell_quoted(place) }
}
