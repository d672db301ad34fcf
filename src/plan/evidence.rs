//! What a certificate that calls itself a CA is, where it does not say that its key signs certificates: `openssl req -x509`
//! writes CA:TRUE into everything that it makes, into the servers and clients of the guide as into real CAs.

use crate::pg::{certificate_file, rotated_stem, sides_of_name};
use crate::state::State;
use crate::x509::{Certificate, KeyUsage};

/// Names that say of a file that a CA is in it, whatever that says of itself.
const CA_STEMS: [&str; 3] = ["root", "intermediate", "ca"];
/// Words that say it of a file or of a common name.
const CA_WORDS: [&str; 6] = ["ca", "root", "intermediate", "issuing", "authority", "cacert"];

/// Whether a stem is one of those that CAs have.
pub(super) fn is_ca_stem(stem: &str) -> bool {
    CA_STEMS.contains(&rotated_stem(stem).unwrap_or(stem))
}

/// What is known of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evidence {
    /// It is a CA.
    Ca,
    /// It is no CA, or calls itself one and is a server or client.
    EndEntity,
    /// Nothing but its own word that it is a CA.
    ItsWord,
}

/// What there is to know of a certificate; `stem` is that of a file that has it.
pub(super) fn evidence(certificate: &Certificate, stem: Option<&str>, state: &State) -> Evidence {
    if certificate.ca != Some(true) {
        return Evidence::EndEntity;
    }
    let usage = certificate.key_usage.as_ref();
    let mut others = state.certificates.values().flatten().filter(|other| other.der != certificate.der);
    if usage.is_some_and(|usage| usage.contains(&KeyUsage::KeyCertSign))
        || stem.is_some_and(is_ca_stem)
        || stem.and_then(rotated_stem).is_some_and(|own| is_called_one(own, state))
        || others.any(|other| certificate.may_have_issued(other))
    {
        return Evidence::Ca;
    }
    if usage.is_some() {
        return Evidence::EndEntity;
    }
    let heads = state.certificates.iter().filter(|(_, list)| list.first() == Some(certificate));
    let stems: Vec<&str> = heads.filter_map(|(file, _)| file.strip_suffix(".crt")).collect();
    if stems.iter().any(|stem| is_called_ca(stem))
        || certificate.subject.common_names().any(|name| is_called_ca(&name))
    {
        return Evidence::Ca;
    }
    let is_pair = |stem: &&str| sides_of_name(stem) != (false, false);
    let names_hosts = certificate.has_extended_key_usage || certificate.has_subject_alt_names;
    if names_hosts || stems.iter().any(is_pair) { Evidence::EndEntity } else { Evidence::ItsWord }
}

/// Whether the certificate of a stem calls itself a CA: the one that is rotated for it signs nothing yet, or nothing more.
fn is_called_one(stem: &str, state: &State) -> bool {
    state.certificate(stem).is_some_and(|certificate| certificate.ca == Some(true))
}

/// Whether a word of a name is one of a CA's: `client-ca`, `pg_client_ca`, `rootCA`, `Corp Root`. A dot parts no words, for
/// `db1.example.ca` is a host.
fn is_called_ca(name: &str) -> bool {
    let mut text = String::new();
    let mut was_lower = false;
    for letter in name.chars() {
        if letter.is_uppercase() && was_lower {
            text.push(' ');
        }
        was_lower = letter.is_lowercase();
        text.extend(letter.to_lowercase());
    }
    let mut words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '.');
    words.any(|word| CA_WORDS.contains(&word))
}

/// Whether nothing but its own word says that a CA is one, and somebody may know it better.
pub(super) fn has_its_word_alone(certificate: &Certificate, stem: &str, state: &State) -> bool {
    let is_first = state.certificates.get(&certificate_file(stem)).and_then(|list| list.first());
    is_first == Some(certificate) && evidence(certificate, Some(stem), state) == Evidence::ItsWord
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_tell_a_ca_and_a_host_in_canada_is_none() {
        for name in ["client-ca", "pg_client_ca", "rootCA", "Corp Root", "X CA", "ca", "server ca 2"] {
            assert!(is_called_ca(name), "{name}");
        }
        for name in ["db1.example.ca", "client", "alice", "carol", "canada", "postgresql"] {
            assert!(!is_called_ca(name), "{name}");
        }
    }
}
