//! The crate's error: one variant for each boundary, and nothing of its own to say but what is wrong with a request.

mod partly;
mod request;

pub use partly::PartlyError;
pub use request::RequestError;

use crate::config::ConfigError;
use crate::diagnosis::{Diagnosis, Failure};
use crate::fs::FsError;
use crate::hba::PatternError;
use crate::k8s::{KubernetesError, ManifestError};
use crate::layout::LayoutError;
use crate::layout::export::ExportError;
use crate::pki::IssueError;
use crate::plan::{ImportError, ListError, PlanError, RevokeError, RotateError};
use crate::profile::ProfileError;
use crate::recipe::RecipeError;
use crate::settings::SettingsError;
use crate::state::StateError;
use crate::verify::VerifyError;

/// Anything that a verb can fail with. Every variant knows its detail, its hint and its class ([`Diagnosis`]).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was asked for makes no sense.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The profile.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A decision that cannot be taken.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// What is not revoked.
    #[error(transparent)]
    Revoke(#[from] RevokeError),
    /// A phase of a rotation.
    #[error(transparent)]
    Rotate(#[from] RotateError),
    /// Lines of a list.
    #[error(transparent)]
    List(#[from] ListError),
    /// What a certificate authority sent.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// What is in the directory.
    #[error(transparent)]
    State(#[from] StateError),
    /// Keys and signatures.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// A product that the judge refuses.
    #[error(transparent)]
    Judged(#[from] VerifyError),
    /// A plan that is no script of openssl commands.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// What Kubernetes would refuse.
    #[error(transparent)]
    Kubernetes(#[from] KubernetesError),
    /// Secrets that cannot be read.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// What a server or client is set up to use.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A regular expression among a server's lines.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// What is not exported.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// What is not configured.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A defect between two steps.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The disk.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// Any of these, when a part of the work was done.
    #[error(transparent)]
    Partly(#[from] PartlyError),
}

impl Error {
    fn inner(&self) -> &dyn Diagnosis {
        match self {
            Self::Request(error) => error,
            Self::Profile(error) => error,
            Self::Plan(error) => error,
            Self::Revoke(error) => error,
            Self::Rotate(error) => error,
            Self::List(error) => error,
            Self::Import(error) => error,
            Self::State(error) => error,
            Self::Issue(error) => error,
            Self::Judged(error) => error,
            Self::Recipe(error) => error,
            Self::Kubernetes(error) => error,
            Self::Manifest(error) => error,
            Self::Settings(error) => error,
            Self::Pattern(error) => error,
            Self::Export(error) => error,
            Self::Config(error) => error,
            Self::Layout(error) => error,
            Self::Fs(error) => error,
            Self::Partly(error) => error,
        }
    }
}

impl Diagnosis for Error {
    fn detail(&self) -> Option<String> {
        self.inner().detail()
    }

    fn hint(&self) -> Option<String> {
        self.inner().hint()
    }

    fn failure(&self) -> Failure {
        self.inner().failure()
    }
}
