//! What a server's `pg_hba.conf` and `pg_ident.conf` say of names in certificates, as the judge takes it.

use super::live::Disk;
use crate::diagnosis::Diagnosis;
use crate::settings::hba::{self, ClientCertificate, ClientName, HbaFile, HbaLine, Word};
use crate::settings::ident::{self, IdentLine};
use crate::settings::server::ServerSettings;
use crate::settings::{Place, SettingsError};
use crate::verify::{Logins, Mapping, NameLine, Refused, RoleWord};
use std::ffi::OsStr;
use std::path::Path;

/// What was read of them.
pub(super) struct Read {
    /// The first line that wants a certificate of a client, as `FILE:LINE`.
    pub(super) certificate_line: Option<String>,
    /// What names lead to; `None` where `pg_hba.conf` is not there or could not be read.
    pub(super) logins: Option<Logins>,
}

/// Reads both. A server with a broken `pg_hba.conf` does not start; its certificates can be judged all the same.
pub(super) fn read(settings: &ServerSettings) -> Read {
    let (version, hba_path) = (settings.version, &settings.hba_file.value.path);
    let mut logins = Logins { version, ..Logins::default() };
    let file = match hba::read(hba_path, version, &Disk) {
        Ok(file) => file,
        Err(error) => {
            logins.refused.extend(refused(&error, hba_path, true));
            let is_told = !logins.refused.is_empty();
            return Read { certificate_line: None, logins: is_told.then_some(logins) };
        }
    };
    logins.lines = file.lines.iter().filter(|line| compares(line)).map(name_line).collect();
    logins.named_maps = named_maps(&file);
    let path = &settings.ident_file.value.path;
    logins.ident_file = path.display().to_string();
    match ident::read(path, version, &Disk) {
        Ok(file) => logins.mappings = file.lines.iter().map(mapping).collect(),
        Err(error) => {
            logins.refused.extend(refused(&error, path, false));
            // What could not be read here, the server may read.
            logins.is_unread = logins.refused.is_empty() && !is_missing(&error);
        }
    }
    let certificate_line = file.needing_certificate().next().map(|line| line.place.to_string());
    Read { certificate_line, logins: Some(logins) }
}

/// The line that a server refuses, where it is a line that is at fault.
fn refused(error: &SettingsError, file: &Path, is_hba: bool) -> Option<Refused> {
    let is_line = match error {
        SettingsError::Unreadable { .. } => false,
        SettingsError::Missing { included_by, .. } => included_by.is_some(),
        _ => true,
    };
    is_line.then(|| Refused {
        is_hba,
        file: file.display().to_string(),
        fact: error.to_string(),
        detail: error.detail(),
        hint: error.hint(),
    })
}

fn is_missing(error: &SettingsError) -> bool {
    matches!(error, SettingsError::Missing { included_by: None, .. })
}

fn compares(line: &HbaLine) -> bool {
    line.client_certificate == ClientCertificate::VerifyFull
}

/// The map of a line; an empty one is none.
fn map(line: &HbaLine) -> Option<String> {
    line.map.as_deref().filter(|map| !map.is_empty()).map(text)
}

fn name_line(line: &HbaLine) -> NameLine {
    NameLine {
        place: line.place.to_string(),
        roles: line.roles.iter().map(role).collect(),
        is_whole_subject: line.client_name == ClientName::DistinguishedName,
        map: map(line),
    }
}

fn named_maps(file: &HbaFile) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (place, map) in file.lines.iter().filter_map(|line| Some((&line.place, map(line)?))) {
        if !found.iter().any(|(_, known)| *known == map) {
            found.push((Place::to_string(place), map));
        }
    }
    found
}

fn mapping(line: &IdentLine) -> Mapping {
    Mapping {
        place: line.place.to_string(),
        map: text(&line.map),
        system_user: text(&line.system_user.text),
        role: role(&line.role),
    }
}

fn role(word: &Word) -> RoleWord {
    RoleWord { text: text(&word.text), quoted: word.quoted }
}

fn text(text: &OsStr) -> String {
    text.to_string_lossy().into_owned()
}
