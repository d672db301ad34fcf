//! Who signed whom: one model for a plan and for what lies on disk, so that both print alike.

use crate::keys::PublicKey;
use crate::pg::{certificate_file, key_file};
use crate::plan::{IssuerRef, Plan};
use crate::state::State;
use crate::x509::{Certificate, GeneralName, Name, Usage, Window, serialize_instant};
use serde::Serialize;
use time::OffsetDateTime;

/// Certificates under their issuers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tree {
    /// Those without an issuer here.
    pub roots: Vec<TreeNode>,
}

/// One certificate and what it issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TreeNode {
    /// The file that it is the first of.
    pub file: String,
    /// Whom it names.
    pub subject: Name,
    /// What it is for.
    pub usage: Usage,
    /// The names beside the common name.
    pub other_names: Vec<GeneralName>,
    /// Its key: the word of a profile where it is one that we make, else as people say it.
    pub key_type: String,
    /// Its first valid second.
    #[serde(serialize_with = "serialize_instant")]
    pub not_before: OffsetDateTime,
    /// Its last.
    #[serde(serialize_with = "serialize_instant")]
    pub not_after: OffsetDateTime,
    /// What it issued.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub issued: Vec<TreeNode>,
}

/// A node and the place of its issuer in the same list.
struct Item {
    node: TreeNode,
    issuer: Option<usize>,
}

impl Tree {
    /// The tree of a plan.
    #[must_use]
    pub fn of_plan(plan: &Plan) -> Self {
        let place = |stem: &str| plan.certificates.iter().position(|spec| spec.stem == stem);
        let items = plan.certificates.iter().map(|spec| Item {
            node: TreeNode {
                file: certificate_file(&spec.stem),
                subject: spec.subject.clone(),
                usage: spec.usage,
                other_names: other_names(&spec.subject, &spec.extensions.subject_alt_names),
                key_type: spec.key_type.id().to_owned(),
                not_before: spec.window.not_before,
                not_after: spec.window.not_after,
                issued: Vec::new(),
            },
            issuer: match &spec.issuer {
                IssuerRef::Itself => None,
                IssuerRef::Certificate(stem) => place(stem),
            },
        });
        Self::build(items.collect())
    }

    /// The tree of what a directory holds: each certificate once, under the file that is most its own.
    #[must_use]
    pub fn of_state(state: &State) -> Self {
        let mut found: Vec<(String, &Certificate)> = Vec::new();
        for certificate in state.certificates.values().flatten() {
            if !found.iter().any(|(_, other)| other.der == certificate.der) {
                found.push((home(state, certificate), certificate));
            }
        }
        let order = |usage: Usage| match usage {
            Usage::RootCa | Usage::IntermediateCa => 0,
            Usage::Server => 1,
            Usage::Node => 2,
            Usage::Client => 3,
            Usage::Bare => 4,
        };
        found.sort_by_key(|(file, certificate)| (order(certificate.usage()), file.clone()));
        // Of a root and a cross certificate with one name and key, the root is the issuer: it needs none itself.
        let issuer = |child: &Certificate| {
            let fits = |at: &usize| found[*at].1.der != child.der && found[*at].1.may_have_issued(child);
            let best = (0..found.len()).filter(fits).min_by_key(|at| !found[*at].1.is_own_issuer());
            best.filter(|_| !child.is_own_issuer())
        };
        let items = found.iter().map(|(file, certificate)| Item {
            node: node(file.clone(), certificate),
            issuer: issuer(certificate),
        });
        let mut items: Vec<Item> = items.collect();
        open_circles(&mut items);
        Self::build(items)
    }

    fn build(items: Vec<Item>) -> Self {
        let roots: Vec<usize> = (0..items.len()).filter(|at| items[*at].issuer.is_none()).collect();
        Self { roots: roots.into_iter().map(|at| subtree(&items, at)).collect() }
    }

    /// Every node, a parent before what it issued.
    #[must_use]
    pub fn nodes(&self) -> Vec<&TreeNode> {
        fn walk<'t>(node: &'t TreeNode, out: &mut Vec<&'t TreeNode>) {
            out.push(node);
            node.issued.iter().for_each(|child| walk(child, out));
        }
        let mut out = Vec::new();
        self.roots.iter().for_each(|root| walk(root, &mut out));
        out
    }
}

/// Authorities that signed each other lead to no root: the first of each circle becomes one.
fn open_circles(items: &mut [Item]) {
    // From which item each was first met on the way up.
    let mut met: Vec<Option<usize>> = vec![None; items.len()];
    for start in 0..items.len() {
        let mut at = start;
        while met[at].is_none() {
            met[at] = Some(start);
            match items[at].issuer {
                Some(issuer) if met[issuer] == Some(start) => items[issuer].issuer = None,
                Some(issuer) => at = issuer,
                None => {}
            }
        }
    }
}

fn subtree(items: &[Item], at: usize) -> TreeNode {
    let children = (0..items.len()).filter(|child| items[*child].issuer == Some(at));
    TreeNode { issued: children.map(|child| subtree(items, child)).collect(), ..items[at].node.clone() }
}

fn node(file: String, certificate: &Certificate) -> TreeNode {
    let Window { not_before, not_after } = certificate.window;
    TreeNode {
        file,
        subject: certificate.subject.clone(),
        usage: certificate.usage(),
        other_names: other_names(&certificate.subject, &certificate.subject_alt_names),
        key_type: key_type(&PublicKey::from_spki_der(&certificate.public_key)),
        not_before,
        not_after,
        issued: Vec::new(),
    }
}

fn key_type(key: &PublicKey) -> String {
    key.key_type().map_or_else(|| key.to_string(), |kind| kind.id().to_owned())
}

/// The SANs that the common name does not say already.
fn other_names(subject: &Name, names: &[GeneralName]) -> Vec<GeneralName> {
    let common = subject.common_names();
    names.iter().filter(|name| !common.contains(&name.value())).cloned().collect()
}

/// The file that is most a certificate's own: it stands first in it, its key lies beside, and few others follow. A
/// bundle such as chain.crt begins with a certificate that has a file of its own.
fn home(state: &State, certificate: &Certificate) -> String {
    let holding =
        state.certificates.iter().filter(|(_, list)| list.iter().any(|other| other.der == certificate.der));
    let best = holding.min_by_key(|(name, list)| {
        let first = list.first().is_some_and(|first| first.der == certificate.der);
        let key = key_file(name.trim_end_matches(".crt"));
        let key = [Some(&state.occupied), state.ca_occupied.as_ref()]
            .into_iter()
            .flatten()
            .any(|names| names.contains(&key));
        (!first, !key, list.len(), (*name).clone())
    });
    best.map(|(name, _)| name.clone()).unwrap_or_default()
}
