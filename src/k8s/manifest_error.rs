//! A manifest that cannot be read; of what it holds nothing is told.

use crate::diagnosis::{Diagnosis, Failure};

/// Why the Secrets of a manifest are not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// Bytes that are no text.
    #[error("{file}: not UTF-8 text")]
    NotText {
        /// The file.
        file: String,
    },
    /// Neither YAML nor JSON, or of another shape than a Secret.
    #[error("{file}{}: not the YAML or JSON of a Secret", place.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default())]
    Syntax {
        /// The file.
        file: String,
        /// Line and column, from 1.
        place: Option<(u64, u64)>,
    },
    /// Objects of other kinds alone.
    #[error("{file}: no Secret in it")]
    NoSecret {
        /// The file.
        file: String,
    },
    /// Two Secrets of one name, of which nobody could tell which file is whose.
    #[error("{file}: secret \"{secret}\" is there already")]
    Twice {
        /// The file.
        file: String,
        /// The Secret, with its namespace where that is known.
        secret: String,
    },
    /// A value that is no base64.
    #[error("{file}: secret \"{secret}\" holds no base64 under \"{key}\"")]
    NotBase64 {
        /// The file.
        file: String,
        /// The Secret.
        secret: String,
        /// Its key.
        key: String,
    },
}

impl Diagnosis for ManifestError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Twice { .. } => "Give one of them; pgtls verify NEW --against OLD tells how two differ.",
            Self::NotBase64 { .. } => "Text as it is belongs under stringData; data takes base64.",
            _ => "Give what kubectl get secret NAME -o yaml prints, or a manifest of a Secret.",
        };
        Some(hint.to_owned())
    }

    fn failure(&self) -> Failure {
        Failure::Usage
    }
}
