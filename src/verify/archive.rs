//! PKCS#12 archives: what is in them is judged like PEM; what is their own is whether they open, and whether pgJDBC finds
//! the key, which alone of all clients reads them.

use super::exhibit::{Archive, Exhibit, Known};
use super::report::Finding;
use super::roles::Roles;
use super::rules::Rule;
use super::scene::{Identity, Scene};
use super::severity::Severity;
use crate::keys::{LockReason, Pkcs12, Pkcs12Certificate, Pkcs12Error};
use crate::x509::Certificate;
use std::sync::Arc;

/// The file endings by which pgJDBC knows an archive; case counts (LibPQFactory).
const ENDINGS: [&str; 2] = [".p12", ".pfx"];

/// The one alias that pgJDBC asks for (PKCS12KeyManager); Java compares aliases of PKCS#12 without case.
const ALIAS: &str = "user";

/// Whether a name promises an archive.
pub(super) fn is_archive_by_name(name: &str) -> bool {
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

impl Exhibit {
    /// Reads an archive. As its order says nothing, the key's certificate comes first, then whoever signed it.
    pub(super) fn read_archive(&mut self, der: &[u8], passphrase: Option<&[u8]>, known: &mut Known) {
        let archive = match Pkcs12::read(der, passphrase) {
            Ok(archive) => archive,
            Err(error) => return self.unopened(error),
        };
        let first = archive.keys.first();
        self.archive = Some(Archive {
            alias: first.and_then(|first| first.alias.clone()),
            lacks_password: archive.lacks_password,
        });
        let id = first.and_then(|first| first.id.as_ref());
        let is_keys_own = |held: &Pkcs12Certificate| id.is_some() && held.id.as_ref() == id;
        let (own, others): (Vec<_>, Vec<_>) = archive.certificates.into_iter().partition(is_keys_own);
        let mut read = Vec::new();
        for held in own.into_iter().chain(others) {
            match known.certificate(&held.der) {
                Ok(certificate) => read.push(certificate),
                Err(error) => {
                    let fact = "a certificate in it cannot be read";
                    let finding = Finding::new(Rule::BlockUnreadable, &self.name, fact);
                    self.findings.push(finding.detail(format!("{error}.")));
                }
            }
        }
        self.certificates = in_order(read);
        self.keys = archive.keys.into_iter().map(|held| held.key).collect();
    }

    fn unopened(&mut self, error: Pkcs12Error) {
        let locked = |fact| Finding::new(Rule::Pkcs12Locked, &self.name, fact);
        let nothing = "Nothing of what is in it could be judged.";
        let finding = match error {
            Pkcs12Error::Damaged => {
                let fact = "it cannot be read as the PKCS#12 archive that it begins as";
                Finding::new(Rule::BlockUnreadable, &self.name, fact)
            }
            Pkcs12Error::Locked(LockReason::NoPassphrase) => {
                let hint = "Give its password: --passphrase-file FILE.";
                locked("it is under a password").detail(nothing).hint(hint)
            }
            Pkcs12Error::Locked(LockReason::WrongPassphrase) => {
                locked("the password that was given does not open it")
                    .detail(nothing)
                    .severity(Severity::Error)
            }
            Pkcs12Error::Locked(LockReason::Unsupported) => {
                locked("it is encrypted in a way that is not read here").detail(nothing)
            }
        };
        self.findings.push(finding);
    }
}

/// The first certificate, then each one's issuer, then the rest, each once.
fn in_order(read: Vec<Arc<Certificate>>) -> Vec<Arc<Certificate>> {
    let mut certificates: Vec<Arc<Certificate>> = Vec::new();
    for certificate in read {
        if !certificates.iter().any(|known| known.der == certificate.der) {
            certificates.push(certificate);
        }
    }
    let mut ordered: Vec<Arc<Certificate>> = Vec::new();
    let mut next = (!certificates.is_empty()).then_some(0);
    while let Some(at) = next {
        let certificate = certificates.remove(at);
        next = certificates.iter().position(|other| other.may_have_issued(&certificate));
        ordered.push(certificate);
    }
    ordered.extend(certificates);
    ordered
}

/// Archives where somebody reads PEM, and what pgJDBC wants of one.
pub(super) fn judge(scene: &Scene<'_>, roles: &Roles, found: &mut Vec<Finding>) {
    let named = |exhibit: &&Exhibit| roles.files().any(|file| file == exhibit.name) && exhibit.is_archive();
    for exhibit in scene.exhibits.iter().filter(named) {
        let fact = "it is PKCS#12, which neither the server nor libpq reads";
        let detail = "Both read PEM alone: no start line. Of PostgreSQL's clients, pgJDBC reads it.";
        let hint = format!("Take it apart: openssl pkcs12 -in {} -nodes -out NEW.pem.", exhibit.name);
        found.push(Finding::new(Rule::Pkcs12NotRead, &exhibit.name, fact).detail(detail).hint(hint));
    }
    for identity in &scene.identities {
        if let Some(archive) = identity.exhibit.archive.as_ref().filter(|_| !identity.exhibit.keys.is_empty())
        {
            of_jdbc(identity, archive, found);
        }
    }
}

fn of_jdbc(identity: &Identity<'_>, archive: &Archive, found: &mut Vec<Finding>) {
    let file = identity.exhibit.name.as_str();
    if archive.lacks_password {
        let fact = "it has no password: pgJDBC refuses it, and whoever has it has the key";
        found.push(Finding::new(Rule::Pkcs12NoPassword, file, fact).hint("Export it with a password."));
    }
    if !identity.logs_in {
        return;
    }
    let silent =
        "pgJDBC then sends no certificate, and says nothing: connection requires a valid client certificate.";
    let alias = archive.alias.as_deref();
    if !alias.is_some_and(|alias| alias.eq_ignore_ascii_case(ALIAS)) {
        let fact = match alias {
            Some(alias) => format!("its key has the alias \"{alias}\", and pgJDBC asks for \"{ALIAS}\""),
            None => format!("its key has no alias, and pgJDBC asks for \"{ALIAS}\""),
        };
        let hint = format!("Export it with openssl pkcs12 -export -name {ALIAS}.");
        found.push(Finding::new(Rule::Pkcs12Alias, file, fact).detail(silent).hint(hint));
    }
    if !is_archive_by_name(file) && !identity.exhibit.is_piped() {
        let fact = "its name ends neither in .p12 nor in .pfx, by which pgJDBC knows PKCS#12";
        found.push(Finding::new(Rule::Pkcs12Ending, file, fact).detail(silent).hint("Rename it."));
    }
}
