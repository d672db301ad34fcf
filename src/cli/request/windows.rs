//! The flags that say how long something lives.

use super::CliError;
use crate::cli::args::SpanArgs;
use crate::profile::Ending;
use crate::x509::{Lifetime, parse_instant};

/// How the windows of end-entities are to end; `None`: nothing was said.
pub(super) fn ending(spans: &SpanArgs) -> Result<Option<Ending>, CliError> {
    if let Some(text) = &spans.not_after {
        let instant = parse_instant(text);
        let instant = instant.map_err(|source| CliError::Value { flag: "--not-after", source })?;
        return Ok(Some(Ending::At(instant)));
    }
    Ok(span(spans.lifetime.as_deref(), spans.days.as_deref())?.map(Ending::After))
}

/// `--lifetime` or `--days`, of which there is one at most.
pub(super) fn span(lifetime: Option<&str>, days: Option<&str>) -> Result<Option<Lifetime>, CliError> {
    let (flag, text) = match (lifetime, days) {
        (Some(text), _) => ("--lifetime", text.to_owned()),
        (None, Some(days)) => ("--days", whole_days(days)?),
        (None, None) => return Ok(None),
    };
    text.parse().map(Some).map_err(|source| CliError::Value { flag, source })
}

/// `90` -> `90d`; an error shows what was typed.
fn whole_days(text: &str) -> Result<String, CliError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || text.bytes().all(|byte| byte == b'0') {
        let fact = format!("--days: \"{text}\" is not a whole number of days above zero");
        return Err(CliError::Flags { fact, hint: "Write it like --days 90." });
    }
    Ok(format!("{text}d"))
}
