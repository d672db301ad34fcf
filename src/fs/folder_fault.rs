//! What is wrong with a folder that is to hold what was revoked.

/// What keeps a folder from holding what was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FolderFault {
    /// It is a link, which nobody follows.
    Link,
    /// It is a file, or something else that is no folder.
    NoFolder,
    /// It is another user's, who could read the keys in it.
    Foreign,
    /// Others may write to it.
    Open,
    /// Something is mounted there.
    Mounted,
    /// It may not be changed, or may only grow.
    Fixed,
}

impl FolderFault {
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Link => "it is a symbolic link",
            Self::NoFolder => "it is no folder",
            Self::Foreign => "it belongs to another user",
            Self::Open => "others may write to it",
            Self::Mounted => "something is mounted there",
            Self::Fixed => "it has the attribute of what may not be changed (lsattr)",
        }
    }
}
