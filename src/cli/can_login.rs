//! The text and the JSON of `can-login`: the answer first, then the line that decides, and why.

use super::words::{harmless, wrapped};
use crate::hba::{Answer, Candidate, Client, Database, Login, Standing, Way};
use crate::ops::CanLogin;
use crate::verify::Reception;
use crate::x509::format_date;
use serde::Serialize;
use std::fmt::Write as _;

/// How far what belongs to a line is indented.
const MORE: usize = 2;

/// All of it.
pub(super) fn text(found: &CanLogin) -> String {
    let CanLogin { login, reception, verdict, .. } = found;
    let mut out = paragraph(&headline(verdict.answer, login, needs_password(found)), 0);
    let is_open = verdict.candidates.len() > 1;
    for candidate in &verdict.candidates {
        out.push('\n');
        let decides = match (is_open, candidate.doubts.is_empty()) {
            (false, _) => "decides",
            (true, false) => "may decide",
            (true, true) => "decides otherwise",
        };
        let head = match candidate.place() {
            Some(place) => format!("{place} {decides}"),
            None if is_open => format!("no line of {} decides otherwise", found.hba.display()),
            None => format!("no line of {} is for it", found.hba.display()),
        };
        out.push_str(&paragraph(&head, 0));
        out.push_str(&told(candidate, is_open));
    }
    if let Some(reception) = reception {
        out.push('\n');
        out.push_str(&paragraph(&shown(reception, login), 0));
    }
    out
}

fn headline(answer: Answer, login: &Login, password: bool) -> String {
    let Login { role, way, .. } = login;
    let place = match &login.database {
        Database::Named(name) => format!("into database \"{name}\""),
        Database::Replication => "in for replication".to_owned(),
    };
    let how = match way {
        Way::Socket => "through a local socket".to_owned(),
        Way::Plain(address) => format!("from {address} without TLS"),
        Way::Gss(address) => format!("from {address} with GSSAPI encryption"),
        Way::Tls(address) => format!("from {address} over TLS"),
    };
    match answer {
        Answer::Yes if password => format!("yes, with its password: role \"{role}\" gets {place} {how}"),
        Answer::Yes => format!("yes: role \"{role}\" gets {place} {how}"),
        Answer::No => format!("no: role \"{role}\" does not get {place} {how}"),
        Answer::CannotTell => format!("cannot tell whether role \"{role}\" gets {place} {how}"),
    }
}

/// Whether a line of those that decide asks for a password.
fn needs_password(found: &CanLogin) -> bool {
    let mut demands = found.verdict.candidates.iter().flat_map(|candidate| &candidate.outcome.demands);
    demands.any(|demand| demand.starts_with("the role's password"))
}

/// What one line says.
fn told(candidate: &Candidate, is_open: bool) -> String {
    let Candidate { doubts, outcome, .. } = candidate;
    let mut out = String::new();
    let mut say = |label: &str, fact: &str| out.push_str(&paragraph(&format!("{label}{fact}"), MORE));
    candidate.text().iter().for_each(|line| say("", line));
    doubts.iter().for_each(|doubt| say("not known: ", doubt));
    outcome.demands.iter().for_each(|demand| say("demands: ", demand));
    outcome.mapping.iter().for_each(|place| say("the name leads to the role by ", &place.to_string()));
    if is_open {
        let word = match outcome.answer {
            Answer::Yes => "yes",
            Answer::No => "no",
            Answer::CannotTell => "cannot tell",
        };
        say("then: ", word);
    }
    let label = if outcome.answer == Answer::No { "because " } else { "not known: " };
    outcome.reasons.iter().for_each(|reason| say(label, reason));
    outcome.hint.iter().for_each(|hint| say("hint: ", hint));
    out
}

/// The certificate, and what the server makes of it.
fn shown(reception: &Reception, login: &Login) -> String {
    let Reception { file, subject, not_after, trust, .. } = reception;
    let standing = match &login.client {
        Client::Certificate(presented) => match &presented.standing {
            Standing::Accepted => "the server accepts it",
            Standing::Refused(_) => "the server refuses it",
            Standing::Unknown(_) => "whether the server accepts it is not known",
            Standing::NotAskedFor => "the server does not ask for it",
        },
        Client::Nothing | Client::NotTold => "it is not sent",
    };
    let by = trust.as_ref().map(|trust| format!(", by {trust}")).unwrap_or_default();
    format!("{file}  {subject}, until {}: {standing}{by}", format_date(*not_after))
}

/// A text that nobody's names can make more of than it is, in the width of a terminal.
fn paragraph(text: &str, indent: usize) -> String {
    let mut out = String::new();
    for line in wrapped(&harmless(text), indent) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{line}");
    }
    out
}

/// `can-login --json`; the field names are an interface.
#[derive(Serialize)]
pub(super) struct CanLoginJson<'a> {
    answer: Answer,
    role: &'a str,
    /// Absent for physical replication.
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<&'a str>,
    from: String,
    connection: &'static str,
    lines: Vec<LineJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<CertificateJson<'a>>,
}

#[derive(Serialize)]
struct LineJson<'a> {
    file: Option<String>,
    line: Option<usize>,
    text: Option<String>,
    is_certain: bool,
    doubts: &'a [String],
    answer: Answer,
    demands: &'a [String],
    reasons: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mapped_by: Option<String>,
}

#[derive(Serialize)]
struct CertificateJson<'a> {
    file: &'a str,
    common_name: Option<&'a str>,
    distinguished_name: String,
    trust: Option<&'a str>,
    standing: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

impl<'a> CanLoginJson<'a> {
    /// What was found.
    pub(super) fn of(found: &'a CanLogin) -> Self {
        let CanLogin { login, reception, verdict, .. } = found;
        let (from, connection) = match login.way {
            Way::Socket => ("local".to_owned(), "socket"),
            Way::Plain(address) => (address.to_string(), "plain"),
            Way::Gss(address) => (address.to_string(), "gssenc"),
            Way::Tls(address) => (address.to_string(), "tls"),
        };
        Self {
            answer: verdict.answer,
            role: &login.role,
            database: match &login.database {
                Database::Named(name) => Some(name),
                Database::Replication => None,
            },
            from,
            connection,
            lines: verdict.candidates.iter().map(line_json).collect(),
            certificate: reception.as_ref().map(|reception| certificate_json(reception, login)),
        }
    }
}

fn line_json(candidate: &Candidate) -> LineJson<'_> {
    let Candidate { doubts, outcome, .. } = candidate;
    LineJson {
        file: candidate.place().map(|place| place.file.display().to_string()),
        line: candidate.place().map(|place| place.line),
        text: candidate.text(),
        is_certain: doubts.is_empty(),
        doubts,
        answer: outcome.answer,
        demands: &outcome.demands,
        reasons: &outcome.reasons,
        hint: outcome.hint.as_deref(),
        mapped_by: outcome.mapping.as_ref().map(ToString::to_string),
    }
}

fn certificate_json<'a>(reception: &'a Reception, login: &'a Login) -> CertificateJson<'a> {
    let (standing, why) = match &login.client {
        Client::Certificate(presented) => match &presented.standing {
            Standing::Accepted => ("accepted", None),
            Standing::Refused(why) => ("refused", Some(why.as_str())),
            Standing::Unknown(why) => ("cannot-tell", Some(why.as_str())),
            Standing::NotAskedFor => ("not-asked-for", None),
        },
        Client::Nothing | Client::NotTold => ("not-sent", None),
    };
    CertificateJson {
        file: &reception.file,
        common_name: reception.common_name.as_deref(),
        distinguished_name: reception.subject.rfc2253(),
        trust: reception.trust.as_deref(),
        standing,
        why,
    }
}
