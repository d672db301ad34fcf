//! `inspect --json`; the names of the fields are an interface, told in docs/inspect.md.

use crate::ops::{Inspection, Shown};
use crate::show::{Ending, FileFacts, IssuedBy, KeyEntry, ListEntry, Node, PublicKeyEntry, RequestEntry};
use serde::Serialize;

/// All of it.
#[derive(Serialize)]
pub(in crate::cli) struct InspectionJson<'a> {
    #[serde(flatten)]
    shown: ShownJson<'a>,
    problems: Vec<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ShownJson<'a> {
    Tree {
        directory: &'a str,
        roots: Vec<Node<'a>>,
        revocation_lists: &'a [ListEntry],
        requests: &'a [RequestEntry],
        keys: &'a [KeyEntry],
        public_keys: &'a [PublicKeyEntry],
    },
    Files {
        files: &'a [FileFacts],
    },
    Endings {
        by_expiry: &'a [Ending],
    },
    Issued {
        issued_by: &'a [IssuedBy],
    },
    Pem {
        pem: &'a str,
    },
}

impl<'a> InspectionJson<'a> {
    pub(in crate::cli) fn of(inspection: &'a Inspection) -> Self {
        let shown = match &inspection.shown {
            Shown::Tree(holdings) => ShownJson::Tree {
                directory: &inspection.place,
                roots: holdings.nodes(),
                revocation_lists: &holdings.lists,
                requests: &holdings.requests,
                keys: &holdings.keys,
                public_keys: &holdings.public_keys,
            },
            Shown::Files(files) => ShownJson::Files { files },
            Shown::Endings(endings) => ShownJson::Endings { by_expiry: endings },
            Shown::Issued(lists) => ShownJson::Issued { issued_by: lists },
            Shown::Pem(pem) => ShownJson::Pem { pem },
        };
        let problems = inspection.problems.iter().map(ToString::to_string);
        let problems = problems.chain(inspection.unreadable.iter().map(ToString::to_string)).collect();
        Self { shown, problems }
    }
}
