//! Who is meant by a name: a stem first, then a common name. Never a CA.

use super::{ExportError, Party};
use std::path::Path;

/// A certificate of a directory, as far as a name can mean it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its file.
    pub file: String,
    /// Its first common name.
    pub common_name: Option<String>,
    /// Whether it is a server's.
    pub serves: bool,
    /// Whether it is a client's.
    pub logs_in: bool,
    /// Whether its key signs certificates that somebody trusts, or is there to.
    pub is_authority: bool,
    /// Its exact bytes: one certificate may lie in several files.
    pub der: Vec<u8>,
}

impl Candidate {
    /// The name of its file without the last ending.
    #[must_use]
    pub fn stem(&self) -> &str {
        self.file.rsplit_once('.').map_or(self.file.as_str(), |(stem, _)| stem)
    }

    fn is_of(&self, party: Party) -> bool {
        match party {
            Party::Server => self.serves,
            Party::Client => self.logs_in,
        }
    }
}

/// Finds the one that is meant. Without a name it is the stem `server` or `client`, or else the only one of its party.
///
/// `alice` means `alice.crt`, then `client.alice.crt`, then `node.alice.crt`, then whose common name is `alice`.
///
/// # Errors
/// [`ExportError::Authority`], [`ExportError::OtherParty`], [`ExportError::Ambiguous`] or [`ExportError::Unknown`];
/// `place` is what they call the directory.
pub fn choose<'c>(
    candidates: &'c [Candidate],
    party: Party,
    name: Option<&str>,
    place: &str,
) -> Result<&'c Candidate, ExportError> {
    let usual = party.to_string();
    let word = name.unwrap_or(&usual);
    let file = without_place(word, place);
    let bare = [".crt", ".pem", ".key"].into_iter().find_map(|ending| file.strip_suffix(ending));
    let bare = bare.unwrap_or(file);
    let mut met: Vec<&Candidate> = Vec::new();
    // A whole file's name means that file, whatever else has its stem.
    if let Some(one) = candidates.iter().find(|it| it.file == file) {
        if it_fits(one, party) {
            return Ok(one);
        }
        met.push(one);
    }
    for stem in [bare.to_owned(), format!("{party}.{bare}"), format!("node.{bare}")] {
        let named = || candidates.iter().filter(|candidate| candidate.stem() == stem);
        let fitting: Vec<&Candidate> = named().filter(|it| it_fits(it, party)).collect();
        if let Some(one) = single(fitting, word)? {
            return Ok(one);
        }
        met.extend(named());
    }
    let named = || candidates.iter().filter(|candidate| candidate.common_name.as_deref() == Some(word));
    if met.is_empty() {
        let fitting: Vec<&Candidate> = named().filter(|it| it_fits(it, party)).collect();
        if let Some(one) = single(fitting, word)? {
            return Ok(one);
        }
        met.extend(named());
    }
    let others = || candidates.iter().filter(|it| it_fits(it, party));
    if name.is_none()
        && met.is_empty()
        && let Some(one) = single(others().collect(), word)?
    {
        return Ok(one);
    }
    Err(match met.first() {
        Some(other) if other.is_authority => ExportError::Authority { file: shown(place, &other.file) },
        Some(other) => {
            ExportError::OtherParty { file: shown(place, &other.file), name: other.stem().to_owned(), party }
        }
        None => ExportError::Unknown {
            name: word.to_owned(),
            party,
            place: place.to_owned(),
            known: others().map(|it| it.stem().to_owned()).collect(),
        },
    })
}

fn it_fits(candidate: &Candidate, party: Party) -> bool {
    candidate.is_of(party) && !candidate.is_authority
}

/// As a shell completes it, a file is typed with its directory.
fn without_place<'w>(word: &'w str, place: &str) -> &'w str {
    let word = word.trim_start_matches("./");
    let place = place.trim_start_matches("./").trim_end_matches('/');
    word.strip_prefix(place).and_then(|rest| rest.strip_prefix('/')).unwrap_or(word)
}

/// The only one of them; `None` where there is none. Copies of one certificate are one, the first of them.
fn single<'c>(found: Vec<&'c Candidate>, word: &str) -> Result<Option<&'c Candidate>, ExportError> {
    let Some(first) = found.first().copied() else { return Ok(None) };
    if found.iter().all(|other| other.der == first.der) {
        return Ok(Some(first));
    }
    let files = found.into_iter().map(|other| other.file.clone()).collect();
    Err(ExportError::Ambiguous { name: word.to_owned(), files })
}

/// A file of the directory as the user would name it.
fn shown(place: &str, file: &str) -> String {
    match place {
        "." => file.to_owned(),
        place => Path::new(place).join(file).display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates() -> Vec<Candidate> {
        let made = [
            ("client.alice.crt", "boss", (false, true)),
            ("client.crt", "app", (false, true)),
            ("client.old.crt", "app", (false, true)),
            ("node.n1.crt", "n1", (true, true)),
            ("root.crt", "root.test", (false, false)),
            ("server.crt", "db1.test", (true, false)),
            ("server.db2.crt", "alice", (true, false)),
        ];
        let candidate =
            |(at, (file, name, (serves, logs_in))): (usize, &(&str, &str, (bool, bool)))| Candidate {
                file: (*file).to_owned(),
                common_name: Some((*name).to_owned()),
                serves: *serves,
                logs_in: *logs_in,
                is_authority: !serves && !logs_in,
                der: vec![at as u8],
            };
        made.iter().enumerate().map(candidate).collect()
    }

    fn chosen(party: Party, name: Option<&str>) -> String {
        match choose(&candidates(), party, name, "pki") {
            Ok(candidate) => candidate.file.clone(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_name_is_a_stem_first_and_a_common_name_only_then() {
        for (party, name, expected) in [
            (Party::Server, None, "server.crt"),
            (Party::Client, None, "client.crt"),
            (Party::Client, Some("alice"), "client.alice.crt"),
            (Party::Server, Some("alice"), "server.db2.crt"),
            (Party::Client, Some("client.alice"), "client.alice.crt"),
            (Party::Client, Some("pki/client.alice.crt"), "client.alice.crt"),
            (Party::Client, Some("./pki/client.alice.crt"), "client.alice.crt"),
            (Party::Client, Some("./client.alice.key"), "client.alice.crt"),
            (Party::Client, Some("boss"), "client.alice.crt"),
            (Party::Server, Some("db2"), "server.db2.crt"),
            (Party::Server, Some("db1.test"), "server.crt"),
            (Party::Server, Some("n1"), "node.n1.crt"),
            (Party::Client, Some("n1"), "node.n1.crt"),
        ] {
            assert_eq!(chosen(party, name), expected, "{party} {name:?}");
        }
    }

    #[test]
    fn what_is_nobodys_or_several_ones_or_a_cas_is_refused_by_name() {
        for (party, name, expected) in [
            (Party::Client, "app", r#"several certificates are meant by "app""#),
            (Party::Server, "root", r#"the key of "pki/root.crt" is a CA's, and never exported"#),
            (Party::Client, "root.test", r#"the key of "pki/root.crt" is a CA's, and never exported"#),
            (Party::Server, "client", r#""pki/client.crt" is not a server's"#),
            (Party::Client, "db1.test", r#""pki/server.crt" is not a client's"#),
            (Party::Client, "bob", r#"no client "bob" in "pki""#),
        ] {
            assert_eq!(chosen(party, Some(name)), expected, "{party} {name}");
        }
    }

    #[test]
    fn of_two_files_of_one_stem_each_is_meant_by_its_whole_name() {
        let pem = candidates().into_iter().filter(|it| it.file == "client.crt");
        let pem = pem.map(|it| Candidate { file: "client.pem".to_owned(), der: vec![9], ..it });
        let all: Vec<Candidate> = candidates().into_iter().chain(pem).collect();
        let chosen = |name: &str| choose(&all, Party::Client, Some(name), "pki").map(|it| it.file.as_str());
        for name in ["client.crt", "client.pem"] {
            assert_eq!(chosen(name).ok(), Some(name));
            assert_eq!(chosen(&format!("pki/{name}")).ok(), Some(name));
        }
        assert!(matches!(chosen("client"), Err(ExportError::Ambiguous { .. })));
        assert!(matches!(chosen("server.crt"), Err(ExportError::OtherParty { .. })));
    }

    #[test]
    fn without_a_name_the_only_one_of_its_party_is_meant() {
        let renamed = |file: &str| {
            let all = candidates().into_iter().filter(|it| it.file == "server.crt");
            all.map(|it| Candidate { file: file.to_owned(), ..it }).collect::<Vec<_>>()
        };
        let mut all = renamed("tls.crt");
        assert_eq!(choose(&all, Party::Server, None, ".").map(|it| it.file.as_str()).ok(), Some("tls.crt"));
        // A copy is the same one; another is not.
        all.extend(renamed("copy.crt"));
        assert!(choose(&all, Party::Server, None, ".").is_ok());
        all.extend(renamed("other.crt").into_iter().map(|it| Candidate { der: vec![9], ..it }));
        assert!(matches!(choose(&all, Party::Server, None, "."), Err(ExportError::Ambiguous { .. })));
    }
}
