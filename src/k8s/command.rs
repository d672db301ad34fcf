//! Commands for a shell, as words: whoever prints them quotes and folds them.

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellCommand {
    /// What it is for, where that has to be said.
    pub comment: Option<String>,
    /// What stands in its first line.
    pub head: Vec<String>,
    /// What stands in a line each.
    pub flags: Vec<String>,
    /// What it reads from standard input.
    pub input: Option<String>,
}

impl ShellCommand {
    pub(super) fn new<'w>(head: impl IntoIterator<Item = &'w str>, flags: Vec<String>) -> Self {
        let head = head.into_iter().map(str::to_owned).collect();
        Self { comment: None, head, flags, input: None }
    }

    pub(super) fn under(self, comment: &str) -> Self {
        Self { comment: Some(comment.to_owned()), ..self }
    }

    pub(super) fn with_input(self, input: String) -> Self {
        Self { input: Some(input), ..self }
    }
}
