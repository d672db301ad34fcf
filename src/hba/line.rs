//! A line of `pg_hba.conf` as text, from what was read of it.

use super::network::length;
use crate::settings::hba::{Address, ClientCertificate, ClientName, HbaLine, Method, Word};
use std::os::unix::ffi::OsStrExt as _;

/// The line, without its options that are about neither certificates nor maps.
pub(super) fn text(line: &HbaLine) -> String {
    let mut fields = vec![line.connection.to_string(), words(&line.databases), words(&line.roles)];
    fields.extend(line.address.as_ref().map(address));
    fields.push(line.method.to_string());
    match line.client_certificate {
        ClientCertificate::VerifyCa => fields.push("clientcert=verify-ca".to_owned()),
        ClientCertificate::VerifyFull if line.method != Method::Cert => {
            fields.push("clientcert=verify-full".to_owned());
        }
        ClientCertificate::VerifyFull | ClientCertificate::Optional => {}
    }
    if line.client_name == ClientName::DistinguishedName {
        fields.push("clientname=DN".to_owned());
    }
    fields.extend(line.map.as_ref().map(|map| quoted(&format!("map={}", map.to_string_lossy()), false)));
    fields.join(" ")
}

fn words(words: &[Word]) -> String {
    words.iter().map(word).collect::<Vec<_>>().join(",")
}

/// A word, in quotes where it had some or needs some.
pub(super) fn word(word: &Word) -> String {
    quoted(&String::from_utf8_lossy(word.text.as_bytes()), word.quoted)
}

fn quoted(text: &str, is_quoted: bool) -> String {
    let needs = text.is_empty() || text.contains([' ', '\t', ',', '#', '"']);
    if is_quoted || needs { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn address(address: &Address) -> String {
    match address {
        Address::All => "all".to_owned(),
        Address::SameHost => "samehost".to_owned(),
        Address::SameNet => "samenet".to_owned(),
        Address::Network { address, mask } => match length(*mask) {
            Some(length) => format!("{address}/{length}"),
            None => format!("{address} {mask}"),
        },
        Address::Name(name) => quoted(&name.to_string_lossy(), false),
    }
}
