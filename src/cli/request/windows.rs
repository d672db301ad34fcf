//! The flags that say how long something lives.

use super::CliError;
use crate::cli::args::SpanArgs;
use crate::profile::Ending;
use crate::x509::parse_instant;

/// How the windows of end-entities are to end; `None`: nothing was said.
pub(super) fn ending(spans: &SpanArgs) -> Result<Option<Ending>, CliError> {
    let (flag, text) = match (&spans.lifetime, &spans.days, &spans.not_after) {
        (Some(text), _, _) => ("--lifetime", text.clone()),
        (_, Some(days), _) => ("--days", whole_days(days)?),
        (_, _, Some(text)) => {
            let instant = parse_instant(text);
            let instant = instant.map_err(|source| CliError::Value { flag: "--not-after", source })?;
            return Ok(Some(Ending::At(instant)));
        }
        _ => return Ok(None),
    };
    let lifetime = text.parse().map_err(|source| CliError::Value { flag, source })?;
    Ok(Some(Ending::After(lifetime)))
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
