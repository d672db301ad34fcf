//! Why a plan cannot be.

use super::{ListsError, RenewError};
use crate::diagnosis::{Diagnosis, Failure};
use crate::profile::Rule;
use crate::state::UnusableKey;
use crate::x509::{Lifetime, Usage, X509Error, format_date};
use time::OffsetDateTime;

/// A refusal, before anything was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// Files are in the way.
    #[error("\"{first}\" exists already")]
    Exists {
        /// The first of them, as the user names it.
        first: String,
        /// How many more there are.
        more: usize,
        /// Whether --force was asked for, which replaces no file of a CA.
        forced: bool,
    },
    /// A kept file is not what the plan wants.
    #[error("\"{file}\" exists and differs in its {field}")]
    Differs {
        /// The file, as the user names it.
        file: String,
        /// Which of the fields of *unchanged*.
        field: &'static str,
        /// What it is.
        found: String,
        /// What the plan wants.
        expected: String,
    },
    /// Names of one server, client or node that cannot be.
    #[error("{fact}")]
    Names {
        /// What is so.
        fact: String,
        /// The mend.
        hint: &'static str,
    },
    /// A name that is none.
    #[error(transparent)]
    Value(X509Error),
    /// Files of the same stem are there.
    #[error("\"{file}\" exists already")]
    Requested {
        /// The first of them, as the user names it.
        file: String,
    },
    /// One half of a pair is there.
    #[error("\"{present}\" exists without \"{absent}\"")]
    HalfPair {
        /// The file that is there.
        present: String,
        /// The file that is not.
        absent: String,
    },
    /// A rule is broken and not waived.
    #[error("{fact}")]
    Broken {
        /// The rule.
        rule: Rule,
        /// The certificate that breaks it.
        certificate: String,
        /// What is so.
        fact: String,
        /// What was found and expected.
        detail: Option<String>,
        /// The mend.
        hint: String,
        /// Whether an existing CA is what forbids it.
        by_existing: bool,
    },
    /// A window that ends before it begins.
    #[error("certificate \"{certificate}\" would end before it begins")]
    EmptyWindow {
        /// The certificate.
        certificate: String,
        /// Its first second.
        not_before: String,
        /// Its last.
        not_after: String,
    },
    /// An end past the year 9999, which X.509 cannot write (RFC 5280 §4.1.2.5).
    #[error("certificate \"{certificate}\" would end past the year 9999")]
    PastYear9999 {
        /// The certificate.
        certificate: String,
    },
    /// Nothing that could sign.
    #[error("there is no CA in \"{path}\"")]
    NoCa {
        /// The directory, as the user names it.
        path: String,
    },
    /// More than one that could sign.
    #[error("several CAs could sign: {}", files.join(", "))]
    SeveralCas {
        /// Their certificates, as the user names them.
        files: Vec<String>,
    },
    /// A certificate of that name is there.
    #[error("\"{file}\" exists already")]
    Issued {
        /// The file, as the user names it.
        file: String,
        /// Its stem.
        stem: String,
    },
    /// A request that is not signed.
    #[error("the request cannot be signed: {problem}")]
    RefusedRequest {
        /// Why not.
        problem: String,
        /// The mend.
        hint: &'static str,
    },
    /// What keeps a certificate from being renewed.
    #[error(transparent)]
    Renew(#[from] RenewError),
    /// What keeps revocation lists from being made.
    #[error(transparent)]
    Lists(#[from] ListsError),
    /// A certificate with something in it that another one cannot have.
    #[error("\"{certificate}\" cannot be made again as it is: {problem}")]
    NotReproducible {
        /// Its stem.
        certificate: String,
        /// What it is.
        problem: String,
    },
    /// A certificate that does not say what it is for.
    #[error("nothing says what \"{certificate}\" is for")]
    UnknownUse {
        /// Its stem.
        certificate: String,
    },
    /// A certificate that is for something else than is asked for.
    #[error("\"{certificate}\" is for a {own}, not for a {asked}")]
    OtherUse {
        /// Its stem.
        certificate: String,
        /// What its extended key usage says.
        own: Usage,
        /// What was asked for.
        asked: Usage,
    },
    /// Two certificates of one name in one run.
    #[error("\"{stem}\" is asked for twice")]
    AskedTwice {
        /// The stem of both.
        stem: String,
    },
    /// The key of an existing CA is not there, and it has to sign.
    #[error("the key of the CA \"{certificate}\" is not there")]
    CaKeyMissing {
        /// The CA's certificate file, as the user names it.
        certificate: String,
        /// The key file that was looked for.
        key: String,
    },
    /// The key of an existing CA that has to sign is there, and of no use.
    #[error("the existing CA \"{certificate}\" cannot sign: its key \"{key}\" cannot be used: {}", why.problem)]
    CaKeyUnusable {
        /// Its certificate file, as the user names it.
        certificate: String,
        /// The file of the key.
        key: String,
        /// What is wrong with it.
        why: Box<UnusableKey>,
    },
    /// An existing CA is revoked: what it signs is turned away with it.
    #[error("the CA \"{certificate}\" is revoked")]
    RevokedCa {
        /// Its file, as the user names it.
        certificate: String,
        /// When, where that is known.
        at: Option<OffsetDateTime>,
    },
    /// An existing CA is not one, or not now.
    #[error("the existing CA \"{certificate}\" cannot sign: {problem}")]
    UnusableCa {
        /// Its file, as the user names it.
        certificate: String,
        /// Why not.
        problem: String,
    },
    /// An existing CA that has ended, or has not begun.
    #[error("the existing CA \"{certificate}\" cannot sign: {problem}")]
    CaOutOfTime {
        /// Its file, as the user names it.
        certificate: String,
        /// When it is valid.
        problem: String,
        /// The mend.
        hint: String,
    },
}

impl PlanError {
    /// The refusal of a window that does not fit its issuer's; `flag` is the one that sets the lifetime to blame.
    pub(super) fn outlives(
        certificate: &str,
        detail: String,
        flag: &'static str,
        fits: Option<Lifetime>,
        by_existing: bool,
    ) -> Self {
        let hint = fits.map_or_else(
            || "Nothing fits any more; use another directory or CA.".to_owned(),
            |fits| format!("{flag} {fits} is the longest that fits."),
        );
        Self::Broken {
            rule: Rule::LeafOutlivesCa,
            certificate: certificate.to_owned(),
            fact: format!("certificate \"{certificate}\" would outlive its CA"),
            detail: Some(detail),
            hint,
            by_existing,
        }
    }
}

impl Diagnosis for PlanError {
    fn detail(&self) -> Option<String> {
        match self {
            Self::Exists { more: 0, .. } => Some("It would be overwritten; nothing was changed.".to_owned()),
            Self::Exists { more, .. } => {
                Some(format!("It and {more} more would be overwritten; nothing was changed."))
            }
            Self::Differs { found, expected, .. } => Some(format!("It is {found}; asked for is {expected}.")),
            Self::Broken { detail, .. } => detail.clone(),
            Self::EmptyWindow { not_before, not_after, .. } => {
                Some(format!("It would begin at {not_before} and end at {not_after}."))
            }
            Self::Issued { .. } => Some("It would be overwritten; nothing was changed.".to_owned()),
            Self::Requested { .. } => Some("Nothing was changed.".to_owned()),
            Self::Renew(error) => error.detail(),
            Self::Lists(error) => error.detail(),
            Self::RevokedCa { at, .. } => {
                let since =
                    at.map(|at| format!("It was revoked on {}. ", format_date(at))).unwrap_or_default();
                Some(format!("{since}Whatever it signs is turned away together with it."))
            }
            Self::CaKeyMissing { key, .. } => Some(format!("\"{key}\" was looked for.")),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Exists { forced: true, .. } => {
                "The files of a CA are never replaced: give another directory with -D, or with --ca-dir the one that \
                 holds this CA."
            }
            Self::Exists { .. } => {
                "Use another directory (-D), --if-missing to make what is absent, or --force to replace servers and \
                 clients."
            }
            Self::Differs { .. } => {
                "Ask for what is there, or use another directory with -D; --force replaces servers and clients."
            }
            Self::Names { hint, .. } => hint,
            Self::Value(source) => return source.hint(),
            Self::Renew(error) => return error.hint(),
            Self::Lists(error) => return error.hint(),
            Self::Requested { .. } => {
                "What the CA sends back for it goes in with \"pgtls import\"; for a new key move it away, or give \
                 another directory with -D."
            }
            Self::HalfPair { .. } => {
                "Put the other file back, or move this one away; --force replaces servers and clients."
            }
            Self::Broken { hint, .. } => hint,
            Self::EmptyWindow { .. } => "Give a later end, or, in a profile, an earlier not_before.",
            Self::PastYear9999 { .. } => "Give a shorter lifetime.",
            Self::NoCa { .. } => {
                "Name the CA with --ca and --ca-key, or make a directory with: pgtls gen chain --intermediate"
            }
            Self::SeveralCas { .. } => "Name the one that is meant with --ca and --ca-key.",
            Self::Issued { stem, .. } => {
                return Some(format!(
                    "Give another name; pgtls renew {stem} makes that one anew, and keeps its key."
                ));
            }
            Self::RefusedRequest { hint, .. } => hint,
            Self::AskedTwice { .. } => "Ask for it once.",
            Self::NotReproducible { .. } => {
                "Ask whoever made it for a new one; pgtls issue makes another under the CA of this directory."
            }
            Self::UnknownUse { .. } => {
                "It has no extended key usage, and its file is not called server, client or node: say it with --as."
            }
            Self::OtherUse { .. } => "Leave --as out; pgtls issue makes a certificate for another use.",
            Self::CaKeyMissing { .. } => "Put it back, or name the directory that holds it with --ca-dir.",
            Self::CaOutOfTime { hint, .. } => hint,
            Self::RevokedCa { .. } => {
                "Another CA takes its place: pgtls rotate intermediate add, then switch, then drop. Or name one that is good \
                 (--ca-dir; of issue and sign also --ca)."
            }
            Self::CaKeyUnusable { why, .. } if why.hint.is_some() => return why.hint.clone(),
            Self::UnusableCa { .. } | Self::CaKeyUnusable { .. } => {
                "Name another CA (--ca-dir; of issue and sign also --ca), or another directory with -D."
            }
        };
        Some(hint.to_owned())
    }

    fn failure(&self) -> Failure {
        match self {
            Self::Broken { by_existing: false, .. }
            | Self::Names { .. }
            | Self::EmptyWindow { .. }
            | Self::AskedTwice { .. }
            | Self::UnknownUse { .. }
            | Self::OtherUse { .. }
            | Self::PastYear9999 { .. } => Failure::Usage,
            Self::Value(source) => source.failure(),
            Self::Renew(error) => error.failure(),
            Self::Lists(error) => error.failure(),
            Self::CaKeyMissing { .. } => Failure::System,
            Self::CaKeyUnusable { why, .. } => why.failure,
            _ => Failure::Forbidden,
        }
    }
}
