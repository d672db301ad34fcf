//! What the user should know about a plan, though nothing is refused.

use crate::pg::certificate_file;
use crate::x509::{Name, format_date, serialize_instant};
use serde::{Serialize, Serializer};
use std::fmt;
use time::OffsetDateTime;

/// Something to know about a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "notice")]
pub enum Notice {
    /// A CA lives longer than its profile says, because a certificate under it does.
    Stretched {
        /// The CA.
        certificate: String,
        /// The certificate that needs it.
        because_of: String,
        /// The CA's new end.
        #[serde(serialize_with = "serialize_instant")]
        not_after: OffsetDateTime,
    },
    /// A certificate lives less long than the one before it, because a CA above it ends.
    Capped {
        /// The certificate.
        certificate: String,
        /// The CA.
        because_of: String,
        /// The end of both.
        #[serde(serialize_with = "serialize_instant")]
        not_after: OffsetDateTime,
    },
    /// A certificate is issued again because it names the serial number of its CA's certificate, which is another now.
    TakenAlong {
        /// The certificate.
        certificate: String,
        /// The CA.
        because_of: String,
    },
    /// A life of over a hundred years.
    OverHundredYears {
        /// The certificate.
        certificate: String,
        /// Its end.
        #[serde(serialize_with = "serialize_instant")]
        not_after: OffsetDateTime,
    },
    /// A P-384 client key, which a TLS 1.2 server with the default curves refuses.
    P384Client {
        /// The certificate.
        certificate: String,
    },
    /// Who signed the highest CA that is here is not here, and peers trust nobody but a root.
    NoRoot {
        /// That CA.
        certificate: String,
        /// Who signed it.
        issuer: Name,
    },
    /// The list of a CA is due, or not there, and its key is away or of no use.
    ListNotMade {
        /// That CA.
        certificate: String,
        /// When what is there of it ends; `None`: nothing is there.
        #[serde(serialize_with = "serialize_end")]
        next_update: Option<OffsetDateTime>,
        /// Why its key is of no use, where it is here.
        #[serde(skip_serializing_if = "Option::is_none")]
        key_problem: Option<String>,
    },
    /// The number of a CA's list has more octets than RFC 5280 §5.2.3 has readers take.
    LongListNumber {
        /// That CA.
        certificate: String,
    },
    /// It was revoked before.
    AlreadyRevoked {
        /// Its serial number.
        serial: String,
        /// Whom it names, as the index has it.
        subject: String,
        /// Since when.
        #[serde(serialize_with = "serialize_instant")]
        at: OffsetDateTime,
        /// The reason that it has, where another is asked for.
        #[serde(skip_serializing_if = "Option::is_none")]
        kept_reason: Option<String>,
    },
    /// It signs itself, and was renewed: whoever trusts the one before trusts that one alone.
    OwnAnchor {
        /// Its stem.
        certificate: String,
        /// The setting of the other side that names it.
        trusted_by: &'static str,
    },
    /// A file of another program, with a certificate that is revoked, stays where it is.
    CopyStays {
        /// The file.
        file: String,
    },
    /// A file that promises certificates, and of which none can be read, is passed over.
    NotRead {
        /// The file.
        file: String,
    },
    /// It is revoked with the others since it is of their subject; nothing here says of which key it is.
    BySubject {
        /// Its serial number.
        serial: String,
        /// Whom it names, as the index has it.
        subject: String,
    },
    /// Of the same subject, and not revoked, since one serial number was asked for.
    StillValid {
        /// Its serial number.
        serial: String,
        /// Whom it names, as the index has it.
        subject: String,
        /// Its end.
        #[serde(serialize_with = "serialize_instant")]
        not_after: OffsetDateTime,
    },
    /// A request asked for more than its certificate gets.
    NotGranted {
        /// The certificate.
        certificate: String,
        /// What it asked for, each in words.
        asked: Vec<String>,
    },
    /// The names are the guide's example, not the user's.
    ExampleNames {
        /// The example's domain.
        domain: String,
    },
}

/// What comes of a list that is not there.
const TURNED_AWAY: &str = "with these lists everybody whose chain leads to it is turned away";

/// The file of a CA, or its place in that of several: `chain.crt#3`.
fn holder(stem: &str) -> String {
    let is_place = |at: &str| !at.is_empty() && at.bytes().all(|byte| byte.is_ascii_digit());
    match stem.rsplit_once('#') {
        Some((bundle, at)) if bundle.contains('.') && is_place(at) => stem.to_owned(),
        _ => certificate_file(stem),
    }
}

/// The instant, or null.
pub(super) fn serialize_end<S: Serializer>(
    end: &Option<OffsetDateTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match end {
        Some(end) => serialize_instant(end, serializer),
        None => serializer.serialize_none(),
    }
}

impl Notice {
    /// Whether it is a warning, and not only said in passing.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::OverHundredYears { .. }
                | Self::P384Client { .. }
                | Self::NoRoot { .. }
                | Self::ListNotMade { .. }
                | Self::LongListNumber { .. }
                | Self::StillValid { .. }
                | Self::NotRead { .. }
                | Self::Capped { .. }
                | Self::TakenAlong { .. }
                | Self::OwnAnchor { .. }
        )
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stretched { certificate, because_of, not_after } => {
                let date = format_date(*not_after);
                write!(f, "{certificate}.crt lives until {date}, because {because_of}.crt does")
            }
            Self::Capped { certificate, because_of, not_after } => {
                let date = format_date(*not_after);
                write!(f, "{certificate}.crt lives until {date} alone, when {because_of}.crt ends")
            }
            Self::TakenAlong { certificate, because_of } => write!(
                f,
                "{certificate}.crt names the serial number of {because_of}.crt, so it was made again too; others like \
                 it elsewhere have to be renewed as well"
            ),
            Self::OverHundredYears { certificate, not_after } => {
                let date = format_date(*not_after);
                write!(f, "{certificate}.crt lives for over 100 years, until {date}")
            }
            Self::P384Client { certificate } => write!(
                f,
                "{certificate}.key is P-384: over TLS 1.2 (Kong's default) the server refuses it unless \
                 ssl_ecdh_curve is secp384r1"
            ),
            Self::NoRoot { certificate, issuer } => write!(
                f,
                "{issuer}, who signed {certificate}.crt, is in no file here: servers and clients accept nothing without \
                 it in their trust file"
            ),
            Self::ListNotMade { certificate, next_update, key_problem } => {
                let of = format!("the revocation list of {}", holder(certificate));
                match (next_update.map(format_date), key_problem) {
                    (Some(end), None) => {
                        write!(f, "{of} is due, ends on {end}, and its key is not here to make the next")
                    }
                    (Some(end), Some(problem)) => write!(
                        f,
                        "{of} is due, ends on {end}, and its key cannot be used to make the next: {problem}"
                    ),
                    (None, None) => write!(f, "{of} is not here, nor is its key: {TURNED_AWAY}"),
                    (None, Some(problem)) => {
                        write!(f, "{of} is not here, and its key cannot be used ({problem}): {TURNED_AWAY}")
                    }
                }
            }
            Self::LongListNumber { certificate } => write!(
                f,
                "the number of the revocation list of {certificate}.crt is longer than the 20 octets of RFC 5280: OpenSSL \
                 takes it, strict readers may not"
            ),
            Self::AlreadyRevoked { serial, subject, at, kept_reason } => {
                write!(f, "{serial} of {subject} is revoked already, since {}", format_date(*at))?;
                kept_reason.as_ref().map_or(Ok(()), |reason| write!(f, "; its reason stays {reason}"))
            }
            Self::OwnAnchor { certificate, trusted_by } => write!(
                f,
                "{certificate}.crt is its own trust anchor: whoever has the one before in {trusted_by} refuses the new \
                 one until it is there too"
            ),
            Self::CopyStays { file } => {
                write!(f, "{file} holds what is revoked too, and stays: take it away")
            }
            Self::NotRead { file } => {
                write!(f, "{file} cannot be read, and is passed over; pgtls inspect says what is in it")
            }
            Self::BySubject { serial, subject } => {
                write!(f, "{serial} is of the same subject, {subject}; which key it has is not known here")
            }
            Self::StillValid { serial, subject, not_after } => {
                let date = format_date(*not_after);
                write!(f, "{serial} of {subject} stays valid, until {date}; its name revokes that too")
            }
            Self::NotGranted { certificate, asked } => {
                write!(f, "{certificate}.crt does not get what was asked for: {}", asked.join("; "))
            }
            Self::ExampleNames { domain } => write!(f, "\"{domain}\" is the guide's example"),
        }
    }
}
