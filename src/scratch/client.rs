//! PostgreSQL's client programs, run so that nothing of the caller's environment gets in.

use std::path::Path;
use std::process::{Command, Stdio};

use super::error::ScratchError;
use super::home::clean_environment;

/// What a client program said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientOutcome {
    /// Whether it ended well.
    pub ok: bool,
    /// What it wrote to its standard output, without the final line break.
    pub stdout: String,
    /// What it wrote to its standard error, without the final line break.
    pub stderr: String,
}

/// Runs `program` with `arguments`, with `home` for its home.
pub(super) fn run(program: &Path, arguments: &[&str], home: &Path) -> Result<ClientOutcome, ScratchError> {
    let mut command = Command::new(program);
    clean_environment(&mut command, home);
    let output = command
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|source| ScratchError::Run { program: program.to_owned(), source })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches('\n').to_owned();
    Ok(ClientOutcome {
        ok: output.status.success(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    })
}

/// Joins keywords to a connection string; of two with one name the later one wins.
///
/// Source: PostgreSQL documentation, libpq-connect, "Keyword/Value Connection Strings".
pub(super) fn connection_string(keywords: &[(&str, &str)]) -> String {
    let last = |index: usize, name: &str| keywords[index + 1..].iter().all(|(later, _)| *later != name);
    let pairs: Vec<String> = keywords
        .iter()
        .enumerate()
        .filter(|(index, (name, _))| last(*index, name))
        .map(|(_, (name, value))| format!("{name}='{}'", value.replace('\\', "\\\\").replace('\'', "\\'")))
        .collect();
    pairs.join(" ")
}

#[cfg(test)]
mod tests {
    use super::connection_string;

    #[test]
    fn a_later_keyword_replaces_an_earlier_one_and_quotes_are_escaped() {
        let text = connection_string(&[("host", "localhost"), ("user", r"o'ne\"), ("host", "db.test")]);
        assert_eq!(text, r"user='o\'ne\\' host='db.test'");
    }
}
