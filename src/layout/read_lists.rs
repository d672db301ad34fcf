//! Text -> revocation lists, and what keeps it from being read to its end.

use crate::pem::{self, BlockKind, OddityKind};
use crate::x509::RevocationList;
use std::mem;

/// What a file of lists holds.
pub(super) struct ReadLists {
    /// Those that can be read.
    pub(super) lists: Vec<RevocationList>,
    /// What is in it beside them, and where; `None` where it is whole.
    pub(super) problem: Option<String>,
}

/// The lists of a file that need hold none, as PEM or DER.
pub(super) fn lists(text: &[u8]) -> Vec<RevocationList> {
    read_lists(text).lists
}

/// The lists of a file that is to hold nothing else, as PEM or DER. An empty one is whole.
pub(super) fn read_lists(text: &[u8]) -> ReadLists {
    if pem::looks_like_der(text) {
        return match RevocationList::from_der(text) {
            Ok(list) => ReadLists { lists: vec![list], problem: None },
            Err(error) => ReadLists { lists: Vec::new(), problem: Some(error.to_string()) },
        };
    }
    let mut scan = pem::scan(text);
    let damaged = scan.oddities.iter().find(|oddity| hides_a_block(&oddity.kind));
    let mut problem = damaged.map(|oddity| format!("line {} is damaged", oddity.line));
    let mut lists = Vec::new();
    for block in scan.blocks.iter_mut().filter(|block| block.kind == BlockKind::RevocationList) {
        match RevocationList::from_owned_der(mem::take(&mut block.der)) {
            Ok(list) => lists.push(list),
            Err(error) => problem = problem.or_else(|| Some(format!("line {}: {error}", block.line))),
        }
    }
    let is_empty = text.iter().all(u8::is_ascii_whitespace);
    if lists.is_empty() && !is_empty {
        problem = problem.or_else(|| Some("no revocation list is in it".to_owned()));
    }
    ReadLists { lists, problem }
}

/// Whether there may be a list where nothing could be read.
fn hides_a_block(kind: &OddityKind) -> bool {
    let is_harmless = matches!(
        kind,
        OddityKind::ByteOrderMark | OddityKind::CarriageReturns | OddityKind::TextOutside { .. }
    );
    !is_harmless
}
