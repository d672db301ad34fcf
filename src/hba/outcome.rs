//! What comes of the line that decides: what it demands, and whether the client has it (`ClientAuthentication`,
//! `CheckCertAuth`, auth.c).

use super::maps::{Mapped, Maps, mapped};
use super::{Answer, Client, Database, Login, Presented, Standing, Way};
use crate::settings::Place;
use crate::settings::hba::{ClientCertificate, ClientName, HbaLine, Method};

/// What a line demands, and what comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The answer.
    pub answer: Answer,
    /// What the line demands, in words; empty where nothing.
    pub demands: Vec<String>,
    /// Why the answer is no, or what would have to be known: facts in lower case.
    pub reasons: Vec<String>,
    /// How to get another answer, where there is a way that does not weaken anything.
    pub hint: Option<String>,
    /// The line of `pg_ident.conf` that leads from the client's name to the role.
    pub mapping: Option<Place>,
}

impl Outcome {
    fn new() -> Self {
        Self { answer: Answer::Yes, demands: Vec::new(), reasons: Vec::new(), hint: None, mapping: None }
    }

    fn no(&mut self, reason: impl Into<String>) {
        // What was doubtful before is of no account.
        if self.answer == Answer::CannotTell {
            self.reasons.clear();
        }
        self.answer = Answer::No;
        self.reasons.push(reason.into());
    }

    fn cannot_tell(&mut self, reasons: impl IntoIterator<Item = String>) {
        if self.answer != Answer::No {
            self.answer = Answer::CannotTell;
            self.reasons.extend(reasons);
        }
    }
}

/// What comes of a line, where it is the one that decides.
pub(super) fn of(line: &HbaLine, maps: &Maps, login: &Login) -> Outcome {
    let mut outcome = Outcome::new();
    // A certificate that is sent is looked at before any line is.
    handshake(login, &mut outcome);
    let shown = certificate(line, login, &mut outcome);
    method(line, maps, login, &mut outcome);
    if let Some(presented) = shown.filter(|_| line.client_certificate == ClientCertificate::VerifyFull) {
        name(line, presented, maps, login, &mut outcome);
    }
    outcome
}

/// What comes of a login for which there is no line.
pub(super) fn no_line(login: &Login) -> Outcome {
    let mut outcome = Outcome::new();
    handshake(login, &mut outcome);
    let of = match &login.database {
        Database::Named(name) => format!("database \"{name}\""),
        Database::Replication => "replication".to_owned(),
    };
    let how = match login.way {
        Way::Socket => "through a socket".to_owned(),
        Way::Plain(address) => format!("from {address} without encryption"),
        Way::Gss(address) => format!("from {address} with GSSAPI encryption"),
        Way::Tls(address) => format!("from {address} over TLS"),
    };
    outcome.no(format!("no line of pg_hba.conf is for role \"{}\", {of}, {how}", login.role));
    outcome
}

fn handshake(login: &Login, outcome: &mut Outcome) {
    if login.lacks_tls && matches!(login.way, Way::Tls(_)) {
        outcome.no("the server speaks no TLS: ssl is off");
        outcome.hint = Some("Set ssl = on, and reload.".to_owned());
    }
    let (Way::Tls(_), Client::Certificate(Presented { standing, .. })) = (login.way, &login.client) else {
        return;
    };
    match standing {
        Standing::Accepted | Standing::NotAskedFor => {}
        Standing::Refused(why) => {
            outcome.no(format!("the server refuses the certificate, whatever pg_hba.conf says: {why}"));
        }
        Standing::Unknown(why) => outcome.cannot_tell([why.clone()]),
    }
}

/// The certificate that a line demands, where the client shows one.
fn certificate<'l>(line: &HbaLine, login: &'l Login, outcome: &mut Outcome) -> Option<&'l Presented> {
    if !line.needs_certificate() {
        return None;
    }
    let named = match line.client_name {
        ClientName::CommonName => "whose common name",
        ClientName::DistinguishedName => "whose subject",
    };
    let leads = match line.map.as_ref().filter(|map| !map.is_empty()) {
        Some(map) => format!(" leads to the role by the map \"{}\"", map.to_string_lossy()),
        None => " is the role's".to_owned(),
    };
    outcome.demands.push(match line.client_certificate {
        ClientCertificate::VerifyFull => format!("a certificate that the server accepts, {named}{leads}"),
        _ => "a certificate that the server accepts".to_owned(),
    });
    match &login.client {
        Client::Nothing => {
            outcome.no("no certificate is sent: connection requires a valid client certificate");
            outcome.hint = Some("Name the client's certificate with --client-cert.".to_owned());
            None
        }
        Client::NotTold => {
            outcome.cannot_tell(["which of several certificates is sent".to_owned()]);
            outcome.hint = Some("Name the client's certificate with --client-cert.".to_owned());
            None
        }
        Client::Certificate(Presented { standing: Standing::NotAskedFor, .. }) => {
            outcome.no("the server has no ssl_ca_file, and can check no certificate");
            outcome.hint = Some("Set ssl_ca_file, and reload.".to_owned());
            None
        }
        Client::Certificate(presented) => Some(presented),
    }
}

fn method(line: &HbaLine, maps: &Maps, login: &Login, outcome: &mut Outcome) {
    let elsewhere = match line.method {
        Method::Trust | Method::Cert => return,
        Method::Reject => return outcome.no("the line rejects whom it is for"),
        Method::Password | Method::Md5 | Method::ScramSha256 => {
            return outcome.demands.push(format!("the role's password ({})", line.method));
        }
        Method::Peer => return account(line, "the client's account on this machine", maps, login, outcome),
        Method::Ident => {
            return account(line, "the account that the client's ident server tells", maps, login, outcome);
        }
        Method::Gss => "a Kerberos ticket, which the realm decides",
        Method::Sspi => "a Windows account, which its domain decides",
        Method::Ldap => "a password, which a directory service decides",
        Method::Radius => "a password, which a RADIUS server decides",
        Method::Pam => "what PAM asks for, which the server's machine decides",
        Method::Bsd => "what BSD Authentication asks for, which the server's machine decides",
        Method::Oauth => "a token, which its issuer and a validator decide",
    };
    let asked = elsewhere.split(',').next().unwrap_or(elsewhere);
    outcome.demands.push(format!("{asked} ({})", line.method));
    outcome.cannot_tell([elsewhere.to_owned()]);
}

/// `peer` and `ident`: the name of an account instead of one in a certificate.
fn account(line: &HbaLine, what: &str, maps: &Maps, login: &Login, outcome: &mut Outcome) {
    outcome.demands.push(format!("{what} ({})", line.method));
    match &login.account {
        Some(account) => {
            let said = mapped(line.map.as_deref(), account, what, maps, login);
            say(said, outcome);
        }
        None => {
            outcome.cannot_tell([what.to_owned()]);
            outcome.hint = Some("Give its name with --account.".to_owned());
        }
    }
}

fn name(line: &HbaLine, presented: &Presented, maps: &Maps, login: &Login, outcome: &mut Outcome) {
    let (name, whose) = match line.client_name {
        ClientName::CommonName => (presented.common_name.as_deref(), "the certificate's common name"),
        ClientName::DistinguishedName => {
            (Some(presented.distinguished_name.as_str()), "the certificate's subject")
        }
    };
    match name.filter(|name| !name.is_empty()) {
        Some(name) => say(mapped(line.map.as_deref(), name, whose, maps, login), outcome),
        None => outcome.no("the certificate has no such name: client certificate contains no user name"),
    }
}

fn say(said: Mapped, outcome: &mut Outcome) {
    match said {
        Mapped::Yes(place) => outcome.mapping = place.or(outcome.mapping.take()),
        Mapped::No(why) => outcome.no(why),
        Mapped::Unknown(why) => outcome.cannot_tell(why),
    }
}
