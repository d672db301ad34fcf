//! `csr`: names -> a key and a request for somebody else's CA.

use super::change::{attributes, retried};
use super::inventory::inventory;
use super::ownership::{parse_key_mode, parse_owner};
use super::secret::secret_line;
use crate::error::Error;
use crate::fs::Target;
use crate::k8s::SigningRequest;
use crate::keys::{KeySource, KeyType};
use crate::layout::{self, Arrangement, Outline};
use crate::pem;
use crate::pki;
use crate::plan::{self, LeafNames, RequestSpec};
use crate::verify;
use crate::x509::Usage;
use std::path::PathBuf;
use time::OffsetDateTime;

/// What `csr` is asked for.
#[derive(Debug, Clone)]
pub struct CsrRequest {
    /// Server, client or node.
    pub usage: Usage,
    /// Its names, as typed.
    pub names: Vec<String>,
    /// A common name other than the first of them.
    pub common_name: Option<String>,
    /// The key.
    pub key_type: KeyType,
    /// Where the files go.
    pub directory: PathBuf,
    /// `USER[:GROUP]` of the files.
    pub owner: Option<String>,
    /// Octal mode of the key.
    pub key_mode: Option<String>,
    /// The file whose first line closes the key.
    pub passphrase_file: Option<PathBuf>,
    /// How a Kubernetes cluster is asked, where it is one.
    pub kubernetes: Option<SigningRequest>,
    /// Decide everything, make nothing.
    pub dry_run: bool,
}

impl CsrRequest {
    /// A request into a directory: the caller's own files, a P-256 key in the clear.
    #[must_use]
    pub fn new(usage: Usage, names: &[&str], directory: impl Into<PathBuf>) -> Self {
        Self {
            usage,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            common_name: None,
            key_type: KeyType::EcdsaP256,
            directory: directory.into(),
            owner: None,
            key_mode: None,
            passphrase_file: None,
            kubernetes: None,
            dry_run: false,
        }
    }
}

/// What `csr` decided, and made unless it was asked only to decide.
#[derive(Debug, Clone)]
pub struct CsrMade {
    /// The directory, as asked for.
    pub directory: PathBuf,
    /// Every decision.
    pub spec: RequestSpec,
    /// The files that were (or would be) written.
    pub outline: Outline,
    /// Whether the directory is new.
    pub created: bool,
    /// The request as PEM; `None` where nothing was made.
    pub pem: Option<String>,
    /// The request as a Kubernetes manifest, where one was asked for and made.
    pub manifest: Option<String>,
}

/// Makes a key and a request for a certificate.
///
/// # Errors
/// [`Error`]: nothing on disk was changed.
pub fn csr(request: &CsrRequest, now: OffsetDateTime, keys: &dyn KeySource) -> Result<CsrMade, Error> {
    let names = LeafNames::parse(request.usage, &request.names, request.common_name.as_deref())?;
    let owner = request.owner.as_deref().map(parse_owner).transpose()?;
    let key_mode = request.key_mode.as_deref().map(|text| parse_key_mode(text, owner)).transpose()?;
    let arrangement = Arrangement { owner, key_mode, ..Arrangement::default() };
    let passphrase = request.passphrase_file.as_deref().map(secret_line).transpose()?;
    let decide = || -> Result<CsrMade, Error> {
        let found = inventory(&request.directory, None)?;
        let spec = plan::request(&names, request.key_type, &found.inventory, now)?;
        let outline = layout::outline_request(&spec, &arrangement, passphrase.is_some());
        let (directory, created) = (request.directory.clone(), !found.exists);
        Ok(CsrMade { directory, spec, outline, created, pem: None, manifest: None })
    };
    if request.dry_run {
        return decide();
    }
    retried(|| {
        let target = Target::lock(&request.directory)?;
        let mut made = decide()?;
        let passphrase = passphrase.as_ref().map(|line| line.as_slice());
        let requested = pki::request(&made.spec, passphrase, keys)?;
        let files = layout::fill_request(&made.outline, &requested);
        verify::gate_request(&files)?;
        let receipt = target.stage(&files, attributes(&arrangement))?.commit()?;
        made.created = receipt.created;
        made.manifest = request.kubernetes.as_ref().map(|asked| asked.manifest(&made.spec, &requested.der));
        made.pem = Some(pem::encode_request(&requested.der));
        Ok(made)
    })
}
