//! What the fields of a line mean: `parse_hba_line` of hba.c.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::address::{self, Address, Field};
use super::option;
use super::problem::HbaProblem;
use super::token::{Row, Token};
use super::{ClientCertificate, ClientName, Connection, HbaLine, Method, Word, before};
use crate::settings::error::SettingsError;
use crate::settings::setting::{Place, shown};
use std::vec;

pub(super) fn parse(row: Row, version: Option<u32>) -> Result<HbaLine, SettingsError> {
    let place = row.place.clone();
    let mut fields = Fields { left: row.fields.into_iter(), column: 1, end: row.end };
    let line = parse_fields(&mut fields, row.place, version);
    line.map_err(|problem| SettingsError::Hba { place, column: fields.column, problem })
}

/// The fields of a line, and where the one stands that was looked at last.
struct Fields {
    left: vec::IntoIter<Vec<Token>>,
    column: usize,
    end: usize,
}

impl Fields {
    /// The next field as words.
    fn next(&mut self) -> Option<Vec<Word>> {
        let field = self.left.next();
        self.column = field.as_ref().and_then(|field| field.first()).map_or(self.end, |token| token.column);
        Some(field?.into_iter().map(|token| token.word).collect())
    }

    /// The only word of the next field.
    fn single(&mut self, what: &'static str) -> Result<Word, HbaProblem> {
        let mut words = self.next().ok_or(HbaProblem::EndOfLine { before: what })?.into_iter();
        match (words.next(), words.next()) {
            (Some(word), None) => Ok(word),
            _ => Err(HbaProblem::Several { what }),
        }
    }
}

fn parse_fields(fields: &mut Fields, place: Place, version: Option<u32>) -> Result<HbaLine, HbaProblem> {
    let word = fields.single("connection type")?;
    let connection = Connection::from_word(word.text.as_bytes())
        .ok_or_else(|| HbaProblem::Connection { found: shown(word.text.as_bytes()) })?;
    let databases = fields.next().ok_or(HbaProblem::EndOfLine { before: "database specification" })?;
    let roles = fields.next().ok_or(HbaProblem::EndOfLine { before: "role specification" })?;
    let address = match connection {
        Connection::Local => None,
        _ => Some(parse_address(fields)?),
    };
    let method = parse_method(fields.single("authentication method")?, connection, version)?;
    let method_column = fields.column;
    let mut line = HbaLine {
        place,
        connection,
        databases,
        roles,
        address,
        method,
        client_certificate: ClientCertificate::Optional,
        client_name: ClientName::CommonName,
        map: None,
    };
    let mut given = Vec::new();
    for option in fields.left.by_ref().flatten() {
        fields.column = option.column;
        given.extend(parse_option(&mut line, &option.word, version)?);
    }
    // What is missing is the method's.
    fields.column = method_column;
    option::check(method, &given)?;
    if method == Method::Cert {
        line.client_certificate = ClientCertificate::VerifyFull;
    }
    Ok(line)
}

fn parse_address(fields: &mut Fields) -> Result<Address, HbaProblem> {
    let word = fields.single("IP address specification")?;
    match address::parse(&word)? {
        Field::Whole(address) => Ok(address),
        Field::NeedsMask(address) => address::with_mask(address, &fields.single("netmask specification")?),
    }
}

fn parse_method(word: Word, connection: Connection, version: Option<u32>) -> Result<Method, HbaProblem> {
    let method = Method::from_word(word.text.as_bytes())
        .filter(|method| *method != Method::Oauth || !before(version, 18))
        .ok_or_else(|| HbaProblem::Method { found: shown(word.text.as_bytes()) })?;
    let only = |on: &'static str| Err(HbaProblem::MethodOnly { method, on });
    match (method, connection) {
        (Method::Ident, Connection::Local) => Ok(Method::Peer),
        (Method::Gss, Connection::Local) => only("TCP/IP connections"),
        (Method::Peer, Connection::Local) => Ok(method),
        (Method::Peer, _) => only("local sockets"),
        (Method::Cert, Connection::HostSsl) => Ok(method),
        (Method::Cert, _) => only("hostssl connections"),
        _ => Ok(method),
    }
}

/// Takes an option; the name of one that says nothing about certificates.
fn parse_option(
    line: &mut HbaLine,
    option: &Word,
    version: Option<u32>,
) -> Result<Option<&'static str>, HbaProblem> {
    let text = option.text.as_bytes();
    let Some(equals) = text.iter().position(|byte| *byte == b'=') else {
        return Err(HbaProblem::OptionForm { found: shown(text) });
    };
    let (name, value) = (&text[..equals], &text[equals + 1..]);
    match name {
        b"map" => {
            let by_name =
                [Method::Ident, Method::Peer, Method::Gss, Method::Sspi, Method::Cert, Method::Oauth];
            if !by_name.contains(&line.method) {
                let methods = option::methods_with_map(version);
                return Err(HbaProblem::OptionMethods { option: "map", methods });
            }
            line.map = Some(OsString::from_vec(value.to_vec()));
        }
        b"clientcert" => {
            needs_tls(line, "clientcert")?;
            line.client_certificate = client_certificate(value, line.method, version)?;
        }
        b"clientname" if !before(version, 14) => {
            needs_tls(line, "clientname")?;
            line.client_name = match value {
                b"CN" => ClientName::CommonName,
                b"DN" => ClientName::DistinguishedName,
                _ => return Err(HbaProblem::ClientName { found: shown(value) }),
            };
        }
        _ => {
            let taken = option::take(name, line.method, version)?;
            // Which options there are depends on the validator, and on a version that is still to come.
            if taken.is_none() && line.method != Method::Oauth {
                return Err(HbaProblem::OptionName { found: shown(name) });
            }
            return Ok(taken);
        }
    }
    Ok(None)
}

fn needs_tls(line: &HbaLine, option: &'static str) -> Result<(), HbaProblem> {
    match line.connection {
        Connection::HostSsl => Ok(()),
        _ => Err(HbaProblem::OptionWithoutTls { option }),
    }
}

fn client_certificate(
    value: &[u8],
    method: Method,
    version: Option<u32>,
) -> Result<ClientCertificate, HbaProblem> {
    let (old, cert) = (before(version, 14), method == Method::Cert);
    match value {
        b"verify-full" => Ok(ClientCertificate::VerifyFull),
        b"verify-ca" if !cert || old => Ok(ClientCertificate::VerifyCa),
        b"1" if old => Ok(ClientCertificate::VerifyCa),
        b"0" | b"no-verify" if old && !cert => Ok(ClientCertificate::Optional),
        b"verify-ca" => Err(HbaProblem::CertNeedsFull { found: shown(value) }),
        b"0" | b"no-verify" if old => Err(HbaProblem::CertNeedsFull { found: shown(value) }),
        _ => Err(HbaProblem::ClientCertificate { found: shown(value) }),
    }
}
