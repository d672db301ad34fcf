//! TOML tables read key by key: what is asked for is typed, what was never asked for is an unknown key.

use super::error::{Position, ProfileError, ProfileProblem, nearest};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The text with its name, and the settings that stand for `{key}` in its strings.
pub(super) struct Source<'a> {
    pub(super) origin: &'a str,
    pub(super) text: &'a str,
    pub(super) settings: BTreeMap<String, String>,
}

impl Source<'_> {
    pub(super) fn error(&self, span: Range<usize>, problem: impl Into<ProfileProblem>) -> ProfileError {
        ProfileError {
            origin: self.origin.to_owned(),
            position: Some(Position::of(self.text, span.start)),
            problem: problem.into(),
        }
    }

    /// The refusal of a value of another type than `expected`, which has an article.
    pub(super) fn mistyped(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        expected: &'static str,
    ) -> ProfileError {
        let kind = value.get_ref().type_str();
        let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        let found = format!("{article} {kind}");
        self.error(value.span(), ProfileProblem::Type { key: key.to_owned(), expected, found })
    }

    /// Puts the settings in: `root.{domain}` -> `root.example.com`.
    fn substitute(&self, text: &str, span: &Range<usize>) -> Result<String, ProfileError> {
        let (mut out, mut rest) = (String::with_capacity(text.len()), text);
        while let Some((before, after)) = rest.split_once('{') {
            let Some((key, tail)) = after.split_once('}') else { break };
            let value = self.settings.get(key).ok_or_else(|| {
                let known = self.settings.keys().cloned().collect();
                self.error(
                    span.clone(),
                    ProfileProblem::Unknown { what: "setting", found: key.to_owned(), known },
                )
            })?;
            out.push_str(before);
            out.push_str(value);
            rest = tail;
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// A value and where it stands.
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

/// A table of which each key is taken at most once.
pub(super) struct Table<'s, 't> {
    source: &'s Source<'s>,
    table: &'t DeTable<'t>,
    pub(super) span: Range<usize>,
    /// `[[certificate]]`, for messages.
    name: &'static str,
    asked: Vec<&'static str>,
}

impl<'s, 't> Table<'s, 't> {
    pub(super) fn new(
        source: &'s Source<'s>,
        table: &'t DeTable<'t>,
        span: Range<usize>,
        name: &'static str,
    ) -> Self {
        Self { source, table, span, name, asked: Vec::new() }
    }

    pub(super) fn error(&self, span: &Range<usize>, problem: impl Into<ProfileProblem>) -> ProfileError {
        self.source.error(span.clone(), problem)
    }

    fn take(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.asked.push(key);
        self.table.get(key)
    }

    fn mistyped(&self, key: &str, value: &Spanned<DeValue<'_>>, expected: &'static str) -> ProfileError {
        self.source.mistyped(key, value, expected)
    }

    fn text(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<At<String>, ProfileError> {
        let text = value.get_ref().as_str().ok_or_else(|| self.mistyped(key, value, "a string"))?;
        Ok(At { value: self.source.substitute(text, &value.span())?, span: value.span() })
    }

    pub(super) fn string(&mut self, key: &'static str) -> Result<Option<At<String>>, ProfileError> {
        self.take(key).map(|value| self.text(key, value)).transpose()
    }

    pub(super) fn required(&mut self, key: &'static str) -> Result<At<String>, ProfileError> {
        self.string(key)?.ok_or_else(|| self.absent(key))
    }

    /// The refusal of a table without a key that it must have. Which other keys are known is not known yet, but one that
    /// is nearly the missing one is most likely meant to be it.
    fn absent(&self, key: &'static str) -> ProfileError {
        let wanted = [key.to_owned()];
        let others = self.table.keys().filter(|other| !self.asked.contains(&other.get_ref().as_ref()));
        let mut near = others.filter(|other| nearest(other.get_ref(), &wanted).is_some());
        match near.next() {
            Some(other) => {
                let found = other.get_ref().clone().into_owned();
                self.error(&other.span(), ProfileProblem::Misspelt { found, meant: key })
            }
            None => self.error(&self.span.clone(), ProfileProblem::Missing { key, table: self.name }),
        }
    }

    /// A list of strings; absent is empty.
    pub(super) fn strings(&mut self, key: &'static str) -> Result<Vec<At<String>>, ProfileError> {
        let Some(value) = self.take(key) else { return Ok(Vec::new()) };
        let list =
            value.get_ref().as_array().ok_or_else(|| self.mistyped(key, value, "a list of strings"))?;
        list.iter().map(|item| self.text(key, item)).collect()
    }

    /// A list of strings, each parsed.
    pub(super) fn parsed<T, E: Into<ProfileProblem>>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Vec<T>, ProfileError> {
        let list = self.strings(key)?;
        list.iter().map(|item| parse(&item.value).map_err(|error| self.error(&item.span, error))).collect()
    }

    /// A string, or a number or date as its text.
    pub(super) fn scalar(
        &mut self,
        key: &'static str,
        expected: &'static str,
    ) -> Result<Option<At<String>>, ProfileError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let text: Cow<'_, str> = match value.get_ref() {
            DeValue::String(text) => self.source.substitute(text, &value.span())?.into(),
            DeValue::Integer(number) if number.radix() == 16 => format!("0x{}", number.as_str()).into(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().into(),
            DeValue::Datetime(instant) => instant.to_string().into(),
            _ => return Err(self.mistyped(key, value, expected)),
        };
        Ok(Some(At { value: text.into_owned(), span: value.span() }))
    }

    /// The tables of an array of tables; absent is empty.
    pub(super) fn tables(
        &mut self,
        key: &'static str,
        name: &'static str,
    ) -> Result<Vec<Table<'s, 't>>, ProfileError> {
        let Some(value) = self.take(key) else { return Ok(Vec::new()) };
        let list =
            value.get_ref().as_array().ok_or_else(|| self.mistyped(key, value, "an array of tables"))?;
        let table = |item: &'t Spanned<DeValue<'t>>| {
            let inner = item.get_ref().as_table().ok_or_else(|| self.mistyped(key, item, "a table"))?;
            Ok(Table::new(self.source, inner, item.span(), name))
        };
        list.iter().map(table).collect()
    }

    /// Names a key that was read elsewhere.
    pub(super) fn known(&mut self, key: &'static str) {
        self.asked.push(key);
    }

    /// Refuses the first key that nobody asked for.
    pub(super) fn finish(&self) -> Result<(), ProfileError> {
        let unknown = self.table.iter().filter(|(key, _)| !self.asked.contains(&key.get_ref().as_ref()));
        let Some((key, _)) = unknown.min_by_key(|(key, _)| key.span().start) else { return Ok(()) };
        let known = self.asked.iter().map(|key| (*key).to_owned()).collect();
        let found = key.get_ref().clone().into_owned();
        Err(self.error(&key.span(), ProfileProblem::Unknown { what: "key", found, known }))
    }
}
