//! The paths that a file names: `use` trees taken apart, inline paths, local names replaced by what they stand for.

use std::collections::HashMap;

use crate::source::{Source, Token};

/// One path in full, such as `["crate", "fs", "set", "FileSet"]`, and the line that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedPath {
    pub(crate) steps: Vec<String>,
    pub(crate) line: usize,
    /// It stands in a `use` or after a leading `::`, so no local name takes the place of its first step.
    pub(crate) literal: bool,
}

impl NamedPath {
    /// As it would be written in source.
    pub(crate) fn text(&self) -> String {
        self.steps.join("::")
    }

    pub(crate) fn starts_with(&self, steps: &[&str]) -> bool {
        self.steps.len() >= steps.len() && self.steps.iter().zip(steps).all(|(a, b)| a == b)
    }

    /// The step after `crate`, where the path starts there.
    pub(crate) fn crate_module(&self) -> Option<&str> {
        let starts_here = self.steps.first().is_some_and(|step| step == "crate");
        starts_here.then(|| self.steps.get(1).map_or("", String::as_str))
    }
}

/// Every path that the file names outside its tests, each from `crate` or from the name of an external crate.
pub(crate) fn named_paths(source: &Source) -> Vec<NamedPath> {
    let tokens = source.tokens();
    let mut walk = Walk::new(source, &tokens);
    walk.run();
    walk.found.iter().map(|path| in_full(path, &walk.names)).collect()
}

/// What a local name stands for, applied to the first step.
fn in_full(path: &NamedPath, names: &HashMap<String, Vec<String>>) -> NamedPath {
    let mut path = path.clone();
    if path.literal {
        return path;
    }
    if let Some(meaning) = path.steps.first().and_then(|first| names.get(first)) {
        path.steps = meaning.iter().chain(&path.steps[1..]).cloned().collect();
    }
    path
}

struct Walk<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    /// Module of the file, then of each inline `mod` around the present token with the depth of its brace.
    module: Vec<String>,
    inline: Vec<usize>,
    depth: usize,
    found: Vec<NamedPath>,
    names: HashMap<String, Vec<String>>,
}

impl<'a> Walk<'a> {
    fn new(source: &Source, tokens: &'a [Token<'a>]) -> Self {
        Self {
            tokens,
            at: 0,
            module: source.module().into_iter().map(str::to_owned).collect(),
            inline: Vec::new(),
            depth: 0,
            found: Vec::new(),
            names: HashMap::new(),
        }
    }

    fn text(&self, ahead: usize) -> &'a str {
        self.tokens.get(self.at + ahead).map_or("", |token| token.text)
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at).map_or(0, |token| token.line)
    }

    fn run(&mut self) {
        while self.at < self.tokens.len() {
            match self.text(0) {
                // `impl Trait + use<'a>`: what it captures.
                "use" if self.text(1) == "<" => self.at += 1,
                "use" => {
                    self.at += 1;
                    self.use_tree(&mut Vec::new());
                }
                "mod" => self.module_item(),
                "{" => self.open(),
                "}" => self.close(),
                word if is_name(word) => self.inline_path(),
                "::" if is_name(self.text(1)) => self.inline_path(),
                _ => self.at += 1,
            }
        }
    }

    fn open(&mut self) {
        self.depth += 1;
        self.at += 1;
    }

    fn close(&mut self) {
        if self.inline.last() == Some(&self.depth) {
            self.inline.pop();
            self.module.pop();
        }
        self.depth = self.depth.saturating_sub(1);
        self.at += 1;
    }

    /// `mod name;` makes a local name; `mod name {` also a new place to count `super` from.
    fn module_item(&mut self) {
        let name = self.text(1).to_owned();
        let mut path = self.here();
        path.push(name.clone());
        self.names.insert(name.clone(), path);
        if self.text(2) == "{" {
            self.depth += 1;
            self.module.push(name);
            self.inline.push(self.depth);
        }
        self.at += 3;
    }

    fn here(&self) -> Vec<String> {
        let root = std::iter::once("crate".to_owned());
        root.chain(self.module.iter().cloned()).collect()
    }

    /// One tree of a `use`, `prefix` being the steps in front of it; ends behind the tree.
    fn use_tree(&mut self, prefix: &mut Vec<String>) {
        let before = prefix.len();
        loop {
            match self.text(0) {
                "{" => {
                    self.use_group(prefix);
                    break;
                }
                "::" => self.at += 1,
                "as" => {
                    let alias = self.text(1).to_owned();
                    self.names.insert(alias, self.absolute(prefix));
                    self.at += 2;
                }
                "," | "}" | ";" | "" => {
                    self.record_use(prefix, before);
                    break;
                }
                step => {
                    prefix.push(step.to_owned());
                    self.at += 1;
                }
            }
        }
        prefix.truncate(before);
    }

    fn use_group(&mut self, prefix: &mut Vec<String>) {
        self.at += 1;
        while !matches!(self.text(0), "}" | "") {
            self.use_tree(prefix);
            self.at += usize::from(self.text(0) == ",");
        }
        self.at += 1;
    }

    fn record_use(&mut self, prefix: &[String], before: usize) {
        if prefix.len() == before {
            return;
        }
        let mut steps = prefix.to_vec();
        if steps.len() > 1 && steps.last().is_some_and(|step| step == "self") {
            steps.pop();
        }
        let steps = self.absolute(&steps);
        if let Some(name) = steps.last().filter(|name| *name != "*") {
            self.names.entry(name.clone()).or_insert_with(|| steps.clone());
        }
        let line = self.tokens[self.at.min(self.tokens.len()) - 1].line;
        self.found.push(NamedPath { steps, line, literal: true });
    }

    /// A path in code or in an attribute; `a.b` and `a` alone count too, for a local name may stand for a path.
    fn inline_path(&mut self) {
        let line = self.line();
        let follows_dot = self.at > 0 && self.tokens[self.at - 1].text == ".";
        let mut steps = Vec::new();
        let literal = self.text(0) == "::";
        self.at += usize::from(literal);
        loop {
            steps.push(self.text(0).to_owned());
            self.at += 1;
            if self.text(0) != "::" || !is_name(self.text(1)) {
                break;
            }
            self.at += 1;
        }
        if !follows_dot && steps.len() > 1 {
            let steps = self.absolute(&steps);
            self.found.push(NamedPath { steps, line, literal });
        }
    }

    /// `self` and `super` replaced by the module they stand for, counted from `crate`.
    fn absolute(&self, steps: &[String]) -> Vec<String> {
        let supers = steps.iter().take_while(|step| *step == "super").count();
        let own = usize::from(steps.first().is_some_and(|step| step == "self"));
        if supers + own == 0 {
            return steps.to_vec();
        }
        let here = self.here();
        let kept = here.len().saturating_sub(supers).max(1);
        here[..kept].iter().chain(&steps[supers + own..]).cloned().collect()
    }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
}
