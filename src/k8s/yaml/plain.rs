//! Which strings may stand as they are. The rules are those of the library that kubectl writes YAML with (go-yaml 2,
//! `resolve` and `yaml_emitter_analyze_scalar`), found by what kubectl 1.32 prints.

/// What a reader of YAML 1.1 or 1.2 takes for a boolean, nothing, or no number.
const WORDS: [&str; 40] = [
    "", "~", "null", "Null", "NULL", "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON",
    "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF", ".nan", ".NaN", ".NAN",
    ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", "<<",
];

/// Whether a plain scalar would be read as another type than a string.
pub(super) fn is_of_another_type(text: &str) -> bool {
    let without = text.replace('_', "");
    WORDS.contains(&text)
        || (text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
            && (is_integer(&without) || is_float(&without) || is_date(text) || is_sexagesimal(text)))
}

/// Decimal, or with the prefixes of Go.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let of = |digits: &str, base| {
        digits.starts_with(|c: char| c.is_digit(base)) && u64::from_str_radix(digits, base).is_ok()
    };
    let prefixed = |prefixes: [&str; 2], base| {
        prefixes.iter().find_map(|prefix| digits.strip_prefix(prefix)).is_some_and(|digits| of(digits, base))
    };
    of(digits, 10) || prefixed(["0x", "0X"], 16) || prefixed(["0o", "0O"], 8) || prefixed(["0b", "0B"], 2)
}

/// `12`, `1.5`, `.5`, `1e3`: however large, but for what is out of the range of a float.
fn is_float(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (digits, None),
    };
    let all = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_mantissa = match mantissa.split_once('.') {
        Some(("", behind)) => !behind.is_empty() && all(behind),
        Some((before, behind)) => all(before) && all(behind),
        None => !mantissa.is_empty() && all(mantissa),
    };
    let is_exponent = |text: &str| {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        !digits.is_empty() && all(digits)
    };
    is_mantissa && exponent.is_none_or(is_exponent) && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// A date, or a date and a time.
fn is_date(text: &str) -> bool {
    let (date, time) = match text.split_once(['t', 'T', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let parts: Vec<&str> = date.split('-').collect();
    let number = |text: &str, lengths: &[usize]| {
        let is_number = lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u16>().ok()).flatten()
    };
    let [year, month, day] = parts[..] else { return false };
    let (Some(year), Some(month), Some(day)) =
        (number(year, &[4]), number(month, &[1, 2]), number(day, &[1, 2]))
    else {
        return false;
    };
    let month = u8::try_from(month).ok().and_then(|month| time::Month::try_from(month).ok());
    let is_day = |month| time::Date::from_calendar_date(year.into(), month, day as u8).is_ok();
    month.is_some_and(is_day) && time.is_none_or(|time| time.contains(':'))
}

/// A number to the base of 60, as YAML 1.1 has times.
fn is_sexagesimal(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut parts = digits.split(':');
    let first = parts.next().unwrap_or_default();
    let is_first = first.starts_with(|c: char| c.is_ascii_digit())
        && first.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let rest: Vec<&str> = parts.collect();
    let is_part = |(at, part): (usize, &&str)| {
        let whole = match part.split_once('.') {
            Some((whole, behind)) if at + 1 == rest.len() => {
                behind.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_').then_some(whole)
            }
            Some(_) => None,
            None => Some(*part),
        };
        whole.is_some_and(|whole| {
            (1..=2).contains(&whole.len()) && whole.parse::<u8>().is_ok_and(|part| part < 60)
        })
    };
    is_first && !rest.is_empty() && rest.iter().enumerate().all(is_part)
}

/// Whether something in it would begin or end something in YAML.
pub(super) fn is_marked(text: &str) -> bool {
    let ends = |at: usize| text[at + 1..].chars().next().is_none_or(|next| next == ' ');
    let first = text.chars().next();
    let is_indicator = first.is_some_and(|c| "#,[]{}&*!|>'\"%@`".contains(c))
        || (first.is_some_and(|c| "-?:".contains(c)) && ends(0))
        || text.starts_with("---")
        || text.starts_with("...");
    let is_comment = text.contains(" #");
    let is_key = text.match_indices(':').any(|(at, _)| ends(at));
    is_indicator || is_comment || is_key || text.starts_with(' ') || text.ends_with(' ')
}

/// Whether a character cannot stand in a document as it is.
pub(super) fn needs_escape(c: char) -> bool {
    !matches!(c, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}
