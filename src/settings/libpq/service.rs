//! Connection service files: parameters under a name (libpq-pgservice).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::Request;
use super::error::LibpqError;
use super::keyword::{Given, find};
use super::string::is_space;
use crate::settings::error::SettingsError;
use crate::settings::files::Files;
use crate::settings::setting::{Origin, Place, shown};

/// The longest line that libpq reads, in bytes and with its end.
const LINE_BYTES: usize = 1022;

/// Adds what the service says that was asked for, if one was; what the connection string gave stays.
pub(super) fn read(request: &Request<'_>, given: &mut Given, files: &dyn Files) -> Result<(), SettingsError> {
    let asked = given.value("service").or_else(|| request.variable("PGSERVICE")).map(OsStr::to_owned);
    let Some(service) = asked else {
        return Ok(());
    };
    let mut searched = Vec::new();
    let named = given.value("servicefile").or_else(|| request.variable("PGSERVICEFILE")).map(PathBuf::from);
    let own = request.home.map(|home| home.join(".pg_service.conf"));
    let shared = request.variable("PGSYSCONFDIR").map(Path::new).or(request.system_directory);
    let shared = shared.map(|directory| directory.join("pg_service.conf"));
    let must_exist = named.is_some();
    for path in [named.or(own), shared].into_iter().flatten() {
        let contents = files.read(&path).map_err(|source| SettingsError::Unreadable {
            path: path.clone(),
            included_by: None,
            source,
        })?;
        match contents {
            Some(contents) if read_section(&contents, &path, service.as_bytes(), given)? => return Ok(()),
            None if must_exist && searched.is_empty() => {
                return Err(LibpqError::ServiceFileMissing { path }.into());
            }
            _ => {}
        }
        searched.push(path);
    }
    Err(LibpqError::UnknownService { name: shown(service.as_bytes()), searched }.into())
}

/// Whether the file has the section, whose parameters are then taken.
fn read_section(contents: &[u8], path: &Path, service: &[u8], given: &mut Given) -> Result<bool, LibpqError> {
    let mut inside = false;
    for (number, line) in contents.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let place = Place { file: path.to_owned(), line: number + 1 };
        if line.len() > LINE_BYTES {
            return Err(LibpqError::ServiceLine { place, limit: LINE_BYTES });
        }
        // To libpq a line ends at a zero byte.
        let line = trim(line.split(|byte| *byte == 0).next().unwrap_or_default());
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        if let Some(header) = line.strip_prefix(b"[") {
            if inside {
                return Ok(true);
            }
            inside = header.strip_prefix(service).is_some_and(|rest| rest.starts_with(b"]"));
        } else if inside {
            read_parameter(line, place, service, given)?;
        }
    }
    Ok(inside)
}

fn read_parameter(line: &[u8], place: Place, service: &[u8], given: &mut Given) -> Result<(), LibpqError> {
    if line.starts_with(b"ldap") {
        return Err(LibpqError::ServiceLdap { place });
    }
    let equals = line.iter().position(|byte| *byte == b'=');
    let Some((name, value)) = equals.map(|at| (&line[..at], &line[at + 1..])) else {
        return Err(LibpqError::ServiceSyntax { place });
    };
    if name == b"service" || name == b"servicefile" {
        return Err(LibpqError::ServiceNested { place });
    }
    let keyword = find(name).ok_or_else(|| LibpqError::ServiceSyntax { place: place.clone() })?;
    given.put_if_absent(keyword, value, Origin::Service { name: shown(service), place });
    Ok(())
}

fn trim(line: &[u8]) -> &[u8] {
    let start = line.iter().position(|byte| !is_space(*byte)).unwrap_or(line.len());
    let end = line.iter().rposition(|byte| !is_space(*byte)).map_or(start, |last| last + 1);
    &line[start..end]
}
